/* frames.c - opens files of frames and finds each frame in them. */
#include "sim/frames/frames.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/npy.h"
#include "base/safetensors.h"

struct frame_file {
    struct cf_npy *npy; /* one of the two */
    struct cf_safetensors *safetensors;
    const char *path; /* borrowed from the caller's argv */
    const struct cf_tensor *tensor;
    uint64_t first, count; /* its frames' place in the whole */
};

struct cf_frames {
    struct frame_file *files;
    int file_count;
    uint64_t count;
    uint64_t *selected; /* [count] numbers over all files; NULL: all frames */
    struct cf_frame_shape shape;
};

/* The tensor of a safetensors file that holds the frames. */
static bool choose_tensor(struct frame_file *file, struct cf_error *err)
{
    const struct cf_tensor *named = cf_safetensors_find(file->safetensors, "features"), *grid = NULL, *flat = NULL;
    int grids = 0, flats = 0;
    for (size_t i = 0; i < cf_safetensors_count(file->safetensors); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file->safetensors, i);
        if (tensor->rank == 3 || tensor->rank == 4) {
            grid = tensor;
            grids++;
        } else if (tensor->rank == 2) {
            flat = tensor;
            flats++;
        }
    }
    if (named && named->rank >= 2 && named->rank <= 4)
        file->tensor = named;
    else
        file->tensor = grids == 1 ? grid : grids == 0 && flats == 1 ? flat : NULL;
    return file->tensor || cf_fail(err, "%s: %s tensor of shape [D, H, W] or [N, D, H, W]; call the frames 'features'",
                                   file->path, grids ? "more than one" : "no");
}

static void forget(const struct frame_file *file, uint64_t first, uint64_t count)
{
    uint64_t size = cf_dtype_size(file->tensor->dtype);
    if (file->npy)
        cf_npy_forget(file->npy, first * size, count * size);
    else
        cf_safetensors_forget(file->safetensors, file->tensor, first * size, count * size);
}

static bool open_file(struct cf_frames *frames, struct frame_file *file, struct cf_error *err)
{
    bool npy;
    if (!cf_npy_probe(file->path, &npy, err))
        return false;
    if (npy || cf_npy_named(file->path)) { /* by its name too: a .npy file without the magic is a broken one */
        if (!cf_npy_open(&file->npy, file->path, err))
            return false;
        file->tensor = cf_npy_tensor(file->npy);
    } else if (!cf_safetensors_open(&file->safetensors, file->path, err) || !choose_tensor(file, err)) {
        return false;
    }
    const struct cf_tensor *tensor = file->tensor;
    char text[128];
    if (tensor->rank < 2 || tensor->rank > 4)
        return cf_fail(err, "%s: frames are [D, H, W], [N, D, H, W] or [N, D]; this array is %s", file->path,
                       cf_shape_text(tensor, text, sizeof text));
    if (!cf_dtype_is_readable(tensor->dtype))
        return cf_fail(err, "%s: tensor '%.100s' is %s, which cannot be read", file->path, tensor->name,
                       cf_dtype_name(tensor->dtype));
    const uint64_t flat[3] = {tensor->shape[1], 1, 1};
    const uint64_t *last = tensor->rank == 2 ? flat : tensor->rank == 3 ? tensor->shape : tensor->shape + 1;
    for (int i = 0; i < 3; i++)
        if (last[i] < 1 || last[i] > INT32_MAX)
            return cf_fail(err, "%s: a frame of shape %s has no features", file->path,
                           cf_shape_text(tensor, text, sizeof text));
    struct cf_frame_shape shape = {(uint32_t)last[0], (uint32_t)last[1], (uint32_t)last[2]};
    if (file == frames->files)
        frames->shape = shape;
    else if (memcmp(&shape, &frames->shape, sizeof shape) != 0)
        return cf_fail(err, "%s: frames of %ux%ux%u, but those of %s are %ux%ux%u", file->path, shape.channels,
                       shape.height, shape.width, frames->files[0].path, frames->shape.channels, frames->shape.height,
                       frames->shape.width);
    file->first = frames->count;
    file->count = tensor->rank == 3 ? 1 : tensor->shape[0];
    frames->count += file->count;
    forget(file, 0, tensor->count); /* looking at the header brought some of the data along */
    return true;
}

bool cf_frames_open(struct cf_frames **frames, char *const *paths, int count, struct cf_error *err)
{
    *frames = NULL;
    struct cf_frames *made = calloc(1, sizeof *made);
    if (made)
        made->files = calloc((size_t)count, sizeof *made->files);
    if (!made || !made->files) {
        cf_frames_close(made);
        return cf_fail(err, "%s: out of memory", paths[0]);
    }
    for (int i = 0; i < count; i++) {
        made->files[i].path = paths[i];
        made->file_count = i + 1;
        if (!open_file(made, &made->files[i], err)) {
            cf_frames_close(made);
            return false;
        }
    }
    if (made->count == 0) {
        cf_frames_close(made);
        return cf_fail(err, "%s: holds no frames", paths[0]);
    }
    *frames = made;
    return true;
}

void cf_frames_close(struct cf_frames *frames)
{
    if (!frames)
        return;
    for (int i = 0; i < frames->file_count; i++) {
        cf_npy_close(frames->files[i].npy);
        cf_safetensors_close(frames->files[i].safetensors);
    }
    free(frames->files);
    free(frames->selected);
    free(frames);
}

bool cf_frames_select(struct cf_frames *frames, const uint64_t *numbers, uint64_t count, struct cf_error *err)
{
    assert(!frames->selected && count > 0);
    for (uint64_t i = 0; i < count; i++)
        if (numbers[i] >= frames->count)
            return cf_fail(err, "%s: there is no frame %" PRIu64 "; the last is %" PRIu64, frames->files[0].path,
                           numbers[i], frames->count - 1);
    uint64_t *copy = count <= SIZE_MAX / sizeof *copy ? malloc((size_t)count * sizeof *copy) : NULL;
    if (!copy)
        return cf_fail(err, "%s: out of memory", frames->files[0].path);
    memcpy(copy, numbers, (size_t)count * sizeof *copy);
    frames->selected = copy;
    frames->count = count;
    return true;
}

uint64_t cf_frames_number(const struct cf_frames *frames, uint64_t index)
{
    assert(index < cf_frames_count(frames));
    return frames->selected ? frames->selected[index] : index;
}

uint64_t cf_frames_count(const struct cf_frames *frames)
{
    return frames->count;
}

struct cf_frame_shape cf_frames_shape(const struct cf_frames *frames)
{
    return frames->shape;
}

const char *cf_frames_advice(const struct cf_frames *frames, struct cf_frame_shape wanted, char *buffer, size_t size)
{
    struct cf_frame_shape s = frames->shape;
    uint32_t d = wanted.channels, h = wanted.height, w = wanted.width;
    uint64_t plane = (uint64_t)h * w;
    int rank = frames->files[0].tensor->rank;
    buffer[0] = '\0';
    if (rank >= 3 && s.channels == h && s.height == w && s.width == d)
        snprintf(buffer, size,
                 "; its channels stand last: save numpy.ascontiguousarray(numpy.moveaxis(array, -1, -3)) instead");
    else if (rank == 3 && s.width == d && s.height >= plane) /* a class token and registers stand before the others */
        snprintf(buffer, size,
                 "; these are tokens: save array[:, -%u:].transpose(0, 2, 1).reshape(-1, %u, %u, %u) instead",
                 (unsigned)plane, d, h, w);
    else if (rank == 2 && s.channels == d && frames->files[0].count >= plane)
        snprintf(buffer, size, "; these are tokens: save array[-%u:].T.reshape(%u, %u, %u) instead", (unsigned)plane, d,
                 h, w);
    return buffer;
}

bool cf_frames_fit(const struct cf_frames *frames, const struct cf_netlist *netlist, struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    struct cf_frame_shape s = frames->shape;
    char advice[256];
    if (!cf_quantiser_fits(netlist, err))
        return false;
    struct cf_frame_shape wanted = cf_input_shape(netlist);
    if (memcmp(&s, &wanted, sizeof s) != 0)
        return cf_fail(err, "%s: frames of %ux%ux%u (D, H, W); %s takes %ux%ux%u%s", frames->files[0].path, s.channels,
                       s.height, s.width, netlist->label, wanted.channels, wanted.height, wanted.width,
                       cf_frames_advice(frames, wanted, advice, sizeof advice));
    for (int i = 0; i < frames->file_count; i++)
        if (frames->files[i].tensor->dtype == CF_BOOL && input->type.width != 1)
            return cf_fail(err, "%s: booleans feed inputs of 1 bit; the inputs of %s have %u", frames->files[i].path,
                           netlist->label, input->type.width);
    return true;
}

static uint64_t frame_size(const struct cf_frames *frames)
{
    return (uint64_t)frames->shape.channels * frames->shape.height * frames->shape.width;
}

/* The file of a frame, and the first of its elements there. */
static const struct frame_file *file_of(const struct cf_frames *frames, uint64_t index, uint64_t *element)
{
    assert(index < frames->count);
    const struct frame_file *file = frames->files;
    uint64_t number = cf_frames_number(frames, index);
    while (number - file->first >= file->count)
        file++;
    *element = (number - file->first) * frame_size(frames);
    return file;
}

struct cf_frame_file cf_frames_file(const struct cf_frames *frames, uint64_t index)
{
    uint64_t element;
    const struct frame_file *file = file_of(frames, index, &element);
    return (struct cf_frame_file){file->path, file->first, file->count};
}

const char *cf_frames_metadata(const struct cf_frames *frames, uint64_t index, const char *key)
{
    uint64_t element;
    const struct frame_file *file = file_of(frames, index, &element);
    return file->safetensors ? cf_safetensors_metadata(file->safetensors, key) : NULL;
}

static bool refuse(const struct frame_file *file, uint64_t element, struct cf_error *err)
{
    char at[128];
    return cf_fail(err, "%s: tensor '%s': element %s is NaN or infinite", file->path,
                   file->safetensors ? file->tensor->name : "array",
                   cf_index_text(file->tensor, element, at, sizeof at));
}

bool cf_frames_features(const struct cf_frames *frames, uint64_t index, double *features, struct cf_error *err)
{
    uint64_t size = frame_size(frames), first;
    const struct frame_file *file = file_of(frames, index, &first);
    if (file->tensor->dtype == CF_BOOL)
        return cf_fail(err, "%s: booleans are no features", file->path);
    uint64_t bad = cf_tensor_find_nonfinite(file->tensor, first, size);
    if (bad == UINT64_MAX)
        cf_tensor_to_f64(file->tensor, first, size, features);
    forget(file, first, size);
    return bad == UINT64_MAX || refuse(file, bad, err);
}

void cf_frames_view(const struct cf_frames *frames, uint64_t index, struct cf_tensor *view)
{
    assert(index < cf_frames_count(frames));
    uint64_t first, count = frame_size(frames);
    const struct frame_file *file = file_of(frames, index, &first);
    size_t element = cf_dtype_size(file->tensor->dtype);
    *view = (struct cf_tensor){.name = file->tensor->name,
                               .dtype = file->tensor->dtype,
                               .rank = 3,
                               .shape = {frames->shape.channels, frames->shape.height, frames->shape.width},
                               .count = count,
                               .size = count * element,
                               .data = file->tensor->data + first * element};
}

void cf_frames_prefetch(const struct cf_frames *frames, uint64_t index)
{
    struct cf_tensor view;
    cf_frames_view(frames, index, &view);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)view.data / page * page;
    /* This is advice to the operating system; it does not matter whether it is taken. */
    (void)madvise((void *)start, (uintptr_t)view.data + view.size - start, MADV_WILLNEED);
}

void cf_frames_release(const struct cf_frames *frames, uint64_t index)
{
    uint64_t first;
    const struct frame_file *file = file_of(frames, index, &first);
    forget(file, first, frame_size(frames));
}

bool cf_frames_refuse(const struct cf_frames *frames, uint64_t index, uint64_t element, struct cf_error *err)
{
    uint64_t first;
    const struct frame_file *file = file_of(frames, index, &first);
    return refuse(file, first + element, err);
}

bool cf_frames_quantise(const struct cf_frames *frames, uint64_t index, const struct cf_quantiser *quantiser,
                        int32_t *input, struct cf_error *err)
{
    struct cf_tensor view;
    cf_frames_view(frames, index, &view);
    enum cf_storage storage = cf_quantiser_storage(quantiser);
    void *values = malloc(view.count * cf_storage_size(storage));
    if (!values)
        return cf_fail(err, "%s: out of memory", frames->files[0].path);
    uint64_t bad = cf_quantise(quantiser, &view, values, 1);
    for (uint64_t i = 0; bad == UINT64_MAX && i < view.count; i++)
        input[i] = (int32_t)cf_storage_get(values, storage, i);
    free(values);
    cf_frames_release(frames, index);
    return bad == UINT64_MAX || cf_frames_refuse(frames, index, bad, err);
}
