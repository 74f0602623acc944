/* fit.c - tries every number of lanes and parallel classes, and keeps the fastest setting that a device has room for.
 */
#include "rtl/stream/fit.h"

#include <assert.h>
#include <string.h>

#include "rtl/stream/logic.h"

enum { WIDEST = 64 }; /* channels per beat: few designs have a stream that is wider */

/* From the makers' tables of devices. */
const struct cf_stream_device cf_stream_devices[] = {
    {"ecp5-25k", 28, 56, 24288, false},
    {"ecp5-45k", 72, 108, 43848, false},
    {"ecp5-85k", 156, 208, 83640, false},
    {"artix7-35t", 90, 100, 20800, false},
    {"artix7-100t", 240, 270, 63400, false},
    {"artix7-200t", 740, 730, 134600, false},
    {"kintex7-325t", 840, 890, 203800, false},
    {"ice40up5k", 0, 0, 0, true},
    {NULL, 0, 0, 0, false},
};

enum { SHALLOW = 32 }; /* a memory of so many words or fewer becomes LUTs */

static uint64_t blocks_of(uint64_t width, uint64_t depth)
{
    enum { WIDTH = 36, DEPTH = 512 };
    return depth <= SHALLOW ? 0 : (width + WIDTH - 1) / WIDTH * ((depth + DEPTH - 1) / DEPTH);
}

/* Calls `visit` with the width and depth of each memory of the wide core, and adds up what it gives. */
static uint64_t add_memories(const struct cf_stream_plan *plan, uint64_t (*visit)(uint64_t width, uint64_t depth))
{
    uint64_t weights = (uint64_t)plan->options.parallel * plan->options.lanes * plan->weight_bits, count = 0;
    if (!plan->options.constants)
        count += visit(weights, (uint64_t)plan->groups * plan->words);
    if (plan->groups > 1)
        count += visit(8 * (uint64_t)plan->input_bytes, 2 * (uint64_t)plan->words);
    for (uint32_t k = 0; k < plan->pyramid->scales; k++) {
        const struct cf_stream_scale *s = &plan->scale[k];
        uint64_t sum = (uint64_t)plan->fold * s->sum_bits, pool = (uint64_t)plan->fold * (s->sum_bits + 2u);
        count += visit(sum, (uint64_t)s->ring * plan->beats) + visit(pool, s->partial_depth) +
                 s->banks * visit(pool, s->bank_depth) + visit((uint64_t)plan->fold * s->value_bits, plan->beats);
    }
    return count;
}

uint32_t cf_stream_blocks(const struct cf_stream_plan *plan)
{
    if (plan->options.shared) /* its other memories are no block RAM */
        return plan->positions * (uint32_t)blocks_of(32, plan->buffer_depth);
    return (uint32_t)add_memories(plan, blocks_of);
}

/* A memory of one word is none: its bits are registers, or constants. */
static uint64_t luts_of(uint64_t width, uint64_t depth)
{
    enum {
        WORDS = 16,
        WRITTEN = 2
    }; /* words that a LUT keeps; LUTs in the place of one, as they are written as well */
    return depth > SHALLOW || depth < 2 ? 0 : width * ((depth + WORDS - 1) / WORDS) * WRITTEN;
}

uint64_t cf_stream_fitted_luts(const struct cf_stream_plan *plan)
{
    assert(!plan->options.shared);
    return cf_stream_luts(plan) + add_memories(plan, luts_of);
}

uint32_t cf_stream_usable_luts(const struct cf_stream_device *device)
{
    return device->luts / 5 * 4;
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
    uint64_t least_luts;        /* of those for which there are blocks as well */
};

/* Is the setting, which fits, faster than the best so far, or as fast with fewer blocks? */
static bool is_better(const struct cf_stream_plan *plan, const struct cf_stream_plan *best)
{
    return best->cycles == 0 || plan->cycles < best->cycles ||
           (plan->cycles == best->cycles && cf_stream_blocks(plan) < cf_stream_blocks(best));
}

/* Are there multipliers for the setting? One of logic takes more than eight LUTs. */
static bool has_multipliers(const struct cf_stream_device *device, const struct cf_stream_options *options)
{
    enum { LEAST = 8 };
    uint64_t products = (uint64_t)options->lanes * options->parallel;
    return products <= (options->logic ? device->luts / LEAST : device->multipliers);
}

/* Tries a number of lanes with every number of parallel classes for which there are multipliers. */
static bool try_lanes(struct search *search, const struct cf_stream_options *options, const struct cf_pyramid *pyramid,
                      const struct cf_stream_device *device, const char *label, struct cf_error *err)
{
    struct cf_stream_options tried = *options;
    struct cf_stream_plan plan;
    for (tried.parallel = 1; tried.parallel <= pyramid->classes && has_multipliers(device, &tried); tried.parallel++) {
        if (!cf_stream_plan_make(&plan, pyramid, &tried, label, err))
            return false;
        uint32_t blocks = cf_stream_blocks(&plan);
        uint64_t luts = cf_stream_fitted_luts(&plan);
        search->least_blocks = blocks < search->least_blocks ? blocks : search->least_blocks;
        if (blocks > device->blocks)
            continue;
        search->least_luts = luts < search->least_luts ? luts : search->least_luts;
        if (luts <= cf_stream_usable_luts(device) && is_better(&plan, &search->best))
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
    struct search search = {.least_blocks = UINT32_MAX, .least_luts = UINT64_MAX};
    struct cf_stream_options tried = *options;
    if (!device)
        return cf_fail(err, "%s: there is no device '%.100s' in the table of devices", label, device_name);
    if (device->shared)
        return fit_shared(options, pyramid, label, err);
    for (tried.lanes = 1; tried.lanes <= pyramid->channels && tried.lanes <= WIDEST; tried.lanes++)
        if (!try_lanes(&search, &tried, pyramid, device, label, err))
            return false;
    if (search.best.cycles == 0 && search.least_luts != UINT64_MAX)
        return cf_fail(
            err, "%s: no setting fits %s: with few enough block RAMs the least is %llu LUTs, of which it can give %u",
            label, device_name, (unsigned long long)search.least_luts, cf_stream_usable_luts(device));
    if (search.best.cycles == 0)
        return cf_fail(err, "%s: no setting fits %s: the least is %u block RAMs, it has %u", label, device_name,
                       search.least_blocks, device->blocks);
    options->lanes = search.best.options.lanes;
    options->parallel = search.best.options.parallel;
    return true;
}
