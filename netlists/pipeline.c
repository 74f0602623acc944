/* pipeline.c - counts the registers of a pipelined adder graph. */
#include "netlists/pipeline.h"

#include <assert.h>
#include <stdlib.h>

#include "netlists/cell.h"

struct stages {
    uint32_t *depth; /* [signals]: adders up to and with the signal's own */
    uint32_t *last;  /* [signals]: the last stage that reads it; one more than all stages for an output */
};

static uint32_t stage_of(uint32_t depth, uint32_t every)
{
    return depth ? (depth - 1) / every + 1 : 1;
}

static void note_read(struct stages *s, uint32_t signal, uint32_t stage)
{
    if (stage > s->last[signal])
        s->last[signal] = stage;
}

/* Fills depth and last; returns how many stages there are. */
static uint32_t place_adders(const struct cf_graph *graph, uint32_t every, struct stages *s)
{
    uint32_t stages = 1;
    for (uint32_t a = 0; a < graph->adder_count; a++) {
        uint32_t left = graph->adders[a].left.signal, right = graph->adders[a].right.signal;
        uint32_t before = s->depth[left] > s->depth[right] ? s->depth[left] : s->depth[right];
        uint32_t stage = stage_of(s->depth[graph->inputs + a] = before + 1, every);
        note_read(s, left, stage);
        note_read(s, right, stage);
        stages = stage > stages ? stage : stages;
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (graph->outputs[o].signal != CF_NO_SIGNAL)
            note_read(s, graph->outputs[o].signal, stages + 1);
    return stages;
}

bool cf_graph_pipeline(const struct cf_graph *graph, const struct cf_range *range, uint32_t every,
                       struct cf_pipeline *pipeline)
{
    assert(every >= 1);
    size_t signals = (size_t)graph->inputs + graph->adder_count;
    struct stages s = {.depth = calloc(signals + 1, sizeof *s.depth), .last = calloc(signals + 1, sizeof *s.last)};
    struct cf_range *values = calloc(signals + 1, sizeof *values);
    bool done = s.depth && s.last && values && cf_graph_ranges(graph, range, values);
    *pipeline = (struct cf_pipeline){0};
    if (done)
        pipeline->stages = place_adders(graph, every, &s);
    for (size_t i = 0; done && i < signals; i++) {
        uint32_t made = stage_of(s.depth[i], every);
        if (s.last[i] > made)
            pipeline->registers +=
                (uint64_t)(s.last[i] - made) * (uint64_t)cf_signed_width(values[i].min, values[i].max);
    }
    free(s.depth);
    free(s.last);
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
