/* network_ports.c - finds the buses among the names of inputs and outputs. */
#include "netlists/exchange/network_ports.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* An input or output, and its name as "base[index]", if it is of that form. */
struct place {
    const char *name;
    size_t base; /* the length of the base; of the whole name if there is no index */
    bool indexed;
    int32_t index;
    uint32_t bit;
    uint8_t direction;
};

struct making {
    struct cf_network_ports *ports;
    const struct cf_network_names *names;
    enum cf_port_style style;
    uint32_t count[2];
    struct place *places; /* those with a name */
    size_t place_count;
    struct cf_network_port **bus[2]; /* by input, or output: the bus it belongs to, or NULL */
    struct cf_error *err;
};

/* Splits "base[index]" as Verilog writes it, without needless zeros. */
static void split(struct place *place)
{
    size_t length = strlen(place->name);
    const char *open = strrchr(place->name, '[');
    place->base = length;
    if (!open || open == place->name || place->name[length - 1] != ']')
        return;
    const char *digits = open + 1 + (open[1] == '-');
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || count > 9 || digits + count != place->name + length - 1 ||
        (digits[0] == '0' && (count > 1 || open[1] == '-')))
        return;
    place->indexed = true;
    place->index = (int32_t)strtol(open + 1, NULL, 10);
    place->base = (size_t)(open - place->name);
}

static int compare_bases(const struct place *a, const struct place *b)
{
    size_t shorter = a->base < b->base ? a->base : b->base;
    int order = memcmp(a->name, b->name, shorter);
    return order ? order : (a->base > b->base) - (a->base < b->base);
}

static int compare_places(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    int order = compare_bases(a, b);
    if (order)
        return order;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return (a->bit > b->bit) - (a->bit < b->bit);
}

static const char *const *names_of(const struct making *m, int direction)
{
    return direction == CF_PORT_INPUT ? m->names->inputs : m->names->outputs;
}

/* Lists all names, sorted by base and index. */
static bool list_places(struct making *m)
{
    m->places = calloc((size_t)m->count[0] + m->count[1] + 1, sizeof *m->places);
    if (!m->places)
        return false;
    for (int d = 0; d < 2; d++)
        for (uint32_t i = 0; names_of(m, d) && i < m->count[d]; i++)
            if (names_of(m, d)[i]) {
                struct place *place = &m->places[m->place_count++];
                *place = (struct place){.name = names_of(m, d)[i], .bit = i, .direction = (uint8_t)d};
                split(place);
            }
    qsort(m->places, m->place_count, sizeof *m->places, compare_places);
    return true;
}

/* Are these names, which have one base, the bits of one bus? */
static bool is_bus(const struct place *places, size_t count)
{
    bool bus = count > 1 && count < UINT32_MAX;
    for (size_t i = 0; bus && i < count; i++)
        bus = places[i].indexed && places[i].direction == places[0].direction &&
              places[i].index == places[0].index + (int64_t)i;
    return bus;
}

/* A copy in which each stretch of characters other than letters and digits is one '_'. */
static char *identifier_of(struct cf_arena *arena, const char *name, size_t length)
{
    char *copy = cf_arena_alloc(arena, length + 3, 1);
    size_t used = 0;
    if (!copy)
        return NULL;
    if (isdigit((unsigned char)*name))
        copy[used++] = '_';
    for (size_t i = 0; i < length; i++) {
        if (isalnum((unsigned char)name[i]))
            copy[used++] = name[i];
        else if (used == 0 || copy[used - 1] != '_')
            copy[used++] = '_';
    }
    while (used > 1 && copy[used - 1] == '_')
        copy[--used] = '\0';
    return copy;
}

static bool is_identifier(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            return false;
    return length > 0 && !isdigit((unsigned char)*name);
}

/* The name that a port asks for. */
static const char *wish(struct making *m, const char *name, size_t length, bool bus)
{
    bool change = m->style == CF_PORTS_VERILOG;
    if (change && bus)
        change = !is_identifier(name, length);
    for (size_t i = 0, kept = 0; change && !bus && i <= length; i++) {
        kept += i < length && (isalnum((unsigned char)name[i]) || strchr("_.$[]:-+<>@", name[i]));
        change = i < length || kept < length;
    }
    if (change)
        return identifier_of(&m->ports->arena, name, length);
    char *copy = cf_arena_alloc(&m->ports->arena, length + 1, 1);
    return copy ? memcpy(copy, name, length) : NULL;
}

/* Makes the bus of these bits, which stand with ascending indices. */
static bool add_bus(struct making *m, const struct place *places, size_t count)
{
    struct cf_network_port *bus = cf_arena_alloc(&m->ports->arena, 1, sizeof *bus);
    uint32_t *bits = cf_arena_alloc(&m->ports->arena, count, sizeof *bits);
    if (!bus || !bits)
        return false;
    bool falling = true;
    for (size_t i = 0; i < count; i++) {
        bits[i] = places[i].bit;
        falling = falling && (i == 0 || bits[i] < bits[i - 1]);
        m->bus[places[i].direction][bits[i]] = bus;
    }
    *bus = (struct cf_network_port){.name = wish(m, places[0].name, places[0].base, true),
                                    .width = (uint32_t)count,
                                    .is_bus = true,
                                    .upto = falling,
                                    .low = places[0].index,
                                    .bits = bits};
    return bus->name != NULL;
}

static bool find_buses(struct making *m)
{
    if (m->style == CF_PORTS_BITS)
        return true;
    if (!list_places(m))
        return false;
    for (size_t from = 0, to; from < m->place_count; from = to) {
        for (to = from + 1; to < m->place_count && compare_bases(&m->places[from], &m->places[to]) == 0; to++)
            ;
        if (is_bus(m->places + from, to - from) && !add_bus(m, m->places + from, to - from))
            return false;
    }
    return true;
}

/* Lists the ports of one direction in the order of their first bits. */
static bool list_ports(struct making *m, int d)
{
    struct cf_network_ports *ports = m->ports;
    uint32_t count = m->count[d];
    ports->ports[d] = cf_arena_alloc(&ports->arena, count, sizeof *ports->ports[d]);
    ports->port_of[d] = cf_arena_alloc(&ports->arena, count, sizeof *ports->port_of[d]);
    ports->index_of[d] = cf_arena_alloc(&ports->arena, count, sizeof *ports->index_of[d]);
    uint32_t *bits = cf_arena_alloc(&ports->arena, count, sizeof *bits);
    if (!ports->ports[d] || !ports->port_of[d] || !ports->index_of[d] || !bits)
        return false;
    memset(ports->port_of[d], 0xff, count * sizeof *ports->port_of[d]);
    for (uint32_t i = 0; i < count; i++) {
        const struct cf_network_port *bus = m->bus[d][i];
        const char *name = names_of(m, d) ? names_of(m, d)[i] : NULL;
        if (ports->port_of[d][i] != UINT32_MAX)
            continue; /* of a bus that is listed */
        bits[i] = i;
        struct cf_network_port *port = &ports->ports[d][ports->count[d]];
        *port = bus ? *bus : (struct cf_network_port){.width = 1, .bits = bits + i};
        if (!bus && name && !(port->name = wish(m, name, strlen(name), false)))
            return false;
        for (uint32_t k = 0; k < port->width; k++) {
            ports->port_of[d][port->bits[k]] = ports->count[d];
            ports->index_of[d][port->bits[k]] = port->low + (int32_t)k;
        }
        ports->count[d]++;
    }
    return true;
}

/* Gives every port a plain name, from the one it asks for. */
static bool name_ports(struct making *m)
{
    struct cf_network_ports *ports = m->ports;
    struct cf_name_list lists[2];
    for (int d = 0; d < 2; d++) {
        uint32_t count = ports->count[d];
        const char **given = cf_arena_alloc(&ports->arena, count, sizeof *given);
        const char **plain = cf_arena_alloc(&ports->arena, count, sizeof *plain);
        uint32_t *numbers = cf_arena_alloc(&ports->arena, count, sizeof *numbers);
        if (!given || !plain || !numbers)
            return false;
        for (uint32_t p = 0; p < count; p++) {
            given[p] = ports->ports[d][p].name;
            numbers[p] = ports->ports[d][p].bits[0];
        }
        lists[d] = (struct cf_name_list){given, numbers, count, d == CF_PORT_INPUT ? 'i' : 'o', plain};
    }
    if (!cf_names_make_plain(&ports->arena, ports->model, lists, 2))
        return false;
    for (int d = 0; d < 2; d++)
        for (uint32_t p = 0; p < ports->count[d]; p++)
            ports->ports[d][p].name = lists[d].plain[p];
    return true;
}

bool cf_network_ports_new(struct cf_network_ports *ports, const struct cf_network *network,
                          const struct cf_network_names *names, enum cf_port_style style, struct cf_error *err)
{
    *ports = (struct cf_network_ports){0};
    struct making m = {.ports = ports,
                       .names = names,
                       .style = style,
                       .count = {network->input_count, network->output_count},
                       .err = err};
    ports->model = cf_arena_strdup(&ports->arena, names->model);
    for (int d = 0; d < 2; d++)
        m.bus[d] = calloc((size_t)m.count[d] + 1, sizeof *m.bus[d]);
    bool done = ports->model && m.bus[0] && m.bus[1] && find_buses(&m) && list_ports(&m, CF_PORT_INPUT) &&
                list_ports(&m, CF_PORT_OUTPUT) && name_ports(&m);
    free(m.places);
    free(m.bus[0]);
    free(m.bus[1]);
    if (!done)
        cf_network_ports_free(ports);
    return done || cf_fail(err, "%s: out of memory", names->model);
}

void cf_network_ports_free(struct cf_network_ports *ports)
{
    cf_arena_free(&ports->arena);
    *ports = (struct cf_network_ports){0};
}
