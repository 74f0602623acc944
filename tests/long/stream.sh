#!/usr/bin/env bash
# The streaming accelerator where a test takes minutes: 200 random geometries, changes of the emitted Verilog, the
# netlist after synthesis for iCE40, and the published size on a real frame.
#
#   tests/long/stream.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"
export PATH=$root/tests/support:$PATH
fixtures=$root/tests/fixtures
inputs() { python3 "$root/tests/rtl/inputs.py" "$@"; }
emit() { cofiber verilog "$@" --style stream; }

# ---- 200 geometries ----

geometries() { STREAM_SIZE=32 STREAM_SEEDS="$(seq 101 300)" "$root/tests/stream/run.sh" "$build"; }
check "200 geometries" 0 "400 passed, 0 failed" geometries
shared() { STREAM_CORE=shared STREAM_SIZE=32 STREAM_SEEDS="$(seq 301 360)" "$root/tests/stream/run.sh" "$build"; }
check "60 geometries of the shared core" 0 "120 passed, 0 failed" shared

# ---- changes of the Verilog ----

check "nearest: compile" 0 "" cofiber compile "$fixtures/head_f32.safetensors" -o a.cfn --input-scale 0.05 --grid 8x8
check "bilinear: compile" 0 "" cofiber compile "$fixtures/head_f32.safetensors" -o b.cfn --input-scale 0.05 \
    --grid 8x4 --scales 2 --upsample bilinear --top cofiber
inputs frames b.st 2 3 8 4 7
check "nearest: emit" 0 "" emit a.cfn "$fixtures/frames_f32.safetensors" -o a --lanes 3
check "bilinear: emit" 0 "" emit b.cfn b.st -o b --lanes 1 --parallel-classes 3 --weights loadable --multipliers logic
streams=()
while read -r kind frame word; do
    python3 "$root/tests/stream/stream.py" b "b-$kind" "$kind" "$frame" "$word"
    streams+=("b-$kind")
done <<<$'early 0 5\nlate 0 3\nsoft 0 21\nreset 0 9\nmissing 0 0'
python3 "$root/tests/stream/stream.py" b b-first soft 0 0
streams+=(b-first)
# Four words per position, three beats of sums and rows that are no multiple of four: what smaller grids do not show.
inputs head c.head 5 7 9
inputs frames c.st 2 7 6 8 9
check "six rows: compile" 0 "" cofiber compile c.head -o c.cfn --input-scale 0.05 --grid 6x8 --scales 1 --upsample bilinear \
    --top cofiber
check "six rows: emit" 0 "" emit c.cfn c.st -o c --lanes 2 --parallel-classes 2
streams+=(c)
# Survivors are changes that no stream can show; docs/stream.md explains each kind. More is a failure.
mutations() {
    python3 "$root/tests/stream/mutations.py" 100 1 a b "${streams[@]}" | tee survivors
    [ "$(grep -c '^survived' survivors)" -le 12 ]
}
check "100 changes of the Verilog" 0 " caught, " mutations

# ---- after synthesis ----

# cells PACKAGE PLUS-ARGUMENTS...: simulates the cells of an iCE40 that Yosys made of a package.
cells() {
    cofiber synth "$1" --target ice40 -o "$1/netlist.v" &&
        (cd "$1" && iverilog -g2005 -DNO_ICE40_DEFAULT_ASSIGNMENTS -s cofiber_stream_tb -o tb.vvp netlist.v \
            cofiber_stream_tb.v "$(dirname "$(command -v yosys)")/../share/yosys/ice40/cells_sim.v" && vvp -n tb.vvp "${@:2}")
}
check "after synthesis for iCE40" 0 "PASS: 2 of 2" cells a +input_stalls=30 +output_stalls=30
check "shared: emit" 0 "" emit a.cfn "$fixtures/frames_f32.safetensors" -o shared --fit ice40up5k
check "shared: after synthesis for the UP5K" 0 "PASS: 2 of 2" cells shared +input_stalls=30 +output_stalls=30

# Multipliers are DSP blocks where that is asked, and none where they are to be logic.
check "one scale: compile" 0 "" cofiber compile "$fixtures/head_f32.safetensors" -o one.cfn --input-scale 0.05 \
    --grid 4x4 --scales 1 --top cofiber
for style in dsp logic; do
    check "$style: emit" 0 "" emit one.cfn -o "one-$style" --lanes 2 --parallel-classes 2 --multipliers "$style"
    for target in ecp5 xilinx; do
        wanted='"dsps":	4' && [ "$style" = dsp ] || wanted='"dsps":	0'
        check "$style: $target" 0 "$wanted" cofiber synth "one-$style" --target "$target" --json
    done
done
check "constants: emit for cells" 0 "" emit a.cfn "$fixtures/frames_f32.safetensors" -o constants --weights constants
check "constants: after synthesis for iCE40" 0 "PASS: 2 of 2" cells constants +input_stalls=30 +output_stalls=30
check "constants: emit" 0 '"multipliers":	0,' emit one.cfn -o one-constants --weights constants --json
for target in ecp5 xilinx; do
    check "constants: $target" 0 '"dsps":	0' cofiber synth one-constants --target "$target" --json
done

# ---- the published size, a real frame ----

frame=$root/examples/000000214753_f16.npy
check "full: compile" 0 "" cofiber compile "$root/examples/head_nearest_fp32.safetensors" -o full --calibrate "$frame" \
    --score-threshold 0.1
check "full: emit for a UP5K" 0 '"cycles_per_frame":	6144000' emit full "$frame" -o up5k --fit ice40up5k --json
placed() { # at most 1,600 logic cells, at least 48 MHz in the lower of the two tools
    cofiber synth up5k --target ice40 --seeds 3 --bitstream up5k.bin --json >placed.json && [ -s up5k.bin ] &&
        python3 -c 'import json
r = json.load(open("placed.json"))
assert 0 < r["logic_cells"] <= 1600 and min(r["nextpnr_mhz"], r["icetime_mhz"]) >= 48 and r["frames_per_second"] >= 7.8, r'
}
check "full: placed on a UP5K" 0 "" placed
check "full: part of a frame through the cells of a UP5K" 0 "PASS: 0 of 1" cells up5k +bytes=400
check "full: two frames on a UP5K" 0 "6144000 to 6144000 from frame to frame" cofiber cosim full "$frame" "$frame" \
    --style stream --fit ice40up5k
check "full: three frames" 0 "153600 to 153600 from frame to frame" cofiber cosim full "$frame" "$frame" "$frame" \
    --style stream --lanes 8
check "full: with stalls" 0 "168,000 decisions and 168,000 sums of 1 frame compared, 0 and 0 differ" cofiber cosim full \
    "$frame" --style stream --lanes 16 --parallel-classes 20 --stalls 30
finish
