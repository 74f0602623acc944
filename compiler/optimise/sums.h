/* sums.h - what the optimiser works on: sums of digits, and signals that several sums share.
 *
 * Every row of a matrix is a sum of digits +- (signal << shift), of which the first signals are the matrix's columns.
 * No row holds a signal twice at the same shift: the search for patterns relies on it.
 * Where two digits stand in several rows at the same distance with the same product of signs, they are replaced in
 * each by one digit of a new signal, the sum of the two: a pattern that occurs f times saves f - 1 adders.
 */
#ifndef COFIBER_COMPILER_OPTIMISE_SUMS_H
#define COFIBER_COMPILER_OPTIMISE_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CF_MAX_DIGIT_SHIFT = 62 };

/* Integers [rows][columns], row-major. */
struct cf_matrix {
    uint32_t rows, columns;
    int64_t *at;
};

struct cf_digit {
    uint32_t signal;
    uint8_t shift;
    bool negative;
};

/* Signal = first + second; one of the shifts is 0, and the first digit is not negative. */
struct cf_made {
    struct cf_digit first, second;
};

struct cf_shift_sums {
    uint32_t columns;     /* signals that are given: the matrix's columns */
    uint32_t signals;     /* with those made: signal columns + i is made[i] */
    struct cf_made *made; /* reads only signals before its own */
    size_t made_capacity;
    uint32_t most_level;     /* a signal stands above no more signals that are made than that; 0: above any number */
    uint32_t rows;           /* finished */
    struct cf_digit *digits; /* of all rows, row after row */
    uint32_t digit_count;
    size_t digit_capacity;
    uint32_t *start; /* [rows + 1]: row r has the digits from start[r] to start[r + 1] - 1 */
    size_t start_capacity;
};

/* All functions that return bool return false only when memory is out. */
void cf_shift_sums_free(struct cf_shift_sums *sums); /* zeros are fine */
/* Makes a signal; `*signal` becomes its number. */
bool cf_shift_sums_make(struct cf_shift_sums *sums, struct cf_digit first, struct cf_digit second, uint32_t *signal);
/* Appends a digit to the row that is not finished yet, and finishes it. */
bool cf_shift_sums_add(struct cf_shift_sums *sums, struct cf_digit digit);
bool cf_shift_sums_end_row(struct cf_shift_sums *sums);
/* Appends the digits of value * signal in canonical signed-digit form: the fewest non-zero digits there are, no two of
 * them next to each other. |value| < 2^61. */
bool cf_shift_sums_add_multiple(struct cf_shift_sums *sums, uint32_t signal, int64_t value);
/* The number of digits that takes. */
int cf_csd_weight(int64_t value);

/* Adders that the sums take as they stand: one for each signal made, one less than its digits for each row. */
uint64_t cf_shift_sums_adders(const struct cf_shift_sums *sums);

/* What uses a signal directly, a set of bits; a use by a signal that is itself unused is none. */
enum { CF_USED_BY_ROWS = 1, CF_USED_BY_SIGNALS = 2 };
/* Fills uses [signals]. */
void cf_shift_sums_uses(const struct cf_shift_sums *sums, uint8_t *uses);

/* The row of a digit. */
uint32_t cf_shift_sums_row(const struct cf_shift_sums *sums, uint32_t digit);

/* A digit that a row gains. */
struct cf_gain {
    uint32_t row;
    struct cf_digit digit;
};
/* Takes the digits whose `dead` is not 0 (dead [digit_count]) out of the rows, and puts in what the rows gain. */
bool cf_shift_sums_replace(struct cf_shift_sums *sums, const uint8_t *dead, const struct cf_gain *gains,
                           size_t gain_count);

/* The sums of a matrix, every element in canonical signed-digit form. */
bool cf_shift_sums_of_matrix(struct cf_shift_sums *sums, const struct cf_matrix *matrix);

#endif
