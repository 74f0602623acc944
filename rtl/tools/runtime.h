/* runtime.h - what Verilator's programs share, compiled once and kept in the cache: the objects of the run-time
 * library, and the headers, which take the compiler longer than a small circuit does.
 *
 * A build works without any of these: an object that is not there is compiled as part of the program, and then kept for
 * the next program. */
#ifndef COFIBER_RTL_TOOLS_RUNTIME_H
#define COFIBER_RTL_TOOLS_RUNTIME_H

#include <stdbool.h>

#include "base/error.h"

struct cf_runtime {
    char *directory;
    char *header; /* its path; the compiler finds the precompiled form, <path>.gch, by itself */
    bool used;    /* something that was kept before is in the program being built */
};

/* Finds or makes the directory for these tools: `about` has their options and versions. */
bool cf_runtime_open(struct cf_runtime *runtime, const char *cache, const char *about, struct cf_error *err);
void cf_runtime_close(struct cf_runtime *runtime);

/* Copies the kept objects into `obj`, where make will find them newer than their sources. */
bool cf_runtime_lend(struct cf_runtime *runtime, const char *obj, struct cf_error *err);

/* `*precompiled`: there is a precompiled header. If not, `source` is written as a file from which to compile one. */
bool cf_runtime_header(struct cf_runtime *runtime, const char *source, bool *precompiled, struct cf_error *err);
/* Keeps the header that the compiler made from this file. */
bool cf_runtime_take_header(struct cf_runtime *runtime, const char *compiled, struct cf_error *err);

/* Takes the library's objects out of `obj`, each by one rename. */
bool cf_runtime_take(struct cf_runtime *runtime, const char *obj, struct cf_error *err);

/* Removes all that was kept, also from `obj`, so that a damaged file does not spoil every later program. */
bool cf_runtime_drop(struct cf_runtime *runtime, const char *obj, struct cf_error *err);

#endif
