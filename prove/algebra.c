/* algebra.c - checks the laws of the decomposition on the forms of every distinct profile. */
#include "prove/algebra.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/algebra_internal.h"

static const struct {
    const char *name, *sentence;
} words[CF_LAW_COUNT] = {
    [CF_LAW_SEPARATE] = {"separate", "every pool and subtract reads its own channel alone, and treats all alike"},
    [CF_LAW_POOLS] =
        {"pools", "direct = iterated: every pool is the sum of the inputs that it covers, and of the four below it"},
    [CF_LAW_COFIBERS] = {"cofibers", "every subtract is its level less the upsampled pool"},
    [CF_LAW_REBUILD] = {"reconstruction", "the bands and the residual give the input back"},
    [CF_LAW_POOL_OF_BAND] = {"pool_of_band", "cross-term p.r = 0: the pool of every band is 0"},
    [CF_LAW_BAND_OF_UP] = {"band_of_up", "cross-term r.u = 0: the band of every upsampled level is 0"},
    [CF_LAW_CLASSIFY] = {"classify", "classify, then decompose = decompose, then classify"},
};

const char *cf_law_sentence(enum cf_law law)
{
    return words[law].sentence;
}

const char *cf_law_name(enum cf_law law)
{
    return words[law].name;
}

/* The state of a check: one profile at a time. */
struct checking {
    const struct cf_profiles *profiles;
    const struct cf_profile *profile;
    struct cf_tally tally;
    struct cf_algebra *algebra;
    int64_t *up[2]; /* [height * width] each: a row of the powers of upsampling */
};

/* Notes whether the form that was added up is 0, as it should be; otherwise it is the error of the gate at that place.
 */
static void conclude(struct checking *c, enum cf_law law, uint32_t group, uint32_t position)
{
    char why[160] = "";
    bool zero = cf_tally_is_zero(&c->tally, c->profiles, why);
    uint32_t net = cf_profile_net(c->profiles, group, position, c->profile->channel);
    cf_finding_add(&c->algebra->laws[law], zero, c->profile->channels, net, why);
}

static uint32_t level_size(const struct cf_profiles *profiles, uint32_t level)
{
    return cf_level_height(profiles, level) * cf_level_width(profiles, level);
}

static void check_pools(struct checking *c)
{
    const struct cf_profiles *p = c->profiles;
    for (uint32_t k = 1; k <= p->scales; k++)
        for (uint32_t i = 0; i < level_size(p, k); i++) {
            uint32_t side = 1u << k, width = cf_level_width(p, k), four[4];
            cf_tally_level(&c->tally, p, c->profile, k, i, 1);
            for (uint32_t q = 0; q < side * side; q++)
                cf_tally_input(&c->tally, (i / width * side + q / side) * p->width + i % width * side + q % side, -1);
            conclude(c, CF_LAW_POOLS, p->level_group[k], i);
            cf_tally_level(&c->tally, p, c->profile, k, i, 1);
            cf_four_below(p, k - 1, i, four);
            for (uint32_t q = 0; q < 4; q++)
                cf_tally_level(&c->tally, p, c->profile, k - 1, four[q], -1);
            conclude(c, CF_LAW_POOLS, p->level_group[k], i);
        }
}

static void check_cofibers(struct checking *c)
{
    const struct cf_profiles *p = c->profiles;
    for (uint32_t k = 0; k < p->bands; k++)
        for (uint32_t i = 0; i < level_size(p, k); i++) {
            struct cf_up up;
            cf_upsample(p, k, i, &up);
            cf_tally_row(&c->tally, c->profile, p->band_row[k] + i, 1);
            cf_tally_level(&c->tally, p, c->profile, k, i, -cf_up_factor(p));
            for (uint32_t u = 0; u < up.count; u++)
                cf_tally_level(&c->tally, p, c->profile, k + 1, up.position[u], up.weight[u]);
            conclude(c, CF_LAW_COFIBERS, p->band_group[k], i);
        }
}

/* f^K x = sum over k of f^(K-1-k) U^k band_k + U^K level_K, with f = cf_up_factor and U the upsampling: at every
 * position of the input, for K bands. */
static void rebuild(struct checking *c, uint32_t bands, uint32_t position)
{
    const struct cf_profiles *p = c->profiles;
    int64_t power[CF_LEVELS_MAX] = {1};
    for (uint32_t k = 0; k < bands; k++)
        if (__builtin_mul_overflow(power[k], cf_up_factor(p), &power[k + 1]))
            c->tally.overflow = true;
    cf_tally_input(&c->tally, position, -power[bands]);
    int64_t *row = c->up[0], *next = c->up[1];
    memset(row, 0, level_size(p, 0) * sizeof *row);
    row[position] = 1;
    for (uint32_t k = 0; k < bands; k++) {
        memset(next, 0, level_size(p, k + 1) * sizeof *next);
        for (uint32_t i = 0; i < level_size(p, k); i++) {
            struct cf_up up;
            if (row[i] == 0)
                continue;
            cf_tally_row(&c->tally, c->profile, p->band_row[k] + i, row[i] * power[bands - 1 - k]);
            cf_upsample(p, k, i, &up);
            for (uint32_t u = 0; u < up.count; u++)
                next[up.position[u]] += row[i] * up.weight[u];
        }
        int64_t *done = row;
        row = next;
        next = done;
    }
    for (uint32_t i = 0; i < level_size(p, bands); i++)
        if (row[i] != 0)
            cf_tally_level(&c->tally, p, c->profile, bands, i, row[i]);
    conclude(c, CF_LAW_REBUILD, p->band_group[0], position);
}

static void check_reconstruction(struct checking *c)
{
    for (uint32_t bands = 1; bands <= c->profiles->bands; bands++)
        for (uint32_t i = 0; i < level_size(c->profiles, 0); i++)
            rebuild(c, bands, i);
}

static void check_pool_of_band(struct checking *c)
{
    const struct cf_profiles *p = c->profiles;
    for (uint32_t k = 0; k < p->bands; k++)
        for (uint32_t i = 0; i < level_size(p, k + 1); i++) {
            uint32_t four[4];
            cf_four_below(p, k, i, four);
            for (uint32_t q = 0; q < 4; q++)
                cf_tally_row(&c->tally, c->profile, p->band_row[k] + four[q], 1);
            conclude(c, CF_LAW_POOL_OF_BAND, p->band_group[k], four[0]);
        }
}

/* Checks that the bands of an upsampled level are 0: in such an input, all inputs of a square of 2^(k+1) by 2^(k+1) are
 * one variable. */
static void check_band_of_up(struct checking *c)
{
    const struct cf_profiles *p = c->profiles;
    for (uint32_t k = 0; k < p->bands; k++)
        for (uint32_t i = 0; i < level_size(p, k); i++) {
            uint32_t row = p->band_row[k] + i, side = 1u << (k + 1);
            c->tally.stray = c->profile->stray[row];
            c->tally.constant += c->profile->constant[row];
            for (size_t t = c->profile->start[row]; t < c->profile->start[row + 1]; t++) {
                uint32_t at = c->profile->position[t], y = at / p->width / side * side, x = at % p->width / side * side;
                cf_tally_input(&c->tally, y * p->width + x, c->profile->factor[t]);
            }
            conclude(c, CF_LAW_BAND_OF_UP, p->band_group[k], i);
        }
}

/* The first gate in which two profiles differ. */
static uint32_t first_difference(const struct cf_profiles *p, const struct cf_profile *a, const struct cf_profile *b)
{
    uint32_t net = UINT32_MAX;
    for (uint32_t g = 1; g <= 2 * p->scales; g++) {
        uint32_t k = (g - 1) / 2, group = g % 2 ? p->level_group[k + 1] : p->band_group[k];
        uint32_t first = g % 2 ? p->level_row[k + 1] : p->band_row[k], size = level_size(p, g % 2 ? k + 1 : k);
        for (uint32_t i = 0; (g % 2 || k < p->bands) && i < size; i++) {
            size_t s = a->start[first + i], t = b->start[first + i], n = a->start[first + i + 1] - s;
            bool same = n == b->start[first + i + 1] - t && a->constant[first + i] == b->constant[first + i] &&
                        a->stray[first + i] == b->stray[first + i] &&
                        (n == 0 || (memcmp(a->position + s, b->position + t, n * sizeof *a->position) == 0 &&
                                    memcmp(a->factor + s, b->factor + t, n * sizeof *a->factor) == 0));
            uint32_t here = cf_profile_net(p, group, i, a->channel);
            if (!same && here < net)
                net = here;
        }
    }
    return net;
}

static void check_separate(struct checking *c)
{
    const struct cf_profiles *p = c->profiles;
    struct cf_finding *finding = &c->algebra->laws[CF_LAW_SEPARATE];
    for (uint32_t i = 0; i < p->count; i++) {
        bool usual = i == p->usual;
        uint32_t net = usual ? 0 : first_difference(p, &p->profiles[i], &p->profiles[p->usual]);
        cf_finding_add(finding, usual, p->profiles[i].channels, net,
                       "it is not the same form of its own channel alone as in the other channels");
    }
}

static void check_profile(struct checking *c)
{
    check_pools(c);
    check_cofibers(c);
    check_reconstruction(c);
    if (c->profiles->bilinear)
        return;
    check_pool_of_band(c);
    check_band_of_up(c);
}

static bool start(struct checking *c)
{
    const struct cf_profiles *p = c->profiles;
    struct cf_algebra *a = c->algebra;
    for (int law = 0; law < CF_LAW_COUNT; law++)
        a->laws[law] = (struct cf_finding){.asked = true, .holds = true};
    a->laws[CF_LAW_POOL_OF_BAND].asked = a->laws[CF_LAW_BAND_OF_UP].asked = !p->bilinear;
    a->bands = p->bands;
    a->scales = p->scales;
    a->bilinear = p->bilinear;
    a->followed = (uint64_t)p->rows * p->channels;
    for (int i = 0; i < 2; i++)
        c->up[i] = calloc(level_size(p, 0), sizeof *c->up[i]);
    return cf_tally_make(&c->tally, p) && c->up[0] && c->up[1];
}

static bool check(struct checking *c)
{
    struct cf_finding *separate = &c->algebra->laws[CF_LAW_SEPARATE], *classify = &c->algebra->laws[CF_LAW_CLASSIFY];
    if (!start(c))
        return false;
    check_separate(c);
    for (uint32_t i = 0; i < c->profiles->count; i++) {
        c->profile = &c->profiles->profiles[i];
        check_profile(c);
    }
    if (c->profiles->count > 0)
        cf_find_leakage(c->profiles, &c->profiles->profiles[c->profiles->usual], &c->tally, c->algebra->leakage);
    /* A classifier adds up channels: it commutes only with a decomposition that treats all channels alike. */
    if (!separate->holds)
        cf_finding_add(classify, false, 1, separate->gate, separate->why);
    return cf_check_classifiers(c->profiles, classify);
}

bool cf_algebra_check(const struct cf_profiles *profiles, struct cf_algebra *algebra, struct cf_error *err)
{
    *algebra = (struct cf_algebra){0};
    struct checking c = {.profiles = profiles, .algebra = algebra};
    bool done = check(&c) || cf_fail(err, "%s: out of memory", profiles->netlist->label);
    cf_tally_free(&c.tally);
    free(c.up[0]);
    free(c.up[1]);
    return done;
}
