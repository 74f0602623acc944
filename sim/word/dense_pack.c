/* dense_pack.c - puts weights into the order in which the dense kernels read them (kernels.h). */
#include <assert.h>

#include "sim/word/passes.h"

/* The element that holds the weight of that lane and input. Its strip begins at lane `first_lane` and is `width` lanes
 * wide. */
static size_t place(const struct cf_dense *packed, uint32_t first_lane, uint32_t width, uint32_t span, uint32_t lane,
                    uint32_t input)
{
    return (size_t)first_lane * packed->padded_inputs + (size_t)(input / span) * span * width +
           (size_t)(lane - first_lane) * span + input % span;
}

/* The weights once more, lane by lane, where there are so few lanes that kernels prefer them so. */
static bool pack_by_lane(struct cf_arena *arena, struct cf_dense *packed, const int32_t *matrix)
{
    if (packed->lanes > CF_FEW_LANES || packed->storage == CF_STORE32)
        return true;
    packed->by_lane =
        cf_arena_alloc(arena, (size_t)packed->lanes * packed->padded_inputs, cf_storage_size(packed->storage));
    for (uint32_t lane = 0; packed->by_lane && lane < packed->lanes; lane++)
        for (uint32_t k = 0; k < packed->inputs; k++)
            cf_storage_put(packed->by_lane, packed->storage, (size_t)lane * packed->padded_inputs + k,
                           matrix[(size_t)lane * packed->inputs + k]);
    return packed->by_lane != NULL;
}

bool cf_dense_pack(struct cf_arena *arena, struct cf_dense *packed, const int32_t *matrix)
{
    assert(packed->lanes > 0 && packed->inputs > 0 && packed->storage <= CF_STORE32);
    uint32_t span = (uint32_t)(4 / cf_storage_size(packed->storage));
    packed->padded_lanes = (packed->lanes + CF_PANEL - 1) / CF_PANEL * CF_PANEL;
    packed->padded_inputs = (packed->inputs + span - 1) / span * span;
    size_t count;
    if (__builtin_mul_overflow((size_t)packed->padded_lanes, packed->padded_inputs, &count))
        return false;
    packed->weights = cf_arena_alloc(arena, count, cf_storage_size(packed->storage));
    packed->weight_sum = cf_arena_alloc(arena, packed->padded_lanes, sizeof *packed->weight_sum);
    if (!packed->weights || !packed->weight_sum)
        return false;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(packed); g++) {
        uint32_t width = cf_dense_panels(packed, g) * CF_PANEL;
        for (uint32_t lane = first; lane < first + width && lane < packed->lanes; lane++) {
            uint32_t sum = 0;
            for (uint32_t k = 0; k < packed->inputs; k++) {
                int32_t weight = matrix[(size_t)lane * packed->inputs + k];
                sum += (uint32_t)weight;
                cf_storage_put(packed->weights, packed->storage, place(packed, first, width, span, lane, k), weight);
            }
            packed->weight_sum[lane] = (int32_t)sum;
        }
        first += width;
    }
    return pack_by_lane(arena, packed, matrix);
}
