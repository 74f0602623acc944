/* rounds.h - greedy sharing in rounds. */
#ifndef COFIBER_COMPILER_OPTIMISE_ROUNDS_H
#define COFIBER_COMPILER_OPTIMISE_ROUNDS_H

#include "compiler/optimise/patterns.h"
#include "compiler/optimise/search.h"

struct cf_rounds_options {
    uint32_t fewest; /* patterns that occur less often stay, 2 or more */
    double share;    /* of the patterns, how many a round looks at, the most frequent first */
    uint32_t least;  /* but no fewer than that */
    double noise;    /* 0: ties go by conflicts alone; else the conflicts are first scaled by up to 1 + noise */
};

/* Makes signals of patterns until no pattern is left that occurs `fewest` times, or the search ends. Each round counts
 * all patterns afresh and orders them by frequency, those of the same frequency by how little they compete with others:
 * the sum over a pattern's digits of (f - 1) / f of the other patterns that use the digit. False when memory is out. */
bool cf_share_in_rounds(struct cf_shift_sums *sums, const struct cf_rounds_options *options, struct cf_search *search);

#endif
