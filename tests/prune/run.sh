#!/usr/bin/env bash
# cofiber prune on small heads of every family: each point against the other commands, the same bytes again, after kill -9
# and after an interruption, and inputs that it must refuse.
source "$(dirname "$0")/../support/suite.sh" "${1:-}"
task=$root/tests/prune/task.py checker=$root/tests/prune/check.py
export PATH=/usr/bin:$PATH:$build
python3 "$task" frames .
search="--score-thresh 0.05 --step 60 --passes 2 --floor 0.8 --tolerance 0.02 --proxy 6 --seed 5"

for family in classifier linear box32 dim20; do
    cofiber compile $family.safetensors -o net --grid 8x8 --input-scale 0.05 >/dev/null 2>&1
    cofiber detect net frames.safetensors -o found.json --score-thresh 0.05 --photo-size 128x128  >/dev/null 2>&1
    python3 "$task" truth found.json $family.json
    mkdir $family
    adders=--no-adders
    [ $family != linear ] || adders='--effort 0' # which takes most of the time
    check "$family is pruned" 0 'on the Pareto front' cofiber prune $family.safetensors frames.safetensors --annotations \
        $family.json -o $family/kept --input-scale 0.05 --front $family.front --plot $family.png --heads $family $search $adders
    check "$family: the points are what the commands say" 0 'points' python3 "$checker" $family.front $family \
        $family.json frames.safetensors $family/kept
    check "$family: no log is left" 1 '' test -e $family/kept.resume
done
cp linear/head.safetensors linear/joint.safetensors
check 'the head of another point is noticed' 1 'joint: ' python3 "$checker" linear.front linear linear.json \
    frames.safetensors linear/kept

# The same bytes: on one thread, and after a run that was killed again and again.
prune=(cofiber prune linear.safetensors frames.safetensors --annotations linear.json --input-scale 0.05 $search --no-adders)
check 'on one thread' 0 '' env OMP_NUM_THREADS=1 "${prune[@]}" -o again --front again.front
check 'the same head' 0 '' cmp again linear/kept
nothing_or_all() { [ ! -e killed ] || cmp killed linear/kept; }
for kill in 1 2 3 4 5; do # each as soon as the log has grown; a run that ends before has its output
    size=$(stat -c %s killed.resume 2>/dev/null || echo 0)
    "${prune[@]}" -o killed --front killed.front --resume >/dev/null 2>&1 &
    while [ "$(stat -c %s killed.resume 2>/dev/null || echo 0)" -le "$size" ] && kill -0 $! 2>/dev/null; do :; done
    kill -9 $! 2>/dev/null
    wait $!
    [ $? -eq 137 ] || break
    check "killed run $kill has written nothing, or all" 0 '' nothing_or_all
done 2>/dev/null
check 'a run was killed' 0 '' test "$kill" -gt 1
check 'it can be continued' 0 '' "${prune[@]}" -o killed --front killed.front --resume
check 'to the same head' 0 '' cmp killed linear/kept
check 'and the same points' 0 '' cmp killed.front again.front
interrupted() { # when its log has grown; a run that is done before that has ended as well
    local size process status
    size=$(stat -c %s stopped.resume 2>/dev/null || echo 0)
    "${prune[@]}" -o stopped --front stopped.front --resume >said 2>&1 &
    process=$!
    while [ "$(stat -c %s stopped.resume 2>/dev/null || echo 0)" -le "$size" ] && kill -0 $process; do :; done
    kill -INT $process
    wait $process
    status=$?
    cat said
    [ "$status" -eq 0 ] || grep 'interrupted before the head itself was judged' said
}
for try in 1 2 3; do check "interrupted run $try ends well" 0 '' interrupted; done 2>/dev/null
check 'an interrupted run can be continued' 0 '' "${prune[@]}" -o stopped --front stopped.front --resume
check 'to the same' 0 '' cmp stopped linear/kept

# Other inputs and options.
printf 'cofiber-prune 1 %064d\n' 0 >other.resume
check 'the log of another run' 2 'other.resume: the run that stopped there had other inputs' \
    "${prune[@]}" -o other --resume
echo 'nothing' >other.resume
check 'no log' 2 'other.resume: does not say where a run stopped' "${prune[@]}" -o other --resume
python3 -c "
import json
truth = json.load(open('linear.json'))
json.dump(truth | {'annotations': []}, open('nothing.json', 'w'))"
check 'nothing to find' 2 'nothing.json: has no objects in the images of these frames' \
    cofiber prune linear.safetensors frames.safetensors --annotations nothing.json -o x
check 'no annotations' 2 'prune: --annotations COCO.json is missing' cofiber prune linear.safetensors frames.safetensors -o x
check 'no output' 2 'prune: -o HEAD2 is missing' cofiber prune linear.safetensors frames.safetensors --annotations linear.json
sed 's/"id": 103,/"id": 104,/; s/"image_id": 103,/"image_id": 104,/g' linear.json >moved.json
check 'an image that is not listed' 2 'frames.safetensors: shows image 103, which moved.json does not list' \
    cofiber prune linear.safetensors frames.safetensors --annotations moved.json -o x
check 'an image twice' 2 'shows image 100, as a frame before it does' \
    cofiber prune linear.safetensors frames.safetensors frames.safetensors --annotations linear.json -o x
sed 's/, {"id": 6, "name": "class 6"}//; s/"category_id": 6/"category_id": 5/g' linear.json >fewer.json
check 'a class without a category' 2 'fewer.json: lists no category 6, which is class 6 of the 7 of linear.safetensors' \
    cofiber prune linear.safetensors frames.safetensors --annotations fewer.json -o x
check 'frames of another shape' 2 'frames of 3x16x4 (D, H, W)' \
    cofiber prune linear.safetensors "$root/tests/fixtures/frame_of_16.npy" --annotations linear.json -o x
check 'one file for two outputs' 2 'prune: -o and --plot are one file' "${prune[@]}" -o x --plot ./x
check 'a share beyond 1' 2 'prune: --nms must lie between 0 and 1' "${prune[@]}" -o x --nms 1.5
check 'a folder that is not there' 2 'absent/head.safetensors' "${prune[@]}" -o y --heads absent --method magnitude
echo 'zero verdicts' >>y.resume # the failed run has left its log
check 'a damaged log' 2 'says no verdict' "${prune[@]}" -o y --resume
check 'a full disk' 2 'No space left' "${prune[@]}" -o /dev/full --method magnitude
check 'nothing is written then' 1 '' test -e x
finish
