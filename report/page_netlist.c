/* page_netlist.c - writes the netlist's part of a page: groups, cells, the place of every gate, and its Verilog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/census.h"
#include "compiler/record.h"
#include "netlists/analyse.h"
#include "netlists/cell.h"
#include "report/blob.h"
#include "report/page_parts.h"
#include "rtl/structural/places.h"
#include "rtl/structural/structural.h"

void cf_page_text(cJSON *object, const char *key, const char *text)
{
    char plain[1024];
    size_t used = 0;
    for (; *text && used + 1 < sizeof plain; text++)
        plain[used++] = (unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e ? '?' : *text;
    plain[used] = '\0';
    cJSON_AddStringToObject(object, key, plain);
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

static void add_group(cJSON *groups, const struct cf_group *group, const struct cf_group_facts *facts,
                      const char *identifier)
{
    cJSON *entry = cJSON_CreateObject(), *shape = cJSON_AddArrayToObject(entry, "shape");
    cJSON_AddStringToObject(entry, "name", group->name);
    cJSON_AddStringToObject(entry, "identifier", identifier);
    for (int i = 0; i < group->rank; i++)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber(group->shape[i]));
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"count", group->count},         {"first", group->first_net},    {"ports", group->ports},
                   {"width", group->type.width},    {"frac", group->type.frac},     {"live", (double)facts->live},
                   {"edges", (double)facts->edges}, {"levelLow", facts->level_low}, {"level", facts->level_high},
                   {"faninLow", facts->fanin_min},  {"fanin", facts->fanin_max},    {"weightLow", facts->weight_min},
                   {"weight", facts->weight_max},   {"cells", facts->cells}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cJSON_AddNumberToObject(entry, numbers[i].key, numbers[i].value);
    cJSON_AddBoolToObject(entry, "signed", group->type.is_signed);
    cJSON_AddBoolToObject(entry, "output", group->output);
    cJSON_AddItemToArray(groups, entry);
}

static bool add_groups(cJSON *document, const struct cf_netlist *n, struct cf_error *err)
{
    struct cf_facts facts;
    struct cf_rtl_names names;
    if (!cf_netlist_analyse(n, &facts, err))
        return false;
    bool done = cf_rtl_names_make(&names, n, NULL, err);
    cJSON *groups = cJSON_AddArrayToObject(document, "groups");
    for (uint32_t g = 0; done && g < n->group_count; g++)
        add_group(groups, &n->groups[g], &facts.groups[g], names.identifier[g]);
    cJSON_AddNumberToObject(document, "gates", (double)facts.gates);
    cJSON_AddNumberToObject(document, "live", (double)facts.live);
    cJSON_AddNumberToObject(document, "edges", (double)facts.edges);
    cJSON_AddNumberToObject(document, "depth", facts.depth);
    cJSON_AddNumberToObject(document, "cells", n->cell_count);
    cJSON_AddNumberToObject(document, "inputScale", n->input_scale);
    if (n->class_scale)
        cJSON_AddItemToObject(document, "classScale", cJSON_CreateDoubleArray(n->class_scale, (int)n->class_count));
    cJSON *meta = cJSON_AddObjectToObject(document, "meta");
    for (uint32_t m = 0; m < n->meta_count; m++)
        cf_page_text(meta, n->meta[m].key, n->meta[m].value);
    if (done)
        cf_rtl_names_free(&names);
    cf_facts_free(&facts);
    return done;
}

/* The closed form of each layer and scale beside what the netlist holds. */
static void add_table(cJSON *document, const struct cf_netlist *n)
{
    struct cf_compile_options options;
    struct cf_error ignored;
    if (!cf_compile_recorded(n, &options, &ignored))
        return;
    cJSON *table = cJSON_AddArrayToObject(document, "table");
    for (uint32_t k = 0; k < options.scales; k++) {
        cJSON *row = cJSON_CreateObject(), *closed = cJSON_AddArrayToObject(row, "closed"),
              *found = cJSON_AddArrayToObject(row, "found");
        cJSON_AddNumberToObject(row, "height", options.height >> k);
        cJSON_AddNumberToObject(row, "width", options.width >> k);
        for (int layer = 0; layer < CF_LAYER_COUNT; layer++) {
            char name[32];
            snprintf(name, sizeof name, "s%u.%s", k, cf_layer_name((enum cf_layer)layer));
            uint32_t g = cf_netlist_find_group(n, name);
            cJSON_AddItemToArray(closed,
                                 cJSON_CreateNumber((double)cf_closed_form(&options, n, k, (enum cf_layer)layer)));
            cJSON_AddItemToArray(found, cJSON_CreateNumber(g == UINT32_MAX ? 0 : n->groups[g].count));
        }
        cJSON_AddItemToArray(table, row);
    }
    cJSON_AddStringToObject(document, "top", cf_top_name(options.top));
    cJSON_AddStringToObject(document, "upsample", cf_upsample_name(options.upsample));
    cJSON_AddNumberToObject(document, "scoreThreshold", options.score_threshold);
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

/* Some sum could pass 2^53, so that a double does not hold it. */
static bool is_wide(const struct cf_netlist *n)
{
    const int64_t most = (int64_t)1 << 53;
    bool wide = false;
    for (uint32_t c = 0; c < n->cell_count && !wide; c++) {
        int64_t min, max, terms = 0;
        wide = !cf_cell_range(&n->cells[c], &min, &max) || min < -most || max > most;
        /* Partial sums too: the sum of all terms' magnitudes is at most max - min, and the bias beside. */
        terms = wide ? 0 : max - min;
        wide = wide || terms > most || n->cells[c].bias > most || n->cells[c].bias < -most;
    }
    return wide;
}

struct cell_arrays {
    uint32_t *terms, *ports, *offset;
    int64_t *bias;
    int32_t *weight;
    uint8_t *activation, *port, *shift, *square;
};

static void free_arrays(struct cell_arrays *a)
{
    free(a->terms);
    free(a->ports);
    free(a->offset);
    free(a->bias);
    free(a->weight);
    free(a->activation);
    free(a->square);
    free(a->port);
    free(a->shift);
}

static void fill_arrays(struct cell_arrays *a, const struct cf_netlist *n)
{
    size_t at = 0;
    for (uint32_t c = 0; c < n->cell_count; c++) {
        const struct cf_cell *cell = &n->cells[c];
        a->terms[c] = cell->term_count;
        a->ports[c] = cell->port_count;
        a->bias[c] = cell->bias;
        a->activation[c] = (uint8_t)cell->activation;
        for (uint32_t t = 0; t < cell->term_count; t++, at++) {
            a->offset[at] = cell->terms[t].offset;
            a->weight[at] = cell->terms[t].weight;
            a->port[at] = cell->terms[t].port;
            a->shift[at] = cell->terms[t].shift;
            a->square[at] = cell->terms[t].square;
        }
    }
}

static bool put_cells(struct cf_text *page, const struct cf_netlist *n, struct cf_error *err)
{
    size_t cells = n->cell_count, terms = 0;
    for (uint32_t c = 0; c < n->cell_count; c++)
        terms += n->cells[c].term_count;
    struct cell_arrays a = {.terms = calloc(cells + 1, sizeof *a.terms),
                            .ports = calloc(cells + 1, sizeof *a.ports),
                            .offset = calloc(terms + 1, sizeof *a.offset),
                            .bias = calloc(cells + 1, sizeof *a.bias),
                            .weight = calloc(terms + 1, sizeof *a.weight),
                            .activation = calloc(cells + 1, 1),
                            .port = calloc(terms + 1, 1),
                            .shift = calloc(terms + 1, 1),
                            .square = calloc(terms + 1, 1)};
    bool done = a.terms && a.ports && a.offset && a.bias && a.weight && a.activation && a.port && a.shift && a.square;
    if (done) {
        fill_arrays(&a, n);
        cf_blob_put(page, "cell-terms", CF_BLOB_U32, a.terms, cells, 0);
        cf_blob_put(page, "cell-ports", CF_BLOB_U32, a.ports, cells, 0);
        cf_blob_put(page, "cell-bias", CF_BLOB_I64, a.bias, cells, 0);
        cf_blob_put(page, "cell-activation", CF_BLOB_U8, a.activation, cells, 0);
        cf_blob_put(page, "term-offset", CF_BLOB_U32, a.offset, terms, 1);
        cf_blob_put(page, "term-weight", CF_BLOB_I32, a.weight, terms, 0);
        cf_blob_put(page, "term-port", CF_BLOB_U8, a.port, terms, 0);
        cf_blob_put(page, "term-shift", CF_BLOB_U8, a.shift, terms, 0);
        cf_blob_put(page, "term-square", CF_BLOB_U8, a.square, terms, 0);
    }
    free_arrays(&a);
    return done || cf_fail(err, "%s: out of memory", n->label);
}

static void put_places(struct cf_text *page, const struct cf_netlist *n)
{
    for (uint32_t g = 1; g < n->group_count; g++) {
        const struct cf_group *group = &n->groups[g];
        char id[64];
        snprintf(id, sizeof id, "group-%u-cell", g);
        cf_blob_put(page, id, CF_BLOB_U32, group->cell, group->count, 1);
        snprintf(id, sizeof id, "group-%u-base", g);
        cf_blob_put(page, id, CF_BLOB_U32, group->base, (size_t)group->count * group->ports, group->ports);
    }
}

/* ---- Verilog ---------------------------------------------------------------------------------------------------- */

static bool put_lanes(struct cf_text *page, const struct cf_rtl_module *module, uint32_t m)
{
    uint32_t *values = malloc((size_t)module->lanes * sizeof *values);
    for (int field = 0; values && field < 3; field++) {
        static const char *const names[] = {"line", "first", "count"};
        char id[64];
        for (uint32_t l = 0; l < module->lanes; l++)
            values[l] = field == 0 ? module->lane[l].line : field == 1 ? module->lane[l].first : module->lane[l].count;
        snprintf(id, sizeof id, "module-%u-%s", m, names[field]);
        cf_blob_put(page, id, CF_BLOB_U32, values, module->lanes, 1);
    }
    bool done = values != NULL;
    free(values);
    return done;
}

static bool put_rows(struct cf_text *page, const struct cf_rtl_places *places, uint32_t count)
{
    uint32_t *values = malloc(((size_t)count + 1) * sizeof *values);
    if (!values)
        return false;
    for (uint32_t row = 0; row < count; row++)
        values[row] = places->rows[row].line;
    cf_blob_put(page, "row-line", CF_BLOB_U32, values, count, 1);
    for (uint32_t row = 0; row < count; row++)
        values[row] = places->rows[row].module;
    cf_blob_put(page, "row-module", CF_BLOB_U32, values, count, 0);
    free(values);
    return true;
}

static bool put_verilog(cJSON *document, struct cf_text *page, const struct cf_netlist *n, struct cf_error *err)
{
    struct cf_rtl_places places;
    if (!cf_rtl_places_make(&places, n, err))
        return false;
    cJSON *verilog = cJSON_AddObjectToObject(document, "verilog"), *first = cJSON_AddArrayToObject(verilog, "firstRow"),
          *modules = cJSON_AddArrayToObject(verilog, "modules");
    for (uint32_t g = 0; g < n->group_count; g++)
        cJSON_AddItemToArray(first, cJSON_CreateNumber(places.first_row[g]));
    bool done = put_rows(page, &places, places.first_row[n->group_count]);
    for (uint32_t m = 0; done && m < places.module_count; m++) {
        cJSON_AddItemToArray(modules, cJSON_CreateString(places.modules[m].name));
        done = put_lanes(page, &places.modules[m], m);
    }
    cf_rtl_places_free(&places);
    return done || cf_fail(err, "%s: out of memory", n->label);
}

bool cf_page_put_netlist(cJSON *document, struct cf_text *page, const struct cf_netlist *netlist, struct cf_error *err)
{
    cJSON_AddBoolToObject(document, "wide", is_wide(netlist));
    add_table(document, netlist);
    if (!add_groups(document, netlist, err) || !put_cells(page, netlist, err) ||
        !put_verilog(document, page, netlist, err))
        return false;
    put_places(page, netlist);
    return true;
}
