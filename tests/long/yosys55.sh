#!/usr/bin/env bash
# Yosys 0.55, newer than the distribution's: it reads the gate Verilog, the JSON and the AIGER of one classifier, and the
# JSON that it writes is read back; ABC proves that all are one function. The verified
# checker proves that what it makes of emitted Verilog is the netlist. What it makes of an accelerator decides the same.
#
#   tests/long/yosys55.sh [BUILD]     half a minute; needs scripts/setup.sh yosys55
source "$(dirname "$0")/../support/suite.sh"

folder=${XDG_CACHE_HOME:-$HOME/.cache}/cofiber/yosys55
if [ ! -e "$folder/node_modules/@yowasp/yosys" ]; then
    echo "skipped: Yosys 0.55 is not here (scripts/setup.sh yosys55)"
    echo "0 passed, 0 failed"
    exit 0
fi
# yosys55 FILES... -- SCRIPT
yosys55() { node "$root/tests/support/yosys55.mjs" "$folder" "${@:1:$#-2}" -- -q -p "${!#}"; }
equal() { berkeley-abc -c "cec -n $1 $2"; }
equal_by_name() { berkeley-abc -c "cec $1 $2"; } # Yosys gives the inputs of an AIGER file another order

check "compile" 0 "" cofiber compile "$root/tests/fixtures/head_f32.safetensors" -o net --grid 4x4 --scales 1 \
    --input-scale 0.1
for format in verilog yosys-json aiger; do
    check "export $format" 0 "" cofiber export net --gate 's0.classify[0,0,0]' --to $format -o n.$format
done
mv n.aiger n.aig && mv n.verilog n.v && mv n.yosys-json n.json
gates="synth -flatten; abc -g simple; clean; write_json back.json"
check "Verilog" 0 "" yosys55 n.v -- "read_verilog n.v; check -assert; $gates"
check "Verilog: read back" 0 "" cofiber import back.json --from yosys-json -o back
check "Verilog: as AIGER" 0 "" cofiber export back --to aiger -o back.aig
check "Verilog: equal" 0 "are equivalent" equal n.aig back.aig
check "JSON" 0 "" yosys55 n.json -- "read_json n.json; check -assert; $gates"
check "JSON: read back" 0 "" cofiber import back.json --from yosys-json -o back
check "JSON: as AIGER" 0 "" cofiber export back --to aiger -o back.aig
check "JSON: equal" 0 "are equivalent" equal n.aig back.aig
check "AIGER" 0 "" yosys55 n.aig -- "read_aiger n.aig; check -assert; aigmap; write_aiger -symbols y.aig"
check "AIGER: read back" 0 "" cofiber import y.aig --from aiger -o back
check "AIGER: as AIGER" 0 "" cofiber export back --to aiger -o back.aig
check "AIGER: equal" 0 "are equivalent" equal_by_name n.aig back.aig
# A wrong gate is noticed.
sed -i '0,/_AND_/s//_OR_/' back.json
check "changed: read" 0 "" cofiber import back.json --from yosys-json -o back
check "changed: as AIGER" 0 "" cofiber export back --to aiger -o back.aig
check "changed: noticed" 0 "NOT EQUIVALENT" equal n.aig back.aig

# The verified checker accepts what this Yosys makes of the emitted Verilog, and refuses a changed netlist.
prove55() { # netlist
    yosys55 cofiber_cells.v cofiber_rows.v cofiber_top.v -- "read_verilog cofiber_cells.v cofiber_rows.v cofiber_top.v; \
        hierarchy -top cofiber_top -check; attrmap -remove src; write_rtlil design.il" && cofiber-checker design.il "$1"
}
if [ -x "$build/cofiber-checker" ]; then
    for head in small loop; do
        check "prove $head: compile" 0 "" cofiber compile "$root/tests/proof/head_$head.safetensors" -o "$head" --grid 8x8 \
            --scales 2 --input-scale 0.05
        rm -rf rtl && cofiber verilog "$head" -o rtl >/dev/null && cp rtl/*.v .
        check "prove $head" 0 "proved" prove55 "$head"
    done
    check "prove: a changed netlist" 0 "" mutate loop -o mutant weight 's0.classify[3,4,1]' 70 1
    check "prove: it is refused" 0 "weights differ" prove55 mutant
fi

# The accelerator's package: read without a complaint, turned into gates, and simulated with random stalls.
fixtures=$root/tests/fixtures
check "accelerator: compile" 0 "" cofiber compile "$fixtures/head_f32.safetensors" -o small.cfn --grid 8x8 --input-scale 0.05
check "accelerator: emit" 0 "" cofiber verilog small.cfn "$fixtures/frames_f32.safetensors" -o accelerator --style stream \
    --lanes 2
cd accelerator || exit 1
mapfile -t sources < <(grep -v // cofiber_stream.f)
check "accelerator: gates" 0 "" yosys55 "${sources[@]}" cofiber_stream_*.hex -- "read_verilog ${sources[*]}; \
    hierarchy -check -top cofiber_stream_top; proc; flatten; opt -fast; check -assert; \
    synth -run coarse:fine -top cofiber_stream_top; opt -fast; techmap; opt -fast; write_verilog -noattr netlist.v"
check "accelerator: Icarus reads the gates" 0 "" iverilog -g2005 -s cofiber_stream_tb -o tb.vvp netlist.v cofiber_stream_tb.v
check "accelerator: decides the same" 0 "PASS: 2 of 2" vvp -n tb.vvp +seed=3 +input_stalls=30 +output_stalls=30
cd ..
finish
