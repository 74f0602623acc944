/* audit_numbers.c - judges the card's claims about agreement, losslessness and the bands' independence. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "netlists/names.h"
#include "report/audit_parts.h"
#include "report/judge.h"

static const double card_share = 0.997, card_error = 3e-7;

/* ---- agreement -------------------------------------------------------------------------------------------------- */

enum share { ALL, FIRING };

/* ", 99.1% to 99.8% in 95 of 100 draws of frames", or why there is none. */
static const char *interval_text(struct cf_claims *claims, const struct cf_evidence *e, enum share which)
{
    const struct cf_agreement *a = &e->agreement;
    uint64_t *part = calloc(2 * a->frame_count + 1, sizeof *part), *whole = part ? part + a->frame_count : NULL;
    struct cf_interval interval;
    int digits = which == ALL ? 4 : 2; /* as the share itself */
    for (size_t i = 0; part && i < a->frame_count; i++) {
        part[i] = which == ALL ? a->frames[i].equal : a->frames[i].both_fire;
        whole[i] = which == ALL ? a->frames[i].gates : cf_tally_either(&a->frames[i]);
    }
    claims->failed = claims->failed || !part;
    const char *text = "; one frame gives no confidence interval";
    if (a->frame_count >= 2)
        text = part && cf_interval_of(part, whole, a->frame_count, &interval)
                   ? cf_claims_text(claims, "; 95%% confidence interval over %zu frames: %.*f%% to %.*f%%",
                                    a->frame_count, digits, 100 * interval.low, digits, 100 * interval.high)
                   : "";
    free(part);
    return text;
}

static void add_agreement(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_tally *t = &e->agreement.total[0];
    struct cf_claim claim = {.key = "agreement.all",
                             .claim = "INT8 agrees with FP32 on 99.7%",
                             .how = "measured: every decision, beside the head in double precision",
                             .because = "fewer decisions are equal"};
    claim.found =
        cf_claims_text(claims, "%.4f%%: %s of %s decisions at score %g differ%s", 100 * cf_share(t->equal, t->gates),
                       cf_claims_number(claims, t->gates - t->equal), cf_claims_number(claims, t->gates),
                       e->options.score_threshold, interval_text(claims, e, ALL));
    cf_audit_judge(claims, e, claim, cf_share(t->equal, t->gates) >= card_share);
}

static void add_agreement_of_scale(struct cf_claims *claims, const struct cf_evidence *e, uint32_t k)
{
    const struct cf_tally *t = &e->agreement.own[k];
    struct cf_claim claim = {.how = "measured", .because = "fewer decisions are equal"};
    double rms = sqrt(e->agreement.error2[k] / (double)(t->gates ? t->gates : 1));
    claim.key = cf_claims_text(claims, "agreement.scale%" PRIu32, k);
    claim.claim = cf_claims_text(claims, "the same on scale %" PRIu32 " alone", k);
    claim.found = cf_claims_text(claims, "%.4f%%: %s of %s differ; the two logits are %.3g apart (root mean square)",
                                 100 * cf_share(t->equal, t->gates), cf_claims_number(claims, t->gates - t->equal),
                                 cf_claims_number(claims, t->gates), rms);
    cf_audit_judge(claims, e, claim, cf_share(t->equal, t->gates) >= card_share);
}

static void add_firing(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_tally *t = &e->agreement.total[0];
    uint64_t either = cf_tally_either(t);
    struct cf_claim claim = {.key = "agreement.firing",
                             .claim = "the same among the gates that fire",
                             .how = "measured: gates that fire in the head or in the circuit",
                             .because = "rounding matters most near the threshold, and there the gates are that fire"};
    claim.found = cf_claims_text(claims, "%.2f%%: %s of %s fire in both%s", 100 * cf_share(t->both_fire, either),
                                 cf_claims_number(claims, t->both_fire), cf_claims_number(claims, either),
                                 interval_text(claims, e, FIRING));
    if (e->readable && either == 0) {
        claim.verdict = CF_UNCHECKED;
        claim.found = cf_claims_text(claims, "no gate fires at score %g", e->options.score_threshold);
        claim.because = "there is nothing to compare; --score-threshold sets a lower score";
        cf_claims_add(claims, claim);
        return;
    }
    cf_audit_judge(claims, e, claim, cf_share(t->both_fire, either) >= card_share);
}

static void add_scores(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_agreement *a = &e->agreement;
    bool holds = true;
    const char *text = "";
    for (int s = 1; s < CF_AGREE_SCORES && e->readable; s++) {
        const struct cf_tally *t = &a->total[s];
        holds = holds && cf_share(t->equal, t->gates) >= card_share;
        text = cf_claims_text(claims, "%s%s%.4f%% at %g (%s of %s that fire)", text, s > 1 ? ", " : "",
                              100 * cf_share(t->equal, t->gates), a->scores[s], cf_claims_number(claims, t->both_fire),
                              cf_claims_number(claims, cf_tally_either(t)));
    }
    cf_audit_judge(claims, e,
                   (struct cf_claim){.key = "agreement.scores",
                                     .claim = "the same at the scores 0.5, 0.3 and 0.1",
                                     .found = text,
                                     .how = "measured",
                                     .because = "fewer decisions are equal at one of them"},
                   holds);
}

static void add_silent(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_tally *t = &e->agreement.total[0];
    double share = cf_share(t->gates - t->head_fires, t->gates);
    struct cf_claim claim = {.key = "agreement.silent",
                             .claim = "99.7% sets the circuit apart from one that never fires",
                             .how = "measured"};
    claim.found = cf_claims_text(claims, "a circuit that never fires agrees on %.4f%%", 100 * share);
    claim.because = "hardly any gate fires; the share among those that do says more";
    cf_audit_judge(claims, e, claim, share < card_share);
}

/* Where the unequal decisions lie: near the threshold, as rounding moves a logit by little. */
static void add_where(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_agreement *a = &e->agreement;
    struct cf_claim claim = {.key = "agreement.where",
                             .claim = "INT8 and FP32 differ only near the threshold",
                             .how = "measured: the distance of the head's logit from the threshold"};
    double error2 = 0;
    uint64_t gates = 0;
    for (uint32_t k = 0; k < a->scales; k++) {
        error2 += a->error2[k];
        gates += a->own[k].gates;
    }
    double rms = sqrt(error2 / (double)(gates ? gates : 1)), worst = 0;
    char name[CF_NAME_MAX] = "";
    if (a->unequal_count) {
        const struct cf_unequal *farthest = &a->unequal[a->unequal_count - 1];
        worst = farthest->distance;
        cf_net_name(e->netlist, farthest->net, name, sizeof name);
        claim.found =
            cf_claims_text(claims, "%zu differ: %.3g away in the median, %.3g at most (frame %" PRIu64 ", %s)",
                           a->unequal_count, a->unequal[a->unequal_count / 2].distance, worst, farthest->frame, name);
    } else {
        claim.found = "no decision differs";
    }
    claim.because = cf_claims_text(claims, "one is more than 8 times the rounding error of %.3g away", rms);
    cf_audit_judge(claims, e, claim, worst <= 8 * rms);
}

static void add_threshold(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_tally *t = &e->agreement.total[0];
    struct cf_claim claim = {.key = "threshold",
                             .claim = "an integer threshold decides as the real bias does",
                             .how = "proved (proof/Mathematics.v), and measured",
                             .because = "a threshold of the circuit is not the floor of its bias"};
    claim.found =
        cf_claims_text(claims, "%s of %s decisions differ", cf_claims_number(claims, e->agreement.threshold_differs),
                       cf_claims_number(claims, t->gates));
    cf_audit_judge(claims, e, claim, e->agreement.threshold_differs == 0);
}

/* ---- bands ------------------------------------------------------------------------------------------------------ */

static void add_lossless(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_zeros *near = &e->bands[CF_NEAREST].lossless, *bilinear = &e->bands[CF_BILINEAR].lossless;
    struct cf_claim claim = {.key = "lossless.integers",
                             .claim = "the bands lose nothing, in integers",
                             .how = "proved (proof/Mathematics.v), and measured on every value",
                             .because = "x is not up(p) + s"};
    claim.found = cf_claims_text(
        claims, "x = up(p) + s on %s values, nearest and bilinear; the error is exactly %s",
        cf_claims_number(claims, near->values + bilinear->values),
        cf_claims_number(claims, (uint64_t)(near->largest > bilinear->largest ? near->largest : bilinear->largest)));
    cf_audit_judge(claims, e, claim, near->nonzero == 0 && bilinear->nonzero == 0);
}

static void add_float_error(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_reconstruction *near = &e->reconstructions[CF_NEAREST], *bi = &e->reconstructions[CF_BILINEAR];
    double relative = near->feature > 0 ? fmax(near->error, bi->error) / near->feature : 0;
    bool absolute = near->error < card_error && bi->error < card_error;
    struct cf_claim claim = {.key = "lossless.float32",
                             .claim = "reconstruction in float32 errs by less than 3e-7",
                             .condition = absolute ? NULL : "features of magnitude 1",
                             .how = "measured: split and joined again in single precision"};
    claim.found =
        cf_claims_text(claims, "nearest %.3g, bilinear %.3g at most, where features reach %.4g: %.2g of the largest",
                       near->error, bi->error, near->feature, relative);
    claim.because = relative < card_error ? "an error of float32 grows with the features: these are larger than 1, and "
                                            "the error stays below 3e-7 of the largest"
                                          : "the error is more than 3e-7, even relative to the largest feature";
    cf_audit_judge(claims, e, claim, relative < card_error);
}

static const char *zeros_text(struct cf_claims *claims, const struct cf_zeros *near, const struct cf_zeros *bilinear,
                              const char *what)
{
    return cf_claims_text(claims, "%s is not 0 at %s of %s values with nearest, at %.1f%% with bilinear upsampling",
                          what, cf_claims_number(claims, near->nonzero), cf_claims_number(claims, near->values),
                          100 * cf_share(bilinear->nonzero, bilinear->values));
}

static void add_zeros(struct cf_claims *claims, const struct cf_evidence *e, struct cf_claim claim, const char *what,
                      const struct cf_zeros *near, const struct cf_zeros *bilinear)
{
    bool both = near->nonzero == 0 && bilinear->nonzero == 0;
    claim.condition = both ? NULL : "--upsample nearest";
    claim.found = zeros_text(claims, near, bilinear, what);
    claim.because = near->nonzero
                        ? "it is not 0 with nearest upsampling either"
                        : "with bilinear upsampling pool(up(.)) is a filter of 1/8, 3/4, 1/8 along each axis, "
                          "and not the identity";
    cf_audit_judge(claims, e, claim, near->nonzero == 0);
}

static void add_bands(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_bands *near = &e->bands[CF_NEAREST], *bilinear = &e->bands[CF_BILINEAR];
    const char *how = "proved (proof/Mathematics.v), and measured on every value";
    add_zeros(claims, e,
              (struct cf_claim){.key = "cross.pool_of_cofiber", .claim = "no cross-talk: p . r = 0", .how = how},
              "pool(s)", &near->pool_of_cofiber, &bilinear->pool_of_cofiber);
    add_zeros(claims, e,
              (struct cf_claim){.key = "cross.cofiber_of_up", .claim = "no cross-talk: r . u = 0", .how = how},
              "the cofiber of up(p)", &near->cofiber_of_up, &bilinear->cofiber_of_up);
    add_zeros(claims, e,
              (struct cf_claim){.key = "block", .claim = "classifying is block diagonal over the bands", .how = how},
              "the pool of a cofiber's classifier sums", &near->block, &bilinear->block);
}

static void add_theorem(struct cf_claims *claims)
{
    cf_claims_add(
        claims,
        (struct cf_claim){.key = "theorem",
                          .claim = "a semi-additive category with a suspension-loop adjunction suffices",
                          .verdict = CF_HOLDS_UNDER,
                          .condition = "cancelling sums",
                          .found = "in the Booleans with or and and, which are semi-additive, the hypotheses hold and "
                                   "p . r is 1; in any category whose sums cancel, both cross-terms vanish",
                          .how = "proved (proof/Mathematics.v: bands_are_disjoint, block_diagonal, "
                                 "cancellation_is_needed)",
                          .because = "the adjunction has to supply the cancellation, and the card does not say how; "
                                     "the circuit's maps of integers cancel"});
}

void cf_audit_numbers(struct cf_claims *claims, const struct cf_evidence *e)
{
    add_agreement(claims, e);
    for (uint32_t k = 0; k < e->agreement.scales; k++)
        add_agreement_of_scale(claims, e, k);
    add_firing(claims, e);
    add_scores(claims, e);
    add_silent(claims, e);
    add_where(claims, e);
    add_threshold(claims, e);
    add_lossless(claims, e);
    add_float_error(claims, e);
    add_bands(claims, e);
    add_theorem(claims);
}
