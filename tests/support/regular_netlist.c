/* regular_netlist.c - makes netlists of the shape that compiled heads have, with weights from a seed. */
#include "tests/support/regular_netlist.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/check.h"

static bool make_head(struct cf_head *head, uint32_t classes, uint32_t channels, struct random_source *random)
{
    *head = (struct cf_head){.label = "head", .classes = classes, .channels = channels};
    head->bands[CF_ROLE_CLS] = 1;
    struct cf_head_layer *cls = &head->layer[CF_ROLE_CLS][0];
    cls->outputs = classes;
    cls->inputs = channels;
    if (!cf_head_layer_allocate(cls, &head->arena))
        return false;
    for (uint32_t c = 0; c < classes; c++) {
        cls->scale[c] = 0.01;
        cls->bias[c] = (double)random_between(random, -400, 400) / 64;
        for (uint32_t d = 0; d < channels; d++) {
            cls->quantised[c * channels + d] = random_next(random) % 4 ? (int32_t)random_between(random, -127, 127) : 0;
            cls->weight[c * channels + d] = cls->quantised[c * channels + d] * cls->scale[c];
        }
    }
    return true;
}

struct cf_netlist *circuit_of_random_head(struct random_source *random, uint32_t classes, uint32_t channels,
                                          const struct cf_compile_options *options)
{
    struct cf_head head;
    struct cf_netlist *netlist = NULL;
    struct cf_error err;
    if (make_head(&head, classes, channels, random) && !cf_compile(&netlist, &head, options, &err))
        fprintf(stderr, "%s\n", err.text);
    cf_head_free(&head);
    return netlist;
}

struct cf_netlist *random_circuit(struct random_source *random)
{
    struct cf_compile_options options = cf_compile_defaults();
    options.scales = (uint32_t)random_between(random, 1, 3);
    options.height = (uint32_t)random_between(random, 1, 2) << options.scales;
    options.width = (uint32_t)random_between(random, 1, 3) << options.scales;
    options.upsample = random_next(random) % 2 ? CF_BILINEAR : CF_NEAREST;
    options.pools = random_next(random) % 2 ? CF_ITERATED : CF_DIRECT;
    options.top = random_next(random) % 2 ? CF_COFIBER : CF_RESIDUAL;
    options.sweep = random_next(random) % 4 == 0;
    options.input_bits = random_next(random) % 2 ? 8 : (int)random_between(random, 2, 16);
    options.input_scale = 0.04;
    uint32_t channels = (uint32_t)random_between(random, 1, 70);
    return circuit_of_random_head(random, (uint32_t)random_between(random, 1, 50), channels, &options);
}

/* ---- random blocks ---- */

/* A random group before `limit` and, in it, the base of a run of `count` nets, aligned to its rows or not. */
static bool choose_run(struct random_source *random, const struct cf_netlist *n, uint32_t group, uint32_t count,
                       bool aligned, uint32_t *base)
{
    const struct cf_group *source = &n->groups[group];
    if (source->count < count)
        return false;
    uint32_t at = (uint32_t)random_between(random, 0, source->count - count), lanes = cf_group_lanes(source);
    *base = source->first_net + (aligned ? at / lanes * lanes : at);
    return true;
}

/* Rows: a few cells of 1 to 3 ports, one term or two each, placed row by row. */
static bool add_rows_group(struct random_source *random, struct cf_netlist *n, const char *name)
{
    uint32_t ports = (uint32_t)random_between(random, 1, 3), source[3], cells[2];
    uint32_t lanes = (uint32_t)random_between(random, 1, 90), rows = (uint32_t)random_between(random, 1, 20);
    struct cf_type types[3];
    struct cf_type widest = {0};
    for (uint32_t p = 0; p < ports; p++) {
        source[p] = (uint32_t)random_between(random, 0, n->group_count - 1);
        types[p] = n->groups[source[p]].type;
        uint32_t room = n->groups[source[p]].count;
        lanes = room < lanes + 4 ? (room > 4 ? room - 4 : 1) : lanes;
        if (random_next(random) % 2)
            lanes = cf_group_lanes(&n->groups[source[p]]) <= lanes ? cf_group_lanes(&n->groups[source[p]]) : lanes;
    }
    bool step = random_next(random) % 4 == 0;
    struct cf_cell made[2];
    struct cf_term terms[2][6];
    for (int c = 0; c < 2; c++) {
        uint32_t count = 0;
        for (uint32_t p = 0; p < ports; p++) {
            uint32_t second = (uint32_t)random_between(random, 0, 3);
            for (uint32_t t = 0; t < (second && n->groups[source[p]].count >= lanes + 4 ? 2 : 1); t++)
                terms[c][count++] = (struct cf_term){.offset = t * second,
                                                     .weight = (int32_t)random_between(random, 1, 9) - (t ? 12 : 0),
                                                     .port = (uint8_t)p,
                                                     .shift = (uint8_t)random_between(random, 0, 3)};
        }
        made[c] = (struct cf_cell){.ports = types, .terms = terms[c], .port_count = ports, .term_count = count};
        made[c].bias = random_next(random) % 2 ? random_between(random, -50, 50) : 0;
        made[c].activation = step ? CF_STEP : CF_LINEAR;
        if (!cf_cell_infer_type(&made[c], 0))
            return true; /* too wide: no such group this time */
        if (made[c].type.width > widest.width)
            widest = made[c].type;
    }
    struct cf_error err;
    for (int c = 0; c < 2; c++) {
        made[c].type = widest;
        if (!cf_netlist_add_cell(n, &made[c], &cells[c], &err))
            return false;
    }
    if (!cf_netlist_add_group(n, name, 2, (uint32_t[]){rows, lanes}, ports, widest, random_next(random) % 3 == 0, &err))
        return false;
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t r = 0; r < rows; r++) {
        uint32_t cell = cells[random_next(random) % 2];
        bool aligned = random_next(random) % 2;
        for (uint32_t p = 0; p < ports; p++) {
            uint32_t base, reach = n->groups[source[p]].count >= lanes + 4 ? 3 : 0;
            if (!choose_run(random, n, source[p], lanes + reach, aligned, &base))
                base = n->groups[source[p]].first_net;
            for (uint32_t l = 0; l < lanes; l++) {
                group->cell[r * lanes + l] = cell;
                group->base[(r * lanes + l) * ports + p] = base + l;
            }
        }
    }
    return true;
}

/* Dense: `lanes` cells over a window of a source group's nets. */
static bool add_dense_group(struct random_source *random, struct cf_netlist *n, const char *name)
{
    uint32_t source = (uint32_t)random_between(random, 0, n->group_count - 1);
    uint32_t lanes = (uint32_t)random_between(random, 1, 100), rows = (uint32_t)random_between(random, 1, 30);
    uint32_t whole = cf_group_lanes(&n->groups[source]);
    uint32_t inputs = random_next(random) % 2 ? whole : (uint32_t)random_between(random, 1, 60);
    inputs = inputs > n->groups[source].count ? n->groups[source].count : inputs;
    int64_t largest = (int64_t[]){1, 127, 32767, 2000000}[random_next(random) % 4];
    bool step = random_next(random) % 2;
    struct cf_type type = n->groups[source].type, widest = {0};
    struct cf_cell *cells = calloc(lanes, sizeof *cells);
    struct cf_term *terms = calloc((size_t)lanes * inputs, sizeof *terms);
    uint32_t *index = calloc(lanes, sizeof *index);
    bool done = cells && terms && index, fits = true;
    for (uint32_t l = 0; done && fits && l < lanes; l++) {
        struct cf_cell *cell = &cells[l];
        *cell = (struct cf_cell){.ports = &type, .terms = terms + (size_t)l * inputs, .port_count = 1};
        for (uint32_t k = 0; k < inputs; k++) {
            int32_t weight = (int32_t)random_between(random, -largest, largest);
            if (weight)
                terms[(size_t)l * inputs + cell->term_count++] =
                    (struct cf_term){.offset = k, .weight = weight, .shift = random_next(random) % 8 == 0};
        }
        cell->bias = random_next(random) % 8 ? random_between(random, -3000, 3000) : INT64_C(1) << 40;
        cell->activation = step ? CF_STEP : CF_LINEAR;
        fits = cf_cell_infer_type(cell, 0);
        if (fits && cell->type.width > widest.width)
            widest = cell->type;
    }
    struct cf_error err;
    for (uint32_t l = 0; done && fits && l < lanes; l++) {
        cells[l].type = widest;
        done = cf_netlist_add_cell(n, &cells[l], &index[l], &err);
    }
    done = done && (!fits || cf_netlist_add_group(n, name, 2, (uint32_t[]){rows, lanes}, 1, widest,
                                                  random_next(random) % 2, &err));
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t r = 0; done && fits && r < rows; r++) {
        uint32_t base;
        if (!choose_run(random, n, source, inputs, random_next(random) % 4, &base))
            base = n->groups[source].first_net;
        if (base + inputs > n->groups[source].first_net + n->groups[source].count)
            base = n->groups[source].first_net;
        for (uint32_t l = 0; l < lanes; l++) {
            group->cell[r * lanes + l] = index[l];
            group->base[r * lanes + l] = base;
        }
    }
    free(cells);
    free(terms);
    free(index);
    return done;
}

/* Gates that no kernel takes: every one of them reads from somewhere else. */
static bool add_scattered_group(struct random_source *random, struct cf_netlist *n, const char *name)
{
    uint32_t source = (uint32_t)random_between(random, 0, n->group_count - 1);
    struct cf_type type = n->groups[source].type;
    const struct cf_term term = {.weight = (int32_t)random_between(random, -3, -1)};
    struct cf_cell cell = {.ports = &type, .terms = &term, .port_count = 1, .term_count = 1};
    uint32_t shape[2] = {(uint32_t)random_between(random, 1, 6), (uint32_t)random_between(random, 1, 90)}, index;
    struct cf_error err;
    if (!cf_cell_infer_type(&cell, 0))
        return true; /* too wide: no such group this time */
    if (!cf_netlist_add_cell(n, &cell, &index, &err) ||
        !cf_netlist_add_group(n, name, 2, shape, 1, cell.type, random_next(random) % 3 == 0, &err))
        return false;
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        group->cell[i] = index;
        group->base[i] = (uint32_t)random_between(random, n->groups[source].first_net,
                                                  n->groups[source].first_net + n->groups[source].count - 1);
    }
    return true;
}

struct cf_netlist *random_blocks(struct random_source *random)
{
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("blocks", &err);
    int bits = (int[]){1, 7, 8, 12, 16, 20, 31}[random_next(random) % 7];
    struct cf_type input = {(uint8_t)bits, random_next(random) % 4 != 0, 0};
    uint32_t shape[2] = {(uint32_t)random_between(random, 1, 30), (uint32_t)random_between(random, 1, 70)};
    bool done = n && cf_netlist_add_group(n, "input", 2, shape, 0, input, false, &err);
    uint32_t groups = (uint32_t)random_between(random, 1, 7);
    for (uint32_t g = 0; done && g < groups; g++) {
        char name[16];
        snprintf(name, sizeof name, "g%u", g);
        uint64_t kind = random_next(random) % 7;
        done = kind == 0  ? add_scattered_group(random, n, name)
               : kind < 4 ? add_rows_group(random, n, name)
                          : add_dense_group(random, n, name);
    }
    if (!done) {
        cf_netlist_free(n);
        return NULL;
    }
    n->groups[n->group_count - 1].output = n->group_count > 1;
    return n;
}

/* ---- mutations ---- */

/* A copy of the cell with one weight or the bias changed, or CF's index of the cell itself when it would not fit. */
static uint32_t changed_cell(struct random_source *random, struct cf_netlist *n, uint32_t index)
{
    struct cf_cell cell = n->cells[index];
    struct cf_term *terms = malloc((cell.term_count + 1) * sizeof *terms);
    uint32_t made = index;
    if (!terms)
        return index;
    if (cell.term_count)
        memcpy(terms, cell.terms, cell.term_count * sizeof *terms);
    cell.terms = terms;
    if (cell.term_count && random_next(random) % 4) {
        struct cf_term *term = &terms[random_next(random) % cell.term_count];
        int32_t change = (int32_t)random_between(random, -2, 2);
        term->weight = term->weight + change == 0 ? -term->weight : term->weight + change;
    } else {
        cell.bias += random_between(random, -5, 5);
    }
    int64_t min, max;
    struct cf_error err;
    if (cf_cell_range(&cell, &min, &max) &&
        (cell.activation == CF_STEP || (min >= cf_type_min(cell.type) && max <= cf_type_max(cell.type))) &&
        !cf_netlist_add_cell(n, &cell, &made, &err))
        made = index;
    free(terms);
    return made;
}

uint32_t mutate_gates(struct random_source *random, struct cf_netlist *netlist, uint32_t count)
{
    uint32_t changed = 0;
    struct cf_error err;
    for (uint32_t i = 0; i < count && netlist->group_count > 1; i++) {
        struct cf_group *group = &netlist->groups[random_between(random, 1, netlist->group_count - 1)];
        uint32_t at = (uint32_t)random_between(random, 0, group->count - 1);
        uint32_t *base = &group->base[at * group->ports + random_next(random) % group->ports];
        uint32_t old_base = *base, old_cell = group->cell[at];
        switch (random_next(random) % 4) {
        case 0:
            *base += (uint32_t)random_between(random, -2, 2);
            break;
        case 1:
            *base = (uint32_t)random_between(random, 0, group->first_net - 1);
            break;
        case 2:
            group->cell[at] = group->cell[random_next(random) % group->count];
            break;
        default:
            group->cell[at] = changed_cell(random, netlist, old_cell);
        }
        if (!cf_netlist_check(netlist, &err)) {
            *base = old_base;
            group->cell[at] = old_cell;
        }
        changed += *base != old_base || group->cell[at] != old_cell;
    }
    return changed;
}
