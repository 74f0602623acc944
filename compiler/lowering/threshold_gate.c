/* threshold_gate.c - builds threshold gates term by term, and finds the cells that they share. */
#include "compiler/lowering/threshold_gate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* A term has a weight of 32 bits and a shift. A weight that does not fit is split into digits of 30 bits, each of which
 * gets a port of its own. */
enum { DIGIT = 30, DIGITS = 3 };

void cf_threshold_gate_free(struct cf_threshold_gate *gate)
{
    free(gate->operands);
    *gate = (struct cf_threshold_gate){0};
}

void cf_threshold_gate_clear(struct cf_threshold_gate *gate)
{
    gate->count = 0;
    gate->bias = 0;
}

bool cf_threshold_gate_add(struct cf_threshold_gate *gate, uint32_t net, int64_t weight)
{
    if (!cf_array_reserve(&gate->operands, &gate->capacity, (size_t)gate->count + 1, sizeof *gate->operands))
        return false;
    gate->operands[gate->count++] = (struct cf_threshold_operand){net, weight};
    return true;
}

void cf_threshold_gate_invert(struct cf_threshold_gate *gate)
{
    for (uint32_t i = 0; i < gate->count; i++)
        gate->operands[i].weight = -gate->operands[i].weight;
    gate->bias = -gate->bias - 1;
}

static int compare_nets(const void *x, const void *y)
{
    const struct cf_threshold_operand *a = x, *b = y;
    return (a->net > b->net) - (a->net < b->net);
}

static void merge(struct cf_threshold_gate *gate)
{
    uint32_t kept = 0;
    qsort(gate->operands, gate->count, sizeof *gate->operands, compare_nets);
    for (uint32_t i = 0; i < gate->count; i++) {
        if (kept && gate->operands[kept - 1].net == gate->operands[i].net)
            gate->operands[kept - 1].weight += gate->operands[i].weight;
        else
            gate->operands[kept++] = gate->operands[i];
        kept -= gate->operands[kept - 1].weight == 0;
    }
    gate->count = kept;
}

/* Writes a weight as weight << shift; returns 0 if it does not fit. */
static int32_t fit(int64_t value, uint8_t *shift)
{
    *shift = (uint8_t)(value ? __builtin_ctzll((uint64_t)value) : 0);
    int64_t odd = value >> *shift;
    return odd > INT32_MIN && odd <= INT32_MAX ? (int32_t)odd : 0;
}

static bool needs_digits(const struct cf_threshold_gate *gate)
{
    uint8_t shift;
    for (uint32_t i = 0; i < gate->count; i++)
        if (!fit(gate->operands[i].weight, &shift))
            return true;
    return false;
}

/* Up to CF_FEW_OPERANDS operands keep their order and may read one net twice. */
static void normalise(struct cf_threshold_gate *gate)
{
    if (gate->count > CF_FEW_OPERANDS || needs_digits(gate))
        merge(gate);
}

uint32_t cf_threshold_gate_ports(struct cf_threshold_gate *gate)
{
    normalise(gate);
    if (needs_digits(gate))
        return DIGITS;
    return gate->count > CF_FEW_OPERANDS || gate->count == 0 ? 1 : gate->count;
}

void cf_threshold_cells_free(struct cf_threshold_cells *cells)
{
    free(cells->slots);
    free(cells->terms);
    *cells = (struct cf_threshold_cells){0};
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const struct cf_cell *cell)
{
    uint64_t hash = mix(mix(cell->port_count, cell->term_count), (uint64_t)cell->bias);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        hash = mix(hash, (uint64_t)term->offset << 32 | (uint32_t)term->weight);
        hash = mix(hash, (uint64_t)term->port << 8 | term->shift);
    }
    return hash;
}

static bool equal(const struct cf_cell *a, const struct cf_cell *b)
{
    if (a->port_count != b->port_count || a->term_count != b->term_count || a->bias != b->bias)
        return false;
    for (uint32_t t = 0; t < a->term_count; t++) {
        const struct cf_term *x = &a->terms[t], *y = &b->terms[t];
        if (x->offset != y->offset || x->weight != y->weight || x->port != y->port || x->shift != y->shift)
            return false;
    }
    return true;
}

static uint32_t *find(const struct cf_threshold_cells *cells, const struct cf_netlist *netlist,
                      const struct cf_cell *cell)
{
    size_t at = hash_of(cell) & (cells->capacity - 1);
    while (cells->slots[at] && !equal(&netlist->cells[cells->slots[at] - 1], cell))
        at = (at + 1) & (cells->capacity - 1);
    return &cells->slots[at];
}

static bool grow(struct cf_threshold_cells *cells, const struct cf_netlist *netlist)
{
    struct cf_threshold_cells bigger = *cells;
    bigger.capacity = cells->capacity ? 2 * cells->capacity : 64;
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; i < cells->capacity; i++)
        if (cells->slots[i])
            *find(&bigger, netlist, &netlist->cells[cells->slots[i] - 1]) = cells->slots[i];
    free(cells->slots);
    *cells = bigger;
    return true;
}

/* Adds weights that are too large for one term digit by digit: first all low digits, then all high digits. */
static uint32_t make_digits(const struct cf_threshold_gate *gate, struct cf_term *terms)
{
    uint32_t count = 0;
    for (uint8_t d = 0; d < DIGITS; d++)
        for (uint32_t i = 0; i < gate->count; i++) {
            int64_t weight = gate->operands[i].weight; /* digits of its own sign: the range of the sum stays */
            int64_t digit = (weight < 0 ? -weight : weight) >> d * DIGIT & (((int64_t)1 << DIGIT) - 1);
            struct cf_term term = {.port = d, .offset = gate->operands[i].net};
            term.weight = fit(weight < 0 ? -digit : digit, &term.shift);
            term.shift = (uint8_t)(term.shift + d * DIGIT);
            if (term.weight)
                terms[count++] = term;
        }
    return count;
}

/* Writes the operands as terms in the order of (port, offset) and fills in the bases, which are 0 before. Returns the
 * number of terms. */
static uint32_t make_terms(const struct cf_threshold_gate *gate, struct cf_term *terms, uint32_t *base)
{
    if (needs_digits(gate))
        return make_digits(gate, terms);
    bool few = gate->count <= CF_FEW_OPERANDS;
    if (!few)
        base[0] = gate->operands[0].net;
    for (uint32_t i = 0; i < gate->count; i++) {
        const struct cf_threshold_operand *operand = &gate->operands[i];
        if (few)
            base[i] = operand->net;
        terms[i] = (struct cf_term){.port = (uint8_t)(few ? i : 0), .offset = few ? 0 : operand->net - base[0]};
        terms[i].weight = fit(operand->weight, &terms[i].shift);
    }
    return gate->count;
}

static bool reserve(struct cf_threshold_cells *cells, const struct cf_threshold_gate *gate)
{
    return cf_array_reserve(&cells->terms, &cells->term_capacity, (size_t)DIGITS * gate->count + 1,
                            sizeof *cells->terms);
}

bool cf_threshold_gate_place(struct cf_threshold_gate *gate, struct cf_threshold_cells *cells,
                             struct cf_netlist *netlist, struct cf_group *group, uint32_t index, struct cf_error *err)
{
    assert(index < group->count);
    static const struct cf_type bits[CF_FEW_OPERANDS] = {{1, false, 0}, {1, false, 0}, {1, false, 0}, {1, false, 0}};
    normalise(gate);
    assert(group->ports >= cf_threshold_gate_ports(gate));
    if (!reserve(cells, gate) || (2 * (cells->count + 1) > cells->capacity && !grow(cells, netlist)))
        return cf_fail(err, "%s: out of memory", netlist->label);
    uint32_t count = make_terms(gate, cells->terms, group->base + (size_t)index * group->ports);
    struct cf_cell cell = {bits, cells->terms, group->ports, count, gate->bias, CF_STEP, {1, false, 0}};
    uint32_t *slot = find(cells, netlist, &cell);
    if (!*slot) {
        if (!cf_netlist_add_cell(netlist, &cell, &group->cell[index], err))
            return false;
        *slot = group->cell[index] + 1;
        cells->count++;
        return true;
    }
    group->cell[index] = *slot - 1;
    return true;
}
