#!/usr/bin/env bash
# `cofiber eval` against what pycocotools said of three sets, and against the NumPy oracle (tests/oracle/coco.py) on
# random ones; `cofiber detect` against tests/oracle/detections.py; each check seen failing. Pictures are drawn.
#
#   tests/detect/run.sh BUILD      the last line is 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh" "${1:-}"
source "$root/tests/oracle/numpy.sh"
sets=$root/tests/fixtures/coco
oracle=$root/tests/oracle/coco.py

evaluates() { # annotations, results, file for the answer
    cofiber eval "$1" "$2" --json >"$3"
}

# as_recorded NAME: equal to expected.json, where pycocotools' own numbers are, to 1e-12.
as_recorded() {
    evaluates "$sets/$1_annotations.json" "$sets/$1_results.json" answer.json &&
        "$python" "$root/tests/detect/compare.py" "$sets/expected.json" "$1" answer.json
}

for name in ties_and_crowds over_100_detections no_small_objects; do
    check "$name is as pycocotools says" 0 '' as_recorded "$name"
done

# as_defined OPTIONS...: equal to the oracle on a random set.
as_defined() {
    "$python" "$root/scripts/make_coco_set.py" truth.json results.json "$@" &&
        evaluates truth.json results.json answer.json && "$python" "$oracle" truth.json results.json --check answer.json
}

for seed in 1 2 3 4 5 6; do
    check "a random set, seed $seed" 0 '' as_defined --images 40 --detections 20 --classes 5 --seed $seed
    check "ties and crowds, seed $seed" 0 '' as_defined --images 30 --detections 12 --classes 3 --seed $seed \
        --decimals 1 --crowds 30
done
check 'more than 100 detections' 0 '' as_defined --images 4 --detections 300 --classes 2 --objects 20 --decimals 2
check 'hardly any object' 0 '' as_defined --images 6 --detections 3 --classes 40 --objects 1
check 'no detections' 0 '' as_defined --images 6 --detections 0 --classes 3
check 'no images' 0 '' as_defined --images 0
check 'one class, all crowds' 0 '' as_defined --images 10 --detections 30 --classes 1 --crowds 100

# ---- seen failing: one number of the input changed ----

# changed FILE PATTERN REPLACEMENT: the first place in the file; the answer for it must differ from the oracle's.
changed() {
    cp truth.json truth2.json && cp results.json results2.json &&
        "$python" "$root/tests/detect/change.py" "$1" "$2" &&
        evaluates truth2.json results2.json answer.json &&
        "$python" "$oracle" truth.json results.json --check answer.json
}

as_defined --images 20 --detections 20 --classes 2 --seed 9 >log 2>&1
check 'a changed score is noticed' 1 'largest difference' changed results2.json score
check 'a changed box is noticed' 1 'largest difference' changed truth2.json bbox
check 'a changed area is noticed' 1 'largest difference' changed truth2.json area
check 'a changed crowd is noticed' 1 'largest difference' changed truth2.json iscrowd
check 'a changed class is noticed' 1 'largest difference' changed results2.json category_id
check 'one number of the record changed is noticed' 1 'ties_and_crowds: stats[3]' \
    "$python" "$root/tests/detect/compare.py" "$sets/expected.json" ties_and_crowds \
    <(sed 's/0\.16546858726814/0.16546858726514/' "$sets/expected.json" |
        "$python" -c 'import json, sys; json.dump(json.load(sys.stdin)["ties_and_crowds"], sys.stdout)')

# ---- files as streams ----

# A file with outlines has the same numbers, and its size does not show in the memory.
with_outlines() {
    as_defined --images 40 --detections 20 --classes 5 --seed 1 && cp answer.json plain.json &&
        as_defined --images 40 --detections 20 --classes 5 --seed 1 --outlines && cmp answer.json plain.json
}
check 'outlines are skipped' 0 '' with_outlines

# ---- curves and the plot ----

curves() {
    cofiber eval "$sets/ties_and_crowds_annotations.json" "$sets/ties_and_crowds_results.json" --json \
        --curves curves.json --plot plot.png >answer.json && "$python" "$root/tests/detect/curves.py" curves.json answer.json
}
check 'curves have the averages of the answer' 0 '' curves
check 'the plot is a PNG file' 0 'PNG' head -c 4 plot.png

# ---- detect ----

fixtures=$root/tests/fixtures
"$python" "$root/tests/support/edit.py" "$fixtures/frames_f32.safetensors" frames.safetensors image_ids=42,-7

# detects HEAD COMPILE-OPTIONS DETECT-OPTIONS ORACLE-OPTIONS: results as the oracle's.
detects() {
    cofiber compile "$fixtures/$1.safetensors" -o net --grid 8x8 --scales 2 --input-scale 0.03 $2 >/dev/null &&
        cofiber detect net frames.safetensors -o found.json $3 >/dev/null &&
        "$python" "$root/tests/oracle/detections.py" "$fixtures/$1.safetensors" frames.safetensors found.json \
            --input-scale 0.03 --ids 42,-7 $3 $4
}
check 'detections are as defined' 0 'detections' detects head_f32 '' '' ''
check 'detections of a bilinear circuit' 0 'detections' detects head_f32 '--upsample bilinear' '' '--upsample bilinear'
check 'a lower score than was compiled in' 0 'detections' detects head_f16 '--score-threshold 0.7' \
    '--score-thresh 0.01 --nms 0.2' '--compiled-threshold 0.7'
check 'a higher score than was compiled in' 0 'detections' detects head_f64 '--score-threshold 0.1' \
    '--score-thresh 0.6 --top 7' '--compiled-threshold 0.1'
check 'another score is noticed' 1 'expected' detects head_f32 '' '' '--compiled-threshold 0.4'
check 'another order is noticed' 1 'detection 0' \
    "$python" "$root/tests/oracle/detections.py" "$fixtures/head_f64.safetensors" frames.safetensors found.json \
    --input-scale 0.03 --ids=-7,42 --nms 0.5

# The same results from one thread and from many, and from frames one by one.
in_order() {
    for i in 1 2 3 4 5 6 7 8; do set -- "$@" frames.safetensors; done
    OMP_NUM_THREADS=1 cofiber detect net "$@" --format jsonl -o one.jsonl &&
        OMP_NUM_THREADS=5 cofiber detect net "$@" --format jsonl -o many.jsonl && cmp one.jsonl many.jsonl &&
        cofiber detect net frames.safetensors --format jsonl >two.jsonl &&
        { for i in 1 2 3 4 5 6 7 8; do cat two.jsonl; done; } | cmp - one.jsonl
}
check 'frames stay in order' 0 '' in_order

# picture_size FILE: "WIDTH HEIGHT" of a PNG file.
picture_size() {
    "$python" -c 'import struct, sys; print(*struct.unpack(">II", open(sys.argv[1], "rb").read(24)[16:]))' "$1"
}
jpeg 64 48 rgb photo.jpg
jpeg 30 50 grey grey.jpg
jpeg 64 48 cmyk cmyk.jpg
head -c 300 photo.jpg >cut.jpg
: >empty.jpg
draws() { # options...
    rm -f drawn.png && cofiber detect net frames.safetensors --frames 1 -o drawn.png "$@" && picture_size drawn.png
}
check 'a photograph is drawn on' 0 '960 1231' draws --draw photo.jpg
check 'a photograph is drawn on, stretched' 0 '960 1471' draws --draw=photo.jpg --fit square
check 'a grey photograph' 0 '576 1279' draws --draw grey.jpg
check 'the energy is drawn on' 0 '960 1471' draws --draw
for photo in cmyk cut empty; do
    check "a photograph that is no good: $photo" 2 "cofiber: $photo.jpg: " draws --draw "$photo.jpg"
    check "no picture is left: $photo" 1 '' test -e drawn.png
done
check 'a photograph that is a netlist' 2 'cofiber: net: Not a JPEG file' draws --draw net
finish
