#!/usr/bin/env bash
# Wrong weights at full size: every weight of every classifier off by one, in frames made from the weights (all must
# show) and in real frames (hardly any does); and a sample of them the long way, as changed netlists that are simulated.
#
#   tests/long/vectors.sh [BUILD]     uses examples/, and the frames of ../shared/data where they are
#
# SAMPLE changed netlists of each form (default 20), from the environment.
source "$(dirname "$0")/../support/suite.sh"
sample=${SAMPLE:-20}

frames=("$root"/../shared/data/frames/0*.npy)
[ -e "${frames[0]}" ] || frames=("$root"/examples/*.npy)

# decide FRAMES NET OUT: the classifiers' values.
decide() {
    rm -f "$3"
    cofiber sim "$2" "$1" -o "$3" --decisions >/dev/null
}

# One weight of a classifier off by one, for all gates that share it; the choice is the same every time.
change() { # name, seed
    local scale sides=(40 20 10) classes=80 term delta gate
    RANDOM=$2
    scale=$((RANDOM % 3)) term=$((RANDOM % 740)) delta=$((RANDOM % 2 * 2 - 1))
    gate="s$scale.classify[$((RANDOM % sides[scale])),$((RANDOM % sides[scale])),$((RANDOM % classes))]"
    rm -f mutant
    check "$1: $gate: mutate" 0 "" mutate net -o mutant cell "$gate" $term $delta
    cofiber check mutant >/dev/null 2>&1 || check "$1: $gate: mutate by two" 0 "" \
        mutate net -o mutant cell "$gate" $term $((2 * delta)) # by one it would be 0, which is no weight
    check "$1: $gate: simulate" 0 "" decide vectors mutant found
    check "$1: $gate, weight $term by $delta: shows" 1 "frame" cofiber diff wanted found
    for frame in "${frames[@]}"; do
        decide "$frame" net real && decide "$frame" mutant found || continue
        cofiber diff real found >/dev/null || { seen=$((seen + 1)) && return; }
    done
}

for form in nearest bilinear cofiber; do
    case $form in
    nearest) options="" ;;
    bilinear) options="--upsample bilinear" ;;
    cofiber) options="--top cofiber --pools iterated" ;;
    esac
    # shellcheck disable=SC2086
    check "$form: compile" 0 "" cofiber compile "$root/examples/head_nearest_fp32.safetensors" -o net $options \
        --calibrate "$root"/examples/*.npy --score-threshold 0.1
    check "$form: vectors" 0 "240 of 240 classifiers" cofiber vectors net -o vectors
    check "$form: weights" 0 "all: 365004 of 365004 changes of a weight by one show (100.00%), 3636 of 3636 of a weight \
of 0, 480 of 480 of a bias" weights net vectors
    sed "s/^/$form, frames made from the weights: /" log
    check "$form: weights in real frames" 0 "all:" weights net "${frames[@]}"
    sed "s/^/$form, real frames (${#frames[@]}): /" log
    check "$form: simulate" 0 "" decide vectors net wanted
    seen=0
    for seed in $(seq "$sample"); do change $form "$seed"; done
    echo "$form: of $sample changed netlists, real frames (${#frames[@]}) show $seen"
done
finish
