/* rowmodules.c - writes cofiber_rows.v: the row modules, with a leaf for every gate. */
#include "rtl/structural/text.h"

#include <stdio.h>
#include <stdlib.h>

/* One row module while it is written. */
struct row_writer {
    struct emission *e;
    const struct cf_row_module *module;
    const struct cf_group *group;
    uint32_t lanes;
    struct cf_gate gate, next;
};

static const struct cf_group *input_group(const struct row_writer *m, uint32_t input)
{
    return cf_input_group(&m->e->rows, m->module, input);
}

static const struct cf_row_graph *graph_of(const struct row_writer *m)
{
    return &m->e->graphs[m->module - m->e->rows.modules];
}

/* ---- the module's head ---- */

/* Finds whether the input rows have lanes that no gate of the module reads: Verilator's lint is then told that this is
 * meant. */
static bool find_unread(struct row_writer *m, bool *unread)
{
    size_t *first = calloc(m->module->input_count + 1, sizeof *first), read = 0;
    for (uint32_t i = 0; first && i < m->module->input_count; i++)
        first[i + 1] = first[i] + cf_group_lanes(input_group(m, i));
    size_t total = first ? first[m->module->input_count] : 0;
    bool *seen = calloc(total + 1, sizeof *seen), done = first && seen;
    for (uint32_t l = 0; done && l < m->lanes && read < total; l++) {
        done = cf_gate_describe(&m->e->rows, m->module, l, &m->gate);
        for (uint32_t o = 0; done && o < m->gate.operand_count; o++) {
            bool *lane = &seen[first[m->gate.operands[o].input] + m->gate.operands[o].lane];
            read += !*lane;
            *lane = true;
        }
    }
    *unread = read < total;
    free(first);
    free(seen);
    return done || cf_fail(m->e->err, "%s: out of memory", m->e->netlist->label);
}

static void put_head(const struct row_writer *m, bool unread)
{
    struct emission *e = m->e;
    char name[CF_RTL_NAME_MAX], row[CF_RTL_NAME_MAX], input[16];
    cf_put(e, "// %u gates of %s. The top places this module %u time%s, first as %s.\n", m->lanes, m->group->name,
           m->module->uses, m->module->uses == 1 ? "" : "s", cf_row_name(&e->rows, m->module->representative, row));
    if (unread)
        cf_put(e, "/* verilator lint_off UNUSEDSIGNAL */ // no gate reads some lanes of the input rows\n");
    if (e->places)
        e->places->modules[m->module - e->rows.modules].line = e->line;
    cf_put(e, "module %s (\n", cf_row_module_name(&e->rows, m->module, name));
    for (uint32_t i = 0; i < m->module->input_count; i++) {
        const struct cf_group *source = input_group(m, i);
        cf_put(e, "    input  wire [%u*%u-1:0] %s, // %s\n", cf_group_lanes(source), source->type.width,
               cf_input_name(m->module, i, input), source->name);
    }
    cf_put(e, "    output wire [%u*%u-1:0] y\n);%s\n", m->lanes, m->group->type.width,
           e->hier_blocks[m->module - e->rows.modules] ? " /*verilator hier_block*/" : "");
}

/* ---- instances ---- */

/* Writes `count` lanes of a row from `lane` on: "a3[8*17 +: 8]", or "a3" where these are all of its lanes. */
static void put_slice(struct emission *e, const char *name, uint8_t width, uint32_t lane, uint32_t count, uint32_t all)
{
    cf_put(e, "%s", name);
    if (count < all)
        cf_put(e, "[%u*%u +: %u]", width, lane, width * count);
}

static void put_vector(const struct row_writer *m, uint32_t v, uint32_t count)
{
    const struct cf_vector *vector = &m->gate.vectors[v];
    const struct cf_operand *operands = m->gate.operands + vector->first;
    uint32_t inputs = vector->run ? 1 : vector->slots;
    for (uint32_t k = 0; k < inputs; k++) {
        char name[16];
        if (v + k > 0)
            cf_put(m->e, k > 0 && k % 8 == 0 ? ",\n        " : ", ");
        cf_put(m->e, inputs > 1 ? ".x%u_%u(" : ".x%u(", v, k);
        if (operands[k].input == m->module->input_count)
            put_slice(m->e, "sums", vector->width, operands[k].lane, count, m->lanes);
        else
            put_slice(m->e, cf_input_name(m->module, operands[k].input, name), vector->width, operands[k].lane,
                      vector->run ? vector->slots : count, cf_group_lanes(input_group(m, operands[k].input)));
        cf_put(m->e, ")");
    }
}

/* Places the gate m->gate of lane `first`: alone as lane_<first>, or, for `count` lanes, as an array of instances, each
 * of which gets its own bits of the operands. */
static void put_instances(const struct row_writer *m, uint32_t first, uint32_t count)
{
    struct emission *e = m->e;
    const struct cf_gate *gate = &m->gate;
    char leaf_name[CF_LEAF_NAME_MAX];
    uint32_t kind, last = first + count - 1;
    for (uint32_t l = first; e->places && l <= last; l++)
        e->places->modules[m->module - e->rows.modules].lane[l] = (struct cf_rtl_lane){e->line, first, count};
    cf_kinds_find(&e->kinds, gate, false, &kind); /* which was added when the gates were surveyed */
    cf_put(e, "    %s #(", cf_leaf_name(&e->kinds, kind, e->rows.names.prefix, leaf_name));
    for (uint32_t v = 0; v < gate->vector_count; v++) {
        cf_put(e, ".W%u(", v);
        cf_put_weights(e, gate->operands + gate->vectors[v].first, &gate->vectors[v], "        ");
        cf_put(e, "), ");
    }
    cf_put(e, ".BIAS(");
    cf_put_constant(e, gate->cell->bias, e->kinds.kinds[kind].sum_width);
    if (count == 1)
        cf_put(e, ")) lane_%u (\n        ", first);
    else if (count < m->lanes)
        cf_put(e, ")) lanes_%u_to_%u [%u:%u] (\n        ", first, last, last, first);
    else
        cf_put(e, ")) lane [%u:0] (\n        ", last);
    for (uint32_t v = 0; v < gate->vector_count; v++)
        put_vector(m, v, count);
    cf_put(e, gate->vector_count > 0 ? ", .y(" : ".y(");
    put_slice(e, "y", m->group->type.width, first, count, m->lanes);
    cf_put(e, "));\n");
}

/* Counts the lanes from `first` on, whose gate is m->gate, that one array of instances can place. False when memory is
 * out. */
static bool count_alike(struct row_writer *m, uint32_t first, uint32_t *count)
{
    const uint32_t *cell =
        m->group->cell + (m->module->representative - m->e->rows.first_row[m->module->group]) * (size_t)m->lanes;
    for (*count = 1; first + *count < m->lanes && cell[first + *count] == cell[first]; *count += 1) {
        if (!cf_emission_gate(m->e, (uint32_t)(m->module - m->e->rows.modules), first + *count, &m->next))
            return false;
        if (!cf_gate_follows(&m->gate, &m->next, *count))
            break;
    }
    return true;
}

/* The instance of the module that computes the row's sums. */
static void put_sums(const struct row_writer *m)
{
    struct emission *e = m->e;
    char name[CF_RTL_NAME_MAX], input[16];
    cf_put(e, "    wire [%u*%u-1:0] sums; // without the biases\n`ifndef " CF_RTL_CENSUS_DEFINE "\n    %s graph (",
           m->lanes, graph_of(m)->sum_width, cf_graph_module_name(&e->rows, m->module, name));
    for (uint32_t i = 0; i < m->module->input_count; i++) {
        cf_input_name(m->module, i, input);
        cf_put(e, ".%s(%s), ", input, input);
    }
    cf_put(e, ".y(sums));\n`endif\n");
}

static bool put_lanes(struct row_writer *m)
{
    for (uint32_t l = 0, count; l < m->lanes; l += count) {
        if (!cf_emission_gate(m->e, (uint32_t)(m->module - m->e->rows.modules), l, &m->gate) ||
            !count_alike(m, l, &count))
            return cf_fail(m->e->err, "%s: out of memory", m->e->netlist->label);
        put_instances(m, l, count);
    }
    return true;
}

static bool put_row(struct emission *e, uint32_t index)
{
    const struct cf_row_module *module = &e->rows.modules[index];
    const struct cf_group *group = &e->netlist->groups[module->group];
    struct row_writer m = {.e = e, .module = module, .group = group, .lanes = cf_group_lanes(group)};
    bool unread = false, by_graph = graph_of(&m)->bank != NULL;
    bool done = by_graph ? cf_put_graph(e, index) : find_unread(&m, &unread); /* the graph takes whole rows */
    if (done) {
        put_head(&m, unread);
        if (by_graph)
            put_sums(&m);
        done = put_lanes(&m);
        cf_put(e, "endmodule\n%s\n", unread ? "/* verilator lint_on UNUSEDSIGNAL */\n" : "");
    }
    cf_gate_free(&m.gate);
    cf_gate_free(&m.next);
    return done;
}

bool cf_put_rows(struct emission *e)
{
    cf_put_heading(e, "The row modules: each places the gates of one row, which is one position of a group.");
    cf_put(
        e,
        "// The value of the gate in lane l is bits [W*l +: W] of y, where W is the width of one value. The gate is "
        "the\n"
        "// instance lane[l] where all gates of the row are alike, an element l of lanes_<first>_to_<last> where\n"
        "// neighbouring ones are, and lane_<l> where it stands alone. Each element of an array of instances gets its\n"
        "// own lane of every input row.\n"
        "// The inputs are whole rows: a0, a1, ... are those that the gates read through their first port, b0, b1, "
        "...\n"
        "// those that they read through their second port, and so on.\n"
        "%s\n"
        "// All row modules stand in this one file.\n"
        "/* verilator lint_off DECLFILENAME */\n\n",
        e->netlist->implementation
            ? "// Where the netlist has an adder graph for the gates of a row, a module graph_... computes their sums\n"
              "// without the biases, lane by lane in y; the leaf of each gate then takes its sum as the only "
              "operand.\n"
            : "");
    for (uint32_t c = 0; c < e->rows.module_count; c++)
        if (!put_row(e, c))
            return false;
    return true;
}
