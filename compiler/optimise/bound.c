/* bound.c - works out a number of adders that no graph of a matrix can do without.
 *
 * Take any graph of the matrix in which every adder is needed, and drop its zero rows and columns.
 *
 * Outputs: a row that is not a multiple +-2^k of one column, or of another row, ends in an adder of its own. So there
 * are at least as many adders as such rows, those that are multiples +-2^k of each other counted once.
 *
 * Operands: count the wires of the graph, the inputs' forks and the outputs included, once by the node that they enter
 * and once by the node that they leave. It follows that the graph with every wire turned round, which computes the
 * transposed matrix, has (columns - rows) adders less. The first argument holds for that graph, too: there are at least
 * as many adders as columns that are not multiples +-2^k of a unit vector or of each other, plus columns, minus rows.
 *
 * One row: by the second argument on that row alone, which reads k columns: k - 1 adders, and one for each magnitude
 * greater than 1 that its elements have when their factors of 2 are taken out.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/optimise.h"

/* A row of some matrix in normal form: no factor 2 in all elements, the first one that is not 0 positive. */
struct line {
    const int64_t *at;
    uint32_t count;
};

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    for (uint32_t i = 0; i < x->count; i++)
        if (x->at[i] != y->at[i])
            return x->at[i] < y->at[i] ? -1 : 1;
    return 0;
}

static int compare_numbers(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Brings a line to normal form; returns how many of its elements are not 0. */
static uint32_t normalise(int64_t *at, uint32_t count)
{
    int64_t bits = 0, first = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        first = first ? first : at[i];
        bits |= at[i];
        used += at[i] != 0;
    }
    for (uint32_t i = 0; used && i < count; i++)
        at[i] = at[i] / (bits & -bits) * (first < 0 ? -1 : 1);
    return used;
}

/* Adders that one line takes by itself; `scratch` has room for it. */
static uint64_t adders_of_line(const int64_t *at, uint32_t count, int64_t *scratch)
{
    uint32_t used = 0, different = 0;
    for (uint32_t i = 0; i < count; i++)
        if (at[i] != 0)
            scratch[used++] = llabs((long long)(at[i] / (at[i] & -at[i])));
    if (used)
        qsort(scratch, used, sizeof *scratch, compare_numbers);
    for (uint32_t i = 0; i < used; i++)
        different += scratch[i] > 1 && (i == 0 || scratch[i] != scratch[i - 1]);
    return used ? used - 1 + different : 0;
}

struct counts {
    uint64_t used;      /* lines that are not zero */
    uint64_t different; /* of those that have two elements or more, up to +-2^k */
    uint64_t most;      /* adders that a single line takes */
};

static bool count_lines(const int64_t *matrix, uint32_t lines, uint32_t length, struct counts *counts)
{
    size_t size = (size_t)lines * length;
    int64_t *copy = malloc((size + 1) * sizeof *copy), *scratch = malloc((length + (size_t)1) * sizeof *scratch);
    struct line *sorted = malloc((lines + (size_t)1) * sizeof *sorted);
    uint32_t count = 0;
    *counts = (struct counts){0};
    bool done = copy && scratch && sorted;
    if (done && size)
        memcpy(copy, matrix, size * sizeof *copy);
    for (uint32_t l = 0; done && l < lines; l++) {
        int64_t *at = copy + (size_t)l * length;
        uint64_t alone = adders_of_line(at, length, scratch);
        uint32_t used = normalise(at, length);
        counts->used += used > 0;
        counts->most = alone > counts->most ? alone : counts->most;
        /* A single element that is no power of 2 takes an adder as well; in normal form it is greater than 1. */
        if (used > 1 || alone > 0)
            sorted[count++] = (struct line){at, length};
    }
    if (done && count)
        qsort(sorted, count, sizeof *sorted, compare_lines);
    for (uint32_t l = 0; done && l < count; l++)
        counts->different += l == 0 || compare_lines(&sorted[l - 1], &sorted[l]) != 0;
    free(copy);
    free(scratch);
    free(sorted);
    return done;
}

bool cf_adders_at_least(const struct cf_matrix *matrix, uint64_t *adders)
{
    struct counts rows, columns;
    size_t size = (size_t)matrix->rows * matrix->columns;
    int64_t *turned = malloc((size + 1) * sizeof *turned);
    for (uint32_t r = 0; turned && r < matrix->rows; r++)
        for (uint32_t c = 0; c < matrix->columns; c++)
            turned[(size_t)c * matrix->rows + r] = matrix->at[(size_t)r * matrix->columns + c];
    bool done = turned && count_lines(matrix->at, matrix->rows, matrix->columns, &rows) &&
                count_lines(turned, matrix->columns, matrix->rows, &columns);
    free(turned);
    *adders = 0;
    if (!done)
        return false;
    *adders = rows.different > rows.most ? rows.different : rows.most;
    uint64_t turned_adders = columns.different > columns.most ? columns.different : columns.most;
    if (turned_adders + columns.used > rows.used + *adders)
        *adders = turned_adders + columns.used - rows.used;
    return true;
}
