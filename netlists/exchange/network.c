#include "netlists/exchange/network.h"

#include <stdlib.h>
#include <string.h>

void cf_network_free(struct cf_network *bits)
{
    free(bits->nodes);
    free(bits->outputs);
    *bits = (struct cf_network){0};
}

void cf_network_cell_free(struct cf_network_cell *cell)
{
    cf_network_free(&cell->bits);
    free(cell->operands);
    free(cell->stages);
    *cell = (struct cf_network_cell){0};
}

bool cf_network_push(struct cf_network *bits, cf_lit a, cf_lit b, cf_lit c)
{
    if (bits->node_count == bits->node_capacity) {
        uint64_t wanted = bits->node_capacity ? 2 * (uint64_t)bits->node_capacity : 64;
        if (1 + bits->input_count + 2 * wanted > CF_NETWORK_MAX_SIGNALS)
            return false;
        struct cf_network_node *bigger = realloc(bits->nodes, wanted * sizeof *bigger);
        if (!bigger)
            return false;
        bits->nodes = bigger;
        bits->node_capacity = (uint32_t)wanted;
    }
    bits->nodes[bits->node_count++] = (struct cf_network_node){a, b, c};
    return true;
}

/* Puts the larger literal first, so that constants end up last and a literal next to its inverse. */
static void order(cf_lit *a, cf_lit *b)
{
    if (*a < *b) {
        cf_lit t = *a;
        *a = *b;
        *b = t;
    }
}

bool cf_network_add(struct cf_network *bits, cf_lit x, cf_lit y, cf_lit z, cf_lit *sum, cf_lit *carry)
{
    cf_lit a = x, b = y, c = z;
    order(&a, &b);
    order(&b, &c);
    order(&a, &b);
    if ((a ^ b) <= 1) { /* x + x + c, or x + ~x + c */
        *sum = a == b ? c : c ^ 1;
        *carry = a == b ? a : c;
        return true;
    }
    if ((b ^ c) <= 1) { /* the same with the other pair; also two constants */
        *sum = b == c ? a : a ^ 1;
        *carry = b == c ? b : a;
        return true;
    }
    uint32_t node = bits->node_count;
    if (c > CF_LIT_TRUE) { /* nothing is known: keep the caller's order, which simulators recognise */
        if (!cf_network_push(bits, x, y, z))
            return false;
        *sum = cf_network_sum(bits, node);
        *carry = cf_network_carry(bits, node);
        return true;
    }
    cf_lit inverted = c; /* a + b + 1 = 3 - (~a + ~b): both bits are those of ~a + ~b, inverted */
    if (!cf_network_push(bits, a ^ inverted, b ^ inverted, CF_LIT_FALSE))
        return false;
    *sum = cf_network_sum(bits, node) ^ inverted;
    *carry = cf_network_carry(bits, node) ^ inverted;
    return true;
}

bool cf_network_check(const struct cf_network *bits, const char *label, struct cf_error *err)
{
    if ((uint64_t)1 + bits->input_count + 2 * (uint64_t)bits->node_count > CF_NETWORK_MAX_SIGNALS)
        return cf_fail(err, "%s: more than 2^31 - 1 signals", label);
    for (uint32_t n = 0; n < bits->node_count; n++) {
        const struct cf_network_node *node = &bits->nodes[n];
        cf_lit limit = cf_network_sum(bits, n);
        if (node->a >= limit || node->b >= limit || node->c >= limit)
            return cf_fail(err, "%s: node %u reads a signal that is not before it", label, n);
    }
    for (uint32_t i = 0; i < bits->output_count; i++)
        if (bits->outputs[i] >= 2 * (uint64_t)cf_network_signals(bits))
            return cf_fail(err, "%s: output %u is no signal of the network", label, i);
    return true;
}

static void mark(const struct cf_network *bits, uint8_t *used, cf_lit literal)
{
    uint32_t signal = cf_lit_signal(literal);
    if (cf_network_is_node(bits, signal))
        used[cf_network_driver(bits, signal)] |= cf_network_is_carry(bits, signal) ? 2 : 1;
}

uint8_t *cf_network_used(const struct cf_network *bits)
{
    uint8_t *used = calloc(bits->node_count ? bits->node_count : 1, 1);
    if (!used)
        return NULL;
    for (uint32_t i = 0; i < bits->output_count; i++)
        mark(bits, used, bits->outputs[i]);
    for (uint32_t n = bits->node_count; n-- > 0;) {
        if (!used[n])
            continue;
        mark(bits, used, bits->nodes[n].a);
        mark(bits, used, bits->nodes[n].b);
        mark(bits, used, bits->nodes[n].c);
    }
    return used;
}

static cf_lit moved(const struct cf_network *bits, const uint32_t *place, cf_lit literal)
{
    uint32_t signal = cf_lit_signal(literal);
    if (!cf_network_is_node(bits, signal))
        return literal;
    uint32_t node = cf_network_driver(bits, signal);
    return literal - 4 * (node - place[node]);
}

/* Sweeps; the ends of the stages are node counts, which move with the nodes. */
static bool sweep(struct cf_network *bits, struct cf_network_stage *stages, uint32_t stage_count, struct cf_error *err)
{
    uint8_t *used = cf_network_used(bits);
    uint32_t *place = malloc((bits->node_count ? bits->node_count : 1) * sizeof *place);
    bool done = (used && place) || cf_fail(err, "out of memory");
    uint32_t kept = 0, stage = 0;
    for (uint32_t n = 0; done && n < bits->node_count; n++) {
        while (stage < stage_count && stages[stage].node_end <= n)
            stages[stage++].node_end = kept;
        place[n] = kept;
        if (!used[n])
            continue;
        struct cf_network_node node = bits->nodes[n];
        bits->nodes[kept++] = (struct cf_network_node){moved(bits, place, node.a), moved(bits, place, node.b),
                                                       moved(bits, place, node.c)};
    }
    for (uint32_t i = 0; done && i < bits->output_count; i++)
        bits->outputs[i] = moved(bits, place, bits->outputs[i]);
    while (done && stage < stage_count)
        stages[stage++].node_end = kept;
    if (done)
        bits->node_count = kept;
    free(used);
    free(place);
    return done;
}

bool cf_network_sweep(struct cf_network *bits, struct cf_error *err)
{
    return sweep(bits, NULL, 0, err);
}

bool cf_network_cell_sweep(struct cf_network_cell *cell, struct cf_error *err)
{
    return sweep(&cell->bits, cell->stages, cell->stage_count, err);
}

void cf_network_evaluate(const struct cf_network *bits, const uint64_t *inputs, uint64_t *signals)
{
    signals[0] = 0;
    if (bits->input_count)
        memcpy(signals + 1, inputs, bits->input_count * sizeof *inputs);
    uint64_t *out = signals + 1 + bits->input_count;
    for (uint32_t n = 0; n < bits->node_count; n++, out += 2) {
        uint64_t a = cf_network_value(signals, bits->nodes[n].a), b = cf_network_value(signals, bits->nodes[n].b),
                 c = cf_network_value(signals, bits->nodes[n].c);
        out[0] = a ^ b ^ c;
        out[1] = (a & b) | (c & (a | b));
    }
}

/* Adds the cost of one node. AND nodes: aiger.h builds XOR from three, a full adder from seven and a lone majority
 * from four. */
static void count_node(struct cf_network_counts *counts, bool full, int used)
{
    static const uint8_t aig[2][4] = {{0, 3, 1, 3}, {0, 6, 4, 7}}, gates[2][4] = {{0, 1, 1, 2}, {0, 2, 4, 5}};
    if (used == 3)
        (*(full ? &counts->full_adders : &counts->half_adders))++;
    else if (used == 2)
        (*(full ? &counts->majority_gates : &counts->and_gates))++;
    else if (used == 1)
        (*(full ? &counts->parity_gates : &counts->xor_gates))++;
    counts->aig_nodes += aig[full][used];
    counts->two_input_gates += gates[full][used];
    counts->threshold_gates += used == 0 ? 0 : used == 2 ? 1 : 2;
}

static uint32_t level_of(const struct cf_network *bits, const uint32_t *levels, cf_lit literal)
{
    uint32_t signal = cf_lit_signal(literal);
    return cf_network_is_node(bits, signal) ? levels[cf_network_driver(bits, signal)] : 0;
}

static void note_inverter(uint8_t *inverted, cf_lit literal, uint64_t *count)
{
    if (!(literal & 1) || literal == CF_LIT_TRUE || inverted[literal >> 1])
        return;
    inverted[literal >> 1] = 1;
    ++*count;
}

bool cf_network_count(const struct cf_network *bits, struct cf_network_counts *counts, struct cf_error *err)
{
    *counts = (struct cf_network_counts){0};
    uint8_t *used = cf_network_used(bits), *inverted = calloc(cf_network_signals(bits), 1);
    uint32_t *levels = calloc(bits->node_count ? bits->node_count : 1, sizeof *levels);
    bool done = (used && inverted && levels) || cf_fail(err, "out of memory");
    for (uint32_t n = 0; done && n < bits->node_count; n++) {
        const cf_lit in[3] = {bits->nodes[n].a, bits->nodes[n].b, bits->nodes[n].c};
        if (!used[n])
            continue;
        count_node(counts, in[2] != CF_LIT_FALSE, used[n]);
        for (int i = 0; i < 3; i++) {
            uint32_t level = level_of(bits, levels, in[i]);
            if (level >= levels[n])
                levels[n] = level + 1;
            note_inverter(inverted, in[i], &counts->inverters);
        }
        if (levels[n] > counts->depth)
            counts->depth = levels[n];
    }
    for (uint32_t i = 0; done && i < bits->output_count; i++)
        note_inverter(inverted, bits->outputs[i], &counts->inverters);
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
