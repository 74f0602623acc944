/* dense_avx2.h - dense products with vectors of 256 bits, see kernels.h. Only where the processor has the instructions.
 */
#ifndef COFIBER_SIM_WORD_DENSE_AVX2_H
#define COFIBER_SIM_WORD_DENSE_AVX2_H

#include "sim/word/kernels.h"

/* With AVX2: */
void cf_dense8_avx2(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums);
void cf_dense16_avx2(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                     int32_t *sums);
void cf_dense32_avx2(const struct cf_dense *dense, const int32_t *const *rows, uint32_t count, const int64_t *start,
                     int64_t *sums);

/* With AVX-VNNI, whose instructions multiply and add at once: */
void cf_dense8_avxvnni(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                       int32_t *sums);
void cf_dense16_avxvnni(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                        int32_t *sums);

#endif
