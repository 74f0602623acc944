/* dots.h - dense products of few lanes, each a dot product along the inputs, see kernels.h: a panel of weights would be
 * nearly all padding. The arguments are those of the dense kernels; `dense` has by_lane. The functions run only where
 * the processor has the instruction set in their names.
 */
#ifndef COFIBER_SIM_WORD_DOTS_H
#define COFIBER_SIM_WORD_DOTS_H

#include <string.h>

#include "sim/word/kernels.h"

void cf_dots8_avx2(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums);
void cf_dots16_avx2(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums);
void cf_dots8_avx512(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                     int32_t *sums);
void cf_dots16_avx512(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                      int32_t *sums);

/* The sums that `count` rows start from: of the lanes and of their padding. */
static inline void cf_dots_start(const struct cf_dense *dense, uint32_t count, const int32_t *start, int32_t *sums)
{
    size_t lanes = dense->padded_lanes;
    for (uint32_t r = 0; r < count; r++, sums += lanes)
        if (start)
            memcpy(sums, start, lanes * sizeof *sums);
        else
            memset(sums, 0, lanes * sizeof *sums);
}

#endif
