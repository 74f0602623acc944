/* merge.c - cofiber merge: puts together what shards of a job have found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/file_kind.h"
#include "base/json_keys.h"
#include "base/json_strict.h"
#include "cli/cli.h"
#include "sim/frames/join.h"

/* ---- figures ----------------------------------------------------------------------------------------------------- */

/* How the figures of parts are put together. What no table names must be the same in all. */
static const char *const sums[] = {"decisions", "unequal", "head_fires", "netlist_fires", "both_fire",  "either_fires",
                                   "saturated", "faults",  "found",      "seen_at_gate",  "detections", "seconds",
                                   "compared",  NULL};
static const char *const maxima[] = {"unequal_distance_max", "largest_difference", NULL};
static const char *const counters[] = {"fired", "positive", NULL}; /* objects of sums */
static const char *const lists[] = {"missed", NULL};               /* one behind the other */
/* A median, or a share, says too little of the whole; shares are worked out again. */
static const char *const dropped[] = {
    "unequal_distance_median", "agreement", "agreement_among_firing", "plan", "threads", "isa",
    "mean_difference",         NULL};

/* Figures that a part has only where there is something to say: unequal decisions, or gates that fire. */
static const char *const optional[] = {"unequal_distance_median", "unequal_distance_max", "agreement_among_firing",
                                       "mean_difference",         "largest_difference",   NULL};

static bool is_one_of(const char *key, const char *const *table)
{
    while (*table && (!key || strcmp(key, *table) != 0))
        table++;
    return *table != NULL;
}

/* The place of a figure, for messages: its key. */
static bool differs(const char *path, const char *key, struct cf_error *err)
{
    return cf_fail(err, "%s: '%.100s' differs from that of the first part", path, key ? key : "the list");
}

static bool add(cJSON *whole, const cJSON *part, bool in_faults, const char *path, struct cf_error *err);

/* Mean differences are weighted with what was compared so far; called before `compared` is added. */
static void add_mean(cJSON *whole, const cJSON *part)
{
    cJSON *mean = cJSON_GetObjectItemCaseSensitive(whole, "mean_difference");
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(part, "mean_difference");
    double count = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(whole, "compared"));
    double more = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(part, "compared"));
    if (mean && other && count + more > 0)
        cJSON_SetNumberValue(mean, (mean->valuedouble * count + other->valuedouble * more) / (count + more));
}

static bool add_item(cJSON *whole, const cJSON *part, bool in_counters, bool in_faults, const char *path,
                     struct cf_error *err)
{
    const char *key = whole->string;
    bool frames = key && strcmp(key, "frames") == 0 && !in_faults; /* the shards of `faults` have all frames */
    if (whole->type != part->type)
        return differs(path, key, err);
    if (cJSON_IsNumber(whole) && (in_counters || frames || is_one_of(key, sums)))
        cJSON_SetNumberValue(whole, whole->valuedouble + part->valuedouble);
    else if (cJSON_IsNumber(whole) && is_one_of(key, maxima))
        cJSON_SetNumberValue(whole, whole->valuedouble > part->valuedouble ? whole->valuedouble : part->valuedouble);
    else if (cJSON_IsObject(whole) || (cJSON_IsArray(whole) && !is_one_of(key, lists)))
        return add(whole, part, in_faults, path, err);
    else if (!cJSON_IsArray(whole) && !is_one_of(key, dropped))
        return cJSON_Compare(whole, part, true) || differs(path, key, err);
    return true;
}

/* Moves copies of a list's items behind those of another. */
static bool append(cJSON *whole, const cJSON *part)
{
    for (const cJSON *item = part->child; item; item = item->next) {
        cJSON *copy = cJSON_Duplicate(item, true);
        if (!copy || !cJSON_AddItemToArray(whole, copy))
            return false;
    }
    return true;
}

/* Whether each figure of one object is in another, but for the optional ones. */
static bool has_all(const cJSON *object, const cJSON *other)
{
    for (const cJSON *item = object->child; item; item = item->next)
        if (!cJSON_HasObjectItem(other, item->string) && !is_one_of(item->string, optional))
            return false;
    return true;
}

/* Adds the figures of a part to those of the whole: two objects with the same keys, or lists of one length. */
static bool add(cJSON *whole, const cJSON *part, bool in_faults, const char *path, struct cf_error *err)
{
    const char *key = whole->string;
    if (cJSON_IsArray(whole) && cJSON_GetArraySize(whole) != cJSON_GetArraySize(part))
        return differs(path, key, err);
    if (cJSON_IsObject(whole) && !(has_all(whole, part) && has_all(part, whole)))
        return cf_fail(err, "%s: has other figures than the first part", path);
    if (cJSON_IsObject(whole))
        add_mean(whole, part);
    cJSON *own = whole->child;
    for (const cJSON *item = part->child; item; item = item->next) {
        cJSON *mine = cJSON_IsArray(whole) ? own : cJSON_GetObjectItemCaseSensitive(whole, item->string);
        own = own ? own->next : NULL;
        bool done = mine ? add_item(mine, item, is_one_of(key, counters), in_faults, path, err)
                         : cJSON_AddItemToObject(whole, item->string, cJSON_Duplicate(item, true));
        if (done && mine && is_one_of(mine->string, lists))
            done = append(mine, item) || cf_fail(err, "%s: out of memory", path);
        if (!done)
            return false;
    }
    return true;
}

static double number(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* Works shares out again, and leaves out medians. */
static void finish(cJSON *item)
{
    cJSON_DeleteItemFromObjectCaseSensitive(item, "unequal_distance_median");
    cJSON *share = cJSON_GetObjectItemCaseSensitive(item, "agreement");
    if (share)
        cJSON_SetNumberValue(share, 1 - number(item, "unequal") / number(item, "decisions"));
    if (share && number(item, "either_fires") > 0) {
        double firing = number(item, "both_fire") / number(item, "either_fires");
        cJSON *old = cJSON_GetObjectItemCaseSensitive(item, "agreement_among_firing");
        if (old)
            cJSON_SetNumberValue(old, firing);
        else
            cJSON_AddNumberToObject(item, "agreement_among_firing", firing);
    }
    for (cJSON *child = item->child; child; child = child->next)
        finish(child);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static cJSON *read_figures(const char *path, struct cf_error *err)
{
    enum { LIMIT = 1 << 28 };
    const struct cf_json_limits limits = {CF_JSON_NUMBERS, 20, 1 << 26, 1 << 26};
    char *text;
    const char *end;
    size_t size, at;
    if (!cf_file_read(path, LIMIT, &text, &size, err))
        return NULL;
    const char *wrong = cf_json_check((const uint8_t *)text, size, &limits, &at);
    cJSON *figures = wrong ? NULL : cJSON_ParseWithLengthOpts(text, size, &end, false);
    bool done = !wrong || cf_fail(err, "%s: byte %zu: %s", path, at, wrong);
    done = done && ((cJSON_IsObject(figures) && cf_json_only_blanks(end, text + size)) ||
                    cf_fail(err, "%s: is no JSON object of figures", path));
    done = done && cf_json_keys_check(figures, path, err);
    free(text);
    if (!done) {
        cJSON_Delete(figures);
        return NULL;
    }
    return figures;
}

static bool write_figures(const cJSON *whole, const char *path, struct cf_error *err)
{
    char *text = cJSON_Print(whole);
    if (!text)
        return cf_fail(err, "%s: out of memory", path);
    struct cf_out *out;
    bool done = cf_out_open(&out, path, err);
    if (done)
        done = cf_out_printf(out, err, "%s\n", text) && cf_out_commit(&out, err);
    cf_out_abort(&out);
    cJSON_free(text);
    return done;
}

static bool merge_figures(const char *path, char *const *parts, int count, struct cf_error *err)
{
    cJSON *whole = read_figures(parts[0], err);
    bool done = whole != NULL;
    bool in_faults = done && cJSON_HasObjectItem(whole, "faults");
    for (int p = 1; done && p < count; p++) {
        cJSON *part = read_figures(parts[p], err);
        done = part && add(whole, part, in_faults, parts[p], err);
        cJSON_Delete(part);
    }
    if (done)
        finish(whole);
    done = done && write_figures(whole, path, err);
    cJSON_Delete(whole);
    return done;
}

static bool is_json(const char *path, bool *json, struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    *json = cf_file_kind(map.data, map.size) == CF_KIND_JSON;
    cf_map_close(&map);
    return true;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    const char *path = cli_value(args, "-o");
    bool json;
    if (!path)
        return cli_complain("merge: -o is needed");
    bool done = is_json(args->operands[0], &json, &err) &&
                (json ? merge_figures(path, args->operands, args->operand_count, &err)
                      : cf_traces_join(path, args->operands, args->operand_count, &err));
    if (!done)
        return cli_fail(&err);
    cli_print_text(cli_shown(path));
    printf(": %d parts\n", args->operand_count);
    return CLI_OK;
}

const struct cli_command cli_merge = {
    .name = "merge",
    .synopsis = "PART... -o WHOLE",
    .summary = "Put together the results of a job's shards.",
    .details =
        "The parts are the results of sim, agreement or faults with --shard 1/N, 2/N, ... N/N, in this order: either "
        "files of decisions or traces (`sim -o`, `sim --trace`, as safetensors), or the figures that --json prints. "
        "Decisions and traces are put one behind the other, and are then the bytes that one run would have written. "
        "Counts are added, and shares worked out again; a median cannot be worked out from medians, and is left out. "
        "Parts that "
        "cannot be of one job are refused.",
    .min_operands = 1,
    .max_operands = -1,
    .options = (const struct cli_option[]){{"-o", "WHOLE", NULL, "Write the whole to this file."}, {0}},
    .run = run,
};
