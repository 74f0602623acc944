#!/usr/bin/env bash
# Prints the table of times and memory in docs/performance.md, measured now on this machine: medians of five runs, except for the
# Verilator build, which runs once.
#
#   scripts/figures.sh [--no-build]      (without the Verilator build: cosim must have been built before)
#
# Uses the example in the repository. Needs `scripts/setup.sh build test bench`.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/build_folder.sh
find_build build
cofiber=build/cofiber
head=examples/head_nearest_fp32.safetensors
frame=examples/000000214753_f16.npy
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Wall seconds and peak MB (of the largest process) of a command, the median by time of $1 runs.
measure() {
    local runs=$1
    shift
    for _ in $(seq "$runs"); do
        /usr/bin/time -f '%e %M' -o "$out/time" "$@" >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
        cat "$out/time"
    done | sort -n | sed -n "$((runs / 2 + 1))p" | awk '{printf "%s s | %.0f MB", $1, $2 / 1024}'
}

row() { # label, runs, command...
    printf '| %s | %s |\n' "$1" "$(measure "${@:2}")"
}

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "$(verilator --version | cut -d' ' -f1,2), $(yosys -V | cut -d' ' -f1,2), load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo '| full size: 768 x 40 x 40, 80 classes | wall | peak memory |'
echo '|---|---|---|'
"$cofiber" compile "$head" -o "$out/net" --calibrate "$frame" --score-threshold 0.1 >/dev/null
"$cofiber" sim "$out/net" "$frame" -o "$out/d" >/dev/null
row '`compile`' 5 "$cofiber" compile "$head" -o "$out/net2" --calibrate "$frame" --score-threshold 0.1
row '`check`' 5 "$cofiber" check "$out/net"
row '`stats`' 5 "$cofiber" stats "$out/net"
row '`sim`, one frame, process and loading included' 5 "$cofiber" sim "$out/net" "$frame" -o "$out/d2"
row '`sim --trace`, one frame, every gate written' 5 "$cofiber" sim "$out/net" "$frame" --trace "$out/t"
row '`agreement`, one frame' 5 "$cofiber" agreement "$out/net" "$head" "$frame"
row '`verilog`' 5 "$cofiber" verilog "$out/net" -o "$out/rtl" --force
row '`census`, Yosys included' 5 "$cofiber" census "$out/net"
if [ "${1:-}" != --no-build ]; then
    "$cofiber" compile "$head" -o "$out/bilinear" --upsample bilinear --calibrate "$frame" >/dev/null
    row '`cosim --rebuild`: Verilator build, and one frame' 1 "$cofiber" cosim "$out/net" "$frame" --rebuild
    row 'the same, bilinear' 1 "$cofiber" cosim "$out/bilinear" "$frame" --rebuild
    "$cofiber" compile tests/fixtures/head_f32.safetensors -o "$out/small" --grid 8x8 --input-scale 0.05 >/dev/null
    row 'the same, 8 x 8 grid of 3 channels, 4 classes' 3 "$cofiber" cosim "$out/small" \
        tests/fixtures/frames_f32.safetensors --rebuild
fi
row '`cosim`, built before, one frame' 3 "$cofiber" cosim "$out/net" "$frame"
row '`cosim`, built before, five frames' 3 "$cofiber" cosim "$out/net" "$frame" "$frame" "$frame" "$frame" "$frame"
