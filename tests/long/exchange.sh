#!/usr/bin/env bash
# SciPy at full size: the exported matrix times the nets of a real frame is every gate's value and every classifier's
# sum, nearest and bilinear; and one changed weight of 130 million is noticed, and its gate named.
#
#   tests/long/exchange.sh [BUILD]     half a minute, 2 GB of memory and 1 GB of disk
source "$(dirname "$0")/../support/suite.sh"

exchange() { /usr/bin/python3 "$root/tests/exchange/$1.py" "${@:2}"; }
groups="s0.pool s1.pool s2.pool s0.subtract s1.subtract s2.subtract s0.classify s1.classify s2.classify"
# shellcheck disable=SC2086
sparse() { exchange sparse "$1" trace --sums sums $groups; }
frame=$(echo "$root"/examples/*.npy)

# One weight of one gate changed, in a matrix of its group alone: the term's operand is not 0 in this frame.
changed() { # gate, term, by how much
    rm -f mutant part
    check "$1: mutate" 0 "" mutate net -o mutant weight "$1" "$2" "$3"
    check "$1: matrix" 0 "" cofiber export mutant --to csr --group "${1%%\[*}" -o part
    check "$1: noticed and named" 1 "compared: 1 gates differ $1" sparse part
}

for upsample in nearest bilinear; do
    check "$upsample: compile" 0 "2,184,000 gates" cofiber compile "$root/examples/head_nearest_fp32.safetensors" \
        -o net --upsample $upsample --calibrate "$frame" --score-threshold 0.02
    check "$upsample: matrix" 0 "" cofiber export net --to csr -o matrix
    check "$upsample: trace" 0 "" cofiber sim net "$frame" --trace trace
    check "$upsample: linear" 0 "" exchange linear net linear
    check "$upsample: sums" 0 "" cofiber sim linear "$frame" --trace sums
    check "$upsample: SciPy" 0 "2184000 values and 168000 sums of steps compared: 0 gates differ" sparse matrix
    rm -f matrix
    changed 's0.pool[7,3,20]' 1 -2
    changed 's1.subtract[11,2,5]' 1 2
    changed 's1.classify[4,9,17]' 5 1
    changed 's2.classify[9,9,79]' 745 1
done

finish
