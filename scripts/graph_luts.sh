#!/usr/bin/env bash
# Compares the LUTs of a position's classifiers with and without an adder graph, as Yosys maps their structural Verilog:
# CLASSES classes and CHANNELS channels of the example head, on a grid of 2 x 2. Compares every gate of the Verilog with
# the graph with the simulator, through Verilator. Prints the table of docs/optimize.md.
#
#   scripts/graph_luts.sh [BUILD [CLASSES CHANNELS [TARGET...]]]
#
# Default: build, 16 classes, 64 channels, and the targets ice40, ecp5 and xilinx.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
classes=${2:-16} channels=${3:-64}
shift $(($# < 3 ? $# : 3))
[ $# -gt 0 ] || set -- ice40 ecp5 xilinx
export PATH=/usr/bin:$PATH OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 - "$root" "$work/head" "$classes" "$channels" <<'END'
import sys
root, path, classes, channels = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sys.path.insert(0, root + "/tests/support")
from netlistfile import read_safetensors, safetensors
with open(root + "/examples/head_nearest_fp32.safetensors", "rb") as file:
    tensors, meta = read_safetensors(file.read())
dtype, (_, columns), weights = tensors["weight"]
cut = [w for c in range(classes) for w in weights[c * columns : c * columns + channels]]
bias = ("F32", [classes], tensors["bias"][2][:classes])
with open(path, "wb") as file:
    file.write(safetensors({"weight": (dtype, [classes, channels], cut), "bias": bias}, {"upsample": meta["upsample"]}))
END
cofiber() {
    "$build/cofiber" "$@"
}
cofiber compile "$work/head" -o "$work/cells" --grid 2x2 --scales 1 --top cofiber --input-scale 0.03125 >/dev/null
cofiber optimize "$work/cells" -o "$work/graph" --effort 100 --json >"$work/json"
cofiber vectors "$work/graph" -o "$work/vectors" >/dev/null
cofiber cosim "$work/graph" "$work/vectors" | tail -n 1
cofiber_luts() { # netlist, target
    "$root/scripts/area.sh" --json --target "$2" "$build" "$work/$1" |
        python3 -c 'import json, sys
print(*(g["luts"] // g["rows"] for g in json.load(sys.stdin)["groups"] if g["name"].endswith("classify")))'
}

date -u +%Y-%m-%d
yosys -V
python3 -c 'import json, sys
j = json.load(sys.stdin)
print("adders: %d without sharing, %d in the graph, %d full adders" % (j["adders"]["before"], j["adders"]["after"], j["full_adders"]))' <"$work/json"
echo
echo '| target | LUTs per position, gate by gate | with the graph | ratio |'
echo '|---|---|---|---|'
for target in "$@"; do
    before=$(cofiber_luts cells "$target") after=$(cofiber_luts graph "$target")
    echo "| $target | $before | $after | $(awk "BEGIN { printf \"%.2f\", $after / $before }") |"
done
