/* fit.c - tries every number of lanes and parallel classes, and keeps the fastest setting that a device has room for.
 */
#include "rtl/stream/fit.h"

#include <string.h>

enum { WIDEST = 64 }; /* channels per beat: few designs have a stream that is wider */

/* From the makers' tables of devices. */
const struct cf_stream_device cf_stream_devices[] = {
    {"ecp5-25k", 28, 56, false},       {"ecp5-45k", 72, 108, false},     {"ecp5-85k", 156, 208, false},
    {"artix7-35t", 90, 100, false},    {"artix7-100t", 240, 270, false}, {"artix7-200t", 740, 730, false},
    {"kintex7-325t", 840, 890, false}, {"ice40up5k", 0, 0, true},        {NULL, 0, 0, false},
};

static uint32_t blocks_of(uint64_t width, uint64_t depth)
{
    enum { SHALLOW = 32, WIDTH = 36, DEPTH = 512 };
    return depth <= SHALLOW ? 0 : (uint32_t)((width + WIDTH - 1) / WIDTH * ((depth + DEPTH - 1) / DEPTH));
}

uint32_t cf_stream_blocks(const struct cf_stream_plan *plan)
{
    if (plan->options.shared) /* its other memories are no block RAM */
        return plan->positions * blocks_of(32, plan->buffer_depth);
    uint64_t weights = (uint64_t)plan->options.parallel * plan->options.lanes * plan->weight_bits;
    uint32_t blocks = blocks_of(weights, (uint64_t)plan->groups * plan->words);
    if (plan->groups > 1)
        blocks += blocks_of(8 * (uint64_t)plan->input_bytes, 2 * (uint64_t)plan->words);
    for (uint32_t k = 0; k < plan->pyramid->scales; k++) {
        const struct cf_stream_scale *s = &plan->scale[k];
        uint64_t sum = (uint64_t)plan->fold * s->sum_bits, pool = (uint64_t)plan->fold * (s->sum_bits + 2u);
        blocks += blocks_of(sum, (uint64_t)s->ring * plan->beats) + blocks_of(pool, s->partial_depth) +
                  s->banks * blocks_of(pool, s->bank_depth) +
                  blocks_of((uint64_t)plan->fold * s->value_bits, plan->beats);
    }
    return blocks;
}

static const struct cf_stream_device *find_device(const char *name)
{
    const struct cf_stream_device *device = cf_stream_devices;
    while (device->name && strcmp(device->name, name) != 0)
        device++;
    return device->name ? device : NULL;
}

/* The findings of the search: the fastest setting that fits, and the least that any setting needs. */
struct search {
    struct cf_stream_plan best; /* cycles 0: none fits yet */
    uint32_t least_blocks;      /* of the settings for which there are multipliers */
};

/* Is the setting, which fits, faster than the best so far, or as fast with fewer blocks? */
static bool is_better(const struct cf_stream_plan *plan, const struct cf_stream_plan *best)
{
    return best->cycles == 0 || plan->cycles < best->cycles ||
           (plan->cycles == best->cycles && cf_stream_blocks(plan) < cf_stream_blocks(best));
}

/* Tries a number of lanes with every number of parallel classes for which there are multipliers. */
static bool try_lanes(struct search *search, const struct cf_stream_options *options, const struct cf_pyramid *pyramid,
                      const struct cf_stream_device *device, const char *label, struct cf_error *err)
{
    struct cf_stream_options tried = *options;
    struct cf_stream_plan plan;
    for (tried.parallel = 1; tried.parallel <= pyramid->classes; tried.parallel++) {
        if ((uint64_t)tried.lanes * tried.parallel > device->multipliers)
            break;
        if (!cf_stream_plan_make(&plan, pyramid, &tried, label, err))
            return false;
        uint32_t blocks = cf_stream_blocks(&plan);
        if (blocks < search->least_blocks)
            search->least_blocks = blocks;
        if (blocks <= device->blocks && is_better(&plan, &search->best))
            search->best = plan;
    }
    return true;
}

/* The iCE40 UP5K: two memories of 16,384 words of 32 bits, for weights and for sums, and 30 blocks of 4,096 bits. */
static bool fit_shared(struct cf_stream_options *options, const struct cf_pyramid *pyramid, const char *label,
                       struct cf_error *err)
{
    enum { ADDRESS = 14, BLOCKS = 30, BLOCK_BITS = 4096 };
    struct cf_stream_plan plan;
    options->shared = true;
    if (!cf_stream_plan_make(&plan, pyramid, options, label, err))
        return false;
    uint64_t input = UINT64_C(32) * plan.buffer_depth * plan.positions;
    if (plan.weight_address > ADDRESS)
        return cf_fail(err, "%s: %u weights pass the 65,536 of an ice40up5k", label, 4 * plan.words * plan.groups);
    if (plan.sum_address > ADDRESS)
        return cf_fail(err, "%s: an ice40up5k has no memory for the sums of %u columns and %u classes", label,
                       pyramid->columns, pyramid->classes);
    if (input > (uint64_t)BLOCKS * BLOCK_BITS)
        return cf_fail(err, "%s: %u positions of %u channels pass the block RAM of an ice40up5k", label,
                       2 * plan.positions, pyramid->channels);
    return true;
}

bool cf_stream_fit(struct cf_stream_options *options, const struct cf_pyramid *pyramid, const char *device_name,
                   const char *label, struct cf_error *err)
{
    const struct cf_stream_device *device = find_device(device_name);
    struct search search = {.least_blocks = UINT32_MAX};
    struct cf_stream_options tried = *options;
    if (!device)
        return cf_fail(err, "%s: there is no device '%.100s' in the table of devices", label, device_name);
    if (device->shared)
        return fit_shared(options, pyramid, label, err);
    for (tried.lanes = 1; tried.lanes <= pyramid->channels && tried.lanes <= WIDEST; tried.lanes++)
        if (!try_lanes(&search, &tried, pyramid, device, label, err))
            return false;
    if (search.best.cycles == 0)
        return cf_fail(err, "%s: no setting fits %s: the least is %u block RAMs, it has %u", label, device_name,
                       search.least_blocks, device->blocks);
    options->lanes = search.best.options.lanes;
    options->parallel = search.best.options.parallel;
    return true;
}
