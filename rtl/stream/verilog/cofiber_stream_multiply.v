// cofiber_stream_multiply: one signed product, registered.
//
//   STYLE  0: the * operator, for the DSP blocks of the target; 1: rows of conditional adders, which no tool maps to one
//   PIPE   1: the operands are registered first, as DSP blocks want it
module cofiber_stream_multiply #(
    parameter X_BITS = 8,
    parameter W_BITS = 8,
    parameter STYLE = 0,
    parameter PIPE = 1
) (
    input  wire                            clk,
    input  wire signed [       X_BITS-1:0] x,
    input  wire signed [       W_BITS-1:0] w,
    output reg signed  [X_BITS+W_BITS-1:0] product
);
    localparam BITS = X_BITS + W_BITS;
    wire signed [X_BITS-1:0] a;
    wire signed [W_BITS-1:0] b;
    generate
        if (PIPE) begin : g_registered
            reg signed [X_BITS-1:0] x1;
            reg signed [W_BITS-1:0] w1;
            always @(posedge clk) begin
                x1 <= x;
                w1 <= w;
            end
            assign a = x1;
            assign b = w1;
        end else begin : g_direct
            assign a = x;
            assign b = w;
        end
        if (STYLE == 0) begin : g_operator
            always @(posedge clk) product <= a * b;
        end else begin : g_rows
            // The weight's sign bit counts negatively.
            wire signed [BITS-1:0] wide = {{W_BITS{a[X_BITS-1]}}, a};
            reg signed [BITS-1:0] sum;
            integer               i;
            always @* begin
                sum = {BITS{1'b0}};
                for (i = 0; i < W_BITS - 1; i = i + 1)
                    sum = sum + (b[i] ? wide <<< i : {BITS{1'b0}});
                sum = sum - (b[W_BITS-1] ? wide <<< (W_BITS - 1) : {BITS{1'b0}});
            end
            always @(posedge clk) product <= sum;
        end
    endgenerate
endmodule
