/* The reference simulator on random netlists, against FORMAT.md's formula written anew: in 128 bits, over a plain list
 * of edges, gates in net order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/check.h"
#include "sim/word/reference.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

/* 2^exponent by doubling: no shift operator, as in the formula. */
static __int128 power_of_two(unsigned exponent)
{
    __int128 power = 1;
    while (exponent-- > 0)
        power *= 2;
    return power;
}

/* The floor of the square root, by halving the interval that it lies in. */
static __int128 root_of(__int128 number)
{
    __int128 low = 0, high = number + 1;
    while (high - low > 1) {
        __int128 middle = low + (high - low) / 2;
        if (middle <= number / middle)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static __int128 value_of(const struct cf_netlist *n, const struct cf_group *group, uint32_t index, const int64_t *nets)
{
    const struct cf_cell *cell = &n->cells[group->cell[index]];
    __int128 sum = 0;
    for (uint32_t t = cell->term_count; t-- > 0;) {
        struct cf_term term = cell->terms[t];
        __int128 net = nets[group->base[index * group->ports + term.port] + term.offset];
        sum += (term.square ? net * net : net) * term.weight * power_of_two(term.shift);
    }
    sum += cell->bias;
    if (cell->activation == CF_LINEAR)
        return sum;
    if (cell->activation == CF_STEP)
        return sum < 0 ? 0 : 1;
    if (sum < 0)
        return 0;
    return cell->activation == CF_RELU ? sum : root_of(sum);
}

static void check_netlist(const struct random_netlist_options *options)
{
    struct cf_netlist *n = random_netlist(options);
    struct random_source random = {options->seed ^ 0x5eed};
    struct cf_error err;
    assert_done(cf_netlist_check(n, &err), &err);
    int64_t *nets = calloc(n->net_count, sizeof *nets);
    assert_non_null(nets);
    for (int frame = 0; frame < 8; frame++) {
        memset(nets, 0x5a, n->net_count * sizeof *nets);
        random_input(&random, n, nets);
        cf_word_evaluate(n, nets);
        for (uint32_t g = 1; g < n->group_count; g++) {
            const struct cf_group *group = &n->groups[g];
            __int128 half = power_of_two(group->type.width - (group->type.is_signed ? 1u : 0u));
            __int128 low = group->type.is_signed ? -half : 0;
            for (uint32_t i = 0; i < group->count; i++) {
                __int128 value = value_of(n, group, i, nets);
                assert_true(nets[group->first_net + i] == value);
                assert_true(value >= low && value < half); /* the types never lie */
            }
        }
    }
    free(nets);
    cf_netlist_free(n);
}

static void random_netlists_evaluate_by_the_formula(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        check_netlist(&options);
        options.beyond = true;
        check_netlist(&options);
        options.beyond = seed % 2 == 0;
        options.width = 63;
        options.ports = 16;
        options.terms = 2;
        check_netlist(&options);
    }
}

/* scratch_netlist by hand: sum = x[i] - 4 x[11-i] + 5, step = H(3 s0 - s1 + 2 s2 - 1). */
static void a_small_netlist_by_hand(void **state)
{
    (void)state;
    struct cf_netlist *n = scratch_netlist();
    int64_t nets[28] = {-8, 7, 0, 1, 2, 3, -1, -2, -3, 4, 5, 6};
    static const int64_t sums[] = {-27, -8, -11, 18, 15, 12, -8, -5, -2, 9, -18, 43};
    cf_word_evaluate(n, nets);
    assert_memory_equal(nets + 12, sums, sizeof sums);
    assert_int_equal(nets[24], 0); /* -81 + 8 - 22 - 1 */
    assert_int_equal(nets[25], 1); /* 54 - 15 + 24 - 1 */
    assert_int_equal(nets[26], 0); /* -24 + 5 - 4 - 1 */
    assert_int_equal(nets[27], 1); /* 27 + 18 + 86 - 1 */
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_netlists_evaluate_by_the_formula),
        cmocka_unit_test(a_small_netlist_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
