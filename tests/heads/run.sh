#!/usr/bin/env bash
# Heads of every family of the published card: counted at full size; compiled, simulated and compared with exact rationals
# and with floats at a small one.
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
check() { # name, command...
    if "${@:2}" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1"
        sed 's/^/    /' "$scratch/log"
    fi
}

# The card's parameters by variant, from its table.
declare -A parameters=([classifier]=61520 [linear_70k]=69976 [box32_92k]=91640 [dim20]=22076 [dim15]=17751
    [dim10]=13426 [dim5]=9101)
counts() { # row, variant, nonzero
    "$build/cofiber" params "$scratch/$1.safetensors" --json >"$scratch/json" &&
        /usr/bin/python3 - "$scratch/json" "$2" "${parameters[$2]}" "$3" <<'END'
import json, sys
found = json.load(open(sys.argv[1]))
wanted = {"variant": sys.argv[2], "parameters": int(sys.argv[3]), "nonzero": int(sys.argv[4])}
wrong = {k: (found[k], v) for k, v in wanted.items() if found[k] != v}
sums = {k: sum(t[k] for t in found["tensors"]) for k in ("parameters", "nonzero")}
assert not wrong, f"found, wanted: {wrong}"
assert all(sums[k] == found[k] for k in sums), f"the tensors add up to {sums}"
END
}
/usr/bin/python3 tests/heads/make.py "$scratch" >"$scratch/rows" || exit 1
while read -r row variant nonzero; do
    check "params of $row" counts "$row" "$variant" "$nonzero"
done <"$scratch/rows"

# ---- small geometries: every gate against exact rationals, decisions and boxes against floats ----
small=$scratch/small
mkdir "$small"
/usr/bin/python3 tests/heads/make.py "$small" small || exit 1
oracle() { # mode, family
    /usr/bin/python3 tests/oracle/heads.py "$1" "$small/$2.safetensors" "$small/frame.npy" "$small/$2.trace" \
        "$small/$2.net" 0.05 3 0.5
}
compiled() { # family
    "$build/cofiber" compile "$small/$1.safetensors" -o "$small/$1.net" --grid 8x8 --input-scale 0.05 &&
        "$build/cofiber" check "$small/$1.net"
}
simulated() { # family: all engines give the same values
    "$build/cofiber" sim "$small/$1.net" "$small/frame.npy" --trace "$small/$1.trace" &&
        "$build/cofiber" sim "$small/$1.net" "$small/frame.npy" --trace "$small/again" --isa reference &&
        cmp "$small/$1.trace" "$small/again" &&
        "$build/cofiber" sim "$small/$1.net" "$small/frame.npy" --trace "$small/again" --engine bits &&
        cmp "$small/$1.trace" "$small/again"
}
detected() { # family: the same bytes for any number of threads
    for threads in 1 2; do
        OMP_NUM_THREADS=$threads "$build/cofiber" detect "$small/$1.net" "$small/frame.npy" --score-thresh 0.2 \
            -o "$small/found.$threads" || return 1
    done
    cmp "$small/found.1" "$small/found.2" && grep -q score "$small/found.1"
}
agrees() { # family: the boxes and scores are the head's
    "$build/cofiber" agreement "$small/$1.net" "$small/$1.safetensors" "$small/frame.npy" --json >"$small/json" &&
        /usr/bin/python3 - "$small/json" "$1" <<'END'
import json, sys
found = json.load(open(sys.argv[1]))
assert found["head_is_recorded"] and found["agreement"] > 0.95, found["agreement"]
if sys.argv[2] != "classifier":
    assert found["scores"]["compared"] > 0 and found["boxes"]["compared"] > 0
END
}
changed() { # family: the oracle sees one changed weight
    cp "$small/$1.safetensors" "$small/kept"
    /usr/bin/python3 - "$small/$1.safetensors" <<'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = 8 + struct.unpack("<Q", data[:8])[0] + 4 * 30 # a weight of the classifier, the first tensor
data[at : at + 4] = struct.pack("<f", 0.3)
open(sys.argv[1], "wb").write(data)
END
    ! oracle exact "$1"
    local told=$?
    mv "$small/kept" "$small/$1.safetensors"
    return $told
}
for family in classifier linear box32 dim20 dim15 dim10 dim5; do
    check "compile $family" compiled "$family"
    check "simulate $family" simulated "$family"
    check "$family is exact" oracle exact "$family"
    check "$family is near floats" oracle floats "$family"
    check "detect $family" detected "$family"
    check "agreement of $family" agrees "$family"
done
check "a changed head is noticed" changed linear

# Where not all layers can have 12 bits, the bottleneck, which decisions depend on, keeps more than those behind it.
narrow() {
    "$build/cofiber" compile "$small/dim20.safetensors" -o "$small/dim20.net" --grid 8x8 --input-scale 0.05 \
        --input-bits 16 >/dev/null &&
        "$build/cofiber" sim "$small/dim20.net" "$small/frame.npy" --trace "$small/dim20.trace" >/dev/null &&
        oracle exact dim20 && /usr/bin/python3 - "$small/dim20.net" <<'END'
import sys
sys.path.insert(0, "tests/oracle")
import heads
found = heads.load(sys.argv[1])[1]
project, others = int(found["compile.project_bits"]), int(found["compile.layer_bits"])
assert others < project <= 12, (project, others)
END
}
check "bits of the layers of dim20 at 16 bits" narrow

# ---- the demo's head: boxes on the two riders and their horses ----
demo() {
    "$build/cofiber" params examples/head_boxes_overfitted_fp32.safetensors --json | grep -q '"linear_70k"' &&
        "$build/cofiber" compile examples/head_boxes_overfitted_fp32.safetensors -o "$small/demo.net" \
            --calibrate examples/000000214753_f16.npy 2>/dev/null &&
        "$build/cofiber" detect "$small/demo.net" examples/000000214753_f16.npy --nms 0.4 -o "$small/found.json" 2>/dev/null &&
        /usr/bin/python3 - "$small/found.json" <<'END'
import json, sys
# COCO's own boxes of this photograph: category 19 is a horse, 1 a person.
wanted = [(19, 253, 193, 61, 113), (1, 233, 126, 63, 122), (1, 360, 115, 57, 135), (19, 323, 167, 151, 155)]
found = [(d["category_id"], *d["bbox"]) for d in json.load(open(sys.argv[1]))]
def overlap(a, b):
    w = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    h = min(a[2] + a[4], b[2] + b[4]) - max(a[2], b[2])
    both = max(w, 0) * max(h, 0)
    return both / (a[3] * a[4] + b[3] * b[4] - both) if a[0] == b[0] else 0
for one in wanted:
    assert any(overlap(one, other) > 0.7 for other in found), (one, found)
END
}
check "the demo's head finds what is in the photograph" demo

# ---- scripts that count by themselves: heads and frames that are none, and random heads in every engine ----
for script in "malformed.py $build/cofiber" "engines.py $build 12"; do
    # shellcheck disable=SC2086
    counts=$(/usr/bin/python3 tests/heads/$script)
    echo "$counts" | sed '$d'
    read -r more _ wrong _ <<<"$(echo "$counts" | tail -n 1)"
    passed=$((passed + ${more:-0})) failed=$((failed + ${wrong:-1}))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
