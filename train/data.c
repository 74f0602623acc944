/* data.c - reads frames and their objects for training. */
#include "train/data.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

/* ---- objects ----------------------------------------------------------------------------------------------------- */

/* The objects of each image: places into truth->objects, image after image, in the file's order. */
struct by_image {
    size_t *first; /* [images + 1] */
    size_t *object;
};

static bool sort_by_image(struct by_image *sorted, const struct cf_truth *truth)
{
    sorted->first = calloc((size_t)truth->image_count + 2, sizeof *sorted->first);
    sorted->object = calloc(truth->object_count + 1, sizeof *sorted->object);
    if (!sorted->first || !sorted->object)
        return false;
    for (size_t o = 0; o < truth->object_count; o++)
        sorted->first[truth->objects[o].image + 2]++;
    for (uint32_t i = 2; i < truth->image_count + 2; i++)
        sorted->first[i] += sorted->first[i - 1];
    for (size_t o = 0; o < truth->object_count; o++)
        sorted->object[sorted->first[truth->objects[o].image + 1]++] = o;
    return true;
}

static struct cf_target_object in_frame(const struct cf_truth_object *object, const double factors[2])
{
    const double *box = object->box;
    return (struct cf_target_object){.box = {box[0] * factors[0], box[1] * factors[1], (box[0] + box[2]) * factors[0],
                                             (box[1] + box[3]) * factors[1]},
                                     .class_index = object->category};
}

/* The image that a frame shows, as an index into the annotations' list. */
static bool find_image(const struct cf_training_data *data, uint64_t frame, const int64_t *ids,
                       const struct cf_truth *truth, uint32_t *image, struct cf_error *err)
{
    uint64_t number = cf_frames_number(data->frames, frame);
    *image = cf_truth_find(truth->images, truth->image_count, ids[number]);
    if (*image == UINT32_MAX)
        return cf_fail(err, "%s: frame %" PRIu64 " shows image %" PRId64 ", which %s does not list",
                       cf_frames_file(data->frames, frame).path, number, ids[number], truth->label);
    const double *size = truth->sizes[*image];
    return (size[0] > 0 && size[1] > 0) ||
           cf_fail(err, "%s: image %" PRId64 ": has no width and height", truth->label, ids[number]);
}

static bool count_objects(struct cf_training_data *data, const int64_t *ids, const struct cf_truth *truth,
                          const struct by_image *sorted, struct cf_error *err)
{
    for (uint64_t f = 0; f < data->count; f++) {
        uint32_t image;
        if (!find_image(data, f, ids, truth, &image, err))
            return false;
        data->first[f + 1] = data->first[f];
        for (size_t o = sorted->first[image]; o < sorted->first[image + 1]; o++)
            data->first[f + 1] += !truth->objects[sorted->object[o]].is_crowd;
    }
    return true;
}

static void take_objects(struct cf_training_data *data, const int64_t *ids, const struct cf_truth *truth,
                         const struct by_image *sorted, const double frame_size[2], enum cf_fit fit)
{
    size_t taken = 0;
    for (uint64_t f = 0; f < data->count; f++) {
        uint32_t image = cf_truth_find(truth->images, truth->image_count, ids[cf_frames_number(data->frames, f)]);
        const double *size = truth->sizes[image];
        double extent[2];
        cf_fit_extent(fit, frame_size, size, extent);
        const double factors[2] = {extent[0] / size[0], extent[1] / size[1]};
        for (size_t o = sorted->first[image]; o < sorted->first[image + 1]; o++) {
            const struct cf_truth_object *object = &truth->objects[sorted->object[o]];
            if (!object->is_crowd)
                data->objects[taken++] = in_frame(object, factors);
        }
    }
}

bool cf_training_data_new(struct cf_training_data *data, const struct cf_frames *frames, const int64_t *ids,
                          const struct cf_truth *truth, double stride, enum cf_fit fit, struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(frames);
    const double frame_size[2] = {stride * shape.width, stride * shape.height};
    struct by_image sorted = {0};
    *data =
        (struct cf_training_data){.frames = frames, .count = cf_frames_count(frames), .classes = truth->category_count};
    data->first = calloc((size_t)data->count + 1, sizeof *data->first);
    bool done = (data->first && sort_by_image(&sorted, truth)) || cf_fail(err, "%s: out of memory", truth->label);
    done = done && count_objects(data, ids, truth, &sorted, err);
    if (done) {
        data->objects = calloc(data->first[data->count] + 1, sizeof *data->objects);
        done = data->objects || cf_fail(err, "%s: out of memory", truth->label);
    }
    if (done)
        take_objects(data, ids, truth, &sorted, frame_size, fit);
    free(sorted.first);
    free(sorted.object);
    if (!done)
        cf_training_data_free(data);
    return done;
}

void cf_training_data_free(struct cf_training_data *data)
{
    free(data->objects);
    free(data->first);
    *data = (struct cf_training_data){0};
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* One part of the frames, [start, start + size), and the places of an epoch that it fills. */
struct part {
    uint64_t start, size;
    uint64_t first, taken; /* of each batch: its places [first, first + taken) */
    uint64_t rest;         /* where what is left for the last batch begins in the epoch */
};

static struct part part_of(uint64_t count, uint64_t batch, uint64_t first, uint64_t share)
{
    uint64_t end = first + share < batch ? first + share : batch;
    uint64_t whole = count / batch, left = count % batch;
    struct part part = {.first = first, .taken = end - first};
    part.start = whole * first + left * first / batch;
    part.size = whole * end + left * end / batch - part.start;
    part.rest = whole * batch + left * first / batch;
    return part;
}

/* Where frame `i` of a part stands in the epoch before anything is exchanged. */
static uint64_t place_in(const struct part *part, uint64_t count, uint64_t batch, uint64_t i)
{
    uint64_t step = i / part->taken;
    return step < count / batch ? step * batch + part->first + i % part->taken
                                : part->rest + i - count / batch * part->taken;
}

void cf_training_order(uint64_t seed, uint64_t epoch, uint64_t *order, uint64_t count, uint64_t batch, uint64_t share)
{
    assert(batch >= 1 && batch <= count && share >= 1 && share <= batch);
    uint64_t state = epoch;
    state = seed ^ cf_next_random(&state);
    for (uint64_t first = 0; first < batch; first += share) {
        struct part part = part_of(count, batch, first, share);
        for (uint64_t i = 0; i < part.size; i++)
            order[place_in(&part, count, batch, i)] = part.start + i;
        for (uint64_t i = part.size; i > 1; i--) { /* Fisher and Yates */
            uint64_t *last = &order[place_in(&part, count, batch, i - 1)];
            uint64_t *other = &order[place_in(&part, count, batch, cf_next_random(&state) % i)], swap = *last;
            *last = *other;
            *other = swap;
        }
    }
}

/* One channel of a frame as floats; false where one is not finite. `values` is scratch for types other than F16 and
 * F32. */
static bool read_plane(const struct cf_train_kernels *kernels, const struct cf_tensor *view, uint64_t first,
                       size_t count, float *plane)
{
    if (view->dtype == CF_F16)
        return kernels->from_half(view->data + 2 * first, count, plane);
    if (view->dtype == CF_F32) {
        memcpy(plane, view->data + 4 * first, count * sizeof *plane);
        return kernels->are_finite(plane, count);
    }
    for (size_t i = 0; i < count; i++) {
        double value;
        cf_tensor_to_f64(view, first + i, 1, &value);
        plane[i] = (float)value;
    }
    return kernels->are_finite(plane, count);
}

/* Where a feature is not finite; one that a float cannot hold is taken as such. */
static bool refuse(const struct cf_training_data *data, uint64_t index, const struct cf_tensor *view, uint64_t first,
                   size_t count, struct cf_error *err)
{
    uint64_t bad = cf_tensor_find_nonfinite(view, first, count);
    return cf_frames_refuse(data->frames, index, bad == UINT64_MAX ? first : bad, err);
}

/* Reads a channel of a frame into worker->plane. */
static bool read_channel(const struct cf_training_data *data, uint64_t index, const struct cf_tensor *view, uint32_t d,
                         struct cf_train_worker *worker, struct cf_error *err)
{
    size_t plane = (size_t)worker->shape.height * worker->shape.width;
    return read_plane(worker->kernels, view, d * plane, plane, worker->plane) ||
           refuse(data, index, view, d * plane, plane, err);
}

/* A frame is read twice for a LayerNorm: that costs less than a pass over the bands, which are wider and more. */
static bool read_mean(const struct cf_training_data *data, uint64_t index, const struct cf_tensor *view,
                      struct cf_train_worker *worker, struct cf_error *err)
{
    cf_train_worker_begin_mean(worker);
    for (uint32_t d = 0; d < worker->shape.channels; d++) {
        if (!read_channel(data, index, view, d, worker, err))
            return false;
        cf_train_worker_mean(worker);
    }
    cf_train_worker_end_mean(worker);
    return true;
}

bool cf_training_read(const struct cf_training_data *data, const struct cf_target_grid *grid, uint64_t index,
                      struct cf_train_worker *worker, size_t *count, struct cf_error *err)
{
    assert(index < data->count);
    struct cf_tensor view;
    cf_frames_view(data->frames, index, &view);
    bool done = !worker->model->boxes || read_mean(data, index, &view, worker, err);
    for (uint32_t d = 0; done && d < worker->shape.channels; d++) {
        done = read_channel(data, index, &view, d, worker, err);
        if (done)
            cf_train_worker_split(worker, d);
    }
    cf_frames_release(data->frames, index);
    if (!done)
        return false;
    cf_train_worker_end_split(worker);
    *count = cf_targets(grid, data->objects + data->first[index], data->first[index + 1] - data->first[index],
                        worker->owner, worker->positives);
    return true;
}
