#!/usr/bin/env bash
# `cofiber train` on a small task of made-up frames: heads that learn, that are the same bytes however they were made,
# that survive being killed; and what must be refused.
#
#   tests/train/run.sh BUILD      the last line is 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh" "${1:-}"
source "$root/tests/oracle/numpy.sh"
here=$root/tests/train
"$python" "$here/make_set.py" frames.npy truth.json
task=(frames.npy --annotations truth.json --batch 6)

trains() { # output, options...
    cofiber train "${task[@]}" -o "$@"
}

# ---- learning ----

# Prints the head's mean average precision at an overlap of 0.5 on the frames it was trained on.
precision() { # variant, options...
    trains head --threads 1 --scales 1 --variant "$@" >/dev/null && cofiber compile head -o net --grid 8x8 --scales 1 --calibrate frames.npy >/dev/null &&
        cofiber detect net frames.npy --score-thresh 0.05 -o found.json >/dev/null &&
        cofiber eval truth.json found.json --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["stats"][1])'
}
learns() { # least, variant
    local found
    found=$(precision "$2" --epochs 100 --rate 0.03 --log "$2.jsonl" --plot "$2.png") && echo "$2: $found" &&
        "$python" -c "import sys; sys.exit(not $found > $1)" &&
        "$python" "$here/read_log.py" "$2.jsonl" 200
}
check 'a linear head finds what it was shown' 0 '' learns 0.6 linear
check 'a head with a hidden layer' 0 '' learns 0.6 box8
check 'a head with a bottleneck' 0 '' learns 0.6 dim6
check 'the plot is a PNG file' 0 'PNG' head -c 4 linear.png

# ---- the same bytes ----

twice() { # options of one run -- of the other
    local one=() other=()
    while [ "$1" != -- ]; do one+=("$1"); shift; done
    other=("${@:2}")
    trains one --log one.jsonl "${one[@]}" >/dev/null && trains other --log other.jsonl "${other[@]}" >/dev/null || return 2
    cmp one other && cmp one.jsonl other.jsonl
}
for variant in classifier linear box4 dim3; do
    check "threads do not matter: $variant" 0 '' twice --variant $variant --epochs 5 --threads 1 -- \
        --variant $variant --epochs 5 --threads 3
done
check 'another seed is noticed' 1 'differ' twice --variant linear -- --variant linear --seed 2
check 'another order is noticed' 1 'differ' twice --variant linear -- --variant linear --order parts
check 'another rate is noticed' 1 'differ' twice --variant linear -- --variant linear --rate 0.002
parameters() { # the tensors' bytes, without the header and its metadata
    "$python" -c 'import sys; b = open(sys.argv[1], "rb").read(); sys.stdout.buffer.write(b[8 + int.from_bytes(b[:8], "little"):])' "$1"
}
other_files() { # the same frames in two files, one of them of another type
    "$python" -c 'import numpy; f = numpy.load("frames.npy"); numpy.save("a.npy", f[:5]); numpy.save("b.npy", f[5:].astype("f4"))' &&
        cofiber train a.npy b.npy "${task[@]:1}" --variant linear --frames 2:9 -o one >/dev/null &&
        trains other --variant linear --frames 2:9 >/dev/null && cmp <(parameters one) <(parameters other)
}
check 'files and types do not matter' 0 '' other_files

# ---- interrupted ----

# A run is killed when its log has grown, not after a time; one that is done before that goes unharmed.
long_run=(--variant dim4 --epochs 600 --average 0.9)
trains whole "${long_run[@]}" --log whole.jsonl --threads 1 >/dev/null
lines_in() {
    [ ! -e "$1" ] || wc -l <"$1"
}
# Waits until the file has this many lines, or the process has ended.
wait_for_lines() { # file, lines, process
    while [ "$(($(lines_in "$1")))" -lt "$2" ] && kill -0 "$3" 2>/dev/null; do sleep 0.002; done
}
killed_often() {
    local kills=0 process
    RANDOM=7
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        cofiber train "${task[@]}" -o parts "${long_run[@]}" --log parts.jsonl --resume --checkpoint 0 --threads 1 \
            >/dev/null 2>&1 &
        process=$!
        wait_for_lines parts.jsonl $(($(lines_in parts.jsonl) + 1 + RANDOM % 20)) $process
        kill -9 $process 2>/dev/null
        wait $process 2>/dev/null
        [ $? -eq 137 ] || break
        kills=$((kills + 1))
        [ ! -e parts ] && [ -e parts.checkpoint ] || return 3
    done
    echo "killed $kills times, lastly after $(lines_in parts.jsonl) steps"
    # Once more, wherever its log reaches 64 KB (ulimit's blocks have 1,024 bytes), which no run's speed can change.
    rm -f late late.jsonl
    bash -c "ulimit -c 0 -f 64; exec cofiber train ${task[*]} -o late ${long_run[*]} --log late.jsonl --checkpoint 0 --threads 1"
    [ $? -eq 153 ] && [ -e late.checkpoint ] && [ ! -e late ] || return 4
    for run in parts late; do
        trains $run "${long_run[@]}" --log $run.jsonl --resume >/dev/null && cmp whole $run &&
            cmp whole.jsonl $run.jsonl && [ ! -e $run.checkpoint ] || return 5
    done
}
check 'killed ten times, and continued to the same bytes' 0 'killed' killed_often

interrupted() { # signal
    cofiber train "${task[@]}" -o stopped --variant linear --epochs 1000000 --checkpoint 0 >said 2>&1 &
    local process=$!
    while [ ! -e stopped.checkpoint ] && kill -0 $process; do sleep 0.05; done
    kill "-$1" $process
    wait $process
    local status=$?
    cat said
    [ -e stopped.checkpoint ] && [ ! -e stopped ] || return 3
    return $status
}
for signal in INT TERM; do
    rm -f stopped.checkpoint
    check "$signal leaves a checkpoint" 2 '--resume continues from there' interrupted $signal
done
check 'a checkpoint of another run' 2 'stopped.checkpoint: was left by a run with other options' \
    trains stopped --variant linear --epochs 999999 --resume
cp stopped.checkpoint good
damaged() { # bytes kept
    head -c "$1" good >stopped.checkpoint
    trains stopped --variant linear --epochs 1000000 --resume
}
for size in 0 7 100 1000; do
    check "a damaged checkpoint: $size bytes" 2 'cofiber: stopped.checkpoint: ' damaged $size
done
check 'a checkpoint that is something else' 2 'is no checkpoint' \
    bash -c 'cp head stopped.checkpoint && cofiber train frames.npy --annotations truth.json --scales 2 --variant linear -o stopped --resume'

full_disk() { # a file may have 1024 bytes: the checkpoint that is there stays as it is
    cp good stopped.checkpoint
    bash -c "trap '' XFSZ; ulimit -f 1; exec cofiber train ${task[*]} -o stopped --variant linear --epochs 1000000 --resume \
        --checkpoint 0" && return 4
    local status=$?
    cmp good stopped.checkpoint && [ ! -e stopped ] && return $status
}
check 'a full disk leaves the last checkpoint' 2 'cofiber: stopped.checkpoint: File too large' full_disk

# ---- a bottleneck from prototypes ----

from_prototypes() { # rows; prints the share of the prototypes that is kept
    trains svd --scales 1 --threads 1 --variant "dim$1" --init-svd linear.head --epochs 1 --rate 0 --json |
        "$python" -c 'import json, sys; d = json.load(sys.stdin); print("kept %.4f, loss %.6f" % (d["prototypes_kept"], d["first"]["classification"]))'
}
trains linear.head --scales 1 --threads 1 --variant linear --epochs 100 --rate 0.03 --json >linear.json
trains again --scales 1 --threads 1 --variant dim3 --init-svd linear.head --epochs 1 --rate 0 >/dev/null
# Three classes have three prototypes: as many rows lose nothing.
check 'all prototypes are kept' 0 'kept 1.0000' from_prototypes 3
check 'and classify as before' 0 '' "$python" "$here/same_classes.py" linear.head again
check 'two of three are not all' 0 'kept 0.' from_prototypes 2
check 'more than there are' 2 'have rank 3, and cannot fill a bottleneck of 4' \
    trains svd --scales 1 --variant dim4 --init-svd linear.head

# Another two of three: the directions are those, and the classifier is the best one on the frames.
trains two --scales 2 --threads 1 --variant linear --epochs 40 --rate 0.03 >/dev/null
fitted() { # rows; the fit and what it explains, against NumPy's
    trains fit --scales 2 --threads 1 --variant "dim$1" --init-svd two --init-cls frames --epochs 1 --rate 0 --json >fit.json &&
        "$python" "$here/check_fit.py" two fit frames.npy 2 \
            "$("$python" -c 'import json; print(json.load(open("fit.json"))["logits_explained"])')"
}
check 'the fit on frames is the best' 0 'explained' fitted 2
check 'and exact where all prototypes are kept' 0 '1.000000 explained' fitted 3
trains fit --scales 2 --threads 1 --variant dim2 --init-svd two --epochs 1 --rate 0 >/dev/null
check 'the fit of the weights is another' 1 'AssertionError' "$python" "$here/check_fit.py" two fit frames.npy 2 1
check 'no fit without prototypes' 2 '--init-cls is for --init-svd' trains svd --variant dim3 --init-cls frames

# ---- several processes ----

# LeakSanitizer does not judge these: Open MPI's plugins leak, and are unloaded before it could tell whose the leaks are.
ranks() { # number, output, options...
    ASAN_OPTIONS=detect_leaks=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 \
        mpirun --oversubscribe -n "$1" cofiber train "${task[@]}" --variant linear --batch 12 --threads 1 -o "${@:2}"
}
if [ -e "$build/cofiber-mpi.so" ] && command -v mpirun >/dev/null; then
    task=(frames.npy --annotations truth.json)
    ranks 1 one.rank --epochs 10 --log one.rank.jsonl >/dev/null 2>&1
    many() {
        ranks "$1" many --epochs 10 --log many.jsonl >/dev/null && cmp one.rank many && cmp one.rank.jsonl many.jsonl
    }
    check 'two processes make the same bytes' 0 '' many 2
    check 'four processes, too' 0 '' many 4
    ranks 1 one.rank --epochs 10 --order parts --log one.rank.jsonl >/dev/null 2>&1
    own_parts() {
        ranks "$1" many --epochs 10 --order parts --log many.jsonl >/dev/null && cmp one.rank many &&
            cmp one.rank.jsonl many.jsonl
    }
    check 'with parts of their own, too' 0 '' own_parts 3
    one_dies() { # the others end with it, and what was made is continued by one process alone
        local launcher victim
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 \
            mpirun --oversubscribe -n 2 cofiber train "${task[@]}" --variant linear --batch 12 --threads 1 -o one.dies \
            --epochs 600 --checkpoint 0 >/dev/null 2>&1 &
        launcher=$!
        while [ ! -e one.dies.checkpoint ] && kill -0 $launcher; do sleep 0.002; done
        victim=$(pgrep -P $launcher cofiber | tail -n 1)
        if [ -n "$victim" ] && kill -9 "$victim"; then echo 'one was killed'; fi
        if wait $launcher; then [ -e one.dies ]; else [ ! -e one.dies ]; fi || return 4
        ranks 1 one.dies --epochs 600 --resume >/dev/null && ranks 1 whole --epochs 600 >/dev/null && cmp whole one.dies
    }
    check 'a process is killed' 0 '' one_dies
    check 'an error ends all' 2 'is no longer finite' ranks 2 bad --rate 1000 --clip 0 --warmup 0 --epochs 400
else
    echo 'several processes: left out, since there is no Open MPI here (scripts/setup.sh mpi)'
fi

# ---- refused ----

fails() { # words, command...: status 2, one line, and no head
    rm -f bad bad.checkpoint
    check "refused: $1" 2 "$1" "${@:2}"
    [ "$(wc -l <log)" -eq 1 ] && [ ! -e bad ] || { echo "FAILED $1: lines or a head left"; failed=$((failed + 1)); }
}
edit() { # expression on `d`
    "$python" -c 'import json, sys; d = json.load(open("truth.json")); exec(sys.argv[1]); json.dump(d, open("edited.json", "w"))' "$1"
}
with_edited() {
    edit "$1" && cofiber train frames.npy --annotations edited.json --scales 2 --variant linear -o bad
}
fails 'image 3: has no width and height' with_edited 'del d["images"][3]["width"]'
fails 'shows image 11, which edited.json does not list' with_edited 'd["images"].pop(); d["annotations"] = []'
fails 'lists 0 categories' with_edited 'd["categories"] = d["annotations"] = []'
fails 'cannot be split into 4 scales' cofiber train frames.npy --annotations truth.json --scales 4 --variant linear -o bad
fails "variant 'dim' is none of" trains bad --variant dim
fails '--variant is needed' trains bad
fails '--annotations is needed' cofiber train frames.npy --variant linear -o bad
fails '-o and --log are one file' trains bad --variant linear --log ./bad
fails 'is no longer finite' trains bad --variant linear --rate 1000 --clip 0 --warmup 0 --epochs 400
fails 'No space left' trains /dev/full --variant linear
fails 'No space left' trains bad --variant linear --log /dev/full
fails "directory 'absent' does not exist" trains absent/bad --variant linear
fails 'No such file' cofiber train absent.npy --annotations truth.json --variant linear -o bad
"$python" -c 'import numpy; f = numpy.load("frames.npy"); f[7, 3, 2, 1] = numpy.nan; numpy.save("nan.npy", f)'
fails 'element [7,3,2,1] is NaN or infinite' cofiber train nan.npy "${task[@]:1}" --variant linear -o bad
nan_later() { # frame by frame: what was made until then stays
    rm -f bad.checkpoint
    cofiber train nan.npy --annotations truth.json --batch 1 --variant linear -o bad --checkpoint 0 --seed 3
    local status=$?
    [ -e bad.checkpoint ] && [ ! -e bad ] && return $status
}
check 'a bad frame leaves the last checkpoint' 2 'is NaN or infinite' nan_later
finish
