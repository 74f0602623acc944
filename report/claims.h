/* claims.h - a list of claims, each with a verdict, what was found, and how. */
#ifndef COFIBER_REPORT_CLAIMS_H
#define COFIBER_REPORT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum cf_verdict {
    CF_HOLDS,
    CF_HOLDS_UNDER, /* under the condition that the claim's `condition` names */
    CF_FAILS,
    CF_UNCHECKED /* it could not be checked: `because` says why */
};

struct cf_claim {
    const char *key;   /* "gates.total": the same in every version */
    const char *claim; /* what the card says, in a few words */
    enum cf_verdict verdict;
    const char *condition; /* "--upsample nearest"; NULL without one */
    const char *found;
    const char *how;     /* "counted", "measured", "proved", or several of them */
    const char *because; /* why a claim does not hold, holds under a condition alone, or was not checked; else NULL */
};

struct cf_claims {
    struct cf_arena arena; /* owns the texts */
    struct cf_claim *items;
    size_t count, capacity;
    bool failed; /* memory was out: something is missing */
};

void cf_claims_free(struct cf_claims *claims); /* an all-zero list is fine */

/* A formatted text that lives as long as the list; "" when memory is out, which the list remembers. */
const char *cf_claims_text(struct cf_claims *claims, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "2,184,000", likewise. */
const char *cf_claims_number(struct cf_claims *claims, uint64_t value);

/* Appends the claim; its texts must live as long as the list. */
void cf_claims_add(struct cf_claims *claims, struct cf_claim claim);

/* "holds", "holds under --upsample nearest", "does not hold", "not checked", written into the buffer. */
enum { CF_VERDICT_TEXT = 96 };
const char *cf_verdict_text(const struct cf_claim *claim, char buffer[CF_VERDICT_TEXT]);

#endif
