#!/usr/bin/env bash
# Installs what is missing from Debian's (or Ubuntu's) packages; does nothing where all is there.
#
#   scripts/setup.sh [build] [test] [proof] [fuzz] [tsan] [bench] [peers] [cross] [mpi] [place] [yosys55] [chromium] [features]
#                                                                                   (default: build test proof)
#
# Runs apt-get as root or through sudo. Each group holds what the Makefile's targets of that name need; bench is what
# the figures in docs/ need, peers what scripts/bench_peers.sh compares with (PyTorch, which is large, where the
# distribution has it), features what scripts/features/ makes pictures, and frames of photographs, with (PyTorch,
# Fashion-MNIST, and a network from npm).
set -euo pipefail

packages_of() {
    case $1 in
    build) echo gcc g++ make libc6-dev libcjson-dev libyajl-dev libcairo2-dev libjpeg-dev nettle-dev libzip-dev \
        libprotobuf-c-dev protobuf-c-compiler zlib1g-dev libjs-chart.js libopenblas0-pthread ;;
    test) echo libcmocka-dev verilator yosys iverilog berkeley-abc python3 python3-numpy python3-scipy mandoc \
        bsdextrautils python3-venv python3-pip python3-setuptools python3-wheel python3-pytest ;;
    chromium) echo chromium ;;
    features)
        command -v npm >/dev/null || echo nodejs npm
        echo python3-torch python3-pil python3-numpy dataset-fashion-mnist
        ;;
    mpi) echo openmpi-bin libopenmpi-dev ;;
    place) echo nextpnr-ice40 fpga-icestorm ;;
    yosys55) command -v npm >/dev/null || echo nodejs npm ;;
    proof) echo coq ocaml-nox libzarith-ocaml-dev ;;
    fuzz) echo clang libclang-rt-14-dev ;;
    tsan) echo clang libclang-rt-14-dev libomp-dev libcmocka-dev ;;
    bench) echo libdnnl-dev python3-numpy libopenblas0-pthread time ;;
    peers) echo libdnnl-dev python3-numpy libopenblas0-pthread python3-torch? ;;
    cross)
        # The libraries for arm64 come from Debian's own arm64 packages (multiarch), added as an architecture below.
        echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libcmocka-dev:arm64 libcjson-dev:arm64 \
            nettle-dev:arm64 libgomp1:arm64 libzip-dev:arm64 libprotobuf-c-dev:arm64 \
            libyajl-dev:arm64 libcairo2-dev:arm64 libjpeg-dev:arm64 \
            protobuf-c-compiler zlib1g-dev:arm64 libjs-chart.js
        ;;
    *)
        echo "setup.sh: unknown group '$1' (build, test, proof, fuzz, tsan, bench, peers, cross, mpi, place, yosys55, chromium, features)" >&2
        exit 2
        ;;
    esac
}

# Yosys 0.55 for tests/long/yosys55.sh, from npm.
install_yosys55() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/cofiber/yosys55
    [ -e "$folder/node_modules/@yowasp/yosys" ] && return
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-audit --no-fund --silent @yowasp/yosys@0.55.944 >&2
}

# The network of scripts/features/inception.mjs and what runs it, from npm: 350 MB.
install_features() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/cofiber/features
    [ -e "$folder/node_modules/nsfwjs" ] && return
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-audit --no-fund --silent --ignore-scripts nsfwjs@4.3.0 \
        @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 jpeg-js@0.4.4 >&2
}

groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(build test proof)

missing=()
for group in "${groups[@]}"; do
    list=$(packages_of "$group")
    for package in $list; do # with a question mark: installed if there is such a package
        dpkg-query -W -f '${db:Status-Status}\n' "${package%\?}" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
done
finish() {
    [[ " ${groups[*]} " != *" yosys55 "* ]] || install_yosys55
    [[ " ${groups[*]} " != *" features "* ]] || install_features
    exit 0
}
[ ${#missing[@]} -gt 0 ] || finish

run=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: missing ${missing[*]}; run as root, or install sudo" >&2
        exit 1
    }
    run=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
[[ " ${missing[*]} " != *:arm64* ]] || "${run[@]}" dpkg --add-architecture arm64
"${run[@]}" apt-get update -q >&2
wanted=()
for package in "${missing[@]}"; do
    if [[ $package == *\? ]] && ! apt-cache show "${package%\?}" >/dev/null 2>&1; then
        echo "setup.sh: there is no package ${package%\?} here: left out" >&2
    else
        wanted+=("${package%\?}")
    fi
done
[ ${#wanted[@]} -gt 0 ] || finish
echo "setup.sh: installing ${wanted[*]}" >&2
"${run[@]}" apt-get install -y -q --no-install-recommends "${wanted[@]}" >&2
finish
