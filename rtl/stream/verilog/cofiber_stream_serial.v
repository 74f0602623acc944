// cofiber_stream_serial: pools, subtracts and compares all scales with one adder and one comparator. It takes the sums of
// POSITIONS neighbouring positions class after class. A value of a scale (a sum, or a pool of the scale before) waits in a
// memory until the other three of its 2 x 2 block are there; then the four are compared with their pool, which becomes
// a value of the next scale.
//
//   SCALES, GRID  the number of scales; GRID 1: the last one compares its values themselves, without a pool
//   VALUE_BITS    of every value and difference, with its threshold
//   COLUMN_AT     bits of a column: 3 more than there are scales with pools, at least
//
// The memory holds, under {place, class}:
//     0 column, 10 column / 2, 110 column / 4 ...   the even row of scale 0, 1, 2 ...
//     11..1 0 scale                                 the even column of the odd row
//     11..1 1 scale                                 b for the scale without a pool, else ~b, where b is the threshold
//
// Bytes that leave, from the low bits: four decisions (4), scale (3), 0. The four are those of the block's upper row, then
// of its lower row; a scale without a pool has one. The last byte of a frame carries m_last. A frame that was given up
// ends with the byte 0x80.
module cofiber_stream_serial #(
    parameter ROWS = 40,
    parameter COLUMNS = 40,
    parameter CLASSES = 80,
    parameter POSITIONS = 4,
    parameter SCALES = 3,
    parameter GRID = 1,
    parameter SUM_BITS = 26,
    parameter VALUE_BITS = 32,
    parameter COLUMN_AT = 6
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                clear,       // forget the frame that is under way
    input  wire                given_up,    // with clear: say so
    input  wire                s_valid,
    output wire                s_ready,
    input  wire [SUM_BITS-1:0] s_sum,
    input  wire                t_write,     // the next threshold, scale after scale; no frame is in the core
    input  wire                t_last,      // with it: the first one is next
    input  wire [        31:0] t_data,
    output reg                 frame_left,  // the last byte of a good frame went to the output
    output reg  [         7:0] m_data,
    output reg                 m_valid,
    output reg                 m_last,
    input  wire                m_ready
);
    localparam CLASS_AT = CLASSES > 1 ? $clog2(CLASSES) : 1;
    localparam ROW_AT = ROWS > 1 ? $clog2(ROWS) : 1;
    localparam ADDRESS = COLUMN_AT + 1 + CLASS_AT;
    localparam TAKE = 3'd0, LOOK = 3'd1, KEEP = 3'd2, BLOCK = 3'd3, GIVE = 3'd4;

    reg  [           2:0] state;
    reg  [           3:0] step;    // of a block
    reg  [    ROW_AT-1:0] row;     // of the sums that come
    reg  [ COLUMN_AT-1:0] column;  // of the first of them
    reg  [  CLASS_AT-1:0] this_class;
    reg  [           1:0] position;
    reg  [           2:0] scale;   // of the value
    reg  [    ROW_AT-1:0] at_row;  // its row, and its place
    reg  [   COLUMN_AT:0] at;
    reg  [  CLASS_AT-1:0] at_class;
    reg                   final_sum;
    reg  [           2:0] t_scale;
    reg  [  CLASS_AT-1:0] t_class;
    wire last_position = position == POSITIONS - 1;
    wire last_class = this_class == CLASSES - 1;
    wire last_column = column == COLUMNS - POSITIONS;
    wire last_row = row == ROWS - 1;
    wire top = scale == SCALES - 1;
    wire grid = GRID && top;
    wire free = !m_valid || m_ready;
    reg  owed;  // the byte that says that a frame was given up
    wire give = state == GIVE && free && !owed;
    wire take = s_valid && s_ready;
    assign s_ready = state == TAKE && !t_write;

    // ---- the memory, and what becomes of its words ----

    reg  [        ADDRESS-1:0] address;
    reg  [     VALUE_BITS-1:0] value, addend;
    wire [               31:0] value_wide = {{(33 - VALUE_BITS) {value[VALUE_BITS-1]}}, value[VALUE_BITS-2:0]};
    wire [               31:0] stored;
    reg signed [VALUE_BITS-1:0] sum, rest;  // rest: the threshold less the pool
    wire signed [VALUE_BITS-1:0] difference = {addend[VALUE_BITS-3:0], 2'b00} + rest;
    reg  [                3:0] fired;
    wire [      COLUMN_AT-4:0] ones = ~0;
    cofiber_stream_ram #(.ADDRESS(ADDRESS)) u_memory (
        .clk(clk), .write(state == KEEP), .address(address), .data(value_wide), .word(stored)
    );

    always @(posedge clk) begin
        // A word is in `addend` three steps after its address was chosen. The block's last value is in `value`.
        case (state)
            TAKE:    address <= {ones, 1'b1, t_scale, t_class};
            LOOK:    address <= at_row[0] ? {ones, 1'b0, scale, at_class} : {at, at_class};
            default:
            case (step)
                4'd0:    address <= grid ? {ones, 1'b1, scale, at_class} : {at[COLUMN_AT:1], 1'b0, at_class};
                4'd4:    address <= {at[COLUMN_AT:1], 1'b0, at_class};
                4'd1:    address <= {at, at_class};
                4'd5:    address <= {at, at_class};
                4'd3:    address <= {ones, 1'b1, scale, at_class};
                default: address <= {ones, 1'b0, scale, at_class};
            endcase
        endcase
        addend <= step == 4'd0 || step == 4'd9 ? value : stored[VALUE_BITS-1:0];
        if (step == 4'd1 || step == 4'd3 || step == 4'd4 || step == 4'd5)
            sum <= step == 4'd1 ? addend : sum + addend;
        if (step == 4'd6)
            rest <= ~(sum + addend);
        if (grid && state != GIVE)
            fired <= {3'd0, !sum[VALUE_BITS-1]};
        else if (step >= 4'd7)
            fired <= {!difference[VALUE_BITS-1], fired[3:1]};
        if (state == TAKE)
            value <= t_write ? t_data[VALUE_BITS-1:0] : {{(VALUE_BITS - SUM_BITS) {s_sum[SUM_BITS-1]}}, s_sum};
        else if (give)
            value <= sum;
    end

    // ---- which value is next ----

    always @(posedge clk) begin
        if (take) begin
            scale     <= 3'd0;
            at_row    <= row;
            at        <= {1'b0, column | position};
            at_class  <= this_class;
            final_sum <= last_position && last_class && last_column && last_row;
        end else if (give) begin
            scale  <= scale + 1'b1;
            at_row <= at_row >> 1;
            at     <= {1'b1, at[COLUMN_AT:1]};
        end
        if (rst || clear) begin
            state    <= TAKE;
            step     <= 4'd0;
            row      <= 0;
            column   <= 0;
            this_class    <= 0;
            position <= 2'd0;
        end else begin
            if (take) begin
                position <= last_position ? 2'd0 : position + 1'b1;
                if (last_position) begin
                    this_class <= last_class ? 0 : this_class + 1'b1;
                    if (last_class) begin
                        column <= last_column ? 0 : column + POSITIONS;
                        if (last_column)
                            row <= last_row ? 0 : row + 1'b1;
                    end
                end
            end
            case (state)
                TAKE:
                if (t_write)
                    state <= KEEP;
                else if (s_valid)
                    state <= LOOK;
                LOOK:
                state <= grid || (at_row[0] && at[0]) ? BLOCK : KEEP;
                KEEP:
                state <= TAKE;
                BLOCK: begin
                    step <= step + 1'b1;
                    if (step == (grid ? 4'd4 : 4'd10)) begin
                        step  <= 4'd0;
                        state <= GIVE;
                    end
                end
                default:
                if (give)
                    state <= top ? TAKE : LOOK;
            endcase
        end
    end

    // ---- thresholds that are loaded, bytes that leave ----

    always @(posedge clk) begin
        if (rst || (t_write && t_last)) begin
            t_scale <= 3'd0;
            t_class <= 0;
        end else if (t_write) begin
            t_class <= t_class == CLASSES - 1 ? 0 : t_class + 1'b1;
            if (t_class == CLASSES - 1)
                t_scale <= t_scale + 1'b1;
        end
        if (free) begin
            m_data <= owed ? 8'h80 : {1'b0, scale, fired};
            m_last <= owed || (final_sum && top);
        end
        frame_left <= give && final_sum && top && !clear && !rst;
        if (rst) begin
            m_valid <= 1'b0;
            owed    <= 1'b0;
        end else begin
            if (free)
                m_valid <= (state == GIVE && !clear) || owed;
            if (clear && given_up)
                owed <= 1'b1;
            else if (free)
                owed <= 1'b0;
        end
    end
endmodule
