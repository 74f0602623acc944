/* ranks.h - commands that several processes run together, as mpirun starts them. */
#ifndef COFIBER_CLI_RANKS_H
#define COFIBER_CLI_RANKS_H

#include "train/exchange.h"

struct cli_ranks {
    struct cf_exchange exchange; /* size 1: this process is alone */
    void *library;               /* NULL: it is alone */
};

/* Joins the processes that mpirun started this one with; alone where it did not. Errors: the part of the program that
 * knows MPI is not beside it, or MPI's own. */
bool cli_ranks_join(struct cli_ranks *ranks, struct cf_error *err);

/* Leaves them; `failed`: all others are ended, too. */
void cli_ranks_leave(struct cli_ranks *ranks, bool failed);

/* Whether this process prints and writes files. */
static inline bool cli_ranks_first(const struct cli_ranks *ranks)
{
    return ranks->exchange.rank == 0;
}

/* Whether `flag` is set in any of the processes, which all must ask. */
bool cli_ranks_any(const struct cli_ranks *ranks, bool flag, bool *any, struct cf_error *err);

#endif
