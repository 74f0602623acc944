/* stream_script.c - writes the script that Yosys runs on a package of the streaming accelerator. */
#include "rtl/tools/stream_script.h"

/* A subtraction inverts its second operand in the adder's own LUT. Yosys 0.23 extends no operand of no bits, so that an
 * addition of such a one is left to its own map. */
const char cf_stream_cells[] =
    "(* blackbox *)\n"
    "module cofiber_product #(parameter A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1) (\n"
    "    input [A_WIDTH-1:0] A, input [B_WIDTH-1:0] B, output [Y_WIDTH-1:0] Y);\n"
    "endmodule\n"
    "(* blackbox *)\n"
    "module cofiber_adder #(parameter INVERT = 0) (input A, B, C, output X, Y, CO);\n"
    "endmodule\n"
    "`ifdef MAP_PRODUCTS\n"
    "(* techmap_celltype = \"$mul\" *)\n"
    "module map_product (A, B, Y);\n"
    "    parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;\n"
    "    input [A_WIDTH-1:0] A;\n"
    "    input [B_WIDTH-1:0] B;\n"
    "    output [Y_WIDTH-1:0] Y;\n"
    "    cofiber_product #(.A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) _TECHMAP_REPLACE_ (\n"
    "        .A(A), .B(B), .Y(Y));\n"
    "endmodule\n"
    "`endif\n"
    "`ifdef MAP_ADDERS\n"
    "(* techmap_celltype = \"$alu\" *)\n"
    "module map_adder (A, B, CI, BI, X, Y, CO);\n"
    "    parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;\n"
    "    parameter _TECHMAP_CONSTMSK_BI_ = 0, _TECHMAP_CONSTVAL_BI_ = 0;\n"
    "    input [A_WIDTH-1:0] A;\n"
    "    input [B_WIDTH-1:0] B;\n"
    "    input CI, BI;\n"
    "    output [Y_WIDTH-1:0] X, Y, CO;\n"
    "    wire [Y_WIDTH-1:0] a, b;\n"
    "    \\$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));\n"
    "    \\$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));\n"
    "    wire [Y_WIDTH-1:0] addend = _TECHMAP_CONSTMSK_BI_ == 1'b1 ? b : b ^ {Y_WIDTH{BI}};\n"
    "    wire [Y_WIDTH:0] carry = {CO, CI};\n"
    "    genvar i;\n"
    "    generate\n"
    "        for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits\n"
    "            cofiber_adder #(.INVERT(_TECHMAP_CONSTMSK_BI_ == 1'b1 && _TECHMAP_CONSTVAL_BI_ == 1'b1)) u_adder (\n"
    "                .A(a[i]), .B(addend[i]), .C(carry[i]), .X(X[i]), .Y(Y[i]), .CO(CO[i]));\n"
    "        end\n"
    "    endgenerate\n"
    "endmodule\n"
    "`endif\n";

/* Which file of the families' own scripts does all; NULL for generic. */
static const char *family(enum cf_stream_target target)
{
    static const char *const commands[] = {
        [CF_TARGET_ICE40] = "synth_ice40",
        [CF_TARGET_ECP5] = "synth_ecp5",
        [CF_TARGET_XILINX] = "synth_xilinx -flatten -noiopad",
        [CF_TARGET_GENERIC] = NULL,
    };
    return commands[target];
}

/* The netlist that can be simulated has gates where LUTs are counted, and is made from the same start. */
static void put_generic(const struct cf_stream_script *s, struct cf_text *text)
{
    static const char coarse[] = "flatten; opt -fast; wreduce; opt_clean\n";
    const char *top = s->prefix, *scratch = s->scratch;
    cf_text_printf(text, "hierarchy -check -top %scofiber_stream_top\nproc\n", top);
    if (s->netlist)
        cf_text_printf(text,
                       "design -save start\n%ssynth -run coarse:fine -top %scofiber_stream_top\nopt -fast; techmap; "
                       "opt -fast\nwrite_verilog -noattr %s/netlist.v\ndesign -load start\n",
                       coarse, top, scratch);
    cf_text_printf(text,
                   "read_verilog %s/" CF_STREAM_CELLS "\n"
                   "techmap -map %s/" CF_STREAM_CELLS " -D MAP_PRODUCTS =*cofiber_stream_multiply*/t:$mul "
                   "=*cofiber_stream_pair*/t:$mul\n%s",
                   scratch, scratch, coarse);
    cf_text_printf(text,
                   "tee -q -o %s/coarse.txt stat\nsynth -run coarse:fine -top %scofiber_stream_top\nopt -mux_undef "
                   "-undriven -fine; maccmap; opt -fast\n",
                   scratch, top);
    cf_text_printf(text,
                   "techmap -map %s/" CF_STREAM_CELLS " -D MAP_ADDERS t:$alu r:A_WIDTH=0 %%d r:B_WIDTH=0 %%d\n"
                   "opt -fast; techmap; opt -fast\nabc -fast -lut 4; opt_clean\n",
                   scratch);
}

void cf_stream_put_script(const struct cf_stream_script *s, struct cf_text *text)
{
    const char *command = family(s->target);
    bool has_dsp = s->target == CF_TARGET_ECP5 || s->target == CF_TARGET_XILINX;
    if (!command)
        put_generic(s, text);
    else
        cf_text_printf(text, "%s%s -top %scofiber_stream_top\n", command, s->no_dsp && has_dsp ? " -nodsp" : "",
                       s->prefix);
    if (command && s->netlist)
        cf_text_printf(text, "write_verilog -noattr %s/netlist.v\n", s->scratch);
    cf_text_printf(text, "tee -q -o %s/stat.txt stat\n", s->scratch);
    if (s->target == CF_TARGET_ICE40)
        cf_text_printf(text, "write_json %s/netlist.json\n", s->scratch);
}
