/* recognise_dense.c - finds the groups that are one matrix of weights, applied at every position. */
#include <stdlib.h>
#include <string.h>

#include "sim/word/plan_internal.h"

struct dense_search {
    struct cf_plan *plan;
    const struct cf_group *group;
    struct cf_block *block;
    struct cf_dense_form *form;
    uint32_t *lane_cell;  /* [lanes]: the pattern's cell, or CF_NONE */
    uint32_t *row_base;   /* [rows]: the base most lanes share */
    uint32_t port;        /* the one that is read */
    uint32_t low, inputs; /* offsets [low, low + inputs) are read */
    uint64_t terms;       /* of all lanes' cells */
    int64_t largest;      /* of |weight << shift| */
    bool fits32;          /* every sum, with its bias */
};

/* The cell that most positions have in each lane, if one has a majority. */
static bool vote_cells(struct dense_search *s)
{
    uint32_t lanes = s->block->lanes;
    uint32_t *votes = calloc(lanes, sizeof *votes);
    if (!votes)
        return false;
    for (uint32_t i = 0; i < s->group->count; i++) {
        uint32_t lane = i % lanes;
        if (votes[lane] == 0)
            s->lane_cell[lane] = s->group->cell[i];
        votes[lane] += s->lane_cell[lane] == s->group->cell[i] ? 1u : UINT32_MAX;
    }
    free(votes);
    return true;
}

/* The port that the lanes' cells read; lanes that disagree with the first are no part of the pattern. */
static void choose_port(struct dense_search *s)
{
    s->port = CF_NONE;
    for (uint32_t lane = 0; lane < s->block->lanes; lane++) {
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        const struct cf_cell *first = &s->plan->netlist->cells[s->lane_cell[0]];
        uint32_t port = cell->term_count ? cell->terms[0].port : CF_NONE;
        bool one_port = !cell->term_count || cell->terms[cell->term_count - 1].port == port;
        if (s->port == CF_NONE && one_port)
            s->port = port;
        if (!one_port || (port != CF_NONE && port != s->port) || cell->activation != first->activation)
            s->lane_cell[lane] = CF_NONE;
        if (s->lane_cell[0] == CF_NONE)
            return;
    }
}

/* Brings a step's bias into the range where it can matter, so that a huge threshold needs no wide sums. */
static int64_t useful_bias(const struct cf_cell *cell, int64_t low, int64_t high)
{
    if (cell->activation != CF_STEP)
        return cell->bias;
    return cell->bias > -low ? -low : cell->bias < -high - 1 ? -high - 1 : cell->bias;
}

/* What the lanes' cells read and how wide that gets. */
static void measure(struct dense_search *s, int64_t *bias)
{
    uint32_t low = UINT32_MAX, high = 0;
    s->fits32 = true;
    for (uint32_t lane = 0; lane < s->block->lanes; lane++) {
        if (s->lane_cell[lane] == CF_NONE)
            continue;
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        int64_t min = 0, max = 0;
        cf_cell_range(cell, &min, &max);
        bias[lane] = useful_bias(cell, min - cell->bias, max - cell->bias);
        min += bias[lane] - cell->bias;
        max += bias[lane] - cell->bias;
        s->fits32 =
            s->fits32 && min >= INT32_MIN && max <= INT32_MAX && bias[lane] >= INT32_MIN && bias[lane] <= INT32_MAX;
        s->terms += cell->term_count;
        for (uint32_t t = 0; t < cell->term_count; t++) {
            const struct cf_term *term = &cell->terms[t];
            /* A product of 62 bits or more is out of every kernel's range, and would wrap here. */
            int64_t weight = term->shift > 31 ? INT64_MAX : (int64_t)term->weight * ((int64_t)1 << term->shift);
            int64_t size = weight < 0 ? -weight : weight;
            s->largest = size > s->largest ? size : s->largest;
            low = term->offset < low ? term->offset : low;
            high = term->offset > high ? term->offset : high;
        }
    }
    s->low = low == UINT32_MAX ? 0 : low;
    s->inputs = low == UINT32_MAX ? 0 : high - low + 1;
}

static void vote_bases(struct dense_search *s)
{
    uint32_t lanes = s->block->lanes;
    for (uint32_t row = 0; row < s->block->rows; row++) {
        uint32_t votes = 0;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            uint32_t base = cf_instance_bases(s->group, row * lanes + lane)[s->port];
            if (votes == 0)
                s->row_base[row] = base;
            votes += s->row_base[row] == base ? 1u : UINT32_MAX;
        }
    }
}

/* Turns each row's base into the net of its first input. Rows that read another group than the first, or across two,
 * are no part of the pattern. */
static void place_rows(struct dense_search *s)
{
    const struct cf_netlist *netlist = s->plan->netlist;
    s->form->source = CF_NONE;
    for (uint32_t row = 0; row < s->block->rows; row++) {
        uint64_t first = (uint64_t)s->row_base[row] + s->low;
        uint32_t source = cf_group_of_run(netlist, first, s->inputs);
        if (s->form->source == CF_NONE)
            s->form->source = source;
        s->row_base[row] = source == CF_NONE || source != s->form->source ? CF_NONE : (uint32_t)first;
    }
}

/* A matrix of mostly zeros (scattered reads of a wide window, say) is no gain over going gate by gate. */
static bool filled_enough(const struct dense_search *s)
{
    return s->terms * 32 >= (uint64_t)s->block->lanes * s->inputs;
}

/* Which kernel: shown from the operands' width, the largest weight and the sums' range. */
static bool choose_kernel(struct dense_search *s)
{
    struct cf_dense_form *form = s->form;
    const struct cf_group *source = &s->plan->netlist->groups[form->source];
    int bits = cf_signed_bits(source->type);
    enum cf_storage stored = cf_storage_of(source->type);
    bool bytes = s->largest <= INT8_MAX, words = s->largest <= INT16_MAX;
    form->operands = CF_OPERANDS_DIRECT;
    form->sums = CF_STORE32;
    if (s->fits32 && bits <= 8 && bytes) {
        form->packed.lane = CF_STORE8;
    } else if (s->fits32 && bits <= 16 && words) {
        form->packed.lane = CF_STORE16;
    } else if (s->fits32 && bits <= 31 && words) {
        form->packed.lane = CF_STORE16;
        form->operands = CF_OPERANDS_SPLIT;
        return true;
    } else if (bits <= 32 && s->largest <= INT32_MAX) {
        form->packed.lane = CF_STORE32;
        form->sums = CF_STORE64;
    } else {
        return false;
    }
    uint32_t span = (uint32_t)(4 / cf_storage_size(form->packed.lane));
    if (stored != form->packed.lane || s->inputs % span)
        form->operands = CF_OPERANDS_WIDEN;
    return true;
}

static bool fill_matrix(struct dense_search *s)
{
    struct cf_dense_form *form = s->form;
    uint32_t lanes = s->block->lanes;
    size_t size;
    int32_t *matrix = __builtin_mul_overflow((size_t)lanes, s->inputs, &size)
                          ? NULL
                          : cf_arena_alloc(&s->plan->arena, size, sizeof *matrix);
    if (!matrix)
        return false;
    for (uint32_t lane = 0; lane < lanes; lane++) {
        if (s->lane_cell[lane] == CF_NONE)
            continue;
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        for (uint32_t t = 0; t < cell->term_count; t++)
            matrix[(size_t)lane * s->inputs + cell->terms[t].offset - s->low] =
                cell->terms[t].weight * (int32_t)(1u << cell->terms[t].shift);
    }
    form->matrix = matrix;
    form->packed.lanes = lanes;
    form->packed.inputs = s->inputs;
    return cf_dense_pack(&s->plan->arena, &form->packed, matrix);
}

/* The gates that are not as the pattern says. */
static bool collect_exceptions(struct dense_search *s, uint32_t limit, struct cf_index_list *list)
{
    uint32_t lanes = s->block->lanes;
    for (uint32_t i = 0; i < s->group->count && list->count <= limit; i++) {
        uint32_t lane = i % lanes, row = i / lanes;
        uint64_t base = (uint64_t)cf_instance_bases(s->group, i)[s->port] + s->low;
        if (s->group->cell[i] != s->lane_cell[lane] || s->row_base[row] == CF_NONE || base != s->row_base[row])
            if (!cf_index_list_add(list, i))
                return false;
    }
    return true;
}

static bool keep_exceptions(struct dense_search *s, const struct cf_index_list *list)
{
    uint32_t *exceptions = cf_arena_alloc(&s->plan->arena, list->count, sizeof *exceptions);
    if (!exceptions)
        return false;
    if (list->count)
        memcpy(exceptions, list->items, list->count * sizeof *exceptions);
    s->block->exceptions = exceptions;
    s->block->exception_count = list->count;
    return true;
}

static void note_sizes(struct cf_plan *plan, const struct cf_dense *packed)
{
    if (packed->padded_lanes > plan->max_padded_lanes)
        plan->max_padded_lanes = packed->padded_lanes;
    if (packed->padded_inputs > plan->max_padded_inputs)
        plan->max_padded_inputs = packed->padded_inputs;
}

static bool narrow_bias(struct dense_search *s)
{
    int32_t *narrow = cf_arena_alloc(&s->plan->arena, s->form->packed.padded_lanes, sizeof *narrow);
    for (uint32_t l = 0; narrow && l < s->form->packed.lanes; l++)
        narrow[l] = (int32_t)s->form->bias[l];
    s->form->narrow_bias = narrow;
    return narrow != NULL;
}

/* Fills the form; `*memory` tells a failure from a mismatch. */
static bool search(struct dense_search *s, struct cf_index_list *list, bool *memory)
{
    int64_t *bias = cf_arena_alloc(&s->plan->arena, (size_t)s->block->lanes + CF_PANEL, sizeof *bias);
    *memory = bias && vote_cells(s);
    if (!*memory)
        return false;
    choose_port(s);
    if (s->port == CF_NONE || s->lane_cell[0] == CF_NONE)
        return false;
    measure(s, bias);
    vote_bases(s);
    place_rows(s);
    s->form->bias = bias;
    s->form->cells = s->lane_cell;
    s->form->step = s->plan->netlist->cells[s->lane_cell[0]].activation == CF_STEP;
    uint32_t limit = s->group->count / 2;
    if (s->inputs == 0 || s->form->source == CF_NONE || !filled_enough(s) || !choose_kernel(s))
        return false;
    *memory = collect_exceptions(s, limit, list);
    if (!*memory || list->count > limit)
        return false;
    *memory = fill_matrix(s) && narrow_bias(s) && keep_exceptions(s, list);
    return *memory;
}

bool cf_recognise_dense(struct cf_plan *plan, uint32_t index, bool *memory)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    struct cf_block *block = &plan->blocks[index];
    struct dense_search s = {.plan = plan, .group = group, .block = block};
    s.form = cf_arena_alloc(&plan->arena, 1, sizeof *s.form);
    s.lane_cell = cf_arena_alloc(&plan->arena, block->lanes, sizeof *s.lane_cell);
    s.row_base = cf_arena_alloc(&plan->arena, block->rows, sizeof *s.row_base);
    *memory = s.form && s.lane_cell && s.row_base;
    struct cf_index_list list = {0};
    bool found = *memory && search(&s, &list, memory);
    free(list.items);
    if (!found)
        return false;
    block->kind = CF_BLOCK_DENSE;
    block->dense = s.form;
    block->base = s.row_base;
    block->ports = 1;
    note_sizes(plan, &s.form->packed);
    return true;
}
