// cofiber_stream_weights: the weights' memory, one word per cycle: the LANES weights of each of the classes that are
// multiplied side by side.
//
//   LOADABLE  0: a ROM with the contents of FILE; 1: a RAM that is written CHUNK bits at a time
//   CHUNKS    chunks of a word; the last may hold fewer bits
module cofiber_stream_weights #(
    parameter WIDTH = 64,
    parameter DEPTH = 16,
    parameter ADDRESS = 4,
    parameter LOADABLE = 0,
    parameter CHUNK = 32,
    parameter CHUNKS = 2,
    parameter FILE = ""
) (
    input  wire               clk,
    input  wire [ADDRESS-1:0] address,
    output reg  [  WIDTH-1:0] word,
    input  wire               write,
    input  wire [       31:0] write_address,  // in chunks: word * CHUNKS + chunk
    input  wire [       31:0] write_data
);
    generate
        if (LOADABLE) begin : g_ram
            // The address in chunks is split here, by counting: writes come in order, from the start.
            reg [31:0]        at;
            reg [ADDRESS-1:0] row;
            reg [31:0]        column;
            reg [31:0]        data;
            reg               go;
            always @(posedge clk) begin
                go   <= write;
                data <= write_data;
                if (write) begin
                    at <= write_address;
                    if (write_address == 0) begin
                        row    <= 0;
                        column <= 0;
                    end else if (write_address == at + 1) begin
                        column <= column == CHUNKS - 1 ? 0 : column + 1;
                        if (column == CHUNKS - 1)
                            row <= row + 1'b1;
                    end else
                        go <= 1'b0;
                end
            end
            genvar c;
            for (c = 0; c < CHUNKS; c = c + 1) begin : g_chunk
                localparam BITS = (c + 1) * CHUNK > WIDTH ? WIDTH - c * CHUNK : CHUNK;
                reg [BITS-1:0] memory[0:DEPTH-1];
                always @(posedge clk) begin
                    if (go && column == c)
                        memory[row] <= data[BITS-1:0];
                    word[c*CHUNK+:BITS] <= memory[address];
                end
            end
        end else begin : g_rom
            reg [WIDTH-1:0] memory[0:DEPTH-1];
            if (FILE != "") begin : g_contents
                initial $readmemh(FILE, memory);
            end
            always @(posedge clk) word <= memory[address];
        end
    endgenerate
endmodule
