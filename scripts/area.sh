#!/usr/bin/env bash
# Prints the area of each group of a netlist's structural Verilog, as Yosys maps it to a family of devices. One kind of row
# after another is synthesised, with its hierarchy kept, so that each kind of gate is mapped once; the area of a group is
# that of its rows times the number of its places. Nothing is shared between gates.
#
#   scripts/area.sh [--json] [--target ice40|ecp5|xilinx|generic] [--limit SECONDS] [BUILD [NET]]
#
# Default: all four targets, `build`, and a small circuit of tests/fixtures. With --json, one target (ice40), as
# `cofiber report --luts` reads it. Yosys is given SECONDS (600) per kind of row; "-" stands where it was not done by then.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
json=no targets="" limit=600
while [[ ${1:-} == --* ]]; do
    case $1 in
    --json) json=yes && shift ;;
    --target) targets=$2 && shift 2 ;;
    --limit) limit=$2 && shift 2 ;;
    *) echo "area.sh: unknown option $1" >&2 && exit 2 ;;
    esac
done
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
net=${2:-$work/net}
if [ $# -lt 2 ]; then
    "$build/cofiber" compile "$root/tests/fixtures/head_f32.safetensors" -o "$net" --grid 8x8 --scales 2 --top cofiber \
        --input-scale 0.05 >"$work/log"
fi
"$build/cofiber" verilog "$net" -o "$work/rtl" >"$work/log"
[ -n "$targets" ] || { [ $json = yes ] && targets=ice40 || targets="ice40 ecp5 xilinx generic"; }

/usr/bin/python3 - "$work" "$limit" "$json" $targets <<'PY'
import json
import re
import subprocess
import sys

work, limit, as_json, targets = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "yes", sys.argv[4:]
SYNTHESIS = {
    "ice40": "synth_ice40 -noflatten -top {0}",
    "ecp5": "synth_ecp5 -noflatten -nodsp -top {0}",
    "xilinx": "synth_xilinx -nodsp -noiopad -noclkbuf -top {0}",
    "generic": "synth -lut 4 -top {0}",
}
# A cell's LUTs: an ECP5 carry cell takes two.
LUTS = {"SB_LUT4": 1, "LUT4": 1, "CCU2C": 2, "INV": 1, "$lut": 1, **{f"LUT{n}": 1 for n in (1, 2, 3, 5, 6)}}
CARRIES = {"SB_CARRY", "CCU2C", "CARRY4"}

rows = []  # (module, group, gates per row, places)
with open(f"{work}/rtl/cofiber_rows.v") as f:
    for line in f:
        found = re.match(r"// (\d+) gates of (\S+)\. The top places this module (\d+) times?,", line)
        if found:
            about = (found.group(2), int(found.group(1)), int(found.group(3)))
        found = re.match(r"module (row_\w+)", line)  # a graph is part of its row
        if found:
            rows.append((found.group(1), *about))


def cells_of(target, module):
    """How many cells of each type a row takes; None where Yosys is not done in time."""
    script = (f"read_verilog {work}/rtl/cofiber_cells.v {work}/rtl/cofiber_rows.v; hierarchy -top {module}; "
              + SYNTHESIS[target].format(module) + f"; tee -q -o {work}/stat.json stat -json -top {module}")
    try:
        subprocess.run(["yosys", "-q", "-p", script], check=True, timeout=limit, stdout=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None
    with open(f"{work}/stat.json") as f:
        return json.load(f)["design"]["num_cells_by_type"]


for target in targets:
    groups = {}
    for module, name, gates, places in rows:
        group = groups.setdefault(name, {"name": name, "gates": 0, "rows": 0, "luts": 0, "carries": 0})
        cells = cells_of(target, module)
        group["gates"] += gates * places
        group["rows"] += places
        for key, weight in (("luts", LUTS), ("carries", dict.fromkeys(CARRIES, 1))):
            count = None if cells is None else sum(weight.get(t, 0) * n for t, n in cells.items())
            group[key] = None if count is None or group[key] is None else group[key] + places * count
    if as_json:
        known = [{k: v for k, v in g.items() if v is not None} for g in groups.values() if g["luts"] is not None]
        print(json.dumps({"target": target, "groups": known}, indent=1))
        continue
    print(f"{target:<16}{'gates':>12}{'rows':>10}{'LUTs':>14}{'carry cells':>14}{'LUTs per gate':>16}")
    for g in groups.values():
        luts, carries = (f"{g[k]:,}" if g[k] is not None else "-" for k in ("luts", "carries"))
        each = f"{g['luts'] / g['gates']:.1f}" if g["luts"] is not None else "-"
        print(f"{g['name']:<16}{g['gates']:>12,}{g['rows']:>10,}{luts:>14}{carries:>14}{each:>16}")
    if all(g["luts"] is not None for g in groups.values()):
        total = [sum(g[k] for g in groups.values()) for k in ("gates", "rows", "luts", "carries")]
        print(f"{'total':<16}{total[0]:>12,}{total[1]:>10,}{total[2]:>14,}{total[3]:>14,}{total[2] / total[0]:>16.1f}")
    print()
PY
