/* spool.h - input that cannot seek, such as a pipe, copied into a temporary file that can. */
#ifndef COFIBER_BASE_SPOOL_H
#define COFIBER_BASE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Opens a file without a name, in TMPDIR or /tmp: it can be read and written through the descriptor, and goes when that
 * is closed, however the process ends. -1 with an error, which calls the file by `name`, when there can be none. */
int cf_spool_open(const char *name, struct cf_error *err);

/* Copies all that can be read from the descriptor `from` into such a file, whose descriptor it returns. -1 with an
 * error when there is more than `limit` bytes, when the disk is full, or when reading fails; `name` is what the error
 * calls the input. */
int cf_spool(int from, const char *name, uint64_t limit, struct cf_error *err);

/* Copies a file from its start to the descriptor `to`. */
bool cf_unspool(int spooled, int to, const char *name, struct cf_error *err);

#endif
