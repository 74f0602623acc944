#!/usr/bin/env bash
# The card's table, made on the garment task: trains the five families of heads, prunes them, and prints our rows beside
# the card's.
#
#   scripts/card_table.sh TASK OUT [EPOCHS = 60] [COFIBER = build/cofiber]
#
# TASK is a folder of scripts/features/garments.sh. OUT gets heads, logs, points (JSON), table.md and plots; what is there
# already is kept, so that a run which was stopped goes on. The test pictures judge: they choose the pruned heads, too, as
# the card's held-out images did.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
task=$1 out=$2 epochs=${3:-60} cofiber=${4:-$here/../build/cofiber}
export PATH=/usr/bin:$PATH
mkdir -p "$out"
threads=${THREADS:-0}

train() { # variant
    [ -e "$out/$1.safetensors" ] || "$cofiber" train "$task"/train/frames-*.safetensors --annotations \
        "$task/train/instances.json" -o "$out/$1.safetensors" --variant "$1" --epochs "$epochs" --batch 16 --rate 0.003 \
        --resume --threads "$threads" --log "$out/$1.log" --plot "$out/$1.loss.png" --json >"$out/$1.train.json"
}

prune() { # variant, method, more options
    [ -e "$out/$1.$2.json" ] && return
    mkdir -p "$out/$1.$2"
    "$cofiber" prune "$out/$1.safetensors" "$task"/test/frames-*.safetensors --annotations "$task/test/instances.json" \
        -o "$out/$1.$2.safetensors" --method "$2" --heads "$out/$1.$2" --plot "$out/$1.$2.png" --effort "${EFFORT:-1}" --resume \
        --front "$out/$1.$2.json" "${@:3}" >"$out/$1.$2.txt"
}

float() { # variant: the head in floating point
    [ -e "$out/$1.float.json" ] && return
    "$here/float_detections.py" "$out/$1.safetensors" "$task"/test/frames-*.safetensors -o "$out/$1.found.json"
    "$cofiber" eval "$task/test/instances.json" "$out/$1.found.json" --json >"$out/$1.float.part"
    mv "$out/$1.float.part" "$out/$1.float.json"
}

for variant in linear dim20 dim15 dim10 dim5 box32 classifier; do train "$variant"; done
for variant in linear dim20 dim15 dim10 dim5 box32 classifier; do float "$variant"; done
# A pass of the card's 5,000 weights is 5.5% of box32's parameters; with fewer classes the same share is fewer weights.
prune box32 magnitude --step 1900
for variant in dim20 dim15; do prune "$variant" bisect; done
for variant in linear dim10 dim5 classifier; do prune "$variant" magnitude --rounds 1 --passes 1 --step 100; done
"$here/card_table.py" "$task" "$out" "$epochs" | tee "$out/table.md"
