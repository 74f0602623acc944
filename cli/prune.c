/* prune.c - cofiber prune: finds the weights of a head that its detections do not need. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/heads.h"
#include "cli/interrupt.h"
#include "cli/prune_report.h"
#include "cli/resume.h"

enum method { MAGNITUDE, BISECT, BOTH };

struct session {
    const struct cli_args *args;
    struct cf_head_options head;
    struct cf_judge_options judging;
    enum method method;
    double effort;
    struct cf_prune_weights weights;
    struct cf_judge judge;
    struct cf_prune_log log;
    struct cf_prune prune;
    struct cli_progress progress;
    char label[160], *log_path;
};

static bool asks_to_stop(void *context)
{
    (void)context;
    return cli_interrupted();
}

/* Shows what is being tried. */
static void tell(void *context, const char *text)
{
    struct session *s = context;
    const struct cf_prune *p = &s->prune;
    if (p->point_count)
        snprintf(s->label, sizeof s->label, "pruning: %s, %" PRIu64 " judged", text, p->judged);
    else
        snprintf(s->label, sizeof s->label, "pruning: %s", text);
    cli_progress_update(&s->progress, 0);
}

/* ---- options --------------------------------------------------------------------------------------------------- */

static bool share(const struct cli_args *args, const char *name, double *value)
{
    return cli_number(args, name, value) &&
           ((*value >= 0 && *value <= 1) || cli_complain("prune: %s must lie between 0 and 1", name) == CLI_OK);
}

static bool read_circuit(struct session *s)
{
    const struct cli_args *args = s->args;
    struct cf_compile_options *o = &s->judging.compile;
    long long scales, input_bits, weight_bits, layer_bits = 0;
    int upsample, top;
    *o = cf_compile_defaults();
    if (!cli_choice(args, "--upsample", &upsample) || !cli_choice(args, "--top", &top) ||
        !cli_integer(args, "--scales", 1, 10, &scales) || !cli_integer(args, "--input-bits", 2, 16, &input_bits) ||
        !cli_integer(args, "--weight-bits", 2, 16, &weight_bits) || !cli_head_options(args, &s->head) ||
        (cli_given(args, "--layer-bits") && !cli_integer(args, "--layer-bits", 2, 16, &layer_bits)))
        return false;
    o->upsample = (enum cf_upsample)upsample;
    o->top = (enum cf_top)top;
    o->scales = (uint32_t)scales;
    o->input_bits = (int)input_bits;
    o->layer_bits = (int)layer_bits;
    s->head.weight_bits = (int)weight_bits;
    o->input_scale = 0;
    if (!cli_given(args, "--input-scale"))
        return true;
    return cli_number(args, "--input-scale", &o->input_scale) &&
           (o->input_scale > 0 || cli_complain("prune: --input-scale must be positive") == CLI_OK);
}

static bool read_detection(struct session *s)
{
    const struct cli_args *args = s->args;
    struct cf_judge_options *o = &s->judging;
    int fit, score;
    o->detect = cf_detect_defaults();
    if (!cli_number(args, "--score-thresh", &o->detect.score_threshold) || !share(args, "--nms", &o->detect.overlap) ||
        !cli_number(args, "--stride", &o->stride) || !cli_choice(args, "--fit", &fit) ||
        !cli_choice(args, "--score", &score))
        return false;
    o->fit = (enum cf_fit)fit;
    o->detect.root = score == 1;
    if (!(o->detect.score_threshold > 0 && o->detect.score_threshold < 1))
        return cli_complain("prune: --score-thresh must lie between 0 and 1, both excluded") == CLI_OK;
    return (o->stride > 0 && o->stride <= 4096) ||
           cli_complain("prune: --stride must be positive, and 4096 at most") == CLI_OK;
}

static bool read_search(struct session *s)
{
    const struct cli_args *args = s->args;
    struct cf_prune_options *o = &s->prune.options;
    long long step, passes, rounds, proxy, seed, effort = -1;
    int method;
    if (!cli_choice(args, "--method", &method) || !cli_integer(args, "--step", 1, INT32_MAX, &step) ||
        !cli_integer(args, "--passes", 1, 1000000, &passes) || !cli_integer(args, "--rounds", 1, 1000, &rounds) ||
        !share(args, "--floor", &o->floor) || !share(args, "--tolerance", &o->tolerance) ||
        !cli_integer(args, "--proxy", 1, INT64_MAX, &proxy) || !cli_integer(args, "--seed", 0, INT64_MAX, &seed) ||
        (!cli_given(args, "--no-adders") && !cli_integer(args, "--effort", 0, 10000, &effort)))
        return false;
    s->method = (enum method)method;
    o->step = (uint64_t)step;
    o->passes = (uint32_t)passes;
    o->rounds = (uint32_t)rounds;
    s->judging.proxy = (uint64_t)proxy;
    s->judging.seed = (uint64_t)seed;
    s->effort = (double)effort;
    return true;
}

static bool read_options(struct session *s)
{
    static const char *const outputs[] = {"-o", "--front", "--plot"};
    if (!cli_given(s->args, "-o"))
        return cli_complain("prune: -o HEAD2 is missing") == CLI_OK;
    if (!cli_given(s->args, "--annotations"))
        return cli_complain("prune: --annotations COCO.json is missing") == CLI_OK;
    return read_circuit(s) && read_detection(s) && read_search(s) &&
           cli_outputs_differ(s->args, outputs, sizeof outputs / sizeof *outputs);
}

/* ---- the run --------------------------------------------------------------------------------------------------- */

/* The digest of all that a verdict depends on. */
static bool identify(struct session *s, char identity[CF_SHA256_HEX], struct cf_error *err)
{
    const struct cf_compile_options *c = &s->judge.options.compile;
    const struct cf_judge_options *j = &s->judge.options;
    struct cli_resume files = {0};
    struct cf_text text = {0};
    if (!cli_resume_identify(&files, cli_value(s->args, "--annotations"), s->args->operands + 1,
                             s->args->operand_count - 1, cli_value(s->args, "--frames"), err))
        return false;
    cf_text_printf(&text, "head %s annotations %s frames %s\n", s->weights.head.sha256, files.netlist, files.frames);
    cf_text_printf(&text, "circuit %d %d %u %d %d %d %a %a\n", (int)c->upsample, (int)c->top, c->scales, c->input_bits,
                   s->weights.head.weight_bits, c->layer_bits, c->input_scale, s->weights.head.norm_eps);
    cf_text_printf(&text, "detect %a %a %d %a %d\n", j->detect.score_threshold, j->detect.overlap, j->detect.root,
                   j->stride, (int)j->fit);
    cf_text_printf(&text, "proxy %" PRIu64 " %" PRIu64 "\n", j->proxy, j->seed);
    if (!text.failed)
        cf_sha256(text.data, text.length, identity);
    bool done = !text.failed || cf_fail(err, "%s: out of memory", s->args->operands[0]);
    cf_text_free(&text);
    return done;
}

/* The log is beside the output, where that is a file of its own. */
static bool open_log(struct session *s, struct cf_error *err)
{
    const char *out = cli_value(s->args, "-o");
    char identity[CF_SHA256_HEX];
    if (!cf_out_is_file(out))
        return cf_prune_log_open(&s->log, NULL, "0000000000000000000000000000000000000000000000000000000000000000",
                                 false, err);
    size_t size = strlen(out) + sizeof ".resume";
    s->log_path = malloc(size);
    if (!s->log_path)
        return cf_fail(err, "%s: out of memory", out);
    snprintf(s->log_path, size, "%s.resume", out);
    return identify(s, identity, err) &&
           cf_prune_log_open(&s->log, s->log_path, identity, cli_given(s->args, "--resume"), err);
}

static bool open_inputs(struct session *s, struct cf_error *err)
{
    const struct cli_args *args = s->args;
    if (!cf_prune_weights_read(&s->weights, args->operands[0], &s->head, err))
        return false;
    struct cf_frames *frames;
    int64_t *ids;
    return cli_frames_open_images(&frames, &ids, args, 1, NULL, err) &&
           cf_judge_open(&s->judge, &s->weights.head, frames, ids, cli_value(args, "--annotations"), &s->judging,
                         err) &&
           open_log(s, err);
}

static bool search(struct session *s, struct cf_error *err)
{
    struct cf_prune *p = &s->prune;
    p->weights = &s->weights;
    p->judge = &s->judge;
    p->log = &s->log;
    p->tell = tell;
    p->context = s;
    s->judge.stop = asks_to_stop;
    bool done = cf_prune_begin(p, err);
    if (done && !p->interrupted && s->method != BISECT)
        done = cf_prune_magnitude(p, err);
    if (done && !p->interrupted && s->method != MAGNITUDE)
        done = cf_prune_bisect(p, err);
    for (size_t i = 0; done && i < p->point_count; i++) {
        tell(s, "costs");
        bool counted = !cli_interrupted();
        done = cf_prune_cost_of(p, &p->points[i], counted ? s->effort : -1, err);
        p->interrupted = p->interrupted || cli_interrupted();
    }
    return done;
}

static int report(struct session *s)
{
    struct cf_error err;
    struct cf_prune *p = &s->prune;
    if (p->point_count == 0)
        return cli_complain("interrupted before the head itself was judged; nothing is written");
    const struct cf_prune_point *kept = cf_prune_choose(p);
    const char *plot = cli_value(s->args, "--plot");
    bool done = cf_prune_weights_write(&s->weights, kept->mask, cli_value(s->args, "-o"), &err) &&
                cli_prune_write(s->args, p, kept, &err) && (!plot || cf_prune_plot(p, plot, &err));
    return done ? cli_prune_report(s->args, p, kept) : cli_fail(&err);
}

static int run(const struct cli_args *args)
{
    struct session s = {.args = args};
    struct cf_error err;
    if (!read_options(&s))
        return CLI_BAD;
    cli_catch_interrupts();
    snprintf(s.label, sizeof s.label, "pruning");
    cli_progress_start(&s.progress, s.label, "", 0);
    bool done = open_inputs(&s, &err) && search(&s, &err);
    cli_progress_finish(&s.progress);
    int status = done ? report(&s) : cli_fail(&err);
    cf_prune_log_close(&s.log, status == CLI_OK && !s.prune.interrupted);
    cf_prune_free(&s.prune);
    cf_judge_free(&s.judge);
    cf_prune_weights_free(&s.weights);
    free(s.log_path);
    return status;
}

const struct cli_command cli_prune = {
    .name = "prune",
    .synopsis = "HEAD FEATURES... --annotations COCO.json -o HEAD2 [options]",
    .summary = "Set weights of a head to zero, as many as its detections do not need.",
    .details =
        "Each candidate is judged by its integer circuit: the head is compiled in memory, simulated on FEATURES, and "
        "its "
        "detections are scored against the annotations as `eval` scores them. FEATURES should be frames that HEAD was "
        "not trained on. Every frame shows the image that the metadata `image_ids` of its file name.\n"
        "Magnitude pruning sets the smallest weights of all layers to zero in passes of --step weights. A pass must "
        "leave "
        "the share --floor of the true positives of HEAD; one that does not is undone and tried with half as many "
        "weights. A round is --passes passes, and gives the points R1, R2, R3.\n"
        "Bisection looks, for each tensor alone and for all jointly, for the most of its smallest numbers whose zeros "
        "cost at most --tolerance of mAP. It asks a proxy of --proxy images first and all images last; if these do not "
        "allow a number of zeros, half of them are taken back. The findings for single tensors are then stacked, the "
        "largest first.\n"
        "HEAD2 gets, of all points within --tolerance of HEAD's mAP, the one with the fewest nonzero parameters. The "
        "same inputs and options give the same bytes. Ctrl-C ends the search and keeps the best point so far. Verdicts "
        "are kept in HEAD2.resume until the search is done, and --resume goes on with them.",
    .min_operands = 2,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"-o", "HEAD2", NULL, "Write the pruned head to this safetensors file (required)."},
            {"--annotations", "COCO.json", NULL,
             "Judge detections by these annotations of the frames' images, in COCO's form (required)."},
            {"--method", "magnitude|bisect|both", "both", "Search in rounds by magnitude, by bisection, or both ways."},
            {"--step", "N", "5000", "Let a pass of magnitude pruning set at most N weights to zero."},
            {"--passes", "N", "3", "Let a round be N passes."},
            {"--rounds", "N", "3", "Prune by magnitude in N rounds."},
            {"--floor", "SHARE", "0.95", "Let rounds keep this share of HEAD's true positives, at an IoU of 0.5."},
            {"--tolerance", "T", "0.001", "Let a point of HEAD2, and a bisection, lose T of HEAD's mAP (0 to 1)."},
            {"--proxy", "N", "1000", "Ask N images first, chosen by --seed, in bisections."},
            {"--seed", "N", "1", "Begin the random choices with this number."},
            {"--front", "FILE", NULL, "Write all points as JSON, each with its mAP and the cost of its circuit."},
            {"--plot", "FILE", NULL, "Draw the points and their Pareto front as a PNG file."},
            {"--heads", "FOLDER", NULL, "Write the head of each point into this folder, which must exist."},
            {"--effort", "N", "1", "Count adders after a search with this effort, as `optimize` does."},
            {"--no-adders", NULL, NULL, "Do not count adders, which takes seconds for each point."},
            {"--resume", NULL, NULL, "Go on where a run that was interrupted stopped."},
            {"--input-scale", "S", NULL,
             "Quantise features with this scale; otherwise it is chosen from the first 64 frames."},
            {"--scales", "N", "3", "Number of scale bands."},
            {"--upsample", "nearest|bilinear", "nearest", "How a pool is upsampled before it is subtracted."},
            {"--top", "residual|cofiber", "residual", "The nets that the classifiers of the last scale read."},
            {"--input-bits", "B", "8", "Width of the quantised input, from 2 to 16 bits."},
            {"--weight-bits", "B", "8", "Width of the classifiers' integer weights, from 2 to 16 bits."},
            {"--layer-bits", "B", NULL, "Width of the integer weights of the other layers, as for `compile`."},
            {"--score-thresh", "P", "0.05", "Take detections with a score of at least P into account."},
            {"--nms", "IOU", "0.6", "Drop a detection that overlaps a better one of its class by more than this."},
            {"--score", "product|sqrt", "product",
             "How class and centerness make a score: their product, or its square root."},
            {"--stride", "N", "16", "Pixels of the frame from cell to cell."},
            {"--fit", "longer|square", "longer",
             "How images were made frames. longer: the longer side was resized to the frame's. square: both were."},
            CLI_FRAMES_OPTION,
            {"--json", NULL, NULL, "Print the points as JSON, with `kept` and the seconds that 1,000 images take."},
            CLI_HEAD_OPTIONS,
            {0}},
    .run = run,
};
