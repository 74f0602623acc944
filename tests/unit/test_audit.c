/* The audit: evidence that was changed on purpose must change its verdict; intervals over frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/audit.h"
#include "report/tally.h"
#include "tests/support/scratch.h"

/* Evidence with which every claim of the card holds, under a condition where it needs one. */
static struct cf_evidence good_evidence(void)
{
    static const uint64_t gates[3][3] = {{307200, 1228800, 128000}, {76800, 307200, 32000}, {19200, 76800, 8000}};
    struct cf_evidence e = {.parameters = 61520, .nonzero = 61520, .variant = "classifier", .readable = true};
    e.options = cf_compile_defaults();
    for (int f = 0; f < CF_FORMS; f++) {
        memcpy(e.forms[f].gates, gates, sizeof gates);
        e.forms[f].total = e.forms[f].live = 2184000;
        e.forms[f].steps = 168000;
        e.forms[f].depth = 3;
    }
    e.agreement.scales = 3;
    for (int s = 0; s < CF_AGREE_SCORES; s++)
        e.agreement.total[s] = (struct cf_tally){1000, 1000, 10, 10, 10};
    for (int k = 0; k < 3; k++)
        e.agreement.own[k] = (struct cf_tally){1000, 1000, 10, 10, 10};
    return e;
}

static enum cf_verdict verdict_of(const struct cf_evidence *evidence, const char *key)
{
    struct cf_claims claims = {0};
    struct cf_error err;
    enum cf_verdict verdict = CF_UNCHECKED;
    bool found = false;
    assert_done(cf_audit(&claims, evidence, &err), &err);
    for (size_t i = 0; i < claims.count; i++)
        if (strcmp(claims.items[i].key, key) == 0) {
            verdict = claims.items[i].verdict;
            found = true;
        }
    cf_claims_free(&claims);
    assert_true(found);
    return verdict;
}

/* The claim holds (or under a condition) with good evidence, and not with the evidence as it was changed. */
static void assert_breaks(const struct cf_evidence *broken, const char *key)
{
    struct cf_evidence good = good_evidence();
    enum cf_verdict before = verdict_of(&good, key);
    assert_true(before == CF_HOLDS || before == CF_HOLDS_UNDER);
    assert_int_equal(verdict_of(broken, key), CF_FAILS);
}

static void wrong_counts_change_verdicts(void **state)
{
    (void)state;
    struct cf_evidence e = good_evidence();
    e.parameters = 61519;
    assert_breaks(&e, "parameters.head");
    e = good_evidence();
    e.nonzero -= 768;
    assert_breaks(&e, "parameters.nonzero");
    e = good_evidence();
    e.forms[CF_FORM_NEAREST].total--;
    assert_breaks(&e, "gates.total");
    e = good_evidence();
    e.forms[CF_FORM_NEAREST].gates[1][CF_POOL]--;
    assert_breaks(&e, "gates.scale1");
    e = good_evidence();
    e.forms[CF_FORM_COFIBER].live--;
    assert_breaks(&e, "gates.live");
    e = good_evidence();
    e.forms[CF_FORM_NEAREST].depth = 4;
    assert_breaks(&e, "depth");
    e = good_evidence();
    e.forms[CF_FORM_NEAREST].other[CF_SUBTRACT] = 1;
    assert_breaks(&e, "weights.layer1");
    e = good_evidence();
    e.saturated = 1;
    assert_breaks(&e, "int8.biases");
}

static void wrong_numbers_change_verdicts(void **state)
{
    (void)state;
    struct cf_evidence e = good_evidence();
    e.agreement.total[0].equal = 996;
    assert_breaks(&e, "agreement.all");
    e = good_evidence();
    e.agreement.own[2].equal = 996;
    assert_breaks(&e, "agreement.scale2");
    e = good_evidence();
    e.agreement.total[0].both_fire = 9;
    assert_breaks(&e, "agreement.firing");
    e = good_evidence();
    e.agreement.total[0].head_fires = 2;
    assert_breaks(&e, "agreement.silent");
    e = good_evidence();
    e.agreement.threshold_differs = 1;
    assert_breaks(&e, "threshold");
    e = good_evidence();
    e.bands[CF_BILINEAR].lossless.nonzero = 1;
    assert_breaks(&e, "lossless.integers");
    e = good_evidence();
    e.reconstructions[CF_NEAREST] = (struct cf_reconstruction){4e-7, 1};
    assert_breaks(&e, "lossless.float32");
    e.reconstructions[CF_NEAREST].feature = 10; /* relative to the features it is small again */
    assert_int_equal(verdict_of(&e, "lossless.float32"), CF_HOLDS_UNDER);
    e = good_evidence();
    e.bands[CF_NEAREST].pool_of_cofiber.nonzero = 1;
    assert_breaks(&e, "cross.pool_of_cofiber");
    e = good_evidence();
    e.bands[CF_NEAREST].cofiber_of_up.nonzero = 1;
    assert_breaks(&e, "cross.cofiber_of_up");
    e = good_evidence();
    e.bands[CF_NEAREST].block.nonzero = 1;
    assert_breaks(&e, "block");
}

static void a_head_that_is_no_circuit_is_counted_alone(void **state)
{
    (void)state;
    struct cf_evidence e = {.parameters = 61520, .variant = "other"};
    assert_int_equal(verdict_of(&e, "parameters.head"), CF_HOLDS);
    assert_int_equal(verdict_of(&e, "gates.total"), CF_UNCHECKED);
    assert_int_equal(verdict_of(&e, "lossless.integers"), CF_UNCHECKED);
}

static void an_interval_spreads_as_the_frames_do(void **state)
{
    (void)state;
    const uint64_t whole[] = {100, 100, 100, 100}, same[] = {90, 90, 90, 90}, spread[] = {80, 100, 80, 100};
    const uint64_t none[] = {0, 0, 0, 0};
    struct cf_interval interval;
    assert_true(cf_interval_of(same, whole, 4, &interval));
    assert_true(interval.low == 0.9 && interval.high == 0.9);
    assert_true(cf_interval_of(spread, whole, 4, &interval));
    assert_true(interval.low >= 0.8 && interval.low < 0.86 && interval.high > 0.94 && interval.high <= 1);
    assert_false(cf_interval_of(none, none, 4, &interval));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_counts_change_verdicts),
        cmocka_unit_test(wrong_numbers_change_verdicts),
        cmocka_unit_test(a_head_that_is_no_circuit_is_counted_alone),
        cmocka_unit_test(an_interval_spreads_as_the_frames_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
