/* Fault simulation against brute force: each fault alone, in a network evaluated bit by bit, all gates recomputed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/lower.h"
#include "netlists/cell.h"
#include "sim/faults.h"
#include "sim/word.h"
#include "tests/support/regular_netlist.h"

static struct random_source source = {4};

/* The value of one gate with one pin of its network held: written anew, a bit at a time. */
static int64_t faulty_value(const struct cf_netlist *netlist, const struct cf_bits_cell *cell,
                            const struct cf_group *group, uint32_t gate, const int64_t *nets,
                            const struct cf_fault *fault)
{
    const struct cf_bits *bits = &cell->bits;
    const uint32_t *bases = cf_instance_bases(group, gate);
    uint8_t *signals = calloc(cf_bits_signals(bits), 1);
    (void)netlist;
    for (uint32_t o = 0; o < cell->operand_count; o++)
        for (uint32_t k = 0; k < cell->operands[o].width; k++) {
            uint32_t pin = cell->operands[o].first_input + k;
            signals[1 + pin] = nets[bases[cell->operands[o].port] + cell->operands[o].offset] >> k & 1;
            if (pin == fault->pin)
                signals[1 + pin] = fault->value;
        }
    for (uint32_t n = 0; n < bits->node_count; n++) {
        const cf_lit in[3] = {bits->nodes[n].a, bits->nodes[n].b, bits->nodes[n].c};
        uint32_t first = bits->input_count + 5 * n, total = 0;
        for (uint32_t i = 0; i < 3; i++)
            total += first + i == fault->pin ? fault->value : signals[in[i] >> 1] ^ (in[i] & 1);
        signals[1 + bits->input_count + 2 * n] = first + 3 == fault->pin ? fault->value : total % 2;
        signals[2 + bits->input_count + 2 * n] = first + 4 == fault->pin ? fault->value : total >= 2;
    }
    int64_t value = 0;
    for (uint32_t k = 0; k < bits->output_count; k++) {
        int64_t bit = signals[bits->outputs[k] >> 1] ^ (bits->outputs[k] & 1);
        bool negative = group->type.is_signed && k + 1 == bits->output_count;
        value += (negative ? -bit : bit) * ((int64_t)1 << k);
    }
    free(signals);
    return value;
}

/* True when the fault changes an output, all gates after it being recomputed. */
static bool found_by_force(const struct cf_netlist *netlist, const struct cf_bits_cell *cells, const int64_t *good,
                           const struct cf_fault *fault)
{
    int64_t *nets = calloc(netlist->net_count, sizeof *nets);
    bool found = false;
    memcpy(nets, good, netlist->groups[CF_INPUT].count * sizeof *nets);
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            const struct cf_cell *cell = &netlist->cells[group->cell[i]];
            uint32_t net = group->first_net + i;
            nets[net] = net == fault->net ? faulty_value(netlist, &cells[group->cell[i]], group, i, nets, fault)
                                          : cf_cell_output(cell, cf_cell_sum(cell, cf_instance_bases(group, i), nets));
            found |= group->output && nets[net] != good[net];
        }
    }
    free(nets);
    return found;
}

static uint64_t check_circuit(const struct cf_netlist *netlist, uint32_t frames, uint64_t sample)
{
    struct cf_error err;
    struct cf_fault_list list;
    struct cf_bits_cell *cells = cf_lower_cells(netlist, &err);
    int64_t *nets = calloc((size_t)netlist->net_count * frames, sizeof *nets);
    int32_t *input = calloc(netlist->groups[CF_INPUT].count, sizeof *input);
    assert_true(cells && cf_fault_list_make(&list, netlist, cells, sample, 7, &err));
    for (uint32_t f = 0; f < frames; f++) {
        int64_t *frame = nets + (size_t)f * netlist->net_count;
        random_input(&source, netlist, frame);
        for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++)
            input[i] = (int32_t)frame[i];
        cf_word_evaluate(netlist, frame);
        assert_true(cf_faults_run(&list, netlist, cells, input, f, 1 + (int)(f % 2), &err));
    }
    uint64_t found = 0;
    for (uint64_t i = 0; i < list.count; i++) {
        uint32_t expected = CF_FAULT_MISSED;
        for (uint32_t f = 0; f < frames && expected == CF_FAULT_MISSED; f++)
            if (found_by_force(netlist, cells, nets + (size_t)f * netlist->net_count, &list.faults[i]))
                expected = f;
        if (list.faults[i].frame != expected) {
            char text[256];
            fail_msg("%s: frame %u, by brute force %u",
                     cf_fault_text(&list.faults[i], netlist, cells, text, sizeof text), list.faults[i].frame, expected);
        }
        assert_true(list.faults[i].seen || expected == CF_FAULT_MISSED);
        found += expected != CF_FAULT_MISSED;
    }
    cf_fault_list_free(&list);
    cf_lower_free(cells, netlist->cell_count);
    free(nets);
    free(input);
    return found;
}

static void faults_are_found_exactly(void **unused)
{
    (void)unused;
    uint64_t found = 0;
    for (int made = 0; made < 6;) {
        struct cf_netlist *netlist = random_circuit(&source);
        assert_non_null(netlist);
        if (netlist->net_count < 2500) {
            found += check_circuit(netlist, 2, 300);
            made++;
        }
        cf_netlist_free(netlist);
    }
    assert_true(found > 100); /* the circuits are not so blind that the test says nothing */
}

static void random_netlists_agree(void **unused)
{
    (void)unused;
    for (uint64_t seed = 300; seed < 340; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        struct cf_netlist *netlist = random_netlist(&options);
        assert_non_null(netlist);
        if (netlist->groups[CF_INPUT].type.width <= 31 && netlist->net_count < 1000)
            check_circuit(netlist, 2, 150);
        cf_netlist_free(netlist);
    }
}

/* Without a sample, every pin that something reads is listed once for each cell and value. */
static void every_pin_is_listed(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_fault_list list;
    struct cf_netlist *netlist;
    do
        netlist = random_circuit(&source);
    while (netlist->net_count > 4000 && (cf_netlist_free(netlist), true));
    struct cf_bits_cell *cells = cf_lower_cells(netlist, &err);
    assert_true(cells && cf_fault_list_make(&list, netlist, cells, 0, 1, &err));
    uint64_t expected = 0;
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t c = 0; c < netlist->cell_count; c++) {
            bool placed = false;
            for (uint32_t i = 0; i < netlist->groups[g].count; i++)
                placed |= netlist->groups[g].cell[i] == c;
            const struct cf_bits *bits = &cells[c].bits;
            uint8_t *used = cf_bits_used(bits), *read = calloc(cf_bits_signals(bits), 1);
            for (uint32_t n = 0; placed && n < bits->node_count; n++) {
                read[bits->nodes[n].a >> 1] = read[bits->nodes[n].b >> 1] = read[bits->nodes[n].c >> 1] = 1;
                expected += 2u * (2u + (bits->nodes[n].c != 0) + (used[n] & 1) + (used[n] >> 1));
            }
            for (uint32_t i = 0; placed && i < bits->output_count; i++)
                read[bits->outputs[i] >> 1] = 1;
            for (uint32_t i = 0; i < bits->input_count; i++)
                expected += 2u * read[1 + i];
            free(used);
            free(read);
        }
    assert_int_equal(list.count, expected);
    cf_fault_list_free(&list);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found_exactly),
        cmocka_unit_test(random_netlists_agree),
        cmocka_unit_test(every_pin_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
