/* exchange.c - gathers the rows of a table over MPI. */
#include "train/mpi/exchange.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>

enum { FAILED = 2 }; /* the exit status of a run with bad input */

static bool check(int code, struct cf_error *err)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;
    if (code == MPI_SUCCESS)
        return true;
    MPI_Error_string(code, text, &length);
    return cf_fail(err, "MPI: %s", text);
}

static bool gather_rows(const struct cf_exchange *exchange, void *table, size_t rows, size_t row_bytes, int *counts,
                        int *places, struct cf_error *err)
{
    MPI_Datatype row;
    for (uint32_t r = 0; r < exchange->size; r++) {
        places[r] = (int)cf_exchange_first(r, exchange->size, rows);
        counts[r] = (int)cf_exchange_first(r + 1, exchange->size, rows) - places[r];
    }
    if (!check(MPI_Type_contiguous((int)row_bytes, MPI_BYTE, &row), err))
        return false;
    bool done = check(MPI_Type_commit(&row), err) &&
                check(MPI_Allgatherv(MPI_IN_PLACE, 0, row, table, counts, places, row, MPI_COMM_WORLD), err);
    MPI_Type_free(&row);
    return done;
}

static bool gather(const struct cf_exchange *exchange, void *table, size_t rows, size_t row_bytes, struct cf_error *err)
{
    if (rows > INT_MAX || row_bytes > INT_MAX)
        return cf_fail(err, "MPI: a table of %zu rows of %zu bytes is too large", rows, row_bytes);
    int *counts = calloc((size_t)2 * exchange->size, sizeof *counts);
    bool done = counts ? gather_rows(exchange, table, rows, row_bytes, counts, counts + exchange->size, err)
                       : cf_fail(err, "out of memory");
    free(counts);
    return done;
}

bool cf_mpi_open(struct cf_exchange *exchange, struct cf_error *err)
{
    int rank, size;
    if (!check(MPI_Init(NULL, NULL), err) || !check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), err) ||
        !check(MPI_Comm_rank(MPI_COMM_WORLD, &rank), err) || !check(MPI_Comm_size(MPI_COMM_WORLD, &size), err))
        return false;
    *exchange = (struct cf_exchange){.rank = (uint32_t)rank, .size = (uint32_t)size, .gather = gather};
    return true;
}

void cf_mpi_close(bool failed)
{
    if (failed)
        MPI_Abort(MPI_COMM_WORLD, FAILED);
    else
        MPI_Finalize();
}
