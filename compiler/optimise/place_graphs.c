/* place_graphs.c - puts the adders of graphs into a whole netlist, at all places of their banks. */
#include "compiler/optimise/place_graphs.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/adder_groups.h"
#include "netlists/bank.h"
#include "netlists/cell.h"
#include "netlists/check.h"

#define NONE UINT32_MAX

/* A gate of a bank. */
struct standing {
    uint32_t bank, group, gate;
    const uint32_t *bases;
    uint32_t ports;
};

/* A list of base nets at which gates of a bank stand. */
struct place {
    uint32_t bank, first_group;
    const uint32_t *bases;
    uint32_t number; /* among the places of one bank that have the same first group */
};

/* A bank that is placed. */
struct bank_work {
    const struct cf_bank *bank; /* NULL: not placed */
    struct cf_bank_operand *operands;
    struct cf_type *types;         /* [operands] */
    uint32_t *cells;               /* [cell_count]: of the new netlist, instead of the bank's; NONE: the gate stays */
    uint8_t *used;                 /* [inputs + adders] */
    struct cf_adder_groups adders; /* of the last group that they were placed before */
    uint32_t *nets;                /* of these: [places][inputs] */
    uint32_t before;               /* that group */
};

struct placer {
    const struct cf_netlist *from;
    struct cf_netlist *to;
    const struct cf_implementation *impl;
    struct bank_work *banks; /* [bank_count] */
    uint32_t *bank_of;       /* [cell_count]: or NONE */
    struct standing *standing;
    struct place *places;
    uint32_t *place_of; /* [net_count]: of the net's gate, or NONE */
    uint32_t *moved;    /* [group_count]: by how much its nets have greater numbers */
    uint32_t *root;     /* [net_count]: the net of the adder that the gate reads, or NONE */
    uint32_t standing_count, place_count;
    uint64_t limit;
    struct cf_error *err;
};

static bool out_of_memory(const struct placer *p)
{
    return cf_fail(p->err, "%s: out of memory", p->from->label);
}

/* ---- banks ---- */

/* The number of a cell within its bank. */
static uint32_t member_of(const struct cf_bank *bank, uint32_t cell)
{
    uint32_t k = 0;
    while (bank->cells[k] != cell)
        k++;
    return k;
}

/* Adds the cell of a gate that reads an output of the graph, where it can be that cell. */
static bool make_cell(struct placer *p, struct bank_work *b, uint32_t k)
{
    const struct cf_cell *cell = &p->from->cells[b->bank->cells[k]];
    const struct cf_graph_output *output = &b->adders.graph->outputs[k];
    uint8_t right = output->shift < 0 ? (uint8_t)-output->shift : 0;
    struct cf_type ports[CF_MAX_PORTS];
    b->cells[k] = NONE;
    if (output->signal == CF_NO_SIGNAL || (right && cell->activation != CF_STEP))
        return true;
    memcpy(ports, cell->ports, cell->port_count * sizeof *ports);
    ports[0] = b->adders.signals[output->signal].type;
    const struct cf_term term = {.weight = output->negative ? -1 : 1, .shift = right ? 0 : (uint8_t)output->shift};
    struct cf_cell made = *cell;
    made.ports = ports;
    made.terms = &term;
    made.term_count = 1;
    if (__builtin_mul_overflow(cell->bias, (int64_t)1 << right, &made.bias) ||
        !cf_cell_infer_type(&made, cell->type.frac))
        return true;
    bool fits = made.type.width <= cell->type.width && made.type.is_signed == cell->type.is_signed;
    made.type = cell->type;
    return !fits || cf_netlist_add_cell(p->to, &made, &b->cells[k], p->err);
}

/* Marks what the gates that read the graph need of it. */
static void mark_used(struct bank_work *b)
{
    const struct cf_graph *graph = b->adders.graph;
    for (uint32_t k = 0; k < b->bank->cell_count; k++)
        if (b->cells[k] != NONE)
            b->used[graph->outputs[k].signal] = 1;
    for (uint32_t a = graph->adder_count; a-- > 0;)
        if (b->used[graph->inputs + a])
            b->used[graph->adders[a].left.signal] = b->used[graph->adders[a].right.signal] = 1;
}

/* The type of the net that an operand is; false for a square. */
static bool operand_types(const struct placer *p, struct bank_work *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct cf_cell *cell = &p->from->cells[b->bank->cells[0]];
        if (b->operands[i].square)
            return false;
        for (uint32_t k = 0; k < b->bank->cell_count; k++) { /* a cell that reads through that port says its type */
            struct cf_reach reach;
            const struct cf_cell *other = &p->from->cells[b->bank->cells[k]];
            cf_cell_reach(other, &reach);
            uint32_t port = b->operands[i].port;
            if (reach.low[port] <= b->operands[i].offset && b->operands[i].offset <= reach.high[port])
                cell = other;
        }
        b->types[i] = cell->ports[b->operands[i].port];
    }
    return true;
}

static bool prepare_bank(struct placer *p, uint32_t number)
{
    struct bank_work *b = &p->banks[number];
    const struct cf_bank *bank = &p->impl->banks[number];
    const struct cf_graph *graph = &p->impl->graphs[bank->graph];
    uint32_t count;
    b->bank = bank;
    b->before = NONE;
    b->adders = (struct cf_adder_groups){.label = p->from->label, .name = "graph", .graph = graph};
    if (!cf_bank_operands(p->from, bank->cells, bank->cell_count, &b->operands, &count, p->err))
        return false;
    b->types = calloc(count + (size_t)1, sizeof *b->types);
    b->cells = calloc(bank->cell_count + (size_t)1, sizeof *b->cells);
    b->used = calloc((size_t)graph->inputs + graph->adder_count + 1, 1);
    if (!b->types || !b->cells || !b->used)
        return out_of_memory(p);
    if (!operand_types(p, b, count)) {
        b->bank = NULL;
        return true;
    }
    bool done = cf_adder_groups_plan(&b->adders, b->types, p->err);
    for (uint32_t k = 0; done && k < bank->cell_count; k++) {
        p->bank_of[bank->cells[k]] = number;
        done = make_cell(p, b, k);
    }
    if (done)
        mark_used(b);
    return done;
}

/* ---- places ---- */

static int compare_bases(const struct standing *x, const struct standing *y)
{
    if (x->bank != y->bank)
        return x->bank < y->bank ? -1 : 1;
    if (x->ports != y->ports)
        return x->ports < y->ports ? -1 : 1;
    for (uint32_t b = 0; b < x->ports; b++)
        if (x->bases[b] != y->bases[b])
            return x->bases[b] < y->bases[b] ? -1 : 1;
    return 0;
}

static int compare_standing(const void *a, const void *b)
{
    const struct standing *x = a, *y = b;
    int order = compare_bases(x, y);
    if (order || x->group != y->group)
        return order ? order : x->group < y->group ? -1 : 1;
    return (x->gate > y->gate) - (x->gate < y->gate);
}

static void list_standing(struct placer *p)
{
    for (uint32_t g = 1; g < p->from->group_count; g++) {
        const struct cf_group *group = &p->from->groups[g];
        for (uint32_t i = 0; i < group->count; i++)
            if (p->bank_of[group->cell[i]] != NONE)
                p->standing[p->standing_count++] =
                    (struct standing){p->bank_of[group->cell[i]], g, i, cf_instance_bases(group, i), group->ports};
    }
    qsort(p->standing, p->standing_count, sizeof *p->standing, compare_standing);
}

static void find_places(struct placer *p)
{
    list_standing(p);
    for (uint32_t i = 0; i < p->standing_count; i++) {
        const struct standing *s = &p->standing[i];
        if (i == 0 || compare_bases(s - 1, s) != 0)
            p->places[p->place_count++] = (struct place){s->bank, s->group, s->bases, 0};
        p->place_of[p->from->groups[s->group].first_net + s->gate] = p->place_count - 1;
    }
}

/* ---- groups ---- */

static bool moved_net(const struct placer *p, uint32_t group, uint32_t net, uint32_t *to)
{
    uint32_t source = cf_netlist_group_of(p->from, net);
    if (source >= group)
        return cf_fail(p->err, "%s: a gate of a bank in group %s reads its own group", p->from->label,
                       p->from->groups[group].name);
    *to = net + p->moved[source];
    return true;
}

/* Adds the adders of a bank for all places whose first group this is. */
static bool place_adders(struct placer *p, uint32_t number, uint32_t group)
{
    struct bank_work *b = &p->banks[number];
    uint32_t inputs = b->adders.graph->inputs, places = 0;
    for (uint32_t i = 0; i < p->place_count; i++)
        if (p->places[i].bank == number && p->places[i].first_group == group)
            p->places[i].number = places++;
    if (places == 0)
        return true;
    char name[CF_NAME_MAX];
    snprintf(name, sizeof name, "bank%u.before_%.60s", number, p->from->groups[group].name);
    free(b->nets);
    b->nets = calloc((size_t)places * inputs + 1, sizeof *b->nets);
    if (!b->nets)
        return out_of_memory(p);
    for (uint32_t i = 0; i < p->place_count; i++) {
        const struct place *place = &p->places[i];
        if (place->bank != number || place->first_group != group)
            continue;
        for (uint32_t o = 0; o < inputs; o++)
            if (!moved_net(p, group, place->bases[b->operands[o].port] + b->operands[o].offset,
                           &b->nets[(size_t)place->number * inputs + o]))
                return false;
    }
    b->adders.name = name;
    b->adders.places = places;
    b->adders.input_nets = b->nets;
    b->before = group;
    return cf_adder_groups_add(&b->adders, p->to, b->used, p->err);
}

/* Notes, for all gates at places whose first group this is, which adder they read. */
static void note_roots(struct placer *p, uint32_t group)
{
    for (uint32_t i = 0; i < p->standing_count; i++) {
        const struct standing *s = &p->standing[i];
        const struct cf_group *own = &p->from->groups[s->group];
        const struct place *place = &p->places[p->place_of[own->first_net + s->gate]];
        const struct bank_work *b = &p->banks[s->bank];
        uint32_t k = member_of(b->bank, own->cell[s->gate]);
        if (place->first_group == group && b->cells[k] != NONE)
            p->root[own->first_net + s->gate] =
                cf_adder_net(&b->adders, place->number, b->adders.graph->outputs[k].signal);
    }
}

/* The new base net of a port; `low` > `high` where nothing is read through it. */
static bool move_base(const struct placer *p, uint32_t group, uint32_t base, uint32_t low, uint32_t high, uint32_t *to)
{
    uint32_t nets = p->from->net_count;
    bool reads = low <= high;
    uint32_t first = cf_netlist_group_of(p->from, reads ? base + low : base < nets ? base : nets - 1);
    uint32_t last = reads ? cf_netlist_group_of(p->from, base + high) : first;
    *to = base + p->moved[first];
    return p->moved[first] == p->moved[last] ||
           cf_fail(p->err, "%s: a port in group %s reads nets both before and behind adders", p->from->label,
                   p->from->groups[group].name);
}

static bool copy_gate(struct placer *p, uint32_t index, uint32_t gate, struct cf_group *group)
{
    const struct cf_group *from = &p->from->groups[index];
    uint32_t cell = from->cell[gate], root = p->root[from->first_net + gate];
    struct cf_reach reach;
    cf_cell_reach(&p->from->cells[cell], &reach);
    group->cell[gate] = cell;
    for (uint32_t port = 0; port < from->ports; port++) {
        uint32_t base = cf_instance_bases(from, gate)[port];
        bool unread = root != NONE || reach.low[port] > reach.high[port];
        if (!move_base(p, index, base, unread ? 1 : reach.low[port], unread ? 0 : reach.high[port],
                       &group->base[(size_t)gate * from->ports + port]))
            return false;
    }
    if (root != NONE) {
        const struct bank_work *b = &p->banks[p->bank_of[cell]];
        group->cell[gate] = b->cells[member_of(b->bank, cell)];
        group->base[(size_t)gate * from->ports] = root;
    }
    return true;
}

static bool copy_group(struct placer *p, uint32_t index)
{
    const struct cf_group *from = &p->from->groups[index];
    if (!cf_netlist_add_group(p->to, from->name, from->rank, from->shape, from->ports, from->type, from->output,
                              p->err))
        return false;
    uint32_t own = p->to->group_count - 1;
    p->moved[index] = p->to->groups[own].first_net - from->first_net;
    if (from->lane_names && !cf_netlist_name_lanes(p->to, own, from->lane_names, p->err))
        return false;
    bool done = true;
    for (uint32_t i = 0; done && index != CF_INPUT && i < from->count; i++)
        done = copy_gate(p, index, i, &p->to->groups[own]);
    return done;
}

/* ---- the netlist ---- */

/* How many nets the copy will have, at most. */
static bool check_size(const struct placer *p)
{
    uint64_t nets = p->from->net_count;
    for (uint32_t i = 0; i < p->place_count; i++)
        nets += p->impl->graphs[p->impl->banks[p->places[i].bank].graph].adder_count;
    return nets <= p->limit ||
           cf_fail(p->err,
                   "%s: with the adders of its graphs at all places it would have %" PRIu64 " nets, more than %" PRIu64,
                   p->from->label, nets, p->limit);
}

static bool make_room(struct placer *p)
{
    size_t nets = p->from->net_count + (size_t)1;
    p->banks = calloc(p->impl->bank_count + (size_t)1, sizeof *p->banks);
    p->bank_of = malloc((p->from->cell_count + (size_t)1) * sizeof *p->bank_of);
    p->standing = calloc(nets, sizeof *p->standing);
    p->places = calloc(nets, sizeof *p->places);
    p->place_of = malloc(nets * sizeof *p->place_of);
    p->root = malloc(nets * sizeof *p->root);
    p->moved = calloc(p->from->group_count, sizeof *p->moved);
    if (!p->banks || !p->bank_of || !p->standing || !p->places || !p->place_of || !p->root || !p->moved)
        return out_of_memory(p);
    memset(p->bank_of, 0xff, (p->from->cell_count + (size_t)1) * sizeof *p->bank_of);
    memset(p->place_of, 0xff, nets * sizeof *p->place_of);
    memset(p->root, 0xff, nets * sizeof *p->root);
    return true;
}

static bool copy_cells(struct placer *p)
{
    for (uint32_t c = 0; c < p->from->cell_count; c++) {
        uint32_t number;
        if (!cf_netlist_add_cell(p->to, &p->from->cells[c], &number, p->err))
            return false;
        assert(number == c);
        (void)number;
    }
    return true;
}

static bool place_all(struct placer *p)
{
    bool done = make_room(p) && copy_cells(p) && cf_netlist_copy_notes(p->to, p->from, p->err);
    for (uint32_t b = 0; done && b < p->impl->bank_count; b++)
        done = prepare_bank(p, b);
    if (!done)
        return false;
    find_places(p);
    if (!check_size(p))
        return false;
    for (uint32_t g = 0; done && g < p->from->group_count; g++) {
        for (uint32_t b = 0; done && g != CF_INPUT && b < p->impl->bank_count; b++)
            done = !p->banks[b].bank || place_adders(p, b, g);
        if (done)
            note_roots(p, g);
        done = done && copy_group(p, g);
    }
    return done && cf_netlist_check(p->to, p->err);
}

static void free_placer(struct placer *p)
{
    for (uint32_t b = 0; p->banks && b < p->impl->bank_count; b++) {
        free(p->banks[b].operands);
        free(p->banks[b].types);
        free(p->banks[b].cells);
        free(p->banks[b].used);
        free(p->banks[b].nets);
        cf_adder_groups_free(&p->banks[b].adders);
    }
    free(p->banks);
    free(p->bank_of);
    free(p->standing);
    free(p->places);
    free(p->place_of);
    free(p->root);
    free(p->moved);
}

bool cf_place_graphs(struct cf_netlist **placed, const struct cf_netlist *netlist, uint64_t limit, struct cf_error *err)
{
    struct placer p = {.from = netlist, .impl = netlist->implementation, .limit = limit, .err = err};
    if (!netlist->implementation)
        return cf_fail(err, "%s: has no adder graph", netlist->label);
    if (netlist->net_count > limit)
        return cf_fail(err, "%s: has %u nets, more than %" PRIu64 ", for which graphs can be placed", netlist->label,
                       netlist->net_count, limit);
    p.to = cf_netlist_new(netlist->label, err);
    if (!p.to)
        return false;
    bool done = place_all(&p);
    free_placer(&p);
    if (done)
        *placed = p.to;
    else
        cf_netlist_free(p.to);
    return done;
}
