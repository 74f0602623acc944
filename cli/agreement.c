/* agreement.c - cofiber agreement: compares each decision of a netlist with that of the head as trained. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/heads.h"
#include "cli/saturation.h"
#include "cli/shard.h"
#include "compiler/floatmodel.h"
#include "compiler/geometry.h"
#include "compiler/rebias.h"
#include "compiler/record.h"
#include "compiler/weights.h"
#include "detect/sums.h"
#include "netlists/store.h"
#include "report/box_tally.h"
#include "report/tally.h"
#include "sim/frames/saturation.h"
#include "sim/library.h"

enum { MAX_SCALES = 10, EXTRA_THRESHOLDS = 3 };
static const double extra_thresholds[EXTRA_THRESHOLDS] = {0.5, 0.3, 0.1};

/* A frame that was given to the simulator and has not been compared yet. */
struct pending {
    uint64_t frame;
    double *features;
    struct cf_float_result head; /* what the head says of it */
    struct pending *next;
};

struct session {
    const struct cf_netlist *netlist;
    const struct cf_head *head;
    const struct cf_frames *frames;
    struct cf_compile_options options;
    uint32_t groups[MAX_SCALES];             /* the classify group of each scale */
    struct cf_tally own[MAX_SCALES];         /* at the netlist's own threshold */
    struct cf_tally extra[EXTRA_THRESHOLDS]; /* all scales together */
    struct cf_netlist *extended;             /* the netlist, with its classifiers repeated at each extra threshold */
    uint32_t extra_groups[EXTRA_THRESHOLDS][MAX_SCALES];
    bool full;               /* not a bare classifier: the sums are compared, with boxes and scores */
    struct cf_sums sums;     /* where `full` */
    struct cf_logits logits; /* of the frame at hand */
    struct cf_box_tally boxes;
    bool recorded;     /* the head is the file from which the netlist says it was compiled */
    double *distances; /* |logit - threshold| of the unequal decisions */
    size_t distance_count, distance_capacity;
    struct pending *pending;
    pthread_mutex_t lock; /* of pending */
    struct cf_saturation limits;
    atomic_uint_fast64_t saturated; /* features that are clamped */
    uint64_t finished;
    struct cli_progress progress;
};

static bool bind(struct session *s, struct cf_error *err)
{
    const struct cf_netlist *n = s->netlist;
    const char *sha256 = cf_netlist_meta(n, "head.sha256");
    if (!cf_compile_recorded(n, &s->options, err))
        return false;
    s->recorded = sha256 && strcmp(sha256, s->head->sha256) == 0;
    if (s->head->channels != n->groups[CF_INPUT].shape[2])
        return cf_fail(err, "%s: has %u channels, but %s takes %u", s->head->label, s->head->channels, n->label,
                       n->groups[CF_INPUT].shape[2]);
    for (uint32_t k = 0; k < s->options.scales; k++) {
        char name[32];
        snprintf(name, sizeof name, "s%u.classify", k);
        uint32_t g = cf_netlist_find_group(n, name);
        uint64_t count =
            (uint64_t)cf_band_size(s->options.height, k) * cf_band_size(s->options.width, k) * s->head->classes;
        if (g == UINT32_MAX || n->groups[g].count != count)
            return cf_fail(err, "%s: has no group '%s' of %" PRIu64 " gates, which %s calls for", n->label, name, count,
                           s->head->label);
        s->groups[k] = g;
    }
    return true;
}

/* The integer thresholds that the head's biases give in the classifiers of scale k at a score threshold; [classes], to
 * be freed. NULL on failure. */
static int64_t *thresholds_at(const struct session *s, uint32_t k, double score, struct cf_error *err)
{
    const struct cf_netlist *n = s->netlist;
    const struct cf_group *group = &n->groups[s->groups[k]];
    const struct cf_head_layer *layer = cf_head_layer_of(s->head, CF_ROLE_CLS, k);
    int64_t *limits = malloc(s->head->classes * sizeof *limits);
    if (!limits) {
        cf_fail(err, "%s: out of memory", n->label);
        return NULL;
    }
    for (uint32_t c = 0; c < s->head->classes; c++) {
        double scale = n->class_scale && c < n->class_count ? n->class_scale[c] : layer->scale[c];
        double bias = layer->bias[c] - cf_logit(score);
        if (!cf_threshold(bias, n->cells[group->cell[c]].ports[0].frac, n->input_scale, scale, &limits[c]))
            limits[c] = bias < 0 ? INT64_MIN : INT64_MAX; /* larger than every sum */
    }
    return limits;
}

/* The netlist's own classifiers of one scale, with the thresholds moved from its score threshold to an extra one. A
 * gate that deviates from what the head gives keeps its deviation, so that every row is about the netlist given. */
static bool add_threshold(struct session *s, int e, uint32_t k, struct cf_error *err)
{
    const struct cf_group *group = &s->netlist->groups[s->groups[k]];
    int64_t *from = thresholds_at(s, k, s->options.score_threshold, err);
    int64_t *to = from ? thresholds_at(s, k, extra_thresholds[e], err) : NULL;
    char name[64];
    snprintf(name, sizeof name, "%s.%d", group->name, e);
    s->extra_groups[e][k] = s->extended->group_count;
    bool done = to && cf_rebias(s->extended, s->groups[k], name, from, to, err);
    free(from);
    free(to);
    return done;
}

/* Makes one netlist that decides at all thresholds, so that the sums of the classifiers are computed once. Its outputs
 * are the groups that are compared. */
static bool extend(struct session *s, struct cf_error *err)
{
    s->extended = cf_netlist_copy(s->netlist, err);
    for (uint32_t g = 0; s->extended && g < s->extended->group_count; g++)
        s->extended->groups[g].output = false;
    bool done = s->extended != NULL;
    for (uint32_t k = 0; done && k < s->options.scales; k++)
        s->extended->groups[s->groups[k]].output = true;
    for (int e = 0; e < EXTRA_THRESHOLDS; e++)
        for (uint32_t k = 0; done && k < s->options.scales; k++)
            done = add_threshold(s, e, k, err);
    return done;
}

static bool add_distance(struct session *s, double distance, struct cf_error *err)
{
    if (!cf_array_reserve(&s->distances, &s->distance_capacity, s->distance_count + 1, sizeof *s->distances))
        return cf_fail(err, "%s: out of memory", s->netlist->label);
    s->distances[s->distance_count++] = distance;
    return true;
}

/* Values of a group as the simulator stores them. */
struct decisions {
    const void *values;
    cofiber_lane lane;
};

static struct decisions decisions_of(const cofiber_result *result, uint32_t group)
{
    struct decisions d = {NULL, COFIBER_INT8};
    d.values = cofiber_values(result, group, &d.lane);
    return d;
}

static bool fires(struct decisions d, uint32_t gate)
{
    return cf_storage_get(d.values, (enum cf_storage)d.lane, gate) != 0;
}

static bool compare_frame(struct session *s, const cofiber_result *result, const double *logits, struct cf_error *err)
{
    double own_limit = cf_logit(s->options.score_threshold), limits[EXTRA_THRESHOLDS];
    for (int e = 0; e < EXTRA_THRESHOLDS; e++)
        limits[e] = cf_logit(extra_thresholds[e]);
    for (uint32_t k = 0; k < s->options.scales; k++) {
        struct decisions own = decisions_of(result, s->groups[k]), extra[EXTRA_THRESHOLDS];
        for (int e = 0; e < EXTRA_THRESHOLDS; e++)
            extra[e] = decisions_of(result, s->extra_groups[e][k]);
        for (uint32_t i = 0; i < s->netlist->groups[s->groups[k]].count; i++, logits++) {
            bool head = *logits - own_limit >= 0, netlist = fires(own, i);
            cf_tally_gate(&s->own[k], head, netlist);
            if (head != netlist && !add_distance(s, fabs(*logits - own_limit), err))
                return false;
            for (int e = 0; e < EXTRA_THRESHOLDS; e++)
                cf_tally_gate(&s->extra[e], *logits - limits[e] >= 0, fires(extra[e], i));
        }
    }
    return true;
}

/* The head's values of one scale, in the form of the circuit's. */
static struct cf_cells cells_of_head(const struct session *s, const struct cf_float_result *head, uint32_t k,
                                     size_t first)
{
    struct cf_cells cells = s->sums.scales[k];
    cells.logits = head->logits + first * s->head->classes;
    cells.sides = head->sides ? head->sides + 4 * first : NULL;
    cells.centerness = head->centerness ? head->centerness + first : NULL;
    cells.factor = 1; /* it is in the sides */
    return cells;
}

/* The same where the circuit's values are sums, and not steps of them. */
static bool compare_sums(struct session *s, const cofiber_result *result, const struct cf_float_result *head,
                         struct cf_error *err)
{
    struct cf_cells found[CF_SUMS_SCALES];
    double limit = s->sums.offset;
    size_t first = 0;
    cf_sums_read(&s->sums, result, &s->logits, found);
    for (uint32_t k = 0; k < s->options.scales; k++) {
        const struct cf_cells wanted = cells_of_head(s, head, k, first);
        size_t positions = (size_t)wanted.height * wanted.width;
        for (size_t i = 0; i < positions * wanted.classes; i++) {
            bool of_head = wanted.logits[i] - limit >= 0, of_netlist = found[k].logits[i] - limit >= 0;
            cf_tally_gate(&s->own[k], of_head, of_netlist);
            if (of_head != of_netlist && !add_distance(s, fabs(wanted.logits[i] - limit), err))
                return false;
            for (int e = 0; e < EXTRA_THRESHOLDS; e++)
                cf_tally_gate(&s->extra[e], wanted.logits[i] - cf_logit(extra_thresholds[e]) >= 0,
                              found[k].logits[i] - cf_logit(extra_thresholds[e]) >= 0);
        }
        cf_box_tally_add(&s->boxes, &found[k], &wanted, limit);
        first += positions;
    }
    return true;
}

static bool prepare(struct session *s, struct cf_error *err)
{
    s->full = !cf_head_is_bare(s->head);
    if (!s->full)
        return extend(s, err);
    enum { STRIDE = 16 };
    return cf_sums_new(&s->sums, s->netlist, STRIDE, err) && cf_logits_new(&s->logits, &s->sums, err);
}

/* ---- the batch ------------------------------------------------------------------------------------------------- */

static bool pass_on(const struct cf_error *err, cofiber_error *error)
{
    memcpy(error->text, err->text, sizeof error->text);
    return false;
}

static void free_pending(struct pending *p)
{
    free(p->features);
    cf_float_free(&p->head);
    free(p);
}

/* Computes the head's own decisions as well, because the simulator calls this for several frames at the same time. */
static bool give_frame(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    struct session *s = context;
    struct cf_error err;
    struct cf_frame_shape shape = cf_frames_shape(s->frames);
    struct pending *p = calloc(1, sizeof *p);
    if (!p) {
        cf_fail(&err, "%s: out of memory", s->netlist->label);
        return pass_on(&err, error);
    }
    p->frame = frame;
    p->features = malloc((size_t)shape.channels * shape.height * shape.width * sizeof *p->features);
    bool done = p->features || cf_fail(&err, "%s: out of memory", s->netlist->label);
    done = done && cf_frames_features(s->frames, frame, p->features, &err);
    if (done)
        s->saturated +=
            cf_saturated_doubles(s->limits, p->features, (size_t)shape.channels * shape.height * shape.width);
    if (done)
        done = cf_float_run(s->head, &s->options, p->features, &p->head) ||
               cf_fail(&err, "%s: out of memory", s->netlist->label);
    if (!done) {
        free_pending(p);
        return pass_on(&err, error);
    }
    pthread_mutex_lock(&s->lock);
    p->next = s->pending;
    s->pending = p;
    pthread_mutex_unlock(&s->lock);
    *features = (cofiber_features){p->features, COFIBER_F64};
    return true;
}

static struct pending *take_pending(struct session *s, uint64_t frame)
{
    pthread_mutex_lock(&s->lock);
    struct pending **at = &s->pending;
    while ((*at)->frame != frame)
        at = &(*at)->next;
    struct pending *found = *at;
    *at = found->next;
    pthread_mutex_unlock(&s->lock);
    return found;
}

static bool take_result(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    struct session *s = context;
    struct cf_error err;
    struct pending *p = take_pending(s, frame);
    bool done = s->full ? compare_sums(s, result, &p->head, &err) : compare_frame(s, result, p->head.logits, &err);
    free_pending(p);
    cli_progress_update(&s->progress, ++s->finished);
    return done || pass_on(&err, error);
}

static bool compare_all(struct session *s, struct cf_error *err)
{
    cofiber_options options = {.mode = COFIBER_DECISIONS};
    cofiber_batch batch = {
        .count = cf_frames_count(s->frames), .source = give_frame, .sink = take_result, .context = s};
    cofiber_error error;
    cofiber_sim *sim;
    cli_progress_start(&s->progress, "comparing", "frames", batch.count);
    bool done = cofiber_sim_new(&sim, cofiber_wrap(s->full ? s->sums.netlist : s->extended), &options, &error) &&
                cofiber_sim_run_batch(sim, &batch, NULL, &error);
    cli_progress_finish(&s->progress);
    cofiber_sim_free(sim);
    return done || cf_fail(err, "%s", error.text);
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static int compare_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct cf_tally total_of(const struct session *s)
{
    struct cf_tally total = {0};
    for (uint32_t k = 0; k < s->options.scales; k++)
        cf_tally_add(&total, &s->own[k]);
    return total;
}

static void print_tally(const char *label, const struct cf_tally *t)
{
    char text[2][32];
    printf("%-16s %12s %10s %12.6f%% %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " / %-6" PRIu64, label,
           cli_thousands(t->gates, text[0]), cli_thousands(t->gates - t->equal, text[1]),
           100 * cf_share(t->equal, t->gates), t->head_fires, t->netlist_fires, t->both_fire, cf_tally_either(t));
    if (cf_tally_either(t))
        printf(" %7.2f%%\n", 100 * cf_share(t->both_fire, cf_tally_either(t)));
    else
        printf("       -\n");
}

static void print_report(const struct session *s, uint64_t frames)
{
    struct cf_tally total = total_of(s);
    printf("%-16s %12s %10s %13s %10s %10s %17s %8s\n", "", "decisions", "unequal", "equal", "head fires", "net fires",
           "both / either", "share");
    for (uint32_t k = 0; k < s->options.scales; k++)
        print_tally(s->netlist->groups[s->groups[k]].name, &s->own[k]);
    print_tally("all", &total);
    printf("%" PRIu64 " frame%s; the netlist's own score threshold is %g\n", frames, frames == 1 ? "" : "s",
           s->options.score_threshold);
    if (!s->recorded)
        printf("The head is not the file from which this netlist says it was compiled (its SHA-256 differs).\n");
    if (s->distance_count)
        printf("unequal decisions lie %.4g from the threshold in the median, %.4g at most (logits of the head)\n",
               s->distances[s->distance_count / 2], s->distances[s->distance_count - 1]);
    if (s->boxes.boxes)
        printf("%" PRIu64 " boxes that fire in both: sides %.4g pixels apart in the mean, %.4g at most (stride 16)\n",
               s->boxes.boxes, s->boxes.side_sum / (4 * (double)s->boxes.boxes), s->boxes.side_largest);
    if (s->boxes.scores)
        printf("%" PRIu64 " scores that fire in both: %.4g apart in the mean, %.4g at most\n", s->boxes.scores,
               s->boxes.score_sum / (double)s->boxes.scores, s->boxes.score_largest);
    printf("\nFew gates fire, so a circuit that never fires would agree too. The last columns are about the gates that "
           "fire\n"
           "in the head or the netlist. At other score thresholds, to which those of this netlist are moved:\n");
    for (int e = 0; e < EXTRA_THRESHOLDS; e++) {
        char label[32];
        snprintf(label, sizeof label, "score >= %g", extra_thresholds[e]);
        print_tally(label, &s->extra[e]);
    }
}

static cJSON *tally_json(const char *key, const char *name, double threshold, const struct cf_tally *t)
{
    cJSON *entry = cJSON_CreateObject();
    if (name)
        cJSON_AddStringToObject(entry, key, name);
    else
        cJSON_AddNumberToObject(entry, key, threshold);
    cJSON_AddNumberToObject(entry, "decisions", (double)t->gates);
    cJSON_AddNumberToObject(entry, "unequal", (double)(t->gates - t->equal));
    cJSON_AddNumberToObject(entry, "agreement", cf_share(t->equal, t->gates));
    cJSON_AddNumberToObject(entry, "head_fires", (double)t->head_fires);
    cJSON_AddNumberToObject(entry, "netlist_fires", (double)t->netlist_fires);
    cJSON_AddNumberToObject(entry, "both_fire", (double)t->both_fire);
    cJSON_AddNumberToObject(entry, "either_fires", (double)cf_tally_either(t));
    if (cf_tally_either(t))
        cJSON_AddNumberToObject(entry, "agreement_among_firing", cf_share(t->both_fire, cf_tally_either(t)));
    return entry;
}

static void add_differences(cJSON *document, const char *key, uint64_t compared, double mean, double largest)
{
    cJSON *entry = cJSON_AddObjectToObject(document, key);
    cJSON_AddNumberToObject(entry, "compared", (double)compared);
    if (!compared)
        return;
    cJSON_AddNumberToObject(entry, "mean_difference", mean);
    cJSON_AddNumberToObject(entry, "largest_difference", largest);
}

static void add_boxes(cJSON *document, const struct cf_box_tally *t)
{
    add_differences(document, "boxes", t->boxes, t->side_sum / (4 * (double)t->boxes), t->side_largest);
    add_differences(document, "scores", t->scores, t->score_sum / (double)t->scores, t->score_largest);
}

static int print_json(const struct session *s, uint64_t frames)
{
    struct cf_tally total = total_of(s);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "agreement", cf_share(total.equal, total.gates));
    cJSON_AddNumberToObject(document, "frames", (double)frames);
    cJSON_AddNumberToObject(document, "decisions", (double)total.gates);
    cJSON_AddNumberToObject(document, "unequal", (double)(total.gates - total.equal));
    cJSON_AddNumberToObject(document, "score_threshold", s->options.score_threshold);
    cJSON_AddBoolToObject(document, "head_is_recorded", s->recorded);
    cJSON_AddNumberToObject(document, "saturated", (double)s->saturated);
    if (s->distance_count) {
        cJSON_AddNumberToObject(document, "unequal_distance_median", s->distances[s->distance_count / 2]);
        cJSON_AddNumberToObject(document, "unequal_distance_max", s->distances[s->distance_count - 1]);
    }
    if (s->full)
        add_boxes(document, &s->boxes);
    cJSON *scales = cJSON_AddArrayToObject(document, "scales");
    for (uint32_t k = 0; k < s->options.scales; k++)
        cJSON_AddItemToArray(scales, tally_json("group", s->netlist->groups[s->groups[k]].name, 0, &s->own[k]));
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
    struct cf_head_options head_options;
    if (!cli_head_options(args, &head_options))
        return CLI_BAD;
    bool done = cf_netlist_load(&netlist, args->operands[0], &err) &&
                cf_head_load(&head, args->operands[1], &head_options, &err) &&
                cli_frames_open_shard(&frames, args, 2, netlist, &err);
    s.netlist = netlist;
    s.head = &head;
    s.frames = frames;
    if (done)
        s.limits = cf_saturation_of(netlist->groups[CF_INPUT].type, netlist->input_scale);
    pthread_mutex_init(&s.lock, NULL);
    done = done && bind(&s, &err) && prepare(&s, &err) && compare_all(&s, &err);
    int status = CLI_OK;
    if (!done) {
        status = cli_fail(&err);
    } else {
        if (s.distance_count)
            qsort(s.distances, s.distance_count, sizeof *s.distances, compare_double);
        cli_warn_of_saturation(s.saturated, cf_frames_count(frames) * netlist->groups[CF_INPUT].count,
                               netlist->groups[CF_INPUT].type.width, netlist->input_scale);
        if (cli_given(args, "--json"))
            status = print_json(&s, cf_frames_count(frames));
        else
            print_report(&s, cf_frames_count(frames));
    }
    for (struct pending *p = s.pending, *next; p; p = next) { /* frames that a failure left uncompared */
        next = p->next;
        free_pending(p);
    }
    pthread_mutex_destroy(&s.lock);
    free(s.distances);
    cf_logits_free(&s.logits);
    cf_sums_free(&s.sums);
    cf_netlist_free(s.extended);
    cf_frames_close(frames);
    cf_head_free(&head);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_agreement = {
    .name = "agreement",
    .synopsis = "NET HEAD FRAMES...",
    .summary = "Count how often the INT8 netlist decides as the floating-point head does.",
    .details =
        "HEAD's own weights are applied to the features as stored, in double precision, and its decisions are compared "
        "with those of the netlist's gates. The command prints the share of equal decisions by scale, the share among "
        "the gates that fire in the head or the netlist, and how far from the threshold the unequal decisions lie.\n"
        "The rows for the score thresholds 0.5, 0.3 and 0.1 are about the same gates. Their thresholds are moved by as "
        "much as the biases of HEAD give between two scores; a gate whose threshold deviates from the one that HEAD "
        "gives keeps its deviation. For heads with a LayerNorm, boxes or a centerness, the sides of boxes (in pixels, "
        "at a stride of 16) and the scores of gates that fire in both are compared as well. The command prints a "
        "remark if HEAD is not the file from which NET says it was compiled.",
    .min_operands = 3,
    .max_operands = -1,
    .options = (const struct cli_option[]){CLI_FRAMES_OPTION,
                                           CLI_SHARD_OPTION("frames"),
                                           {"--json", NULL, NULL,
                                            "Print the figures as JSON; `agreement` is the share of equal decisions."},
                                           CLI_HEAD_OPTIONS,
                                           {0}},
    .run = run,
};
