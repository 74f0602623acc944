/* recognise_dense.c - finds the groups that are one matrix of weights, applied to every row. */
#include <assert.h>
#include <stdlib.h>

#include "base/vote.h"
#include "sim/word/passes.h"

struct dense_search {
    const struct cf_plan *plan;
    struct cf_arena *arena;
    const struct cf_group *group;
    uint32_t rows, lanes;
    struct cf_dense_form *form;
    uint32_t *lane_cell;  /* [lanes]: the pattern's cell, or CF_NONE */
    uint32_t *row_base;   /* [rows]: the base that most lanes share; later the net of input 0, or CF_NONE */
    int64_t *bias;        /* [lanes], padded with zeros to whole panels */
    uint32_t port;        /* the one that is read, or CF_NONE */
    uint32_t low, inputs; /* offsets [low, low + inputs) are read */
    uint64_t terms;       /* of all lanes' cells */
    int64_t largest;      /* of |weight << shift| */
    bool fits32;          /* every sum fits 32 bits, with its bias and without */
    struct cf_index_list exceptions;
};

/* The cell that most rows have in each lane, if one has a majority. */
static bool vote_cells(struct dense_search *s)
{
    struct cf_vote *votes = calloc(s->lanes, sizeof *votes);
    if (!votes)
        return false;
    for (uint32_t i = 0; i < s->group->count; i++)
        cf_vote(&votes[i % s->lanes], s->group->cell[i]);
    for (uint32_t lane = 0; lane < s->lanes; lane++)
        s->lane_cell[lane] = votes[lane].leader;
    free(votes);
    return true;
}

/* Finds the port that the lanes' cells read. Lanes that disagree with the first one are no part of the pattern. */
static void choose_port(struct dense_search *s)
{
    s->port = CF_NONE;
    for (uint32_t lane = 0; lane < s->lanes; lane++) {
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        const struct cf_cell *first = &s->plan->netlist->cells[s->lane_cell[0]];
        uint32_t port = cell->term_count ? cell->terms[0].port : CF_NONE;
        bool one_port = cf_cell_is_plain(cell) && /* a kernel knows sums and steps alone */
                        (!cell->term_count || cell->terms[cell->term_count - 1].port == port);
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

/* Finds which offsets the lanes' cells read, and how large their weights and sums get. */
static void measure(struct dense_search *s)
{
    uint32_t low = UINT32_MAX, high = 0;
    s->fits32 = true;
    for (uint32_t lane = 0; lane < s->lanes; lane++) {
        if (s->lane_cell[lane] == CF_NONE)
            continue;
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        int64_t min = 0, max = 0;
        cf_cell_range(cell, &min, &max);
        int64_t bias = useful_bias(cell, min - cell->bias, max - cell->bias);
        min += bias - cell->bias;
        max += bias - cell->bias;
        s->fits32 = s->fits32 && min >= INT32_MIN && max <= INT32_MAX && bias >= INT32_MIN && bias <= INT32_MAX;
        s->bias[lane] = bias;
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

/* The base that most lanes of each row share, if one has a majority. */
static void vote_bases(struct dense_search *s)
{
    for (uint32_t row = 0; row < s->rows; row++) {
        struct cf_vote vote = {0};
        for (uint32_t lane = 0; lane < s->lanes; lane++)
            cf_vote(&vote, cf_instance_bases(s->group, row * s->lanes + lane)[s->port]);
        s->row_base[row] = vote.leader;
    }
}

/* Turns each row's base into the net of its first input. Rows that read another group than the first, or across two,
 * are no part of the pattern. */
static void place_rows(struct dense_search *s)
{
    const struct cf_netlist *netlist = s->plan->netlist;
    s->form->source = CF_NONE;
    for (uint32_t row = 0; row < s->rows; row++) {
        uint64_t first = (uint64_t)s->row_base[row] + s->low;
        uint32_t source = cf_group_of_run(netlist, first, s->inputs);
        if (s->form->source == CF_NONE)
            s->form->source = source;
        s->row_base[row] = source == CF_NONE || source != s->form->source ? CF_NONE : (uint32_t)first;
    }
}

/* A matrix of mostly zeros (from gates that read few nets far apart, say) gains nothing over going gate by gate. */
static bool filled_enough(const struct dense_search *s)
{
    return s->terms * 32 >= (uint64_t)s->lanes * s->inputs;
}

/* Chooses the kernel, as shown by the operands' width, the largest weight and the sums' range. */
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
        form->packed.storage = CF_STORE8;
    } else if (s->fits32 && bits <= 16 && words) {
        form->packed.storage = CF_STORE16;
    } else if (s->fits32 && bits <= 31 && words) {
        form->packed.storage = CF_STORE16;
        form->operands = bytes && bits <= 23 ? CF_OPERANDS_BYTE_DIGITS : CF_OPERANDS_DIGITS;
        form->low_bits = bits - 16;
        return true;
    } else if (bits <= 32 && s->largest <= INT32_MAX) {
        form->packed.storage = CF_STORE32;
        form->sums = CF_STORE64;
    } else {
        return false;
    }
    uint32_t span = (uint32_t)(4 / cf_storage_size(form->packed.storage));
    if (stored != form->packed.storage || s->inputs % span)
        form->operands = CF_OPERANDS_WIDEN;
    return true;
}

static bool fill_matrix(struct dense_search *s)
{
    struct cf_dense_form *form = s->form;
    uint32_t lanes = s->lanes;
    size_t size;
    int32_t *matrix =
        __builtin_mul_overflow((size_t)lanes, s->inputs, &size) ? NULL : cf_arena_alloc(s->arena, size, sizeof *matrix);
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
    if (form->operands == CF_OPERANDS_BYTE_DIGITS) {
        form->packed_low = (struct cf_dense){.lanes = lanes, .inputs = s->inputs, .storage = CF_STORE8};
        if (!cf_dense_pack(s->arena, &form->packed_low, matrix))
            return false;
    }
    return cf_dense_pack(s->arena, &form->packed, matrix);
}

/* Lists the gates that are not as the pattern says, until there are more than `limit`. */
static bool collect_exceptions(struct dense_search *s, uint32_t limit)
{
    for (uint32_t i = 0; i < s->group->count && s->exceptions.count <= limit; i++) {
        uint32_t lane = i % s->lanes, row = i / s->lanes;
        uint64_t base = (uint64_t)cf_instance_bases(s->group, i)[s->port] + s->low;
        if (s->group->cell[i] != s->lane_cell[lane] || s->row_base[row] == CF_NONE || base != s->row_base[row])
            if (!cf_index_list_add(&s->exceptions, i))
                return false;
    }
    return true;
}

static bool fill_biases(struct dense_search *s)
{
    int32_t *narrow = cf_arena_alloc(s->arena, s->form->packed.padded_lanes, sizeof *narrow);
    for (uint32_t l = 0; narrow && l < s->lanes; l++)
        narrow[l] = (int32_t)s->bias[l];
    s->form->bias = s->bias;
    s->form->narrow_bias = narrow;
    return narrow != NULL;
}

static bool alloc_search(struct dense_search *s)
{
    s->form = cf_arena_alloc(s->arena, 1, sizeof *s->form);
    s->lane_cell = cf_arena_alloc(s->arena, s->lanes, sizeof *s->lane_cell);
    s->row_base = cf_arena_alloc(s->arena, s->rows, sizeof *s->row_base);
    s->bias = cf_arena_alloc(s->arena, (size_t)s->lanes + CF_PANEL, sizeof *s->bias);
    return s->form && s->lane_cell && s->row_base && s->bias;
}

static enum cf_recognised search(struct dense_search *s, struct cf_layout *layout)
{
    /* With more exceptions than this, the group has another layout. */
    uint32_t limit = s->group->count / 2;
    if (!alloc_search(s) || !vote_cells(s))
        return CF_NO_MEMORY;
    choose_port(s);
    if (s->port == CF_NONE || s->lane_cell[0] == CF_NONE)
        return CF_OTHER_LAYOUT;
    measure(s);
    if (s->inputs == 0 || !filled_enough(s))
        return CF_OTHER_LAYOUT;
    vote_bases(s);
    place_rows(s);
    if (s->form->source == CF_NONE || !choose_kernel(s))
        return CF_OTHER_LAYOUT;
    if (!collect_exceptions(s, limit))
        return CF_NO_MEMORY;
    if (s->exceptions.count > limit)
        return CF_OTHER_LAYOUT;
    const uint32_t *exceptions = cf_index_list_keep(&s->exceptions, s->arena);
    if (!exceptions || !fill_matrix(s) || !fill_biases(s))
        return CF_NO_MEMORY;
    s->form->cells = s->lane_cell;
    s->form->step = s->plan->netlist->cells[s->lane_cell[0]].activation == CF_STEP;
    layout->kind = CF_LAYOUT_DENSE;
    layout->exceptions = exceptions;
    layout->exception_count = s->exceptions.count;
    layout->base = s->row_base;
    layout->ports = 1;
    layout->dense = s->form;
    return CF_RECOGNISED;
}

enum cf_recognised cf_recognise_dense(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena,
                                      struct cf_layout *layout)
{
    assert(index != CF_INPUT && layout->lanes > 0);
    struct dense_search s = {.plan = plan,
                             .arena = arena,
                             .group = &plan->netlist->groups[index],
                             .rows = layout->rows,
                             .lanes = layout->lanes};
    enum cf_recognised found = search(&s, layout);
    free(s.exceptions.items);
    return found;
}
