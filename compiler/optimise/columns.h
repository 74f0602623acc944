/* columns.h - puts the columns of a matrix into an order whose groups take few digits with tables (tables.h). */
#ifndef COFIBER_COMPILER_OPTIMISE_COLUMNS_H
#define COFIBER_COMPILER_OPTIMISE_COLUMNS_H

#include "compiler/optimise/sums.h"

/* Of an odd `value`: a multiple of 2^planes, divided by that, that leaves an odd number below 2^planes in magnitude
 * when it is taken off. Of the two multiples that do, the one of fewer digits. */
int64_t cf_table_excess(int64_t value, int planes, bool other);

/* The first column, in the order, of a group. */
static inline uint32_t cf_table_group_start(uint32_t columns, uint32_t groups, uint32_t group)
{
    return (uint32_t)((uint64_t)columns * group / groups);
}

/* Fills order [columns]: by rising sum of squares, so that few columns with large elements stand in groups with
 * others. With `exchange`, columns of two groups then change places as long as all rows together take fewer digits, and
 * the matrix is not too large for that. `planes` are as many as 2 * element + 1 has bits without its sign. False when
 * memory is out. */
bool cf_order_columns(const struct cf_matrix *matrix, uint32_t groups, int planes, bool exchange, uint32_t *order);

#endif
