/* kernels_words.h - the plain conversions between words and planes: the portable kernels, and what the others use
 * for the element sizes that they have nothing better for. */
#ifndef COFIBER_SIM_BITS_KERNELS_WORDS_H
#define COFIBER_SIM_BITS_KERNELS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the functions of struct cf_bit_kernels. */
void cf_bit_split_words(const void *const *words, uint32_t count, uint32_t bytes, uint32_t width, uint8_t *planes,
                        size_t plane_bytes);
void cf_bit_join_words(const uint8_t *window, size_t plane_bytes, const uint16_t *planes, uint32_t width,
                       bool is_signed, uint32_t bytes, void *words);
void cf_bit_transpose_words(const void *const *rows, uint32_t count, uint32_t bytes, void *columns);
void cf_bit_expand_bytes(uint64_t bits, uint32_t count, uint8_t *out);

#endif
