/* tables.h - four Russians: the sums of all sign patterns of a few columns, made once and used by all rows.
 *
 * Twice an integer plus or minus 1 is odd, and an odd integer below 2^p in magnitude is a sum of p digits, +-1 at every
 * shift below p, in one way. So a row, doubled and with a sign s[c] added in every column, is p planes of signs; the
 * columns are split into groups, and one signal stands for each pattern of signs of a group: g columns have 2^(g-1)
 * up to the sign, built as a tree of halves. A row then takes p digits for each group, and one for the sum over all
 * columns of s[c] times the column, which goes off again. The method is that of Arlazarov, Dinic, Kronrod and Faradzev
 * (1970), for matrices over a small set.
 *
 * Where few elements of a group are large, fewer planes and the rest in canonical signed digits cost less.
 */
#ifndef COFIBER_COMPILER_OPTIMISE_TABLES_H
#define COFIBER_COMPILER_OPTIMISE_TABLES_H

#include "compiler/optimise/search.h"
#include "compiler/optimise/sums.h"

enum {
    CF_TABLE_MOST_BITS = 30,    /* of an element: the method serves small integers */
    CF_TABLE_MOST_COLUMNS = 12, /* of a group */
};

struct cf_tables_options {
    uint32_t groups;   /* 1 to the number of columns, of at most CF_TABLE_MOST_COLUMNS each */
    uint32_t segments; /* the signs s[c] are chosen by row and segment of the columns, at most 2^segments ways; 0: all
                        * are 1 */
    uint32_t ways;     /* of each group and sign, at most: with segments, the one that shares most is chosen as well */
    uint32_t passes;   /* over the rows, each choosing the signs that share most with the other rows */
};

/* The number of groups for which tables and rows together are expected to take fewest adders. */
uint32_t cf_tables_groups(const struct cf_matrix *matrix);

/* The sums of twice the matrix. Its elements have at most CF_TABLE_MOST_BITS bits. False when memory is out. */
bool cf_shift_sums_of_tables(struct cf_shift_sums *sums, const struct cf_matrix *matrix,
                             const struct cf_tables_options *options, struct cf_search *search);

#endif
