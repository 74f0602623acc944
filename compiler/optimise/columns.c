/* columns.c - orders the columns of a matrix for tables: by size, and then by what groups of them take. */
#include "compiler/optimise/columns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BYTES = 1 << 24, /* of counted digits; a larger matrix keeps the order by size */
    MOST_PASSES = 12,
};

int64_t cf_table_excess(int64_t value, int planes, bool other)
{
    assert(value % 2 != 0 && planes >= 1 && planes < 62);
    int64_t unit = (int64_t)1 << planes, toward_zero = value / unit, away = toward_zero + (value >= 0 ? 1 : -1);
    return (cf_csd_weight(toward_zero) <= cf_csd_weight(away)) != other ? toward_zero : away;
}

/* ---- by size ---- */

struct column {
    double energy; /* sum of squares */
    uint32_t number;
};

static int compare_columns(const void *a, const void *b)
{
    const struct column *x = a, *y = b;
    if (x->energy != y->energy)
        return x->energy < y->energy ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static bool order_by_size(const struct cf_matrix *m, uint32_t *order)
{
    struct column *columns = calloc(m->columns, sizeof *columns);
    for (uint32_t c = 0; columns && c < m->columns; c++) {
        columns[c].number = c;
        for (uint32_t r = 0; r < m->rows; r++) {
            double value = (double)m->at[(size_t)r * m->columns + c];
            columns[c].energy += value * value;
        }
    }
    if (!columns)
        return false;
    qsort(columns, m->columns, sizeof *columns, compare_columns);
    for (uint32_t c = 0; c < m->columns; c++)
        order[c] = columns[c].number;
    free(columns);
    return true;
}

/* ---- by digits ---- */

/* Digits are counted in bytes, which suffice: a group has at most 12 columns. */
struct exchange {
    const struct cf_matrix *matrix;
    uint32_t groups, *order, rows;
    int planes;
    uint8_t *digits; /* [columns][planes][rows]: of a column's element beyond 1, 2, ... planes */
    uint8_t *sums;   /* [groups][planes][rows]: of all columns of a group, and the planes themselves */
    uint8_t *least;  /* [rows] */
};

static uint8_t *digits_of(const struct exchange *x, uint32_t column, int plane)
{
    return x->digits + ((size_t)column * (size_t)x->planes + (size_t)plane) * x->rows;
}

static uint8_t *sums_of(const struct exchange *x, uint32_t group, int plane)
{
    return x->sums + ((size_t)group * (size_t)x->planes + (size_t)plane) * x->rows;
}

static void count_digits(struct exchange *x)
{
    const struct cf_matrix *m = x->matrix;
    for (uint32_t c = 0; c < m->columns; c++)
        for (int p = 0; p < x->planes; p++)
            for (uint32_t r = 0; r < m->rows; r++)
                digits_of(x, c, p)[r] =
                    (uint8_t)cf_csd_weight(cf_table_excess(2 * m->at[(size_t)r * m->columns + c] + 1, p + 1, false));
    for (uint32_t g = 0; g < x->groups; g++)
        for (int p = 0; p < x->planes; p++) {
            uint8_t *sums = sums_of(x, g, p);
            memset(sums, p + 1, m->rows);
            for (uint32_t i = cf_table_group_start(m->columns, x->groups, g);
                 i < cf_table_group_start(m->columns, x->groups, g + 1); i++)
                for (uint32_t r = 0; r < m->rows; r++)
                    sums[r] = (uint8_t)(sums[r] + digits_of(x, x->order[i], p)[r]);
        }
}

/* The digits that all rows take for a group in which column `in` stands instead of `out`; each row chooses its
 * planes. */
static uint64_t cost_with(const struct exchange *x, uint32_t group, uint32_t out, uint32_t in)
{
    memset(x->least, UINT8_MAX, x->rows);
    for (int p = 0; p < x->planes; p++) {
        const uint8_t *sums = sums_of(x, group, p), *minus = digits_of(x, out, p), *plus = digits_of(x, in, p);
        for (uint32_t r = 0; r < x->rows; r++) {
            uint8_t cost = (uint8_t)(sums[r] - minus[r] + plus[r]);
            x->least[r] = cost < x->least[r] ? cost : x->least[r];
        }
    }
    uint64_t all = 0;
    for (uint32_t r = 0; r < x->rows; r++)
        all += x->least[r];
    return all;
}

static void replace(struct exchange *x, uint32_t group, uint32_t out, uint32_t in)
{
    for (int p = 0; p < x->planes; p++) {
        uint8_t *sums = sums_of(x, group, p);
        const uint8_t *minus = digits_of(x, out, p), *plus = digits_of(x, in, p);
        for (uint32_t r = 0; r < x->rows; r++)
            sums[r] = (uint8_t)(sums[r] - minus[r] + plus[r]);
    }
}

/* Lets a column of group g change places with one of a later group where that saves digits. */
static bool exchange_column(struct exchange *x, uint64_t *cost, uint32_t g, uint32_t at)
{
    uint32_t columns = x->matrix->columns;
    bool any = false;
    for (uint32_t h = g + 1; h < x->groups; h++)
        for (uint32_t i = cf_table_group_start(columns, x->groups, h);
             i < cf_table_group_start(columns, x->groups, h + 1); i++) {
            uint32_t a = x->order[at], b = x->order[i];
            uint64_t first = cost_with(x, g, a, b);
            if (first >= cost[g] + cost[h])
                continue;
            uint64_t second = cost_with(x, h, b, a);
            if (first + second >= cost[g] + cost[h])
                continue;
            replace(x, g, a, b);
            replace(x, h, b, a);
            cost[g] = first;
            cost[h] = second;
            x->order[at] = b;
            x->order[i] = a;
            any = true;
        }
    return any;
}

static bool exchange_columns(struct exchange *x)
{
    uint32_t columns = x->matrix->columns;
    uint64_t *cost = calloc(x->groups, sizeof *cost);
    if (!cost)
        return false;
    for (uint32_t g = 0; g < x->groups; g++)
        cost[g] = cost_with(x, g, x->order[0], x->order[0]);
    bool any = true;
    for (int pass = 0; any && pass < MOST_PASSES; pass++) {
        any = false;
        for (uint32_t g = 0; g < x->groups; g++)
            for (uint32_t at = cf_table_group_start(columns, x->groups, g);
                 at < cf_table_group_start(columns, x->groups, g + 1); at++)
                any = exchange_column(x, cost, g, at) || any;
    }
    free(cost);
    return true;
}

bool cf_order_columns(const struct cf_matrix *matrix, uint32_t groups, int planes, bool exchange, uint32_t *order)
{
    assert(groups >= 1 && planes >= 1);
    struct exchange x = {.matrix = matrix, .groups = groups, .order = order, .rows = matrix->rows, .planes = planes};
    if (!order_by_size(matrix, order))
        return false;
    uint64_t bytes = (uint64_t)matrix->rows * matrix->columns * (uint64_t)planes;
    if (!exchange || bytes > MOST_BYTES || matrix->rows == 0)
        return true;
    x.digits = malloc((size_t)bytes);
    x.sums = malloc((size_t)matrix->rows * groups * (size_t)planes);
    x.least = malloc(matrix->rows);
    bool done = x.digits && x.sums && x.least;
    if (done) {
        count_digits(&x);
        done = exchange_columns(&x);
    }
    free(x.digits);
    free(x.sums);
    free(x.least);
    return done;
}
