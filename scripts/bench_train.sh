#!/usr/bin/env bash
# The time of a step of `cofiber train` at full size (768 channels, 40 x 40, 80 classes), beside that of its matrix products
# and of a PyTorch loop that does the same (tests/train/torch_loop.py), and with two processes under mpirun.
#
#   scripts/bench_train.sh BUILD [FRAMES]     64 made-up frames where FRAMES is not given; a batch is all of them
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
count=${2:-64}
export PATH=$build:/usr/bin:$PATH OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 "$root/tests/train/make_set.py" frames.npy truth.json --frames "$count" --grid 40 --channels 768 --classes 80
echo "date      $(date -I)"
echo "machine   $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg)"
# Times are the processor's, which other work on the machine does not lengthen; the clock's stand behind.
figures() { # label: reads the JSON of a run
    python3 -c '
import json, sys
run = json.load(sys.stdin)
own, products = run["processor_seconds"] / run["steps"], run["product_seconds"] / run["steps"]
print("%-30s %.3f s a step, of which products %.3f s: %.2f times as long; %.3f s by the clock" %
      (sys.argv[1], own, products, own / products, run["seconds_per_step"]))' "$1"
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
# Without the settings, PyTorch takes fresh memory from the kernel for each tensor, which would be most of its time.
export MALLOC_MMAP_THRESHOLD_=17179869184 MALLOC_TRIM_THRESHOLD_=17179869184
if python3 -c 'import torch' 2>/dev/null; then
    for variant in classifier linear; do
        python3 "$root/tests/train/torch_loop.py" time frames.npy truth.json --variant $variant --batch "$count" --steps 3 |
            python3 -c '
import json, sys
run = json.load(sys.stdin)
print("%-30s %.3f s a step; %.3f s by the clock" % ("PyTorch, %s, 1 thread" % sys.argv[1], run["processor_seconds"], run["median_seconds"]))' $variant
    done
fi
