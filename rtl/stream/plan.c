/* plan.c - works out the parameters of the streaming accelerator. */
#include "rtl/stream/plan.h"

#include <stdlib.h>

#include "netlists/cell.h"
#include "netlists/pipeline.h"
#include "rtl/stream/constants.h"

enum { LEAST_SLOT = 4, MAX_SIDE = 65535, SCALE_LATENCY = 4, SUM_LIMIT = 62 };

static uint32_t divide_up(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

/* The largest size of a class's sum over all inputs; UINT64_MAX past 62 bits. */
static uint64_t find_largest_sum(const struct cf_pyramid *p)
{
    uint64_t largest = 0;
    uint64_t input = p->input.is_signed ? UINT64_C(1) << (p->input.width - 1) : (UINT64_C(1) << p->input.width) - 1;
    for (uint32_t c = 0; c < p->classes; c++) {
        uint64_t sum = 0;
        for (uint32_t d = 0; d < p->channels; d++)
            sum += (uint64_t)abs(p->weight[(size_t)c * p->channels + d]);
        largest = sum > largest ? sum : largest;
    }
    return largest > (UINT64_C(1) << SUM_LIMIT) / input ? UINT64_MAX : largest * input;
}

static uint32_t find_weight_bits(const struct cf_pyramid *p)
{
    int32_t low = 0, high = 0;
    for (size_t i = 0; i < (size_t)p->classes * p->channels; i++) {
        low = p->weight[i] < low ? p->weight[i] : low;
        high = p->weight[i] > high ? p->weight[i] : high;
    }
    uint8_t bits = cf_signed_width(low, high);
    return bits < 2 ? 2 : bits;
}

/* The greatest size of a difference at a scale, without the threshold; false past 62 bits. */
static bool difference_limit(const struct cf_stream_plan *plan, uint32_t scale, int64_t *limit)
{
    static const int shift[] = {[CF_BAND_GRID] = 0, [CF_BAND_NEAREST] = 3, [CF_BAND_BILINEAR] = 7};
    uint64_t sum = plan->largest_sum;
    int bits = (int)(2 * scale) + shift[plan->pyramid->band[scale]];
    if (sum > UINT64_C(1) << (SUM_LIMIT - 2 - bits))
        return false;
    *limit = (int64_t)(sum << bits);
    return true;
}

int64_t cf_stream_threshold(const struct cf_stream_plan *plan, uint32_t scale, uint32_t class)
{
    int64_t limit = 0, bias = plan->pyramid->bias[(size_t)scale * plan->pyramid->classes + class];
    difference_limit(plan, scale, &limit);
    return bias > limit ? limit : bias < -limit - 1 ? -limit - 1 : bias;
}

static bool plan_widths(struct cf_stream_plan *plan, uint32_t scale)
{
    struct cf_stream_scale *s = &plan->scale[scale];
    int64_t limit, low = 0, high = 0, sum = (int64_t)plan->largest_sum;
    if (!difference_limit(plan, scale, &limit))
        return false;
    for (uint32_t c = 0; c < plan->pyramid->classes; c++) {
        int64_t threshold = cf_stream_threshold(plan, scale, c);
        low = threshold < low ? threshold : low;
        high = threshold > high ? threshold : high;
    }
    uint8_t least = cf_signed_width(-sum, sum);
    s->sum_bits = (uint8_t)(least + 2 * scale);
    s->value_bits = cf_signed_width(low - limit, high + limit);
    if (s->value_bits <= s->sum_bits)
        s->value_bits = (uint8_t)(s->sum_bits + 1);
    return true;
}

/* The number of positions that may be on their way at once: in the front, and behind it through the scales. */
static uint32_t under_way(const struct cf_stream_plan *plan)
{
    uint32_t levels = 0;
    while (1u << levels < plan->tree)
        levels++;
    levels = plan->stages ? plan->stages : levels;
    uint32_t cycles = plan->slot + levels + plan->result_beats + 10 + SCALE_LATENCY * plan->pyramid->scales;
    return divide_up(cycles, plan->slot) + 1;
}

static void plan_memories(struct cf_stream_plan *plan, struct cf_stream_scale *s)
{
    uint32_t w = s->columns, need = 1;
    if (s->band != CF_BAND_GRID)
        need = s->band == CF_BAND_NEAREST ? w + 2 : 2 * w + 3;
    s->room = need + 2;
    uint32_t limit = s->room + under_way(plan) + 1;
    s->ring = limit + 2;
    s->pool_rows = 1;
    if (s->band == CF_BAND_NEAREST)
        while (limit + 2 > 2 * w * s->pool_rows)
            s->pool_rows++;
    if (s->band == CF_BAND_BILINEAR)
        for (s->pool_rows = 2; limit + 4 > (2 * s->pool_rows - 1) * w;)
            s->pool_rows += 2;
    s->banks = s->band == CF_BAND_GRID ? 0 : s->band == CF_BAND_NEAREST ? 1 : 4;
    s->partial_depth = s->banks ? w / 2 * plan->beats : 0;
    s->bank_depth = s->banks == 4   ? s->pool_rows / 2 * ((w / 2 + 1) / 2) * plan->beats
                    : s->banks == 1 ? s->pool_rows * (w / 2) * plan->beats
                                    : 0;
}

static void plan_front(struct cf_stream_plan *plan)
{
    const struct cf_pyramid *p = plan->pyramid;
    plan->input_bits = p->input.width;
    plan->lane_bits = (plan->input_bits + 7) / 8 * 8;
    plan->x_bits = (uint32_t)cf_signed_bits(p->input);
    plan->weight_bits = find_weight_bits(p);
    for (plan->tree = 1; plan->tree < plan->options.lanes;)
        plan->tree *= 2;
    plan->words = divide_up(p->channels, plan->options.lanes);
    plan->groups = divide_up(p->classes, plan->options.parallel);
    /* Three times as many as keep up with the front, so that the rows that a frame ends with leave soon after it. */
    plan->fold = divide_up(3 * plan->options.parallel, plan->words);
    plan->fold = plan->fold < plan->options.parallel ? plan->fold : plan->options.parallel;
    plan->result_beats = divide_up(plan->options.parallel, plan->fold);
    plan->beats = plan->groups * plan->result_beats;
    plan->slot = plan->words * plan->groups;
    plan->slot = plan->slot < LEAST_SLOT ? LEAST_SLOT : plan->slot;
    plan->queue = plan->beats >= 16 ? 2 : 4;
    plan->chunks = divide_up(plan->options.parallel * plan->options.lanes * plan->weight_bits, 32);
    plan->input_bytes = plan->options.lanes * plan->lane_bits / 8;
    plan->output_bytes = plan->options.sparse ? 8 : (48 + p->classes) / 8 + 1; /* at least one bit is padding */
    plan->cycles = (uint64_t)p->rows * p->columns * plan->slot;
}

/* What the adder graph of constant weights takes. */
static bool plan_constants(struct cf_stream_plan *plan, const char *label, struct cf_error *err)
{
    enum { EVERY = 1, EVERY_WITHOUT = 2 };
    const struct cf_pyramid *p = plan->pyramid;
    const struct cf_graph *graph = plan->options.constants;
    if (plan->options.lanes != p->channels || plan->options.parallel != p->classes)
        return cf_fail(err, "%s: weights that are constants take all %u channels and all %u classes in one cycle",
                       label, p->channels, p->classes);
    struct cf_graph_cost cost;
    struct cf_pipeline pipeline;
    struct cf_range *range = cf_stream_channel_ranges(p);
    plan->every = plan->options.no_pipeline ? EVERY_WITHOUT : EVERY;
    bool piped = range && cf_graph_pipeline(graph, range, plan->every, &pipeline);
    bool done = piped ? cf_graph_measure(graph, range, &cost, err) : cf_fail(err, "%s: out of memory", label);
    free(range);
    if (!done)
        return false;
    plan->stages = pipeline.stages;
    plan->adders = cost.adders;
    plan->adder_luts = cost.full_adders;
    plan->adder_registers = pipeline.registers;
    return true;
}

/* ---- the shared core ---- */

static uint32_t bits_for(uint32_t count)
{
    uint32_t bits = 0;
    while (UINT32_C(1) << bits < count)
        bits++;
    return bits;
}

static bool is_grid(const struct cf_pyramid *p)
{
    return p->band[p->scales - 1] == CF_BAND_GRID;
}

/* Cycles in which the serial part takes a round's sums, at most: one per sum to take it, two to keep a value, 13 for a
 * block of four, six for a value without a pool. */
static uint32_t serial_cycles(const struct cf_stream_plan *plan)
{
    enum { KEEP = 2, BLOCK = 13, GRID = 6 };
    uint32_t cycles = plan->positions, values = plan->positions, blocks;
    for (uint32_t k = 0; k < plan->pyramid->scales; k++, values = blocks) {
        blocks = divide_up(values, 2);
        if (plan->pyramid->band[k] == CF_BAND_GRID)
            return cycles + GRID * values;
        cycles += blocks * BLOCK + (values - blocks) * KEEP;
    }
    return cycles;
}

/* Bytes that a frame's decisions take: one per block of four, and one per value of a scale without a pool. */
static uint64_t count_frame_bytes(const struct cf_stream_plan *plan)
{
    uint64_t bytes = 0;
    for (uint32_t k = 0; k < plan->pyramid->scales; k++)
        bytes += plan->scale[k].rows * plan->scale[k].columns / (plan->scale[k].band == CF_BAND_GRID ? 1 : 4);
    return bytes * plan->pyramid->classes;
}

static bool check_shared(const struct cf_stream_plan *plan, const char *label, struct cf_error *err)
{
    const struct cf_pyramid *p = plan->pyramid;
    enum { MOST_BITS = 32 };
    for (uint32_t k = 0; k < p->scales; k++)
        if (p->band[k] == CF_BAND_BILINEAR || (p->band[k] == CF_BAND_GRID && k + 1 < p->scales))
            return cf_fail(err, "%s: scale %u is not 4 * value - pool, which is all that the shared core subtracts",
                           label, k);
    if (p->input.width > 8)
        return cf_fail(err, "%s: inputs of %d bits pass the 8 that the shared core takes", label, p->input.width);
    if (plan->weight_bits > 8)
        return cf_fail(err, "%s: weights of %u bits pass the 8 that the shared core takes", label, plan->weight_bits);
    if (plan->value_bits > MOST_BITS)
        return cf_fail(err, "%s: differences of %u bits pass the %d that the shared core keeps", label,
                       plan->value_bits, MOST_BITS);
    return true;
}

/* Replaces the numbers of the wide core's front, and adds those that only the shared core has. */
static bool plan_shared(struct cf_stream_plan *plan, const char *label, struct cf_error *err)
{
    enum { LATENCY = 9, LEAST_SPARE = 3 }; /* from the issue of a round's last word to that of its first sum */
    const struct cf_pyramid *p = plan->pyramid;
    uint32_t pooled = p->scales - is_grid(p);
    plan->positions = p->columns % 4 == 0 ? 4 : p->columns % 2 == 0 ? 2 : 1;
    for (uint32_t k = 0; k < p->scales; k++)
        if (plan->scale[k].value_bits > plan->value_bits)
            plan->value_bits = plan->scale[k].value_bits;
    if (!check_shared(plan, label, err))
        return false;
    plan->weight_bits = 8;
    plan->column_at = bits_for(p->columns);
    if (plan->column_at < pooled + LEAST_SPARE)
        plan->column_at = pooled + LEAST_SPARE;
    uint32_t class_at = bits_for(p->classes);
    plan->sum_address = plan->column_at + 1 + (class_at ? class_at : 1);
    plan->weight_address = bits_for(plan->words * plan->groups);
    plan->weight_address = plan->weight_address ? plan->weight_address : 1;
    uint32_t least = serial_cycles(plan) + LATENCY;
    plan->slot = plan->words > least ? plan->words : least;
    plan->buffer_depth = UINT32_C(2) << (plan->words > 1 ? bits_for(plan->words) : 1);
    plan->load_bytes = UINT64_C(4) * (plan->words + p->scales) * p->classes;
    plan->frame_bytes = count_frame_bytes(plan);
    /* Each group of neighbours takes one round per class, and its words come one per five cycles. */
    uint64_t rounds = (uint64_t)p->classes * plan->slot, input = 5 * (uint64_t)plan->positions * plan->words;
    plan->cycles = (uint64_t)p->rows * p->columns / plan->positions * (rounds > input ? rounds : input);
    return true;
}

bool cf_stream_plan_make(struct cf_stream_plan *plan, const struct cf_pyramid *pyramid,
                         const struct cf_stream_options *options, const char *label, struct cf_error *err)
{
    enum { MAX_PRODUCTS = 1 << 20 };
    *plan = (struct cf_stream_plan){.pyramid = pyramid, .options = *options};
    if (options->shared) {
        plan->options.lanes = 4;
        plan->options.parallel = 1;
        plan->options.loadable = true;
    } else if (options->parallel == 0)
        plan->options.parallel = pyramid->classes;
    if (pyramid->rows > MAX_SIDE || pyramid->columns > MAX_SIDE || pyramid->classes > MAX_SIDE ||
        pyramid->channels > MAX_SIDE)
        return cf_fail(err, "%s: a side of its grid, or its channels or classes, pass %d", label, MAX_SIDE);
    if (!options->shared && (options->lanes == 0 || options->lanes > pyramid->channels))
        return cf_fail(err, "%s: cannot take %u channels per cycle of %u", label, options->lanes, pyramid->channels);
    if (plan->options.parallel > pyramid->classes)
        return cf_fail(err, "%s: cannot multiply %u classes per cycle of %u", label, options->parallel,
                       pyramid->classes);
    if ((uint64_t)plan->options.lanes * plan->options.parallel > MAX_PRODUCTS)
        return cf_fail(err, "%s: %u channels by %u classes per cycle are more than %d products", label, options->lanes,
                       plan->options.parallel, MAX_PRODUCTS);
    if (options->constants && !plan_constants(plan, label, err))
        return false;
    plan_front(plan);
    plan->largest_sum = find_largest_sum(pyramid);
    for (uint32_t k = 0; k < pyramid->scales; k++) {
        struct cf_stream_scale *s = &plan->scale[k];
        s->band = pyramid->band[k];
        s->rows = pyramid->rows >> k;
        s->columns = pyramid->columns >> k;
        if (!plan_widths(plan, k))
            return cf_fail(err, "%s: the sums of scale %u pass %d bits", label, k, SUM_LIMIT);
        plan_memories(plan, s);
        plan->records += s->rows * s->columns;
    }
    return !options->shared || plan_shared(plan, label, err);
}
