/* shared.c - writes what differs in the package of the shared core: top module, constants, lists, pins, README. */
#include <stdlib.h>

#include "rtl/stream/emit.h"
#include "rtl/stream/model.h"

static bool is_grid(const struct cf_pyramid *p)
{
    return p->band[p->scales - 1] == CF_BAND_GRID;
}

static void put_parts(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    cf_text_printf(
        text,
        "    cofiber_stream_bytes u_bytes (\n"
        "        .clk(aclk), .rst(rst), .s_data(s_axis_tdata), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready),\n"
        "        .s_last(s_axis_tlast), .s_load(s_axis_tuser), .word(word), .m_valid(word_valid), "
        ".m_ready(word_ready),\n"
        "        .m_last(word_last), .m_cut(word_cut), .load_valid(load_valid), .load_last(load_last)\n"
        "    );\n"
        "    cofiber_stream_framer #(.WORDS(%u), .POSITIONS(%u)) u_framer (\n"
        "        .clk(aclk), .rst(rst), .s_valid(word_valid), .s_ready(word_ready), .s_last(word_last), "
        ".s_cut(word_cut),\n"
        "        .m_valid(framed_valid), .m_ready(framed_ready), .stop(1'b0), .frame_left(frame_left), "
        ".clear(clear),\n"
        "        .given_up(given_up), .frame_taken(frame_taken), .error_short(error_short), .error_long(error_long), "
        ".busy()\n"
        "    );\n"
        "    cofiber_stream_shared #(\n"
        "        .WORDS(%u), .CLASSES(%u), .POSITIONS(%u), .INPUT_SIGNED(%u), .SUM_BITS(%u), .SLOT(%u)\n"
        "    ) u_shared (\n"
        "        .clk(aclk), .rst(rst || clear), .s_data(word), .s_valid(framed_valid), .s_ready(framed_ready),\n"
        "        .m_valid(sum_valid), .m_ready(sum_ready), .m_sum(sum), .w_write(load_valid && !weights_loaded),\n"
        "        .w_data(word), .w_full(weights_full)\n"
        "    );\n"
        "    cofiber_stream_serial #(\n"
        "        .ROWS(%u), .COLUMNS(%u), .CLASSES(%u), .POSITIONS(%u), .SCALES(%u), .GRID(%u), .SUM_BITS(%u),\n"
        "        .VALUE_BITS(%u), .COLUMN_AT(%u)\n"
        "    ) u_serial (\n"
        "        .clk(aclk), .rst(rst), .clear(clear), .given_up(given_up), .s_valid(sum_valid), "
        ".s_ready(sum_ready),\n"
        "        .s_sum(sum), .t_write(load_valid && weights_loaded), .t_last(load_last), .t_data(word),\n"
        "        .frame_left(frame_left), .m_data(m_axis_tdata), .m_valid(m_axis_tvalid), .m_last(m_axis_tlast),\n"
        "        .m_ready(m_axis_tready)\n"
        "    );\n",
        plan->words, p->rows * p->columns, plan->words, p->classes, plan->positions, p->input.is_signed,
        plan->scale[0].sum_bits, plan->slot, p->rows, p->columns, p->classes, plan->positions, p->scales, is_grid(p),
        plan->scale[0].sum_bits, plan->value_bits, plan->column_at);
}

void cf_stream_put_shared_top(const struct cf_stream_plan *plan, struct cf_text *text)
{
    cf_stream_put_head(plan, text);
    cf_text_printf(text,
                   "// Written by cofiber. README.md says how to use it; bytes come in and go out.\n"
                   "module cofiber_stream_top (\n"
                   "    input  wire       aclk,\n"
                   "    input  wire       aresetn,\n"
                   "    input  wire [7:0] s_axis_tdata,\n"
                   "    input  wire       s_axis_tvalid,\n"
                   "    output wire       s_axis_tready,\n"
                   "    input  wire       s_axis_tlast,\n"
                   "    input  wire       s_axis_tuser,  // weights and thresholds, not a frame\n"
                   "    output wire [7:0] m_axis_tdata,\n"
                   "    output wire       m_axis_tvalid,\n"
                   "    input  wire       m_axis_tready,\n"
                   "    output wire       m_axis_tlast,\n"
                   "    output reg        frame_error    // the last frame that ended was short or long\n"
                   ");\n"
                   "    wire [31:0] word;\n"
                   "    wire word_valid, word_ready, word_last, word_cut, load_valid, load_last;\n"
                   "    wire framed_valid, framed_ready, frame_left, clear, given_up, frame_taken, error_short, "
                   "error_long;\n"
                   "    wire sum_valid, sum_ready, weights_full;\n"
                   "    wire [%u:0] sum;\n"
                   "    reg weights_loaded;  // what is loaded now are thresholds\n"
                   "    reg rst;             // the reset, registered once for all\n"
                   "    always @(posedge aclk) begin\n"
                   "        rst <= !aresetn;\n"
                   "        if (rst || (load_valid && load_last))\n"
                   "            weights_loaded <= 1'b0;\n"
                   "        else if (load_valid && weights_full)\n"
                   "            weights_loaded <= 1'b1;\n"
                   "        if (rst)\n"
                   "            frame_error <= 1'b0;\n"
                   "        else if (frame_taken || error_short)\n"
                   "            frame_error <= error_short || error_long;\n"
                   "    end\n\n",
                   plan->scale[0].sum_bits - 1u);
    put_parts(plan, text);
    cf_text_printf(text, "endmodule\n");
}

void cf_stream_put_shared_geometry(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct {
        const char *name;
        unsigned long long value;
    } constants[] = {
        {"POSITIONS", plan->positions}, {"GRID", is_grid(plan->pyramid)}, {"LOAD_BYTES", plan->load_bytes},
        {"BYTES", plan->frame_bytes},   {"VALUE_BITS", plan->value_bits}, {"COLUMN_AT", plan->column_at},
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        cf_text_printf(text, "`define COFIBER_STREAM_%s %llu\n", constants[i].name, constants[i].value);
}

void cf_stream_put_target_list(const struct cf_stream_plan *plan, struct cf_text *text)
{
    cf_text_printf(text, "// The accelerator's Verilog with the iCE40 UltraPlus's own multipliers and memories.\n");
    for (int i = 0; cf_stream_sources[i].name; i++) {
        const struct cf_stream_source *source = &cf_stream_sources[i];
        if (source->cores & cf_stream_core(plan) && !source->replaced &&
            (source->kind == CF_STREAM_CORE || source->kind == CF_STREAM_TARGET))
            cf_text_printf(text, "%s\n", source->name);
    }
    cf_text_printf(text, "cofiber_stream_top.v\n");
}

/* Pin 35 reaches the network of clocks; the others are free pins of banks 0, 1 and 2. */
void cf_stream_put_pins(struct cf_text *text)
{
    static const struct {
        const char *port;
        int pin;
    } single[] = {{"aclk", 35},         {"aresetn", 10},      {"s_axis_tvalid", 43}, {"s_axis_tready", 44},
                  {"s_axis_tlast", 45}, {"s_axis_tuser", 46}, {"m_axis_tvalid", 31}, {"m_axis_tready", 32},
                  {"m_axis_tlast", 34}, {"frame_error", 36}};
    static const int input[8] = {2, 3, 4, 6, 9, 47, 48, 38}, output[8] = {18, 19, 20, 21, 23, 25, 26, 27};
    cf_text_printf(text, "# Pins of an iCE40 UP5K in its package of 48 pins (sg48): a template, to be fitted to the "
                         "board.\n");
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        cf_text_printf(text, "set_io %s %d\n", single[i].port, single[i].pin);
    for (int i = 0; i < 8; i++)
        cf_text_printf(text, "set_io s_axis_tdata[%d] %d\nset_io m_axis_tdata[%d] %d\n", i, input[i], i, output[i]);
}

void cf_stream_put_shared_readme(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    struct cf_stream_cost cost;
    cf_stream_cost(plan, &cost);
    cf_text_printf(
        text,
        "# cofiber_stream\n\n"
        "A detection circuit as a small core: %u x %u positions of %u channels in, %u scales of %u classes' "
        "decisions out,\nboth as bytes. It takes %llu cycles per frame with %llu multipliers and %llu bits of "
        "memory.\n\n"
        "## Integrating it\n\n"
        "1. Add the files of `cofiber_stream.f` (or use `cofiber_stream.core` with FuseSoC, `cofiber_stream.xml` with "
        "an\n"
        "   IP-XACT tool) and instantiate `cofiber_stream_top`. For an iCE40 UP5K take `cofiber_stream_ice40.f`, "
        "whose\n"
        "   multipliers and memories are the device's own; `cofiber synth DIR --target ice40 --place` does, and\n"
        "   `cofiber_stream_ice40.pcf` is a template of the pins.\n"
        "2. Connect `aclk` and `aresetn` (synchronous, active low).\n"
        "3. After reset send the %llu bytes of `cofiber_stream_load.hex` on `s_axis` with TUSER set, TLAST with the "
        "last. "
        "They may\n"
        "   be sent again whenever no frame is in the core.\n"
        "4. Send frames on `s_axis` with TUSER clear: positions in raster order, %u bytes each, one per channel%s;\n"
        "   TLAST with the last byte of a frame.\n"
        "5. Take %llu bytes per frame from `m_axis`, from the low bits: decisions (4), scale (3), 0. Four decisions "
        "are "
        "those of a\n"
        "   block of 2 x 2 positions, the upper row first%s.\n"
        "   The order is that of the input with the classes inside: rows, then %u columns at a time, then classes, "
        "then\n"
        "   columns; a block comes with its last position, and the blocks of the next scales right behind it. TLAST "
        "marks the\n"
        "   last byte of a frame. A byte with bit 7 set and TLAST says that the frame was given up, because it was "
        "short:\n"
        "   its bytes before are to be thrown away.\n"
        "6. `frame_error` is 1 after a frame that was short or long, until the next good one.\n\n"
        "## Simulating it\n\n"
        "    iverilog -g2005 -s cofiber_stream_tb -o tb.vvp -f cofiber_stream.f cofiber_stream_tb.v\n"
        "    vvp -n tb.vvp +seed=1 +input_stalls=30 +output_stalls=30\n\n"
        "The last line begins with PASS or FAIL. With Verilator: verilator --binary -Wno-lint --top-module "
        "cofiber_stream_tb\n-F cofiber_stream.f cofiber_stream_tb.v\n",
        p->rows, p->columns, p->channels, p->scales, p->classes, (unsigned long long)cost.cycles_per_frame,
        (unsigned long long)cost.multipliers, (unsigned long long)cost.memory_bits,
        (unsigned long long)plan->load_bytes, 4 * plan->words,
        4 * plan->words == p->channels ? "" : ", filled up with bytes that do not matter",
        (unsigned long long)plan->frame_bytes, is_grid(p) ? "; the last scale has one decision per byte" : "",
        plan->positions);
}
