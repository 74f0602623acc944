#!/usr/bin/env bash
# Adder graphs of 1,000 random matrices instead of the 100 of the short tests: each proved equal to its matrix, none
# worse than canonical signed digits.
#
#   tests/long/optimise.sh [BUILD]
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if COFIBER_TEST_LONG=1 "$build/tests/test_optimise" >"$log" 2>&1; then
    echo "1 passed, 0 failed"
else
    cat "$log"
    echo "0 passed, 1 failed"
fi
