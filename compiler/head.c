/* head.c - finds the two tensors of a head in a safetensors file, reads them and quantises the weights. */
#include "compiler/head.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/safetensors.h"
#include "netlists/quantise.h"
#include "netlists/store.h"

/* A tensor that may be a head's weights: [C, D], or with dimensions of 1 behind, as a 1 x 1 convolution has them. */
static bool is_matrix(const struct cf_tensor *tensor)
{
    for (int i = 2; i < tensor->rank; i++)
        if (tensor->shape[i] != 1)
            return false;
    return tensor->rank >= 2;
}

static bool may_be_weight(const struct cf_tensor *tensor)
{
    return is_matrix(tensor) && tensor->count > 0 && cf_dtype_is_readable(tensor->dtype);
}

static bool may_be_bias(const struct cf_tensor *tensor, uint64_t classes)
{
    return tensor->rank == 1 && tensor->shape[0] == classes && cf_dtype_is_readable(tensor->dtype);
}

/* "a [80, 768], b [80], ...", as far as the buffer goes. */
static const char *list_tensors(const struct cf_safetensors *file, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < cf_safetensors_count(file); i++) {
        char shape[128];
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        size_t room = size - used;
        int length = snprintf(text + used, room, "%s%.100s %s", used ? ", " : "", tensor->name,
                              cf_shape_text(tensor, shape, sizeof shape));
        if (length < 0 || (size_t)length + sizeof ", ..." > room) {
            snprintf(text + used, room, "%s...", used ? ", " : "");
            break;
        }
        used += (size_t)length;
    }
    return text;
}

static const struct cf_tensor *find_named(const struct cf_safetensors *file, const char *name, struct cf_error *err)
{
    char list[320];
    const struct cf_tensor *tensor = cf_safetensors_find(file, name);
    if (!tensor)
        cf_fail(err, "%s: there is no tensor '%.100s'; there are: %s", cf_safetensors_path(file), name,
                list_tensors(file, list, sizeof list));
    return tensor;
}

/* The tensor that is called as the weights are, with "bias" for "weight" at the end of the name; or NULL. */
static const struct cf_tensor *bias_by_name(const struct cf_safetensors *file, const struct cf_tensor *weight)
{
    static const char weight_word[] = "weight";
    char name[256];
    size_t length = strlen(weight->name), word = sizeof weight_word - 1;
    if (length < word || length >= sizeof name || strcmp(weight->name + length - word, weight_word) != 0)
        return NULL;
    snprintf(name, sizeof name, "%.*sbias", (int)(length - word), weight->name);
    const struct cf_tensor *bias = cf_safetensors_find(file, name);
    return bias && may_be_bias(bias, weight->shape[0]) ? bias : NULL;
}

/* How many tensors may be the biases of these weights; `*found` becomes one, `*other` another. */
static size_t count_biases(const struct cf_safetensors *file, const struct cf_tensor *weight,
                           const struct cf_tensor **found, const struct cf_tensor **other)
{
    size_t count = 0;
    *found = *other = bias_by_name(file, weight);
    if (*found)
        return 1;
    for (size_t i = 0; i < cf_safetensors_count(file); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        if (!may_be_bias(tensor, weight->shape[0]))
            continue;
        *found = count++ ? *found : tensor;
        *other = tensor;
    }
    return count;
}

/* The weights: those that are named, or the only ones that a tensor of biases fits. */
static const struct cf_tensor *choose_weight(const struct cf_safetensors *file, const char *name, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    const struct cf_tensor *found = NULL, *alone = NULL, *bias, *other;
    char shape[128];
    if (name) {
        found = find_named(file, name, err);
        if (found && !is_matrix(found)) {
            cf_fail(err, "%s: tensor '%s' is %s; weights are [classes, channels]", path, name,
                    cf_shape_text(found, shape, sizeof shape));
            return NULL;
        }
        return found;
    }
    for (size_t i = 0; i < cf_safetensors_count(file); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        if (!may_be_weight(tensor))
            continue;
        alone = tensor;
        if (count_biases(file, tensor, &bias, &other) == 0)
            continue;
        if (found) {
            cf_fail(err, "%s: both '%s' and '%s' could be the weights [classes, channels]: one must be named", path,
                    found->name, tensor->name);
            return NULL;
        }
        found = tensor;
    }
    if (!found && alone)
        cf_fail(err, "%s: no tensor of shape [%" PRIu64 "] for the biases of '%s'", path, alone->shape[0], alone->name);
    else if (!found)
        cf_fail(err, "%s: no tensor of shape [classes, channels] for the weights", path);
    return found;
}

static const struct cf_tensor *choose_bias(const struct cf_safetensors *file, const struct cf_tensor *weight,
                                           const char *name, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    const struct cf_tensor *found, *other;
    char shape[128];
    if (name) {
        found = find_named(file, name, err);
        if (found && (found->rank != 1 || found->shape[0] != weight->shape[0])) {
            cf_fail(err, "%s: tensor '%s' is %s; biases are [%" PRIu64 "], one for each class of '%s'", path, name,
                    cf_shape_text(found, shape, sizeof shape), weight->shape[0], weight->name);
            return NULL;
        }
        return found;
    }
    size_t count = count_biases(file, weight, &found, &other);
    if (count == 0)
        cf_fail(err, "%s: no tensor of shape [%" PRIu64 "] for the biases of '%s'", path, weight->shape[0],
                weight->name);
    else if (count > 1)
        cf_fail(err, "%s: both '%s' and '%s' could be the biases of '%s': one must be named", path, found->name,
                other->name, weight->name);
    return count == 1 ? found : NULL;
}

static bool read_finite(const struct cf_safetensors *file, const struct cf_tensor *tensor, struct cf_arena *arena,
                        double **values, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    if (tensor->dtype == CF_BOOL)
        return cf_fail(err, "%s: tensor '%s' is BOOL; a head has numbers", path, tensor->name);
    if (!cf_dtype_is_readable(tensor->dtype))
        return cf_fail(err, "%s: tensor '%s' is %s, which cannot be read", path, tensor->name,
                       cf_dtype_name(tensor->dtype));
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
        double scale = head->already_quantised ? 1.0 : largest / 127;
        head->too_small += largest > 0 && scale == 0; /* with scale 1 such weights round to zeros */
        head->scale[c] = scale > 0 ? scale : 1.0;
        for (uint32_t d = 0; d < head->channels; d++)
            head->quantised[(size_t)c * head->channels + d] = (int8_t)cf_quantised(row[d], head->scale[c], -127, 127);
    }
}

static bool read_head(struct cf_head *head, const struct cf_safetensors *file, const char *weight_name,
                      const char *bias_name, struct cf_error *err)
{
    const char *path = cf_safetensors_path(file);
    const struct cf_tensor *weight = choose_weight(file, weight_name, err);
    if (!weight)
        return false;
    if (weight->shape[0] == 0 || weight->shape[1] == 0 || weight->count > INT32_MAX) {
        char shape[128];
        return cf_fail(err,
                       "%s: tensor '%s' is %s: a head has at least one class and one channel, and at most "
                       "2^31 - 1 weights",
                       path, weight->name, cf_shape_text(weight, shape, sizeof shape));
    }
    const struct cf_tensor *bias = choose_bias(file, weight, bias_name, err);
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
    bool done = (!cf_is_netlist(file) || cf_fail(err, "%s: a netlist, where a head is wanted", path)) &&
                read_head(head, file, weight_name, bias_name, err) && cf_sha256_file(path, head->sha256, err);
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
