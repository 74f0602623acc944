// cofiber_stream_sparse: turns records of decisions into one record per class that fired.
//
// In: records of cofiber_stream_merge. Out, from the low bits: column (16), row (16), scale (8), flags (8), class (16).
// Flag 0: the frame was given up. Flag 1: the frame's end; this record is no detection. Every frame ends with one
// record that has flag 0 or flag 1, and TLAST.
module cofiber_stream_sparse #(
    parameter CLASSES = 80
) (
    input  wire                clk,
    input  wire                rst,
    input  wire [CLASSES+47:0] s_record,
    input  wire                s_last,
    input  wire                s_valid,
    output wire                s_ready,
    output reg  [        63:0] m_record,
    output reg                 m_last,
    output reg                 m_valid,
    input  wire                m_ready
);
    reg [CLASSES-1:0] fired;   // classes that are still to leave
    reg [       47:0] header;
    reg               last;    // the record that ends the frame is still to leave
    reg [       15:0] lowest;
    integer           i;

    always @* begin
        lowest = 16'd0;
        for (i = CLASSES - 1; i >= 0; i = i - 1)
            if (fired[i])
                lowest = i[15:0];
    end

    wire none = fired == 0;
    wire free = !m_valid || m_ready;
    wire [CLASSES-1:0] rest = fired & (fired - 1'b1);
    assign s_ready = none && !last;

    always @(posedge clk) begin
        if (s_valid && s_ready)
            header <= s_record[47:0];
        if (free) begin
            m_record <= none ? {16'd0, 6'd0, !header[40], header[40], 40'd0} : {lowest, header};
            m_last   <= none;
        end
        if (rst) begin
            fired   <= 0;
            last    <= 1'b0;
            m_valid <= 1'b0;
        end else begin
            if (free)
                m_valid <= !none || last;
            if (s_valid && s_ready) begin
                fired <= s_record[48+:CLASSES];
                last  <= s_last;
            end else if (free) begin
                fired <= rest;
                if (none)
                    last <= 1'b0;
            end
        end
    end
endmodule
