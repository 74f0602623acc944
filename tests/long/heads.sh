#!/usr/bin/env bash
# Every row of the card's table at full size on a real frame: compiles, is valid, simulates (all engines alike), detects, and
# is near floats: with 8 bits on the features as the circuit reads them, with 14 bits on the features as stored.
# The Verilog of each family is compared gate by gate on a small geometry.
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
frame=examples/000000214753_f16.npy scale=0.0367072959
scale_of() { # netlist
    /usr/bin/python3 -c 'import sys; sys.path.insert(0, "tests/oracle"); import heads
print(heads.load(sys.argv[1])[1]["compile.input_scale"])' "$1"
}
one() { # row
    "$build/cofiber" compile "$scratch/$1.safetensors" -o "$scratch/net" --input-scale $scale &&
        "$build/cofiber" check "$scratch/net" &&
        "$build/cofiber" sim "$scratch/net" "$frame" --trace "$scratch/trace" &&
        "$build/cofiber" sim "$scratch/net" "$frame" --trace "$scratch/other" --engine bits &&
        cmp "$scratch/trace" "$scratch/other" &&
        "$build/cofiber" sim "$scratch/net" "$frame" --trace "$scratch/other" --isa reference &&
        cmp "$scratch/trace" "$scratch/other" &&
        "$build/cofiber" detect "$scratch/net" "$frame" -o "$scratch/found.json" &&
        /usr/bin/python3 tests/oracle/heads.py floats "$scratch/$1.safetensors" "$frame" "$scratch/trace" "$scratch/net" \
            $scale 3 0.5 &&
        "$build/cofiber" compile "$scratch/$1.safetensors" -o "$scratch/net" --input-bits 14 --calibrate "$frame" &&
        "$build/cofiber" sim "$scratch/net" "$frame" --trace "$scratch/trace" &&
        /usr/bin/python3 tests/oracle/heads.py stored "$scratch/$1.safetensors" "$frame" "$scratch/trace" "$scratch/net" \
            "$(scale_of "$scratch/net")" 3 0.5
}
/usr/bin/python3 tests/heads/make.py "$scratch" >"$scratch/rows" || exit 1
while read -r row _; do
    if one "$row" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $row"
        sed 's/^/    /' "$scratch/log"
    fi
done <"$scratch/rows"

# Every family on a small geometry as Verilog: each gate equal, on a frame and on frames made from the weights.
/usr/bin/python3 tests/heads/make.py "$scratch" small || exit 1
verilated() { # family
    "$build/cofiber" compile "$scratch/$1.safetensors" -o "$scratch/net" --grid 8x8 --input-scale 0.05 &&
        "$build/cofiber" cosim "$scratch/net" "$scratch/frame.npy" --vectors --cache "$scratch/cache"
}
for family in classifier linear box32 dim20 dim15 dim10 dim5; do
    if verilated "$family" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED Verilog of $family"
        sed 's/^/    /' "$scratch/log"
    fi
done
# linear_70k at full size as Verilog: 2,198,700 gates of a real frame.
full() {
    "$build/cofiber" compile "$scratch/linear_70k.safetensors" -o "$scratch/net" --input-scale $scale &&
        "$build/cofiber" cosim "$scratch/net" "$frame" --cache "$scratch/cache"
}
if full >"$scratch/log" 2>&1; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED Verilog of linear_70k at full size"
    sed 's/^/    /' "$scratch/log"
fi
counts=$(/usr/bin/python3 tests/heads/engines.py "$build" 200 7)
echo "$counts" | sed '$d'
read -r more _ wrong _ <<<"$(echo "$counts" | tail -n 1)"
passed=$((passed + ${more:-0})) failed=$((failed + ${wrong:-1}))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
