#!/usr/bin/env bash
# Prints the table of docs/stream.md: what the accelerator of a netlist of the published size costs in several settings.
#
#   scripts/stream_table.sh [BUILD]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$build/cofiber" compile "$root/examples/head_nearest_fp32.safetensors" -o net --score-threshold 0.1 \
    --calibrate "$root/examples/000000214753_f16.npy" >/dev/null
row() { # NAME MHz OPTIONS...: the row of a setting, at a clock
    "$build/cofiber" verilog net --style stream --dry-run --json "${@:3}" | NAME=$1 MHZ=$2 python3 -c '
import json, os, sys
c = json.load(sys.stdin)
rate = 1e6 * float(os.environ["MHZ"]) / c["cycles_per_frame"]
logic = {key: f"{c[key]:,}" if key in c else "-" for key in ("luts", "registers")}
print("| {name} | {cycles_per_frame:,} | {rate:.1f} at {mhz} MHz | {multipliers:,} | {LUTS} | {REGISTERS} | {memory_bits:,} | {memory[sums]:,} | {feature_buffer_bits:,} |".format(
    LUTS=logic["luts"], REGISTERS=logic["registers"], name=os.environ["NAME"], mhz=os.environ["MHZ"], rate=rate, **c))'
}
row "4 x 1, shared by 4 positions (UP5K)" 52.8 --fit ice40up5k  # the clock that was found
for setting in 4:1 8:4 8:16 8:80 16:80 64:80; do
    row "${setting%:*} x ${setting#*:}" 100 --lanes "${setting%:*}" --parallel-classes "${setting#*:}"
done
