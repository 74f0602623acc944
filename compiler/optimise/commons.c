/* commons.c - finds the pairs of digits that a row has in common with others, through the places of each signal.
 *
 * Two digits of a row stand in another row as a pair when both have their signal there, shifted by the same amount
 * against the row and with the same change of sign. So each place of a digit's signal in another row falls into a
 * bucket (row, shift against it, change of sign), and every two digits that meet in a bucket are such a pair.
 */
#include "compiler/optimise/commons.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define NONE UINT32_MAX

struct place {
    uint32_t row;
    uint8_t shift;
    bool negative;
};

/* Where a signal stands. */
struct places {
    struct place *list;
    size_t count, capacity;
};

/* A digit in a bucket, and the one that came into it before. */
struct visit {
    uint32_t bucket, digit, before;
};

struct cf_commons {
    uint32_t rows, shifts; /* shifts are 0 to shifts - 1 */
    struct places *signals;
    size_t signal_count, signal_capacity;
    uint32_t *newest; /* [buckets]: the last visit, or NONE */
    struct visit *visits;
    size_t visit_count, visit_capacity;
    struct cf_common_pair *pairs;
    size_t pair_count, pair_capacity;
    uint8_t *seen; /* [digits][digits]: which pairs are listed */
    size_t seen_capacity;
};

struct cf_commons *cf_commons_new(uint32_t rows, uint32_t most_shift)
{
    assert(rows > 0);
    struct cf_commons *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->rows = rows;
    c->shifts = most_shift + 1;
    size_t buckets = (size_t)rows * (2 * c->shifts - 1) * 2;
    c->newest = malloc((buckets + 1) * sizeof *c->newest);
    if (!c->newest) {
        free(c);
        return NULL;
    }
    memset(c->newest, 0xff, buckets * sizeof *c->newest);
    return c;
}

void cf_commons_free(struct cf_commons *c)
{
    if (!c)
        return;
    for (size_t s = 0; s < c->signal_count; s++)
        free(c->signals[s].list);
    free(c->signals);
    free(c->newest);
    free(c->visits);
    free(c->pairs);
    free(c->seen);
    free(c);
}

bool cf_commons_add(struct cf_commons *c, uint32_t row, const struct cf_digit *digits, uint32_t count)
{
    assert(row < c->rows);
    for (uint32_t d = 0; d < count; d++) {
        assert(digits[d].shift < c->shifts);
        size_t signal = digits[d].signal;
        if (!cf_array_reserve(&c->signals, &c->signal_capacity, signal + 1, sizeof *c->signals))
            return false;
        for (; c->signal_count <= signal; c->signal_count++)
            c->signals[c->signal_count] = (struct places){0};
        struct places *p = &c->signals[signal];
        if (!cf_array_reserve(&p->list, &p->capacity, p->count + 1, sizeof *p->list))
            return false;
        p->list[p->count++] = (struct place){row, digits[d].shift, digits[d].negative};
    }
    return true;
}

void cf_commons_remove(struct cf_commons *c, uint32_t row, const struct cf_digit *digits, uint32_t count)
{
    for (uint32_t d = 0; d < count; d++) {
        struct places *p = &c->signals[digits[d].signal];
        size_t at = 0;
        while (p->list[at].row != row || p->list[at].shift != digits[d].shift)
            at++; /* it was added */
        assert(at < p->count);
        p->list[at] = p->list[--p->count];
    }
}

/* Lists the pairs of the digit with those that came before it into the same buckets. */
static bool visit(struct cf_commons *c, const struct cf_digit *digits, uint32_t count, uint32_t d)
{
    if (digits[d].signal >= c->signal_count)
        return true;
    const struct places *p = &c->signals[digits[d].signal];
    if (!cf_array_reserve(&c->visits, &c->visit_capacity, c->visit_count + p->count, sizeof *c->visits))
        return false;
    for (size_t i = 0; i < p->count; i++) {
        struct place at = p->list[i];
        uint32_t against = at.shift + c->shifts - 1 - digits[d].shift;
        uint32_t bucket = (at.row * (2 * c->shifts - 1) + against) * 2 + (at.negative != digits[d].negative);
        for (uint32_t v = c->newest[bucket]; v != NONE; v = c->visits[v].before) {
            uint32_t other = c->visits[v].digit;
            uint8_t *seen = &c->seen[(size_t)d * count + other];
            if (*seen || other == d)
                continue;
            *seen = 1;
            if (!cf_array_reserve(&c->pairs, &c->pair_capacity, c->pair_count + 1, sizeof *c->pairs))
                return false;
            c->pairs[c->pair_count++] = (struct cf_common_pair){d, other};
        }
        c->visits[c->visit_count] = (struct visit){bucket, d, c->newest[bucket]};
        c->newest[bucket] = (uint32_t)c->visit_count++;
    }
    return true;
}

bool cf_commons_find(struct cf_commons *c, const struct cf_digit *digits, uint32_t count,
                     const struct cf_common_pair **pairs, size_t *pair_count)
{
    size_t all = (size_t)count * count;
    if (!cf_array_reserve(&c->seen, &c->seen_capacity, all + 1, sizeof *c->seen))
        return false;
    memset(c->seen, 0, all);
    c->pair_count = c->visit_count = 0;
    bool done = true;
    for (uint32_t d = 0; done && d < count; d++)
        done = visit(c, digits, count, d);
    for (size_t v = 0; v < c->visit_count; v++)
        c->newest[c->visits[v].bucket] = NONE;
    *pairs = c->pairs;
    *pair_count = c->pair_count;
    return done;
}
