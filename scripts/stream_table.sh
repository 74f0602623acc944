#!/usr/bin/env bash
# Prints the table of docs/stream.md: what the accelerator of a netlist of the published size costs in several settings.
#
#   scripts/stream_table.sh [BUILD]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$root/build}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$build/cofiber" compile "$root/examples/head_nearest_fp32.safetensors" -o net --score-threshold 0.1 \
    --calibrate "$root/examples/000000214753_f16.npy" >/dev/null
for setting in 4:1 8:4 8:16 8:80 16:80 64:80; do
    "$build/cofiber" verilog net --style stream --dry-run --json --lanes "${setting%:*}" --parallel-classes "${setting#*:}" |
        python3 -c '
import json, sys
c = json.load(sys.stdin)
rate = 1e8 / c["cycles_per_frame"]
print("| {lanes} x {parallel_classes} | {cycles_per_frame:,} | {rate:.1f} | {multipliers:,} | {memory_bits:,} | {memory[sums]:,} | {feature_buffer_bits:,} |".format(rate=rate, **c))'
done
