/* Binary networks: folding, checks, counts, and the conversions to threshold gates and to one network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/lowering/lower_circuit.h"
#include "compiler/lowering/lower_depth.h"
#include "compiler/lowering/lower_threshold.h"
#include "netlists/exchange/network.h"
#include "netlists/lowering/lower.h"
#include "sim/word/reference.h"
#include "tests/support/evaluate_network.h"
#include "tests/support/regular_netlist.h"

static uint64_t state = 0x853c49e6748fea9b;

static uint64_t random_u64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1du;
}

/* A compiled circuit with at most `most` nets; the last group holds classifiers. */
static struct cf_netlist *small_circuit(uint64_t seed, uint32_t most)
{
    struct random_source random = {seed};
    for (;;) {
        struct cf_netlist *netlist = random_circuit(&random);
        assert_non_null(netlist);
        if (netlist->net_count <= most && netlist->groups[netlist->group_count - 1].output)
            return netlist;
        cf_netlist_free(netlist);
    }
}

/* Every combination of constants, equal and opposite literals must give the right sum and carry. */
static void folding_is_exact(void **unused)
{
    (void)unused;
    struct cf_network network = {.input_count = 3};
    const cf_lit choices[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint64_t inputs[3] = {0xaa, 0xcc, 0xf0};
    uint64_t signals[64];
    for (int i = 0; i < 512; i++) {
        cf_lit a = choices[i & 7], b = choices[i >> 3 & 7], c = choices[i >> 6], sum, carry;
        network.node_count = 0;
        assert_true(cf_network_add(&network, a, b, c, &sum, &carry));
        assert_true(network.node_count <= 1);
        evaluate_network(&network, inputs, signals);
        uint64_t x = cf_network_value(signals, a), y = cf_network_value(signals, b), z = cf_network_value(signals, c);
        assert_int_equal(cf_network_value(signals, sum) & 0xff, (x ^ y ^ z) & 0xff);
        assert_int_equal(cf_network_value(signals, carry) & 0xff, ((x & y) | (x & z) | (y & z)) & 0xff);
        bool known = a < 2 || b < 2 || c < 2 || a >> 1 == b >> 1 || a >> 1 == c >> 1 || b >> 1 == c >> 1;
        if (network.node_count == 1 && known)
            assert_int_equal(network.nodes[0].c, CF_LIT_FALSE); /* a half adder at most */
    }
    cf_network_free(&network);
}

static void disorder_is_refused(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_network network = {.input_count = 2};
    assert_true(cf_network_push(&network, 2, 4, 0));
    assert_true(cf_network_check(&network, "net", &err));
    network.nodes[0].b = cf_network_sum(&network, 0); /* its own sum */
    assert_false(cf_network_check(&network, "net", &err));
    assert_string_equal(err.text, "net: node 0 reads a signal that is not before it");
    network.nodes[0].b = 4;
    cf_lit output = 2 * cf_network_signals(&network);
    network.outputs = &output;
    network.output_count = 1;
    assert_false(cf_network_check(&network, "net", &err));
    network.outputs = NULL;
    cf_network_free(&network);
}

static void counts_are_of_what_is_used(void **unused)
{
    (void)unused;
    struct cf_network network = {.input_count = 3};
    cf_lit outputs[3];
    assert_true(cf_network_push(&network, 2, 4, 6));                               /* full adder */
    assert_true(cf_network_push(&network, cf_network_sum(&network, 0) ^ 1, 3, 0)); /* AND of inverted literals */
    assert_true(cf_network_push(&network, 2, 4, 0));                               /* read by nobody */
    outputs[0] = cf_network_carry(&network, 0);
    outputs[1] = cf_network_carry(&network, 1);
    outputs[2] = 3;
    network.outputs = outputs;
    network.output_count = 3;
    struct cf_network_counts counts;
    struct cf_error err;
    assert_true(cf_network_count(&network, &counts, &err));
    assert_int_equal(counts.full_adders, 1);
    assert_int_equal(counts.and_gates, 1);
    assert_int_equal(counts.half_adders + counts.xor_gates + counts.parity_gates + counts.majority_gates, 0);
    assert_int_equal(counts.inverters, 2); /* the sum, and input 0 once */
    assert_int_equal(counts.aig_nodes, 8);
    assert_int_equal(counts.two_input_gates, 6);
    assert_int_equal(counts.threshold_gates, 3);
    assert_int_equal(counts.depth, 2);
    assert_true(cf_network_sweep(&network, &err));
    assert_int_equal(network.node_count, 2);
    network.outputs = NULL;
    cf_network_free(&network);
}

/* The flattened circuit, and the same as threshold gates, give the decisions of the netlist. */
static void flattened_circuits_decide_alike(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *netlist = small_circuit(1, 1500), *gates;
    struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
    struct cf_network network;
    struct cf_network_names names;
    if (!cells || !cf_lower_circuit(&network, &names, netlist, cells, NULL, 0, UINT64_MAX, &err) ||
        !cf_network_check(&network, "flat", &err) ||
        !cf_network_to_netlist(&gates, &network, &names, false, "gates", &err))
        fail_msg("%s", err.text);
    int64_t *nets = calloc(netlist->net_count, sizeof *nets), *ones = calloc(gates->net_count, sizeof *ones);
    uint64_t *inputs = calloc(network.input_count, sizeof *inputs), *signals = calloc(cf_network_signals(&network), 8);
    struct cf_type type = netlist->groups[CF_INPUT].type;
    const struct cf_group *output = &gates->groups[gates->group_count - 1];
    for (int trial = 0; trial < 20; trial++) {
        for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++) {
            nets[i] = (int64_t)(random_u64() >> (64 - type.width)) + cf_type_min(type);
            for (uint32_t k = 0; k < type.width; k++)
                ones[i * type.width + k] = nets[i] >> k & 1;
        }
        for (uint32_t i = 0; i < network.input_count; i++)
            inputs[i] = (uint64_t)ones[i];
        cf_word_evaluate(netlist, nets);
        cf_word_evaluate(gates, ones);
        evaluate_network(&network, inputs, signals);
        uint32_t at = 0;
        for (uint32_t g = 1; g < netlist->group_count; g++)
            for (uint32_t i = 0; netlist->groups[g].output && i < netlist->groups[g].count; i++, at++) {
                int64_t decision = nets[netlist->groups[g].first_net + i];
                assert_int_equal(cf_network_value(signals, network.outputs[at]) & 1, decision);
                assert_int_equal(ones[output->first_net + at], decision);
            }
        assert_int_equal(at, network.output_count);
    }
    free(nets);
    free(ones);
    free(inputs);
    free(signals);
    cf_network_free(&network);
    cf_network_names_free(&names);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(gates);
    cf_netlist_free(netlist);
}

static void too_large_circuits_are_refused(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *netlist = small_circuit(2, 1500);
    struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
    struct cf_network network;
    struct cf_network_names names;
    assert_false(cf_lower_circuit(&network, &names, netlist, cells, NULL, 0, 10, &err));
    assert_non_null(strstr(err.text, "one network holds at most 10"));
    assert_non_null(strstr(err.text, "the cone of fewer gates"));
    uint32_t root = netlist->groups[1].first_net;
    assert_true(cf_lower_circuit(&network, &names, netlist, cells, &root, 1, 1000, &err));
    assert_int_equal(network.output_count, netlist->groups[1].type.width);
    assert_string_equal(names.outputs[0], "s0.pool[0,0,0][0]");
    assert_in_range(network.input_count, 1, 4 * 16); /* the pool's cone, not the whole input */
    cf_network_free(&network);
    cf_network_names_free(&names);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(netlist);
}

/* One threshold gate over bits computes what the step over words does. */
static void a_step_is_one_threshold_gate(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *netlist = small_circuit(4, 20000), *gate;
    const struct cf_group *classify = &netlist->groups[netlist->group_count - 1];
    const struct cf_cell *cell = &netlist->cells[classify->cell[0]];
    struct cf_network_cell lowered;
    struct cf_network_names names;
    struct cf_cut cut;
    uint32_t passing;
    if (!cf_lower_cell(&lowered, cell, &err) || !cf_lower_cell_names(&names, &lowered, 0, &err) ||
        !cf_cut_of_step(&cut, cell, &err) || !cf_cut_to_netlist(&gate, &cut, &names, &passing, "gate", &err))
        fail_msg("%s", err.text);
    assert_int_equal(passing, 0);
    assert_int_equal(gate->net_count, lowered.network.input_count + 1);
    uint64_t *inputs = calloc(lowered.network.input_count, 8),
             *signals = calloc(cf_network_signals(&lowered.network), 8);
    int64_t *nets = calloc(gate->net_count, sizeof *nets);
    assert_int_equal(gate->groups[CF_INPUT].count, lowered.network.input_count);
    uint32_t fired = 0;
    for (int trial = 0; trial < 200; trial++) {
        for (uint32_t i = 0; i < lowered.network.input_count; i++)
            inputs[i] = random_u64() >> 63;
        for (uint32_t i = 0; i < lowered.network.input_count; i++)
            nets[i] = (int64_t)inputs[i];
        cf_word_evaluate(gate, nets);
        evaluate_network(&lowered.network, inputs, signals);
        assert_int_equal(nets[lowered.network.input_count], cf_network_value(signals, lowered.network.outputs[0]) & 1);
        fired += nets[lowered.network.input_count] != 0;
    }
    assert_in_range(fired, 1, 199);
    cf_cut_free(&cut);
    cf_network_names_free(&names);
    free(inputs);
    free(signals);
    free(nets);
    cf_network_cell_free(&lowered);
    cf_netlist_free(gate);
    cf_netlist_free(netlist);
}

/* The circuit as one network with every adder of every cell, nothing folded, every bit of every net an output. */
static struct cf_network expanded(const struct cf_netlist *netlist, const struct cf_network_cell *cells)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    struct cf_network network = {.input_count = input->count * input->type.width};
    cf_lit(*nets)[CF_MAX_WIDTH] = calloc(netlist->net_count, sizeof *nets);
    for (uint32_t i = 0; i < network.input_count; i++)
        nets[i / input->type.width][i % input->type.width] = cf_network_input(i);
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++) {
            const struct cf_network_cell *cell = &cells[netlist->groups[g].cell[i]];
            const uint32_t *bases = cf_instance_bases(&netlist->groups[g], i);
            cf_lit *map = calloc(cf_network_signals(&cell->network), sizeof *map);
            for (uint32_t o = 0; o < cell->operand_count; o++)
                for (uint32_t k = 0; k < cell->operands[o].width; k++)
                    map[1 + cell->operands[o].first_input + k] =
                        nets[bases[cell->operands[o].port] + cell->operands[o].offset][k];
            for (uint32_t n = 0; n < cell->network.node_count; n++) {
                const struct cf_network_node *node = &cell->network.nodes[n];
                uint32_t made = network.node_count;
                assert_true(cf_network_push(&network, map[node->a >> 1] ^ (node->a & 1),
                                            map[node->b >> 1] ^ (node->b & 1), map[node->c >> 1] ^ (node->c & 1)));
                map[cf_network_sum(&cell->network, n) >> 1] = cf_network_sum(&network, made);
                map[cf_network_carry(&cell->network, n) >> 1] = cf_network_carry(&network, made);
            }
            for (uint32_t k = 0; k < cell->network.output_count; k++)
                nets[netlist->groups[g].first_net + i][k] =
                    map[cell->network.outputs[k] >> 1] ^ (cell->network.outputs[k] & 1);
            free(map);
        }
    network.outputs = calloc((size_t)netlist->net_count * CF_MAX_WIDTH, sizeof *network.outputs);
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++)
            for (uint32_t k = 0; k < netlist->groups[g].type.width; k++)
                network.outputs[network.output_count++] = nets[netlist->groups[g].first_net + i][k];
    free(nets);
    return network;
}

/* The depth of a netlist, which must be that of its expansion; counts in `*shallower` where adding up the cells
 * depths, group by group, would have given more. */
static void check_depth(struct cf_netlist *netlist, uint32_t *shallower)
{
    struct cf_error err;
    struct cf_network_counts counts;
    struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
    uint32_t *arrivals = calloc(netlist->group_count, sizeof *arrivals), depth = 0, added = 0;
    assert_non_null(cells);
    if (!cf_lower_depth(netlist, cells, arrivals, &err))
        fail_msg("%s", err.text);
    struct cf_network whole = expanded(netlist, cells);
    assert_true(cf_network_count(&whole, &counts, &err));
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        uint32_t deepest = 0;
        for (uint32_t i = 0; i < netlist->groups[g].count; i++) {
            struct cf_network_counts one;
            assert_true(cf_network_count(&cells[netlist->groups[g].cell[i]].network, &one, &err));
            deepest = one.depth > deepest ? one.depth : deepest;
        }
        added += deepest;
        depth = arrivals[g] > depth ? arrivals[g] : depth;
    }
    assert_int_equal(depth, counts.depth);
    *shallower += depth < added;
    cf_network_free(&whole);
    free(arrivals);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(netlist);
}

static void circuit_depth_is_the_longest_path(void **unused)
{
    (void)unused;
    uint32_t shallower = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 3 == 0;
        check_depth(random_netlist(&options), &shallower);
    }
    for (uint64_t seed = 1; seed <= 25; seed++) {
        struct random_source random = {seed};
        check_depth(small_circuit(seed, 3000), &shallower);
        struct cf_netlist *mutated = small_circuit(seed + 100, 3000);
        mutate_gates(&random, mutated, 20);
        check_depth(mutated, &shallower);
    }
    assert_true(shallower > 100); /* sums of cells' depths would have been wrong */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_is_exact),
        cmocka_unit_test(disorder_is_refused),
        cmocka_unit_test(counts_are_of_what_is_used),
        cmocka_unit_test(flattened_circuits_decide_alike),
        cmocka_unit_test(too_large_circuits_are_refused),
        cmocka_unit_test(a_step_is_one_threshold_gate),
        cmocka_unit_test(circuit_depth_is_the_longest_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
