/* tables.c - writes the rows of a matrix as digits over tables of sign patterns. */
#include "compiler/optimise/tables.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compiler/optimise/columns.h"
#include "compiler/optimise/commons.h"

/* A signal with a sign. */
struct term {
    uint32_t signal;
    bool negative;
};

/* The signal first + second, or first - second. */
struct entry {
    uint32_t first, second, signal;
    bool difference, used;
};

struct tables {
    const struct cf_matrix *matrix;
    const struct cf_tables_options *options;
    struct cf_shift_sums *sums;
    struct entry *entries; /* a hash table with open addresses: which sums of two signals are made */
    size_t slots, used;    /* slots is a power of 2 */
    uint32_t *order;       /* [columns]: those of small elements first, so that groups of them need few planes */
    int planes;            /* that hold every element */
    int8_t *sign;          /* [planes][columns]: the planes of one group of the row at hand */
    int64_t *doubled;      /* [columns]: twice the row at hand, plus the signs */
    struct cf_digit *row;  /* the digits of the row at hand */
    size_t row_count, row_capacity;
};

/* ---- sums of two signals, each made once ---- */

static size_t slot_of(const struct entry *entries, size_t slots, uint32_t first, uint32_t second, bool difference)
{
    uint64_t hash =
        (first * UINT64_C(0x9e3779b97f4a7c15) ^ (2 * (uint64_t)second + difference)) * UINT64_C(0xd6e8feb86659fd93);
    size_t slot = (size_t)(hash >> 32) & (slots - 1);
    while (entries[slot].used &&
           (entries[slot].first != first || entries[slot].second != second || entries[slot].difference != difference))
        slot = (slot + 1) & (slots - 1);
    return slot;
}

static bool grow(struct tables *t)
{
    size_t slots = t->slots ? 2 * t->slots : 1024;
    struct entry *entries = calloc(slots, sizeof *entries);
    if (!entries)
        return false;
    for (size_t s = 0; s < t->slots; s++)
        if (t->entries[s].used) {
            const struct entry *e = &t->entries[s];
            entries[slot_of(entries, slots, e->first, e->second, e->difference)] = *e;
        }
    free(t->entries);
    t->entries = entries;
    t->slots = slots;
    return true;
}

static bool sum_of(struct tables *t, struct term a, struct term b, struct term *sum)
{
    if (2 * (t->used + 1) > t->slots && !grow(t))
        return false;
    bool difference = a.negative != b.negative;
    struct entry *entry = &t->entries[slot_of(t->entries, t->slots, a.signal, b.signal, difference)];
    if (!entry->used) {
        uint32_t signal;
        if (!cf_shift_sums_make(t->sums, (struct cf_digit){a.signal, 0, false},
                                (struct cf_digit){b.signal, 0, difference}, &signal))
            return false;
        *entry = (struct entry){a.signal, b.signal, signal, difference, true};
        t->used++;
    }
    *sum = (struct term){entry->signal, a.negative};
    return true;
}

/* The sum of the columns [low, high) of the order with the signs of a plane, as a tree of halves. */
static bool sum_of_columns(struct tables *t, const int8_t *sign, uint32_t low, uint32_t high, struct term *sum)
{
    struct term left = {0}, right = {0};
    uint32_t middle = low + (high - low) / 2;
    if (high - low == 1) {
        *sum = (struct term){t->order[low], sign[low] < 0};
        return true;
    }
    return sum_of_columns(t, sign, low, middle, &left) && sum_of_columns(t, sign, middle, high, &right) &&
           sum_of(t, left, right, sum);
}

/* ---- rows ---- */

static uint32_t group_start(const struct tables *t, uint32_t group)
{
    return cf_table_group_start(t->matrix->columns, t->options->groups, group);
}

static uint32_t segment_of_group(const struct tables *t, uint32_t group)
{
    return t->options->segments ? group * t->options->segments / t->options->groups : 0;
}

static bool add_digit(struct tables *t, uint32_t signal, int shift, bool negative)
{
    if (!cf_array_reserve(&t->row, &t->row_capacity, t->row_count + 1, sizeof *t->row))
        return false;
    t->row[t->row_count++] = (struct cf_digit){signal, (uint8_t)shift, negative};
    return true;
}

/* How many planes take the fewest digits for a group, the most of those that tie. */
static int planes_of_group(const struct tables *t, uint32_t low, uint32_t high)
{
    int best = t->planes, best_cost = INT32_MAX;
    for (int planes = t->planes; planes >= 1; planes--) {
        int cost = planes;
        for (uint32_t c = low; c < high && cost < best_cost; c++)
            cost += cf_csd_weight(cf_table_excess(t->doubled[c], planes));
        if (cost < best_cost) {
            best = planes;
            best_cost = cost;
        }
    }
    return best;
}

static bool add_multiple(struct tables *t, uint32_t column, int64_t value, int shift)
{
    for (; value != 0; shift++, value /= 2) {
        if (value % 2 == 0)
            continue;
        int digit = (value & 3) == 1 ? 1 : -1;
        if (!add_digit(t, column, shift, digit < 0))
            return false;
        value -= digit;
    }
    return true;
}

static bool add_group(struct tables *t, uint32_t low, uint32_t high)
{
    int planes = planes_of_group(t, low, high);
    uint32_t columns = t->matrix->columns;
    for (uint32_t c = low; c < high; c++) {
        int64_t high_part = cf_table_excess(t->doubled[c], planes),
                rest = t->doubled[c] - high_part * ((int64_t)1 << planes);
        if (!add_multiple(t, t->order[c], high_part, planes))
            return false;
        for (int k = 0; k < planes; k++) {
            /* A digit leaves half of an even rest, which must be odd again; the last digit is the rest itself.
             */
            int sign = k + 1 == planes ? (int)rest : (rest & 3) == 3 ? 1 : -1;
            assert(sign == 1 || sign == -1);
            t->sign[(size_t)k * columns + c] = (int8_t)sign;
            rest = (rest - sign) / 2;
        }
    }
    for (int k = 0; k < planes; k++) {
        struct term sum = {0};
        if (!sum_of_columns(t, t->sign + (size_t)k * columns, low, high, &sum) ||
            !add_digit(t, sum.signal, k, sum.negative))
            return false;
    }
    return true;
}

/* The digits of a row, the sum of all columns with their signs still to be taken off. Bit s of `choice` says that the
 * columns of segment s have the sign -1. */
static bool write_row(struct tables *t, uint32_t row, uint32_t choice)
{
    const struct cf_matrix *m = t->matrix;
    t->row_count = 0;
    for (uint32_t g = 0; g < t->options->groups; g++) {
        int sign = choice >> segment_of_group(t, g) & 1 ? -1 : 1;
        uint32_t low = group_start(t, g), high = group_start(t, g + 1);
        for (uint32_t c = low; c < high; c++)
            t->doubled[c] = 2 * m->at[(size_t)row * m->columns + t->order[c]] + sign;
        if (!add_group(t, low, high))
            return false;
    }
    return true;
}

/* The sum of all columns with the signs of a choice. Segments are summed first, so that choices share them. */
static bool sum_of_choice(struct tables *t, uint32_t choice, struct term *sum)
{
    memset(t->sign, 1, t->matrix->columns);
    bool started = false;
    uint32_t groups = t->options->groups;
    for (uint32_t g = 0; g < groups;) {
        uint32_t segment = segment_of_group(t, g);
        struct term part = {0}, next = {0};
        if (!sum_of_columns(t, t->sign, group_start(t, g), group_start(t, g + 1), &part))
            return false;
        for (g++; g < groups && segment_of_group(t, g) == segment; g++)
            if (!sum_of_columns(t, t->sign, group_start(t, g), group_start(t, g + 1), &next) ||
                !sum_of(t, part, next, &part))
                return false;
        part.negative = part.negative != (choice >> segment & 1);
        if (started && !sum_of(t, *sum, part, &part))
            return false;
        *sum = part;
        started = true;
    }
    return true;
}

/* Adds the digit to the digits of the row, among which no signal may stand twice at the same shift (patterns.h): two
 * digits of opposite signs cancel, two of the same sign are one digit at the next shift. False where the digit
 * cancelled; else it is still to be added, at the shift that `*digit` then has. */
static bool merge(struct tables *t, struct cf_digit *digit)
{
    for (size_t d = 0; d < t->row_count;) {
        struct cf_digit other = t->row[d];
        if (other.signal != digit->signal || other.shift != digit->shift) {
            d++;
            continue;
        }
        t->row[d] = t->row[--t->row_count];
        if (other.negative != digit->negative)
            return false;
        digit->shift++;
        d = 0;
    }
    return true;
}

/* Takes the sum of all columns with their signs off the row. Where all columns are one group, a plane of the row may be
 * that very sum. */
static bool finish_row(struct tables *t, uint32_t choice)
{
    struct term sum = {0};
    if (!sum_of_choice(t, choice, &sum))
        return false;
    struct cf_digit off = {sum.signal, 0, !sum.negative};
    if (merge(t, &off) && !add_digit(t, off.signal, off.shift, off.negative))
        return false;
    for (size_t d = 0; d < t->row_count; d++)
        if (!cf_shift_sums_add(t->sums, t->row[d]))
            return false;
    return cf_shift_sums_end_row(t->sums);
}

/* ---- the choice of signs ---- */

static bool choose_for_row(struct tables *t, struct cf_commons *commons, uint32_t row, uint32_t *choice)
{
    uint32_t best = *choice;
    double best_score = -1;
    if (!write_row(t, row, *choice))
        return false;
    cf_commons_remove(commons, row, t->row, (uint32_t)t->row_count);
    for (uint32_t c = 0; c < UINT32_C(1) << t->options->segments; c++) {
        double score;
        if (!write_row(t, row, c) || !cf_commons_score(commons, t->row, (uint32_t)t->row_count, &score))
            return false;
        score += c == *choice ? 0.01 : 0; /* stay where nothing is won */
        if (score > best_score) {
            best_score = score;
            best = c;
        }
    }
    *choice = best;
    return write_row(t, row, best) && cf_commons_add(commons, row, t->row, (uint32_t)t->row_count);
}

/* For each row in turn the signs with which it has most in common with the others. */
static bool choose_signs(struct tables *t, uint32_t *choice, const struct cf_search *search)
{
    struct cf_commons *commons = cf_commons_new(t->matrix->rows, (uint32_t)t->planes + 1);
    bool done = commons != NULL;
    for (uint32_t r = 0; done && r < t->matrix->rows; r++)
        done = write_row(t, r, choice[r]) && cf_commons_add(commons, r, t->row, (uint32_t)t->row_count);
    for (uint32_t pass = 0; done && pass < t->options->passes; pass++)
        for (uint32_t r = 0; done && r < t->matrix->rows && cf_search_goes_on(search); r++)
            done = choose_for_row(t, commons, r, &choice[r]);
    cf_commons_free(commons);
    return done;
}

static bool write_all(struct tables *t, const struct cf_search *search)
{
    uint32_t *choice = calloc(t->matrix->rows + (size_t)1, sizeof *choice);
    bool done = choice != NULL;
    if (done && t->options->segments && t->options->passes)
        done = choose_signs(t, choice, search);
    for (uint32_t r = 0; done && r < t->matrix->rows; r++)
        done = write_row(t, r, choice[r]) && finish_row(t, choice[r]);
    free(choice);
    return done;
}

/* ---- the face ---- */

/* Planes that hold 2w + 1 and 2w - 1 for every element w. */
static int planes_of(const struct cf_matrix *matrix)
{
    uint64_t most = 0;
    for (size_t i = 0; i < (size_t)matrix->rows * matrix->columns; i++) {
        uint64_t magnitude = (uint64_t)(matrix->at[i] < 0 ? -matrix->at[i] : matrix->at[i]);
        most = magnitude > most ? magnitude : most;
    }
    int bits = 1;
    while (bits < 63 && most >> bits)
        bits++;
    return bits + 1;
}

uint32_t cf_tables_groups(const struct cf_matrix *matrix)
{
    uint32_t columns = matrix->columns, best = columns;
    /* Of the digits that the rows take for a group, about three in ten are adders in the end, by measurement. */
    double best_cost = 1e300, patterns = (double)matrix->rows * planes_of(matrix), left = 0.3 * patterns;
    for (uint32_t groups = (columns + CF_TABLE_MOST_COLUMNS - 1) / CF_TABLE_MOST_COLUMNS; groups <= columns; groups++) {
        double size = (double)columns / groups, table = 0.5;
        for (double c = 0; c < size; c++)
            table *= size - c < 1 ? 1 + (size - c) : 2;
        double cost = groups * (left + (table < patterns ? table : patterns) * 1.13); /* with the halves */
        if (groups > 0 && cost < best_cost) {
            best_cost = cost;
            best = groups;
        }
    }
    return best;
}

bool cf_shift_sums_of_tables(struct cf_shift_sums *sums, const struct cf_matrix *matrix,
                             const struct cf_tables_options *options, struct cf_search *search)
{
    assert(matrix->columns > 0 && options->groups >= 1 && options->groups <= matrix->columns);
    assert(options->segments <= options->groups && planes_of(matrix) <= CF_TABLE_MOST_BITS + 1);
    *sums = (struct cf_shift_sums){.columns = matrix->columns, .signals = matrix->columns};
    struct tables t = {.matrix = matrix, .options = options, .sums = sums, .planes = planes_of(matrix)};
    t.sign = calloc((size_t)t.planes * matrix->columns, sizeof *t.sign);
    t.doubled = calloc(matrix->columns, sizeof *t.doubled);
    t.order = malloc(matrix->columns * sizeof *t.order);
    bool done = t.sign && t.doubled && t.order &&
                cf_order_columns(matrix, options->groups, t.planes, options->segments > 0, t.order) &&
                write_all(&t, search);
    free(t.entries);
    free(t.sign);
    free(t.doubled);
    free(t.order);
    free(t.row);
    return done;
}
