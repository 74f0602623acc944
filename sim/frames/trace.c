/* trace.c - writes decisions and traces, as safetensors files or .npy. */
#include "sim/frames/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/npy.h"
#include "base/safetensors.h"

struct cf_trace {
    struct cf_safetensors_writer *safetensors; /* one of the two */
    struct cf_out *npy;
    uint64_t npy_start; /* of the data in it */
    const struct cf_netlist *netlist;
    enum cf_trace_kind kind;
    const char *path;
    size_t *ids;   /* [group_count]: the tensor of each group that is written */
    void *scratch; /* one group's values of one frame */
};

static bool written(const struct cf_trace *trace, const struct cf_group *group)
{
    return trace->kind == CF_TRACE_ALL || group->output;
}

static enum cf_dtype dtype_of(const struct cf_trace *trace, const struct cf_group *group)
{
    if (trace->kind == CF_TRACE_DECISIONS && group->type.width == 1 && !group->type.is_signed)
        return CF_U8;
    return cf_signed_bits(group->type) <= 32 ? CF_I32 : CF_I64;
}

static void shape_of(const struct cf_group *group, uint64_t frames, uint64_t shape[CF_GROUP_MAX_RANK + 1])
{
    shape[0] = frames;
    for (int i = 0; i < group->rank; i++)
        shape[i + 1] = group->shape[i];
}

/* Says of each group of which a sweep took lanes which lanes are left, "lanes.GROUP": "0,3,7". */
static bool name_lanes(struct cf_trace *trace, struct cf_error *err)
{
    enum { LONGEST = 11 }; /* a number of 31 bits, and the comma */
    bool done = true;
    for (uint32_t g = 0; done && g < trace->netlist->group_count; g++) {
        const struct cf_group *group = &trace->netlist->groups[g];
        if (!written(trace, group) || !group->lane_names)
            continue;
        uint32_t lanes = cf_group_lanes(group);
        char key[CF_NAME_MAX + 8], *text = malloc((size_t)lanes * LONGEST + 1);
        size_t used = 0;
        for (uint32_t l = 0; text && l < lanes; l++)
            used += (size_t)sprintf(text + used, "%s%" PRIu32, l ? "," : "", group->lane_names[l]);
        snprintf(key, sizeof key, "lanes.%s", group->name);
        done = text ? cf_safetensors_add_metadata(trace->safetensors, key, text, err)
                    : cf_fail(err, "%s: out of memory", trace->path);
        free(text);
    }
    return done;
}

/* Declares the groups; those of 8-byte elements first, which keeps every tensor aligned. */
static bool declare(struct cf_trace *trace, uint64_t frames, struct cf_error *err)
{
    static const enum cf_dtype order[] = {CF_I64, CF_I32, CF_U8};
    for (int pass = 0; pass < 3; pass++)
        for (uint32_t g = 0; g < trace->netlist->group_count; g++) {
            const struct cf_group *group = &trace->netlist->groups[g];
            uint64_t shape[CF_GROUP_MAX_RANK + 1];
            if (!written(trace, group) || dtype_of(trace, group) != order[pass])
                continue;
            shape_of(group, frames, shape);
            if (!cf_safetensors_add(trace->safetensors, group->name, order[pass], group->rank + 1, shape,
                                    &trace->ids[g], err))
                return false;
        }
    return true;
}

static bool create_safetensors(struct cf_trace *trace, uint64_t frames, struct cf_error *err)
{
    const char *format = trace->kind == CF_TRACE_ALL ? "cofiber-trace" : "cofiber-decisions";
    return cf_safetensors_create(&trace->safetensors, trace->path, err) &&
           cf_safetensors_add_metadata(trace->safetensors, "format", format, err) && name_lanes(trace, err) &&
           declare(trace, frames, err) && cf_safetensors_begin(trace->safetensors, err);
}

static bool create_npy(struct cf_trace *trace, uint64_t frames, struct cf_error *err)
{
    const struct cf_group *only = NULL;
    unsigned count = 0;
    for (uint32_t g = 0; g < trace->netlist->group_count; g++)
        if (written(trace, &trace->netlist->groups[g])) {
            only = &trace->netlist->groups[g];
            count++;
        }
    if (count != 1)
        return cf_fail(err, "%s: a .npy file holds one array, and here are %u; a name without .npy gives safetensors",
                       trace->path, count);
    uint64_t shape[CF_GROUP_MAX_RANK + 1];
    shape_of(only, frames, shape);
    return cf_npy_create(&trace->npy, trace->path, dtype_of(trace, only), only->rank + 1, shape, &trace->npy_start,
                         err);
}

bool cf_trace_create(struct cf_trace **trace, const char *path, const struct cf_netlist *netlist, uint64_t frames,
                     enum cf_trace_kind kind, struct cf_error *err)
{
    struct cf_trace *made = calloc(1, sizeof *made);
    *trace = made;
    if (!made)
        return cf_fail(err, "%s: out of memory", path);
    *made = (struct cf_trace){.netlist = netlist, .kind = kind, .path = path};
    uint32_t largest = 1;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        largest = netlist->groups[g].count > largest ? netlist->groups[g].count : largest;
    made->ids = calloc(netlist->group_count, sizeof *made->ids);
    made->scratch = malloc((size_t)largest * sizeof(int64_t));
    bool done = (made->ids && made->scratch) || cf_fail(err, "%s: out of memory", path);
    done = done && (cf_npy_named(path) ? create_npy(made, frames, err) : create_safetensors(made, frames, err));
    if (!done)
        cf_trace_abort(trace);
    return done;
}

/* Writes bytes of a group's tensor. */
static bool put_bytes(struct cf_trace *trace, uint32_t group, uint64_t offset, const void *data, size_t size,
                      struct cf_error *err)
{
    return trace->npy ? cf_out_write_at(trace->npy, trace->npy_start + offset, data, size, err)
                      : cf_safetensors_write(trace->safetensors, trace->ids[group], offset, data, size, err);
}

bool cf_trace_holds(const struct cf_trace *trace, uint32_t group)
{
    return written(trace, &trace->netlist->groups[group]);
}

bool cf_trace_put_group(struct cf_trace *trace, uint64_t frame, uint32_t group, const void *values,
                        struct cf_error *err)
{
    const struct cf_group *of = &trace->netlist->groups[group];
    assert(cf_trace_holds(trace, group));
    enum cf_dtype dtype = dtype_of(trace, of);
    enum cf_storage storage = cf_storage_of(of->type);
    size_t size = of->count * cf_dtype_size(dtype);
    int32_t *i32 = trace->scratch;
    /* Bytes of decisions, and values that are as wide already, go out as they are. */
    if (cf_storage_size(storage) == cf_dtype_size(dtype))
        return put_bytes(trace, group, frame * size, values, size, err);
    if (dtype == CF_I32 && storage == CF_STORE16)
        for (uint32_t i = 0; i < of->count; i++)
            i32[i] = ((const int16_t *)values)[i];
    else if (dtype == CF_I32 && storage == CF_STORE8)
        for (uint32_t i = 0; i < of->count; i++)
            i32[i] = ((const int8_t *)values)[i];
    else
        for (uint32_t i = 0; i < of->count; i++)
            cf_storage_put(trace->scratch, dtype == CF_I32 ? CF_STORE32 : CF_STORE64, i,
                           cf_storage_get(values, storage, i));
    return put_bytes(trace, group, frame * size, trace->scratch, size, err);
}

/* An earlier trace, of either kind. */
struct earlier {
    struct cf_safetensors *safetensors;
    struct cf_npy *npy;
};

static bool copy_group(struct cf_trace *trace, uint32_t g, const struct earlier *from, const char *path,
                       uint64_t frames, struct cf_error *err)
{
    enum { PORTION = 1 << 24 }; /* bytes that are copied, and given back to the kernel, together */
    const struct cf_group *group = &trace->netlist->groups[g];
    const struct cf_tensor *tensor =
        from->npy ? cf_npy_tensor(from->npy) : cf_safetensors_find(from->safetensors, group->name);
    enum cf_dtype dtype = dtype_of(trace, group);
    uint64_t size = frames * group->count * cf_dtype_size(dtype);
    if (!tensor || tensor->dtype != dtype || tensor->size < size)
        return cf_fail(err, "%s: has not the values of '%s' that were said to be there", path, group->name);
    bool done = true;
    for (uint64_t at = 0; done && at < size; at += PORTION) {
        uint64_t count = size - at < PORTION ? size - at : PORTION;
        done = put_bytes(trace, g, at, tensor->data + at, count, err);
        if (from->npy)
            cf_npy_forget(from->npy, at, count);
        else
            cf_safetensors_forget(from->safetensors, tensor, at, count);
    }
    return done;
}

bool cf_trace_copy(struct cf_trace *trace, const char *path, uint64_t frames, struct cf_error *err)
{
    struct earlier from = {0};
    bool done = trace->npy ? cf_npy_open(&from.npy, path, err) : cf_safetensors_open(&from.safetensors, path, err);
    for (uint32_t g = 0; done && g < trace->netlist->group_count; g++)
        if (written(trace, &trace->netlist->groups[g]))
            done = copy_group(trace, g, &from, path, frames, err);
    cf_npy_close(from.npy);
    cf_safetensors_close(from.safetensors);
    return done;
}

static void release(struct cf_trace **trace)
{
    free((*trace)->ids);
    free((*trace)->scratch);
    free(*trace);
    *trace = NULL;
}

bool cf_trace_add_suffix(struct cf_trace *trace, const char *suffix, struct cf_error *err)
{
    return trace->npy ? cf_out_add_suffix(trace->npy, suffix, err)
                      : cf_safetensors_add_suffix(trace->safetensors, suffix, err);
}

bool cf_trace_commit(struct cf_trace **trace, struct cf_error *err)
{
    bool done = (*trace)->npy ? cf_out_commit(&(*trace)->npy, err) : cf_safetensors_commit(&(*trace)->safetensors, err);
    release(trace);
    return done;
}

void cf_trace_abort(struct cf_trace **trace)
{
    if (!*trace)
        return;
    cf_safetensors_abort(&(*trace)->safetensors);
    cf_out_abort(&(*trace)->npy);
    release(trace);
}
