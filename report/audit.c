/* audit.c - puts the claims of the card in order. */
#include "report/audit.h"

#include "report/audit_parts.h"

bool cf_audit(struct cf_claims *claims, const struct cf_evidence *evidence, struct cf_error *err)
{
    cf_audit_counts(claims, evidence);
    cf_audit_numbers(claims, evidence);
    return !claims->failed || cf_fail(err, "the audit: out of memory");
}
