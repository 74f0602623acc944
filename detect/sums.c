/* sums.c - makes the classifiers linear, and turns their sums into logits. */
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

/* The one type that holds the sums of all gates of a group. `seen` has a place for each cell and starts false: a cell's
 * sum is bounded once, however many gates are instances of it. */
static bool find_type(const struct cf_netlist *netlist, const struct cf_group *group, bool *seen, struct cf_type *type,
                      struct cf_error *err)
{
    *type = (struct cf_type){0};
    for (uint32_t i = 0; i < group->count; i++) {
        if (seen[group->cell[i]])
            continue;
        seen[group->cell[i]] = true;
        struct cf_cell cell = netlist->cells[group->cell[i]];
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
    uint32_t cells = netlist->cell_count;
    uint32_t *made = calloc(cells, sizeof *made); /* the linear cell of each step, and 0 before it is made */
    bool *seen = calloc(cells, sizeof *seen);
    struct cf_group *group = &netlist->groups[index];
    bool done = ((made && seen) || cf_fail(err, "%s: out of memory", netlist->label)) &&
                find_type(netlist, group, seen, &type, err);
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
    if (done) {
        group->type = type;
        group->output = true;
    }
    free(made);
    free(seen);
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
    if (g == UINT32_MAX || n->groups[g].rank != 3)
        return cf_fail(err, "%s: has no classifiers '%s' of rank 3", n->label, name);
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
                                        .stride = ldexp(stride, (int)k),
                                        .factor = 1};
    return true;
}

/* The group "s<k>.<name>" of the classifiers' positions and so many lanes; `*found` is 0 where there is none. */
static bool find_beside(const struct cf_netlist *n, uint32_t k, const char *name, uint32_t lanes,
                        const struct cf_cells *cells, uint32_t *found, struct cf_error *err)
{
    char full[32];
    snprintf(full, sizeof full, "s%" PRIu32 ".%s", k, name);
    *found = cf_netlist_find_group(n, full);
    if (*found == UINT32_MAX) {
        *found = 0;
        return true;
    }
    const struct cf_group *g = &n->groups[*found];
    return (g->rank == 3 && g->shape[0] == cells->height && g->shape[1] == cells->width && g->shape[2] == lanes) ||
           cf_fail(err, "%s: group '%s' is not of %" PRIu32 "x%" PRIu32 " positions and %" PRIu32 " lanes", n->label,
                   full, cells->height, cells->width, lanes);
}

/* The factor of a scale's box distances, from the metadata. */
static bool find_factor(const struct cf_netlist *n, uint32_t k, double *factor, struct cf_error *err)
{
    char key[32], *end;
    snprintf(key, sizeof key, "factor.s%" PRIu32 ".box", k);
    const char *text = cf_netlist_meta(n, key);
    if (!text)
        return true;
    *factor = strtod(text, &end);
    return (end != text && !*end && isfinite(*factor)) ||
           cf_fail(err, "%s: metadata '%s' is '%.40s', not a number", n->label, key, text);
}

static bool find_parts(struct cf_sums *sums, const struct cf_netlist *n, uint32_t k, struct cf_error *err)
{
    const struct cf_cells *cells = &sums->scales[k];
    return find_beside(n, k, "box", 4, cells, &sums->boxes[k], err) &&
           find_beside(n, k, "center", 1, cells, &sums->centers[k], err) &&
           find_beside(n, k, "root", 1, cells, &sums->roots[k], err) &&
           find_factor(n, k, &sums->scales[k].factor, err) &&
           (!sums->boxes[k] || cf_units_read(n, sums->boxes[k], sums->box_units[k], err)) &&
           (!sums->centers[k] || cf_units_read(n, sums->centers[k], &sums->center_unit[k], err));
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
        done = find_scale(sums, netlist, k, stride, err) && find_parts(sums, netlist, k, err);
    done = done && (sums->netlist = cf_netlist_copy(netlist, err)) != NULL;
    for (uint32_t g = 0; done && g < sums->netlist->group_count; g++)
        sums->netlist->groups[g].output = false;
    for (uint32_t k = 0; done && k < sums->scale_count; k++) {
        const uint32_t beside[] = {sums->boxes[k], sums->centers[k], sums->roots[k]};
        for (int b = 0; b < 3; b++)
            if (beside[b])
                sums->netlist->groups[beside[b]].output = true;
    }
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
    bool done = true;
    for (uint32_t k = 0; done && k < sums->scale_count; k++) {
        size_t positions = (size_t)sums->scales[k].height * sums->scales[k].width;
        logits->values[k] = malloc(positions * sums->classes * sizeof *logits->values[k]);
        logits->sides[k] = sums->boxes[k] ? malloc(4 * positions * sizeof *logits->sides[k]) : NULL;
        logits->centerness[k] = sums->centers[k] ? malloc(positions * sizeof *logits->centerness[k]) : NULL;
        done =
            logits->values[k] && (!sums->boxes[k] || logits->sides[k]) && (!sums->centers[k] || logits->centerness[k]);
    }
    if (!done)
        cf_logits_free(logits);
    return done || cf_fail(err, "%s: out of memory", sums->netlist->label);
}

void cf_logits_free(struct cf_logits *logits)
{
    for (int k = 0; k < CF_SUMS_SCALES; k++) {
        free(logits->values[k]);
        free(logits->sides[k]);
        free(logits->centerness[k]);
    }
    *logits = (struct cf_logits){0};
}

/* Reads a group's values as numbers [positions][lanes], each its integer times the lane's unit and over the root of its
 * position. With a root of 0 every value is 0. */
static void read_group(const cofiber_result *result, uint32_t group, uint32_t root, size_t positions, uint32_t lanes,
                       const double *units, double offset, double *out)
{
    cofiber_storage storage, root_storage = COFIBER_INT8;
    const void *values = cofiber_values(result, group, &storage);
    const void *roots = root ? cofiber_values(result, root, &root_storage) : NULL;
    assert(values != NULL && (!root || roots != NULL));
    for (size_t p = 0; p < positions; p++) {
        double over = roots ? (double)cf_storage_get(roots, (enum cf_storage)root_storage, p) : 1;
        over = over > 0 ? over : 1;
        for (uint32_t c = 0; c < lanes; c++)
            out[p * lanes + c] =
                (double)cf_storage_get(values, (enum cf_storage)storage, p * lanes + c) * units[c] / over + offset;
    }
}

void cf_sums_read(const struct cf_sums *sums, const cofiber_result *result, struct cf_logits *logits,
                  struct cf_cells *cells)
{
    for (uint32_t k = 0; k < sums->scale_count; k++) {
        size_t positions = (size_t)sums->scales[k].height * sums->scales[k].width;
        read_group(result, sums->groups[k], sums->roots[k], positions, sums->classes, sums->units[k], sums->offset,
                   logits->values[k]);
        if (sums->boxes[k])
            read_group(result, sums->boxes[k], sums->roots[k], positions, 4, sums->box_units[k], 0, logits->sides[k]);
        if (sums->centers[k])
            read_group(result, sums->centers[k], sums->roots[k], positions, 1, &sums->center_unit[k], 0,
                       logits->centerness[k]);
        cells[k] = sums->scales[k];
        cells[k].logits = logits->values[k];
        cells[k].sides = logits->sides[k];
        cells[k].centerness = logits->centerness[k];
    }
}
