/* fit.c - tries the settings that divide the work without waste, and keeps the fastest that a device has room for. */
#include "rtl/stream/fit.h"

#include <string.h>

enum { WIDEST = 64 }; /* channels per beat: few designs have a stream that is wider */

/* From the makers' tables of devices. */
const struct cf_stream_device cf_stream_devices[] = {
    {"ecp5-25k", 28, 56},      {"ecp5-45k", 72, 108},     {"ecp5-85k", 156, 208},     {"artix7-35t", 90, 100},
    {"artix7-100t", 240, 270}, {"artix7-200t", 740, 730}, {"kintex7-325t", 840, 890}, {NULL, 0, 0},
};

static uint32_t blocks_of(uint64_t width, uint64_t depth)
{
    enum { SHALLOW = 32, WIDTH = 36, DEPTH = 512 };
    return depth <= SHALLOW ? 0 : (uint32_t)((width + WIDTH - 1) / WIDTH * ((depth + DEPTH - 1) / DEPTH));
}

uint32_t cf_stream_blocks(const struct cf_stream_plan *plan)
{
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

/* Does the setting fit, and is it faster than the best so far, or as fast with fewer blocks? */
static bool is_better(const struct cf_stream_plan *plan, const struct cf_stream_device *device,
                      const struct cf_stream_plan *best)
{
    uint32_t blocks = cf_stream_blocks(plan);
    if (plan->options.lanes * plan->options.parallel > device->multipliers || blocks > device->blocks)
        return false;
    return best->cycles == 0 || plan->cycles < best->cycles ||
           (plan->cycles == best->cycles && blocks < cf_stream_blocks(best));
}

bool cf_stream_fit(struct cf_stream_options *options, const struct cf_pyramid *pyramid, const char *device_name,
                   const char *label, struct cf_error *err)
{
    const struct cf_stream_device *device = find_device(device_name);
    struct cf_stream_plan best = {0}, plan;
    if (!device)
        return cf_fail(err, "%s: there is no device '%.100s' in the table of devices", label, device_name);
    for (uint32_t lanes = 1; lanes <= pyramid->channels && lanes <= WIDEST; lanes++) {
        if (pyramid->channels % lanes && lanes & (lanes - 1))
            continue; /* neither a divisor nor a power of two */
        for (uint32_t groups = 1, last = 0; groups <= pyramid->classes; groups++) {
            struct cf_stream_options tried = *options;
            tried.lanes = lanes;
            tried.parallel = (pyramid->classes + groups - 1) / groups;
            if (tried.parallel == last || (uint64_t)lanes * tried.parallel > device->multipliers)
                continue;
            last = tried.parallel;
            if (!cf_stream_plan_make(&plan, pyramid, &tried, label, err))
                return false;
            if (is_better(&plan, device, &best))
                best = plan;
        }
    }
    if (best.cycles == 0)
        return cf_fail(err, "%s: no setting fits %s", label, device_name);
    options->lanes = best.options.lanes;
    options->parallel = best.options.parallel;
    return true;
}
