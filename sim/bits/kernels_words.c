/* kernels_words.c - turns words into planes of bits one word at a time: the definition against which the vector
 * kernels are tested. */
#include <string.h>

#include "sim/bits/kernels.h"
#include "sim/bits/kernels_words.h"

static uint64_t word_at(const void *words, uint32_t bytes, size_t index)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)words + index * bytes, bytes); /* little-endian, as all this project's machines */
    return value;
}

void cf_bit_split_words(const void *const *words, uint32_t count, uint32_t bytes, uint32_t width, uint8_t *planes,
                        size_t plane_bytes)
{
    uint64_t rows[CF_TILE];
    for (uint32_t o = 0; o < count; o++) {
        for (uint32_t l = 0; l < CF_TILE; l++)
            rows[l] = word_at(words[o], bytes, l);
        cf_bit_transpose64(rows);
        for (uint32_t k = 0; k < width; k++)
            memcpy(planes + (o * (size_t)width + k) * plane_bytes, &rows[k], sizeof rows[k]);
    }
}

void cf_bit_join_words(const uint8_t *window, size_t plane_bytes, const uint16_t *planes, uint32_t width,
                       bool is_signed, uint32_t bytes, void *words)
{
    uint64_t rows[CF_TILE] = {0};
    for (uint32_t k = 0; k < width; k++)
        memcpy(&rows[k], cf_bit_plane(window, plane_bytes, planes[k]), sizeof rows[k]);
    for (uint32_t k = width; is_signed && k < 8 * bytes; k++)
        rows[k] = rows[width - 1];
    cf_bit_transpose64(rows);
    for (uint32_t l = 0; l < CF_TILE; l++)
        memcpy((uint8_t *)words + (size_t)l * bytes, &rows[l], bytes);
}

#define TRANSPOSE(type)                                                                                                \
    for (uint32_t c = 0; c < count; c++)                                                                               \
        for (uint32_t r = 0; r < CF_TILE; r++)                                                                         \
    ((type *)columns)[c * CF_TILE + r] = ((const type *)rows[r])[c]

void cf_bit_transpose_words(const void *const *rows, uint32_t count, uint32_t bytes, void *columns)
{
    if (bytes == 1)
        TRANSPOSE(uint8_t);
    else if (bytes == 2)
        TRANSPOSE(uint16_t);
    else if (bytes == 4)
        TRANSPOSE(uint32_t);
    else
        TRANSPOSE(uint64_t);
}

void cf_bit_expand_bytes(uint64_t bits, uint32_t count, uint8_t *out)
{
    for (uint32_t c = 0; c < count; c++)
        out[c] = bits >> c & 1;
}
