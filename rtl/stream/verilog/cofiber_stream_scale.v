// cofiber_stream_scale: one scale of the pyramid. It takes the classes' sums of a grid, position after position, gives
// the sums of the pooled grid to the next scale, subtracts what the pools say of each position, and compares.
//
//   KIND        0: the sums themselves; 1: 4 * sum - pool; 2: 64 * sum - the pools interpolated (9, 3, 3, 1)
//   ROWS, COLUMNS  of the grid             FOLD, BEATS  classes per cycle, and cycles per position
//   RING        positions whose sums are kept: those that wait for their pools
//   ROOM        positions that may wait before `room` asks for a pause; RING covers those that are under way then
//   POOL_ROWS   rows of pools that are kept: the row that is complete and, for KIND 2, its neighbour
//
// The two halves of the module, the receiver and the decider, share memories and the count `lead`: the positions that
// the receiver is ahead. A position is decided as soon as the last sum that its pools need has landed.
module cofiber_stream_scale #(
    parameter KIND = 1,
    parameter ROWS = 2,
    parameter COLUMNS = 2,
    parameter FOLD = 1,
    parameter BEATS = 1,
    parameter SUM_BITS = 26,
    parameter VALUE_BITS = 32,
    parameter RING = 8,
    parameter ROOM = 4,
    parameter POOL_ROWS = 2,
    parameter QUEUE = 4,
    parameter THRESHOLD_FILE = ""
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         s_valid,
    input  wire [    FOLD*SUM_BITS-1:0] s_sums,
    output reg                          p_valid,
    output reg  [FOLD*(SUM_BITS+2)-1:0] p_sums,
    output reg                          room,
    input  wire                         t_write,
    input  wire [                 15:0] t_beat,
    input  wire [                 15:0] t_lane,
    input  wire [                 63:0] t_value,
    output wire                         r_valid,
    input  wire                         r_ready,
    output wire [                 15:0] r_row,
    output wire [                 15:0] r_column,
    output wire                         r_frame,      // alternates from frame to frame
    output wire [       BEATS*FOLD-1:0] r_fired
);
    localparam POOL_BITS = SUM_BITS + 2;
    localparam POOLS = COLUMNS / 2;          // of a row
    localparam HALVES = (POOLS + 1) / 2;     // the pools of a row that have an even column, or an odd one
    localparam BANKS = KIND == 2 ? 4 : 1;    // KIND 2 reads four neighbouring pools at once
    localparam BANK_ROWS = KIND == 2 ? POOL_ROWS / 2 : POOL_ROWS;
    localparam BANK_COLUMNS = KIND == 2 ? HALVES : POOLS;
    localparam BANK_DEPTH = KIND == 0 ? 1 : BANK_ROWS * BANK_COLUMNS * BEATS;
    localparam PARTIAL_DEPTH = KIND == 0 ? 1 : POOLS * BEATS;
    localparam RING_DEPTH = RING * BEATS;
    localparam RING_AT = RING_DEPTH > 1 ? $clog2(RING_DEPTH) : 1;
    localparam PARTIAL_AT = PARTIAL_DEPTH > 1 ? $clog2(PARTIAL_DEPTH) : 1;
    localparam BANK_AT = BANK_DEPTH > 1 ? $clog2(BANK_DEPTH) : 1;
    localparam BEAT_AT = BEATS > 1 ? $clog2(BEATS) : 1;
    localparam ROW_AT = $clog2(ROWS + 1);
    localparam COLUMN_AT = $clog2(COLUMNS + 1);
    localparam SLOT_AT = POOL_ROWS > 1 ? $clog2(POOL_ROWS) : 1;
    localparam LEAD = $clog2(RING + 2 * COLUMNS + 4);

    localparam WORD = FOLD * POOL_BITS;

    // One of four banks' words.
    function [WORD-1:0] choose(input [4*WORD-1:0] words, input [1:0] bank);
        choose = bank[1] ? (bank[0] ? words[3*WORD+:WORD] : words[2*WORD+:WORD])
                         : (bank[0] ? words[1*WORD+:WORD] : words[0*WORD+:WORD]);
    endfunction

    genvar f, k;

    // ---- the receiver: sums into the ring; partial pools; complete pools into the banks and to the next scale ----

    reg  [FOLD*SUM_BITS-1:0] ring[0:RING_DEPTH-1];
    reg  [      RING_AT-1:0] ring_write;
    reg  [      BEAT_AT-1:0] beat;
    reg  [       ROW_AT-1:0] row;
    reg  [    COLUMN_AT-1:0] column;
    reg                      landed;  // a position's last sum is in the memories
    wire last_beat = beat == BEATS - 1;
    wire last_column = column == COLUMNS - 1;

    always @(posedge clk) begin
        if (s_valid)
            ring[ring_write] <= s_sums;
        if (rst) begin
            ring_write <= 0;
            beat       <= 0;
            row        <= 0;
            column     <= 0;
        end else if (s_valid) begin
            ring_write <= ring_write == RING_DEPTH - 1 ? 0 : ring_write + 1'b1;
            beat       <= last_beat ? 0 : beat + 1'b1;
            if (last_beat) begin
                column <= last_column ? 0 : column + 1'b1;
                if (last_column)
                    row <= row == ROWS - 1 ? 0 : row + 1'b1;
            end
        end
    end

    reg valid1, last1;
    always @(posedge clk) begin
        valid1 <= s_valid && !rst;
        last1  <= last_beat;
        landed <= valid1 && last1 && !rst;
    end

    wire [FOLD*POOL_BITS*BANKS-1:0] bank_words;
    wire [       BANK_AT*BANKS-1:0] bank_reads;
    generate
        if (KIND != 0) begin : g_pool
            reg  [FOLD*POOL_BITS-1:0] partial[0:PARTIAL_DEPTH-1];
            reg  [FOLD*POOL_BITS-1:0] partial1;
            reg  [ FOLD*SUM_BITS-1:0] sums1;
            reg  [    PARTIAL_AT-1:0] at1;
            reg  [       BANK_AT-1:0] bank_at1;
            reg                       first1, complete1;
            reg  [               1:0] bank1;
            reg  [       SLOT_AT-1:0] slot;     // where the row of pools that is summed will stand
            wire [    PARTIAL_AT-1:0] at = (column >> 1) * BEATS + beat;
            wire [     COLUMN_AT-1:0] bank_column = KIND == 2 ? column >> 2 : column >> 1;
            wire [       SLOT_AT-1:0] bank_row = KIND == 2 ? slot >> 1 : slot;
            wire [FOLD*POOL_BITS-1:0] total;
            always @(posedge clk) begin
                partial1  <= partial[at];
                sums1     <= s_sums;
                at1       <= at;
                first1    <= !row[0] && !column[0];
                complete1 <= row[0] && column[0];
                bank1     <= KIND == 2 ? {slot[0], column[1]} : 2'd0;
                bank_at1  <= (bank_row * BANK_COLUMNS + bank_column) * BEATS + beat;
                if (valid1 && !complete1)
                    partial[at1] <= total;
                p_sums  <= total;
                p_valid <= valid1 && complete1 && !rst;
                if (rst)
                    slot <= 0;
                else if (s_valid && last_beat && last_column && row[0])
                    slot <= slot == POOL_ROWS - 1 ? 0 : slot + 1'b1;
            end
            for (f = 0; f < FOLD; f = f + 1) begin : g_add
                wire signed [ SUM_BITS-1:0] addend = sums1[f*SUM_BITS+:SUM_BITS];
                wire signed [POOL_BITS-1:0] so_far = first1 ? {POOL_BITS{1'b0}} : partial1[f*POOL_BITS+:POOL_BITS];
                assign total[f*POOL_BITS+:POOL_BITS] = so_far + {{2{addend[SUM_BITS-1]}}, addend};
            end
            for (k = 0; k < BANKS; k = k + 1) begin : g_bank
                reg [FOLD*POOL_BITS-1:0] memory[0:BANK_DEPTH-1];
                reg [FOLD*POOL_BITS-1:0] word;
                always @(posedge clk) begin
                    if (valid1 && complete1 && bank1 == k)
                        memory[bank_at1] <= total;
                    word <= memory[bank_reads[k*BANK_AT+:BANK_AT]];
                end
                assign bank_words[k*FOLD*POOL_BITS+:FOLD*POOL_BITS] = word;
            end
        end else begin : g_no_pool
            assign bank_words = 0;
            always @(posedge clk) begin
                p_valid <= 1'b0;
                p_sums  <= 0;
            end
        end
    endgenerate

    // ---- the decider: which position is next, and may it be decided yet ----

    reg  [  LEAD-1:0] lead;
    reg  [RING_AT-1:0] ring_read;
    reg  [BEAT_AT-1:0] d_beat;
    reg  [ ROW_AT-1:0] d_row;
    reg  [COLUMN_AT-1:0] d_column;
    reg  [SLOT_AT-1:0] d_slot;  // of the pool of this position
    reg  [        2:0] credits;    // places in the queue of records
    wire d_last_beat = d_beat == BEATS - 1;
    wire d_last_column = d_column == COLUMNS - 1;
    wire d_last_row = d_row == ROWS - 1;
    wire [LEAD-1:0] need;
    generate
        if (KIND == 0) begin : g_need_sum
            assign need = 1;
        end else if (KIND == 1) begin : g_need_pool
            assign need = (d_row[0] ? 0 : COLUMNS) + (d_column[0] ? 1 : 2);
        end else begin : g_need_pools
            assign need = (!d_row[0] ? COLUMNS : d_last_row ? 0 : 2 * COLUMNS) +
                          (!d_column[0] ? 2 : d_last_column ? 1 : 3);
        end
    endgenerate
    wire may_begin = lead >= need && credits != 0;
    wire go = d_beat != 0 || may_begin;
    wire done = go && d_last_beat;
    wire pop = r_valid && r_ready;

    always @(posedge clk) begin
        if (rst) begin
            lead      <= 0;
            room      <= 1'b0;
            ring_read <= 0;
            d_beat    <= 0;
            d_row     <= 0;
            d_column  <= 0;
            d_slot    <= 0;
            credits   <= QUEUE;
        end else begin
            lead    <= lead + landed - done;
            room    <= lead <= ROOM;
            credits <= credits + pop - (go && d_beat == 0);
            if (go) begin
                ring_read <= ring_read == RING_DEPTH - 1 ? 0 : ring_read + 1'b1;
                d_beat    <= d_last_beat ? 0 : d_beat + 1'b1;
            end
            if (done) begin
                d_column <= d_last_column ? 0 : d_column + 1'b1;
                if (d_last_column) begin
                    d_row <= d_last_row ? 0 : d_row + 1'b1;
                    if (d_row[0])
                        d_slot <= d_slot == POOL_ROWS - 1 ? 0 : d_slot + 1'b1;
                end
            end
        end
    end

    // ---- its pipeline: addresses (1), memories (2), interpolation (3, 4), difference (5), threshold (6) ----

    reg [6:1] v, l;  // valid, last beat
    always @(posedge clk) begin
        l <= {l[5:1], d_last_beat};
        v <= rst ? 6'd0 : {v[5:1], go};
    end

    reg  [      RING_AT-1:0] ring_at1;
    reg  [      BEAT_AT-1:0] beat1;
    reg  [FOLD*SUM_BITS-1:0] sum2, sum3, sum4;
    reg  [FOLD*VALUE_BITS-1:0] threshold[0:BEATS-1];
    reg  [FOLD*VALUE_BITS-1:0] threshold2, threshold3, threshold4, threshold5;
    generate
        if (THRESHOLD_FILE != "") begin : g_contents
            initial $readmemh(THRESHOLD_FILE, threshold);
        end
    endgenerate
    always @(posedge clk) begin
        ring_at1   <= ring_read;
        beat1      <= d_beat;
        sum2       <= ring[ring_at1];
        sum3       <= sum2;
        sum4       <= sum3;
        threshold2 <= threshold[beat1];
        threshold3 <= threshold2;
        threshold4 <= threshold3;
        threshold5 <= threshold4;
    end
    generate
        for (f = 0; f < FOLD; f = f + 1) begin : g_threshold
            always @(posedge clk)
                if (t_write && t_lane == f)
                    threshold[t_beat[BEAT_AT-1:0]][f*VALUE_BITS+:VALUE_BITS] <= t_value[VALUE_BITS-1:0];
        end
    endgenerate

    // Per class: `taken4` is what the pools take from it, on the binary point of the difference.
    localparam TAKEN = POOL_BITS + (KIND == 2 ? 4 : 0);
    wire [FOLD*TAKEN-1:0] taken4;
    generate
        if (KIND == 2) begin : g_interpolate
            // The pool that holds the position, and its neighbours towards the position; at an edge, itself again.
            reg  [BANK_AT*4-1:0] reads;
            reg  [1:0]           near1, near2;  // the bank of the near pool: {slot's low bit, column's}
            reg                  same_row1, same_row2, same_column1, same_column2;
            wire [COLUMN_AT-1:0] near_column = d_column >> 1;
            wire [COLUMN_AT-1:0] far_column = d_column[0] ? near_column + 1'b1 : near_column - 1'b1;
            wire                 edge_row = d_row[0] ? d_last_row : d_row == 0;
            wire                 edge_column = d_column[0] ? d_last_column : d_column == 0;
            wire [SLOT_AT-1:0]   far_slot = d_row[0] ? (d_slot == POOL_ROWS - 1 ? 0 : d_slot + 1'b1)
                                                     : (d_slot == 0 ? POOL_ROWS - 1 : d_slot - 1'b1);
            for (k = 0; k < 4; k = k + 1) begin : g_read
                wire [SLOT_AT-1:0]   from_slot = d_slot[0] == k / 2 ? d_slot : far_slot;
                wire [COLUMN_AT-1:0] from_column = near_column[0] == k % 2 ? near_column : far_column;
                // At an edge a far column or slot may lie outside; its word is not used.
                wire [BANK_AT-1:0]   from = ((from_slot >> 1) * BANK_COLUMNS + (from_column >> 1)) * BEATS + d_beat;
                always @(posedge clk) reads[k*BANK_AT+:BANK_AT] <= from;
            end
            assign bank_reads = reads;
            always @(posedge clk) begin
                near1        <= {d_slot[0], near_column[0]};
                same_row1    <= edge_row;
                same_column1 <= edge_column;
                near2        <= near1;
                same_row2    <= same_row1;
                same_column2 <= same_column1;
            end
            wire [1:0] side2 = same_column2 ? near2 : near2 ^ 2'b01;
            wire [1:0] over2 = same_row2 ? near2 : near2 ^ 2'b10;
            wire [1:0] corner2 = {over2[1], side2[0]};
            wire [WORD-1:0] near_word = choose(bank_words, near2);
            wire [WORD-1:0] side_word = choose(bank_words, side2);
            wire [WORD-1:0] over_word = choose(bank_words, over2);
            wire [WORD-1:0] corner_word = choose(bank_words, corner2);
            for (f = 0; f < FOLD; f = f + 1) begin : g_class
                wire signed [POOL_BITS-1:0] near = near_word[f*POOL_BITS+:POOL_BITS];
                wire signed [POOL_BITS-1:0] side = side_word[f*POOL_BITS+:POOL_BITS];
                wire signed [POOL_BITS-1:0] over = over_word[f*POOL_BITS+:POOL_BITS];
                wire signed [POOL_BITS-1:0] corner = corner_word[f*POOL_BITS+:POOL_BITS];
                wire signed [POOL_BITS+1:0] near_wide = {{2{near[POOL_BITS-1]}}, near};
                wire signed [POOL_BITS+1:0] side_wide = {{2{side[POOL_BITS-1]}}, side};
                wire signed [POOL_BITS+1:0] over_wide = {{2{over[POOL_BITS-1]}}, over};
                wire signed [POOL_BITS+1:0] corner_wide = {{2{corner[POOL_BITS-1]}}, corner};
                reg signed  [POOL_BITS+1:0] near3, side3;  // 3 * near + over, 3 * side + corner
                reg signed  [    TAKEN-1:0] all4;
                wire signed [    TAKEN-1:0] near3_wide = {{2{near3[POOL_BITS+1]}}, near3};
                wire signed [    TAKEN-1:0] side3_wide = {{2{side3[POOL_BITS+1]}}, side3};
                always @(posedge clk) begin
                    near3 <= (near_wide <<< 1) + near_wide + over_wide;
                    side3 <= (side_wide <<< 1) + side_wide + corner_wide;
                    all4  <= (near3_wide <<< 1) + near3_wide + side3_wide;
                end
                assign taken4[f*TAKEN+:TAKEN] = all4;
            end
        end else if (KIND == 1) begin : g_repeat
            reg [BANK_AT-1:0] read1;
            reg [FOLD*POOL_BITS-1:0] word3, word4;
            always @(posedge clk) begin
                read1 <= (d_slot * BANK_COLUMNS + (d_column >> 1)) * BEATS + d_beat;
                word3 <= bank_words;
                word4 <= word3;
            end
            assign bank_reads = read1;
            assign taken4 = word4;
        end else begin : g_nothing
            assign bank_reads = 0;
            assign taken4 = 0;
        end
    endgenerate

    localparam SHIFT = KIND == 2 ? 6 : KIND == 1 ? 2 : 0;
    wire [FOLD-1:0] fired6;
    wire [FOLD*VALUE_BITS-1:0] values6;  // the classifiers' sums, thresholds included: they fire from 0 on
    generate
        for (f = 0; f < FOLD; f = f + 1) begin : g_decide
            wire signed [  SUM_BITS-1:0] sum = sum4[f*SUM_BITS+:SUM_BITS];
            wire signed [     TAKEN-1:0] taken = taken4[f*TAKEN+:TAKEN];
            wire signed [VALUE_BITS-1:0] sum_wide = {{(VALUE_BITS - SUM_BITS) {sum[SUM_BITS-1]}}, sum};
            wire signed [VALUE_BITS-1:0] taken_wide = taken;
            reg signed  [VALUE_BITS-1:0] value5, value6;
            always @(posedge clk) begin
                value5 <= KIND == 0 ? sum_wide : (sum_wide <<< SHIFT) - taken_wide;
                value6 <= value5 + threshold5[f*VALUE_BITS+:VALUE_BITS];
            end
            assign fired6[f] = !value6[VALUE_BITS-1];
            assign values6[f*VALUE_BITS+:VALUE_BITS] = value6;
        end
    endgenerate

    // ---- records: a position's decisions, gathered beat by beat, and queued ----

    localparam QUEUE_AT = QUEUE > 1 ? $clog2(QUEUE) : 1;
    localparam RECORD = BEATS * FOLD;
    reg  [           RECORD-1:0] gathered;
    wire [RECORD+FOLD-1:0] gathering = {fired6, gathered};
    reg  [RECORD+33-1:0] queue[0:QUEUE-1];
    reg  [QUEUE_AT-1:0] queue_in, queue_out;
    reg  [         2:0] queued;
    reg  [        15:0] q_row, q_column;
    reg                 q_frame;
    wire push = v[6] && l[6];
    always @(posedge clk) begin
        if (v[6])
            gathered <= gathering[RECORD+FOLD-1:FOLD];
        if (push)
            queue[queue_in] <= {q_frame, q_row, q_column, gathering[RECORD+FOLD-1:FOLD]};
        if (rst) begin
            queue_in  <= 0;
            queue_out <= 0;
            queued    <= 0;
            q_row     <= 0;
            q_column  <= 0;
            q_frame   <= 0;
        end else begin
            queued <= queued + push - pop;
            if (push) begin
                queue_in <= queue_in == QUEUE - 1 ? 0 : queue_in + 1'b1;
                q_column <= q_column == COLUMNS - 1 ? 0 : q_column + 1'b1;
                if (q_column == COLUMNS - 1) begin
                    q_row <= q_row == ROWS - 1 ? 0 : q_row + 1'b1;
                    if (q_row == ROWS - 1)
                        q_frame <= !q_frame;
                end
            end
            if (pop)
                queue_out <= queue_out == QUEUE - 1 ? 0 : queue_out + 1'b1;
        end
    end
    assign r_valid = queued != 0;
    assign {r_frame, r_row, r_column, r_fired} = queue[queue_out];
endmodule
