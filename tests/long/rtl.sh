#!/usr/bin/env bash
# The emitted Verilog at full size: lint, Yosys's count, and all gates of a real frame under Verilator.
#
#   tests/long/rtl.sh [BUILD]       some minutes a Verilator build, of which there are four
source "$(dirname "$0")/../support/suite.sh"

# Lint as a whole would flatten two million gates. Each row is linted with its leaves, and the whole before flattening.
lint() { # directory
    local row
    for row in $(sed -n 's/^module \(row_[a-z0-9_]*\).*/\1/p' "$1/cofiber_rows.v"); do
        verilator --lint-only -Wall --top-module "$row" "$1/cofiber_cells.v" "$1/cofiber_rows.v" || return 1
    done
    verilator --xml-only --xml-output /dev/null -Wall --top-module cofiber_top "$1"/*.v
}

frame=$(echo "$root"/examples/*.npy)
emit() { # name, gates, options...
    check "$1: compile" 0 "$2 gates" cofiber compile "$root/examples/head_nearest_fp32.safetensors" -o "$1.cfn" \
        --input-scale 0.03 "${@:3}"
    check "$1: verilog" 0 "$2 gates" cofiber verilog "$1.cfn" -o "$1"
    check "$1: lint" 0 "" lint "$1"
    check "$1: census" 0 "all counts are equal" cofiber census "$1.cfn"
}
equal() { # name, values
    check "$1: cosim" 0 "$2 gate values of 1 frame compared, 0 differ" \
        cofiber cosim "$1.cfn" "$frame" --cache cache --rtl "$1"
}

emit nearest 2,184,000
equal nearest 2,184,000
emit bilinear 2,184,000 --upsample bilinear --score-threshold 0.02
equal bilinear 2,184,000
emit cofiber 2,184,000 --upsample bilinear --pools iterated --top cofiber
equal cofiber 2,184,000
emit swept 2,088,000 --sweep --input-bits 16 --score-threshold 0.02
equal swept 2,088,000
emit iterated 2,184,000 --pools iterated

# One gate of two million changed (its operands are not 0 in this frame): the old Verilog differs there, and the new one
# has a row of its own for it.
changed() { # name, gate, mutate's arguments...
    check "$1: mutate" 0 "" mutate nearest.cfn -o "$1.cfn" "${@:3}"
    check "$1: named" 1 ": $2: simulator" cofiber cosim "$1.cfn" "$frame" --cache cache --rtl nearest
    check "$1: verilog" 0 "10 row modules" cofiber verilog "$1.cfn" -o "$1"
    check "$1: lint" 0 "" lint "$1"
    check "$1: census" 0 "all counts are equal" cofiber census "$1.cfn"
}
# A weight of a classifier, which this frame does not show, and frames made from the weights do.
check "class: mutate" 0 "" mutate nearest.cfn -o class.cfn cell "s1.classify[4,9,17]" 5 1
check "class: the frame does not show it" 0 ", 0 differ" cofiber cosim class.cfn "$frame" --cache cache --rtl nearest
check "class: named" 1 "made from the weights: s1.classify[" \
    cofiber cosim class.cfn "$frame" --vectors --cache cache --rtl nearest
check "nearest: frames made from the weights" 0 "43,680,000 gate values of 20 frames made from the weights compared, 0 " \
    cofiber cosim nearest.cfn --vectors --cache cache --rtl nearest
changed weight "s0.subtract[17,4,303]" weight "s0.subtract[17,4,303]" 1 2
changed bias "s1.classify[4,9,17]" bias "s1.classify[4,9,17]" 1000000000

finish
