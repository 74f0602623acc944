/* linear.h - the decisions alone, by classifying the input first.
 *
 * A classifier sums its weights over a row of nets. Where every net of that row is the same integer combination of
 * rows of the input, lane by lane, the classifier's sum is that combination of the classified input rows:
 *     sum_d w[c,d] * (sum_t a_t * x_t[d])  =  sum_t a_t * (sum_d w[c,d] * x_t[d]).
 * So the input is classified once (1,600 positions of 8-bit operands instead of 2,100 of 11 to 13 bits), and pools
 * and subtracts are done on the classes' sums. Classifiers with the same matrix of weights form a family.
 *
 * Whether a row has that form is read off the plan: the row follows a linear pattern without bias, is whole and
 * aligned, holds no exceptions, and reads only rows of that form. Rows without it, and the classifiers that read
 * them, are run exactly as in the schedule of all gates, after the rest and in its place ("exact" below).
 */
#ifndef COFIBER_SIM_WORD_LINEAR_H
#define COFIBER_SIM_WORD_LINEAR_H

#include "sim/word/plan.h"

/* The rows of a group as combinations of rows of other groups. */
struct cf_linear_rows {
    bool linear;         /* some rows are */
    const bool *tainted; /* [rows]: has not the form */
    uint32_t *base_row;  /* [rows][ports]: in rows of the port's source */
    uint32_t tainted_count;
};

struct cf_family {
    struct cf_dense packed; /* the classifiers' weights, for operands as wide as the input */
    const int32_t *matrix;  /* [lanes][inputs] */
    enum cf_operands operands;
    bool *summed; /* [group_count]: the groups whose rows of sums are kept */
    bool live;    /* some output uses it */
};

struct cf_linear_output {
    uint32_t group, family;
    bool inlined;         /* the source's combination is taken along with the decision */
    const int32_t *bias;  /* [padded_lanes] */
    uint32_t *source_row; /* [rows]: in rows of the source, or CF_NONE */
};

struct cf_linear {
    bool whole;                  /* nothing gained: run the schedule of all gates */
    struct cf_linear_rows *rows; /* [group_count] */
    struct cf_family *families;
    uint32_t family_count;
    struct cf_linear_output *outputs; /* [group_count]; only those with family != CF_NONE count */
    struct cf_schedule fast, exact;
    bool *stored; /* [group_count]: groups whose values are computed (the outputs, and what `exact` needs) */
    uint64_t exact_gates, fast_gates; /* decisions by either way */
    uint64_t helper_gates;            /* gates that are no decisions and are run for the exact ones */
};

bool cf_linear_plan(struct cf_plan *plan); /* false: memory is out */
/* The exact part of it (linear_exact.c); `*work`: its multiply-adds. */
bool cf_linear_exact(struct cf_plan *plan, uint64_t *work);
void cf_linear_free(struct cf_linear *linear); /* NULL is fine; the rest belongs to the plan's arena */

#endif
