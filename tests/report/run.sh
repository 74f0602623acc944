#!/usr/bin/env bash
# The audit of the card's claims: verdicts on the example, and on heads that were made to break a claim.
#
#   tests/report/run.sh [BUILD]
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
cofiber=$build/cofiber
export PATH=/usr/bin:$PATH # the distribution's Python, which has NumPy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# verdict AUDIT KEY WANTED...: each pair is a claim's key and its verdict in the file.
verdicts() {
    local name=$1
    shift
    if /usr/bin/python3 - "$work/$name.json" "$@" >"$work/log" 2>&1 <<'END'; then passed=$((passed + 1)); else
import json
import sys

claims = {claim["key"]: claim for claim in json.load(open(sys.argv[1]))["claims"]}
for claim in claims.values():
    assert claim["claim"] and claim["found"] and claim["how"], claim
    assert ("because" in claim) == (claim["verdict"] != "holds"), claim
for key, wanted in zip(sys.argv[2::2], sys.argv[3::2]):
    assert claims[key]["verdict"] == wanted, claims[key]
END
        failed=$((failed + 1))
        echo "FAILED audit of $name"
        cat "$work/log"
    fi
}

audit() { # name, arguments
    if ! "$cofiber" audit "${@:2}" --json >"$work/$1.json" 2>"$work/log"; then
        failed=$((failed + 1))
        echo "FAILED audit of $1"
        cat "$work/log"
    fi
}

python3 tests/report/make.py examples "$work" || exit 1

# The published geometry: what docs/claims.md says.
audit example examples/head_nearest_fp32.safetensors examples/000000214753_f16.npy
verdicts example gates.scale0 holds gates.scale1 holds gates.scale2 holds gates.total holds \
    gates.rows 'does not hold' gates.live 'holds under --top cofiber' depth 'holds under --pools direct' \
    parameters.head holds parameters.nonzero holds parameters.linear_70k holds parameters.box32_92k holds \
    parameters.dim20 holds parameters.dim15 holds parameters.dim10 holds parameters.dim5 holds weights.layer0 holds \
    weights.layer1 'holds under --upsample nearest' int8.weights holds int8.biases 'does not hold' \
    agreement.all holds agreement.scale2 holds agreement.firing 'does not hold' agreement.silent 'does not hold' \
    agreement.where holds threshold holds lossless.integers holds lossless.float32 holds \
    cross.pool_of_cofiber 'holds under --upsample nearest' cross.cofiber_of_up 'holds under --upsample nearest' \
    block 'holds under --upsample nearest' theorem 'holds under cancelling sums'

# Wrong claims. The grid is another, so that the gates are others, too.
small=(--grid 8x8 --score-threshold 0.5)
audit good "$work/good" "$work/frame.npy" "${small[@]}"
verdicts good parameters.head holds parameters.nonzero holds gates.total 'does not hold' gates.scale0 'does not hold'
audit short "$work/short" "$work/frame.npy" "${small[@]}"
verdicts short parameters.head 'does not hold' gates.total 'not checked' agreement.all 'not checked' \
    parameters.dim5 holds
audit pruned "$work/pruned" "$work/frame.npy" "${small[@]}"
verdicts pruned parameters.head holds parameters.nonzero 'does not hold'
audit integers "$work/integers" "$work/frame.npy" "${small[@]}"
verdicts integers int8.weights holds int8.biases holds
audit moved "$work/moved" "$work/frame.npy" "${small[@]}"
verdicts moved int8.weights holds int8.biases 'does not hold'

# A head with more than a classifier is said to be one, and counted.
mkdir "$work/heads" && python3 tests/heads/make.py "$work/heads" small || exit 1
audit larger "$work/heads/dim20.safetensors" "$work/heads/frame.npy" "${small[@]}"
verdicts larger gates.total 'not checked' agreement.all 'not checked' parameters.dim20 holds
if grep -q 'this head (variant other) has more: LayerNorms, a bottleneck, boxes, a centerness"' "$work/larger.json" &&
    "$cofiber" audit "$work/heads/dim20.safetensors" "$work/heads/frame.npy" "${small[@]}" | tail -n 1 |
    grep -q '^The audit checks claims about the bare classifier. HEAD is more (variant other)'; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED larger"
fi

# Two frames have a confidence interval, and a frame twice over has one of no width.
audit twice "$work/good" "$work/frame.npy" "$work/frame.npy" "${small[@]}"
if grep -q '95% confidence interval over 2 frames: \([0-9.]*%\) to \1' "$work/twice.json"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED interval"
    grep -m 1 INT8 -A 3 "$work/twice.json"
fi

# Bad input: one line, exit status 2.
for arguments in "$work/none $work/frame.npy" "$work/good $work/none" "$work/good $work/frame.npy" \
    "$work/good $work/frame.npy --grid 8x8 --input-scale=-1" "$work/good $work/frame.npy --grid 8x8 --frames 1" \
    "$work/good $work/frame.npy --grid 9x8" \
    "$work/frame.npy $work/frame.npy"; do
    # shellcheck disable=SC2086
    "$cofiber" audit $arguments >"$work/out" 2>"$work/err"
    if [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -s "$work/out" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED audit $arguments"
        head -n 3 "$work/out" "$work/err"
    fi
done
# The page: written whole, and bad input refused with one line and nothing half-written.
ok() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "FAILED $1"
}
golden=netlists/golden
"$cofiber" report "$golden/general.safetensors" "$golden/general.frames.npy" -o "$work/page.html" >"$work/out" 2>&1
if [ $? -eq 0 ] && grep -q '</html>' "$work/page.html" && grep -q 'id="frame-1-input"' "$work/page.html"; then ok; else bad page; fi
"$cofiber" report "$golden/small.safetensors" -o - >"$work/bare.html" 2>"$work/log"
if grep -q '"frames":\[\]' "$work/bare.html" && grep -q 'standard output' "$work/log"; then ok; else bad 'page without frames'; fi
echo '{"groups": [{"name": "</script><b>", "faults": 2, "seen_at_gate": 1, "found": 1}]}' >"$work/faults.json"
"$cofiber" report "$golden/small.safetensors" --faults "$work/faults.json" -o "$work/foreign.html" >/dev/null
if grep -q '<b>' "$work/foreign.html"; then bad 'foreign JSON ends its script'; else ok; fi
echo '[1' >"$work/bad.json"
echo '{"a":1}' >"$work/other.json"
sed 's/$/ x/' "$work/faults.json" >"$work/trailing.json"
sed 's/"found": 1/"found": "1"/' "$work/faults.json" >"$work/word.json"
"$cofiber" stats "$golden/small.safetensors" --bits --json >"$work/cost.json"
if "$cofiber" report "$golden/small.safetensors" --cost "$work/cost.json" -o "$work/cost.html" >/dev/null; then ok; else bad cost; fi
echo '{"target": "ice40", "groups": [{"name": "s0.pool", "luts": 12}]}' >"$work/luts.json"
"$cofiber" report "$golden/small.safetensors" --luts "$work/luts.json" -o "$work/luts.html" >/dev/null
if grep -q '"luts":{"target":"ice40"' "$work/luts.html"; then ok; else bad luts; fi
for arguments in "$work/none -o $work/x" "$golden/small.safetensors" \
    "$golden/small.safetensors $work/frame.npy -o $work/x" "$golden/small.safetensors --photo $work/frame.npy -o $work/x" \
    "$golden/small.safetensors --faults $work/bad.json -o $work/x" "$golden/small.safetensors -o $work/none/x" \
    "$golden/small.safetensors --faults $work/other.json -o $work/x" "$golden/small.safetensors --cost $work/other.json -o $work/x" \
    "$golden/small.safetensors --faults $work/trailing.json -o $work/x" "$golden/small.safetensors --faults $work/word.json -o $work/x" \
    "$golden/small.safetensors --faults $golden/small.safetensors -o $work/x" "$golden/small.safetensors --cost $work/faults.json -o $work/x" \
    "$golden/small.safetensors --luts $work/faults.json -o $work/x" \
    "$golden/small.safetensors --head $work/good -o $work/x"; do
    # shellcheck disable=SC2086
    "$cofiber" report $arguments >"$work/out" 2>"$work/err"
    if [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -e "$work/x" ]; then
        ok
    else
        bad "report $arguments"
        head -n 3 "$work/out" "$work/err"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
