#!/usr/bin/env bash
# The EPFL benchmarks div, sqrt and hyp, deep AIGER files (4,372, 5,058 and 24,801 levels): imported, checked, evaluated by
# both engines and compared with division and roots in Python's integers, and exported byte for byte.
#
#   EPFL=FOLDER tests/long/epfl.sh [BUILD]     FOLDER holds div.aig, sqrt.aig and hyp.aig of github.com/lsils/benchmarks,
#                                              arithmetic/; without it, nothing is tested
source "$(dirname "$0")/../support/suite.sh"

if [ ! -e "${EPFL:-}/hyp.aig" ]; then
    echo "skipped: EPFL names no folder with div.aig, sqrt.aig and hyp.aig"
    echo "0 passed, 0 failed"
    exit 0
fi
oracle="/usr/bin/python3 $root/tests/oracle/epfl.py"
for name in div sqrt hyp; do
    file=$EPFL/$name.aig
    check "$name: import" 0 "gates in" cofiber import "$file" --from aiger -o $name
    check "$name: check" 0 "valid" cofiber check $name
    check "$name: patterns" 0 "" $oracle patterns "$(head -n 1 "$file" | cut -d ' ' -f 3)" 64 $name.npy
    for engine in bits word; do
        check "$name: $engine" 0 "gates fire" cofiber sim $name $name.npy --engine $engine -o $name.$engine.npy
    done
    check "$name: the engines agree" 0 "" cmp $name.bits.npy $name.word.npy
    check "$name: right" 0 "patterns are right" $oracle compare $name $name.npy $name.bits.npy
    check "$name: export" 0 "" cofiber export $name --to aiger -o $name.aig
    check "$name: the same file" 0 "" cmp "$file" $name.aig
done
# A wrong gate is noticed.
check "as ASCII" 0 "" cofiber export sqrt --to aiger-ascii -o sqrt.aag
awk '/^aag/ {o = 1 + $3 + $4 + 1} NR == o {$1 += $1 % 2 ? -1 : 1} {print}' sqrt.aag >wrong.aag
check "import a wrong one" 0 "" cofiber import wrong.aag --from aiger -o wrong
check "evaluate it" 0 "" cofiber sim wrong sqrt.npy -o wrong.npy
check "it is noticed" 1 "0 of 64 patterns are right" $oracle compare sqrt sqrt.npy wrong.npy
finish
