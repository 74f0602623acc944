/* patterns.h - the patterns of some sums: pairs of digits that stand in several rows. */
#ifndef COFIBER_COMPILER_OPTIMISE_PATTERNS_H
#define COFIBER_COMPILER_OPTIMISE_PATTERNS_H

#include "compiler/optimise/sums.h"

/* One place of a pattern: two digits of one row, by their places in sums.digits. */
struct cf_occurrence {
    uint32_t first, second;
};

#define CF_NOT_MADE UINT32_MAX

/* Digits of the signals a and b, a <= b, of which b is shifted by `distance` more than a (so distance > 0 where a = b),
 * with the same sign or not. Where a signal in use already is that sum, `made` is that signal, and each occurrence
 * saves an adder; else one of them pays for the new signal. The occurrences of a pattern with a = b may share digits;
 * those of the others do not. */
struct cf_pattern {
    uint32_t a, b;
    int8_t distance;
    bool opposite;
    uint32_t made;         /* or CF_NOT_MADE */
    uint32_t count, start; /* occurrences [start, start + count) */
};

/* How often the pattern's sum is wanted, a signal that is it already counted as one time more. Sharing it in all
 * occurrences saves one adder less than that. */
static inline uint32_t cf_pattern_uses(const struct cf_pattern *pattern)
{
    return pattern->count + (pattern->made != CF_NOT_MADE);
}

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

/* Lists the patterns with `fewest` uses or more (cf_pattern_uses), 2 at least; what the structure held before is gone,
 * its memory is used again. Zeros are a fine beginning. False when memory is out. */
bool cf_patterns_find(struct cf_patterns *patterns, const struct cf_shift_sums *sums, uint32_t fewest);
void cf_patterns_free(struct cf_patterns *patterns);

/* The digits that the signal of two digits is made of. */
void cf_pattern_parts(struct cf_digit one, struct cf_digit other, struct cf_made *made);
/* The digit that stands for two digits of a row; `signal` is their sum in `sums`. */
struct cf_digit cf_pattern_digit(const struct cf_shift_sums *sums, uint32_t signal, struct cf_digit one,
                                 struct cf_digit other);

#endif
