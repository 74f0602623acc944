# prove.sh - `cofiber prove` on small circuits; sourced by run.sh. What is broken on purpose must be refused, and named.

prove() { cofiber prove --cache cache --no-input "$@"; }
compile_small() { cofiber compile "$root/tests/proof/head_$1.safetensors" -o "$2" --input-scale 0.05 --grid 8x8 "${@:3}"; }

for options in "" "--upsample bilinear" "--pools iterated" "--top cofiber" "--sweep" "--pools iterated --top cofiber --sweep" \
    "--input-bits 2" "--input-bits 16" "--upsample bilinear --scales 2"; do
    # shellcheck disable=SC2086
    compile_small small "net$options" $options >/dev/null
    check "proved: ${options:-as it is}" 0 "proved for all inputs" prove "net$options"
done
compile_small loop loop --scales 2 >/dev/null
check "proved: classifiers summed by loops" 0 "proved for all inputs" prove loop
check "a proof is kept" 0 "by an earlier run" prove loop
check "as JSON" 0 '"proved":	true' prove loop --json

# Netlists with one thing changed are proved as what they are, and refused against the Verilog of the first.
cofiber verilog loop -o rtl >/dev/null
mutant() { # the words of the refusal, and mutate's arguments
    check "a mutant: $2 $3" 0 "" mutate loop -o mutant "${@:2}"
    check "a mutant against its own Verilog: $2" 0 "proved for all inputs" prove mutant
    check "a mutant against the first Verilog: $2" 1 "$1" prove mutant --rtl rtl
}
mutant "weights differ" weight 's0.classify[3,4,1]' 70 1
mutant "weights differ" cell 's1.classify[0,0,0]' 5 3
mutant "biases differ" bias 's1.classify[1,2,0]' 1
mutant "operands differ" base 's0.subtract[5,6,7]' 1 72

# edit NAME WORDS FILE SED: the Verilog with one thing edited must be refused in these words.
edit() {
    rm -rf edited && cp -r rtl edited && sed -i "$4" "edited/$3"
    if cmp -s "rtl/$3" "edited/$3"; then
        check "$1 edits something" 0 "" false
    else
        check "$1" 1 "$2" prove loop --rtl edited
    fi
}
edit "a weight's digit" "weights differ" cofiber_rows.v "0,/'h\([0-9a-f]*\)_[0-9a-f]*/s//'h\1_7f/"
edit "a bias" "biases differ" cofiber_rows.v "0,/BIAS(11'sd0)/s//BIAS(11'sd1)/"
edit "two wires swapped" "operands differ" cofiber_top.v "s/u_s0_subtract_2_3 (.a0(input_2_3)/u_s0_subtract_2_3 (.a0(input_2_4)/"
edit "a row rotated by a bit" "not connected to one slice" cofiber_rows.v "0,/\.x0_1(a1)/s//.x0_1({a1[8*71:0], a1[8*72-1:8*71+1]})/"
edit "> for >=" 'a cell that the checker does not know: $gt' cofiber_cells.v "s/assign y = sum >= /assign y = sum > /"
edit "a width one bit short" "not a sum of constants times slices" cofiber_cells.v "0,/wire signed \[10-1:0\] sum/s//wire signed [9-1:0] sum/"
edit "unsigned for signed" "signed taken for unsigned" cofiber_cells.v 's/\$signed(x0_0) \* /$signed({1'"'"'b0, x0_0}) * /'
edit "a constant x" "an x bit" cofiber_cells.v "s/    assign y = sum;/    assign y = sum + 10'bx;/"
edit "a second driver" "bits driven twice" cofiber_top.v "s/^endmodule/    assign s0_pool_0_0 = s0_pool_0_1;\nendmodule/"
edit "a loop" "a loop" cofiber_top.v "s/^endmodule/    wire [7:0] p, q;\n    assign p = q;\n    assign q = p;\nendmodule/"
edit "a condition" "a process with more than plain assignments" cofiber_cells.v "s/    always @\* begin/    always @* begin\n        if (x0[0]) sum = 1; else/"
edit "an output that is none" "a row of the circuit's outputs is no output of" cofiber_top.v '/output wire .* s0_classify_1_1 /d; s/^);$/);\n    wire [2*1-1:0] s0_classify_1_1;/'
edit "wrong top" "the rows of the netlist's input" cofiber_top.v "s/\binput_0_0\b/inputs_0_0/"

# An emitter that sums 1-bit wires in one bit, in which 1 + 1 >= 1 is false.
printf 'aag 3 2 0 1 1\n2\n4\n6\n6 2 4\n' >and.aag
cofiber import and.aag --from aiger -o loop >/dev/null && rm -rf rtl && cofiber verilog loop -o rtl >/dev/null
check "binary gates" 0 "proved for all inputs" prove loop
edit "sums of bits in one bit" "an unsigned comparison" cofiber_cells.v "0,/assign y = sum >= 4'sd0/s//assign y = x0 + x1 >= 1'b1/"

# A refusal names gates, and an input that shows it, on which simulator and Verilator have run.
cofiber compile "$root/tests/proof/head_small.safetensors" -o tiny --input-scale 0.05 --grid 4x4 --scales 1 >/dev/null
mutate tiny -o mutant weight 's0.classify[1,2,1]' 1 1
cofiber verilog tiny -o rtl.tiny >/dev/null
check "an input that shows a weight" 1 "an input shows it: s0.classify[1,2,1] is" cofiber prove mutant --rtl rtl.tiny --cache cache --input shows.npy
check "the gate is named" 1 '  s0.classify[1,2,1]: \s0_classify_1_2 ' prove mutant --rtl rtl.tiny
check "the gate is named as JSON" 1 '"gate":	"s0.classify[1,2,1]"' prove mutant --rtl rtl.tiny --json
check "the input shows it again" 1 "s0.classify[1,2,1]: simulator" cofiber cosim mutant shows.npy --rtl rtl.tiny --cache cache
check "with a prefix" 0 "" cofiber verilog tiny -o rtl.prefix --prefix left_
check "a prefix is proved" 0 "proved for all inputs" prove tiny --rtl rtl.prefix
check "squares and roots" 1 "a square, a ReLU or a root: not proved" prove "$root/netlists/golden/norm.safetensors"
check "one line per group" 1 "  s0.hidden[0,0,0] and 1 more of s0.hidden: a square" prove "$root/netlists/golden/norm.safetensors"
check "as JSON, too" 1 '"proved":	false' prove "$root/netlists/golden/norm.safetensors" --json

cp "$build/cofiber" alone
check "without the checker" 2 "not found beside cofiber or on PATH" env PATH=/usr/bin:/bin ./alone prove loop --cache cache --again
check "without Yosys" 2 "yosys: not found on PATH" env PATH="$build" cofiber prove loop --cache cache --again
