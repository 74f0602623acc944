/* stats_verilog.c - cofiber stats --verilog: prints the wires, modules and lines of each group in what `verilog`
 * writes. */
#include "cli/stats_verilog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtl/structural/places.h"

/* A group in the Verilog: its first and last row, and the kinds of row that it has. */
struct stretch {
    char wire[2][320]; /* of the first row, and of the last */
    uint32_t line[2];  /* their instances, in cofiber_top.v */
    uint32_t rows, module_count;
    uint32_t *modules; /* [module_count]: indices into the modules of the places, in the order of the rows */
};

static bool find_stretch(const struct cf_rtl_places *places, uint32_t group, struct stretch *stretch,
                         struct cf_error *err)
{
    const struct cf_group *g = &places->netlist->groups[group];
    uint32_t first = places->first_row[group], end = places->first_row[group + 1];
    uint8_t *seen = calloc(places->module_count + (size_t)1, sizeof *seen);
    *stretch = (struct stretch){.rows = end - first};
    stretch->modules = calloc(places->module_count + (size_t)1, sizeof *stretch->modules);
    bool made = seen && stretch->modules;
    for (uint32_t r = first; made && r < end; r++) {
        uint32_t module = places->rows[r].module;
        if (!seen[module])
            stretch->modules[stretch->module_count++] = module;
        seen[module] = 1;
    }
    free(seen);
    if (!made)
        return cf_fail(err, "%s: out of memory", places->netlist->label);
    for (int last = 0; last < 2; last++) {
        struct cf_rtl_place place;
        if (!cf_rtl_place_of(places, group, last ? g->count - 1 : 0, &place, err))
            return false;
        snprintf(stretch->wire[last], sizeof stretch->wire[last], "%.*s", (int)strcspn(place.wire, "["), place.wire);
        stretch->line[last] = place.top_line;
    }
    return true;
}

static void print_stretch(const struct cf_rtl_places *places, uint32_t group, const struct stretch *s)
{
    const struct cf_rtl_module *module = &places->modules[s->modules[0]];
    char more[32] = "";
    if (s->module_count > 1)
        snprintf(more, sizeof more, " and %u more", s->module_count - 1);
    printf("%-14s %s", places->netlist->groups[group].name, s->wire[0]);
    if (s->rows > 1)
        printf(" to %s", s->wire[1]);
    printf(", cofiber_top.v:%u", s->line[0]);
    if (s->rows > 1)
        printf(" to %u", s->line[1]);
    printf("\n%-14s %s, cofiber_rows.v:%u%s\n", "", module->name, module->line, more);
}

static void add_stretch(const struct cf_rtl_places *places, uint32_t group, const struct stretch *s, cJSON *list)
{
    static const char *const wires[] = {"first_wire", "last_wire"}, *const lines[] = {"first_line", "last_line"};
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddItemToArray(list, entry);
    cJSON_AddStringToObject(entry, "group", places->netlist->groups[group].name);
    for (int last = 0; last < 2; last++) {
        cJSON_AddStringToObject(entry, wires[last], s->wire[last]);
        cJSON_AddNumberToObject(entry, lines[last], s->line[last]);
    }
    cJSON *modules = cJSON_AddArrayToObject(entry, "modules");
    for (uint32_t m = 0; m < s->module_count; m++) {
        const struct cf_rtl_module *module = &places->modules[s->modules[m]];
        cJSON *kind = cJSON_CreateObject();
        cJSON_AddItemToArray(modules, kind);
        cJSON_AddStringToObject(kind, "name", module->name);
        cJSON_AddNumberToObject(kind, "line", module->line);
        cJSON_AddNumberToObject(kind, "lanes", module->lanes);
    }
}

bool cli_stats_verilog(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err)
{
    struct cf_rtl_places places;
    if (!cf_rtl_places_make(&places, netlist, err))
        return false;
    cJSON *list = json ? cJSON_AddArrayToObject(json, "verilog") : NULL;
    bool done = true;
    if (!json)
        printf("\nIn the structural Verilog, one wire and one instance per row, which is one position of a group:\n\n");
    for (uint32_t g = CF_INPUT + 1; done && g < netlist->group_count; g++) {
        struct stretch stretch;
        done = find_stretch(&places, g, &stretch, err);
        if (done && json)
            add_stretch(&places, g, &stretch, list);
        else if (done)
            print_stretch(&places, g, &stretch);
        free(stretch.modules);
    }
    cf_rtl_places_free(&places);
    return done;
}
