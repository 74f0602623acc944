/* choices.c - tries the ways to write a row against what other rows hold.
 *
 * The pairs in common with other rows are found once for all ways, and sorted by the two ways that they belong to. A
 * choice is then valued with the pairs of its ways alone.
 */
#include "compiler/optimise/choices.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { MOST_SWEEPS = 4 /* over the parts of a row */ };

struct cf_chooser {
    uint32_t parts, segments;
    const uint32_t *segment;
    const struct cf_ways *ways;
    uint32_t *way_of;             /* [digits] */
    struct cf_common_pair *pairs; /* sorted by the ways of both digits */
    uint32_t *cell;               /* [ways * ways + 1]: where the pairs of two ways begin */
    uint32_t *chosen;             /* [parts]: ways */
    struct cf_common_pair *lying; /* pairs of the choice at hand */
    struct cf_common_pair *sorted;
    uint32_t *degree, *bucket; /* degree [digits]: all 0 between calls */
    uint8_t *matched;          /* [digits]: all 0 between calls */
    size_t way_of_capacity, pairs_capacity, cell_capacity, lying_capacity, sorted_capacity, degree_capacity,
        bucket_capacity, matched_capacity;
};

struct cf_chooser *cf_chooser_new(uint32_t parts, uint32_t segments, const uint32_t *segment)
{
    assert(segments <= 31);
    struct cf_chooser *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct cf_chooser){.parts = parts, .segments = segments, .segment = segment};
    c->chosen = malloc((parts + (size_t)1) * sizeof *c->chosen);
    if (!c->chosen) {
        free(c);
        return NULL;
    }
    return c;
}

void cf_chooser_free(struct cf_chooser *c)
{
    if (!c)
        return;
    free(c->way_of);
    free(c->pairs);
    free(c->cell);
    free(c->chosen);
    free(c->lying);
    free(c->sorted);
    free(c->degree);
    free(c->bucket);
    free(c->matched);
    free(c);
}

/* The number of the part's way under the choice. */
static uint32_t way_number(const struct cf_chooser *c, const struct cf_ways *ways, const struct cf_choice *choice,
                           uint32_t part)
{
    uint32_t at = 2 * part + (choice->sides >> c->segment[part] & 1);
    assert(ways->first[at] + choice->way[at] < ways->first[at + 1]);
    return ways->first[at] + choice->way[at];
}

const struct cf_way *cf_chosen_way(const struct cf_chooser *c, const struct cf_ways *ways,
                                   const struct cf_choice *choice, uint32_t part)
{
    return &ways->ways[way_number(c, ways, choice, part)];
}

/* ---- pairs, by ways ---- */

static bool reserve(struct cf_chooser *c, size_t digits, size_t ways, size_t pairs)
{
    size_t known = c->degree_capacity;
    if (!cf_array_reserve(&c->way_of, &c->way_of_capacity, digits + 1, sizeof *c->way_of) ||
        !cf_array_reserve(&c->pairs, &c->pairs_capacity, pairs + 1, sizeof *c->pairs) ||
        !cf_array_reserve(&c->cell, &c->cell_capacity, ways * ways + 2, sizeof *c->cell) ||
        !cf_array_reserve(&c->lying, &c->lying_capacity, pairs + 1, sizeof *c->lying) ||
        !cf_array_reserve(&c->sorted, &c->sorted_capacity, pairs + 1, sizeof *c->sorted) ||
        !cf_array_reserve(&c->bucket, &c->bucket_capacity, 2 * digits + 2, sizeof *c->bucket) ||
        !cf_array_reserve(&c->degree, &c->degree_capacity, digits + 1, sizeof *c->degree) ||
        !cf_array_reserve(&c->matched, &c->matched_capacity, digits + 1, sizeof *c->matched))
        return false;
    if (c->degree_capacity > known) {
        memset(c->degree, 0, c->degree_capacity * sizeof *c->degree);
        memset(c->matched, 0, c->matched_capacity);
    }
    return true;
}

static uint32_t cell_of(const struct cf_chooser *c, struct cf_common_pair pair)
{
    uint32_t a = c->way_of[pair.first], b = c->way_of[pair.second];
    return a < b ? a * c->ways->way_count + b : b * c->ways->way_count + a;
}

static bool sort_pairs(struct cf_chooser *c, struct cf_commons *commons)
{
    const struct cf_ways *w = c->ways;
    const struct cf_common_pair *found;
    size_t count, cells = (size_t)w->way_count * w->way_count;
    if (!cf_commons_find(commons, w->digits, w->digit_count, &found, &count) ||
        !reserve(c, w->digit_count, w->way_count, count))
        return false;
    for (uint32_t i = 0; i < w->way_count; i++)
        for (uint32_t d = w->ways[i].start; d < w->ways[i].start + w->ways[i].count; d++)
            c->way_of[d] = i;
    memset(c->cell, 0, (cells + 2) * sizeof *c->cell);
    for (size_t p = 0; p < count; p++)
        c->cell[cell_of(c, found[p]) + 2]++;
    for (size_t i = 0; i < cells; i++)
        c->cell[i + 2] += c->cell[i + 1];
    for (size_t p = 0; p < count; p++)
        c->pairs[c->cell[cell_of(c, found[p]) + 1]++] = found[p];
    return true;
}

/* ---- the value of a choice ---- */

/* Lists the pairs of the chosen ways and counts how many each digit is in; returns how many there are. */
static uint32_t lay_pairs(struct cf_chooser *c)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < c->parts; p++)
        for (uint32_t q = p; q < c->parts; q++) {
            uint32_t cell = c->chosen[p] * c->ways->way_count + c->chosen[q];
            for (uint32_t i = c->cell[cell]; i < c->cell[cell + 1]; i++) {
                c->lying[count++] = c->pairs[i];
                c->degree[c->pairs[i].first]++;
                c->degree[c->pairs[i].second]++;
            }
        }
    return count;
}

static uint32_t crowd(const struct cf_chooser *c, struct cf_common_pair pair)
{
    return c->degree[pair.first] + c->degree[pair.second];
}

/* Sorts the pairs by the degrees of their digits together, the lowest first. */
static void sort_by_crowd(struct cf_chooser *c, uint32_t count)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < count; i++)
        most = crowd(c, c->lying[i]) > most ? crowd(c, c->lying[i]) : most;
    memset(c->bucket, 0, (most + (size_t)2) * sizeof *c->bucket);
    for (uint32_t i = 0; i < count; i++)
        c->bucket[crowd(c, c->lying[i]) + 1]++;
    for (uint32_t b = 0; b < most; b++)
        c->bucket[b + 1] += c->bucket[b];
    for (uint32_t i = 0; i < count; i++)
        c->sorted[c->bucket[crowd(c, c->lying[i])]++] = c->lying[i];
}

static double value_of(struct cf_chooser *c)
{
    uint32_t count = lay_pairs(c), matched = 0, digits = 0;
    sort_by_crowd(c, count);
    for (uint32_t i = 0; i < count; i++) {
        struct cf_common_pair pair = c->sorted[i];
        if (c->matched[pair.first] || c->matched[pair.second])
            continue;
        c->matched[pair.first] = c->matched[pair.second] = 1;
        matched++;
    }
    for (uint32_t i = 0; i < count; i++) {
        c->degree[c->sorted[i].first] = c->degree[c->sorted[i].second] = 0;
        c->matched[c->sorted[i].first] = c->matched[c->sorted[i].second] = 0;
    }
    for (uint32_t p = 0; p < c->parts; p++)
        digits += c->ways->ways[c->chosen[p]].count;
    return matched + 0.05 * count - digits;
}

/* ---- the choice ---- */

static void set_chosen(struct cf_chooser *c, const struct cf_choice *choice)
{
    for (uint32_t p = 0; p < c->parts; p++)
        c->chosen[p] = way_number(c, c->ways, choice, p);
}

static void choose_sides(struct cf_chooser *c, struct cf_choice *choice, double *best)
{
    uint32_t before = choice->sides, sides = before;
    set_chosen(c, choice);
    *best = value_of(c) + 0.01; /* stay where nothing is won */
    for (uint32_t s = 0; s < UINT32_C(1) << c->segments; s++) {
        choice->sides = s;
        set_chosen(c, choice);
        double value = s == before ? 0 : value_of(c);
        if (s != before && value > *best) {
            sides = s;
            *best = value;
        }
    }
    choice->sides = sides;
    set_chosen(c, choice);
}

static bool choose_way(struct cf_chooser *c, struct cf_choice *choice, uint32_t part, double *best)
{
    uint32_t at = 2 * part + (choice->sides >> c->segment[part] & 1), first = c->ways->first[at];
    uint8_t before = choice->way[at];
    for (uint32_t w = first; w < c->ways->first[at + 1]; w++) {
        if (w == first + choice->way[at])
            continue;
        c->chosen[part] = w;
        double value = value_of(c);
        if (value > *best + 0.01) {
            *best = value;
            choice->way[at] = (uint8_t)(w - first);
        }
    }
    c->chosen[part] = first + choice->way[at];
    return choice->way[at] != before;
}

bool cf_choose(struct cf_chooser *c, struct cf_commons *commons, const struct cf_ways *ways, struct cf_choice *choice)
{
    double best;
    c->ways = ways;
    if (!sort_pairs(c, commons))
        return false;
    choose_sides(c, choice, &best);
    bool changed = ways->way_count > 2 * c->parts;
    for (int sweep = 0; changed && sweep < MOST_SWEEPS; sweep++) {
        changed = false;
        for (uint32_t p = 0; p < c->parts; p++)
            changed = choose_way(c, choice, p, &best) || changed;
    }
    return true;
}
