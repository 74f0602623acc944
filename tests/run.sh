#!/usr/bin/env bash
# Runs the tests of one tier and closes with the line 'N passed, N failed'.
#
#   tests/run.sh [BUILD short]   unit tests (BUILD/tests/*), then every tests/*/run.sh
#   tests/run.sh BUILD unit      unit tests alone
#   tests/run.sh BUILD long      every tests/long/*.sh: full size, real frames (see tests/README.md)
#
# A suite is a program that prints what fails and ends with its own line 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH=/usr/bin:$PATH # the distribution's Python, which has NumPy, before any other
build=${1:-build} tier=${2:-short}
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Adds a suite's counts; a suite that ends without its closing line, or badly without a failure, counts as failed.
count() { # name, exit status
    local good=0 bad=0 line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    if [ -n "$line" ]; then
        read -r good _ bad _ <<<"${line//,/}"
        [ "$2" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    else
        bad=1
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    printf '%-40s %5d passed, %d failed  (%d s)\n' "$1" "$good" "$bad" $((SECONDS - started))
    [ "$bad" -eq 0 ] || cat "$log"
}

run_suite() { # name, command...
    started=$SECONDS
    "${@:2}" >"$log" 2>&1 </dev/null
    count "$1" $?
}

# cmocka's own closing lines, in the form of the other suites.
run_unit() {
    local status good bad
    started=$SECONDS
    "$1" >"$log" 2>&1 </dev/null
    status=$?
    good=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -n 1)
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | head -n 1)
    [ -z "$good$bad" ] || echo "${good:-0} passed, ${bad:-0} failed" >>"$log"
    count "${1##*/}" $status
}

if [ "$tier" != long ]; then
    for program in "$build"/tests/test_*; do
        case $program in *.d) ;; *) [ -x "$program" ] && run_unit "$program" ;; esac
    done
fi
case $tier in
short) suites=(tests/*/run.sh) ;;
long) suites=(tests/long/*.sh) ;;
*) suites=() ;;
esac
for suite in "${suites[@]}"; do
    [ -x "$suite" ] && run_suite "$suite" "$suite" "$build"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
