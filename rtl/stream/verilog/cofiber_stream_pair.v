// cofiber_stream_pair: two signed 8-bit weights times two 8-bit inputs, two cycles later. A target's own file may hold
// another module of this name, which instantiates the multipliers of the target.
//
//   INPUT_SIGNED  1: the inputs are signed
module cofiber_stream_pair #(
    parameter INPUT_SIGNED = 1
) (
    input  wire        clk,
    input  wire [15:0] x,
    input  wire [15:0] w,
    output wire [31:0] products
);
    genvar k;
    generate
        for (k = 0; k < 2; k = k + 1) begin : g_product
            reg signed  [ 8:0] a;
            reg signed  [ 7:0] b;
            reg signed  [15:0] product;
            wire signed [16:0] exact = a * b;
            always @(posedge clk) begin
                a       <= {INPUT_SIGNED ? x[8*k+7] : 1'b0, x[8*k+:8]};
                b       <= w[8*k+:8];
                product <= exact[15:0];
            end
            assign products[16*k+:16] = product;
        end
    endgenerate
endmodule
