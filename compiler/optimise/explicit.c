/* explicit.c - writes adder graphs out as circuits of gates. */
#include "compiler/optimise/explicit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/bank.h"
#include "netlists/cell.h"
#include "netlists/check.h"

/* A signal of the graph at hand, as a net of the circuit. */
struct signal {
    uint32_t net, depth;
    struct cf_type type;
};

/* An adder in the order of the circuit. */
struct placed {
    uint32_t adder, depth;
    struct cf_type type, left, right;
    const struct cf_adder *is;
};

struct writer {
    const struct cf_netlist *from;
    struct cf_netlist *to;
    uint32_t number; /* of the graph at hand */
    const struct cf_graph *graph;
    const struct cf_bank *bank;
    struct signal *signals; /* [inputs + adders] */
    struct placed *placed;  /* [adders] */
    struct cf_error *err;
};

static bool out_of_memory(const struct writer *w)
{
    return cf_fail(w->err, "%s: out of memory", w->from->label);
}

/* ---- the input ---- */

/* Widens the type for the operands of a bank. */
static bool widen(struct writer *w, const struct cf_bank *bank, struct cf_type *type, uint32_t *count)
{
    struct cf_bank_operand *operands;
    if (!cf_bank_operands(w->from, bank->cells, bank->cell_count, &operands, count, w->err))
        return false;
    struct cf_range *range = cf_operand_ranges(w->from, bank->cells, operands, *count);
    bool done = range || out_of_memory(w);
    for (uint32_t i = 0; done && i < *count; i++) {
        uint8_t width = cf_signed_width(range[i].min, range[i].max);
        type->width = width > type->width ? width : type->width;
        if (operands[i].square)
            done = cf_fail(w->err, "%s: graph %u reads squares, which no adder computes", w->from->label, bank->graph);
    }
    free(range);
    free(operands);
    return done;
}

static const struct cf_bank *first_bank(const struct cf_implementation *impl, uint32_t graph)
{
    const struct cf_bank *bank = impl->banks;
    while (bank->graph != graph) /* every graph has one */
        bank++;
    return bank;
}

static bool make_input(struct writer *w)
{
    const struct cf_implementation *impl = w->from->implementation;
    struct cf_type type = {.width = 1, .is_signed = true};
    uint32_t shape[3] = {1, 1, 0};
    for (uint32_t g = 0; g < impl->graph_count; g++) {
        uint32_t count;
        if (!widen(w, first_bank(impl, g), &type, &count))
            return false;
        shape[2] += count;
    }
    w->to->input_scale = 1;
    return cf_netlist_add_group(w->to, "input", 3, shape, 0, type, false, w->err);
}

/* ---- adders ---- */

static struct cf_term term_of(uint8_t port, uint8_t shift, bool negative)
{
    return (struct cf_term){.weight = negative ? -1 : 1, .port = port, .shift = shift};
}

/* Finds the type of every adder, from those of its addends. */
static bool find_types(struct writer *w)
{
    const struct cf_graph *g = w->graph;
    for (uint32_t a = 0; a < g->adder_count; a++) {
        const struct cf_adder *adder = &g->adders[a];
        struct signal *left = &w->signals[adder->left.signal], *right = &w->signals[adder->right.signal];
        struct signal *own = &w->signals[g->inputs + a];
        const struct cf_type ports[2] = {left->type, right->type};
        const struct cf_term terms[2] = {term_of(0, adder->left.shift, adder->left.negative),
                                         term_of(1, adder->right.shift, adder->right.negative)};
        struct cf_cell cell = {.ports = ports, .terms = terms, .port_count = 2, .term_count = 2};
        if (!cf_cell_infer_type(&cell, 0))
            return cf_fail(w->err, "%s: graph %u: adder %u could pass 63 bits", w->from->label, w->number, a);
        own->type = cell.type;
        own->depth = 1 + (left->depth > right->depth ? left->depth : right->depth);
        w->placed[a] = (struct placed){a, own->depth, own->type, left->type, right->type, adder};
    }
    return true;
}

/* Orders the cells of adders: 0 where two adders are the same cell. */
static int compare_kinds(const struct placed *x, const struct placed *y)
{
    const int one[6] = {x->left.width,        x->right.width,     x->is->left.shift,
                        x->is->left.negative, x->is->right.shift, x->is->right.negative};
    const int other[6] = {y->left.width,        y->right.width,     y->is->left.shift,
                          y->is->left.negative, y->is->right.shift, y->is->right.negative};
    for (int i = 0; i < 6; i++)
        if (one[i] != other[i])
            return one[i] < other[i] ? -1 : 1;
    return 0;
}

static bool same_group(const struct placed *x, const struct placed *y)
{
    return x->depth == y->depth && x->type.width == y->type.width;
}

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    if (x->type.width != y->type.width)
        return x->type.width < y->type.width ? -1 : 1;
    int order = compare_kinds(x, y);
    return order ? order : (x->adder > y->adder) - (x->adder < y->adder);
}

static bool add_adder_cell(struct writer *w, const struct placed *p, uint32_t *cell)
{
    const struct cf_type ports[2] = {p->left, p->right};
    const struct cf_term terms[2] = {term_of(0, p->is->left.shift, p->is->left.negative),
                                     term_of(1, p->is->right.shift, p->is->right.negative)};
    const struct cf_cell made = {.ports = ports, .terms = terms, .port_count = 2, .term_count = 2, .type = p->type};
    return cf_netlist_add_cell(w->to, &made, cell, w->err);
}

/* Adds the group of the adders [first, first + count), which have one depth and one width. */
static bool add_adders(struct writer *w, const struct placed *first, uint32_t count)
{
    char name[64];
    uint32_t shape[3] = {1, 1, count}, cell = 0;
    snprintf(name, sizeof name, "graph%u.depth%u.bits%u", w->number, first->depth, first->type.width);
    if (!cf_netlist_add_group(w->to, name, 3, shape, 2, first->type, false, w->err))
        return false;
    struct cf_group *group = &w->to->groups[w->to->group_count - 1];
    for (uint32_t i = 0; i < count; i++) {
        const struct placed *p = &first[i];
        if ((i == 0 || compare_kinds(p - 1, p) != 0) && !add_adder_cell(w, p, &cell))
            return false;
        group->cell[i] = cell;
        group->base[2 * (size_t)i] = w->signals[p->is->left.signal].net;
        group->base[2 * (size_t)i + 1] = w->signals[p->is->right.signal].net;
        w->signals[w->graph->inputs + p->adder].net = group->first_net + i;
    }
    return true;
}

/* ---- outputs ---- */

/* The cell of a gate whose sum is an output of the graph. */
static bool make_output(struct writer *w, uint32_t k, struct cf_cell *made, struct cf_type *port, struct cf_term *term)
{
    const struct cf_cell *cell = &w->from->cells[w->bank->cells[k]];
    const struct cf_graph_output *output = &w->graph->outputs[k];
    bool zero = output->signal == CF_NO_SIGNAL;
    uint8_t right = output->shift < 0 && !zero ? (uint8_t)-output->shift : 0;
    *port = w->signals[zero ? 0 : output->signal].type;
    *term = term_of(0, output->shift > 0 ? (uint8_t)output->shift : 0, output->negative);
    *made = (struct cf_cell){
        .ports = port, .terms = term, .port_count = 1, .term_count = !zero, .activation = cell->activation};
    if (right && cell->activation == CF_ROOT)
        return cf_fail(w->err, "%s: graph %u: a root whose sum is shifted to the right", w->from->label, w->number);
    if (__builtin_mul_overflow(cell->bias, (int64_t)1 << right, &made->bias) ||
        !cf_cell_infer_type(made, (int16_t)(cell->type.frac + right)))
        return cf_fail(w->err, "%s: graph %u: output %u could pass 63 bits", w->from->label, w->number, k);
    return true;
}

/* Adds the group of the outputs from `first` on that have the type of the first; `*count` becomes how many. */
static bool add_outputs(struct writer *w, uint32_t first, uint32_t number, uint32_t *count)
{
    struct cf_cell cell;
    struct cf_type port, type = {0};
    struct cf_term term;
    uint32_t shape[3] = {1, 1, 0};
    char name[64];
    for (uint32_t k = first; k < w->bank->cell_count; k++, shape[2]++) {
        if (!make_output(w, k, &cell, &port, &term))
            return false;
        if (k == first)
            type = cell.type;
        if (!cf_type_equal(cell.type, type))
            break;
    }
    snprintf(name, sizeof name, "graph%u.output%u", w->number, number);
    if (!cf_netlist_add_group(w->to, name, 3, shape, 1, type, true, w->err))
        return false;
    struct cf_group *group = &w->to->groups[w->to->group_count - 1];
    for (uint32_t i = 0; i < shape[2]; i++) {
        uint32_t signal = w->graph->outputs[first + i].signal;
        if (!make_output(w, first + i, &cell, &port, &term) ||
            !cf_netlist_add_cell(w->to, &cell, &group->cell[i], w->err))
            return false;
        group->base[i] = w->signals[signal == CF_NO_SIGNAL ? 0 : signal].net;
    }
    *count = shape[2];
    return true;
}

/* ---- graphs ---- */

/* Writes out the graph at hand, whose operands are the input nets from `first` on. */
static bool write_graph(struct writer *w, uint32_t first)
{
    const struct cf_graph *g = w->graph;
    for (uint32_t i = 0; i < g->inputs; i++)
        w->signals[i] = (struct signal){first + i, 0, w->to->groups[CF_INPUT].type};
    if (!find_types(w))
        return false;
    qsort(w->placed, g->adder_count, sizeof *w->placed, compare_placed);
    for (uint32_t i = 0, end; i < g->adder_count; i = end) {
        for (end = i + 1; end < g->adder_count && same_group(&w->placed[i], &w->placed[end]);)
            end++;
        if (!add_adders(w, &w->placed[i], end - i))
            return false;
    }
    for (uint32_t k = 0, number = 0, count = 0; k < w->bank->cell_count; k += count)
        if (!add_outputs(w, k, number++, &count))
            return false;
    return true;
}

static bool write_graphs(struct writer *w)
{
    const struct cf_implementation *impl = w->from->implementation;
    uint32_t first = 0;
    bool done = make_input(w);
    for (uint32_t g = 0; done && g < impl->graph_count; first += w->graph->inputs, g++) {
        char key[32], gate[CF_NAME_MAX];
        w->number = g;
        w->graph = &impl->graphs[g];
        w->bank = first_bank(impl, g);
        w->signals = calloc((size_t)w->graph->inputs + w->graph->adder_count + 1, sizeof *w->signals);
        w->placed = calloc((size_t)w->graph->adder_count + 1, sizeof *w->placed);
        done = ((w->signals && w->placed) || out_of_memory(w)) && write_graph(w, first);
        free(w->signals);
        free(w->placed);
        snprintf(key, sizeof key, "graph%u.first_gate", g);
        cf_cell_first_gate(w->from, w->bank->cells[0], gate);
        done = done && cf_netlist_set_meta(w->to, key, gate, w->err);
    }
    return done && cf_netlist_check(w->to, w->err);
}

bool cf_write_out_graphs(struct cf_netlist **circuit, const struct cf_netlist *netlist, struct cf_error *err)
{
    struct writer w = {.from = netlist, .err = err};
    if (!netlist->implementation)
        return cf_fail(err, "%s: has no adder graph to be written out", netlist->label);
    w.to = cf_netlist_new(netlist->label, err);
    if (!w.to)
        return false;
    if (!write_graphs(&w)) {
        cf_netlist_free(w.to);
        return false;
    }
    *circuit = w.to;
    return true;
}
