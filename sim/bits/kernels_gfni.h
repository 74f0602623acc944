/* kernels_gfni.h - split_all and join_all of struct cf_bit_kernels, for 512 lanes. Used by kernels_avx512.c,
 * which knows when the processor has them. */
#ifndef COFIBER_SIM_BITS_KERNELS_GFNI_H
#define COFIBER_SIM_BITS_KERNELS_GFNI_H

#include "sim/bits/kernels.h"

void cf_bit_split_all_gfni(const void *const *words, size_t offset, uint32_t bytes, uint32_t width, uint8_t *planes);
void cf_bit_join_all_gfni(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t bytes,
                          void *const *words);

#endif
