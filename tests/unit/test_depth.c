/* Graphs keep a bound on their depth, and the registers of pipelined graphs are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/optimise.h"
#include "compiler/optimise/wiring.h"
#include "netlists/pipeline.h"
#include "tests/support/random_netlist.h"

enum { ROWS = 24, COLUMNS = 12 };

static bool equals(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    void **both = context;
    const struct cf_matrix *m = both[0];
    const struct cf_graph *graph = both[1];
    for (uint32_t o = 0; o < m->rows; o++)
        for (uint32_t i = 0; i < count; i++) {
            uint32_t signal = graph->outputs[o].signal;
            int64_t f = signal == CF_NO_SIGNAL ? 0 : factor[signal][i];
            if (!cf_output_counts(&graph->outputs[o], f, m->at[(size_t)o * m->columns + first + i]))
                return false;
        }
    return true;
}

static void no_path_is_longer_than_allowed(void **state)
{
    (void)state;
    int64_t at[ROWS * COLUMNS];
    struct cf_range range[COLUMNS];
    struct random_source random = {5};
    struct cf_error err;
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        at[i] = random_between(&random, -128, 127);
    for (size_t c = 0; c < COLUMNS; c++)
        range[c] = (struct cf_range){-128, 127};
    struct cf_matrix m = {ROWS, COLUMNS, at};
    struct cf_optimised free_one, result;
    struct cf_optimise_options options = {.seed = 1, .effort = 1};
    assert_true(cf_optimise_matrix(&free_one, &m, range, &options, &err));
    cf_wire_free(&free_one.graph);
    /* 12 elements of at most 4 digits take at least 5 adders of depth. */
    uint64_t fewest = UINT64_MAX;
    uint32_t least = 0;
    for (options.max_depth = 1; options.max_depth <= free_one.cost.depth; options.max_depth++) {
        if (!cf_optimise_matrix(&result, &m, range, &options, &err)) {
            assert_int_equal(least, 0); /* what is possible with less is possible with more */
            assert_non_null(strstr(err.text, "even without sharing"));
            continue;
        }
        least = least ? least : options.max_depth;
        assert_true(result.cost.depth <= options.max_depth);
        assert_true(result.cost.adders <= result.csd.adders);
        void *both[] = {&m, &result.graph};
        bool out_of_memory;
        assert_true(cf_graph_forms(&result.graph, equals, both, &out_of_memory));
        fewest = result.cost.adders < fewest ? result.cost.adders : fewest;
        cf_wire_free(&result.graph);
    }
    assert_in_range(least, 2, 7);
    assert_true(fewest < free_one.csd.adders);
}

/* Two inputs of 8 bits, their sum of 9 bits, and that sum plus the second input, of 10 bits; the first input is an
 * output as well. */
static void registers_of_a_pipeline_are_counted(void **state)
{
    (void)state;
    const struct cf_adder adders[] = {{{0, 0, false}, {1, 0, false}}, {{2, 0, false}, {1, 0, false}}};
    const struct cf_graph_output outputs[] = {{3, 0, false}, {0, 0, false}, {CF_NO_SIGNAL, 0, false}};
    const struct cf_graph graph = {2, 2, 3, adders, outputs};
    const struct cf_range range[] = {{-128, 127}, {-128, 127}};
    struct cf_pipeline p;
    assert_true(cf_graph_pipeline(&graph, range, 1, &p));
    assert_int_equal(p.stages, 2);
    assert_int_equal(p.registers, 2 * 8 + 8 + 9 + 10);
    assert_true(cf_graph_pipeline(&graph, range, 2, &p));
    assert_int_equal(p.stages, 1);
    assert_int_equal(p.registers, 8 + 10);
    assert_true(cf_graph_pipeline(&graph, range, 100, &p));
    assert_int_equal(p.registers, 8 + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_path_is_longer_than_allowed),
        cmocka_unit_test(registers_of_a_pipeline_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
