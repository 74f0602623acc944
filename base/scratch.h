/* scratch.h - a directory for one run's temporary files, of which nothing is left, however the run ends. */
#ifndef COFIBER_BASE_SCRATCH_H
#define COFIBER_BASE_SCRATCH_H

#include <stdbool.h>

#include "base/error.h"

struct cf_scratch {
    char *path; /* NULL: there is none */
    int lock;   /* held on it while this run lives, so that others can tell it from one that a killed run left */
};

/* Makes the directory PARENT/NAME-XXXXXX, readable by this user alone, and removes such directories of this user's that
 * killed runs left there. Errors: the parent cannot be written, or memory is out; `scratch` is then empty. */
bool cf_scratch_make(struct cf_scratch *scratch, const char *parent, const char *name, struct cf_error *err);

/* Removes the directory with all that is in it; fine where there is none. */
void cf_scratch_remove(struct cf_scratch *scratch);

/* Leaves the directory where it is, for the user to look into; a later run removes it. */
void cf_scratch_leave(struct cf_scratch *scratch);

/* Removes the directories PARENT/NAME-XXXXXX that killed runs left. */
void cf_scratch_sweep(const char *parent, const char *name);

#endif
