#!/usr/bin/env bash
# The emitted Verilog on small circuits: lint, Yosys's count, Icarus and Verilator against the simulator; and what is
# broken on purpose, in a netlist or in Verilog, must be noticed and named.
#
#   tests/rtl/run.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"
fixtures=$root/tests/fixtures

inputs() { python3 "$root/tests/rtl/inputs.py" "$@"; }
icarus() { python3 "$root/tests/rtl/icarus.py" "$1.trace" "$2"/*.v; }
lint() { verilator --lint-only -Wall --top-module "${2:-cofiber_top}" "$1"/*.v && echo clean; }
verilate() { cofiber cosim --cache cache "$@"; }
compile() { cofiber compile "$1" -o "$2.cfn" --input-scale 0.05 "${@:3}"; }
# Icarus runs what Yosys made of the design: its reading of the language, beside Verilator's and Icarus's own.
synthesise() {
    mkdir "$1.yosys" && cp "$1/cofiber_top.v" "$1.yosys/" &&
        yosys -q -p "read_verilog $1/*.v; hierarchy -top cofiber_top -check; setattr -set keep 1 cofiber_top/w:*;
                     proc; flatten; opt; write_verilog -noattr $1.yosys/synthesised.v" &&
        python3 "$root/tests/rtl/icarus.py" "$1.trace" "$1.yosys/synthesised.v"
}

# emit NAME FRAMES: everything that does not need a build of Verilator's.
emit() {
    check "$1: trace" 0 "" cofiber sim "$1.cfn" "$2" --trace "$1.trace"
    check "$1: verilog" 0 "row modules" cofiber verilog "$1.cfn" -o "$1"
    check "$1: lint" 0 "clean" lint "$1"
    check "$1: census" 0 "all counts are equal" cofiber census "$1.cfn"
    check "$1: icarus" 0 "values compared" icarus "$1" "$1"
}

# ---- every option of the compiler ----

frames=$fixtures/frames_f32.safetensors head=$fixtures/head_f32.safetensors
options() { # name, options...
    check "$1: compile" 0 "" compile "$head" "$1" --grid 8x8 "${@:2}"
    emit "$1" "$frames"
}
options nearest
options bilinear --upsample bilinear
options iterated --pools iterated
options cofiber --upsample bilinear --pools iterated --top cofiber
options swept --sweep
options bits2 --input-bits 2 --scales 1
options bits16 --input-bits 16 --scales 2 --score-threshold 0.3
inputs frames oblong.st 2 3 4 12 1
check "oblong: compile" 0 "" compile "$head" oblong --grid 4x12 --scales 2 --upsample bilinear
emit oblong oblong.st
# A class that sums to 0 on a frame of zeros fires: H(0) = 1.
check "zero: compile" 0 "" compile "$fixtures/head_card_i8.safetensors" zero --grid 8x8
emit zero "$fixtures/frame_zeros.npy"
# Classifiers long enough to be summed by a loop, their weights in hexadecimal.
inputs head wide_head.st 3 70 2
inputs frames wide.st 2 70 4 4 3
check "wide: compile" 0 "" compile wide_head.st wide --grid 4x4 --scales 1 --top cofiber
emit wide wide.st

# ---- any netlist: several ports, crossing groups, up to 63 bits, steps that read steps ----

for seed in 100 101 110 117 123 128 136 144; do
    read -r depth height width < <(random "random$seed.cfn" $seed)
    inputs frames "random$seed.st" 3 "$depth" "$height" "$width" $seed
    emit "random$seed" "random$seed.st"
done
check "nearest: synthesised by Yosys" 0 "values compared" synthesise nearest
check "random117: synthesised by Yosys" 0 "values compared" synthesise random117

# ---- squares, ReLUs and roots ----

golden=$root/netlists/golden
cp "$golden/norm.safetensors" norm.cfn
emit norm "$golden/general.frames.npy"
# A root over enough channels to be summed by a loop.
inputs norm norm_wide.cfn 70 2 2 4
inputs frames norm_wide.st 2 70 2 2 5
emit norm_wide norm_wide.st
for seed in 201 202 203 204 205 206; do
    read -r depth height width < <(random "beyond$seed.cfn" $seed beyond)
    inputs frames "beyond$seed.st" 3 "$depth" "$height" "$width" $seed
    emit "beyond$seed" "beyond$seed.st"
done
check "norm: synthesised by Yosys" 0 "values compared" synthesise norm
check "norm: cosim" 0 "288 gate values of 2 frames compared, 0 differ" verilate norm.cfn "$golden/general.frames.npy"
check "norm_wide: cosim" 0 ", 0 differ" verilate norm_wide.cfn norm_wide.st

# ---- two netlists in one design ----

check "left: verilog" 0 "row modules" cofiber verilog nearest.cfn -o left_rtl --prefix left_
check "right: verilog" 0 "row modules" cofiber verilog bilinear.cfn -o right_rtl --prefix right_
check "left: lint" 0 "clean" lint left_rtl left_cofiber_top
check "left: census" 0 "all counts are equal" cofiber census nearest.cfn --rtl left_rtl
check "both in one design" 0 "" iverilog -g2005 -o both -s left_cofiber_top -s right_cofiber_top {left,right}_rtl/*.v
check "both without prefixes" 28 "already been declared" iverilog -g2005 -o both {nearest,bilinear}/*.v
check "a prefix that is none" 2 "no Verilog identifier" cofiber verilog nearest.cfn -o none --prefix 9x
check "a prefix that is too long" 2 "no Verilog identifier" cofiber verilog nearest.cfn -o none --prefix "$(printf 'a%.0s' {1..41})"

# ---- Verilator ----

check "nearest: cosim" 0 "1,302 gate values of 2 frames compared, 0 differ" verilate nearest.cfn "$frames"
check "left: cosim" 0 "1,302 gate values of 2 frames compared, 0 differ" verilate nearest.cfn "$frames" --rtl left_rtl
# The head of an FST file: type and length, first and last time, byte order, memory, scopes, variables.
waves() { python3 -c 'import struct, sys
head = struct.unpack(">BQQQdQQQ", open(sys.argv[1], "rb").read(57))
print("from", head[2], "to", head[3], "variables", head[7])' "$1"; }
check "waves: cosim" 0 ", 0 differ" verilate nearest.cfn "$frames" --wave waves.fst
check "waves: two frames" 0 "from 0 to 2 variables" waves waves.fst
cp log all_variables
check "waves of one row: cosim" 0 ", 0 differ" verilate nearest.cfn "$frames" --wave row.fst --signals cofiber_top.s0_classify_0_0
check "waves of one row" 0 "variables 1" waves row.fst
check "waves: all rows are more" 1 "" cmp -s log all_variables
check "waves that cannot be written" 2 "cannot write" verilate nearest.cfn "$frames" --wave none/waves.fst
check "waves: no half file is left" 1 "" test -e waves.fst.part
check "a cache with a blank in its name" 0 ", 0 differ" cofiber cosim nearest.cfn "$frames" --cache 'my cache'
check "and found in it" 0 '"cached":	true' cofiber cosim nearest.cfn "$frames" --json --cache 'my cache'
check "nearest: found in the cache" 0 '"cached":	true' verilate nearest.cfn "$frames" --json
check "cofiber: cosim" 0 ", 0 differ" verilate cofiber.cfn "$frames"
check "wide: cosim" 0 ", 0 differ" verilate wide.cfn wide.st
check "random117: cosim" 0 ", 0 differ" verilate random117.cfn random117.st

# ---- one thing changed in a netlist ----

# mutation NAME GATE mutate's arguments...: the changed netlist is emitted as such, and differs from the old Verilog at
# that gate first. The old Verilog is in the cache already.
mutation() {
    check "$1: mutate" 0 "" mutate nearest.cfn -o "$1.cfn" "${@:3}"
    emit "$1" "$frames"
    check "$1: named" 1 ": $2: simulator" verilate "$1.cfn" "$frames" --rtl nearest
    check "$1: named by icarus" 1 "$2 differs" icarus "$1" nearest
}
mutation weight "s0.subtract[2,3,1]" weight "s0.subtract[2,3,1]" 1 2
mutation shift "s1.subtract[1,2,0]" shift "s1.subtract[1,2,0]" 0 -1
mutation base "s0.pool[3,1,2]" base "s0.pool[3,1,2]" 0 -1
mutation bias "s0.subtract[7,7,2]" bias "s0.subtract[7,7,2]" 3
mutation class_bias "s1.classify[3,3,3]" bias "s1.classify[3,3,3]" 1000000000
mutation class_weight "s2.classify[0,1,2]" weight "s2.classify[0,1,2]" 2 100000
check "weight: cosim" 0 ", 0 differ" verilate weight.cfn "$frames"
check "width: mutate" 0 "" mutate nearest.cfn -o width.cfn width "s0.subtract[2,3,1]" 1
check "width: refused" 2 "s0.subtract[2,3,1]" cofiber check width.cfn
check "width: not emitted" 2 "s0.subtract[2,3,1]" cofiber verilog width.cfn -o width

# ---- one thing changed in the Verilog ----

# broken NAME FROM FILE SED: a copy of the Verilog in which the sed command changed one line.
broken() {
    cp -r "$2" "$1"
    sed -i "$4" "$1/$3"
    check "$1: changed" 1 "" diff -q "$2" "$1"
}
broken wire nearest cofiber_top.v '/u_s0_subtract_2_3 /s/input_2_3/input_2_4/'
check "wire: named" 1 ": s0.subtract[2,3,0]: simulator" verilate nearest.cfn "$frames" --rtl wire
broken operand nearest cofiber_rows.v '/module row_s1_pool_0/,/endmodule/s/x0_5(a5)/x0_5(a6)/'
check "operand: named" 1 ": s1.pool[0,0,0]: simulator" verilate nearest.cfn "$frames" --rtl operand
broken digit wide cofiber_rows.v "0,/256'h../s//256'h55/"
check "digit: named" 1 ": s0.classify[" verilate wide.cfn wide.st --rtl digit

# A classifier's value is one bit, so that real frames hardly ever show a wrong weight; frames made from the weights do.
# wrong_digit NET SEED: one digit of one classifier weight in the Verilog is off by one.
wrong_digit() {
    local group lane
    cp -r "$1" "$1.$2"
    read -r group lane < <(python3 "$root/tests/rtl/digit.py" "$1.$2" "$2")
    check "$1: digit $2: $group, lane $lane: named" 1 \
        "made from the weights: $group[" verilate "$1.cfn" --vectors --rtl "$1.$2"
    check "$1: digit $2: its lane" 0 "first difference" grep -E ": $group\\[[0-9]+,[0-9]+,$lane\\]: simulator" before
    check "$1: digit $2: changed" 1 "" diff -q "$1" "$1.$2"
}
check "nearest: vectors" 0 "17,577 gate values of 2 frames and 25 made from the weights compared, 0 differ" \
    verilate nearest.cfn "$frames" --vectors
check "wide: vectors alone" 0 " made from the weights compared, 0 differ" verilate wide.cfn --vectors
check "wide: vectors in JSON" 0 '"vectors":' verilate wide.cfn --vectors --json
check "no frames, no vectors" 2 "give FRAMES, or --vectors" verilate wide.cfn
for seed in 1 2 3; do
    wrong_digit nearest $seed
    wrong_digit wide $seed
done
wrong_digit cofiber 4
check "wide: digit 3: frames alone do not show it" 0 ", 0 differ" verilate wide.cfn wide.st --rtl wide.3

broken root norm cofiber_cells.v 's/rest >= taken/rest > taken/'
check "root: named by icarus" 1 "s0.root[0,0,0] differs" icarus norm root
broken square norm_wide cofiber_cells.v 's/\$signed(slice0\[8\*3 +: 8\]) \* \$signed(slice0\[8\*3 +: 8\])/$signed(slice0[8*3 +: 8])/'
check "square: named by icarus" 1 "s0.root[0,0,0] differs" icarus norm_wide square
broken relu norm cofiber_cells.v '/^module .*relu/,/^endmodule/s/? \(.*\) : 14.d0/? \1 : 14'"'"'d1/'
check "relu: named by icarus" 1 "s0.hidden[" icarus norm relu

broken comparison zero cofiber_cells.v 's/sum >= /sum > /'
check "comparison: named by icarus" 1 "s0.classify[0,0,2] differs" icarus zero comparison
broken row_less nearest cofiber_top.v '/u_s2_classify_0_0 /d'
check "row less: census" 1 "the counts differ" cofiber census nearest.cfn --rtl row_less
check "row less: its group" 0 "s2.classify" grep DIFFERENT before
broken gate_less nearest cofiber_rows.v 's/lane_3 (/lane_3_twice (/;/module row_s1_classify_0/,/endmodule/{/lane_0/,/;/d}'
check "gate less: census" 1 "DIFFERENT" cofiber census nearest.cfn --rtl gate_less
broken no_wire nearest cofiber_top.v 's/s1_pool_1_1\b/another/g'
check "no wire: named" 2 "no row s1_pool_1_1" verilate nearest.cfn "$frames" --rtl no_wire
check "other geometry: refused" 2 "row" verilate swept.cfn "$frames" --rtl bilinear
mkdir empty
check "no Verilog" 2 "cofiber_" verilate nearest.cfn "$frames" --rtl empty

# ---- files, tools, accidents ----

check "deterministic" 0 "" cofiber verilog nearest.cfn -o again
check "deterministic: same bytes" 0 "" diff -r nearest again
check "own directory is written again" 0 "row modules" cofiber verilog bilinear.cfn -o again
check "written again: complete" 0 "" diff -r bilinear again
mkdir other && echo kept >other/notes.txt
check "other files: refused" 2 "holds other files" cofiber verilog nearest.cfn -o other
check "other files: forced" 0 "row modules" cofiber verilog nearest.cfn -o other --force
check "other files: kept" 0 "kept" cat other/notes.txt
check "nothing is left beside" 2 "No such file" ls -d ./*.tmp-*
for tool in verilator:cosim make:cosim g++:cosim; do
    mkdir -p "without_${tool%:*}"
    for program in verilator make g++; do
        [ "$program" = "${tool%:*}" ] || ln -s "$(command -v $program)" "without_${tool%:*}/$program"
    done
    check "without ${tool%:*}" 2 "apt install ${tool%:*}" env PATH="without_${tool%:*}" "$build/cofiber" cosim \
        nearest.cfn "$frames" --cache fresh
done
mkdir left
check "without yosys" 2 "apt install yosys" env TMPDIR="$PWD/left" PATH=without_make "$build/cofiber" census nearest.cfn
check "without yosys: nothing is left" 0 "" rmdir left
cp -r cache crashed
for program in crashed/*/Vcofiber; do printf '#!/bin/sh\necho "%%Error: out of luck"\nkill -SEGV $$\n' >"$program"; done
check "the model dies" 2 "%Error: out of luck" cofiber cosim --cache crashed nearest.cfn "$frames"
for program in crashed/*/Vcofiber; do echo damaged >"$program"; done
check "the model is damaged" 2 "may have to be built again (see --rebuild)" cofiber cosim --cache crashed nearest.cfn "$frames"
# What builds share, those with waves among themselves, is damaged; killed runs left a build and an emission; another run's emission is locked.
for file in crashed/runtime-*/*.o crashed/runtime-*/*.gch; do echo damaged >"$file"; done
mkdir -p crashed/1234.part/obj crashed/emission-killed crashed/emission-living crashed/emission-young
: >crashed/1234.lock
touch -d "1 hour ago" crashed/emission-living crashed/emission-killed
exec 9<crashed/emission-living && flock -x 9
check "damaged: built again" 0 ", 0 differ" cofiber cosim --cache crashed nearest.cfn "$frames" --rebuild
check "damaged: built again, with waves" 0 ", 0 differ" cofiber cosim --cache crashed nearest.cfn "$frames" --rebuild \
    --wave rebuilt.fst
check "damaged: what is shared, too" 1 "" grep -rl damaged crashed/runtime-*
check "left over: swept" 2 "No such file" ls -d crashed/1234.part crashed/emission-killed
check "left over: kept" 0 "" ls -d crashed/emission-living crashed/emission-young
exec 9<&-

# ---- interrupted: nothing is left, and no tool goes on ----

# interrupt SIGNAL FILE COMMAND...: sends the signal once the file (a pattern) is there.
interrupt() {
    local pid
    "${@:3}" &
    pid=$!
    while [ -d "/proc/$pid" ] && ! compgen -G "$2" >/dev/null; do sleep 0.02; done
    kill "-$1" $pid
    wait $pid
}
# Processes that work in a folder below this one.
still_running() { readlink /proc/[0-9]*/cwd | grep "^$PWD/$1"; }
# What is in a cache, but for the objects that all programs share.
left_in() { find "$1" -mindepth 1 -maxdepth 1 ! -name 'runtime-*' | grep .; }

mkdir stopped
check "interrupted: Verilator" 2 "interrupted" \
    interrupt TERM 'stopped/*.part/obj' cofiber cosim --cache stopped nearest.cfn "$frames"
check "interrupted: nothing is left" 1 "" left_in stopped
check "interrupted: no tool goes on" 1 "" still_running stopped
check "interrupted: the compiler" 2 "interrupted" \
    interrupt INT 'stopped/*.part/obj/Vcofiber.mk' cofiber cosim --cache stopped nearest.cfn "$frames"
check "interrupted: nothing is left of it" 1 "" left_in stopped
check "interrupted: no compiler goes on" 1 "" still_running stopped
mkdir scratch
export TMPDIR=$PWD/scratch
check "interrupted: the accelerator" 2 "interrupted" \
    interrupt INT 'scratch/cofiber-stream-*/obj/*.mk' cofiber cosim nearest.cfn "$frames" --style stream
check "interrupted: nothing is left of the accelerator" 1 "" left_in scratch
check "interrupted: no tool of it goes on" 1 "" still_running scratch
check "interrupted: Yosys" 2 "interrupted" interrupt TERM 'scratch/*/yosys.log' cofiber census nearest.cfn
check "interrupted: nothing is left of that" 0 "" rmdir scratch
mkdir -p scratch/cofiber-census-killed scratch/cofiber-census-living scratch/cofiber-census-others
touch -d "1 hour ago" scratch/cofiber-census-killed scratch/cofiber-census-living
exec 9<scratch/cofiber-census-living && flock -x 9
check "killed before: census" 0 "all counts are equal" cofiber census nearest.cfn
check "killed before: swept" 2 "No such file" ls -d scratch/cofiber-census-killed
check "living: kept" 0 "" ls -d scratch/cofiber-census-living scratch/cofiber-census-others
exec 9<&-
unset TMPDIR

finish
