/* reopen.h - undoes some of the sharing in sums, and shares the digits that this frees anew. */
#ifndef COFIBER_COMPILER_OPTIMISE_REOPEN_H
#define COFIBER_COMPILER_OPTIMISE_REOPEN_H

#include "compiler/optimise/rounds.h"
#include "compiler/optimise/search.h"
#include "compiler/optimise/sums.h"

struct cf_reopen_options {
    uint64_t times;   /* how often, unless the search ends before */
    uint32_t slack;   /* adders by which sums may be worse than the best so far to be gone on with */
    double share;     /* of the signals that rows alone use, how many are taken back each time */
    double recode;    /* how likely two digits of a signal that can be written in another way are, each time */
    double proposals; /* of packing (packing.h) */
    struct cf_rounds_options rounds;
};

/* Takes signals back at random, shares again in rounds and by packing, and keeps the result where the sums then take no
 * more adders than the best so far and the slack; and so on. The best is what remains. Signals that nothing uses any
 * more stay among those made. False when memory is out. */
bool cf_reopen(struct cf_shift_sums *sums, const struct cf_reopen_options *options, struct cf_search *search);

#endif
