/* patterns.c - lists pairs of digits that stand in several rows. */
#include "compiler/optimise/patterns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { KEYS = 2 * (2 * CF_PATTERN_REACH + 1) }; /* of one number: distances and signs */

/* The digits whose signals stand in enough rows to be part of a frequent pattern: row after row, those of a row by
 * rising (signal, shift), so that a pattern's first digit stands before its second. Only these signals have numbers, so
 * that what is counted for each stays close together. */
struct entry {
    uint32_t key;   /* number, shift and sign: see key_of */
    uint32_t digit; /* in sums.digits */
    uint32_t number;
    uint8_t shift;
};

struct index {
    struct entry *entries; /* of all rows */
    uint32_t *row_end;     /* [entries]: where the entry's row ends */
    uint32_t *signal;      /* [numbers]: the signal of each number */
    uint32_t *number;      /* [signals]: its number, or UINT32_MAX */
    uint32_t *start, *at;  /* the entries of number n are at[start[n]] to at[start[n + 1] - 1], row after row */
    uint32_t *made_start; /* [numbers + 2]: the sums in use whose first digit has number n are made[made_start[n]] to */
    uint32_t *made;       /* made[made_start[n + 1] - 1] */
    uint32_t numbers, count;
    bool wide; /* some digits of a row may be too far from each other to be a pattern */
};

static void free_index(struct index *index)
{
    free(index->entries);
    free(index->row_end);
    free(index->signal);
    free(index->start);
    free(index->at);
    free(index->made_start);
    free(index->made);
    free(index->number);
}

/* Marks the signals that are parts of a sum in use: one place fewer will do for them. */
static void mark_parts(const struct cf_shift_sums *sums, uint8_t *uses, uint8_t *part)
{
    cf_shift_sums_uses(sums, uses);
    for (uint32_t m = 0; m < sums->signals - sums->columns; m++)
        if (uses[sums->columns + m])
            part[sums->made[m].first.signal] = part[sums->made[m].second.signal] = 1;
}

/* Leaves signals out that stand as high as is allowed. */
static bool bar_high_signals(const struct cf_shift_sums *sums, uint8_t *part, uint32_t *places)
{
    uint32_t *level = calloc(sums->signals + (size_t)1, sizeof *level);
    for (uint32_t s = sums->columns; level && s < sums->signals; s++) {
        const struct cf_made *made = &sums->made[s - sums->columns];
        uint32_t one = level[made->first.signal], other = level[made->second.signal];
        level[s] = 1 + (one > other ? one : other);
        if (level[s] >= sums->most_level) {
            part[s] = 0;
            places[s] = 0;
        }
    }
    bool done = level != NULL;
    free(level);
    return done;
}

/* Numbers the signals that stand in enough places, and counts their places in start[number + 2]. */
static bool number_signals(struct index *index, const struct cf_shift_sums *sums, uint32_t fewest, uint8_t *part,
                           uint32_t *number)
{
    for (uint32_t d = 0; d < sums->digit_count; d++)
        number[sums->digits[d].signal]++;
    if (sums->most_level && !bar_high_signals(sums, part, number))
        return false;
    for (uint32_t s = 0; s < sums->signals; s++)
        index->numbers += number[s] + part[s] >= fewest;
    index->signal = malloc((index->numbers + (size_t)1) * sizeof *index->signal);
    index->start = calloc(index->numbers + (size_t)2, sizeof *index->start);
    if (!index->signal || !index->start)
        return false;
    for (uint32_t s = 0, next = 0; s < sums->signals; s++) {
        uint32_t places = number[s];
        bool enough = places + part[s] >= fewest;
        number[s] = enough ? next : UINT32_MAX;
        if (!enough)
            continue;
        index->start[next + 2] = places;
        index->signal[next++] = s;
        index->count += places;
    }
    for (uint32_t n = 1; n <= index->numbers; n++)
        index->start[n + 1] += index->start[n];
    return true;
}

/* Is the first part of a sum also the first digit of the pattern? */
static bool is_in_order(const struct cf_made *made)
{
    return made->first.signal != made->second.signal ? made->first.signal < made->second.signal
                                                     : made->first.shift < made->second.shift;
}

static const struct cf_digit *first_of(const struct cf_made *made)
{
    return is_in_order(made) ? &made->first : &made->second;
}

static const struct cf_digit *second_of(const struct cf_made *made)
{
    return is_in_order(made) ? &made->second : &made->first;
}

static bool index_made(struct index *index, const struct cf_shift_sums *sums, const uint8_t *uses,
                       const uint32_t *number)
{
    uint32_t made = sums->signals - sums->columns;
    index->made_start = calloc(index->numbers + (size_t)2, sizeof *index->made_start);
    index->made = malloc((made + (size_t)1) * sizeof *index->made);
    if (!index->made_start || !index->made)
        return false;
    for (int fill = 0; fill < 2; fill++) {
        for (uint32_t m = 0; m < made; m++) {
            uint32_t a = number[first_of(&sums->made[m])->signal], b = number[second_of(&sums->made[m])->signal];
            if (!uses[sums->columns + m] || a == UINT32_MAX || b == UINT32_MAX)
                continue;
            if (fill)
                index->made[index->made_start[a + 1]++] = m;
            else if (a + 2 <= index->numbers)
                index->made_start[a + 2]++;
        }
        for (uint32_t n = 1; !fill && n < index->numbers; n++)
            index->made_start[n + 1] += index->made_start[n];
    }
    return true;
}

/* Puts an entry behind those of its row that go before it. Rows are nearly in order. */
static void insert(struct entry *entries, uint32_t first, uint32_t end, struct entry entry)
{
    for (; end > first && (entries[end - 1].number > entry.number ||
                           (entries[end - 1].number == entry.number && entries[end - 1].shift > entry.shift));
         end--)
        entries[end] = entries[end - 1];
    entries[end] = entry;
}

static void fill_entries(struct index *index, const struct cf_shift_sums *sums)
{
    const uint32_t *number = index->number;
    uint32_t count = 0;
    uint8_t most = 0;
    for (uint32_t r = 0; r < sums->rows; r++) {
        uint32_t first = count;
        for (uint32_t d = sums->start[r]; d < sums->start[r + 1]; d++) {
            struct cf_digit digit = sums->digits[d];
            uint32_t n = number[digit.signal];
            if (n == UINT32_MAX)
                continue;
            most = digit.shift > most ? digit.shift : most;
            insert(index->entries, first, count++,
                   (struct entry){n * KEYS + 2 * (CF_PATTERN_REACH + (uint32_t)digit.shift) + digit.negative, d, n,
                                  digit.shift});
        }
        for (uint32_t e = first; e < count; e++)
            index->row_end[e] = count;
    }
    /* start[n + 1] is where the next entry of number n goes; at the end, where number n + 1 begins. */
    for (uint32_t e = 0; e < count; e++)
        index->at[index->start[index->entries[e].number + 1]++] = e;
    index->wide = most > CF_PATTERN_REACH;
}

static bool index_sums(struct index *index, const struct cf_shift_sums *sums, uint32_t fewest)
{
    uint32_t *number = index->number = calloc(sums->signals + (size_t)1, sizeof *number);
    uint8_t *uses = malloc(sums->signals + (size_t)1), *part = calloc(sums->signals + (size_t)1, 1);
    bool done = number && uses && part;
    if (done)
        mark_parts(sums, uses, part);
    done = done && number_signals(index, sums, fewest, part, number) && index_made(index, sums, uses, number);
    if (done) {
        index->entries = malloc((index->count + (size_t)1) * sizeof *index->entries);
        index->row_end = malloc((index->count + (size_t)1) * sizeof *index->row_end);
        index->at = malloc((index->count + (size_t)1) * sizeof *index->at);
        done = index->entries && index->row_end && index->at;
    }
    if (done)
        fill_entries(index, sums);
    free(uses);
    free(part);
    return done;
}

static inline bool reaches(const struct index *index, const struct entry *one, const struct entry *other)
{
    return !index->wide || abs(other->shift - one->shift) <= CF_PATTERN_REACH;
}

/* The key of the pattern of two digits: number, distance and signs; KEYS for each number. Twice the shift and the sign
 * of both are in their keys. */
static inline uint32_t key_of(const struct entry *one, const struct entry *other)
{
    return (other->key - 2 * (uint32_t)one->shift) ^ (one->key & 1);
}

/* The key of a sum that is made; false where its digits are too far from each other to be a pattern. */
static bool key_of_made(const struct index *index, const struct cf_made *made, uint32_t *key)
{
    const struct cf_digit *one = first_of(made), *other = second_of(made);
    int distance = (int)other->shift - one->shift;
    *key = index->number[other->signal] * KEYS + 2 * (uint32_t)(CF_PATTERN_REACH + distance) +
           (one->negative != other->negative);
    return abs(distance) <= CF_PATTERN_REACH;
}

/* Counts the patterns that begin with signal number a: number[key] becomes how often each is used. */
static bool count_patterns(struct cf_patterns *p, const struct cf_shift_sums *sums, const struct index *index,
                           uint32_t a, size_t *touched)
{
    uint32_t key, made = index->made_start[a + 1] - index->made_start[a];
    *touched = 0;
    if (!cf_array_reserve(&p->touched, &p->touched_capacity, made + (size_t)1, sizeof *p->touched))
        return false;
    for (uint32_t i = index->made_start[a]; i < index->made_start[a + 1]; i++)
        if (key_of_made(index, &sums->made[index->made[i]], &key) && p->number[key] == 0) {
            p->number[key] = 1;
            p->touched[(*touched)++] = key;
        }
    for (uint32_t i = index->start[a]; i < index->start[a + 1]; i++) {
        uint32_t at = index->at[i], end = index->row_end[at];
        const struct entry *one = &index->entries[at];
        if (!cf_array_reserve(&p->touched, &p->touched_capacity, *touched + (end - at), sizeof *p->touched))
            return false;
        for (uint32_t e = at + 1; e < end; e++) {
            const struct entry *other = &index->entries[e];
            key = key_of(one, other);
            if (reaches(index, one, other) && p->number[key]++ == 0)
                p->touched[(*touched)++] = key;
        }
    }
    return true;
}

/* Turns the counts of frequent patterns into patterns with room for their occurrences: number[key] becomes -1 less the
 * pattern's place; 0 where it occurs too rarely. */
static bool add_patterns(struct cf_patterns *p, const struct index *index, uint32_t a, size_t touched, uint32_t fewest)
{
    for (size_t t = 0; t < touched; t++) {
        uint32_t key = p->touched[t], count = (uint32_t)p->number[key];
        p->number[key] = 0;
        if (count < fewest)
            continue;
        if (!cf_array_reserve(&p->patterns, &p->capacity, p->count + 1, sizeof *p->patterns))
            return false;
        p->patterns[p->count] = (struct cf_pattern){.a = index->signal[a],
                                                    .b = index->signal[key / KEYS],
                                                    .distance = (int8_t)((int)(key % KEYS / 2) - CF_PATTERN_REACH),
                                                    .opposite = key % 2,
                                                    .made = CF_NOT_MADE,
                                                    .start = (uint32_t)p->occurrence_count};
        p->number[key] = -1 - (int32_t)p->count++;
        p->occurrence_count += count;
    }
    return cf_array_reserve(&p->occurrences, &p->occurrence_capacity, p->occurrence_count + 1, sizeof *p->occurrences);
}

/* Tells the patterns that begin with signal number a which signal is their sum. */
static void note_made(struct cf_patterns *p, const struct cf_shift_sums *sums, const struct index *index, uint32_t a)
{
    uint32_t key;
    for (uint32_t i = index->made_start[a]; i < index->made_start[a + 1]; i++)
        if (key_of_made(index, &sums->made[index->made[i]], &key) && p->number[key] < 0)
            p->patterns[-1 - p->number[key]].made = sums->columns + index->made[i];
}

static void list_occurrences(struct cf_patterns *p, const struct index *index, uint32_t a)
{
    for (uint32_t i = index->start[a]; i < index->start[a + 1]; i++) {
        uint32_t at = index->at[i];
        const struct entry *one = &index->entries[at];
        for (uint32_t e = at + 1; e < index->row_end[at]; e++) {
            const struct entry *other = &index->entries[e];
            uint32_t key = key_of(one, other);
            if (!reaches(index, one, other) || p->number[key] >= 0)
                continue;
            struct cf_pattern *pattern = &p->patterns[-1 - p->number[key]];
            p->occurrences[pattern->start + pattern->count++] = (struct cf_occurrence){one->digit, other->digit};
        }
    }
}

/* Would the row hold the sum twice at the same shift? */
static bool doubles(const struct cf_shift_sums *sums, uint32_t signal, struct cf_occurrence at)
{
    struct cf_digit sum = cf_pattern_digit(sums, signal, sums->digits[at.first], sums->digits[at.second]);
    uint32_t row = cf_shift_sums_row(sums, at.first);
    for (uint32_t d = sums->start[row]; d < sums->start[row + 1]; d++)
        if (sums->digits[d].signal == signal && sums->digits[d].shift == sum.shift)
            return true;
    return false;
}

/* Takes occurrences off a pattern whose sum the row holds already. */
static void drop_doubles(struct cf_patterns *p, const struct cf_shift_sums *sums, struct cf_pattern *pattern)
{
    uint32_t kept = 0;
    struct cf_occurrence *list = &p->occurrences[pattern->start];
    for (uint32_t o = 0; o < pattern->count; o++)
        if (!doubles(sums, pattern->made, list[o]))
            list[kept++] = list[o];
    pattern->count = kept;
}

/* Drops doubles, and patterns from number `before` on that are then used too rarely. */
static void finish_patterns(struct cf_patterns *p, const struct cf_shift_sums *sums, size_t before, uint32_t fewest)
{
    size_t kept = before;
    for (size_t i = before; i < p->count; i++) {
        if (p->patterns[i].made != CF_NOT_MADE)
            drop_doubles(p, sums, &p->patterns[i]);
        if (cf_pattern_uses(&p->patterns[i]) >= fewest)
            p->patterns[kept++] = p->patterns[i];
    }
    p->count = kept;
}

static bool find(struct cf_patterns *p, const struct cf_shift_sums *sums, const struct index *index, uint32_t fewest)
{
    for (uint32_t a = 0; a < index->numbers; a++) {
        size_t touched, before = p->count;
        if (!count_patterns(p, sums, index, a, &touched) || !add_patterns(p, index, a, touched, fewest))
            return false;
        if (p->count > before) {
            note_made(p, sums, index, a);
            list_occurrences(p, index, a);
            finish_patterns(p, sums, before, fewest);
        }
        for (size_t t = 0; t < touched; t++)
            p->number[p->touched[t]] = 0;
    }
    return true;
}

bool cf_patterns_find(struct cf_patterns *p, const struct cf_shift_sums *sums, uint32_t fewest)
{
    assert(fewest >= 2);
    struct index index = {0};
    p->count = p->occurrence_count = 0;
    bool done = index_sums(&index, sums, fewest);
    size_t keys = ((size_t)index.numbers + 2) * KEYS; /* with room for distances out of reach */
    done = done && keys <= UINT32_MAX && cf_array_reserve(&p->number, &p->number_capacity, keys, sizeof *p->number);
    if (done && p->number_capacity > p->number_ready) {
        memset(p->number + p->number_ready, 0, (p->number_capacity - p->number_ready) * sizeof *p->number);
        p->number_ready = p->number_capacity;
    }
    done = done && find(p, sums, &index, fewest);
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

struct cf_digit cf_pattern_digit(const struct cf_shift_sums *sums, uint32_t signal, struct cf_digit one,
                                 struct cf_digit other)
{
    const struct cf_made *made = &sums->made[signal - sums->columns];
    uint8_t low = one.shift < other.shift ? one.shift : other.shift;
    bool is_one = made->first.signal == one.signal && made->first.shift == one.shift - low;
    return (struct cf_digit){signal, low, is_one ? one.negative : other.negative};
}
