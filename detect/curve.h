/* curve.h - precision over recall of one class, from its matches. */
#ifndef COFIBER_DETECT_CURVE_H
#define COFIBER_DETECT_CURVE_H

#include "detect/evaluate.h"
#include "detect/match.h"

/* Fills a class's curves; reorders the matches by falling score. Errors: out of memory. */
bool cf_curve_class(struct cf_eval_class *one, struct cf_matches *matches, struct cf_error *err);

#endif
