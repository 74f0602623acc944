/* checkpoint.c - tells a checkpoint's format from its first bytes, and has one of the readers list its tensors. */
#include "compiler/heads/checkpoint.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/file_kind.h"
#include "base/safetensors.h"
#include "compiler/heads/onnx.h"
#include "compiler/heads/pytorch.h"

static bool safetensors_load(struct cf_checkpoint *checkpoint, size_t index, struct cf_error *err)
{
    (void)checkpoint, (void)index, (void)err;
    return true; /* views of the mapped file from the start */
}

static void safetensors_close(struct cf_checkpoint *checkpoint)
{
    cf_safetensors_close(checkpoint->file);
}

static bool open_safetensors(struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    struct cf_safetensors *file;
    if (!cf_safetensors_open(&file, checkpoint->path, err))
        return false;
    checkpoint->kind = "safetensors";
    checkpoint->file = file;
    checkpoint->load = safetensors_load;
    checkpoint->close = safetensors_close;
    checkpoint->count = cf_safetensors_count(file);
    checkpoint->tensors = cf_arena_alloc(&checkpoint->arena, checkpoint->count, sizeof *checkpoint->tensors);
    if (!checkpoint->tensors)
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    for (size_t i = 0; i < checkpoint->count; i++)
        checkpoint->tensors[i] = *cf_safetensors_at(file, i);
    return true;
}

/* Whether the name says that this is no safetensors file. */
static bool is_named_otherwise(const char *path)
{
    static const char *const endings[] = {".pth", ".pt", ".onnx"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (length >= strlen(endings[i]) && strcmp(path + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

/* The reader for the kind that the first bytes tell. PyTorch's zip form may begin with any entry. A file of no other
 * kind goes to the reader of safetensors, which says what is wrong with it; but not if neither its name nor the first
 * byte of its header is that of a safetensors file. */
static bool open_by_content(struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, checkpoint->path, err))
        return false;
    enum cf_file_kind kind = cf_file_kind(map.data, map.size);
    bool zip = map.size > 0 && map.data[0] == 'P', header = map.size > 8 && map.data[8] == '{';
    cf_map_close(&map);
    if (kind == CF_KIND_ZIP || kind == CF_KIND_NPZ || (kind == CF_KIND_PYTORCH && zip))
        return cf_pytorch_open_zip(checkpoint, err);
    if (kind == CF_KIND_PYTORCH)
        return cf_pytorch_open_legacy(checkpoint, err);
    if (kind == CF_KIND_ONNX)
        return cf_onnx_open(checkpoint, err);
    if (!header && is_named_otherwise(checkpoint->path))
        return cf_fail(err, "%s: is neither a PyTorch checkpoint nor an ONNX model, nor a safetensors file",
                       checkpoint->path);
    return open_safetensors(checkpoint, err);
}

bool cf_checkpoint_open(struct cf_checkpoint *checkpoint, const char *path, struct cf_error *err)
{
    *checkpoint = (struct cf_checkpoint){0};
    checkpoint->path = cf_arena_strdup(&checkpoint->arena, path);
    bool done = checkpoint->path ? open_by_content(checkpoint, err) : cf_fail(err, "%s: out of memory", path);
    if (!done)
        cf_checkpoint_close(checkpoint);
    return done;
}

void cf_checkpoint_close(struct cf_checkpoint *checkpoint)
{
    if (checkpoint->file)
        checkpoint->close(checkpoint);
    cf_arena_free(&checkpoint->arena);
    *checkpoint = (struct cf_checkpoint){0};
}

bool cf_checkpoint_load(struct cf_checkpoint *checkpoint, size_t index, struct cf_error *err)
{
    assert(index < checkpoint->count);
    const struct cf_tensor *tensor = &checkpoint->tensors[index];
    if (!cf_dtype_is_readable(tensor->dtype))
        return cf_fail(err, "%s: tensor '%.100s' is %s, which cannot be read", checkpoint->path, tensor->name,
                       cf_dtype_name(tensor->dtype));
    return tensor->data || checkpoint->load(checkpoint, index, err);
}

size_t cf_checkpoint_find(const struct cf_checkpoint *checkpoint, const char *name)
{
    for (size_t i = 0; i < checkpoint->count; i++)
        if (strcmp(checkpoint->tensors[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

const char *cf_checkpoint_list(const struct cf_checkpoint *checkpoint, char *buffer, size_t size)
{
    assert(size > 8);
    size_t used = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < checkpoint->count; i++) {
        const struct cf_tensor *tensor = &checkpoint->tensors[i];
        char shape[128];
        cf_shape_text(tensor, shape, sizeof shape);
        int length = snprintf(NULL, 0, "%s%s %s", i ? ", " : "", tensor->name, shape);
        size_t reserve = i + 1 < checkpoint->count ? strlen(", ...") : 0;
        if (length < 0 || used + (size_t)length + reserve >= size) {
            strcpy(buffer + used, i ? ", ..." : "..."); /* the entry before has left room for it */
            break;
        }
        used += (size_t)snprintf(buffer + used, size - used, "%s%s %s", i ? ", " : "", tensor->name, shape);
    }
    return buffer;
}
