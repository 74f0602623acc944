/* bands.h - checks on a frame's values, without the netlist's cells, that the bands lose nothing and are independent.
 *
 * On scale k with the grid x, its pool p and its cofiber s, all integers on one binary point:
 *     lossless     x = up(p) + s
 *     p . r = 0    pool(s) = 0: the cofiber holds nothing of the coarser grid
 *     r . u = 0    up(y) - up(pool(up(y))) = 0 for y = p: the coarser grid leaves nothing in the cofiber
 *     block        the classifiers' sums of the cofiber, without their biases, are pooled to 0 as well
 */
#ifndef COFIBER_REPORT_BANDS_H
#define COFIBER_REPORT_BANDS_H

#include "cofiber.h"
#include "compiler/compile.h"
#include "detect/sums.h"

/* Values looked at, those that are not 0, and the largest of them by magnitude in units of its binary point. */
struct cf_zeros {
    uint64_t values, nonzero;
    int64_t largest;
};

struct cf_bands {
    struct cf_zeros lossless, pool_of_cofiber, cofiber_of_up, block;
};

/* Adds what one frame shows. `sums` is of a netlist compiled with `options` and without a sweep; `result` is its
 * simulation with all gates. Errors: a group is missing, out of memory. */
bool cf_bands_add(struct cf_bands *bands, const struct cf_sums *sums, const struct cf_compile_options *options,
                  const cofiber_result *result, struct cf_error *err);

/* The same in single precision, as a head's author runs it: the features [channels][height][width] are decomposed into
 * `scales` bands and the residual, put together again, and compared. */
struct cf_reconstruction {
    double error;   /* the largest |difference| */
    double feature; /* the largest |feature| */
};
bool cf_reconstruct(struct cf_reconstruction *worst, const struct cf_compile_options *options, uint32_t channels,
                    const double *features, struct cf_error *err);

#endif
