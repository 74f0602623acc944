#!/usr/bin/env bash
# The command line's tests: cases with golden outputs (*.list), and what a list cannot say (*.sh).
#
#   tests/cli/run.sh [BUILD]           prints what fails and, last, 'N passed, N failed'
#   tests/cli/run.sh BUILD --update    writes the golden outputs anew; read the diff before committing it
#
# A line of a list is  name | exit status | command.  Commands run in one folder, in order, so that a case can use what
# an earlier one wrote; fixtures/, hostile/, support/ and golden/ are there. golden/NAME.out and NAME.err hold what the
# command prints; where a file is absent, nothing may be printed. The lists and the scripts run side by side, in folders
# of their own; what they print comes in a fixed order.
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/cli
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
update=${2:-}
export PATH=$build:$PATH
export support=$root/tests/support # for cases that make their own files
passed=0 failed=0
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT

# stream NAME FUNCTION: runs the function in a folder of its own, in the background. $scratch holds its other files, its
# output and, in the end, its counts.
stream() {
    mkdir -p "$top/$1/work"
    (
        scratch=$top/$1
        cd "$scratch/work" || exit 1
        ln -s "$root/tests/fixtures" "$root/tests/hostile" "$root/tests/support" "$root/netlists/golden" .
        "$2"
        echo "$passed $failed" >"$scratch/counts"
    ) >"$top/$1/log" 2>&1 &
}

pass() {
    passed=$((passed + 1))
}

fail() { # name, reason; more lines on stdin
    failed=$((failed + 1))
    echo "FAILED $1: $2"
    sed 's/^/    /'
}

# check NAME REASON COMMAND...: the command must succeed.
check() {
    if "${@:3}"; then pass; else fail "$1" "$2" </dev/null; fi
}

# Runs a command with its output in $scratch/out and $scratch/err; sets $status.
run() {
    bash -o pipefail -c "$1" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
}

compare() { # golden file, found file
    if [ -n "$update" ]; then
        rm -f "$1"
        [ -s "$2" ] && cp "$2" "$1"
    fi
    local golden=$1
    [ -e "$golden" ] || golden=/dev/null
    diff -u "$golden" "$2"
}

run_case() { # name, wanted status, command
    run "$3"
    if [ "$status" -ne "$2" ]; then
        fail "$1" "exit status $status, not $2: $3" < <(head -n 5 "$scratch/out" "$scratch/err")
    elif ! { compare "$here/golden/$1.out" "$scratch/out" && compare "$here/golden/$1.err" "$scratch/err"; } \
        >"$scratch/diff"; then
        fail "$1" "$3" <"$scratch/diff"
    else
        pass
    fi
}

run_lists() {
    local list name wanted command names=" " golden
    [ -z "$update" ] || rm -f "$here"/golden/*
    for list in "$here"/*.list; do
        while IFS='|' read -r name wanted command; do
            read -r name <<<"$name"
            case $name in '' | '#'*) continue ;; esac
            case $names in *" $name "*) fail "$name" "two cases of this name" </dev/null ;; esac
            names+="$name "
            run_case "$name" "$((wanted))" "$command"
        done <"$list"
    done
    for golden in "$here"/golden/*; do
        name=${golden##*/}
        case $names in *" ${name%.*} "*) ;; *) fail "$name" "a golden output without a case" </dev/null ;; esac
    done
}

run_small() {
    source "$here/help.sh"
    source "$here/hostile.sh"
}

run_large() {
    source "$here/full_size.sh"
    source "$here/robust.sh"
    source "$here/scripts.sh"
}

streams=(lists small large)
for name in "${streams[@]}"; do stream "$name" "run_$name"; done
wait
for name in "${streams[@]}"; do
    cat "$top/$name/log"
    if read -r good bad <"$top/$name/counts"; then
        passed=$((passed + good)) failed=$((failed + bad))
    else
        failed=$((failed + 1))
        echo "FAILED $name: ended before its counts"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
