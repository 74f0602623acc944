/* commons.h - says how much a row of digits has in common with other rows. */
#ifndef COFIBER_COMPILER_OPTIMISE_COMMONS_H
#define COFIBER_COMPILER_OPTIMISE_COMMONS_H

#include "compiler/optimise/sums.h"

struct cf_commons;
/* For rows 0 to rows - 1, whose digits are shifted by at most most_shift. NULL when memory is out. */
struct cf_commons *cf_commons_new(uint32_t rows, uint32_t most_shift);
void cf_commons_free(struct cf_commons *commons);

/* Adds the digits of a row to the known ones, or takes them out again. False when memory is out. */
bool cf_commons_add(struct cf_commons *commons, uint32_t row, const struct cf_digit *digits, uint32_t count);
void cf_commons_remove(struct cf_commons *commons, uint32_t row, const struct cf_digit *digits, uint32_t count);

/* How much the digits of a row that is not known have in common with the known rows: the size of a matching of the
 * digits, made greedily, in which each pair stands in a known row as well, at the same distance and with the same
 * product of signs; and 0.05 for every pair that does. False when memory is out. */
bool cf_commons_score(struct cf_commons *commons, const struct cf_digit *digits, uint32_t count, double *score);

#endif
