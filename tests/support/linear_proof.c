/* linear_proof.c - proves by exact linear forms that a lowered cell computes its weighted sum for all inputs. */
#include "tests/support/linear_proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/lowering/lower.h"
#include "netlists/names.h"

struct proof {
    const struct cf_cell *cell;
    const struct cf_network *network;
    __int128 min, max; /* of the cell's sum */
    uint32_t width;    /* bits that hold it; one less where the sign is known */
    bool sign_known;
    uint64_t mask, *weights; /* by signal, modulo 2^64; weights[0]: of the constant 1 */
    uint8_t *used;
    struct proof_counts *counts;
    struct cf_error *err;
};

/* The range of the sum, from the definition of a cell; shares nothing with the lowering's. */
static void find_range(struct proof *p)
{
    p->min = p->max = p->cell->bias;
    for (uint32_t t = 0; t < p->cell->term_count; t++) {
        const struct cf_term *term = &p->cell->terms[t];
        struct cf_type type = p->cell->ports[term->port];
        __int128 low = type.is_signed ? -((__int128)1 << (type.width - 1)) : 0;
        __int128 high = ((__int128)1 << (type.width - type.is_signed)) - 1;
        __int128 scale = (__int128)term->weight * ((__int128)1 << term->shift);
        p->min += scale * (scale > 0 ? low : high);
        p->max += scale * (scale > 0 ? high : low);
    }
    p->sign_known = p->min >= 0 || p->max < 0;
    p->width = 0; /* without the sign */
    while (p->max >= (__int128)1 << p->width || p->min < -((__int128)1 << p->width))
        p->width++;
    p->width += !p->sign_known;
    p->mask = p->width ? ~(uint64_t)0 >> (64 - p->width) : 0;
}

/* Up to `size` bytes about who reads an output of an adder. */
static void list_readers(const struct cf_network *network, uint32_t signal, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t n = 0; n < network->node_count; n++) {
        const struct cf_network_node *node = &network->nodes[n];
        if ((node->a >> 1 == signal || node->b >> 1 == signal || node->c >> 1 == signal) && used < size)
            used += (size_t)snprintf(text + used, size - used, " %u", n);
    }
    for (uint32_t i = 0; i < network->output_count; i++)
        if (network->outputs[i] >> 1 == signal && used < size)
            used += (size_t)snprintf(text + used, size - used, " output %u", i);
    if (!used)
        snprintf(text, size, " nothing");
}

static bool fail_adder(const struct proof *p, uint32_t n, uint64_t sum, uint64_t carry)
{
    char readers[2][64];
    list_readers(p->network, cf_network_sum(p->network, n) >> 1, readers[0], sizeof readers[0]);
    list_readers(p->network, cf_network_carry(p->network, n) >> 1, readers[1], sizeof readers[1]);
    return cf_fail(p->err,
                   "adder %u: its sum weighs %" PRIu64 " and its carry %" PRIu64 ", not twice that; readers of the "
                   "sum:%s; of the carry:%s",
                   n, sum & p->mask, carry & p->mask, readers[0], readers[1]);
}

static void weigh(uint64_t *weights, cf_lit literal, uint64_t weight)
{
    weights[0] += literal & 1 ? weight : 0; /* ~x = 1 - x */
    if (literal > CF_LIT_TRUE)
        weights[literal >> 1] += literal & 1 ? 0 - weight : weight;
}

static bool check_outputs(struct proof *p)
{
    const struct cf_network *network = p->network;
    if (network->output_count < p->width)
        return cf_fail(p->err, "%u outputs hold no sum of %u bits", network->output_count, p->width);
    cf_lit above = p->sign_known ? p->min < 0 : network->outputs[p->width - 1];
    for (uint32_t k = 0; k < network->output_count; k++) {
        if (k < p->width)
            weigh(p->weights, network->outputs[k], (uint64_t)1 << k);
        else if (network->outputs[k] != above)
            return cf_fail(p->err, "output %u is not the sign", k);
    }
    return true;
}

static bool check_adders(struct proof *p)
{
    const struct cf_network *network = p->network;
    for (uint32_t n = network->node_count; n-- > 0;) {
        uint64_t sum = p->weights[cf_network_sum(network, n) >> 1],
                 carry = p->weights[cf_network_carry(network, n) >> 1];
        bool unread = !(p->used[n] & 2);
        if (((carry - 2 * sum) & p->mask) != 0)
            return fail_adder(p, n, sum, carry);
        p->counts->adders++;
        p->counts->above += unread;
        weigh(p->weights, network->nodes[n].a, sum);
        weigh(p->weights, network->nodes[n].b, sum);
        weigh(p->weights, network->nodes[n].c, sum);
    }
    return true;
}

static bool check_inputs(const struct proof *p)
{
    uint32_t input = 0;
    for (uint32_t t = 0; t < p->cell->term_count; t++) {
        const struct cf_term *term = &p->cell->terms[t];
        struct cf_type type = p->cell->ports[term->port];
        uint64_t scale = (uint64_t)(int64_t)term->weight << term->shift;
        for (uint32_t k = 0; k < type.width; k++, input++) {
            uint64_t expected = type.is_signed && k + 1u == type.width ? 0 - (scale << k) : scale << k;
            if (((p->weights[1 + input] - expected) & p->mask) == 0)
                continue;
            char readers[128];
            list_readers(p->network, 1 + input, readers, sizeof readers);
            return cf_fail(p->err, "bit %u of term %u weighs %" PRIu64 ", not %" PRIu64 "; readers:%s", k, t,
                           p->weights[1 + input] & p->mask, expected & p->mask, readers);
        }
    }
    if (input != p->network->input_count)
        return cf_fail(p->err, "%u inputs, but the terms have %u bits", p->network->input_count, input);
    return ((p->weights[0] - (uint64_t)p->cell->bias) & p->mask) == 0 ||
           cf_fail(p->err, "the constant is %" PRIu64 ", not the bias %" PRId64, p->weights[0] & p->mask,
                   p->cell->bias);
}

static bool prove_linear(const struct cf_cell *cell, const struct cf_network_cell *lowered, struct proof_counts *counts,
                         struct cf_error *err)
{
    struct proof p = {.cell = cell, .network = &lowered->network, .counts = counts, .err = err};
    p.weights = calloc(cf_network_signals(p.network), sizeof *p.weights);
    p.used = cf_network_used(p.network);
    bool done = (p.weights && p.used) || cf_fail(err, "out of memory");
    find_range(&p);
    done = done && cf_network_check(p.network, "network", err) && check_outputs(&p) && check_adders(&p) &&
           check_inputs(&p);
    free(p.weights);
    free(p.used);
    return done;
}

/* The linear network, less what only its other outputs need, is the step's; the step's output the sign, inverted. */
static bool is_sign_of(const struct cf_network *step, const struct cf_network *linear, uint32_t sign,
                       struct cf_error *err)
{
    struct cf_network rest = {.input_count = linear->input_count, .node_count = linear->node_count, .output_count = 1};
    rest.nodes = malloc((linear->node_count ? linear->node_count : 1) * sizeof *rest.nodes);
    rest.outputs = malloc(sizeof *rest.outputs);
    bool done = (rest.nodes && rest.outputs) || cf_fail(err, "out of memory");
    if (done) {
        if (linear->node_count)
            memcpy(rest.nodes, linear->nodes, linear->node_count * sizeof *rest.nodes);
        rest.outputs[0] = linear->outputs[sign] ^ 1;
        done = cf_network_sweep(&rest, err);
    }
    for (uint32_t n = 0; done && n < step->node_count; n++)
        if (n >= rest.node_count || memcmp(&rest.nodes[n], &step->nodes[n], sizeof *rest.nodes) != 0)
            done = cf_fail(err, "adder %u of the step is not that of the proved sum", n);
    if (done && (rest.node_count != step->node_count || step->output_count != 1 || step->outputs[0] != rest.outputs[0]))
        done = cf_fail(err, "output 0 is not the inverse of the sign");
    cf_network_free(&rest);
    return done;
}

static bool prove_step(const struct cf_cell *cell, const struct cf_network_cell *lowered, struct proof_counts *counts,
                       struct cf_error *err)
{
    struct proof p = {.cell = cell};
    find_range(&p);
    if (p.sign_known)
        return (lowered->network.output_count == 1 && lowered->network.outputs[0] == (cf_lit)(p.min >= 0)) ||
               cf_fail(err, "output 0 is not the constant %d", p.min >= 0);
    struct cf_cell sum = *cell;
    sum.activation = CF_LINEAR;
    sum.type = (struct cf_type){(uint8_t)p.width, true, 0};
    struct cf_network_cell linear;
    if (!cf_lower_cell(&linear, &sum, err))
        return false;
    bool done =
        prove_linear(&sum, &linear, counts, err) &&
        (lowered->network.input_count == linear.network.input_count || cf_fail(err, "another number of inputs")) &&
        is_sign_of(&lowered->network, &linear.network, p.width - 1, err);
    cf_network_cell_free(&linear);
    return done;
}

bool prove_cell(const struct cf_cell *cell, const struct cf_network_cell *lowered, struct proof_counts *counts,
                struct cf_error *err)
{
    counts->cells++;
    return cell->activation == CF_STEP ? prove_step(cell, lowered, counts, err)
                                       : prove_linear(cell, lowered, counts, err);
}

static const char *first_gate(const struct cf_netlist *netlist, uint32_t cell, char *name, size_t size)
{
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++)
            if (netlist->groups[g].cell[i] == cell)
                return cf_gate_name(&netlist->groups[g], i, name, size);
    return "placed nowhere";
}

bool prove_cells(const struct cf_netlist *netlist, const struct cf_network_cell *lowered, struct proof_counts *counts,
                 struct cf_error *err)
{
    struct cf_error mine;
    char name[CF_NAME_MAX];
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        if (!prove_cell(&netlist->cells[c], &lowered[c], counts, &mine))
            return cf_fail(err, "cell %u (%s): %s", c, first_gate(netlist, c, name, sizeof name), mine.text);
    return true;
}
