/* The gradient of every family of heads, against finite differences of a loss in double that shares the single losses
 * with training, and nothing else: the forward pass is compiler/floatmodel.h's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "compiler/floatmodel.h"
#include "tests/support/scratch.h"
#include "train/files.h"
#include "train/losses.h"

enum { CHANNELS = 6, SIDE = 8, CLASSES = 3, SCALES = 2, AREA = SIDE * SIDE, MOST = 4096 };

static const struct cf_target_grid grid = {SIDE, SIDE, SCALES, 16};
static const struct cf_target_object objects[] = {
    {{20, 10, 70, 60}, 0}, {{60, 50, 120, 110}, 1}, {{5, 5, 125, 120}, 2}, {{-60, -90, 190, 200}, 1}};

static double uniform(uint64_t *state)
{
    return (double)(cf_next_random(state) >> 11) * 0x1p-52 - 1;
}

struct subject {
    struct cf_blas *blas;
    struct cf_arena arena;
    struct cf_model model;
    struct cf_compile_options options;
    struct cf_folded folded;
    struct cf_train_worker worker;
    struct cf_head head;
    size_t positives;
    double features[CHANNELS * AREA];
    float parameters[MOST];
    double *numbers[MOST]; /* the head's numbers, as the parameters */
};

/* The layer and the kind of a tensor of the head. */
static void find_numbers(struct subject *s)
{
    struct cf_model_tensor tensor;
    for (size_t i = 0; cf_model_tensor(&s->model, i, &tensor); i++) {
        struct cf_part_name name = cf_part_name_read(tensor.name);
        struct cf_head_layer *layer = &s->head.layer[name.role][name.band == UINT32_MAX ? 0 : name.band];
        double *from = name.kind == CF_PART_BIAS ? layer->bias : layer->weight;
        for (size_t j = 0; j < tensor.count; j++)
            s->numbers[tensor.at + j] = from + j;
    }
}

static void set_up(struct subject *s, const char *variant, bool bilinear, bool residual)
{
    struct cf_error err;
    const struct cf_bands_shape shape = {CHANNELS, SIDE, SIDE, SCALES, bilinear, residual};
    uint64_t random = 9;
    memset(s, 0, sizeof *s);
    assert_done(cf_blas_open(&s->blas, &err), &err);
    assert_done(cf_model_make(&s->model, variant, CHANNELS, CLASSES, SCALES, &err), &err);
    assert_true(s->model.count <= MOST);
    assert_true(cf_folded_new(&s->folded, &s->model, 0.25, &s->arena));
    assert_true(cf_train_worker_new(&s->worker, &s->model, s->blas, &shape, &s->arena));
    cf_model_initialise(&s->model, 5, 0.1, s->parameters);
    for (size_t i = 0; i < s->model.count; i++)
        s->parameters[i] += 0.3f * (float)uniform(&random);
    for (int i = 0; i < CHANNELS * AREA; i++) /* far from 0, as what a ReLU leaves is */
        s->features[i] = (double)(float)(3 + 2 * uniform(&random));
    cf_train_worker_begin_mean(&s->worker);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t d = 0; d < CHANNELS; d++) {
            for (int i = 0; i < AREA; i++)
                s->worker.plane[i] = (float)s->features[d * AREA + (uint32_t)i];
            if (pass == 0)
                cf_train_worker_mean(&s->worker);
            else
                cf_train_worker_split(&s->worker, d);
        }
        if (pass == 0)
            cf_train_worker_end_mean(&s->worker);
    }
    cf_train_worker_end_split(&s->worker);
    s->positives = cf_targets(&grid, objects, sizeof objects / sizeof *objects, s->worker.owner, s->worker.positives);
    assert_true(s->positives > 10);
    s->options = cf_compile_defaults();
    s->options.height = s->options.width = SIDE;
    s->options.scales = SCALES;
    s->options.upsample = bilinear ? CF_BILINEAR : CF_NEAREST;
    s->options.top = residual ? CF_RESIDUAL : CF_COFIBER;
    const char *path = scratch_path("head");
    assert_done(cf_trained_head_write(path, &s->model, s->parameters, NULL, 0, &err), &err);
    assert_done(cf_head_load(&s->head, path, NULL, &err), &err);
    find_numbers(s);
}

static void tear_down(struct subject *s)
{
    cf_head_free(&s->head);
    cf_arena_free(&s->arena);
    cf_blas_close(s->blas);
}

/* The three losses, in double. */
static double loss_of(const struct subject *s, struct cf_losses *losses)
{
    struct cf_float_result result;
    double slope, slopes[4];
    assert_true(cf_float_run(&s->head, &s->options, s->features, &result));
    *losses = (struct cf_losses){0};
    for (size_t p = 0, next = 0; p < s->worker.positions; p++) {
        const struct cf_positive *positive =
            next < s->positives && s->worker.positives[next].position == p ? &s->worker.positives[next++] : NULL;
        for (uint32_t c = 0; c < CLASSES; c++)
            losses->classification += positive && positive->class_index == c
                                          ? cf_focal_positive(result.logits[p * CLASSES + c], 0.25, &slope)
                                          : cf_focal_negative(result.logits[p * CLASSES + c], 0.25, &slope);
        if (!positive || !result.sides)
            continue;
        double sides[4];
        for (int side = 0; side < 4; side++)
            sides[side] = exp(result.sides[4 * p + (size_t)side]);
        losses->boxes += cf_giou(sides, positive->sides, slopes);
        losses->centerness += cf_cross_entropy(result.centerness[p], positive->centerness, &slope);
    }
    cf_float_free(&result);
    return losses->classification + losses->boxes + losses->centerness;
}

static void assert_relative(double found, double wanted, double scale, const char *name, size_t index)
{
    if (!(fabs(found - wanted) <= 1e-5 * scale))
        fail_msg("%s[%zu]: %.9g, not %.9g (of up to %.3g)", name, index, found, wanted, scale);
}

/* Central differences by each parameter of a tensor, whose error may be 1e-5 of the largest among them. */
static void check_tensor(const struct subject *s, const struct cf_model_tensor *tensor, const float *gradient)
{
    const double step = 1e-5;
    struct cf_losses ignored;
    double *slopes = calloc(tensor->count, sizeof *slopes), largest = 0;
    for (size_t i = 0; i < tensor->count; i++) {
        double *number = s->numbers[tensor->at + i], at = *number;
        *number = at + step;
        double above = loss_of(s, &ignored);
        *number = at - step;
        slopes[i] = (above - loss_of(s, &ignored)) / (2 * step);
        *number = at;
        largest = fmax(largest, fabs(slopes[i]));
    }
    assert_true(largest > 1e-3);
    for (size_t i = 0; i < tensor->count; i++)
        assert_relative((double)gradient[tensor->at + i], slopes[i], largest, tensor->name, i);
    free(slopes);
}

static void check_variant(const char *variant, bool bilinear, bool residual)
{
    static struct subject s;
    static float gradient[MOST], twice[MOST];
    struct cf_losses losses;
    struct cf_model_tensor tensor;
    set_up(&s, variant, bilinear, residual);
    cf_folded_set(&s.folded, s.parameters);
    cf_train_worker_clear(&s.worker);
    cf_train_worker_add(&s.worker, &s.folded, s.positives);
    cf_train_worker_gradient(&s.worker, &s.folded, gradient);
    loss_of(&s, &losses);
    assert_relative(s.worker.losses.classification, losses.classification, losses.classification, variant, 0);
    assert_relative(s.worker.losses.boxes, losses.boxes, losses.boxes, variant, 1);
    assert_relative(s.worker.losses.centerness, losses.centerness, losses.centerness, variant, 2);
    for (size_t i = 0; cf_model_tensor(&s.model, i, &tensor); i++)
        check_tensor(&s, &tensor, gradient);
    /* A second frame adds to the first. */
    cf_train_worker_add(&s.worker, &s.folded, s.positives);
    cf_train_worker_gradient(&s.worker, &s.folded, twice);
    for (size_t i = 0; i < s.model.count; i++)
        assert_true(fabs((double)twice[i] - 2 * (double)gradient[i]) <= 1e-5 * fabs((double)gradient[i]) + 1e-5);
    tear_down(&s);
}

static void a_classifier(void **state)
{
    (void)state;
    check_variant("classifier", false, true);
    check_variant("classifier", true, false);
}

static void a_linear_head(void **state)
{
    (void)state;
    check_variant("linear", false, true);
    check_variant("linear", true, true);
}

static void a_hidden_layer(void **state)
{
    (void)state;
    check_variant("box5", false, false);
}

static void a_bottleneck(void **state)
{
    (void)state;
    check_variant("dim4", true, true);
}

/* The sizes of the published card. */
static void heads_have_the_cards_parameters(void **state)
{
    (void)state;
    const struct {
        const char *variant;
        size_t parameters;
    } card[] = {{"classifier", 61520}, {"linear", 69976}, {"box32", 91640}, {"dim20", 22076},
                {"dim15", 17751},      {"dim10", 13426},  {"dim5", 9101}};
    for (size_t i = 0; i < sizeof card / sizeof *card; i++) {
        struct cf_model model;
        struct cf_model_tensor tensor;
        struct cf_error err;
        size_t sum = 0;
        assert_done(cf_model_make(&model, card[i].variant, 768, 80, 3, &err), &err);
        for (size_t t = 0; cf_model_tensor(&model, t, &tensor); t++)
            sum += tensor.count;
        assert_true(model.count == card[i].parameters && sum == model.count);
    }
}

static void other_words_are_refused(void **state)
{
    (void)state;
    const char *const words[] = {"",       "dim", "dim0",  "dim-1",      "dim5000",
                                 "dim20x", "box", "box 3", "linear_70k", "Linear"};
    struct cf_model model;
    struct cf_error err;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_false(cf_model_make(&model, words[i], 8, 2, 3, &err));
    assert_false(cf_model_make(&model, "linear", 1 << 20, 1 << 20, 3, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_classifier),
        cmocka_unit_test(a_linear_head),
        cmocka_unit_test(a_hidden_layer),
        cmocka_unit_test(a_bottleneck),
        cmocka_unit_test(heads_have_the_cards_parameters),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
