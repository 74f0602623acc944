// cofiber_stream_shared: classifies the input with few multipliers, each word of four weights serving POSITIONS positions
// that are neighbours in a row. Their channels are kept in one half of a buffer while the next positions come into the
// other. A round takes the four channels of every word times one class's weights; it gives POSITIONS sums, which leave one
// after the other while the next round is summed.
//
// s_data is to stand for one cycle after it was taken.
//
//   WORDS    words of four channels of a position
//   CLASSES  rounds of the same positions
//   SLOT     cycles from the start of a round to that of the next, at least; WORDS or more
module cofiber_stream_shared #(
    parameter WORDS = 192,
    parameter CLASSES = 80,
    parameter POSITIONS = 4,
    parameter INPUT_SIGNED = 1,
    parameter SUM_BITS = 26,
    parameter SLOT = 192
) (
    input  wire                clk,
    input  wire                rst,
    input  wire [        31:0] s_data,
    input  wire                s_valid,
    output wire                s_ready,
    output wire                m_valid,
    input  wire                m_ready,
    output wire [SUM_BITS-1:0] m_sum,
    input  wire                w_write,   // the next word of weights; no frame is in the core
    input  wire [        31:0] w_data,
    output wire                w_full     // with w_write: this is the last word
);
    localparam DEPTH = WORDS * CLASSES;
    localparam ADDRESS = DEPTH > 1 ? $clog2(DEPTH) : 1;
    localparam WORD_AT = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam POSITION_AT = POSITIONS > 1 ? $clog2(POSITIONS) : 1;
    localparam LEFT_AT = $clog2(POSITIONS + 1);
    genvar p;

    // ---- the buffer ----

    reg  [        1:0] full;
    reg                fill, drain;  // the half that is written, and that is read
    reg  [WORD_AT-1:0] filled, word;
    reg  [POSITION_AT-1:0] position;
    reg  [ADDRESS-1:0] address;      // of the weights
    reg                owed;         // a round's sums have not all left
    reg                put;          // a word was taken
    reg                first_word, last_word, finish;  // registered comparisons: of word, and of address with the last
    wire issue, paced;
    wire last_filled = filled == WORDS - 1;
    wire last_position = position == POSITIONS - 1;
    wire release_sums;
    assign s_ready = !full[fill] && !put;
    assign issue = full[drain] && paced && !(last_word && owed);
    assign w_full = finish;

    always @(posedge clk) begin
        put <= s_valid && s_ready && !rst;
        if (rst) begin
            full     <= 2'b00;
            fill     <= 1'b0;
            drain    <= 1'b0;
            filled   <= 0;
            position <= 0;
            word     <= 0;
            address  <= 0;
            owed     <= 1'b0;

            first_word <= 1'b1;
            last_word  <= WORDS == 1;
            finish     <= DEPTH == 1;
        end else begin
            if (put) begin
                filled <= last_filled ? 0 : filled + 1'b1;
                if (last_filled) begin
                    position <= last_position ? 0 : position + 1'b1;
                    if (last_position) begin
                        full[fill] <= 1'b1;
                        fill       <= !fill;
                    end
                end
            end
            if (issue) begin
                word       <= last_word ? 0 : word + 1'b1;
                first_word <= last_word;
                last_word  <= last_word ? WORDS == 1 : word == WORDS - 2;
            end
            if (issue || w_write) begin
                address <= finish ? 0 : address + 1'b1;
                finish  <= finish ? DEPTH == 1 : address == DEPTH - 2;
            end
            if (issue && finish) begin
                full[drain] <= 1'b0;
                drain       <= !drain;
            end
            if (issue && last_word)
                owed <= 1'b1;
            else if (release_sums)
                owed <= 1'b0;
        end
    end

    generate
        if (SLOT > WORDS) begin : g_pace
            localparam SLOT_AT = $clog2(SLOT + 1);
            reg [SLOT_AT-1:0] pace;  // cycles until the next round may start
            assign paced = !first_word || pace == 0;
            always @(posedge clk)
                if (rst)
                    pace <= 0;
                else if (issue && first_word)
                    pace <= SLOT - 1;
                else if (pace != 0)
                    pace <= pace - 1'b1;
        end else begin : g_no_pace
            assign paced = 1'b1;
        end
    endgenerate

    // ---- weights, products, sums ----

    wire [31:0] weights;
    cofiber_stream_ram #(.ADDRESS(ADDRESS)) u_weights (
        .clk(clk), .write(w_write), .address(address), .data(w_data), .word(weights)
    );

    // What comes with the operands: bit t of each is t + 1 cycles old.
    reg [4:0] valid, first;
    reg [5:0] last;
    always @(posedge clk) begin
        first <= {first[3:0], first_word};
        valid <= rst ? 5'd0 : {valid[3:0], issue};
        last  <= rst ? 6'd0 : {last[4:0], issue && last_word};
    end

    wire [POSITIONS*SUM_BITS-1:0] sums;
    generate
        for (p = 0; p < POSITIONS; p = p + 1) begin : g_position
            (* no_rw_check *) reg [31:0] memory[0:(2<<WORD_AT)-1];
            reg         [        31:0] x;
            wire        [        63:0] products;
            reg signed  [        16:0] low, high;
            reg signed  [        17:0] partial;
            reg signed  [SUM_BITS-1:0] sum;
            wire signed [SUM_BITS-1:0] addend = {{(SUM_BITS > 18 ? SUM_BITS - 18 : 1) {partial[17]}}, partial};
            wire signed [        15:0] p0 = products[15:0], p1 = products[31:16];
            wire signed [        15:0] p2 = products[47:32], p3 = products[63:48];
            always @(posedge clk) begin
                if (put && position == p)
                    memory[{fill, filled}] <= s_data;
                x <= memory[{drain, word}];
            end
            cofiber_stream_pair #(.INPUT_SIGNED(INPUT_SIGNED)) u_low (
                .clk(clk), .x(x[15:0]), .w(weights[15:0]), .products(products[31:0])
            );
            cofiber_stream_pair #(.INPUT_SIGNED(INPUT_SIGNED)) u_high (
                .clk(clk), .x(x[31:16]), .w(weights[31:16]), .products(products[63:32])
            );
            always @(posedge clk) begin
                low     <= {p0[15], p0} + {p1[15], p1};
                high    <= {p2[15], p2} + {p3[15], p3};
                partial <= {low[16], low} + {high[16], high};
                if (valid[4])
                    sum <= first[4] ? addend : sum + addend;
            end
            assign sums[p*SUM_BITS+:SUM_BITS] = sum;
        end
    endgenerate

    reg [POSITIONS*SUM_BITS-1:0] copy;
    reg [           LEFT_AT-1:0] left;
    wire give = m_valid && m_ready;
    assign m_valid = left != 0;
    assign m_sum = copy[SUM_BITS-1:0];
    assign release_sums = give && left == 1;
    always @(posedge clk) begin
        if (last[5])
            copy <= sums;
        else if (give)
            copy <= copy >> SUM_BITS;
        if (rst)
            left <= 0;
        else if (last[5])
            left <= POSITIONS;
        else if (give)
            left <= left - 1'b1;
    end
endmodule
