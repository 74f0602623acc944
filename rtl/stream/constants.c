/* constants.c - finds or makes the adder graph of the classes' sums. */
#include "rtl/stream/constants.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "netlists/bank.h"
#include "netlists/lowering/lower.h"

struct cf_range *cf_stream_channel_ranges(const struct cf_pyramid *pyramid)
{
    struct cf_range *range = malloc((size_t)pyramid->channels * sizeof *range);
    for (uint32_t d = 0; range && d < pyramid->channels; d++)
        range[d] = (struct cf_range){cf_type_min(pyramid->input), cf_type_max(pyramid->input)};
    return range;
}

static bool make_room(struct cf_stream_constants *constants, const struct cf_pyramid *pyramid, uint32_t adders)
{
    free(constants->adders);
    free(constants->outputs);
    *constants = (struct cf_stream_constants){.adders = malloc(((size_t)adders + 1) * sizeof *constants->adders),
                                              .outputs = calloc(pyramid->classes, sizeof *constants->outputs)};
    constants->graph = (struct cf_graph){.inputs = pyramid->channels,
                                         .adder_count = adders,
                                         .output_count = pyramid->classes,
                                         .adders = constants->adders,
                                         .outputs = constants->outputs};
    return constants->adders && constants->outputs;
}

/* ---- is it the right one? ---- */

struct proof {
    const struct cf_graph *graph;
    const struct cf_pyramid *pyramid;
};

static bool is_right(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    const struct proof *proof = context;
    for (uint32_t c = 0; c < proof->pyramid->classes; c++) {
        const struct cf_graph_output *output = &proof->graph->outputs[c];
        const int32_t *weight = proof->pyramid->weight + (size_t)c * proof->pyramid->channels + first;
        for (uint32_t i = 0; i < count; i++)
            if (output->signal == CF_NO_SIGNAL ? weight[i] != 0
                                               : !cf_output_counts(output, factor[output->signal][i], weight[i]))
                return false;
    }
    return true;
}

/* Is the graph well-formed, and every sum the one that the weights give? */
static bool prove(const struct cf_graph *graph, const struct cf_netlist *netlist, const struct cf_pyramid *pyramid,
                  struct cf_error *err)
{
    struct proof proof = {graph, pyramid};
    bool out_of_memory = false;
    struct cf_range *range = cf_stream_channel_ranges(pyramid);
    bool done = (range || cf_fail(err, "%s: out of memory", netlist->label)) &&
                cf_graph_check(graph, netlist->label, err) && cf_graph_fits(graph, range, netlist->label, err);
    free(range);
    return done && (cf_graph_forms(graph, is_right, &proof, &out_of_memory) ||
                    cf_fail(err, "%s: %s", netlist->label,
                            out_of_memory ? "out of memory" : "an adder graph has other sums than the weights"));
}

/* ---- the netlist's own ---- */

static int compare_cells(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static const uint32_t *find_cell(const struct cf_bank *bank, uint32_t cell)
{
    return bsearch(&cell, bank->cells, bank->cell_count, sizeof cell, compare_cells);
}

/* The bank of all classifiers of a position of the first scale; NULL: there is none with a graph. */
static const struct cf_bank *find_bank(const struct cf_netlist *netlist, const struct cf_pyramid *pyramid)
{
    const struct cf_implementation *all = netlist->implementation;
    const uint32_t *cells = netlist->groups[pyramid->group[0]].cell;
    for (uint32_t b = 0; all && b < all->bank_count; b++) {
        uint32_t found = 0;
        while (found < pyramid->classes && find_cell(&all->banks[b], cells[found]))
            found++;
        if (found == pyramid->classes)
            return &all->banks[b];
    }
    return NULL;
}

/* The channel of a net: each group of values has its channels innermost. */
static uint32_t channel_of(const struct cf_netlist *netlist, const struct cf_pyramid *pyramid, uint32_t net)
{
    uint32_t group = 0;
    while (group + 1 < netlist->group_count && netlist->groups[group + 1].first_net <= net)
        group++;
    return (net - netlist->groups[group].first_net) % pyramid->channels;
}

/* Copies the bank's graph with channels in the place of its operands. */
static bool copy_graph(struct cf_stream_constants *constants, const struct cf_netlist *netlist,
                       const struct cf_pyramid *pyramid, const struct cf_bank *bank, struct cf_error *err)
{
    const struct cf_graph *graph = &netlist->implementation->graphs[bank->graph];
    const struct cf_group *group = &netlist->groups[pyramid->group[0]];
    struct cf_bank_operand *operands = NULL;
    uint32_t count;
    if (!cf_bank_operands(netlist, bank->cells, bank->cell_count, &operands, &count, err))
        return false;
    assert(count == graph->inputs);
    uint32_t *signal = malloc(((size_t)count + graph->adder_count + 1) * sizeof *signal);
    bool done = (signal && make_room(constants, pyramid, graph->adder_count)) ||
                cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t i = 0; done && i < count; i++)
        signal[i] = channel_of(netlist, pyramid, cf_instance_bases(group, 0)[operands[i].port] + operands[i].offset);
    for (uint32_t a = 0; done && a < graph->adder_count; a++) {
        struct cf_adder adder = graph->adders[a];
        signal[count + a] = pyramid->channels + a;
        adder.left.signal = signal[adder.left.signal];
        adder.right.signal = signal[adder.right.signal];
        constants->adders[a] = adder;
    }
    for (uint32_t c = 0; done && c < pyramid->classes; c++) {
        struct cf_graph_output output = graph->outputs[find_cell(bank, group->cell[c]) - bank->cells];
        if (output.signal != CF_NO_SIGNAL)
            output.signal = signal[output.signal];
        constants->outputs[c] = output;
    }
    free(signal);
    free(operands);
    return done;
}

/* ---- signed digits ---- */

/* The addends of one class, and where equal adders of all classes are found. */
struct digits {
    struct cf_graph_addend *addends;
    size_t capacity;
    uint32_t count;
    uint32_t *table; /* [mask + 1]: the number of an adder plus 1, at or after the place that its fields say; 0: none */
    uint32_t mask;
};

static bool list_digits(struct digits *digits, const int32_t *weight, uint32_t channels)
{
    digits->count = 0;
    for (uint32_t d = 0; d < channels; d++) {
        uint64_t plus, minus;
        cf_signed_digits(weight[d], &plus, &minus);
        for (uint8_t shift = 0; (plus | minus) >> shift; shift++) {
            if (!((plus | minus) >> shift & 1))
                continue;
            if (!cf_array_reserve(&digits->addends, &digits->capacity, digits->count + 1u, sizeof *digits->addends))
                return false;
            digits->addends[digits->count++] = (struct cf_graph_addend){d, shift, minus >> shift & 1};
        }
    }
    return true;
}

static int compare_shifts(const void *a, const void *b)
{
    const struct cf_graph_addend *x = a, *y = b;
    if (x->shift != y->shift)
        return x->shift - y->shift;
    return (x->signal > y->signal) - (x->signal < y->signal);
}

static uint32_t place_of(const struct cf_graph_addend *addend)
{
    return (addend->signal * 128u + addend->shift * 2u + addend->negative) * 2654435761u;
}

static bool is_same(const struct cf_graph_addend *a, const struct cf_graph_addend *b)
{
    return a->signal == b->signal && a->shift == b->shift && a->negative == b->negative;
}

/* The signal of an adder: one that is there, or a new one. The table has twice as many places as adders. */
static uint32_t find_adder(struct cf_stream_constants *constants, struct digits *digits, const struct cf_adder *adder)
{
    uint32_t place = (place_of(&adder->left) * 31u ^ place_of(&adder->right)) & digits->mask;
    for (; digits->table[place]; place = (place + 1) & digits->mask) {
        const struct cf_adder *other = &constants->adders[digits->table[place] - 1];
        if (is_same(&other->left, &adder->left) && is_same(&other->right, &adder->right))
            return constants->graph.inputs + digits->table[place] - 1;
    }
    constants->adders[constants->graph.adder_count] = *adder;
    digits->table[place] = ++constants->graph.adder_count;
    return constants->graph.inputs + constants->graph.adder_count - 1;
}

/* Adds two; a sign and a shift that both have stay outside. */
static struct cf_graph_addend add(struct cf_stream_constants *constants, struct digits *digits,
                                  struct cf_graph_addend left, struct cf_graph_addend right)
{
    uint8_t shift = left.shift < right.shift ? left.shift : right.shift;
    bool negative = left.negative && right.negative;
    left.shift = (uint8_t)(left.shift - shift);
    right.shift = (uint8_t)(right.shift - shift);
    left.negative = left.negative && !negative;
    right.negative = right.negative && !negative;
    const struct cf_adder adder = {left, right};
    return (struct cf_graph_addend){find_adder(constants, digits, &adder), shift, negative};
}

/* Adds the digits in pairs, then the sums in pairs: digits of one shift stand beside each other, which keeps the adders
 * narrow. An adder that is there already is taken again. */
static struct cf_graph_output add_all(struct cf_stream_constants *constants, struct digits *digits)
{
    struct cf_graph_addend *addends = digits->addends;
    uint32_t count = digits->count;
    if (count == 0)
        return (struct cf_graph_output){.signal = CF_NO_SIGNAL};
    qsort(addends, count, sizeof *addends, compare_shifts);
    while (count > 1) {
        for (uint32_t i = 0; i < count / 2; i++)
            addends[i] = add(constants, digits, addends[2 * i], addends[2 * i + 1]);
        if (count % 2)
            addends[count / 2] = addends[count - 1];
        count = count / 2 + count % 2;
    }
    return (struct cf_graph_output){addends->signal, (int8_t)addends->shift, addends->negative};
}

static bool add_digits(struct cf_stream_constants *constants, const struct cf_netlist *netlist,
                       const struct cf_pyramid *pyramid, struct cf_error *err)
{
    struct digits digits = {0};
    uint64_t adders = 0;
    for (size_t i = 0; i < (size_t)pyramid->classes * pyramid->channels; i++) {
        uint64_t plus, minus;
        cf_signed_digits(pyramid->weight[i], &plus, &minus);
        adders += (uint64_t)__builtin_popcountll(plus | minus);
    }
    if (adders > INT32_MAX / 2)
        return cf_fail(err, "%s: %llu digits of weights are more adders than a graph takes", netlist->label,
                       (unsigned long long)adders);
    for (digits.mask = 1; digits.mask < 2 * adders;)
        digits.mask = 2 * digits.mask + 1;
    digits.table = calloc((size_t)digits.mask + 1, sizeof *digits.table);
    bool done = (digits.table && make_room(constants, pyramid, (uint32_t)adders)) ||
                cf_fail(err, "%s: out of memory", netlist->label);
    constants->graph.adder_count = 0;
    for (uint32_t c = 0; done && c < pyramid->classes; c++) {
        done = list_digits(&digits, pyramid->weight + (size_t)c * pyramid->channels, pyramid->channels) ||
               cf_fail(err, "%s: out of memory", netlist->label);
        if (done)
            constants->outputs[c] = add_all(constants, &digits);
    }
    free(digits.addends);
    free(digits.table);
    return done;
}

bool cf_stream_constants_make(struct cf_stream_constants *constants, const struct cf_netlist *netlist,
                              const struct cf_pyramid *pyramid, struct cf_error *err)
{
    const struct cf_bank *bank = find_bank(netlist, pyramid);
    *constants = (struct cf_stream_constants){0};
    if (bank) {
        if (!copy_graph(constants, netlist, pyramid, bank, err))
            return false;
        if (prove(&constants->graph, netlist, pyramid, err))
            return true;
        if (cf_failed_for_memory(err))
            return false;
        /* The graph has further outputs, or reads what is no channel: the digits are always possible. */
    }
    return add_digits(constants, netlist, pyramid, err) && prove(&constants->graph, netlist, pyramid, err);
}

void cf_stream_constants_free(struct cf_stream_constants *constants)
{
    free(constants->adders);
    free(constants->outputs);
    *constants = (struct cf_stream_constants){0};
}
