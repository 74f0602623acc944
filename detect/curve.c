/* curve.c - adds up right and wrong detections by falling score, and samples precision at fixed recalls. */
#include "detect/curve.h"

#include <float.h>
#include <stdlib.h>

const uint32_t cf_eval_caps[CF_EVAL_CAPS] = {1, 10, CF_MATCH_MOST};

void cf_eval_recalls(double recalls[CF_EVAL_RECALLS])
{
    double step = 1.0 / (CF_EVAL_RECALLS - 1);
    for (int r = 0; r < CF_EVAL_RECALLS; r++)
        recalls[r] = r * step;
    recalls[CF_EVAL_RECALLS - 1] = 1;
}

/* A class's running recall and precision at one area range and threshold. */
struct run {
    double *recall, *precision; /* [count of matches] */
};

static int compare_matches(const void *a, const void *b)
{
    const struct cf_match *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

static void add_up(const struct run *run, const struct cf_matches *matches, enum cf_match_area area, int t)
{
    double right = 0, wrong = 0, objects = (double)matches->objects[area];
    for (size_t i = 0; i < matches->count; i++) {
        const struct cf_match *match = &matches->items[i];
        bool taken = match->taken[area] >> t & 1, ignored = match->ignored[area] >> t & 1;
        right += taken && !ignored;
        wrong += !taken && !ignored;
        run->recall[i] = right / objects;
        run->precision[i] = right / (wrong + right + DBL_EPSILON); /* the epsilon is COCO's, against 0 / 0 */
    }
    for (size_t i = matches->count; i-- > 1;) /* the best precision at this recall or beyond */
        if (run->precision[i] > run->precision[i - 1])
            run->precision[i - 1] = run->precision[i];
}

static void sample(struct cf_eval_class *one, const struct run *run, const struct cf_matches *matches,
                   enum cf_match_area area, int t)
{
    double recalls[CF_EVAL_RECALLS];
    cf_eval_recalls(recalls);
    size_t i = 0;
    for (int r = 0; r < CF_EVAL_RECALLS; r++) {
        while (i < matches->count && run->recall[i] < recalls[r])
            i++;
        bool reached = i < matches->count;
        one->precision[area][t][r] = reached ? run->precision[i] : 0;
        if (area == CF_AREA_ALL)
            one->scores[t][r] = reached ? matches->items[i].score : 0;
    }
}

/* Recall after the last of the detections that count. */
static double final_recall(const struct cf_matches *matches, enum cf_match_area area, int t, uint32_t cap)
{
    size_t right = 0;
    for (size_t i = 0; i < matches->count; i++) {
        const struct cf_match *match = &matches->items[i];
        right += match->rank < cap && (match->taken[area] >> t & 1) && !(match->ignored[area] >> t & 1);
    }
    return (double)right / (double)matches->objects[area];
}

static void fill(struct cf_eval_class *one, const struct run *run, const struct cf_matches *matches,
                 enum cf_match_area area, int t)
{
    bool known = matches->objects[area] > 0;
    for (int m = 0; m < CF_EVAL_CAPS; m++)
        one->recall[area][m][t] = known ? final_recall(matches, area, t, cf_eval_caps[m]) : -1;
    if (known) {
        add_up(run, matches, area, t);
        sample(one, run, matches, area, t);
        return;
    }
    for (int r = 0; r < CF_EVAL_RECALLS; r++) {
        one->precision[area][t][r] = -1;
        if (area == CF_AREA_ALL)
            one->scores[t][r] = -1;
    }
}

double cf_eval_average_at(const struct cf_eval_class *one, int threshold)
{
    double sum = 0;
    for (int r = 0; r < CF_EVAL_RECALLS; r++)
        sum += one->precision[CF_AREA_ALL][threshold][r];
    return one->objects ? sum / CF_EVAL_RECALLS : -1;
}

bool cf_curve_class(struct cf_eval_class *one, struct cf_matches *matches, struct cf_error *err)
{
    struct run run = {calloc(matches->count + 1, sizeof(double)), calloc(matches->count + 1, sizeof(double))};
    bool done = run.recall && run.precision;
    if (done) {
        one->objects = matches->objects[CF_AREA_ALL];
        qsort(matches->items, matches->count, sizeof *matches->items, compare_matches);
        for (enum cf_match_area area = 0; area < CF_MATCH_AREAS; area++)
            for (int t = 0; t < CF_MATCH_THRESHOLDS; t++)
                fill(one, &run, matches, area, t);
        one->average = 0;
        for (int t = 0; t < CF_MATCH_THRESHOLDS; t++)
            one->average += cf_eval_average_at(one, t) / CF_MATCH_THRESHOLDS;
        if (!one->objects)
            one->average = -1;
    }
    free(run.recall);
    free(run.precision);
    return done || cf_fail(err, "out of memory");
}
