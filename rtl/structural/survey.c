/* survey.c - finds the kinds of all gates before anything is written, and the row modules that Verilator compiles
 * apart. */
#include <stdlib.h>

#include "rtl/structural/text.h"

/* A row module can be a hierarchical block of Verilator's (hier_block), which is compiled once, by itself, in half a
 * second or so; else it is compiled as part of the top, once for each of its rows. The block pays from this many
 * operands in all of its rows on. A sum in a loop costs the compiler as much as this many operands written out. */
enum { HIER_BLOCK_FROM = 2000, LOOP_COST = 40 };

/* The operands that the compiler meets in one gate. */
static uint64_t gate_cost(const struct cf_gate *gate)
{
    uint64_t cost = 0;
    for (uint32_t v = 0; v < gate->vector_count; v++)
        cost += cf_is_looped(&gate->vectors[v]) ? LOOP_COST : gate->vectors[v].slots;
    return cost;
}

bool cf_emission_gate(const struct emission *e, uint32_t index, uint32_t lane, struct cf_gate *gate)
{
    const struct cf_row_graph *graph = &e->graphs[index];
    if (!cf_gate_describe(&e->rows, &e->rows.modules[index], lane, gate))
        return false;
    if (!graph->bank)
        return true;
    const struct cf_operand sum = {e->rows.modules[index].input_count, lane, graph->sums[lane].weight};
    return cf_gate_replace(gate, sum, graph->sum_width);
}

/* Finds the kinds of a row module's gates, and what a compiler meets in it. */
static bool survey_module(struct emission *e, uint32_t index, struct cf_gate *gate, uint64_t *cost)
{
    uint32_t lanes = cf_group_lanes(&e->netlist->groups[e->rows.modules[index].group]), kind;
    *cost = e->graphs[index].bank ? e->graphs[index].adder_count : 0;
    for (uint32_t l = 0; l < lanes; l++) {
        if (!cf_emission_gate(e, index, l, gate) || !cf_kinds_find(&e->kinds, gate, true, &kind))
            return cf_fail(e->err, "%s: out of memory", e->netlist->label);
        *cost += gate_cost(gate);
    }
    return true;
}

bool cf_emission_survey(struct emission *e)
{
    struct cf_gate gate = {0};
    e->hier_blocks = calloc(e->rows.module_count + 1, sizeof *e->hier_blocks);
    e->graphs = calloc(e->rows.module_count + 1, sizeof *e->graphs);
    bool done = (e->hier_blocks && e->graphs) || cf_fail(e->err, "%s: out of memory", e->netlist->label);
    for (uint32_t c = 0; done && c < e->rows.module_count; c++) {
        const struct cf_row_module *module = &e->rows.modules[c];
        uint64_t cost;
        done = cf_row_graph_find(&e->graphs[c], &e->rows, module, e->err) && survey_module(e, c, &gate, &cost);
        if (done)
            e->hier_blocks[c] = module->input_count > 0 && cost * module->uses >= HIER_BLOCK_FROM;
    }
    cf_gate_free(&gate);
    return done;
}

void cf_emission_free(struct emission *e)
{
    for (uint32_t c = 0; e->graphs && c < e->rows.module_count; c++)
        cf_row_graph_free(&e->graphs[c]);
    free(e->graphs);
    e->graphs = NULL;
    cf_rows_free(&e->rows);
    cf_kinds_free(&e->kinds);
    free(e->hier_blocks);
    e->hier_blocks = NULL;
}
