#!/usr/bin/env bash
# Sets the simulator beside what a user would pick instead, on the same head and frame: the Verilator build of the same
# netlist, NumPy with OpenBLAS, PyTorch, and oneDNN's matrix products of the same shapes. First it checks that the
# exact ones decide equally, and counts on how many decisions the floats agree; then it times all in turns.
#
#   scripts/bench_peers.sh [BUILD [HEAD FRAME.npy]]      (default: build, and what examples/ holds)
#
# VERILATOR=no leaves Verilator out (its first build takes minutes); ROUNDS=5 and REPEATS=100 say how long to measure.
# THREADS=1 measures with one thread only. ISA=avx2 keeps cofiber, oneDNN, PyTorch and OpenBLAS to AVX2, for a machine
# that has more.
# `scripts/setup.sh peers` installs NumPy, OpenBLAS, oneDNN and PyTorch from the distribution. What is missing is left
# out and said so; so is NumPy when the BLAS behind it is not OpenBLAS, unless ANY_BLAS=yes. Rows name the BLAS.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/build_folder.sh
find_build "${1:-build}"
head=${2:-examples/head_nearest_fp32.safetensors} frame=${3:-}
if [ "${ISA:-auto}" = avx2 ]; then
    export ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 OPENBLAS_CORETYPE=Haswell
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
[ -n "$frame" ] || frame=$(ls examples/*.npy | head -n 1)

if [ -e /usr/include/oneapi/dnnl/dnnl.h ]; then
    cc -O2 -o "$scratch/onednn" scripts/peers/onednn.c -ldnnl
fi
"$build/cofiber" compile "$head" -o "$scratch/net.cfn" --calibrate "$frame" >&2
python=/usr/bin/python3 # the one that Debian's python3-numpy belongs to
[ -x "$python" ] || python=python3
exec "$python" scripts/peers/compare.py "$build/cofiber" "$scratch" "$head" "$frame"
