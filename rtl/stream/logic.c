/* logic.c - foretells the flip-flops of the wide core from its plan. */
#include "rtl/stream/logic.h"

#include <assert.h>

static uint64_t bits_for(uint64_t count)
{
    uint64_t bits = 0;
    while (UINT64_C(1) << bits < count)
        bits++;
    return bits;
}

/* The counts and widths that the registers of the parts are made of. */
struct sizes {
    uint64_t products;  /* multipliers */
    uint64_t product;   /* bits of a product */
    uint64_t tree;      /* bits of all registers of a class's adder tree */
    uint64_t levels;    /* of the tree */
    uint64_t sums;      /* bits of the sums that a round gives, filled up to whole beats */
    uint64_t decisions; /* bits of decisions in a record */
};

static struct sizes measure(const struct cf_stream_plan *plan)
{
    struct sizes s = {.products = (uint64_t)plan->options.lanes * plan->options.parallel,
                      .product = plan->x_bits + plan->weight_bits,
                      .levels = bits_for(plan->tree),
                      .sums = (uint64_t)plan->result_beats * plan->fold * plan->scale[0].sum_bits,
                      .decisions = (uint64_t)plan->beats * plan->fold};
    uint64_t terms = plan->options.lanes;
    for (uint64_t level = 1; level <= s.levels; level++) {
        terms = (terms + 1) / 2;
        s.tree += terms * (s.product + level);
    }
    return s;
}

/* ---- flip-flops: what the Verilog declares, without what a memory's port holds or what nothing reads ---- */

static uint64_t front_registers(const struct cf_stream_plan *plan, const struct sizes *s)
{
    enum { LOADING = 4 * 32, STAGES = 3 };
    bool pipeline = !plan->options.no_pipeline, buffered = plan->groups > 1;
    uint64_t operands = pipeline ? plan->options.lanes * plan->x_bits + s->products * plan->weight_bits : 0;
    uint64_t held = buffered ? 0 : (uint64_t)plan->options.lanes * plan->input_bits;
    uint64_t control = bits_for(plan->words) * (buffered ? 2 : 1) + bits_for((uint64_t)plan->words * plan->groups) +
                       bits_for(plan->slot + 1) + STAGES * (s->levels + 3 + pipeline);
    return operands + held + s->products * s->product + plan->options.parallel * (s->tree + plan->scale[0].sum_bits) +
           s->sums + control + (plan->options.loadable ? LOADING : 0);
}

static uint64_t scale_registers(const struct cf_stream_plan *plan, const struct sizes *s, uint32_t k)
{
    enum { POSITION = 32, PIPELINE = 32, POOLING = 16 };
    const struct cf_stream_scale *scale = &plan->scale[k];
    uint64_t fold = plan->fold, sum = scale->sum_bits, pool = sum + 2,
             bits = fold * (2 * sum + 4 * scale->value_bits + 1);
    bits += s->decisions - fold;
    if (scale->band != CF_BAND_GRID)
        bits += fold * (sum + (k + 1 < plan->pyramid->scales ? pool : 0)) + POOLING;
    if (scale->band == CF_BAND_NEAREST)
        bits += fold * 2 * pool;
    if (scale->band == CF_BAND_BILINEAR)
        bits += fold * (3 * pool + 8);
    return bits + 3 * (bits_for((uint64_t)scale->ring * plan->beats) + bits_for(plan->beats)) +
           2 * (bits_for(scale->rows + 1) + bits_for(scale->columns + 1)) +
           bits_for(scale->ring + 2 * scale->columns + 4) + POSITION + PIPELINE;
}

static uint64_t other_registers(const struct cf_stream_plan *plan, const struct sizes *s)
{
    enum { CONTROL_PORT = 480, MERGE = 52, SPARSE = 64, SKID = 3 }; /* the control port's were counted */
    uint64_t framer = bits_for((uint64_t)plan->pyramid->rows * plan->pyramid->columns) + bits_for(plan->words);
    return CONTROL_PORT + MERGE + s->decisions + 2 * bits_for(plan->records) + framer +
           2 * (8 * plan->input_bytes + 1) + SKID + (plan->options.sparse ? s->decisions + SPARSE : 0);
}

uint64_t cf_stream_flip_flops(const struct cf_stream_plan *plan)
{
    const struct sizes s = measure(plan);
    uint64_t registers = front_registers(plan, &s) + other_registers(plan, &s);
    assert(!plan->options.shared);
    for (uint32_t k = 0; k < plan->pyramid->scales; k++)
        registers += scale_registers(plan, &s, k);
    return registers;
}
