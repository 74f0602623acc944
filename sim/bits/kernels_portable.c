/* kernels_portable.c - runs programs in plain C, 64 lanes in a uint64_t, and so defines what every kernel computes. */
#include <string.h>

#include "sim/bits/kernels.h"

#define BIT_TARGET

typedef uint64_t bit_vector;

static inline uint64_t bit_sum3(uint64_t a, uint64_t b, uint64_t c)
{
    return a ^ b ^ c;
}

static inline uint64_t bit_carry(uint64_t a, uint64_t b, uint64_t c, uint64_t sum)
{
    (void)sum;
    return (a & b) | (c & (a ^ b));
}

static inline uint64_t bit_xor(uint64_t a, uint64_t b)
{
    return a ^ b;
}

static inline uint64_t bit_fill(bool one)
{
    return one ? ~(uint64_t)0 : 0;
}

#include "sim/bits/kernels_body.h"
#include "sim/bits/kernels_ceiling.h"
#include "sim/bits/kernels_sums.h"
#include "sim/bits/kernels_words.h"

void cf_bit_transpose64(uint64_t rows[64])
{
    /* Swaps ever smaller off-diagonal submatrices (Hacker's Delight, 7-3). */
    uint64_t mask = 0x00000000ffffffff;
    for (uint32_t size = 32; size > 0; size >>= 1, mask ^= mask << size)
        for (uint32_t r = 0; r < 64; r = (r + size + 1) & ~size) {
            uint64_t swap = (rows[r] >> size ^ rows[r + size]) & mask;
            rows[r] ^= swap << size;
            rows[r + size] ^= swap;
        }
}

const struct cf_bit_kernels cf_bit_kernels_portable = {
    .name = "portable",
    .lanes = 8 * sizeof(bit_vector),
    .run = run,
    .add = add,
    .finish = finish,
    .split = cf_bit_split_words,
    .join = cf_bit_join_words,
    .transpose = cf_bit_transpose_words,
    .expand = cf_bit_expand_bytes,
    .ceiling = ceiling,
};
