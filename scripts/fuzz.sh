#!/usr/bin/env bash
# Runs every fuzz target in turn, each from the committed hostile and golden files, and stops at the first finding.
#
#   scripts/fuzz.sh [DIR SECONDS]     (default: build/fuzz 600; DIR holds the built targets; corpora grow in DIR/corpus)
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-build/fuzz} seconds=${2:-600}
for target in "$dir"/fuzz_*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    name=${target##*/fuzz_}
    mkdir -p "$dir/corpus/$name"
    echo "== $name: $seconds s"
    log=$dir/corpus/$name.log
    status=0
    "$target" "$dir/corpus/$name" tests/hostile tests/fixtures tests/fixtures/heads netlists/golden -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1 || status=$?
    grep -E '^stat::|ERROR|SUMMARY|Test unit' "$log" || true
    [ "$status" -eq 0 ] || { echo "fuzz.sh: $name: a finding; see $log" >&2; exit 1; }
done
