/* detect.c - cofiber detect: finds the objects in frames. */
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/saturation.h"
#include "detect/draw.h"
#include "detect/listing.h"
#include "detect/sums.h"
#include "netlists/store.h"
#include "sim/frames/frames.h"
#include "sim/frames/saturation.h"
#include "sim/library.h"

/* Detections of a frame that came before its turn. */
struct early {
    uint64_t frame;
    struct cf_detections detections;
    struct early *next;
};

struct session {
    const struct cli_args *args;
    struct cf_frames *frames;
    int64_t *ids; /* the image of each frame, by its number over all files */
    struct cf_sums sums;
    struct cf_detect_options options;
    enum cf_listing listing;
    struct cf_out *out; /* NULL: standard output */
    struct cf_logits logits;
    struct cf_cells cells[CF_SUMS_SCALES];
    struct cf_detections found; /* of the frame at hand */
    struct early *early;
    uint64_t next_frame; /* whose detections are written next */
    uint64_t finished, count;
    struct cf_saturation limits;
    atomic_uint_fast64_t saturated; /* features that are clamped */
    struct cf_photo photo;
    double photo_size[2]; /* width and height that listed boxes are scaled to; 0: the frame's own pixels */
    enum cf_fit fit;
    struct cli_progress progress;
};

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool put(struct session *s, const char *text, struct cf_error *err)
{
    if (s->out)
        return cf_out_write(s->out, text, strlen(text), err);
    fputs(text, stdout); /* main reports what could not be written */
    return true;
}

/* Scales a box from the frame's pixels to the photograph's. */
static void scale_box(const struct session *s, struct cf_detection *detection)
{
    if (s->photo_size[0] == 0)
        return;
    struct cf_frame_shape shape = cf_frames_shape(s->frames);
    const double stride = s->sums.scales[0].stride, frame[2] = {stride * shape.width, stride * shape.height};
    double extent[2];
    cf_fit_extent(s->fit, frame, s->photo_size, extent);
    for (int side = 0; side < 4; side++)
        detection->box[side] *= s->photo_size[side % 2] / extent[side % 2];
}

static bool list_frame(struct session *s, uint64_t frame, const struct cf_detections *found, struct cf_error *err)
{
    bool done = true;
    for (size_t i = 0; done && i < found->count; i++) {
        char text[CF_LISTING_LINE];
        struct cf_detection detection = found->items[i];
        scale_box(s, &detection);
        done = put(s,
                   cf_listing_text(s->listing, &detection, s->ids[cf_frames_number(s->frames, frame)], s->sums.classes,
                                   s->count == 0, text),
                   err);
        s->count++;
    }
    return done;
}

static bool set_aside(struct session *s, uint64_t frame, struct cf_error *err)
{
    struct early *early = calloc(1, sizeof *early);
    struct cf_detections *kept = early ? &early->detections : NULL;
    if (!early || !cf_array_reserve(&kept->items, &kept->capacity, s->found.count + 1, sizeof *kept->items)) {
        free(early);
        return cf_fail(err, "out of memory");
    }
    if (s->found.count)
        memcpy(kept->items, s->found.items, s->found.count * sizeof *kept->items);
    kept->count = s->found.count;
    early->frame = frame;
    early->next = s->early;
    s->early = early;
    return true;
}

/* The detections of the frame whose turn it is, taken from those that came early; NULL if they have not come. */
static struct early *take_early(struct session *s)
{
    struct early **at = &s->early;
    while (*at && (*at)->frame != s->next_frame)
        at = &(*at)->next;
    struct early *found = *at;
    if (found)
        *at = found->next;
    return found;
}

static void free_early(struct early *early)
{
    cf_detections_free(&early->detections);
    free(early);
}

/* Frames come in no particular order, and are written in theirs. */
static bool write_in_order(struct session *s, uint64_t frame, struct cf_error *err)
{
    if (frame != s->next_frame)
        return set_aside(s, frame, err);
    bool done = list_frame(s, frame, &s->found, err);
    s->next_frame++;
    for (struct early *early; done && (early = take_early(s)); s->next_frame++) {
        done = list_frame(s, early->frame, &early->detections, err);
        free_early(early);
    }
    return done;
}

/* ---- drawing --------------------------------------------------------------------------------------------------- */

/* The length of each position's features, [height][width], malloc'd; NULL on failure. */
static double *energy_of(const struct session *s, uint64_t frame, struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(s->frames);
    size_t positions = (size_t)shape.height * shape.width;
    double *features = malloc(positions * shape.channels * sizeof *features);
    double *energy = calloc(positions, sizeof *energy);
    bool done = (features && energy) || cf_fail(err, "out of memory");
    done = done && cf_frames_features(s->frames, frame, features, err);
    for (size_t d = 0; done && d < shape.channels; d++)
        for (size_t p = 0; p < positions; p++)
            energy[p] += features[d * positions + p] * features[d * positions + p];
    for (size_t p = 0; done && p < positions; p++)
        energy[p] = sqrt(energy[p]);
    free(features);
    if (!done) {
        free(energy);
        energy = NULL;
    }
    return energy;
}

static bool draw_frame(struct session *s, uint64_t frame, struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(s->frames);
    double *energy = energy_of(s, frame, err);
    if (!energy)
        return false;
    const struct cf_drawing drawing = {
        .width = s->sums.scales[0].stride * shape.width,
        .height = s->sums.scales[0].stride * shape.height,
        .photo = s->photo.pixels ? &s->photo : NULL,
        .fit = s->fit,
        .energy = energy,
        .rows = shape.height,
        .columns = shape.width,
        .scales = s->cells,
        .scale_count = s->sums.scale_count,
        .fires = s->sums.offset,
        .detections = &s->found,
    };
    bool done = cf_draw(cli_value(s->args, "-o"), &drawing, err);
    free(energy);
    s->count += s->found.count;
    return done;
}

/* ---- the batch ------------------------------------------------------------------------------------------------- */

static bool give_frame(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    struct session *s = context;
    struct cf_tensor view;
    (void)error;
    if (frame + 1 < cf_frames_count(s->frames))
        cf_frames_prefetch(s->frames, frame + 1);
    cf_frames_view(s->frames, frame, &view);
    s->saturated += cf_saturated(s->limits, &view);
    *features = cf_features_of(&view);
    return true;
}

static void release_frame(void *context, uint64_t frame)
{
    struct session *s = context;
    cf_frames_release(s->frames, frame);
}

static bool take_result(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    struct session *s = context;
    struct cf_error err;
    cf_sums_read(&s->sums, result, &s->logits, s->cells);
    bool done = cf_detect_boxes(&s->found, s->cells, s->sums.scale_count, &s->options, &err) &&
                (cli_given(s->args, "--draw") ? draw_frame(s, frame, &err) : write_in_order(s, frame, &err));
    cli_progress_update(&s->progress, ++s->finished);
    return done || cf_pass_on(error, &err);
}

static bool detect_all(struct session *s, struct cf_error *err)
{
    cofiber_options options = {.mode = COFIBER_DECISIONS};
    cofiber_batch batch = {.count = cf_frames_count(s->frames),
                           .source = give_frame,
                           .release = release_frame,
                           .sink = take_result,
                           .context = s};
    cofiber_error error = {.element = COFIBER_NONE};
    cofiber_sim *sim;
    s->limits = cf_saturation_of(s->sums.netlist->groups[CF_INPUT].type, s->sums.netlist->input_scale);
    cli_progress_start(&s->progress, "detecting", "frames", batch.count);
    bool done = cofiber_sim_new(&sim, cofiber_wrap(s->sums.netlist), &options, &error) &&
                cofiber_sim_run_batch(sim, &batch, NULL, &error);
    cli_progress_finish(&s->progress);
    cofiber_sim_free(sim);
    if (!done && error.element != COFIBER_NONE)
        return cf_frames_refuse(s->frames, error.frame, error.element, err);
    return done || cf_fail(err, "%s", error.text);
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

/* A listing of the frames, which appears whole or not at all where it is a file. */
static bool list_all(struct session *s, struct cf_error *err)
{
    const char *path = cli_value(s->args, "-o");
    bool done = (!path || cf_out_open(&s->out, path, err)) && put(s, cf_listing_head(s->listing), err) &&
                detect_all(s, err) && put(s, cf_listing_tail(s->listing, s->count == 0), err) &&
                (!path || cf_out_commit(&s->out, err));
    cf_out_abort(&s->out);
    return done;
}

static bool read_photo_size(struct session *s)
{
    const char *text = cli_value(s->args, "--photo-size");
    unsigned width, height;
    char rest;
    if (!text)
        return true;
    if (strspn(text, "0123456789x") != strlen(text) || sscanf(text, "%6ux%6u%c", &width, &height, &rest) != 2 ||
        width == 0 || height == 0)
        return cli_complain("detect: --photo-size '%s' is not WIDTHxHEIGHT", text) == CLI_OK;
    s->photo_size[0] = width;
    s->photo_size[1] = height;
    return true;
}

static bool read_options(struct session *s, double *stride)
{
    const struct cli_args *args = s->args;
    long long top;
    int listing, fit, score;
    s->options = cf_detect_defaults();
    if (!cli_number(args, "--score-thresh", &s->options.score_threshold) ||
        !cli_number(args, "--nms", &s->options.overlap) || !cli_integer(args, "--top", 1, UINT32_MAX, &top) ||
        !cli_number(args, "--stride", stride) || !cli_choice(args, "--format", &listing) ||
        !cli_choice(args, "--fit", &fit) || !cli_choice(args, "--score", &score))
        return false;
    s->options.root = score == 1;
    if (!read_photo_size(s))
        return false;
    s->options.top = (uint32_t)top;
    s->listing = (enum cf_listing)listing;
    s->fit = (enum cf_fit)fit;
    if (!(s->options.score_threshold > 0 && s->options.score_threshold < 1))
        return cli_complain("detect: --score-thresh must lie between 0 and 1, both excluded") == CLI_OK;
    if (!(s->options.overlap >= 0 && s->options.overlap <= 1))
        return cli_complain("detect: --nms must lie between 0 and 1") == CLI_OK;
    if (!(*stride > 0 && *stride <= 4096))
        return cli_complain("detect: --stride must be positive, and 4096 at most") == CLI_OK;
    if (cli_given(args, "--draw") && !cli_given(args, "-o"))
        return cli_complain("detect: --draw needs -o FILE.png") == CLI_OK;
    return true;
}

static void free_session(struct session *s)
{
    while (s->early) {
        struct early *next = s->early->next;
        free_early(s->early);
        s->early = next;
    }
    cf_detections_free(&s->found);
    cf_logits_free(&s->logits);
    cf_sums_free(&s->sums);
    cf_photo_free(&s->photo);
    cf_frames_close(s->frames);
    free(s->ids);
}

/* The netlist, the frames and the photograph. */
static bool open_inputs(struct session *s, struct cf_netlist **netlist, struct cf_error *err)
{
    const struct cli_args *args = s->args;
    const char *photo = cli_value(args, "--draw");
    if (!cf_netlist_load(netlist, args->operands[0], err) ||
        !cli_frames_open_images(&s->frames, &s->ids, args, 1, *netlist, err))
        return false;
    if (photo && cf_frames_count(s->frames) != 1)
        return cf_fail(err, "%s: there are %" PRIu64 " frames, and --draw draws one: --frames says which",
                       args->operands[1], cf_frames_count(s->frames));
    return !photo || !*photo || cf_photo_read(&s->photo, photo, err);
}

static void say_count(const struct session *s)
{
    uint64_t frames = cf_frames_count(s->frames);
    printf("%s: %" PRIu64 " detection%s in %" PRIu64 " frame%s\n", cli_shown(cli_value(s->args, "-o")), s->count,
           s->count == 1 ? "" : "s", frames, frames == 1 ? "" : "s");
}

static int run(const struct cli_args *args)
{
    struct session s = {.args = args};
    struct cf_error err;
    struct cf_netlist *netlist = NULL;
    double stride;
    if (!read_options(&s, &stride))
        return CLI_BAD;
    bool done = open_inputs(&s, &netlist, &err) && cf_sums_new(&s.sums, netlist, stride, &err) &&
                cf_logits_new(&s.logits, &s.sums, &err) &&
                (cli_given(args, "--draw") ? detect_all(&s, &err) : list_all(&s, &err));
    if (done)
        cli_warn_of_saturation(s.saturated, cf_frames_count(s.frames) * netlist->groups[CF_INPUT].count,
                               netlist->groups[CF_INPUT].type.width, netlist->input_scale);
    if (done && cli_given(args, "-o"))
        say_count(&s);
    free_session(&s);
    cf_netlist_free(netlist);
    return done ? CLI_OK : cli_fail(&err);
}

const struct cli_command cli_detect = {
    .name = "detect",
    .synopsis = "NET FRAMES... [-o OUT] [--draw [PHOTO]] [options]",
    .summary = "Find objects in frames: scores, boxes, and a picture.",
    .details =
        "A gate of the circuit says whether an object's score reaches the threshold that was compiled in. The score "
        "itself is sigmoid(logit), and the logit is read from the gate's sum, before its step: so --score-thresh may "
        "lie below or above that threshold. If the head has boxes, they are the boxes of the detections; otherwise the "
        "box is the square of the gate's own cell. Detections of one class that overlap a better one (intersection "
        "over union) by more than --nms are dropped, and the --top best of a frame are kept, in falling order of "
        "score; equal scores stand in the order of scale, row, column, class. A warning says how many features the "
        "input's quantiser clamps.\n"
        "Boxes are x, y, width, height in pixels of the frame, which has --stride pixels per cell. Image ids come from "
        "the metadata `image_ids` of a safetensors file (whole numbers with commas between); without it, frames are "
        "numbered from 0. A head of 80 classes has COCO's category ids and names; the classes of any other head are "
        "numbered from 0.\n"
        "--draw draws one frame instead: over PHOTO, a JPEG file, or without one over the energy of the features. The "
        "cells where a gate of the circuit fires stand below, scale by scale.",
    .min_operands = 2,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"-o", "OUT", NULL, "Write the detections (or the picture) to this file, not to standard output."},
            {"--format", "json|jsonl|table", "json",
             "json: COCO's result form. jsonl: the same records, one per line. table: columns for people."},
            {"--score-thresh", "S", "0.3", "Keep detections whose score is at least this."},
            {"--score", "product|sqrt", "product",
             "With a centerness: the class's score times it, or the square root of this product."},
            {"--nms", "IOU", "0.6", "Drop a detection that overlaps a better one of its class by more than this."},
            {"--top", "N", "100", "Keep at most this many detections per frame."},
            {"--stride", "P", "16", "Width of a cell of the input in pixels of the frame."},
            CLI_FRAMES_OPTION,
            {"--draw", "[PHOTO]", NULL, "Draw the detections as a PNG file, over this photograph."},
            {"--photo-size", "WxH", NULL,
             "List boxes in pixels of a photograph of this width and height, and not in pixels of the frame. --fit "
             "says how the photograph was turned into the frame."},
            {"--fit", "longer|square", "longer",
             "How the photograph was turned into the frame. longer: its longer side was resized to the frame's, and it "
             "stands in the top left corner. square: both sides were resized."},
            {0}},
    .run = run,
};
