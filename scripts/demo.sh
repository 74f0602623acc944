#!/usr/bin/env bash
# The main job on the example: a trained head becomes a netlist, is counted, simulated, and checked gate for gate
# against Verilator's build of the emitted Verilog and by count against Yosys. The last step draws what it detects.
#
#   scripts/demo.sh [COFIBER]      (default: build/cofiber; results go to build/demo)
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/build_folder.sh
find_build "$(dirname "${1:-build/cofiber}")"
cofiber=${1:-build/cofiber}
out=build/demo
head=examples/head_nearest_fp32.safetensors
frame=examples/000000214753_f16.npy
mkdir -p "$out"

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

step() {
    printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
    shift
    printf '$ %s\n' "$*"
    "$@"
}

step "Compile the head into a netlist of threshold gates" \
    "$cofiber" compile "$head" -o "$out/net.safetensors" --calibrate "$frame" --score-threshold 0.1
step "Count its gates beside the published card's table" "$cofiber" stats "$out/net.safetensors"
step "Simulate every gate on a real frame" \
    "$cofiber" sim "$out/net.safetensors" "$frame" -o "$out/decisions.safetensors"
step "Hold the INT8 netlist against the floating-point head" \
    "$cofiber" agreement "$out/net.safetensors" "$head" "$frame"
step "Emit Verilog" "$cofiber" verilog "$out/net.safetensors" -o "$out/rtl"
step "Count the gates three ways: closed form, netlist, Yosys" "$cofiber" census "$out/net.safetensors"
# A real frame alone would hardly ever show a wrong weight of a classifier: its value is one bit. Hence --vectors.
step "Build the Verilog with Verilator (a minute or two the first time); compare every gate, on frames made from the weights too" \
    "$cofiber" cosim "$out/net.safetensors" "$frame" --vectors
boxes=examples/head_boxes_overfitted_fp32.safetensors
step "Compile a head that has boxes as well. It was trained until it overfits, this photograph being one of 20" \
    "$cofiber" compile "$boxes" -o "$out/boxes.safetensors" --calibrate "$frame"
step "Draw what it detects over the energy of the features (the photograph is not in the repository)" \
    "$cofiber" detect "$out/boxes.safetensors" "$frame" --nms 0.4 --draw -o "$out/picture.png"
step "Compile a head trained on pictures of garments" \
    "$cofiber" compile examples/garments_linear.safetensors -o "$out/garments.safetensors" \
    --calibrate examples/garments_f16.safetensors --score-threshold 0.3
step "Draw what it finds on a picture that it was not trained on: class 8 is a bag" \
    "$cofiber" detect "$out/garments.safetensors" examples/garments_f16.safetensors --score-thresh 0.25 \
    --draw examples/garments.jpg -o "$out/garments.png"
