/* store.c - writes netlist files. */
#include "netlists/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/format.h"
#include "netlists/store_graphs.h"

struct writer {
    struct cf_safetensors_writer *out;
    const struct cf_netlist *netlist;
    uint64_t ports, terms; /* of all cells together */
    bool full;             /* some cell is not plain, or there are graphs: a higher version than CF_PLAIN_VERSION */
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
    size_t graphs[CF_GRAPH_TENSORS];
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
           (!n->implementation || cf_graphs_declare_words(n, w->out, ids->graphs, w->err)) &&
           declare(w, "term.port", CF_U8, 1, w->terms, 0, &id[TERM_PORT]) &&
           declare(w, "term.shift", CF_U8, 1, w->terms, 0, &id[TERM_SHIFT]) &&
           (!w->full || declare(w, "term.square", CF_U8, 1, w->terms, 0, &id[TERM_SQUARE])) &&
           (!n->implementation || cf_graphs_declare_bytes(n, w->out, ids->graphs, w->err));
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
    const char *version = n->implementation ? CF_GRAPH_VERSION : w->full ? CF_FULL_VERSION : CF_PLAIN_VERSION;
    char *end = names;
    for (uint32_t g = 0; g < n->group_count; g++)
        end += sprintf(end, "%s%s", g ? " " : "", n->groups[g].name);
    bool done = cf_safetensors_add_metadata(w->out, "format", CF_FORMAT_NAME, w->err) &&
                cf_safetensors_add_metadata(w->out, "version", version, w->err) &&
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
    done = done && (!w->netlist->implementation || cf_graphs_write(w->netlist, w->out, ids->graphs, w->err));
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
    struct writer w = {.netlist = netlist, .full = netlist->implementation != NULL, .err = err};
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
