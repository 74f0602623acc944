/* boxes.h - from what a head says of each cell to the detections of a frame.
 *
 * The heads are of FCOS's kind. Cell (i, j) of a scale with stride s is centred at (x, y) = (s*(j + 1/2), s*(i + 1/2))
 * in the pixels of the frame, which is s*width x s*height pixels large. A class's score is sigmoid(logit), times
 * sigmoid(centerness) where the head has one (or the root of this product). The box reaches from the centre to the
 * left, top, right and bottom by exp(factor * z) * s each; without a box head it is the cell's own square. Of the
 * detections of one class, those that overlap a better one too much are dropped (non-maximum suppression).
 *
 * All of this is in double. detect/sums.h says how a circuit delivers its integers, and what they mean. */
#ifndef COFIBER_DETECT_BOXES_H
#define COFIBER_DETECT_BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The head's outputs for the cells of a scale. */
struct cf_cells {
    uint32_t height, width, classes;
    double stride;            /* pixels of the frame from cell to cell */
    const double *logits;     /* [height][width][classes] */
    const double *centerness; /* [height][width], logits; NULL: none */
    const double *sides;      /* [height][width][4], z of left, top, right, bottom; NULL: none */
    double factor;            /* of z, learned for each scale */
};

/* How far the box of a cell reaches from its centre to the left, top, right and bottom, in pixels. */
void cf_cell_sides(const struct cf_cells *cells, size_t cell, double sides[4]);

/* The score of a class in a cell; `root`: the square root where there is a centerness. */
double cf_cell_score(const struct cf_cells *cells, size_t cell, uint32_t class_index, bool root);

struct cf_detection {
    double score;
    double box[4]; /* x, y, width, height in pixels of the frame; x and y of the top left corner */
    uint32_t scale, row, column, class_index;
};

struct cf_detect_options {
    double score_threshold; /* lowest score that is detected; above 0 and below 1 */
    double overlap;         /* detections of one class that overlap a better one by more are dropped; 0 to 1 */
    uint32_t top;           /* most detections of a frame */
    bool root;              /* score = sqrt(class * centerness) instead of their product */
};

/* 0.3, 0.6, 100, the product. */
struct cf_detect_options cf_detect_defaults(void);

/* The detections of one frame, kept from frame to frame. Zero-initialise. */
struct cf_detections {
    struct cf_detection *items; /* [count] */
    size_t count, capacity;
};
void cf_detections_free(struct cf_detections *detections);

/* Fills the detections of a frame from its scales, by falling score. Equal scores stand in the order of the cells:
 * scale, row, column, class; of two alike the first therefore suppresses the other. A side is at most 2^20 pixels long,
 * so that boxes stay finite. Logits must not be NaN. Errors: out of memory. */
bool cf_detect_boxes(struct cf_detections *detections, const struct cf_cells *scales, uint32_t scale_count,
                     const struct cf_detect_options *options, struct cf_error *err);

#endif
