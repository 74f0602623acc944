/* rounds.c - shares patterns greedily: the most frequent first, and of those the ones that compete least. */
#include "compiler/optimise/rounds.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"

struct ranked {
    uint32_t pattern, count;
    float conflict;
};

struct rounds {
    struct cf_shift_sums *sums;
    const struct cf_rounds_options *options;
    struct cf_search *search;
    struct cf_patterns found;
    struct ranked *ranked;
    float *claims; /* [digits]: the sum of (f - 1) / f of the patterns that use a digit */
    uint8_t *dead; /* [digits] */
    struct cf_gain *gains;
    size_t ranked_capacity, claims_capacity, dead_capacity, gain_count, gain_capacity;
};

static int compare_ranks(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (x->conflict != y->conflict)
        return x->conflict < y->conflict ? -1 : 1;
    return (x->pattern > y->pattern) - (x->pattern < y->pattern);
}

static float claim_of(const struct cf_pattern *pattern)
{
    return (float)(cf_pattern_uses(pattern) - 1) / (float)cf_pattern_uses(pattern);
}

static bool rank(struct rounds *r)
{
    const struct cf_patterns *found = &r->found;
    uint32_t digits = r->sums->digit_count;
    if (!cf_array_reserve(&r->ranked, &r->ranked_capacity, found->count + 1, sizeof *r->ranked) ||
        !cf_array_reserve(&r->claims, &r->claims_capacity, digits + (size_t)1, sizeof *r->claims) ||
        !cf_array_reserve(&r->dead, &r->dead_capacity, digits + (size_t)1, sizeof *r->dead))
        return false;
    for (uint32_t d = 0; d < digits; d++) {
        r->claims[d] = 0;
        r->dead[d] = 0;
    }
    for (size_t p = 0; p < found->count; p++)
        for (uint32_t o = 0; o < found->patterns[p].count; o++) {
            const struct cf_occurrence *at = &found->occurrences[found->patterns[p].start + o];
            r->claims[at->first] += claim_of(&found->patterns[p]);
            r->claims[at->second] += claim_of(&found->patterns[p]);
        }
    for (size_t p = 0; p < found->count; p++) {
        const struct cf_pattern *pattern = &found->patterns[p];
        float conflict = 0;
        for (uint32_t o = 0; o < pattern->count; o++) {
            const struct cf_occurrence *at = &found->occurrences[pattern->start + o];
            conflict += r->claims[at->first] + r->claims[at->second] - 2 * claim_of(pattern);
        }
        if (r->options->noise > 0)
            conflict *= (float)(1 + r->options->noise * cf_search_draw(r->search));
        r->ranked[p] = (struct ranked){(uint32_t)p, cf_pattern_uses(pattern), conflict};
    }
    qsort(r->ranked, found->count, sizeof *r->ranked, compare_ranks);
    return true;
}

/* Claims the digits of the occurrences that are still free; returns how many those are, at the front of the pattern's
 * list. Only a pattern of one signal may lose some: its occurrences may share digits among themselves. */
static uint32_t take_free(struct rounds *r, const struct cf_pattern *pattern)
{
    struct cf_occurrence *list = &r->found.occurrences[pattern->start];
    uint32_t free_count = 0;
    for (uint32_t o = 0; o < pattern->count; o++) {
        if (r->dead[list[o].first] || r->dead[list[o].second])
            continue;
        r->dead[list[o].first] = r->dead[list[o].second] = 1;
        list[free_count++] = list[o];
    }
    uint32_t uses = free_count + (pattern->made != CF_NOT_MADE);
    if (free_count == pattern->count || (uses >= r->options->fewest && pattern->a == pattern->b))
        return free_count;
    for (uint32_t o = 0; o < free_count; o++)
        r->dead[list[o].first] = r->dead[list[o].second] = 0;
    return 0;
}

static bool share_pattern(struct rounds *r, const struct cf_pattern *pattern, uint32_t count)
{
    const struct cf_occurrence *list = &r->found.occurrences[pattern->start];
    const struct cf_digit *digits = r->sums->digits;
    struct cf_made made;
    uint32_t signal = pattern->made;
    cf_pattern_parts(digits[list[0].first], digits[list[0].second], &made);
    if ((signal == CF_NOT_MADE && !cf_shift_sums_make(r->sums, made.first, made.second, &signal)) ||
        !cf_array_reserve(&r->gains, &r->gain_capacity, r->gain_count + count, sizeof *r->gains))
        return false;
    for (uint32_t o = 0; o < count; o++)
        r->gains[r->gain_count++] =
            (struct cf_gain){cf_shift_sums_row(r->sums, list[o].first),
                             cf_pattern_digit(r->sums, signal, digits[list[o].first], digits[list[o].second])};
    return true;
}

static bool one_round(struct rounds *r, size_t *made)
{
    *made = 0;
    r->gain_count = 0;
    if (!cf_patterns_find(&r->found, r->sums, r->options->fewest))
        return false;
    if (r->found.count == 0)
        return true;
    if (!rank(r))
        return false;
    size_t limit = (size_t)((double)r->found.count * r->options->share);
    limit = limit < r->options->least ? r->options->least : limit;
    for (size_t p = 0; p < r->found.count && (p < limit || *made == 0); p++) {
        const struct cf_pattern *pattern = &r->found.patterns[r->ranked[p].pattern];
        uint32_t count = take_free(r, pattern);
        if (count == 0)
            continue;
        if (!share_pattern(r, pattern, count))
            return false;
        ++*made;
    }
    return cf_shift_sums_replace(r->sums, r->dead, r->gains, r->gain_count);
}

bool cf_share_in_rounds(struct cf_shift_sums *sums, const struct cf_rounds_options *options, struct cf_search *search)
{
    assert(options->fewest >= 2 && options->least >= 1);
    struct rounds r = {.sums = sums, .options = options, .search = search};
    bool done = true;
    for (size_t made = 1; done && made > 0 && cf_search_goes_on(search);)
        done = one_round(&r, &made);
    cf_patterns_free(&r.found);
    free(r.ranked);
    free(r.claims);
    free(r.dead);
    free(r.gains);
    return done;
}
