/* bands.h - the bands of a frame, in float, as the head reads them in training.
 *
 * The grid is split as the circuit splits it: each scale is the difference between the grid (or the pool of the scale
 * before) and its own upsampled mean pool; the last scale is the pool itself where `residual`. Channels stand
 * outermost, and behind each other the positions of all scales: [channels][positions].
 */
#ifndef COFIBER_TRAIN_BANDS_H
#define COFIBER_TRAIN_BANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_bands_shape {
    uint32_t channels, height, width, scales; /* 2^scales divides height and width */
    bool bilinear;                            /* upsampling: bilinear (align_corners = false), or nearest */
    bool residual;                            /* the last band is the last pool, not a difference */
};

/* The first position of a scale; with scale = scales: how many positions there are. */
static inline size_t cf_bands_first(const struct cf_bands_shape *shape, uint32_t scale)
{
    size_t first = 0;
    for (uint32_t k = 0; k < scale; k++)
        first += (size_t)(shape->height >> k) * (shape->width >> k);
    return first;
}

static inline size_t cf_bands_positions(const struct cf_bands_shape *shape)
{
    return cf_bands_first(shape, shape->scales);
}

#endif
