/* tally.c - adds up linear forms, and counts comparisons. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "prove/algebra_internal.h"

bool cf_tally_make(struct cf_tally *tally, const struct cf_profiles *profiles)
{
    size_t positions = (size_t)profiles->height * profiles->width;
    *tally = (struct cf_tally){.factor = calloc(positions, sizeof *tally->factor),
                               .touched = calloc(positions, sizeof *tally->touched),
                               .list = calloc(positions, sizeof *tally->list)};
    return tally->factor && tally->touched && tally->list;
}

void cf_tally_free(struct cf_tally *tally)
{
    free(tally->factor);
    free(tally->touched);
    free(tally->list);
}

static void add(struct cf_tally *tally, int64_t *value, int64_t a, int64_t b)
{
    int64_t product, sum;
    if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*value, product, &sum))
        tally->overflow = true;
    else
        *value = sum;
}

static void add_input(struct cf_tally *tally, uint32_t position, int64_t a, int64_t b)
{
    if (!tally->touched[position]) {
        tally->touched[position] = true;
        tally->list[tally->count++] = position;
    }
    add(tally, &tally->factor[position], a, b);
}

void cf_tally_input(struct cf_tally *tally, uint32_t position, int64_t times)
{
    add_input(tally, position, times, 1);
}

void cf_tally_row(struct cf_tally *tally, const struct cf_profile *profile, uint32_t row, int64_t times)
{
    tally->stray = tally->stray || profile->stray[row];
    add(tally, &tally->constant, profile->constant[row], times);
    for (size_t t = profile->start[row]; t < profile->start[row + 1]; t++)
        add_input(tally, profile->position[t], profile->factor[t], times);
}

void cf_tally_level(struct cf_tally *tally, const struct cf_profiles *profiles, const struct cf_profile *profile,
                    uint32_t level, uint32_t position, int64_t times)
{
    assert(level <= profiles->scales);
    if (level == 0)
        cf_tally_input(tally, position, times);
    else
        cf_tally_row(tally, profile, profiles->level_row[level] + position, times);
}

void cf_tally_clear(struct cf_tally *tally)
{
    for (uint32_t i = 0; i < tally->count; i++) {
        tally->factor[tally->list[i]] = 0;
        tally->touched[tally->list[i]] = false;
    }
    tally->count = 0;
    tally->constant = 0;
    tally->overflow = tally->stray = false;
}

bool cf_tally_is_zero(struct cf_tally *tally, const struct cf_profiles *profiles, char *why)
{
    bool zero = true;
    if (tally->overflow) {
        snprintf(why, 160, "a number would pass 63 bits");
        zero = false;
    }
    if (tally->stray) {
        snprintf(why, 160, "a gate here reads another channel, or is no linear form of the input");
        zero = false;
    }
    for (uint32_t i = 0; zero && i < tally->count; i++) {
        uint32_t at = tally->list[i];
        zero = tally->factor[at] == 0;
        if (!zero)
            snprintf(why, 160, "off by %lld times the input at [%u,%u]", (long long)tally->factor[at],
                     at / profiles->width, at % profiles->width);
    }
    if (zero && tally->constant != 0) {
        snprintf(why, 160, "off by the constant %lld", (long long)tally->constant);
        zero = false;
    }
    cf_tally_clear(tally);
    return zero;
}

void cf_finding_add(struct cf_finding *finding, bool holds, uint32_t channels, uint32_t net, const char *why)
{
    finding->checks += channels;
    if (holds)
        return;
    finding->broken += channels;
    if (finding->holds || net < finding->gate) {
        finding->gate = net;
        snprintf(finding->why, sizeof finding->why, "%s", why);
    }
    finding->holds = false;
}

void cf_four_below(const struct cf_profiles *profiles, uint32_t level, uint32_t position, uint32_t four[4])
{
    uint32_t width = cf_level_width(profiles, level), i = position / (width / 2), j = position % (width / 2);
    for (uint32_t q = 0; q < 4; q++)
        four[q] = (2 * i + q / 2) * width + 2 * j + q % 2;
}
