#!/usr/bin/env bash
# `cofiber eval` beside the published algorithm in Python and NumPy (tests/oracle/coco.py), on a made-up set of 5,000
# images with 100 detections each. Says the time of both, reading the files included, their ratio, and whether the
# numbers are equal to 1e-12; the exit status is 1 where they are not.
#
#   scripts/eval_speed.sh [COFIBER]      (IMAGES=5000 DETECTIONS=100 ROUNDS=5)
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "$(dirname "${1:-$root/build/cofiber}")"
cofiber=$build/cofiber
source "$root/tests/oracle/numpy.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" "$root/scripts/make_coco_set.py" "$work/truth.json" "$work/results.json" --images "${IMAGES:-5000}" \
    --detections "${DETECTIONS:-100}"

seconds() { # command...: its time on the wall
    local start=$EPOCHREALTIME
    "$@" >"$work/said"
    awk "BEGIN { print $EPOCHREALTIME - $start }"
}

ours=$(for _ in $(seq "${ROUNDS:-5}"); do
    seconds "$cofiber" eval "$work/truth.json" "$work/results.json" --json
done | sort -g | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }')
cp "$work/said" "$work/answer.json"
one=$(OMP_NUM_THREADS=1 seconds "$cofiber" eval "$work/truth.json" "$work/results.json" --json)
theirs=$(seconds "$python" "$root/tests/oracle/coco.py" "$work/truth.json" "$work/results.json" --check \
    "$work/answer.json") || { cat "$work/said"; exit 1; }
date +%F
lscpu | sed -n 's/^Model name: */processor: /p'
printf 'load: %s\n' "$(cut -d' ' -f1 /proc/loadavg)"
ls -l "$work"/{truth,results}.json | awk '{ printf "%.1f MB ", $5 / 1e6 } END { print "of annotations and results" }'
printf 'cofiber eval                 %8.3f s (median of %d; one thread %.3f s)\n' "$ours" "${ROUNDS:-5}" "$one"
printf 'published algorithm, NumPy   %8.3f s\n' "$theirs"
awk "BEGIN { printf \"ratio                        %8.1f\n\", $theirs / $ours }"
cat "$work/said"
