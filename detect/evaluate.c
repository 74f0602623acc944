/* evaluate.c - evaluates a detector: each class by itself, side by side, and then the means over the classes. */
#include "detect/evaluate.h"

#include <stdlib.h>
#include <string.h>

const struct cf_eval_stat cf_eval_stats[CF_EVAL_STATS] = {
    {false, -1, CF_AREA_ALL, 2},   {false, 0, CF_AREA_ALL, 2},     {false, 5, CF_AREA_ALL, 2},
    {false, -1, CF_AREA_SMALL, 2}, {false, -1, CF_AREA_MEDIUM, 2}, {false, -1, CF_AREA_LARGE, 2},
    {true, -1, CF_AREA_ALL, 0},    {true, -1, CF_AREA_ALL, 1},     {true, -1, CF_AREA_ALL, 2},
    {true, -1, CF_AREA_SMALL, 2},  {true, -1, CF_AREA_MEDIUM, 2},  {true, -1, CF_AREA_LARGE, 2},
};

/* ---- grouping by class ----------------------------------------------------------------------------------------- */

/* Pointers to results or objects by class: those of class k are [first[k], first[k + 1]), in the file's order. */
struct grouped {
    const void **items;
    size_t *first; /* [class_count + 1] */
};

static int compare_addresses(const void *x, const void *y)
{
    return ((uintptr_t)x > (uintptr_t)y) - ((uintptr_t)x < (uintptr_t)y);
}

/* By image, then by falling score, then as they stand in the file. */
static int compare_results(const void *a, const void *b)
{
    const struct cf_result *x = *(const void *const *)a, *y = *(const void *const *)b;
    if (x->image != y->image)
        return x->image > y->image ? 1 : -1;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return compare_addresses(x, y);
}

/* By image, then as they stand in the file. */
static int compare_objects(const void *a, const void *b)
{
    const struct cf_truth_object *x = *(const void *const *)a, *y = *(const void *const *)b;
    if (x->image != y->image)
        return x->image > y->image ? 1 : -1;
    return compare_addresses(x, y);
}

static uint32_t category_at(const char *item, size_t category)
{
    uint32_t value;
    memcpy(&value, item + category, sizeof value);
    return value;
}

/* Groups `count` items of `size` bytes, which have the class's index at the offset `category`. False: out of memory. */
static bool group(struct grouped *g, const void *items, size_t count, size_t size, size_t category, uint32_t classes)
{
    const char *at = items;
    *g = (struct grouped){calloc(count + 1, sizeof *g->items), calloc((size_t)classes + 2, sizeof *g->first)};
    if (!g->items || !g->first)
        return false;
    size_t *next = g->first + 1; /* of class k at next[k]: first counts of the class before, then where it goes on */
    for (size_t i = 0; i < count; i++)
        if (category_at(at + i * size, category) + 1 < classes)
            next[category_at(at + i * size, category) + 1]++;
    for (uint32_t k = 1; k < classes; k++)
        next[k] += next[k - 1];
    for (size_t i = 0; i < count; i++)
        g->items[next[category_at(at + i * size, category)]++] = at + i * size;
    return true;
}

static void free_grouped(struct grouped *g)
{
    free(g->items);
    free(g->first);
}

/* ---- one class ------------------------------------------------------------------------------------------------- */

static bool evaluate_class(struct cf_eval_class *one, const struct grouped *results, const struct grouped *objects,
                           uint32_t k)
{
    size_t result_count = results->first[k + 1] - results->first[k];
    size_t object_count = objects->first[k + 1] - objects->first[k];
    const void **first_result = results->items + results->first[k], **first_object = objects->items + objects->first[k];
    qsort(first_result, result_count, sizeof *first_result, compare_results);
    qsort(first_object, object_count, sizeof *first_object, compare_objects);
    struct cf_matches matches;
    one->results = result_count;
    if (!cf_match_class(&matches, first_result, result_count, first_object, object_count, NULL))
        return false;
    bool done = cf_curve_class(one, &matches, NULL);
    cf_matches_free(&matches);
    return done;
}

/* ---- means over the classes ------------------------------------------------------------------------------------ */

/* A mean of numbers that leaves those out that are -1. */
struct mean {
    double sum;
    size_t count;
};

static void add_row(struct mean *mean, const double *values, int count)
{
    double sum = 0;
    if (values[0] < 0) /* a class without objects has -1 in all places */
        return;
    for (int i = 0; i < count; i++)
        sum += values[i];
    mean->sum += sum;
    mean->count += (size_t)count;
}

static double value_of(const struct mean *mean)
{
    return mean->count ? mean->sum / (double)mean->count : -1;
}

static double stat_of(const struct cf_evaluation *e, const struct cf_eval_stat *stat)
{
    struct mean mean = {0};
    for (uint32_t k = 0; k < e->class_count; k++)
        for (int t = 0; t < CF_MATCH_THRESHOLDS; t++) {
            const struct cf_eval_class *one = &e->classes[k];
            if (stat->threshold >= 0 && t != stat->threshold)
                continue;
            if (stat->is_recall)
                add_row(&mean, &one->recall[stat->area][stat->cap][t], 1);
            else
                add_row(&mean, one->precision[stat->area][t], CF_EVAL_RECALLS);
        }
    return value_of(&mean);
}

double cf_eval_mean_precision(const struct cf_evaluation *evaluation, int threshold, int recall)
{
    struct mean mean = {0};
    for (uint32_t k = 0; k < evaluation->class_count; k++)
        add_row(&mean, &evaluation->classes[k].precision[CF_AREA_ALL][threshold][recall], 1);
    return value_of(&mean);
}

/* ---- all ------------------------------------------------------------------------------------------------------- */

bool cf_evaluate(struct cf_evaluation *evaluation, const struct cf_truth *truth, const struct cf_results *results,
                 struct cf_error *err)
{
    struct grouped by_class = {0}, objects = {0};
    uint32_t classes = truth->category_count;
    *evaluation = (struct cf_evaluation){.classes = calloc((size_t)classes + 1, sizeof *evaluation->classes),
                                         .class_count = classes};
    bool done = evaluation->classes &&
                group(&by_class, results->items, results->count, sizeof *results->items,
                      offsetof(struct cf_result, category), classes) &&
                group(&objects, truth->objects, truth->object_count, sizeof *truth->objects,
                      offsetof(struct cf_truth_object, category), classes);
    if (done) { /* not a condition of the loop, where each thread's `done` starts as true */
#pragma omp parallel for schedule(dynamic) reduction(&& : done)
        for (uint32_t k = 0; k < classes; k++)
            done = done && evaluate_class(&evaluation->classes[k], &by_class, &objects, k);
    }
    free_grouped(&by_class);
    free_grouped(&objects);
    if (!done) {
        cf_evaluation_free(evaluation);
        return cf_fail(err, "%s: out of memory", truth->label);
    }
    for (int i = 0; i < CF_EVAL_STATS; i++)
        evaluation->stats[i] = stat_of(evaluation, &cf_eval_stats[i]);
    return true;
}

void cf_evaluation_free(struct cf_evaluation *evaluation)
{
    free(evaluation->classes);
    *evaluation = (struct cf_evaluation){0};
}
