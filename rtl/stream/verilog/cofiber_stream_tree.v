// cofiber_stream_tree: the sum of COUNT signed terms, each level of adders registered: $clog2(COUNT) cycles.
//
//   COUNT  a power of two
module cofiber_stream_tree #(
    parameter COUNT = 4,
    parameter WIDTH = 16
) (
    input  wire                                  clk,
    input  wire        [        COUNT*WIDTH-1:0] terms,
    output wire signed [WIDTH+$clog2(COUNT)-1:0] sum
);
    generate
        if (COUNT == 1) begin : g_leaf
            assign sum = terms;
        end else begin : g_node
            localparam HALF = WIDTH + $clog2(COUNT) - 1;
            wire signed [HALF-1:0] low, high;
            reg signed [HALF:0] both;
            cofiber_stream_tree #(.COUNT(COUNT / 2), .WIDTH(WIDTH)) u_low (
                .clk(clk), .terms(terms[COUNT/2*WIDTH-1:0]), .sum(low)
            );
            cofiber_stream_tree #(.COUNT(COUNT / 2), .WIDTH(WIDTH)) u_high (
                .clk(clk), .terms(terms[COUNT*WIDTH-1:COUNT/2*WIDTH]), .sum(high)
            );
            always @(posedge clk) both <= low + high;
            assign sum = both;
        end
    endgenerate
endmodule
