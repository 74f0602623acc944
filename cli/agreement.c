/* agreement.c - cofiber agreement: the head as trained against the netlist, decision by decision. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "compiler/floatmodel.h"
#include "compiler/quantize.h"
#include "netlists/cell.h"
#include "netlists/store.h"
#include "sim/frames.h"
#include "sim/word.h"

/* Counts of one scale at one score threshold. */
struct tally {
    uint64_t gates, equal, head_fires, netlist_fires, both_fire;
};

enum { MAX_SCALES = 10, EXTRA_THRESHOLDS = 3 };
static const double extra_thresholds[EXTRA_THRESHOLDS] = {0.5, 0.3, 0.1};

struct session {
    const struct cf_netlist *netlist;
    const struct cf_head *head;
    struct cf_compile_options options;
    const struct cf_group *groups[MAX_SCALES]; /* the classify group of each scale */
    struct tally own[MAX_SCALES];              /* at the netlist's own threshold */
    struct tally extra[EXTRA_THRESHOLDS];      /* all scales together */
    int64_t *limits[EXTRA_THRESHOLDS];         /* [scale][class]: the integer thresholds there */
    double *distances;                         /* |logit - threshold| of the unequal decisions */
    size_t distance_count, distance_capacity;
};

static bool bind(struct session *s, struct cf_error *err)
{
    const struct cf_netlist *n = s->netlist;
    if (!cf_compile_recorded(n, &s->options, err))
        return false;
    if (s->head->channels != n->groups[CF_INPUT].shape[2])
        return cf_fail(err, "%s: has %u channels, but %s takes %u", s->head->label, s->head->channels, n->label,
                       n->groups[CF_INPUT].shape[2]);
    for (uint32_t k = 0; k < s->options.scales; k++) {
        char name[32];
        snprintf(name, sizeof name, "s%u.classify", k);
        uint32_t g = cf_netlist_find_group(n, name);
        uint64_t count = (uint64_t)(s->options.height >> k) * (s->options.width >> k) * s->head->classes;
        if (g == UINT32_MAX || n->groups[g].count != count || n->groups[g].ports != 1)
            return cf_fail(err, "%s: has no group '%s' of %" PRIu64 " gates, which %s calls for", n->label, name, count,
                           s->head->label);
        s->groups[k] = &n->groups[g];
    }
    return true;
}

/* The integer thresholds of every scale and class at each extra score threshold. */
static bool make_limits(struct session *s, struct cf_error *err)
{
    for (int e = 0; e < EXTRA_THRESHOLDS; e++) {
        s->limits[e] = calloc((size_t)s->options.scales * s->head->classes, sizeof *s->limits[e]);
        if (!s->limits[e])
            return cf_fail(err, "%s: out of memory", s->netlist->label);
        for (uint32_t k = 0; k < s->options.scales; k++)
            for (uint32_t c = 0; c < s->head->classes; c++) {
                const struct cf_cell *cell = &s->netlist->cells[s->groups[k]->cell[c]];
                if (!cf_threshold(s->head->bias[c] - cf_logit(extra_thresholds[e]), cell->ports[0].frac,
                                  s->netlist->input_scale, s->head->scale[c],
                                  &s->limits[e][(size_t)k * s->head->classes + c]))
                    return cf_fail(err, "%s: class %u: its integer threshold would pass 62 bits", s->head->label, c);
            }
    }
    return true;
}

static void count_gate(struct tally *tally, bool head, bool netlist)
{
    tally->gates++;
    tally->equal += head == netlist;
    tally->head_fires += head;
    tally->netlist_fires += netlist;
    tally->both_fire += head && netlist;
}

static bool add_distance(struct session *s, double distance, struct cf_error *err)
{
    if (s->distance_count == s->distance_capacity) {
        size_t wanted = s->distance_capacity ? 2 * s->distance_capacity : 1024;
        double *bigger = realloc(s->distances, wanted * sizeof *bigger);
        if (!bigger)
            return cf_fail(err, "%s: out of memory", s->netlist->label);
        s->distances = bigger;
        s->distance_capacity = wanted;
    }
    s->distances[s->distance_count++] = distance;
    return true;
}

static bool compare_frame(struct session *s, const int64_t *nets, const double *logits, struct cf_error *err)
{
    uint32_t classes = s->head->classes;
    double own = cf_logit(s->options.score_threshold);
    for (uint32_t k = 0; k < s->options.scales; k++) {
        const struct cf_group *group = s->groups[k];
        for (uint32_t i = 0; i < group->count; i++, logits++) {
            const struct cf_cell *cell = &s->netlist->cells[group->cell[i]];
            bool head = *logits - own >= 0, netlist = nets[group->first_net + i] != 0;
            count_gate(&s->own[k], head, netlist);
            if (head != netlist && !add_distance(s, fabs(*logits - own), err))
                return false;
            int64_t sum = cf_cell_sum(cell, cf_instance_bases(group, i), nets) - cell->bias; /* below 2^63 */
            for (int e = 0; e < EXTRA_THRESHOLDS; e++)
                count_gate(&s->extra[e], *logits - cf_logit(extra_thresholds[e]) >= 0,
                           sum >= -s->limits[e][(size_t)k * classes + i % classes]);
        }
    }
    return true;
}

static bool compare_all(struct session *s, const struct cf_frames *frames, struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(frames);
    double *features = malloc((size_t)shape.channels * shape.height * shape.width * sizeof *features);
    int64_t *nets = malloc((size_t)s->netlist->net_count * sizeof *nets);
    bool done = (features && nets) || cf_fail(err, "%s: out of memory", s->netlist->label);
    struct cli_progress progress;
    cli_progress_start(&progress, "comparing", "frames", cf_frames_count(frames));
    for (uint64_t n = 0; done && n < cf_frames_count(frames); n++) {
        done = cf_frames_features(frames, n, features, err) && cf_frames_nets(frames, n, s->netlist, nets, err);
        if (!done)
            break;
        cf_word_evaluate(s->netlist, nets);
        double *logits = cf_float_logits(s->head, &s->options, features);
        done = logits ? compare_frame(s, nets, logits, err) : cf_fail(err, "%s: out of memory", s->netlist->label);
        free(logits);
        cli_progress_update(&progress, n + 1);
    }
    cli_progress_finish(&progress);
    free(features);
    free(nets);
    return done;
}

static int compare_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 1;
}

static uint64_t fire_in_either(const struct tally *tally)
{
    return tally->head_fires + tally->netlist_fires - tally->both_fire;
}

static struct tally total_of(const struct session *s)
{
    struct tally total = {0};
    for (uint32_t k = 0; k < s->options.scales; k++) {
        total.gates += s->own[k].gates;
        total.equal += s->own[k].equal;
        total.head_fires += s->own[k].head_fires;
        total.netlist_fires += s->own[k].netlist_fires;
        total.both_fire += s->own[k].both_fire;
    }
    return total;
}

static void print_tally(const char *label, const struct tally *t)
{
    char text[2][32];
    printf("%-16s %12s %10s %12.6f%% %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " / %-6" PRIu64, label,
           cli_thousands(t->gates, text[0]), cli_thousands(t->gates - t->equal, text[1]),
           100 * share(t->equal, t->gates), t->head_fires, t->netlist_fires, t->both_fire, fire_in_either(t));
    if (fire_in_either(t))
        printf(" %7.2f%%\n", 100 * share(t->both_fire, fire_in_either(t)));
    else
        printf("       -\n");
}

static void print_report(const struct session *s, uint64_t frames)
{
    struct tally total = total_of(s);
    printf("%-16s %12s %10s %13s %10s %10s %17s %8s\n", "", "decisions", "unequal", "equal", "head fires", "net fires",
           "both / either", "share");
    for (uint32_t k = 0; k < s->options.scales; k++)
        print_tally(s->groups[k]->name, &s->own[k]);
    print_tally("all", &total);
    printf("%" PRIu64 " frame%s; the netlist's own score threshold is %g\n", frames, frames == 1 ? "" : "s",
           s->options.score_threshold);
    if (s->distance_count)
        printf("unequal decisions lie %.4g from the threshold in the median, %.4g at most (logits of the head)\n",
               s->distances[s->distance_count / 2], s->distances[s->distance_count - 1]);
    printf("\nFew gates fire, so a circuit that never fires would agree too. Among those that fire in either:\n");
    for (int e = 0; e < EXTRA_THRESHOLDS; e++) {
        char label[32];
        snprintf(label, sizeof label, "score >= %g", extra_thresholds[e]);
        print_tally(label, &s->extra[e]);
    }
}

static cJSON *tally_json(const char *key, const char *name, double threshold, const struct tally *t)
{
    cJSON *entry = cJSON_CreateObject();
    if (name)
        cJSON_AddStringToObject(entry, key, name);
    else
        cJSON_AddNumberToObject(entry, key, threshold);
    cJSON_AddNumberToObject(entry, "decisions", (double)t->gates);
    cJSON_AddNumberToObject(entry, "unequal", (double)(t->gates - t->equal));
    cJSON_AddNumberToObject(entry, "agreement", share(t->equal, t->gates));
    cJSON_AddNumberToObject(entry, "head_fires", (double)t->head_fires);
    cJSON_AddNumberToObject(entry, "netlist_fires", (double)t->netlist_fires);
    cJSON_AddNumberToObject(entry, "both_fire", (double)t->both_fire);
    cJSON_AddNumberToObject(entry, "either_fires", (double)fire_in_either(t));
    if (fire_in_either(t))
        cJSON_AddNumberToObject(entry, "agreement_among_firing", share(t->both_fire, fire_in_either(t)));
    return entry;
}

static int print_json(const struct session *s, uint64_t frames)
{
    struct tally total = total_of(s);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "agreement", share(total.equal, total.gates));
    cJSON_AddNumberToObject(document, "frames", (double)frames);
    cJSON_AddNumberToObject(document, "decisions", (double)total.gates);
    cJSON_AddNumberToObject(document, "unequal", (double)(total.gates - total.equal));
    cJSON_AddNumberToObject(document, "score_threshold", s->options.score_threshold);
    if (s->distance_count) {
        cJSON_AddNumberToObject(document, "unequal_distance_median", s->distances[s->distance_count / 2]);
        cJSON_AddNumberToObject(document, "unequal_distance_max", s->distances[s->distance_count - 1]);
    }
    cJSON *scales = cJSON_AddArrayToObject(document, "scales");
    for (uint32_t k = 0; k < s->options.scales; k++)
        cJSON_AddItemToArray(scales, tally_json("group", s->groups[k]->name, 0, &s->own[k]));
    cJSON *thresholds = cJSON_AddArrayToObject(document, "thresholds");
    for (int e = 0; e < EXTRA_THRESHOLDS; e++)
        cJSON_AddItemToArray(thresholds, tally_json("score_threshold", NULL, extra_thresholds[e], &s->extra[e]));
    return cli_print_json(document);
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_netlist *netlist = NULL;
    struct cf_head head = {0};
    struct cf_frames *frames = NULL;
    struct session s = {0};
    bool done = cf_netlist_load(&netlist, args->operands[0], &err) &&
                cf_head_load(&head, args->operands[1], cli_value(args, "--weight"), cli_value(args, "--bias"), &err) &&
                cf_frames_open(&frames, args->operands + 2, args->operand_count - 2, &err) &&
                cf_frames_fit(frames, netlist, &err);
    s.netlist = netlist;
    s.head = &head;
    done = done && bind(&s, &err) && make_limits(&s, &err) && compare_all(&s, frames, &err);
    int status = CLI_OK;
    if (!done) {
        status = cli_fail(&err);
    } else {
        if (s.distance_count)
            qsort(s.distances, s.distance_count, sizeof *s.distances, compare_double);
        if (cli_given(args, "--json"))
            status = print_json(&s, cf_frames_count(frames));
        else
            print_report(&s, cf_frames_count(frames));
    }
    for (int e = 0; e < EXTRA_THRESHOLDS; e++)
        free(s.limits[e]);
    free(s.distances);
    cf_frames_close(frames);
    cf_head_free(&head);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_agreement = {
    .name = "agreement",
    .synopsis = "NET HEAD FRAMES...",
    .summary = "How often the INT8 netlist decides as the floating-point head does.",
    .details = "The head's own weights on the features as stored, in double, against the netlist's gates: the share of "
               "equal decisions by scale, how far from the threshold the unequal ones lie, and the share among the "
               "gates that fire in either at score thresholds 0.5, 0.3 and 0.1.",
    .min_operands = 3,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){{"--json", NULL, NULL, "print the figures as JSON; `agreement` is the share"},
                                    {"--weight", "NAME", NULL, "the weight tensor, where HEAD has several"},
                                    {"--bias", "NAME", NULL, "the bias tensor, likewise"},
                                    {0}},
    .run = run,
};
