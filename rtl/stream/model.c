/* model.c - works out the accelerator's cost in closed form. */
#include "rtl/stream/model.h"

#include "rtl/stream/logic.h"

/* The line buffers of a scale: positions that wait, pools that are summed, and pools that are complete. `lanes` sums of
 * `bits` stand at each position. */
static uint64_t buffer_bits(const struct cf_stream_plan *plan, const struct cf_stream_scale *s, uint64_t lanes,
                            uint64_t bits)
{
    uint64_t beats = plan->beats, pools = (s->partial_depth + (uint64_t)s->bank_depth * s->banks) / beats;
    return lanes * (s->ring * bits + pools * (bits + 2));
}

/* The memories of the shared core, as they are described: each has a power of two of words of 32 bits. */
static void shared_cost(const struct cf_stream_plan *plan, struct cf_stream_cost *cost)
{
    cost->multipliers = (uint64_t)plan->options.lanes * plan->positions;
    cost->weight_bits = UINT64_C(32) << plan->weight_address;
    cost->input_bits = UINT64_C(32) * plan->buffer_depth * plan->positions;
    cost->sum_bits = UINT64_C(32) << plan->sum_address; /* with the thresholds */
    cost->threshold_bits = cost->queue_bits = 0;
}

void cf_stream_cost(const struct cf_stream_plan *plan, struct cf_stream_cost *cost)
{
    const struct cf_pyramid *p = plan->pyramid;
    uint64_t lanes = plan->options.lanes, parallel = plan->options.parallel, padded = plan->beats * plan->fold;
    *cost = (struct cf_stream_cost){
        .cycles_per_frame = plan->cycles, .multipliers = lanes * parallel, .adders = plan->adders};
    cost->weight_bits = (uint64_t)plan->groups * plan->words * parallel * lanes * plan->weight_bits;
    if (plan->options.constants)
        cost->multipliers = cost->weight_bits = 0;
    cost->input_bits = plan->groups > 1 ? 2 * (uint64_t)plan->words * lanes * plan->lane_bits : 0;
    for (uint32_t k = 0; k < p->scales; k++) {
        const struct cf_stream_scale *s = &plan->scale[k];
        cost->sum_bits += buffer_bits(plan, s, padded, s->sum_bits);
        cost->feature_bits += buffer_bits(plan, s, p->channels, plan->x_bits + 2 * k);
        cost->threshold_bits += padded * s->value_bits;
        cost->queue_bits += plan->queue * (padded + 33);
    }
    if (plan->options.shared)
        shared_cost(plan, cost);
    else {
        cost->registers = cf_stream_flip_flops(plan);
        cost->luts = cf_stream_luts(plan);
    }
    cost->memory_bits = cost->weight_bits + cost->input_bits + cost->sum_bits + cost->threshold_bits + cost->queue_bits;
}
