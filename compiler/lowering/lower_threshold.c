/* lower_threshold.c - turns a binary network into a netlist of threshold gates, level by level. */
#include "compiler/lowering/lower_threshold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thousands.h"
#include "compiler/lowering/imported.h"
#include "compiler/lowering/threshold_gate.h"
#include "netlists/check.h"

enum { MOST_LEVELS = CF_MAX_GROUPS - 2, NOWHERE = 0xffffffff }; /* the input and the outputs are groups, too */

static const struct cf_type one_bit = {1, false, 0};

enum kind { CARRY, SUM, STEP };

/* A gate: the carry or the sum of a node, or a step. */
struct spot {
    uint32_t index;
    enum kind kind;
};

struct conversion {
    const struct cf_network *network;
    const struct cf_cut *cut;
    struct cf_netlist *netlist;
    uint8_t *used;         /* by node, as cf_network_used: which gates there are */
    uint32_t *level;       /* by signal; inputs and constants 0 */
    uint32_t *net;         /* by signal */
    uint32_t *first;       /* [step_count]: place of a step's first operand in the outputs */
    uint8_t *read;         /* by signal: whether a gate reads it */
    uint32_t *output;      /* by signal: the first output that is this gate itself, or NOWHERE */
    struct spot *spots;    /* gates that are no outputs, by level */
    uint32_t *level_first; /* [levels + 2]: places in `spots` */
    uint32_t levels;
    struct cf_threshold_gate gate; /* at hand */
    struct cf_threshold_cells cells;
    struct cf_error *err;
};

static bool out_of_memory(struct conversion *c)
{
    return cf_fail(c->err, "%s: out of memory", c->netlist->label);
}

static uint32_t signal_of(const struct conversion *c, struct spot spot)
{
    return spot.kind == STEP    ? 1 + c->cut->inputs + spot.index
           : spot.kind == CARRY ? cf_network_carry(c->network, spot.index) / 2
                                : cf_network_sum(c->network, spot.index) / 2;
}

static uint32_t max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t operand_count(const struct cf_cell *step)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < step->term_count; t++)
        count += step->ports[step->terms[t].port].width;
    return count;
}

static void find_node_level(struct conversion *c, uint32_t n)
{
    const struct cf_network_node *node = &c->network->nodes[n];
    uint32_t carry = cf_network_carry(c->network, n) / 2;
    c->level[carry] = 1 + max(c->level[node->a >> 1], max(c->level[node->b >> 1], c->level[node->c >> 1]));
    c->level[carry - 1] = c->level[carry] + 1;
}

/* The nodes up to the last one that a step reads were made before the step, so they read only earlier steps. */
static void find_levels(struct conversion *c)
{
    uint32_t node = 0, operand = c->cut->outputs;
    for (uint32_t s = 0; s < c->cut->step_count; s++) {
        uint32_t end = operand + operand_count(c->cut->steps[s]), level = 0;
        c->first[s] = operand;
        for (; operand < end; operand++) {
            uint32_t signal = c->network->outputs[operand] >> 1;
            while (cf_network_is_node(c->network, signal) && node <= cf_network_driver(c->network, signal))
                find_node_level(c, node++);
            level = max(level, c->level[signal]);
        }
        c->level[1 + c->cut->inputs + s] = level + 1;
    }
    while (node < c->network->node_count)
        find_node_level(c, node++);
}

static void find_readers(struct conversion *c)
{
    for (uint32_t n = 0; n < c->network->node_count; n++) {
        const struct cf_network_node *node = &c->network->nodes[n];
        if (c->used[n])
            c->read[node->a >> 1] = c->read[node->b >> 1] = c->read[node->c >> 1] = 1;
        if (c->used[n] & 1)
            c->read[cf_network_carry(c->network, n) / 2] = 1;
    }
    for (uint32_t i = c->cut->outputs; i < c->network->output_count; i++)
        c->read[c->network->outputs[i] >> 1] = 1;
}

/* Decides which gates are outputs themselves. */
static void find_outputs(struct conversion *c)
{
    for (uint32_t i = 0; i < c->cut->outputs; i++) {
        uint32_t signal = c->network->outputs[i] >> 1;
        if (signal > c->cut->inputs && !c->read[signal] && c->output[signal] == NOWHERE)
            c->output[signal] = i;
    }
}

/* Counts a gate that is not an output under its level or, given the `next` place of each level, puts it there. */
static void sort_spot(struct conversion *c, struct spot spot, uint32_t *next)
{
    uint32_t signal = signal_of(c, spot), level = c->level[signal];
    if (c->output[signal] != NOWHERE)
        return;
    if (next)
        c->spots[next[level]++] = spot;
    else
        c->level_first[level + 1]++;
}

static void sort_spots(struct conversion *c, uint32_t *next)
{
    for (uint32_t s = 0; s < c->cut->step_count; s++)
        sort_spot(c, (struct spot){s, STEP}, next);
    for (uint32_t n = 0; n < c->network->node_count; n++) {
        if (c->used[n]) /* the carry is an operand of the sum */
            sort_spot(c, (struct spot){n, CARRY}, next);
        if (c->used[n] & 1)
            sort_spot(c, (struct spot){n, SUM}, next);
    }
}

static bool find_spots(struct conversion *c)
{
    const struct cf_network *network = c->network;
    find_levels(c);
    for (uint32_t s = 0; s < cf_network_signals(network); s++)
        c->levels = max(c->levels, c->level[s]);
    c->level_first = calloc((size_t)c->levels + 2, sizeof *c->level_first);
    c->spots = calloc(2 * (size_t)network->node_count + c->cut->step_count + 1, sizeof *c->spots);
    uint32_t *next = calloc((size_t)c->levels + 2, sizeof *next);
    bool done = c->level_first && c->spots && next;
    if (done) {
        sort_spots(c, NULL);
        for (uint32_t l = 1; l <= c->levels + 1; l++)
            next[l] = c->level_first[l] += c->level_first[l - 1];
        sort_spots(c, next);
        while (c->levels > 0 && c->level_first[c->levels] == c->level_first[c->levels + 1])
            c->levels--;
    }
    free(next);
    if (done && c->levels > MOST_LEVELS) {
        char text[2][CF_THOUSANDS];
        return cf_fail(c->err, "%s: %s levels of threshold gates; a netlist holds %s", c->netlist->label,
                       cf_thousands(c->levels, text[0]), cf_thousands(MOST_LEVELS, text[1]));
    }
    return done || out_of_memory(c);
}

/* Adds weight * literal to the gate: a constant is no wire, and ~x = 1 - x. */
static bool add_literal(struct conversion *c, cf_lit literal, int64_t weight)
{
    if (literal & 1)
        c->gate.bias += weight;
    return literal <= CF_LIT_TRUE ||
           cf_threshold_gate_add(&c->gate, c->net[literal >> 1], literal & 1 ? -weight : weight);
}

/* H(a + b + c - 2), or H(a + b + c - 2 carry - 1). */
static bool make_adder(struct conversion *c, struct spot spot)
{
    const struct cf_network_node *node = &c->network->nodes[spot.index];
    c->gate.bias = spot.kind == SUM ? -1 : -2;
    return add_literal(c, node->a, 1) && add_literal(c, node->b, 1) && add_literal(c, node->c, 1) &&
           (spot.kind == CARRY || add_literal(c, cf_network_carry(c->network, spot.index), -2));
}

static bool make_step(struct conversion *c, uint32_t s)
{
    const struct cf_cell *cell = c->cut->steps[s];
    const cf_lit *operand = c->network->outputs + c->first[s];
    c->gate.bias = cell->bias;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        struct cf_type type = cell->ports[cell->terms[t].port];
        for (uint32_t k = 0; k < type.width; k++) {
            int64_t weight = (int64_t)cell->terms[t].weight * ((int64_t)1 << (cell->terms[t].shift + k));
            bool negative = type.is_signed && k + 1u == type.width;
            if (!add_literal(c, *operand++, negative ? -weight : weight))
                return false;
        }
    }
    return true;
}

static bool make_gate(struct conversion *c, struct spot spot)
{
    cf_threshold_gate_clear(&c->gate);
    return (spot.kind == STEP ? make_step(c, spot.index) : make_adder(c, spot)) || out_of_memory(c);
}

static bool place(struct conversion *c, struct cf_group *group, uint32_t index)
{
    return cf_threshold_gate_place(&c->gate, &c->cells, c->netlist, group, index, c->err);
}

static bool add_level(struct conversion *c, uint32_t level)
{
    uint32_t first = c->level_first[level], count = c->level_first[level + 1] - first, ports = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (!make_gate(c, c->spots[first + i]))
            return false;
        ports = max(ports, cf_threshold_gate_ports(&c->gate));
    }
    char name[24];
    snprintf(name, sizeof name, "level%u", level);
    if (!cf_netlist_add_group(c->netlist, name, 1, &count, ports, one_bit, false, c->err))
        return false;
    struct cf_group *group = &c->netlist->groups[c->netlist->group_count - 1];
    for (uint32_t i = 0; i < count; i++) {
        c->net[signal_of(c, c->spots[first + i])] = group->first_net + i;
        if (!make_gate(c, c->spots[first + i]) || !place(c, group, i))
            return false;
    }
    return true;
}

/* Adds an output: the gate itself (a second copy if the gate already is an output), or a gate H(x - 1) = x that passes
 * on a signal computed elsewhere. */
static bool make_output(struct conversion *c, uint32_t i, uint32_t *passing)
{
    cf_lit literal = c->network->outputs[i];
    uint32_t signal = literal >> 1;
    *passing += c->output[signal] != i;
    if (c->output[signal] == NOWHERE) {
        cf_threshold_gate_clear(&c->gate);
        c->gate.bias = -1;
        return add_literal(c, literal, 1) || out_of_memory(c);
    }
    struct spot spot = {signal - 1 - c->cut->inputs, STEP};
    if (cf_network_is_node(c->network, signal))
        spot =
            (struct spot){cf_network_driver(c->network, signal), cf_network_is_carry(c->network, signal) ? CARRY : SUM};
    if (!make_gate(c, spot))
        return false;
    if (literal & 1)
        cf_threshold_gate_invert(&c->gate);
    return true;
}

static bool add_outputs(struct conversion *c, uint32_t *passing)
{
    uint32_t shape[3] = {1, 1, c->cut->outputs}, ports = 1;
    *passing = 0;
    for (uint32_t i = 0; i < c->cut->outputs; i++) {
        if (!make_output(c, i, passing))
            return false;
        ports = max(ports, cf_threshold_gate_ports(&c->gate));
    }
    if (!cf_netlist_add_group(c->netlist, "output", 3, shape, ports, one_bit, true, c->err))
        return false;
    *passing = 0;
    for (uint32_t i = 0; i < c->cut->outputs; i++)
        if (!make_output(c, i, passing) || !place(c, &c->netlist->groups[c->netlist->group_count - 1], i))
            return false;
    return true;
}

static bool start(struct conversion *c)
{
    uint32_t signals = cf_network_signals(c->network);
    c->level = calloc(signals, sizeof *c->level);
    c->net = calloc(signals, sizeof *c->net);
    c->read = calloc(signals, sizeof *c->read);
    c->output = malloc(signals * sizeof *c->output);
    c->first = calloc((size_t)c->cut->step_count + 1, sizeof *c->first);
    c->used = cf_network_used(c->network);
    if (!c->level || !c->net || !c->read || !c->output || !c->first || !c->used)
        return out_of_memory(c);
    memset(c->output, 0xff, signals * sizeof *c->output);
    return c->cut->outputs > 0 || cf_fail(c->err, "%s: the network has no outputs", c->netlist->label);
}

static bool convert(struct conversion *c, const struct cf_network_names *names, uint32_t *passing)
{
    uint32_t shape[3] = {1, 1, max(c->cut->inputs, 1)};
    if (!find_spots(c) || !cf_netlist_add_group(c->netlist, "input", 3, shape, 0, one_bit, false, c->err))
        return false;
    for (uint32_t i = 0; i < c->cut->inputs; i++)
        c->net[1 + i] = i;
    for (uint32_t level = 1; level <= c->levels; level++)
        if (!add_level(c, level))
            return false;
    return add_outputs(c, passing) &&
           cf_imported_note_names(c->netlist, names, c->cut->inputs, c->cut->outputs, c->err) &&
           cf_netlist_check(c->netlist, c->err);
}

static bool finish(struct conversion *c, bool done, struct cf_netlist **netlist)
{
    free(c->used);
    free(c->level);
    free(c->net);
    free(c->first);
    free(c->read);
    free(c->output);
    free(c->spots);
    free(c->level_first);
    cf_threshold_gate_free(&c->gate);
    cf_threshold_cells_free(&c->cells);
    if (!done)
        cf_netlist_free(c->netlist);
    *netlist = done ? c->netlist : NULL;
    return done;
}

/* Stores the level of each node's carry, in the order of the nodes. */
static bool note_file(struct conversion *c, const struct cf_network_names *names, bool every)
{
    uint32_t count = c->network->node_count, *levels = every ? calloc((size_t)count + 1, sizeof *levels) : NULL;
    if (every && !levels)
        return out_of_memory(c);
    for (uint32_t n = 0; every && n < count; n++)
        levels[n] = c->level[cf_network_carry(c->network, n) / 2];
    bool done = cf_imported_note_file(c->netlist, names, levels, count, c->err);
    free(levels);
    return done;
}

bool cf_network_to_netlist(struct cf_netlist **netlist, const struct cf_network *network,
                           const struct cf_network_names *names, bool every, const char *label, struct cf_error *err)
{
    const struct cf_cut cut = {.inputs = network->input_count, .outputs = network->output_count};
    struct conversion c = {.network = network, .cut = &cut, .netlist = cf_netlist_new(label, err), .err = err};
    uint32_t passing;
    *netlist = NULL;
    bool done = c.netlist && start(&c);
    for (uint32_t n = 0; done && every && n < network->node_count; n++)
        c.used[n] |= 2;
    done = done && convert(&c, names, &passing) && note_file(&c, names, every);
    return finish(&c, done, netlist);
}

bool cf_cut_to_netlist(struct cf_netlist **netlist, const struct cf_cut *cut, const struct cf_network_names *names,
                       uint32_t *passing, const char *label, struct cf_error *err)
{
    struct conversion c = {.network = &cut->network, .cut = cut, .netlist = cf_netlist_new(label, err), .err = err};
    *netlist = NULL;
    bool done = c.netlist && start(&c);
    if (done) {
        find_readers(&c);
        find_outputs(&c);
    }
    done = done && convert(&c, names, passing);
    return finish(&c, done, netlist);
}
