#!/usr/bin/env bash
# The NumPy oracle (oracle.py) against `cofiber sim --trace`: every gate of small circuits, for every combination of
# compile options; and the oracle seen failing, on circuits with one gate changed.
#
#   tests/oracle/run.sh [BUILD]      the last line is 'N passed, N failed'
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
export PATH=$build:$PATH
source "$root/tests/oracle/numpy.sh"
fixtures=$root/tests/fixtures
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

verdict() { # name, 0 when good; what was said in $scratch/said
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1"
        sed 's/^/    /' "$scratch/said"
    fi
}

# simulate NET: the trace of the two frames.
simulate() {
    cofiber sim "$1" "$fixtures/frames_f32.npy" --trace "$scratch/trace" >/dev/null
}

# agrees NAME HEAD SCALE OPTIONS...: compiles, simulates, and asks the oracle about both frames.
agrees() {
    local options=("${@:4}") asked=() status=1
    for option in "${options[@]}"; do # the oracle has no word for how the pools are built
        case $option in --sweep | --grid=* | --pools=*) ;; *) asked+=("$option") ;; esac
    done
    if cofiber compile "$fixtures/$2.safetensors" -o "$scratch/net" --input-scale "$3" "${options[@]}" &&
        simulate "$scratch/net"; then
        status=0
        for frame in 0 1; do
            "$python" "$root/tests/oracle/oracle.py" "$fixtures/$2.safetensors" "$fixtures/frames_f32.npy" \
                "$scratch/trace" --input-scale "$3" --frame-index $frame "${asked[@]}" || status=1
        done
    fi >"$scratch/said" 2>&1
    verdict "$1 ($2, ${options[*]})" $status
}

for upsample in nearest bilinear; do
    for pools in direct iterated; do
        for top in residual cofiber; do
            for sweep in '' --sweep; do
                agrees options head_f32 0.03 --grid=8x8 --scales=2 --upsample=$upsample --pools=$pools --top=$top $sweep
            done
        done
    done
done
for upsample in nearest bilinear; do
    agrees card head_card_i8 0.07 --grid=8x8 --scales=3 --upsample=$upsample
    agrees bits head_f64 0.0002 --grid=8x8 --scales=3 --upsample=$upsample --input-bits=16 --pools=iterated
    agrees bits head_f16 0.9 --grid=8x8 --scales=1 --upsample=$upsample --input-bits=2 --score-threshold=0.2
done

# ---- any netlist, with squares, ReLUs and roots: every engine against Python's integers ----

formula() { python3 "$root/tests/oracle/formula.py" "$@"; }
for seed in 301 302 303 304 305 306 307 308; do
    status=1
    read -r depth height width < <("$build/tools/random" "$scratch/any" $seed beyond) &&
        python3 "$root/tests/rtl/inputs.py" frames "$scratch/any.st" 3 "$depth" "$height" "$width" $seed &&
        cofiber sim "$scratch/any" "$scratch/any.st" --trace "$scratch/trace" >/dev/null &&
        formula "$scratch/any" "$scratch/trace" >"$scratch/said" 2>&1 && status=0
    verdict "the formula on random netlist $seed" $status
    for engine in "--isa reference" "--engine bits"; do
        cofiber sim "$scratch/any" "$scratch/any.st" $engine --trace "$scratch/other" >"$scratch/said" 2>&1 &&
            cofiber diff "$scratch/trace" "$scratch/other" >"$scratch/said" 2>&1
        verdict "random netlist $seed with $engine" $?
    done
done
norm=$root/netlists/golden/norm.safetensors
python3 "$root/tests/support/mutate.py" "$norm" "$scratch/mutant" 's0.root[1,2,0]' square &&
    cofiber sim "$scratch/mutant" "$root/netlists/golden/general.frames.npy" --trace "$scratch/trace" >/dev/null
formula "$norm" "$scratch/trace" >"$scratch/said" 2>&1
[ $? -eq 1 ] && grep -qF "s0.root[6]: trace has" "$scratch/said"
verdict "the formula notices a square that is none" $?

# ---- seen failing ----

small=$root/netlists/golden/small.safetensors

# notices GATE KIND: the changed gate is the first of its group that the oracle names, and `diff` names it too.
notices() {
    local status=1
    {
        python3 "$root/tests/support/mutate.py" "$small" "$scratch/mutant" "$1" "$2" && simulate "$scratch/mutant" &&
            ! cofiber diff "$small" "$scratch/mutant" &&
            ! "$python" "$root/tests/oracle/oracle.py" "$fixtures/head_f32.safetensors" "$fixtures/frames_f32.npy" \
                "$scratch/trace" --input-scale 0.03125 --scales 2 --upsample bilinear
    } >"$scratch/said" 2>&1 && grep -qF "$1: trace has" "$scratch/said" &&
        grep -qF "first difference: $1: " "$scratch/said" && status=0
    verdict "a changed $2 of $1" $status
}

notices 's0.pool[1,2,0]' weight
notices 's0.pool[3,3,2]' base
notices 's1.pool[0,1,1]' base
notices 's0.subtract[5,4,1]' weight
notices 's1.subtract[2,2,0]' base
notices 's0.subtract[2,5,0]' shift
notices 's1.classify[3,0,1]' bias- # fires
notices 's1.classify[3,1,2]' bias+ # does not

# A width that no longer fits its group is refused on load, by name.
python3 "$root/tests/support/mutate.py" "$small" "$scratch/mutant" 's1.pool[1,0,2]' width
cofiber check "$scratch/mutant" >"$scratch/said" 2>&1
[ $? -eq 2 ] && grep -qF "mutant: s1.pool[1,0,2]: cell 28 drives" "$scratch/said"
verdict "a changed width of s1.pool[1,0,2]" $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
