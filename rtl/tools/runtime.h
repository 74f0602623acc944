/* runtime.h - what Verilator's programs share, compiled once and kept in the cache: the objects of the run-time
 * library, and the headers, which take the compiler longer than a small circuit does.
 *
 * Nothing here is needed: what is not there is compiled as part of the program, and then kept for the next. */
#ifndef COFIBER_RTL_TOOLS_RUNTIME_H
#define COFIBER_RTL_TOOLS_RUNTIME_H

#include <stdbool.h>

#include "base/error.h"

struct cf_runtime {
    char *directory;
    char *header; /* its path; the compiler finds the precompiled form, <path>.gch, by itself */
    bool used;    /* something that was kept before is in the program being built */
};

/* Finds or makes the directory for these tools: `about` is what they are called with and call themselves. */
bool cf_runtime_open(struct cf_runtime *runtime, const char *cache, const char *about, struct cf_error *err);
void cf_runtime_close(struct cf_runtime *runtime);

/* Copies the kept objects into `obj`, where make will find them newer than their sources. */
bool cf_runtime_lend(struct cf_runtime *runtime, const char *obj, struct cf_error *err);

/* Is there a precompiled header? Where there is none, `source` is written as a file to compile one from. */
bool cf_runtime_header(struct cf_runtime *runtime, const char *source, bool *precompiled, struct cf_error *err);
/* Takes what the compiler made of it. */
bool cf_runtime_take_header(struct cf_runtime *runtime, const char *compiled, struct cf_error *err);

/* Takes the library's objects out of `obj`, each by one rename. */
bool cf_runtime_take(struct cf_runtime *runtime, const char *obj, struct cf_error *err);

/* Forgets all that was kept, and takes it out of `obj`: a damaged file must not spoil every program from now on. */
bool cf_runtime_drop(struct cf_runtime *runtime, const char *obj, struct cf_error *err);

#endif
