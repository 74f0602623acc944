// cofiber_stream_skid: a register stage for a stream, with both directions registered. Two words deep, so that it moves
// one word per cycle although s_ready comes out of a register.
//
//   WIDTH  bits of a word
module cofiber_stream_skid #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] s_data,
    input  wire             s_valid,
    output reg              s_ready,
    output reg  [WIDTH-1:0] m_data,
    output reg              m_valid,
    input  wire             m_ready
);
    reg [WIDTH-1:0] spare;
    reg             spare_valid;
    wire            take = s_valid && s_ready;

    always @(posedge clk) begin
        if (!m_valid || m_ready)
            m_data <= spare_valid ? spare : s_data;
        if (take)
            spare <= s_data;
        if (rst) begin
            m_valid     <= 1'b0;
            spare_valid <= 1'b0;
            s_ready     <= 1'b0;
        end else if (!m_valid || m_ready) begin
            m_valid     <= spare_valid || take;
            spare_valid <= 1'b0;
            s_ready     <= 1'b1;
        end else begin
            spare_valid <= spare_valid || take;
            s_ready     <= !(spare_valid || take);
        end
    end
endmodule
