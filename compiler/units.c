/* units.c - writes and reads the units of a group's lanes in a netlist's metadata. */
#include "compiler/units.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 26 }; /* "-1.2345678901234567e-308," and the NUL */

static void key_of(const char *group, char key[CF_NAME_MAX])
{
    snprintf(key, CF_NAME_MAX, "unit.%s", group);
}

/* The fewest digits that give the same double again. */
static int print_double(char *text, double value)
{
    for (int digits = 1; digits < 17; digits++) {
        int length = snprintf(text, LONGEST, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return length;
    }
    return snprintf(text, LONGEST, "%.17g", value);
}

bool cf_units_record(struct cf_netlist *netlist, const char *group, const double *units, uint32_t lanes,
                     struct cf_error *err)
{
    char key[CF_NAME_MAX];
    char *text = malloc((size_t)lanes * LONGEST + 1);
    if (!text)
        return cf_fail(err, "%s: out of memory", netlist->label);
    size_t used = 0;
    for (uint32_t lane = 0; lane < lanes; lane++) {
        assert(units[lane] > 0 && isfinite(units[lane]));
        if (lane > 0)
            text[used++] = ',';
        used += (size_t)print_double(text + used, units[lane]);
    }
    text[used] = '\0';
    key_of(group, key);
    bool done = cf_netlist_set_meta(netlist, key, text, err);
    free(text);
    return done;
}

static bool read_list(const char *text, double *units, uint32_t lanes)
{
    for (uint32_t lane = 0; lane < lanes; lane++) {
        char *end;
        units[lane] = strtod(text, &end);
        if (end == text || !(units[lane] > 0) || !isfinite(units[lane]) || *end != (lane + 1 < lanes ? ',' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

bool cf_units_read(const struct cf_netlist *netlist, uint32_t index, double *units, struct cf_error *err)
{
    assert(index < netlist->group_count);
    const struct cf_group *group = &netlist->groups[index];
    uint32_t lanes = cf_group_lanes(group);
    char key[CF_NAME_MAX];
    key_of(group->name, key);
    const char *text = cf_netlist_meta(netlist, key);
    if (text)
        return read_list(text, units, lanes) ||
               cf_fail(err, "%s: metadata '%s' are not %u positive numbers with commas between", netlist->label, key,
                       lanes);
    if (!netlist->class_scale || lanes != netlist->class_count)
        return cf_fail(err, "%s: has neither a class scale for each of the %u lanes of '%s' nor metadata '%s'",
                       netlist->label, lanes, group->name, key);
    int fraction = netlist->cells[group->cell[0]].ports[0].frac;
    for (uint32_t lane = 0; lane < lanes; lane++)
        units[lane] = ldexp(netlist->input_scale * netlist->class_scale[lane], -fraction);
    return true;
}
