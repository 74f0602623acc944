/* packing.c - chooses by simulated annealing among patterns that compete for the same digits. */
#include "compiler/optimise/packing.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"

enum {
    MANY_PAIRS = 30,     /* a pattern that occurs more often is left to the rounds */
    SUBSETS_OF_ROWS = 5, /* of a pattern with at most so many occurrences, every subset is a candidate of its own */
    SUBSETS_OF_DIGITS = 6,
    FEWEST_DIGITS = 3,      /* two digits that two rows share are a pattern already */
    MOST_OCCURRENCES = 400, /* of a signal, where pairs of its digits are listed */
    ASK_EVERY = 4096
};
static const double hot = 0.4, cold = 0.08; /* temperatures, in adders, of the first and the last proposal */
#define NOBODY UINT32_MAX

/* Pairs of digits [start, start + pairs). By rows: each pair stands in a row of its own and is the same pattern. By
 * digits: all first digits stand in one row, all second ones in another, at the same distance and product of signs. */
struct candidate {
    uint32_t start, pairs;
    uint32_t made; /* the signal in use that is the sum of each pair, or CF_NOT_MADE */
    bool by_digits;
};

/* Digits `first` and `second` are of one signal, in the rows `low` < `high`. */
struct common {
    uint32_t low, high, first, second;
    int8_t distance;
    bool opposite;
};

struct packing {
    struct cf_shift_sums *sums;
    struct cf_search *search;
    struct cf_patterns found;
    uint32_t *row; /* [digits] */
    struct candidate *candidates;
    struct cf_occurrence *pairs;
    struct common *common;
    uint32_t *owner; /* [digits]: the chosen candidate that has the digit, or NOBODY */
    uint8_t *chosen; /* [candidates] */
    uint8_t *dead;   /* [digits] */
    struct cf_gain *gains;
    size_t candidate_count, candidate_capacity, pair_count, pair_capacity, common_count, common_capacity;
    size_t row_capacity, owner_capacity, chosen_capacity, dead_capacity, gain_count, gain_capacity;
};

/* ---- candidates ---- */

/* Do the last pairs name a digit twice? */
static bool overlaps(const struct packing *p, uint32_t start)
{
    for (size_t i = start; i < p->pair_count; i++)
        for (size_t j = start; j < i; j++)
            if (p->pairs[i].first == p->pairs[j].first || p->pairs[i].first == p->pairs[j].second ||
                p->pairs[i].second == p->pairs[j].first || p->pairs[i].second == p->pairs[j].second)
                return true;
    return false;
}

/* Pairs of digits that may become candidates. */
struct proposal {
    const struct cf_occurrence *list;
    uint32_t count, made;
    uint32_t fewest;  /* pairs of a candidate */
    uint32_t subsets; /* with as many pairs or fewer, every subset is a candidate */
    bool all_but_one, by_digits, may_overlap;
};

/* Adds the candidate of the pairs that `subset` has a bit for. */
static bool add_candidate(struct packing *p, const struct proposal *from, uint32_t subset)
{
    uint32_t start = (uint32_t)p->pair_count;
    if (!cf_array_reserve(&p->pairs, &p->pair_capacity, p->pair_count + from->count, sizeof *p->pairs) ||
        !cf_array_reserve(&p->candidates, &p->candidate_capacity, p->candidate_count + 1, sizeof *p->candidates))
        return false;
    for (uint32_t i = 0; i < from->count; i++)
        if (subset >> i & 1)
            p->pairs[p->pair_count++] = from->list[i];
    if (from->may_overlap && overlaps(p, start))
        p->pair_count = start;
    else
        p->candidates[p->candidate_count++] =
            (struct candidate){start, (uint32_t)p->pair_count - start, from->made, from->by_digits};
    return true;
}

/* Adds every subset of enough pairs where those are few; else all pairs together and, on request, all but one. */
static bool add_subsets(struct packing *p, const struct proposal *from)
{
    uint32_t count = from->count;
    if (count < from->fewest || count > MANY_PAIRS)
        return true;
    uint32_t all = (UINT32_C(1) << count) - 1;
    for (uint32_t subset = 1; count <= from->subsets && subset <= all; subset++)
        if ((uint32_t)__builtin_popcount(subset) >= from->fewest && !add_candidate(p, from, subset))
            return false;
    if (count <= from->subsets)
        return true;
    if (!add_candidate(p, from, all))
        return false;
    for (uint32_t i = 0; from->all_but_one && i < count; i++)
        if (!add_candidate(p, from, all ^ UINT32_C(1) << i))
            return false;
    return true;
}

static bool add_patterns(struct packing *p)
{
    if (!cf_patterns_find(&p->found, p->sums, 2))
        return false;
    for (size_t i = 0; i < p->found.count; i++) {
        const struct cf_pattern *pattern = &p->found.patterns[i];
        struct proposal all = {.list = &p->found.occurrences[pattern->start],
                               .count = pattern->count,
                               .made = pattern->made,
                               .fewest = pattern->made == CF_NOT_MADE ? 2 : 1,
                               .subsets = SUBSETS_OF_ROWS,
                               .all_but_one = true,
                               .may_overlap = pattern->a == pattern->b};
        if (!add_subsets(p, &all))
            return false;
    }
    return true;
}

static int compare_common(const void *a, const void *b)
{
    const struct common *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    if (x->opposite != y->opposite)
        return x->opposite ? 1 : -1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->second > y->second) - (x->second < y->second);
}

static bool same_rows(const struct common *a, const struct common *b)
{
    return a->low == b->low && a->high == b->high && a->distance == b->distance && a->opposite == b->opposite;
}

struct by_signal {
    uint32_t signal, digit;
};

static int compare_signals(const void *a, const void *b)
{
    const struct by_signal *x = a, *y = b;
    if (x->signal != y->signal)
        return x->signal < y->signal ? -1 : 1;
    return (x->digit > y->digit) - (x->digit < y->digit);
}

static bool add_common(struct packing *p, uint32_t one, uint32_t other)
{
    const struct cf_digit *d = p->sums->digits; /* digits stand row after row: one < other */
    if (p->row[one] == p->row[other])
        return true;
    if (!cf_array_reserve(&p->common, &p->common_capacity, p->common_count + 1, sizeof *p->common))
        return false;
    p->common[p->common_count++] = (struct common){.low = p->row[one],
                                                   .high = p->row[other],
                                                   .first = one,
                                                   .second = other,
                                                   .distance = (int8_t)(d[other].shift - d[one].shift),
                                                   .opposite = d[one].negative != d[other].negative};
    return true;
}

/* Lists the digits that every two rows have in common, signal by signal. */
static bool list_common(struct packing *p)
{
    uint32_t digits = p->sums->digit_count;
    struct by_signal *sorted = malloc((digits + (size_t)1) * sizeof *sorted);
    bool done = sorted != NULL;
    for (uint32_t d = 0; done && d < digits; d++)
        sorted[d] = (struct by_signal){p->sums->digits[d].signal, d};
    if (done)
        qsort(sorted, digits, sizeof *sorted, compare_signals);
    p->common_count = 0;
    for (uint32_t first = 0, end; done && first < digits; first = end) {
        for (end = first + 1; end < digits && sorted[end].signal == sorted[first].signal;)
            end++;
        if (end - first > MOST_OCCURRENCES)
            continue;
        for (uint32_t i = first; done && i < end; i++)
            for (uint32_t j = i + 1; done && j < end; j++)
                done = add_common(p, sorted[i].digit, sorted[j].digit);
    }
    free(sorted);
    return done;
}

static bool add_sums_of_rows(struct packing *p)
{
    if (p->sums->most_level) /* such a sum would be a chain of signals */
        return true;
    if (!list_common(p))
        return false;
    if (p->common_count)
        qsort(p->common, p->common_count, sizeof *p->common, compare_common);
    for (size_t i = 0, end; i < p->common_count; i = end) {
        struct cf_occurrence list[MANY_PAIRS];
        uint32_t count = 0;
        for (end = i; end < p->common_count && same_rows(&p->common[i], &p->common[end]); end++)
            if (count < MANY_PAIRS)
                list[count++] = (struct cf_occurrence){p->common[end].first, p->common[end].second};
        struct proposal all = {.list = list,
                               .count = count,
                               .made = CF_NOT_MADE,
                               .fewest = FEWEST_DIGITS,
                               .subsets = SUBSETS_OF_DIGITS,
                               .by_digits = true,
                               .may_overlap = true};
        if (!add_subsets(p, &all))
            return false;
    }
    return true;
}

/* ---- choosing ---- */

static int saving(const struct candidate *candidate)
{
    return (int)candidate->pairs - (candidate->made == CF_NOT_MADE);
}

static void release(struct packing *p, uint32_t number)
{
    const struct candidate *c = &p->candidates[number];
    p->chosen[number] = 0;
    for (uint32_t i = c->start; i < c->start + c->pairs; i++)
        p->owner[p->pairs[i].first] = p->owner[p->pairs[i].second] = NOBODY;
}

/* Adds an owner to the list of those that would have to go, once. */
static void note_owner(uint32_t owner, uint32_t *rivals, uint32_t *count)
{
    if (owner == NOBODY)
        return;
    for (uint32_t i = 0; i < *count; i++)
        if (rivals[i] == owner)
            return;
    rivals[(*count)++] = owner;
}

/* Chooses the candidate instead of its rivals where that saves more, or as the temperature allows. */
static void propose(struct packing *p, uint32_t number, double temperature)
{
    const struct candidate *c = &p->candidates[number];
    uint32_t rivals[2 * MANY_PAIRS], count = 0;
    for (uint32_t i = c->start; i < c->start + c->pairs; i++) {
        note_owner(p->owner[p->pairs[i].first], rivals, &count);
        note_owner(p->owner[p->pairs[i].second], rivals, &count);
    }
    int gain = saving(c);
    for (uint32_t i = 0; i < count; i++)
        gain -= saving(&p->candidates[rivals[i]]);
    if (gain < 0 && (temperature <= 0 || cf_search_draw(p->search) >= exp(gain / temperature)))
        return;
    for (uint32_t i = 0; i < count; i++)
        release(p, rivals[i]);
    p->chosen[number] = 1;
    for (uint32_t i = c->start; i < c->start + c->pairs; i++)
        p->owner[p->pairs[i].first] = p->owner[p->pairs[i].second] = number;
}

static bool prepare(struct packing *p)
{
    size_t digits = p->sums->digit_count;
    if (!cf_array_reserve(&p->owner, &p->owner_capacity, digits + 1, sizeof *p->owner) ||
        !cf_array_reserve(&p->dead, &p->dead_capacity, digits + 1, sizeof *p->dead) ||
        !cf_array_reserve(&p->chosen, &p->chosen_capacity, p->candidate_count + 1, sizeof *p->chosen))
        return false;
    for (size_t d = 0; d < digits; d++) {
        p->owner[d] = NOBODY;
        p->dead[d] = 0;
    }
    for (size_t c = 0; c < p->candidate_count; c++)
        p->chosen[c] = 0;
    return true;
}

static void anneal(struct packing *p, double proposals)
{
    uint64_t total = (uint64_t)(proposals * (double)p->candidate_count);
    double temperature = hot;
    for (uint64_t step = 0; step < total; step++) {
        if (step % ASK_EVERY == 0) {
            if (!cf_search_goes_on(p->search))
                break;
            temperature = hot * pow(cold / hot, (double)step / (double)total);
        }
        uint64_t draw = cf_next_random(&p->search->random) >> 32;
        uint32_t number = (uint32_t)(draw * p->candidate_count >> 32);
        if (!p->chosen[number])
            propose(p, number, temperature);
    }
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t c = 0; c < p->candidate_count; c++)
            if (!p->chosen[c])
                propose(p, c, 0);
}

/* ---- applying ---- */

static bool gain(struct packing *p, uint32_t row, struct cf_digit digit)
{
    if (!cf_array_reserve(&p->gains, &p->gain_capacity, p->gain_count + 1, sizeof *p->gains))
        return false;
    p->gains[p->gain_count++] = (struct cf_gain){row, digit};
    return true;
}

static bool make_sum(struct packing *p, struct cf_digit one, struct cf_digit other, uint32_t *signal)
{
    struct cf_made made;
    cf_pattern_parts(one, other, &made);
    return cf_shift_sums_make(p->sums, made.first, made.second, signal);
}

static bool apply_pattern(struct packing *p, const struct candidate *c)
{
    const struct cf_occurrence *list = &p->pairs[c->start];
    const struct cf_digit *d = p->sums->digits;
    uint32_t signal = c->made;
    if (signal == CF_NOT_MADE && !make_sum(p, d[list[0].first], d[list[0].second], &signal))
        return false;
    for (uint32_t i = 0; i < c->pairs; i++)
        if (!gain(p, p->row[list[i].first], cf_pattern_digit(p->sums, signal, d[list[i].first], d[list[i].second])))
            return false;
    return true;
}

/* The digits that two rows have in common become one signal, summed pair by pair. */
static bool apply_common(struct packing *p, const struct candidate *c)
{
    const struct cf_occurrence *list = &p->pairs[c->start];
    const struct cf_digit *d = p->sums->digits;
    struct cf_digit low = d[list[0].first], high = d[list[0].second];
    for (uint32_t i = 1; i < c->pairs; i++) {
        uint32_t signal;
        struct cf_digit next = d[list[i].first];
        if (!make_sum(p, low, next, &signal))
            return false;
        uint8_t down = next.shift < low.shift ? (uint8_t)(low.shift - next.shift) : 0;
        low = (struct cf_digit){signal, (uint8_t)(low.shift - down), low.negative};
        high = (struct cf_digit){signal, (uint8_t)(high.shift - down), high.negative};
    }
    return gain(p, p->row[list[0].first], low) && gain(p, p->row[list[0].second], high);
}

static bool apply(struct packing *p, size_t *applied)
{
    *applied = 0;
    p->gain_count = 0;
    for (size_t i = 0; i < p->candidate_count; i++) {
        const struct candidate *c = &p->candidates[i];
        if (!p->chosen[i])
            continue;
        for (uint32_t k = c->start; k < c->start + c->pairs; k++) {
            assert(!p->dead[p->pairs[k].first] && !p->dead[p->pairs[k].second]);
            p->dead[p->pairs[k].first] = p->dead[p->pairs[k].second] = 1;
        }
        if (!(c->by_digits ? apply_common(p, c) : apply_pattern(p, c)))
            return false;
        ++*applied;
    }
    return cf_shift_sums_replace(p->sums, p->dead, p->gains, p->gain_count);
}

static bool pack_once(struct packing *p, double proposals, size_t *applied)
{
    p->candidate_count = p->pair_count = 0;
    if (!cf_array_reserve(&p->row, &p->row_capacity, p->sums->digit_count + (size_t)1, sizeof *p->row))
        return false;
    for (uint32_t r = 0; r < p->sums->rows; r++)
        for (uint32_t d = p->sums->start[r]; d < p->sums->start[r + 1]; d++)
            p->row[d] = r;
    if (!add_patterns(p) || !add_sums_of_rows(p) || !prepare(p))
        return false;
    anneal(p, proposals);
    return apply(p, applied);
}

bool cf_pack(struct cf_shift_sums *sums, double proposals, struct cf_search *search)
{
    assert(proposals >= 0);
    struct packing p = {.sums = sums, .search = search};
    bool done = true;
    for (size_t applied = 1; done && applied > 0 && cf_search_goes_on(search); proposals /= 2)
        done = pack_once(&p, proposals, &applied);
    cf_patterns_free(&p.found);
    free(p.row);
    free(p.candidates);
    free(p.pairs);
    free(p.common);
    free(p.owner);
    free(p.chosen);
    free(p.dead);
    free(p.gains);
    return done;
}
