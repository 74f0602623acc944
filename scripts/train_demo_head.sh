#!/usr/bin/env bash
# Trains the head whose boxes the demo draws: linear_70k, on 20 frames of photographs, 320 times each, until it overfits. It
# knows these photographs by heart and is of no use on others. Takes ten minutes on two busy cores.
#
#   scripts/train_demo_head.sh FRAMES.safetensors INSTANCES.json [HEAD]     (default: examples/head_boxes_overfitted_fp32.safetensors)
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/build/cofiber" train "$1" --annotations "$2" -o "${3:-$root/examples/head_boxes_overfitted_fp32.safetensors}" \
    --variant linear --epochs 320 --batch 4 --rate 0.004 --decay 0
