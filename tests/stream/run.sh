#!/usr/bin/env bash
# The streaming accelerator on small grids: its decisions and sums against the simulator's under Icarus Verilog, with
# stalls; malformed streams and resets; netlists that are no pyramid; and Verilog that was broken on purpose.
#
#   tests/stream/run.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"
fixtures=$root/tests/fixtures
export PATH=$root/tests/support:$PATH

inputs() { python3 "$root/tests/rtl/inputs.py" "$@"; }
emit() { cofiber verilog "$@" --style stream; }
cosim() { cofiber cosim "$@" --style stream --simulator icarus; }
# The testbench in a package's directory, with plus-arguments.
testbench() {
    local core=${prefix:-}cofiber_stream
    (cd "$1" && iverilog -g2005 -s "${core}_tb" -o tb.vvp -f "$core.f" "${core}_tb.v" &&
        vvp -n tb.vvp "${@:2}")
}

# ---- a dozen geometries ----

# geometry SEED [shared]: a random one, of odd sizes, with random stalls; for the wide core, or for the shared one.
geometry() {
    local name=g$1${2:-} classes channels height width scales rest
    read -r classes channels height width scales rest < <(python3 "$root/tests/stream/geometry.py" "$1" \
        "${STREAM_SIZE:-8}" ${2:-})
    local compile_options=${rest%%|*} emit_options=${rest#*|}
    inputs head "$name.head" "$classes" "$channels" "$1"
    inputs frames "$name.st" 2 "$channels" "$height" "$width" "$1"
    # shellcheck disable=SC2086
    check "$name: compile" 0 "" cofiber compile "$name.head" -o "$name.cfn" --input-scale 0.05 \
        --grid "${height}x$width" --scales "$scales" $compile_options
    # shellcheck disable=SC2086
    check "$name: cosim ($classes $channels $height $width $scales $rest)" 0 ", 0 and 0 differ" \
        cosim "$name.cfn" "$name.st" --seed "$1" $emit_options
}
for seed in ${STREAM_SEEDS:-1 2 3 4 5 6 7 8 9 10 11 12}; do geometry "$seed" ${STREAM_CORE:-}; done
[ -z "${STREAM_SEEDS:-}" ] || { finish; exit; }

# ---- the same function from other gates, and what is no pyramid ----

head=$fixtures/head_f32.safetensors frames=$fixtures/frames_f32.safetensors
compile() { cofiber compile "$head" -o "$1.cfn" --grid 8x8 --input-scale 0.05 "${@:2}"; }
check "nearest: compile" 0 "" compile nearest
check "iterated: compile" 0 "" compile iterated --pools iterated
check "nearest: emit" 0 "cycles per frame" emit nearest.cfn "$frames" -o nearest --lanes 2
check "iterated: emit" 0 "cycles per frame" emit iterated.cfn "$frames" -o iterated --lanes 2
check "the same top from either" 0 "" diff <(tail -n +3 nearest/cofiber_stream_top.v) <(tail -n +3 iterated/cofiber_stream_top.v)
check "a file of thresholds as well" 0 "" diff nearest/cofiber_stream_thresholds_1.hex iterated/cofiber_stream_thresholds_1.hex
refused() { # NAME GATE mutate's arguments...
    check "$1: mutate" 0 "" mutate nearest.cfn -o "$1.cfn" "${@:3}"
    check "$1: refused" 2 "$2" emit "$1.cfn" -o "$1"
}
refused weight "s0.subtract[2,3,1]" weight "s0.subtract[2,3,1]" 1 2
refused shift "s1.subtract[1,2,0]" shift "s1.subtract[1,2,0]" 0 -1
refused bias "s0.subtract[7,7,2]" bias "s0.subtract[7,7,2]" 3
refused class_bias "s1.classify[3,3,3]" bias "s1.classify[3,3,3]" 1000
refused class_weight "s2.classify[0,1,2]" weight "s2.classify[0,1,2]" 2 5
check "a netlist of another kind" 0 "" random random.cfn 100
check "refused" 2 "random.cfn" emit random.cfn -o random
check "too many lanes" 2 "cannot take 4 channels per cycle of 3" emit nearest.cfn -o none --lanes 4
check "too many classes" 2 "cannot multiply 9 classes per cycle of 4" emit nearest.cfn -o none --parallel-classes 9
check "no classes" 2 "" emit nearest.cfn -o none --parallel-classes 0
heads=$fixtures/heads
check "boxes: compile" 0 "" cofiber compile "$heads/boxes.safetensors" -o boxes.cfn --grid 8x8 --scales 2 --input-scale 0.05
check "boxes" 2 "group 's0.root' has squares, ReLUs or roots, which the accelerator does not take" emit boxes.cfn -o none
for pad in zeros edge; do
    check "padded with $pad: compile" 0 "" cofiber compile "$head" -o "padded_$pad.cfn" --grid 7x5 --pad "$pad" \
        --input-scale 0.05
    check "padded with $pad" 2 "group 's1.classify' is a scale of a grid padded with" emit "padded_$pad.cfn" -o none
done
for option in --lanes=2 --parallel-classes=1 --fit=ecp5-25k --weights=rom --multipliers=dsp --no-pipeline --sparse; do
    check "verilog $option of gates" 2 "verilog: ${option%=*} goes with --style stream alone" \
        cofiber verilog nearest.cfn -o gates "$option"
    check "cosim $option of gates" 2 "cosim: ${option%=*} goes with --style stream alone" \
        cofiber cosim nearest.cfn "$frames" "$option"
done
for option in --dry-run --json --frames=0; do
    check "verilog $option of gates" 2 "verilog: ${option%=*} goes with --style stream alone" \
        cofiber verilog nearest.cfn -o gates "$option"
done
for option in --simulator=icarus --stalls=3 --seed=3 --saif=f; do
    check "cosim $option of gates" 2 "cosim: ${option%=*} goes with --style stream alone" \
        cofiber cosim nearest.cfn "$frames" "$option"
done
check "nothing is written" 1 "" test -e gates
check "a prefix for gates" 0 "gates in" cofiber verilog nearest.cfn -o gates --prefix p_
check "frames for gates" 2 "frames go with --style stream" cofiber verilog nearest.cfn "$frames" -o none
check "a prefix that is none" 2 "no Verilog identifier" emit nearest.cfn -o none --prefix 9x
check "dry run of one" 0 "1 channel by 1 class per cycle; 1 byte per beat in, 7 out" emit nearest.cfn --dry-run --lanes 1 \
    --parallel-classes 1
check "dry run" 0 '"cycles_per_frame":	256' emit nearest.cfn --dry-run --json --lanes 2

check "fit" 0 '"multipliers":	4,' emit nearest.cfn --dry-run --json --fit ecp5-25k
# The fastest settings do not divide the channels.
check "full size: compile" 0 "" cofiber compile "$root/examples/head_nearest_fp32.safetensors" -o full.cfn --input-scale 0.05
check "fit takes no divisor" 0 "31 channels by 5 classes per cycle" emit full.cfn --dry-run --fit ecp5-85k
check "fit is the fastest" 0 '"cycles_per_frame":	118400' emit full.cfn --dry-run --json --fit kintex7-325t
check "fit says what is missing" 2 "no setting fits ecp5-25k: the least is 59 block RAMs, it has 56" \
    emit full.cfn --dry-run --fit ecp5-25k
check "fit counts LUTs" 2 "with few enough block RAMs the least is" emit full.cfn --dry-run --fit ecp5-25k --multipliers logic
check "fit says how many it has" 0 "LUTs, of which it can give 19428" cat before
check "fit of multipliers of logic" 0 "37 channels by 4 classes per cycle" emit full.cfn --dry-run --fit ecp5-45k \
    --multipliers logic
check "fit and lanes" 2 "--fit chooses" emit nearest.cfn --dry-run --fit ecp5-25k --lanes 2
check "fit what" 2 "no device 'up5k'" emit nearest.cfn --dry-run --fit up5k

# ---- two accelerators in one design; the testbench as it is shipped; other tools ----

check "left: emit" 0 "" emit nearest.cfn -o left --prefix left_ --lanes 1
check "both in one design" 0 "" iverilog -g2005 -o both -s left_cofiber_stream_top -s cofiber_stream_top \
    left/left_cofiber_stream_{skid,framer,multiply,tree,mac,weights,sums,front,scale,merge,sparse,registers,top}.v \
    nearest/cofiber_stream_{skid,framer,multiply,tree,mac,weights,sums,front,scale,merge,sparse,registers,top}.v
check "the shipped testbench" 0 "PASS: 2 of 2 outcomes" testbench nearest +input_stalls=20 +output_stalls=50
check "from frame to frame" 0 " in all, 256 to 256 from frame to frame; seed 1" testbench nearest
prefix=left_ check "one frame goes to no other" 0 " in all; seed 1" testbench left
lint() {
    verilator --lint-only -Wall -Wno-WIDTH -Wno-DECLFILENAME -Wno-UNUSED -Wno-PINCONNECTEMPTY \
        --top-module cofiber_stream_top -F "$1/cofiber_stream.f" && echo clean
}
check "lint" 0 "clean" lint nearest
latches() { (cd nearest && yosys -p "read_verilog $(grep -v // cofiber_stream.f | tr '\n' ' '); hierarchy -top cofiber_stream_top; proc; opt; check; stat"); }
check "Yosys" 0 "Found and reported 0 problems" latches
check "no latches" 1 "" grep -c 'dlatch' log

# ---- the rest of the package ----

driver() { (cd "$1" && gcc -std=c99 -Wall -Wextra -Wconversion -Werror -c cofiber_stream_driver.c cofiber_stream_example.c); }
xml() { python3 -c 'import sys, xml.dom.minidom as m; [m.parse(f) for f in sys.argv[1:]]' "$@"; }
check "the driver compiles" 0 "" driver nearest
check "XML is well-formed" 0 "" xml nearest/cofiber_stream.xml nearest/cofiber_stream_registers.svd

# The driver runs against the Verilated core.
drive() {
    (cd "$1" && gcc -O1 -c cofiber_stream_driver.c &&
        verilator --cc --exe --build -O1 -Wno-lint --Mdir obj --top-module cofiber_stream_top -CFLAGS "-O1 -I.." \
            -F cofiber_stream.f "$root/tests/stream/driver.cpp" "$PWD/cofiber_stream_driver.o" >build.log 2>&1 &&
        obj/Vcofiber_stream_top "$(sed -n 's/.*_CHUNKS //p' cofiber_stream_geometry.vh)" \
            "$(grep -o 'VALUE_BITS([0-9]*' cofiber_stream_top.v | head -n 1 | tr -dc 0-9)")
}
check "loadable: emit" 0 "" emit nearest.cfn "$frames" -o loadable --lanes 2 --parallel-classes 2 --weights loadable
check "the driver drives" 0 "PASS: 336 records" drive loadable
check "Verilator" 0 ", 0 and 0 differ" cofiber cosim nearest.cfn "$frames" --style stream --lanes 2 --stalls 30 --seed 1

# What Yosys makes of it decides the same.
synthesised() { # TARGET [PACKAGE]
    rm -rf "$1" && cp -r "${2:-nearest}" "$1" && cofiber synth "$1" --target "$1" -o "$1/netlist.v" --json >synth.json &&
        (cd "$1" && iverilog -g2005 -s cofiber_stream_tb -o tb.vvp netlist.v \
            cofiber_stream_tb.v && vvp -n tb.vvp +input_stalls=30 +output_stalls=30)
}
check "after synthesis" 0 "PASS: 2 of 2" synthesised generic
foretold() { # KIND LESS MORE: the registers or LUTs are within so many per cent of the model's
    python3 -c 'import json, sys
r = json.load(open("synth.json"))
wrong = 100 * (r["model"][sys.argv[1]] / r[sys.argv[1]] - 1)
sys.exit(not int(sys.argv[2]) <= wrong <= int(sys.argv[3]))' "$@"
}
for kind in registers luts; do
    check "the $kind foretold" 0 "" foretold "$kind" -10 10
    check "not as few or as many $kind as that" 1 "" foretold "$kind" 20 90
done

# ---- switching activity ----

times_add_up() { # FILE: of every bit the times at 0, 1 and an unknown value are the whole; the clock changes twice per cycle
    python3 -c 'import re, sys
text = open(sys.argv[1]).read()
whole = int(re.search(r"DURATION (\d+)", text)[1])
bits = re.findall(r"\((\S+) \(T0 (\d+)\) \(T1 (\d+)\) \(TX (\d+)\) \(TC (\d+)\)", text)
assert len(bits) > 1000 and all(int(a) + int(b) + int(c) == whole for _, a, b, c, _ in bits)
assert {int(n) for name, *_, n in bits if name == "aclk"} == {whole // 5000}
assert text.count("(") == text.count(")")' "$1"
}
check "saif: cosim" 0 " bits changed " cosim nearest.cfn "$frames" --lanes 2 --seed 1 --saif core.saif
check "saif: the times add up" 0 "" times_add_up core.saif
check "saif: the core alone" 0 "(INSTANCE dut" cat core.saif
check "saif: one scope" 0 " bits changed " cosim nearest.cfn "$frames" --lanes 2 --seed 1 --saif front.saif \
    --signals cofiber_stream_tb.dut.u_front
check "saif: no other" 1 "" grep -q u_merge front.saif
check "saif: no such scope" 2 "cofiber_stream_tb.dot" cosim nearest.cfn "$frames" --lanes 2 --saif none.saif \
    --signals cofiber_stream_tb.dot
check "saif: nothing is written" 1 "" test -e none.saif
check "saif or waves" 2 "--wave and --saif do not go together" cosim nearest.cfn "$frames" --saif a --wave b

# ---- weights that are constants ----

constants=(--weights constants)
check "constants: emit" 0 "adders of constant weights                       22" emit nearest.cfn "$frames" -o constants \
    "${constants[@]}"
check "constants: lint" 0 "clean" lint constants
check "constants: no weights' memory" 1 "" test -e constants/cofiber_stream_weights.hex
check "constants: XML is well-formed" 0 "" xml constants/cofiber_stream.xml
check "constants: two adders between registers" 0 ", 0 and 0 differ" cosim nearest.cfn "$frames" "${constants[@]}" \
    --no-pipeline --seed 3
check "optimised: optimize" 0 "" cofiber optimize nearest.cfn -o optimised.cfn --effort 0
check "optimised: its own graph" 0 '"adders":	17,' emit optimised.cfn --dry-run --json "${constants[@]}"
check "optimised: cosim" 0 ", 0 and 0 differ" cosim optimised.cfn "$frames" "${constants[@]}" --stalls 40 --seed 3
synth_json() { cofiber synth "$1" --target generic --json >synth.json; }
check "constants: synth" 0 "" synth_json constants
for kind in registers luts; do check "constants: the $kind foretold" 0 "" foretold "$kind" -10 10; done
check "constants: not all channels" 2 "constants take all 3 channels and all 4 classes in one cycle" emit nearest.cfn \
    -o none "${constants[@]}" --lanes 2
check "constants: not all classes" 2 "constants take all 3 channels and all 4 classes in one cycle" emit nearest.cfn \
    -o none "${constants[@]}" --parallel-classes 2
check "constants: no multipliers" 2 "--weights constants leaves no choice of --multipliers" emit nearest.cfn -o none \
    "${constants[@]}" --multipliers dsp
check "constants: no device" 2 "--weights constants leaves no choice of --fit" emit nearest.cfn -o none \
    "${constants[@]}" --fit ecp5-25k
cp -r constants constant && sed -i '0,/ + /s// - /' constant/cofiber_stream_constants.v
check "constants: a wrong adder is caught" 1 "FAIL" cosim nearest.cfn "$frames" "${constants[@]}" --rtl constant --seed 3

# ---- proofs ----

source "$root/tests/stream/formal.sh" nearest

# ---- malformed streams and resets: stream.py changes the stimulus and says what is to come ----

malformed() { # NAME COUNTERS ARGUMENTS...: how the stream differs; the counters of frames in, out, short and long
    check "$1: stimulus" 0 "" python3 "$root/tests/stream/stream.py" "$source" "$1" "${@:3}"
    check "$1" 0 "PASS: " testbench "$1" +seed=5 "+input_stalls=${stalls:-0}" "+output_stalls=${stalls:-0}"
    check "$1: counters" 0 "$2" bash -c "grep -o '_frames.*\|frames_.*' before | awk '{printf \"%s \", \$2}'"
}
check "wide: emit" 0 "" emit nearest.cfn "$frames" -o wide --lanes 1 --parallel-classes 3
for source in nearest wide; do
    for stalls in 0 60; do
        malformed "$source-early-$stalls" "1 1 1 0" early 0 37
        malformed "$source-early-first-$stalls" "1 1 1 0" early 0 0
        malformed "$source-early-second-$stalls" "1 1 1 0" early 1 5
        malformed "$source-late-$stalls" "2 2 0 1" late 0 11
        malformed "$source-missing-$stalls" "1 1 0 1" missing 0
        malformed "$source-soft-reset-$stalls" "1 1 0 0" soft 0 21
        malformed "$source-soft-reset-first-$stalls" "2 2 0 0" soft 0 0
        malformed "$source-reset-$stalls" "2 2 0 0" reset 0 21
        malformed "$source-reset-first-$stalls" "2 2 0 0" reset 0 1
    done
done

# ---- the shared core ----

for seed in 1 2 3 4 5 6; do geometry "$seed" shared; done
shared=(--fit ice40up5k)
check "shared: emit" 0 "16" emit nearest.cfn "$frames" -o shared "${shared[@]}"
check "shared: cycles" 0 " in all, 4096 to 4096 from frame to frame" testbench shared
check "shared: the cycles foretold" 0 '"cycles_per_frame":	4096' emit nearest.cfn --dry-run --json "${shared[@]}"
check "shared: lint" 0 "clean" lint shared
check "shared: XML is well-formed" 0 "" xml shared/cofiber_stream.xml
check "shared: part of a frame" 0 "PASS: 0 of 2 outcomes" testbench shared +bytes=20
check "shared: after synthesis" 0 "PASS: 2 of 2" synthesised generic shared
check "bilinear: compile" 0 "" compile bilinear --upsample bilinear
check "shared: no bilinear" 2 "scale 0 is not 4 * value - pool" emit bilinear.cfn -o none "${shared[@]}"
check "wide input: compile" 0 "" compile twelve --input-bits 12
check "shared: no wide input" 2 "inputs of 12 bits pass the 8" emit twelve.cfn -o none "${shared[@]}"
check "shared: no sparse" 2 "--fit ice40up5k leaves no choice of --sparse" emit nearest.cfn -o none "${shared[@]}" --sparse
inputs head many.head 65 1024 1
check "many: compile" 0 "" cofiber compile many.head -o many.cfn --input-scale 0.05 --grid 4x4 --scales 1
check "shared: too many weights" 2 "66560 weights pass the 65,536 of an ice40up5k" emit many.cfn -o none "${shared[@]}"
source=shared
for stalls in 0 60; do
    counted() { # NAME FRAMES ARGUMENTS...: so many frames are reported as short or long
        check "$1: stimulus" 0 "" python3 "$root/tests/stream/stream.py" "$source" "$1" "${@:3}"
        check "$1" 0 "PASS: " testbench "$1" +seed=5 "+input_stalls=$stalls" "+output_stalls=$stalls"
        check "$1: counted" 0 "frame_errors $2" cat before
    }
    counted "shared-early-$stalls" 1 early 0 37
    counted "shared-early-first-$stalls" 1 early 0 0
    counted "shared-early-second-$stalls" 1 early 1 5
    counted "shared-late-$stalls" 1 late 0 11
    counted "shared-missing-$stalls" 1 missing 0
    counted "shared-cut-$stalls" 1 cut 0
    counted "shared-reset-$stalls" 0 reset 0 21
    counted "shared-reset-first-$stalls" 0 reset 0 1
done

cp -r shared-cut-0 shared-uncut && sed -i 's/ || s_cut//' shared-uncut/cofiber_stream_framer.v
check "shared: a cut word is a short frame" 0 "FAIL" testbench shared-uncut

# ---- broken on purpose ----

broken() { # NAME FILE SED [PACKAGE OPTIONS...]
    cp -r "${4:-nearest}" "$1" && sed -i "$3" "$1/cofiber_stream_$2.v"
    check "$1: changed" 1 "" diff -q "${4:-nearest}/cofiber_stream_$2.v" "$1/cofiber_stream_$2.v"
    set -- "$1" "${@:5}"
    [ $# -gt 1 ] || set -- "$1" --lanes 2
    check "$1: caught" 1 "FAIL" cosim nearest.cfn "$frames" "${@:2}" --rtl "$1" --stalls 40 --seed 3
}
broken sign scale 's/- taken_wide/+ taken_wide/'
broken need scale 's/(d_row\[0\] ? 0 : COLUMNS)/(0)/'
broken first mac 's/first ? addend/!first ? addend/'
broken stall merge 's/wire free = !m_valid || m_ready/wire free = 1/'
broken lost skid 's/m_valid     <= spare_valid || take/m_valid     <= take/'
broken shared-rest serial 's/rest <= ~(sum/rest <= (sum/' shared "${shared[@]}"
broken shared-even serial 's/at_row\[0\] ? {ones/!at_row[0] ? {ones/' shared "${shared[@]}"
broken shared-owed shared 's/&& !(last_word && owed)//; s/pace <= SLOT - 1/pace <= 2/' shared "${shared[@]}"
broken shared-half shared 's/memory\[{drain, word}\]/memory[{fill, word}]/' shared "${shared[@]}"
broken shared-bytes bytes "s/count != 2'd3;/1'b0;/; s/complete ? 2'd0/1'b0 ? 2'd0/; s/assign s_ready = .*/assign s_ready = 1'b1;/" \
    shared "${shared[@]}"
cp -r nearest threshold && sed -i '1s/./1/' threshold/cofiber_stream_thresholds_0.hex
check "threshold: caught" 1 "first difference: frame 0: s0.classify[0,0," \
    cosim nearest.cfn "$frames" --lanes 2 --rtl threshold --seed 3
finish
