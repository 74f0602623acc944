/* activation.c - lowers a ReLU to a mask, and the square root digit by digit. */
#include "netlists/lowering/activation.h"

#include <assert.h>
#include <string.h>

/* Clears the literals where `negative` holds. */
static bool mask(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out)
{
    cf_lit unused;
    for (uint32_t i = 0; i < count; i++)
        if (!cf_network_add(network, bits[i], negative ^ 1, CF_LIT_FALSE, &unused, &out[i]))
            return false;
    return true;
}

bool cf_lower_relu(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out)
{
    return mask(network, bits, count, negative, out);
}

/* One step of the root: computes one more binary digit, and the remainder with it. `root` has the k - 1 digits so far,
 * least significant first, and `pair` the next two bits of the number. `*digit` is the last digit on entry (1 before
 * the first), and the new one on return.
 *
 * Let Q be the root of the digits so far and r the remainder. If r >= 0, which is where the last digit is 1, the next
 * remainder is 4r + pair - (4Q + 1). Otherwise it is 4r + pair + (4Q + 3), which also adds back what the last digit
 * subtracted too much. In two's complement, -(4Q + 1) is ~Q followed by two ones, and 4Q + 3 is Q followed by two ones.
 * So one addend serves both cases: Q with all bits inverted if the last digit is 1, followed by two ones. Remainders of
 * k digits fit k + 2 bits. */
static bool next_digit(struct cf_network *network, const cf_lit *root, uint32_t k, const cf_lit pair[2],
                       cf_lit *remainder, cf_lit *digit)
{
    cf_lit carry = CF_LIT_FALSE, next[CF_SUM_BITS], unused;
    for (uint32_t i = 0; i < k + 2; i++) {
        cf_lit operand = i < 2 ? pair[i] : remainder[i - 2], addend = i < 2 ? CF_LIT_TRUE : *digit;
        if (i >= 2 && i < k + 1 && !cf_network_add(network, root[i - 2], *digit, CF_LIT_FALSE, &addend, &unused))
            return false;
        if (!cf_network_add(network, operand, addend, carry, &next[i], &carry))
            return false;
    }
    memcpy(remainder, next, (k + 2) * sizeof *next);
    *digit = next[k + 1] ^ 1;
    return true;
}

bool cf_lower_root(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out)
{
    assert(count < CF_SUM_BITS);
    uint32_t digits = (count + 1) / 2;
    cf_lit root[CF_SUM_BITS / 2], remainder[CF_SUM_BITS] = {CF_LIT_FALSE}, digit = CF_LIT_TRUE;
    for (uint32_t k = 1; k <= digits; k++) {
        uint32_t low = 2 * (digits - k);
        const cf_lit pair[2] = {bits[low], low + 1 < count ? bits[low + 1] : CF_LIT_FALSE};
        if (!next_digit(network, root + digits - k + 1, k, pair, remainder, &digit))
            return false;
        root[digits - k] = digit;
    }
    return mask(network, root, digits, negative, out);
}
