# What the suites of checks share. To be sourced with the folder of the build as $1 (`build` if it is not given). The rest of
# the suite runs in a folder of its own and finds the build's programs and tools in PATH. `finish` ends a suite.
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
export PATH=$build:$build/tools:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# check NAME STATUS WORDS COMMAND...: the command ends with the status and says the words (a fixed string; '': any). What
# it said is in `log`, and what the one before said in `before`.
check() {
    local status started=$SECONDS
    [ ! -e log ] || mv log before
    "${@:4}" >log 2>&1 </dev/null
    status=$?
    echo "$1: $((SECONDS - started)) s"
    if [ "$status" -eq "$2" ] && { [ -z "$3" ] || grep -qF -- "$3" log; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1: status $status, expected $2 and '$3': ${*:4}"
        tail -n 5 log | sed 's/^/    /'
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
