/* curves.c - writes precision-recall curves as JSON. */
#include "detect/curves.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"

static bool write_numbers(struct cf_out *out, const double *values, int count, struct cf_error *err)
{
    bool done = cf_out_printf(out, err, "[");
    for (int i = 0; done && i < count; i++)
        done = cf_out_printf(out, err, "%s%.17g", i ? ", " : "", values[i]);
    return done && cf_out_printf(out, err, "]");
}

/* "KEY": one row of numbers for each threshold. */
static bool write_rows(struct cf_out *out, const char *key, const double rows[CF_MATCH_THRESHOLDS][CF_EVAL_RECALLS],
                       struct cf_error *err)
{
    bool done = cf_out_printf(out, err, "\"%s\": [\n", key);
    for (int t = 0; done && t < CF_MATCH_THRESHOLDS; t++)
        done = write_numbers(out, rows[t], CF_EVAL_RECALLS, err) &&
               cf_out_printf(out, err, t + 1 < CF_MATCH_THRESHOLDS ? ",\n" : "]");
    return done;
}

static bool write_axes(struct cf_out *out, struct cf_error *err)
{
    double thresholds[CF_MATCH_THRESHOLDS], recalls[CF_EVAL_RECALLS];
    cf_match_thresholds(thresholds);
    cf_eval_recalls(recalls);
    return cf_out_printf(out, err, "{\"iou_thresholds\": ") &&
           write_numbers(out, thresholds, CF_MATCH_THRESHOLDS, err) && cf_out_printf(out, err, ",\n\"recalls\": ") &&
           write_numbers(out, recalls, CF_EVAL_RECALLS, err);
}

static bool write_mean(struct cf_out *out, const struct cf_evaluation *evaluation, struct cf_error *err)
{
    double rows[CF_MATCH_THRESHOLDS][CF_EVAL_RECALLS];
    for (int t = 0; t < CF_MATCH_THRESHOLDS; t++)
        for (int r = 0; r < CF_EVAL_RECALLS; r++)
            rows[t][r] = cf_eval_mean_precision(evaluation, t, r);
    return cf_out_printf(out, err, ",\n\"mean\": {") && write_rows(out, "precision", rows, err) &&
           cf_out_printf(out, err, "},\n\"classes\": [");
}

/* A string as JSON spells it, malloc'd; NULL when memory is out. */
static char *quoted(const char *text)
{
    cJSON *string = cJSON_CreateString(text);
    char *spelt = string ? cJSON_PrintUnformatted(string) : NULL;
    cJSON_Delete(string);
    return spelt;
}

static bool write_class(struct cf_out *out, const struct cf_eval_class *one, int64_t id, const char *name,
                        struct cf_error *err)
{
    char *text = quoted(name);
    bool done =
        text ? cf_out_printf(out, err, "{\"id\": %" PRId64 ", \"name\": %s, \"AP\": %.17g, ", id, text, one->average) &&
                   cf_out_printf(out, err, "\"objects\": %zu, \"results\": %zu,\n", one->objects, one->results)
             : cf_fail(err, "out of memory");
    cJSON_free(text);
    return done && write_rows(out, "precision", one->precision[CF_AREA_ALL], err) && cf_out_printf(out, err, ",\n") &&
           write_rows(out, "scores", one->scores, err) && cf_out_printf(out, err, "}");
}

bool cf_curves_write(const char *path, const struct cf_evaluation *evaluation, const struct cf_truth *truth,
                     struct cf_error *err)
{
    struct cf_out *out = NULL;
    bool done = cf_out_open(&out, path, err) && write_axes(out, err) && write_mean(out, evaluation, err);
    for (uint32_t k = 0; done && k < evaluation->class_count; k++)
        done = cf_out_printf(out, err, k ? ",\n" : "\n") &&
               write_class(out, &evaluation->classes[k], truth->categories[k], truth->names[k], err);
    done = done && cf_out_printf(out, err, "\n]}\n") && cf_out_commit(&out, err);
    cf_out_abort(&out);
    return done;
}
