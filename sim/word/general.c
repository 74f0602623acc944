/* general.c - evaluates gates of any kind by the definition of their cells: one gate, or several of one cell. */
#include "netlists/cell.h"
#include "sim/word/workspace.h"

/* The sum of the terms [first, end) of one port, all of which read nets of one group: `values` is the value of the net
 * at offset `low`. The switch stands outside the loops so that a compiler can vectorise them. */
#define SUM(type)                                                                                                      \
    for (uint32_t t = first; t < end; t++) {                                                                           \
        int64_t net = ((const type *)values)[terms[t].offset - low];                                                   \
        int64_t operand = terms[t].square ? net * net : net;                                                           \
        sum += (uint64_t)((int64_t)terms[t].weight * (operand * ((int64_t)1 << terms[t].shift)));                      \
    }

static int64_t sum_of_run(const struct cf_term *terms, uint32_t first, uint32_t end, const void *values, uint32_t low,
                          enum cf_storage storage)
{
    uint64_t sum = 0;
    switch (storage) {
    case CF_STORE8:
        SUM(int8_t);
        break;
    case CF_STORE16:
        SUM(int16_t);
        break;
    case CF_STORE32:
        SUM(int32_t);
        break;
    default:
        SUM(int64_t);
    }
    return (int64_t)sum;
}
#undef SUM

/* The sum of the same terms where the nets lie in several groups: each is looked up. */
static int64_t sum_scattered(const struct cf_workspace *w, const struct cf_term *terms, uint32_t first, uint32_t end,
                             uint32_t base)
{
    int64_t sum = 0;
    for (uint32_t t = first; t < end; t++) {
        uint32_t net = base + terms[t].offset, group = cf_netlist_group_of(w->plan->netlist, net);
        int64_t value = cf_storage_get(cf_net_at(w, group, net), w->plan->layouts[group].storage, 0);
        sum += cf_term_value(&terms[t], value);
    }
    return sum;
}

/* The same for the squares of `count` nets from `values` on, all with the weight of `term`. */
static int64_t sum_of_squares(const struct cf_workspace *w, const struct cf_term *term, uint32_t count,
                              const void *values)
{
    uint64_t squares = (uint64_t)w->plan->kernels->squares(values, count);
    return (int64_t)((uint64_t)term->weight * (squares << term->shift));
}

void cf_run_gate(const struct cf_workspace *w, uint32_t group_index, uint32_t index)
{
    const struct cf_netlist *netlist = w->plan->netlist;
    const struct cf_group *group = &netlist->groups[group_index];
    const struct cf_cell *cell = &netlist->cells[group->cell[index]];
    const struct cf_reach *reach = &w->plan->reaches[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    int64_t sum = cell->bias;
    const struct cf_term_run *run = w->plan->runs[group->cell[index]];
    for (uint32_t first = 0, end; first < cell->term_count; first = end, run++) {
        uint32_t port = cell->terms[first].port;
        end = run->end;
        uint32_t low = bases[port] + reach->low[port], high = bases[port] + reach->high[port];
        uint32_t source = cf_netlist_group_of(netlist, low);
        bool one_group = high - netlist->groups[source].first_net < netlist->groups[source].count;
        if (one_group && run->squares && w->plan->layouts[source].storage == CF_STORE16)
            sum += sum_of_squares(w, &cell->terms[first], end - first, cf_net_at(w, source, low));
        else if (one_group)
            sum += sum_of_run(cell->terms, first, end, cf_net_at(w, source, low), reach->low[port],
                              w->plan->layouts[source].storage);
        else
            sum += sum_scattered(w, cell->terms, first, end, bases[port]);
    }
    cf_storage_put(w->values[group_index], w->plan->layouts[group_index].storage, index, cf_cell_output(cell, sum));
}

void cf_run_squares(const struct cf_workspace *w, uint32_t group, uint32_t row, const void *values)
{
    const struct cf_square_form *form = w->plan->squares[group];
    assert(form);
    uint64_t sum =
        (uint64_t)form->cell->bias + (uint64_t)form->factor * (uint64_t)w->plan->kernels->squares(values, form->inputs);
    for (uint32_t e = 0; e < form->extra_count; e++) {
        const struct cf_square_extra *extra = &form->extras[e];
        enum cf_storage storage = w->plan->layouts[extra->source].storage;
        uint64_t value = (uint64_t)cf_storage_get(cf_net_at(w, extra->source, extra->net[row]), storage, 0);
        sum += (uint64_t)extra->factor * (extra->square ? value * value : value);
    }
    cf_storage_put(w->values[group], w->plan->layouts[group].storage, row, cf_cell_output(form->cell, (int64_t)sum));
}

/* ---- several gates of one cell ----------------------------------------------------------------------------------- */

enum { GATES = 128 }; /* evaluated side by side, at most */

/* Gates [first, first + count) of a group, all instances of one cell. */
struct run {
    const struct cf_workspace *w;
    const struct cf_group *group;
    const struct cf_cell *cell;
    const struct cf_reach *reach;
    uint32_t first, count;
    uint32_t at[GATES];   /* of each gate: where the lowest net of the port at hand stands in the group that is read */
    uint64_t sums[GATES]; /* modulo 2^64 */
};

#define ADD(type)                                                                                                      \
    for (uint32_t t = from; t < end; t++) {                                                                            \
        const type *net = (const type *)values + (terms[t].offset - low);                                              \
        int64_t factor = (int64_t)terms[t].weight * ((int64_t)1 << terms[t].shift);                                    \
        for (uint32_t i = 0; i < r->count; i++)                                                                        \
            r->sums[i] += (uint64_t)factor * (uint64_t)(int64_t)net[r->at[i]];                                         \
    }

/* Adds the terms [from, end), all of one port. False where the nets that the gates read through it lie in several
 * groups, or a term takes a square. */
static bool add_port(struct run *r, uint32_t from, uint32_t end)
{
    const struct cf_netlist *netlist = r->w->plan->netlist;
    const struct cf_term *terms = r->cell->terms;
    uint32_t port = terms[from].port, low = r->reach->low[port], least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        r->at[i] = cf_instance_bases(r->group, r->first + i)[port] + low;
        least = r->at[i] < least ? r->at[i] : least;
        most = r->at[i] > most ? r->at[i] : most;
    }
    uint32_t source = cf_netlist_group_of(netlist, least);
    const struct cf_group *from_group = &netlist->groups[source];
    if (most + (r->reach->high[port] - low) - from_group->first_net >= from_group->count)
        return false;
    for (uint32_t t = from; t < end; t++)
        if (terms[t].square)
            return false;
    for (uint32_t i = 0; i < r->count; i++)
        r->at[i] -= from_group->first_net;
    const void *values = r->w->values[source];
    switch (r->w->plan->layouts[source].storage) {
    case CF_STORE8:
        ADD(int8_t);
        break;
    case CF_STORE16:
        ADD(int16_t);
        break;
    case CF_STORE32:
        ADD(int32_t);
        break;
    default:
        ADD(int64_t);
    }
    return true;
}
#undef ADD

/* Evaluates the run; false where it must be done gate by gate. */
static bool run_side_by_side(struct run *r, uint32_t group_index)
{
    for (uint32_t i = 0; i < r->count; i++)
        r->sums[i] = (uint64_t)r->cell->bias;
    for (uint32_t from = 0, end; from < r->cell->term_count; from = end) {
        for (end = from + 1; end < r->cell->term_count && r->cell->terms[end].port == r->cell->terms[from].port;)
            end++;
        if (!add_port(r, from, end))
            return false;
    }
    enum cf_storage storage = r->w->plan->layouts[group_index].storage;
    for (uint32_t i = 0; i < r->count; i++)
        cf_storage_put(r->w->values[group_index], storage, r->first + i, cf_cell_output(r->cell, (int64_t)r->sums[i]));
    return true;
}

void cf_run_gates(const struct cf_workspace *w, uint32_t group_index, uint32_t first, uint32_t count)
{
    const struct cf_group *group = &w->plan->netlist->groups[group_index];
    const struct cf_square_form *squares = w->plan->squares[group_index];
    uint32_t end = first + count;
    for (; squares && first < end; first++)
        cf_run_squares(w, group_index, first, cf_net_at(w, squares->source, squares->base[first]));
    while (first < end) {
        uint32_t cell = group->cell[first];
        struct run run = {.w = w, .group = group, .first = first, .count = 1};
        run.cell = &w->plan->netlist->cells[cell];
        run.reach = &w->plan->reaches[cell];
        while (run.count < GATES && first + run.count < end && group->cell[first + run.count] == cell)
            run.count++;
        if (run.count == 1 || !run_side_by_side(&run, group_index))
            for (uint32_t i = 0; i < run.count; i++)
                cf_run_gate(w, group_index, first + i);
        first += run.count;
    }
}
