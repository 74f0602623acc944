/* semantics.h - for the fuzz targets of exchange formats: what a network means survives the way through a netlist. */
#ifndef COFIBER_TESTS_FUZZ_SEMANTICS_H
#define COFIBER_TESTS_FUZZ_SEMANTICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/lowering/lower_circuit.h"
#include "compiler/lowering/lower_threshold.h"
#include "netlists/lowering/lower.h"
#include "sim/word/reference.h"
#include "tests/support/evaluate_network.h"

enum { SMALL = 4096, PATTERNS = 64 }; /* signals and outputs, up to which a network is worked through */

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Outputs [output_count] of 64 patterns, malloc'd. Input i has, in pattern p, bit p of a hash of i. */
static uint64_t input_of(uint32_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;
    return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
}

static uint64_t *outputs_of(const struct cf_network *bits)
{
    uint64_t *inputs = calloc(bits->input_count + 1u, 8), *signals = calloc(cf_network_signals(bits), 8),
             *outputs = calloc(bits->output_count + 1u, 8);
    check(inputs && signals && outputs);
    for (uint32_t i = 0; i < bits->input_count; i++)
        inputs[i] = input_of(i);
    evaluate_network(bits, inputs, signals);
    for (uint32_t i = 0; i < bits->output_count; i++)
        outputs[i] = cf_network_value(signals, bits->outputs[i]);
    free(inputs);
    free(signals);
    return outputs;
}

/* The netlist, gate by gate by the definition, computes `outputs`. */
static void check_netlist(const struct cf_netlist *netlist, const uint64_t *outputs)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT], *output = &netlist->groups[netlist->group_count - 1];
    int64_t *nets = calloc(netlist->net_count, sizeof *nets);
    check(nets != NULL);
    for (uint32_t p = 0; p < PATTERNS; p++) {
        for (uint32_t i = 0; i < input->count; i++)
            nets[i] = (int64_t)(input_of(i) >> p & 1);
        cf_word_evaluate(netlist, nets);
        for (uint32_t i = 0; i < output->count; i++)
            check(nets[output->first_net + i] == (int64_t)(outputs[i] >> p & 1));
    }
    free(nets);
}

/* Into a netlist of threshold gates, and from there to a network again. */
static void check_semantics(const struct cf_network *bits, const struct cf_network_names *names, bool every)
{
    struct cf_error err = {0};
    struct cf_netlist *netlist;
    struct cf_network back;
    struct cf_network_names back_names;
    struct cf_network_counts counts;
    check(cf_network_count(bits, &counts, &err));
    if (!cf_network_to_netlist(&netlist, bits, names, every, "fuzz", &err)) {
        check(strncmp(err.text, "fuzz: ", 6) == 0);
        return;
    }
    uint64_t *outputs = outputs_of(bits);
    check_netlist(netlist, outputs);
    struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
    check(cells && cf_lower_circuit(&back, &back_names, netlist, cells, NULL, 0, 1 << 20, &err));
    check(back.output_count == bits->output_count);
    uint64_t *again = outputs_of(&back);
    check(memcmp(outputs, again, bits->output_count * sizeof *outputs) == 0);
    free(outputs);
    free(again);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(netlist);
    cf_network_free(&back);
    cf_network_names_free(&back_names);
}

#endif
