/* head.c - finds the two tensors of a head in a safetensors file, reads them and quantises the weights. */
#include "compiler/head.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/safetensors.h"
#include "netlists/quantise.h"

/* The only tensor that `fits`; an error when there is none or more than one. */
static const struct cf_tensor *choose(const struct cf_safetensors *file, const char *name, const char *option, int rank,
                                      uint64_t size, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    const char *wanted = rank == 2 ? "[classes, channels]" : "[classes]";
    if (name) {
        const struct cf_tensor *tensor = cf_safetensors_find(file, name);
        char shape[128];
        if (!tensor)
            cf_fail(err, "%s: there is no tensor '%s' (%s)", path, name, option);
        else if (tensor->rank != rank || (size && tensor->shape[0] != size))
            tensor = (cf_fail(err, "%s: tensor '%s' (%s) is %s, not %s", path, name, option,
                              cf_shape_text(tensor, shape, sizeof shape), wanted),
                      NULL);
        return tensor;
    }
    const struct cf_tensor *found = NULL;
    for (size_t i = 0; i < cf_safetensors_count(file); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        if (tensor->rank != rank || (size && tensor->shape[0] != size))
            continue;
        if (found) {
            cf_fail(err, "%s: both '%s' and '%s' could be the %s tensor; choose with %s NAME", path, found->name,
                    tensor->name, wanted, option);
            return NULL;
        }
        found = tensor;
    }
    if (!found && size)
        cf_fail(err, "%s: no tensor of shape [%" PRIu64 "] for the biases", path, size);
    else if (!found)
        cf_fail(err, "%s: no tensor of shape %s for the weights", path, wanted);
    return found;
}

static bool read_finite(const struct cf_safetensors *file, const struct cf_tensor *tensor, struct cf_arena *arena,
                        double **values, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    if (tensor->dtype == CF_BOOL)
        return cf_fail(err, "%s: tensor '%s' is BOOL; a head has numbers", path, tensor->name);
    uint64_t bad = cf_tensor_find_nonfinite(tensor, 0, tensor->count);
    if (bad != UINT64_MAX) {
        char at[128];
        return cf_fail(err, "%s: tensor '%s': element %s is NaN or infinite", path, tensor->name,
                       cf_index_text(tensor, bad, at, sizeof at));
    }
    *values = cf_arena_alloc(arena, tensor->count, sizeof **values);
    if (!*values)
        return cf_fail(err, "%s: out of memory", path);
    cf_tensor_to_f64(tensor, 0, tensor->count, *values);
    return true;
}

static void quantise(struct cf_head *head)
{
    size_t count = (size_t)head->classes * head->channels;
    head->integer = head->already_quantised = true;
    for (size_t i = 0; i < count && head->integer; i++) {
        head->integer = head->weight[i] == rint(head->weight[i]);
        head->already_quantised = head->already_quantised && head->integer && fabs(head->weight[i]) <= 127;
    }
    for (uint32_t c = 0; c < head->classes; c++) {
        const double *row = head->weight + (size_t)c * head->channels;
        double largest = 0;
        for (uint32_t d = 0; d < head->channels; d++)
            largest = fmax(largest, fabs(row[d]));
        /* A row whose largest weight is below 127 times the least double has no scale; it rounds to zeros. */
        double scale = head->already_quantised ? 1.0 : largest / 127;
        head->scale[c] = scale > 0 ? scale : 1.0;
        for (uint32_t d = 0; d < head->channels; d++)
            head->quantised[(size_t)c * head->channels + d] = (int8_t)cf_quantised(row[d], head->scale[c], -127, 127);
    }
}

static bool read_head(struct cf_head *head, const struct cf_safetensors *file, const char *weight_name,
                      const char *bias_name, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    const struct cf_tensor *weight = choose(file, weight_name, "--weight", 2, 0, err);
    if (!weight)
        return false;
    if (weight->shape[0] == 0 || weight->shape[1] == 0 || weight->count > INT32_MAX) {
        char shape[128];
        return cf_fail(err,
                       "%s: tensor '%s' is %s: a head has at least one class and one channel, and at most "
                       "2^31 - 1 weights",
                       path, weight->name, cf_shape_text(weight, shape, sizeof shape));
    }
    const struct cf_tensor *bias = choose(file, bias_name, "--bias", 1, weight->shape[0], err);
    if (!bias || !read_finite(file, weight, &head->arena, &head->weight, err) ||
        !read_finite(file, bias, &head->arena, &head->bias, err))
        return false;
    head->classes = (uint32_t)weight->shape[0];
    head->channels = (uint32_t)weight->shape[1];
    head->label = cf_arena_strdup(&head->arena, path);
    head->quantised = cf_arena_alloc(&head->arena, weight->count, sizeof *head->quantised);
    head->scale = cf_arena_alloc(&head->arena, head->classes, sizeof *head->scale);
    if (!head->label || !head->quantised || !head->scale)
        return cf_fail(err, "%s: out of memory", path);
    quantise(head);
    return true;
}

bool cf_head_load(struct cf_head *head, const char *path, const char *weight_name, const char *bias_name,
                  struct cf_error *err)
{
    *head = (struct cf_head){0};
    struct cf_safetensors *file;
    if (!cf_safetensors_open(&file, path, err))
        return false;
    bool done = read_head(head, file, weight_name, bias_name, err) && cf_sha256_file(path, head->sha256, err);
    cf_safetensors_close(file);
    if (!done)
        cf_head_free(head);
    return done;
}

void cf_head_free(struct cf_head *head)
{
    cf_arena_free(&head->arena);
    *head = (struct cf_head){0};
}
