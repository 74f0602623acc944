#!/usr/bin/env bash
# Optimises the matrices that docs/optimize.md quotes, one thread, and prints the page's table: adders, full adders
# and seconds, beside figures of other methods. Then times the bit engine on the whole circuit, by cells and by graphs in
# turn, with each instruction set.
#
#   scripts/bench_optimize.sh [BUILD]
#
# Uniform matrices have elements in [-128, 127] from SplitMix64 with the seed given, row after row, the lowest 8 bits of
# each number; small sizes are averages of the seeds 1, 2 and 3. Operands are signed and 8 bits wide, for the example head
# as well, whose weights are rounded for each class to max|w| / 127.
#
# The right column is quoted, not measured here: da4ml's published results or runs of it (arXiv:2507.04535), for 16x16
# also Hcmvm's; 80x768 is beyond it, "4 blocks" means that its result for each 80x192 was added up.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/scripts/build_folder.sh"
find_build "${1:-$root/build}"
export PATH=/usr/bin:$PATH OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# matrix head|ROWS COLUMNS SEED: writes a netlist of one position, one linear gate for each row.
matrix() {
    python3 - "$root" "$work/net" "$@" <<'END'
import json, struct, sys
root, path, *what = sys.argv[1:]
sys.path.insert(0, root + "/tests/support")
from netlistfile import LINEAR, cell, group, netlist, safetensors
if what[0] == "head":
    with open(root + "/examples/head_nearest_fp32.safetensors", "rb") as file:
        content = file.read()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    entry = next(e for n, e in header.items() if n != "__metadata__" and len(e["shape"]) == 2)
    rows, columns = entry["shape"]
    flat = struct.unpack_from("<%df" % (rows * columns), content, 8 + size + entry["data_offsets"][0])
    lines = [flat[r * columns : (r + 1) * columns] for r in range(rows)]
    lines = [[round(w / (max(map(abs, line)) / 127)) for w in line] for line in lines]
else:
    rows, columns, state = map(int, what)
    mask, lines = 2**64 - 1, []
    for r in range(rows):
        lines.append([])
        for c in range(columns):
            state = state + 0x9E3779B97F4A7C15 & mask
            z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
            z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
            lines[r].append(((z ^ z >> 31) & 255) - 128)
byte, wide = (8, 1, 0), (40, 1, 0)
cells = [cell([byte], [(0, c, w, 0) for c, w in enumerate(line) if w], 0, LINEAR, wide) for line in lines]
groups = [group("sums", [1, 1, rows], wide, 1, list(range(rows)), [[0]] * rows)]
table, meta = netlist([1, 1, columns], byte, 1.0, cells, groups)
with open(path, "wb") as file:
    file.write(safetensors(table, meta))
END
}

# run LABEL SECONDS QUOTED SEEDS MATRIX...: averages over the seeds.
run() {
    local label=$1 seconds=$2 quoted=$3 seeds=$4 seed
    shift 4
    : >"$work/results"
    for seed in $seeds; do
        if [ "$1" = head ]; then matrix head; else matrix "$1" "$2" "$seed"; fi
        "$build/cofiber" optimize "$work/net" -o "$work/net2" --seconds "$seconds" --json >"$work/json"
        python3 -c 'import json,sys; j=json.load(sys.stdin); print(j["adders"]["before"], j["adders"]["after"], j["full_adders"], j["depth"], j["seconds"])' \
            <"$work/json" >>"$work/results"
    done
    awk -v label="$label" -v quoted="$quoted" '{ for (i = 1; i <= 5; i++) sum[i] += $i }
        END { printf "| %s | %.0f | %.1f | %.0f | %.1f | %.1f | %s |\n", label, sum[1]/NR, sum[2]/NR, sum[3]/NR, sum[4]/NR,
              sum[5]/NR, quoted }' "$work/results"
}

date -u +%Y-%m-%d
grep -m 1 'model name' /proc/cpuinfo
echo
echo '| matrix | without sharing | adders | full adders | depth | seconds | others (quoted) |'
echo '|---|---|---|---|---|---|---|'
run 16x16 3 'da4ml 351; Hcmvm 338.3 in 1,208 s' '1 2 3' 16 16
run 32x32 3 'da4ml 1,327' '1 2 3' 32 32
run 64x64 3 'da4ml 4,874' '1 2 3' 64 64
run 64x80 5 'da4ml 5,972' '1 2 3' 64 80
run 96x80 5 'da4ml 8,762' '1 2 3' 96 80
run 128x80 5 'da4ml 11,434' '1 2 3' 128 80
run 192x80 5 'da4ml 16,653' '1 2 3' 192 80
run 'uniform 80x768' 10 'da4ml in 4 blocks, about 66,900' 1 80 768
run 'example head, 5 s' 5 'one block per channel, then sums: 81,092' 1 head
run 'example head, 20 s' 20 '' 1 head

cofiber() {
    "$build/cofiber" "$@"
}
cofiber compile "$root/examples/head_nearest_fp32.safetensors" -o "$work/net" --input-scale 0.03125 >/dev/null
cofiber optimize "$work/net" -o "$work/net2" >/dev/null
echo
echo '| bit engine | kernels | frames at once | ms per frame | of which output groups | full adders per frame |'
echo '|---|---|---|---|---|---|'
for isa in avx512 avx2; do
    for repeat in 1 2 3; do
        for adders in cells graphs; do
            cofiber bench "$work/net2" --engine bits --adders $adders --isa $isa --seconds 0.1 --json >"$work/json" || continue
            python3 -c 'import json, sys
b = json.load(sys.stdin)["bits"]
print("| %s | %s | %d | %.1f | %.1f | %d |" % (sys.argv[1], b["isa"], b["frames"], b["ms"], b["classify_ms"], b["full_adders"]))' \
                $adders <"$work/json"
        done
    done
done
