/* cells.c - writes cofiber_cells.v: the leaf modules, one per kind of gate. */
#include "rtl/structural/text.h"

#include <stdio.h>

#define ROOT_MODULE "cofiber_root" /* behind the prefix */

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

/* Writes "$signed(x0_3)", or "$signed(slice0[8*3 +: 8])" within a loop. */
static void put_operand(struct emission *e, const struct cf_kind *kind, uint32_t v, uint32_t slot, bool sliced)
{
    const struct cf_vector *vector = &kind->vectors[v];
    cf_put(e, "$signed(%s", needs_zero(kind, v) ? "{1'b0, " : "");
    if (sliced)
        cf_put(e, "slice%u", v);
    else
        put_input(e, kind, v, slot);
    if (vector->run)
        cf_put(e, "[%u*%u +: %u]", vector->width, slot, vector->width);
    cf_put(e, "%s)", needs_zero(kind, v) ? "}" : "");
}

/* Writes "$signed(x0_3) * $signed(W0[4*3 +: 4])", the operand twice where it is squared. Within a loop, "slice0" and
 * "weights0" stand for the input and W0. */
static void put_product(struct emission *e, const struct cf_kind *kind, uint32_t v, uint32_t slot, bool sliced)
{
    const struct cf_vector *vector = &kind->vectors[v];
    for (int factor = 0; factor < 1 + vector->square; factor++) {
        put_operand(e, kind, v, slot, sliced);
        cf_put(e, " * ");
    }
    cf_put(e, "$signed(%s%u[%u*%u +: %u])", sliced ? "weights" : "W", v, vector->weight_width, slot,
           vector->weight_width);
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

/* Writes the low `width` bits of a value of `has` bits, or all of them with zeros in front. */
static void put_fitted(struct emission *e, const char *value, uint32_t has, uint32_t width)
{
    if (has < width)
        cf_put(e, "{%u'd0, %s}", width - has, value);
    else if (has > width)
        cf_put(e, "%s[%u:0]", value, width - 1);
    else
        cf_put(e, "%s", value);
}

/* Writes the instance of cofiber_root with `sum_width / 2` digits: as many as the root of any sum of that width has. */
static void put_root(struct emission *e, const struct cf_kind *kind)
{
    uint32_t digits = kind->sum_width / 2u, bits = kind->sum_width - 1u;
    cf_put(e, "    wire [%u-1:0] radicand = sum >= %u'sd0 ? ", 2 * digits, kind->sum_width);
    cf_put(e, 2 * digits > bits ? "{1'b0, sum[%u:0]}" : "sum[%u:0]", bits - 1);
    cf_put(e, " : %u'd0;\n", 2 * digits);
    if (digits > kind->type.width) /* other gates of this kind have larger sums, whose roots have more digits */
        cf_put(e, "    /* verilator lint_off UNUSEDSIGNAL */ // the first digits are always 0\n");
    cf_put(e, "    wire [%u-1:0] root;\n", digits);
    if (digits > kind->type.width)
        cf_put(e, "    /* verilator lint_on UNUSEDSIGNAL */\n");
    cf_put(e, "    %s" ROOT_MODULE " #(.DIGITS(%u)) digits (.x(radicand), .y(root));\n    assign y = ",
           e->rows.names.prefix, digits);
    put_fitted(e, "root", digits, kind->type.width);
    cf_put(e, ";\n");
}

static void put_activation(struct emission *e, const struct cf_kind *kind)
{
    switch (kind->activation) {
    case CF_STEP:
        cf_put(e, "    assign y = sum >= %u'sd0; // H(0) = 1\n", kind->sum_width);
        break;
    case CF_RELU:
        cf_put(e, "    assign y = sum >= %u'sd0 ? ", kind->sum_width);
        put_fitted(e, "sum", kind->sum_width, kind->type.width);
        cf_put(e, " : %u'd0;\n", kind->type.width);
        break;
    case CF_ROOT:
        put_root(e, kind);
        break;
    default:
        cf_put(e, "    assign y = sum;\n");
    }
}

static void put_kind(struct emission *e, uint32_t index)
{
    const struct cf_kind *kind = &e->kinds.kinds[index];
    char name[CF_LEAF_NAME_MAX];
    cf_put(e, "`ifdef " CF_RTL_CENSUS_DEFINE "\n(* blackbox *)\n`endif\n");
    put_ports(e, kind, cf_leaf_name(&e->kinds, index, e->rows.names.prefix, name));
    cf_put(e, "`ifndef " CF_RTL_CENSUS_DEFINE "\n");
    put_sum(e, kind);
    put_activation(e, kind);
    cf_put(e, "`endif\nendmodule\n\n");
}

/* Writes the module that every root has in common. Each round makes one binary digit: the next two bits of x are
 * appended to the remainder; if it is then at least 4 * (digits so far) + 1, this is subtracted, and the digit is 1. */
static void put_root_module(struct emission *e)
{
    cf_put(e, "`ifndef " CF_RTL_CENSUS_DEFINE
              "\n// The floor of the square root of x, digit by digit, the first first.\n");
    cf_put(e, "module %s" ROOT_MODULE " #(\n    parameter DIGITS = 1\n) (\n", e->rows.names.prefix);
    cf_put(e, "    input  wire [2*DIGITS-1:0] x, // unsigned\n    output wire [DIGITS-1:0] y // unsigned\n);\n"
              "    integer k;\n"
              "    reg [DIGITS-1:0] root;\n"
              "    reg [DIGITS+1:0] rest, taken;\n"
              "    always @* begin\n"
              "        root = {DIGITS{1'b0}};\n"
              "        rest = {(DIGITS+2){1'b0}};\n"
              "        for (k = DIGITS - 1; k >= 0; k = k - 1) begin\n"
              "            rest = {rest[DIGITS-1:0], x[2*k +: 2]};\n"
              "            taken = {root, 2'b01};\n"
              "            root = root << 1;\n"
              "            if (rest >= taken) begin\n"
              "                rest = rest - taken;\n"
              "                root[0] = 1'b1;\n"
              "            end\n"
              "        end\n"
              "    end\n"
              "    assign y = root;\nendmodule\n`endif\n\n");
}

static bool has_root(const struct emission *e)
{
    for (uint32_t k = 0; k < e->kinds.count; k++)
        if (e->kinds.kinds[k].activation == CF_ROOT)
            return true;
    return false;
}

static bool is_plain(const struct cf_kind *kind)
{
    for (uint32_t v = 0; v < kind->vector_count; v++)
        if (kind->vectors[v].square)
            return false;
    return kind->activation == CF_LINEAR || kind->activation == CF_STEP;
}

/* Explains in the heading the kinds of gate beyond linear and step, if there are any. */
static void put_beyond(struct emission *e)
{
    uint32_t k = 0;
    while (k < e->kinds.count && is_plain(&e->kinds.kinds[k]))
        k++;
    if (k < e->kinds.count)
        cf_put(
            e,
            "// The output of a relu is the sum, or 0 where that is negative; that of a root is the floor of the "
            "square\n"
            "// root of as much. An input whose width has a q behind it in the module's name is squared before it is\n"
            "// weighted.\n//\n");
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
        "//\n");
    put_beyond(e);
    cf_put(e,
           "// Define " CF_RTL_CENSUS_DEFINE " to make the modules black boxes: Yosys then counts their instances.\n\n"
           "// All leaf modules stand in this one file.\n"
           "/* verilator lint_off DECLFILENAME */\n\n");
    if (has_root(e))
        put_root_module(e);
    for (uint32_t k = 0; k < e->kinds.count; k++)
        put_kind(e, k);
    return true;
}
