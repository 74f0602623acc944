/* Adversarial vectors: every aim that is said to be met is met, by the reference's own sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/cell.h"
#include "sim/linear_form.h"
#include "sim/vectors.h"
#include "sim/word.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

static int64_t sum_of_gate(const struct cf_netlist *n, uint32_t net, const int64_t *nets)
{
    const struct cf_group *group = &n->groups[cf_netlist_group_of(n, net)];
    uint32_t index = net - group->first_net;
    return cf_cell_sum(&n->cells[group->cell[index]], cf_instance_bases(group, index), nets);
}

/* The values of all nets in a frame. */
static void evaluate(const struct cf_netlist *n, const int32_t *frame, int64_t *nets)
{
    for (uint32_t i = 0; i < n->groups[CF_INPUT].count; i++) {
        nets[i] = frame[i];
        assert_true(nets[i] >= cf_type_min(n->groups[CF_INPUT].type));
        assert_true(nets[i] <= cf_type_max(n->groups[CF_INPUT].type));
    }
    cf_word_evaluate(n, nets);
}

static void check_vectors(const struct cf_netlist *n, uint32_t *met, uint32_t *exact)
{
    struct cf_vectors v;
    struct cf_error err;
    struct random_source random = {99};
    assert_done(cf_vectors_make(&v, n, &err), &err);
    int64_t *nets = calloc(n->net_count, sizeof *nets), *other = calloc(n->net_count, sizeof *other);
    random_input(&random, n, other);
    cf_word_evaluate(n, other);
    uint32_t frame = UINT32_MAX, counted = 0;
    for (uint32_t i = 0; i < v.aim_count; i++) {
        const struct cf_aim *aim = &v.aims[i];
        if (aim->frame == UINT32_MAX)
            continue;
        if (aim->frame != frame)
            evaluate(n, v.frames[frame = aim->frame], nets);
        int64_t sum = sum_of_gate(n, aim->net, nets);
        counted++;
        if (aim->wish <= CF_SUM_ONE) {
            assert_int_equal(sum, (int64_t)aim->wish - CF_SUM_ZERO);
            ++*exact;
        } else if (aim->wish == CF_SUM_LEAST) {
            assert_true(sum <= sum_of_gate(n, aim->net, other));
        } else {
            assert_true(sum >= sum_of_gate(n, aim->net, other));
        }
    }
    assert_int_equal(counted, v.met);
    *met += v.met;
    free(nets);
    free(other);
    cf_vectors_free(&v);
}

static void aims_are_met(void **state)
{
    (void)state;
    uint32_t met = 0, exact = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct random_source random = {seed ^ 0xa1};
        struct cf_netlist *n = random_circuit(&random);
        if (seed % 2)
            mutate_gates(&random, n, 3);
        check_vectors(n, &met, &exact);
        cf_netlist_free(n);
    }
    assert_true(met > 1000 && exact > 300);
}

static void arbitrary_netlists_have_vectors_too(void **state)
{
    (void)state;
    uint32_t met = 0, exact = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.frames = true;
        struct cf_netlist *n = random_netlist(&options);
        check_vectors(n, &met, &exact);
        cf_netlist_free(n);
    }
}

/* A form evaluates to the gate's sum, whatever the input. */
static void linear_forms_are_the_sums(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random_source random = {seed ^ 0xf0};
        struct cf_netlist *n = random_circuit(&random);
        struct cf_form_finder *finder = cf_form_finder_new(n);
        int64_t *nets = calloc(n->net_count, sizeof *nets);
        random_input(&random, n, nets);
        cf_word_evaluate(n, nets);
        for (int i = 0; i < 50; i++) {
            struct cf_linear_form form;
            uint32_t net = (uint32_t)random_between(&random, n->groups[CF_INPUT].count, n->net_count - 1);
            assert_true(cf_find_form(finder, net, &form));
            int64_t sum = form.constant;
            for (uint32_t t = 0; t < form.count; t++)
                sum += form.factor[t] * nets[form.input[t]];
            assert_int_equal(sum, sum_of_gate(n, net, nets));
        }
        free(nets);
        cf_form_finder_free(finder);
        cf_netlist_free(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aims_are_met),
        cmocka_unit_test(arbitrary_netlists_have_vectors_too),
        cmocka_unit_test(linear_forms_are_the_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
