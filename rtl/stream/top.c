/* top.c - writes the accelerator's top module, which joins the parts, and the testbench's header of constants. */
#include "rtl/stream/emit.h"

/* ---- the top ---- */

static const char ports[] = /* width macros are filled in below */
    "    input  wire        aclk,\n"
    "    input  wire        aresetn,\n"
    "    input  wire [%u:0] s_axis_tdata,\n"
    "    input  wire        s_axis_tvalid,\n"
    "    output wire        s_axis_tready,\n"
    "    input  wire        s_axis_tlast,\n"
    "    output wire [%u:0] m_axis_tdata,\n"
    "    output wire        m_axis_tvalid,\n"
    "    input  wire        m_axis_tready,\n"
    "    output wire        m_axis_tlast,\n"
    "    input  wire [ 7:0] s_axil_awaddr,\n"
    "    input  wire        s_axil_awvalid,\n"
    "    output wire        s_axil_awready,\n"
    "    input  wire [31:0] s_axil_wdata,\n"
    "    input  wire [ 3:0] s_axil_wstrb,\n"
    "    input  wire        s_axil_wvalid,\n"
    "    output wire        s_axil_wready,\n"
    "    output wire [ 1:0] s_axil_bresp,\n"
    "    output wire        s_axil_bvalid,\n"
    "    input  wire        s_axil_bready,\n"
    "    input  wire [ 7:0] s_axil_araddr,\n"
    "    input  wire        s_axil_arvalid,\n"
    "    output wire        s_axil_arready,\n"
    "    output wire [31:0] s_axil_rdata,\n"
    "    output wire [ 1:0] s_axil_rresp,\n"
    "    output wire        s_axil_rvalid,\n"
    "    input  wire        s_axil_rready,\n"
    "    output wire        irq\n";

void cf_stream_put_head(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    cf_text_printf(text, "// The accelerator of one netlist");
    if (plan->options.source)
        cf_text_printf(text, " (%s)", plan->options.source);
    cf_text_printf(text, ": %u x %u positions of %u channels, %u classes, %u scales.\n", p->rows, p->columns,
                   p->channels, p->classes, p->scales);
}

static void put_front(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    cf_text_printf(
        text,
        "    cofiber_stream_front #(\n"
        "        .LANES(%u), .TREE(%u), .LANE_BITS(%u), .INPUT_BITS(%u), .INPUT_SIGNED(%u), .X_BITS(%u), .W_BITS(%u),\n"
        "        .CLASSES(%u), .WORDS(%u), .GROUPS(%u), .SLOT(%u), .SUM_BITS(%u), .FOLD(%u), .RESULT_BEATS(%u),\n"
        "        .STYLE(%u), .PIPE(%u), .STAGES(%u), .LOADABLE(%u), .CHUNK(32), .CHUNKS(%u), .WEIGHT_FILE(%s)\n"
        "    ) u_front (\n"
        "        .clk(aclk), .rst(core_rst), .s_data(word), .s_valid(framed_valid), .s_ready(framed_ready), "
        ".room(room),\n"
        "        .m_valid(sums_valid_0), .m_sums(sums_0), .w_write(w_write), .w_address(w_address), .w_data(w_data)\n"
        "    );\n\n",
        plan->options.lanes, plan->tree, plan->lane_bits, plan->input_bits, p->input.is_signed, plan->x_bits,
        plan->weight_bits, plan->options.parallel, plan->words, plan->groups, plan->slot, plan->scale[0].sum_bits,
        plan->fold, plan->result_beats, plan->options.logic, !plan->options.no_pipeline, plan->stages,
        plan->options.loadable, plan->chunks, plan->options.constants ? "\"\"" : "WEIGHT_FILE");
}

static void put_scale(const struct cf_stream_plan *plan, uint32_t k, struct cf_text *text)
{
    const struct cf_stream_scale *s = &plan->scale[k];
    cf_text_printf(
        text,
        "    wire           sums_valid_%u;\n"
        "    wire [%u:0] sums_%u;\n"
        "    wire           room_%u;\n"
        "    cofiber_stream_scale #(\n"
        "        .KIND(%d), .ROWS(%u), .COLUMNS(%u), .FOLD(%u), .BEATS(%u), .SUM_BITS(%u), .VALUE_BITS(%u),\n"
        "        .RING(%u), .ROOM(%u), .POOL_ROWS(%u), .QUEUE(%u), .THRESHOLD_FILE(THRESHOLD_FILE_%u)\n"
        "    ) u_scale_%u (\n"
        "        .clk(aclk), .rst(core_rst), .s_valid(sums_valid_%u), .s_sums(sums_%u), .p_valid(sums_valid_%u), "
        ".p_sums(sums_%u),\n"
        "        .room(room_%u), .t_write(t_write && t_index[31:24] == 8'd%u), .t_beat({4'd0, t_index[11:0]}),\n"
        "        .t_lane({4'd0, t_index[23:12]}), .t_value(t_value), .r_valid(r_valid[%u]), .r_ready(r_ready[%u]),\n"
        "        .r_row(r_row[%u+:16]), .r_column(r_column[%u+:16]), .r_frame(r_frame[%u]),\n"
        "        .r_fired(r_fired[%u+:%u])\n"
        "    );\n\n",
        k + 1, plan->fold * (s->sum_bits + 2u) - 1, k + 1, k, (int)s->band, s->rows, s->columns, plan->fold,
        plan->beats, s->sum_bits, s->value_bits, s->ring, s->room, s->pool_rows, plan->queue, k, k, k, k, k + 1, k + 1,
        k, k, k, k, 16 * k, 16 * k, k, k * plan->beats * plan->fold, plan->beats * plan->fold);
}

static void put_declarations(const struct cf_stream_plan *plan, struct cf_text *text)
{
    uint32_t scales = plan->pyramid->scales, bits = plan->beats * plan->fold;
    cf_text_printf(text,
                   "    wire [%u:0] word;\n"
                   "    wire word_last, word_valid, word_ready, framed_valid, framed_ready;\n"
                   "    wire stop, clear, given_up, frame_taken, frame_left, error_short, error_long, busy;\n"
                   "    reg  rst;  // the reset, registered once for all\n"
                   "    always @(posedge aclk) rst <= !aresetn;\n"
                   "    wire core_rst = rst || clear;\n"
                   "    wire        t_write, w_write;\n"
                   "    wire [31:0] t_index, w_address, w_data;\n"
                   "    wire [63:0] t_value;\n"
                   "    wire [%u:0] r_valid, r_ready, r_frame;\n"
                   "    wire [%u:0] r_row, r_column;\n"
                   "    wire [%u:0] r_fired;\n"
                   "    wire           sums_valid_0;\n"
                   "    wire [%u:0] sums_0;\n"
                   "    wire           room = ",
                   8 * plan->input_bytes - 1, scales - 1, 16 * scales - 1, scales * bits - 1,
                   plan->fold * plan->scale[0].sum_bits - 1);
    for (uint32_t k = 0; k < scales; k++)
        cf_text_printf(text, "%sroom_%u", k ? " && " : "", k);
    cf_text_printf(text, ";\n\n");
}

static void put_input(const struct cf_stream_plan *plan, struct cf_text *text)
{
    cf_text_printf(
        text,
        "    cofiber_stream_skid #(.WIDTH(%u)) u_input (\n"
        "        .clk(aclk), .rst(rst), .s_data({s_axis_tlast, s_axis_tdata}), .s_valid(s_axis_tvalid), "
        ".s_ready(s_axis_tready),\n"
        "        .m_data({word_last, word}), .m_valid(word_valid), .m_ready(word_ready)\n"
        "    );\n"
        "    cofiber_stream_framer #(.WORDS(%u), .POSITIONS(%u)) u_framer (\n"
        "        .clk(aclk), .rst(rst), .s_valid(word_valid), .s_ready(word_ready), .s_last(word_last), .s_cut(1'b0),\n"
        "        .m_valid(framed_valid), .m_ready(framed_ready), .stop(stop), .frame_left(frame_left), "
        ".clear(clear),\n"
        "        .given_up(given_up), .frame_taken(frame_taken), .error_short(error_short), "
        ".error_long(error_long), .busy(busy)\n"
        "    );\n",
        8 * plan->input_bytes + 1, plan->words, plan->pyramid->rows * plan->pyramid->columns);
}

/* Records leave with the classes' bits in order of class: the scales give them in order of beat and lane. */
static void put_output(const struct cf_stream_plan *plan, struct cf_text *text)
{
    uint32_t classes = plan->pyramid->classes, bits = plan->beats * plan->fold, record = 48 + bits;
    cf_text_printf(text,
                   "    wire [%u:0] record;\n"
                   "    wire           record_last, record_valid, record_ready;\n"
                   "    cofiber_stream_merge #(.SCALES(%u), .RECORDS(%u), .CLASS_BITS(%u)) u_merge (\n"
                   "        .clk(aclk), .rst(rst), .clear(clear), .given_up(given_up), .s_valid(r_valid), "
                   ".s_ready(r_ready),\n"
                   "        .s_row(r_row), .s_column(r_column), .s_frame(r_frame), .s_fired(r_fired), "
                   ".m_record(record),\n"
                   "        .m_last(record_last), .m_valid(record_valid), .m_ready(record_ready), "
                   ".frame_left(frame_left)\n"
                   "    );\n\n"
                   "    // The classes' bits in order of class.\n"
                   "    wire [%u:0] fired;\n",
                   record - 1, plan->pyramid->scales, plan->records, bits, classes - 1);
    for (uint32_t c = 0; c < classes;) {
        uint32_t at = cf_stream_beat(plan, c) * plan->fold + cf_stream_lane(plan, c), run = 1;
        while (c + run < classes &&
               cf_stream_beat(plan, c + run) * plan->fold + cf_stream_lane(plan, c + run) == at + run)
            run++;
        cf_text_printf(text, "    assign fired[%u:%u] = record[%u:%u];\n", c + run - 1, c, 48 + at + run - 1, 48 + at);
        c += run;
    }
    if (plan->options.sparse)
        cf_text_printf(text,
                       "    cofiber_stream_sparse #(.CLASSES(%u)) u_sparse (\n"
                       "        .clk(aclk), .rst(rst), .s_record({fired, record[47:0]}), .s_last(record_last), "
                       ".s_valid(record_valid),\n"
                       "        .s_ready(record_ready), .m_record(m_axis_tdata), .m_last(m_axis_tlast), "
                       ".m_valid(m_axis_tvalid),\n"
                       "        .m_ready(m_axis_tready)\n"
                       "    );\n\n",
                       classes);
    else
        cf_text_printf(text,
                       "    assign m_axis_tdata = {{%u{1'b0}}, fired, record[47:0]};\n"
                       "    assign m_axis_tlast = record_last;\n"
                       "    assign m_axis_tvalid = record_valid;\n"
                       "    assign record_ready = m_axis_tready;\n\n",
                       8 * plan->output_bytes - 48 - classes);
}

static void put_registers(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    cf_text_printf(
        text,
        "    cofiber_stream_registers #(\n"
        "        .GRID(32'h%08x), .FEATURES(32'h%08x), .PYRAMID(32'h%08x), .PARALLEL(32'h%08x), .LAYOUT(32'h%08x),\n"
        "        .WEIGHT_WORDS(32'd%llu)\n"
        "    ) u_registers (\n"
        "        .clk(aclk), .rst(rst), .s_axil_awaddr(s_axil_awaddr), .s_axil_awvalid(s_axil_awvalid),\n"
        "        .s_axil_awready(s_axil_awready), .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb),\n"
        "        .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready), .s_axil_bresp(s_axil_bresp),\n"
        "        .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready), .s_axil_araddr(s_axil_araddr),\n"
        "        .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready), .s_axil_rdata(s_axil_rdata),\n"
        "        .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready), "
        ".irq(irq),\n"
        "        .busy(busy), .frame_taken(frame_taken), .frame_left(frame_left), .error_short(error_short),\n"
        "        .error_long(error_long), .input_waits(s_axis_tvalid && !s_axis_tready),\n"
        "        .output_waits(m_axis_tvalid && !m_axis_tready), .stop(stop), .t_write(t_write), .t_index(t_index),\n"
        "        .t_value(t_value), .w_write(w_write), .w_address(w_address), .w_data(w_data)\n"
        "    );\n",
        p->columns << 16 | p->rows, p->classes << 16 | p->channels,
        (uint32_t)plan->options.sparse << 16 | plan->input_bits << 8 | p->scales,
        plan->options.parallel << 16 | plan->options.lanes, plan->result_beats << 16 | plan->fold,
        plan->options.loadable ? (unsigned long long)plan->groups * plan->words * plan->chunks : 0);
}

void cf_stream_put_top(const struct cf_stream_plan *plan, struct cf_text *text)
{
    uint32_t scales = plan->pyramid->scales;
    cf_stream_put_head(plan, text);
    cf_text_printf(
        text,
        "// Written by cofiber. README.md says how to use it; s_axis takes %u channels per beat, m_axis gives "
        "records.\n",
        plan->options.lanes);
    cf_text_printf(text, "module cofiber_stream_top #(\n");
    if (!plan->options.constants)
        cf_text_printf(text, "    parameter WEIGHT_FILE = \"cofiber_stream_weights.hex\",\n");
    for (uint32_t k = 0; k < scales; k++)
        cf_text_printf(text, "%s    parameter THRESHOLD_FILE_%u = \"cofiber_stream_thresholds_%u.hex\"", k ? ",\n" : "",
                       k, k);
    cf_text_printf(text, "\n) (\n");
    cf_text_printf(text, ports, 8 * plan->input_bytes - 1, 8 * plan->output_bytes - 1);
    cf_text_printf(text, ");\n");
    put_declarations(plan, text);
    put_input(plan, text);
    for (uint32_t k = 0; k < scales; k++)
        put_scale(plan, k, text);
    put_front(plan, text);
    put_output(plan, text);
    put_registers(plan, text);
    cf_text_printf(text, "endmodule\n");
}

/* ---- the testbench's constants ---- */

void cf_stream_put_geometry(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors,
                            struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    const struct {
        const char *name;
        unsigned long long value;
    } constants[] = {
        {"ROWS", p->rows},
        {"COLUMNS", p->columns},
        {"CLASSES", p->classes},
        {"SCALES", p->scales},
        {"RECORDS", plan->records},
        {"INPUT_BYTES", plan->input_bytes},
        {"OUTPUT_BYTES", plan->output_bytes},
        {"CHUNKS", plan->chunks},
        {"WEIGHT_BITS", (unsigned long long)plan->options.parallel * plan->options.lanes * plan->weight_bits},
        {"WEIGHT_DEPTH", (unsigned long long)plan->groups * plan->words},
        {"PATIENCE", 1000 + 100 * (unsigned long long)plan->slot},
        {"TB_BEATS", (unsigned long long)vectors->count * p->rows * p->columns * plan->words},
        {"TB_FRAMES", vectors->count},
        {"TB_OUTCOMES", vectors->count},
    };
    cf_text_printf(text, "// The constants of the testbench.\n");
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        cf_text_printf(text, "`define COFIBER_STREAM_%s %llu\n", constants[i].name, constants[i].value);
    cf_text_printf(text, "`define COFIBER_STREAM_WEIGHT_FILE \"cofiber_stream_weights.hex\"\n");
    if (plan->options.loadable)
        cf_text_printf(text, "`define COFIBER_STREAM_LOADABLE\n");
    if (plan->options.sparse)
        cf_text_printf(text, "`define COFIBER_STREAM_SPARSE\n");
    cf_text_printf(text, "`define COFIBER_STREAM_PROBES always @(posedge clk) if (dump != 0) begin");
    for (uint32_t k = 0; k < p->scales; k++)
        cf_text_printf(text, " if (dut.u_scale_%u.v[6]) $fwrite(dump, \"V %u %%h\\n\", dut.u_scale_%u.values6);", k, k,
                       k);
    cf_text_printf(text, " end\n");
}
