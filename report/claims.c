/* claims.c - keeps a list of claims and their texts. */
#include "report/claims.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/thousands.h"

void cf_claims_free(struct cf_claims *claims)
{
    free(claims->items);
    cf_arena_free(&claims->arena);
    *claims = (struct cf_claims){0};
}

const char *cf_claims_text(struct cf_claims *claims, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof text);
    (void)length;
    const char *kept = cf_arena_strdup(&claims->arena, text);
    claims->failed = claims->failed || !kept;
    return kept ? kept : "";
}

const char *cf_claims_number(struct cf_claims *claims, uint64_t value)
{
    char text[CF_THOUSANDS];
    return cf_claims_text(claims, "%s", cf_thousands(value, text));
}

void cf_claims_add(struct cf_claims *claims, struct cf_claim claim)
{
    assert((claim.verdict == CF_HOLDS_UNDER) == (claim.condition != NULL));
    assert((claim.verdict == CF_HOLDS) == (claim.because == NULL));
    if (!cf_array_reserve(&claims->items, &claims->capacity, claims->count + 1, sizeof *claims->items))
        claims->failed = true;
    else
        claims->items[claims->count++] = claim;
}

const char *cf_verdict_text(const struct cf_claim *claim, char buffer[CF_VERDICT_TEXT])
{
    static const char *const words[] = {"holds", "holds under", "does not hold", "not checked"};
    bool under = claim->verdict == CF_HOLDS_UNDER;
    snprintf(buffer, CF_VERDICT_TEXT, "%s%s%s", words[claim->verdict], under ? " " : "", under ? claim->condition : "");
    return buffer;
}
