// cofiber_stream_ram: a memory of 32-bit words with one port; a cycle either writes or reads. A target's own file may
// hold another module of this name.
module cofiber_stream_ram #(
    parameter ADDRESS = 14
) (
    input  wire               clk,
    input  wire               write,
    input  wire [ADDRESS-1:0] address,
    input  wire [       31:0] data,
    output reg  [       31:0] word
);
    reg [31:0] memory[0:(1<<ADDRESS)-1];
    always @(posedge clk)
        if (write)
            memory[address] <= data;
        else
            word <= memory[address];
endmodule
