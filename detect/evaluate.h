/* evaluate.h - COCO's numbers of a detector: precision over recall, averaged over thresholds, classes, areas.
 *
 * The definition is that of the COCO detection challenge as pycocotools implements it. The detections of a class, all
 * images together, by falling score (equal scores: by image id, then as they took their turns) are right or wrong
 * (detect/match.h) or ignored. After each, recall is the share of objects found so far, and precision the share of
 * right ones among those that are right or wrong. Precision at recall r is the best precision at any recall of r or
 * more, 0 beyond the last; average precision is its mean over r = 0, 0.01, ... 1.
 */
#ifndef COFIBER_DETECT_EVALUATE_H
#define COFIBER_DETECT_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/curve.h"
#include "detect/results.h"
#include "detect/truth.h"

enum { CF_EVAL_STATS = 12 };

struct cf_evaluation {
    struct cf_eval_class *classes; /* [class_count], as the annotations' categories */
    uint32_t class_count;
    double stats[CF_EVAL_STATS]; /* in pycocotools' order: cf_eval_stats says which; -1: nothing to average */
};

/* The meaning of each of the 12 numbers. */
struct cf_eval_stat {
    bool is_recall; /* average recall, else average precision */
    int threshold;  /* the index of the one threshold that counts, or -1: the mean over all */
    enum cf_match_area area;
    int cap; /* index into cf_eval_caps */
};
extern const struct cf_eval_stat cf_eval_stats[CF_EVAL_STATS];

/* Evaluates the results on all cores (OpenMP). Errors: out of memory. */
bool cf_evaluate(struct cf_evaluation *evaluation, const struct cf_truth *truth, const struct cf_results *results,
                 struct cf_error *err);
void cf_evaluation_free(struct cf_evaluation *evaluation);

/* The mean precision over the classes that have something to find, all areas, at a threshold and a recall; -1 where no
 * class has. */
double cf_eval_mean_precision(const struct cf_evaluation *evaluation, int threshold, int recall);

#endif
