/* pytorch.c - reads from the pickle of a PyTorch checkpoint which tensors and storages there are, and finds the
 * bytes of a storage in either form. */
#include "compiler/heads/pytorch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/array.h"
#include "base/file.h"
#include "compiler/heads/pickle.h"

enum {
    MAX_PICKLE = 64 << 20,
    MAX_STORAGES = 20000,
    MAX_DEPTH = 16,      /* of nested dictionaries */
    MAX_VISITS = 1 << 20 /* of their entries: a hostile pickle may hold one dictionary many times */
};

/* The bytes behind a tensor: an entry of the zip, or a run of the file. */
struct storage {
    const char *key;
    enum cf_dtype dtype; /* CF_DTYPE_COUNT: of a type that no head has */
    uint64_t elements;
    uint64_t offset; /* legacy: of its first byte in the file */
};

/* Where a tensor's elements stand: element (i, j, ...) is number offset + i * stride[0] + j * stride[1] + ... */
struct view {
    uint32_t storage; /* index, or UINT32_MAX: a tensor that cannot be read */
    uint64_t offset;
    uint64_t stride[CF_MAX_RANK];
};

struct file {
    zip_t *zip;       /* NULL: the legacy form */
    const char *root; /* the folder in the zip, with its slash */
    struct cf_map map;
    struct storage *storages;
    size_t storage_count, storage_capacity;
    struct view *views; /* [tensor_count] */
    struct cf_tensor *tensors;
    size_t tensor_count, tensor_capacity, view_capacity, visits;
};

/* ---- names in the pickle ---- */

static const struct {
    const char *storage, *type; /* as a storage's class and as a dtype */
    enum cf_dtype dtype;
} dtypes[] = {
    {"torch.FloatStorage", "torch.float32", CF_F32},
    {"torch.DoubleStorage", "torch.float64", CF_F64},
    {"torch.HalfStorage", "torch.float16", CF_F16},
    {"torch.BFloat16Storage", "torch.bfloat16", CF_BF16},
    {"torch.LongStorage", "torch.int64", CF_I64},
    {"torch.IntStorage", "torch.int32", CF_I32},
    {"torch.ShortStorage", "torch.int16", CF_I16},
    {"torch.CharStorage", "torch.int8", CF_I8},
    {"torch.ByteStorage", "torch.uint8", CF_U8},
    {"torch.BoolStorage", "torch.bool", CF_BOOL},
    {"torch.ComplexFloatStorage", "torch.complex64", CF_DTYPE_COUNT},
    {"torch.ComplexDoubleStorage", "torch.complex128", CF_DTYPE_COUNT},
    {"torch.storage.UntypedStorage", "torch.float8_e4m3fn", CF_DTYPE_COUNT},
    {"torch.UntypedStorage", "torch.float8_e5m2", CF_DTYPE_COUNT},
};

static const char *const other_names[] = {
    "collections.OrderedDict",
    "builtins.set",
    "__builtin__.set",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch.Size",
    "torch.device",
    "numpy.core.multiarray.scalar", /* a number; it stays unread */
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "_codecs.encode",
};

/* The type that a storage's class or a dtype names; NULL for other names. */
static const enum cf_dtype *find_dtype(const char *name)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(name, dtypes[i].storage) == 0 || strcmp(name, dtypes[i].type) == 0)
            return &dtypes[i].dtype;
    return NULL;
}

static bool allowed(const char *name)
{
    if (find_dtype(name))
        return true;
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (strcmp(name, other_names[i]) == 0)
            return true;
    return false;
}

static enum cf_dtype dtype_named(const char *name)
{
    const enum cf_dtype *dtype = find_dtype(name);
    return dtype ? *dtype : CF_DTYPE_COUNT;
}

/* ---- storages ---- */

static struct storage *find_storage(const struct file *file, const char *key)
{
    for (size_t s = 0; s < file->storage_count; s++)
        if (strcmp(file->storages[s].key, key) == 0)
            return &file->storages[s];
    return NULL;
}

static bool number_of(const struct cf_pickle_value *value, uint64_t *number)
{
    if (value->kind != CF_PICKLE_INT || value->integer < 0)
        return false;
    *number = (uint64_t)value->integer;
    return true;
}

/* A persistent id: ('storage', class, key, device, elements), and in the legacy form None or a view of another. */
static bool add_storage(struct cf_checkpoint *checkpoint, struct file *file, const struct cf_pickle_value *id,
                        struct cf_error *err)
{
    uint64_t elements;
    if (id->kind != CF_PICKLE_TUPLE || id->count < 5 || id->count > 6 || id->items[0]->kind != CF_PICKLE_TEXT ||
        strcmp(id->items[0]->text, "storage") != 0 || id->items[1]->kind != CF_PICKLE_NAME ||
        id->items[2]->kind != CF_PICKLE_TEXT || !number_of(id->items[4], &elements))
        return cf_fail(err, "%s: its pickle refers to something outside that is no storage", checkpoint->path);
    if (id->count == 6 && id->items[5]->kind != CF_PICKLE_NONE)
        return cf_fail(err, "%s: storage '%.80s' is a view of another; save it again with a current PyTorch",
                       checkpoint->path, id->items[2]->text);
    if (find_storage(file, id->items[2]->text))
        return true;
    if (file->storage_count == MAX_STORAGES)
        return cf_fail(err, "%s: more than %d storages", checkpoint->path, MAX_STORAGES);
    if (!cf_array_reserve(&file->storages, &file->storage_capacity, file->storage_count + 1, sizeof *file->storages))
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    file->storages[file->storage_count++] =
        (struct storage){.key = id->items[2]->text, .dtype = dtype_named(id->items[1]->text), .elements = elements};
    return true;
}

static bool add_storages(struct cf_checkpoint *checkpoint, struct file *file, const struct cf_pickle *pickle,
                         struct cf_error *err)
{
    for (size_t i = 0; i < pickle->outside->count; i++)
        if (!add_storage(checkpoint, file, pickle->outside->items[i]->items[0], err))
            return false;
    return true;
}

/* ---- tensors ---- */

/* The whole view lies in its storage. */
static bool view_fits(const struct cf_tensor *tensor, const struct view *view, uint64_t elements)
{
    uint64_t last = view->offset;
    for (int d = 0; d < tensor->rank; d++) {
        uint64_t step;
        if (!cf_mul_u64(tensor->shape[d] - 1, view->stride[d], &step) || step > elements || last > elements)
            return false;
        last += step;
    }
    return last < elements;
}

/* _rebuild_tensor*(storage, offset, size, stride, ...[, dtype]) as a tensor and a view. Returns what is wrong with it,
 * or NULL. `*listed` becomes false where nothing is wrong and no head has such a tensor: its type, or more dimensions
 * than a head's tensors have. */
static const char *read_tensor(const struct file *file, const struct cf_pickle_value *call, struct cf_tensor *tensor,
                               struct view *view, bool *listed)
{
    bool v3 = strcmp(call->text, "torch._utils._rebuild_tensor_v3") == 0;
    *listed = false;
    if (call->count < (v3 ? 7 : 4) || call->items[0]->kind != CF_PICKLE_OUTSIDE ||
        !number_of(call->items[1], &view->offset))
        return "it has no storage and no place in it";
    const struct cf_pickle_value *size = call->items[2], *stride = call->items[3];
    if (size->kind == CF_PICKLE_CALL && size->count == 1) /* torch.Size(tuple) */
        size = size->items[0];
    if (size->kind != CF_PICKLE_TUPLE || stride->kind != CF_PICKLE_TUPLE || size->count != stride->count)
        return "its sizes and strides are not two lists of the same length";
    if (size->count > CF_MAX_RANK)
        return NULL;
    const struct storage *storage = find_storage(file, call->items[0]->items[0]->items[2]->text);
    view->storage = (uint32_t)(storage - file->storages);
    tensor->rank = (int)size->count;
    tensor->count = 1;
    for (size_t d = 0; d < size->count; d++) {
        if (!number_of(size->items[d], &tensor->shape[d]) || !number_of(stride->items[d], &view->stride[d]))
            return "a size or stride is not a whole number of at least 0";
        if (!cf_mul_u64(tensor->count, tensor->shape[d], &tensor->count))
            return "its size overflows 64 bits";
    }
    tensor->dtype = storage->dtype;
    if (v3 && call->items[6]->kind == CF_PICKLE_NAME)
        tensor->dtype = dtype_named(call->items[6]->text);
    if (tensor->dtype >= CF_DTYPE_COUNT)
        return NULL;
    uint64_t elements = storage->elements; /* of an untyped storage: bytes */
    if (storage->dtype >= CF_DTYPE_COUNT)
        elements /= cf_dtype_size(tensor->dtype);
    if (!cf_mul_u64(tensor->count, cf_dtype_size(tensor->dtype), &tensor->size))
        return "its size overflows 64 bits";
    if (tensor->count > 0 && !view_fits(tensor, view, elements))
        return "it reaches beyond its storage";
    *listed = true;
    return NULL;
}

static bool is_tensor(const struct cf_pickle_value *value)
{
    return value->kind == CF_PICKLE_CALL && strncmp(value->text, "torch._utils._rebuild_tensor", 28) == 0;
}

static bool add_tensor(struct cf_checkpoint *checkpoint, struct file *file, const char *name,
                       const struct cf_pickle_value *call, struct cf_error *err)
{
    struct cf_tensor tensor = {.name = name};
    struct view view = {0};
    bool listed;
    const char *wrong = read_tensor(file, call, &tensor, &view, &listed);
    if (wrong)
        return cf_fail(err, "%s: tensor '%.80s' is damaged: %s", checkpoint->path, name, wrong);
    if (!listed)
        return true;
    if (!cf_array_reserve(&file->tensors, &file->tensor_capacity, file->tensor_count + 1, sizeof *file->tensors) ||
        !cf_array_reserve(&file->views, &file->view_capacity, file->tensor_count + 1, sizeof *file->views))
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    file->tensors[file->tensor_count] = tensor;
    file->views[file->tensor_count++] = view;
    return true;
}

/* "prefix.key", owned by the arena. */
static const char *join(struct cf_checkpoint *checkpoint, const char *prefix, const struct cf_pickle_value *key,
                        size_t place, struct cf_error *err)
{
    char number[32];
    const char *text = number;
    if (key && key->kind == CF_PICKLE_TEXT)
        text = key->text;
    else
        snprintf(number, sizeof number, "%" PRId64, key && key->kind == CF_PICKLE_INT ? key->integer : (int64_t)place);
    size_t length = strlen(prefix) + strlen(text) + 2;
    char *joined = cf_arena_alloc(&checkpoint->arena, length, 1);
    if (!joined)
        cf_fail(err, "%s: out of memory", checkpoint->path);
    else
        snprintf(joined, length, "%s%s%s", prefix, *prefix ? "." : "", text);
    return joined;
}

/* Lists the tensors below a value, named by the keys that lead to them. */
static bool walk(struct cf_checkpoint *checkpoint, struct file *file, const struct cf_pickle_value *value,
                 const char *name, int depth, struct cf_error *err)
{
    if (depth > MAX_DEPTH || file->visits++ > MAX_VISITS)
        return cf_fail(err, "%s: its dictionaries are nested too deep, or in themselves", checkpoint->path);
    if (value->kind == CF_PICKLE_CALL && strcmp(value->text, "torch._utils._rebuild_parameter") == 0 && value->count)
        value = value->items[0];
    if (is_tensor(value))
        return add_tensor(checkpoint, file, *name ? name : "tensor", value, err);
    bool dict = value->kind == CF_PICKLE_DICT;
    if (!dict && value->kind != CF_PICKLE_LIST && value->kind != CF_PICKLE_TUPLE)
        return true;
    for (size_t i = 0; i < value->count; i += dict ? 2 : 1) {
        const struct cf_pickle_value *item = value->items[dict ? i + 1 : i];
        if (item->kind != CF_PICKLE_CALL && item->kind != CF_PICKLE_DICT && item->kind != CF_PICKLE_LIST &&
            item->kind != CF_PICKLE_TUPLE)
            continue;
        const char *joined = join(checkpoint, name, dict ? value->items[i] : NULL, i, err);
        if (!joined || !walk(checkpoint, file, item, joined, depth + 1, err))
            return false;
    }
    return true;
}

/* A training checkpoint holds more than the model (an optimiser's moments have the shapes of the weights): where it
 * has one of these keys, the model is behind it. */
static const struct cf_pickle_value *model_of(const struct cf_pickle_value *root)
{
    static const char *const keys[] = {"state_dict", "model_state_dict", "model", "head", "module"};
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
        const struct cf_pickle_value *inner = NULL;
        for (size_t k = 0; !inner && root->kind == CF_PICKLE_DICT && k < sizeof keys / sizeof *keys; k++) {
            inner = cf_pickle_find(root, keys[k]);
            if (inner && inner->kind != CF_PICKLE_DICT)
                inner = NULL;
        }
        if (!inner)
            return root;
        root = inner;
    }
    return root;
}

/* ---- data ---- */

/* A storage's bytes: in memory of the arena (zip), or in the mapped file. */
static bool storage_bytes(struct cf_checkpoint *checkpoint, const struct storage *storage, const uint8_t **bytes,
                          uint64_t *size, struct cf_error *err)
{
    struct file *file = checkpoint->file;
    if (!file->zip) {
        *bytes = file->map.data + storage->offset;
        *size = storage->elements * cf_dtype_size(storage->dtype); /* checked when the file was opened */
        return true;
    }
    char name[512];
    snprintf(name, sizeof name, "%sdata/%s", file->root, storage->key);
    zip_stat_t stat;
    if (zip_stat(file->zip, name, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE))
        return cf_fail(err, "%s: it has no entry '%.200s', which its pickle names", checkpoint->path, name);
    /* PyTorch does not compress. A file that somebody has packed again may be compressed, but weights shrink little
     * by that. */
    if (stat.size > (64u << 20) && (!(stat.valid & ZIP_STAT_COMP_SIZE) || stat.size / 64 > stat.comp_size))
        return cf_fail(err, "%s: entry '%.200s' would grow to %" PRIu64 " bytes", checkpoint->path, name, stat.size);
    uint8_t *memory = cf_arena_alloc(&checkpoint->arena, stat.size, 1);
    zip_file_t *entry = memory ? zip_fopen(file->zip, name, 0) : NULL;
    if (!memory || !entry)
        return cf_fail(err, "%s: %s '%.200s'", checkpoint->path, memory ? "cannot read entry" : "out of memory for",
                       name);
    uint64_t done = 0;
    zip_int64_t got = 1;
    while (done < stat.size && (got = zip_fread(entry, memory + done, stat.size - done)) > 0)
        done += (uint64_t)got;
    uint8_t beyond;
    bool whole = done == stat.size && zip_fread(entry, &beyond, 1) == 0; /* the end is where the checksum is compared */
    zip_fclose(entry);
    *bytes = memory;
    *size = stat.size;
    return whole || cf_fail(err, "%s: entry '%.200s' is damaged", checkpoint->path, name);
}

/* Copies a view into row-major order. */
static void gather(const struct cf_tensor *tensor, const struct view *view, const uint8_t *bytes, uint8_t *out)
{
    size_t size = cf_dtype_size(tensor->dtype);
    uint64_t index[CF_MAX_RANK] = {0}, at = view->offset;
    for (uint64_t n = 0; n < tensor->count; n++) {
        memcpy(out + n * size, bytes + at * size, size);
        for (int d = tensor->rank; d-- > 0;) {
            at += view->stride[d];
            if (++index[d] < tensor->shape[d])
                break;
            at -= view->stride[d] * tensor->shape[d];
            index[d] = 0;
        }
    }
}

static bool load(struct cf_checkpoint *checkpoint, size_t index, struct cf_error *err)
{
    struct file *file = checkpoint->file;
    struct cf_tensor *tensor = &checkpoint->tensors[index];
    const struct view *view = &file->views[index];
    const struct storage *storage = &file->storages[view->storage];
    const uint8_t *bytes;
    uint64_t size;
    if (!storage_bytes(checkpoint, storage, &bytes, &size, err))
        return false;
    size_t element = cf_dtype_size(tensor->dtype);
    if (tensor->count && !view_fits(tensor, view, size / element))
        return cf_fail(err, "%s: tensor '%s' reaches beyond its storage of %" PRIu64 " bytes", checkpoint->path,
                       tensor->name, size);
    /* A view may repeat elements (stride 0), and so be much larger than the file. */
    if (tensor->size > (64u << 20) && tensor->size / 16 > size)
        return cf_fail(err, "%s: tensor '%s' repeats %" PRIu64 " bytes to %" PRIu64, checkpoint->path, tensor->name,
                       size, tensor->size);
    uint8_t *data = cf_arena_alloc(&checkpoint->arena, tensor->size, 1);
    if (!data)
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    gather(tensor, view, bytes, data);
    tensor->data = data;
    return true;
}

static void close_file(struct cf_checkpoint *checkpoint)
{
    struct file *file = checkpoint->file;
    if (file->zip)
        zip_discard(file->zip);
    cf_map_close(&file->map);
    free(file->storages);
    free(file->views);
    free(file->tensors);
    free(file);
}

/* Lists the tensors that the pickle describes, which both forms do alike. */
static bool list(struct cf_checkpoint *checkpoint, struct file *file, const struct cf_pickle *pickle,
                 struct cf_error *err)
{
    if (!add_storages(checkpoint, file, pickle, err) || !walk(checkpoint, file, model_of(pickle->root), "", 0, err))
        return false;
    checkpoint->tensors = file->tensors;
    checkpoint->count = file->tensor_count;
    return true;
}

static struct file *new_file(struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    struct file *file = calloc(1, sizeof *file);
    if (!file) {
        cf_fail(err, "%s: out of memory", checkpoint->path);
        return NULL;
    }
    checkpoint->kind = "PyTorch";
    checkpoint->file = file;
    checkpoint->load = load;
    checkpoint->close = close_file;
    return file;
}

/* ---- the zip form ---- */

/* Finds "ROOT/data.pkl", and reads it into the arena. */
static bool read_zip_pickle(struct cf_checkpoint *checkpoint, struct file *file, const uint8_t **data, size_t *size,
                            struct cf_error *err)
{
    const char *path = checkpoint->path, *found = NULL;
    zip_int64_t entries = zip_get_num_entries(file->zip, 0), at = 0;
    bool arrays = false;
    for (zip_int64_t e = 0; !found && e < entries; e++) {
        const char *name = zip_get_name(file->zip, (zip_uint64_t)e, 0), *slash = name ? strrchr(name, '/') : NULL;
        if (name && strcmp(slash ? slash + 1 : name, "data.pkl") == 0) {
            found = name;
            at = e;
        }
        arrays = arrays || (name && strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".npy") == 0);
    }
    if (!found)
        return cf_fail(err, "%s: a zip file, but no PyTorch checkpoint: it has no data.pkl%s", path,
                       arrays ? " (NumPy's .npz is not read: save the tensors as safetensors)" : "");
    char *root = cf_arena_strdup(&checkpoint->arena, found);
    zip_stat_t stat;
    if (!root)
        return cf_fail(err, "%s: out of memory", path);
    root[strlen(root) - strlen("data.pkl")] = '\0';
    file->root = root;
    if (zip_stat_index(file->zip, (zip_uint64_t)at, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) ||
        stat.size > MAX_PICKLE)
        return cf_fail(err, "%s: its data.pkl is longer than 64 MiB", path);
    uint8_t *memory = cf_arena_alloc(&checkpoint->arena, stat.size, 1);
    zip_file_t *entry = memory ? zip_fopen_index(file->zip, (zip_uint64_t)at, 0) : NULL;
    bool whole = entry && zip_fread(entry, memory, stat.size) == (zip_int64_t)stat.size;
    if (entry)
        zip_fclose(entry);
    *data = memory;
    *size = (size_t)stat.size;
    return whole || cf_fail(err, "%s: %s", path, memory ? "its data.pkl is damaged" : "out of memory");
}

/* Since 2.0 a checkpoint says its byte order; others are little-endian where they were written on such a machine. */
static bool check_byte_order(struct cf_checkpoint *checkpoint, struct file *file, struct cf_error *err)
{
    char name[512], order[8] = "";
    snprintf(name, sizeof name, "%sbyteorder", file->root);
    zip_file_t *entry = zip_fopen(file->zip, name, 0);
    if (!entry)
        return true;
    zip_fread(entry, order, sizeof order - 1);
    zip_fclose(entry);
    return strncmp(order, "big", 3) != 0 ||
           cf_fail(err, "%s: its numbers are big-endian; little-endian is read", checkpoint->path);
}

bool cf_pytorch_open_zip(struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    struct file *file = new_file(checkpoint, err);
    if (!file)
        return false;
    int code;
    file->zip = zip_open(checkpoint->path, ZIP_RDONLY, &code);
    if (!file->zip) {
        zip_error_t reason;
        zip_error_init_with_code(&reason, code);
        cf_fail(err, "%s: a damaged zip file: %s", checkpoint->path, zip_error_strerror(&reason));
        zip_error_fini(&reason);
        return false;
    }
    const uint8_t *data = NULL;
    size_t size = 0;
    struct cf_pickle pickle;
    return read_zip_pickle(checkpoint, file, &data, &size, err) && check_byte_order(checkpoint, file, err) &&
           cf_pickle_read(data, size, &checkpoint->arena, allowed, checkpoint->path, &pickle, err) &&
           list(checkpoint, file, &pickle, err);
}

/* ---- the legacy form ---- */

/* After the pickles, each storage in the order of its key: its number of elements in 8 bytes, then the elements. */
static bool place_storages(struct cf_checkpoint *checkpoint, struct file *file, const struct cf_pickle_value *keys,
                           size_t at, struct cf_error *err)
{
    const char *path = checkpoint->path;
    for (size_t k = 0; k < keys->count; k++) {
        struct storage *storage =
            keys->items[k]->kind == CF_PICKLE_TEXT ? find_storage(file, keys->items[k]->text) : NULL;
        if (!storage)
            return cf_fail(err, "%s: it holds a storage that its pickle does not name", path);
        if (storage->dtype >= CF_DTYPE_COUNT)
            return cf_fail(err, "%s: storage '%.80s' is of a type that is not read", path, storage->key);
        uint64_t elements = 0, bytes;
        if (file->map.size - at < 8)
            return cf_fail(err, "%s: it ends before storage '%.80s'", path, storage->key);
        for (int b = 7; b >= 0; b--)
            elements = elements << 8 | file->map.data[at + (size_t)b];
        at += 8;
        if (elements != storage->elements || !cf_mul_u64(elements, cf_dtype_size(storage->dtype), &bytes) ||
            bytes > file->map.size - at)
            return cf_fail(err, "%s: storage '%.80s' is cut short, or not as long as its pickle says", path,
                           storage->key);
        storage->offset = at;
        at += bytes;
    }
    for (size_t s = 0; s < file->storage_count; s++)
        if (file->storages[s].offset == 0)
            return cf_fail(err, "%s: storage '%.80s', which its pickle names, is missing", path, file->storages[s].key);
    return true;
}

bool cf_pytorch_open_legacy(struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    struct file *file = new_file(checkpoint, err);
    if (!file || !cf_map_open(&file->map, checkpoint->path, err))
        return false;
    static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    /* Five pickles: a magic number, the version 1001, the machine's properties, the object, the storages' keys. */
    struct cf_pickle pickles[5];
    size_t at = 0;
    for (int p = 0; p < 5; p++) {
        size_t left = file->map.size - at, most = left < MAX_PICKLE ? left : MAX_PICKLE;
        if (!cf_pickle_read(file->map.data + at, most, &checkpoint->arena, allowed, checkpoint->path, &pickles[p], err))
            return false;
        at += pickles[p].length;
        if (p == 0 && !memmem(file->map.data, at, magic, sizeof magic))
            return cf_fail(err, "%s: a pickle, but no PyTorch checkpoint", checkpoint->path);
        if (p == 1 && (pickles[p].root->kind != CF_PICKLE_INT || pickles[p].root->integer != 1001))
            return cf_fail(err, "%s: a pickle, but no PyTorch checkpoint", checkpoint->path);
    }
    const struct cf_pickle_value *machine = pickles[2].root;
    const struct cf_pickle_value *little =
        machine->kind == CF_PICKLE_DICT ? cf_pickle_find(machine, "little_endian") : NULL;
    if (little && little->kind == CF_PICKLE_BOOL && !little->integer)
        return cf_fail(err, "%s: its numbers are big-endian; little-endian is read", checkpoint->path);
    if (pickles[4].root->kind != CF_PICKLE_LIST)
        return cf_fail(err, "%s: its list of storages is no list", checkpoint->path);
    return list(checkpoint, file, &pickles[3], err) && place_storages(checkpoint, file, pickles[4].root, at, err);
}
