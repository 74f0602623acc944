/* weights.c - reads a head as one list of numbers, and writes it with some of them set to zero. */
#include "prune/weights.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"
#include "compiler/heads/choose.h"

static bool out_of_memory(const struct cf_prune_weights *w, struct cf_error *err)
{
    return cf_fail(err, "%s: out of memory", w->checkpoint.path);
}

static struct cf_head_layer *layer_of(struct cf_prune_weights *w, const struct cf_prune_tensor *tensor)
{
    return &w->head.layer[tensor->role][tensor->band];
}

static double *values_of(struct cf_prune_weights *w, const struct cf_prune_tensor *tensor)
{
    return tensor->is_bias ? layer_of(w, tensor)->bias : layer_of(w, tensor)->weight;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static void add_tensor(struct cf_prune_weights *w, enum cf_role role, uint32_t band, enum cf_part_kind kind)
{
    size_t index = w->parts.part[role][band].tensor[kind];
    if (index == SIZE_MAX)
        return;
    struct cf_prune_tensor *tensor = &w->tensors[w->tensor_count++];
    *tensor = (struct cf_prune_tensor){.name = w->checkpoint.tensors[index].name,
                                       .role = role,
                                       .band = band,
                                       .is_bias = kind == CF_PART_BIAS,
                                       .is_matrix = kind == CF_PART_WEIGHT && role != CF_ROLE_NORM,
                                       .first = w->count,
                                       .count = (size_t)w->checkpoint.tensors[index].count,
                                       .index = index};
    w->count += tensor->count;
}

static bool list_tensors(struct cf_prune_weights *w, struct cf_error *err)
{
    w->tensors = calloc((size_t)2 * CF_ROLE_COUNT * CF_MAX_BANDS, sizeof *w->tensors);
    if (!w->tensors)
        return out_of_memory(w, err);
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; role != CF_ROLE_SCALE && band < w->parts.bands[role]; band++) {
            add_tensor(w, (enum cf_role)role, band, CF_PART_WEIGHT);
            add_tensor(w, (enum cf_role)role, band, CF_PART_BIAS);
        }
    return true;
}

static bool keep_values(struct cf_prune_weights *w, struct cf_error *err)
{
    w->values = calloc(w->count, sizeof *w->values);
    w->integers = calloc(w->count, sizeof *w->integers);
    w->zero = calloc(w->count, sizeof *w->zero);
    if (!w->values || !w->integers || !w->zero)
        return out_of_memory(w, err);
    for (uint32_t t = 0; t < w->tensor_count; t++) {
        const struct cf_prune_tensor *tensor = &w->tensors[t];
        w->tensors[t].stored = layer_of(w, tensor)->already_quantised;
        memcpy(w->values + tensor->first, values_of(w, tensor), tensor->count * sizeof *w->values);
        if (!tensor->is_bias)
            memcpy(w->integers + tensor->first, layer_of(w, tensor)->quantised, tensor->count * sizeof *w->integers);
    }
    for (size_t i = 0; i < w->count; i++)
        w->zero[i] = w->values[i] == 0;
    w->parameters = w->count;
    for (uint32_t band = 0; band < w->head.bands[CF_ROLE_SCALE]; band++)
        w->parameters += w->head.layer[CF_ROLE_SCALE][band].outputs;
    for (uint32_t band = 0; band < w->head.bands[CF_ROLE_SCALE]; band++)
        for (uint32_t i = 0; i < w->head.layer[CF_ROLE_SCALE][band].outputs; i++)
            w->kept += w->head.layer[CF_ROLE_SCALE][band].weight[i] != 0;
    return true;
}

bool cf_prune_weights_read(struct cf_prune_weights *w, const char *path, const struct cf_head_options *options,
                           struct cf_error *err)
{
    *w = (struct cf_prune_weights){0};
    return cf_head_load(&w->head, path, options, err) && cf_checkpoint_open(&w->checkpoint, path, err) &&
           cf_parts_find(&w->parts, &w->checkpoint, options->map, options->transposed, err) &&
           cf_choose_classifier(&w->parts, &w->checkpoint, options->weight, options->bias, options->no_bias, err) &&
           list_tensors(w, err) && keep_values(w, err);
}

void cf_prune_weights_free(struct cf_prune_weights *w)
{
    free(w->tensors);
    free(w->values);
    free(w->integers);
    free(w->zero);
    cf_checkpoint_close(&w->checkpoint);
    cf_head_free(&w->head);
    *w = (struct cf_prune_weights){0};
}

/* ---- masks ----------------------------------------------------------------------------------------------------- */

/* Layers that are integers as stored keep them, whatever becomes of the others; floats are quantised anew, since a row
 * without its largest weight has another scale. */
static void quantise(struct cf_prune_weights *w, const struct cf_prune_tensor *tensor, const uint8_t *mask)
{
    struct cf_head_layer *layer = layer_of(w, tensor);
    if (!tensor->stored) {
        cf_head_layer_quantise(layer, w->head.weight_bits);
        return;
    }
    for (size_t i = 0; i < tensor->count; i++)
        layer->quantised[i] = mask[tensor->first + i] ? 0 : w->integers[tensor->first + i];
}

void cf_prune_weights_apply(struct cf_prune_weights *w, const uint8_t *mask)
{
    for (uint32_t t = 0; t < w->tensor_count; t++) {
        const struct cf_prune_tensor *tensor = &w->tensors[t];
        double *values = values_of(w, tensor);
        for (size_t i = 0; i < tensor->count; i++) {
            assert(mask[tensor->first + i] || !w->zero[tensor->first + i]);
            values[i] = mask[tensor->first + i] ? 0 : w->values[tensor->first + i];
        }
        if (!tensor->is_bias)
            quantise(w, tensor, mask);
    }
}

uint64_t cf_prune_weights_nonzero(const struct cf_prune_weights *w, const uint8_t *mask)
{
    uint64_t nonzero = w->kept;
    for (size_t i = 0; i < w->count; i++)
        nonzero += !mask[i];
    return nonzero;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

/* Whether a tensor is part of the head. */
static bool has_role(const struct cf_prune_weights *w, size_t index)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; band < w->parts.bands[role]; band++)
            for (int kind = 0; kind < CF_PART_KINDS; kind++)
                if (w->parts.part[role][band].tensor[kind] == index)
                    return true;
    return false;
}

/* The element of a tensor's file that is number `i` of its layer. */
static size_t place_of(const struct cf_prune_weights *w, const struct cf_prune_tensor *tensor, size_t i)
{
    if (!tensor->is_matrix || !w->parts.transposed)
        return i;
    const struct cf_head_layer *layer = &w->head.layer[tensor->role][tensor->band];
    return i % layer->inputs * layer->outputs + i / layer->inputs;
}

/* The tensor's bytes with zeros where the mask has them: all bits 0 are the number 0 in every type. */
static void mask_bytes(const struct cf_prune_weights *w, const uint8_t *mask, size_t index, uint8_t *bytes)
{
    const struct cf_tensor *source = &w->checkpoint.tensors[index];
    size_t size = cf_dtype_size(source->dtype);
    memcpy(bytes, source->data, source->size);
    for (uint32_t t = 0; t < w->tensor_count; t++) {
        const struct cf_prune_tensor *tensor = &w->tensors[t];
        for (size_t i = 0; tensor->index == index && i < tensor->count; i++)
            if (mask[tensor->first + i])
                memset(bytes + place_of(w, tensor, i) * size, 0, size);
    }
}

static bool write_tensor(struct cf_prune_weights *w, const uint8_t *mask, size_t index, size_t id,
                         struct cf_safetensors_writer *writer, struct cf_error *err)
{
    const struct cf_tensor *source = &w->checkpoint.tensors[index];
    uint8_t *bytes = malloc(source->size ? source->size : 1);
    if (!bytes)
        return out_of_memory(w, err);
    mask_bytes(w, mask, index, bytes);
    bool done = cf_safetensors_write(writer, id, 0, bytes, source->size, err);
    free(bytes);
    return done;
}

/* Declares the head's tensors, the wide types first so that each is aligned; ids [count of the checkpoint]. */
static bool declare(struct cf_prune_weights *w, struct cf_safetensors_writer *writer, size_t *ids, struct cf_error *err)
{
    bool done = true;
    for (size_t size = 8; done && size > 0; size /= 2)
        for (size_t i = 0; done && i < w->checkpoint.count; i++) {
            const struct cf_tensor *tensor = &w->checkpoint.tensors[i];
            if (!has_role(w, i) || cf_dtype_size(tensor->dtype) != size)
                continue;
            done = cf_checkpoint_load(&w->checkpoint, i, err) &&
                   cf_safetensors_add(writer, tensor->name, tensor->dtype, tensor->rank, tensor->shape, &ids[i], err);
        }
    return done;
}

bool cf_prune_weights_write(struct cf_prune_weights *w, const uint8_t *mask, const char *path, struct cf_error *err)
{
    struct cf_safetensors_writer *writer;
    size_t *ids = calloc(w->checkpoint.count, sizeof *ids);
    if (!ids)
        return out_of_memory(w, err);
    bool done = cf_safetensors_create(&writer, path, err);
    if (done) {
        done = cf_safetensors_add_metadata(writer, "pruned.from", w->head.sha256, err) &&
               declare(w, writer, ids, err) && cf_safetensors_begin(writer, err);
        for (size_t i = 0; done && i < w->checkpoint.count; i++)
            done = !has_role(w, i) || write_tensor(w, mask, i, ids[i], writer, err);
        done = done && cf_safetensors_commit(&writer, err);
        cf_safetensors_abort(&writer);
    }
    free(ids);
    return done;
}
