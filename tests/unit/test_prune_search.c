/* The searches of pruning, with a judge whose answers are known: a candidate loses one hundredth of its mAP, and one
 * true positive, per weight that it needs and has not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prune/prune.h"
#include "tests/support/scratch.h"

enum { CHANNELS = 10, CLASSES = 4, WEIGHTS = CHANNELS * CLASSES };

/* Magnitudes are 1 to 40 in the order of the weights, with both signs; biases are larger. */
static const char *write_head(void)
{
    static float weight[WEIGHTS], bias[CLASSES];
    for (int i = 0; i < WEIGHTS; i++)
        weight[i] = (float)(i % 2 ? -(i + 1) : i + 1);
    for (int c = 0; c < CLASSES; c++)
        bias[c] = (float)(100 + c);
    const char *path = scratch_path("head");
    scratch_write(path,
                  (const struct scratch_tensor[]){{"cls_weight", CF_F32, 2, {CLASSES, CHANNELS}, weight},
                                                  {"cls_bias", CF_F32, 1, {CLASSES}, bias}},
                  2);
    return path;
}

/* What the judge wants: all weights from these magnitudes on, all biases where `biases` says so. */
static struct {
    double from, proxy_from;
    bool biases;
    unsigned asked, stop_after;
} wants;

bool cf_judge_head(const struct cf_judge *judge, const struct cf_head *head, bool proxy, struct cf_verdict *verdict,
                   struct cf_error *err)
{
    const struct cf_head_layer *cls = cf_head_layer_of(head, CF_ROLE_CLS, 0);
    unsigned lost = 0;
    (void)judge;
    (void)err;
    for (int i = 0; i < WEIGHTS; i++)
        lost += i + 1 >= (proxy ? wants.proxy_from : wants.from) && cls->weight[i] == 0;
    for (int c = 0; c < CLASSES; c++)
        lost += wants.biases && cls->bias[c] == 0;
    *verdict = (struct cf_verdict){.map = 0.9 - 0.01 * lost, .true_positives = 60 - lost};
    verdict->stopped = wants.asked++ == wants.stop_after;
    return true;
}

struct search {
    struct cf_prune_weights weights;
    struct cf_prune_log log;
    struct cf_judge judge;
    struct cf_prune prune;
};

static void set_up(struct search *s, const struct cf_prune_options *options)
{
    struct cf_error err;
    memset(s, 0, sizeof *s);
    wants.asked = 0;
    wants.stop_after = UINT32_MAX;
    const struct cf_head_options none = {0};
    assert_done(cf_prune_weights_read(&s->weights, write_head(), &none, &err), &err);
    assert_done(cf_prune_log_open(&s->log, NULL, "0000000000000000000000000000000000000000000000000000000000000000",
                                  false, &err),
                &err);
    s->judge.options.proxy = 3;
    s->judge.count = 5;
    s->prune = (struct cf_prune){.options = *options, .weights = &s->weights, .judge = &s->judge, .log = &s->log};
    assert_done(cf_prune_begin(&s->prune, &err), &err);
}

static void tear_down(struct search *s)
{
    cf_prune_free(&s->prune);
    cf_prune_log_close(&s->log, true);
    cf_prune_weights_free(&s->weights);
}

/* The weights of magnitudes 1 to `zeros` are zeros under the point's mask, and nothing else but the biases `biases`. */
static void assert_zeros(const struct search *s, const struct cf_prune_point *point, size_t zeros, size_t biases)
{
    size_t found = 0;
    for (size_t i = 0; i < WEIGHTS; i++)
        assert_int_equal(point->mask[i], i < zeros);
    for (size_t i = WEIGHTS; i < s->weights.count; i++)
        found += point->mask[i];
    assert_int_equal(found, biases);
    assert_int_equal(point->nonzero, WEIGHTS + CLASSES - zeros - biases);
}

static const struct cf_prune_point *point_named(const struct search *s, const char *name)
{
    for (size_t i = 0; i < s->prune.point_count; i++)
        if (strcmp(s->prune.points[i].name, name) == 0)
            return &s->prune.points[i];
    return NULL;
}

static void rounds_end_at_the_floor(void **state)
{
    (void)state;
    static struct search s;
    struct cf_error err;
    /* 57 of 60 true positives must be left: magnitudes 1 to 19 are free, and three more may go. A round takes 8 + 8 and
     * then, as 8 more would be 24, 4; the next halves down to the 2 that are left. */
    wants.from = 20;
    wants.proxy_from = 0;
    set_up(&s, &(struct cf_prune_options){.step = 8, .passes = 3, .rounds = 5, .floor = 0.95, .tolerance = 0.001});
    assert_done(cf_prune_magnitude(&s.prune, &err), &err);
    assert_int_equal(s.prune.point_count, 3);
    assert_zeros(&s, point_named(&s, "R1"), 20, 0);
    assert_zeros(&s, point_named(&s, "R2"), 22, 0);
    assert_int_equal(point_named(&s, "R2")->verdict.true_positives, 57);
    /* R1 has lost one weight that was wanted, and with it more mAP than the tolerance: the head itself is kept. */
    assert_ptr_equal(cf_prune_choose(&s.prune), &s.prune.points[0]);
    tear_down(&s);
}

static void bisections_find_what_is_free(void **state)
{
    (void)state;
    static struct search s;
    struct cf_error err;
    wants.from = wants.proxy_from = 30;
    wants.biases = true;
    set_up(&s, &(struct cf_prune_options){.step = 1, .passes = 1, .rounds = 1, .floor = 1, .tolerance = 0.0101});
    assert_done(cf_prune_bisect(&s.prune, &err), &err);
    assert_zeros(&s, point_named(&s, "only cls_weight"), 30, 0); /* 29 are free, and the tolerance is worth one more */
    assert_zeros(&s, point_named(&s, "only cls_bias"), 0, 1);
    assert_zeros(&s, point_named(&s, "joint"), 30, 0);
    assert_null(point_named(&s, "stack 2")); /* both together would cost two hundredths */
    assert_ptr_equal(cf_prune_choose(&s.prune), point_named(&s, "only cls_weight"));
    assert_true(point_named(&s, "only cls_weight")->on_front && !point_named(&s, "joint")->on_front);
    tear_down(&s);
}

static void all_frames_have_the_last_word(void **state)
{
    (void)state;
    static struct search s;
    struct cf_error err;
    wants.from = 12;
    wants.proxy_from = 30; /* the proxy would let 29 go; all frames say no to 29 and to 14, and yes to 7 */
    wants.biases = false;
    set_up(&s, &(struct cf_prune_options){.step = 1, .passes = 1, .rounds = 1, .floor = 1, .tolerance = 0});
    assert_done(cf_prune_bisect(&s.prune, &err), &err);
    assert_zeros(&s, point_named(&s, "only cls_weight"), 7, 0);
    assert_zeros(&s, point_named(&s, "only cls_bias"), 0, CLASSES);
    assert_zeros(&s, point_named(&s, "stack 2"), 7, CLASSES);
    assert_ptr_equal(cf_prune_choose(&s.prune), point_named(&s, "stack 2"));
    tear_down(&s);
}

/* Wherever the judge is stopped, the search ends with the points so far, and asking again gives the rest. */
static void a_stopped_search_goes_on(void **state)
{
    (void)state;
    static struct search s;
    struct cf_error err;
    const struct cf_prune_options options = {.step = 8, .passes = 3, .rounds = 5, .floor = 0.95, .tolerance = 0};
    wants.from = wants.proxy_from = 20;
    wants.biases = false;
    for (unsigned stop = 2;; stop++) {
        set_up(&s, &options);
        wants.stop_after = stop;
        assert_done(cf_prune_magnitude(&s.prune, &err) && cf_prune_bisect(&s.prune, &err), &err);
        bool stopped = s.prune.interrupted;
        unsigned asked = wants.asked;
        /* The verdicts so far are known, so that only the others are asked for. */
        cf_prune_free(&s.prune);
        s.prune = (struct cf_prune){.options = options, .weights = &s.weights, .judge = &s.judge, .log = &s.log};
        wants.stop_after = UINT32_MAX;
        assert_done(cf_prune_begin(&s.prune, &err) && cf_prune_magnitude(&s.prune, &err) &&
                        cf_prune_bisect(&s.prune, &err),
                    &err);
        assert_zeros(&s, point_named(&s, "R2"), 22, 0);
        assert_zeros(&s, point_named(&s, "stack 2"), 19, CLASSES);
        assert_true(stopped || wants.asked == asked);
        tear_down(&s);
        if (!stopped)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_end_at_the_floor),
        cmocka_unit_test(bisections_find_what_is_free),
        cmocka_unit_test(all_frames_have_the_last_word),
        cmocka_unit_test(a_stopped_search_goes_on),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
