#!/usr/bin/env bash
# Memory runs out: every allocation of every command fails, one at a time, and then all from it on (tests/memory/run.py).
exec "$(dirname "$0")/../memory/run.py" "${1:-$(dirname "$0")/../../build}"
