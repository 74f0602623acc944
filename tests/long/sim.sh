#!/usr/bin/env bash
# The simulator at full size: every instruction set, mode and number of threads against the reference simulator, on
# real and adversarial frames, on mutated netlists; long batches, their memory, and stopping and resuming them.
#
#   tests/long/sim.sh [BUILD]        uses examples/, and the frames of ../shared/data where they are
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
export PATH=$build:$PATH
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() { # name, command...
    if "${@:2}" >"$scratch/said" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1"
        sed 's/^/    /' "$scratch/said"
    fi
}

isas=$(cofiber sim --help | grep -q avx512 && grep -q avx512_vnni /proc/cpuinfo && echo avx512)
grep -qw avx2 /proc/cpuinfo && isas="avx2 $isas"
isas="portable $isas"
example=$(echo "$root"/examples/*.npy)
more=("$root"/../shared/data/frames/*.npy)
[ -e "${more[0]}" ] || more=()
head=$root/examples/head_nearest_fp32.safetensors

# Every way of simulating NET on the frames gives the reference's decisions; for the first frame, its every gate.
all_ways() { # label, net, frames...
    local label=$1 net=$2 isa threads mode
    shift 2
    check "$label: reference" cofiber sim "$net" "$@" -o "$scratch/wanted" --isa reference
    check "$label: reference trace" cofiber sim "$net" "$1" --trace "$scratch/wanted.trace" --isa reference
    for isa in $isas; do
        check "$label: $isa trace" cofiber sim "$net" "$1" --trace "$scratch/trace" --isa "$isa"
        check "$label: $isa, every gate" cmp "$scratch/wanted.trace" "$scratch/trace"
        for threads in 1 2 3; do
            for mode in --all-gates --decisions; do
                rm -f "$scratch/out"
                check "$label: $isa $threads $mode" \
                    cofiber sim "$net" "$@" -o "$scratch/out" --isa "$isa" --threads $threads $mode
                check "$label: $isa $threads $mode decides as the reference" cmp "$scratch/wanted" "$scratch/out"
            done
        done
    done
}

compile() { # options...
    cofiber compile "$head" -o "$scratch/net" --calibrate "$example" --score-threshold 0.02 "$@" >/dev/null
}

for form in nearest bilinear iterated bits12; do
    case $form in
    nearest) compile ;;
    bilinear) compile --upsample bilinear ;;
    iterated) compile --pools iterated --top cofiber ;;
    bits12) compile --input-bits 12 --upsample bilinear ;;
    esac
    all_ways "$form" "$scratch/net" "$example" "${more[@]}"
    check "$form: vectors" cofiber vectors "$scratch/net" -o "$scratch/vectors"
    all_ways "$form, vectors" "$scratch/net" "$scratch/vectors"
done

compile
cp "$scratch/net" "$scratch/plain"
for count in 1 100 10000; do
    check "$count mutated gates" "$build/tools/scatter" "$scratch/plain" -o "$scratch/net" $count
    check "$count mutated gates are what the plan excepts" \
        bash -c "cofiber sim '$scratch/net' --plan | grep -q '; $count gates by the general path'"
    all_ways "$count mutated" "$scratch/net" "$example" "${more[@]}"
done

# The example program, over the shared library: it prints the decisions that fire, and sim counts them.
if [ ${#more[@]} -gt 0 ]; then
    tail -c 4915200 "${more[0]}" >"$scratch/floats" # float32 after the header
    cofiber sim "$scratch/plain" "${more[0]}" | sed 's/.*: \([0-9]*\) of.*/\1/' | awk '{ n += $1 } END { print n }' >"$scratch/wanted"
    check "example" bash -c "'$build/run_frames' '$scratch/plain' <'$scratch/floats' | wc -l >'$scratch/found'"
    check "example: as many decisions" cmp "$scratch/wanted" "$scratch/found"
    check "example: some" test "$(cat "$scratch/wanted")" -gt 10
fi

# A long batch: memory, and stopping it twice.
frames=()
for i in $(seq 10000); do frames+=("$example"); done
check "10,000 frames" /usr/bin/time -f %M -o "$scratch/kilobytes" \
    cofiber sim "$scratch/plain" "${frames[@]}" -o "$scratch/long" --decisions
check "10,000 frames in 250 MB, not $(cat "$scratch/kilobytes") kB" test "$(cat "$scratch/kilobytes")" -lt 250000
# Machines of many processors must not take more: frames side by side are bounded, whatever the threads.
for threads in 16 64; do
    for mode in --all-gates --decisions; do
        check "10,000 frames, $threads threads, $mode" /usr/bin/time -f %M -o "$scratch/kilobytes" \
            cofiber sim "$scratch/plain" "${frames[@]}" -o "$scratch/many" --threads $threads $mode
        check "in 250 MB, not $(cat "$scratch/kilobytes") kB" test "$(cat "$scratch/kilobytes")" -lt 250000
        check "the same decisions" cmp "$scratch/long" "$scratch/many"
    done
done
# Stops the run in its midst. How long it takes is not known: where it was complete before the signal came, the next one is
# stopped earlier, and where it had not started on the frames, later.
stop() { # signal
    local milliseconds=1000 try
    for try in $(seq 30); do
        rm -f "$scratch/stopped"
        cofiber sim "$scratch/plain" "${frames[@]}" -o "$scratch/stopped" --decisions --threads 1 --resume >"$scratch/stop" 2>&1 &
        sleep "$((milliseconds / 1000)).$(printf %03d $((milliseconds % 1000)))"
        kill -"$1" $! 2>/dev/null
        wait $!
        ! grep -q 'interrupted after' "$scratch/stop" || return 0
        if [ -e "$scratch/stopped" ]; then milliseconds=$((milliseconds / 2)); else milliseconds=$((milliseconds * 3 / 2)); fi
    done
}
for signal in INT TERM; do
    stop $signal
    check "stopped by $signal" grep -q 'interrupted after .* --resume continues' "$scratch/stop"
    check "stopped by $signal: no output yet" test ! -e "$scratch/stopped"
done
check "resumed with fewer frames" bash -c "! cofiber sim '$scratch/plain' '$example' -o '$scratch/stopped' --resume"
check "resumed" cofiber sim "$scratch/plain" "${frames[@]}" -o "$scratch/stopped" --resume
check "resumed: the same decisions" cmp "$scratch/long" "$scratch/stopped"
check "resumed: nothing left behind" bash -c "! ls '$scratch'/stopped.*"

# The comparison with other libraries runs with what is installed, and says what is not.
check "peers" bash -c "ANY_BLAS=yes VERILATOR=no ROUNDS=1 REPEATS=3 '$root/scripts/bench_peers.sh' '$build' >'$scratch/peers'"
check "peers: NumPy's row names its BLAS" grep -q '^| numpy float32 with .*, linear |' "$scratch/peers"
for library in PyTorch:torch oneDNN:oneDNN; do
    check "peers: ${library%:*} has a row or a reason" grep -qE "^(\| ${library#*:} |${library%:*} .* is not installed)" "$scratch/peers"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
