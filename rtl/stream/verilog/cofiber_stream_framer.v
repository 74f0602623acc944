// cofiber_stream_framer: counts the words of a frame and keeps what is not a whole frame from harming the next.
//
//   WORDS      input words of one position
//   POSITIONS  positions of a frame
//
// A frame whose TLAST comes early is given up: no word is taken until all good frames before it have left the core
// (`pending` is 0), then `clear` resets the core for one cycle. A frame whose TLAST does not come with its last word is
// complete; the words after it, up to and including the next TLAST, are dropped. `stop` gives up whatever is in the
// core at once, and drops the rest of a frame that was under way.
module cofiber_stream_framer #(
    parameter WORDS = 1,
    parameter POSITIONS = 1
) (
    input  wire clk,
    input  wire rst,
    input  wire s_valid,
    output wire s_ready,
    input  wire s_last,
    input  wire s_cut,        // with s_last: the word itself is cut short
    output wire m_valid,      // a word of a frame
    input  wire m_ready,
    input  wire stop,
    input  wire frame_left,   // the last record of a good frame was taken
    output reg  clear,
    output reg  given_up,     // with clear: a frame, or more, ended without its records
    output reg  frame_taken,  // the last word of a good frame was taken
    output reg  error_short,
    output reg  error_long,
    output wire busy
);
    localparam RUN = 2'd0, DROP = 2'd1, DRAIN = 2'd2;
    localparam WORD_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam POSITION_BITS = POSITIONS > 1 ? $clog2(POSITIONS) : 1;

    reg [1:0]               state;
    reg [WORD_BITS-1:0]     word;
    reg [POSITION_BITS-1:0] position;
    reg [3:0]               pending;  // good frames whose records have not all left; one that was just taken comes later
    reg                     begun;    // some words of a frame were taken
    reg                     last_word, last_position;  // registered comparisons: word and position are the last

    wire final_word = last_word && last_position;
    wire early = s_last && (!final_word || s_cut);
    wire full = &pending[3:1];
    wire take = s_valid && s_ready;
    // A word that ends a frame early never reaches the core.
    assign m_valid = s_valid && state == RUN && !early && !full && !stop && !clear;
    assign s_ready = !stop && !clear && (state == DROP || (state == RUN && !full && (early || m_ready)));
    assign busy = begun || frame_taken || pending != 0;

    always @(posedge clk) begin
        clear       <= 1'b0;
        given_up    <= 1'b0;
        frame_taken <= 1'b0;
        error_short <= 1'b0;
        error_long  <= 1'b0;
        if (rst) begin
            state    <= RUN;
            word     <= 0;
            position <= 0;
            begun    <= 1'b0;
            pending  <= 4'd0;

            last_word     <= WORDS == 1;
            last_position <= POSITIONS == 1;
        end else if (stop) begin
            state    <= (begun || state == DROP) ? DROP : RUN;
            word     <= 0;
            position <= 0;
            begun    <= 1'b0;
            pending  <= 4'd0;

            last_word     <= WORDS == 1;
            last_position <= POSITIONS == 1;
            clear    <= 1'b1;
            given_up <= busy;
        end else begin
            pending <= pending + {3'd0, frame_taken} - {3'd0, frame_left};
            case (state)
                RUN:
                if (take) begin
                    word      <= last_word || early ? 0 : word + 1'b1;
                    last_word <= last_word || early ? WORDS == 1 : word == WORDS - 2;
                    if (last_word || early) begin
                        position      <= last_position || early ? 0 : position + 1'b1;
                        last_position <= last_position || early ? POSITIONS == 1 : position == POSITIONS - 2;
                    end
                    begun       <= !final_word && !early;
                    frame_taken <= final_word && !early;
                    error_short <= early;
                    error_long  <= final_word && !s_last;
                    if (early)
                        state <= DRAIN;
                    else if (final_word && !s_last)
                        state <= DROP;
                end
                DROP:
                if (take && s_last)
                    state <= RUN;
                default:
                if (pending == 0) begin
                    state    <= RUN;
                    clear    <= 1'b1;
                    given_up <= 1'b1;
                end
            endcase
        end
    end
endmodule
