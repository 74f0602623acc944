/* prove_widths.c - prints how tight the widths of a netlist are, in words and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/prove_report.h"
#include "netlists/names.h"

static const struct cf_type *type_of(const struct cf_netlist *netlist, uint32_t cell)
{
    return &netlist->cells[cell].type;
}

/* One linear cell: "  s0.pool     10 bits  -512 to 508 of -512 to 511". */
static void print_linear(const struct cf_netlist *netlist, uint32_t cell, const struct cf_width *w)
{
    const struct cf_type *type = type_of(netlist, cell);
    printf("  %-14s cell %-4" PRIu32 " %2d bits: %" PRId64 " to %" PRId64 " of %" PRId64 " to %" PRId64,
           netlist->groups[w->group].name, cell, type->width, w->least, w->greatest, cf_type_min(*type),
           cf_type_max(*type));
    if (w->both)
        printf("; both ends are reached\n");
    else if (cf_width_tight(netlist, cell, w))
        printf("; slack %" PRId64 " and %" PRId64 ", no bit to spare\n", w->least - cf_type_min(*type),
               cf_type_max(*type) - w->greatest);
    else
        printf("; %d bits would do\n", w->bits);
}

/* Linear cells one by one; steps as a count for each group, and those with one decision by name. */
void cli_print_widths(const struct cf_netlist *netlist, const struct cf_width *widths)
{
    uint32_t unknown = 0, steps = 0, both = 0;
    char name[CF_NAME_MAX];
    printf("widths: how far the sums go, over all inputs\n");
    for (uint32_t c = 0; c < netlist->cell_count; c++) {
        const struct cf_width *w = &widths[c];
        bool step = netlist->cells[c].activation == CF_STEP;
        unknown += w->placed && !w->known;
        if (!w->placed || !w->known)
            continue;
        steps += step;
        both += step && w->both;
        if (!step)
            print_linear(netlist, c, w);
        else if (!w->both)
            printf("  %-14s cell %-4" PRIu32 " never decides %d: its sums go from %" PRId64 " (%s) to %" PRId64 "\n",
                   netlist->groups[w->group].name, c, w->least >= 0 ? 0 : 1, w->least,
                   cf_net_name(netlist, w->least_gate, name, sizeof name), w->greatest);
    }
    if (steps)
        printf("  %" PRIu32 " of %" PRIu32 " cells that are steps reach both decisions\n", both, steps);
    if (unknown)
        printf("  %" PRIu32 " cells are not followed: their sums are no linear forms of the input\n", unknown);
}

void cli_json_widths(cJSON *document, const struct cf_netlist *netlist, const struct cf_width *widths)
{
    cJSON *array = cJSON_AddArrayToObject(document, "widths");
    char name[CF_NAME_MAX];
    for (uint32_t c = 0; c < netlist->cell_count; c++) {
        const struct cf_width *w = &widths[c];
        const struct cf_type *type = type_of(netlist, c);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(array, item);
        cJSON_AddNumberToObject(item, "cell", c);
        if (!w->placed)
            continue;
        cJSON_AddStringToObject(item, "group", netlist->groups[w->group].name);
        cJSON_AddNumberToObject(item, "bits", type->width);
        cJSON_AddBoolToObject(item, "known", w->known);
        if (!w->known)
            continue;
        cJSON_AddNumberToObject(item, "least_sum", (double)w->least);
        cJSON_AddStringToObject(item, "least_gate", cf_net_name(netlist, w->least_gate, name, sizeof name));
        cJSON_AddNumberToObject(item, "greatest_sum", (double)w->greatest);
        cJSON_AddStringToObject(item, "greatest_gate", cf_net_name(netlist, w->greatest_gate, name, sizeof name));
        cJSON_AddBoolToObject(item, "both_ends", w->both);
        cJSON_AddNumberToObject(item, "bits_needed", w->bits);
        if (netlist->cells[c].activation == CF_STEP)
            continue;
        cJSON_AddNumberToObject(item, "slack_below", (double)(w->least - cf_type_min(*type)));
        cJSON_AddNumberToObject(item, "slack_above", (double)(cf_type_max(*type) - w->greatest));
    }
}
