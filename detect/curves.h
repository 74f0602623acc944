/* curves.h - precision-recall curves as a JSON file. */
#ifndef COFIBER_DETECT_CURVES_H
#define COFIBER_DETECT_CURVES_H

#include "detect/evaluate.h"

/* Writes {"iou_thresholds" [10], "recalls" [101], "mean": {"precision" [10][101]}, "classes": [{"id", "name", "AP",
 * "objects", "results", "precision" [10][101], "scores" [10][101]}]}: all areas, 100 detections of each class in each
 * image. `scores` are those at which the precision is reached; 0, as the precision, beyond the last recall; -1
 * throughout where there is nothing to find. */
bool cf_curves_write(const char *path, const struct cf_evaluation *evaluation, const struct cf_truth *truth,
                     struct cf_error *err);

#endif
