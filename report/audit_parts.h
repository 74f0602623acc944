/* audit_parts.h - the parts of the audit, each of which adds its claims to the list. */
#ifndef COFIBER_REPORT_AUDIT_PARTS_H
#define COFIBER_REPORT_AUDIT_PARTS_H

#include "report/claims.h"
#include "report/evidence.h"

/* The claims about counts, and the claims about numbers on frames. */
void cf_audit_counts(struct cf_claims *claims, const struct cf_evidence *evidence);
void cf_audit_numbers(struct cf_claims *claims, const struct cf_evidence *evidence);

#endif
