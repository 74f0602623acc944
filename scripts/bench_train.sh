#!/usr/bin/env bash
# The time of a step of `cofiber train` at full size (768 channels, 40 x 40, 80 classes), beside that of its matrix products
# and of a PyTorch loop that does the same (tests/train/torch_loop.py), and with two processes under mpirun.
#
#   scripts/bench_train.sh BUILD [FRAMES]     64 made-up frames where FRAMES is not given; a batch is all of them
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) count=${2:-64}
export PATH=$build:/usr/bin:$PATH OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 "$root/tests/train/make_set.py" frames.npy truth.json --frames "$count" --grid 40 --channels 768 --classes 80
echo "date      $(date -I)"
echo "machine   $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg)"
figures() { # label: reads the JSON of a run
    python3 -c '
import json, sys
run = json.load(sys.stdin)
step, products = run["seconds_per_step"], run["product_seconds"] / run["steps"] / run["threads"]
print(f"{sys.argv[1]:<34} {step:.3f} s a step, products {products:.3f} s: {step / products:.2f} times as long")' "$1"
}
for variant in classifier linear dim20; do
    cofiber train frames.npy --annotations truth.json --variant $variant --batch "$count" --epochs 5 --threads 1 -o head --json |
        figures "$variant, 1 thread"
done
cofiber train frames.npy --annotations truth.json --variant linear --batch "$count" --epochs 5 --threads 2 -o head --json |
    figures 'linear, 2 threads'
if [ -e "$build/cofiber-mpi.so" ] && command -v mpirun >/dev/null; then
    for n in 1 2; do
        mpirun -n $n cofiber train frames.npy --annotations truth.json --variant linear --batch "$count" --epochs 5 --threads 1 \
            -o head --json 2>/dev/null | figures "linear, $n processes of 1 thread"
    done
fi
if python3 -c 'import torch' 2>/dev/null; then
    for variant in classifier linear; do
        python3 "$root/tests/train/torch_loop.py" time frames.npy truth.json --variant $variant --batch "$count" --steps 3 |
            python3 -c '
import json, sys
print("PyTorch, %s, 1 thread: %.3f s a step" % (sys.argv[1], json.load(sys.stdin)["median_seconds"]))' $variant
    done
fi
