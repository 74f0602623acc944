// cofiber_stream_merge: joins the scales' records into one stream. The records of a frame all leave before the first of
// the next, and the last carries m_last. Among the scales, the last (whose records are the fewest) goes first.
//
// A record, from the low bits: column (16), row (16), scale (8), flags (8), one bit per class. Flag 0: the frame was
// given up; the record has no decisions, and those of this frame that came before it are to be thrown away.
module cofiber_stream_merge #(
    parameter SCALES = 3,
    parameter RECORDS = 2100,   // of a frame, all scales together
    parameter CLASS_BITS = 80,  // bits of decisions in a record of a scale
    parameter WIDTH = 128       // bits of a record that leaves
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         clear,
    input  wire                         given_up,
    input  wire [           SCALES-1:0] s_valid,
    output wire [           SCALES-1:0] s_ready,
    input  wire [        SCALES*16-1:0] s_row,
    input  wire [        SCALES*16-1:0] s_column,
    input  wire [           SCALES-1:0] s_frame,
    input  wire [SCALES*CLASS_BITS-1:0] s_fired,
    output reg  [     48+CLASS_BITS-1:0] m_record,
    output reg                          m_last,
    output reg                          m_valid,
    input  wire                         m_ready,
    output wire                         frame_left
);
    localparam COUNT = $clog2(RECORDS + 1);
    reg [COUNT-1:0] count;
    reg             frame;    // whose records leave now
    reg             owed;     // a record that says that a frame was given up
    reg [SCALES-1:0] pick;
    reg [48+CLASS_BITS-1:0] picked;
    integer i;

    always @* begin
        pick   = {SCALES{1'b0}};
        picked = {(48 + CLASS_BITS) {1'b0}};
        for (i = 0; i < SCALES; i = i + 1)
            if (s_valid[i] && s_frame[i] == frame) begin
                pick    = {SCALES{1'b0}};
                pick[i] = 1'b1;
                picked  = {s_fired[i*CLASS_BITS+:CLASS_BITS], 8'd0, i[7:0], s_row[i*16+:16], s_column[i*16+:16]};
            end
    end

    wire free = !m_valid || m_ready;
    wire load = free && !clear && !owed && pick != 0;
    wire final_record = count == RECORDS - 1;
    assign s_ready = load ? pick : {SCALES{1'b0}};
    assign frame_left = load && final_record;

    always @(posedge clk) begin
        if (free) begin
            m_record <= owed ? {{CLASS_BITS{1'b0}}, 8'd1, 8'd0, 32'd0} : picked;
            m_last   <= owed || final_record;
        end
        if (rst) begin
            m_valid <= 1'b0;
            count   <= 0;
            frame   <= 1'b0;
            owed    <= 1'b0;
        end else begin
            if (free)
                m_valid <= load || (owed && !clear);
            if (clear) begin
                count <= 0;
                frame <= 1'b0;
                owed  <= owed || given_up;
            end else begin
                if (free)
                    owed <= 1'b0;
                if (load) begin
                    count <= final_record ? 0 : count + 1'b1;
                    if (final_record)
                        frame <= !frame;
                end
            end
        end
    end
endmodule
