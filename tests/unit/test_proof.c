/* Every cell of the full-size example, proved by linear forms; and lowerings broken on purpose, which must be named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "compiler/record.h"
#include "netlists/lowering/lower.h"
#include "tests/support/evaluate_network.h"
#include "tests/support/linear_proof.h"

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t random_u64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((random_u64() >> 32) * n >> 32);
}

static struct cf_netlist *example(enum cf_upsample upsample)
{
    struct cf_error err;
    struct cf_head head;
    struct cf_netlist *netlist = NULL;
    struct cf_compile_options options = cf_compile_defaults();
    options.upsample = upsample;
    options.input_scale = 0.03;
    if (!cf_head_load(&head, "examples/head_nearest_fp32.safetensors", NULL, &err) ||
        !cf_compile(&netlist, &head, &options, &err))
        fail_msg("%s", err.text);
    cf_head_free(&head);
    return netlist;
}

static void prove_example(enum cf_upsample upsample, uint32_t cells)
{
    struct cf_error err;
    struct proof_counts counts = {0};
    struct cf_netlist *netlist = example(upsample);
    struct cf_network_cell *lowered = cf_lower_cells(netlist, &err);
    assert_non_null(lowered);
    if (!prove_cells(netlist, lowered, &counts, &err))
        fail_msg("%s", err.text);
    print_message("%s: %u cells proved, %u adders; no carry is dropped but %u of weight 2^width\n",
                  cf_upsample_name(upsample), (unsigned)counts.cells, (unsigned)counts.adders, (unsigned)counts.above);
    assert_int_equal(counts.cells, cells);
    assert_true(counts.adders > 5000000 && counts.above < counts.cells);
    cf_lower_free(lowered, netlist->cell_count);
    cf_netlist_free(netlist);
}

static void every_cell_of_the_nearest_example_is_proved(void **unused)
{
    (void)unused;
    prove_example(CF_NEAREST, 246);
}

static void every_cell_of_the_bilinear_example_is_proved(void **unused)
{
    (void)unused;
    prove_example(CF_BILINEAR, 270);
}

/* ---- broken lowerings ------------------------------------------------------------------------------------------- */

struct subject {
    struct cf_cell cell; /* the last classifier, its sum */
    struct cf_network_cell sound, broken;
    struct cf_netlist *netlist;
};

static void copy_sound(struct subject *s)
{
    memcpy(s->broken.network.nodes, s->sound.network.nodes,
           s->sound.network.node_count * sizeof *s->sound.network.nodes);
    memcpy(s->broken.network.outputs, s->sound.network.outputs,
           s->sound.network.output_count * sizeof *s->sound.network.outputs);
}

static void open_subject(struct subject *s)
{
    struct cf_error err;
    s->netlist = example(CF_NEAREST);
    s->cell = s->netlist->cells[s->netlist->cell_count - 1];
    s->cell.activation = CF_LINEAR;
    s->cell.type = (struct cf_type){40, true, 0};
    assert_true(cf_lower_cell(&s->sound, &s->cell, &err) && cf_lower_cell(&s->broken, &s->cell, &err));
}

static void close_subject(struct subject *s)
{
    cf_network_cell_free(&s->sound);
    cf_network_cell_free(&s->broken);
    cf_netlist_free(s->netlist);
}

static bool proved(const struct subject *s, struct cf_error *err)
{
    struct proof_counts counts = {0};
    return prove_cell(&s->cell, &s->broken, &counts, err);
}

/* True when the message names the adder: as the failing one, or as a reader of it or of the input bit. */
static bool names(const struct cf_error *err, uint32_t adder)
{
    char text[2][32];
    snprintf(text[0], sizeof text[0], "adder %u:", adder);
    snprintf(text[1], sizeof text[1], " %u ", adder);
    struct cf_error padded;
    snprintf(padded.text, sizeof padded.text, "%.500s ", err->text);
    for (char *c = padded.text; *c; c++)
        *c = *c == ';' ? ' ' : *c;
    return strstr(err->text, text[0]) || strstr(padded.text, text[1]);
}

/* Whether the two networks agree on 64 random patterns. */
static bool agree(const struct subject *s)
{
    const struct cf_network *a = &s->sound.network, *b = &s->broken.network;
    uint64_t *inputs = calloc(a->input_count, sizeof *inputs),
             *signals = calloc(cf_network_signals(a), sizeof *signals);
    uint64_t *others = calloc(cf_network_signals(b), sizeof *others);
    for (uint32_t i = 0; i < a->input_count; i++)
        inputs[i] = random_u64();
    evaluate_network(a, inputs, signals);
    evaluate_network(b, inputs, others);
    bool equal = true;
    for (uint32_t i = 0; i < a->output_count; i++)
        equal &= cf_network_value(signals, a->outputs[i]) == cf_network_value(others, b->outputs[i]);
    free(inputs);
    free(signals);
    free(others);
    return equal;
}

static cf_lit *pin(struct cf_network *network, uint32_t node, uint32_t which)
{
    struct cf_network_node *n = &network->nodes[node];
    return which == 0 ? &n->a : which == 1 ? &n->b : &n->c;
}

/* Whether the message names what drives the wire: an adder, or an input bit, whose message lists the readers. */
static bool names_driver(const struct cf_error *err, const struct cf_network *network, cf_lit wire)
{
    return cf_network_is_node(network, wire >> 1) ? names(err, cf_network_driver(network, wire >> 1))
                                                  : err->text[0] == 'b';
}

/* Two wires exchanged between adders (or one led elsewhere, where the earlier adder cannot read the later one's). The
 * message names one of the adders that read them now, or that drive them. */
static void swapped_wires_are_named(void **unused)
{
    (void)unused;
    struct subject s = {0};
    struct cf_error err;
    open_subject(&s);
    uint32_t harmless = 0; /* wires of equal weight: the function is the same */
    for (int trial = 0; trial < 300; trial++) {
        copy_sound(&s);
        uint32_t n = 1 + below(s.sound.network.node_count - 1), m = below(n);
        cf_lit *one = pin(&s.broken.network, n, below(3)), *other = pin(&s.broken.network, m, below(3));
        const cf_lit before[2] = {*one, *other};
        *one = before[1];
        if (before[0] < cf_network_sum(&s.broken.network, m))
            *other = before[0];
        if (proved(&s, &err)) {
            assert_true(agree(&s));
            harmless++;
        } else if (!names(&err, n) && !names(&err, m) && !names_driver(&err, &s.broken.network, before[0]) &&
                   !names_driver(&err, &s.broken.network, before[1])) {
            fail_msg("wires of adders %u and %u swapped: %s", n, m, err.text);
        }
    }
    print_message("300 swaps: %u harmless, the others named\n", harmless);
    assert_in_range(harmless, 0, 60);
    close_subject(&s);
}

/* One carry or sum that nothing reads any more: its readers get the constant 0. The adder itself is named. */
static void dropped_outputs_are_named(void **unused)
{
    (void)unused;
    struct subject s = {0};
    struct cf_error err;
    open_subject(&s);
    uint8_t *used = cf_network_used(&s.sound.network);
    for (uint32_t trial = 0, carry = 0; trial < 300; trial++, carry = !carry) {
        uint32_t n;
        do
            n = below(s.sound.network.node_count);
        while (!(used[n] & (carry ? 2 : 1)));
        copy_sound(&s);
        struct cf_network *network = &s.broken.network;
        uint32_t signal = (carry ? cf_network_carry(network, n) : cf_network_sum(network, n)) >> 1;
        for (uint32_t m = 0; m < network->node_count; m++)
            for (uint32_t which = 0; which < 3; which++)
                if (*pin(network, m, which) >> 1 == signal)
                    *pin(network, m, which) &= 1;
        for (uint32_t i = 0; i < network->output_count; i++)
            if (network->outputs[i] >> 1 == signal)
                network->outputs[i] &= 1;
        if (proved(&s, &err))
            fail_msg("adder %u without its %s is proved", n, carry ? "carry" : "sum");
        char wanted[64];
        snprintf(wanted, sizeof wanted, "adder %u: ", n);
        if (strncmp(err.text, wanted, strlen(wanted)) != 0)
            fail_msg("adder %u without its %s: %s", n, carry ? "carry" : "sum", err.text);
    }
    free(used);
    close_subject(&s);
}

static void inverted_wires_are_noticed(void **unused)
{
    (void)unused;
    struct subject s = {0};
    struct cf_error err;
    open_subject(&s);
    for (int trial = 0; trial < 100; trial++) {
        copy_sound(&s);
        *pin(&s.broken.network, below(s.sound.network.node_count), below(2)) ^= 1;
        assert_false(proved(&s, &err));
    }
    copy_sound(&s);
    s.broken.network.outputs[s.broken.network.output_count - 1] ^= 1;
    assert_false(proved(&s, &err));
    assert_string_equal(err.text, "output 39 is not the sign");
    close_subject(&s);
}

/* In a whole netlist, cell, gate and adder are named: of a step, whose network is compared with the proved sum's. */
static void cell_and_gate_are_named(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct proof_counts counts = {0};
    struct cf_netlist *netlist = example(CF_NEAREST);
    struct cf_network_cell *lowered = cf_lower_cells(netlist, &err);
    assert_non_null(lowered);
    uint32_t cell = netlist->groups[netlist->group_count - 1].cell[17];
    struct cf_network_node *node = &lowered[cell].network.nodes[1000];
    cf_lit kept = node->b;
    node->b = node->a;
    assert_false(prove_cells(netlist, lowered, &counts, &err));
    char wanted[128];
    snprintf(wanted, sizeof wanted,
             "cell %u (s2.classify[0,0,17]): adder 1000 of the step is not that of the proved sum", cell);
    assert_string_equal(err.text, wanted);
    node->b = kept;
    lowered[cell].network.outputs[0] ^= 1;
    assert_false(prove_cells(netlist, lowered, &counts, &err));
    snprintf(wanted, sizeof wanted, "cell %u (s2.classify[0,0,17]): output 0 is not the inverse of the sign", cell);
    assert_string_equal(err.text, wanted);
    lowered[cell].network.outputs[0] ^= 1;
    /* A pool, whose carry of adder 3 nothing reads: the first cell of all. */
    struct cf_network *pool = &lowered[0].network;
    cf_lit carry = cf_network_carry(pool, 3);
    for (uint32_t n = 0; n < pool->node_count; n++)
        for (uint32_t which = 0; which < 3; which++)
            if (*pin(pool, n, which) == carry)
                *pin(pool, n, which) = CF_LIT_FALSE;
    assert_false(prove_cells(netlist, lowered, &counts, &err));
    assert_non_null(strstr(err.text, "cell 0 (s0.pool[0,0,0]): adder 3: its sum weighs"));
    cf_lower_free(lowered, netlist->cell_count);
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_nearest_example_is_proved),
        cmocka_unit_test(every_cell_of_the_bilinear_example_is_proved),
        cmocka_unit_test(swapped_wires_are_named),
        cmocka_unit_test(dropped_outputs_are_named),
        cmocka_unit_test(inverted_wires_are_noticed),
        cmocka_unit_test(cell_and_gate_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
