/* load.c - reads netlist files. */
#include "netlists/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_set.h"
#include "netlists/check.h"
#include "netlists/format.h"
#include "netlists/store_graphs.h"

struct reader {
    const struct cf_safetensors *file;
    struct cf_netlist *netlist;
    bool full;   /* the file is of CF_FULL_VERSION or CF_GRAPH_VERSION */
    bool graphs; /* it is of CF_GRAPH_VERSION */
    size_t tensors_used;
    struct cf_string_set names; /* of the groups read so far */
    struct cf_error *err;
};

/* The tensor of that name, required to have this dtype and rank; a negative length in `shape` stands for any. */
static const struct cf_tensor *need(struct reader *r, const char *name, enum cf_dtype dtype, int rank,
                                    const int64_t *shape)
{
    const char *path = cf_safetensors_path(r->file);
    const struct cf_tensor *tensor = cf_safetensors_find(r->file, name);
    if (!tensor) {
        cf_fail(r->err, "%s: tensor '%s' is missing", path, name);
        return NULL;
    }
    bool fits = tensor->dtype == dtype && tensor->rank == rank;
    for (int i = 0; fits && i < rank; i++)
        fits = shape[i] < 0 || tensor->shape[i] == (uint64_t)shape[i];
    if (!fits || tensor->count > INT32_MAX) {
        char found[128];
        cf_fail(r->err, "%s: tensor '%s': %s %s does not fit here; see FORMAT.md", path, name,
                cf_dtype_name(tensor->dtype), cf_shape_text(tensor, found, sizeof found));
        return NULL;
    }
    r->tensors_used++;
    return tensor;
}

/* An I32 tensor's element; the data need not be aligned. */
static int32_t at_i32(const struct cf_tensor *tensor, uint64_t index)
{
    int32_t value;
    memcpy(&value, tensor->data + 4 * index, sizeof value);
    return value;
}

/* Reads a type from three columns of an I32 table (width, signed, frac), which begin with column `column`. */
static bool read_type(struct reader *r, const struct cf_tensor *table, uint64_t row, uint64_t column,
                      struct cf_type *type)
{
    uint64_t at = row * table->shape[1] + column;
    int32_t width = at_i32(table, at), is_signed = at_i32(table, at + 1), frac = at_i32(table, at + 2);
    if (width < 1 || width > CF_MAX_WIDTH || (is_signed != 0 && is_signed != 1) || frac < -1024 || frac > 1024)
        return cf_fail(r->err, "%s: tensor '%s': row %" PRIu64 " is not a type: width %d, signed %d, frac %d",
                       cf_safetensors_path(r->file), table->name, row, width, is_signed, frac);
    *type = (struct cf_type){(uint8_t)width, is_signed == 1, (int16_t)frac};
    return true;
}

/* Checks that row starts begin at 0, never fall, and end at `total`. */
static bool check_starts(struct reader *r, const struct cf_tensor *starts, uint64_t total)
{
    for (uint64_t i = 0; i < starts->count; i++) {
        int64_t before = i ? at_i32(starts, i - 1) : 0, value = at_i32(starts, i);
        bool last = i + 1 == starts->count;
        if (value < before || (i == 0 && value != 0) || value > (int64_t)total || (last && value != (int64_t)total))
            return cf_fail(r->err,
                           "%s: tensor '%s': element %" PRIu64 " is %" PRId64 "; starts rise from 0 to %" PRIu64,
                           cf_safetensors_path(r->file), starts->name, i, value, total);
    }
    return true;
}

struct cell_tables {
    const struct cf_tensor *bias, *type, *ports, *terms, *port_type, *offset, *weight, *port, *shift;
    const struct cf_tensor *square; /* NULL in files of CF_PLAIN_VERSION */
};

static bool read_term(struct reader *r, const struct cell_tables *in, uint64_t at, struct cf_term *term)
{
    uint8_t square = in->square ? in->square->data[at] : 0;
    if (square > 1)
        return cf_fail(r->err, "%s: tensor 'term.square': element %" PRIu64 " is %u, not 0 or 1",
                       cf_safetensors_path(r->file), at, square);
    *term = (struct cf_term){.offset = (uint32_t)at_i32(in->offset, at),
                             .weight = at_i32(in->weight, at),
                             .port = in->port->data[at],
                             .shift = in->shift->data[at],
                             .square = square == 1};
    return true;
}

static bool read_activation(struct reader *r, int32_t value, uint64_t cell, enum cf_activation *activation)
{
    if (value < 0 || value >= (r->full ? CF_ACTIVATION_COUNT : CF_RELU))
        return cf_fail(r->err, "%s: cell %" PRIu64 ": activation is %d; 0 is linear, 1 a step%s",
                       cf_safetensors_path(r->file), cell, value, r->full ? ", 2 a ReLU, 3 a root" : "");
    *activation = (enum cf_activation)value;
    return true;
}

static bool read_cell(struct reader *r, const struct cell_tables *in, uint64_t index, struct cf_term *terms)
{
    int32_t first_port = at_i32(in->ports, index), first_term = at_i32(in->terms, index);
    struct cf_type ports[CF_MAX_PORTS];
    struct cf_cell cell = {.ports = ports, .terms = terms};
    cell.port_count = (uint32_t)(at_i32(in->ports, index + 1) - first_port);
    cell.term_count = (uint32_t)(at_i32(in->terms, index + 1) - first_term);
    if (cell.port_count > CF_MAX_PORTS)
        return cf_fail(r->err, "%s: cell %" PRIu64 ": has %u ports; %d are possible", cf_safetensors_path(r->file),
                       index, cell.port_count, CF_MAX_PORTS);
    for (uint32_t p = 0; p < cell.port_count; p++)
        if (!read_type(r, in->port_type, (uint64_t)first_port + p, 0, &ports[p]))
            return false;
    for (uint32_t t = 0; t < cell.term_count; t++)
        if (!read_term(r, in, (uint64_t)first_term + t, &terms[t]))
            return false;
    if (!read_activation(r, at_i32(in->type, 4 * index), index, &cell.activation))
        return false;
    memcpy(&cell.bias, in->bias->data + 8 * index, sizeof cell.bias);
    uint32_t made;
    return read_type(r, in->type, index, 1, &cell.type) && cf_netlist_add_cell(r->netlist, &cell, &made, r->err);
}

static bool read_cells(struct reader *r)
{
    struct cell_tables in = {0};
    if (!(in.bias = need(r, "cell.bias", CF_I64, 1, (int64_t[]){-1})))
        return false;
    int64_t cells = (int64_t)in.bias->count;
    if (!(in.type = need(r, "cell.type", CF_I32, 2, (int64_t[]){cells, 4})) ||
        !(in.ports = need(r, "cell.ports", CF_I32, 1, (int64_t[]){cells + 1})) ||
        !(in.terms = need(r, "cell.terms", CF_I32, 1, (int64_t[]){cells + 1})) ||
        !(in.port_type = need(r, "port.type", CF_I32, 2, (int64_t[]){-1, 3})) ||
        !(in.offset = need(r, "term.offset", CF_I32, 1, (int64_t[]){-1})))
        return false;
    int64_t terms = (int64_t)in.offset->count;
    if (!(in.weight = need(r, "term.weight", CF_I32, 1, &terms)) ||
        !(in.port = need(r, "term.port", CF_U8, 1, &terms)) || !(in.shift = need(r, "term.shift", CF_U8, 1, &terms)) ||
        (r->full && !(in.square = need(r, "term.square", CF_U8, 1, &terms))) ||
        !check_starts(r, in.ports, in.port_type->shape[0]) || !check_starts(r, in.terms, (uint64_t)terms))
        return false;
    struct cf_term *scratch = malloc((size_t)(terms ? terms : 1) * sizeof *scratch);
    bool done = scratch || cf_fail(r->err, "%s: out of memory", r->netlist->label);
    for (int64_t c = 0; done && c < cells; c++)
        done = read_cell(r, &in, (uint64_t)c, scratch);
    free(scratch);
    return done;
}

static bool read_input(struct reader *r, struct cf_type type, bool output)
{
    const struct cf_tensor *shape = need(r, "input.shape", CF_I64, 1, (int64_t[]){-1});
    if (!shape)
        return false;
    const struct cf_tensor *scale = need(r, "input.scale", CF_F64, 1, (int64_t[]){1});
    if (!scale)
        return false;
    memcpy(&r->netlist->input_scale, scale->data, sizeof r->netlist->input_scale);
    uint32_t sizes[CF_GROUP_MAX_RANK];
    for (uint64_t i = 0; i < shape->count; i++) {
        int64_t value;
        memcpy(&value, shape->data + 8 * i, sizeof value);
        if (i >= CF_GROUP_MAX_RANK || value < 1 || value > INT32_MAX)
            return cf_fail(r->err, "%s: tensor 'input.shape': element %" PRIu64 " is %" PRId64,
                           cf_safetensors_path(r->file), i, value);
        sizes[i] = (uint32_t)value;
    }
    if (shape->count < 1)
        return cf_fail(r->err, "%s: tensor 'input.shape' is empty", cf_safetensors_path(r->file));
    return cf_netlist_add_group(r->netlist, "input", (int)shape->count, sizes, 0, type, output, r->err);
}

/* NAME.lanes, where it is there. The rules are the checker's. */
static bool read_lanes(struct reader *r, const char *name)
{
    char tensor_name[CF_NAME_MAX];
    snprintf(tensor_name, sizeof tensor_name, "%s.lanes", name);
    if (!cf_safetensors_find(r->file, tensor_name))
        return true;
    uint32_t index = r->netlist->group_count - 1, count = cf_group_lanes(&r->netlist->groups[index]);
    const struct cf_tensor *lanes = need(r, tensor_name, CF_I32, 1, (int64_t[]){count});
    if (!lanes)
        return false;
    uint32_t *names = malloc(count * sizeof *names);
    bool done = names || cf_fail(r->err, "%s: out of memory", r->netlist->label);
    for (uint32_t l = 0; done && l < count; l++)
        names[l] = (uint32_t)at_i32(lanes, l);
    done = done && cf_netlist_name_lanes(r->netlist, index, names, r->err);
    free(names);
    return done;
}

static bool read_group(struct reader *r, const char *name, struct cf_type type, bool output)
{
    const char *path = cf_safetensors_path(r->file);
    char tensor_name[CF_NAME_MAX];
    snprintf(tensor_name, sizeof tensor_name, "%s.cell", name);
    const struct cf_tensor *cell = cf_safetensors_find(r->file, tensor_name);
    if (cell && (cell->rank < 1 || cell->rank > CF_GROUP_MAX_RANK))
        return cf_fail(r->err, "%s: tensor '%s': rank %d; a group has 1 to %d dimensions", path, tensor_name,
                       cell->rank, CF_GROUP_MAX_RANK);
    int64_t shape[CF_GROUP_MAX_RANK + 1];
    uint32_t sizes[CF_GROUP_MAX_RANK];
    int rank = cell ? cell->rank : 1;
    for (int i = 0; i <= rank; i++)
        shape[i] = -1;
    if (!(cell = need(r, tensor_name, CF_I32, rank, shape)))
        return false;
    for (int i = 0; i < rank; i++) {
        if (cell->shape[i] > INT32_MAX)
            return cf_fail(r->err, "%s: tensor '%s': too large", path, tensor_name);
        shape[i] = (int64_t)cell->shape[i];
        sizes[i] = (uint32_t)cell->shape[i];
    }
    snprintf(tensor_name, sizeof tensor_name, "%s.base", name);
    const struct cf_tensor *base = need(r, tensor_name, CF_I32, rank + 1, shape);
    if (!base)
        return false;
    uint64_t ports = base->shape[rank];
    if (ports < 1 || ports > CF_MAX_PORTS)
        return cf_fail(r->err, "%s: tensor '%s': %" PRIu64 " ports; 1 to %d are possible", path, tensor_name, ports,
                       CF_MAX_PORTS);
    if (!cf_netlist_add_group(r->netlist, name, rank, sizes, (uint32_t)ports, type, output, r->err))
        return false;
    struct cf_group *group = &r->netlist->groups[r->netlist->group_count - 1];
    memcpy(group->cell, cell->data, cell->size);
    memcpy(group->base, base->data, base->size);
    return read_lanes(r, name);
}

static bool lengths_differ(struct reader *r, const struct cf_tensor *types)
{
    return cf_fail(r->err, "%s: metadata 'groups' and tensor 'group.type' (%" PRIu64 " rows) differ in length",
                   cf_safetensors_path(r->file), types->shape[0]);
}

static bool read_groups(struct reader *r, const char *names)
{
    const struct cf_tensor *types = need(r, "group.type", CF_I32, 2, (int64_t[]){-1, 4});
    if (!types)
        return false;
    if (types->shape[0] > CF_MAX_GROUPS)
        return cf_fail(r->err, "%s: %" PRIu64 " groups; %d are possible", cf_safetensors_path(r->file), types->shape[0],
                       CF_MAX_GROUPS);
    uint64_t row = 0;
    for (const char *at = names; at; row++) {
        size_t length = strcspn(at, " ");
        char name[81];
        if (length < 1 || length >= sizeof name)
            return cf_fail(r->err, "%s: metadata 'groups': name %" PRIu64 " is empty or longer than 80 bytes",
                           cf_safetensors_path(r->file), row);
        memcpy(name, at, length);
        name[length] = '\0';
        at = at[length] == ' ' ? at + length + 1 : NULL;
        struct cf_type type;
        if (row >= types->shape[0])
            return lengths_differ(r, types);
        if (!read_type(r, types, row, 0, &type))
            return false;
        int32_t output = at_i32(types, 4 * row + 3);
        if (output != 0 && output != 1)
            return cf_fail(r->err, "%s: tensor 'group.type': row %" PRIu64 ": output is %d, not 0 or 1",
                           cf_safetensors_path(r->file), row, output);
        if (row == 0 && strcmp(name, "input") != 0)
            return cf_fail(r->err, "%s: metadata 'groups' begins with '%s', not with 'input'",
                           cf_safetensors_path(r->file), name);
        /* This comes before the group's gates are read, because a short file that names a group thousands of times
         * would otherwise fill the memory. */
        if (cf_string_set_has(&r->names, name))
            return cf_fail(r->err, "%s: metadata 'groups' names '%s' twice", cf_safetensors_path(r->file), name);
        if (!(row == 0 ? read_input(r, type, output == 1) : read_group(r, name, type, output == 1)))
            return false;
        bool fresh;
        if (!cf_string_set_add(&r->names, r->netlist->groups[row].name, &fresh))
            return cf_fail(r->err, "%s: out of memory", cf_safetensors_path(r->file));
    }
    return row == types->shape[0] || lengths_differ(r, types);
}

static bool read_class_scale(struct reader *r)
{
    if (!cf_safetensors_find(r->file, "class.scale"))
        return true;
    const struct cf_tensor *scale = need(r, "class.scale", CF_F64, 1, (int64_t[]){-1});
    if (!scale)
        return false;
    double *copy = cf_arena_alloc(&r->netlist->arena, scale->count, sizeof *copy);
    if (!copy)
        return cf_fail(r->err, "%s: out of memory", r->netlist->label);
    cf_tensor_to_f64(scale, 0, scale->count, copy);
    for (uint64_t i = 0; i < scale->count; i++)
        if (!(copy[i] > 0) || copy[i] > 1e300)
            return cf_fail(r->err,
                           "%s: tensor 'class.scale': element %" PRIu64 " is not a positive number of at most 1e300",
                           cf_safetensors_path(r->file), i);
    r->netlist->class_scale = copy;
    r->netlist->class_count = (uint32_t)scale->count;
    return true;
}

/* Whether a tensor is called as a group is, with ".cell", ".base" or ".lanes" behind the name. */
static bool is_of_a_group(const struct reader *r, const char *tensor)
{
    char name[81];
    const char *suffix = strrchr(tensor, '.');
    if (!suffix || (strcmp(suffix, ".cell") != 0 && strcmp(suffix, ".base") != 0 && strcmp(suffix, ".lanes") != 0))
        return false;
    size_t length = (size_t)(suffix - tensor);
    if (length >= sizeof name)
        return false;
    memcpy(name, tensor, length);
    name[length] = '\0';
    return strcmp(name, "input") != 0 && cf_string_set_has(&r->names, name);
}

/* A tensor that nothing above asked for would be silently ignored: refuse it by name. */
static bool refuse_unknown(struct reader *r)
{
    size_t count = cf_safetensors_count(r->file);
    if (r->tensors_used == count)
        return true;
    static const char *const known[] = {"input.shape", "input.scale", "class.scale", "group.type", "cell.bias",
                                        "cell.type",   "cell.ports",  "cell.terms",  "port.type",  "term.offset",
                                        "term.weight", "term.port",   "term.shift",  "term.square"};
    size_t known_count = sizeof known / sizeof *known - !r->full; /* the last is not of CF_PLAIN_VERSION */
    for (size_t i = 0; i < count; i++) {
        const char *name = cf_safetensors_at(r->file, i)->name;
        bool used = false;
        for (size_t k = 0; k < known_count; k++)
            used = used || strcmp(name, known[k]) == 0;
        used = used || (r->graphs && cf_graphs_have_tensor(name));
        if (!used && !is_of_a_group(r, name))
            return cf_fail(r->err, "%s: tensor '%s' is no part of a netlist", cf_safetensors_path(r->file), name);
    }
    return true;
}

static bool read_meta(struct reader *r)
{
    const char *key, *value;
    for (size_t i = 0; cf_safetensors_metadata_at(r->file, i, &key, &value); i++)
        if (strcmp(key, "format") != 0 && strcmp(key, "version") != 0 && strcmp(key, "groups") != 0 &&
            !cf_netlist_set_meta(r->netlist, key, value, r->err))
            return false;
    return true;
}

bool cf_is_netlist(const struct cf_safetensors *file)
{
    const char *format = cf_safetensors_metadata(file, "format");
    return format && strcmp(format, CF_FORMAT_NAME) == 0;
}

bool cf_netlist_from_safetensors(struct cf_netlist **netlist, const struct cf_safetensors *file, struct cf_error *err)
{
    *netlist = NULL;
    const char *path = cf_safetensors_path(file);
    if (!cf_is_netlist(file))
        return cf_fail(err, "%s: not a netlist (metadata 'format' is not \"" CF_FORMAT_NAME "\")", path);
    const char *version = cf_safetensors_metadata(file, "version");
    bool graphs = version && strcmp(version, CF_GRAPH_VERSION) == 0;
    bool full = graphs || (version && strcmp(version, CF_FULL_VERSION) == 0);
    if (!version || (!full && strcmp(version, CF_PLAIN_VERSION) != 0))
        return cf_fail(err,
                       "%s: netlist format version %s; this program reads versions " CF_PLAIN_VERSION
                       ", " CF_FULL_VERSION " and " CF_GRAPH_VERSION,
                       path, version ? version : "missing");
    const char *groups = cf_safetensors_metadata(file, "groups");
    if (!groups)
        return cf_fail(err, "%s: metadata 'groups' is missing", path);
    struct reader r = {.file = file, .netlist = cf_netlist_new(path, err), .full = full, .graphs = graphs, .err = err};
    bool done = r.netlist && read_groups(&r, groups) && read_cells(&r) && read_class_scale(&r) &&
                (!graphs || cf_graphs_read(r.netlist, file, &r.tensors_used, err)) && refuse_unknown(&r) &&
                read_meta(&r) && cf_netlist_check(r.netlist, err);
    cf_string_set_free(&r.names);
    if (!done)
        cf_netlist_free(r.netlist);
    *netlist = done ? r.netlist : NULL;
    return done;
}

bool cf_netlist_load(struct cf_netlist **netlist, const char *path, struct cf_error *err)
{
    *netlist = NULL;
    struct cf_safetensors *file;
    if (!cf_safetensors_open(&file, path, err))
        return false;
    bool done = cf_netlist_from_safetensors(netlist, file, err);
    cf_safetensors_close(file);
    return done;
}
