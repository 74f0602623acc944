/* checkpoint.h - the named tensors of a trained model's file, whatever tool wrote it.
 *
 * Formats, told from the first bytes: safetensors; PyTorch's zip form (torch.save since 1.6) and its older form;
 * ONNX. A file is listed first and read tensor by tensor, so that a head may stand in a checkpoint of gigabytes.
 */
#ifndef COFIBER_COMPILER_HEADS_CHECKPOINT_H
#define COFIBER_COMPILER_HEADS_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/tensor.h"

struct cf_checkpoint {
    struct cf_arena arena; /* holds names, tensors and the data that cf_checkpoint_load reads */
    const char *path;
    const char *kind;          /* "safetensors", "PyTorch", "ONNX" */
    struct cf_tensor *tensors; /* [count]; `data` is NULL until the tensor is loaded; an empty tensor has count 0 */
    size_t count;
    /* Reads the data of one tensor into the arena, row-major. */
    bool (*load)(struct cf_checkpoint *checkpoint, size_t index, struct cf_error *err);
    void (*close)(struct cf_checkpoint *checkpoint);
    void *file; /* what the format's reader keeps */
};

/* Opens and lists a file. Errors name the file and, where one is known, the tensor. */
bool cf_checkpoint_open(struct cf_checkpoint *checkpoint, const char *path, struct cf_error *err);
void cf_checkpoint_close(struct cf_checkpoint *checkpoint); /* an all-zero struct is fine */

/* The tensor's data as a view that lives as long as the checkpoint. Errors: damaged data, memory. */
bool cf_checkpoint_load(struct cf_checkpoint *checkpoint, size_t index, struct cf_error *err);

/* The index of the tensor of that name, or SIZE_MAX. */
size_t cf_checkpoint_find(const struct cf_checkpoint *checkpoint, const char *name);

/* The checkpoint's tensors in words, for messages: "cls_weight [80, 768], cls_bias [80]", and "..." where the buffer
 * ends. */
const char *cf_checkpoint_list(const struct cf_checkpoint *checkpoint, char *buffer, size_t size);

#endif
