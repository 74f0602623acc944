/* Adder graphs in the bit engine: sums of planes against integers, and whole netlists against the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/bank.h"
#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/lowering/lower.h"
#include "sim/bits/engine_internal.h"
#include "sim/bits/graph_program.h"
#include "sim/word/reference.h"
#include "tests/support/bit_nets.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

static struct random_source source = {20261129};

/* ---- planes ---- */

enum { NUMBER_PLANES = 20, PLANES = 128 }; /* two numbers, and the planes that follow them for the result */

static int64_t extended(uint64_t bits, uint32_t width, bool is_signed)
{
    bits &= width < 64 ? ((uint64_t)1 << width) - 1 : UINT64_MAX;
    return (int64_t)(is_signed && bits >> (width - 1) & 1 ? bits | ~(uint64_t)0 << (width - 1) : bits);
}

/* The number whose bits are planes from `first` on, in a lane. */
static int64_t number_at(const uint64_t *window, uint32_t words, uint32_t first, uint32_t width, bool is_signed,
                         uint32_t lane)
{
    uint64_t bits = 0;
    for (uint32_t k = 0; k < width; k++)
        bits |= (window[(size_t)(first + k) * words + lane / 64] >> lane % 64 & 1) << k;
    return extended(bits, width, is_signed);
}

static struct cf_bit_sum random_sum(void)
{
    uint8_t shift = (uint8_t)random_between(&source, 0, 8);
    bool left = random_next(&source) & 1;
    return (struct cf_bit_sum){.left = 0,
                               .right = NUMBER_PLANES,
                               .sum = 2 * NUMBER_PLANES,
                               .left_width = (uint8_t)random_between(&source, 1, NUMBER_PLANES),
                               .right_width = (uint8_t)random_between(&source, 1, NUMBER_PLANES),
                               .left_shift = left ? shift : 0,
                               .right_shift = left ? 0 : shift,
                               .width = (uint8_t)random_between(&source, 1, 40),
                               .subtract = random_next(&source) & 1};
}

static void check_sum(const struct cf_bit_kernels *kernels, uint64_t *window)
{
    struct cf_bit_sum s = random_sum();
    uint32_t words = kernels->lanes / 64;
    kernels->add(&s, 1, window);
    for (uint32_t lane = 0; lane < kernels->lanes; lane++) {
        int64_t left = number_at(window, words, s.left, s.left_width, true, lane) * ((int64_t)1 << s.left_shift);
        int64_t right = number_at(window, words, s.right, s.right_width, true, lane) * ((int64_t)1 << s.right_shift);
        int64_t sum = s.subtract ? left - right : left + right;
        assert_int_equal(number_at(window, words, s.sum, s.width, true, lane), extended((uint64_t)sum, s.width, true));
    }
}

static void check_result(const struct cf_bit_kernels *kernels, uint64_t *window)
{
    struct cf_bit_result r = {.constant = random_between(&source, -1000000, 1000000),
                              .number_width = (uint8_t)random_between(&source, 1, NUMBER_PLANES),
                              .width = (uint8_t)random_between(&source, 1, 40),
                              .result = NUMBER_PLANES,
                              .shift = (int8_t)random_between(&source, -4, 10),
                              .is_signed = random_next(&source) & 1,
                              .negative = random_next(&source) & 1,
                              .step = random_next(&source) & 1};
    uint32_t words = kernels->lanes / 64;
    kernels->finish(&r, 1, window);
    for (uint32_t lane = 0; lane < kernels->lanes; lane++) {
        int64_t number = number_at(window, words, r.number, r.number_width, r.is_signed, lane);
        number = r.shift < 0 ? number >> -r.shift : number * ((int64_t)1 << r.shift);
        int64_t sum = extended((uint64_t)(r.constant + (r.negative ? -number : number)), r.width, true);
        if (r.step)
            assert_int_equal(number_at(window, words, r.result, 1, false, lane), sum >= 0);
        else
            assert_int_equal(number_at(window, words, r.result, r.width, true, lane), sum);
    }
}

static void planes_add_as_integers_do(void **state)
{
    (void)state;
    const struct cf_bit_kernels *kernels;
    uint64_t *window = aligned_alloc(64, PLANES * 64);
    assert_non_null(window);
    for (int k = 0; (kernels = cf_bit_kernels_at(k)) != NULL; k++)
        for (; kernels; kernels = kernels->narrow)
            for (int trial = 0; trial < 200; trial++) {
                for (size_t i = 0; i < PLANES * 8; i++)
                    window[i] = random_next(&source);
                check_sum(kernels, window);
                check_result(kernels, window);
            }
    free(window);
}

/* ---- netlists ---- */

/* input [2, 3, INPUTS]; a gate for every adder of a random graph, in two groups that stand at the same places: linear
 * gates and steps. */
enum { INPUTS = 4, ADDERS = 9, LINEAR = 5, WIDE = 56 };

struct forms {
    int64_t of[ADDERS][INPUTS];
};

static bool keep_forms(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    struct forms *forms = context;
    for (uint32_t a = 0; a < ADDERS; a++)
        for (uint32_t i = 0; i < count; i++)
            forms->of[a][first + i] = factor[INPUTS + a][i];
    return true;
}

static struct cf_graph_addend random_addend(uint32_t signal)
{
    return (struct cf_graph_addend){
        .signal = signal, .shift = (uint8_t)random_between(&source, 0, 2), .negative = random_next(&source) & 1};
}

/* Any signs and shifts, also two negative addends and a shift that both have. */
static void random_graph(struct cf_adder *adders, struct cf_graph_output *outputs)
{
    for (uint32_t a = 0; a < ADDERS; a++) {
        adders[a].left = random_addend(a < INPUTS ? a : (uint32_t)random_between(&source, 0, INPUTS + a - 1));
        adders[a].right = random_addend((uint32_t)random_between(&source, 0, INPUTS + a - 1));
        bool even = adders[a].left.shift && adders[a].right.shift;
        outputs[a] = (struct cf_graph_output){.signal = INPUTS + a,
                                              .shift = (int8_t)random_between(&source, even ? -1 : 0, 2),
                                              .negative = random_next(&source) & 1};
    }
}

static bool add_gate(struct cf_netlist *n, struct cf_type port, const int64_t *form,
                     const struct cf_graph_output *output, bool step)
{
    struct cf_error err;
    struct cf_term terms[INPUTS];
    struct cf_cell cell = {.ports = &port,
                           .terms = terms,
                           .port_count = 1,
                           .bias = random_between(&source, -500, 500),
                           .activation = step ? CF_STEP : CF_LINEAR};
    uint32_t index;
    for (uint32_t i = 0; i < INPUTS; i++) {
        int64_t power = (int64_t)1 << abs(output->shift);
        int64_t weight = output->shift < 0 ? form[i] / power : form[i] * power;
        if (weight != 0)
            terms[cell.term_count++] =
                (struct cf_term){.offset = i, .weight = (int32_t)(output->negative ? -weight : weight)};
    }
    if (!cf_cell_infer_type(&cell, 0) || cell.type.width > WIDE)
        return false;
    if (!step)
        cell.type = SIGNED(WIDE, 0);
    return cf_netlist_add_cell(n, &cell, &index, &err);
}

static void add_group(struct cf_netlist *n, const char *name, uint32_t first, uint32_t gates, struct cf_type type)
{
    struct cf_error err;
    assert_true(cf_netlist_add_group(n, name, 3, (uint32_t[]){2, 3, gates}, 1, type, true, &err));
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        group->cell[i] = first + i % gates;
        group->base[i] = i / gates * INPUTS;
    }
}

/* NULL for a graph that is none of the netlist's: one that does not read every operand, for instance. */
static struct cf_netlist *netlist_of(const struct cf_graph *graph, struct cf_implementation *impl, struct cf_type port)
{
    struct cf_error err;
    struct forms forms;
    bool out_of_memory;
    struct cf_netlist *n = cf_netlist_new("net", &err);
    assert_non_null(n);
    assert_true(cf_netlist_add_group(n, "input", 3, (uint32_t[]){2, 3, INPUTS}, 0, port, false, &err));
    assert_true(cf_graph_forms(graph, keep_forms, &forms, &out_of_memory));
    for (uint32_t a = 0; a < ADDERS; a++)
        if (!add_gate(n, port, forms.of[a], &graph->outputs[a], a >= LINEAR)) {
            cf_netlist_free(n);
            return NULL;
        }
    add_group(n, "linear", 0, LINEAR, SIGNED(WIDE, 0));
    add_group(n, "steps", LINEAR, ADDERS - LINEAR, UNSIGNED(1, 0));
    n->implementation = impl;
    if (cf_netlist_check(n, &err))
        return n;
    cf_netlist_free(n);
    return NULL;
}

static uint32_t differences(const struct cf_netlist *n, const struct cf_bit_kernels *kernels)
{
    enum { FRAMES = 12 };
    struct cf_error err;
    struct cf_bit_sim *sim;
    int64_t *nets = calloc(n->net_count, sizeof *nets), *found = calloc(n->net_count, sizeof *found);
    int32_t input[2 * 3 * INPUTS];
    uint32_t wrong = 0;
    assert_true(nets && found);
    struct cf_network_cell *cells = cf_lower_cells(n, &err);
    assert_non_null(cells);
    assert_done(cf_bit_sim_of_networks(&sim, n, cells, kernels, 1, true, &err), &err);
    assert_done(cf_bit_sim_make_room(sim, FRAMES, &err), &err);
    cf_lower_free(cells, n->cell_count);
    struct random_source again = source;
    for (uint32_t f = 0; f < FRAMES; f++) {
        random_input(&source, n, nets);
        for (uint32_t i = 0; i < 2 * 3 * INPUTS; i++)
            input[i] = (int32_t)nets[i];
        cf_bit_sim_put_input(sim, f, input);
    }
    cf_bit_sim_run(sim, FRAMES);
    for (uint32_t f = 0; f < FRAMES; f++) {
        random_input(&again, n, nets);
        cf_word_evaluate(n, nets);
        bit_nets(sim, n, f, found);
        for (uint32_t i = 0; i < n->net_count; i++)
            wrong += found[i] != nets[i];
    }
    cf_bit_sim_free(sim);
    free(nets);
    free(found);
    return wrong;
}

/* The programs of both groups are the graph's; a changed adder shows in the values. */
static void check_programs(const struct cf_netlist *n)
{
    struct cf_error err;
    struct cf_bit_program *program;
    for (uint32_t g = 1; g < n->group_count; g++) {
        uint32_t count = n->groups[g].shape[2];
        assert_done(cf_bit_graph_program(&program, n, n->groups[g].cell, count, &err), &err);
        assert_non_null(program);
        assert_true(program->sum_count >= count && program->result_count == count);
        cf_bit_program_free(program);
    }
}

static void graphs_give_the_values_of_the_gates(void **state)
{
    (void)state;
    const struct cf_bit_kernels *kernels;
    uint32_t members[ADDERS], checked = 0, noticed = 0;
    for (uint32_t a = 0; a < ADDERS; a++)
        members[a] = a;
    for (uint32_t trial = 0; trial < 120; trial++) {
        struct cf_adder adders[ADDERS];
        struct cf_graph_output outputs[ADDERS];
        struct cf_graph graph = {INPUTS, ADDERS, ADDERS, adders, outputs};
        struct cf_bank bank = {0, ADDERS, members};
        struct cf_implementation impl = {&graph, &bank, 1, 1};
        random_graph(adders, outputs);
        struct cf_netlist *n = netlist_of(&graph, &impl, trial % 2 ? UNSIGNED(7, 0) : SIGNED(8, 0));
        if (!n)
            continue;
        checked++;
        check_programs(n);
        for (int k = 0; (kernels = cf_bit_kernels_at(k)) != NULL; k++)
            assert_int_equal(differences(n, kernels), 0);
        adders[ADDERS - 1].left.negative = !adders[ADDERS - 1].left.negative;
        outputs[0].negative = !outputs[0].negative;
        noticed += differences(n, cf_bit_kernels_find(NULL)) > 0;
        cf_netlist_free(n);
    }
    assert_true(checked > 40);
    assert_true(noticed == checked);
}

/* Gates that the graph does not compute keep their own adders. */
static void other_cells_have_no_graph_program(void **state)
{
    (void)state;
    struct cf_error err;
    struct random_netlist_options options = random_netlist_defaults(3);
    struct cf_netlist *n = random_netlist(&options);
    struct cf_bit_program *program;
    assert_non_null(n);
    assert_done(cf_bit_graph_program(&program, n, n->groups[1].cell, 1, &err), &err);
    assert_null(program);
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_add_as_integers_do),
        cmocka_unit_test(graphs_give_the_values_of_the_gates),
        cmocka_unit_test(other_cells_have_no_graph_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
