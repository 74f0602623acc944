#!/usr/bin/env bash
# What other tools make of our exports: ABC, Yosys, iverilog and SciPy, on small circuits.
#
#   tests/exchange/run.sh BUILD      ends with 'N passed, N failed'
#
# D_CEC is the number of channels of the classifiers (INT8 weights, 4-bit inputs) that ABC proves equal to Yosys's
# synthesis of the structural Verilog. Adder trees that differ are hard for SAT: with 5 channels of 15 bits, cec gives
# no answer in ten minutes. Full size is proved by linear forms over adders instead (tests/unit/test_proof.c).
set -uo pipefail
cd "$(dirname "$0")/../.."
cofiber=$1/cofiber here=tests/exchange D_CEC=${D_CEC:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # name, command...
    if "${@:2}" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1: ${*:2}"
        tail -n 5 "$work/log"
    fi
}
fails() { ! "$@"; }
abc_says() { timeout 60 berkeley-abc -c "$1" 2>&1 | tee "$work/abc" | grep -q "$2"; } # commands, words of its answer
equal() { abc_says "cec -n $1 $2" "are equivalent"; }
skip() { echo "skipped: $*"; }

/usr/bin/python3 - "$work" "$D_CEC" <<'PY'
import json, struct, sys
import numpy as np
def save(path, **tensors):
    header, blob = {}, b""
    for name, a in tensors.items():
        a = a.astype("<f4")
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(blob), len(blob) + a.nbytes]}
        blob += a.tobytes()
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + blob)
r = np.random.default_rng(5)
for name, d in (("small", 3), ("cec", int(sys.argv[2]))):
    save(f"{sys.argv[1]}/{name}.safetensors", weight=r.normal(size=(2, d)), bias=r.normal(size=2))
    np.save(f"{sys.argv[1]}/{name}.npy", r.normal(size=(2, d, 8, 8)).astype("f4"))
PY

check "compile" "$cofiber" compile "$work/small.safetensors" -o "$work/n.cfn" --grid 8x8 --scales 1 --input-bits 4 \
    --calibrate "$work/small.npy"
for format in aiger:aig aiger-ascii:aag blif:blif yosys-json:json verilog:v; do
    check "export ${format%:*}" "$cofiber" export "$work/n.cfn" --to "${format%:*}" -o "$work/n.${format#*:}"
done

# Round trips: through a netlist of threshold gates and back, byte for byte.
check "import aiger" "$cofiber" import "$work/n.aig" --from aiger -o "$work/back.cfn"
check "export again" "$cofiber" export "$work/back.cfn" --to aiger -o "$work/back.aig"
check "identical" cmp "$work/n.aig" "$work/back.aig"
check "imported netlist is valid" "$cofiber" check "$work/back.cfn"
check "import ASCII" "$cofiber" import "$work/n.aag" --from aiger -o "$work/back.cfn"
check "export ASCII again" "$cofiber" export "$work/back.cfn" --to aiger-ascii -o "$work/back.aag"
check "identical ASCII" cmp "$work/n.aag" "$work/back.aag"

if command -v berkeley-abc >"$work/log"; then
    check "ABC: BLIF equals AIGER" equal "$work/n.aig" "$work/n.blif"
    check "export with a latch" "$cofiber" export "$work/n.cfn" --to aiger --dummy-latch -o "$work/latch.aig"
    check "ABC &sim takes it" abc_says "&r $work/latch.aig; &sim -F 4 -W 4" "Time"
    # The comparison notices a wrong circuit: one edge of one gate inverted (the lowest bit of the last output).
    awk '/^aag/ {o = 1 + $3 + $4 + $5} NR == o {$1 = xor1($1)} {print} function xor1(x) {return x % 2 ? x - 1 : x + 1}' \
        "$work/n.aag" >"$work/wrong.aag"
    check "import the wrong one" "$cofiber" import "$work/wrong.aag" --from aiger -o "$work/wrong.cfn"
    check "export the wrong one" "$cofiber" export "$work/wrong.cfn" --to aiger -o "$work/wrong.aig"
    # ABC reads binary AIGER alone; what it makes of ASCII is Yosys's business, below.
    check "ABC refuses ASCII AIGER" abc_says "read_aiger $work/n.aag" "[Rr]eading.*failed\|[Ww]rong\|[Ee]rror"
    check "ABC notices an inverted output" abc_says "cec -n $work/n.aig $work/wrong.aig" "NOT EQUIVALENT"
else
    skip "ABC is not installed"
fi

if command -v yosys >"$work/log"; then
    check "Yosys reads the JSON" yosys -q -p "read_json $work/n.json; check -assert; write_blif $work/fromjson.blif"
    check "Yosys reads ASCII AIGER" yosys -q -p "read_aiger $work/n.aag; write_blif $work/aag.blif"
    # By name: Yosys puts the inputs of an AIGER file into an order of its own.
    check "Yosys: ASCII equals binary AIGER" abc_says "cec $work/n.aig $work/aag.blif" "are equivalent"
    check "Yosys reads the wrong ASCII one" yosys -q -p "read_aiger $work/wrong.aag; write_blif $work/wrong.blif"
    check "which is not equivalent" abc_says "cec $work/n.aig $work/wrong.blif" "NOT EQUIVALENT"
    check "Yosys: JSON equals AIGER" equal "$work/n.aig" "$work/fromjson.blif"
    check "Yosys synthesises the Verilog" yosys -q -p \
        "read_verilog $work/n.v; synth -flatten; abc -g simple; clean; write_blif $work/v.blif; write_json $work/v.json"
    check "gate Verilog equals AIGER" equal "$work/n.aig" "$work/v.blif"
    check "import from Yosys" "$cofiber" import "$work/v.json" --from yosys-json -o "$work/y.cfn"
    check "export of it" "$cofiber" export "$work/y.cfn" --to aiger -o "$work/y.aig"
    check "equal after Yosys" equal "$work/n.aig" "$work/y.aig"

    # Our lowering against Yosys's own synthesis of the structural Verilog, cell by cell.
    for net in c d; do
        options=$([ $net = c ] && echo "--upsample bilinear --scales 2" || echo "--input-bits 4 --scales 1")
        kinds=$([ $net = c ] && echo "s0.pool s0.subtract s1.subtract" || echo "s0.pool s0.subtract s0.classify")
        # shellcheck disable=SC2086
        check "compile for cec" "$cofiber" compile "$work/cec.safetensors" -o "$work/$net.cfn" --grid 8x8 $options \
            --top cofiber --calibrate "$work/cec.npy"
        check "structural Verilog" "$cofiber" verilog "$work/$net.cfn" -o "$work/rtl_$net"
        for kind in $kinds; do
            cell=$work/$net.$kind
            check "lower $kind" "$cofiber" export "$work/$net.cfn" --to aiger --gate "$kind[0,0,0]" -o "$cell.aig"
            $here/wrap_cell.py "$work/rtl_$net" "${kind/./_}" >"$cell.v"
            check "synthesise $kind" yosys -q -p "read_verilog $work/rtl_$net/cofiber_cells.v $cell.v; \
                synth -flatten -top wrapped; abc -g AND; opt_clean; write_blif $cell.blif"
            check "$kind: cec" equal "$cell.aig" "$cell.blif"
        done
    done
    check "lower another class" "$cofiber" export "$work/d.cfn" --to aiger --gate 's0.classify[0,0,1]' -o "$work/other.aig"
    check "cec tells classes apart" abc_says "cec -n $work/other.aig $work/d.s0.classify.blif" "NOT EQUIVALENT"
else
    skip "Yosys is not installed"
fi

if /usr/bin/python3 -c 'import scipy.sparse' 2>"$work/log"; then
    for net in n c; do
        frames=$([ $net = n ] && echo small || echo cec)
        groups=$([ $net = n ] && echo "s0.pool s0.subtract s0.classify" ||
            echo "s0.pool s1.pool s0.subtract s1.subtract s0.classify s1.classify")
        [ -f "$work/$net.cfn" ] || continue
        check "matrix $net" "$cofiber" export "$work/$net.cfn" --to csr -o "$work/$net.csr"
        check "trace $net" "$cofiber" sim "$work/$net.cfn" "$work/$frames.npy" -o "$work/out" --trace "$work/trace"
        # shellcheck disable=SC2086
        check "SciPy's product, $net" /usr/bin/python3 $here/sparse.py "$work/$net.csr" "$work/trace" $groups
    done
    check "SciPy notices a wrong order" fails /usr/bin/python3 $here/sparse.py "$work/n.csr" "$work/trace" s0.subtract s0.pool s0.classify
else
    skip "SciPy is not installed"
fi

check "what is too large is refused" fails "$cofiber" export "$work/n.cfn" --to aiger --cone s0.nothing -o "$work/x"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
