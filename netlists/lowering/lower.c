/* lower.c - adds up a cell's terms with full adders, column by column. */
#include "netlists/lowering/lower.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/cell.h"
#include "netlists/lowering/activation.h"
#include "netlists/lowering/counter.h"

enum {
    COLUMNS = 64,
    STAGE_PLANES = 2112, /* most bits of one stage's operands and of their squares: with 512 lanes 132 KiB, which stay
                            in the L2 cache of a simulator */
    STAGE_LEAST = 8,     /* operands */
    STAGE_MOST = 512
};

/* The bits of one column that are still to be added. */
struct pile {
    cf_lit *items; /* [first, count) are left */
    uint32_t first, count;
    size_t capacity;
};

struct lowering {
    const struct cf_cell *cell;
    struct cf_network_cell *out;
    struct cf_counter counters[CF_COUNTER_MOST + 1]; /* by bits of the result */
    struct pile fresh[2][COLUMNS];                   /* operand bits of this stage: plain, inverted */
    struct pile now[COLUMNS], next[COLUMNS];         /* bits to add in this round, and in the next */
    struct pile running[COLUMNS];                    /* the carry-save sum of the stages before */
    unsigned __int128 largest;                       /* the largest sum that the columns can have so far */
    uint64_t constant;                               /* to be added at the end, modulo 2^64 */
    uint32_t width;                                  /* columns of the result: the sum is known modulo 2^width */
    uint32_t limit;                                  /* columns below this can be non-zero, and belong to the result */
    struct cf_error *err;
};

void cf_signed_digits(int64_t number, uint64_t *plus, uint64_t *minus)
{
    /* The digits that are not 0 are the bits of (3n ^ n) / 2: 3n = 2n + n differs from n where a carry runs. The bits
     * of 3n tell the digits 1 from the digits -1. */
    unsigned __int128 n = (unsigned __int128)(number < 0 ? -(unsigned __int128)number : (unsigned __int128)number);
    unsigned __int128 triple = 3 * n, changed = triple ^ n;
    uint64_t positive = (uint64_t)((changed & triple) >> 1), negative = (uint64_t)((changed & n) >> 1);
    *plus = number < 0 ? negative : positive;
    *minus = number < 0 ? positive : negative;
}

static bool out_of_memory(struct lowering *l)
{
    return cf_fail(l->err, "lowering a cell of %u terms: out of memory", l->cell->term_count);
}

static bool put(struct lowering *l, struct pile *pile, cf_lit literal)
{
    if (!cf_array_reserve(&pile->items, &pile->capacity, (size_t)pile->count + 1, sizeof *pile->items))
        return out_of_memory(l);
    pile->items[pile->count++] = literal;
    return true;
}

/* Puts a literal on a column's pile, unless it is the constant 0 or the column is above the limit. */
static bool put_column(struct lowering *l, struct pile *columns, uint32_t column, cf_lit literal)
{
    return column >= l->limit || literal == CF_LIT_FALSE || put(l, &columns[column], literal);
}

static bool add(struct lowering *l, cf_lit a, cf_lit b, cf_lit c, cf_lit *sum, cf_lit *carry)
{
    return cf_network_add(&l->out->network, a, b, c, sum, carry) || out_of_memory(l);
}

/* Makes the counter of 2^n - 1 bits of a column; the bits of the result go to the next round. */
static bool count_bits(struct lowering *l, const cf_lit *in, uint32_t column, int n)
{
    const struct cf_counter *counter = &l->counters[n];
    cf_lit wires[CF_COUNTER_WIRES];
    memcpy(wires, in, counter->inputs * sizeof *in);
    for (uint32_t a = 0; a < counter->adder_count; a++) {
        const uint8_t *from = counter->adders[a].in;
        if (!add(l, wires[from[0]], wires[from[1]], wires[from[2]], &wires[cf_counter_sum(counter, a)],
                 &wires[cf_counter_carry(counter, a)]))
            return false;
    }
    for (uint32_t i = 0; i < counter->outputs; i++)
        if (!put_column(l, l->next, column + i, wires[counter->out[i]]))
            return false;
    return true;
}

/* Takes counters of 2^n - 1 bits from the end of a pile while it has so many. */
static bool take_counters(struct lowering *l, struct pile *pile, uint32_t column, int n)
{
    for (uint32_t size = l->counters[n].inputs; pile->count >= size; pile->count -= size)
        if (!count_bits(l, pile->items + pile->count - size, column, n))
            return false;
    return true;
}

static bool move_pile(struct lowering *l, struct pile *to, struct pile *from)
{
    for (uint32_t i = from->first; i < from->count; i++)
        if (!put(l, to, from->items[i]))
            return false;
    from->first = from->count = 0;
    return true;
}

static uint32_t highest(const struct pile *columns)
{
    uint32_t most = 0;
    for (uint32_t c = 0; c < COLUMNS; c++)
        most = columns[c].count > most ? columns[c].count : most;
    return most;
}

/* One round on `now`: counters of one size, the largest that fits the highest column. Rounds of one kind keep the
 * depth logarithmic and give simulators long runs of equal work. */
static bool run_round(struct lowering *l)
{
    uint32_t most = highest(l->now);
    int n = most >= 31 ? 5 : most >= 15 ? 4 : most >= 7 ? 3 : 2;
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (!take_counters(l, &l->now[c], c, n))
            return false;
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (!move_pile(l, &l->now[c], &l->next[c]))
            return false;
    return true;
}

/* Compresses `now` until no column has more than two bits. */
static bool compress(struct lowering *l)
{
    while (highest(l->now) > 2)
        if (!run_round(l))
            return false;
    return true;
}

static uint32_t left(const struct pile *pile)
{
    return pile->count - pile->first;
}

static void take(struct pile *pile, uint32_t count, cf_lit *out)
{
    memcpy(out, pile->items + pile->first, count * sizeof *out);
    pile->first += count;
}

/* Makes counters of 2^n - 1 operand bits of a column. Each half of a counter's inputs (see counter.h) is of one kind,
 * plain or inverted: an engine can then invert a whole half instead of each bit. The bits come in the order of the
 * operands, so that a counter reads operands that are close together. */
static bool take_fresh(struct lowering *l, uint32_t column, int n)
{
    struct pile *plain = &l->fresh[0][column], *inverted = &l->fresh[1][column];
    uint32_t half = (1u << (n - 1)) - 1;
    while (left(plain) + left(inverted) > 2 * half) {
        struct pile *first = left(plain) < half ? inverted : plain, *second = left(inverted) < half ? plain : inverted;
        if (left(first) < half || left(second) < (first == second ? 2 * half : half))
            return true;
        cf_lit in[CF_COUNTER_INPUTS];
        take(first, half, in);
        take(second, half, in + half);
        take(left(plain) > 0 ? plain : inverted, 1, in + 2 * half);
        if (!count_bits(l, in, column, n))
            return false;
    }
    return true;
}

/* The first round, on operand bits. What is left over goes on, mixed. */
static bool compress_fresh(struct lowering *l)
{
    for (int n = 5; n >= 4; n--)
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (!take_fresh(l, c, n))
                return false;
    for (int sign = 0; sign < 2; sign++)
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (!move_pile(l, &l->now[c], &l->fresh[sign][c]))
                return false;
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (!take_counters(l, &l->now[c], c, 3))
            return false;
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (!move_pile(l, &l->now[c], &l->next[c]))
            return false;
    return true;
}

/* Puts a bit of a term's operand on the columns' piles, once for each digit of the term's weight. The bit has the
 * weight 2^bit in the operand, or -2^bit where `below` is set. */
static bool add_bit(struct lowering *l, const struct cf_term *term, const uint64_t digits[2], cf_lit literal,
                    uint32_t bit, bool below)
{
    for (uint32_t minus = 0; minus < 2; minus++)
        for (uint64_t rest = digits[minus]; rest; rest &= rest - 1) {
            uint32_t column = (uint32_t)__builtin_ctzll(rest) + bit + term->shift;
            bool negative = minus != below;
            if (column < l->limit && !put(l, &l->fresh[negative][column], literal ^ negative))
                return false;
        }
    return true;
}

/* The bits of the net's square: bit i times itself weighs 4^i, and bits i < j together 2^(i+j+1), or minus that where
 * bit j is a sign. */
static bool add_square(struct lowering *l, const struct cf_term *term, const uint64_t digits[2], cf_lit first)
{
    struct cf_type type = l->cell->ports[term->port];
    for (uint32_t j = 0; j < type.width; j++) {
        for (uint32_t i = 0; i < j; i++) {
            cf_lit unused, both;
            if (!add(l, first + 2 * i, first + 2 * j, CF_LIT_FALSE, &unused, &both) ||
                !add_bit(l, term, digits, both, i + j + 1, type.is_signed && j + 1u == type.width))
                return false;
        }
        if (!add_bit(l, term, digits, first + 2 * j, 2 * j, false))
            return false;
    }
    return true;
}

/* Puts the bits of a term on the columns' piles. */
static bool add_term(struct lowering *l, const struct cf_term *term, cf_lit first)
{
    struct cf_type type = l->cell->ports[term->port];
    uint64_t digits[2];
    cf_signed_digits(term->weight, &digits[0], &digits[1]);
    if (term->square)
        return add_square(l, term, digits, first);
    for (uint32_t k = 0; k < type.width; k++)
        if (!add_bit(l, term, digits, first + 2 * k, k, type.is_signed && k + 1u == type.width))
            return false;
    return true;
}

/* How much too large a term becomes because its bits of negative weight are added inverted: the sum of the sizes of
 * their weights. `above` is the sum of the positive weights of the operand's bits, `below` the size of the sum of the
 * negative ones. */
static unsigned __int128 inverted_excess(const struct cf_term *term, struct cf_type type)
{
    uint64_t plus, minus;
    cf_signed_digits(term->weight, &plus, &minus);
    unsigned __int128 top = (unsigned __int128)1 << (type.width - 1), rest = top - 1;
    unsigned __int128 above = type.is_signed ? rest : rest + top, below = type.is_signed ? top : 0;
    if (term->square) {
        /* (rest + top)^2 and (rest - top)^2 are rest^2 + top^2, plus and minus 2 * rest * top. */
        above = type.is_signed ? rest * rest + top * top : above * above;
        below *= 2 * rest;
    }
    return (above * minus + below * plus) << term->shift;
}

/* Includes the terms [first, end) in the constant and in the bound on the sum. As inverted bits make every term count
 * from 0, all columns above the bound are 0, in whatever form the sum is held. */
static void raise_bound(struct lowering *l, uint32_t first, uint32_t end)
{
    for (uint32_t t = first; t < end; t++) {
        const struct cf_term *term = &l->cell->terms[t];
        struct cf_type type = l->cell->ports[term->port];
        unsigned __int128 excess = inverted_excess(term, type);
        l->largest += (unsigned __int128)cf_term_most(l->cell, term) + excess;
        l->constant -= (uint64_t)excess;
    }
    l->limit = 0;
    while (l->limit < l->width && l->largest >> l->limit)
        l->limit++;
}

static bool lower_stage(struct lowering *l, uint32_t first, uint32_t end)
{
    raise_bound(l, first, end);
    for (uint32_t t = first; t < end; t++)
        if (!add_term(l, &l->cell->terms[t], cf_network_input(l->out->operands[t].first_input)))
            return false;
    if (!compress_fresh(l) || !compress(l))
        return false;
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (!move_pile(l, &l->now[c], &l->running[c]))
            return false;
    if (!compress(l))
        return false;
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (!move_pile(l, &l->running[c], &l->now[c]))
            return false;
    return true;
}

/* Adds the two bits that each column has left, and the constant, in one carry chain: result[c] is bit c of the sum. */
static bool resolve(struct lowering *l, cf_lit *result)
{
    l->limit = l->width;
    for (uint32_t c = 0; c < l->width; c++) {
        struct pile *pile = &l->running[c];
        cf_lit known = l->constant >> c & 1, carry;
        uint32_t at = 0;
        for (; pile->count - at >= 3; at += 3) {
            cf_lit sum;
            if (!add(l, pile->items[at], pile->items[at + 1], pile->items[at + 2], &sum, &carry) ||
                !put_column(l, l->running, c + 1, carry) || !put(l, pile, sum))
                return false;
        }
        cf_lit a = pile->count > at ? pile->items[at] : CF_LIT_FALSE;
        cf_lit b = pile->count > at + 1 ? pile->items[at + 1] : CF_LIT_FALSE;
        if (!add(l, a, b, known, &result[c], &carry) || !put_column(l, l->running, c + 1, carry))
            return false;
    }
    return true;
}

/* Chooses how many bits of the sum are computed, where it lies in [min, max]; returns the value of those above. */
static cf_lit plan_width(struct lowering *l, int64_t min, int64_t max)
{
    uint32_t width = cf_signed_width(min, max);
    bool sign_known = min >= 0 || max < 0;
    l->width = sign_known ? width - 1 : width;
    return min >= 0 ? CF_LIT_FALSE : CF_LIT_TRUE;
}

static bool lower_terms(struct lowering *l, cf_lit *result)
{
    struct cf_network_cell *out = l->out;
    l->constant = (uint64_t)l->cell->bias;
    uint32_t operand = 0;
    for (uint32_t s = 0; s + 1 < out->stage_count; s++) {
        if (!lower_stage(l, operand, out->stages[s].operand_end))
            return false;
        operand = out->stages[s].operand_end;
        out->stages[s].node_end = out->network.node_count;
    }
    return resolve(l, result);
}

/* Makes the outputs of the sum, whose bits are result[width], and above them copies of `sign`. */
static bool activate(struct lowering *l, const cf_lit *result, cf_lit sign, int64_t max)
{
    struct cf_network *network = &l->out->network;
    cf_lit bits[COLUMNS];
    uint32_t count = l->width, type_width = l->cell->type.width;
    bool done = true;
    switch (l->cell->activation) {
    case CF_STEP: /* H(sum): the sign bit, inverted */
        network->outputs[0] = sign ^ 1;
        return true;
    case CF_RELU:
    case CF_ROOT:
        count = cf_signed_width(0, max) - 1u;
        done = l->cell->activation == CF_RELU ? cf_lower_relu(network, result, count, sign, bits)
                                              : cf_lower_root(network, result, count, sign, bits);
        count = l->cell->activation == CF_RELU ? count : (count + 1) / 2;
        sign = CF_LIT_FALSE;
        break;
    default:
        memcpy(bits, result, count * sizeof *bits);
    }
    for (uint32_t i = 0; i < type_width; i++)
        network->outputs[i] = i < count ? bits[i] : sign;
    return done || out_of_memory(l);
}

static bool lower_sum(struct lowering *l, int64_t min, int64_t max)
{
    cf_lit result[COLUMNS], above = plan_width(l, min, max);
    bool sign_known = min >= 0 || max < 0;
    if (!lower_terms(l, result) || !activate(l, result, sign_known ? above : result[l->width - 1], max))
        return false;
    l->out->stages[l->out->stage_count - 1].node_end = l->out->network.node_count;
    return true;
}

/* A step whose sign is known needs no terms at all, nor does a ReLU or a root that is always 0. */
static bool is_constant(const struct cf_cell *cell, int64_t min, int64_t max)
{
    cf_output_range(cell->activation, &min, &max);
    return cell->activation != CF_LINEAR && min == max && min <= 1;
}

static bool make_operands(struct lowering *l)
{
    const struct cf_cell *cell = l->cell;
    uint64_t inputs = 0;
    l->out->operands = calloc(cell->term_count ? cell->term_count : 1, sizeof *l->out->operands);
    if (!l->out->operands)
        return out_of_memory(l);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        uint8_t width = cell->ports[term->port].width;
        l->out->operands[t] = (struct cf_network_operand){term->offset, (uint32_t)inputs, term->port, width};
        inputs += width;
        if (inputs > CF_NETWORK_MAX_SIGNALS / 4)
            return cf_fail(l->err, "a cell of %u terms has more input bits than can be numbered", cell->term_count);
    }
    l->out->operand_count = cell->term_count;
    l->out->network.input_count = (uint32_t)inputs;
    return true;
}

/* Whether two operands can be of one stage, when stages span `span` offsets. */
static bool same_place(const struct cf_network_operand *a, const struct cf_network_operand *b, uint64_t span)
{
    return a->port == b->port && a->offset / span == b->offset / span;
}

/* Divides the operands among stages. Each stage takes operands of one place, that is, of one run of `span` offsets, and
 * at most `most` of them. The caller makes `span` wide enough that there are not many more places than full stages
 * would need. In this way cells that read the same nets with other weights (the classifiers of one position) get the
 * same places, whichever of their weights are zero. Writes the stages unless that is NULL, and returns their number. */
static uint32_t share_out(const struct cf_network_cell *out, uint32_t most, uint64_t span,
                          struct cf_network_stage *stages)
{
    uint32_t count = 0, size = 0, part = 0;
    for (uint32_t t = 0; t < out->operand_count; t++) {
        const struct cf_network_operand *operand = &out->operands[t];
        bool same = t > 0 && same_place(operand, operand - 1, span);
        if (!same || size == most) {
            part = same ? part + 1 : 0;
            size = 0;
            count++;
        }
        size++;
        if (stages)
            stages[count - 1] = (struct cf_network_stage){.operand_end = t + 1,
                                                          .place = {span, operand->offset / span, part, operand->port}};
    }
    return count;
}

static bool make_stages(struct lowering *l)
{
    struct cf_network_cell *out = l->out;
    uint32_t widest = 1;
    for (uint32_t t = 0; t < out->operand_count; t++) {
        uint32_t width = out->operands[t].width, bits = l->cell->terms[t].square ? width * (width + 1) / 2 : width;
        widest = bits > widest ? bits : widest;
    }
    uint32_t most = STAGE_PLANES / widest / STAGE_LEAST * STAGE_LEAST;
    most = most < STAGE_LEAST ? STAGE_LEAST : most > STAGE_MOST ? STAGE_MOST : most;
    uint64_t span = out->operand_count <= most ? UINT64_MAX : most;
    uint32_t enough = 2 * (out->operand_count / most + 1) + l->cell->port_count;
    while (span < (uint64_t)1 << 32 && share_out(out, most, span, NULL) > enough)
        span *= 2;
    bool one = span == UINT64_MAX; /* few operands: one stage, whatever the ports */
    uint32_t count = !one ? share_out(out, most, span, NULL) : out->operand_count > 0;
    out->stage_count = count + 1;
    out->stages = calloc(out->stage_count, sizeof *out->stages);
    if (!out->stages)
        return out_of_memory(l);
    if (!one)
        share_out(out, most, span, out->stages);
    else if (count)
        out->stages[0] = (struct cf_network_stage){.operand_end = out->operand_count, .place = {.span = span}};
    out->stages[count] = (struct cf_network_stage){.operand_end = out->operand_count, .place = {.span = 0}};
    return true;
}

static void free_piles(struct lowering *l)
{
    for (uint32_t c = 0; c < COLUMNS; c++) {
        free(l->fresh[0][c].items);
        free(l->fresh[1][c].items);
        free(l->now[c].items);
        free(l->next[c].items);
        free(l->running[c].items);
    }
}

bool cf_lower_cell(struct cf_network_cell *lowered, const struct cf_cell *cell, struct cf_error *err)
{
    *lowered = (struct cf_network_cell){0};
    struct lowering l = {.cell = cell, .out = lowered, .err = err};
    for (int n = CF_COUNTER_LEAST; n <= CF_COUNTER_MOST; n++)
        cf_counter_shape(&l.counters[n], n);
    int64_t min, max;
    if (!cf_cell_range(cell, &min, &max))
        return cf_fail(err, "a cell whose sum could pass 63 bits");
    lowered->network.output_count = cell->type.width;
    lowered->network.outputs = calloc(cell->type.width, sizeof *lowered->network.outputs);
    bool done = lowered->network.outputs ? make_operands(&l) && make_stages(&l) : out_of_memory(&l);
    if (done && is_constant(cell, min, max))
        lowered->network.outputs[0] = cf_activate(cell->activation, min) ? CF_LIT_TRUE : CF_LIT_FALSE;
    else
        done = done && lower_sum(&l, min, max) && cf_network_cell_sweep(lowered, err);
    free_piles(&l);
    if (!done)
        cf_network_cell_free(lowered);
    return done;
}

struct cf_network_cell *cf_lower_cells(const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_network_cell *cells = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *cells);
    if (!cells) {
        cf_fail(err, "%s: out of memory", netlist->label);
        return NULL;
    }
    bool done = true;
#pragma omp parallel for schedule(dynamic)
    for (uint32_t c = 0; c < netlist->cell_count; c++) {
        struct cf_error mine;
        if (cf_lower_cell(&cells[c], &netlist->cells[c], &mine))
            continue;
#pragma omp critical
        if (done) {
            done = false;
            cf_fail(err, "%s: cell %u: %s", netlist->label, c, mine.text);
        }
    }
    if (done)
        return cells;
    cf_lower_free(cells, netlist->cell_count);
    return NULL;
}

void cf_lower_free(struct cf_network_cell *cells, uint32_t count)
{
    for (uint32_t c = 0; cells && c < count; c++)
        cf_network_cell_free(&cells[c]);
    free(cells);
}
