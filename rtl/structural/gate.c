/* gate.c - writes a gate as an instance of a leaf module, and finds the kinds of leaf that a netlist needs. */
#include "rtl/structural/gate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/run.h"

/* ---- growing ---- */

static bool add_operand(struct cf_gate *gate, struct cf_operand operand)
{
    if (!cf_array_reserve(&gate->operands, &gate->operand_capacity, gate->operand_count + 1, sizeof operand))
        return false;
    gate->operands[gate->operand_count++] = operand;
    return true;
}

static bool add_vector(struct cf_gate *gate, const struct cf_term *term, bool run)
{
    if (!cf_array_reserve(&gate->vectors, &gate->vector_capacity, gate->vector_count + 1, sizeof *gate->vectors))
        return false;
    struct cf_type type = gate->cell->ports[term->port];
    gate->vectors[gate->vector_count++] = (struct cf_vector){.port = term->port,
                                                             .first = gate->operand_count,
                                                             .run = run,
                                                             .square = term->square,
                                                             .width = type.width,
                                                             .is_signed = type.is_signed};
    return true;
}

/* ---- describing ---- */

/* The gate that is described, and where it stands. */
struct placed {
    const struct cf_rows *rows;
    const struct cf_row_module *module;
    const struct cf_cell *cell;
    const struct cf_term *terms; /* the cell's, in order of (port, square, offset) */
    const uint32_t *bases;
};

bool cf_gate_operand(const struct cf_rows *rows, const struct cf_row_module *module, const uint32_t *bases,
                     uint32_t port, uint32_t offset, struct cf_operand *operand)
{
    uint32_t lane, row = cf_row_of_net(rows, bases[port] + offset, &lane);
    uint32_t low = 0, high = module->input_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        const struct cf_row_input *input = &module->inputs[middle];
        if (input->port < port || (input->port == port && input->row <= row))
            low = middle;
        else
            high = middle;
    }
    *operand = (struct cf_operand){.input = low, .lane = lane};
    return low < module->input_count && module->inputs[low].port == port && module->inputs[low].row == row;
}

/* The operand of one term: the input of the row module that it reads, the lane in that, and the weight. */
static struct cf_operand operand_of(const struct placed *s, const struct cf_term *term)
{
    struct cf_operand operand;
    cf_gate_operand(s->rows, s->module, s->bases, term->port, term->offset, &operand); /* every term has its input */
    operand.weight = term->weight * ((int64_t)1 << term->shift);
    return operand;
}

/* Whether terms `a` and `b` can be of one vector. */
static bool same_port(const struct placed *s, uint32_t a, uint32_t b)
{
    return s->terms[a].port == s->terms[b].port && s->terms[a].square == s->terms[b].square;
}

/* How many terms from `t` on read one row through one port, and how many lanes lie between the first and the last. */
static uint32_t count_in_row(const struct placed *s, uint32_t t, uint32_t *span)
{
    struct cf_operand first = operand_of(s, &s->terms[t]), last = first;
    uint32_t count = 1;
    for (; t + count < s->cell->term_count && same_port(s, t, t + count); count++) {
        struct cf_operand next = operand_of(s, &s->terms[t + count]);
        if (next.input != first.input)
            break;
        last = next;
    }
    *span = last.lane - first.lane + 1;
    return count;
}

/* How many lanes the row has that an operand reads. */
static uint32_t lanes_of(const struct placed *s, const struct cf_operand *operand)
{
    const struct cf_rows *rows = s->rows;
    return cf_group_lanes(&rows->netlist->groups[cf_row_group(rows, s->module->inputs[operand->input].row)]);
}

static bool add_run(const struct placed *s, uint32_t t, uint32_t count, uint32_t span, struct cf_gate *gate)
{
    struct cf_operand first = operand_of(s, &s->terms[t]);
    uint32_t lanes = lanes_of(s, &first);
    if (cf_run_fills_row(span, lanes)) {
        first.lane = 0;
        span = lanes;
    }
    if (!add_vector(gate, &s->terms[t], true) ||
        !cf_array_reserve(&gate->operands, &gate->operand_capacity, (size_t)gate->operand_count + span,
                          sizeof *gate->operands))
        return false;
    struct cf_operand *slots = gate->operands + gate->operand_count;
    for (uint32_t i = 0; i < span; i++)
        slots[i] = (struct cf_operand){first.input, first.lane + i, 0};
    for (uint32_t i = 0; i < count; i++) {
        struct cf_operand operand = operand_of(s, &s->terms[t + i]);
        slots[operand.lane - first.lane] = operand;
    }
    gate->operand_count += span;
    return true;
}

/* Adds the runs of one port (or of its squares), whose first term is `from`, or its other terms as one list. `*end`
 * becomes the first term of the next port. */
static bool add_port(const struct placed *s, uint32_t from, bool runs, uint32_t *end, struct cf_gate *gate)
{
    uint32_t t = from, count, span;
    bool listed = false;
    for (; t < s->cell->term_count && same_port(s, from, t); t += count) {
        count = count_in_row(s, t, &span);
        if (cf_is_run(count, span) != runs)
            continue;
        if (runs && !add_run(s, t, count, span, gate))
            return false;
        if (!runs && !listed && !add_vector(gate, &s->terms[t], false))
            return false;
        listed = true;
        for (uint32_t i = 0; !runs && i < count; i++)
            if (!add_operand(gate, operand_of(s, &s->terms[t + i])))
                return false;
    }
    *end = t;
    return true;
}

/* The bits that a weight of the vector takes: whole hexadecimal digits, but never more bits than the output of a linear
 * gate has, whose arithmetic is modulo 2^width. */
static uint8_t weight_width(const struct cf_gate *gate, const struct cf_vector *vector)
{
    int64_t min = 0, max = 0;
    for (uint32_t i = 0; i < vector->slots; i++) {
        int64_t weight = gate->operands[vector->first + i].weight;
        min = weight < min ? weight : min;
        max = weight > max ? weight : max;
    }
    uint8_t width = (uint8_t)((cf_signed_width(min, max) + 3) / 4 * 4);
    uint8_t limit = gate->cell->activation == CF_LINEAR ? gate->cell->type.width : CF_MAX_WIDTH;
    return width < limit ? width : limit;
}

static int compare_terms(const void *x, const void *y)
{
    const struct cf_term *a = x, *b = y;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    if (a->square != b->square)
        return a->square ? 1 : -1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Points at the cell's terms, with the squares of each port behind its other terms. */
static bool sort_terms(struct placed *s, struct cf_gate *gate)
{
    bool any = false;
    for (uint32_t t = 0; t < s->cell->term_count && !any; t++)
        any = s->cell->terms[t].square;
    s->terms = s->cell->terms;
    if (!any)
        return true;
    if (!cf_array_reserve(&gate->terms, &gate->term_capacity, s->cell->term_count, sizeof *gate->terms))
        return false;
    memcpy(gate->terms, s->cell->terms, s->cell->term_count * sizeof *gate->terms);
    qsort(gate->terms, s->cell->term_count, sizeof *gate->terms, compare_terms);
    s->terms = gate->terms;
    return true;
}

bool cf_gate_describe(const struct cf_rows *rows, const struct cf_row_module *module, uint32_t lane,
                      struct cf_gate *gate)
{
    const struct cf_group *group = &rows->netlist->groups[module->group];
    assert(lane < cf_group_lanes(group));
    uint32_t index = (module->representative - rows->first_row[module->group]) * cf_group_lanes(group) + lane;
    struct placed s = {rows, module, &rows->netlist->cells[group->cell[index]], NULL, cf_instance_bases(group, index)};
    gate->cell = s.cell;
    gate->vector_count = gate->operand_count = 0;
    if (!sort_terms(&s, gate))
        return false;
    for (uint32_t t = 0, end = 0; t < s.cell->term_count; t = end)
        if (!add_port(&s, t, true, &end, gate) || !add_port(&s, t, false, &end, gate))
            return false;
    for (uint32_t v = 0; v < gate->vector_count; v++) {
        struct cf_vector *vector = &gate->vectors[v];
        uint32_t end = v + 1 < gate->vector_count ? vector[1].first : gate->operand_count;
        vector->slots = end - vector->first;
        vector->weight_width = weight_width(gate, vector);
    }
    return true;
}

bool cf_gate_replace(struct cf_gate *gate, struct cf_operand operand, uint8_t width)
{
    if (!cf_array_reserve(&gate->vectors, &gate->vector_capacity, 1, sizeof *gate->vectors))
        return false;
    gate->vector_count = gate->operand_count = 0;
    if (!add_operand(gate, operand))
        return false;
    gate->vectors[0] = (struct cf_vector){.slots = 1, .width = width, .is_signed = true};
    gate->vectors[0].weight_width = weight_width(gate, &gate->vectors[0]);
    gate->vector_count = 1;
    return true;
}

void cf_gate_free(struct cf_gate *gate)
{
    free(gate->terms);
    free(gate->vectors);
    free(gate->operands);
    *gate = (struct cf_gate){0};
}

bool cf_gate_follows(const struct cf_gate *a, const struct cf_gate *b, uint32_t distance)
{
    if (a->cell != b->cell || a->vector_count != b->vector_count || a->operand_count != b->operand_count)
        return false;
    for (uint32_t v = 0; v < a->vector_count; v++)
        if (a->vectors[v].run || b->vectors[v].run || a->vectors[v].slots != b->vectors[v].slots)
            return false;
    for (uint32_t i = 0; i < a->operand_count; i++)
        if (a->operands[i].input != b->operands[i].input || a->operands[i].lane + distance != b->operands[i].lane)
            return false;
    return a->operand_count > 0;
}

/* ---- kinds ---- */

static bool same_kind(const struct cf_kind *kind, const struct cf_gate *gate)
{
    if (kind->activation != gate->cell->activation || kind->type.width != gate->cell->type.width ||
        kind->type.is_signed != gate->cell->type.is_signed || kind->vector_count != gate->vector_count)
        return false;
    for (uint32_t v = 0; v < kind->vector_count; v++) {
        const struct cf_vector *a = &kind->vectors[v], *b = &gate->vectors[v];
        if (a->slots != b->slots || a->run != b->run || a->width != b->width || a->is_signed != b->is_signed ||
            a->square != b->square || a->weight_width != b->weight_width)
            return false;
    }
    return true;
}

/* The width that holds every sum of the gate, every operand and every weight. */
static uint8_t sum_width(const struct cf_gate *gate)
{
    if (gate->cell->activation == CF_LINEAR)
        return gate->cell->type.width;
    int64_t min, max;
    if (!cf_cell_range(gate->cell, &min, &max))
        return CF_MAX_WIDTH; /* not in a checked netlist */
    uint8_t width = cf_signed_width(min, max), least = gate->cell->activation == CF_ROOT ? 2 : 1; /* one digit */
    width = width < least ? least : width;
    for (uint32_t v = 0; v < gate->vector_count; v++) {
        width = gate->vectors[v].width > width ? gate->vectors[v].width : width;
        width = gate->vectors[v].weight_width > width ? gate->vectors[v].weight_width : width;
    }
    return width;
}

static bool add_kind(struct cf_kinds *kinds, const struct cf_gate *gate)
{
    if (!cf_array_reserve(&kinds->kinds, &kinds->capacity, kinds->count + 1, sizeof *kinds->kinds))
        return false;
    struct cf_kind kind = {gate->cell->activation, gate->cell->type, sum_width(gate), NULL, gate->vector_count};
    if (gate->vector_count > 0) {
        size_t size = gate->vector_count * sizeof *kind.vectors;
        kind.vectors = malloc(size);
        if (!kind.vectors)
            return false;
        memcpy(kind.vectors, gate->vectors, size);
    }
    kinds->kinds[kinds->count++] = kind;
    return true;
}

bool cf_kinds_find(struct cf_kinds *kinds, const struct cf_gate *gate, bool add, uint32_t *index)
{
    for (uint32_t k = 0; k < kinds->count; k++)
        if (same_kind(&kinds->kinds[k], gate)) {
            uint8_t needed = add ? sum_width(gate) : 0;
            if (needed > kinds->kinds[k].sum_width)
                kinds->kinds[k].sum_width = needed;
            *index = k;
            return true;
        }
    *index = kinds->count;
    return add && add_kind(kinds, gate);
}

void cf_kinds_free(struct cf_kinds *kinds)
{
    for (uint32_t k = 0; k < kinds->count; k++)
        free(kinds->kinds[k].vectors);
    free(kinds->kinds);
    *kinds = (struct cf_kinds){0};
}

const char *cf_leaf_name(const struct cf_kinds *kinds, uint32_t index, const char *prefix,
                         char buffer[CF_LEAF_NAME_MAX])
{
    enum { ENOUGH = CF_LEAF_NAME_MAX - 40 }; /* one vector or the type fits behind a name of this length */
    assert(index < kinds->count);
    const struct cf_kind *kind = &kinds->kinds[index];
    const char *activation = cf_activation_name(kind->activation);
    int used = snprintf(buffer, CF_LEAF_NAME_MAX, "%s%s", prefix, activation);
    for (uint32_t v = 0; v < kind->vector_count && used < ENOUGH; v++) {
        const struct cf_vector *vector = &kind->vectors[v];
        used += snprintf(buffer + used, CF_LEAF_NAME_MAX - (size_t)used, "_%u%s%c%u%sw%u", vector->slots,
                         vector->run ? "x" : "", vector->is_signed ? 's' : 'u', vector->width,
                         vector->square ? "q" : "", vector->weight_width);
    }
    if (used >= ENOUGH)
        snprintf(buffer, CF_LEAF_NAME_MAX, "%s%s_of_%u_vectors_%u", prefix, activation, kind->vector_count, index);
    else if (kind->activation != CF_STEP)
        snprintf(buffer + used, CF_LEAF_NAME_MAX - (size_t)used, "_%c%u", kind->type.is_signed ? 's' : 'u',
                 kind->type.width);
    return buffer;
}
