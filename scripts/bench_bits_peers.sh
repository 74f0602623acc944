#!/usr/bin/env bash
# One exported network (by default a classifier of the given netlist) in ABC, Verilator and iverilog, beside this
# project's bit-parallel engine: patterns a second times AND nodes. Outputs on the same 64 patterns are compared first.
#
#   scripts/bench_bits_peers.sh COFIBER NET [GATE]       GATE may be several, separated by blanks: their cone
#
# Rates are in AND-node lanes a second of the same and-inverter graph (a full adder is seven AND nodes), so that tools
# which see adders and tools which see AND nodes are measured alike. A peer that takes longer than LIMIT seconds
# (default 900) to build or run is left out, and that is said; VERILATOR=no leaves out Verilator, whose build takes
# minutes. Quote the load printed at the end: ABC reports the time of its own thread, ours is the clock on the wall, so
# that other jobs on the machine make the ratio to ABC smaller than it is.
set -euo pipefail
cofiber=$(realpath "$1") net=$(realpath "$2") gate=${3:-'s0.classify[0,0,0]'} limit=${LIMIT:-900}
scripts=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=/usr/bin/python3
case $gate in *' '*) what=(--cone "$gate") ;; *) what=(--gate "$gate") ;; esac
rate() { # name, nodes, patterns, seconds
    $python -c "print('%-28s %10.3g AND-node lanes/s' % ('$1', $2 * $3 / $4))" | tee -a "$work/rates"
}
seconds() { # command...: wall clock of the command; its output goes to $work/out
    local start
    start=$(date +%s.%N)
    timeout "$limit" "$@" >"$work/out" 2>&1 || return 1
    echo "$(date +%s.%N) - $start" | bc
}

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), load $(cut -d' ' -f1 /proc/loadavg)"
"$cofiber" export "$net" --to aiger "${what[@]}" -o "$work/cell.aig" | tee "$work/made" | sed 's/.*: //'
nodes=$(sed -n 's/.* \([0-9,]*\) AND nodes/\1/p' "$work/made" | tr -d ,)
"$cofiber" export "$net" --to aiger --dummy-latch "${what[@]}" -o "$work/latch.aig" >"$work/out"
"$cofiber" import "$work/cell.aig" --from aiger -o "$work/cell.cfn" >"$work/out"

# The expected outputs of the 64 patterns: this project's word simulator on the imported network.
# The interpreter gets fewer cycles: it takes about a second for one.
cycles=${CYCLES:-2000} slow_cycles=${SLOW_CYCLES:-10}
for folder in 64 1 slow; do
    lanes=${folder/slow/64}
    mkdir -p "$work/$folder"
    "$cofiber" export "$net" --to verilog --lanes "$lanes" "${what[@]}" -o "$work/$folder/cell.v" >"$work/out"
    $python "$scripts/peer_wrapper.py" "$work/$folder/cell.v" "$lanes" \
        "$([ $folder = slow ] && echo "$slow_cycles" || echo "$cycles")" "$work/$folder"
done
"$cofiber" sim "$work/cell.cfn" "$work/64/patterns.npy" -o "$work/expected" >"$work/out"
"$cofiber" sim "$work/cell.cfn" "$work/64/patterns.npy" -o "$work/bits" --engine bits >"$work/out"
cmp "$work/expected" "$work/bits"
echo "ours: the bit engine's outputs of 64 patterns equal the word simulator's"
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

# `&sim` draws its own patterns. ABC's other simulator, `sim -A`, takes ours, and says whether an output is asserted: so
# it gets one output and one pattern at a time, 32 times, which fills its word (it makes up the rest). Both read the same
# graph; `&sim` with the latch that it wants.
if command -v berkeley-abc >"$work/out"; then
    $python - "$work" "$(wc -l <"$work/expected.hex")" >"$work/abc.script" <<'PY'
import sys
import numpy as np
folder, outputs = sys.argv[1], int(sys.argv[2])
patterns = np.load(folder + "/64/patterns.npy").reshape(64, -1).astype(int)
for k in range(outputs):
    print(f"read_aiger {folder}/cell.aig" + (f"; cone -a -O {k}" if outputs > 1 else ""))
    for p, row in enumerate(patterns):
        with open(f"{folder}/pattern{p}", "w") as f:
            f.write(32 * ("".join(map(str, row)) + "\n"))
        print(f"sim -A {folder}/pattern{p}")
PY
    timeout "$limit" berkeley-abc -f "$work/abc.script" >"$work/abc.log" 2>&1 || true
    grep -E '^Simulation of .*(asserted output|did not assert)' "$work/abc.log" |
        awk '{ bits = (/did not/ ? 0 : 1) bits } NR % 64 == 0 { print bits; bits = "" }' |
        { n=0; while read -r bits; do printf 'output %d %016x\n' $((n++)) $((2#$bits)); done; } >"$work/out"
    compare "ABC"
    frames=$((40000000000 / 2048 / nodes + 64)) # about a second's work, and never little
    timeout "$limit" berkeley-abc -c "&r $work/latch.aig; &sim -F $frames -W 64 -T $limit" >"$work/out" 2>&1 || true
    taken=$(sed -n "s/.*simulating $frames frames with 64 words.*Time = *\([0-9.]*\) sec/\1/p" "$work/out" | tail -n 1)
    if [ -n "$taken" ]; then
        rate "ABC &sim" "$nodes" "$frames*64*32" "$taken" # its words have 32 bits
    else
        echo "ABC &sim: no answer within $limit s"
    fi
fi
if [ "${VERILATOR:-yes}" != no ] && command -v verilator >"$work/out"; then
    for lanes in 64 1; do
        start=$(date +%s)
        (cd "$work/$lanes" && timeout "$limit" verilator --binary --timing -O3 -Wno-fatal --top-module bench cell.v bench.v \
            --Mdir obj -CFLAGS -O1 >log 2>&1) || { echo "Verilator, $lanes lanes: not built within $limit s"; tail -n 3 "$work/$lanes/log"; continue; }
        echo "Verilator, $lanes lanes: built in $(($(date +%s) - start)) s"
        taken=$(seconds "$work/$lanes/obj/Vbench") || { echo "Verilator, $lanes lanes: not run within $limit s"; continue; }
        [ $lanes = 1 ] || compare "Verilator"
        rate "Verilator, $lanes lanes" "$nodes" "$cycles*$lanes" "$taken"
    done
fi
if command -v iverilog >"$work/out"; then
    if timeout "$limit" iverilog -g2012 -o "$work/slow/a.out" "$work/slow/cell.v" "$work/slow/bench.v" &&
        taken=$(seconds vvp "$work/slow/a.out"); then
        compare "iverilog, 64 lanes"
        rate "iverilog, 64 lanes" "$nodes" "$slow_cycles*64" "$taken"
    else
        echo "iverilog: not built and run within $limit s"
    fi
fi
"$cofiber" bench "$net" --engine bits --isa auto --json >"$work/bench.json" 2>"$work/out"
$python - "$work/bench.json" "$work/rates" <<'PY'
import json, sys
bench = json.load(open(sys.argv[1]))
peers = [line.rstrip("\n") for line in open(sys.argv[2])]
for name, bits in (f"{bench['bits']['frames']} frames at once", bench["bits"]), ("a frame alone", bench["bits_one_frame"]):
    for what, adders in ("whole circuit", bits["fa_lanes_per_s"]), ("classifiers", bits["output_fa_lanes_per_s"]):
        ours = 7 * adders
        print("%-40s %10.3g AND-node lanes/s (one thread, %s)" % (f"ours, {what}, {name}", ours, bits["isa"]))
        for line in peers:
            print("%-40s %10.1f times as fast" % ("  beside " + line[:28].strip(), ours / float(line[28:].split()[0])))
PY
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
