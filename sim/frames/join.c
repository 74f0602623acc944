/* join.c - concatenates traces. */
#include "sim/frames/join.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"

struct joining {
    struct cf_safetensors **files;
    int count;
    struct cf_safetensors_writer *writer;
};

static bool same_metadata(const struct cf_safetensors *first, const struct cf_safetensors *other, struct cf_error *err)
{
    const char *key[2], *value[2];
    for (size_t i = 0;; i++) {
        bool more = cf_safetensors_metadata_at(first, i, &key[0], &value[0]);
        if (more != cf_safetensors_metadata_at(other, i, &key[1], &value[1]) ||
            (more && (strcmp(key[0], key[1]) != 0 || strcmp(value[0], value[1]) != 0)))
            return cf_fail(err, "%s: has other metadata than %s", cf_safetensors_path(other),
                           cf_safetensors_path(first));
        if (!more)
            return true;
    }
}

/* The tensors of a part are those of the first part but for the number of frames, which all of them share. */
static bool check_part(const struct joining *j, const struct cf_safetensors *part, struct cf_error *err)
{
    const char *path = cf_safetensors_path(part);
    size_t count = cf_safetensors_count(j->files[0]);
    if (cf_safetensors_count(part) != count)
        return cf_fail(err, "%s: has %zu tensors, and %s has %zu", path, cf_safetensors_count(part),
                       cf_safetensors_path(j->files[0]), count);
    for (size_t i = 0; i < count; i++) {
        const struct cf_tensor *one = cf_safetensors_at(part, i), *first = cf_safetensors_at(j->files[0], i);
        if (!cf_dtype_is_readable(one->dtype) || one->rank < 1)
            return cf_fail(err, "%s: tensor '%s' is not the result of a simulation", path, one->name);
        if (strcmp(one->name, first->name) != 0 || one->dtype != first->dtype || one->rank != first->rank ||
            memcmp(one->shape + 1, first->shape + 1, (size_t)(one->rank - 1) * sizeof *one->shape) != 0)
            return cf_fail(err, "%s: tensor '%s' differs from tensor '%s' of %s by more than the number of frames",
                           path, one->name, first->name, cf_safetensors_path(j->files[0]));
        if (one->shape[0] != cf_safetensors_at(part, 0)->shape[0])
            return cf_fail(err, "%s: tensor '%s' is of %" PRIu64 " frames, and tensor '%s' of %" PRIu64, path,
                           one->name, one->shape[0], cf_safetensors_at(part, 0)->name,
                           cf_safetensors_at(part, 0)->shape[0]);
    }
    return same_metadata(j->files[0], part, err);
}

static bool declare(const struct joining *j, struct cf_error *err)
{
    const char *key, *value;
    for (size_t i = 0; cf_safetensors_metadata_at(j->files[0], i, &key, &value); i++)
        if (!cf_safetensors_add_metadata(j->writer, key, value, err))
            return false;
    for (size_t i = 0, id; i < cf_safetensors_count(j->files[0]); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(j->files[0], i);
        uint64_t shape[CF_MAX_RANK];
        memcpy(shape, tensor->shape, sizeof shape);
        for (int p = 1; p < j->count; p++)
            shape[0] += cf_safetensors_at(j->files[p], i)->shape[0]; /* each file has fewer than 2^63 bytes */
        if (!cf_safetensors_add(j->writer, tensor->name, tensor->dtype, tensor->rank, shape, &id, err))
            return false;
    }
    return cf_safetensors_begin(j->writer, err);
}

static bool copy(const struct joining *j, struct cf_error *err)
{
    for (size_t i = 0; i < cf_safetensors_count(j->files[0]); i++) {
        uint64_t at = 0;
        for (int p = 0; p < j->count; p++) {
            const struct cf_tensor *tensor = cf_safetensors_at(j->files[p], i);
            if (tensor->size && !cf_safetensors_write(j->writer, i, at, tensor->data, (size_t)tensor->size, err))
                return false;
            cf_safetensors_forget(j->files[p], tensor, 0, tensor->size);
            at += tensor->size;
        }
    }
    return true;
}

bool cf_traces_join(const char *path, char *const *parts, int count, struct cf_error *err)
{
    struct joining j = {.files = calloc((size_t)count, sizeof *j.files), .count = count};
    bool done = j.files || cf_fail(err, "%s: out of memory", path);
    for (int p = 0; done && p < count; p++)
        done = cf_safetensors_open(&j.files[p], parts[p], err) && check_part(&j, j.files[p], err);
    done = done && cf_safetensors_create(&j.writer, path, err) && declare(&j, err) && copy(&j, err) &&
           cf_safetensors_commit(&j.writer, err);
    cf_safetensors_abort(&j.writer);
    for (int p = 0; j.files && p < count; p++)
        cf_safetensors_close(j.files[p]);
    free(j.files);
    return done;
}
