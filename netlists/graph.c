/* graph.c - checks adder graphs, works out the linear forms of their signals, and counts what they cost. */
#include "netlists/graph.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"

#define LIMIT ((int64_t)1 << 62)

static bool check_addend(uint32_t own, const struct cf_graph_addend *addend, uint8_t *read, const char *label,
                         struct cf_error *err)
{
    if (addend->signal >= own)
        return cf_fail(err, "%s: signal %u reads signal %u; an adder reads signals before its own", label, own,
                       addend->signal);
    if (addend->shift > CF_MAX_SHIFT)
        return cf_fail(err, "%s: signal %u: a shift is %u; 0 to %d are possible", label, own, addend->shift,
                       CF_MAX_SHIFT);
    read[addend->signal] = 1;
    return true;
}

static bool check_signals(const struct cf_graph *graph, uint8_t *read, const char *label, struct cf_error *err)
{
    uint32_t signals = graph->inputs + graph->adder_count;
    for (uint32_t a = 0; a < graph->adder_count; a++)
        if (!check_addend(graph->inputs + a, &graph->adders[a].left, read, label, err) ||
            !check_addend(graph->inputs + a, &graph->adders[a].right, read, label, err))
            return false;
    for (uint32_t o = 0; o < graph->output_count; o++) {
        const struct cf_graph_output *output = &graph->outputs[o];
        if (output->shift < -CF_MAX_SHIFT || output->shift > CF_MAX_SHIFT)
            return cf_fail(err, "%s: output %u: its shift is %d; %d to %d are possible", label, o, output->shift,
                           -CF_MAX_SHIFT, CF_MAX_SHIFT);
        if (output->signal == CF_NO_SIGNAL)
            continue;
        if (output->signal >= signals)
            return cf_fail(err, "%s: output %u reads signal %u of %u", label, o, output->signal, signals);
        read[output->signal] = 1;
    }
    for (uint32_t s = graph->inputs; s < signals; s++)
        if (!read[s])
            return cf_fail(err, "%s: signal %u is an adder that nothing reads", label, s);
    return true;
}

bool cf_graph_check(const struct cf_graph *graph, const char *label, struct cf_error *err)
{
    uint64_t signals = (uint64_t)graph->inputs + graph->adder_count;
    if (signals > INT32_MAX || (uint64_t)graph->inputs * graph->adder_count > CF_MAX_GRAPH_WORK)
        return cf_fail(err, "%s: %u adders over %u operands are too many to be proved", label, graph->adder_count,
                       graph->inputs);
    uint8_t *read = calloc(signals ? signals : 1, 1);
    bool done = read ? check_signals(graph, read, label, err) : cf_fail(err, "%s: out of memory", label);
    free(read);
    return done;
}

static bool within(struct cf_range range)
{
    return range.min > -LIMIT && range.max < LIMIT;
}

/* The values of one addend; false when they leave (-2^62, 2^62). */
static bool addend_range(const struct cf_range *signals, const struct cf_graph_addend *addend, struct cf_range *range)
{
    int64_t factor = (int64_t)1 << addend->shift, min, max;
    if (__builtin_mul_overflow(signals[addend->signal].min, factor, &min) ||
        __builtin_mul_overflow(signals[addend->signal].max, factor, &max))
        return false;
    *range = addend->negative ? (struct cf_range){-max, -min} : (struct cf_range){min, max};
    return within(*range);
}

bool cf_graph_fits(const struct cf_graph *graph, const struct cf_range *range, const char *label, struct cf_error *err)
{
    assert(cf_graph_is_valid(graph));
    struct cf_range *signals = calloc((size_t)graph->inputs + graph->adder_count + 1, sizeof *signals);
    bool done = signals || cf_fail(err, "%s: out of memory", label);
    if (done && graph->inputs)
        memcpy(signals, range, graph->inputs * sizeof *range);
    for (uint32_t i = 0; done && i < graph->inputs; i++)
        if (!within(range[i]))
            done = cf_fail(err, "%s: operand %u could pass 62 bits", label, i);
    for (uint32_t a = 0; done && a < graph->adder_count; a++) {
        struct cf_range left, right, *sum = &signals[graph->inputs + a];
        bool fits = addend_range(signals, &graph->adders[a].left, &left) &&
                    addend_range(signals, &graph->adders[a].right, &right);
        if (fits)
            *sum = (struct cf_range){left.min + right.min, left.max + right.max};
        if (!fits || !within(*sum))
            done = cf_fail(err, "%s: signal %u could pass 62 bits", label, graph->inputs + a);
    }
    free(signals);
    return done;
}

static void add_forms(const struct cf_graph *graph, int64_t (*factor)[CF_FORM_COLUMNS])
{
    for (uint32_t a = 0; a < graph->adder_count; a++) {
        const struct cf_graph_addend *left = &graph->adders[a].left, *right = &graph->adders[a].right;
        const int64_t *l = factor[left->signal], *r = factor[right->signal];
        int64_t lw = (int64_t)1 << left->shift, rw = (int64_t)1 << right->shift;
        lw = left->negative ? -lw : lw;
        rw = right->negative ? -rw : rw;
        int64_t *sum = factor[graph->inputs + a];
        for (int i = 0; i < CF_FORM_COLUMNS; i++)
            sum[i] = l[i] * lw + r[i] * rw;
    }
}

bool cf_graph_forms(const struct cf_graph *graph, cf_form_visit *visit, void *context, bool *out_of_memory)
{
    int64_t(*factor)[CF_FORM_COLUMNS] = calloc((size_t)graph->inputs + graph->adder_count + 1, sizeof *factor);
    *out_of_memory = factor == NULL;
    bool done = factor != NULL;
    for (uint32_t first = 0; done && first < graph->inputs; first += CF_FORM_COLUMNS) {
        uint32_t left = graph->inputs - first, count = left < CF_FORM_COLUMNS ? left : CF_FORM_COLUMNS;
        for (uint32_t i = 0; i < count; i++)
            factor[first + i][i] = 1;
        add_forms(graph, factor);
        done = visit(context, first, count, factor);
        for (uint32_t i = 0; i < count; i++)
            factor[first + i][i] = 0;
    }
    free(factor);
    return done;
}

bool cf_output_counts(const struct cf_graph_output *output, int64_t factor, int64_t wanted)
{
    int64_t given = output->negative ? -factor : factor;
    /* A shift to the right by k leaves `wanted` exactly where the signal counts the input wanted * 2^k times. */
    int64_t *shifted = output->shift < 0 ? &wanted : &given;
    if (__builtin_mul_overflow(*shifted, (int64_t)1 << abs(output->shift), shifted))
        return false;
    return given == wanted;
}

/* ---- values ---- */

struct ranges {
    const struct cf_range *input;
    struct cf_range *signal; /* [inputs + adders] */
    uint32_t signals;
};

/* Adds what these inputs contribute to the least and the greatest value of each signal. */
static bool add_ranges(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    struct ranges *r = context;
    for (uint32_t s = 0; s < r->signals; s++)
        for (uint32_t i = 0; i < count; i++) {
            int64_t f = factor[s][i];
            struct cf_range in = r->input[first + i];
            r->signal[s].min += f * (f >= 0 ? in.min : in.max);
            r->signal[s].max += f * (f >= 0 ? in.max : in.min);
        }
    return true;
}

/* The same where all inputs have one range, apart from it: `min` becomes the sum of a signal's negative factors, `max`
 * that of its positive ones. Factors of inputs beyond `count` are 0. */
static bool add_factors(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    struct ranges *r = context;
    (void)first;
    (void)count;
    for (uint32_t s = 0; s < r->signals; s++) {
        int64_t sum = 0, magnitudes = 0;
        for (int i = 0; i < CF_FORM_COLUMNS; i++) {
            sum += factor[s][i];
            magnitudes += factor[s][i] < 0 ? -factor[s][i] : factor[s][i];
        }
        r->signal[s].min -= (magnitudes - sum) / 2;
        r->signal[s].max += (magnitudes + sum) / 2;
    }
    return true;
}

static bool are_alike(const struct cf_range *range, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (range[i].min != range[0].min || range[i].max != range[0].max)
            return false;
    return count > 0;
}

bool cf_graph_ranges(const struct cf_graph *graph, const struct cf_range *range, struct cf_range *signal)
{
    assert(cf_graph_is_valid(graph));
    struct ranges r = {.input = range, .signal = signal, .signals = graph->inputs + graph->adder_count};
    bool out_of_memory = false, alike = are_alike(range, graph->inputs);
    memset(signal, 0, r.signals * sizeof *signal);
    if (!cf_graph_forms(graph, alike ? add_factors : add_ranges, &r, &out_of_memory))
        return false;
    for (uint32_t s = 0; alike && s < r.signals; s++) {
        int64_t negative = signal[s].min, positive = signal[s].max;
        signal[s].min = positive * range->min + negative * range->max;
        signal[s].max = positive * range->max + negative * range->min;
    }
    return true;
}

/* ---- cost ---- */

/* Full adders of an adder: one per bit of its value, less the bits that pass through unchanged. The lowest bits of the
 * addend that is shifted less pass through where the other addend still has zeros, unless the first one is subtracted:
 * the carry of its negation starts at the lowest bit. A shift that both addends have is wiring. */
static uint64_t adder_bits(const struct cf_adder *adder, const struct cf_range *signals, struct cf_range value)
{
    const struct cf_graph_addend *low = &adder->left, *high = &adder->right;
    if (low->shift > high->shift || (low->shift == high->shift && low->negative)) {
        low = &adder->right;
        high = &adder->left;
    }
    int width = cf_signed_width(value.min, value.max) - low->shift;
    int low_bits = cf_signed_width(signals[low->signal].min, signals[low->signal].max);
    int apart = high->shift - low->shift, through = low->negative ? 0 : apart < low_bits ? apart : low_bits;
    return width - through > 1 ? (uint64_t)(width - through) : 1;
}

bool cf_graph_measure(const struct cf_graph *graph, const struct cf_range *range, struct cf_graph_cost *cost,
                      struct cf_error *err)
{
    assert(cf_graph_is_valid(graph));
    uint32_t signals = graph->inputs + graph->adder_count;
    struct cf_range *values = calloc((size_t)signals + 1, sizeof *values);
    uint32_t *depth = calloc((size_t)signals + 1, sizeof *depth);
    *cost = (struct cf_graph_cost){.adders = graph->adder_count};
    bool done = values && depth && cf_graph_ranges(graph, range, values);
    for (uint32_t a = 0; done && a < graph->adder_count; a++) {
        const struct cf_adder *adder = &graph->adders[a];
        uint32_t own = graph->inputs + a, left = depth[adder->left.signal], right = depth[adder->right.signal];
        depth[own] = 1 + (left > right ? left : right);
        cost->depth = depth[own] > cost->depth ? depth[own] : cost->depth;
        cost->full_adders += adder_bits(adder, values, values[own]);
    }
    free(values);
    free(depth);
    return done || cf_fail(err, "adder graph: out of memory");
}
