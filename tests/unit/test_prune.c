/* What pruning is made of: a head as one list of numbers, masks, the log of verdicts, and the choice among points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "prune/prune.h"
#include "tests/support/scratch.h"

/* ---- weights ----------------------------------------------------------------------------------------------------- */

static void assert_same_layers(const struct cf_head *a, const struct cf_head *b)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++) {
        assert_int_equal(a->bands[role], b->bands[role]);
        for (uint32_t band = 0; band < a->bands[role]; band++) {
            const struct cf_head_layer *x = &a->layer[role][band], *y = &b->layer[role][band];
            size_t count = (size_t)x->outputs * x->inputs;
            assert_memory_equal(x->weight, y->weight, count * sizeof *x->weight);
            assert_memory_equal(x->bias, y->bias, x->outputs * sizeof *x->bias);
            if (role == CF_ROLE_SCALE || role == CF_ROLE_NORM)
                continue;
            assert_memory_equal(x->quantised, y->quantised, count * sizeof *x->quantised);
            assert_memory_equal(x->scale, y->scale, x->outputs * sizeof *x->scale);
        }
    }
}

/* A head under a mask is what reading the written file gives, for every kind of file. */
static void a_masked_head_is_the_written_one(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool transposed;
    } files[] = {{"tests/fixtures/head_f32.safetensors", false},
                 {"tests/fixtures/head_bf16.safetensors", false},
                 {"tests/fixtures/head_f64.safetensors", false},
                 {"tests/fixtures/head_i8_128.safetensors", false},
                 {"tests/fixtures/head_card_i8.safetensors", false},
                 {"tests/fixtures/heads/turned.safetensors", true},
                 {"tests/fixtures/heads/per_band.safetensors", false},
                 {"tests/fixtures/heads/boxes.safetensors", false},
                 {"tests/fixtures/heads/state.pth", false}};
    uint64_t random = 5;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        const struct cf_head_options options = {.transposed = files[f].transposed};
        struct cf_prune_weights weights;
        struct cf_head written;
        struct cf_error err;
        assert_done(cf_prune_weights_read(&weights, files[f].path, &options, &err), &err);
        uint8_t *mask = malloc(weights.count);
        uint64_t nonzero = weights.kept;
        for (int round = 0; round < 3; round++) {
            nonzero = weights.kept;
            for (size_t i = 0; i < weights.count; i++) {
                mask[i] = weights.zero[i] || cf_next_random(&random) % 3 == 0;
                nonzero += !mask[i];
            }
            const char *path = scratch_path("pruned");
            cf_prune_weights_apply(&weights, mask);
            assert_int_equal(cf_prune_weights_nonzero(&weights, mask), nonzero);
            assert_done(cf_prune_weights_write(&weights, mask, path, &err), &err);
            assert_done(cf_head_load(&written, path, &options, &err), &err);
            assert_same_layers(&weights.head, &written);
            cf_head_free(&written);
        }
        /* The mask of the zeros that the file has gives the head back. */
        assert_done(cf_head_load(&written, files[f].path, &options, &err), &err);
        cf_prune_weights_apply(&weights, weights.zero);
        assert_same_layers(&weights.head, &written);
        cf_head_free(&written);
        cf_prune_weights_free(&weights);
        free(mask);
    }
}

static void the_smallest_come_first(void **state)
{
    (void)state;
    double values[] = {3, -1, 2, 1, -2, 0.5};
    const uint8_t mask[] = {0, 0, 0, 0, 0, 1};
    const struct cf_prune_weights weights = {.values = values, .count = 6};
    size_t order[6];
    assert_int_equal(cf_prune_order(&weights, mask, 0, 6, order), 5);
    const size_t wanted[] = {1, 3, 2, 4, 0}; /* of equal magnitudes the first */
    assert_memory_equal(order, wanted, sizeof wanted);
    assert_int_equal(cf_prune_order(&weights, mask, 2, 4, order), 3);
    const size_t behind[] = {3, 2, 4};
    assert_memory_equal(order, behind, sizeof behind);
    assert_int_equal(cf_prune_order(&weights, mask, 5, 1, order), 0);
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static const char ours[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char key[] = "abababababababababababababababababababababababababababababababab";
static const char other_key[] = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd";
static const struct cf_verdict verdict = {0.1 + 0.2, 1.0 / 3, 0, 7, 12, false};

/* Leaves a log of two verdicts, the second of which lacks its last `cut` bytes. */
static char *write_log(size_t cut)
{
    struct cf_prune_log log;
    struct cf_error err;
    char *path = scratch_path("log"), text[1024];
    assert_done(cf_prune_log_open(&log, path, ours, false, &err), &err);
    assert_null(cf_prune_log_find(&log, key));
    assert_done(cf_prune_log_add(&log, key, &verdict, &err) && cf_prune_log_add(&log, other_key, &verdict, &err), &err);
    assert_non_null(cf_prune_log_find(&log, other_key));
    cf_prune_log_close(&log, false);
    FILE *file = fopen(path, "r");
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    file = fopen(path, "w");
    fwrite(text, 1, size - cut, file);
    fclose(file);
    return path;
}

static void verdicts_are_found_again(void **state)
{
    (void)state;
    struct cf_error err;
    for (size_t cut = 0; cut < 60; cut += 7) {
        struct cf_prune_log log;
        const char *path = write_log(cut);
        assert_done(cf_prune_log_open(&log, path, ours, true, &err), &err);
        assert_int_equal(log.count, cut ? 1 : 2); /* an unfinished line is dropped */
        const struct cf_verdict *found = cf_prune_log_find(&log, key);
        assert_true(found && found->map == verdict.map && found->ap50 == verdict.ap50 && found->true_positives == 7 &&
                    found->detections == 12);
        assert_done(cf_prune_log_add(&log, other_key, &verdict, &err), &err);
        cf_prune_log_close(&log, false);
        assert_done(cf_prune_log_open(&log, path, ours, true, &err), &err); /* what follows it is whole */
        assert_int_equal(log.count, cut ? 2 : 3);
        cf_prune_log_close(&log, true);
        assert_null(fopen(path, "r"));
    }
}

static void other_logs_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } logs[] = {{"", "does not say where a run stopped"},
                {"cofiber-prune 1", "does not say where a run stopped"},
                {"cofiber-prune 1 1234\n", "had other inputs or options"},
                {"cofiber-prune 1 1111111111111111111111111111111111111111111111111111111111111111\nx\n", "line 2"},
                {"cofiber-prune 1 1111111111111111111111111111111111111111111111111111111111111111\n"
                 "abab 0x1p-2 0x1p-2 0x1p-2 1 2 .\n",
                 "line 2"}};
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        struct cf_prune_log log;
        struct cf_error err;
        const char *path = scratch_path("other");
        FILE *file = fopen(path, "w");
        fputs(logs[i].text, file);
        fclose(file);
        assert_false(cf_prune_log_open(&log, path, ours, true, &err));
        assert_says(&err, logs[i].says);
        cf_prune_log_close(&log, false);
    }
}

/* ---- the choice -------------------------------------------------------------------------------------------------- */

static void the_front_has_what_nothing_beats(void **state)
{
    (void)state;
    struct cf_prune_point points[] = {
        {.name = "head", .nonzero = 100, .verdict = {.map = 0.50}},
        {.name = "free", .nonzero = 80, .verdict = {.map = 0.50}},
        {.name = "better", .nonzero = 90, .verdict = {.map = 0.52}},
        {.name = "twin", .nonzero = 80, .verdict = {.map = 0.50}},
        {.name = "small", .nonzero = 40, .verdict = {.map = 0.4995}},
        {.name = "worse", .nonzero = 45, .verdict = {.map = 0.49}},
        {.name = "smallest", .nonzero = 10, .verdict = {.map = 0.10}},
    };
    const bool front[] = {false, true, true, false, true, false, true};
    struct cf_prune prune = {.points = points, .point_count = 7, .options.tolerance = 0.001};
    prune.base[0].map = 0.5;
    assert_string_equal(cf_prune_choose(&prune)->name, "small");
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(points[i].on_front, front[i]);
    prune.options.tolerance = 0;
    assert_string_equal(cf_prune_choose(&prune)->name, "free");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_masked_head_is_the_written_one), cmocka_unit_test(the_smallest_come_first),
        cmocka_unit_test(verdicts_are_found_again),         cmocka_unit_test(other_logs_are_refused),
        cmocka_unit_test(the_front_has_what_nothing_beats),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
