/* bank.c - finds the banks of a netlist, and proves that adder graphs compute them. */
#include "netlists/bank.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/names.h"

/* ---- operands ---- */

static int compare_operands(const void *a, const void *b)
{
    const struct cf_bank_operand *x = a, *y = b;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->square > y->square) - (x->square < y->square);
}

static struct cf_bank_operand operand_of(const struct cf_term *term)
{
    return (struct cf_bank_operand){.offset = term->offset, .port = term->port, .square = term->square};
}

bool cf_bank_operands(const struct cf_netlist *netlist, const uint32_t *cells, uint32_t cell_count,
                      struct cf_bank_operand **operands, uint32_t *count, struct cf_error *err)
{
    size_t terms = 0, kept = 0;
    for (uint32_t k = 0; k < cell_count; k++)
        terms += netlist->cells[cells[k]].term_count;
    struct cf_bank_operand *all = malloc((terms ? terms : 1) * sizeof *all);
    if (!all)
        return cf_fail(err, "%s: out of memory", netlist->label);
    size_t at = 0;
    for (uint32_t k = 0; k < cell_count; k++)
        for (uint32_t t = 0; t < netlist->cells[cells[k]].term_count; t++)
            all[at++] = operand_of(&netlist->cells[cells[k]].terms[t]);
    qsort(all, terms, sizeof *all, compare_operands);
    for (size_t t = 0; t < terms; t++)
        if (kept == 0 || compare_operands(&all[kept - 1], &all[t]) != 0)
            all[kept++] = all[t];
    *operands = all;
    *count = (uint32_t)kept;
    return true;
}

static struct cf_range operand_range(struct cf_type type, bool square)
{
    struct cf_range range = {cf_type_min(type), cf_type_max(type)};
    if (!square)
        return range;
    int64_t far = -range.min > range.max ? -range.min : range.max;
    return (struct cf_range){0, far * far};
}

struct cf_range *cf_operand_ranges(const struct cf_netlist *netlist, const uint32_t *cells,
                                   const struct cf_bank_operand *operands, uint32_t count)
{
    struct cf_range *range = calloc(count ? count : 1, sizeof *range);
    uint8_t *found = calloc(count ? count : 1, 1);
    uint32_t left = range && found ? count : 0;
    for (uint32_t k = 0; left > 0; k++) { /* a cell that reads the operand has the type of its net at that port */
        const struct cf_cell *cell = &netlist->cells[cells[k]];
        for (uint32_t t = 0, i = 0; t < cell->term_count; t++) {
            struct cf_bank_operand operand = operand_of(&cell->terms[t]);
            while (compare_operands(&operands[i], &operand) != 0)
                i++;
            if (!found[i])
                range[i] = operand_range(cell->ports[operand.port], operand.square);
            left -= !found[i];
            found[i] = 1;
        }
    }
    if (!found) {
        free(range);
        range = NULL;
    }
    free(found);
    return range;
}

/* ---- banks ---- */

/* The places of a cell as a hash: two sums, over its gates, of hashes of the gate's base nets. Cells with the same
 * places have the same sums, whatever the order of their gates; with 128 bits, other cells do not share them by chance.
 */
struct places {
    uint64_t sum[2], count;
    uint32_t cell;
};

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static struct places *places_of_cells(const struct cf_netlist *netlist)
{
    struct places *places = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *places);
    if (!places)
        return NULL;
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        places[c].cell = c;
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            const uint32_t *bases = cf_instance_bases(group, i);
            struct places *p = &places[group->cell[i]];
            uint64_t one = group->ports, two = ~one;
            for (uint32_t b = 0; b < group->ports; b++) {
                one = mix(one + UINT64_C(0x9e3779b97f4a7c15) + bases[b]);
                two = mix(two * UINT64_C(0xd6e8feb86659fd93) + bases[b]);
            }
            p->sum[0] += one;
            p->sum[1] += two;
            p->count++;
        }
    }
    return places;
}

static bool same_places(const struct places *a, const struct places *b)
{
    return a->count == b->count && a->sum[0] == b->sum[0] && a->sum[1] == b->sum[1];
}

static int compare_places(const void *a, const void *b)
{
    const struct places *x = a, *y = b;
    for (int i = 0; i < 2; i++)
        if (x->sum[i] != y->sum[i])
            return x->sum[i] < y->sum[i] ? -1 : 1;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->cell < y->cell ? -1 : 1;
}

bool cf_find_banks(const struct cf_netlist *netlist, uint32_t *bank, uint64_t *places, uint32_t *count,
                   struct cf_error *err)
{
    struct places *sorted = places_of_cells(netlist);
    if (!sorted)
        return cf_fail(err, "%s: out of memory", netlist->label);
    uint32_t cells = netlist->cell_count, number = 0;
    qsort(sorted, cells, sizeof *sorted, compare_places);
    /* First bank[c] is the first cell of c's bank, which is the first of a run of cells with the same places. */
    for (uint32_t i = 0, run = 0; i < cells; i++) {
        run = i > 0 && same_places(&sorted[i - 1], &sorted[i]) ? run : i;
        bank[sorted[i].cell] = sorted[i].count ? sorted[run].cell : UINT32_MAX;
    }
    for (uint32_t i = 0; i < cells; i++)
        if (bank[sorted[i].cell] == sorted[i].cell)
            places[sorted[i].cell] = sorted[i].count; /* for the moment by first cell */
    for (uint32_t c = 0; c < cells; c++)
        if (bank[c] == c) {
            places[number] = places[c]; /* number <= c */
            bank[c] = number++;
        } else if (bank[c] != UINT32_MAX) {
            bank[c] = bank[bank[c]]; /* the first cell has its number already */
        }
    *count = number;
    free(sorted);
    return true;
}

void cf_cell_first_gate(const struct cf_netlist *netlist, uint32_t cell, char name[CF_NAME_MAX])
{
    snprintf(name, CF_NAME_MAX, "no gate");
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++)
            if (netlist->groups[g].cell[i] == cell) {
                cf_gate_name(&netlist->groups[g], i, name, CF_NAME_MAX);
                return;
            }
}

/* ---- cost ---- */

uint64_t cf_bank_csd_adders(const struct cf_netlist *netlist, const struct cf_bank *bank)
{
    uint64_t adders = 0;
    for (uint32_t k = 0; k < bank->cell_count; k++) {
        const struct cf_cell *cell = &netlist->cells[bank->cells[k]];
        uint64_t digits = 0;
        for (uint32_t t = 0; t < cell->term_count; t++) {
            uint64_t magnitude = (uint64_t)llabs((long long)cell->terms[t].weight);
            digits += (uint64_t)__builtin_popcountll(magnitude ^ 3 * magnitude);
        }
        adders += digits > 1 ? digits - 1 : 0;
    }
    return adders;
}

bool cf_bank_measure(const struct cf_netlist *netlist, const struct cf_bank *bank, struct cf_graph_cost *cost,
                     struct cf_error *err)
{
    struct cf_bank_operand *operands;
    uint32_t count;
    if (!cf_bank_operands(netlist, bank->cells, bank->cell_count, &operands, &count, err))
        return false;
    struct cf_range *range = cf_operand_ranges(netlist, bank->cells, operands, count);
    bool done = range ? cf_graph_measure(&netlist->implementation->graphs[bank->graph], range, cost, err)
                      : cf_fail(err, "%s: out of memory", netlist->label);
    free(range);
    free(operands);
    return done;
}

/* ---- proof ---- */

/* A bank whose graph is being proved. */
struct subject {
    const struct cf_bank *bank;
    uint32_t number;
    struct cf_bank_operand *operands; /* [the graph's inputs] */
    uint32_t *next;                   /* [cell_count]: the first term of each cell that is not compared yet */
};

struct proof {
    const struct cf_netlist *netlist;
    const struct cf_graph *graph;
    struct subject *subjects; /* all banks that the graph computes */
    uint32_t count;
    struct cf_error *err;
};

static bool differs(const struct proof *p, const struct subject *s, uint32_t output, uint32_t operand, int64_t wanted)
{
    char gate[CF_NAME_MAX];
    const struct cf_bank_operand *o = &s->operands[operand];
    cf_cell_first_gate(p->netlist, s->bank->cells[output], gate);
    return cf_fail(p->err,
                   "%s: bank %u: output %u (%s): its graph does not count %s at port %u, offset %u, %" PRId64
                   " times as the cell does",
                   p->netlist->label, s->number, output, gate, o->square ? "the square" : "the net", o->port, o->offset,
                   wanted);
}

static bool compare_forms(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    struct proof *p = context;
    for (uint32_t b = 0; b < p->count; b++) {
        struct subject *s = &p->subjects[b];
        for (uint32_t k = 0; k < s->bank->cell_count; k++) {
            const struct cf_cell *cell = &p->netlist->cells[s->bank->cells[k]];
            const struct cf_graph_output *output = &p->graph->outputs[k];
            for (uint32_t i = 0; i < count; i++) {
                const struct cf_term *term = &cell->terms[s->next[k]];
                struct cf_bank_operand operand =
                    s->next[k] < cell->term_count ? operand_of(term) : (struct cf_bank_operand){0};
                bool read = s->next[k] < cell->term_count && compare_operands(&operand, &s->operands[first + i]) == 0;
                int64_t wanted = read ? term->weight * ((int64_t)1 << term->shift) : 0;
                int64_t given = output->signal == CF_NO_SIGNAL ? 0 : factor[output->signal][i];
                if (!cf_output_counts(output, given, wanted))
                    return differs(p, s, k, first + i, wanted);
                s->next[k] += read;
            }
        }
    }
    return true;
}

static bool prepare_subject(const struct proof *p, struct subject *s)
{
    const struct cf_bank *bank = s->bank;
    const struct cf_netlist *n = p->netlist;
    uint32_t operands;
    char label[CF_NAME_MAX + 32];
    if (bank->cell_count != p->graph->output_count)
        return cf_fail(p->err, "%s: bank %u has %u cells, and its graph %u outputs", n->label, s->number,
                       bank->cell_count, p->graph->output_count);
    if (!cf_bank_operands(n, bank->cells, bank->cell_count, &s->operands, &operands, p->err))
        return false;
    if (operands != p->graph->inputs)
        return cf_fail(p->err, "%s: bank %u reads %u operands, and its graph has %u inputs", n->label, s->number,
                       operands, p->graph->inputs);
    s->next = calloc(bank->cell_count ? bank->cell_count : 1, sizeof *s->next);
    struct cf_range *range = cf_operand_ranges(n, bank->cells, s->operands, operands);
    snprintf(label, sizeof label, "%.100s: bank %u", n->label, s->number);
    bool done = (s->next && range) || cf_fail(p->err, "%s: out of memory", n->label);
    done = done && cf_graph_fits(p->graph, range, label, p->err);
    free(range);
    return done;
}

static bool prove(struct proof *p)
{
    bool done = true, out_of_memory = false;
    for (uint32_t b = 0; done && b < p->count; b++)
        done = prepare_subject(p, &p->subjects[b]);
    done = done && cf_graph_forms(p->graph, compare_forms, p, &out_of_memory);
    if (out_of_memory)
        cf_fail(p->err, "%s: out of memory", p->netlist->label);
    for (uint32_t b = 0; b < p->count; b++) {
        free(p->subjects[b].operands);
        free(p->subjects[b].next);
    }
    return done;
}

static bool check_graph(const struct cf_netlist *netlist, uint32_t number, const struct cf_graph *graph,
                        struct cf_error *err)
{
    char label[CF_NAME_MAX + 32];
    snprintf(label, sizeof label, "%.100s: graph %u", netlist->label, number);
    return cf_graph_check(graph, label, err);
}

bool cf_graph_prove(const struct cf_netlist *netlist, const struct cf_graph *graph, const struct cf_bank *bank,
                    uint32_t number, struct cf_error *err)
{
    struct subject subject = {.bank = bank, .number = number};
    struct proof p = {.netlist = netlist, .graph = graph, .subjects = &subject, .count = 1, .err = err};
    return check_graph(netlist, number, graph, err) && prove(&p);
}

/* Banks stand in the order of their graphs, so that one pass finds those of each. */
static bool prove_banks(const struct cf_netlist *netlist, struct subject *subjects, struct cf_error *err)
{
    const struct cf_implementation *impl = netlist->implementation;
    for (uint32_t g = 0, b = 0; g < impl->graph_count; g++) {
        struct proof p = {.netlist = netlist, .graph = &impl->graphs[g], .subjects = subjects, .err = err};
        for (; b < impl->bank_count && impl->banks[b].graph == g; b++)
            subjects[p.count++] = (struct subject){.bank = &impl->banks[b], .number = b};
        if (!check_graph(netlist, g, p.graph, err) || !prove(&p))
            return false;
    }
    return true;
}

static bool check_order(const struct cf_netlist *netlist, struct cf_error *err)
{
    const struct cf_implementation *impl = netlist->implementation;
    uint32_t next = 0; /* the first graph that no bank so far has */
    for (uint32_t b = 0; b < impl->bank_count; b++) {
        uint32_t graph = impl->banks[b].graph;
        if (graph >= impl->graph_count)
            return cf_fail(err, "%s: bank %u: graph %u does not exist", netlist->label, b, graph);
        if (graph != next && graph + 1 != next)
            return cf_fail(err, "%s: bank %u: has graph %u; banks stand in the order of their graphs", netlist->label,
                           b, graph);
        next = graph + 1;
    }
    return next == impl->graph_count || cf_fail(err, "%s: graph %u computes no bank", netlist->label, next);
}

/* Checks that a stored bank is one that the netlist has: all cells of it, and no other. cells_of[n] is how many cells
 * bank n of those found has; it becomes 0. */
static bool check_cells(const struct cf_netlist *netlist, uint32_t number, const uint32_t *bank_of, uint32_t *cells_of,
                        struct cf_error *err)
{
    const struct cf_bank *bank = &netlist->implementation->banks[number];
    if (bank->cell_count == 0)
        return cf_fail(err, "%s: bank %u has no cells", netlist->label, number);
    for (uint32_t k = 0; k < bank->cell_count; k++) {
        uint32_t cell = bank->cells[k], first = bank->cells[0];
        if (cell >= netlist->cell_count || (k > 0 && cell <= bank->cells[k - 1]))
            return cf_fail(err, "%s: bank %u: its cells do not rise, or cell %u does not exist", netlist->label, number,
                           cell);
        if (bank_of[cell] == UINT32_MAX || bank_of[cell] != bank_of[first])
            return cf_fail(err, "%s: bank %u: cells %u and %u do not stand at the same places", netlist->label, number,
                           first, cell);
    }
    uint32_t *all = &cells_of[bank_of[bank->cells[0]]];
    if (*all != bank->cell_count)
        return cf_fail(err,
                       *all ? "%s: bank %u has %u of the %u cells that stand at its places"
                            : "%s: bank %u: a bank before it has its %u cells already",
                       netlist->label, number, bank->cell_count, *all);
    *all = 0;
    return true;
}

static bool check_banks(const struct cf_netlist *netlist, uint32_t *bank_of, uint32_t *cells_of, uint64_t *places,
                        struct cf_error *err)
{
    uint32_t count;
    if (!check_order(netlist, err) || !cf_find_banks(netlist, bank_of, places, &count, err))
        return false;
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        if (bank_of[c] != UINT32_MAX)
            cells_of[bank_of[c]]++;
    for (uint32_t b = 0; b < netlist->implementation->bank_count; b++)
        if (!check_cells(netlist, b, bank_of, cells_of, err))
            return false;
    return true;
}

bool cf_implementation_check(const struct cf_netlist *netlist, struct cf_error *err)
{
    if (!netlist->implementation)
        return true;
    size_t cells = netlist->cell_count + (size_t)1;
    uint32_t *bank_of = malloc(cells * sizeof *bank_of), *cells_of = calloc(cells, sizeof *cells_of);
    uint64_t *places = malloc(cells * sizeof *places);
    struct subject *subjects = calloc(netlist->implementation->bank_count + (size_t)1, sizeof *subjects);
    bool done = (bank_of && cells_of && places && subjects) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && check_banks(netlist, bank_of, cells_of, places, err) && prove_banks(netlist, subjects, err);
    free(bank_of);
    free(cells_of);
    free(places);
    free(subjects);
    return done;
}
