#!/usr/bin/env bash
# How the time of a frame grows with positions, classes and channels: random heads, one thread, medians by
# `cofiber bench`. Prints tables in Markdown; linear growth shows as an even last column.
#
#   scripts/bench_scaling.sh [BUILD]
#
# SECONDS_EACH=1 is how long each point is measured in each mode; 0.05 gives the whole table in some 45 seconds, with
# more scatter. POINTS="20x20/80/768/2 40x40/160/768" measures these (grid/classes/channels, and scales where not 3)
# instead of those in docs/performance.md.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/build_folder.sh
find_build "${1:-build}"
seconds=${SECONDS_EACH:-1}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

head_of() { # classes channels: a random head in the published card's form
    python3 - "$1" "$2" "$scratch/head.safetensors" <<'PYTHON'
import json, random, struct, sys
classes, channels, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random.seed(1)
weight = [float(max(-127, min(127, round(random.gauss(0, 30))))) for _ in range(classes * channels)]
bias = [random.gauss(-4, 1) for _ in range(classes)]
size = 4 * classes * channels
header = json.dumps({
    "weight": {"dtype": "F32", "shape": [classes, channels], "data_offsets": [0, size]},
    "bias": {"dtype": "F32", "shape": [classes], "data_offsets": [size, size + 4 * classes]},
}).encode()
header += b" " * (-len(header) % 8)
with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header)
    file.write(struct.pack(f"<{len(weight)}f", *weight) + struct.pack(f"<{len(bias)}f", *bias))
PYTHON
}

measure() { # grid classes channels scales
    head_of "$2" "$3"
    "$build/cofiber" compile "$scratch/head.safetensors" -o "$scratch/net.cfn" --grid "$1" --scales "$4" --input-scale 0.04 >/dev/null
    "$build/cofiber" bench "$scratch/net.cfn" --isa auto --engine word --threads 1 --seconds "$seconds" --json >"$scratch/bench.json"
    python3 - "$1" "$2" "$3" "$scratch/bench.json" <<'PYTHON'
import json, sys
grid, classes, channels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(sys.argv[4]) as file:
    bench = json.load(file)
h, w = map(int, grid.split("x"))
size = h * w * classes * channels
gates, decisions = bench["all_gates"], bench["decisions"]
print(f"| {grid} | {classes} | {channels} | {gates['ms']:.3f} | {gates['ms'] / gates['limit_ms']:.2f} "
      f"| {decisions['ms']:.3f} | {decisions['ms'] / decisions['limit_ms']:.2f} | {1e9 * gates['ms'] / size:.2f} "
      f"| {1e9 * decisions['ms'] / size:.2f} |")
PYTHON
}

echo "load $(cut -d' ' -f1 /proc/loadavg), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
echo
echo "| grid | classes | channels | all gates, ms | x limit | decisions, ms | x limit | fs a weight: all gates | decisions |"
echo "|---|---|---|---|---|---|---|---|---|"
grids="20x20/80/768/2 40x40/80/768/2 80x80/80/768/2 160x160/80/768/2" # 20 is twice even: two scales
classes="40x40/160/768 40x40/320/768 40x40/640/768 40x40/1280/768"
channels="40x40/80/192 40x40/80/384 40x40/80/1536"
for point in ${POINTS:-$grids $classes $channels}; do
    IFS=/ read -r grid class_count channel_count scales <<<"$point"
    measure "$grid" "$class_count" "$channel_count" "${scales:-3}"
done
