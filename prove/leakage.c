/* leakage.c - works out how much of a band the next pool still sees: the exact matrix, its norm, and its size on
 * frames. With nearest upsampling all of it is 0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prove/algebra_internal.h"

static int64_t size_of(int64_t value)
{
    return value < 0 ? -value : value;
}

/* The sum of the sizes of a tally's factors, and the form's least and greatest value over an input type. */
struct extent {
    int64_t norm, least, greatest;
};

static struct extent extent_of(const struct cf_tally *tally, struct cf_type input)
{
    struct extent e = {.least = tally->constant, .greatest = tally->constant};
    int64_t low = cf_type_min(input), high = cf_type_max(input);
    for (uint32_t i = 0; i < tally->count; i++) {
        int64_t factor = tally->factor[tally->list[i]];
        e.norm += size_of(factor);
        e.least += factor * (factor > 0 ? low : high);
        e.greatest += factor * (factor > 0 ? high : low);
    }
    return e;
}

void cf_pool_band(const struct cf_profiles *p, const struct cf_profile *profile, struct cf_tally *tally, uint32_t scale,
                  uint32_t position)
{
    uint32_t four[4];
    cf_four_below(p, scale, position, four);
    for (uint32_t q = 0; q < 4; q++)
        cf_tally_row(tally, profile, p->band_row[scale] + four[q], 1);
}

static void find_rows(const struct cf_profiles *p, const struct cf_profile *profile, struct cf_tally *tally,
                      struct cf_leakage *l)
{
    struct cf_type input = p->netlist->groups[CF_INPUT].type;
    for (uint32_t i = 0; i < cf_level_height(p, l->scale + 1) * cf_level_width(p, l->scale + 1); i++) {
        cf_pool_band(p, profile, tally, l->scale, i);
        struct extent e = extent_of(tally, input);
        cf_tally_clear(tally);
        if (e.norm > l->norm) {
            l->norm = e.norm;
            l->row = i;
        }
        int64_t worst = size_of(e.least) > size_of(e.greatest) ? size_of(e.least) : size_of(e.greatest);
        if (worst > l->worst) {
            l->worst = worst;
            l->worst_row = i;
            l->worst_is_least = size_of(e.least) > size_of(e.greatest);
        }
    }
    for (uint32_t i = 0; i < cf_level_height(p, l->scale) * cf_level_width(p, l->scale); i++) {
        cf_tally_row(tally, profile, p->band_row[l->scale] + i, 1);
        struct extent e = extent_of(tally, input);
        cf_tally_clear(tally);
        l->band_norm = e.norm > l->band_norm ? e.norm : l->band_norm;
    }
}

void cf_find_leakage(const struct cf_profiles *profiles, const struct cf_profile *profile, struct cf_tally *tally,
                     struct cf_leakage *leakage)
{
    for (uint32_t k = 0; k < profiles->bands; k++) {
        int frac = profiles->netlist->groups[profiles->band_group[k]].type.frac + 2;
        leakage[k] = (struct cf_leakage){.scale = k, .frac = frac};
        find_rows(profiles, profile, tally, &leakage[k]);
    }
}

void cf_algebra_measure(const struct cf_profiles *profiles, uint32_t scale, const int64_t *nets,
                        struct cf_leak_size *size)
{
    const struct cf_group *band = &profiles->netlist->groups[profiles->band_group[scale]];
    double unit = ldexp(1, -band->type.frac);
    for (uint32_t i = 0; i < band->count; i++) {
        double value = (double)nets[band->first_net + i] * unit;
        size->band_squares += value * value;
    }
    size->values += band->count;
    for (uint32_t i = 0; i < band->count / profiles->channels / 4; i++) {
        uint32_t four[4];
        cf_four_below(profiles, scale, i, four);
        for (uint32_t d = 0; d < profiles->channels; d++) {
            int64_t sum = 0;
            for (uint32_t q = 0; q < 4; q++)
                sum += nets[cf_profile_net(profiles, profiles->band_group[scale], four[q], d)];
            double value = (double)sum * unit / 4;
            size->pooled_squares += value * value;
            size->greatest = fabs(value) > size->greatest ? fabs(value) : size->greatest;
        }
        size->pooled += profiles->channels;
    }
}
