# Sourced by run.sh. The published geometry: 768 channels, 80 classes, 40x40, three scales; a random head of it.

mkdir full
python3 - "$root/tests/support" >full/head <<'END'
import random
import sys

sys.path.insert(0, sys.argv[1])
from netlistfile import safetensors

random.seed(1)
weight = [random.gauss(0, 0.05) for _ in range(80 * 768)]
bias = [random.gauss(-4, 1) for _ in range(80)]
sys.stdout.buffer.write(safetensors({"weight": ("F32", [80, 768], weight), "bias": ("F32", [80], bias)}))
END

# figures NAME TOTAL LIVE DEPTH OPTIONS...: compiles and asserts what `stats --json` says.
figures() {
    cofiber compile full/head -o "full/$1" --input-scale 0.02 "${@:5}" >/dev/null || fail "full_size $1" compile </dev/null
    cofiber stats "full/$1" --json >"$scratch/json"
    if python3 - "$scratch/json" "$2" "$3" "$4" 2>"$scratch/err" <<'END'; then pass; else fail "full_size $1" stats <"$scratch/err"; fi
import json
import sys

total, live, depth = map(int, sys.argv[2:])
stats = json.load(open(sys.argv[1]))
assert stats["gates"] == {"total": total, "live": live, "dead": total - live}, stats["gates"]
assert stats["depth"] == depth, stats["depth"]
assert sum(group["gates"] for group in stats["groups"]) == total
assert sum(group["edges"] for group in stats["groups"]) == stats["edges"]
END
}

figures default 2184000 2088000 3
figures cofiber 2184000 2184000 3 --top cofiber
figures sweep 2088000 2088000 3 --sweep
figures iterated 2184000 2088000 4 --pools iterated
figures iterated_cofiber 2184000 2184000 5 --pools iterated --top cofiber

figures default_again 2184000 2088000 3
check full_size "two compilations differ" cmp -s full/default full/default_again
cofiber stats full/default >"$scratch/out"
for row in '2,088,000' '2,184,000' '1,664,000' '416,000'; do
    check full_size "the card's table has no $row" grep -qF "$row" "$scratch/out"
done

# Direct and iterated pools give every shared net the same value.
frame=$(echo "$root"/examples/*.npy)
for pools in default iterated; do
    cofiber sim "full/$pools" "$frame" --trace "full/$pools.trace" >/dev/null 2>"$scratch/err"
done
run "cofiber diff full/default.trace full/iterated.trace"
check full_size "direct and iterated differ: $(cat "$scratch/out" "$scratch/err")" [ "$status" -eq 0 ]
check full_size "not every value was compared" grep -qF '3,412,800 values compared, 0 differ' "$scratch/out"
rm full/*.trace

# All faults of the circuit are refused, with their number; a sample of them, and all of one classifier, are taken.
run "cofiber faults full/default '$frame' --all"
check full_size "--all: exit status $status" [ "$status" -eq 2 ]
check full_size "--all: $(cat "$scratch/err")" grep -q '[0-9]\{11\} faults are more' "$scratch/err"
run "cofiber faults full/default '$frame' --sample 100 --missed 0"
check full_size "faults --sample: exit status $status" [ "$status" -eq 0 ]
check full_size "not 100 of each group" grep -q '^total .* 900 ' "$scratch/out"
run "cofiber faults full/default '$frame' --all --gate 's2.classify[4,9,17]' --missed 0"
check full_size "faults --gate: $(cat "$scratch/err")" [ "$status" -eq 0 ]
