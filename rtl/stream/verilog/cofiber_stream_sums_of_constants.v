// cofiber_stream_sums: the sums of all classes, from weights that are constants: cofiber_stream_constants has the adders.
//
// A position's channels come in one word. The sums hold one cycle after `valid`.
module cofiber_stream_sums #(
    parameter LANES = 8,
    parameter TREE = 8,
    parameter X_BITS = 8,
    parameter W_BITS = 8,
    parameter CLASSES = 8,
    parameter PADDED = 8,  // CLASSES
    parameter SUM_BITS = 26,
    parameter DEPTH = 1,
    parameter ADDRESS = 1,
    parameter STYLE = 0,
    parameter PIPE = 1,
    parameter LOADABLE = 0,
    parameter CHUNK = 32,
    parameter CHUNKS = 1,
    parameter WEIGHT_FILE = ""
) (
    input  wire                       clk,
    input  wire [        ADDRESS-1:0] address,
    input  wire [   LANES*X_BITS-1:0] x,
    input  wire                       valid,
    input  wire                       first,
    output reg  [PADDED*SUM_BITS-1:0] sums,
    input  wire                       w_write,
    input  wire [               31:0] w_address,
    input  wire [               31:0] w_data
);
    wire [PADDED*SUM_BITS-1:0] made;
    cofiber_stream_constants u_constants (.clk(clk), .x(x), .sums(made));
    always @(posedge clk) if (valid) sums <= made;
endmodule
