// cofiber_stream_mac: multiplies LANES channels by the weights of one class per cycle, and accumulates.
//
// `first` and `valid` come $clog2(LANES rounded up) + 1 + PIPE cycles after x and w; the accumulator holds the sum one
// cycle after the last of them.
module cofiber_stream_mac #(
    parameter LANES = 8,
    parameter TREE = 8,       // LANES rounded up to a power of two
    parameter X_BITS = 8,
    parameter W_BITS = 8,
    parameter SUM_BITS = 26,
    parameter STYLE = 0,
    parameter PIPE = 1
) (
    input  wire                     clk,
    input  wire [ LANES*X_BITS-1:0] x,
    input  wire [ LANES*W_BITS-1:0] w,
    input  wire                     valid,
    input  wire                     first,
    output reg signed [SUM_BITS-1:0] sum
);
    localparam PRODUCT = X_BITS + W_BITS;
    localparam PARTIAL = PRODUCT + $clog2(TREE);
    wire        [TREE*PRODUCT-1:0] products;
    wire signed [     PARTIAL-1:0] partial;
    // Sums of whole classes fit in SUM_BITS, so that the bits above may be left out of every step.
    wire signed [    SUM_BITS-1:0] addend;
    genvar l;
    generate
        for (l = 0; l < TREE; l = l + 1) begin : g_lane
            if (l < LANES) begin : g_product
                cofiber_stream_multiply #(.X_BITS(X_BITS), .W_BITS(W_BITS), .STYLE(STYLE), .PIPE(PIPE)) u_multiply (
                    .clk(clk), .x(x[l*X_BITS+:X_BITS]), .w(w[l*W_BITS+:W_BITS]),
                    .product(products[l*PRODUCT+:PRODUCT])
                );
            end else begin : g_zero
                assign products[l*PRODUCT+:PRODUCT] = {PRODUCT{1'b0}};
            end
        end
        if (SUM_BITS > PARTIAL) begin : g_extend
            assign addend = {{(SUM_BITS - PARTIAL) {partial[PARTIAL-1]}}, partial};
        end else begin : g_cut
            assign addend = partial[SUM_BITS-1:0];
        end
    endgenerate
    cofiber_stream_tree #(.COUNT(TREE), .WIDTH(PRODUCT)) u_tree (.clk(clk), .terms(products), .sum(partial));
    always @(posedge clk) if (valid) sum <= first ? addend : sum + addend;
endmodule
