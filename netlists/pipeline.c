/* pipeline.c - counts the registers of a pipelined adder graph. */
#include "netlists/pipeline.h"

#include <assert.h>
#include <stdlib.h>

#include "netlists/cell.h"

static uint32_t stage_of(uint32_t depth, uint32_t every)
{
    return depth ? (depth - 1) / every + 1 : 1;
}

static void note_read(struct cf_stage *stage, uint32_t signal, uint32_t at)
{
    if (at > stage[signal].last)
        stage[signal].last = at;
}

bool cf_graph_stages(const struct cf_graph *graph, uint32_t every, struct cf_stage *stage, uint32_t *stages)
{
    assert(every >= 1 && cf_graph_is_valid(graph));
    size_t signals = (size_t)graph->inputs + graph->adder_count;
    uint32_t *depth = calloc(signals + 1, sizeof *depth); /* adders up to and with the signal's own */
    if (!depth)
        return false;
    *stages = 1;
    for (size_t i = 0; i < signals; i++)
        stage[i] = (struct cf_stage){.made = 1};
    for (uint32_t a = 0; a < graph->adder_count; a++) {
        uint32_t left = graph->adders[a].left.signal, right = graph->adders[a].right.signal, own = graph->inputs + a;
        depth[own] = (depth[left] > depth[right] ? depth[left] : depth[right]) + 1;
        stage[own].made = stage_of(depth[own], every);
        note_read(stage, left, stage[own].made);
        note_read(stage, right, stage[own].made);
        *stages = stage[own].made > *stages ? stage[own].made : *stages;
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (graph->outputs[o].signal != CF_NO_SIGNAL)
            note_read(stage, graph->outputs[o].signal, *stages + 1);
    free(depth);
    return true;
}

bool cf_graph_pipeline(const struct cf_graph *graph, const struct cf_range *range, uint32_t every,
                       struct cf_pipeline *pipeline)
{
    size_t signals = (size_t)graph->inputs + graph->adder_count;
    struct cf_stage *stage = calloc(signals + 1, sizeof *stage);
    struct cf_range *values = calloc(signals + 1, sizeof *values);
    *pipeline = (struct cf_pipeline){0};
    bool done = stage && values && cf_graph_ranges(graph, range, values) &&
                cf_graph_stages(graph, every, stage, &pipeline->stages);
    for (size_t i = 0; done && i < signals; i++)
        if (stage[i].last > stage[i].made)
            pipeline->registers +=
                (uint64_t)(stage[i].last - stage[i].made) * (uint64_t)cf_signed_width(values[i].min, values[i].max);
    free(stage);
    free(values);
    return done;
}

bool cf_bank_pipeline(const struct cf_netlist *netlist, const struct cf_bank *bank, uint32_t every,
                      struct cf_pipeline *pipeline, struct cf_error *err)
{
    struct cf_bank_operand *operands;
    uint32_t count;
    if (!cf_bank_operands(netlist, bank->cells, bank->cell_count, &operands, &count, err))
        return false;
    struct cf_range *range = cf_operand_ranges(netlist, bank->cells, operands, count);
    bool done = range && cf_graph_pipeline(&netlist->implementation->graphs[bank->graph], range, every, pipeline);
    free(range);
    free(operands);
    return done || cf_fail(err, "%s: out of memory", netlist->label);
}
