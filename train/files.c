/* files.c - writes trained heads, and writes and reads checkpoints. */
#include "train/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"

/* ---- heads ------------------------------------------------------------------------------------------------------- */

static bool add_metadata(struct cf_safetensors_writer *writer, const struct cf_metadata *metadata, size_t entries,
                         struct cf_error *err)
{
    bool done = true;
    for (size_t i = 0; done && i < entries; i++)
        done = cf_safetensors_add_metadata(writer, metadata[i].key, metadata[i].value, err);
    return done;
}

/* Declares the tensors in order; their ids are then 0, 1, ... */
static bool declare(struct cf_safetensors_writer *writer, const struct cf_model *model, struct cf_error *err)
{
    struct cf_model_tensor tensor;
    bool done = true;
    for (size_t i = 0, id; done && cf_model_tensor(model, i, &tensor); i++)
        done = cf_safetensors_add(writer, tensor.name, CF_F32, tensor.rank, tensor.shape, &id, err);
    return done && cf_safetensors_begin(writer, err);
}

bool cf_trained_head_write(const char *path, const struct cf_model *model, const float *parameters,
                           const struct cf_metadata *metadata, size_t entries, struct cf_error *err)
{
    struct cf_safetensors_writer *writer;
    struct cf_model_tensor tensor;
    if (!cf_safetensors_create(&writer, path, err))
        return false;
    bool done = add_metadata(writer, metadata, entries, err) && declare(writer, model, err);
    for (size_t i = 0; done && cf_model_tensor(model, i, &tensor); i++)
        done = cf_safetensors_write(writer, i, 0, parameters + tensor.at, tensor.count * sizeof *parameters, err);
    if (done)
        return cf_safetensors_commit(&writer, err);
    cf_safetensors_abort(&writer);
    return false;
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------- */

enum { RECORD_NUMBERS = sizeof(struct cf_step_record) / sizeof(double), STATE_TENSORS = 5 };

/* A tensor of a checkpoint, and where it is in memory. */
struct part {
    const char *name;
    enum cf_dtype dtype;
    void *data; /* NULL: the run has none */
    uint64_t count;
};

static void list_parts(const struct cf_trainer *t, uint64_t step, struct part parts[STATE_TENSORS])
{
    const struct cf_training_state *state = &t->state;
    parts[0] = (struct part){"records", CF_F64, state->records, step * RECORD_NUMBERS};
    parts[1] = (struct part){"parameters", CF_F32, state->parameters, t->model.count};
    parts[2] = (struct part){"mean", CF_F32, state->mean, t->model.count};
    parts[3] = (struct part){"square", CF_F32, state->square, t->model.count};
    parts[4] = (struct part){"average", CF_F32, state->average, t->model.count};
}

bool cf_checkpoint_save(const char *path, const struct cf_trainer *t, const char *run, struct cf_error *err)
{
    struct cf_safetensors_writer *writer;
    struct part parts[STATE_TENSORS];
    size_t ids[STATE_TENSORS];
    char step[32];
    snprintf(step, sizeof step, "%" PRIu64, t->state.step);
    const struct cf_metadata metadata[] = {{"cofiber_training", run}, {"step", step}};
    list_parts(t, t->state.step, parts);
    if (!cf_safetensors_create(&writer, path, err))
        return false;
    bool done = add_metadata(writer, metadata, 2, err);
    for (int i = 0; done && i < STATE_TENSORS; i++)
        done = !parts[i].data ||
               cf_safetensors_add(writer, parts[i].name, parts[i].dtype, 1, &parts[i].count, &ids[i], err);
    done = done && cf_safetensors_begin(writer, err);
    for (int i = 0; done && i < STATE_TENSORS; i++)
        done = !parts[i].data || cf_safetensors_write(writer, ids[i], 0, parts[i].data,
                                                      parts[i].count * cf_dtype_size(parts[i].dtype), err);
    if (done)
        return cf_safetensors_commit(&writer, err);
    cf_safetensors_abort(&writer);
    return false;
}

/* The number of finished steps, at most those of the run. */
static bool read_step(const struct cf_safetensors *file, uint64_t steps, uint64_t *step, struct cf_error *err)
{
    const char *text = cf_safetensors_metadata(file, "step");
    char *end;
    errno = 0;
    *step = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : UINT64_MAX;
    return (*step <= steps && errno == 0 && *end == '\0') ||
           cf_fail(err, "%s: metadata 'step' is no number of steps up to %" PRIu64, cf_safetensors_path(file), steps);
}

static bool read_part(const struct cf_safetensors *file, const struct part *part, struct cf_error *err)
{
    if (!part->data)
        return true;
    const struct cf_tensor *tensor = cf_safetensors_find(file, part->name);
    const char *path = cf_safetensors_path(file);
    if (!tensor || tensor->dtype != part->dtype || tensor->count != part->count)
        return cf_fail(err, "%s: has no tensor '%s' of %" PRIu64 " numbers of type %s", path, part->name, part->count,
                       cf_dtype_name(part->dtype));
    uint64_t bad = cf_tensor_find_nonfinite(tensor, 0, tensor->count);
    if (bad != UINT64_MAX)
        return cf_fail(err, "%s: tensor '%s': element %" PRIu64 " is NaN or infinite", path, part->name, bad);
    if (tensor->size)
        memcpy(part->data, tensor->data, (size_t)tensor->size);
    return true;
}

static bool take_up(const struct cf_safetensors *file, struct cf_trainer *t, const char *run, struct cf_error *err)
{
    const char *of = cf_safetensors_metadata(file, "cofiber_training"), *path = cf_safetensors_path(file);
    struct part parts[STATE_TENSORS];
    uint64_t step;
    if (!of)
        return cf_fail(err, "%s: is no checkpoint of a training run", path);
    if (strcmp(of, run) != 0)
        return cf_fail(err, "%s: was left by a run with other options, annotations or frames; remove it to start anew",
                       path);
    bool done = read_step(file, t->steps, &step, err);
    if (done)
        list_parts(t, step, parts);
    for (int i = 0; done && i < STATE_TENSORS; i++)
        done = read_part(file, &parts[i], err);
    if (done)
        t->state.step = step;
    return done;
}

bool cf_checkpoint_resume(const char *path, struct cf_trainer *t, const char *run, struct cf_error *err)
{
    struct cf_safetensors *file;
    if (!cf_safetensors_open(&file, path, err))
        return false;
    bool done = take_up(file, t, run, err);
    cf_safetensors_close(file);
    return done;
}
