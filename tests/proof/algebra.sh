# algebra.sh - `cofiber prove --algebra` on small circuits, and the widths; sourced by run.sh. A netlist with one gate changed must
# fail the law that the change breaks, and name the gate.

algebra() { cofiber prove "$@" --algebra; }
for options in "" "--upsample bilinear" "--pools iterated" "--top cofiber" "--sweep"; do
    # shellcheck disable=SC2086
    compile_small small "net$options" $options >/dev/null
    check "the laws hold: ${options:-as it is}" 0 "holds      classify, then decompose" algebra "net$options"
done
check "as JSON" 0 '"law":	"reconstruction"' algebra net --json
check "nearest leaks nothing" 0 "leakage of band 0: 0, exactly" algebra net
check "bilinear leaks" 0 "its pool has the norm 224/2^8 = 0.875" algebra "net--upsample bilinear"
cofiber compile "$root/tests/fixtures/head_f32.safetensors" -o framed --grid 8x8 --scales 2 --input-scale 0.03125 --upsample bilinear >/dev/null
check "on a frame" 0 "on 1 frame: the pooled band is" algebra framed "$root/tests/fixtures/frame_f32.npy"
cofiber compile "$root/tests/fixtures/head_pruned.safetensors" -o lanes --grid 8x8 --scales 2 --input-scale 0.05 --sweep >/dev/null
check "channels swept away" 0 "holds      classify, then decompose" algebra lanes
check "and proved" 0 "proved for all inputs" prove lanes
check "no decomposition" 2 "not applicable: no decomposition" algebra "$root/netlists/golden/general.safetensors"
cofiber compile "$root/tests/fixtures/heads/boxes.safetensors" -o normed --grid 8x8 --scales 2 --input-scale 0.05 >/dev/null
check "a LayerNorm" 1 "not applicable  classify, then decompose" algebra normed
check "frames without the algebra" 2 "FRAMES are for --algebra" cofiber prove net frames.npy
check "the algebra of Verilog" 2 "looks at no Verilog" algebra net --rtl rtl

# broken LAW GATE NET MUTATION...: the first law that fails, by its words, and what it names.
broken_law() {
    check "a mutant: ${*:4}" 0 "" mutate "$3" -o mutant "${@:4}"
    check "fails, naming the law: $1" 1 "fails      $1" algebra mutant
    check "and the gate" 1 "           $2" algebra mutant
}
broken_law "every pool and subtract reads its own" "s0.subtract[2,3,1]: it is not the same form" net weight 's0.subtract[2,3,1]' 1 2
broken_law "every subtract is its level less" "s0.subtract[2,3,1]: off by 2 times" net weight 's0.subtract[2,3,1]' 1 2
broken_law "the bands and the residual" "s0.subtract[2,3,1]: off by" net weight 's0.subtract[2,3,1]' 1 2
broken_law "cross-term p.r = 0" "s0.subtract[2,2,1]: off by" net weight 's0.subtract[2,3,1]' 1 2
broken_law "cross-term r.u = 0" "s0.subtract[2,3,1]: off by" net bias 's0.subtract[2,3,1]' 1
broken_law "direct = iterated" "s1.pool[1,0,2]: off by -2 times" net weight 's1.pool[1,0,2]' 5 -2
broken_law "direct = iterated" "s1.pool[1,0,2]: off by" "net--pools iterated" base 's1.pool[1,0,2]' 0 -3
broken_law "every pool and subtract reads its own" "s0.pool[1,0,2]: it is not the same form" net base 's0.pool[1,0,2]' 0 -1
broken_law "every subtract is its level less" "s0.subtract[5,6,1]: a gate here reads another channel" net base 's0.subtract[5,6,1]' 1 1
broken_law "classify, then decompose" "s0.classify[3,4,1]: its weight of channel 2 is" net weight 's0.classify[3,4,1]' 2 1
broken_law "classify, then decompose" "s1.classify[0,0,0]: its weight of channel 1 is" net cell 's1.classify[0,0,0]' 1 3
broken_law "classify, then decompose" "s1.classify[1,2,0]: its bias is" net bias 's1.classify[1,2,0]' 1
broken_law "classify, then decompose" "s0.classify[1,1,1]: it reads another position" net base 's0.classify[1,1,1]' 0 3

# Widths: a bit too many is said.
check "widths" 0 "10 bits: -512 to 508 of -512 to 511; slack 0 and 3, no bit to spare" prove net
check "both decisions" 0 "6 of 6 cells that are steps reach both decisions" prove net
check "widths as JSON" 0 '"slack_above":	3' prove net --json
