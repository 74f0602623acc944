#!/usr/bin/env bash
# `cofiber prove` at full size: the example's netlist as it is, and in other forms; netlists with one number changed, and
# Verilog with one thing edited, which must be refused with the place named. Ends with the time and memory of each.
#
#   tests/long/proof.sh BUILD      ends with 'N passed, N failed'; 20 to 60 minutes
source "$(dirname "$0")/../support/suite.sh"
head=$root/examples/head_nearest_fp32.safetensors

prove() {
    local status
    /usr/bin/time -f "%U s of processor, %e s, %M KB: $*" -o one cofiber prove --cache cache --no-input "$@"
    status=$?
    tail -n 1 one >>times # above it, time may say that the status is not 0
    return $status
}
compile_full() { cofiber compile "$1" -o "$2" --input-scale 0.05 "${@:3}" >/dev/null; }
gates="2,184,000 instances"

compile_full "$head" net
cofiber verilog net -o rtl >/dev/null
check "the default netlist" 0 "proved for all inputs: $gates of 246 cells" prove net
compile_full "$head" bilinear --upsample bilinear
check "bilinear" 0 "proved for all inputs: $gates of 270 cells" prove bilinear
compile_full "$head" other --pools iterated --top cofiber
check "iterated pools, cofiber top" 0 "proved for all inputs: $gates" prove other
compile_full "$head" swept --sweep
check "swept" 0 "proved for all inputs: 2,088,000 instances" prove swept
python3 "$root/tests/support/halve.py" "$head" halved
compile_full halved pruned
check "half the weights are 0" 0 "proved for all inputs: $gates" prove pruned

# Netlists with one number changed, against the first one's Verilog; and as what they are.
mutate net -o weight weight 's1.classify[10,11,17]' 700 1
check "one weight of one gate" 1 's1_classify_10_11 \lane_17 ' prove weight --rtl rtl
check "that netlist itself" 0 "proved for all inputs: $gates of 247 cells" prove weight
mutate net -o wire base 's0.subtract[20,30,401]' 1 1
check "one wire among all" 1 's0_subtract_20_30 \lane[401] ' prove wire --rtl rtl

# edit NAME WORDS FILE SED: the Verilog with one thing edited.
edit() {
    rm -rf edited && cp -r rtl edited && sed -i "$4" "edited/$3"
    check "$1: something is edited" 1 "" cmp -s "rtl/$3" "edited/$3"
    check "$1" 1 "$2" prove net --rtl edited
}
edit "a weight's digit" "weights differ" cofiber_rows.v "0,/'h\([0-9a-f]*\)_[0-9a-f]*/s//'h\1_7f/"
edit "a swapped pair of wires" "operands differ" cofiber_top.v \
    "s/u_s0_subtract_20_30 (.a0(input_20_30)/u_s0_subtract_20_30 (.a0(input_20_31)/"
edit "a width one bit short" "not a sum of constants times slices" cofiber_cells.v \
    "0,/wire signed \[10-1:0\] sum/s//wire signed [9-1:0] sum/"
edit "signed for unsigned" "signed taken for unsigned" cofiber_cells.v \
    '0,/\$signed(x0_0) \* /s//$signed({1'"'"'b0, x0_0}) * /'
edit "> for >=" 'a cell that the checker does not know: $gt' cofiber_cells.v "s/assign y = sum >= /assign y = sum > /"
edit "a second driver" "bits driven twice" cofiber_top.v \
    "s/^endmodule/    assign s0_pool_0_0 = s0_pool_0_1;\nendmodule/"
edit "a loop" "a loop" cofiber_top.v \
    "s/^endmodule/    wire [7:0] p, q;\n    assign p = q;\n    assign q = p;\nendmodule/"
edit "an x" "an x bit" cofiber_cells.v "0,/    assign y = sum;/s//    assign y = sum + 10'bx;/"

# The laws of the decomposition.
algebra() { prove "$@" --algebra; }
check "the laws" 0 "holds      classify, then decompose" algebra net
check "the laws, bilinear" 0 "leakage of band 0: its pool has the norm 224/2^8 = 0.875" \
    algebra bilinear "$root/examples/000000214753_f16.npy"
check "a changed weight breaks one" 1 "s1.classify[10,11,17]: its weight of channel" algebra weight
check "a changed wire breaks others" 1 "s0.subtract[20,30,401]: " algebra wire

cat times
finish
