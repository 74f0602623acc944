/* cells.c - cofiber_cells.v: one module a kind of cell. */
#include "rtl/text.h"

#include <stdio.h>

static void put_ports(struct emission *e, const struct cf_kind *kind, const char *name)
{
    cf_put(e, "module %s #(\n", name);
    for (uint32_t v = 0; v < kind->vector_count; v++)
        cf_put(e, "    parameter [%u*%u-1:0] W%u = {%u{%u'd0}},\n", kind->vectors[v].slots,
               kind->vectors[v].weight_width, v, kind->vectors[v].slots, kind->vectors[v].weight_width);
    cf_put(e, "    parameter [%u-1:0] BIAS = %u'd0\n) (\n", kind->sum_width, kind->sum_width);
    for (uint32_t v = 0; v < kind->vector_count; v++)
        cf_put(e, "    input  wire [%u*%u-1:0] x%u, // %s\n", kind->vectors[v].slots, kind->vectors[v].width, v,
               kind->vectors[v].is_signed ? "signed" : "unsigned");
    cf_put(e, "    output wire [%u-1:0] y%s\n);\n", kind->type.width,
           kind->activation == CF_STEP ? ""
           : kind->type.is_signed      ? " // signed"
                                       : " // unsigned");
}

/* One slot of a packed vector, extended to the sum's width: {{14{x0[11*k+10]}}, x0[11*k +: 11]}. */
static void put_extended(struct emission *e, const char *name, uint32_t v, uint8_t width, bool is_signed, bool indexed,
                         uint8_t to)
{
    unsigned more = (unsigned)to - width;
    char at[48] = "";
    if (more > 0)
        cf_put(e, "{");
    if (more > 0 && !is_signed)
        cf_put(e, "%u'd0, ", more);
    else if (more > 0 && indexed)
        cf_put(e, "{%u{%s%u[%u*k+%u]}}, ", more, name, v, width, width - 1u);
    else if (more > 0)
        cf_put(e, "{%u{%s%u[%u]}}, ", more, name, v, width - 1u);
    if (indexed)
        snprintf(at, sizeof at, "[%u*k +: %u]", width, width);
    cf_put(e, "%s%u%s%s", name, v, at, more > 0 ? "}" : "");
}

static void put_product(struct emission *e, const struct cf_kind *kind, uint32_t v)
{
    const struct cf_vector *vector = &kind->vectors[v];
    put_extended(e, "x", v, vector->width, vector->is_signed, vector->slots > 1, kind->sum_width);
    cf_put(e, " * ");
    put_extended(e, "W", v, vector->weight_width, true, vector->slots > 1, kind->sum_width);
}

/* A few operands are a plain expression; vectors of several are summed by a loop. */
static void put_sum(struct emission *e, const struct cf_kind *kind)
{
    bool loops = false;
    for (uint32_t v = 0; v < kind->vector_count; v++)
        loops = loops || kind->vectors[v].slots > 1;
    if (loops)
        cf_put(e, "    integer k;\n    reg signed [%u-1:0] sum;\n    always @* begin\n        sum = BIAS",
               kind->sum_width);
    else
        cf_put(e, "    wire signed [%u-1:0] sum = BIAS", kind->sum_width);
    for (uint32_t v = 0; v < kind->vector_count; v++)
        if (kind->vectors[v].slots == 1) {
            cf_put(e, "\n        %s+ ", loops ? "    " : "");
            put_product(e, kind, v);
        }
    cf_put(e, ";\n");
    for (uint32_t v = 0; v < kind->vector_count; v++)
        if (kind->vectors[v].slots > 1) {
            cf_put(e, "        for (k = 0; k < %u; k = k + 1)\n            sum = sum + ", kind->vectors[v].slots);
            put_product(e, kind, v);
            cf_put(e, ";\n");
        }
    if (loops)
        cf_put(e, "    end\n");
}

static void put_kind(struct emission *e, uint32_t index)
{
    const struct cf_kind *kind = &e->kinds.kinds[index];
    char name[CF_KIND_NAME_MAX];
    cf_put(e, "`ifdef " CF_RTL_CENSUS_DEFINE "\n(* blackbox *)\n`endif\n");
    put_ports(e, kind, cf_kind_name(&e->kinds, index, name));
    cf_put(e, "`ifndef " CF_RTL_CENSUS_DEFINE "\n");
    put_sum(e, kind);
    if (kind->activation == CF_STEP)
        cf_put(e, "    assign y = sum >= %u'sd0; // H(0) = 1\n", kind->sum_width);
    else
        cf_put(e, "    assign y = sum;\n");
    cf_put(e, "`endif\nendmodule\n\n");
}

bool cf_put_cells(struct emission *e)
{
    cf_put_heading(e, "The kinds of cell: each module is one gate.");
    cf_put(e, "// A gate's output is BIAS + the sum of x[slot] * W[slot] over all slots, or, for a step, 1 where that "
              "is >= 0.\n"
              "// x and W are packed: slot k of a vector of 8-bit operands is x[8*k +: 8]. A weight is the netlist's "
              "weight\n"
              "// times 2^shift, because a shift is wiring; weight 0 is no wire. All arithmetic is at the width of the "
              "sum,\n"
              "// which every operand and weight is extended to by hand: signed weights by their highest bit, operands "
              "by\n"
              "// their highest bit or by 0 as their comment says.\n"
              "//\n"
              "// Define " CF_RTL_CENSUS_DEFINE " to make the modules black boxes, so that Yosys counts instances.\n\n"
              "// The modules of all kinds stand in this one file.\n"
              "/* verilator lint_off DECLFILENAME */\n\n");
    for (uint32_t k = 0; k < e->kinds.count; k++)
        put_kind(e, k);
    return true;
}
