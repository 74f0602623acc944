/* aiger.c - writes adder networks as and-inverter graphs in the AIGER format; aiger_read.c reads them. */
#include "netlists/exchange/aiger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/thousands.h"

struct and_node {
    cf_lit a, b;
};

/* An and-inverter graph under construction. Variable 0 is the constant, then come the inputs, then the AND nodes. While
 * the graph is built, they stand in the order of the network. */
struct graph {
    struct and_node *ands; /* [count] */
    uint32_t *level;       /* [1 + inputs + count]: of each variable; after sort_levels, its final number */
    size_t and_capacity, level_capacity;
    uint32_t count, inputs;
    cf_lit *of_signal; /* by signal of the network */
    bool failed;       /* memory or the format's numbers ran out; nothing more is added */
};

/* Adds a node, and returns its literal; 0 once the graph has failed. */
static cf_lit make_and(struct graph *g, cf_lit a, cf_lit b)
{
    size_t variable = 1 + (size_t)g->inputs + g->count;
    g->failed = g->failed || variable > CF_NETWORK_MAX_SIGNALS ||
                !cf_array_reserve(&g->ands, &g->and_capacity, (size_t)g->count + 1, sizeof *g->ands) ||
                !cf_array_reserve(&g->level, &g->level_capacity, variable + 1, sizeof *g->level);
    if (g->failed)
        return 0;
    uint32_t x = g->level[a >> 1], y = g->level[b >> 1];
    g->level[variable] = (x > y ? x : y) + 1;
    g->ands[g->count++] = (struct and_node){a, b};
    return 2 * (cf_lit)variable;
}

/* XOR as NOR of *both = a & b and *neither = ~a & ~b. */
static cf_lit make_xor(struct graph *g, cf_lit a, cf_lit b, cf_lit *both, cf_lit *neither)
{
    *both = make_and(g, a, b);
    *neither = make_and(g, a ^ 1, b ^ 1);
    return make_and(g, *both ^ 1, *neither ^ 1);
}

static cf_lit translate(const struct graph *g, cf_lit literal)
{
    return g->of_signal[literal >> 1] ^ (literal & 1);
}

/* Adds the AND nodes for those of a node's signals that are used. */
static bool add_node(struct graph *g, const struct cf_network *network, uint32_t n, uint8_t used)
{
    const struct cf_network_node *node = &network->nodes[n];
    cf_lit a = translate(g, node->a), b = translate(g, node->b), c = translate(g, node->c), both, neither, t, u;
    cf_lit *sum = &g->of_signal[cf_network_sum(network, n) / 2], *carry = sum + 1;
    if (node->c == CF_LIT_FALSE) {
        if (used & CF_SUM_USED)
            *sum = make_xor(g, a, b, carry, &neither);
        else
            *carry = make_and(g, a, b);
    } else if (used & CF_SUM_USED) {
        cf_lit half = make_xor(g, a, b, &both, &neither);
        *sum = make_xor(g, half, c, &t, &u);
        if (used & CF_CARRY_USED)
            *carry = make_and(g, both ^ 1, t ^ 1) ^ 1;
    } else {
        both = make_and(g, a, b);
        neither = make_and(g, a ^ 1, b ^ 1);
        t = make_and(g, c, neither ^ 1);
        *carry = make_and(g, both ^ 1, t ^ 1) ^ 1;
    }
    return !g->failed;
}

/* Renumbers the nodes by level, those of one level in the order that they had. */
static bool sort_levels(struct graph *g)
{
    uint32_t variables = 1 + g->inputs + g->count, deepest = 0;
    for (uint32_t v = 0; v < variables; v++)
        deepest = g->level[v] > deepest ? g->level[v] : deepest;
    uint32_t *next = calloc((size_t)deepest + 2, sizeof *next), *place = malloc(variables * sizeof *place);
    struct and_node *sorted = malloc((g->count ? g->count : 1) * sizeof *sorted);
    bool done = next && place && sorted;
    for (uint32_t i = 0; done && i < g->count; i++)
        next[g->level[1 + g->inputs + i] + 1]++;
    for (uint32_t l = 1; done && l <= deepest + 1; l++)
        next[l] += next[l - 1];
    for (uint32_t v = 0; done && v < variables; v++)
        place[v] = v <= g->inputs ? v : 1 + g->inputs + next[g->level[v]]++;
    for (uint32_t i = 0; done && i < g->count; i++) {
        cf_lit a = 2 * place[g->ands[i].a >> 1] | (g->ands[i].a & 1);
        cf_lit b = 2 * place[g->ands[i].b >> 1] | (g->ands[i].b & 1);
        uint32_t to = place[1 + g->inputs + i] - 1 - g->inputs;
        sorted[to] = a > b ? (struct and_node){a, b} : (struct and_node){b, a};
    }
    if (done) {
        free(g->ands);
        g->ands = sorted;
        g->and_capacity = g->count ? g->count : 1;
        memcpy(g->level, place, variables * sizeof *place);
    } else {
        free(sorted);
    }
    free(next);
    free(place);
    return done;
}

static bool build(struct graph *g, const struct cf_network *network, bool as_is, const char *path, struct cf_error *err)
{
    uint8_t *used = cf_network_used(network);
    g->inputs = network->input_count;
    g->of_signal = calloc(cf_network_signals(network), sizeof *g->of_signal);
    bool done = used && g->of_signal &&
                cf_array_reserve(&g->level, &g->level_capacity, 1 + (size_t)g->inputs, sizeof *g->level);
    for (uint32_t v = 0; done && v <= g->inputs; v++)
        g->level[v] = 0;
    for (uint32_t i = 0; done && i < network->input_count; i++)
        g->of_signal[1 + i] = 2 * (1 + i);
    uint32_t n = 0;
    for (; done && n < network->node_count; n++)
        done = as_is ? add_node(g, network, n, CF_CARRY_USED) : used[n] == 0 || add_node(g, network, n, used[n]);
    for (uint32_t v = 0; done && as_is && v < 1 + g->inputs + g->count; v++)
        g->level[v] = v > g->inputs; /* one level, so that sorting changes nothing */
    done = done && sort_levels(g);
    free(used);
    char text[2][CF_THOUSANDS];
    return done || cf_fail(err, "%s: out of memory, or of the 2^31 literals of the format, after %s of %s adders", path,
                           cf_thousands(n, text[0]), cf_thousands(network->node_count, text[1]));
}

static void free_graph(struct graph *g)
{
    free(g->ands);
    free(g->level);
    free(g->of_signal);
}

/* Seven bits per byte, least significant first, the top bit set in all bytes but the last. */
static size_t put_delta(uint8_t *out, uint32_t delta)
{
    size_t size = 0;
    for (; delta > 0x7f; delta >>= 7)
        out[size++] = (uint8_t)(delta | 0x80);
    out[size++] = (uint8_t)delta;
    return size;
}

static cf_lit final_literal(const struct graph *g, cf_lit literal, uint32_t latches)
{
    uint32_t variable = g->level[literal >> 1];
    return 2 * (variable + (variable > g->inputs ? latches : 0)) | (literal & 1);
}

static bool write_nodes(struct cf_out *out, const struct graph *g, const struct cf_aiger_options *options,
                        struct cf_error *err)
{
    uint32_t latches = options->dummy_latch;
    uint8_t buffer[4096];
    size_t used = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        cf_lit lhs = 2 * (1 + g->inputs + latches + i), rhs[2];
        for (int k = 0; k < 2; k++) {
            cf_lit l = k == 0 ? g->ands[i].a : g->ands[i].b;
            rhs[k] = l + 2 * (l >> 1 > g->inputs ? latches : 0);
        }
        if (options->ascii) {
            if (!cf_out_printf(out, err, "%u %u %u\n", lhs, rhs[0], rhs[1]))
                return false;
            continue;
        }
        used += put_delta(buffer + used, lhs - rhs[0]);
        used += put_delta(buffer + used, rhs[0] - rhs[1]);
        if (used > sizeof buffer - 16) {
            if (!cf_out_write(out, buffer, used, err))
                return false;
            used = 0;
        }
    }
    return cf_out_write(out, buffer, used, err);
}

static bool write_symbols(struct cf_out *out, const struct cf_network *network, const struct cf_network_names *names,
                          bool latch, struct cf_error *err)
{
    for (uint32_t i = 0; names->inputs && i < network->input_count; i++)
        if (names->inputs[i] && !cf_out_printf(out, err, "i%u %s\n", i, names->inputs[i]))
            return false;
    if (latch && !cf_out_printf(out, err, "l0 dummy\n"))
        return false;
    for (uint32_t i = 0; names->outputs && i < network->output_count; i++)
        if (names->outputs[i] && !cf_out_printf(out, err, "o%u %s\n", i, names->outputs[i]))
            return false;
    return true;
}

static bool write_graph(struct cf_out *out, const struct graph *g, const struct cf_network *network,
                        const struct cf_network_names *names, const struct cf_aiger_options *options,
                        struct cf_error *err)
{
    uint32_t latches = options->dummy_latch;
    if (!cf_out_printf(out, err, "%s %u %u %u %u %u\n", options->ascii ? "aag" : "aig", g->inputs + latches + g->count,
                       g->inputs, latches, network->output_count, g->count))
        return false;
    for (uint32_t i = 0; options->ascii && i < g->inputs; i++)
        if (!cf_out_printf(out, err, "%u\n", 2 * (i + 1)))
            return false;
    if (latches &&
        !(options->ascii ? cf_out_printf(out, err, "%u 0\n", 2 * (g->inputs + 1)) : cf_out_printf(out, err, "0\n")))
        return false;
    for (uint32_t i = 0; i < network->output_count; i++)
        if (!cf_out_printf(out, err, "%u\n", final_literal(g, translate(g, network->outputs[i]), latches)))
            return false;
    if (!write_nodes(out, g, options, err))
        return false;
    return options->as_is && names->tail && !latches ? cf_out_write(out, names->tail, names->tail_size, err)
                                                     : write_symbols(out, network, names, latches, err);
}

bool cf_aiger_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                    const struct cf_aiger_options *options, struct cf_error *err)
{
    assert(cf_network_check(network, path, NULL));
    struct graph g = {0};
    struct cf_out *out = NULL;
    bool done = build(&g, network, options->as_is, path, err) && cf_out_open(&out, path, err) &&
                write_graph(out, &g, network, names, options, err) && cf_out_commit(&out, err);
    cf_out_abort(&out);
    free_graph(&g);
    return done;
}
