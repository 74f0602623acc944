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
    uint32_t *lane_cell; /* [lanes]: the pattern's cell, or CF_NONE */
    uint32_t *row_base;  /* [rows]: the base that most lanes share; later the net of input 0, or CF_NONE */
    int64_t *bias;       /* [lanes], padded with zeros to whole panels */
    uint32_t port;       /* the one that the matrix's operands come from, or CF_NONE */
    uint32_t extra_port[CF_MAX_EXTRAS], extra_offset[CF_MAX_EXTRAS];
    uint32_t *extra_net[CF_MAX_EXTRAS]; /* [rows] */
    uint32_t low, inputs;               /* offsets [low, low + inputs) are read */
    uint64_t terms;                     /* of all lanes' cells */
    int64_t largest;                    /* of |weight << shift| */
    bool fits32;                        /* every sum fits 32 bits, with its bias and without */
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

/* The port that most terms of the lanes' cells read, or CF_NONE. */
static uint32_t main_port(const struct dense_search *s)
{
    uint64_t terms[CF_MAX_PORTS] = {0};
    for (uint32_t lane = 0; lane < s->lanes; lane++) {
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        for (uint32_t t = 0; t < cell->term_count; t++)
            terms[cell->terms[t].port]++;
    }
    uint32_t most = 0;
    for (uint32_t p = 1; p < CF_MAX_PORTS; p++)
        most = terms[p] > terms[most] ? p : most;
    return terms[most] ? most : CF_NONE;
}

/* The index of the extra that a term of another port reads, which is new or known; CF_NONE where there are too many. */
static uint32_t find_extra(struct dense_search *s, const struct cf_term *term)
{
    uint32_t e = 0;
    while (e < s->form->extra_count && (s->extra_port[e] != term->port || s->extra_offset[e] != term->offset))
        e++;
    if (e == CF_MAX_EXTRAS)
        return CF_NONE;
    if (e == s->form->extra_count) {
        s->extra_port[e] = term->port;
        s->extra_offset[e] = term->offset;
        s->form->extra_count++;
    }
    return e;
}

/* Finds the port that the lanes' cells read, and the extras. Lanes that disagree with the first one are no part of the
 * pattern. */
static void choose_port(struct dense_search *s)
{
    s->port = main_port(s);
    for (uint32_t lane = 0; lane < s->lanes && s->port != CF_NONE; lane++) {
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        const struct cf_cell *first = &s->plan->netlist->cells[s->lane_cell[0]];
        bool fits = cf_cell_is_plain(cell) && cell->activation == first->activation; /* kernels know no others */
        for (uint32_t t = 0; fits && t < cell->term_count; t++)
            if (cell->terms[t].port != s->port)
                fits = cell->terms[t].shift <= 31 && find_extra(s, &cell->terms[t]) != CF_NONE;
        if (!fits)
            s->lane_cell[lane] = CF_NONE;
        if (s->lane_cell[0] == CF_NONE)
            return;
    }
}

/* A product of 62 bits or more is out of every kernel's range, and would wrap here. */
static int64_t weight_of(const struct cf_term *term)
{
    return term->shift > 31 ? INT64_MAX : (int64_t)term->weight * ((int64_t)1 << term->shift);
}

static int64_t common_factor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

/* Finds the factor of all weights of the matrix. */
static void find_factor(struct dense_search *s)
{
    int64_t factor = 0;
    for (uint32_t lane = 0; s->form->extra_count && lane < s->lanes; lane++) {
        if (s->lane_cell[lane] == CF_NONE)
            continue;
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        for (uint32_t t = 0; t < cell->term_count; t++)
            if (cell->terms[t].port == s->port)
                factor = common_factor(factor, weight_of(&cell->terms[t]));
    }
    s->form->factor = factor ? factor : 1;
}

/* Whether the products of a lane with the matrix's operands, in units of the factor, fit 32 bits, however they come. */
static bool products_fit(const struct dense_search *s, const struct cf_cell *cell)
{
    __int128 min = 0, max = 0;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        if (term->port != s->port)
            continue;
        struct cf_type type = cell->ports[term->port];
        __int128 weight = weight_of(term) / s->form->factor;
        __int128 a = weight * cf_type_min(type), b = weight * cf_type_max(type);
        min += a < b ? a : b;
        max += a < b ? b : a;
    }
    return min >= INT32_MIN && max <= INT32_MAX;
}

/* Finds which offsets the lanes' cells read, and how large their weights and sums get. */
static void measure(struct dense_search *s)
{
    uint32_t low = UINT32_MAX, high = 0;
    s->fits32 = true;
    find_factor(s);
    for (uint32_t lane = 0; lane < s->lanes; lane++) {
        if (s->lane_cell[lane] == CF_NONE)
            continue;
        const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
        int64_t min = 0, max = 0;
        cf_cell_range(cell, &min, &max);
        int64_t bias = cell->bias; /* a step's is brought to where it can matter: a huge one needs no wide sums */
        if (cell->activation == CF_STEP)
            cf_step_bias(cell, cell->bias, &bias);
        min += bias - cell->bias;
        max += bias - cell->bias;
        if (s->form->extra_count)
            s->fits32 = s->fits32 && products_fit(s, cell);
        else
            s->fits32 = s->fits32 && min >= INT32_MIN && max <= INT32_MAX && bias >= INT32_MIN && bias <= INT32_MAX;
        s->bias[lane] = bias;
        for (uint32_t t = 0; t < cell->term_count; t++) {
            const struct cf_term *term = &cell->terms[t];
            if (term->port != s->port)
                continue;
            int64_t weight = weight_of(term) / s->form->factor, size = weight < 0 ? -weight : weight;
            s->largest = size > s->largest ? size : s->largest;
            s->terms++;
            low = term->offset < low ? term->offset : low;
            high = term->offset > high ? term->offset : high;
        }
    }
    s->low = low == UINT32_MAX ? 0 : low;
    s->inputs = low == UINT32_MAX ? 0 : high - low + 1;
}

/* The base of a port that most lanes of the row share, if one has a majority. */
static uint32_t vote_base(const struct dense_search *s, uint32_t row, uint32_t port)
{
    struct cf_vote vote = {0};
    for (uint32_t lane = 0; lane < s->lanes; lane++)
        cf_vote(&vote, cf_instance_bases(s->group, row * s->lanes + lane)[port]);
    return vote.leader;
}

/* The group of one net, where it is that of the rows before, or there were none yet; CF_NONE otherwise. */
static uint32_t same_source(const struct dense_search *s, uint64_t first, uint32_t count, uint32_t *source)
{
    uint32_t found = cf_group_of_run(s->plan->netlist, first, count);
    if (*source == CF_NONE)
        *source = found;
    return found == *source ? found : CF_NONE;
}

/* Finds the net of each row's first input and its extras. Rows that read other groups than the first, or across two,
 * are no part of the pattern. */
static void place_rows(struct dense_search *s)
{
    struct cf_dense_form *form = s->form;
    form->source = CF_NONE;
    for (uint32_t e = 0; e < form->extra_count; e++)
        form->extras[e].source = CF_NONE;
    for (uint32_t row = 0; row < s->rows; row++) {
        uint64_t first = (uint64_t)vote_base(s, row, s->port) + s->low;
        bool placed = same_source(s, first, s->inputs, &form->source) != CF_NONE;
        for (uint32_t e = 0; e < form->extra_count; e++) {
            uint64_t net = (uint64_t)vote_base(s, row, s->extra_port[e]) + s->extra_offset[e];
            placed = placed && same_source(s, net, 1, &form->extras[e].source) != CF_NONE;
            s->extra_net[e][row] = (uint32_t)net;
        }
        s->row_base[row] = placed ? (uint32_t)first : CF_NONE;
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
            if (cell->terms[t].port == s->port)
                matrix[(size_t)lane * s->inputs + cell->terms[t].offset - s->low] =
                    (int32_t)(weight_of(&cell->terms[t]) / form->factor);
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
        const uint32_t *bases = cf_instance_bases(s->group, i);
        bool regular = s->group->cell[i] == s->lane_cell[lane] && s->row_base[row] != CF_NONE &&
                       (uint64_t)bases[s->port] + s->low == s->row_base[row];
        for (uint32_t e = 0; regular && e < s->form->extra_count; e++)
            regular = (uint64_t)bases[s->extra_port[e]] + s->extra_offset[e] == s->extra_net[e][row];
        if (!regular)
            if (!cf_index_list_add(&s->exceptions, i))
                return false;
    }
    return true;
}

static bool fill_biases(struct dense_search *s)
{
    int32_t *narrow = cf_arena_alloc(s->arena, s->form->packed.padded_lanes, sizeof *narrow);
    for (uint32_t l = 0; narrow && !s->form->extra_count && l < s->lanes; l++)
        narrow[l] = (int32_t)s->bias[l];
    s->form->bias = s->bias;
    s->form->narrow_bias = narrow;
    return narrow != NULL;
}

static bool fits32(int64_t value)
{
    return value == (int32_t)value;
}

/* Memory for the extras, and their weights. */
static bool alloc_extras(struct dense_search *s)
{
    s->form->narrow_extras = fits32(s->form->factor);
    for (uint32_t e = 0; e < s->form->extra_count; e++) {
        int64_t *weight = cf_arena_alloc(s->arena, s->lanes, sizeof *weight);
        s->extra_net[e] = cf_arena_alloc(s->arena, s->rows, sizeof *s->extra_net[e]);
        s->form->extras[e].net = s->extra_net[e];
        s->form->extras[e].weight = weight;
        if (!weight || !s->extra_net[e])
            return false;
        for (uint32_t lane = 0; lane < s->lanes; lane++) {
            if (s->lane_cell[lane] == CF_NONE)
                continue;
            const struct cf_cell *cell = &s->plan->netlist->cells[s->lane_cell[lane]];
            for (uint32_t t = 0; t < cell->term_count; t++)
                if (cell->terms[t].port == s->extra_port[e] && cell->terms[t].offset == s->extra_offset[e])
                    weight[lane] = weight_of(&cell->terms[t]);
            s->form->narrow_extras = s->form->narrow_extras && fits32(weight[lane]);
        }
    }
    return true;
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
    if (!alloc_extras(s))
        return CF_NO_MEMORY;
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
