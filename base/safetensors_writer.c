/* safetensors_writer.c - writes a safetensors file: collects declarations, writes the header, then data in any order.
 */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/json_strict.h"
#include "base/safetensors.h"
#include "base/text.h"

enum { LENGTH_BYTES = 8 };

struct declared {
    char *name;
    enum cf_dtype dtype;
    int rank;
    uint64_t shape[CF_MAX_RANK];
    uint64_t begin, size; /* in the data */
};

struct pair {
    char *key, *value;
};

struct cf_safetensors_writer {
    struct cf_out *out;
    char *path;
    struct declared *tensors;
    size_t count, capacity;
    struct pair *metadata;
    size_t metadata_count, metadata_capacity;
    void *names, *keys;  /* search trees (tsearch) of the strings above, to find duplicates */
    uint64_t data_start; /* 0 until the header is written */
    uint64_t data_size;
};

static int compare_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void leave_text(void *text)
{
    (void)text; /* the trees do not own their strings */
}

/* Enters a copy of `text`; NULL with a message when it cannot be written or is there already. */
static char *enter_text(const struct cf_safetensors_writer *writer, void **tree, const char *what, const char *text,
                        struct cf_error *err)
{
    size_t at;
    if (!cf_utf8_check((const uint8_t *)text, strlen(text), &at)) {
        cf_fail(err, "%s: %s '%.100s' is not valid UTF-8", writer->path, what, text);
        return NULL;
    }
    char *copy = strdup(text);
    char **entry = copy ? tsearch(copy, tree, compare_text) : NULL;
    if (entry && *entry == copy)
        return copy;
    if (entry)
        cf_fail(err, "%s: duplicate %s '%.100s'", writer->path, what, text);
    else
        cf_fail(err, "%s: out of memory", writer->path);
    free(copy);
    return NULL;
}

/* ---- declaring ---- */

bool cf_safetensors_create(struct cf_safetensors_writer **result, const char *path, struct cf_error *err)
{
    *result = NULL;
    struct cf_safetensors_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return cf_fail(err, "%s: out of memory", path);
    writer->path = strdup(path);
    bool done = writer->path ? cf_out_open(&writer->out, path, err) : cf_fail(err, "%s: out of memory", path);
    if (done)
        *result = writer;
    else
        cf_safetensors_abort(&writer);
    return done;
}

static bool open_for_declarations(const struct cf_safetensors_writer *writer, const char *name, struct cf_error *err)
{
    return !writer->data_start ||
           cf_fail(err, "%s: '%.100s' is declared after the header was written", writer->path, name);
}

bool cf_safetensors_add_metadata(struct cf_safetensors_writer *writer, const char *key, const char *value,
                                 struct cf_error *err)
{
    size_t at;
    if (!open_for_declarations(writer, key, err))
        return false;
    if (!cf_utf8_check((const uint8_t *)value, strlen(value), &at))
        return cf_fail(err, "%s: the value of metadata key '%.100s' is not valid UTF-8", writer->path, key);
    if (!cf_array_reserve(&writer->metadata, &writer->metadata_capacity, writer->metadata_count + 1,
                          sizeof *writer->metadata))
        return cf_fail(err, "%s: out of memory", writer->path);
    char *copy = strdup(value);
    if (!copy)
        return cf_fail(err, "%s: out of memory", writer->path);
    char *key_copy = enter_text(writer, &writer->keys, "metadata key", key, err);
    if (!key_copy) {
        free(copy);
        return false;
    }
    writer->metadata[writer->metadata_count++] = (struct pair){key_copy, copy};
    return true;
}

static bool measure(const struct cf_safetensors_writer *writer, const char *name, struct declared *tensor,
                    struct cf_error *err)
{
    const uint64_t limit = (uint64_t)1 << 53; /* offsets must be exact as doubles too */
    uint64_t count = 1, size = 0;
    bool fits = true;
    for (int i = 0; i < tensor->rank; i++)
        fits = fits && tensor->shape[i] <= limit && cf_mul_u64(count, tensor->shape[i], &count);
    if (!fits || !cf_dtype_bytes(tensor->dtype, count, &size) || size > limit || writer->data_size > limit - size)
        return cf_fail(err, "%s: tensor '%.100s': too large for the format", writer->path, name);
    tensor->size = size;
    tensor->begin = writer->data_size;
    return true;
}

bool cf_safetensors_add(struct cf_safetensors_writer *writer, const char *name, enum cf_dtype dtype, int rank,
                        const uint64_t *shape, size_t *id, struct cf_error *err)
{
    if (!open_for_declarations(writer, name, err))
        return false;
    if (strcmp(name, "__metadata__") == 0)
        return cf_fail(err, "%s: a tensor cannot have the name '%s'", writer->path, name);
    if (rank < 0 || rank > CF_MAX_RANK)
        return cf_fail(err, "%s: tensor '%.100s': rank %d is not in 0 to %d", writer->path, name, rank, CF_MAX_RANK);
    struct declared tensor = {.dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; i++)
        tensor.shape[i] = shape[i];
    if (!measure(writer, name, &tensor, err))
        return false;
    if (!cf_array_reserve(&writer->tensors, &writer->capacity, writer->count + 1, sizeof tensor))
        return cf_fail(err, "%s: out of memory", writer->path);
    tensor.name = enter_text(writer, &writer->names, "tensor name", name, err);
    if (!tensor.name)
        return false;
    writer->data_size += tensor.size;
    *id = writer->count;
    writer->tensors[writer->count++] = tensor;
    return true;
}

/* ---- the header ---- */

static void print_string(struct cf_text *text, const char *string)
{
    cf_text_put(text, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)string; *p; p++) {
        if (*p == '"' || *p == '\\')
            cf_text_printf(text, "\\%c", *p);
        else if (*p < 0x20)
            cf_text_printf(text, "\\u%04x", *p);
        else
            cf_text_put(text, (const char *)p, 1);
    }
    cf_text_put(text, "\"", 1);
}

static void print_tensor(struct cf_text *text, const struct declared *tensor)
{
    print_string(text, tensor->name);
    cf_text_printf(text, ":{\"dtype\":\"%s\",\"shape\":[", cf_dtype_name(tensor->dtype));
    for (int i = 0; i < tensor->rank; i++)
        cf_text_printf(text, "%s%" PRIu64, i ? "," : "", tensor->shape[i]);
    cf_text_printf(text, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", tensor->begin, tensor->begin + tensor->size);
}

static void print_header(struct cf_text *text, const struct cf_safetensors_writer *writer)
{
    const char *separator = "";
    cf_text_put(text, "{", 1);
    if (writer->metadata_count > 0) {
        cf_text_printf(text, "\"__metadata__\":{");
        for (size_t i = 0; i < writer->metadata_count; i++) {
            cf_text_put(text, ",", i > 0);
            print_string(text, writer->metadata[i].key);
            cf_text_put(text, ":", 1);
            print_string(text, writer->metadata[i].value);
        }
        cf_text_put(text, "}", 1);
        separator = ",";
    }
    for (size_t i = 0; i < writer->count; i++) {
        cf_text_printf(text, "%s", separator);
        print_tensor(text, &writer->tensors[i]);
        separator = ",";
    }
    cf_text_put(text, "}", 1);
    while (!text->failed && text->length % 8 != 0)
        cf_text_put(text, " ", 1);
}

static bool write_header(struct cf_safetensors_writer *writer, const char *text, size_t size, struct cf_error *err)
{
    if (size > CF_SAFETENSORS_HEADER_LIMIT)
        return cf_fail(err, "%s: the header would take %zu bytes, the limit is %d", writer->path, size,
                       CF_SAFETENSORS_HEADER_LIMIT);
    uint8_t length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)((uint64_t)size >> (8 * i));
    if (!cf_out_write(writer->out, length, sizeof length, err) || !cf_out_write(writer->out, text, size, err))
        return false;
    writer->data_start = LENGTH_BYTES + size;
    /* The last byte gives the file its size, whatever the caller leaves unwritten. */
    return writer->data_size == 0 ||
           cf_out_write_at(writer->out, writer->data_start + writer->data_size - 1, "", 1, err);
}

bool cf_safetensors_begin(struct cf_safetensors_writer *writer, struct cf_error *err)
{
    if (writer->data_start)
        return cf_fail(err, "%s: the header is written already", writer->path);
    struct cf_text text = {0};
    print_header(&text, writer);
    bool done = text.failed ? cf_fail(err, "%s: out of memory", writer->path)
                            : write_header(writer, text.data, text.length, err);
    cf_text_free(&text);
    return done;
}

/* ---- the data ---- */

bool cf_safetensors_write(struct cf_safetensors_writer *writer, size_t id, uint64_t byte_offset, const void *data,
                          size_t size, struct cf_error *err)
{
    if (!writer->data_start)
        return cf_fail(err, "%s: data written before the header", writer->path);
    if (id >= writer->count)
        return cf_fail(err, "%s: data written to a tensor that was not declared", writer->path);
    const struct declared *tensor = &writer->tensors[id];
    if (byte_offset > tensor->size || size > tensor->size - byte_offset)
        return cf_fail(err, "%s: tensor '%.100s': %zu bytes at %" PRIu64 " pass its end at %" PRIu64, writer->path,
                       tensor->name, size, byte_offset, tensor->size);
    return cf_out_write_at(writer->out, writer->data_start + tensor->begin + byte_offset, data, size, err);
}

bool cf_safetensors_add_suffix(struct cf_safetensors_writer *writer, const char *suffix, struct cf_error *err)
{
    return cf_out_add_suffix(writer->out, suffix, err);
}

bool cf_safetensors_commit(struct cf_safetensors_writer **writer, struct cf_error *err)
{
    bool done = ((*writer)->data_start || cf_safetensors_begin(*writer, err)) && cf_out_commit(&(*writer)->out, err);
    cf_safetensors_abort(writer);
    return done;
}

void cf_safetensors_abort(struct cf_safetensors_writer **result)
{
    struct cf_safetensors_writer *writer = *result;
    *result = NULL;
    if (!writer)
        return;
    cf_out_abort(&writer->out);
    tdestroy(writer->names, leave_text);
    tdestroy(writer->keys, leave_text);
    for (size_t i = 0; i < writer->count; i++)
        free(writer->tensors[i].name);
    for (size_t i = 0; i < writer->metadata_count; i++) {
        free(writer->metadata[i].key);
        free(writer->metadata[i].value);
    }
    free(writer->tensors);
    free(writer->metadata);
    free(writer->path);
    free(writer);
}
