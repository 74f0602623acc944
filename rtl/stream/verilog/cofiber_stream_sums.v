// cofiber_stream_sums: the sums of CLASSES classes side by side, from weights in a memory and multipliers.
//
//   PADDED   sums that leave; those past CLASSES are 0      DEPTH    words of weights, of all rounds
//
// x comes one cycle after the address of its weights. The sums hold a round's words one cycle after `valid` of the last.
module cofiber_stream_sums #(
    parameter LANES = 8,
    parameter TREE = 8,
    parameter X_BITS = 8,
    parameter W_BITS = 8,
    parameter CLASSES = 8,
    parameter PADDED = 8,
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
    input  wire                       first,  // the word is a round's first
    output wire [PADDED*SUM_BITS-1:0] sums,
    input  wire                       w_write,
    input  wire [               31:0] w_address,
    input  wire [               31:0] w_data
);
    wire [CLASSES*LANES*W_BITS-1:0] weights;
    cofiber_stream_weights #(
        .WIDTH(CLASSES * LANES * W_BITS), .DEPTH(DEPTH), .ADDRESS(ADDRESS), .LOADABLE(LOADABLE), .CHUNK(CHUNK),
        .CHUNKS(CHUNKS), .FILE(WEIGHT_FILE)
    ) u_weights (
        .clk(clk), .address(address), .word(weights), .write(w_write), .write_address(w_address), .write_data(w_data)
    );
    genvar c;
    generate
        for (c = 0; c < PADDED; c = c + 1) begin : g_class
            if (c < CLASSES) begin : g_mac
                cofiber_stream_mac #(
                    .LANES(LANES), .TREE(TREE), .X_BITS(X_BITS), .W_BITS(W_BITS), .SUM_BITS(SUM_BITS), .STYLE(STYLE),
                    .PIPE(PIPE)
                ) u_mac (
                    .clk(clk), .x(x), .w(weights[c*LANES*W_BITS+:LANES*W_BITS]), .valid(valid), .first(first),
                    .sum(sums[c*SUM_BITS+:SUM_BITS])
                );
            end else begin : g_none
                assign sums[c*SUM_BITS+:SUM_BITS] = {SUM_BITS{1'b0}};
            end
        end
    endgenerate
endmodule
