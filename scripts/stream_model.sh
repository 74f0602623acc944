#!/usr/bin/env bash
# Prints the table of docs/stream.md that holds the accelerator's closed form against what Yosys finds: LUTs, flip-flops
# and memory bits of settings of several netlists of random weights. Memories and the multipliers that are meant for DSP
# blocks are not mapped, which makes it quick.
#
#   scripts/stream_model.sh [BUILD]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo "| classes, channels, grid, scales, upsampling | options | LUTs: model | found | | flip-flops: model | found | | memory bits: model | found | |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"
while IFS='|' read -r netlist options; do
    read -r classes channels grid scales upsample <<<"$netlist"
    python3 "$root/tests/rtl/inputs.py" head head "$classes" "$channels" 7
    "$build/cofiber" compile head -o net --input-scale 0.05 --grid "$grid" --scales "$scales" --upsample "$upsample" >/dev/null
    # shellcheck disable=SC2086
    "$build/cofiber" verilog net -o ip --force --style stream $options >/dev/null
    "$build/cofiber" synth ip --target generic --json >synth.json
    python3 - "$netlist" "$options" <<'END'
import json, sys
found = json.load(open("synth.json"))
model, cells = found["model"], [sys.argv[1].strip(), sys.argv[2].strip()]
for name in ("luts", "registers", "memory_bits"):
    cells += [f"{model[name]:,}", f"{found[name]:,}", f"{100 * (model[name] / found[name] - 1):+.1f}%"]
print("| " + " | ".join(cells) + " |", flush=True)
END
    rm -rf ip net head
done <<'END'
10 64 16x16 3 nearest | --lanes 8
10 64 16x16 3 nearest | --lanes 4 --parallel-classes 2
20 128 32x32 3 nearest | --lanes 8 --parallel-classes 4
20 128 32x32 3 bilinear | --lanes 8 --parallel-classes 4
80 768 40x40 3 nearest | --lanes 4 --parallel-classes 1
80 768 40x40 3 nearest | --lanes 8 --parallel-classes 4
80 768 40x40 3 bilinear | --lanes 8 --parallel-classes 4
80 768 40x40 3 nearest | --lanes 8 --parallel-classes 16
80 768 40x40 2 nearest | --lanes 16 --parallel-classes 5
16 256 24x32 3 nearest | --lanes 16 --multipliers logic
16 256 24x32 2 bilinear | --lanes 4 --parallel-classes 8 --weights loadable
5 32 16x8 1 nearest | --lanes 2
7 48 8x8 3 bilinear | --lanes 6 --sparse
80 768 40x40 3 nearest | --lanes 16 --parallel-classes 8 --weights loadable
10 64 8x8 2 nearest | --weights constants
7 48 8x8 3 bilinear | --weights constants
END
