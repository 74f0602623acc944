#!/usr/bin/env bash
# Prints the tables of fault coverage in docs/faults.md: how many stuck-at faults of the binary gates real frames find at the
# decisions, by group, nearest and bilinear; and how many with the frames of `cofiber vectors` added.
#
#   scripts/fault_coverage.sh [FRAMES...]        (default: examples/*.npy)
#
# From the environment: SAMPLE faults of each group (default 20000), drawn with SEED (1); SCORE, the score threshold
# (0.1); TOP, residual or cofiber (residual); HEAD_NEAREST and HEAD_BILINEAR, the heads (the example's for both).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "$root/build"
cofiber=$build/cofiber
frames=("$@")
[ ${#frames[@]} -gt 0 ] || frames=("$root"/examples/*.npy)
sample=${SAMPLE:-20000} seed=${SEED:-1} score=${SCORE:-0.1} top=${TOP:-residual}
example=$root/examples/head_nearest_fp32.safetensors
declare -A heads=([nearest]=${HEAD_NEAREST:-$example} [bilinear]=${HEAD_BILINEAR:-$example})
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# count NAME FRAMES...: what `faults` says of them, in $work/NAME.json.
count() {
    "$cofiber" faults "$work/net" "${@:2}" --sample "$sample" --seed "$seed" --missed 0 --json >"$work/$1.json"
}

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), load $(cat /proc/loadavg)"
echo "$sample faults sampled in each group, seed $seed; score threshold $score, top $top; frames ${frames[*]##*/}"
for upsample in nearest bilinear; do
    head=${heads[$upsample]} started=$SECONDS
    "$cofiber" compile "$head" -o "$work/net" --upsample $upsample --top "$top" --calibrate "$root"/examples/*.npy \
        --score-threshold "$score" >"$work/log"
    "$cofiber" vectors "$work/net" -o "$work/vectors" >"$work/vectors.log"
    count real "${frames[@]}"
    count all "${frames[@]}" "$work/vectors"
    echo
    python3 - "$work/real.json" "$work/all.json" "$upsample" <<'PY'
import json, sys

real, both = (json.load(open(path)) for path in sys.argv[1:3])
count = real["frames"]
print(f"| {sys.argv[3]} | faults in all | simulated | change their gate | "
      f"found by {count} real frame{'s' if count > 1 else ''} | and {both['frames'] - count} of `vectors` |")
print("|---|---|---|---|---|---|")
for a, b in zip(real["groups"], both["groups"]):
    assert (a["name"], a["population"], a["faults"]) == (b["name"], b["population"], b["faults"])
    share = lambda group, key: f"{100 * group[key] / group['faults']:.2f}%"
    print(f"| {a['name']} | {a['population']:,} | {a['faults']:,} | {share(a, 'seen_at_gate')} | {share(a, 'found')} | "
          f"{share(b, 'found')} |")
PY
    echo "(head ${head##*/}: $((SECONDS - started)) s)"
done
