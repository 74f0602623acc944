/* audit.h - the claims of the published card, each judged by evidence: the face of this room, beside page.h. */
#ifndef COFIBER_REPORT_AUDIT_H
#define COFIBER_REPORT_AUDIT_H

#include "report/claims.h"
#include "report/evidence.h"

/* Fills an empty list with every claim of the card, in the card's order. Errors: out of memory. */
bool cf_audit(struct cf_claims *claims, const struct cf_evidence *evidence, struct cf_error *err);

/* Adds a claim that holds or does not, under its condition where it has one; `because` is dropped where it holds
 * without. A head that is no circuit leaves the claim unchecked. */
void cf_audit_judge(struct cf_claims *claims, const struct cf_evidence *evidence, struct cf_claim claim, bool holds);

/* The claims about counts, and those about numbers on frames, which cf_audit calls. */
void cf_audit_counts(struct cf_claims *claims, const struct cf_evidence *evidence);
void cf_audit_numbers(struct cf_claims *claims, const struct cf_evidence *evidence);

#endif
