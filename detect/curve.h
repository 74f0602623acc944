/* curve.h - precision over recall of one class, from its matches. */
#ifndef COFIBER_DETECT_CURVE_H
#define COFIBER_DETECT_CURVE_H

#include "detect/match.h"

enum { CF_EVAL_RECALLS = 101, CF_EVAL_CAPS = 3 };

/* The detections that count, of each class in each image: the 1, 10 or 100 of the highest scores. */
extern const uint32_t cf_eval_caps[CF_EVAL_CAPS];

/* The recalls 0, 0.01, ... 1, as NumPy's linspace(0, 1, 101) rounds them. */
void cf_eval_recalls(double recalls[CF_EVAL_RECALLS]);

/* Curves of one class; -1 throughout where there is nothing to find. */
struct cf_eval_class {
    double precision[CF_MATCH_AREAS][CF_MATCH_THRESHOLDS][CF_EVAL_RECALLS]; /* of 100 detections */
    double scores[CF_MATCH_THRESHOLDS][CF_EVAL_RECALLS];                    /* at which it is reached, all areas */
    double recall[CF_MATCH_AREAS][CF_EVAL_CAPS][CF_MATCH_THRESHOLDS];       /* after the last detection */
    double average;                                                         /* average precision, all areas */
    size_t objects;                                                         /* to find, all areas */
    size_t results;
};

/* Fills a class's curves; reorders the matches by falling score. Errors: out of memory. */
bool cf_curve_class(struct cf_eval_class *one, struct cf_matches *matches, struct cf_error *err);

/* Average precision of a class at one threshold, all areas; -1 where there is nothing to find. */
double cf_eval_average_at(const struct cf_eval_class *one, int threshold);

#endif
