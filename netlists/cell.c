/* cell.c - works out the sums that a cell can reach, its type, and its value. */
#include "netlists/cell.h"

#include <assert.h>
#include <math.h>

/* Sums lie in [-2^LIMIT, 2^LIMIT). */
enum { LIMIT = 62 };

/* The values that a term's operand can have, before its weight and shift: the values of the port's type, or their
 * squares. */
static void operand_range(const struct cf_cell *cell, const struct cf_term *term, __int128 *low, __int128 *high)
{
    struct cf_type type = cell->ports[term->port];
    *low = cf_type_min(type);
    *high = cf_type_max(type);
    if (!term->square)
        return;
    *high = -*low > *high ? *low * *low : *high * *high;
    *low = 0;
}

/* The range of the weighted sum without the bias. `low` only falls and `high` only rises from term to term, so that a
 * range that has left 64 bits, which no bias can bring back, need not be followed further. */
static bool weighted_range(const struct cf_cell *cell, __int128 *low, __int128 *high)
{
    const __int128 limit = (__int128)1 << 64;
    *low = *high = 0;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        assert(term->port < cell->port_count && term->shift <= CF_MAX_SHIFT);
        struct cf_type type = cell->ports[term->port];
        __int128 least, most;
        operand_range(cell, term, &least, &most);
        /* |weight| < 2^31 and |value| < 2^63: the product is below 2^94, shifted by at most 32 it stays in range. A
         * shifted square of 2^63 or more is out of range, whatever the bias. */
        if (term->square ? most >> (CF_MAX_WIDTH - term->shift) != 0
                         : term->shift > 32 && type.width + term->shift > CF_MAX_WIDTH)
            return false;
        __int128 scale = (__int128)term->weight * ((__int128)1 << term->shift);
        *low += scale * (scale > 0 ? least : most);
        *high += scale * (scale > 0 ? most : least);
        if (*low < -limit || *high > limit)
            return false;
    }
    return true;
}

__int128 cf_term_most(const struct cf_cell *cell, const struct cf_term *term)
{
    __int128 least, most;
    operand_range(cell, term, &least, &most);
    return (term->weight > 0 ? most : least) * term->weight * ((__int128)1 << term->shift);
}

bool cf_cell_range(const struct cf_cell *cell, int64_t *min, int64_t *max)
{
    const __int128 limit = (__int128)1 << LIMIT;
    __int128 low, high;
    if (!weighted_range(cell, &low, &high))
        return false;
    low += cell->bias;
    high += cell->bias;
    if (low < -limit || high >= limit)
        return false;
    *min = (int64_t)low;
    *max = (int64_t)high;
    return true;
}

bool cf_step_bias(const struct cf_cell *cell, int64_t bias, int64_t *clamped)
{
    const __int128 limit = (__int128)1 << LIMIT;
    __int128 low, high;
    if (!weighted_range(cell, &low, &high) || low < -limit || high >= limit)
        return false;
    *clamped = bias > -low ? (int64_t)-low : bias < -high - 1 ? (int64_t)(-high - 1) : bias;
    return low + *clamped >= -limit && high + *clamped < limit;
}

uint8_t cf_signed_width(int64_t min, int64_t max)
{
    assert(min <= max);
    uint8_t width = 1;
    while (width < CF_MAX_WIDTH && (min < -((int64_t)1 << (width - 1)) || max > ((int64_t)1 << (width - 1)) - 1))
        width++;
    return width;
}

bool cf_cell_infer_type(struct cf_cell *cell, int16_t frac)
{
    int64_t min, max;
    if (!cf_cell_range(cell, &min, &max))
        return false;
    cf_output_range(cell->activation, &min, &max);
    uint8_t width = cf_signed_width(min, max);
    if (cell->activation == CF_STEP)
        cell->type = (struct cf_type){1, false, 0};
    else if (cell->activation == CF_LINEAR)
        cell->type = (struct cf_type){width, true, frac};
    else
        cell->type = (struct cf_type){width > 1 ? (uint8_t)(width - 1) : 1, false, frac};
    return true;
}

int64_t cf_floor_root(int64_t number)
{
    assert(number >= 0);
    uint64_t n = (uint64_t)number, root = (uint64_t)sqrt((double)n); /* off by one at most: a double has 53 bits */
    while (root * root > n)
        root--;
    while ((root + 1) * (root + 1) <= n)
        root++;
    return (int64_t)root;
}

int64_t cf_activate(enum cf_activation activation, int64_t sum)
{
    switch (activation) {
    case CF_STEP:
        return sum >= 0;
    case CF_RELU:
        return sum > 0 ? sum : 0;
    case CF_ROOT:
        return sum > 0 ? cf_floor_root(sum) : 0;
    default:
        return sum;
    }
}

const char *cf_activation_name(enum cf_activation activation)
{
    static const char *const names[CF_ACTIVATION_COUNT] = {"linear", "step", "relu", "root"};
    assert(activation < CF_ACTIVATION_COUNT);
    return names[activation];
}

bool cf_cell_is_plain(const struct cf_cell *cell)
{
    if (cell->activation != CF_LINEAR && cell->activation != CF_STEP)
        return false;
    for (uint32_t t = 0; t < cell->term_count; t++)
        if (cell->terms[t].square)
            return false;
    return true;
}

bool cf_groups_are_plain(const struct cf_netlist *netlist, uint32_t first, uint32_t end, const char *who,
                         struct cf_error *err)
{
    assert(first >= 1 && end <= netlist->group_count);
    for (uint32_t g = first; g < end; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++)
            if ((i == 0 || group->cell[i] != group->cell[i - 1]) && !cf_cell_is_plain(&netlist->cells[group->cell[i]]))
                return cf_fail(err, "%s: group '%s' has squares, ReLUs or roots, which %s does not take",
                               netlist->label, group->name, who);
    }
    return true;
}

void cf_cell_reach(const struct cf_cell *cell, struct cf_reach *reach)
{
    for (uint32_t p = 0; p < CF_MAX_PORTS; p++) {
        reach->low[p] = UINT32_MAX;
        reach->high[p] = 0;
    }
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        if (term->offset < reach->low[term->port])
            reach->low[term->port] = term->offset;
        if (term->offset > reach->high[term->port])
            reach->high[term->port] = term->offset;
    }
}

int64_t cf_cell_sum(const struct cf_cell *cell, const uint32_t *bases, const int64_t *nets)
{
    int64_t sum = cell->bias;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        sum += cf_term_value(term, nets[bases[term->port] + term->offset]);
    }
    return sum;
}
