#!/usr/bin/env bash
# The garment task: pictures, annotations and frames to train and judge heads with, all free to give away.
#
#   scripts/features/garments.sh FOLDER [TRAINING PICTURES = 400] [TEST PICTURES = 100]
#
# FOLDER/train and FOLDER/test get the pictures and instances.json (garments.py: the items of the test pictures are not
# in the training pictures), and their frames in float16 as frames-NN.safetensors, 25 frames in each. A picture takes
# about 3 seconds of one core. A shard that is there already is kept, so that a run which was stopped goes on.
set -euo pipefail
here=$(dirname "$0")
[ $# -ge 1 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1 train=${2:-400} test=${3:-100} shard=25
export PATH=/usr/bin:$PATH # Debian's Python has the packages

# The frames of shard $2 of the part $1, which has $3 pictures from number $4 on.
make_shard() {
    local out first=$(($4 + $2 * shard)) last=$(($4 + ($2 + 1) * shard - 1)) end=$(($4 + $3 - 1))
    out=$folder/$1/frames-$(printf '%02d' "$2").safetensors
    [ "$first" -le "$end" ] && [ ! -e "$out" ] || return 0
    local names=()
    for ((n = first; n <= last && n <= end; n++)); do names+=("$folder/$1/$(printf '%012d' "$n").jpg"); done
    "$here/inception.mjs" "${names[@]}" -o "$out" --half 2>/dev/null
    echo "$out"
}

"$here/garments.py" -o "$folder/train" --count "$train" --first 1 --items train
"$here/garments.py" -o "$folder/test" --count "$test" --first 1000001 --items test
for ((s = 0; s * shard < train || s * shard < test; s++)); do # side by side: what is there at any time can be used
    make_shard train "$s" "$train" 1
    if ((s % 4 == 0 || s * shard >= train)); then make_shard test "$((s / 4))" "$test" 1000001; fi
done
for ((s = 0; s * shard < test; s++)); do make_shard test "$s" "$test" 1000001; done
