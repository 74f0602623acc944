/* prune_report.c - prints the points of a search as a table and as JSON, and writes them as heads into a folder. */
#include "cli/prune_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/parse.h"

static void add_point(cJSON *points, const struct cf_prune *p, const struct cf_prune_point *point)
{
    cJSON *entry = cJSON_CreateObject();
    cli_json_text(entry, "name", point->name);
    cJSON_AddNumberToObject(entry, "parameters", (double)p->weights->parameters);
    cJSON_AddNumberToObject(entry, "nonzero", (double)point->nonzero);
    cJSON_AddNumberToObject(entry, "mAP", point->verdict.map);
    cJSON_AddNumberToObject(entry, "AP50", point->verdict.ap50);
    cJSON_AddNumberToObject(entry, "AP75", point->verdict.ap75);
    cJSON_AddNumberToObject(entry, "true_positives", (double)point->verdict.true_positives);
    cJSON_AddNumberToObject(entry, "detections", (double)point->verdict.detections);
    cJSON_AddNumberToObject(entry, "gates", (double)point->cost.gates);
    cJSON_AddNumberToObject(entry, "edges", (double)point->cost.edges);
    cJSON_AddNumberToObject(entry, "adders", (double)point->cost.adders);
    cJSON_AddNumberToObject(entry, "full_adders", (double)point->cost.full_adders);
    cJSON_AddBoolToObject(entry, "front", point->on_front);
    cJSON_AddItemToArray(points, entry);
}

/* Nothing here depends on how long anything took. */
static cJSON *document_of(const struct cf_prune *p, const struct cf_prune_point *kept)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "head_sha256", p->weights->head.sha256);
    cJSON_AddNumberToObject(document, "images", (double)p->judge->count);
    cJSON_AddNumberToObject(document, "proxy_images", (double)p->judge->options.proxy);
    cJSON_AddNumberToObject(document, "input_scale", p->judge->options.compile.input_scale);
    cJSON_AddNumberToObject(document, "seed", (double)p->judge->options.seed);
    cJSON_AddNumberToObject(document, "floor", p->options.floor);
    cJSON_AddNumberToObject(document, "tolerance", p->options.tolerance);
    cJSON_AddBoolToObject(document, "interrupted", p->interrupted);
    cli_json_text(document, "kept", kept->name);
    cJSON *points = cJSON_AddArrayToObject(document, "points");
    for (size_t i = 0; i < p->point_count; i++)
        add_point(points, p, &p->points[i]);
    return document;
}

static bool write_front(const struct cli_args *args, const struct cf_prune *p, const struct cf_prune_point *kept,
                        struct cf_error *err)
{
    const char *path = cli_value(args, "--front");
    bool started = cli_given(args, "--json"); /* else nobody has asked for JSON's memory to be watched yet */
    if (!started)
        cli_json_start();
    cJSON *document = document_of(p, kept);
    char *text = cli_json_complete() ? cJSON_Print(document) : NULL;
    struct cf_out *out = NULL;
    bool done = (text || cf_fail(err, "%s: out of memory", path)) && cf_out_open(&out, path, err) &&
                cf_out_write(out, text, strlen(text), err) && cf_out_write(out, "\n", 1, err) &&
                cf_out_commit(&out, err);
    cf_out_abort(&out);
    cJSON_free(text);
    cJSON_Delete(document);
    if (!started)
        cli_json_finish();
    return done;
}

/* "FOLDER/R1.safetensors"; what is no letter, digit, point or line in a name becomes a line. */
static bool write_head(const char *folder, const struct cf_prune *p, const struct cf_prune_point *point,
                       struct cf_error *err)
{
    char name[CF_PRUNE_NAME], path[4096];
    snprintf(name, sizeof name, "%s", point->name);
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c))
            *c = '_';
    if ((size_t)snprintf(path, sizeof path, "%s/%s.safetensors", folder, name) >= sizeof path)
        return cf_fail(err, "%.80s...: the name of the folder is too long", folder);
    return cf_prune_weights_write(p->weights, point->mask, path, err);
}

bool cli_prune_write(const struct cli_args *args, struct cf_prune *p, const struct cf_prune_point *kept,
                     struct cf_error *err)
{
    const char *folder = cli_value(args, "--heads");
    bool done = !cli_given(args, "--front") || write_front(args, p, kept, err);
    for (size_t i = 0; done && folder && i < p->point_count; i++)
        done = write_head(folder, p, &p->points[i], err);
    return done;
}

static double per_thousand(const struct cf_prune *p)
{
    return p->frames ? 1000 * p->seconds / (double)p->frames : 0;
}

int cli_prune_report(const struct cli_args *args, const struct cf_prune *p, const struct cf_prune_point *kept)
{
    char text[5][32];
    if (cli_given(args, "--json")) {
        cJSON *document = document_of(p, kept);
        cJSON_AddNumberToObject(document, "judged", (double)p->judged);
        cJSON_AddNumberToObject(document, "seconds_per_1000_images", per_thousand(p));
        return cli_print_json(document);
    }
    printf("%-26s %10s %7s %7s %7s %8s %13s %9s %11s\n", "point", "nonzero", "mAP", "AP50", "AP75", "true pos", "edges",
           "adders", "full adders");
    for (size_t i = 0; i < p->point_count; i++) {
        const struct cf_prune_point *point = &p->points[i];
        printf("%-26s %10s %7.4f %7.4f %7.4f %8s %13s %9s %11s%s\n", point->name,
               cli_thousands(point->nonzero, text[0]), point->verdict.map, point->verdict.ap50, point->verdict.ap75,
               cli_thousands(point->verdict.true_positives, text[1]), cli_thousands(point->cost.edges, text[2]),
               cli_thousands(point->cost.adders, text[3]), cli_thousands(point->cost.full_adders, text[4]),
               point->on_front ? "  *" : "");
    }
    printf("* on the Pareto front: no other point has as few nonzero parameters and as high a mAP\n");
    printf("%s%s: %s, %s of %s parameters not zero; %" PRIu64 " candidates judged, %.2f s for each 1,000 images\n",
           p->interrupted ? "interrupted; the best so far is written\n" : "", cli_shown(cli_value(args, "-o")),
           kept->name, cli_thousands(kept->nonzero, text[0]), cli_thousands(p->weights->parameters, text[1]), p->judged,
           per_thousand(p));
    return CLI_OK;
}
