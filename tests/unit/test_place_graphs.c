/* Graphs whose adders are gates of the whole netlist: every gate keeps its name and its value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/optimise/implement.h"
#include "compiler/optimise/place_graphs.h"
#include "netlists/bank.h"
#include "netlists/check.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

enum { LIMIT = 1000000 };

static void implement(struct cf_netlist *n)
{
    struct cf_optimise_options options = {.seed = 1, .effort = 1};
    struct cf_implement_report report;
    struct cf_error err;
    assert_done(cf_implement(n, &options, &report, &err), &err);
    free(report.graphs);
}

static const struct cf_group *group_named(const struct cf_netlist *n, const char *name)
{
    for (uint32_t g = 0; g < n->group_count; g++)
        if (strcmp(n->groups[g].name, name) == 0)
            return &n->groups[g];
    return NULL;
}

/* How many gates of `n` have another value in `placed`, for a random input. */
static uint32_t differences(const struct cf_netlist *n, const struct cf_netlist *placed, struct random_source *random)
{
    int64_t *nets = calloc(n->net_count, sizeof *nets), *others = calloc(placed->net_count, sizeof *others);
    uint32_t wrong = 0;
    assert_true(nets && others);
    random_input(random, n, nets);
    memcpy(others, nets, n->groups[CF_INPUT].count * sizeof *nets);
    cf_word_evaluate(n, nets);
    cf_word_evaluate(placed, others);
    for (uint32_t g = 0; g < n->group_count; g++) {
        const struct cf_group *here = &n->groups[g], *there = group_named(placed, here->name);
        assert_non_null(there);
        assert_int_equal(there->count, here->count);
        assert_int_equal(there->output, here->output);
        for (uint32_t i = 0; i < here->count; i++)
            wrong += nets[here->first_net + i] != others[there->first_net + i];
    }
    free(nets);
    free(others);
    return wrong;
}

/* The adders that stand in the copy, and how many gates read them. */
static uint32_t readers_of_adders(const struct cf_netlist *placed)
{
    uint32_t readers = 0;
    for (uint32_t g = 1; g < placed->group_count; g++) {
        const struct cf_group *group = &placed->groups[g];
        for (uint32_t i = 0; strncmp(group->name, "bank", 4) != 0 && i < group->count; i++) {
            uint32_t source = cf_netlist_group_of(placed, cf_instance_bases(group, i)[0]);
            readers += strncmp(placed->groups[source].name, "bank", 4) == 0;
        }
    }
    return readers;
}

static void gates_keep_their_values(void **state)
{
    (void)state;
    struct random_source random = {20261129};
    uint32_t checked = 0, readers = 0;
    for (int trial = 0; trial < 12; trial++) {
        struct cf_netlist *n = random_circuit(&random), *placed;
        struct cf_error err;
        assert_non_null(n);
        implement(n);
        if (n->implementation) {
            assert_done(cf_place_graphs(&placed, n, LIMIT, &err), &err);
            assert_done(cf_netlist_check(placed, &err), &err);
            assert_null(placed->implementation);
            for (int frame = 0; frame < 3; frame++)
                assert_int_equal(differences(n, placed, &random), 0);
            readers += readers_of_adders(placed);
            checked++;
            cf_netlist_free(placed);
        }
        cf_netlist_free(n);
    }
    assert_true(checked > 3);
    assert_true(readers > 100);
}

/* A changed adder changes gates. */
static void a_changed_adder_shows(void **state)
{
    (void)state;
    struct random_source random = {5};
    struct cf_compile_options options = cf_compile_defaults();
    options.height = options.width = 4;
    options.scales = 1;
    options.input_scale = 1;
    struct cf_netlist *n = circuit_of_random_head(&random, 6, 8, &options), *placed;
    struct cf_error err;
    assert_non_null(n);
    implement(n);
    assert_non_null(n->implementation);
    assert_done(cf_place_graphs(&placed, n, LIMIT, &err), &err);
    uint32_t adders = 0;
    for (uint32_t g = 1; g < placed->group_count; g++)
        if (strncmp(placed->groups[g].name, "bank", 4) == 0)
            adders = g;
    assert_true(adders > 0);
    struct cf_cell *cell = &placed->cells[placed->groups[adders].cell[0]];
    struct cf_term *terms = (struct cf_term *)(uintptr_t)cell->terms;
    terms[0].weight = -terms[0].weight;
    uint32_t wrong = 0;
    for (int frame = 0; frame < 20; frame++)
        wrong += differences(n, placed, &random);
    assert_true(wrong > 0);
    cf_netlist_free(placed);
    assert_false(cf_place_graphs(&placed, n, n->net_count + 1, &err));
    assert_non_null(strstr(err.text, "with the adders of its graphs"));
    assert_false(cf_place_graphs(&placed, n, n->net_count - 1, &err));
    n->implementation = NULL;
    assert_false(cf_place_graphs(&placed, n, LIMIT, &err));
    assert_non_null(strstr(err.text, "has no adder graph"));
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_keep_their_values),
        cmocka_unit_test(a_changed_adder_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
