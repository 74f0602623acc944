/* patterns.c - lists pairs of digits that stand in several rows. */
#include "compiler/optimise/patterns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { KEYS = 2 * (2 * CF_PATTERN_REACH + 1) }; /* of one signal: distances and signs */

/* The digits of each signal: places in sums.digits, and the row of each. */
struct index {
    uint32_t *start, *digit, *row;
};

static bool index_sums(struct index *index, const struct cf_shift_sums *sums)
{
    *index = (struct index){calloc(sums->signals + (size_t)2, sizeof(uint32_t)),
                            malloc((sums->digit_count + (size_t)1) * sizeof(uint32_t)),
                            malloc((sums->digit_count + (size_t)1) * sizeof(uint32_t))};
    if (!index->start || !index->digit || !index->row)
        return false;
    for (uint32_t d = 0; d < sums->digit_count; d++)
        index->start[sums->digits[d].signal + 2]++;
    for (uint32_t s = 1; s <= sums->signals; s++)
        index->start[s + 1] += index->start[s];
    /* start[s + 1] is where signal s's next digit goes; at the end, where signal s + 1 begins. */
    for (uint32_t r = 0; r < sums->rows; r++)
        for (uint32_t d = sums->start[r]; d < sums->start[r + 1]; d++) {
            uint32_t at = index->start[sums->digits[d].signal + 1]++;
            index->digit[at] = d;
            index->row[at] = r;
        }
    return true;
}

static void free_index(struct index *index)
{
    free(index->start);
    free(index->digit);
    free(index->row);
}

/* The key of the pattern that `one` begins and `other` ends; false where it is none. */
static inline bool key_of(const struct index *index, struct cf_digit one, struct cf_digit other, uint32_t *key)
{
    int distance = other.shift - one.shift;
    if (other.signal < one.signal || (other.signal == one.signal && distance <= 0) || distance < -CF_PATTERN_REACH ||
        distance > CF_PATTERN_REACH || index->start[other.signal + 1] - index->start[other.signal] < 2)
        return false;
    *key = other.signal * KEYS + (uint32_t)(distance + CF_PATTERN_REACH) * 2 + (one.negative != other.negative);
    return true;
}

/* Counts the patterns that begin with signal a: number[key] becomes how often each occurs. */
static bool count_patterns(struct cf_patterns *p, const struct cf_shift_sums *sums, const struct index *index,
                           uint32_t a, size_t *touched)
{
    *touched = 0;
    for (uint32_t i = index->start[a]; i < index->start[a + 1]; i++) {
        uint32_t row = index->row[i], key;
        struct cf_digit one = sums->digits[index->digit[i]];
        if (!cf_array_reserve(&p->touched, &p->touched_capacity, *touched + (sums->start[row + 1] - sums->start[row]),
                              sizeof *p->touched))
            return false;
        for (uint32_t d = sums->start[row]; d < sums->start[row + 1]; d++)
            if (key_of(index, one, sums->digits[d], &key) && p->number[key]++ == 0)
                p->touched[(*touched)++] = key;
    }
    return true;
}

/* Turns the counts of frequent patterns into patterns with room for their occurrences: number[key] becomes -1 less the
 * pattern's place; 0 where it occurs too rarely. */
static bool add_patterns(struct cf_patterns *p, uint32_t a, size_t touched, uint32_t fewest)
{
    for (size_t t = 0; t < touched; t++) {
        uint32_t key = p->touched[t], count = (uint32_t)p->number[key];
        p->number[key] = 0;
        if (count < fewest)
            continue;
        if (!cf_array_reserve(&p->patterns, &p->capacity, p->count + 1, sizeof *p->patterns))
            return false;
        p->patterns[p->count] = (struct cf_pattern){.a = a,
                                                    .b = key / KEYS,
                                                    .distance = (int8_t)((int)(key % KEYS / 2) - CF_PATTERN_REACH),
                                                    .opposite = key % 2,
                                                    .start = (uint32_t)p->occurrence_count};
        p->number[key] = -1 - (int32_t)p->count++;
        p->occurrence_count += count;
    }
    return cf_array_reserve(&p->occurrences, &p->occurrence_capacity, p->occurrence_count + 1, sizeof *p->occurrences);
}

static void list_occurrences(struct cf_patterns *p, const struct cf_shift_sums *sums, const struct index *index,
                             uint32_t a)
{
    for (uint32_t i = index->start[a]; i < index->start[a + 1]; i++) {
        uint32_t row = index->row[i], key;
        struct cf_digit one = sums->digits[index->digit[i]];
        for (uint32_t d = sums->start[row]; d < sums->start[row + 1]; d++)
            if (key_of(index, one, sums->digits[d], &key) && p->number[key] < 0) {
                struct cf_pattern *pattern = &p->patterns[-1 - p->number[key]];
                p->occurrences[pattern->start + pattern->count++] = (struct cf_occurrence){index->digit[i], d};
            }
    }
}

static bool find(struct cf_patterns *p, const struct cf_shift_sums *sums, const struct index *index, uint32_t fewest)
{
    for (uint32_t a = 0; a < sums->signals; a++) {
        size_t touched, before = p->count;
        if (index->start[a + 1] - index->start[a] < 2)
            continue;
        if (!count_patterns(p, sums, index, a, &touched) || !add_patterns(p, a, touched, fewest))
            return false;
        if (p->count > before)
            list_occurrences(p, sums, index, a);
        for (size_t t = 0; t < touched; t++)
            p->number[p->touched[t]] = 0;
    }
    return true;
}

bool cf_patterns_find(struct cf_patterns *p, const struct cf_shift_sums *sums, uint32_t fewest)
{
    assert(fewest >= 2);
    struct index index;
    size_t keys = (size_t)sums->signals * KEYS;
    p->count = p->occurrence_count = 0;
    bool done = keys <= UINT32_MAX && index_sums(&index, sums) &&
                cf_array_reserve(&p->number, &p->number_capacity, keys + 1, sizeof *p->number);
    if (done && p->number_capacity > p->number_ready) {
        memset(p->number + p->number_ready, 0, (p->number_capacity - p->number_ready) * sizeof *p->number);
        p->number_ready = p->number_capacity;
    }
    done = done && find(p, sums, &index, fewest);
    if (keys <= UINT32_MAX)
        free_index(&index);
    return done;
}

void cf_patterns_free(struct cf_patterns *p)
{
    free(p->patterns);
    free(p->occurrences);
    free(p->number);
    free(p->touched);
    *p = (struct cf_patterns){0};
}

void cf_pattern_parts(struct cf_digit one, struct cf_digit other, struct cf_made *made)
{
    uint8_t low = one.shift < other.shift ? one.shift : other.shift;
    made->first = (struct cf_digit){one.signal, (uint8_t)(one.shift - low), false};
    made->second = (struct cf_digit){other.signal, (uint8_t)(other.shift - low), one.negative != other.negative};
}

struct cf_digit cf_pattern_digit(uint32_t signal, struct cf_digit one, struct cf_digit other)
{
    return (struct cf_digit){signal, one.shift < other.shift ? one.shift : other.shift, one.negative};
}
