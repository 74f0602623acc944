/* npy.c - reads and writes NumPy's .npy files; their header is a Python dictionary in text. */
#include "base/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/file_kind.h"

struct cf_npy {
    char *path;
    struct cf_map map; /* empty for cf_npy_parse */
    struct cf_tensor tensor;
};

static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* One-byte types have no byte order: NumPy writes '|', and reads '<' as well. */
static const struct {
    char code[3]; /* kind and bytes */
    enum cf_dtype dtype;
} types[] = {
    {"f4", CF_F32}, {"f2", CF_F16}, {"f8", CF_F64}, {"i1", CF_I8},  {"i2", CF_I16}, {"i4", CF_I32},
    {"i8", CF_I64}, {"u1", CF_U8},  {"u2", CF_U16}, {"u4", CF_U32}, {"u8", CF_U64}, {"b1", CF_BOOL},
};

enum { TYPES = sizeof types / sizeof types[0] };

/* ---- the header: a Python dict literal with three known keys ---- */

struct header {
    const char *path;
    const uint8_t *bytes; /* the file */
    size_t at, end;       /* in the file */
    bool has_descr, has_order, has_shape;
    bool fortran, python2; /* versions 1 and 2 may have been written by Python 2 */
    struct cf_tensor *tensor;
};

static bool fail_at(const struct header *header, size_t at, const char *what, struct cf_error *err)
{
    return cf_fail(err, "%s: byte %zu: header: %s", header->path, at, what);
}

static int peek(const struct header *header)
{
    return header->at < header->end ? header->bytes[header->at] : -1;
}

/* Within the braces, and after them, Python takes any white space. */
static void skip_space(struct header *header)
{
    while (peek(header) == ' ' || (peek(header) >= '\t' && peek(header) <= '\r' && peek(header) != '\v'))
        header->at++;
}

static bool expect(struct header *header, int mark, struct cf_error *err)
{
    skip_space(header);
    if (peek(header) != mark) {
        char what[32];
        snprintf(what, sizeof what, "expected '%c'", mark);
        return fail_at(header, header->at, what, err);
    }
    header->at++;
    return true;
}

/* A string of at most 63 plain characters, in either kind of quotes; Python 2 wrote some with a `u` before them. */
static bool read_string(struct header *header, char text[64], struct cf_error *err)
{
    skip_space(header);
    if (peek(header) == 'u' || peek(header) == 'U')
        header->at++;
    int quote = peek(header);
    if (quote != '\'' && quote != '"')
        return fail_at(header, header->at, "expected a string", err);
    size_t start = ++header->at;
    size_t length = 0;
    for (; peek(header) != quote; header->at++) {
        int c = peek(header);
        if (c < 0x20 || c > 0x7e || c == '\\' || length == 63)
            return fail_at(header, start, "a string that is too long, not plain text, or has no end", err);
        text[length++] = (char)c;
    }
    text[length] = '\0';
    header->at++;
    return true;
}

static bool read_descr(struct header *header, struct cf_error *err)
{
    char text[64];
    skip_space(header);
    size_t at = header->at;
    if (peek(header) == '[')
        return fail_at(header, at, "structured dtypes are not supported", err);
    if (!read_string(header, text, err))
        return false;
    /* '=', or no mark at all, is the order of the machine that reads: little-endian, as everywhere that this runs. */
    bool marked = text[0] != '\0' && strchr("<>|=", text[0]);
    for (size_t i = 0; i < TYPES; i++) {
        if (strcmp(text + marked, types[i].code) != 0)
            continue;
        bool one_byte = cf_dtype_size(types[i].dtype) == 1;
        if (text[0] == '>')
            return cf_fail(err,
                           "%s: byte %zu: big-endian dtype '%s' is not supported; convert with "
                           "array.astype('<%s')",
                           header->path, at, text, types[i].code);
        if (text[0] == '|' && !one_byte)
            break;
        header->tensor->dtype = types[i].dtype;
        return true;
    }
    if (strchr(text, 'O'))
        return cf_fail(err, "%s: byte %zu: object arrays ('%s') are not supported", header->path, at, text);
    return cf_fail(err, "%s: byte %zu: unsupported dtype '%s'", header->path, at, text);
}

static bool read_order(struct header *header, struct cf_error *err)
{
    skip_space(header);
    size_t left = header->end - header->at;
    const uint8_t *text = header->bytes + header->at;
    if (left >= 4 && memcmp(text, "True", 4) == 0) {
        header->fortran = true;
        header->at += 4;
    } else if (left >= 5 && memcmp(text, "False", 5) == 0) {
        header->at += 5;
    } else {
        return fail_at(header, header->at, "fortran_order is neither True nor False", err);
    }
    return true;
}

static bool read_dimension(struct header *header, struct cf_error *err)
{
    struct cf_tensor *tensor = header->tensor;
    size_t start = header->at;
    uint64_t value = 0;
    bool fits = true;
    for (; peek(header) >= '0' && peek(header) <= '9'; header->at++) {
        fits = fits && cf_mul_u64(value, 10, &value);
        fits = fits && !__builtin_add_overflow(value, (uint64_t)(peek(header) - '0'), &value);
    }
    if (header->at == start)
        return fail_at(header, start, "expected a dimension, a plain non-negative integer", err);
    if (header->bytes[start] == '0' && header->at > start + 1)
        return fail_at(header, start, "dimension with a leading zero", err);
    skip_space(header);
    if (header->python2 && peek(header) == 'L') /* a long integer of Python 2 */
        header->at++;
    if (!fits || value > INT64_MAX)
        return fail_at(header, start, "dimension does not fit 63 bits", err);
    if (tensor->rank == CF_MAX_RANK)
        return cf_fail(err, "%s: byte %zu: header: shape has more than %d dimensions", header->path, start,
                       CF_MAX_RANK);
    tensor->shape[tensor->rank++] = value;
    return true;
}

/* (), (3,), (3, 4) and (3, 4,) are tuples; (3) is a number and (,) is nothing. */
static bool read_shape(struct header *header, struct cf_error *err)
{
    if (!expect(header, '(', err))
        return false;
    bool comma = false;
    for (;;) {
        skip_space(header);
        if (peek(header) == ')') {
            if (header->tensor->rank == 1 && !comma)
                return fail_at(header, header->at, "a shape of one dimension needs a comma", err);
            header->at++;
            return true;
        }
        if (header->tensor->rank > 0 && !comma)
            return fail_at(header, header->at, "expected ',' or ')' in the shape", err);
        if (!read_dimension(header, err))
            return false;
        skip_space(header);
        comma = peek(header) == ',';
        if (comma)
            header->at++;
    }
}

static bool read_item(struct header *header, struct cf_error *err)
{
    char key[64], what[96];
    skip_space(header);
    size_t at = header->at;
    if (!read_string(header, key, err))
        return false;
    bool descr = strcmp(key, "descr") == 0, order = strcmp(key, "fortran_order") == 0;
    bool *seen = descr                       ? &header->has_descr
                 : order                     ? &header->has_order
                 : strcmp(key, "shape") == 0 ? &header->has_shape
                                             : NULL;
    if (!seen || *seen) {
        snprintf(what, sizeof what, "%s key '%s'", seen ? "duplicate" : "unknown", key);
        return fail_at(header, at, what, err);
    }
    *seen = true;
    if (!expect(header, ':', err))
        return false;
    return descr ? read_descr(header, err) : order ? read_order(header, err) : read_shape(header, err);
}

static bool read_end(struct header *header, struct cf_error *err)
{
    const char *missing = !header->has_descr   ? "key 'descr' is missing"
                          : !header->has_order ? "key 'fortran_order' is missing"
                          : !header->has_shape ? "key 'shape' is missing"
                                               : NULL;
    if (missing)
        return fail_at(header, header->at, missing, err);
    skip_space(header);
    return header->at == header->end || fail_at(header, header->at, "text after the closing '}'", err);
}

static bool read_dict(struct header *header, struct cf_error *err)
{
    while (peek(header) == ' ' || peek(header) == '\t')
        header->at++;
    if (peek(header) != '{')
        return fail_at(header, header->at, "does not begin with '{'", err);
    header->at++;
    bool comma = true; /* no separator is due before the first item */
    for (;;) {
        skip_space(header);
        if (peek(header) == '}') {
            header->at++;
            return read_end(header, err);
        }
        if (!comma)
            return fail_at(header, header->at, "expected ',' or '}'", err);
        if (!read_item(header, err))
            return false;
        skip_space(header);
        comma = peek(header) == ',';
        if (comma)
            header->at++;
    }
}

/* ---- the file ---- */

static bool check_data(const struct header *header, size_t size, struct cf_error *err)
{
    struct cf_tensor *tensor = header->tensor;
    char shape[CF_MAX_RANK * 22 + 3];
    int wide = 0; /* dimensions above 1: with one at most, both orders are the same */
    tensor->count = 1;
    bool fits = true;
    for (int i = 0; i < tensor->rank; i++) {
        wide += tensor->shape[i] > 1;
        fits = fits && cf_mul_u64(tensor->count, tensor->shape[i], &tensor->count);
    }
    if (!fits || !cf_mul_u64(tensor->count, cf_dtype_size(tensor->dtype), &tensor->size))
        return cf_fail(err, "%s: header: the size of shape %s overflows 64 bits", header->path,
                       cf_shape_text(tensor, shape, sizeof shape));
    if (header->fortran && wide > 1)
        return cf_fail(err, "%s: header: the array is in Fortran order; save numpy.ascontiguousarray(array) instead",
                       header->path);
    uint64_t found = size - header->end;
    if (found < tensor->size)
        return cf_fail(err, "%s: the data are cut short: %s %s takes %" PRIu64 " bytes, found %" PRIu64, header->path,
                       cf_dtype_name(tensor->dtype), cf_shape_text(tensor, shape, sizeof shape), tensor->size, found);
    if (found > tensor->size)
        return cf_fail(err, "%s: byte %" PRIu64 ": %" PRIu64 " bytes after the array", header->path,
                       header->end + tensor->size, found - tensor->size);
    tensor->data = header->bytes + header->end;
    return true;
}

static bool parse_file(struct cf_npy *file, const uint8_t *bytes, size_t size, struct cf_error *err)
{
    const char *path = file->path;
    if (size < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return cf_fail(err, "%s: not a .npy file (it does not begin with \\x93NUMPY)%s", path,
                       cf_file_kind_remark(bytes, size, CF_KIND_NPY));
    if (size < 8)
        return cf_fail(err, "%s: ends at byte %zu, inside the version", path, size);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return cf_fail(err, "%s: byte 6: unsupported .npy version %d.%d", path, bytes[6], bytes[7]);
    size_t prefix = bytes[6] == 1 ? 10 : 12;
    if (size < prefix)
        return cf_fail(err, "%s: ends at byte %zu, inside the header length", path, size);
    uint32_t length = 0;
    for (size_t i = 8; i < prefix; i++)
        length |= (uint32_t)bytes[i] << (8 * (i - 8));
    if (length > size - prefix)
        return cf_fail(err, "%s: header length %" PRIu32 " passes the end of the file (%zu bytes)", path, length, size);
    file->tensor.name = path;
    struct header header = {.path = path,
                            .bytes = bytes,
                            .at = prefix,
                            .end = prefix + length,
                            .python2 = bytes[6] < 3,
                            .tensor = &file->tensor};
    return read_dict(&header, err) && check_data(&header, size, err);
}

static struct cf_npy *new_file(const char *path, struct cf_error *err)
{
    struct cf_npy *file = calloc(1, sizeof *file);
    if (file)
        file->path = strdup(path);
    if (!file || !file->path) {
        cf_fail(err, "%s: out of memory", path);
        free(file);
        return NULL;
    }
    return file;
}

bool cf_npy_named(const char *path)
{
    size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".npy") == 0;
}

bool cf_npy_probe(const char *path, bool *npy, struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    *npy = map.size >= sizeof magic && memcmp(map.data, magic, sizeof magic) == 0;
    cf_map_close(&map);
    return true;
}

bool cf_npy_open(struct cf_npy **result, const char *path, struct cf_error *err)
{
    struct cf_map map;
    *result = NULL;
    if (!cf_map_open(&map, path, err))
        return false;
    if (!cf_npy_parse(result, map.data, map.size, path, err)) {
        cf_map_close(&map);
        return false;
    }
    (*result)->map = map;
    return true;
}

bool cf_npy_parse(struct cf_npy **result, const void *data, size_t size, const char *label, struct cf_error *err)
{
    *result = NULL;
    struct cf_npy *file = new_file(label, err);
    if (!file)
        return false;
    if (!parse_file(file, data, size, err)) {
        cf_npy_close(file);
        return false;
    }
    *result = file;
    return true;
}

void cf_npy_close(struct cf_npy *file)
{
    if (!file)
        return;
    cf_map_close(&file->map);
    free(file->path);
    free(file);
}

const struct cf_tensor *cf_npy_tensor(const struct cf_npy *file)
{
    return &file->tensor;
}

void cf_npy_forget(const struct cf_npy *file, uint64_t offset, uint64_t size)
{
    const struct cf_tensor *tensor = &file->tensor;
    if (!file->map.data || offset >= tensor->size)
        return;
    if (size > tensor->size - offset)
        size = tensor->size - offset;
    cf_map_forget(&file->map, (size_t)(tensor->data - file->map.data) + (size_t)offset, (size_t)size);
}

/* ---- writing ---- */

static const char *type_code(enum cf_dtype dtype)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].dtype == dtype)
            return types[i].code;
    return NULL;
}

/* The preamble as NumPy itself writes it: padded with spaces so that the data begin at a multiple of 64. */
static size_t build_preamble(char preamble[512], const char *code, const struct cf_tensor *tensor)
{
    static const char start[10] = {(char)0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    memcpy(preamble, start, sizeof start);
    char order = cf_dtype_size(tensor->dtype) == 1 ? '|' : '<';
    size_t at = sizeof start;
    at +=
        (size_t)snprintf(preamble + at, 512 - at, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, code);
    for (int i = 0; i < tensor->rank; i++)
        at += (size_t)snprintf(preamble + at, 512 - at, "%s%" PRIu64, i ? ", " : "", tensor->shape[i]);
    at += (size_t)snprintf(preamble + at, 512 - at, "%s), }", tensor->rank == 1 ? "," : "");
    while ((at + 1) % 64 != 0)
        preamble[at++] = ' ';
    preamble[at++] = '\n';
    preamble[8] = (char)((at - sizeof start) & 0xff);
    preamble[9] = (char)((at - sizeof start) >> 8);
    return at;
}

/* Fills the tensor's shape and size; NULL with a message when NumPy has no such array. */
static const char *describe(const char *path, struct cf_tensor *tensor, enum cf_dtype dtype, int rank,
                            const uint64_t *shape, struct cf_error *err)
{
    const char *code = type_code(dtype);
    *tensor = (struct cf_tensor){.dtype = dtype, .rank = rank, .size = cf_dtype_size(dtype)};
    bool fits = true;
    for (int i = 0; i < rank && i < CF_MAX_RANK; i++) {
        tensor->shape[i] = shape[i];
        fits = fits && cf_mul_u64(tensor->size, shape[i], &tensor->size);
    }
    if (!code)
        cf_fail(err, "%s: NumPy has no type for %s", path, cf_dtype_name(dtype));
    else if (rank < 0 || rank > CF_MAX_RANK)
        cf_fail(err, "%s: rank %d is not in 0 to %d", path, rank, CF_MAX_RANK);
    else if (!fits || tensor->size > INT64_MAX)
        cf_fail(err, "%s: the size of the array overflows", path);
    else
        return code;
    return NULL;
}

/* Opens the file and writes what stands before the data. */
static bool start(struct cf_out **out, const char *path, const char *code, const struct cf_tensor *tensor,
                  uint64_t *data_start, struct cf_error *err)
{
    char preamble[512]; /* 8 dimensions of 20 digits leave room to spare */
    size_t length = build_preamble(preamble, code, tensor);
    *data_start = length;
    if (!cf_out_open(out, path, err))
        return false;
    if (cf_out_write(*out, preamble, length, err))
        return true;
    cf_out_abort(out);
    return false;
}

bool cf_npy_create(struct cf_out **out, const char *path, enum cf_dtype dtype, int rank, const uint64_t *shape,
                   uint64_t *data_start, struct cf_error *err)
{
    struct cf_tensor tensor;
    const char *code = describe(path, &tensor, dtype, rank, shape, err);
    *out = NULL;
    if (!code || !start(out, path, code, &tensor, data_start, err))
        return false;
    /* The last byte gives the file its size, whatever the caller leaves unwritten. */
    if (tensor.size == 0 || cf_out_write_at(*out, *data_start + tensor.size - 1, "", 1, err))
        return true;
    cf_out_abort(out);
    return false;
}

bool cf_npy_write(const char *path, enum cf_dtype dtype, int rank, const uint64_t *shape, const void *data,
                  struct cf_error *err)
{
    struct cf_tensor tensor;
    struct cf_out *out;
    uint64_t data_start;
    const char *code = describe(path, &tensor, dtype, rank, shape, err);
    if (!code || !start(&out, path, code, &tensor, &data_start, err))
        return false;
    if (cf_out_write(out, data, (size_t)tensor.size, err))
        return cf_out_commit(&out, err);
    cf_out_abort(&out);
    return false;
}
