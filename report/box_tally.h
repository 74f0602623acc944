/* box_tally.h - how far a circuit's boxes and scores lie from those of the head it was compiled from. */
#ifndef COFIBER_REPORT_BOX_TALLY_H
#define COFIBER_REPORT_BOX_TALLY_H

#include "detect/boxes.h"

/* Sums and extremes of absolute differences: of the four sides of boxes in pixels, and of scores. */
struct cf_box_tally {
    uint64_t boxes, scores; /* compared */
    double side_largest, side_sum, score_largest, score_sum;
};

/* Compares one scale of one frame: the circuit's values (`found`) with the head's (`wanted`), which have the same
 * shape. Scores are compared where the class fires in both, that is, where its logit is at least `limit`; boxes, if
 * there are any, at positions where some class fires in both. */
void cf_box_tally_add(struct cf_box_tally *tally, const struct cf_cells *found, const struct cf_cells *wanted,
                      double limit);

#endif
