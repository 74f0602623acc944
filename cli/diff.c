/* diff.c - cofiber diff: compares two netlists, or two traces or files of decisions, and names the first difference. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/npy.h"
#include "base/safetensors.h"
#include "cli/cli.h"
#include "netlists/diff.h"
#include "netlists/store.h"

enum { KEPT = 3, TEXT = 1024 }; /* differences that --all names of each group */

/* A group of gates, or a tensor of a trace, that differs. */
struct part {
    char name[128];
    uint64_t size, different; /* gates or values; size 0: the netlist as a whole */
    char *first[KEPT];
};

/* The differences found, for both kinds of file. */
struct outcome {
    const char *unit;
    uint64_t compared, different;
    bool frames; /* the first dimension of every tensor is the frame */
    bool all;    /* keep the parts that differ */
    bool failed; /* memory is out */
    char first[TEXT];
    struct part *parts; /* [part_count] */
    size_t part_count, part_capacity;
};

static void free_outcome(struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->part_count; i++)
        for (int k = 0; k < KEPT; k++)
            free(outcome->parts[i].first[k]);
    free(outcome->parts);
}

/* Begins a part of the name, if the last one has another. */
static struct part *part_of(struct outcome *outcome, const char *name, uint64_t size)
{
    size_t count = outcome->part_count;
    if (count > 0 && strcmp(outcome->parts[count - 1].name, name) == 0)
        return &outcome->parts[count - 1];
    if (!cf_array_reserve(&outcome->parts, &outcome->part_capacity, count + 1, sizeof *outcome->parts)) {
        outcome->failed = true;
        return NULL;
    }
    struct part *part = &outcome->parts[outcome->part_count++];
    *part = (struct part){.size = size};
    snprintf(part->name, sizeof part->name, "%s", name);
    return part;
}

/* Notes a difference under its part, for --all. */
static void keep(struct outcome *outcome, const char *name, uint64_t size, const char *text)
{
    struct part *part = part_of(outcome, name, size);
    if (part && part->different++ < KEPT) {
        part->first[part->different - 1] = strdup(text);
        outcome->failed = outcome->failed || !part->first[part->different - 1];
    }
}

static void note(struct outcome *outcome, const char *name, uint64_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Counts a difference in a part of `size` values, and keeps its words where they are wanted. */
static void note(struct outcome *outcome, const char *name, uint64_t size, const char *format, ...)
{
    bool first = outcome->different++ == 0;
    if (!first && !outcome->all)
        return;
    char text[TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (first)
        memcpy(outcome->first, text, sizeof text);
    if (outcome->all)
        keep(outcome, name, size, text);
}

/* ---- netlists ---------------------------------------------------------------------------------------------------- */

struct netlists {
    const struct cf_netlist *left;
    struct outcome *outcome;
};

static void found_gate(void *context, uint32_t group, const char *text)
{
    const struct netlists *both = context;
    const struct cf_group *g = &both->left->groups[group];
    if (group == CF_INPUT)
        keep(both->outcome, "the netlist itself", 0, text);
    else
        keep(both->outcome, g->name, g->count, text);
}

static bool diff_netlists(const struct cf_safetensors *a, const struct cf_safetensors *b, struct outcome *outcome,
                          struct cf_error *err)
{
    struct cf_netlist *left = NULL, *right = NULL;
    struct cf_netlist_diff diff;
    bool done = cf_netlist_from_safetensors(&left, a, err) && cf_netlist_from_safetensors(&right, b, err);
    struct netlists both = {left, outcome};
    done = done && cf_netlist_compare(left, right, &diff, outcome->all ? found_gate : NULL, &both, err);
    if (done) {
        outcome->unit = "gates";
        outcome->compared = diff.compared;
        outcome->different = diff.different;
        memcpy(outcome->first, diff.first, sizeof diff.first);
    }
    cf_netlist_free(left);
    cf_netlist_free(right);
    return done;
}

/* ---- traces ------------------------------------------------------------------------------------------------------ */

static bool same_shape(const struct cf_tensor *a, const struct cf_tensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* "frame 2: s1.classify[4,9,17]" for an element of a [N, ...] tensor of a trace. */
static void name_element(const struct cf_tensor *tensor, uint64_t element, bool frames, char *text, size_t size)
{
    char index[128];
    cf_index_text(tensor, element, index, sizeof index);
    char *rest = strchr(index, ',');
    if (frames && rest)
        snprintf(text, size, "frame %.*s: %s[%s", (int)(rest - index - 1), index + 1, tensor->name, rest + 1);
    else
        snprintf(text, size, "%s%s", tensor->name, index);
}

/* Integers are compared as such: a double would lose the low bits of wide nets. */
static void diff_tensor(const struct cf_tensor *a, const struct cf_tensor *b, struct outcome *outcome)
{
    enum { CHUNK = 1024 };
    double x[CHUNK], y[CHUNK];
    int64_t p[CHUNK], q[CHUNK];
    bool same_dtype = a->dtype == b->dtype;
    for (uint64_t at = 0; at < a->count; at += CHUNK) {
        uint64_t count = a->count - at < CHUNK ? a->count - at : CHUNK;
        size_t width = cf_dtype_size(a->dtype);
        outcome->compared += count;
        if (same_dtype && memcmp(a->data + at * width, b->data + at * width, count * width) == 0)
            continue;
        cf_tensor_to_f64(a, at, count, x);
        cf_tensor_to_f64(b, at, count, y);
        bool exact = cf_tensor_to_i64(a, at, count, p, NULL) && cf_tensor_to_i64(b, at, count, q, NULL);
        for (uint64_t i = 0; i < count; i++) {
            if (exact ? p[i] == q[i] : x[i] == y[i] || (isnan(x[i]) && isnan(y[i])))
                continue;
            if (outcome->different > 0 && !outcome->all) { /* counted alone: no words are wanted */
                outcome->different++;
                continue;
            }
            char where[256];
            name_element(a, at + i, outcome->frames, where, sizeof where);
            if (exact)
                note(outcome, a->name, a->count, "%s: %" PRId64 " against %" PRId64, where, p[i], q[i]);
            else
                note(outcome, a->name, a->count, "%s: %.17g against %.17g", where, x[i], y[i]);
        }
    }
}

static void diff_pair(const struct cf_tensor *a, const struct cf_tensor *b, struct outcome *outcome)
{
    char shapes[2][128];
    if (same_shape(a, b))
        diff_tensor(a, b, outcome);
    else
        note(outcome, a->name, a->count, "%s: shape %s against %s", a->name,
             cf_shape_text(a, shapes[0], sizeof shapes[0]), cf_shape_text(b, shapes[1], sizeof shapes[1]));
}

static void diff_missing(const struct cf_safetensors *a, const struct cf_safetensors *b, struct outcome *outcome)
{
    for (size_t i = 0; i < cf_safetensors_count(a); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(a, i);
        if (!cf_safetensors_find(b, tensor->name))
            note(outcome, tensor->name, tensor->count, "only %s has '%.200s'", cf_safetensors_path(a), tensor->name);
    }
}

static bool diff_values(const struct cf_safetensors *a, const struct cf_safetensors *b, bool common,
                        struct outcome *outcome, struct cf_error *err)
{
    size_t shared = 0;
    outcome->unit = "values";
    outcome->frames = true;
    for (size_t i = 0; i < cf_safetensors_count(a); i++) {
        const struct cf_tensor *left = cf_safetensors_at(a, i), *right = cf_safetensors_find(b, left->name);
        if (!right)
            continue;
        shared++;
        if (!cf_dtype_is_readable(left->dtype) || !cf_dtype_is_readable(right->dtype))
            return cf_fail(err, "%s: tensor '%.100s' is %s, which cannot be compared", cf_safetensors_path(a),
                           left->name, cf_dtype_name(left->dtype));
        diff_pair(left, right, outcome);
    }
    if (common)
        return shared > 0 ||
               cf_fail(err, "%s: has no tensor in common with %s", cf_safetensors_path(a), cf_safetensors_path(b));
    diff_missing(a, b, outcome);
    diff_missing(b, a, outcome);
    return true;
}

static bool diff_npy(const char *left, const char *right, struct outcome *outcome, struct cf_error *err)
{
    struct cf_npy *a = NULL, *b = NULL;
    bool done = cf_npy_open(&a, left, err) && cf_npy_open(&b, right, err);
    outcome->unit = "values";
    if (done) {
        struct cf_tensor x = *cf_npy_tensor(a), y = *cf_npy_tensor(b);
        x.name = y.name = "array"; /* .npy has no names */
        diff_pair(&x, &y, outcome);
    }
    cf_npy_close(a);
    cf_npy_close(b);
    return done;
}

static bool diff_safetensors(const char *left, const char *right, bool common, struct outcome *outcome,
                             struct cf_error *err)
{
    struct cf_safetensors *a = NULL, *b = NULL;
    bool done = cf_safetensors_open(&a, left, err) && cf_safetensors_open(&b, right, err);
    if (done && cf_is_netlist(a) != cf_is_netlist(b))
        done = cf_fail(err, "%s: %s a netlist, but %s %s", left, cf_is_netlist(a) ? "is" : "is not", right,
                       cf_is_netlist(b) ? "is" : "is not");
    if (done && cf_is_netlist(a))
        done = diff_netlists(a, b, outcome, err);
    else if (done)
        done = diff_values(a, b, common, outcome, err);
    cf_safetensors_close(a);
    cf_safetensors_close(b);
    return done;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static int report_json(const struct outcome *outcome)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "compared", (double)outcome->compared);
    cJSON_AddNumberToObject(document, "different", (double)outcome->different);
    if (outcome->different)
        cli_json_text(document, "first", outcome->first);
    cJSON *groups = outcome->all ? cJSON_AddArrayToObject(document, "groups") : NULL;
    for (size_t i = 0; i < outcome->part_count; i++) {
        const struct part *part = &outcome->parts[i];
        cJSON *entry = cJSON_CreateObject(), *first = cJSON_AddArrayToObject(entry, "first");
        cli_json_text(entry, "name", part->name);
        cJSON_AddNumberToObject(entry, "compared", (double)part->size);
        cJSON_AddNumberToObject(entry, "different", (double)part->different);
        for (int k = 0; k < KEPT && part->first[k]; k++)
            cli_json_add_text(first, part->first[k]);
        cJSON_AddItemToArray(groups, entry);
    }
    return cli_print_json(document);
}

static void print_parts(const struct outcome *outcome)
{
    char different[32], size[32];
    for (size_t i = 0; i < outcome->part_count; i++) {
        const struct part *part = &outcome->parts[i];
        cli_print_text(part->name);
        if (part->size)
            printf(": %s of %s %s differ\n", cli_thousands(part->different, different), cli_thousands(part->size, size),
                   outcome->unit);
        else
            printf(" differs\n");
        for (int k = 0; k < KEPT && part->first[k]; k++) {
            printf("    ");
            cli_print_text(part->first[k]);
            printf("\n");
        }
        if (part->different > KEPT)
            printf("    and %s more\n", cli_thousands(part->different - KEPT, different));
    }
}

static int report(const struct cli_args *args, const struct outcome *outcome)
{
    char compared[32], different[32];
    if (outcome->failed)
        return cli_complain("diff: out of memory");
    if (cli_given(args, "--json")) {
        int status = report_json(outcome);
        return status == CLI_OK && outcome->different ? CLI_DIFFERENT : status;
    }
    print_parts(outcome);
    if (outcome->different && !outcome->all) {
        printf("first difference: ");
        cli_print_text(outcome->first);
        printf("\n");
    }
    printf("%s %s compared, %s differ\n", cli_thousands(outcome->compared, compared), outcome->unit,
           cli_thousands(outcome->different, different));
    return outcome->different ? CLI_DIFFERENT : CLI_OK;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct outcome outcome = {.all = cli_given(args, "--all")};
    const char *left = args->operands[0], *right = args->operands[1];
    bool npy[2];
    bool done = cf_npy_probe(left, &npy[0], &err) && cf_npy_probe(right, &npy[1], &err);
    if (done && npy[0] != npy[1])
        done = cf_fail(&err, "%s: %s a .npy file, but %s %s", left, npy[0] ? "is" : "is not", right,
                       npy[1] ? "is" : "is not");
    done = done && (npy[0] ? diff_npy(left, right, &outcome, &err)
                           : diff_safetensors(left, right, cli_given(args, "--common"), &outcome, &err));
    int status = done ? report(args, &outcome) : cli_fail(&err);
    free_outcome(&outcome);
    return status;
}

const struct cli_command cli_diff = {
    .name = "diff",
    .synopsis = "A B",
    .summary = "Compare two netlists or two traces, and name the first gate that differs.",
    .details =
        "Two netlists are compared gate by gate: what each gate computes and which nets it reads. The numbers of cells "
        "in the files and the origin of the netlists are not compared. The first difference is the first in net "
        "order.\n"
        "Two traces or files of decisions, both safetensors or both .npy, are compared value by value: tensor after "
        "tensor in the order of A, and each tensor frame by frame. (sim writes tensors in net order, but those of 64 "
        "bits first.) Tensors that only one of the files has count as different and come last.",
    .min_operands = 2,
    .max_operands = 2,
    .options =
        (const struct cli_option[]){
            {"--all", NULL, NULL,
             "List every group or tensor that differs, with the number of differences and the first three of them."},
            {"--common", NULL, NULL, "Compare only the tensors that both traces have."},
            {"--json", NULL, NULL, "Print `compared`, `different` and `first` as JSON, and with --all `groups`."},
            {0}},
    .run = run,
};
