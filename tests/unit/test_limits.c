/* What a frame needs of the machine's limits, and that these are measured for every instruction set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/word/limits.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

static double work_of(const struct cf_netlist *n, const struct cf_kernels *kernels, enum cf_mode mode)
{
    struct cf_error err;
    struct cf_plan *plan = cf_plan_new(n, kernels, mode, &err);
    assert_done(plan != NULL, &err);
    struct cf_work work = cf_plan_work(plan);
    assert_true(work.macs8 >= 0 && work.macs16 >= 0);
    cf_plan_free(plan);
    return work.macs8 + work.macs16;
}

static double output_terms(const struct cf_netlist *n)
{
    double terms = 0;
    for (uint32_t g = 1; g < n->group_count; g++)
        for (uint32_t i = 0; n->groups[g].output && i < n->groups[g].count; i++)
            terms += n->cells[n->groups[g].cell[i]].term_count;
    return terms;
}

/* No form that the plan finds, nor gates that it leaves to the general path, make a netlist's products vanish. */
static void all_gates_need_the_outputs_terms(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random_source random = {seed};
        struct cf_netlist *n = seed % 2 ? random_circuit(&random) : random_blocks(&random);
        assert_non_null(n);
        for (int mutated = 0; mutated < 2; mutated++) {
            double terms = output_terms(n);
            assert_true(terms > 0);
            for (int k = 0; cf_kernels_at(k); k++) {
                /* Mutated, a few gates may have more terms than the dense block they stand in. */
                assert_true(work_of(n, cf_kernels_at(k), CF_ALL_GATES) >= (mutated ? 0.5 : 1) * terms);
                assert_true(work_of(n, cf_kernels_at(k), CF_DECISIONS) > 0);
            }
            mutate_gates(&random, n, 3);
        }
        cf_netlist_free(n);
    }
}

static void every_instruction_set_has_a_limit(void **state)
{
    (void)state;
    for (int k = 0; cf_kernels_at(k); k++) {
        assert_true(cf_limit_macs(cf_kernels_at(k), CF_STORE8, 1e-4) > 0);
        assert_true(cf_limit_macs(cf_kernels_at(k), CF_STORE16, 1e-4) > 0);
    }
    assert_true(cf_limit_copy(1 << 16) > 0);
}

/* Every value counts with the bytes of its storage; the traffic takes time, and keeps within its memory. */
static void all_values_are_traffic(void **state)
{
    (void)state;
    struct random_source random = {7};
    struct cf_netlist *n = random_circuit(&random);
    assert_non_null(n);
    struct cf_traffic traffic = cf_netlist_traffic(n);
    size_t bytes = 0, all = traffic.read + traffic.written;
    for (uint32_t g = 0; g < n->group_count; g++)
        bytes += n->groups[g].count * cf_storage_size(cf_storage_of(n->groups[g].type));
    assert_int_equal(all, bytes);
    assert_int_equal(traffic.read,
                     n->groups[CF_INPUT].count * cf_storage_size(cf_storage_of(n->groups[CF_INPUT].type)));
    char *memory = calloc(all + 1, 1);
    assert_non_null(memory);
    assert_true(cf_limit_traffic(traffic, memory) > 0);
    for (size_t i = 0; i < all; i++)
        assert_int_equal(memory[i], i >= traffic.read);
    assert_int_equal(memory[all], 0);
    free(memory);
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_gates_need_the_outputs_terms),
        cmocka_unit_test(every_instruction_set_has_a_limit),
        cmocka_unit_test(all_values_are_traffic),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
