#!/usr/bin/env bash
# Prints the README's tables of fault coverage: how many stuck-at faults of the binary gates real frames find at the
# decisions, by group, nearest and bilinear; and how many with the frames of `cofiber vectors` added.
#
#   scripts/fault_coverage.sh [FRAMES...]        (default: examples/*.npy)
#
# SAMPLE faults of each group (default 10000) and SCORE, the score threshold (default 0.1), from the environment.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cofiber=$root/build/cofiber
frames=("$@")
[ ${#frames[@]} -gt 0 ] || frames=("$root"/examples/*.npy)
sample=${SAMPLE:-10000} score=${SCORE:-0.1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "$(date -u +%F), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "$sample faults sampled in each group, score threshold $score, frames: ${frames[*]##*/}"
for upsample in nearest bilinear; do
    "$cofiber" compile "$root/examples/head_nearest_fp32.safetensors" -o "$work/net" --upsample $upsample \
        --calibrate "$root"/examples/*.npy --score-threshold "$score" >"$work/log"
    "$cofiber" vectors "$work/net" -o "$work/vectors" >"$work/vectors.log"
    started=$SECONDS
    "$cofiber" faults "$work/net" "${frames[@]}" --sample "$sample" --json --threads "$(nproc)" >"$work/real.json"
    "$cofiber" faults "$work/net" "${frames[@]}" "$work/vectors" --sample "$sample" --json \
        --threads "$(nproc)" >"$work/all.json"
    echo
    python3 - "$work/real.json" "$work/all.json" "$upsample" <<'PY'
import json, sys
real, both = (json.load(open(path)) for path in sys.argv[1:3])
print(f"| {sys.argv[3]} | faults in all | simulated | change their gate | found by {real['frames']} real frames | "
      f"and {both['frames'] - real['frames']} of `vectors` |")
print("|---|---|---|---|---|---|")
for a, b in zip(real["groups"], both["groups"]):
    assert (a["name"], a["faults"]) == (b["name"], b["faults"])
    share = lambda group, key: f"{100 * group[key] / group['faults']:.2f}%"
    print(f"| {a['name']} | {a['population']:,} | {a['faults']:,} | {share(a, 'seen_at_gate')} | {share(a, 'found')} | "
          f"{share(b, 'found')} |")
PY
    echo "($upsample: $((SECONDS - started)) s)" >&2
done
