/* convert_avx2.h - words to planes and back, 256 lanes at a time, with AVX2 alone: functions of struct cf_bit_kernels,
 * for all kernels of 256 lanes; and transpositions of words, for wider ones, too. Called where the processor has them.
 */
#ifndef COFIBER_SIM_BITS_CONVERT_AVX2_H
#define COFIBER_SIM_BITS_CONVERT_AVX2_H

#include "sim/bits/kernels.h"

void cf_bit_split_all_avx2(const void *const *words, size_t offset, uint32_t bytes, uint32_t width, uint8_t *planes);
void cf_bit_join_all_avx2(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t bytes,
                          void *const *words);
void cf_bit_transpose_avx2(const void *const *rows, uint32_t count, uint32_t bytes, void *columns);
void cf_bit_expand_avx2(uint64_t bits, uint32_t count, uint8_t *out);

#endif
