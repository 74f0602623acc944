/* judge.c - decides on a claim, and says of a head that is no circuit why its claims are not checked. */
#include "report/judge.h"

void cf_audit_judge(struct cf_claims *claims, const struct cf_evidence *evidence, struct cf_claim claim, bool holds)
{
    claim.verdict = !evidence->readable ? CF_UNCHECKED
                    : !holds            ? CF_FAILS
                    : claim.condition   ? CF_HOLDS_UNDER
                                        : CF_HOLDS;
    if (!evidence->readable) {
        claim.found = "nothing";
        claim.because = cf_claims_text(claims, "%s", evidence->reason.text);
    } else if (claim.verdict == CF_HOLDS) {
        claim.because = NULL;
    }
    if (claim.verdict != CF_HOLDS_UNDER)
        claim.condition = NULL;
    cf_claims_add(claims, claim);
}
