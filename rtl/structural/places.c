/* places.c - finds the lines at which gates stand: runs the writers without files, and counts lines. */
#include "rtl/structural/places.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtl/structural/text.h"

void cf_rtl_places_free(struct cf_rtl_places *places)
{
    for (uint32_t m = 0; places->modules && m < places->module_count; m++) {
        free(places->modules[m].name);
        free(places->modules[m].lane);
    }
    free(places->modules);
    free(places->rows);
    free(places->first_row);
    *places = (struct cf_rtl_places){0};
}

static bool make_module(struct cf_rtl_module *to, const struct cf_rows *rows, const struct cf_row_module *module)
{
    char name[CF_RTL_NAME_MAX];
    to->lanes = cf_group_lanes(&rows->netlist->groups[module->group]);
    to->name = strdup(cf_row_module_name(rows, module, name));
    to->lane = calloc(to->lanes, sizeof *to->lane);
    return to->name && to->lane;
}

/* Makes room for the lines that the writers will note. */
static bool make_room(struct cf_rtl_places *places, const struct cf_rows *rows)
{
    uint32_t groups = rows->netlist->group_count;
    places->module_count = rows->module_count;
    places->first_row = malloc((groups + 1) * sizeof *places->first_row);
    places->rows = calloc((size_t)rows->first_row[groups] + 1, sizeof *places->rows);
    places->modules = calloc((size_t)rows->module_count + 1, sizeof *places->modules);
    bool done = places->first_row && places->rows && places->modules;
    for (uint32_t m = 0; done && m < rows->module_count; m++)
        done = make_module(&places->modules[m], rows, &rows->modules[m]);
    if (!done)
        return false;
    memcpy(places->first_row, rows->first_row, (groups + 1) * sizeof *places->first_row);
    for (uint32_t row = 0; row < rows->first_row[groups]; row++)
        places->rows[row].module = rows->module_of[row];
    return true;
}

bool cf_rtl_places_make(struct cf_rtl_places *places, const struct cf_netlist *netlist, struct cf_error *err)
{
    struct emission e = {.netlist = netlist, .source = "", .err = err, .places = places};
    *places = (struct cf_rtl_places){.netlist = netlist};
    bool done = cf_rows_build(&e.rows, netlist, NULL, err) &&
                (make_room(places, &e.rows) || cf_fail(err, "%s: out of memory", netlist->label)) &&
                cf_emission_survey(&e);
    for (int file = 0; done && file < 2; file++) {
        e.line = 1;
        done = file == 0 ? cf_put_rows(&e) : cf_put_top(&e);
    }
    done = done && (!e.failed || cf_fail(err, "%s: out of memory", netlist->label));
    cf_emission_free(&e);
    if (!done)
        cf_rtl_places_free(places);
    return done;
}

/* "lane[5]", "lanes_3_to_9[5]" or "lane_5", written into the buffer. */
enum { LANE_NAME = 64 };
static const char *lane_name(const struct cf_rtl_module *module, uint32_t lane, char buffer[LANE_NAME])
{
    assert(lane < module->lanes);
    const struct cf_rtl_lane *at = &module->lane[lane];
    if (at->count == 1)
        snprintf(buffer, LANE_NAME, "lane_%u", lane);
    else if (at->count == module->lanes)
        snprintf(buffer, LANE_NAME, "lane[%u]", lane);
    else
        snprintf(buffer, LANE_NAME, "lanes_%u_to_%u[%u]", at->first, at->first + at->count - 1, lane);
    return buffer;
}

bool cf_rtl_place_of(const struct cf_rtl_places *places, uint32_t group, uint32_t index, struct cf_rtl_place *place,
                     struct cf_error *err)
{
    const struct cf_group *g = &places->netlist->groups[group];
    assert(group < places->netlist->group_count && index < g->count);
    uint32_t lanes = cf_group_lanes(g), lane = index % lanes, row = places->first_row[group] + index / lanes;
    struct cf_rtl_names names;
    char wire[CF_RTL_NAME_MAX], name[LANE_NAME];
    if (!cf_rtl_names_make(&names, places->netlist, NULL, err))
        return false;
    cf_rtl_row_name(&names, group, index / lanes, wire);
    *place = (struct cf_rtl_place){.top_line = places->rows[row].line};
    snprintf(place->wire, sizeof place->wire, "%s[%u*%u +: %u]", wire, lane, g->type.width, g->type.width);
    if (places->rows[row].module != UINT32_MAX) {
        const struct cf_rtl_module *module = &places->modules[places->rows[row].module];
        snprintf(place->instance, sizeof place->instance, "cofiber_top.u_%s.%s", wire, lane_name(module, lane, name));
        place->row_line = module->lane[lane].line;
    }
    cf_rtl_names_free(&names);
    return true;
}
