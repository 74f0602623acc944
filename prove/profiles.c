/* profiles.c - follows the pools and subtracts of a netlist to the input, channel by channel, and keeps each profile
 * once.
 */
#include "prove/profiles.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/vote.h"
#include "netlists/linear_form.h"

/* ---- the groups ---- */

/* True when the group has the same channels as the first pool. */
static bool same_lanes(const struct cf_profiles *p, const struct cf_group *group)
{
    bool same = group->shape[2] == p->channels;
    for (uint32_t l = 0; same && l < p->channels; l++) {
        uint32_t name = cf_group_lane_name(group, l);
        same = name == (p->names ? p->names[l] : l) && name < p->inputs;
    }
    return same;
}

/* The group s<scale>.<kind> of the grid of a level, or UINT32_MAX. */
static uint32_t find_group(const struct cf_profiles *p, uint32_t scale, const char *kind, uint32_t level)
{
    char name[32];
    snprintf(name, sizeof name, "s%u.%s", scale, kind);
    uint32_t g = cf_netlist_find_group(p->netlist, name);
    if (g == UINT32_MAX)
        return g;
    const struct cf_group *group = &p->netlist->groups[g];
    bool fits = group->rank == 3 && group->shape[0] == cf_level_height(p, level) &&
                group->shape[1] == cf_level_width(p, level) && same_lanes(p, group);
    return fits ? g : UINT32_MAX;
}

static bool find_groups(struct cf_profiles *p, struct cf_error *err)
{
    const struct cf_group *input = &p->netlist->groups[CF_INPUT];
    const char *label = p->netlist->label, *upsample = cf_netlist_meta(p->netlist, "compile.upsample");
    if (input->rank != 3)
        return cf_fail(err, "%s: not applicable: no decomposition: the input is not of height, width and channels",
                       label);
    if (!upsample || (strcmp(upsample, "nearest") != 0 && strcmp(upsample, "bilinear") != 0))
        return cf_fail(err, "%s: not applicable: no decomposition: compile.upsample is neither nearest nor bilinear",
                       label);
    p->bilinear = strcmp(upsample, "bilinear") == 0;
    p->height = input->shape[0];
    p->width = input->shape[1];
    p->inputs = p->channels = input->shape[2];
    uint32_t first = cf_netlist_find_group(p->netlist, "s0.pool");
    if (first != UINT32_MAX) {
        p->channels = cf_group_lanes(&p->netlist->groups[first]);
        p->names = p->netlist->groups[first].lane_names;
    }
    for (uint32_t k = 0; k + 1 < CF_LEVELS_MAX && cf_level_height(p, k) % 2 == 0 && cf_level_width(p, k) % 2 == 0;
         k++) {
        uint32_t pool = find_group(p, k, "pool", k + 1), band = find_group(p, k, "subtract", k);
        if (pool == UINT32_MAX)
            break;
        p->level_group[++p->scales] = pool;
        p->level_row[p->scales] = p->rows;
        p->rows += cf_level_height(p, k + 1) * cf_level_width(p, k + 1);
        if (band == UINT32_MAX || p->bands < k)
            continue;
        p->band_group[p->bands] = band;
        p->band_row[p->bands++] = p->rows;
        p->rows += cf_level_height(p, k) * cf_level_width(p, k);
    }
    return p->bands > 0 ||
           cf_fail(err, "%s: not applicable: no decomposition: no groups s0.pool and s0.subtract of its shape", label);
}

/* ---- a channel's forms ---- */

struct reading {
    struct cf_profiles *profiles;
    struct cf_form_finder *finder;
    struct cf_profile profile; /* of the channel that is read */
    size_t position_capacity, factor_capacity, terms;
    struct order {
        uint32_t position;
        int64_t factor;
    } * order; /* one form's terms, to be sorted */
    size_t order_capacity;
};

static int by_position(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    return (x->position > y->position) - (x->position < y->position);
}

enum outcome { DONE, STRAY, NO_MEMORY };

/* Appends the form of a net as the row `row`. */
static enum outcome read_row(struct reading *r, uint32_t row, uint32_t net, uint32_t channel)
{
    struct cf_linear_form form;
    struct cf_profile *profile = &r->profile;
    if (!cf_find_form(r->finder, net, &form))
        return cf_form_finder_failed(r->finder) ? NO_MEMORY : STRAY;
    if (!cf_array_reserve(&r->order, &r->order_capacity, form.count, sizeof *r->order) ||
        !cf_array_reserve(&profile->position, &r->position_capacity, r->terms + form.count,
                          sizeof *profile->position) ||
        !cf_array_reserve(&profile->factor, &r->factor_capacity, r->terms + form.count, sizeof *profile->factor))
        return NO_MEMORY;
    for (uint32_t i = 0; i < form.count; i++) {
        uint32_t position = form.input[i] / r->profiles->inputs;
        if (form.input[i] != cf_profile_input(r->profiles, position, channel))
            return STRAY;
        r->order[i] = (struct order){position, form.factor[i]};
    }
    if (form.count > 1)
        qsort(r->order, form.count, sizeof *r->order, by_position);
    for (uint32_t i = 0; i < form.count; i++) {
        profile->position[r->terms] = r->order[i].position;
        profile->factor[r->terms++] = r->order[i].factor;
    }
    profile->constant[row] = form.constant;
    return DONE;
}

/* A stray gate leaves an empty row, so that the channel's other gates can be looked at. */
static bool read_group(struct reading *r, uint32_t group, uint32_t first_row, uint32_t channel)
{
    uint32_t positions = r->profiles->netlist->groups[group].count / r->profiles->channels;
    for (uint32_t i = 0; i < positions; i++) {
        uint32_t row = first_row + i;
        enum outcome outcome = read_row(r, row, cf_profile_net(r->profiles, group, i, channel), channel);
        if (outcome == NO_MEMORY)
            return false;
        r->profile.stray[row] = outcome == STRAY;
        if (outcome == STRAY)
            r->profile.constant[row] = 0;
        r->profile.start[row + 1] = r->terms;
    }
    return true;
}

static bool read_channel(struct reading *r, uint32_t channel)
{
    struct cf_profiles *p = r->profiles;
    bool done = true;
    r->terms = 0;
    /* In the order of the rows: pool k, then subtract k. */
    for (uint32_t k = 0; done && k < p->scales; k++)
        done = read_group(r, p->level_group[k + 1], p->level_row[k + 1], channel) &&
               (k >= p->bands || read_group(r, p->band_group[k], p->band_row[k], channel));
    return done;
}

/* ---- each profile once ---- */

static bool same(const struct cf_profile *a, const struct cf_profile *b, uint32_t rows)
{
    size_t terms = a->start[rows];
    return memcmp(a->start, b->start, (rows + (size_t)1) * sizeof *a->start) == 0 &&
           memcmp(a->constant, b->constant, rows * sizeof *a->constant) == 0 &&
           memcmp(a->stray, b->stray, rows * sizeof *a->stray) == 0 &&
           (terms == 0 || (memcmp(a->position, b->position, terms * sizeof *a->position) == 0 &&
                           memcmp(a->factor, b->factor, terms * sizeof *a->factor) == 0));
}

static bool make_room(struct reading *r)
{
    r->profile = (struct cf_profile){0};
    r->position_capacity = r->factor_capacity = 0;
    r->profile.start = calloc(r->profiles->rows + (size_t)1, sizeof *r->profile.start);
    r->profile.constant = calloc(r->profiles->rows, sizeof *r->profile.constant);
    r->profile.stray = calloc(r->profiles->rows, sizeof *r->profile.stray);
    return r->profile.start && r->profile.constant && r->profile.stray;
}

static void free_profile(struct cf_profile *profile)
{
    free(profile->start);
    free(profile->constant);
    free(profile->stray);
    free(profile->position);
    free(profile->factor);
}

static bool keep_channel(struct reading *r, uint32_t channel)
{
    struct cf_profiles *p = r->profiles;
    uint32_t found = 0;
    while (found < p->count && !same(&p->profiles[found], &r->profile, p->rows))
        found++;
    p->profile_of[channel] = found;
    if (found < p->count) {
        p->profiles[found].channels++;
        return true;
    }
    if (!cf_array_reserve(&p->profiles, &p->capacity, p->count + (size_t)1, sizeof *p->profiles))
        return false;
    r->profile.channel = channel;
    r->profile.channels = 1;
    p->profiles[p->count++] = r->profile;
    return make_room(r);
}

static bool read_channels(struct cf_profiles *p)
{
    struct reading r = {.profiles = p, .finder = cf_form_finder_new(p->netlist)};
    struct cf_vote vote = {0};
    bool done = make_room(&r) && r.finder && (p->profile_of = calloc(p->channels, sizeof *p->profile_of));
    for (uint32_t d = 0; done && d < p->channels; d++) {
        done = read_channel(&r, d) && keep_channel(&r, d);
        if (done)
            cf_vote(&vote, p->profile_of[d]);
    }
    p->usual = vote.leader;
    free_profile(&r.profile);
    free(r.order);
    cf_form_finder_free(r.finder);
    return done;
}

bool cf_profiles_make(struct cf_profiles *profiles, const struct cf_netlist *netlist, struct cf_error *err)
{
    *profiles = (struct cf_profiles){.netlist = netlist};
    if (!find_groups(profiles, err))
        return false;
    if (read_channels(profiles))
        return true;
    cf_profiles_free(profiles);
    return cf_fail(err, "%s: out of memory", netlist->label);
}

void cf_profiles_free(struct cf_profiles *profiles)
{
    for (uint32_t i = 0; i < profiles->count; i++)
        free_profile(&profiles->profiles[i]);
    free(profiles->profiles);
    free(profiles->profile_of);
    *profiles = (struct cf_profiles){0};
}

/* ---- the definition of upsampling ---- */

/* One axis: value i takes three quarters of the coarse value that covers it, and one quarter of that one's neighbour on
 * the nearer side; edges are clamped. */
static void upsample_axis(uint32_t i, uint32_t coarse, uint32_t place[2], int64_t weight[2])
{
    uint32_t own = i / 2;
    bool up = i % 2 == 1;
    bool edge = up ? own + 1 == coarse : own == 0;
    place[0] = own;
    place[1] = edge ? own : up ? own + 1 : own - 1;
    weight[0] = edge ? 4 : 3;
    weight[1] = edge ? 0 : 1;
}

void cf_upsample(const struct cf_profiles *profiles, uint32_t level, uint32_t position, struct cf_up *up)
{
    assert(level < profiles->scales);
    uint32_t width = cf_level_width(profiles, level), coarse = width / 2;
    uint32_t i = position / width, j = position % width, rows[2], columns[2];
    int64_t down[2], across[2];
    if (!profiles->bilinear) {
        *up = (struct cf_up){.position = {i / 2 * coarse + j / 2}, .weight = {1}, .count = 1};
        return;
    }
    upsample_axis(i, cf_level_height(profiles, level) / 2, rows, down);
    upsample_axis(j, coarse, columns, across);
    up->count = 0;
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
            if (down[a] * across[b] != 0) {
                up->position[up->count] = rows[a] * coarse + columns[b];
                up->weight[up->count++] = down[a] * across[b];
            }
}
