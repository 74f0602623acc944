#!/usr/bin/env bash
# `cofiber prove` at full size: the example's netlist as it is, and in other forms; and netlists with one number changed,
# which must be refused against the first one's Verilog, with the place named.
#
#   tests/long/proof.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"
head=$root/examples/head_nearest_fp32.safetensors

prove() { cofiber prove --cache cache "$@"; }
cofiber compile "$head" -o net --input-scale 0.05 >/dev/null
cofiber verilog net -o rtl >/dev/null
check "the default netlist" 0 "proved for all inputs: 2,184,000 instances of 246 cells" prove net

mutate net -o weight weight 's1.classify[10,11,17]' 700 1
check "one weight of one gate" 1 's1_classify_10_11: \lane_17: ' prove weight --rtl rtl
mutate net -o wire base 's0.subtract[20,30,401]' 1 1
check "one wire among all" 1 's0_subtract_20_30: \lane[401]: ' prove wire --rtl rtl

cofiber compile "$head" -o bilinear --input-scale 0.05 --upsample bilinear >/dev/null
check "bilinear" 0 "proved for all inputs: 2,184,000 instances of 270 cells" prove bilinear
cofiber compile "$head" -o other --input-scale 0.05 --pools iterated --top cofiber >/dev/null
check "iterated pools, cofiber top" 0 "proved for all inputs: 2,184,000 instances" prove other
cofiber compile "$head" -o swept --input-scale 0.05 --sweep >/dev/null
check "swept" 0 "proved for all inputs: 2,088,000 instances" prove swept

finish
