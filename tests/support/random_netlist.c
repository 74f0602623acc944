/* random_netlist.c - makes small random netlists and frames from a seed. */
#include "tests/support/random_netlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"

uint64_t random_next(struct random_source *random)
{
    uint64_t x = random->state += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

int64_t random_between(struct random_source *random, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1; /* 0 stands for 2^64 */
    uint64_t step = span ? random_next(random) % span : random_next(random);
    return (int64_t)((uint64_t)low + step);
}

struct random_netlist_options random_netlist_defaults(uint64_t seed)
{
    return (struct random_netlist_options){
        .seed = seed, .inputs = 40, .groups = 6, .gates = 24, .ports = 3, .terms = 6, .width = 40};
}

struct maker {
    const struct random_netlist_options *options;
    struct random_source random;
    struct cf_netlist *netlist;
};

static uint32_t pick(struct maker *m, uint32_t low, uint32_t high)
{
    return (uint32_t)random_between(&m->random, low, high);
}

static bool one_in(struct maker *m, uint32_t n)
{
    return random_next(&m->random) % n == 0;
}

static struct cf_type type_of(const struct maker *m, uint32_t net)
{
    return m->netlist->groups[cf_netlist_group_of(m->netlist, net)].type;
}

/* A shape of at most `limit` elements. */
static int pick_shape(struct maker *m, int rank, uint32_t limit, uint32_t shape[CF_GROUP_MAX_RANK])
{
    for (int i = 0; i < rank; i++) {
        shape[i] = pick(m, 1, limit < 6 ? limit : i + 1 == rank ? limit : 5);
        limit /= shape[i];
    }
    return rank;
}

static bool add_input(struct maker *m)
{
    bool frames = m->options->frames;
    uint32_t shape[CF_GROUP_MAX_RANK];
    int rank = pick_shape(m, frames ? 3 : (int)pick(m, 1, CF_GROUP_MAX_RANK), m->options->inputs, shape);
    struct cf_type type = {(uint8_t)pick(m, frames ? 2 : 1, 16), frames || one_in(m, 2), 0};
    type.frac = (int16_t)random_between(&m->random, -2, 4);
    m->netlist->input_scale = (double)pick(m, 1, 64) / 16;
    return cf_netlist_add_group(m->netlist, "input", rank, shape, 0, type, false, NULL);
}

/* One cell of a group to be, and a place where it fits. */
struct plan {
    struct cf_cell cell;
    struct cf_type ports[CF_MAX_PORTS];
    struct cf_term *terms;
    uint32_t bases[CF_MAX_PORTS];
};

static int compare_offsets(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Adds the term with a random weight and shift. */
static void add_term(struct maker *m, struct plan *plan, struct cf_term term, int32_t weight_limit,
                     uint32_t shift_limit)
{
    term.weight = (int32_t)random_between(&m->random, 1, weight_limit);
    term.weight = one_in(m, 2) ? -term.weight : term.weight;
    term.shift = (uint8_t)pick(m, 0, shift_limit);
    plan->terms[plan->cell.term_count++] = term;
}

/* Adds terms on `port`: distinct nets of one type at or after a random base, now and then none. */
static void plan_port(struct maker *m, struct plan *plan, uint32_t port, int32_t weight_limit, uint32_t shift_limit)
{
    uint32_t anchor = pick(m, 0, m->netlist->net_count - 1), wanted = pick(m, one_in(m, 8) ? 0 : 1, m->options->terms);
    uint32_t base = one_in(m, 2) ? anchor : pick(m, 0, anchor), count = 0;
    uint32_t *offsets = calloc(m->options->terms + 1, sizeof *offsets);
    plan->ports[port] = type_of(m, anchor);
    plan->bases[port] = base;
    for (uint32_t t = 0; offsets && t < wanted; t++) {
        uint32_t net = t ? pick(m, base, m->netlist->net_count - 1) : anchor;
        if (cf_type_equal(type_of(m, net), plan->ports[port]))
            offsets[count++] = net - base;
    }
    if (offsets)
        qsort(offsets, count, sizeof *offsets, compare_offsets);
    for (uint32_t t = 0; t < count; t++) {
        if (t && offsets[t] == offsets[t - 1])
            continue;
        bool square = m->options->beyond && one_in(m, 3);
        add_term(m, plan, (struct cf_term){.offset = offsets[t], .port = (uint8_t)port, .square = square}, weight_limit,
                 shift_limit);
        if (m->options->beyond && !square && one_in(m, 4))
            add_term(m, plan, (struct cf_term){.offset = offsets[t], .port = (uint8_t)port, .square = true},
                     weight_limit, shift_limit);
    }
    free(offsets);
}

/* Plans a cell of `ports` ports; tries smaller weights and shifts until its sums fit `options->width` bits. */
static void plan_cell(struct maker *m, struct plan *plan, uint32_t ports, enum cf_activation activation)
{
    static const int32_t weight_limits[] = {INT32_MAX, 100000, 127, 3, 1};
    static const uint32_t shift_limits[] = {30, 9, 4, 1, 0};
    int64_t min, max;
    for (uint32_t attempt = pick(m, 0, 3); attempt < 5; attempt++) {
        int64_t bias = random_between(&m->random, -1000, 1000);
        plan->cell = (struct cf_cell){plan->ports, plan->terms, ports, 0, bias, activation, {0}};
        for (uint32_t p = 0; p < ports; p++)
            plan_port(m, plan, p, weight_limits[attempt], shift_limits[attempt]);
        int limit = activation == CF_STEP ? CF_MAX_WIDTH : m->options->width;
        if (!cf_cell_range(&plan->cell, &min, &max))
            continue;
        cf_output_range(activation, &min, &max);
        if (cf_signed_width(min, max) <= limit)
            return;
    }
    plan->cell.term_count = 0; /* a constant fits anywhere */
    plan->cell.bias = one_in(m, 2) ? 0 : -1;
}

/* The narrowest type (now and then a bit more) that holds the outputs of all cells planned. */
static struct cf_type output_type(struct maker *m, const struct plan *plans, uint32_t count)
{
    int64_t low = 0, high = 0, min, max;
    if (plans[0].cell.activation == CF_STEP)
        return (struct cf_type){1, false, 0};
    for (uint32_t c = 0; c < count; c++) {
        cf_cell_range(&plans[c].cell, &min, &max);
        cf_output_range(plans[c].cell.activation, &min, &max);
        low = min < low ? min : low;
        high = max > high ? max : high;
    }
    struct cf_type type = {cf_signed_width(low, high), true, (int16_t)random_between(&m->random, -3, 8)};
    if (type.width < m->options->width && one_in(m, 4))
        type.width++;
    else if (low >= 0 && type.width > 1 && one_in(m, 2))
        type = (struct cf_type){(uint8_t)(type.width - 1), false, type.frac};
    return type;
}

/* Whether the plan's terms on `port` would read existing nets of the port's type from this base. */
static bool fits(const struct maker *m, const struct plan *plan, uint32_t port, uint32_t base, uint32_t nets)
{
    for (uint32_t t = 0; t < plan->cell.term_count; t++) {
        const struct cf_term *term = &plan->terms[t];
        if (term->port == port &&
            (term->offset >= nets - base || !cf_type_equal(type_of(m, base + term->offset), plan->ports[port])))
            return false;
    }
    return true;
}

static void place(struct maker *m, const struct plan *plans, uint32_t count, uint32_t first_cell)
{
    struct cf_group *group = &m->netlist->groups[m->netlist->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t c = i < count ? i : pick(m, 0, count - 1); /* each cell at least once */
        group->cell[i] = first_cell + c;
        for (uint32_t p = 0; p < group->ports; p++) {
            uint32_t base = pick(m, 0, group->first_net - 1);
            bool moved = fits(m, &plans[c], p, base, group->first_net);
            group->base[(size_t)i * group->ports + p] = moved ? base : plans[c].bases[p];
        }
    }
}

static bool add_group(struct maker *m, uint32_t number, bool last)
{
    uint32_t shape[CF_GROUP_MAX_RANK], gates = 1, index, ports = pick(m, 1, m->options->ports);
    int rank = pick_shape(m, (int)pick(m, 1, CF_GROUP_MAX_RANK), m->options->gates, shape);
    for (int i = 0; i < rank; i++)
        gates *= shape[i];
    uint32_t count = pick(m, 1, gates < 4 ? gates : 4), first_cell = m->netlist->cell_count;
    enum cf_activation activation = one_in(m, 3) ? CF_STEP : CF_LINEAR;
    if (m->options->beyond && one_in(m, 2))
        activation = one_in(m, 2) ? CF_ROOT : CF_RELU;
    struct plan plans[4];
    size_t most = 2 * (size_t)ports * m->options->terms; /* a net and its square */
    struct cf_term *terms = calloc(count * most + 1, sizeof *terms);
    for (uint32_t c = 0; terms && c < count; c++) {
        plans[c].terms = terms + c * most;
        plan_cell(m, &plans[c], ports, activation);
    }
    bool done = terms != NULL;
    struct cf_type type = done ? output_type(m, plans, count) : (struct cf_type){0};
    for (uint32_t c = 0; done && c < count; c++) {
        plans[c].cell.type = type;
        done = cf_netlist_add_cell(m->netlist, &plans[c].cell, &index, NULL);
    }
    char name[32];
    snprintf(name, sizeof name, "g%u.%s", number, cf_activation_name(activation));
    done = done && cf_netlist_add_group(m->netlist, name, rank, shape, ports, type, last || one_in(m, 3), NULL);
    if (done)
        place(m, plans, count, first_cell);
    free(terms);
    return done;
}

struct cf_netlist *random_netlist(const struct random_netlist_options *options)
{
    struct maker m = {options, {options->seed}, NULL};
    char label[64];
    snprintf(label, sizeof label, "random netlist %llu", (unsigned long long)options->seed);
    m.netlist = cf_netlist_new(label, NULL);
    bool done = m.netlist && add_input(&m);
    uint32_t groups = done ? pick(&m, 1, options->groups) : 0;
    for (uint32_t g = 0; done && g < groups; g++)
        done = add_group(&m, g, g + 1 == groups);
    if (!done) {
        cf_netlist_free(m.netlist);
        return NULL;
    }
    return m.netlist;
}

void random_input(struct random_source *random, const struct cf_netlist *netlist, int64_t *nets)
{
    int64_t low = cf_type_min(netlist->groups[CF_INPUT].type), high = cf_type_max(netlist->groups[CF_INPUT].type);
    for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++) {
        uint64_t kind = random_next(random) % 8;
        nets[i] = kind == 0 ? low : kind == 1 ? high : random_between(random, low, high);
    }
}
