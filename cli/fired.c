/* fired.c - prints the decisions that fire as lines of JSON. */
#include "cli/fired.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/cell.h"
#include "netlists/names.h"

struct cli_fired_frame {
    uint64_t frame;
    char *text;
    size_t length, capacity;
    struct cli_fired_frame *next;
};

/* The values of the group that was asked for last, so that a gate's operands need not look it up one by one. */
struct operands {
    const cofiber_result *result;
    const struct cf_netlist *netlist;
    const struct cf_group *group;
    const void *values;
    cofiber_storage storage;
};

static int64_t value_of(struct operands *o, uint32_t net)
{
    if (!o->group || net - o->group->first_net >= o->group->count) {
        uint32_t g = cf_netlist_group_of(o->netlist, net);
        o->group = &o->netlist->groups[g];
        o->values = cofiber_values(o->result, g, &o->storage);
        assert(o->values != NULL);
    }
    return cf_storage_get(o->values, (enum cf_storage)o->storage, net - o->group->first_net);
}

static int64_t sum_of(struct operands *o, const struct cf_group *group, uint32_t index)
{
    const struct cf_cell *cell = &o->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    int64_t sum = cell->bias;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        sum += cf_term_value(term, value_of(o, bases[term->port] + term->offset));
    }
    return sum;
}

static bool add(struct cli_fired_frame *lines, const char *text)
{
    size_t length = strlen(text);
    if (!cf_array_reserve(&lines->text, &lines->capacity, lines->length + length + 1, 1))
        return false;
    memcpy(lines->text + lines->length, text, length + 1);
    lines->length += length;
    return true;
}

static bool add_gate(struct cli_fired_frame *lines, struct operands *o, const struct cf_group *group, uint32_t index)
{
    char name[CF_NAME_MAX], text[512];
    uint32_t lanes = cf_group_lanes(group), lane = index % lanes, position[CF_GROUP_MAX_RANK] = {0}, scale;
    int64_t sum = sum_of(o, group, index);
    for (uint32_t i = (uint32_t)group->rank - 1, rest = index / lanes; i-- > 0; rest /= group->shape[i])
        position[i] = rest % group->shape[i];
    int used = snprintf(text, sizeof text, "{\"frame\":%" PRIu64 ",\"gate\":\"%s\"", lines->frame,
                        cf_gate_name(group, index, name, sizeof name));
    if (sscanf(group->name, "s%9" SCNu32 ".", &scale) == 1)
        used += snprintf(text + used, sizeof text - (size_t)used, ",\"scale\":%" PRIu32, scale);
    used += snprintf(text + used, sizeof text - (size_t)used, ",\"position\":[");
    for (int i = 0; i + 1 < group->rank; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%" PRIu32, i ? "," : "", position[i]);
    used += snprintf(text + used, sizeof text - (size_t)used, "],\"class\":%" PRIu32 ",\"sum\":%" PRId64,
                     cf_group_lane_name(group, lane), sum);
    if (lane < o->netlist->class_count) {
        double unit = ldexp(o->netlist->input_scale * o->netlist->class_scale[lane],
                            -o->netlist->cells[group->cell[index]].ports[0].frac);
        used += snprintf(text + used, sizeof text - (size_t)used, ",\"margin\":%.9g", (double)sum * unit);
    } else {
        used += snprintf(text + used, sizeof text - (size_t)used, ",\"margin\":null");
    }
    snprintf(text + used, sizeof text - (size_t)used, "}\n");
    return add(lines, text);
}

static bool add_frame(struct cli_fired_frame *lines, struct operands *o)
{
    bool done = add(lines, "");
    for (uint32_t g = 1; g < o->netlist->group_count; g++) {
        const struct cf_group *group = &o->netlist->groups[g];
        cofiber_storage storage;
        const void *values = group->output ? cofiber_values(o->result, g, &storage) : NULL;
        for (uint32_t i = 0; done && values && i < group->count; i++)
            if (cf_storage_get(values, (enum cf_storage)storage, i) == 1 &&
                o->netlist->cells[group->cell[i]].activation == CF_STEP)
                done = add_gate(lines, o, group, i);
    }
    return done;
}

static void free_frame(struct cli_fired_frame *lines)
{
    free(lines->text);
    free(lines);
}

/* Prints the frames whose turn it is. */
static void print_waiting(struct cli_fired *fired)
{
    struct cli_fired_frame **at = &fired->waiting;
    while (*at) {
        struct cli_fired_frame *lines = *at;
        if (lines->frame != fired->next) {
            at = &lines->next;
            continue;
        }
        fputs(lines->text, stdout); /* main reports what could not be written */
        *at = lines->next;
        free_frame(lines);
        fired->next++;
        at = &fired->waiting;
    }
}

bool cli_fired_put(struct cli_fired *fired, uint64_t frame, const cofiber_result *result, struct cf_error *err)
{
    struct cli_fired_frame *lines = calloc(1, sizeof *lines);
    struct operands operands = {.result = result, .netlist = fired->netlist};
    if (!lines)
        return cf_fail(err, "%s: out of memory", fired->netlist->label);
    lines->frame = frame;
    if (!add_frame(lines, &operands)) {
        free_frame(lines);
        return cf_fail(err, "%s: out of memory", fired->netlist->label);
    }
    lines->next = fired->waiting;
    fired->waiting = lines;
    print_waiting(fired);
    return true;
}

void cli_fired_free(struct cli_fired *fired)
{
    while (fired->waiting) {
        struct cli_fired_frame *next = fired->waiting->next;
        free_frame(fired->waiting);
        fired->waiting = next;
    }
}
