/* commons.h - finds the pairs of digits that a row has in common with other rows. */
#ifndef COFIBER_COMPILER_OPTIMISE_COMMONS_H
#define COFIBER_COMPILER_OPTIMISE_COMMONS_H

#include "compiler/optimise/sums.h"

/* Two digits of the list that was looked for, by their places in it. */
struct cf_common_pair {
    uint32_t first, second;
};

struct cf_commons;
/* For rows 0 to rows - 1, whose digits are shifted by at most most_shift. NULL when memory is out. */
struct cf_commons *cf_commons_new(uint32_t rows, uint32_t most_shift);
void cf_commons_free(struct cf_commons *commons);

/* Adds the digits of a row to the known ones, or takes them out again. False when memory is out. */
bool cf_commons_add(struct cf_commons *commons, uint32_t row, const struct cf_digit *digits, uint32_t count);
void cf_commons_remove(struct cf_commons *commons, uint32_t row, const struct cf_digit *digits, uint32_t count);

/* Lists every two of the digits that stand together in some known row as well, at the same distance and with the same
 * product of signs; each pair once. The list belongs to `commons` and lasts until the next call. False when memory is
 * out. */
bool cf_commons_find(struct cf_commons *commons, const struct cf_digit *digits, uint32_t count,
                     const struct cf_common_pair **pairs, size_t *pair_count);

#endif
