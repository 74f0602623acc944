/* compile.c - cofiber compile: turns a trained head into a netlist. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/heads.h"
#include "cli/saturation.h"
#include "compiler/compile.h"
#include "compiler/weights.h"
#include "netlists/cell.h"
#include "netlists/store.h"
#include "sim/frames/saturation.h"

static bool read_options(const struct cli_args *args, struct cf_compile_options *options, struct cf_head_options *head)
{
    *options = cf_compile_defaults();
    int upsample, pools, top, pad;
    long long scales, bits, weight_bits, layer_bits = 0;
    if (!cli_grid(args, &options->height, &options->width))
        return false;
    if (!cli_choice(args, "--upsample", &upsample) || !cli_choice(args, "--pools", &pools) ||
        !cli_choice(args, "--top", &top) || !cli_choice(args, "--pad", &pad) ||
        !cli_integer(args, "--scales", 1, 10, &scales) || !cli_integer(args, "--input-bits", 2, 16, &bits) ||
        !cli_number(args, "--score-threshold", &options->score_threshold) || !cli_head_options(args, head) ||
        !cli_integer(args, "--weight-bits", 2, 16, &weight_bits) ||
        (cli_given(args, "--layer-bits") && !cli_integer(args, "--layer-bits", 2, 16, &layer_bits)))
        return false;
    options->layer_bits = (int)layer_bits;
    head->weight_bits = (int)weight_bits;
    options->upsample = (enum cf_upsample)upsample;
    options->pools = (enum cf_pools)pools;
    options->top = (enum cf_top)top;
    options->pad = (enum cf_pad)pad;
    options->scales = (uint32_t)scales;
    options->input_bits = (int)bits;
    options->sweep = cli_given(args, "--sweep");
    if (cli_given(args, "--input-scale") == cli_given(args, "--calibrate"))
        return cli_complain("compile: give one of --input-scale S (feature = integer * S) and --calibrate FRAMES "
                            "(chooses S from frames like those the circuit will see)") == CLI_OK;
    if (!cli_given(args, "--calibrate") && (args->operand_count > 1 || cli_given(args, "--frames")))
        return cli_complain("compile: more files than HEAD, and --frames, are for --calibrate") == CLI_OK;
    return !cli_given(args, "--input-scale") || cli_number(args, "--input-scale", &options->input_scale);
}

/* Refuses frames that do not fit the netlist: the scale of its input cannot follow from them. */
static bool frames_fit(const struct cf_frames *frames, const char *path, const struct cf_head *head,
                       const struct cf_compile_options *options, struct cf_error *err)
{
    struct cf_frame_shape s = cf_frames_shape(frames), wanted = {head->channels, options->height, options->width};
    char advice[256];
    return (s.channels == head->channels && s.height == options->height && s.width == options->width) ||
           cf_fail(err, "%s: frames of %ux%ux%u (D, H, W); %s with --grid %ux%u takes %ux%ux%u%s", path, s.channels,
                   s.height, s.width, head->label, options->height, options->width, head->channels, options->height,
                   options->width, cf_frames_advice(frames, wanted, advice, sizeof advice));
}

static bool add_frames(struct cf_calibration *calibration, const struct cf_frames *frames, const char *path,
                       struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(frames);
    size_t size = (size_t)shape.channels * shape.height * shape.width;
    double *features = malloc(size * sizeof *features);
    bool done = features || cf_fail(err, "%s: out of memory", path);
    struct cli_progress progress;
    cli_progress_start(&progress, "calibrating", "frames", cf_frames_count(frames));
    for (uint64_t n = 0; done && n < cf_frames_count(frames); n++) {
        done = cf_frames_features(frames, n, features, err);
        if (done)
            cf_calibration_add(calibration, features, size);
        cli_progress_update(&progress, n + 1);
    }
    cli_progress_finish(&progress);
    free(features);
    return done;
}

/* Opens the file that --calibrate names and those that follow HEAD, and keeps the frames that --frames selects. */
static bool open_frames(struct cf_frames **frames, const struct cli_args *args, struct cf_error *err)
{
    char **paths = malloc((size_t)args->operand_count * sizeof *paths);
    if (!paths)
        return cf_fail(err, "%s: out of memory", args->operands[0]);
    memcpy(paths, args->operands, (size_t)args->operand_count * sizeof *paths);
    paths[0] = (char *)cli_value(args, "--calibrate"); /* argv's own string, in the place of HEAD */
    bool done = cf_frames_open(frames, paths, args->operand_count, err);
    free(paths);
    if (!done || cli_frames_select(*frames, args, err))
        return done;
    cf_frames_close(*frames);
    return false;
}

/* Warns of the features of the frames that the chosen scale clamps. */
static void report_saturation(const struct cf_frames *frames, const struct cf_compile_options *o)
{
    struct cf_type type = {(uint8_t)o->input_bits, true, 0};
    struct cf_saturation limits = cf_saturation_of(type, o->input_scale);
    uint64_t saturated = 0, features = 0;
    for (uint64_t n = 0; n < cf_frames_count(frames); n++) {
        struct cf_tensor view;
        cf_frames_view(frames, n, &view);
        saturated += cf_saturated(limits, &view);
        features += view.count;
        cf_frames_release(frames, n);
    }
    cli_warn_of_saturation(saturated, features, o->input_bits, o->input_scale);
}

/* Chooses the input scale that gives the least squared quantisation error over all features of the frames. */
static bool calibrate(const struct cli_args *args, const struct cf_head *head, struct cf_compile_options *options)
{
    const char *path = cli_value(args, "--calibrate");
    struct cf_error err;
    struct cf_frames *frames;
    if (!open_frames(&frames, args, &err))
        return cli_fail(&err) == CLI_OK;
    struct cf_calibration *calibration = cf_calibration_new();
    bool done = (calibration || cf_fail(&err, "%s: out of memory", path)) &&
                frames_fit(frames, path, head, options, &err) && add_frames(calibration, frames, path, &err) &&
                cf_calibration_scale(calibration, options->input_bits, path, &options->input_scale, &err);
    if (done)
        report_saturation(frames, options);
    cf_calibration_free(calibration);
    cf_frames_close(frames);
    return done || cli_fail(&err) == CLI_OK;
}

/* Warns of a given scale that no backbone's features are likely to have: a slip of the exponent, say. */
static void report_scale(const struct cf_compile_options *o)
{
    const double large = 1000, small = 1e-3;
    double largest = ldexp(o->input_scale, o->input_bits - 1);
    if (o->input_scale > large)
        fprintf(stderr,
                "cofiber: warning: at the input scale %.9g, features between %.3g and %.3g are read as 0; "
                "--calibrate FRAMES chooses a scale from frames\n",
                o->input_scale, -o->input_scale / 2, o->input_scale / 2);
    else if (largest < small)
        fprintf(stderr,
                "cofiber: warning: at the input scale %.9g, features beyond %.3g are clamped; --calibrate FRAMES "
                "chooses a scale from frames\n",
                o->input_scale, largest);
}

/* A remark on how the weights were taken, where they were not quantised as floats. */
static const char *weights_text(const struct cf_head *head)
{
    bool integer = true;
    for (uint32_t band = 0; band < head->bands[CF_ROLE_CLS]; band++)
        integer = integer && head->layer[CF_ROLE_CLS][band].integer;
    return cf_head_is_integer(head) ? ", weights integer as stored"
           : !integer               ? ""
           : head->weight_bits == 8 ? ", weights integer beyond 127 and so quantised"
                                    : ", weights integer beyond the weight bits and so quantised";
}

/* Whether the gates of a class decide alike on every input, in all bands: 1 they all fire, -1 none fires, 0 neither. */
static int constant_decision(const struct cf_netlist *netlist, uint32_t class)
{
    int decision = 0;
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        int64_t min, max;
        if (!netlist->groups[g].output || netlist->cells[netlist->groups[g].cell[0]].activation != CF_STEP)
            continue;
        if (!cf_cell_range(&netlist->cells[netlist->groups[g].cell[class]], &min, &max))
            return 0;
        int here = min >= 0 ? 1 : max < 0 ? -1 : 0;
        if (here == 0 || here == -decision)
            return 0;
        decision = here;
    }
    return decision;
}

/* Tells which classes do not depend on the input: a masked class, say, or weights too small to matter. */
static void report_constants(const struct cf_netlist *netlist, const struct cf_head *head)
{
    enum { SHOWN = 5 };
    uint32_t count = 0;
    for (uint32_t class = 0; class < head->classes; class ++) {
        int decision = constant_decision(netlist, class);
        if (decision && count++ < SHOWN)
            printf("class %u %s, whatever the input\n", class, decision > 0 ? "always fires" : "never fires");
    }
    if (count > SHOWN)
        printf("%u classes in all decide the same whatever the input\n", count);
    uint32_t too_small = 0;
    for (uint32_t band = 0; band < head->bands[CF_ROLE_CLS]; band++)
        too_small += head->layer[CF_ROLE_CLS][band].too_small;
    if (too_small)
        fprintf(stderr, "cofiber: warning: %s: the weights of %u class%s are too small for a scale, and count as 0\n",
                head->label, too_small, too_small == 1 ? "" : "es");
}

static int run(const struct cli_args *args)
{
    struct cf_compile_options options;
    struct cf_head_options head_options;
    const char *out = cli_value(args, "-o");
    if (!out)
        return cli_complain("compile: -o NET is missing");
    if (!read_options(args, &options, &head_options))
        return CLI_BAD;
    struct cf_error err;
    struct cf_head head;
    struct cf_netlist *netlist = NULL;
    if (!cf_head_load(&head, args->operands[0], &head_options, &err))
        return cli_fail(&err);
    bool done = !cli_given(args, "--calibrate") || calibrate(args, &head, &options);
    int status = done ? CLI_OK : CLI_BAD;
    if (done && !(cf_compile(&netlist, &head, &options, &err) && cf_netlist_save(netlist, out, &err)))
        status = cli_fail(&err);
    if (status == CLI_OK) {
        char gates[32];
        if (cli_given(args, "--input-scale"))
            report_scale(&options);
        printf("%s: %s gates, %u cells, input scale %.9g%s\n", cli_shown(out),
               cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, gates), netlist->cell_count,
               netlist->input_scale, weights_text(&head));
        report_constants(netlist, &head);
    }
    cf_netlist_free(netlist);
    cf_head_free(&head);
    return status;
}

const struct cli_command cli_compile = {
    .name = "compile",
    .synopsis = "HEAD -o NET (--input-scale S | --calibrate FRAMES [FRAMES...]) [options]",
    .summary = "Compile a trained head into an explicit netlist of threshold gates.",
    .details =
        "HEAD is a safetensors file, a PyTorch checkpoint (.pth, .pt) or an ONNX model. The command recognises the "
        "layers by the last words of their tensors' names; 'cofiber params HEAD' lists them. If no name says which "
        "tensor is the classifier, it is the one of shape [classes, channels] that has biases, a tensor of shape "
        "[classes]; if several tensors could be either, --weight and --bias name them.\n"
        "Weights are quantised to INT8, symmetrically and with one scale per class; if all weights are integers from "
        "-127 to 127 already, they are kept. Integers that have a tensor of scales (weight_scale) keep their values "
        "and take these scales. Thresholds become exact integers of as many bits as they need. The same input "
        "always gives the same bytes. The page netlists/FORMAT.md specifies the netlist file.\n"
        "A gate fires when its score reaches --score-threshold. A head trained on little data may never reach the "
        "default of 0.5; the example in this repository fires at 0.1.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"-o", "NET", NULL, "Write the netlist to this file (required)."},
            {"--input-scale", "S", NULL, "Quantise features with this scale: feature = integer * S."},
            {"--calibrate", "FRAMES", NULL,
             "Choose the scale that gives the least squared quantisation error over the frames of this .npy or "
             "safetensors file. More such files may follow it, or stand anywhere behind HEAD."},
            CLI_FRAMES_OPTION,
            {"--grid", "HxW", "40x40",
             "Height and width of the input grid; 2^scales must divide both, unless --pad is given."},
            {"--scales", "N", "3", "Number of scale bands."},
            {"--upsample", "nearest|bilinear", "nearest",
             "How a pool is upsampled before it is subtracted: nearest, or bilinear as PyTorch does it with "
             "align_corners=False."},
            {"--pools", "direct|iterated", "direct",
             "direct: every pool sums the input itself, so that the circuit has depth 3. iterated: every pool sums the "
             "pool below it, which takes fewer adders and gives the same values."},
            {"--top", "residual|cofiber", "residual",
             "Choose the group that the classifiers of the last scale read. residual: the pooled grid itself. cofiber: "
             "the subtract of that scale."},
            {"--pad", "none|zeros|edge", "none",
             "Pad a grid that 2^scales does not divide below and to the right, with zeros or with copies of the last "
             "row and column (edge). The decisions are those of the padded grid, at the positions that the frame "
             "reaches into."},
            {"--sweep", NULL, NULL,
             "Remove the gates on which no decision depends: whole groups, and channels that no class weighs. The "
             "remaining gates keep their names."},
            {"--input-bits", "B", "8", "Width of the quantised input, from 2 to 16 bits."},
            {"--score-threshold", "P", "0.5", "A gate fires when its score is at least P."},
            {"--weight-bits", "B", "8", "Width of the classifiers' integer weights, from 2 to 16 bits."},
            {"--layer-bits", "B", NULL,
             "Width of the integer weights of the layers beside the classifiers (bottleneck, boxes, centerness), from "
             "2 to 16 bits. By default each has at most 12 bits: as many as the 62 bits of a sum have room for, and "
             "a bottleneck more than the layers behind it."},
            CLI_HEAD_OPTIONS,
            {0}},
    .run = run,
};
