/* plot.h - precision over recall as a picture. */
#ifndef COFIBER_DETECT_PLOT_H
#define COFIBER_DETECT_PLOT_H

#include "detect/evaluate.h"

/* Draws the mean over the classes as a PNG file: one curve for each threshold of overlap, all areas, 100 detections of
 * each class in each image, with the average precision at the threshold beside it. */
bool cf_plot_write(const char *path, const struct cf_evaluation *evaluation, struct cf_error *err);

#endif
