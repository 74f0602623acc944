/* log.h - the verdicts that a search has worked out, in memory and in a file beside its output.
 *
 * A search asks for verdicts in an order that depends on nothing but its inputs. So whoever repeats it with the
 * verdicts of an interrupted run soon stands where that run stopped, and ends as it would have ended. The file is one
 * line for each verdict; a line that a killed run did not finish is dropped.
 */
#ifndef COFIBER_PRUNE_LOG_H
#define COFIBER_PRUNE_LOG_H

#include <stdio.h>

#include "base/hash.h"
#include "prune/judge.h"

struct cf_prune_entry {
    char key[CF_SHA256_HEX]; /* of the mask, and of whether the proxy judged */
    struct cf_verdict verdict;
};

struct cf_prune_log {
    const char *path; /* NULL: in memory alone */
    FILE *file;
    struct cf_prune_entry *entries;
    size_t count, capacity;
};

/* Opens the log of a run whose inputs have the digest `identity`. With `resume` the verdicts of a file that is there
 * are read, and it is an error where that is of another run; else it is begun anew. `path` may be NULL. Close in either
 * case. */
bool cf_prune_log_open(struct cf_prune_log *log, const char *path, const char *identity, bool resume,
                       struct cf_error *err);
/* `finished`: the file is removed. */
void cf_prune_log_close(struct cf_prune_log *log, bool finished);

/* The verdict with the key, or NULL. */
const struct cf_verdict *cf_prune_log_find(const struct cf_prune_log *log, const char *key);
/* Adds a verdict, which is in the file when this returns. */
bool cf_prune_log_add(struct cf_prune_log *log, const char *key, const struct cf_verdict *verdict,
                      struct cf_error *err);

#endif
