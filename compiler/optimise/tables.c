/* tables.c - writes the rows of a matrix as digits over tables of sign patterns. */
#include "compiler/optimise/tables.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compiler/optimise/choices.h"
#include "compiler/optimise/columns.h"

enum { FEW_GROUPS = 32 /* more of them have one way for each sign */ };

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
    uint32_t *segment;     /* [groups] */
    uint32_t most_ways;    /* of a group and a sign */
    struct cf_ways ways;   /* of the row at hand */
    struct cf_chooser *chooser;
    struct cf_digit *row; /* the digits of the row at hand */
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

static bool add_digit(struct tables *t, uint32_t signal, int shift, bool negative)
{
    struct cf_ways *w = &t->ways;
    if (!cf_array_reserve(&w->digits, &w->digit_capacity, w->digit_count + (size_t)1, sizeof *w->digits))
        return false;
    w->digits[w->digit_count++] = (struct cf_digit){signal, (uint8_t)shift, negative};
    return true;
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

/* Writes a group with so many planes; column low + i leaves its other excess where bit i of `other` is set. */
static bool add_way(struct tables *t, uint32_t low, uint32_t high, int planes, uint32_t other)
{
    struct cf_ways *w = &t->ways;
    uint32_t columns = t->matrix->columns;
    if (!cf_array_reserve(&w->ways, &w->way_capacity, w->way_count + (size_t)1, sizeof *w->ways))
        return false;
    w->ways[w->way_count] = (struct cf_way){.start = w->digit_count};
    for (uint32_t c = low; c < high; c++) {
        int64_t excess = cf_table_excess(t->doubled[c], planes, other >> (c - low) & 1),
                rest = t->doubled[c] - excess * ((int64_t)1 << planes);
        if (!add_multiple(t, t->order[c], excess, planes))
            return false;
        for (int k = 0; k < planes; k++) {
            /* A digit leaves half of an even rest, which must be odd again; the last digit is the rest itself. */
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
    w->ways[w->way_count].count = w->digit_count - w->ways[w->way_count].start;
    w->way_count++;
    return true;
}

/* The digits that a group takes with so many planes; INT_MAX where they are more than `most`. */
static int cost_of_group(const struct tables *t, uint32_t low, uint32_t high, int planes, int most)
{
    int cost = planes;
    for (uint32_t c = low; c < high && cost <= most; c++)
        cost += cf_csd_weight(cf_table_excess(t->doubled[c], planes, false));
    return cost <= most ? cost : INT_MAX;
}

/* The columns of a group, as bits, whose two excesses take equally many digits. */
static uint32_t free_columns(const struct tables *t, uint32_t low, uint32_t high, int planes)
{
    uint32_t bits = 0;
    for (uint32_t c = low; c < high; c++) {
        int64_t one = cf_table_excess(t->doubled[c], planes, false),
                other = cf_table_excess(t->doubled[c], planes, true);
        bits |= (uint32_t)(cf_csd_weight(one) == cf_csd_weight(other)) << (c - low);
    }
    return bits;
}

/* Adds the ways of a group that take the fewest digits; the first is that of most planes. */
static bool add_ways(struct tables *t, uint32_t low, uint32_t high)
{
    int fewest = INT_MAX;
    for (int planes = t->planes; planes >= 1; planes--) {
        int cost = cost_of_group(t, low, high, planes, fewest);
        fewest = cost < fewest ? cost : fewest;
    }
    uint32_t count = 0;
    for (int planes = t->planes; planes >= 1 && count < t->most_ways; planes--) {
        if (cost_of_group(t, low, high, planes, fewest) != fewest)
            continue;
        uint32_t free_bits = t->most_ways > 1 ? free_columns(t, low, high, planes) : 0, other = 0;
        do { /* all subsets of the free columns */
            if (!add_way(t, low, high, planes, other))
                return false;
            other = (other - free_bits) & free_bits;
        } while (++count < t->most_ways && other != 0);
    }
    return true;
}

/* Lists the ways of a row, for every group and both signs; sides beyond `sides` 1 or 2 are not needed. */
static bool list_ways(struct tables *t, uint32_t row)
{
    const struct cf_matrix *m = t->matrix;
    t->ways.digit_count = t->ways.way_count = 0;
    for (uint32_t g = 0; g < t->options->groups; g++)
        for (int side = 0; side < 2; side++) {
            uint32_t low = group_start(t, g), high = group_start(t, g + 1);
            t->ways.first[2 * g + (uint32_t)side] = t->ways.way_count;
            for (uint32_t c = low; c < high; c++)
                t->doubled[c] = 2 * m->at[(size_t)row * m->columns + t->order[c]] + (side ? -1 : 1);
            if (!add_ways(t, low, high))
                return false;
        }
    t->ways.first[2 * t->options->groups] = t->ways.way_count;
    return true;
}

/* The digits of a row under a choice, the sum of all columns with their signs still to be taken off. The row has one
 * digit more at the end to make room for that. */
static bool write_row(struct tables *t, const struct cf_choice *choice)
{
    if (!cf_array_reserve(&t->row, &t->row_capacity, t->ways.digit_count + (size_t)1, sizeof *t->row))
        return false;
    t->row_count = 0;
    for (uint32_t g = 0; g < t->options->groups; g++) {
        const struct cf_way *way = cf_chosen_way(t->chooser, &t->ways, choice, g);
        memcpy(t->row + t->row_count, t->ways.digits + way->start, way->count * sizeof *t->row);
        t->row_count += way->count;
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
        uint32_t segment = t->segment[g];
        struct term part = {0}, next = {0};
        if (!sum_of_columns(t, t->sign, group_start(t, g), group_start(t, g + 1), &part))
            return false;
        for (g++; g < groups && t->segment[g] == segment; g++)
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
    if (merge(t, &off))
        t->row[t->row_count++] = off; /* write_row left room for it */
    for (size_t d = 0; d < t->row_count; d++)
        if (!cf_shift_sums_add(t->sums, t->row[d]))
            return false;
    return cf_shift_sums_end_row(t->sums);
}

/* ---- the choice of ways ---- */

static bool choose_for_row(struct tables *t, struct cf_commons *commons, uint32_t row, struct cf_choice *choice)
{
    if (!list_ways(t, row) || !write_row(t, choice))
        return false;
    cf_commons_remove(commons, row, t->row, (uint32_t)t->row_count);
    return cf_choose(t->chooser, commons, &t->ways, choice) && write_row(t, choice) &&
           cf_commons_add(commons, row, t->row, (uint32_t)t->row_count);
}

/* For each row in turn the ways with which it has most in common with the others. */
static bool choose_ways(struct tables *t, struct cf_choice *choice, const struct cf_search *search)
{
    struct cf_commons *commons = cf_commons_new(t->matrix->rows, 2 * (uint32_t)t->planes);
    bool done = commons != NULL;
    for (uint32_t r = 0; done && r < t->matrix->rows; r++)
        done =
            list_ways(t, r) && write_row(t, &choice[r]) && cf_commons_add(commons, r, t->row, (uint32_t)t->row_count);
    for (uint32_t pass = 0; done && pass < t->options->passes; pass++)
        for (uint32_t r = 0; done && r < t->matrix->rows && cf_search_goes_on(search); r++)
            done = choose_for_row(t, commons, r, &choice[r]);
    cf_commons_free(commons);
    return done;
}

static bool write_all(struct tables *t, const struct cf_search *search)
{
    size_t rows = t->matrix->rows, numbers = 2 * (size_t)t->options->groups;
    struct cf_choice *choice = calloc(rows + 1, sizeof *choice);
    uint8_t *way = calloc(rows * numbers + 1, 1);
    bool done = choice && way;
    for (size_t r = 0; done && r < rows; r++)
        choice[r].way = way + r * numbers;
    if (done && t->options->segments && t->options->passes)
        done = choose_ways(t, choice, search);
    for (uint32_t r = 0; done && r < t->matrix->rows; r++)
        done = list_ways(t, r) && write_row(t, &choice[r]) && finish_row(t, choice[r].sides);
    free(choice);
    free(way);
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
    uint32_t groups = options->groups, segments = options->segments ? options->segments : 1;
    t.most_ways = options->segments == 0 ? 1 : groups < FEW_GROUPS ? options->ways : 1;
    t.sign = calloc((size_t)t.planes * matrix->columns, sizeof *t.sign);
    t.doubled = calloc(matrix->columns, sizeof *t.doubled);
    t.order = malloc(matrix->columns * sizeof *t.order);
    t.segment = malloc(groups * sizeof *t.segment);
    t.ways.first = malloc((2 * (size_t)groups + 1) * sizeof *t.ways.first);
    bool done = t.sign && t.doubled && t.order && t.segment && t.ways.first;
    for (uint32_t g = 0; done && g < groups; g++)
        t.segment[g] = (uint32_t)((uint64_t)g * segments / groups);
    t.chooser = done ? cf_chooser_new(groups, segments, t.segment) : NULL;
    done = t.chooser && cf_order_columns(matrix, groups, t.planes, options->segments > 0, t.order) &&
           write_all(&t, search);
    cf_chooser_free(t.chooser);
    free(t.entries);
    free(t.sign);
    free(t.doubled);
    free(t.order);
    free(t.segment);
    free(t.ways.first);
    free(t.ways.ways);
    free(t.ways.digits);
    free(t.row);
    return done;
}
