/* exchange.h - how the processes of one training run share their results. */
#ifndef COFIBER_TRAIN_EXCHANGE_H
#define COFIBER_TRAIN_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One of `size` processes, which have the ranks 0 to size - 1. */
struct cf_exchange {
    uint32_t rank, size;
    /* `table` has `rows` rows of `row_bytes` bytes, of which process r has filled those from rows * r / size on, up to
     * rows * (r + 1) / size; afterwards every process has all. All processes must call it alike. NULL where size is 1.
     */
    bool (*gather)(const struct cf_exchange *exchange, void *table, size_t rows, size_t row_bytes,
                   struct cf_error *err);
};

/* The first row of a process; with rank = size: the number of rows. */
static inline size_t cf_exchange_first(uint32_t rank, uint32_t size, size_t rows)
{
    return rows * rank / size;
}

#endif
