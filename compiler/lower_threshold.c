#include "compiler/lower_threshold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/lower_circuit.h"
#include "netlists/check.h"

enum { MOST_LEVELS = 4000, SHAPES = 256 };

static const struct cf_type one_bit = {1, false, 0};

/* A gate: the carry or the sum of a node. */
struct spot {
    uint32_t node;
    bool sum;
};

struct conversion {
    const struct cf_bits *bits;
    struct cf_netlist *netlist;
    uint32_t *level;       /* by signal; inputs and constants 0 */
    uint32_t *net;         /* by signal */
    struct spot *spots;    /* gates, by level */
    uint32_t *level_first; /* [levels + 2]: places in `spots` */
    uint32_t levels;
    uint32_t cells[5][SHAPES]; /* by number of ports and shape: index + 1, 0 where there is none yet */
    struct cf_error *err;
};

static bool out_of_memory(struct conversion *c)
{
    return cf_fail(c->err, "%s: out of memory", c->netlist->label);
}

static uint32_t max3(uint32_t a, uint32_t b, uint32_t c)
{
    a = a > b ? a : b;
    return a > c ? a : c;
}

static bool find_levels(struct conversion *c, const uint8_t *used)
{
    const struct cf_bits *bits = c->bits;
    for (uint32_t n = 0; n < bits->node_count; n++) {
        const struct cf_bits_node *node = &bits->nodes[n];
        uint32_t carry = cf_bits_carry(bits, n) / 2;
        c->level[carry] = 1 + max3(c->level[node->a >> 1], c->level[node->b >> 1], c->level[node->c >> 1]);
        c->level[carry - 1] = c->level[carry] + 1;
        uint32_t highest = used[n] & 1 ? c->level[carry] + 1 : used[n] ? c->level[carry] : 0;
        c->levels = highest > c->levels ? highest : c->levels;
    }
    if (c->levels > MOST_LEVELS)
        return cf_fail(c->err, "%s: %u levels of threshold gates; a netlist holds %d", c->netlist->label, c->levels,
                       MOST_LEVELS);
    return true;
}

static bool sort_spots(struct conversion *c, const uint8_t *used)
{
    const struct cf_bits *bits = c->bits;
    c->level_first = calloc((size_t)c->levels + 2, sizeof *c->level_first);
    c->spots = calloc(2 * (size_t)bits->node_count + 1, sizeof *c->spots);
    uint32_t *next = calloc((size_t)c->levels + 2, sizeof *next);
    bool done = c->level_first && c->spots && next;
    for (int pass = 0; done && pass < 2; pass++) {
        for (uint32_t n = 0; n < bits->node_count; n++)
            for (int sum = 0; used[n] && sum <= (used[n] & 1); sum++) {
                uint32_t level = c->level[cf_bits_carry(bits, n) / 2] + (uint32_t)sum;
                if (pass)
                    c->spots[next[level]++] = (struct spot){n, sum};
                else
                    c->level_first[level + 1]++;
            }
        for (uint32_t l = 1; !pass && l <= c->levels + 1; l++) {
            c->level_first[l] += c->level_first[l - 1];
            next[l] = c->level_first[l];
        }
    }
    free(next);
    return done || out_of_memory(c);
}

/* A step cell over `ports` one-bit ports, of which the first `used` have these weights. */
static bool step_cell(struct conversion *c, uint32_t ports, const int32_t *weights, uint32_t used, int64_t bias,
                      uint32_t shape, uint32_t *index)
{
    static const struct cf_type types[4] = {{1, false, 0}, {1, false, 0}, {1, false, 0}, {1, false, 0}};
    if (c->cells[ports][shape]) {
        *index = c->cells[ports][shape] - 1;
        return true;
    }
    struct cf_term terms[4] = {{0}};
    for (uint32_t t = 0; t < used; t++)
        terms[t] = (struct cf_term){.port = (uint8_t)t, .weight = weights[t]};
    struct cf_cell cell = {types, terms, ports, used, bias, CF_STEP, one_bit};
    if (!cf_netlist_add_cell(c->netlist, &cell, index, c->err))
        return false;
    c->cells[ports][shape] = *index + 1;
    return true;
}

/* A constant operand is no wire: it goes into the bias. */
static bool place_spot(struct conversion *c, struct cf_group *group, uint32_t index, struct spot spot)
{
    const struct cf_bits_node *node = &c->bits->nodes[spot.node];
    const cf_lit in[3] = {node->a, node->b, node->c};
    uint32_t inputs = 0, inversions = 0, ones = 0, *base = group->base + (size_t)index * group->ports;
    int32_t weights[4];
    for (int i = 0; i < 3; i++) {
        if (in[i] <= CF_LIT_TRUE) {
            ones += in[i];
            continue;
        }
        bool inverted = in[i] & 1; /* ~x = 1 - x */
        weights[inputs] = inverted ? -1 : 1;
        inversions |= (uint32_t)inverted << inputs;
        base[inputs++] = c->net[in[i] >> 1];
    }
    uint32_t shape = (uint32_t)spot.sum << 7 | ones << 5 | inputs << 3 | inversions;
    int64_t bias = (spot.sum ? -1 : -2) + (int64_t)ones + __builtin_popcount(inversions);
    if (spot.sum) {
        weights[inputs] = -2;
        base[inputs++] = c->net[cf_bits_carry(c->bits, spot.node) / 2];
    }
    return step_cell(c, group->ports, weights, inputs, bias, shape, &group->cell[index]);
}

static bool add_level(struct conversion *c, uint32_t level)
{
    uint32_t first = c->level_first[level], count = c->level_first[level + 1] - first, ports = 2;
    for (uint32_t i = 0; i < count; i++) {
        const struct spot *spot = &c->spots[first + i];
        uint32_t fanin = (c->bits->nodes[spot->node].c == CF_LIT_FALSE ? 2u : 3u) + spot->sum;
        ports = fanin > ports ? fanin : ports;
    }
    char name[24];
    snprintf(name, sizeof name, "level%u", level);
    if (!cf_netlist_add_group(c->netlist, name, 1, &count, ports, one_bit, false, c->err))
        return false;
    struct cf_group *group = &c->netlist->groups[c->netlist->group_count - 1];
    for (uint32_t i = 0; i < count; i++) {
        struct spot spot = c->spots[first + i];
        uint32_t signal = (spot.sum ? cf_bits_sum(c->bits, spot.node) : cf_bits_carry(c->bits, spot.node)) / 2;
        c->net[signal] = group->first_net + i;
        if (!place_spot(c, group, i, spot))
            return false;
    }
    return true;
}

static bool add_outputs(struct conversion *c)
{
    uint32_t shape[3] = {1, 1, c->bits->output_count};
    if (!cf_netlist_add_group(c->netlist, "output", 3, shape, 1, one_bit, true, c->err))
        return false;
    struct cf_group *group = &c->netlist->groups[c->netlist->group_count - 1];
    for (uint32_t i = 0; i < c->bits->output_count; i++) {
        cf_lit literal = c->bits->outputs[i];
        bool constant = literal <= CF_LIT_TRUE, inverted = literal & 1;
        int32_t weight = inverted ? -1 : 1;
        /* H(x - 1) = x, H(-x) = ~x, H(0) = 1, H(-1) = 0 */
        int64_t bias = inverted ? 0 : -1;
        group->base[i] = constant ? 0 : c->net[literal >> 1];
        if (!step_cell(c, 1, &weight, constant ? 0 : 1, bias, (constant ? 2u : 0) + inverted, &group->cell[i]))
            return false;
    }
    return true;
}

static bool store_names(struct conversion *c, const char *key, const char *const *names, uint32_t count)
{
    size_t size = 1, used = 0;
    for (uint32_t i = 0; i < count; i++)
        size += (names && names[i] ? strlen(names[i]) : 0) + 1;
    char *text = malloc(size);
    if (!text)
        return out_of_memory(c);
    for (uint32_t i = 0; i < count; i++) {
        size_t length = names && names[i] ? strlen(names[i]) : 0;
        if (length)
            memcpy(text + used, names[i], length);
        used += length;
        text[used++] = '\n';
    }
    text[used] = '\0';
    bool done = cf_netlist_set_meta(c->netlist, key, text, c->err);
    free(text);
    return done;
}

static bool convert(struct conversion *c, const struct cf_bits_names *names, const uint8_t *used)
{
    const struct cf_bits *bits = c->bits;
    uint32_t shape[3] = {1, 1, bits->input_count ? bits->input_count : 1};
    if (bits->output_count == 0)
        return cf_fail(c->err, "%s: the network has no outputs", c->netlist->label);
    if (!find_levels(c, used) || !sort_spots(c, used) ||
        !cf_netlist_add_group(c->netlist, "input", 3, shape, 0, one_bit, false, c->err))
        return false;
    for (uint32_t i = 0; i < bits->input_count; i++)
        c->net[1 + i] = i;
    for (uint32_t level = 1; level <= c->levels; level++)
        if (!add_level(c, level))
            return false;
    return add_outputs(c) && store_names(c, CF_META_INPUT_NAMES, names->inputs, bits->input_count) &&
           store_names(c, CF_META_OUTPUT_NAMES, names->outputs, bits->output_count) &&
           cf_netlist_check(c->netlist, c->err);
}

bool cf_bits_to_netlist(struct cf_netlist **netlist, const struct cf_bits *bits, const struct cf_bits_names *names,
                        const char *label, struct cf_error *err)
{
    *netlist = NULL;
    struct conversion c = {.bits = bits, .netlist = cf_netlist_new(label, err), .err = err};
    if (!c.netlist)
        return false;
    uint8_t *used = cf_bits_used(bits);
    c.level = calloc(cf_bits_signals(bits), sizeof *c.level);
    c.net = calloc(cf_bits_signals(bits), sizeof *c.net);
    bool done = used && c.level && c.net ? convert(&c, names, used) : out_of_memory(&c);
    free(used);
    free(c.level);
    free(c.net);
    free(c.spots);
    free(c.level_first);
    if (done)
        *netlist = c.netlist;
    else
        cf_netlist_free(c.netlist);
    return done;
}

bool cf_step_to_netlist(struct cf_netlist **out, const struct cf_cell *cell, const char *label, struct cf_error *err)
{
    *out = NULL;
    if (cell->activation != CF_STEP)
        return cf_fail(err, "%s: only a step is one threshold gate", label);
    uint32_t bits = 0;
    for (uint32_t t = 0; t < cell->term_count; t++)
        bits += cell->ports[cell->terms[t].port].width;
    struct cf_netlist *netlist = cf_netlist_new(label, err);
    struct cf_term *terms = calloc(bits ? bits : 1, sizeof *terms);
    bool done = netlist && (terms || cf_fail(err, "%s: out of memory", label));
    uint32_t at = 0, index;
    for (uint32_t t = 0; done && t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        struct cf_type type = cell->ports[term->port];
        for (uint32_t k = 0; k < type.width; k++, at++) {
            bool negative = type.is_signed && k + 1u == type.width;
            terms[at] = (struct cf_term){
                .offset = at, .weight = negative ? -term->weight : term->weight, .shift = (uint8_t)(term->shift + k)};
        }
    }
    struct cf_cell gate = {&one_bit, terms, 1, bits, cell->bias, CF_STEP, one_bit};
    uint32_t input[3] = {1, 1, bits ? bits : 1}, one[3] = {1, 1, 1};
    done = done && cf_netlist_add_cell(netlist, &gate, &index, err) &&
           cf_netlist_add_group(netlist, "input", 3, input, 0, one_bit, false, err) &&
           cf_netlist_add_group(netlist, "output", 3, one, 1, one_bit, true, err) && cf_netlist_check(netlist, err);
    free(terms);
    if (!done)
        cf_netlist_free(netlist);
    else
        *out = netlist;
    return done;
}
