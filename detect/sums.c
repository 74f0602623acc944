/* Makes the classifiers linear, and turns their sums into logits. */
#include "detect/sums.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compiler/geometry.h"
#include "compiler/record.h"
#include "compiler/units.h"
#include "netlists/cell.h"
#include "sim/storage.h"

/* ---- the copy -------------------------------------------------------------------------------------------------- */

/* The one type that holds the sums of all gates of a group. */
static bool find_type(const struct cf_netlist *netlist, const struct cf_group *group, struct cf_type *type,
                      struct cf_error *err)
{
    *type = (struct cf_type){0};
    uint32_t last = UINT32_MAX;
    for (uint32_t i = 0; i < group->count; i++) {
        struct cf_cell cell = netlist->cells[group->cell[i]];
        if (group->cell[i] == last)
            continue;
        last = group->cell[i];
        int16_t fraction = cell.ports[0].frac;
        if (i > 0 && fraction != type->frac)
            return cf_fail(err, "%s: group '%s': its cells take operands of different fractions", netlist->label,
                           group->name);
        cell.activation = CF_LINEAR;
        if (!cf_cell_infer_type(&cell, fraction))
            return cf_fail(err, "%s: group '%s': cell %" PRIu32 ": its sum could pass 63 bits", netlist->label,
                           group->name, group->cell[i]);
        if (cell.type.width > type->width)
            *type = cell.type;
    }
    return true;
}

/* Turns the group's gates into sums: its cells are copied, as others may be instances of them. */
static bool make_linear(struct cf_netlist *netlist, uint32_t index, struct cf_error *err)
{
    struct cf_type type;
    if (!find_type(netlist, &netlist->groups[index], &type, err))
        return false;
    uint32_t cells = netlist->cell_count;
    uint32_t *made = calloc(cells, sizeof *made); /* the linear cell of each step, and 0 before it is made */
    bool done = made || cf_fail(err, "%s: out of memory", netlist->label);
    struct cf_group *group = &netlist->groups[index];
    for (uint32_t i = 0; done && i < group->count; i++) {
        uint32_t from = group->cell[i];
        if (!made[from]) {
            struct cf_cell cell = netlist->cells[from];
            cell.activation = CF_LINEAR;
            cell.type = type;
            done = cf_netlist_add_cell(netlist, &cell, &made[from], err);
        }
        group->cell[i] = made[from];
    }
    group->type = type;
    group->output = true;
    free(made);
    return done;
}

/* ---- the classifiers ------------------------------------------------------------------------------------------- */

static bool find_scale(struct cf_sums *sums, const struct cf_netlist *n, uint32_t k, double stride,
                       struct cf_error *err)
{
    const struct cf_group *input = &n->groups[CF_INPUT];
    char name[32];
    snprintf(name, sizeof name, "s%" PRIu32 ".classify", k);
    uint32_t g = cf_netlist_find_group(n, name);
    if (g == UINT32_MAX || n->groups[g].rank != 3 || n->groups[g].ports != 1)
        return cf_fail(err, "%s: has no classifiers '%s' of rank 3 and one port", n->label, name);
    const struct cf_group *group = &n->groups[g];
    uint32_t h = cf_band_size(input->shape[0], k), w = cf_band_size(input->shape[1], k);
    if (group->shape[0] != h || group->shape[1] != w)
        return cf_fail(err, "%s: group '%s' is not of the %" PRIu32 "x%" PRIu32 " positions of its scale", n->label,
                       name, h, w);
    for (uint32_t i = 0; i < group->count; i++)
        if (n->cells[group->cell[i]].activation != CF_STEP)
            return cf_fail(err, "%s: group '%s' has gates that are no steps", n->label, name);
    if (k > 0 && group->shape[2] != sums->classes)
        return cf_fail(err, "%s: group '%s' has %" PRIu32 " classes, and s0.classify %" PRIu32, n->label, name,
                       group->shape[2], sums->classes);
    sums->classes = group->shape[2];
    sums->groups[k] = g;
    sums->scales[k] = (struct cf_cells){.height = group->shape[0],
                                        .width = group->shape[1],
                                        .classes = group->shape[2],
                                        .stride = ldexp(stride, (int)k)};
    return true;
}

static bool find_units(struct cf_sums *sums, uint32_t k, struct cf_error *err)
{
    const struct cf_netlist *n = sums->netlist;
    sums->units[k] = calloc(sums->classes, sizeof *sums->units[k]);
    if (!sums->units[k])
        return cf_fail(err, "%s: out of memory", n->label);
    return cf_units_read(n, sums->groups[k], sums->units[k], err);
}

bool cf_sums_new(struct cf_sums *sums, const struct cf_netlist *netlist, double stride, struct cf_error *err)
{
    struct cf_compile_options options;
    *sums = (struct cf_sums){0};
    if (!cf_compile_recorded(netlist, &options, err))
        return false;
    assert(options.scales <= CF_SUMS_SCALES);
    sums->scale_count = options.scales;
    sums->offset = log(options.score_threshold) - log1p(-options.score_threshold);
    bool done = true;
    for (uint32_t k = 0; done && k < sums->scale_count; k++)
        done = find_scale(sums, netlist, k, stride, err);
    done = done && (sums->netlist = cf_netlist_copy(netlist, err)) != NULL;
    for (uint32_t g = 0; done && g < sums->netlist->group_count; g++)
        sums->netlist->groups[g].output = false;
    for (uint32_t k = 0; done && k < sums->scale_count; k++)
        done = make_linear(sums->netlist, sums->groups[k], err) && find_units(sums, k, err);
    if (!done)
        cf_sums_free(sums);
    return done;
}

void cf_sums_free(struct cf_sums *sums)
{
    cf_netlist_free(sums->netlist);
    for (int k = 0; k < CF_SUMS_SCALES; k++)
        free(sums->units[k]);
    *sums = (struct cf_sums){0};
}

/* ---- a frame --------------------------------------------------------------------------------------------------- */

bool cf_logits_new(struct cf_logits *logits, const struct cf_sums *sums, struct cf_error *err)
{
    *logits = (struct cf_logits){0};
    for (uint32_t k = 0; k < sums->scale_count; k++) {
        size_t count = sums->netlist->groups[sums->groups[k]].count;
        logits->values[k] = malloc(count * sizeof *logits->values[k]);
        if (!logits->values[k]) {
            cf_logits_free(logits);
            return cf_fail(err, "%s: out of memory", sums->netlist->label);
        }
    }
    return true;
}

void cf_logits_free(struct cf_logits *logits)
{
    for (int k = 0; k < CF_SUMS_SCALES; k++)
        free(logits->values[k]);
    *logits = (struct cf_logits){0};
}

void cf_sums_read(const struct cf_sums *sums, const cofiber_result *result, struct cf_logits *logits,
                  struct cf_cells *cells)
{
    for (uint32_t k = 0; k < sums->scale_count; k++) {
        cofiber_storage storage;
        const void *values = cofiber_values(result, sums->groups[k], &storage);
        size_t count = sums->netlist->groups[sums->groups[k]].count;
        assert(values != NULL);
        for (size_t i = 0; i < count; i += sums->classes)
            for (uint32_t c = 0; c < sums->classes; c++)
                logits->values[k][i + c] =
                    (double)cf_storage_get(values, (enum cf_storage)storage, i + c) * sums->units[k][c] + sums->offset;
        cells[k] = sums->scales[k];
        cells[k].logits = logits->values[k];
    }
}
