/* eval.c - cofiber eval: works out COCO's 12 numbers of a detector's results. */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "cli/cli.h"
#include "detect/curves.h"
#include "detect/evaluate.h"
#include "detect/plot.h"

/* The line that pycocotools prints. */
static void print_stat(const struct cf_eval_stat *stat, double value)
{
    static const char *const areas[CF_MATCH_AREAS] = {"all", "small", "medium", "large"};
    double thresholds[CF_MATCH_THRESHOLDS];
    char overlap[32];
    cf_match_thresholds(thresholds);
    if (stat->threshold < 0)
        snprintf(overlap, sizeof overlap, "%0.2f:%0.2f", thresholds[0], thresholds[CF_MATCH_THRESHOLDS - 1]);
    else
        snprintf(overlap, sizeof overlap, "%0.2f", thresholds[stat->threshold]);
    printf(" %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3" PRIu32 " ] = %0.3f\n",
           stat->is_recall ? "Average Recall" : "Average Precision", stat->is_recall ? "(AR)" : "(AP)", overlap,
           areas[stat->area], cf_eval_caps[stat->cap], value);
}

static void print_classes(const struct cf_evaluation *evaluation, const struct cf_truth *truth)
{
    printf("\n%8s %9s %9s %7s %7s %7s  %s\n", "category", "objects", "results", "AP", "AP 0.50", "AP 0.75", "name");
    for (uint32_t k = 0; k < evaluation->class_count; k++) {
        const struct cf_eval_class *one = &evaluation->classes[k];
        printf("%8" PRId64 " %9zu %9zu", truth->categories[k], one->objects, one->results);
        if (one->objects)
            printf(" %7.3f %7.3f %7.3f  ", one->average, cf_eval_average_at(one, 0), cf_eval_average_at(one, 5));
        else
            printf(" %7s %7s %7s  ", "-", "-", "-");
        cli_print_text(truth->names[k]);
        printf("\n");
    }
}

/* Prints how many annotations and results were left out, because the numbers hold only without them. */
static void print_left_out(size_t annotations, size_t results)
{
    char text[2][32];
    if (annotations || results)
        printf("\nleft out, as their images or categories are not listed: %s annotations, %s results\n",
               cli_thousands(annotations, text[0]), cli_thousands(results, text[1]));
}

static int print_json(const struct cf_evaluation *evaluation, const struct cf_truth *truth,
                      const struct cf_results *results)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddItemToObject(document, "stats", cJSON_CreateDoubleArray(evaluation->stats, CF_EVAL_STATS));
    cJSON *classes = cJSON_AddObjectToObject(document, "per_class_AP");
    for (uint32_t k = 0; k < evaluation->class_count; k++) {
        char id[32];
        snprintf(id, sizeof id, "%" PRId64, truth->categories[k]);
        cJSON_AddNumberToObject(classes, id, evaluation->classes[k].average);
    }
    cJSON_AddNumberToObject(document, "images", truth->image_count);
    cJSON_AddNumberToObject(document, "annotations", (double)truth->object_count);
    cJSON_AddNumberToObject(document, "results", (double)results->count);
    cJSON_AddNumberToObject(document, "annotations_left_out", (double)truth->left_out);
    cJSON_AddNumberToObject(document, "results_left_out", (double)results->left_out);
    return cli_print_json(document);
}

static bool write_files(const struct cli_args *args, const struct cf_evaluation *evaluation,
                        const struct cf_truth *truth, struct cf_error *err)
{
    const char *curves = cli_value(args, "--curves"), *plot = cli_value(args, "--plot");
    if (curves && plot && cf_out_same(curves, plot))
        return cf_fail(err, "%s: --curves and --plot are one file", plot);
    return (!curves || cf_curves_write(curves, evaluation, truth, err)) &&
           (!plot || cf_plot_write(plot, evaluation, err));
}

static int report(const struct cli_args *args, const struct cf_evaluation *evaluation, const struct cf_truth *truth,
                  const struct cf_results *results)
{
    if (cli_given(args, "--json"))
        return print_json(evaluation, truth, results);
    for (int i = 0; i < CF_EVAL_STATS; i++)
        print_stat(&cf_eval_stats[i], evaluation->stats[i]);
    if (cli_given(args, "--classes"))
        print_classes(evaluation, truth);
    print_left_out(truth->left_out, results->left_out);
    return CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_truth truth = {0};
    struct cf_results results = {0};
    struct cf_evaluation evaluation = {0};
    bool lenient = cli_given(args, "--listed-only");
    bool done = cf_truth_read(&truth, args->operands[0], lenient, &err) &&
                cf_results_read(&results, args->operands[1], &truth, lenient, &err) &&
                cf_evaluate(&evaluation, &truth, &results, &err) && write_files(args, &evaluation, &truth, &err);
    int status = done ? report(args, &evaluation, &truth, &results) : cli_fail(&err);
    cf_evaluation_free(&evaluation);
    cf_results_free(&results);
    cf_truth_free(&truth);
    return status;
}

const struct cli_command cli_eval = {
    .name = "eval",
    .synopsis = "ANNOTATIONS RESULTS [--classes] [--curves FILE.json] [--plot FILE.png] [--json]",
    .summary = "Score detections against annotations: COCO's 12 numbers.",
    .details =
        "ANNOTATIONS is a JSON file of COCO's form: an object with the lists `images` (id), `annotations` (id, "
        "image_id, "
        "category_id, bbox, area, iscrowd) and `categories` (id, name). RESULTS is a list of detections (image_id, "
        "category_id, bbox, score). A bbox is x, y, width, height in pixels. The 12 lines are those that pycocotools "
        "prints, with its numbers: -1 where there is nothing to find.\n"
        "Average precision is the mean over the classes that have objects, over 101 recalls, and over 10 overlaps "
        "(intersection over union, IoU) unless one is named. At most 100 detections of each class count in each image. "
        "Both files are read as streams; outlines (`segmentation`) are skipped.",
    .min_operands = 2,
    .max_operands = 2,
    .options =
        (const struct cli_option[]){
            {"--classes", NULL, NULL, "Print the objects, results and average precision of each class as well."},
            {"--curves", "FILE", NULL,
             "Write precision and score over recall as JSON, for each class and IoU, over all areas."},
            {"--plot", "FILE", NULL, "Draw the mean precision over recall for each IoU as a PNG file."},
            {"--listed-only", NULL, NULL,
             "Leave out, as pycocotools does, annotations and results of images or categories that ANNOTATIONS does "
             "not list, instead of refusing the file."},
            {"--json", NULL, NULL,
             "Print `stats`, the 12 numbers in pycocotools' order, and `per_class_AP`, by category id, as JSON."},
            {0}},
    .run = run,
};
