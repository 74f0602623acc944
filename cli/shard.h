/* shard.h - one part of a job of which others do the rest: the option --shard. */
#ifndef COFIBER_CLI_SHARD_H
#define COFIBER_CLI_SHARD_H

#include "cli/cli.h"

/* The option for a command's table. */
#define CLI_SHARD_OPTION(WHAT)                                                                                         \
    {                                                                                                                  \
        "--shard", "I/N", NULL,                                                                                        \
            "Take only part I of N of the " WHAT ", with I from 1 to N; cofiber merge puts the results together."      \
    }

/* The part of `count` things that --shard asks for, [*first, *end); all of them where it is not given. Errors: it is no
 * such pair of numbers; the part is empty, since there are fewer things than parts. */
bool cli_shard(const struct cli_args *args, uint64_t count, uint64_t *first, uint64_t *end, struct cf_error *err);

#endif
