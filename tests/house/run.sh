#!/usr/bin/env bash
# The shape of the house: includes run one way and stop at a room's face (arrows put in on purpose must be named), every
# C file says what it is for (openings.py), and the scripts that the pages name can be run without arguments (scripts.sh).
set -uo pipefail
cd "$(dirname "$0")/../.."
log=$(mktemp) copy=$(mktemp -d)
trap 'rm -rf "$log" "$copy"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "FAIL: $1"
    cat "$log"
}

if tests/house/arrows.py . >"$log"; then ok; else bad "an arrow runs backwards"; fi

# file to break, header to include from it, what the complaint must say
while read -r file header words; do
    rm -rf "$copy/tree" && mkdir "$copy/tree"
    cp -r base netlists compiler sim rtl detect report train library cli include "$copy/tree"
    echo "#include \"$header\"" >>"$copy/tree/$file"
    if tests/house/arrows.py "$copy/tree" >"$log"; then
        bad "$file may include $header"
    elif grep -qF "$file: includes $header: $words" "$log"; then
        ok
    else
        bad "the arrow from $file to $header is not named"
    fi
done <<'END'
base/error.c netlists/netlist.h base/ does not read netlists/
netlists/cell.c compiler/compile.h netlists/ does not read compiler/
compiler/compile.c sim/word/plan.h compiler/ does not read sim/word/
sim/word/plan.c rtl/structural/structural.h sim/word/ does not read rtl/structural/
sim/batch.c sim/word/plan_internal.h sim/word/plan_internal.h is inside sim/word/
cli/bench.c sim/bits/program.h sim/bits/program.h is inside sim/bits/
detect/boxes.c report/audit.h detect/ does not read report/
detect/boxes.c library/pass_on.h detect/ does not read library/
cli/sim.c library/pass_on.h cli/ does not read library/
detect/boxes.c train/losses.h detect/ does not read train/
train/data.c cli/cli.h train/ does not read cli/
cli/audit.c report/bands.h report/bands.h is inside report/
rtl/tools/cosim.c sim/nowhere/x.h sim/nowhere/ is no room
END
# Every C file says what it is for; one that does not must be named.
if tests/house/openings.py . >"$log"; then ok; else bad "a file does not say what it is for"; fi
sed -i '1s/.*/#include <stdio.h>/' "$copy/tree/base/text.c"
if ! tests/house/openings.py "$copy/tree" >"$log" && grep -q '^base/text.c: ' "$log"; then ok; else bad "base/text.c without its comment is not named"; fi

source tests/house/scripts.sh
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
