/* logic.c - foretells the flip-flops and LUTs of the wide core from its plan. */
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
    if (plan->options.constants)
        return plan->adder_registers + (uint64_t)plan->options.lanes * plan->input_bits +
               plan->options.parallel * plan->scale[0].sum_bits + s->sums + bits_for(plan->slot + 1) +
               STAGES * (plan->stages + 2u);
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

/* ---- LUTs: one per bit of an adder or a choice of two, two per bit of a choice of four; the constants are what the
 * control of a part takes, fitted to what Yosys finds ---- */

/* Each row of a product but the first chooses and adds: fitted for weights of 8 bits. */
static uint64_t multiplier_luts(const struct cf_stream_plan *plan)
{
    return (3 * (uint64_t)plan->x_bits + 4) * (plan->weight_bits - 1);
}

static uint64_t ones(uint64_t value)
{
    uint64_t count = 0;
    for (; value; value &= value - 1)
        count++;
    return count;
}

/* Has every multiplier one weight? Synthesis then makes shifts and adds of it. */
static bool has_constants(const struct cf_stream_plan *plan)
{
    return (uint64_t)plan->words * plan->groups == 1 && !plan->options.loadable;
}

/* Each one in a weight but the first is a row that adds: fitted. */
static uint64_t constant_luts(const struct cf_stream_plan *plan)
{
    const struct cf_pyramid *p = plan->pyramid;
    uint64_t rows = 0, mask = (UINT64_C(1) << plan->weight_bits) - 1;
    for (size_t i = 0; i < (size_t)p->classes * p->channels; i++) {
        uint64_t set = ones((uint64_t)p->weight[i] & mask);
        rows += set > 1 ? set - 1 : 0;
    }
    return rows * (3 * (uint64_t)plan->x_bits + 1) / 2;
}

static uint64_t tree_adders(const struct cf_stream_plan *plan, const struct sizes *s)
{
    uint64_t terms = plan->options.lanes, adders = 0;
    for (uint64_t level = 1; level <= s->levels; level++) {
        adders += terms / 2 * (s->product + level);
        terms = (terms + 1) / 2;
    }
    return adders;
}

/* The loadable weights: two counters and three comparisons of 32 bits, and a write enable per chunk. */
static uint64_t loading_luts(const struct cf_stream_plan *plan)
{
    enum { CONTROL = 210, CHUNK = 2 };
    return CONTROL + CHUNK * (uint64_t)plan->chunks;
}

/* Sums of constant weights that leave the graph with the other sign. */
static uint64_t negations(const struct cf_stream_plan *plan)
{
    const struct cf_graph *graph = plan->options.constants;
    uint64_t count = 0;
    for (uint32_t c = 0; c < graph->output_count; c++)
        count += graph->outputs[c].signal != CF_NO_SIGNAL && graph->outputs[c].negative;
    return count;
}

static uint64_t front_luts(const struct cf_stream_plan *plan, const struct sizes *s)
{
    enum { CONTROL = 30, BUFFER = 60, COUNTER = 2 };
    const struct cf_stream_options *o = &plan->options;
    if (o->constants)
        return plan->adder_luts + negations(plan) * plan->scale[0].sum_bits + CONTROL;
    uint64_t sum = plan->scale[0].sum_bits, address = bits_for((uint64_t)plan->words * plan->groups);
    uint64_t counters = bits_for(plan->words) + address + bits_for(plan->slot + 1u) + bits_for(plan->result_beats + 1u);
    uint64_t luts = o->parallel * (tree_adders(plan, s) + 2 * sum) + CONTROL + COUNTER * counters;
    luts += (o->parallel - plan->fold) * sum; /* the copy of a round's sums: taken, or moved up */
    if (plan->groups > 1)
        luts += BUFFER + bits_for(plan->words) + 2 * bits_for(2 * (uint64_t)plan->words);
    if (o->logic && has_constants(plan))
        luts += constant_luts(plan);
    else if (o->logic)
        luts += s->products * multiplier_luts(plan);
    return luts + (o->loadable ? loading_luts(plan) : 0);
}

/* The addresses of the memories of pools, (row * columns + column) * beats + beat: to multiply by a constant takes an
 * adder per one in it. */
static uint64_t address_luts(const struct cf_stream_plan *plan, const struct cf_stream_scale *scale)
{
    bool bilinear = scale->band == CF_BAND_BILINEAR;
    uint64_t rows = bilinear ? scale->pool_rows / 2 : scale->pool_rows, pools = scale->columns / 2;
    uint64_t columns = bilinear ? (pools + 1) / 2 : pools, beats = ones(plan->beats);
    uint64_t bank = (beats + (rows > 1 ? ones(columns) : 0)) * bits_for(scale->bank_depth);
    return beats * bits_for(scale->partial_depth) + (1 + scale->banks) * bank;
}

static uint64_t scale_luts(const struct cf_stream_plan *plan, uint32_t k)
{
    enum { CONTROL = 112, POOLING = 48, COUNTER = 4 };
    const struct cf_stream_scale *scale = &plan->scale[k];
    uint64_t pool = scale->sum_bits + 2u, each = scale->value_bits; /* per class side by side: the threshold's adder */
    uint64_t counters = bits_for((uint64_t)scale->ring * plan->beats) + bits_for(plan->beats) +
                        bits_for(scale->rows + 1u) + bits_for(scale->columns + 1u);
    uint64_t luts = CONTROL + COUNTER * counters;
    if (plan->beats == 1) /* a memory of one word of thresholds is none: each bit is taken or kept */
        each += scale->value_bits;
    if (scale->band != CF_BAND_GRID) {
        each += 2 * pool; /* what is summed so far, or 0; its adder */
        luts += POOLING + address_luts(plan, scale);
    }
    if (scale->band == CF_BAND_NEAREST)
        each += pool + 1 + 3;            /* the difference */
    if (scale->band == CF_BAND_BILINEAR) /* the same; four choices of four; three sums of three terms, 3 per bit */
        each += pool + 5 + 8 * pool + 3 * (2 * (pool + 2) + pool + 4);
    return luts + plan->fold * each;
}

static uint64_t other_luts(const struct cf_stream_plan *plan, const struct sizes *s)
{
    enum { CONTROL_PORT = 890, FRAMER = 42, MERGE = 27, SKID = 6, HEADER = 32, SPARSE = 6 };
    const struct cf_pyramid *p = plan->pyramid;
    uint64_t framer = FRAMER + 2 * (bits_for((uint64_t)p->rows * p->columns) + bits_for(plan->words));
    uint64_t merge = MERGE + bits_for(plan->records + 1u) + (p->scales - 1) * (s->decisions + HEADER);
    uint64_t sparse = plan->options.sparse ? SPARSE * p->classes : 0;
    return CONTROL_PORT + framer + merge + sparse + 8 * (uint64_t)plan->input_bytes + 1 + SKID;
}

uint64_t cf_stream_luts(const struct cf_stream_plan *plan)
{
    const struct sizes s = measure(plan);
    uint64_t luts = front_luts(plan, &s) + other_luts(plan, &s);
    assert(!plan->options.shared);
    for (uint32_t k = 0; k < plan->pyramid->scales; k++)
        luts += scale_luts(plan, k);
    return luts;
}
