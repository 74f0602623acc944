// cofiber_stream_front: classifies the input as it comes. Each position's channels are multiplied by the weights of
// CLASSES classes at once; a position whose classes take several rounds is kept in one half of a buffer meanwhile, while
// the next comes into the other. The sums leave FOLD classes per cycle, position after position.
//
//   LANES    channels per cycle            WORDS         cycles of a round: channels / LANES, rounded up
//   CLASSES  classes side by side          GROUPS        rounds of a position: classes / CLASSES, rounded up
//   FOLD     sums per cycle that leave     RESULT_BEATS  cycles in which a round's sums leave: CLASSES / FOLD, rounded up
//   SLOT     cycles from the start of one position to that of the next, at least
//
// STAGES is 0 where the weights are in a memory. Constant weights take all channels in one word, and STAGES cycles.
//
// Only the start of a position waits, for `room`. What has started goes through without a stop, so that no arithmetic
// register needs an enable.
module cofiber_stream_front #(
    parameter LANES = 8,
    parameter TREE = 8,
    parameter LANE_BITS = 8,
    parameter INPUT_BITS = 8,
    parameter INPUT_SIGNED = 1,
    parameter X_BITS = 8,
    parameter W_BITS = 8,
    parameter CLASSES = 8,
    parameter WORDS = 1,
    parameter GROUPS = 1,
    parameter SLOT = 4,
    parameter SUM_BITS = 26,
    parameter FOLD = 1,
    parameter RESULT_BEATS = 8,
    parameter STYLE = 0,
    parameter PIPE = 1,
    parameter STAGES = 0,
    parameter LOADABLE = 0,
    parameter CHUNK = 32,
    parameter CHUNKS = 1,
    parameter WEIGHT_FILE = ""
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire [LANES*LANE_BITS-1:0] s_data,
    input  wire                       s_valid,
    output wire                       s_ready,
    input  wire                       room,
    output wire                       m_valid,
    output wire [  FOLD*SUM_BITS-1:0] m_sums,
    input  wire                       w_write,
    input  wire [               31:0] w_address,
    input  wire [               31:0] w_data
);
    localparam DEPTH = GROUPS * WORDS;
    localparam ADDRESS = DEPTH > 1 ? $clog2(DEPTH) : 1;
    localparam WORD_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam SLOT_BITS = $clog2(SLOT + 1);
    localparam LATENCY = 1 + (STAGES != 0 ? STAGES : PIPE + 1 + $clog2(TREE));  // from issue to the accumulator's addend
    localparam PADDED = RESULT_BEATS * FOLD;

    reg [WORD_BITS-1:0] word;     // of the round
    reg [ADDRESS-1:0]   address;  // of the weights: round * WORDS + word
    reg [SLOT_BITS-1:0] pace;     // cycles until the next position may start
    wire first_word = word == 0;
    wire last_word = word == WORDS - 1;
    wire start = address == 0;
    wire finish = address == DEPTH - 1;
    wire may_start = room && pace == 0;
    wire issue;
    wire [LANES*LANE_BITS-1:0] x;

    always @(posedge clk) begin
        if (rst) begin
            word    <= 0;
            address <= 0;
            pace    <= 0;
        end else begin
            if (issue) begin
                word    <= last_word ? 0 : word + 1'b1;
                address <= finish ? 0 : address + 1'b1;
            end
            if (issue && start)
                pace <= SLOT - 1;
            else if (pace != 0)
                pace <= pace - 1'b1;
        end
    end

    generate
        if (GROUPS == 1) begin : g_direct
            reg [LANES*LANE_BITS-1:0] held;
            assign s_ready = !start || may_start;
            assign issue = s_valid && s_ready;
            always @(posedge clk) held <= s_data;
            assign x = held;
        end else begin : g_buffered
            localparam XA = $clog2(2 * WORDS);
            reg [LANES*LANE_BITS-1:0] memory[0:2*WORDS-1];
            reg [LANES*LANE_BITS-1:0] held;
            reg [1:0]                 full;
            reg                       fill, drain;  // the half that is written, and that is read
            reg [WORD_BITS-1:0]       filled;
            wire last_fill = filled == WORDS - 1;
            wire [XA-1:0] write_at = filled + (fill ? WORDS : 0);
            wire [XA-1:0] read_at = word + (drain ? WORDS : 0);
            wire take = s_valid && s_ready;
            assign s_ready = !full[fill];
            assign issue = full[drain] && (!start || may_start);
            always @(posedge clk) begin
                if (take)
                    memory[write_at] <= s_data;
                held <= memory[read_at];
                if (rst) begin
                    full   <= 2'b00;
                    fill   <= 1'b0;
                    drain  <= 1'b0;
                    filled <= 0;
                end else begin
                    if (take) begin
                        filled <= last_fill ? 0 : filled + 1'b1;
                        if (last_fill) begin
                            full[fill] <= 1'b1;
                            fill       <= !fill;
                        end
                    end
                    if (issue && finish) begin
                        full[drain] <= 1'b0;
                        drain       <= !drain;
                    end
                end
            end
            assign x = held;
        end
    endgenerate

    // The lanes' low INPUT_BITS, with a sign.
    wire [LANES*X_BITS-1:0] operands;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_operand
            if (INPUT_SIGNED) begin : g_signed
                assign operands[l*X_BITS+:X_BITS] = x[l*LANE_BITS+:INPUT_BITS];
            end else begin : g_unsigned
                assign operands[l*X_BITS+:X_BITS] = {1'b0, x[l*LANE_BITS+:INPUT_BITS]};
            end
        end
    endgenerate

    // What comes with the operands: bit t of each is t + 1 cycles old.
    reg [LATENCY:0] valid, first, last;
    always @(posedge clk) begin
        first <= {first[LATENCY-1:0], first_word};
        if (rst) begin
            valid <= 0;
            last  <= 0;
        end else begin
            valid <= {valid[LATENCY-1:0], issue};
            last  <= {last[LATENCY-1:0], issue && last_word};
        end
    end

    wire [PADDED*SUM_BITS-1:0] sums;
    cofiber_stream_sums #(
        .LANES(LANES), .TREE(TREE), .X_BITS(X_BITS), .W_BITS(W_BITS), .CLASSES(CLASSES), .PADDED(PADDED),
        .SUM_BITS(SUM_BITS), .DEPTH(DEPTH), .ADDRESS(ADDRESS), .STYLE(STYLE), .PIPE(PIPE), .LOADABLE(LOADABLE),
        .CHUNK(CHUNK), .CHUNKS(CHUNKS), .WEIGHT_FILE(WEIGHT_FILE)
    ) u_sums (
        .clk(clk), .address(address), .x(operands), .valid(valid[LATENCY-1]), .first(first[LATENCY-1]), .sums(sums),
        .w_write(w_write), .w_address(w_address), .w_data(w_data)
    );

    // A round's sums are copied when they are complete, and leave while the next round is summed.
    localparam LEFT_BITS = $clog2(RESULT_BEATS + 1);
    reg [PADDED*SUM_BITS-1:0] copy;
    reg [LEFT_BITS-1:0]       left;
    assign m_valid = left != 0;
    assign m_sums = copy[FOLD*SUM_BITS-1:0];
    always @(posedge clk) begin
        if (last[LATENCY])
            copy <= sums;
        else
            copy <= copy >> (FOLD * SUM_BITS);
        if (rst)
            left <= 0;
        else if (last[LATENCY])
            left <= RESULT_BEATS;
        else if (left != 0)
            left <= left - 1'b1;
    end
endmodule
