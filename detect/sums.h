/* sums.h - reads the sums of a head, from a copy of its circuit that stops before its steps.
 *
 * A classifier of the circuit fires where its sum of products and threshold, y = w . s + b', is 0 or more. Its score is
 * more than that bit: y * unit + logit(t) is the logit of the head, where t is the score threshold that was compiled
 * in, and one unit of the sum is input_scale * class_scale * 2^-fraction. So a copy of the netlist whose classifiers
 * are linear is simulated, and their sums are read. Behind a LayerNorm everything is over the root R of its position
 * (compiler/head_cells.h): the sums are divided by it, and so are boxes and centerness, which are linear already.
 */
#ifndef COFIBER_DETECT_SUMS_H
#define COFIBER_DETECT_SUMS_H

#include "cofiber.h"
#include "detect/boxes.h"
#include "netlists/netlist.h"

enum { CF_SUMS_SCALES = 10 };

struct cf_sums {
    struct cf_netlist *netlist; /* the copy: simulate this one */
    uint32_t scale_count, classes;
    uint32_t groups[CF_SUMS_SCALES];        /* of the classifiers, the same index as in the netlist given */
    struct cf_cells scales[CF_SUMS_SCALES]; /* shapes and strides; logits are filled by cf_sums_read */
    double *units[CF_SUMS_SCALES];          /* [classes] */
    /* The groups of boxes, centernesses and roots, 0 where there are none, and the units of the first two. */
    uint32_t boxes[CF_SUMS_SCALES], centers[CF_SUMS_SCALES], roots[CF_SUMS_SCALES];
    double box_units[CF_SUMS_SCALES][4], center_unit[CF_SUMS_SCALES];
    double offset; /* logit(t) */
};

/* Finds the classifiers, "s0.classify" and so on, one group for each scale, of shape [height, width, class], all steps.
 * `stride` is that of the input's cells in pixels of the frame; a scale with half the width has twice the stride.
 * Errors: no such groups, cells of another kind, no class scales or no score threshold recorded, a sum beyond 63 bits.
 */
bool cf_sums_new(struct cf_sums *sums, const struct cf_netlist *netlist, double stride, struct cf_error *err);
void cf_sums_free(struct cf_sums *sums);

/* The logits of a frame: an array [height][width][class] for each scale. A gate of the netlist given fires where its
 * logit is at least sums.offset. */
struct cf_logits {
    double *values[CF_SUMS_SCALES];
    double *sides[CF_SUMS_SCALES];      /* [height][width][4]; NULL: no boxes */
    double *centerness[CF_SUMS_SCALES]; /* [height][width]; NULL: none */
};
bool cf_logits_new(struct cf_logits *logits, const struct cf_sums *sums, struct cf_error *err);
void cf_logits_free(struct cf_logits *logits);

/* Reads the sums of a simulated frame into `logits`, and sets `cells` [scale_count] to them. */
void cf_sums_read(const struct cf_sums *sums, const cofiber_result *result, struct cf_logits *logits,
                  struct cf_cells *cells);

#endif
