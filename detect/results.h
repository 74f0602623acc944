/* results.h - the detections of a detector, in COCO's form of results. */
#ifndef COFIBER_DETECT_RESULTS_H
#define COFIBER_DETECT_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "detect/truth.h"

struct cf_result {
    double box[4]; /* x, y, width, height in pixels; x and y of the top left corner */
    double score;
    uint32_t image, category; /* indices into the lists of the annotations */
};

struct cf_results {
    struct cf_result *items; /* [count], in the file's order */
    size_t count, capacity;
    size_t left_out; /* of images or categories that the annotations do not list */
};

/* Reads a file of the form [{image_id, category_id, bbox, score}]; other keys are skipped. A result whose image or
 * category the annotations do not list is an error, or left out where `lenient`. */
bool cf_results_read(struct cf_results *results, const char *path, const struct cf_truth *truth, bool lenient,
                     struct cf_error *err);
void cf_results_free(struct cf_results *results);

#endif
