/* judge.h - the verdict on one claim. */
#ifndef COFIBER_REPORT_JUDGE_H
#define COFIBER_REPORT_JUDGE_H

#include "report/claims.h"
#include "report/evidence.h"

/* Adds a claim that holds or does not, under its condition where it has one; `because` is dropped where it holds
 * without. A head that is no circuit leaves the claim unchecked. */
void cf_audit_judge(struct cf_claims *claims, const struct cf_evidence *evidence, struct cf_claim claim, bool holds);

#endif
