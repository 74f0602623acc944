/* cells.c - writes cofiber_cells.v: the leaf modules, one per kind of gate. */
#include "rtl/structural/text.h"

#include <stdio.h>

/* Writes the name of an input: "x0_3" is an operand of a list; "x0" is a run, or the only operand of a list. */
static void put_input(struct emission *e, const struct cf_kind *kind, uint32_t v, uint32_t slot)
{
    if (kind->vectors[v].run || kind->vectors[v].slots == 1)
        cf_put(e, "x%u", v);
    else
        cf_put(e, "x%u_%u", v, slot);
}

static void put_inputs(struct emission *e, const struct cf_kind *kind, uint32_t v)
{
    const struct cf_vector *vector = &kind->vectors[v];
    for (uint32_t k = 0; k < (vector->run ? 1 : vector->slots); k++) {
        if (vector->run)
            cf_put(e, "    input  wire [%u*%u-1:0] ", vector->slots, vector->width);
        else
            cf_put(e, "    input  wire [%u-1:0] ", vector->width);
        put_input(e, kind, v, k);
        cf_put(e, ", // %s\n", vector->is_signed ? "signed" : "unsigned");
    }
}

static void put_ports(struct emission *e, const struct cf_kind *kind, const char *name)
{
    cf_put(e, "module %s #(\n", name);
    for (uint32_t v = 0; v < kind->vector_count; v++)
        cf_put(e, "    parameter [%u*%u-1:0] W%u = {%u{%u'd0}},\n", kind->vectors[v].slots,
               kind->vectors[v].weight_width, v, kind->vectors[v].slots, kind->vectors[v].weight_width);
    cf_put(e, "    parameter signed [%u-1:0] BIAS = %u'sd0\n) (\n", kind->sum_width, kind->sum_width);
    for (uint32_t v = 0; v < kind->vector_count; v++)
        put_inputs(e, kind, v);
    cf_put(e, "    output wire [%u-1:0] y%s\n);\n", kind->type.width,
           kind->activation == CF_STEP ? ""
           : kind->type.is_signed      ? " // signed"
                                       : " // unsigned");
}

/* Runs of more than WRITTEN_OUT operands are summed by a loop, because tools take long over expressions of hundreds of
 * terms. Each round of the loop takes a slice of SLICE operands, which it selects at constant places: that makes
 * Verilator's model of the loop twice as fast. */
enum { WRITTEN_OUT = 64, SLICE = 8 };

bool cf_is_looped(const struct cf_vector *vector)
{
    return vector->run && vector->slots > WRITTEN_OUT;
}

static bool has_loop(const struct cf_kind *kind)
{
    for (uint32_t v = 0; v < kind->vector_count; v++)
        if (cf_is_looped(&kind->vectors[v]))
            return true;
    return false;
}

/* An unsigned operand gets a 0 in front, so that all operands are signed. One that is as wide as the sum needs none,
 * because the arithmetic is modulo 2^width. */
static bool needs_zero(const struct cf_kind *kind, uint32_t v)
{
    return !kind->vectors[v].is_signed && kind->vectors[v].width < kind->sum_width;
}

/* Writes "$signed(x0_3) * $signed(W0[4*3 +: 4])". Within a loop, "slice0" and "weights0" stand for the input and W0. */
static void put_product(struct emission *e, const struct cf_kind *kind, uint32_t v, uint32_t slot, bool sliced)
{
    const struct cf_vector *vector = &kind->vectors[v];
    cf_put(e, "$signed(%s", needs_zero(kind, v) ? "{1'b0, " : "");
    if (sliced)
        cf_put(e, "slice%u", v);
    else
        put_input(e, kind, v, slot);
    if (vector->run)
        cf_put(e, "[%u*%u +: %u]", vector->width, slot, vector->width);
    cf_put(e, "%s) * $signed(%s%u[%u*%u +: %u])", needs_zero(kind, v) ? "}" : "", sliced ? "weights" : "W", v,
           vector->weight_width, slot, vector->weight_width);
}

/* The first operand of a vector that is not summed by a loop: the last few of a looped run, which fill no slice, are
 * written out. */
static uint32_t first_written_out(const struct cf_kind *kind, uint32_t v)
{
    uint32_t slots = kind->vectors[v].slots;
    return cf_is_looped(&kind->vectors[v]) ? slots - slots % SLICE : 0;
}

/* Writes the sum of all operands that no loop sums. A long one is a sum of smaller sums in brackets: a C++ compiler
 * takes half as long over what Verilator makes of these as over one sum, which Verilator nests as deep as it has
 * operands. */
static void put_written_out(struct emission *e, const struct cf_kind *kind, const char *indent)
{
    cf_put(e, "sum = BIAS");
    for (uint32_t v = 0; v < kind->vector_count; v++) {
        uint32_t first = first_written_out(kind, v), count = kind->vectors[v].slots - first;
        for (uint32_t k = 0; k < count; k++) {
            bool opens = count > SLICE && k % SLICE == 0, within = count > SLICE && k % SLICE > 0;
            cf_put(e, "\n%s    %s+ %s", indent, within ? "   " : "", opens ? "(" : "");
            put_product(e, kind, v, first + k, false);
            if (count > SLICE && (k % SLICE == SLICE - 1 || k + 1 == count))
                cf_put(e, ")");
        }
    }
    cf_put(e, ";\n");
}

static void put_loop(struct emission *e, const struct cf_kind *kind, uint32_t v)
{
    const struct cf_vector *vector = &kind->vectors[v];
    cf_put(e, "        for (k = 0; k < %u; k = k + %d) begin\n", first_written_out(kind, v), SLICE);
    cf_put(e, "            slice%u = x%u[%u*k +: %u*%d];\n", v, v, vector->width, vector->width, SLICE);
    cf_put(e, "            weights%u = W%u[%u*k +: %u*%d];\n", v, v, vector->weight_width, vector->weight_width, SLICE);
    cf_put(e, "            sum = sum");
    for (uint32_t k = 0; k < SLICE; k++) {
        cf_put(e, "\n                + ");
        put_product(e, kind, v, k, true);
    }
    cf_put(e, ";\n        end\n");
}

static void put_sum(struct emission *e, const struct cf_kind *kind)
{
    if (!has_loop(kind)) {
        cf_put(e, "    wire signed [%u-1:0] ", kind->sum_width);
        put_written_out(e, kind, "    ");
        return;
    }
    cf_put(e, "    integer k;\n    reg signed [%u-1:0] sum;\n", kind->sum_width);
    for (uint32_t v = 0; v < kind->vector_count; v++)
        if (cf_is_looped(&kind->vectors[v]))
            cf_put(e, "    reg [%u*%d-1:0] slice%u;\n    reg [%u*%d-1:0] weights%u;\n", kind->vectors[v].width, SLICE,
                   v, kind->vectors[v].weight_width, SLICE, v);
    cf_put(e, "    always @* begin\n        ");
    put_written_out(e, kind, "        ");
    for (uint32_t v = 0; v < kind->vector_count; v++)
        if (cf_is_looped(&kind->vectors[v]))
            put_loop(e, kind, v);
    cf_put(e, "    end\n");
}

static void put_kind(struct emission *e, uint32_t index)
{
    const struct cf_kind *kind = &e->kinds.kinds[index];
    char name[CF_LEAF_NAME_MAX];
    cf_put(e, "`ifdef " CF_RTL_CENSUS_DEFINE "\n(* blackbox *)\n`endif\n");
    put_ports(e, kind, cf_leaf_name(&e->kinds, index, e->rows.names.prefix, name));
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
    cf_put_heading(e, "The leaf modules: each computes one gate.");
    cf_put(
        e,
        "// The output of a linear gate is BIAS plus the sum of operand * weight; that of a step is 1 where this is "
        "at\n"
        "// least 0, else 0. The operands are single inputs, x0_0, x0_1, ..., or packed in one input: operand k of a\n"
        "// packed input of 8-bit values is x0[8*k +: 8]. The weights are always packed, as in W0[4*k +: 4], and "
        "signed.\n"
        "// A weight here is the netlist's weight times 2^shift, because a shift is wiring. A weight of 0 is no wire.\n"
        "//\n"
        "// All operands of a sum are signed (an unsigned one gets a 0 in front), so that Verilog extends each by its\n"
        "// sign to the width of the sum, which holds every value that the sum can have.\n"
        "//\n"
        "// Define " CF_RTL_CENSUS_DEFINE " to make the modules black boxes: Yosys then counts their instances.\n\n"
        "// All leaf modules stand in this one file.\n"
        "/* verilator lint_off DECLFILENAME */\n\n");
    for (uint32_t k = 0; k < e->kinds.count; k++)
        put_kind(e, k);
    return true;
}
