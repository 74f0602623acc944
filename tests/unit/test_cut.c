/* Circuits as threshold gates: adders for what is linear, one gate for each step. They compute what the word engine
 * does, and are as many as are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compiler/lowering/lower_threshold.h"
#include "netlists/analyse.h"
#include "netlists/cell.h"
#include "netlists/lowering/lower.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

static struct random_source source = {4};

/* The threshold gates of all gates that reach an output, as `stats --bits` counts them. */
static uint64_t counted(const struct cf_netlist *n, const struct cf_network_cell *cells)
{
    struct cf_error err;
    struct cf_network_counts counts;
    uint8_t *live = calloc(n->net_count, 1);
    uint64_t total = 0;
    for (uint32_t g = n->group_count; g-- > 1;)
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            const struct cf_group *group = &n->groups[g];
            const struct cf_cell *cell = &n->cells[group->cell[i]];
            if (!group->output && !live[group->first_net + i])
                continue;
            for (uint32_t t = 0; t < cell->term_count; t++)
                live[group->base[i * group->ports + cell->terms[t].port] + cell->terms[t].offset] = 1;
            assert_done(cf_network_count(&cells[group->cell[i]].network, &counts, &err), &err);
            total += cell->activation == CF_STEP && cf_cell_is_plain(cell) ? 1 : counts.threshold_gates;
        }
    free(live);
    return total;
}

/* All output bits, by the word engine, against the nets of the gates. */
static void compare(const struct cf_netlist *n, const struct cf_netlist *gates)
{
    const struct cf_group *output = &gates->groups[gates->group_count - 1];
    const struct cf_group *input = &n->groups[CF_INPUT];
    int64_t *nets = calloc(n->net_count, sizeof *nets), *bits = calloc(gates->net_count, sizeof *bits);
    for (int frame = 0; frame < 8; frame++) {
        random_input(&source, n, nets);
        cf_word_evaluate(n, nets);
        for (uint32_t i = 0; i < input->count; i++)
            for (uint32_t k = 0; k < input->type.width; k++)
                bits[i * input->type.width + k] = nets[i] >> k & 1;
        cf_word_evaluate(gates, bits);
        uint32_t at = output->first_net;
        for (uint32_t g = 1; g < n->group_count; g++)
            for (uint32_t i = 0; n->groups[g].output && i < n->groups[g].count; i++)
                for (uint32_t k = 0; k < n->groups[g].type.width; k++)
                    assert_int_equal(bits[at++], nets[n->groups[g].first_net + i] >> k & 1);
        assert_int_equal(at, gates->net_count);
    }
    free(nets);
    free(bits);
}

/* How many gates there are beside those counted and those that pass a bit on. False where the circuit is large. */
static bool check_cut(const struct cf_netlist *n, int64_t *more)
{
    struct cf_error err;
    struct cf_cut cut;
    struct cf_network_names names;
    struct cf_netlist *gates;
    uint32_t passing;
    struct cf_network_cell *cells = cf_lower_cells(n, &err);
    assert_non_null(cells);
    if (!cf_lower_cut(&cut, &names, n, cells, NULL, 0, 200000, &err)) {
        assert_says(&err, "one network holds at most 200,000.");
        cf_lower_free(cells, n->cell_count);
        return false;
    }
    assert_done(cf_network_check(&cut.network, "cut", &err), &err);
    assert_done(cf_cut_to_netlist(&gates, &cut, &names, &passing, "gates", &err), &err);
    compare(n, gates);
    *more = (int64_t)(gates->net_count - gates->groups[CF_INPUT].count) - (int64_t)counted(n, cells) - passing;
    cf_lower_free(cells, n->cell_count);
    cf_netlist_free(gates);
    cf_cut_free(&cut);
    cf_network_names_free(&names);
    return true;
}

static void circuits_are_as_many_gates_as_are_counted(void **unused)
{
    (void)unused;
    for (int checked = 0; checked < 8;) {
        int64_t more = 0;
        struct cf_netlist *n = random_circuit(&source);
        checked += check_cut(n, &more);
        assert_int_equal(more, 0);
        cf_netlist_free(n);
    }
}

/* Any cells at all: bits that are known or equal across cells fold away, so that there may be fewer gates. */
static void random_netlists_compute_the_same(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 4 == 1;
        options.width = seed % 3 == 0 ? 63 : 20;
        struct cf_netlist *n = random_netlist(&options);
        int64_t more = 0;
        assert_true(check_cut(n, &more));
        assert_in_range(-more, 0, 1 << 20);
        cf_netlist_free(n);
    }
}

/* A gate that is an output twice, inverted, read elsewhere; inputs and constants as outputs. */
static void outputs_are_gates_where_they_can_be(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *gates;
    struct cf_network network = {.input_count = 2};
    struct cf_network_names names;
    cf_lit and_gate, half;
    uint32_t passing;
    assert_true(cf_network_add(&network, 2, 4, CF_LIT_FALSE, &half, &and_gate));
    cf_lit outputs[] = {half, half ^ 1, and_gate, and_gate ^ 1, 2, 5, CF_LIT_FALSE, CF_LIT_TRUE};
    struct cf_cut cut = {.network = network, .inputs = 2, .outputs = sizeof outputs / sizeof *outputs};
    cut.network.outputs = outputs;
    cut.network.output_count = cut.outputs;
    assert_done(cf_network_names_new(&names, &cut.network, "test", &err), &err);
    assert_done(cf_cut_to_netlist(&gates, &cut, &names, &passing, "gates", &err), &err);
    assert_int_equal(passing, 7);
    assert_int_equal(gates->group_count, 3); /* the input, the AND, the outputs */
    assert_int_equal(gates->net_count, 2 + 1 + 8);
    for (int64_t pattern = 0; pattern < 4; pattern++) {
        int64_t a = pattern & 1, b = pattern >> 1, nets[11] = {a, b};
        const int64_t expected[8] = {a ^ b, 1 ^ a ^ b, a & b, 1 ^ (a & b), a, 1 ^ b, 0, 1};
        cf_word_evaluate(gates, nets);
        assert_memory_equal(nets + 3, expected, sizeof expected);
    }
    cf_network_names_free(&names);
    cf_netlist_free(gates);
    free(network.nodes);
}

/* One bit in many places of a step: its weight, 2^40 - 1 times up to 2^20, takes more than one term. */
static void a_bit_in_many_places_has_one_weight(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *gates;
    struct cf_network_names names;
    struct cf_cut cut;
    uint32_t passing;
    for (int32_t weight = -1; weight < 1 << 21; weight += (1 << 20) - 1) {
        const struct cf_type port = UNSIGNED(40, 0);
        const struct cf_term term = {.weight = weight ? weight : 3};
        struct cf_cell cell = {&port, &term, 1, 1, -5, CF_STEP, BIT};
        assert_done(cf_cut_of_step(&cut, &cell, &err), &err);
        for (uint32_t i = 1; i < cut.network.output_count; i++)
            cut.network.outputs[i] = cf_network_input(0); /* all operand bits are the first input */
        assert_done(cf_network_names_new(&names, &cut.network, "test", &err), &err);
        assert_done(cf_cut_to_netlist(&gates, &cut, &names, &passing, "gates", &err), &err);
        for (int64_t x = 0; x < 2; x++) {
            int64_t nets[41] = {x}, value = x * (((int64_t)1 << 40) - 1);
            cf_word_evaluate(gates, nets);
            assert_int_equal(nets[40], term.weight * (__int128)value - 5 >= 0);
        }
        cf_netlist_free(gates);
        cf_network_names_free(&names);
        cf_cut_free(&cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circuits_are_as_many_gates_as_are_counted),
        cmocka_unit_test(random_netlists_compute_the_same),
        cmocka_unit_test(outputs_are_gates_where_they_can_be),
        cmocka_unit_test(a_bit_in_many_places_has_one_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
