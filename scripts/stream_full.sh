#!/usr/bin/env bash
# Runs the streaming accelerator of the published size through Verilator on real frames, back to back, in several
# settings, and compares every decision and every sum with the simulator; prints the table of docs/stream.md.
#
#   scripts/stream_full.sh [BUILD [HEAD FRAMES...]]      (default: build, and three frames of examples/)
#
# SETTINGS="8:80:nearest:20 ..." says which: channels, classes, upsampling, and of how many in 100 cycles either side
# stalls.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
head=$(realpath "${2:-$root/examples/head_nearest_fp32.safetensors}")
frames=("$root/examples/000000214753_f16.npy" "$root/examples/garments_f16.safetensors" "$root/examples/000000214753_f16.npy")
[ $# -lt 3 ] || mapfile -t frames < <(realpath "${@:3}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for upsample in nearest bilinear; do
    "$build/cofiber" compile "$head" -o "$upsample" --calibrate "${frames[0]}" --upsample "$upsample" \
        --score-threshold 0.1 >/dev/null
done
echo "| channels x classes | upsampling | stalls | frames | decisions, sums that differ | cycles from frame to frame | seconds of Verilator |"
echo "|---|---|---|---|---|---|---|"
for setting in ${SETTINGS:-8:80:nearest:0 8:80:bilinear:20 16:20:nearest:20 64:80:nearest:0 64:80:nearest:20}; do
    IFS=: read -r lanes classes upsample stalls <<<"$setting"
    "$build/cofiber" cosim "$upsample" "${frames[@]}" --style stream --lanes "$lanes" --parallel-classes "$classes" \
        --stalls "$stalls" --seed 11 --json >outcome.json || true
    python3 - "$lanes x $classes" "$upsample" "$stalls" <<'END'
import json, re, sys
r = json.load(open("outcome.json"))
cycles = re.search(r"(\d+) to (\d+) from frame to frame", r["testbench"])
text = " to ".join(f"{int(n):,}" for n in dict.fromkeys(cycles.groups())) if cycles else ""
print(f"| {sys.argv[1]} | {sys.argv[2]} | {sys.argv[3]}% | {r['frames']} | {r['different_decisions']} of {r['decisions']:,}, "
      f"{r['different_sums']} of {r['sums']:,} | {text} | {r['run_seconds']:.1f} |", flush=True)
END
done
