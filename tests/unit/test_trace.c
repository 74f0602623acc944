/* What a simulation writes: decisions, and every net's value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/npy.h"
#include "base/safetensors.h"
#include "sim/frames/trace.h"
#include "sim/word/reference.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

enum { FRAMES = 3 };

/* The dtype that holds every value of the type: decisions of one bit take a byte. */
static enum cf_dtype wanted_dtype(struct cf_type type, enum cf_trace_kind kind)
{
    if (kind == CF_TRACE_DECISIONS && cf_type_equal(type, UNSIGNED(1, type.frac)))
        return CF_U8;
    return cf_type_min(type) < INT32_MIN || cf_type_max(type) > INT32_MAX ? CF_I64 : CF_I32;
}

/* Writes every group that the trace holds, stored as its type demands. */
static bool put_frame(struct cf_trace *trace, uint64_t frame, const struct cf_netlist *n, const int64_t *nets,
                      struct cf_error *err)
{
    bool done = true;
    for (uint32_t g = 0; done && g < n->group_count; g++) {
        const struct cf_group *group = &n->groups[g];
        enum cf_storage storage = cf_storage_of(group->type);
        void *values = malloc(group->count * cf_storage_size(storage));
        assert_non_null(values);
        for (uint32_t i = 0; i < group->count; i++)
            cf_storage_put(values, storage, i, nets[group->first_net + i]);
        done = !cf_trace_holds(trace, g) || cf_trace_put_group(trace, frame, g, values, err);
        free(values);
    }
    return done;
}

static void check_trace(const struct cf_netlist *n, enum cf_trace_kind kind)
{
    int64_t *nets = calloc((size_t)n->net_count * FRAMES, sizeof *nets), *values = calloc(n->net_count, sizeof *values);
    struct random_source random = {1};
    struct cf_trace *trace;
    struct cf_safetensors *file;
    struct cf_error err;
    const char *path = scratch_path("trace");
    assert_true(nets && values);
    assert_done(cf_trace_create(&trace, path, n, FRAMES, kind, &err), &err);
    for (uint64_t f = FRAMES; f-- > 0;) { /* in any order */
        random_input(&random, n, nets + f * n->net_count);
        cf_word_evaluate(n, nets + f * n->net_count);
        assert_done(put_frame(trace, f, n, nets + f * n->net_count, &err), &err);
    }
    assert_int_equal(access(path, F_OK), -1); /* nothing there before the commit */
    assert_done(cf_trace_commit(&trace, &err), &err);
    assert_null(trace);
    assert_done(cf_safetensors_open(&file, path, &err), &err);
    assert_string_equal(cf_safetensors_metadata(file, "format"),
                        kind == CF_TRACE_ALL ? "cofiber-trace" : "cofiber-decisions");
    size_t written = 0;
    for (uint32_t g = 0; g < n->group_count; g++) {
        const struct cf_group *group = &n->groups[g];
        const struct cf_tensor *tensor = cf_safetensors_find(file, group->name);
        if (kind == CF_TRACE_DECISIONS && !group->output) {
            assert_null(tensor);
            continue;
        }
        assert_non_null(tensor);
        assert_int_equal(tensor->dtype, wanted_dtype(group->type, kind));
        assert_int_equal(tensor->rank, group->rank + 1);
        assert_int_equal(tensor->shape[0], FRAMES);
        for (int i = 0; i < group->rank; i++)
            assert_int_equal(tensor->shape[i + 1], group->shape[i]);
        assert_int_equal((uintptr_t)tensor->data % cf_dtype_size(tensor->dtype), 0);
        for (uint64_t f = 0; f < FRAMES; f++) {
            assert_done(cf_tensor_to_i64(tensor, f * group->count, group->count, values, &err), &err);
            assert_memory_equal(values, nets + f * n->net_count + group->first_net, group->count * sizeof *values);
        }
        written++;
    }
    assert_int_equal(cf_safetensors_count(file), written);
    cf_safetensors_close(file);
    unlink(path);
    free(nets);
    free(values);
}

static void traces_hold_every_value(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.width = 63; /* some groups need I64 */
        struct cf_netlist *n = random_netlist(&options);
        check_trace(n, CF_TRACE_ALL);
        check_trace(n, CF_TRACE_DECISIONS);
        cf_netlist_free(n);
    }
}

/* At 32 bits a signed net still fits I32, an unsigned one does not. */
static void wide_groups_are_i64(void **state)
{
    (void)state;
    static const struct cf_type types[] = {SIGNED(32, 0), UNSIGNED(31, 0), UNSIGNED(32, 0), SIGNED(33, 0), BIT};
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("net", &err);
    char name[16];
    uint32_t cell;
    assert_true(cf_netlist_add_group(n, "input", 1, (uint32_t[]){1}, 0, BIT, true, &err));
    for (int i = 0; i < 5; i++) {
        struct cf_cell constant = {.ports = &types[4], .port_count = 1, .type = types[i]};
        constant.bias = cf_type_max(types[i]);
        assert_true(cf_netlist_add_cell(n, &constant, &cell, &err));
        snprintf(name, sizeof name, "g%d", i);
        assert_true(cf_netlist_add_group(n, name, 1, (uint32_t[]){1}, 1, types[i], true, &err));
        n->groups[i + 1].cell[0] = cell;
    }
    check_trace(n, CF_TRACE_ALL);
    check_trace(n, CF_TRACE_DECISIONS);
    cf_netlist_free(n);
}

/* A netlist of one output group gives a .npy file; an earlier one is taken over as far as it goes. */
static void one_group_may_be_npy(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("net", &err);
    struct cf_type wide = SIGNED(40, 0);
    struct cf_cell wire = {.ports = &wide, .port_count = 1, .type = wide};
    struct cf_trace *trace;
    struct cf_npy *file;
    char first[128], second[128];
    int64_t nets[4] = {-1, 1, -((int64_t)1 << 39), ((int64_t)1 << 39) - 1}, values[2];
    uint32_t cell;
    assert_true(cf_netlist_add_group(n, "input", 1, (uint32_t[]){2}, 0, wide, false, &err));
    assert_true(cf_netlist_add_cell(n, &wire, &cell, &err));
    assert_true(cf_netlist_add_group(n, "g", 1, (uint32_t[]){2}, 1, wide, true, &err));
    snprintf(first, sizeof first, "%s", scratch_path("first.npy"));
    snprintf(second, sizeof second, "%s", scratch_path("second.npy"));

    assert_false(cf_trace_create(&trace, first, n, 2, CF_TRACE_ALL, &err));
    assert_says(&err, "a .npy file holds one array, and here are 2");
    assert_done(cf_trace_create(&trace, first, n, 2, CF_TRACE_DECISIONS, &err), &err);
    assert_done(put_frame(trace, 0, n, nets, &err), &err);
    assert_done(cf_trace_commit(&trace, &err), &err);
    assert_done(cf_trace_create(&trace, second, n, 2, CF_TRACE_DECISIONS, &err), &err);
    assert_done(cf_trace_copy(trace, first, 1, &err), &err);
    assert_done(cf_trace_put_group(trace, 1, 1, nets, &err), &err);
    assert_done(cf_trace_commit(&trace, &err), &err);

    assert_done(cf_npy_open(&file, second, &err), &err);
    const struct cf_tensor *tensor = cf_npy_tensor(file);
    assert_true(tensor->dtype == CF_I64 && tensor->rank == 2 && tensor->shape[0] == 2 && tensor->shape[1] == 2);
    for (uint64_t f = 0; f < 2; f++) {
        assert_done(cf_tensor_to_i64(tensor, 2 * f, 2, values, &err), &err);
        assert_memory_equal(values, nets + (f ? 0 : 2), sizeof values);
    }
    cf_npy_close(file);
    unlink(first);
    unlink(second);
    cf_netlist_free(n);
}

static void an_aborted_trace_leaves_nothing(void **state)
{
    (void)state;
    struct cf_netlist *n = scratch_netlist();
    int64_t nets[28] = {0};
    struct cf_trace *trace;
    struct cf_error err;
    assert_done(cf_trace_create(&trace, scratch_path("gone"), n, 1, CF_TRACE_ALL, &err), &err);
    assert_done(put_frame(trace, 0, n, nets, &err), &err);
    cf_trace_abort(&trace);
    assert_null(trace);
    cf_trace_abort(&trace);
    assert_int_equal(access(scratch_path("gone"), F_OK), -1);
    assert_false(cf_trace_create(&trace, "/nonexistent/trace", n, 1, CF_TRACE_ALL, &err));
    assert_null(trace);
    assert_says(&err, "/nonexistent/trace: directory '/nonexistent' does not exist");
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_hold_every_value),
        cmocka_unit_test(wide_groups_are_i64),
        cmocka_unit_test(one_group_may_be_npy),
        cmocka_unit_test(an_aborted_trace_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
