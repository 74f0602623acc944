/* patterns.h - the patterns of some sums: pairs of digits that stand in several rows. */
#ifndef COFIBER_COMPILER_OPTIMISE_PATTERNS_H
#define COFIBER_COMPILER_OPTIMISE_PATTERNS_H

#include "compiler/optimise/sums.h"

/* One place of a pattern: two digits of one row, by their places in sums.digits. */
struct cf_occurrence {
    uint32_t first, second;
};

/* Digits of the signals a and b, a <= b, of which b is shifted by `distance` more than a (so distance > 0 where a = b),
 * with the same sign or not. The occurrences of a pattern with a = b may share digits; those of the others do not. */
struct cf_pattern {
    uint32_t a, b;
    int8_t distance;
    bool opposite;
    uint32_t count, start; /* occurrences [start, start + count) */
};

struct cf_patterns {
    struct cf_pattern *patterns;
    struct cf_occurrence *occurrences;
    size_t count, capacity, occurrence_count, occurrence_capacity;
    int32_t *number; /* scratch: by signal, distance and signs; all 0 between calls */
    size_t number_capacity, number_ready;
    uint32_t *touched;
    size_t touched_capacity;
};

enum { CF_PATTERN_REACH = 15 /* greatest distance, in bits, of two digits that are looked at */ };

/* Lists the patterns that occur at least `fewest` times; what the structure held before is gone, its memory is used
 * again. Zeros are a fine beginning. False when memory is out. */
bool cf_patterns_find(struct cf_patterns *patterns, const struct cf_shift_sums *sums, uint32_t fewest);
void cf_patterns_free(struct cf_patterns *patterns);

/* The digits that a pattern's signal is made of, and the digit that stands for two digits of a row that hold it. */
void cf_pattern_parts(struct cf_digit one, struct cf_digit other, struct cf_made *made);
struct cf_digit cf_pattern_digit(uint32_t signal, struct cf_digit one, struct cf_digit other);

#endif
