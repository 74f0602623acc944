// The iCE40 UltraPlus's own multipliers and memories, in the place of cofiber_stream_pair.v and cofiber_stream_ram.v.
// Yosys is not to infer multipliers for this family (synth_ice40 -dsp): it loses some of them.

// cofiber_stream_pair: one SB_MAC16 as two multipliers of 8 x 8 bits; operands and products are registered.
module cofiber_stream_pair #(
    parameter INPUT_SIGNED = 1
) (
    input  wire        clk,
    input  wire [15:0] x,
    input  wire [15:0] w,
    output wire [31:0] products
);
    SB_MAC16 #(
        .NEG_TRIGGER(1'b0), .A_REG(1'b1), .B_REG(1'b1), .C_REG(1'b0), .D_REG(1'b0),
        .TOP_8x8_MULT_REG(1'b1), .BOT_8x8_MULT_REG(1'b1),
        .PIPELINE_16x16_MULT_REG1(1'b1), .PIPELINE_16x16_MULT_REG2(1'b0),
        .TOPOUTPUT_SELECT(2'b10), .TOPADDSUB_LOWERINPUT(2'b00), .TOPADDSUB_UPPERINPUT(1'b0),
        .TOPADDSUB_CARRYSELECT(2'b00), .BOTOUTPUT_SELECT(2'b10), .BOTADDSUB_LOWERINPUT(2'b00),
        .BOTADDSUB_UPPERINPUT(1'b0), .BOTADDSUB_CARRYSELECT(2'b00),
        .MODE_8x8(1'b1), .A_SIGNED(INPUT_SIGNED ? 1'b1 : 1'b0), .B_SIGNED(1'b1)
    ) u_mac (
        .CLK(clk), .CE(1'b1), .A(x), .B(w), .C(16'd0), .D(16'd0), .O(products),
        .AHOLD(1'b0), .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0),
        .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0), .ORSTBOT(1'b0),
        .OLOADTOP(1'b0), .OLOADBOT(1'b0), .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0),
        .OHOLDTOP(1'b0), .OHOLDBOT(1'b0), .CI(1'b0), .ACCUMCI(1'b0), .SIGNEXTIN(1'b0)
    );
endmodule

// cofiber_stream_ram: two SB_SPRAM256KA side by side; ADDRESS is at most 14.
module cofiber_stream_ram #(
    parameter ADDRESS = 14
) (
    input  wire               clk,
    input  wire               write,
    input  wire [ADDRESS-1:0] address,
    input  wire [       31:0] data,
    output wire [       31:0] word
);
    wire [13:0] full_address = {14'd0, address};
    genvar k;
    generate
        for (k = 0; k < 2; k = k + 1) begin : g_half
            SB_SPRAM256KA u_ram (
                .CLOCK(clk), .ADDRESS(full_address), .DATAIN(data[16*k+:16]), .MASKWREN(4'hf), .WREN(write),
                .CHIPSELECT(1'b1), .STANDBY(1'b0), .SLEEP(1'b0), .POWEROFF(1'b1), .DATAOUT(word[16*k+:16])
            );
        end
    endgenerate
endmodule
