/* commons.h - counts how often each pair of digits stands in a row, to say how much another row has in common. */
#ifndef COFIBER_COMPILER_OPTIMISE_COMMONS_H
#define COFIBER_COMPILER_OPTIMISE_COMMONS_H

#include "compiler/optimise/sums.h"

struct cf_commons;
struct cf_commons *cf_commons_new(void); /* NULL when memory is out */
void cf_commons_free(struct cf_commons *commons);

/* Adds `change`, 1 or -1, to the count of every pair of the row's digits. False when memory is out. */
bool cf_commons_count(struct cf_commons *commons, const struct cf_digit *row, size_t digits, int change);

/* How much the row has in common with those counted: the size of a matching of its digits, made greedily, in which each
 * pair stands in a counted row as well, plus 0.05 for every pair that does. False when memory is out. */
bool cf_commons_score(struct cf_commons *commons, const struct cf_digit *row, size_t digits, double *score);

#endif
