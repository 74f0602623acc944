/* package.c - writes what integrates the accelerator: file list, FuseSoC core, IP-XACT, constraints, README. */
#include "rtl/stream/emit.h"
#include "rtl/stream/model.h"

/* ---- lists ---- */

static void put_verilog_names(const struct cf_stream_plan *plan, struct cf_text *text, const char *before,
                              const char *after)
{
    for (int i = 0; cf_stream_sources[i].name; i++)
        if (cf_stream_sources[i].kind == CF_STREAM_CORE && cf_stream_sources[i].cores & cf_stream_core(plan))
            cf_text_printf(text, "%s%s%s", before, cf_stream_sources[i].name, after);
    if (plan->options.constants)
        cf_text_printf(text, "%scofiber_stream_constants.v%s", before, after);
    cf_text_printf(text, "%scofiber_stream_top.v%s", before, after);
}

void cf_stream_put_list(const struct cf_stream_plan *plan, struct cf_text *text)
{
    cf_text_printf(text, "// The accelerator's Verilog. The names are relative to this file: give it to verilator as\n"
                         "// -F cofiber_stream.f, or to iverilog, in this directory, as -f cofiber_stream.f.\n");
    put_verilog_names(plan, text, "", "\n");
}

static void put_memories(const struct cf_stream_plan *plan, struct cf_text *text, const char *before, const char *after)
{
    if (plan->options.shared)
        return;
    if (!plan->options.constants)
        cf_text_printf(text, "%scofiber_stream_weights.hex%s", before, after);
    for (uint32_t k = 0; k < plan->pyramid->scales; k++)
        cf_text_printf(text, "%scofiber_stream_thresholds_%u.hex%s", before, k, after);
}

void cf_stream_put_core(const struct cf_stream_plan *plan, struct cf_text *text)
{
    cf_text_printf(text, "CAPI=2:\nname: ::cofiber_stream:1.0.0\n"
                         "description: Streaming accelerator of a cofiber detection circuit\nfilesets:\n  rtl:\n"
                         "    files:\n");
    put_verilog_names(plan, text, "      - ", "\n");
    put_memories(plan, text, "      - ", ": {file_type: user, copyto: .}\n");
    cf_text_printf(text, "    file_type: verilogSource-2005\n  tb:\n    files:\n"
                         "      - cofiber_stream_geometry.vh: {is_include_file: true}\n"
                         "      - cofiber_stream_tb.v\n");
    if (plan->options.shared)
        cf_text_printf(text, "      - cofiber_stream_load.hex: {file_type: user, copyto: .}\n");
    cf_text_printf(text, "      - cofiber_stream_stimulus.hex: {file_type: user, copyto: .}\n"
                         "      - cofiber_stream_expected.hex: {file_type: user, copyto: .}\n"
                         "      - cofiber_stream_outcomes.hex: {file_type: user, copyto: .}\n"
                         "    file_type: verilogSource-2005\ntargets:\n"
                         "  default: &default\n    filesets: [rtl]\n    toplevel: cofiber_stream_top\n"
                         "  sim:\n    <<: *default\n    filesets: [rtl, tb]\n    toplevel: cofiber_stream_tb\n"
                         "    default_tool: icarus\n    tools:\n      icarus: {iverilog_options: [-g2005]}\n"
                         "      verilator: {mode: binary, verilator_options: [--timing, -Wno-lint]}\n");
}

/* ---- IP-XACT ---- */

struct port {
    const char *logical, *physical;
};

static void put_bus(struct cf_text *text, const char *name, const char *library, const char *type, const char *mode,
                    const struct port *ports)
{
    cf_text_printf(text,
                   "    <ipxact:busInterface>\n      <ipxact:name>%s</ipxact:name>\n"
                   "      <ipxact:busType vendor=\"amba.com\" library=\"%s\" name=\"%s\" version=\"r0p0_0\"/>\n"
                   "      <ipxact:abstractionTypes><ipxact:abstractionType>\n"
                   "        <ipxact:abstractionRef vendor=\"amba.com\" library=\"%s\" name=\"%s_rtl\" "
                   "version=\"r0p0_0\"/>\n        <ipxact:portMaps>\n",
                   name, library, type, library, type);
    for (; ports->logical; ports++)
        cf_text_printf(
            text,
            "          <ipxact:portMap><ipxact:logicalPort><ipxact:name>%s</ipxact:name></ipxact:logicalPort>"
            "<ipxact:physicalPort><ipxact:name>%s_%s</ipxact:name></ipxact:physicalPort></ipxact:portMap>\n",
            ports->logical, name, ports->physical);
    cf_text_printf(text,
                   "        </ipxact:portMaps>\n      </ipxact:abstractionType></ipxact:abstractionTypes>\n"
                   "      <ipxact:%s/>\n    </ipxact:busInterface>\n",
                   mode);
}

static void put_port(struct cf_text *text, const char *name, const char *direction, uint32_t width)
{
    cf_text_printf(
        text, "      <ipxact:port><ipxact:name>%s</ipxact:name><ipxact:wire><ipxact:direction>%s</ipxact:direction>",
        name, direction);
    if (width > 1)
        cf_text_printf(text,
                       "<ipxact:vectors><ipxact:vector><ipxact:left>%u</ipxact:left><ipxact:right>0</ipxact:right>"
                       "</ipxact:vector></ipxact:vectors>",
                       width - 1);
    cf_text_printf(text, "</ipxact:wire></ipxact:port>\n");
}

static void put_ports(const struct cf_stream_plan *plan, struct cf_text *text)
{
    static const struct {
        const char *name, *direction;
        uint32_t width;
    } shared[] = {{"aclk", "in", 1},          {"aresetn", "in", 1},        {"s_axis_tdata", "in", 8},
                  {"s_axis_tvalid", "in", 1}, {"s_axis_tready", "out", 1}, {"s_axis_tlast", "in", 1},
                  {"s_axis_tuser", "in", 1},  {"m_axis_tdata", "out", 8},  {"m_axis_tvalid", "out", 1},
                  {"m_axis_tready", "in", 1}, {"m_axis_tlast", "out", 1},  {"frame_error", "out", 1}};
    for (size_t i = 0; plan->options.shared && i < sizeof shared / sizeof *shared; i++)
        put_port(text, shared[i].name, shared[i].direction, shared[i].width);
    if (plan->options.shared)
        return;
    const struct {
        const char *name, *direction;
        uint32_t width;
    } ports[] = {{"aclk", "in", 1},
                 {"aresetn", "in", 1},
                 {"s_axis_tdata", "in", 8 * plan->input_bytes},
                 {"s_axis_tvalid", "in", 1},
                 {"s_axis_tready", "out", 1},
                 {"s_axis_tlast", "in", 1},
                 {"m_axis_tdata", "out", 8 * plan->output_bytes},
                 {"m_axis_tvalid", "out", 1},
                 {"m_axis_tready", "in", 1},
                 {"m_axis_tlast", "out", 1},
                 {"s_axil_awaddr", "in", 8},
                 {"s_axil_awvalid", "in", 1},
                 {"s_axil_awready", "out", 1},
                 {"s_axil_wdata", "in", 32},
                 {"s_axil_wstrb", "in", 4},
                 {"s_axil_wvalid", "in", 1},
                 {"s_axil_wready", "out", 1},
                 {"s_axil_bresp", "out", 2},
                 {"s_axil_bvalid", "out", 1},
                 {"s_axil_bready", "in", 1},
                 {"s_axil_araddr", "in", 8},
                 {"s_axil_arvalid", "in", 1},
                 {"s_axil_arready", "out", 1},
                 {"s_axil_rdata", "out", 32},
                 {"s_axil_rresp", "out", 2},
                 {"s_axil_rvalid", "out", 1},
                 {"s_axil_rready", "in", 1},
                 {"irq", "out", 1}};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        put_port(text, ports[i].name, ports[i].direction, ports[i].width);
}

void cf_stream_put_ipxact(const struct cf_stream_plan *plan, struct cf_text *text)
{
    static const struct port stream[] = {
        {"TDATA", "tdata"}, {"TVALID", "tvalid"}, {"TREADY", "tready"}, {"TLAST", "tlast"}, {0}};
    static const struct port loading[] = {{"TDATA", "tdata"}, {"TVALID", "tvalid"}, {"TREADY", "tready"},
                                          {"TLAST", "tlast"}, {"TUSER", "tuser"},   {0}};
    static const struct port lite[] = {{"AWADDR", "awaddr"},   {"AWVALID", "awvalid"}, {"AWREADY", "awready"},
                                       {"WDATA", "wdata"},     {"WSTRB", "wstrb"},     {"WVALID", "wvalid"},
                                       {"WREADY", "wready"},   {"BRESP", "bresp"},     {"BVALID", "bvalid"},
                                       {"BREADY", "bready"},   {"ARADDR", "araddr"},   {"ARVALID", "arvalid"},
                                       {"ARREADY", "arready"}, {"RDATA", "rdata"},     {"RRESP", "rresp"},
                                       {"RVALID", "rvalid"},   {"RREADY", "rready"},   {0}};
    cf_text_printf(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<ipxact:component xmlns:ipxact=\"http://www.accellera.org/XMLSchema/IPXACT/1685-2014\">\n"
                         "  <ipxact:vendor>cofiber</ipxact:vendor>\n  <ipxact:library>cofiber</ipxact:library>\n"
                         "  <ipxact:name>cofiber_stream_top</ipxact:name>\n  <ipxact:version>1.0</ipxact:version>\n"
                         "  <ipxact:busInterfaces>\n");
    put_bus(text, "s_axis", "AMBA4", "AXI4Stream", "slave", plan->options.shared ? loading : stream);
    put_bus(text, "m_axis", "AMBA4", "AXI4Stream", "master", stream);
    if (!plan->options.shared)
        put_bus(text, "s_axil", "AMBA4", "AXI4-Lite", "slave", lite);
    cf_text_printf(text, "  </ipxact:busInterfaces>\n  <ipxact:model>\n    <ipxact:views><ipxact:view>"
                         "<ipxact:name>rtl</ipxact:name></ipxact:view></ipxact:views>\n    <ipxact:ports>\n");
    put_ports(plan, text);
    cf_text_printf(text, "    </ipxact:ports>\n  </ipxact:model>\n  <ipxact:fileSets>\n    <ipxact:fileSet>\n"
                         "      <ipxact:name>rtl</ipxact:name>\n");
    put_verilog_names(plan, text, "      <ipxact:file><ipxact:name>",
                      "</ipxact:name><ipxact:fileType>verilogSource-2005</ipxact:fileType></ipxact:file>\n");
    cf_text_printf(text, "    </ipxact:fileSet>\n  </ipxact:fileSets>\n</ipxact:component>\n");
}

/* ---- the model, constraints and README ---- */

void cf_stream_put_model(const struct cf_stream_plan *plan, struct cf_text *text)
{
    struct cf_stream_cost cost;
    cf_stream_cost(plan, &cost);
    cf_text_printf(text,
                   "{\"cycles_per_frame\": %llu, \"multipliers\": %llu, \"registers\": %llu, \"luts\": %llu, "
                   "\"memory_bits\": %llu, \"dsp_blocks_wanted\": %d, \"shared\": %d}\n",
                   (unsigned long long)cost.cycles_per_frame, (unsigned long long)cost.multipliers,
                   (unsigned long long)cost.registers, (unsigned long long)cost.luts,
                   (unsigned long long)cost.memory_bits, !plan->options.logic && !plan->options.constants,
                   plan->options.shared);
}

void cf_stream_put_constraints(struct cf_text *text)
{
    cf_text_printf(
        text, "# Constraints template, for tools that read SDC (Vivado as XDC, Quartus, OpenSTA): one clock, here of\n"
              "# 100 MHz. All of the core is synchronous to it; its inputs and outputs are registered or next to\n"
              "# registers, so that the delays below leave the interconnect 60 per cent of the period.\n"
              "create_clock -name aclk -period 10.0 [get_ports aclk]\n"
              "set_input_delay -clock aclk -max 6.0 [get_ports {aresetn s_axis_* m_axis_tready s_axil_*}]\n"
              "set_output_delay -clock aclk -max 6.0 [get_ports {m_axis_t* s_axis_tready irq}]\n");
}

void cf_stream_put_readme(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    struct cf_stream_cost cost;
    cf_stream_cost(plan, &cost);
    cf_text_printf(
        text,
        "# cofiber_stream\n\n"
        "A detection circuit as a streaming core: %u x %u positions of %u channels in, %u scales of %u classes' "
        "decisions out.\n"
        "It takes %llu cycles per frame with %llu %s and %llu bits of memory.\n\n"
        "## Integrating it\n\n"
        "1. Add the files of `cofiber_stream.f` (or use `cofiber_stream.core` with FuseSoC, `cofiber_stream.xml` with "
        "an\n"
        "   IP-XACT tool) and instantiate `cofiber_stream_top`. The `.hex` files must be where the tool looks for the\n"
        "   argument of `$readmemh`; the module's parameters name them.\n"
        "2. Connect `aclk` and `aresetn` (synchronous, active low). `cofiber_stream.sdc` is a template for the clock.\n"
        "3. Feed `s_axis`: positions in raster order, %u channels of %u bits per beat, the first in the low bits, %u "
        "beats per position;\n"
        "   TLAST with the last beat of a frame. There is no TKEEP and no TUSER: all bytes are valid.\n"
        "4. Take records from `m_axis`, %u bytes each: column (16 bits), row (16), scale (8), flags (8), then %s.\n"
        "   Flag 0 says that the frame was given up; TLAST marks a frame's last record.\n"
        "5. `s_axil` has the registers of `cofiber_stream_registers.md` (also as a C header, SystemRDL and SVD).\n"
        "   `cofiber_stream_driver.c` drives them; `cofiber_stream_example.c` runs a frame.\n%s\n"
        "## Simulating it\n\n"
        "    iverilog -g2005 -s cofiber_stream_tb -o tb.vvp -f cofiber_stream.f cofiber_stream_tb.v\n"
        "    vvp -n tb.vvp +seed=1 +input_stalls=30 +output_stalls=30\n\n"
        "The last line begins with PASS or FAIL. With Verilator: verilator --binary -Wno-lint --top-module "
        "cofiber_stream_tb\n-F cofiber_stream.f cofiber_stream_tb.v\n",
        p->rows, p->columns, p->channels, p->scales, p->classes, (unsigned long long)cost.cycles_per_frame,
        (unsigned long long)(plan->options.constants ? cost.adders : cost.multipliers),
        plan->options.constants ? "adders of constant weights" : "multipliers", (unsigned long long)cost.memory_bits,
        plan->options.lanes, plan->lane_bits, plan->words, plan->output_bytes,
        plan->options.sparse ? "the class (16), one record per class that fires" : "one bit per class",
        plan->options.loadable
            ? "6. Load the weights before the first frame: the words of `cofiber_stream_weights.hex`, "
              "32 bits at a time, low bits first.\n"
            : "");
}
