/* macro.c - recognises, among the full adders of a cell, those that form a counter, so that one instruction evaluates
 * them all.
 */
#include "sim/bits/macro.h"

#include <stdlib.h>
#include <string.h>

#include "netlists/lowering/counter.h"

const uint8_t cf_bit_op_inputs[CF_BIT_OPS] = {
    [CF_BIT_COPY] = 1,   [CF_BIT_HALF] = 2,     [CF_BIT_FULL] = 3,
    [CF_BIT_COUNT7] = 7, [CF_BIT_COUNT15] = 15, [CF_BIT_COUNT31] = 31,
};
const uint8_t cf_bit_op_outputs[CF_BIT_OPS] = {
    [CF_BIT_COPY] = 1,   [CF_BIT_HALF] = 2,    [CF_BIT_FULL] = 2,
    [CF_BIT_COUNT7] = 3, [CF_BIT_COUNT15] = 4, [CF_BIT_COUNT31] = 5,
};

struct search {
    const struct cf_network *network;
    const uint32_t *reads;                           /* [signals]: by nodes and outputs */
    uint32_t start, end;                             /* nodes that may belong to the counter */
    uint32_t next;                                   /* the first node behind the instruction */
    struct cf_counter counters[CF_COUNTER_MOST + 1]; /* by bits of the result */
};

void cf_bit_macros_free(struct cf_bit_macros *macros)
{
    free(macros->macros);
    free(macros->literals);
    free(macros->uses);
    *macros = (struct cf_bit_macros){0};
}

/* True when the literal stands before the counter, so that it can be an input of it. */
static bool is_outside(const struct search *s, cf_lit literal)
{
    return literal > CF_LIT_TRUE && literal < cf_network_sum(s->network, s->start);
}

/* Only the counter itself reads it. */
static bool is_private(const struct search *s, cf_lit literal)
{
    return s->reads[cf_lit_signal(literal)] == 1;
}

/* Matches the nodes from s->start on against a counter, adder by adder; s->next then stands behind it. */
static bool match(struct search *s, const struct cf_counter *counter, cf_lit *in, cf_lit *out)
{
    cf_lit wires[CF_COUNTER_WIRES];
    if (counter->adder_count > s->end - s->start)
        return false;
    for (uint32_t a = 0; a < counter->adder_count; a++) {
        const struct cf_network_node *node = &s->network->nodes[s->start + a];
        const cf_lit operands[3] = {node->a, node->b, node->c};
        for (int i = 0; i < 3; i++) {
            uint8_t wire = counter->adders[a].in[i];
            bool fits = wire < counter->inputs ? is_outside(s, operands[i])
                                               : operands[i] == wires[wire] && is_private(s, wires[wire]);
            if (!fits)
                return false;
            wires[wire] = operands[i];
        }
        wires[cf_counter_sum(counter, a)] = cf_network_sum(s->network, s->start + a);
        wires[cf_counter_carry(counter, a)] = cf_network_carry(s->network, s->start + a);
    }
    memcpy(in, wires, counter->inputs * sizeof *in);
    for (uint32_t i = 0; i < counter->outputs; i++)
        out[i] = wires[counter->out[i]];
    s->next = s->start + counter->adder_count;
    return true;
}

/* Turns inputs plain when all are inverted. */
static bool make_plain(cf_lit *in, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!(in[i] & 1))
            return false;
    for (uint32_t i = 0; i < count; i++)
        in[i] ^= 1;
    return true;
}

/* The same for each part of a large counter that an instruction can invert; returns which were. */
static uint8_t make_parts_plain(cf_lit *in, uint32_t size)
{
    uint32_t half = size / 2;
    return (uint8_t)((make_plain(in, half) ? CF_BIT_FIRST_HALF : 0) |
                     (make_plain(in + half, half) ? CF_BIT_SECOND_HALF : 0) |
                     (make_plain(in + 2 * half, 1) ? CF_BIT_LAST : 0));
}

static void swap_if(bool wanted, cf_lit *a, cf_lit *b)
{
    cf_lit kept = *a;
    *a = wanted ? *b : *a;
    *b = wanted ? kept : *b;
}

/* Puts the inverted inputs of an adder first; returns how many there are. */
static uint32_t sort_adder(cf_lit *in)
{
    swap_if(in[2] & 1, &in[1], &in[2]);
    swap_if(in[1] & 1, &in[0], &in[1]);
    swap_if(in[2] & 1, &in[1], &in[2]);
    return (in[0] & 1) + (in[1] & 1) + (in[2] & 1);
}

/* The same for the two adders of a counter of 7 that read inputs; the one with more of them comes first. */
static void sort_counter(cf_lit *in)
{
    bool wanted = sort_adder(in) < sort_adder(in + 3);
    for (int i = 0; i < 3; i++)
        swap_if(wanted, &in[i], &in[3 + i]);
}

/* The instruction that starts at s->start; moves s->next past it. Inputs whose order does not matter are sorted, so
 * that there are few kinds of instructions, and long runs of each. */
static uint8_t next_op(struct search *s, cf_lit *in, cf_lit *out)
{
    static const uint8_t counters[6] = {[3] = CF_BIT_COUNT7, [4] = CF_BIT_COUNT15, [5] = CF_BIT_COUNT31};
    for (int n = CF_COUNTER_MOST; n > CF_COUNTER_LEAST; n--) {
        if (!match(s, &s->counters[n], in, out))
            continue;
        if (n == 3)
            sort_counter(in);
        return counters[n];
    }
    const struct cf_network_node *node = &s->network->nodes[s->start];
    memcpy(in, node, 3 * sizeof *in);
    out[0] = cf_network_sum(s->network, s->start);
    out[1] = cf_network_carry(s->network, s->start);
    s->next = s->start + 1;
    if (node->c == CF_LIT_FALSE) {
        swap_if(in[1] & 1, &in[0], &in[1]);
        return CF_BIT_HALF;
    }
    sort_adder(in);
    return CF_BIT_FULL;
}

static uint32_t *count_reads(const struct cf_network *network)
{
    uint32_t *reads = calloc(cf_network_signals(network), sizeof *reads);
    for (uint32_t n = 0; reads && n < network->node_count; n++) {
        reads[network->nodes[n].a >> 1]++;
        reads[network->nodes[n].b >> 1]++;
        reads[network->nodes[n].c >> 1]++;
    }
    for (uint32_t i = 0; reads && i < network->output_count; i++)
        reads[network->outputs[i] >> 1]++;
    return reads;
}

static void append(struct cf_bit_macros *macros, uint8_t op, uint32_t stage, cf_lit *in, const cf_lit *out)
{
    uint32_t inputs = cf_bit_op_inputs[op], outputs = cf_bit_op_outputs[op];
    uint8_t inverted = op >= CF_BIT_COUNT15 ? make_parts_plain(in, inputs) : 0;
    macros->macros[macros->count++] =
        (struct cf_bit_macro){.first = macros->literal_count, .stage = stage, .op = op, .inverted = inverted};
    memcpy(macros->literals + macros->literal_count, in, inputs * sizeof *in);
    memcpy(macros->literals + macros->literal_count + inputs, out, outputs * sizeof *out);
    macros->literal_count += inputs + outputs;
    for (uint32_t i = 0; i < inputs; i++)
        macros->uses[in[i]]++;
}

/* Levels of the instructions of each stage, by what they read of the same stage. */
static bool find_levels(struct cf_bit_macros *macros, const struct cf_network *network)
{
    struct mark {
        uint32_t level;
        uint32_t stage;
        bool made;
    } *marks = calloc(cf_network_signals(network), sizeof *marks);
    if (!marks)
        return false;
    for (uint32_t m = 0; m < macros->count; m++) {
        struct cf_bit_macro *macro = &macros->macros[m];
        const cf_lit *in = macros->literals + macro->first, *out = in + cf_bit_op_inputs[macro->op];
        for (uint32_t i = 0; i < cf_bit_op_inputs[macro->op]; i++) {
            const struct mark *mark = &marks[in[i] >> 1];
            if (mark->made && mark->stage == macro->stage && mark->level >= macro->level)
                macro->level = mark->level + 1;
        }
        for (uint32_t i = 0; i < cf_bit_op_outputs[macro->op]; i++)
            marks[out[i] >> 1] = (struct mark){macro->level, macro->stage, true};
    }
    free(marks);
    return true;
}

bool cf_bit_macros_find(struct cf_bit_macros *macros, const struct cf_network_cell *cell)
{
    const struct cf_network *network = &cell->network;
    *macros = (struct cf_bit_macros){
        .macros = calloc(network->node_count ? network->node_count : 1, sizeof *macros->macros),
        .literals = calloc(5 * (size_t)network->node_count + 1, sizeof *macros->literals),
        .uses = calloc(2 * (size_t)cf_network_signals(network), sizeof *macros->uses),
    };
    uint32_t *reads = count_reads(network);
    struct search s = {.network = network, .reads = reads};
    cf_lit in[CF_COUNTER_INPUTS], out[CF_COUNTER_MOST];
    for (int n = CF_COUNTER_LEAST; n <= CF_COUNTER_MOST; n++)
        cf_counter_shape(&s.counters[n], n);
    bool done = macros->macros && macros->literals && macros->uses && reads;
    for (uint32_t stage = 0; done && stage < cell->stage_count; stage++)
        for (s.end = cell->stages[stage].node_end; s.start < s.end; s.start = s.next) {
            uint8_t op = next_op(&s, in, out);
            append(macros, op, stage, in, out);
        }
    for (uint32_t i = 0; done && i < network->output_count; i++)
        macros->uses[network->outputs[i]]++;
    done = done && find_levels(macros, network);
    free(reads);
    if (!done)
        cf_bit_macros_free(macros);
    return done;
}
