/* store.c - reads and writes netlist files. */
#include "netlists/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_set.h"
#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/names.h"

#define FORMAT_NAME "cofiber-netlist"
#define PLAIN_VERSION "1" /* weighted sums, linear and step */
#define FULL_VERSION "2"  /* squares, ReLUs and roots as well */

/* ---- reading ---- */

struct reader {
    const struct cf_safetensors *file;
    struct cf_netlist *netlist;
    bool full; /* the file is of FULL_VERSION */
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
    const struct cf_tensor *square; /* NULL in files of PLAIN_VERSION */
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
        /* Before its gates are read: a short file that names a group thousands of times would fill the memory. */
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
    size_t known_count = sizeof known / sizeof *known - !r->full; /* the last is of FULL_VERSION alone */
    for (size_t i = 0; i < count; i++) {
        const char *name = cf_safetensors_at(r->file, i)->name;
        bool used = false;
        for (size_t k = 0; k < known_count; k++)
            used = used || strcmp(name, known[k]) == 0;
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
    return format && strcmp(format, FORMAT_NAME) == 0;
}

bool cf_netlist_from_safetensors(struct cf_netlist **netlist, const struct cf_safetensors *file, struct cf_error *err)
{
    *netlist = NULL;
    const char *path = cf_safetensors_path(file);
    if (!cf_is_netlist(file))
        return cf_fail(err, "%s: not a netlist (metadata 'format' is not \"" FORMAT_NAME "\")", path);
    const char *version = cf_safetensors_metadata(file, "version");
    bool full = version && strcmp(version, FULL_VERSION) == 0;
    if (!version || (!full && strcmp(version, PLAIN_VERSION) != 0))
        return cf_fail(err,
                       "%s: netlist format version %s; this program reads versions " PLAIN_VERSION " and " FULL_VERSION,
                       path, version ? version : "missing");
    const char *groups = cf_safetensors_metadata(file, "groups");
    if (!groups)
        return cf_fail(err, "%s: metadata 'groups' is missing", path);
    struct reader r = {.file = file, .netlist = cf_netlist_new(path, err), .full = full, .err = err};
    bool done = r.netlist && read_groups(&r, groups) && read_cells(&r) && read_class_scale(&r) && refuse_unknown(&r) &&
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

/* ---- writing ---- */

struct writer {
    struct cf_safetensors_writer *out;
    const struct cf_netlist *netlist;
    uint64_t ports, terms; /* of all cells together */
    bool full;             /* some cell is not plain: the file is of FULL_VERSION */
    struct cf_error *err;
};

/* The fixed tensors in the order of the file: wide elements first, so that every tensor stays aligned. The groups'
 * tensors follow the I32 ones, and U8 tensors come last. */
enum fixed {
    INPUT_SHAPE,
    INPUT_SCALE,
    CELL_BIAS,
    CLASS_SCALE,
    GROUP_TYPE,
    CELL_TYPE,
    CELL_PORTS,
    CELL_TERMS,
    PORT_TYPE,
    TERM_OFFSET,
    TERM_WEIGHT,
    TERM_PORT,
    TERM_SHIFT,
    TERM_SQUARE,
    FIXED_COUNT
};

struct ids {
    size_t fixed[FIXED_COUNT];
    size_t *cell, *base, *lanes; /* [group_count] */
};

static bool declare(struct writer *w, const char *name, enum cf_dtype dtype, int rank, uint64_t rows, uint64_t columns,
                    size_t *id)
{
    return cf_safetensors_add(w->out, name, dtype, rank, (uint64_t[]){rows, columns}, id, w->err);
}

static bool declare_groups(struct writer *w, struct ids *ids)
{
    for (uint32_t g = 1; g < w->netlist->group_count; g++) {
        const struct cf_group *group = &w->netlist->groups[g];
        char name[CF_NAME_MAX];
        uint64_t shape[CF_GROUP_MAX_RANK + 1];
        for (int i = 0; i < group->rank; i++)
            shape[i] = group->shape[i];
        shape[group->rank] = group->ports;
        snprintf(name, sizeof name, "%s.cell", group->name);
        if (!cf_safetensors_add(w->out, name, CF_I32, group->rank, shape, &ids->cell[g], w->err))
            return false;
        snprintf(name, sizeof name, "%s.base", group->name);
        if (!cf_safetensors_add(w->out, name, CF_I32, group->rank + 1, shape, &ids->base[g], w->err))
            return false;
        snprintf(name, sizeof name, "%s.lanes", group->name);
        if (group->lane_names && !declare(w, name, CF_I32, 1, cf_group_lanes(group), 0, &ids->lanes[g]))
            return false;
    }
    return true;
}

static bool declare_all(struct writer *w, struct ids *ids)
{
    const struct cf_netlist *n = w->netlist;
    size_t *id = ids->fixed;
    return declare(w, "input.shape", CF_I64, 1, (uint64_t)n->groups[CF_INPUT].rank, 0, &id[INPUT_SHAPE]) &&
           declare(w, "input.scale", CF_F64, 1, 1, 0, &id[INPUT_SCALE]) &&
           declare(w, "cell.bias", CF_I64, 1, n->cell_count, 0, &id[CELL_BIAS]) &&
           (!n->class_scale || declare(w, "class.scale", CF_F64, 1, n->class_count, 0, &id[CLASS_SCALE])) &&
           declare(w, "group.type", CF_I32, 2, n->group_count, 4, &id[GROUP_TYPE]) &&
           declare(w, "cell.type", CF_I32, 2, n->cell_count, 4, &id[CELL_TYPE]) &&
           declare(w, "cell.ports", CF_I32, 1, n->cell_count + 1, 0, &id[CELL_PORTS]) &&
           declare(w, "cell.terms", CF_I32, 1, n->cell_count + 1, 0, &id[CELL_TERMS]) &&
           declare(w, "port.type", CF_I32, 2, w->ports, 3, &id[PORT_TYPE]) &&
           declare(w, "term.offset", CF_I32, 1, w->terms, 0, &id[TERM_OFFSET]) &&
           declare(w, "term.weight", CF_I32, 1, w->terms, 0, &id[TERM_WEIGHT]) && declare_groups(w, ids) &&
           declare(w, "term.port", CF_U8, 1, w->terms, 0, &id[TERM_PORT]) &&
           declare(w, "term.shift", CF_U8, 1, w->terms, 0, &id[TERM_SHIFT]) &&
           (!w->full || declare(w, "term.square", CF_U8, 1, w->terms, 0, &id[TERM_SQUARE]));
}

static bool add_metadata(struct writer *w)
{
    const struct cf_netlist *n = w->netlist;
    size_t length = 1;
    for (uint32_t g = 0; g < n->group_count; g++)
        length += strlen(n->groups[g].name) + 1;
    char *names = calloc(length, 1);
    if (!names)
        return cf_fail(w->err, "%s: out of memory", n->label);
    char *end = names;
    for (uint32_t g = 0; g < n->group_count; g++)
        end += sprintf(end, "%s%s", g ? " " : "", n->groups[g].name);
    bool done = cf_safetensors_add_metadata(w->out, "format", FORMAT_NAME, w->err) &&
                cf_safetensors_add_metadata(w->out, "version", w->full ? FULL_VERSION : PLAIN_VERSION, w->err) &&
                cf_safetensors_add_metadata(w->out, "groups", names, w->err);
    for (uint32_t m = 0; done && m < n->meta_count; m++)
        done = cf_safetensors_add_metadata(w->out, n->meta[m].key, n->meta[m].value, w->err);
    free(names);
    return done;
}

static bool put(struct writer *w, size_t id, const void *data, uint64_t count, size_t size)
{
    return cf_safetensors_write(w->out, id, 0, data, (size_t)count * size, w->err);
}

/* Writes the cells' tensors from one scratch area that holds a column at a time. */
static bool write_terms(struct writer *w, const struct ids *ids, int32_t *words, uint8_t *bytes)
{
    const struct cf_netlist *n = w->netlist;
    for (int column = 0; column < (w->full ? 5 : 4); column++) {
        uint64_t at = 0;
        for (uint32_t c = 0; c < n->cell_count; c++)
            for (uint32_t t = 0; t < n->cells[c].term_count; t++, at++) {
                const struct cf_term *term = &n->cells[c].terms[t];
                if (column < 2)
                    words[at] = column == 0 ? (int32_t)term->offset : term->weight;
                else
                    bytes[at] = column == 2 ? term->port : column == 3 ? term->shift : term->square;
            }
        if (!put(w, ids->fixed[TERM_OFFSET + column], column < 2 ? (void *)words : (void *)bytes, at,
                 column < 2 ? 4 : 1))
            return false;
    }
    return true;
}

static bool write_cells(struct writer *w, const struct ids *ids, int32_t *words)
{
    const struct cf_netlist *n = w->netlist;
    uint64_t at = 0;
    for (uint32_t c = 0; c < n->cell_count; c++)
        for (uint32_t p = 0; p < n->cells[c].port_count; p++) {
            struct cf_type type = n->cells[c].ports[p];
            words[at++] = type.width;
            words[at++] = type.is_signed;
            words[at++] = type.frac;
        }
    if (!put(w, ids->fixed[PORT_TYPE], words, at, 4))
        return false;
    int32_t first_port = 0, first_term = 0;
    for (uint32_t c = 0; c < n->cell_count; c++) {
        const struct cf_cell *cell = &n->cells[c];
        int32_t row[4] = {(int32_t)cell->activation, cell->type.width, cell->type.is_signed, cell->type.frac};
        if (!cf_safetensors_write(w->out, ids->fixed[CELL_TYPE], 16 * (uint64_t)c, row, sizeof row, w->err) ||
            !cf_safetensors_write(w->out, ids->fixed[CELL_BIAS], 8 * (uint64_t)c, &cell->bias, 8, w->err))
            return false;
        first_port += (int32_t)cell->port_count;
        first_term += (int32_t)cell->term_count;
        if (!cf_safetensors_write(w->out, ids->fixed[CELL_PORTS], 4 * (uint64_t)c + 4, &first_port, 4, w->err) ||
            !cf_safetensors_write(w->out, ids->fixed[CELL_TERMS], 4 * (uint64_t)c + 4, &first_term, 4, w->err))
            return false;
    }
    return true;
}

static bool write_groups(struct writer *w, const struct ids *ids)
{
    const struct cf_netlist *n = w->netlist;
    for (uint32_t g = 0; g < n->group_count; g++) {
        const struct cf_group *group = &n->groups[g];
        int32_t row[4] = {group->type.width, group->type.is_signed, group->type.frac, group->output};
        if (!cf_safetensors_write(w->out, ids->fixed[GROUP_TYPE], 16 * (uint64_t)g, row, sizeof row, w->err))
            return false;
        if (g == CF_INPUT)
            continue;
        if (!put(w, ids->cell[g], group->cell, group->count, 4) ||
            !put(w, ids->base[g], group->base, (uint64_t)group->count * group->ports, 4) ||
            (group->lane_names && !put(w, ids->lanes[g], group->lane_names, cf_group_lanes(group), 4)))
            return false;
    }
    const struct cf_group *input = &n->groups[CF_INPUT];
    for (int i = 0; i < input->rank; i++) {
        int64_t size = input->shape[i];
        if (!cf_safetensors_write(w->out, ids->fixed[INPUT_SHAPE], 8 * (uint64_t)i, &size, 8, w->err))
            return false;
    }
    return put(w, ids->fixed[INPUT_SCALE], &n->input_scale, 1, 8) &&
           (!n->class_scale || put(w, ids->fixed[CLASS_SCALE], n->class_scale, n->class_count, 8));
}

static bool save_to(struct writer *w, struct ids *ids)
{
    if (!add_metadata(w) || !declare_all(w, ids) || !cf_safetensors_begin(w->out, w->err))
        return false;
    uint64_t words = w->terms > 3 * w->ports ? w->terms : 3 * w->ports;
    int32_t *scratch = malloc((size_t)(words ? words : 1) * sizeof *scratch);
    uint8_t *bytes = malloc((size_t)(w->terms ? w->terms : 1));
    bool done = scratch && bytes
                    ? write_groups(w, ids) && write_cells(w, ids, scratch) && write_terms(w, ids, scratch, bytes)
                    : cf_fail(w->err, "%s: out of memory", w->netlist->label);
    free(scratch);
    free(bytes);
    return done;
}

bool cf_netlist_save(const struct cf_netlist *netlist, const char *path, struct cf_error *err)
{
#ifndef NDEBUG
    if (!cf_netlist_check(netlist, err))
        return false;
#endif
    struct writer w = {.netlist = netlist, .err = err};
    for (uint32_t c = 0; c < netlist->cell_count; c++) {
        w.ports += netlist->cells[c].port_count;
        w.terms += netlist->cells[c].term_count;
        w.full = w.full || !cf_cell_is_plain(&netlist->cells[c]);
    }
    if (w.terms > INT32_MAX)
        return cf_fail(err, "%s: the cells have more than 2^31 - 1 terms", path);
    struct ids ids = {.cell = calloc(netlist->group_count, sizeof *ids.cell),
                      .base = calloc(netlist->group_count, sizeof *ids.base),
                      .lanes = calloc(netlist->group_count, sizeof *ids.lanes)};
    bool done = (ids.cell && ids.base && ids.lanes) || cf_fail(err, "%s: out of memory", path);
    done = done && cf_safetensors_create(&w.out, path, err) && save_to(&w, &ids);
    free(ids.cell);
    free(ids.base);
    free(ids.lanes);
    if (!done) {
        cf_safetensors_abort(&w.out);
        return false;
    }
    return cf_safetensors_commit(&w.out, err);
}
