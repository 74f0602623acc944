/* adder_groups.c - places the adders of a graph as gates, those of one depth and width together. */
#include "compiler/optimise/adder_groups.h"

#include <stdio.h>
#include <stdlib.h>

#include "netlists/cell.h"

/* An adder in the order of the netlist. */
struct placed {
    uint32_t adder, depth;
    struct cf_type type, left, right;
    const struct cf_adder *is;
};

static struct cf_term term_of(uint8_t port, const struct cf_graph_addend *addend)
{
    return (struct cf_term){.weight = addend->negative ? -1 : 1, .port = port, .shift = addend->shift};
}

bool cf_adder_groups_plan(struct cf_adder_groups *g, const struct cf_type *input_types, struct cf_error *err)
{
    const struct cf_graph *graph = g->graph;
    g->signals = calloc((size_t)graph->inputs + graph->adder_count + 1, sizeof *g->signals);
    if (!g->signals)
        return cf_fail(err, "%s: out of memory", g->label);
    for (uint32_t i = 0; i < graph->inputs; i++)
        g->signals[i].type = input_types[i];
    for (uint32_t a = 0; a < graph->adder_count; a++) {
        const struct cf_adder *adder = &graph->adders[a];
        struct cf_adder_signal *left = &g->signals[adder->left.signal], *right = &g->signals[adder->right.signal];
        struct cf_adder_signal *own = &g->signals[graph->inputs + a];
        const struct cf_type ports[2] = {left->type, right->type};
        const struct cf_term terms[2] = {term_of(0, &adder->left), term_of(1, &adder->right)};
        struct cf_cell cell = {.ports = ports, .terms = terms, .port_count = 2, .term_count = 2};
        if (!cf_cell_infer_type(&cell, 0))
            return cf_fail(err, "%s: %s: adder %u could pass 63 bits", g->label, g->name, a);
        own->type = cell.type;
        own->depth = 1 + (left->depth > right->depth ? left->depth : right->depth);
    }
    return true;
}

void cf_adder_groups_free(struct cf_adder_groups *g)
{
    free(g->signals);
    g->signals = NULL;
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

/* The adders to be added, in their order; an array to be freed, NULL when memory is out. */
static struct placed *list_adders(const struct cf_adder_groups *g, const uint8_t *used, uint32_t *count)
{
    uint32_t inputs = g->graph->inputs;
    struct placed *placed = calloc((size_t)g->graph->adder_count + 1, sizeof *placed);
    *count = 0;
    for (uint32_t a = 0; placed && a < g->graph->adder_count; a++) {
        const struct cf_adder *adder = &g->graph->adders[a];
        const struct cf_adder_signal *own = &g->signals[inputs + a];
        if (!used || used[inputs + a])
            placed[(*count)++] = (struct placed){
                a,    own->depth, own->type, g->signals[adder->left.signal].type, g->signals[adder->right.signal].type,
                adder};
    }
    if (placed)
        qsort(placed, *count, sizeof *placed, compare_placed);
    return placed;
}

static bool add_adder_cell(struct cf_netlist *to, const struct placed *p, uint32_t *cell, struct cf_error *err)
{
    const struct cf_type ports[2] = {p->left, p->right};
    const struct cf_term terms[2] = {term_of(0, &p->is->left), term_of(1, &p->is->right)};
    const struct cf_cell made = {.ports = ports, .terms = terms, .port_count = 2, .term_count = 2, .type = p->type};
    return cf_netlist_add_cell(to, &made, cell, err);
}

/* Adds the group of the adders [first, first + count), which have one depth and one width. */
static bool add_group(struct cf_adder_groups *g, struct cf_netlist *to, const struct placed *first, uint32_t count,
                      struct cf_error *err)
{
    char name[CF_NAME_MAX];
    uint32_t shape[3] = {1, g->places, count}, cell = 0;
    snprintf(name, sizeof name, "%.100s.depth%u.bits%u", g->name, first->depth, first->type.width);
    if (!cf_netlist_add_group(to, name, 3, shape, 2, first->type, false, err))
        return false;
    struct cf_group *group = &to->groups[to->group_count - 1];
    for (uint32_t i = 0; i < count; i++) {
        const struct placed *p = &first[i];
        if ((i == 0 || compare_kinds(p - 1, p) != 0) && !add_adder_cell(to, p, &cell, err))
            return false;
        g->signals[g->graph->inputs + p->adder].first = group->first_net + i;
        g->signals[g->graph->inputs + p->adder].stride = count;
        for (uint32_t place = 0; place < g->places; place++) {
            size_t at = (size_t)place * count + i;
            group->cell[at] = cell;
            group->base[2 * at] = cf_adder_net(g, place, p->is->left.signal);
            group->base[2 * at + 1] = cf_adder_net(g, place, p->is->right.signal);
        }
    }
    return true;
}

bool cf_adder_groups_add(struct cf_adder_groups *g, struct cf_netlist *to, const uint8_t *used, struct cf_error *err)
{
    uint32_t count;
    struct placed *placed = list_adders(g, used, &count);
    bool done = placed || cf_fail(err, "%s: out of memory", g->label);
    for (uint32_t i = 0, end; done && i < count; i = end) {
        for (end = i + 1; end < count && same_group(&placed[i], &placed[end]);)
            end++;
        done = add_group(g, to, &placed[i], end - i, err);
    }
    free(placed);
    return done;
}
