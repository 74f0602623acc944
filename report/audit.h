/* audit.h - the claims of the published card, each judged by evidence: the face of this room, beside page.h. */
#ifndef COFIBER_REPORT_AUDIT_H
#define COFIBER_REPORT_AUDIT_H

#include "report/claims.h"
#include "report/evidence.h"

/* Fills an empty list with every claim of the card, in the card's order. Errors: out of memory. */
bool cf_audit(struct cf_claims *claims, const struct cf_evidence *evidence, struct cf_error *err);

#endif
