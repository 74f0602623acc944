# Proves the rules of the accelerator's streams with Yosys, by induction: for all inputs and any stalls, from every state
# that the stated invariants allow. Sourced by run.sh, which has `check`; $1: a package to prove.
#
# splice puts the invariants of a module, with ghost registers, before the end of a copy of it. What they say: what goes
# in comes out once and in order; nothing changes under a stall; counters stay in their bounds.

[ $# -gt 0 ] || { echo "formal.sh: tests/stream/run.sh sources this file, with a package to prove" >&2 && exit 2; }

splice() { # FILE OUT < invariants
    sed '/^endmodule/d' "$1" >"$2" && cat - >>"$2" && echo endmodule >>"$2"
}

prove() { # FILE MODULE PARAMETERS...
    local parameters=""
    for parameter in "${@:3}"; do parameters+="-set $parameter "; done
    yosys -q -p "read_verilog -formal -sv $1; chparam ${parameters//=/ } $2; prep -top $2; memory_map; opt_clean;
                 sat -tempinduct -verify -prove-asserts -set-assumes -maxsteps 6 $2"
}

splice "$1/cofiber_stream_skid.v" skid_formal.v <<'END'
    reg [WIDTH-1:0] first, second;  // what is in it, the older first
    reg [1:0]       count;
    initial begin m_valid = 0; spare_valid = 0; s_ready = 0; count = 0; end
    wire give = m_valid && m_ready;
    always @(posedge clk)
        if (rst) count <= 0;
        else begin
            count <= count + take - give;
            if (give) first <= count == 2 ? second : s_data;
            else if (count == 0) first <= s_data;
            if (take && count - give == 1) second <= s_data;
        end
    always @* begin
        assert (count <= 2);
        assert (m_valid == (count != 0));
        assert (spare_valid == (count == 2));
        assert (!(s_ready && count == 2));
        if (count != 0) assert (m_data == first);
        if (count == 2) assert (spare == second);
    end
END
check "formal: the skid buffer keeps order and loses nothing" 0 "" prove skid_formal.v cofiber_stream_skid WIDTH=4
sed 's/spare_valid <= spare_valid || take/spare_valid <= take/; s/spare_valid ? spare : s_data/s_data/' skid_formal.v >skid_broken.v
check "formal: a broken skid buffer fails" 1 "" prove skid_broken.v cofiber_stream_skid WIDTH=4

splice "$1/cofiber_stream_framer.v" framer_formal.v <<'END'
    reg [3:0] frames;  // taken whole, and not left
    reg [2:0] words;   // of the frame under way that reached the core
    initial begin state = RUN; word = 0; position = 0; last_word = 0; last_position = 0; pending = 0; begun = 0; frame_taken = 0; clear = 0; given_up = 0; frames = 0; words = 0; end
    wire passed = m_valid && m_ready;
    always @* assume (!frame_left || frames != 0);
    always @(posedge clk)
        if (rst || stop) begin words <= 0; frames <= 0; end
        else begin
            words  <= state == DRAIN || (take && early) ? 0 : passed && words == 3 ? 0 : words + passed;
            frames <= frames + (passed && words == 3) - frame_left;
        end
    always @* begin
        assert (state != 2'd3);
        assert ({1'b0, frames} == pending + frame_taken);
        assert (last_word == (word == WORDS - 1) && last_position == (position == POSITIONS - 1));
        if (state == RUN) assert (words == {1'b0, position, word} && begun == (words != 0));
        if (state != RUN) assert (words == 0 && word == 0 && position == 0 && !begun);
        if (m_valid && s_last) assert (words == 3);
        if (state == DRAIN || clear) assert (!s_ready && !m_valid);
        if (clear) assert (words == 0);
    end
END
check "formal: the framer counts, and lets no short frame's end through" 0 "" \
    prove framer_formal.v cofiber_stream_framer WORDS=2 POSITIONS=2
sed "s/&& !early && !full/\&\& !full/" framer_formal.v >framer_broken.v
check "formal: a broken framer fails" 1 "" prove framer_broken.v cofiber_stream_framer WORDS=2 POSITIONS=2

splice "$1/cofiber_stream_merge.v" merge_formal.v <<'END'
    reg [1:0]                 out;  // records of the frame that left
    reg [48+CLASS_BITS:0]     held;
    reg                       waits;
    initial begin m_valid = 0; count = 0; frame = 0; owed = 0; out = 0; waits = 0; end
    always @* assume (!clear && !given_up);
    always @(posedge clk) begin
        held  <= {m_last, m_record};
        waits <= m_valid && !m_ready && !rst;
        if (rst) out <= 0;
        else if (m_valid && m_ready) out <= out == 2 ? 0 : out + 1;
    end
    always @* begin
        assert (out <= 2 && !owed);
        if (waits) assert (m_valid && held == {m_last, m_record});
        if (m_valid) assert (m_last == (out == 2));
        assert (count == (m_valid ? (out == 2 ? 0 : out + 1) : out));
        assert ((s_ready & (s_ready - 1)) == 0 && (s_ready & ~s_valid) == 0);
        if (s_ready[0]) assert (s_frame[0] == frame);
        if (s_ready[1]) assert (s_frame[1] == frame);
    end
END
check "formal: the merge gives whole frames, and holds still" 0 "" \
    prove merge_formal.v cofiber_stream_merge SCALES=2 RECORDS=3 CLASS_BITS=1
sed 's/wire free = !m_valid || m_ready/wire free = 1/' merge_formal.v >merge_broken.v
check "formal: a broken merge fails" 1 "" prove merge_broken.v cofiber_stream_merge SCALES=2 RECORDS=3 CLASS_BITS=1

# Every position that was begun has a place in the queue of records: none is lost however long the output stalls.
splice "$1/cofiber_stream_scale.v" scale_formal.v <<'END'
    initial begin credits = QUEUE; queued = 0; v = 0; l = 0; d_beat = 0; lead = 0; end
    wire [5:0] ends = v & l;  // last beats of positions on their way to the queue
    wire [2:0] coming = ends[0] + ends[1] + ends[2] + ends[3] + ends[4] + ends[5] + (d_beat != 0);
    always @* begin
        assert (d_beat < BEATS);
        assert (credits <= QUEUE && queued <= QUEUE && coming <= QUEUE);
        assert (credits + queued + coming == QUEUE);
    end
END
scale=(KIND=0 FOLD=1 BEATS=2 SUM_BITS=2 VALUE_BITS=3 RING=8)
check "formal: the queue of records has room for all that was begun" 0 "" \
    prove scale_formal.v cofiber_stream_scale "${scale[@]}"
sed 's/lead >= need && credits != 0/lead >= need/' scale_formal.v >scale_broken.v
check "formal: a scale that begins without a place fails" 1 "" prove scale_broken.v cofiber_stream_scale "${scale[@]}"
sed '/assert/d; s/^    always @\* begin$/    always @* begin assert (queued < QUEUE);/' scale_formal.v >scale_full.v
reached() { # FILE MODULE PARAMETERS...: the assertion fails after some steps from the start
    local parameters=""
    for parameter in "${@:3}"; do parameters+="-set $parameter "; done
    yosys -p "read_verilog -formal -sv $1; chparam ${parameters//=/ } $2; prep -top $2; memory_map; opt_clean;
              sat -tempinduct-baseonly -prove-asserts -set-assumes -maxsteps 24 $2"
}
check "formal: the queue of records is full at times" 0 "model found for base case: FAIL" \
    reached scale_full.v cofiber_stream_scale "${scale[@]}"

# Every decision of a frame is the right one, for all inputs and any stalls, up to a number of cycles from any state of the
# registers, three of them in reset. Bounded model checking by ABC takes seconds where Yosys's own solver takes a quarter
# of an hour. The design comes out as a list of its wrong outputs, numbered as the assertions are.
model() { # PACKAGE VERILOG
    (cd "$1" && yosys -q -p "$(sed 's,^[^/].*,read_verilog &;,' cofiber_stream.f | grep -v '^//' | tr '\n' ' ')
                 read_verilog -formal -sv -DWEIGHT=127 -DTHRESHOLD=-127 $2
                 hierarchy -check -top decisions; proc; flatten; memory -nomap; memory_map; opt -full; wreduce
                 opt -full; alumacc; techmap; opt -full; dffunmap; simplemap; opt_clean; aigmap; opt_clean
                 write_aiger decisions.aig")
}
decide() { # CYCLES PACKAGE [VERILOG]
    model "$2" "${3:-$root/tests/stream/decisions.v}" &&
        yosys-abc -c "read_aiger $2/decisions.aig; undc; fold; strash; scleanup; dc2; bmc3 -F $1"
}
inputs head tiny.head 1 1 3
check "2 x 2: compile" 0 "" cofiber compile tiny.head -o tiny.cfn --input-scale 0.05 --grid 2x2 --scales 1 --top cofiber \
    --input-bits 2
check "2 x 2: emit" 0 "" emit tiny.cfn -o tiny --multipliers logic --no-pipeline
check "2 x 2: the weight" 0 "7f" cat tiny/cofiber_stream_weights.hex
echo 1f81 >tiny/cofiber_stream_thresholds_0.hex # -127: the weight's single step decides
check "formal: the decisions of a frame" 0 "No output asserted in 38 frames" decide 38 tiny
sed '/^    always @\* if (age == 2.d3 && m_valid) begin/,/^    end/d
     s/^endmodule/    always @* assert (given < 4);\nendmodule/' "$root/tests/stream/decisions.v" >whole.v
check "formal: the whole frame leaves by then" 0 " was asserted in frame 37" decide 38 tiny "$PWD/whole.v"
echo 1f80 >tiny/cofiber_stream_thresholds_0.hex
check "formal: a wrong threshold is found" 0 " was asserted in frame" decide 38 tiny
