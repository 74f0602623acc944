#!/usr/bin/env bash
# One exported network (by default a classifier of the given netlist) in ABC, Verilator and iverilog, beside this
# project's bit-parallel engine: patterns a second times AND nodes. Outputs are compared first.
#
#   scripts/bench_bits_peers.sh COFIBER NET [GATE]
#
# Rates are in AND-node lanes a second of the same and-inverter graph (a full adder is seven AND nodes), so that tools
# which see adders and tools which see AND nodes are measured alike. Quote the load printed at the end.
set -euo pipefail
cofiber=$(realpath "$1") net=$(realpath "$2") gate=${3:-'s0.classify[0,0,0]'}
scripts=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=/usr/bin/python3
rate() { $python -c "print('%-28s %10.3g AND-node lanes/s' % ('$1', $2 * $3 / max($4, 1e-9)))"; } # name, nodes, patterns, s
seconds() { # command...: wall clock of the command; its output goes to $work/out
    local start
    start=$(date +%s.%N)
    "$@" >"$work/out" 2>&1
    echo "$(date +%s.%N) - $start" | bc
}

"$cofiber" export "$net" --to aiger --gate "$gate" -o "$work/cell.aig" | tee "$work/made"
nodes=$(sed -n 's/.* \([0-9,]*\) AND nodes/\1/p' "$work/made" | tr -d ,)
"$cofiber" export "$net" --to aiger --dummy-latch --gate "$gate" -o "$work/latch.aig" >"$work/out"
"$cofiber" import "$work/cell.aig" --from aiger -o "$work/cell.cfn" >"$work/out"

# The expected outputs of the 64 patterns: this project's word simulator on the imported network.
# The interpreter gets fewer cycles: it takes about a second for one.
cycles=${CYCLES:-2000} slow_cycles=${SLOW_CYCLES:-10}
for folder in 64 1 slow; do
    lanes=${folder/slow/64}
    mkdir -p "$work/$folder"
    "$cofiber" export "$net" --to verilog --lanes "$lanes" --gate "$gate" -o "$work/$folder/cell.v" >"$work/out"
    $python "$scripts/peer_wrapper.py" "$work/$folder/cell.v" "$lanes" \
        "$([ $folder = slow ] && echo "$slow_cycles" || echo "$cycles")" "$work/$folder"
done
"$cofiber" sim "$work/cell.cfn" "$work/64/patterns.npy" -o "$work/expected" >"$work/out"
$python - "$work/expected" >"$work/expected.hex" <<'PY'
import json, sys
f = open(sys.argv[1], "rb")
header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
data = f.read()
t = header["output"]
bits = data[t["data_offsets"][0]:t["data_offsets"][1]]
n = t["shape"][-1]
for i in range(n):
    print("output %d %016x" % (i, sum(bits[f * n + i] << f for f in range(len(bits) // n))))
PY
compare() { # name
    if diff <(grep '^output' "$work/out") "$work/expected.hex" >"$work/difference"; then
        echo "$1: outputs of 64 patterns equal ours"
    else
        echo "$1: OUTPUTS DIFFER"
        head -n 4 "$work/difference"
        exit 1
    fi
}

if command -v berkeley-abc >"$work/out"; then
    frames=64
    berkeley-abc -c "&r $work/latch.aig; &sim -F $frames -W 64 -T 100" >"$work/out"
    taken=$(sed -n 's/.*Time = *\([0-9.]*\) sec/\1/p' "$work/out" | tail -n 1)
    rate "ABC &sim" "$nodes" "$frames*64*32" "$taken"
fi
if command -v verilator >"$work/out"; then
    for lanes in 64 1; do
        start=$(date +%s)
        (cd "$work/$lanes" && verilator --binary --timing -O3 -Wno-fatal --top-module bench cell.v bench.v \
            --Mdir obj -CFLAGS -O1 >log 2>&1) || { echo "Verilator, $lanes lanes: could not build"; tail -n 3 "$work/$lanes/log"; continue; }
        echo "Verilator, $lanes lanes: built in $(($(date +%s) - start)) s"
        taken=$(seconds "$work/$lanes/obj/Vbench")
        [ $lanes = 1 ] || compare "Verilator"
        rate "Verilator, $lanes lanes" "$nodes" "$cycles*$lanes" "$taken"
    done
fi
if command -v iverilog >"$work/out"; then
    iverilog -g2012 -o "$work/slow/a.out" "$work/slow/cell.v" "$work/slow/bench.v"
    taken=$(seconds vvp "$work/slow/a.out")
    compare "iverilog, 64 lanes"
    rate "iverilog, 64 lanes" "$nodes" "$slow_cycles*64" "$taken"
fi
"$cofiber" bench --help >"$work/out" 2>&1 && grep -q -- --json "$work/out" && "$cofiber" bench "$net" --json >"$work/bench.json" 2>"$work/out" &&
    $python - "$work/bench.json" <<'PY'
import json, sys
bits = json.load(open(sys.argv[1])).get("bits")
if bits:
    print("%-28s %10.3g AND-node lanes/s (7 to a full adder)" % ("ours, whole circuit", 7 * bits["fa_lanes_per_s"]))
PY
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
