/* safetensors.c - reads a safetensors file: parses its header strictly and checks that the tensors tile the data. */
#include "base/safetensors.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/file_kind.h"
#include "base/json_strict.h"

enum { LENGTH_BYTES = 8, MAX_VALUES = 1 << 22 }; /* values: some 400 MB within cJSON */

struct slot {
    struct cf_tensor tensor;
    uint64_t begin, end; /* data_offsets */
    size_t position;     /* in the header; keeps empty tensors at one offset in a fixed order */
};

struct cf_safetensors {
    char *path;
    struct cf_map map; /* empty for cf_safetensors_parse */
    const uint8_t *data;
    uint64_t data_size;
    uint64_t data_start; /* of the first tensor, in the file; for messages */
    cJSON *header;       /* owns names and metadata */
    size_t count;
    struct slot *slots;               /* by offset */
    const struct cf_tensor **by_name; /* the same, sorted by name */
    size_t metadata_count;
    const cJSON **metadata; /* sorted by key */
};

/* ---- the header's text ---- */

static bool parse_json(struct cf_safetensors *file, const uint8_t *text, size_t size, struct cf_error *err)
{
    size_t at;
    if (size == 0 || text[0] != '{')
        return cf_fail(err, "%s: byte %d: the header does not begin with '{'", file->path, LENGTH_BYTES);
    if (!cf_utf8_check(text, size, &at))
        return cf_fail(err, "%s: byte %zu: the header is not valid UTF-8", file->path, LENGTH_BYTES + at);
    /* Deepest: { tensor : { "shape" : [ ; one more level and one more element leave the clearer messages to others. */
    const struct cf_json_limits limits = {CF_JSON_COUNTS, .max_depth = 4, .max_array = 64, .max_values = MAX_VALUES};
    const char *wrong = cf_json_check(text, size, &limits, &at);
    if (wrong)
        return cf_fail(err, "%s: byte %zu: header: %s", file->path, LENGTH_BYTES + at, wrong);
    const char *end = NULL;
    errno = 0; /* cJSON gives no reason; malloc does */
    file->header = cJSON_ParseWithLengthOpts((const char *)text, size, &end, false);
    if (!file->header && errno == ENOMEM)
        return cf_fail(err, "%s: out of memory", file->path);
    if (!file->header) {
        at = end ? (size_t)(end - (const char *)text) : 0;
        return cf_fail(err, "%s: byte %zu: the header is not valid JSON", file->path, LENGTH_BYTES + at);
    }
    for (at = (size_t)(end - (const char *)text); at < size; at++)
        if (!strchr(" \t\r\n", text[at])) /* the scan left no NUL */
            return cf_fail(err, "%s: byte %zu: text after the end of the JSON header", file->path, LENGTH_BYTES + at);
    if (!cJSON_IsObject(file->header))
        return cf_fail(err, "%s: the header is not a JSON object", file->path);
    return true;
}

/* ---- metadata ---- */

static int compare_keys(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    return strcmp((*left)->string, (*right)->string);
}

static bool read_metadata(struct cf_safetensors *file, const cJSON *object, struct cf_error *err)
{
    if (file->metadata)
        return cf_fail(err, "%s: __metadata__ appears twice", file->path);
    if (!cJSON_IsObject(object))
        return cf_fail(err, "%s: __metadata__ is not an object", file->path);
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, object) count++;
    file->metadata = calloc(count + 1, sizeof(const cJSON *));
    if (!file->metadata)
        return cf_fail(err, "%s: out of memory", file->path);
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item))
            return cf_fail(err, "%s: __metadata__: the value of '%.100s' is not a string", file->path, item->string);
        file->metadata[file->metadata_count++] = item;
    }
    qsort(file->metadata, count, sizeof *file->metadata, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (strcmp(file->metadata[i - 1]->string, file->metadata[i]->string) == 0)
            return cf_fail(err, "%s: __metadata__: duplicate key '%.100s'", file->path, file->metadata[i]->string);
    return true;
}

/* ---- one tensor ---- */

static bool tensor_fail(const struct cf_safetensors *file, const cJSON *item, const char *what, struct cf_error *err)
{
    return cf_fail(err, "%s: tensor '%.100s': %s", file->path, item->string, what);
}

struct fields {
    const cJSON *dtype, *shape, *offsets;
};

static bool collect_fields(const struct cf_safetensors *file, const cJSON *item, struct fields *fields,
                           struct cf_error *err)
{
    if (!cJSON_IsObject(item))
        return tensor_fail(file, item, "is not a JSON object", err);
    const cJSON *field;
    cJSON_ArrayForEach(field, item)
    {
        const cJSON **place = strcmp(field->string, "dtype") == 0          ? &fields->dtype
                              : strcmp(field->string, "shape") == 0        ? &fields->shape
                              : strcmp(field->string, "data_offsets") == 0 ? &fields->offsets
                                                                           : NULL;
        if (!place || *place)
            return cf_fail(err, "%s: tensor '%.100s': %s field '%.100s'", file->path, item->string,
                           place ? "duplicate" : "unknown", field->string);
        *place = field;
    }
    const char *missing = !fields->dtype     ? "has no field 'dtype'"
                          : !fields->shape   ? "has no field 'shape'"
                          : !fields->offsets ? "has no field 'data_offsets'"
                                             : NULL;
    return !missing || tensor_fail(file, item, missing, err);
}

static bool read_dtype(const struct cf_safetensors *file, const cJSON *item, const cJSON *value, enum cf_dtype *dtype,
                       struct cf_error *err)
{
    if (!cJSON_IsString(value))
        return tensor_fail(file, item, "dtype is not a string", err);
    for (int i = 0; i < CF_DTYPE_ALL; i++) {
        if (strcmp(value->valuestring, cf_dtype_name((enum cf_dtype)i)) == 0) {
            *dtype = (enum cf_dtype)i;
            return true;
        }
    }
    return cf_fail(err, "%s: tensor '%.100s': unknown dtype '%.40s'", file->path, item->string, value->valuestring);
}

/* Reads an array of at most `limit` integers; the scan has made sure that a number is one, and exact as a double. */
static bool read_integers(const struct cf_safetensors *file, const cJSON *item, const cJSON *array, int limit,
                          uint64_t *numbers, int *count, struct cf_error *err)
{
    if (!cJSON_IsArray(array))
        return cf_fail(err, "%s: tensor '%.100s': %s is not an array", file->path, item->string, array->string);
    *count = 0;
    const cJSON *element;
    cJSON_ArrayForEach(element, array)
    {
        if (!cJSON_IsNumber(element))
            return cf_fail(err, "%s: tensor '%.100s': %s[%d] is not a number", file->path, item->string, array->string,
                           *count);
        if (*count == limit)
            return cf_fail(err, "%s: tensor '%.100s': %s has more than %d entries", file->path, item->string,
                           array->string, limit);
        numbers[(*count)++] = (uint64_t)element->valuedouble;
    }
    return true;
}

static bool check_size(const struct cf_safetensors *file, const struct slot *slot, struct cf_error *err)
{
    const struct cf_tensor *tensor = &slot->tensor;
    char shape[CF_MAX_RANK * 22 + 3];
    if (slot->begin > slot->end)
        return cf_fail(err, "%s: tensor '%.100s': data_offsets end (%" PRIu64 ") before they begin (%" PRIu64 ")",
                       file->path, tensor->name, slot->end, slot->begin);
    if (slot->end > file->data_size)
        return cf_fail(err,
                       "%s: tensor '%.100s': data_offsets end at %" PRIu64 ", but only %" PRIu64
                       " bytes of data follow the header",
                       file->path, tensor->name, slot->end, file->data_size);
    if (tensor->size != slot->end - slot->begin)
        return cf_fail(err, "%s: tensor '%.100s': %s %s takes %" PRIu64 " bytes, but data_offsets span %" PRIu64,
                       file->path, tensor->name, cf_dtype_name(tensor->dtype),
                       cf_shape_text(tensor, shape, sizeof shape), tensor->size, slot->end - slot->begin);
    return true;
}

static bool read_tensor(const struct cf_safetensors *file, const cJSON *item, struct slot *slot, struct cf_error *err)
{
    struct cf_tensor *tensor = &slot->tensor;
    struct fields fields = {0};
    uint64_t offsets[2];
    int pair;
    tensor->name = item->string;
    if (!collect_fields(file, item, &fields, err) || !read_dtype(file, item, fields.dtype, &tensor->dtype, err) ||
        !read_integers(file, item, fields.shape, CF_MAX_RANK, tensor->shape, &tensor->rank, err) ||
        !read_integers(file, item, fields.offsets, 2, offsets, &pair, err))
        return false;
    if (pair != 2)
        return tensor_fail(file, item, "data_offsets needs two numbers", err);
    slot->begin = offsets[0];
    slot->end = offsets[1];
    tensor->count = 1;
    bool fits = true;
    for (int i = 0; i < tensor->rank; i++)
        fits = fits && cf_mul_u64(tensor->count, tensor->shape[i], &tensor->count);
    if (!fits || !cf_dtype_bytes(tensor->dtype, tensor->count, &tensor->size))
        return tensor_fail(file, item,
                           fits && tensor->count <= UINT64_MAX / 64 ? "its elements end inside a byte"
                                                                    : "the size of its shape overflows 64 bits",
                           err);
    return check_size(file, slot, err);
}

/* ---- all tensors ---- */

static int compare_offsets(const void *a, const void *b)
{
    const struct slot *left = a, *right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    if (left->end != right->end)
        return left->end < right->end ? -1 : 1;
    return left->position < right->position ? -1 : 1;
}

static int compare_names(const void *a, const void *b)
{
    const struct cf_tensor *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static bool read_header(struct cf_safetensors *file, struct cf_error *err)
{
    size_t members = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, file->header) members++;
    file->slots = calloc(members + 1, sizeof *file->slots);
    file->by_name = calloc(members + 1, sizeof(const struct cf_tensor *));
    if (!file->slots || !file->by_name)
        return cf_fail(err, "%s: out of memory", file->path);
    cJSON_ArrayForEach(item, file->header)
    {
        if (strcmp(item->string, "__metadata__") == 0) {
            if (!read_metadata(file, item, err))
                return false;
            continue;
        }
        struct slot *slot = &file->slots[file->count];
        slot->position = file->count++;
        if (!read_tensor(file, item, slot, err))
            return false;
    }
    return true;
}

static bool check_names(struct cf_safetensors *file, struct cf_error *err)
{
    for (size_t i = 0; i < file->count; i++)
        file->by_name[i] = &file->slots[i].tensor;
    qsort(file->by_name, file->count, sizeof *file->by_name, compare_names);
    for (size_t i = 1; i < file->count; i++)
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0)
            return cf_fail(err, "%s: tensor '%.100s': duplicate name", file->path, file->by_name[i]->name);
    return true;
}

/* The tensors must cover the data without holes, overlaps or rest. Expects the slots sorted by offset. */
static bool check_layout(struct cf_safetensors *file, struct cf_error *err)
{
    uint64_t expected = 0;
    for (size_t i = 0; i < file->count; i++) {
        struct slot *slot = &file->slots[i];
        if (slot->begin != expected)
            return cf_fail(err, "%s: tensor '%.100s': begins at data offset %" PRIu64 ", expected %" PRIu64 " (%s)",
                           file->path, slot->tensor.name, slot->begin, expected,
                           slot->begin > expected ? "a hole" : "an overlap");
        expected = slot->end;
        slot->tensor.data = file->data + slot->begin;
    }
    if (expected != file->data_size)
        return cf_fail(err, "%s: byte %" PRIu64 ": %" PRIu64 " bytes after the last tensor", file->path,
                       file->data_start + expected, file->data_size - expected);
    return true;
}

static bool parse_file(struct cf_safetensors *file, const uint8_t *bytes, size_t size, struct cf_error *err)
{
    const char *remark = cf_file_kind_remark(bytes, size, CF_KIND_SAFETENSORS);
    if (*remark)
        return cf_fail(err, "%s: not a safetensors file%s", file->path, remark);
    if (size < LENGTH_BYTES)
        return cf_fail(err, "%s: %zu bytes are too few: a safetensors file begins with an 8-byte header length",
                       file->path, size);
    uint64_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++)
        length |= (uint64_t)bytes[i] << (8 * i);
    if (length > CF_SAFETENSORS_HEADER_LIMIT)
        return cf_fail(err, "%s: header length %" PRIu64 " is above the limit of %d (not a safetensors file?)",
                       file->path, length, CF_SAFETENSORS_HEADER_LIMIT);
    if (length > size - LENGTH_BYTES)
        return cf_fail(err, "%s: header length %" PRIu64 " passes the end of the file (%zu bytes)", file->path, length,
                       size);
    file->data = bytes + LENGTH_BYTES + length;
    file->data_start = LENGTH_BYTES + length;
    file->data_size = size - file->data_start;
    if (!parse_json(file, bytes + LENGTH_BYTES, (size_t)length, err) || !read_header(file, err))
        return false;
    if (file->count > 0)
        qsort(file->slots, file->count, sizeof *file->slots, compare_offsets);
    return check_names(file, err) && check_layout(file, err);
}

/* ---- opening and asking ---- */

static struct cf_safetensors *new_file(const char *path, struct cf_error *err)
{
    struct cf_safetensors *file = calloc(1, sizeof *file);
    if (file)
        file->path = strdup(path);
    if (!file || !file->path) {
        cf_fail(err, "%s: out of memory", path);
        free(file);
        return NULL;
    }
    return file;
}

bool cf_safetensors_open(struct cf_safetensors **result, const char *path, struct cf_error *err)
{
    *result = NULL;
    struct cf_safetensors *file = new_file(path, err);
    if (!file)
        return false;
    if (!cf_map_open(&file->map, path, err) || !parse_file(file, file->map.data, file->map.size, err)) {
        cf_safetensors_close(file);
        return false;
    }
    *result = file;
    return true;
}

bool cf_safetensors_parse(struct cf_safetensors **result, const void *data, size_t size, const char *label,
                          struct cf_error *err)
{
    *result = NULL;
    struct cf_safetensors *file = new_file(label, err);
    if (!file)
        return false;
    if (!parse_file(file, data, size, err)) {
        cf_safetensors_close(file);
        return false;
    }
    *result = file;
    return true;
}

void cf_safetensors_close(struct cf_safetensors *file)
{
    if (!file)
        return;
    cf_map_close(&file->map);
    cJSON_Delete(file->header);
    free(file->metadata);
    free(file->by_name);
    free(file->slots);
    free(file->path);
    free(file);
}

const char *cf_safetensors_path(const struct cf_safetensors *file)
{
    return file->path;
}

size_t cf_safetensors_count(const struct cf_safetensors *file)
{
    return file->count;
}

const struct cf_tensor *cf_safetensors_at(const struct cf_safetensors *file, size_t index)
{
    return index < file->count ? &file->slots[index].tensor : NULL;
}

const struct cf_tensor *cf_safetensors_find(const struct cf_safetensors *file, const char *name)
{
    const struct cf_tensor key = {.name = name}, *pointer = &key;
    const struct cf_tensor **found =
        bsearch(&pointer, file->by_name, file->count, sizeof *file->by_name, compare_names);
    return found ? *found : NULL;
}

static int compare_key(const void *key, const void *element)
{
    const cJSON *const *item = element;
    return strcmp(key, (*item)->string);
}

const char *cf_safetensors_metadata(const struct cf_safetensors *file, const char *key)
{
    if (!file->metadata)
        return NULL;
    const cJSON **found = bsearch(key, file->metadata, file->metadata_count, sizeof *file->metadata, compare_key);
    return found ? (*found)->valuestring : NULL;
}

bool cf_safetensors_metadata_at(const struct cf_safetensors *file, size_t index, const char **key, const char **value)
{
    if (index >= file->metadata_count)
        return false;
    *key = file->metadata[index]->string;
    *value = file->metadata[index]->valuestring;
    return true;
}

void cf_safetensors_forget(const struct cf_safetensors *file, const struct cf_tensor *tensor, uint64_t offset,
                           uint64_t size)
{
    if (!file->map.data || offset >= tensor->size)
        return;
    if (size > tensor->size - offset)
        size = tensor->size - offset;
    cf_map_forget(&file->map, (size_t)(tensor->data - file->map.data) + (size_t)offset, (size_t)size);
}
