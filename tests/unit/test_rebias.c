/* Gates at other thresholds: the sums are those of the gates they were made from, and the netlist stays valid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compiler/rebias.h"
#include "netlists/cell.h"
#include "netlists/check.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

/* Biases of every size: around zero, where sums are, and beyond all of them. */
static int64_t random_bias(struct random_source *random)
{
    static const int64_t ends[] = {0, -1, 1, INT64_MIN, INT64_MAX, INT64_MIN / 2, INT64_MAX / 2};
    if (random_between(random, 0, 2) == 0)
        return ends[random_between(random, 0, sizeof ends / sizeof *ends - 1)];
    return random_between(random, -10000, 10000);
}

static bool fires(const struct cf_netlist *n, const struct cf_group *group, uint32_t gate, int64_t bias,
                  const int64_t *nets)
{
    const struct cf_cell *cell = &n->cells[group->cell[gate]];
    return (__int128)cf_cell_sum(cell, cf_instance_bases(group, gate), nets) - cell->bias + bias >= 0;
}

static void compare(const struct cf_netlist *n, uint32_t index, const int64_t *bias, struct random_source *random)
{
    struct cf_error err;
    const struct cf_group *from = &n->groups[index], *to = &n->groups[n->group_count - 1];
    assert_done(cf_netlist_check(n, &err), &err);
    assert_true(to->output && to->count == from->count);
    int64_t *nets = calloc(n->net_count, sizeof *nets);
    for (int frame = 0; frame < 3; frame++) {
        random_input(random, n, nets);
        cf_word_evaluate(n, nets);
        for (uint32_t i = 0; i < from->count; i++)
            assert_int_equal(nets[to->first_net + i], fires(n, from, i, bias[i % cf_group_lanes(from)], nets));
    }
    free(nets);
}

static void gates_decide_at_the_new_thresholds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct random_source random = {seed};
        struct cf_netlist *n = random_circuit(&random);
        struct cf_error err;
        assert_non_null(n);
        mutate_gates(&random, n, (uint32_t)(seed % 3 * 4));
        uint32_t index = (uint32_t)random_between(&random, 1, n->group_count - 1), cells = n->cell_count;
        uint32_t lanes = cf_group_lanes(&n->groups[index]);
        int64_t *bias = malloc(lanes * sizeof *bias);
        for (uint32_t l = 0; l < lanes; l++)
            bias[l] = random_bias(&random);
        assert_done(cf_rebias(n, index, "again", NULL, bias, &err), &err);
        assert_true(n->cell_count - cells <= lanes * cells);
        compare(n, index, bias, &random);
        free(bias);
        cf_netlist_free(n);
    }
}

/* Each lane of a cell that all positions share is one new cell: the plan is to find the same regular arrays. */
static void shared_cells_stay_shared(void **state)
{
    (void)state;
    struct random_source random = {3};
    struct cf_netlist *n = random_circuit(&random);
    struct cf_error err;
    assert_non_null(n);
    uint32_t index = cf_netlist_find_group(n, "s0.classify"), cells = n->cell_count;
    uint32_t lanes = cf_group_lanes(&n->groups[index]);
    int64_t *bias = calloc(lanes, sizeof *bias);
    assert_done(cf_rebias(n, index, "again", NULL, bias, &err), &err);
    assert_int_equal(n->cell_count, cells + lanes);
    free(bias);
    cf_netlist_free(n);
}

/* A gate that deviates from the bias expected of it keeps its deviation; the others get exactly the new bias. */
static void deviations_are_kept(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random_source random = {seed};
        struct cf_netlist *n = random_circuit(&random);
        struct cf_error err;
        assert_non_null(n);
        mutate_gates(&random, n, (uint32_t)(seed % 3 * 4));
        uint32_t index = cf_netlist_find_group(n, "s0.classify"), lanes = cf_group_lanes(&n->groups[index]);
        int64_t *expected = malloc(lanes * sizeof *expected), *wanted = malloc(lanes * sizeof *wanted);
        for (uint32_t l = 0; l < lanes; l++) {
            int64_t own = n->cells[n->groups[index].cell[l]].bias;
            expected[l] = random_between(&random, 0, 1) ? own : own + random_between(&random, -50, 50);
            wanted[l] = random_between(&random, -1000, 1000);
        }
        assert_done(cf_rebias(n, index, "again", expected, wanted, &err), &err);
        const struct cf_group *from = &n->groups[index], *to = &n->groups[n->group_count - 1];
        int64_t *nets = calloc(n->net_count, sizeof *nets);
        random_input(&random, n, nets);
        cf_word_evaluate(n, nets);
        for (uint32_t i = 0; i < from->count; i++) {
            int64_t own = n->cells[from->cell[i]].bias;
            int64_t bias = own - expected[i % lanes] + wanted[i % lanes];
            assert_int_equal(nets[to->first_net + i], fires(n, from, i, bias, nets));
        }
        free(nets);
        free(expected);
        free(wanted);
        cf_netlist_free(n);
    }
}

/* A bias beyond every sum counts as any other beyond it: compilers bring it near the sums. */
static void unreachable_thresholds_are_alike(void **state)
{
    (void)state;
    struct random_source random = {7};
    struct cf_netlist *n = random_circuit(&random);
    struct cf_error err;
    assert_non_null(n);
    uint32_t index = cf_netlist_find_group(n, "s0.classify"), lanes = cf_group_lanes(&n->groups[index]);
    int64_t *far = malloc(lanes * sizeof *far), *farther = malloc(lanes * sizeof *farther);
    int64_t *wanted = calloc(lanes, sizeof *wanted);
    for (uint32_t l = 0; l < lanes; l++) {
        far[l] = INT64_MIN / 2;
        farther[l] = INT64_MIN / 2 - 12345;
    }
    assert_done(cf_rebias(n, index, "never", NULL, far, &err), &err);
    uint32_t never = n->group_count - 1;
    assert_done(cf_rebias(n, never, "again", farther, wanted, &err), &err);
    compare(n, never, wanted, &random);
    free(far);
    free(farther);
    free(wanted);
    cf_netlist_free(n);
}

/* Almost 2^32 times an input of 31 bits comes within 2^62, but not with as much again to balance it. */
static void sums_past_62_bits_are_refused(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("wide", &err);
    const uint32_t shape[] = {1};
    const struct cf_type type = SIGNED(31, 0);
    const struct cf_term term = {.weight = INT32_MAX, .shift = 1};
    const struct cf_cell wide = {
        .ports = &type, .terms = &term, .port_count = 1, .term_count = 1, .type = SIGNED(63, 0)};
    uint32_t index;
    assert_non_null(n);
    assert_done(cf_netlist_add_group(n, "input", 1, shape, 0, type, false, &err), &err);
    assert_done(cf_netlist_add_cell(n, &wide, &index, &err), &err);
    assert_done(cf_netlist_add_group(n, "g", 1, shape, 1, wide.type, true, &err), &err);
    n->groups[1].cell[0] = index;
    int64_t bias = INT64_MAX;
    assert_false(cf_rebias(n, 1, "again", NULL, &bias, &err));
    assert_says(&err, "62 bits");
    bias = 0;
    assert_done(cf_rebias(n, 1, "again", NULL, &bias, &err), &err);
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_decide_at_the_new_thresholds),
        cmocka_unit_test(shared_cells_stay_shared),
        cmocka_unit_test(deviations_are_kept),
        cmocka_unit_test(unreachable_thresholds_are_alike),
        cmocka_unit_test(sums_past_62_bits_are_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
