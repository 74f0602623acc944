/* wiring.c - turns sums of digits into adders of two operands, transposed on request. */
#include "compiler/optimise/wiring.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A graph whose nodes add any number of digits. Nodes [0, inputs) are the inputs; the others read only nodes before
 * their own, node n the digits from start[n] to start[n + 1] - 1. */
struct wiring {
    uint32_t inputs, nodes, outputs;
    uint32_t *start; /* [nodes + 1] */
    struct cf_digit *digits;
    uint32_t *output; /* [outputs]: nodes */
};

static void free_wiring(struct wiring *w)
{
    free(w->start);
    free(w->digits);
    free(w->output);
}

static bool allocate(struct wiring *w, uint32_t inputs, uint64_t nodes, uint32_t outputs, uint64_t digits)
{
    *w = (struct wiring){.inputs = inputs, .nodes = (uint32_t)nodes, .outputs = outputs};
    w->start = calloc(nodes + 2, sizeof *w->start);
    w->digits = calloc(digits + 1, sizeof *w->digits);
    w->output = calloc(outputs + (size_t)1, sizeof *w->output);
    return nodes < INT32_MAX && digits < INT32_MAX && w->start && w->digits && w->output;
}

/* The inputs are the columns; the signals made and then the rows are the other nodes; every row is an output. */
static bool wire_sums(struct wiring *w, const struct cf_shift_sums *sums)
{
    uint32_t made = sums->signals - sums->columns;
    if (!allocate(w, sums->columns, (uint64_t)sums->signals + sums->rows, sums->rows,
                  2 * (uint64_t)made + sums->digit_count))
        return false;
    uint32_t at = 0;
    for (uint32_t m = 0; m < made; m++) {
        w->start[sums->columns + m] = at;
        w->digits[at++] = sums->made[m].first;
        w->digits[at++] = sums->made[m].second;
    }
    if (sums->digit_count)
        memcpy(w->digits + at, sums->digits, sums->digit_count * sizeof *sums->digits);
    for (uint32_t r = 0; r < sums->rows; r++) {
        w->start[sums->signals + r] = at + sums->start[r];
        w->output[r] = sums->signals + r;
    }
    w->start[w->nodes] = at + sums->digit_count;
    return true;
}

/* Turns every wire round. Old node n becomes new node inputs + nodes - 1 - n, so that readers again come later; the
 * outputs of the old graph are the inputs of the new one. */
static bool turn_round(struct wiring *new, const struct wiring *old)
{
    uint32_t digits = old->start[old->nodes];
    if (!allocate(new, old->outputs, (uint64_t)old->outputs + old->nodes, old->inputs, (uint64_t)digits + old->outputs))
        return false;
    uint32_t last = new->nodes - 1;
    for (uint32_t o = 0; o < old->outputs; o++)
        new->start[last - old->output[o] + 1]++;
    for (uint32_t d = 0; d < digits; d++)
        new->start[last - old->digits[d].signal + 1]++;
    for (uint32_t n = 0; n < new->nodes; n++)
        new->start[n + 1] += new->start[n];
    uint32_t *place = malloc((new->nodes + (size_t)1) * sizeof *place);
    if (!place)
        return false;
    memcpy(place, new->start, (new->nodes + (size_t)1) * sizeof *place);
    for (uint32_t o = 0; o < old->outputs; o++)
        new->digits[place[last - old->output[o]]++] = (struct cf_digit){o, 0, false};
    for (uint32_t n = 0; n < old->nodes; n++)
        for (uint32_t d = old->start[n]; d < old->start[n + 1]; d++) {
            struct cf_digit digit = old->digits[d];
            new->digits[place[last - digit.signal]++] = (struct cf_digit){last - n, digit.shift, digit.negative};
        }
    for (uint32_t i = 0; i < old->inputs; i++)
        new->output[i] = last - i;
    free(place);
    return true;
}

/* Which nodes some output needs. NULL when memory is out. */
static uint8_t *find_needed(const struct wiring *w)
{
    uint8_t *needed = calloc(w->nodes + (size_t)1, 1);
    for (uint32_t o = 0; needed && o < w->outputs; o++)
        needed[w->output[o]] = 1;
    for (uint32_t n = w->nodes; needed && n-- > w->inputs;)
        for (uint32_t d = w->start[n]; needed[n] && d < w->start[n + 1]; d++)
            needed[w->digits[d].signal] = 1;
    return needed;
}

/* ---- adders of two operands ---- */

/* A signal of the graph being made, shifted, with a sign; or 0. The range is that of the signal, in doubles, because it
 * only steers. */
struct operand {
    struct cf_digit digit;
    double min, max;
    uint32_t depth;
    int width; /* of the signal, in bits */
    bool zero;
};

struct maker {
    const struct wiring *wiring;
    bool early;
    struct cf_adder *adders;
    uint32_t adder_count;
    struct operand *nodes; /* [nodes]: what each stands for */
    struct operand *heap;
};

static int width_of(double min, double max)
{
    int bits;
    frexp(-min > max ? -min : max, &bits);
    return bits + 1;
}

/* Whether `a` is to be added before `b`. */
static bool goes_before(const struct maker *m, const struct operand *a, const struct operand *b)
{
    if (m->early && a->depth != b->depth)
        return a->depth < b->depth;
    int wide = a->width + a->digit.shift, other = b->width + b->digit.shift;
    if (wide != other)
        return wide < other;
    if (a->digit.shift != b->digit.shift)
        return a->digit.shift < b->digit.shift;
    return a->digit.signal < b->digit.signal;
}

static void push(struct maker *m, uint32_t *count, struct operand operand)
{
    uint32_t at = (*count)++;
    for (; at > 0 && goes_before(m, &operand, &m->heap[(at - 1) / 2]); at = (at - 1) / 2)
        m->heap[at] = m->heap[(at - 1) / 2];
    m->heap[at] = operand;
}

static struct operand pop(struct maker *m, uint32_t *count)
{
    struct operand first = m->heap[0], last = m->heap[--*count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < *count; at = child, child = 2 * at + 1) {
        child += child + 1 < *count && goes_before(m, &m->heap[child + 1], &m->heap[child]);
        if (!goes_before(m, &m->heap[child], &last))
            break;
        m->heap[at] = m->heap[child];
    }
    m->heap[at] = last;
    return first;
}

/* One adder. What the two shifts have in common stays outside it, and so does the sign of the operand that is shifted
 * less: an adder subtracts at most the other one. */
static struct operand add(struct maker *m, struct operand a, struct operand b)
{
    struct operand low = a.digit.shift <= b.digit.shift ? a : b, high = a.digit.shift <= b.digit.shift ? b : a;
    uint8_t apart = (uint8_t)(high.digit.shift - low.digit.shift);
    bool subtracts = high.digit.negative != low.digit.negative;
    double factor = ldexp(subtracts ? -1 : 1, apart);
    m->adders[m->adder_count] =
        (struct cf_adder){.left = {low.digit.signal, 0, false}, .right = {high.digit.signal, apart, subtracts}};
    struct operand sum = {.digit = {m->wiring->inputs + m->adder_count++, low.digit.shift, low.digit.negative},
                          .min = low.min + factor * (subtracts ? high.max : high.min),
                          .max = low.max + factor * (subtracts ? high.min : high.max),
                          .depth = 1 + (a.depth > b.depth ? a.depth : b.depth)};
    sum.width = width_of(sum.min, sum.max);
    return sum;
}

static struct operand make_node(struct maker *m, uint32_t node)
{
    uint32_t count = 0;
    for (uint32_t d = m->wiring->start[node]; d < m->wiring->start[node + 1]; d++) {
        struct cf_digit digit = m->wiring->digits[d];
        struct operand operand = m->nodes[digit.signal];
        if (operand.zero)
            continue;
        assert(operand.digit.shift + digit.shift <= UINT8_MAX);
        operand.digit.shift = (uint8_t)(operand.digit.shift + digit.shift);
        operand.digit.negative = operand.digit.negative != digit.negative;
        push(m, &count, operand);
    }
    if (count == 0)
        return (struct operand){.zero = true};
    while (count > 1) {
        struct operand a = pop(m, &count), b = pop(m, &count);
        push(m, &count, add(m, a, b));
    }
    return m->heap[0];
}

static bool make_adders(struct maker *m, const struct cf_range *range)
{
    const struct wiring *w = m->wiring;
    uint8_t *needed = find_needed(w);
    m->adders = malloc((w->start[w->nodes] + (size_t)1) * sizeof *m->adders);
    m->nodes = calloc(w->nodes + (size_t)1, sizeof *m->nodes);
    m->heap = malloc((w->start[w->nodes] + (size_t)1) * sizeof *m->heap);
    bool done = needed && m->adders && m->nodes && m->heap;
    for (uint32_t i = 0; done && i < w->inputs; i++) {
        m->nodes[i] =
            (struct operand){.digit = {i, 0, false}, .min = (double)range[i].min, .max = (double)range[i].max};
        m->nodes[i].width = width_of(m->nodes[i].min, m->nodes[i].max);
    }
    for (uint32_t n = w->inputs; done && n < w->nodes; n++)
        if (needed[n])
            m->nodes[n] = make_node(m, n);
    free(needed);
    free(m->heap);
    return done;
}

static bool make_outputs(struct cf_graph *graph, const struct maker *m, int8_t shift)
{
    const struct wiring *w = m->wiring;
    struct cf_graph_output *outputs = calloc(w->outputs + (size_t)1, sizeof *outputs);
    for (uint32_t o = 0; outputs && o < w->outputs; o++) {
        const struct operand *node = &m->nodes[w->output[o]];
        int all = node->digit.shift + shift;
        outputs[o] = node->zero ? (struct cf_graph_output){.signal = CF_NO_SIGNAL}
                                : (struct cf_graph_output){node->digit.signal, (int8_t)all, node->digit.negative};
    }
    *graph = (struct cf_graph){.inputs = w->inputs,
                               .adder_count = m->adder_count,
                               .output_count = w->outputs,
                               .adders = m->adders,
                               .outputs = outputs};
    return outputs != NULL;
}

bool cf_wire_graph(struct cf_graph *graph, const struct cf_shift_sums *sums, const struct cf_wire_options *options)
{
    struct wiring wiring = {0}, turned = {0};
    struct maker m = {.wiring = options->transpose ? &turned : &wiring, .early = options->early};
    *graph = (struct cf_graph){0};
    bool done = wire_sums(&wiring, sums) && (!options->transpose || turn_round(&turned, &wiring)) &&
                make_adders(&m, options->range);
    if (done)
        done = make_outputs(graph, &m, options->shift);
    else
        free(m.adders);
    free(m.nodes);
    free_wiring(&wiring);
    free_wiring(&turned);
    if (!done)
        cf_wire_free(graph);
    return done;
}

void cf_wire_free(struct cf_graph *graph)
{
    free((void *)(uintptr_t)graph->adders);
    free((void *)(uintptr_t)graph->outputs);
    *graph = (struct cf_graph){0};
}
