#!/usr/bin/env bash
# Memory runs out: a sample of allocations fails, one at a time, in every command (run.py says what must happen).
# tests/long/memory.sh tries all. In a sanitised build nothing is tried: its run-time library has an allocator of its own.
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
if nm -D "$build/cofiber" 2>/dev/null | grep -q '__asan_init\|__tsan_init'; then
    echo "0 passed, 0 failed"
    exit 0
fi
exec tests/memory/run.py "$build" --tries "${2:-16}"
