#!/usr/bin/env bash
# What other tools make of our exports: ABC, Yosys, iverilog and SciPy, on small circuits.
#
#   tests/exchange/run.sh [BUILD]      ends with 'N passed, N failed'
#
# D_CEC is the number of channels of the classifiers (INT8 weights, 4-bit inputs) that ABC proves equal to Yosys's
# synthesis of the structural Verilog, both classes. Adder trees that differ are hard for SAT: with 5 channels of 15
# bits, cec gives no answer in ten minutes. Full size is proved by linear forms over adders instead
# (tests/unit/test_proof.c).
set -uo pipefail
cd "$(dirname "$0")/../.."
source scripts/build_folder.sh
find_build "${1:-build}"
cofiber=${1:-build}/cofiber here=tests/exchange D_CEC=${D_CEC:-3}
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
# A refusal: exit status 2, and these words on stderr. A crash is none.
refuses() { # words, command...
    "${@:2}" 2>"$work/refusal"
    [ $? -eq 2 ] && grep -qF -- "$1" "$work/refusal"
}
differs() { # command: it runs, and finds a difference
    "$@"
    [ $? -eq 1 ]
}
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
for name, d, classes in (("small", 3, 2), ("cec", int(sys.argv[2]), 2), ("large", 64, 8)):
    save(f"{sys.argv[1]}/{name}.safetensors", weight=r.normal(size=(classes, d)), bias=r.normal(size=classes))
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

    # Files that others wrote come back byte for byte: ABC's order of nodes, its binary comments.
    check "ABC writes AIGER" abc_says "read_aiger $work/n.aig; balance; rewrite; write_aiger $work/abc.aig; print_stats" "and ="
    check "ABC's &w writes it" abc_says "&r $work/abc.aig; &w $work/gia.aig; &ps" "and ="
    for file in abc gia; do
        check "import $file" "$cofiber" import "$work/$file.aig" --from aiger -o "$work/$file.cfn"
        check "export $file" "$cofiber" export "$work/$file.cfn" --to aiger -o "$work/$file.back"
        check "identical $file" cmp "$work/$file.aig" "$work/$file.back"
        check "and equal to ours" equal "$work/n.aig" "$work/$file.aig"
    done

    # Names like those of inner wires, equal names, names with blanks. ABC refuses an AIGER file in which an input and an
    # output share one, so the reference has none.
    printf 'aag 5 3 0 2 2\n2\n4\n6\n10\n8\n8 2 4\n10 9 7\n' >"$work/bare.aag"
    (cat "$work/bare.aag" && printf 'i0 n1c\ni1 n0c\ni2 a b\no0 n0c\no1 n1c\n') >"$work/names.aag"
    check "import without names" "$cofiber" import "$work/bare.aag" --from aiger -o "$work/bare.cfn"
    check "export without names" "$cofiber" export "$work/bare.cfn" --to aiger -o "$work/bare.aig"
    check "import names" "$cofiber" import "$work/names.aag" --from aiger -o "$work/names.cfn"
    for format in blif:blif yosys-json:json verilog:v; do
        check "export names" "$cofiber" export "$work/names.cfn" --to "${format%:*}" -o "$work/names.${format#*:}"
    done
    check "names: BLIF equals AIGER" equal "$work/bare.aig" "$work/names.blif"

    # ABC's reader of Verilog takes a small part of the language. A classifier's netlist gates have names with commas.
    check "ABC reads the Verilog" equal "$work/n.aig" "$work/n.v"
    check "names: ABC reads the Verilog" equal "$work/bare.aig" "$work/names.v"
    check "export the wrong one as Verilog" "$cofiber" export "$work/wrong.cfn" --to verilog -o "$work/wrong.v"
    check "ABC notices it in Verilog" abc_says "cec -n $work/n.aig $work/wrong.v" "NOT EQUIVALENT"
    printf 'aag 2 2 0 4 0\n2\n4\n0\n1\n5\n2\ni0 a;b\ni1 a//b\no0 xor\no1 y,1\no2 y[1]\no3 y[2]\n' >"$work/odd.aag"
    check "import odd names" "$cofiber" import "$work/odd.aag" --from aiger -o "$work/odd.cfn"
    check "export odd names" "$cofiber" export "$work/odd.cfn" --to verilog -o "$work/odd.v"
    check "export odd names as AIGER" "$cofiber" export "$work/odd.cfn" --to aiger -o "$work/odd.aig"
    check "odd names: ABC reads the Verilog" equal "$work/odd.aig" "$work/odd.v"

    # BLIF that ABC writes: gates, tables of six inputs, and constants.
    check "ABC writes BLIF" abc_says "read_aiger $work/n.aig; write_blif $work/abc.blif; if -K 6; write_blif $work/lut.blif; print_stats" "nd ="
    check "ABC writes odd BLIF" abc_says "read_aiger $work/odd.aig; write_blif $work/constants.blif; print_stats" "nd ="
    for file in abc lut constants n names; do
        check "import BLIF, $file" "$cofiber" import "$work/$file.blif" --from blif -o "$work/blif.cfn"
        check "valid, $file" "$cofiber" check "$work/blif.cfn"
        check "export it, $file" "$cofiber" export "$work/blif.cfn" --to aiger -o "$work/$file.blif.aig"
        check "equal, $file" equal "$work/$file.blif" "$work/$file.blif.aig"
    done
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
    check "Yosys writes AIGER" yosys -q -p "read_aiger $work/n.aig; write_aiger -symbols $work/yosys.aig"
    check "import it" "$cofiber" import "$work/yosys.aig" --from aiger -o "$work/yosys.cfn"
    check "export it" "$cofiber" export "$work/yosys.cfn" --to aiger -o "$work/yosys.back"
    check "identical, Yosys's order of symbols too" cmp "$work/yosys.aig" "$work/yosys.back"
    check "names: Yosys reads the JSON" yosys -q -p "read_json $work/names.json; check -assert; write_blif $work/nj.blif"
    check "names: JSON equals AIGER" equal "$work/bare.aig" "$work/nj.blif"
    check "names: Yosys reads the Verilog" yosys -q -p "read_verilog $work/names.v; check -assert; synth -flatten; \
        abc -g simple; clean; write_blif $work/nv.blif"
    check "names: Verilog equals AIGER" equal "$work/bare.aig" "$work/nv.blif"
    check "Yosys synthesises the Verilog" yosys -q -p \
        "read_verilog $work/n.v; synth -flatten; abc -g simple; clean; write_blif $work/v.blif; write_json $work/v.json"
    check "gate Verilog equals AIGER" equal "$work/n.aig" "$work/v.blif"
    check "import from Yosys" "$cofiber" import "$work/v.json" --from yosys-json -o "$work/y.cfn"
    check "export of it" "$cofiber" export "$work/y.cfn" --to aiger -o "$work/y.aig"
    check "equal after Yosys" equal "$work/n.aig" "$work/y.aig"
    check "one classifier" "$cofiber" export "$work/n.cfn" --to verilog --gate 's0.classify[0,0,0]' -o "$work/g.v"
    check "the same as AIGER" "$cofiber" export "$work/n.cfn" --to aiger --gate 's0.classify[0,0,0]' -o "$work/g.aig"
    for gates in cmos all; do
        check "Yosys's gates, $gates" yosys -q -p "read_verilog $work/g.v; synth -flatten; abc -g $gates; clean; write_json $work/g.json"
        check "complex gates are among them" grep -qE 'AOI|OAI|NMUX' "$work/g.json"
        check "import them" "$cofiber" import "$work/g.json" --from yosys-json -o "$work/g.cfn"
        check "export them" "$cofiber" export "$work/g.cfn" --to aiger -o "$work/g.$gates.aig"
        check "equal, $gates" equal "$work/g.aig" "$work/g.$gates.aig"
    done

    # Look-up tables, in JSON and in BLIF.
    check "Yosys makes look-up tables" yosys -q -p "read_verilog $work/g.v; synth -flatten; abc -lut 6; clean; \
        write_json $work/lut.json; write_blif $work/luts.blif"
    check "look-up tables are in the JSON" grep -q '"\$lut"' "$work/lut.json"
    for from in yosys-json:lut.json:g blif:luts.blif:g blif:v.blif:n; do
        IFS=: read -r format file reference <<<"$from"
        check "import $file" "$cofiber" import "$work/$file" --from "$format" -o "$work/lut.cfn"
        check "export $file" "$cofiber" export "$work/lut.cfn" --to aiger -o "$work/lut.aig"
        check "equal $file" equal "$work/$reference.aig" "$work/lut.aig"
    done

    # Ports come back: Yosys compares by name and range what went in with what came out.
    cat >"$work/buses.v" <<'V'
module buses(input [7:4] a, input [0:3] b, input c, output [4:0] sum, output [-1:0] flags);
  assign sum = a + b + c;
  assign flags = {^a, a < b};
endmodule
V
    same_ports() { # a file, and the command that reads it: the same module as buses.v?
        yosys -q -p "read_verilog $work/buses.v; $2 $1; rename ${3:-circuit} back; proc; techmap; \
            miter -equiv -flatten buses back miter; sat -verify -prove trigger 0 miter"
    }
    check "synthesise buses" yosys -q -p "read_verilog $work/buses.v; synth -flatten; abc -g simple; clean; \
        write_json $work/buses.json; write_blif $work/buses.blif; aigmap; write_aiger -ascii -symbols $work/buses.aag"
    check "import buses" "$cofiber" import "$work/buses.json" --from yosys-json -o "$work/buses.cfn"
    check "buses: export Verilog" "$cofiber" export "$work/buses.cfn" --to verilog -o "$work/buses.back.v"
    check "buses: export JSON" "$cofiber" export "$work/buses.cfn" --to yosys-json -o "$work/buses.back.json"
    check "buses: export BLIF" "$cofiber" export "$work/buses.cfn" --to blif -o "$work/buses.back.blif"
    check "buses: Verilog has them" same_ports "$work/buses.back.v" read_verilog
    check "buses: JSON has them" same_ports "$work/buses.back.json" read_json
    check "a changed bus is noticed" sed -i 's/assign sum\[0\] = /assign sum[0] = ~/' "$work/buses.back.v"
    check "and no longer equal" differs same_ports "$work/buses.back.v" read_verilog
    check "buses: BLIF names their bits" equal "$work/buses.blif" "$work/buses.back.blif"
    check "import bits" "$cofiber" import "$work/buses.blif" --from blif -o "$work/bits.cfn"
    check "bits: export Verilog" "$cofiber" export "$work/bits.cfn" --to verilog -o "$work/bits.v"
    check "bits: they are buses again" grep -qE 'output \[4:0\] sum;' "$work/bits.v"

    # Our lowering against Yosys's own synthesis of the structural Verilog, cell by cell: NET:GROUP:CLASS. c is bilinear,
    # d has inputs of 4 bits, e the usual 8.
    compile_for_cec() { # net, options...
        check "compile for cec, $1" "$cofiber" compile "$work/cec.safetensors" -o "$work/$1.cfn" --grid 8x8 \
            --top cofiber --calibrate "$work/cec.npy" "${@:2}"
        check "structural Verilog, $1" "$cofiber" verilog "$work/$1.cfn" -o "$work/rtl_$1"
    }
    compile_for_cec c --upsample bilinear --scales 2
    compile_for_cec d --input-bits 4 --scales 1
    compile_for_cec e --scales 2
    for case in c:s0.pool:0 c:s0.subtract:0 c:s1.subtract:0 d:s0.pool:0 d:s0.subtract:0 d:s0.classify:0 d:s0.classify:1 \
        e:s0.pool:0 e:s0.subtract:0 e:s1.subtract:0; do
        IFS=: read -r net kind class <<<"$case"
        cell=$work/$net.$class.$kind
        check "lower $case" "$cofiber" export "$work/$net.cfn" --to aiger --gate "$kind[0,0,$class]" -o "$cell.aig"
        $here/wrap_cell.py "$work/rtl_$net" "${kind/./_}" "$class" >"$cell.v"
        check "synthesise $case" yosys -q -p "read_verilog $work/rtl_$net/cofiber_cells.v $cell.v; \
            synth -flatten -top wrapped; abc -g AND; opt_clean; write_blif $cell.blif"
        check "$case: cec" equal "$cell.aig" "$cell.blif"
    done
    check "cec tells classes apart" abc_says "cec -n $work/d.0.s0.classify.aig $work/d.1.s0.classify.blif" "NOT EQUIVALENT"
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
    check "SciPy notices a wrong order" differs /usr/bin/python3 $here/sparse.py "$work/n.csr" "$work/trace" s0.subtract s0.pool s0.classify
else
    skip "SciPy is not installed"
fi

# What a format cannot hold, and options it has no use for.
check "compile a larger one" "$cofiber" compile "$work/large.safetensors" -o "$work/large.cfn" --grid 128x128 --scales 1 \
    --top cofiber --input-scale 0.05
check "too many adders" refuses "adders; one network holds at most 16,000,000. A cell, the cone" \
    "$cofiber" export "$work/large.cfn" --to aiger -o "$work/x"
check "too many connections" refuses "connections of steps; one network holds at most 16,000,000. A cell, the cone" \
    "$cofiber" export "$work/large.cfn" --to threshold -o "$work/x"
check "too large a cone" refuses "--cone: 262,144 gates up to 's0.pool', but 4,096 can be named. Name fewer; or export" \
    "$cofiber" export "$work/large.cfn" --to aiger --cone s0.pool -o "$work/x"
check "an unknown group" refuses "s0.nothing" "$cofiber" export "$work/n.cfn" --to aiger --cone s0.nothing -o "$work/x"
check "a latch in BLIF" refuses "--dummy-latch is for --to aiger and aiger-ascii, not for blif" \
    "$cofiber" export "$work/n.cfn" --to blif --dummy-latch -o "$work/x"
check "lanes in AIGER" refuses "--lanes is for --to verilog, not for aiger" \
    "$cofiber" export "$work/n.cfn" --to aiger --lanes 64 -o "$work/x"
check "a group in Verilog" refuses "--group is for --to csr, not for verilog" \
    "$cofiber" export "$work/n.cfn" --to verilog --group s0.pool -o "$work/x"
check "no file is left" [ ! -e "$work/x" ]
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
