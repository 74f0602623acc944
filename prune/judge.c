/* judge.c - opens what a head is judged by: frames, the images that they show, annotations, the input's scale. */
#include "prune/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "compiler/weights.h"
#include "detect/names.h"

static bool out_of_memory(const struct cf_judge *judge, struct cf_error *err)
{
    return cf_fail(err, "%s: out of memory", judge->truth.label);
}

static bool frames_fit(const struct cf_judge *judge, const struct cf_head *head, struct cf_error *err)
{
    struct cf_frame_shape s = cf_frames_shape(judge->frames);
    const struct cf_compile_options *o = &judge->options.compile;
    struct cf_frame_shape wanted = {head->channels, o->height, o->width};
    char advice[256];
    return (s.channels == wanted.channels && s.height == wanted.height && s.width == wanted.width) ||
           cf_fail(err, "%s: frames of %ux%ux%u (D, H, W); %s with a grid of %ux%u takes %ux%ux%u%s",
                   cf_frames_file(judge->frames, 0).path, s.channels, s.height, s.width, head->label, wanted.height,
                   wanted.width, wanted.channels, wanted.height, wanted.width,
                   cf_frames_advice(judge->frames, wanted, advice, sizeof advice));
}

/* Which image each frame shows; each image once, since its objects could not be found twice. */
static bool find_images(struct cf_judge *judge, struct cf_error *err)
{
    judge->images = calloc(judge->count, sizeof *judge->images);
    bool *seen = calloc((size_t)judge->truth.image_count + 1, sizeof *seen);
    bool done = (judge->images && seen) || out_of_memory(judge, err);
    for (uint64_t f = 0; done && f < judge->count; f++) {
        int64_t id = judge->ids[cf_frames_number(judge->frames, f)];
        uint32_t image = cf_truth_find(judge->truth.images, judge->truth.image_count, id);
        const char *path = cf_frames_file(judge->frames, f).path;
        if (image == UINT32_MAX)
            done = cf_fail(err, "%s: shows image %" PRId64 ", which %s does not list", path, id, judge->truth.label);
        else if (seen[image])
            done = cf_fail(err, "%s: shows image %" PRId64 ", as a frame before it does", path, id);
        else
            seen[image] = true;
        judge->images[f] = image;
    }
    free(seen);
    return done;
}

static bool find_categories(struct cf_judge *judge, const struct cf_head *head, struct cf_error *err)
{
    const struct cf_truth *truth = &judge->truth;
    judge->classes = head->classes;
    judge->categories = calloc(head->classes, sizeof *judge->categories);
    if (!judge->categories)
        return out_of_memory(judge, err);
    for (uint32_t c = 0; c < head->classes; c++) {
        int64_t id = cf_class_id(c, head->classes);
        judge->categories[c] =
            truth->category_count == head->classes ? c : cf_truth_find(truth->categories, truth->category_count, id);
        if (judge->categories[c] == UINT32_MAX)
            return cf_fail(err,
                           "%s: lists no category %" PRId64 ", which is class %" PRIu32 " of the %" PRIu32 " of %s",
                           truth->label, id, c, head->classes, head->label);
    }
    return true;
}

static int compare_frames(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Chooses the proxy's frames: the first of a shuffled deck. */
static bool choose_proxy(struct cf_judge *judge, struct cf_error *err)
{
    uint64_t state = judge->options.seed, wanted = judge->options.proxy;
    judge->proxy = calloc(judge->count, sizeof *judge->proxy);
    if (!judge->proxy)
        return out_of_memory(judge, err);
    judge->options.proxy = wanted < judge->count ? wanted : judge->count;
    for (uint64_t f = 0; f < judge->count; f++)
        judge->proxy[f] = f;
    for (uint64_t f = 0; f < judge->options.proxy; f++) {
        uint64_t other = f + cf_next_random(&state) % (judge->count - f), taken = judge->proxy[other];
        judge->proxy[other] = judge->proxy[f];
        judge->proxy[f] = taken;
    }
    qsort(judge->proxy, judge->options.proxy, sizeof *judge->proxy, compare_frames);
    return true;
}

static bool calibrate(struct cf_judge *judge, struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(judge->frames);
    size_t size = (size_t)shape.channels * shape.height * shape.width;
    double *features = malloc(size * sizeof *features);
    struct cf_calibration *calibration = cf_calibration_new();
    bool done = (features && calibration) || out_of_memory(judge, err);
    for (uint64_t f = 0; done && f < judge->count && f < CF_JUDGE_CALIBRATION; f++) {
        done = cf_frames_features(judge->frames, f, features, err);
        if (done)
            cf_calibration_add(calibration, features, size);
        cf_frames_release(judge->frames, f);
    }
    done =
        done && cf_calibration_scale(calibration, judge->options.compile.input_bits,
                                     cf_frames_file(judge->frames, 0).path, &judge->options.compile.input_scale, err);
    cf_calibration_free(calibration);
    free(features);
    return done;
}

bool cf_judge_open(struct cf_judge *judge, const struct cf_head *head, struct cf_frames *frames, int64_t *ids,
                   const char *annotations, const struct cf_judge_options *options, struct cf_error *err)
{
    *judge = (struct cf_judge){.options = *options, .frames = frames, .ids = ids, .count = cf_frames_count(frames)};
    judge->options.compile.height = cf_frames_shape(frames).height;
    judge->options.compile.width = cf_frames_shape(frames).width;
    return cf_truth_read(&judge->truth, annotations, false, err) && frames_fit(judge, head, err) &&
           find_images(judge, err) && find_categories(judge, head, err) && choose_proxy(judge, err) &&
           (judge->options.compile.input_scale > 0 || calibrate(judge, err));
}

void cf_judge_free(struct cf_judge *judge)
{
    cf_frames_close(judge->frames);
    cf_truth_free(&judge->truth);
    free(judge->ids);
    free(judge->proxy);
    free(judge->images);
    free(judge->categories);
    *judge = (struct cf_judge){0};
}
