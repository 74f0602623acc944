/* names.c - names the rows, the modules and the wires of the emitted Verilog. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtl/structural/structural.h"

/* Each stretch of '.' and '_' becomes one '_', because Verilator rewrites "__" in the names that its C++ shows. */
static void plain_identifier(const char *name, char *out, size_t size)
{
    size_t used = 0;
    for (; *name && used + 1 < size; name++) {
        if (isalnum((unsigned char)*name))
            out[used++] = *name;
        else if (used > 0 && out[used - 1] != '_')
            out[used++] = '_';
    }
    while (used > 0 && out[used - 1] == '_')
        used--;
    out[used] = '\0';
}

/* Could two groups with these identifiers give the same name to rows, to row modules or to instances ("u_...")? */
static bool ambiguous(const char *a, const char *b)
{
    if (!isalpha((unsigned char)*a) || strncmp(a, "u_", 2) == 0)
        return true;
    size_t length = strlen(a);
    if (strncmp(a, b, length) != 0)
        return false;
    return strspn(b + length, "_0123456789") == strlen(b + length) && (b[length] == '_' || b[length] == '\0');
}

/* The group s1.classify becomes s1_classify. Where two names could then be the same, the number of its group stands
 * before each: g7_s1_classify. */
static void name_groups(struct cf_rtl_names *names)
{
    const struct cf_netlist *netlist = names->netlist;
    bool doubt = false;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        plain_identifier(netlist->groups[g].name, names->identifier[g], sizeof names->identifier[g]);
    for (uint32_t a = 0; a < netlist->group_count && !doubt; a++) {
        doubt = ambiguous(names->identifier[a], "");
        for (uint32_t b = 0; b < netlist->group_count && !doubt; b++)
            doubt = a != b && ambiguous(names->identifier[a], names->identifier[b]);
    }
    for (uint32_t g = 0; g < netlist->group_count && doubt; g++) {
        char plain[CF_NAME_MAX];
        plain_identifier(netlist->groups[g].name, plain, sizeof plain);
        snprintf(names->identifier[g], sizeof names->identifier[g], "g%u_%.100s", g, plain);
    }
}

static bool is_prefix(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= CF_RTL_PREFIX_MAX && (isalpha((unsigned char)*text) || *text == '_') &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

bool cf_rtl_check_prefix(const char *prefix, struct cf_error *err)
{
    return !prefix || is_prefix(prefix) ||
           cf_fail(err, "the prefix '%.100s' is no Verilog identifier of up to %d letters, digits and '_'", prefix,
                   CF_RTL_PREFIX_MAX);
}

bool cf_rtl_names_make(struct cf_rtl_names *names, const struct cf_netlist *netlist, const char *prefix,
                       struct cf_error *err)
{
    *names = (struct cf_rtl_names){.netlist = netlist, .prefix = prefix ? prefix : ""};
    if (!cf_rtl_check_prefix(prefix, err))
        return false;
    names->identifier = calloc(netlist->group_count, sizeof *names->identifier);
    if (!names->identifier)
        return cf_fail(err, "%s: out of memory", netlist->label);
    name_groups(names);
    return true;
}

void cf_rtl_names_free(struct cf_rtl_names *names)
{
    free(names->identifier);
    *names = (struct cf_rtl_names){0};
}

const char *cf_rtl_row_name(const struct cf_rtl_names *names, uint32_t group, uint32_t position,
                            char buffer[CF_RTL_NAME_MAX])
{
    assert(group < names->netlist->group_count);
    const struct cf_group *g = &names->netlist->groups[group];
    assert(position < g->count / cf_group_lanes(g));
    uint32_t at[CF_GROUP_MAX_RANK];
    for (int i = g->rank - 2; i >= 0; i--) {
        at[i] = position % g->shape[i];
        position /= g->shape[i];
    }
    int used = snprintf(buffer, CF_RTL_NAME_MAX, "%s", names->identifier[group]);
    for (int i = 0; i < g->rank - 1; i++)
        used += snprintf(buffer + used, CF_RTL_NAME_MAX - (size_t)used, "_%u", at[i]);
    if (g->rank == 1) /* there is no position, but the name must differ from a keyword such as input */
        snprintf(buffer + used, CF_RTL_NAME_MAX - (size_t)used, "_0");
    return buffer;
}
