/* network.c - builds, checks, sweeps and counts adder networks. */
#include "netlists/exchange/network.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void cf_network_free(struct cf_network *network)
{
    free(network->nodes);
    free(network->outputs);
    *network = (struct cf_network){0};
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int cf_network_place_compare(const struct cf_network_place *a, const struct cf_network_place *b)
{
    int by_span = compare(b->span, a->span), by_port = compare(a->port, b->port);
    int by_number = compare(a->number, b->number), by_part = compare(a->part, b->part);
    return by_span ? by_span : by_port ? by_port : by_number ? by_number : by_part;
}

void cf_network_cell_free(struct cf_network_cell *cell)
{
    cf_network_free(&cell->network);
    free(cell->operands);
    free(cell->stages);
    *cell = (struct cf_network_cell){0};
}

bool cf_network_push(struct cf_network *network, cf_lit a, cf_lit b, cf_lit c)
{
    size_t count = network->node_count + (size_t)1;
    assert(a < 2 * cf_network_signals(network) && b < 2 * cf_network_signals(network) &&
           c < 2 * cf_network_signals(network));
    if (1 + network->input_count + 2 * count > CF_NETWORK_MAX_SIGNALS ||
        !cf_array_reserve(&network->nodes, &network->node_capacity, count, sizeof *network->nodes))
        return false;
    network->nodes[network->node_count++] = (struct cf_network_node){a, b, c};
    return true;
}

/* Puts the larger literal first. Three literals so sorted have a literal beside its inverse, and constants last. */
static void order(cf_lit *a, cf_lit *b)
{
    if (*a < *b) {
        cf_lit smaller = *a;
        *a = *b;
        *b = smaller;
    }
}

bool cf_network_add(struct cf_network *network, cf_lit x, cf_lit y, cf_lit z, cf_lit *sum, cf_lit *carry)
{
    assert(x < 2 * cf_network_signals(network) && y < 2 * cf_network_signals(network) &&
           z < 2 * cf_network_signals(network));
    cf_lit a = x, b = y, c = z;
    order(&a, &b);
    order(&b, &c);
    order(&a, &b);
    if ((a ^ b) <= 1) { /* x + x + c, or x + ~x + c */
        *sum = a == b ? c : c ^ 1;
        *carry = a == b ? a : c;
        return true;
    }
    if ((b ^ c) <= 1) { /* x + y + y, or x + y + ~y; two constants are such a pair, too */
        *sum = b == c ? a : a ^ 1;
        *carry = b == c ? b : a;
        return true;
    }
    uint32_t node = network->node_count;
    if (c > CF_LIT_TRUE) { /* nothing folds: keep the caller's order, by which simulators recognise counters */
        if (!cf_network_push(network, x, y, z))
            return false;
        *sum = cf_network_sum(network, node);
        *carry = cf_network_carry(network, node);
        return true;
    }
    cf_lit inverted = c; /* a + b + 1 = 3 - (~a + ~b): both result bits are those of ~a + ~b, inverted */
    if (!cf_network_push(network, a ^ inverted, b ^ inverted, CF_LIT_FALSE))
        return false;
    *sum = cf_network_sum(network, node) ^ inverted;
    *carry = cf_network_carry(network, node) ^ inverted;
    return true;
}

bool cf_network_check(const struct cf_network *network, const char *label, struct cf_error *err)
{
    if ((uint64_t)1 + network->input_count + 2 * (uint64_t)network->node_count > CF_NETWORK_MAX_SIGNALS)
        return cf_fail(err, "%s: more than 2^31 - 1 signals", label);
    for (uint32_t n = 0; n < network->node_count; n++) {
        const struct cf_network_node *node = &network->nodes[n];
        cf_lit limit = cf_network_sum(network, n);
        if (node->a >= limit || node->b >= limit || node->c >= limit)
            return cf_fail(err, "%s: node %u reads a signal that is not before it", label, n);
    }
    for (uint32_t i = 0; i < network->output_count; i++)
        if (network->outputs[i] >= 2 * (uint64_t)cf_network_signals(network))
            return cf_fail(err, "%s: output %u is no signal of the network", label, i);
    return true;
}

static void mark(const struct cf_network *network, uint8_t *used, cf_lit literal)
{
    uint32_t signal = cf_lit_signal(literal);
    if (cf_network_is_node(network, signal))
        used[cf_network_driver(network, signal)] |= cf_network_is_carry(network, signal) ? CF_CARRY_USED : CF_SUM_USED;
}

uint8_t *cf_network_used(const struct cf_network *network)
{
    uint8_t *used = calloc(network->node_count ? network->node_count : 1, 1);
    if (!used)
        return NULL;
    for (uint32_t i = 0; i < network->output_count; i++)
        mark(network, used, network->outputs[i]);
    for (uint32_t n = network->node_count; n-- > 0;) {
        if (!used[n])
            continue;
        mark(network, used, network->nodes[n].a);
        mark(network, used, network->nodes[n].b);
        mark(network, used, network->nodes[n].c);
    }
    return used;
}

/* The literal after a sweep, in which node n becomes node place[n]. */
static cf_lit moved(const struct cf_network *network, const uint32_t *place, cf_lit literal)
{
    uint32_t signal = cf_lit_signal(literal);
    if (!cf_network_is_node(network, signal))
        return literal;
    uint32_t node = cf_network_driver(network, signal);
    return literal - 4 * (node - place[node]);
}

/* Sweeps; the end of each stage becomes the number of nodes that stay before it. */
static bool sweep(struct cf_network *network, struct cf_network_stage *stages, uint32_t stage_count,
                  struct cf_error *err)
{
    uint8_t *used = cf_network_used(network);
    uint32_t *place = malloc((network->node_count ? network->node_count : 1) * sizeof *place);
    bool done = (used && place) || cf_fail(err, "out of memory");
    uint32_t kept = 0, stage = 0;
    for (uint32_t n = 0; done && n < network->node_count; n++) {
        while (stage < stage_count && stages[stage].node_end <= n)
            stages[stage++].node_end = kept;
        place[n] = kept;
        if (!used[n])
            continue;
        struct cf_network_node node = network->nodes[n];
        network->nodes[kept++] = (struct cf_network_node){moved(network, place, node.a), moved(network, place, node.b),
                                                          moved(network, place, node.c)};
    }
    for (uint32_t i = 0; done && i < network->output_count; i++)
        network->outputs[i] = moved(network, place, network->outputs[i]);
    while (done && stage < stage_count)
        stages[stage++].node_end = kept;
    if (done)
        network->node_count = kept;
    free(used);
    free(place);
    return done;
}

bool cf_network_sweep(struct cf_network *network, struct cf_error *err)
{
    return sweep(network, NULL, 0, err);
}

bool cf_network_cell_sweep(struct cf_network_cell *cell, struct cf_error *err)
{
    return sweep(&cell->network, cell->stages, cell->stage_count, err);
}

/* Adds the cost of one node. Of AND nodes, aiger.c builds an XOR from three, a full adder from seven and a majority
 * alone from four. */
static void count_node(struct cf_network_counts *counts, bool full, int used)
{
    static const uint8_t aig[2][4] = {{0, 3, 1, 3}, {0, 6, 4, 7}}, gates[2][4] = {{0, 1, 1, 2}, {0, 2, 4, 5}};
    bool sum = used & CF_SUM_USED, carry = used & CF_CARRY_USED;
    counts->full_adders += full && sum && carry;
    counts->half_adders += !full && sum && carry;
    counts->majority_gates += full && carry && !sum;
    counts->and_gates += !full && carry && !sum;
    counts->parity_gates += full && sum && !carry;
    counts->xor_gates += !full && sum && !carry;
    counts->aig_nodes += aig[full][used];
    counts->two_input_gates += gates[full][used];
    counts->threshold_gates += sum ? 2 : carry;
}

static uint32_t level_of(const struct cf_network *network, const uint32_t *levels, cf_lit literal)
{
    uint32_t signal = cf_lit_signal(literal);
    return cf_network_is_node(network, signal) ? levels[cf_network_driver(network, signal)] : 0;
}

static void note_inverter(uint8_t *inverted, cf_lit literal, uint64_t *count)
{
    if (!(literal & 1) || literal == CF_LIT_TRUE || inverted[literal >> 1])
        return;
    inverted[literal >> 1] = 1;
    ++*count;
}

bool cf_network_count(const struct cf_network *network, struct cf_network_counts *counts, struct cf_error *err)
{
    *counts = (struct cf_network_counts){0};
    uint8_t *used = cf_network_used(network), *inverted = calloc(cf_network_signals(network), 1);
    uint32_t *levels = calloc(network->node_count ? network->node_count : 1, sizeof *levels);
    bool done = (used && inverted && levels) || cf_fail(err, "out of memory");
    for (uint32_t n = 0; done && n < network->node_count; n++) {
        const cf_lit in[3] = {network->nodes[n].a, network->nodes[n].b, network->nodes[n].c};
        if (!used[n])
            continue;
        count_node(counts, in[2] != CF_LIT_FALSE, used[n]);
        for (int i = 0; i < 3; i++) {
            uint32_t level = level_of(network, levels, in[i]);
            if (level >= levels[n])
                levels[n] = level + 1;
            note_inverter(inverted, in[i], &counts->inverters);
        }
        if (levels[n] > counts->depth)
            counts->depth = levels[n];
    }
    for (uint32_t i = 0; done && i < network->output_count; i++)
        note_inverter(inverted, network->outputs[i], &counts->inverters);
    free(used);
    free(inverted);
    free(levels);
    return done;
}

void cf_network_counts_add(struct cf_network_counts *total, const struct cf_network_counts *one, uint64_t times)
{
    total->full_adders += times * one->full_adders;
    total->half_adders += times * one->half_adders;
    total->majority_gates += times * one->majority_gates;
    total->parity_gates += times * one->parity_gates;
    total->and_gates += times * one->and_gates;
    total->xor_gates += times * one->xor_gates;
    total->inverters += times * one->inverters;
    total->two_input_gates += times * one->two_input_gates;
    total->aig_nodes += times * one->aig_nodes;
    total->threshold_gates += times * one->threshold_gates;
    if (one->depth > total->depth)
        total->depth = one->depth;
}
