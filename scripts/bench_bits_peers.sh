#!/usr/bin/env bash
# One network and the same random patterns in this project's bit-parallel engine, ABC, Verilator and iverilog.
#
#   scripts/bench_bits_peers.sh [COFIBER [NET]]       NET: a compiled circuit (default: that of examples/)
#
# Two networks are cut out of the circuit (export --to netlist) and exported for the other tools: all classifiers of one
# position, and one classifier alone. First the outputs of all tools on all 512 patterns are compared. A rate is the number
# of AND nodes of the exported AIGER times patterns per second, with one thread. For the other tools the time is CPU time,
# as the difference of two runs of different length, so that reading and start-up do not count. For cofiber it is wall
# time, measured with and without the transposition of operands and results. Other jobs on the machine make the ratios
# smaller: quote the load.
#
# Environment: LIMIT, the seconds after which a peer is given up (default 900); VERILATOR=no leaves Verilator out, whose
# build takes minutes; SIZES=no leaves out how large a network each peer can take, which takes up to a few times LIMIT.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
source "$scripts/build_folder.sh"
find_build "$(dirname "${1:-$scripts/../build/cofiber}")"
cofiber=$build/cofiber limit=${LIMIT:-900} patterns=512
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
net=$(realpath "${2:-$work/net}")
[ $# -gt 1 ] || "$cofiber" compile "$scripts"/../examples/head_nearest_fp32.safetensors -o "$net" \
    --calibrate "$scripts"/../examples/*.npy --score-threshold 0.1
bits() { /usr/bin/python3 "$scripts/peers/bits.py" "$@"; }
have() { command -v "$1" >"$work/which"; }
quiet() { "$@" >"$work/quiet" 2>&1 || { cat "$work/quiet"; return 1; }; }
load() { cut -d' ' -f1-3 /proc/loadavg; }
[ "${VERILATOR:-yes}" = no ] || have verilator || VERILATOR=no

# cut_out NAME COUNT: a folder with the netlist of the first so many classifiers, and its AIGER with the latch that
# ABC's &sim wants. Sets `nodes`.
cut_out() {
    mkdir -p "$work/$1"
    quiet "$cofiber" export "$net" --to netlist --gate "$(bits gates "$net" "$2")" -o "$work/$1/cut.cfn" &&
        "$cofiber" export "$work/$1/cut.cfn" --to aiger --dummy-latch -o "$work/$1/latch.aig" >"$work/$1/made" &&
        nodes=$(sed -n 's/.* \([0-9,]*\) AND nodes/\1/p' "$work/$1/made" | tr -d ,)
}

rate() { # name, nodes, patterns, seconds
    awk -v name="$1" -v rate="$(awk "BEGIN { print $2 * $3 / ($4) }")" 'BEGIN {
        printf "  %-40s %9.3g AND-node lanes/s", name, rate }'
    case $1 in
    ours*) echo ;;
    *) awk -v rate="$(awk "BEGIN { print $2 * $3 / ($4) }")" -v ours="$ours" -v bare="$bare" 'BEGIN {
        printf "; ours is %.3g times as fast, %.3g without transposition\n", ours / rate, bare / rate }' ;;
    esac
}

agree() { # name, file with its outputs
    cmp -s "$work/$network/expected" "$2" || { echo "  $1: OUTPUTS DIFFER"; exit 1; }
    echo "  $1: outputs of all $patterns patterns equal ours"
}

# bench_bits NETLIST PATTERNS: sets ms and programs_ms (a pattern, one thread), frames (at once) and isa.
bench_bits() {
    local folder=$work/$network
    "$cofiber" bench "$folder/$1.cfn" "$folder/$2.npy" --engine bits --isa auto --json >"$folder/json" 2>"$work/quiet"
    read -r ms programs_ms frames isa < <(bits figures "$folder/json")
}

# Measures cofiber first. Sets `ours` and `bare`, both in AND-node lanes per second.
measure_ours() {
    local folder=$work/$network
    bits patterns "$folder/cut.cfn" "$patterns" "$folder"
    quiet "$cofiber" sim "$folder/cut.cfn" "$folder/words.npy" -o "$folder/word" --isa reference
    quiet "$cofiber" sim "$folder/cut.cfn" "$folder/words.npy" -o "$folder/bits" --engine bits
    cmp "$folder/word" "$folder/bits"
    bits outputs "$folder/bits" >"$folder/expected"
    echo "  ours: the bit engine's outputs equal the word-level definition's; $(tr -cd 1 <"$folder/expected" | wc -c)" \
        "of $(tr -cd 01 <"$folder/expected" | wc -c) are 1"
    bench_bits cut words
    ours=$(awk "BEGIN { print $nodes / $ms * 1e3 }") bare=$(awk "BEGIN { print $nodes / $programs_ms * 1e3 }")
    rate "ours, $isa, $frames frames at once" "$ours" 1 1
    rate "ours, without transposition" "$bare" 1 1
}

# The exported AIGER, imported again: a netlist of a gate a node, as foreign ones are.
measure_imported() {
    local folder=$work/$network taken eight=() # times the patterns, for a time that is long enough
    for _ in {1..8}; do eight+=("$folder/bits.npy"); done
    "$cofiber" export "$folder/cut.cfn" --to aiger -o "$folder/cut.aig" >"$work/quiet"
    "$cofiber" import "$folder/cut.aig" --from aiger -o "$folder/imported.cfn" >"$work/quiet"
    quiet "$cofiber" sim "$folder/imported.cfn" "$folder/bits.npy" -o "$folder/imported" --engine bits
    bits outputs "$folder/imported" >"$folder/out"
    agree "ours, the AIGER imported" "$folder/out"
    bench_bits imported bits
    rate "ours, imported, every node a gate" "$nodes" 1 "$ms * 1e-3"
    taken=$("$cofiber" sim "$folder/imported.cfn" "${eight[@]}" --engine bits --threads 1 --json |
        sed -n 's/.*"seconds":[^0-9]*\([0-9.e-]*\).*/\1/p')
    rate "ours, the same, reading frames included" "$nodes" "8 * $patterns" "$taken"
}

# The two lengths of a peer's run: name, patterns more in the longer, command of the shorter, command of the longer.
difference() {
    local short long
    if ! short=$(bits run "$limit" "$work/out" bash -c "$3") ||
        ! long=$(bits run "$limit" "$work/out" bash -c "$4"); then
        echo "  $1: no answer within $limit s"
        return
    fi
    if awk "BEGIN { exit !(${long%% *} > ${short%% *}) }"; then
        rate "$1" "$nodes" "$2" "${long%% *} - ${short%% *}"
    else
        echo "  $1: too fast to be timed"
    fi
}

measure_abc() {
    local folder=$work/$network frames
    frames=$((150000000000 / 2048 / nodes + 1)) # some seconds' work
    if ! bits run "$limit" "$folder/log" berkeley-abc -c \
        "&r $folder/latch.aig; &sim -I $folder/bits.txt -F $patterns -W 1 -T $limit" >"$work/used"; then
        echo "  ABC &sim: no answer within $limit s"
        return
    fi
    agree "ABC &sim" "$folder/bits_out.txt"
    difference "ABC &sim -W 64, random patterns" "$frames * 2048" \
        "berkeley-abc -c '&r $folder/latch.aig; &sim -F 1 -W 64 -T $limit'" \
        "berkeley-abc -c '&r $folder/latch.aig; &sim -F $((frames + 1)) -W 64 -T $limit'"
}

# verilog FOLDER LANES: the cut as gate-level Verilog with a bench around it.
verilog() {
    mkdir -p "$1/$2"
    "$cofiber" export "$1/cut.cfn" --to verilog --lanes "$2" -o "$1/$2/cell.v" >"$work/quiet"
    bits verilog "$1/$2/cell.v" "$1/$2" "$2"
}

build_verilator() { # folder; prints what `bits run` does
    (cd "$1" && bits run "$limit" log verilator --binary --timing -j "$(nproc)" -O3 -Wno-fatal --top-module bench \
        cell.v bench.v --Mdir obj -CFLAGS -O1)
}

measure_verilator() { # lanes
    local folder=$work/$network/$1 used cycles=2000
    verilog "$work/$network" "$1"
    used=$(build_verilator "$folder") || { echo "  Verilator, $1 lanes: not built within $limit s"; return; }
    "$folder/obj/Vbench" >"$folder/log"
    bits lanes "$folder/log" >"$folder/out"
    agree "Verilator, $1 lanes (built in $(cut -d' ' -f2 <<<"$used") s)" "$folder/out"
    difference "Verilator, $1 lanes" "$cycles * $1" "$folder/obj/Vbench" "$folder/obj/Vbench +cycles=$cycles"
}

build_iverilog() {
    bits run "$limit" "$1/log" iverilog -g2012 -o "$1/a.out" "$1/cell.v" "$1/bench.v"
}

measure_iverilog() {
    local folder=$work/$network/64 cycles=10 # it takes about a second for one
    verilog "$work/$network" 64
    if ! build_iverilog "$folder" >"$work/used" ||
        ! bits run "$limit" "$folder/log" vvp "$folder/a.out" >"$work/used"; then
        echo "  iverilog: not built and run within $limit s"
        return
    fi
    bits lanes "$folder/log" >"$folder/out"
    agree "iverilog, 64 lanes" "$folder/out"
    difference "iverilog, 64 lanes" "$cycles * 64" "vvp $folder/a.out" "vvp $folder/a.out +cycles=$cycles"
}

# sizes NAME COUNTS... : how many classifiers a peer takes within LIMIT: `takes FOLDER` reads or builds them.
sizes() {
    local name=$1 count used
    for count in "${@:2}"; do
        if ! cut_out sizes "$count" >"$work/refused" 2>&1; then
            echo "  $name, $count classifiers: beyond what one export holds"
            return
        elif ! used=$(takes "$work/sizes"); then
            echo "  $name, $count classifiers, $nodes AND nodes: not within $limit s"
            return
        fi
        echo "  $name, $count classifiers, $nodes AND nodes: $(awk '{ print $2 " s, " $3 " MB" }' <<<"$used")"
    done
}

head_line() { # network, words for it
    network=$1
    echo "$2: $(sed 's/.*: //' "$work/$1/made")"
}

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), load $(load)"
classes=$("$cofiber" stats "$net" --json | /usr/bin/python3 -c "import json, sys
print(next(g['shape'][-1] for g in json.load(sys.stdin)['groups'] if g['name'] == 's0.classify'))")
cut_out position "$classes"
head_line position "All classifiers of one position"
measure_ours
! have berkeley-abc || measure_abc
cut_out one 1
head_line one "One classifier"
measure_ours
measure_imported
! have berkeley-abc || measure_abc
if [ "${VERILATOR:-yes}" != no ]; then
    measure_verilator 64
    measure_verilator 1
fi
! have iverilog || measure_iverilog
if [ "${SIZES:-yes}" != no ]; then
    echo "Sizes that the peers take within $limit s (ABC: reading, and 32 patterns; the others: building), peak memory:"
    if have berkeley-abc; then
        takes() { bits run "$limit" "$work/out" berkeley-abc -c "&r $1/latch.aig; &sim -F 1 -W 1 -T $limit"; }
        sizes "ABC &sim" $((2 * classes)) $((4 * classes)) $((8 * classes))
    fi
    bench_for_64() { bits patterns "$1/cut.cfn" 64 "$1" && verilog "$1" 64; }
    if [ "${VERILATOR:-yes}" != no ]; then
        takes() { bench_for_64 "$1" && build_verilator "$1/64"; }
        sizes "Verilator, 64 lanes" 2 4 8 16
    fi
    if have iverilog; then
        takes() { bench_for_64 "$1" && build_iverilog "$1/64"; }
        sizes "iverilog, 64 lanes" 2 4 8 16
    fi
fi
echo "load: $(load)"
