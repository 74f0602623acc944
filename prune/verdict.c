/* verdict.c - judges one head: its circuit's detections on every frame, and how many objects they find. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/evaluate.h"
#include "detect/sums.h"
#include "prune/judge.h"
#include "sim/library.h"

/* The detections of one frame. */
struct found {
    struct cf_result *items;
    size_t count, capacity;
};

struct judging {
    const struct cf_judge *judge;
    const uint64_t *list; /* [count], the frames; NULL: all, in order */
    uint64_t count;
    struct cf_sums sums;
    struct cf_logits logits;
    struct cf_cells cells[CF_SUMS_SCALES];
    struct cf_detections detections; /* of the frame at hand */
    struct found *found;             /* [count] */
};

static uint64_t frame_of(const struct judging *j, uint64_t index)
{
    return j->list ? j->list[index] : index;
}

/* ---- the batch ------------------------------------------------------------------------------------------------- */

static bool give_frame(void *context, uint64_t index, cofiber_features *features, cofiber_error *error)
{
    struct judging *j = context;
    struct cf_tensor view;
    (void)error;
    if (index + 1 < j->count)
        cf_frames_prefetch(j->judge->frames, frame_of(j, index + 1));
    cf_frames_view(j->judge->frames, frame_of(j, index), &view);
    *features = cf_features_of(&view);
    return true;
}

static void release_frame(void *context, uint64_t index)
{
    struct judging *j = context;
    cf_frames_release(j->judge->frames, frame_of(j, index));
}

/* A detection in the pixels of its image. */
static struct cf_result result_of(const struct judging *j, uint32_t image, const struct cf_detection *detection)
{
    const struct cf_judge *judge = j->judge;
    struct cf_result result = {
        .score = detection->score, .image = image, .category = judge->categories[detection->class_index]};
    struct cf_frame_shape shape = cf_frames_shape(judge->frames);
    const double stride = judge->options.stride, frame[2] = {stride * shape.width, stride * shape.height};
    const double *photo = judge->truth.sizes[image];
    double extent[2] = {1, 1}, size[2] = {1, 1};
    if (photo[0] > 0 && photo[1] > 0) {
        memcpy(size, photo, sizeof size);
        cf_fit_extent(judge->options.fit, frame, photo, extent);
    }
    for (int side = 0; side < 4; side++)
        result.box[side] = detection->box[side] * size[side % 2] / extent[side % 2];
    return result;
}

static bool take_result(void *context, uint64_t index, const cofiber_result *result, cofiber_error *error)
{
    struct judging *j = context;
    struct found *found = &j->found[index];
    struct cf_error err;
    cf_sums_read(&j->sums, result, &j->logits, j->cells);
    bool done = cf_detect_boxes(&j->detections, j->cells, j->sums.scale_count, &j->judge->options.detect, &err) &&
                (cf_array_reserve(&found->items, &found->capacity, j->detections.count + 1, sizeof *found->items) ||
                 cf_fail(&err, "out of memory"));
    for (size_t i = 0; done && i < j->detections.count; i++)
        found->items[found->count++] = result_of(j, j->judge->images[frame_of(j, index)], &j->detections.items[i]);
    return done || cf_pass_on(error, &err);
}

static bool asks_to_stop(void *context)
{
    const struct cf_judge *judge = ((struct judging *)context)->judge;
    return judge->stop && judge->stop(judge->context);
}

static bool simulate(struct judging *j, bool *stopped, struct cf_error *err)
{
    cofiber_options options = {.mode = COFIBER_DECISIONS};
    cofiber_batch batch = {.count = j->count,
                           .source = give_frame,
                           .release = release_frame,
                           .sink = take_result,
                           .stop = asks_to_stop,
                           .context = j};
    cofiber_error error = {.element = COFIBER_NONE};
    cofiber_sim *sim;
    uint64_t through = 0;
    bool done = cofiber_sim_new(&sim, cofiber_wrap(j->sums.netlist), &options, &error) &&
                cofiber_sim_run_batch(sim, &batch, &through, &error);
    cofiber_sim_free(sim);
    *stopped = through < j->count;
    if (!done && error.element != COFIBER_NONE)
        return cf_frames_refuse(j->judge->frames, frame_of(j, error.frame), error.element, err);
    return done || cf_fail(err, "%s", error.text);
}

/* ---- the numbers ----------------------------------------------------------------------------------------------- */

/* All detections, frame by frame. */
static bool gather(const struct judging *j, struct cf_results *results, struct cf_error *err)
{
    for (uint64_t f = 0; f < j->count; f++) {
        const struct found *found = &j->found[f];
        if (!cf_array_reserve(&results->items, &results->capacity, results->count + found->count + 1,
                              sizeof *results->items))
            return cf_fail(err, "%s: out of memory", j->judge->truth.label);
        if (found->count)
            memcpy(results->items + results->count, found->items, found->count * sizeof *found->items);
        results->count += found->count;
    }
    return true;
}

/* The annotations of the frames' images alone: objects elsewhere are not to be found. The lists stay the truth's. */
static bool restrict_truth(const struct judging *j, struct cf_truth *truth, struct cf_error *err)
{
    const struct cf_judge *judge = j->judge;
    bool *shown = calloc((size_t)judge->truth.image_count + 1, sizeof *shown);
    *truth = judge->truth;
    truth->objects = calloc(judge->truth.object_count + 1, sizeof *truth->objects);
    truth->object_count = 0;
    bool done = (shown && truth->objects) || cf_fail(err, "%s: out of memory", judge->truth.label);
    for (uint64_t f = 0; done && f < j->count; f++)
        shown[judge->images[frame_of(j, f)]] = true;
    for (size_t i = 0; done && i < judge->truth.object_count; i++)
        if (shown[judge->truth.objects[i].image])
            truth->objects[truth->object_count++] = judge->truth.objects[i];
    free(shown);
    return done;
}

/* Recall after the last detection counts the objects that were taken. */
static uint64_t count_taken(const struct cf_evaluation *evaluation)
{
    double taken = 0;
    for (uint32_t k = 0; k < evaluation->class_count; k++) {
        const struct cf_eval_class *one = &evaluation->classes[k];
        if (one->objects)
            taken += round(one->recall[CF_AREA_ALL][CF_EVAL_CAPS - 1][0] * (double)one->objects);
    }
    return (uint64_t)taken;
}

static bool evaluate(const struct judging *j, struct cf_verdict *verdict, struct cf_error *err)
{
    struct cf_truth truth;
    struct cf_results results = {0};
    struct cf_evaluation evaluation = {0};
    bool done =
        restrict_truth(j, &truth, err) && gather(j, &results, err) && cf_evaluate(&evaluation, &truth, &results, err);
    if (done) {
        verdict->map = evaluation.stats[0];
        verdict->ap50 = evaluation.stats[1];
        verdict->ap75 = evaluation.stats[2];
        verdict->true_positives = count_taken(&evaluation);
        verdict->detections = results.count;
    }
    cf_evaluation_free(&evaluation);
    cf_results_free(&results);
    free(truth.objects);
    return done;
}

/* ---- one head -------------------------------------------------------------------------------------------------- */

static bool make_circuit(struct judging *j, const struct cf_head *head, struct cf_error *err)
{
    struct cf_netlist *netlist;
    if (!cf_compile(&netlist, head, &j->judge->options.compile, err))
        return false;
    bool done =
        cf_sums_new(&j->sums, netlist, j->judge->options.stride, err) && cf_logits_new(&j->logits, &j->sums, err);
    cf_netlist_free(netlist);
    return done;
}

bool cf_judge_head(const struct cf_judge *judge, const struct cf_head *head, bool proxy, struct cf_verdict *verdict,
                   struct cf_error *err)
{
    struct judging j = {
        .judge = judge, .list = proxy ? judge->proxy : NULL, .count = proxy ? judge->options.proxy : judge->count};
    *verdict = (struct cf_verdict){0};
    j.found = calloc(j.count + 1, sizeof *j.found);
    bool done = (j.found || cf_fail(err, "%s: out of memory", judge->truth.label)) && make_circuit(&j, head, err) &&
                simulate(&j, &verdict->stopped, err) && (verdict->stopped || evaluate(&j, verdict, err));
    for (uint64_t f = 0; j.found && f < j.count; f++)
        free(j.found[f].items);
    free(j.found);
    cf_detections_free(&j.detections);
    cf_logits_free(&j.logits);
    cf_sums_free(&j.sums);
    return done;
}
