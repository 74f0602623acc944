#!/usr/bin/env bash
# The NumPy oracle at full size: every gate of real frames, nearest and bilinear, direct and iterated pools.
#
#   tests/long/oracle.sh [BUILD]     uses examples/, and the frames and heads of ../shared/data where they are
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
export PATH=$build:$PATH
source "$root/tests/oracle/numpy.sh"
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

agrees() { # head, frame, options...
    if cofiber compile "$1" -o "$scratch/net" --input-scale 0.03 "${@:3}" &&
        cofiber sim "$scratch/net" "$2" --trace "$scratch/trace"; then
        local asked=("${@:3}")
        asked=("${asked[@]/--pools=*/}")
        "$python" "$root/tests/oracle/oracle.py" "$1" "$2" "$scratch/trace" --input-scale 0.03 \
            $(printf '%s ' "${asked[@]}")
    else
        false
    fi >"$scratch/said" 2>&1
    # Few gates fire at a score of 0.5; at 0.02 many do, or the decisions would show nothing.
    if [ $? -eq 0 ] && { [[ $* != *0.02* ]] || ! grep -q ', 0 gates fire' "$scratch/said"; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $*"
        sed 's/^/    /' "$scratch/said"
    fi
}

example=$(echo "$root"/examples/*.npy)
head=$root/examples/head_nearest_fp32.safetensors
for upsample in nearest bilinear; do
    agrees "$head" "$example" --upsample=$upsample
    agrees "$head" "$example" --upsample=$upsample --score-threshold=0.02
    agrees "$head" "$example" --upsample=$upsample --pools=iterated --top=cofiber
done
data=$root/../shared/data
for upsample in nearest bilinear; do
    for frame in "$data"/frames/*.npy; do
        [ -f "$frame" ] && agrees "$data/head_${upsample}_fp32.safetensors" "$frame" --upsample=$upsample
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
