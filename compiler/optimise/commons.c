/* commons.c - a hash table of pairs of digits, and how much a row has in common with those counted. */
#include "compiler/optimise/commons.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Two digits by what a pattern keeps of them. */
struct pair {
    uint32_t first, second;
    int8_t distance;
    bool opposite;
};

struct slot {
    struct pair pair;
    bool used;
    int32_t count;
};

/* A pair of the row at hand that stands in other rows as well, and how many such pairs its two digits are in. */
struct edge {
    uint32_t first, second, degree;
};

struct cf_commons {
    struct slot *slots; /* open addresses */
    size_t slot_count, used;
    struct edge *edges, *sorted;
    uint32_t *degree, *bucket;
    uint8_t *matched;
    size_t edge_count, edge_capacity, sorted_capacity, degree_capacity, bucket_capacity, matched_capacity;
};

struct cf_commons *cf_commons_new(void)
{
    struct cf_commons *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->slot_count = 1 << 16;
    c->slots = calloc(c->slot_count, sizeof *c->slots);
    if (!c->slots) {
        free(c);
        return NULL;
    }
    return c;
}

void cf_commons_free(struct cf_commons *c)
{
    if (!c)
        return;
    free(c->slots);
    free(c->edges);
    free(c->sorted);
    free(c->degree);
    free(c->bucket);
    free(c->matched);
    free(c);
}

static struct pair pair_of(struct cf_digit a, struct cf_digit b)
{
    bool swap = a.signal > b.signal || (a.signal == b.signal && a.shift > b.shift);
    struct cf_digit one = swap ? b : a, other = swap ? a : b;
    return (struct pair){one.signal, other.signal, (int8_t)(other.shift - one.shift), a.negative != b.negative};
}

static size_t place(const struct slot *slots, size_t count, struct pair p)
{
    uint64_t hash = (p.first * UINT64_C(0x9e3779b97f4a7c15)) ^ (p.second * UINT64_C(0xd6e8feb86659fd93));
    hash = (hash + (uint64_t)(p.distance + 64) * 2 + p.opposite) * UINT64_C(0xbf58476d1ce4e5b9);
    size_t at = (size_t)(hash >> 28) & (count - 1);
    while (slots[at].used && (slots[at].pair.first != p.first || slots[at].pair.second != p.second ||
                              slots[at].pair.distance != p.distance || slots[at].pair.opposite != p.opposite))
        at = (at + 1) & (count - 1);
    return at;
}

/* Twice as many slots; pairs that no row holds any more are dropped. */
static bool grow(struct cf_commons *c)
{
    size_t count = 2 * c->slot_count;
    struct slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    c->used = 0;
    for (size_t s = 0; s < c->slot_count; s++)
        if (c->slots[s].used && c->slots[s].count > 0) {
            slots[place(slots, count, c->slots[s].pair)] = c->slots[s];
            c->used++;
        }
    free(c->slots);
    c->slots = slots;
    c->slot_count = count;
    return true;
}

bool cf_commons_count(struct cf_commons *c, const struct cf_digit *row, size_t digits, int change)
{
    for (size_t i = 0; i < digits; i++)
        for (size_t j = 0; j < i; j++) {
            if (2 * (c->used + 1) > c->slot_count && !grow(c))
                return false;
            struct pair pair = pair_of(row[i], row[j]);
            struct slot *slot = &c->slots[place(c->slots, c->slot_count, pair)];
            c->used += !slot->used;
            slot->used = true;
            slot->pair = pair;
            slot->count += change;
        }
    return true;
}

static bool list_edges(struct cf_commons *c, const struct cf_digit *row, size_t digits)
{
    if (!cf_array_reserve(&c->degree, &c->degree_capacity, digits + 1, sizeof *c->degree) ||
        !cf_array_reserve(&c->matched, &c->matched_capacity, digits + 1, sizeof *c->matched))
        return false;
    memset(c->degree, 0, digits * sizeof *c->degree);
    memset(c->matched, 0, digits);
    c->edge_count = 0;
    for (size_t i = 0; i < digits; i++)
        for (size_t j = 0; j < i; j++) {
            const struct slot *slot = &c->slots[place(c->slots, c->slot_count, pair_of(row[i], row[j]))];
            if (!slot->used || slot->count <= 0)
                continue;
            if (!cf_array_reserve(&c->edges, &c->edge_capacity, c->edge_count + 1, sizeof *c->edges))
                return false;
            c->edges[c->edge_count++] = (struct edge){(uint32_t)i, (uint32_t)j, 0};
            c->degree[i]++;
            c->degree[j]++;
        }
    return true;
}

/* Sorts the edges by the degrees of their ends together, the lowest first. */
static bool sort_edges(struct cf_commons *c, size_t digits)
{
    size_t buckets = 2 * digits + 1;
    if (!cf_array_reserve(&c->sorted, &c->sorted_capacity, c->edge_count + 1, sizeof *c->sorted) ||
        !cf_array_reserve(&c->bucket, &c->bucket_capacity, buckets + 1, sizeof *c->bucket))
        return false;
    memset(c->bucket, 0, (buckets + 1) * sizeof *c->bucket);
    for (size_t e = 0; e < c->edge_count; e++) {
        struct edge *edge = &c->edges[e];
        edge->degree = c->degree[edge->first] + c->degree[edge->second];
        c->bucket[edge->degree + 1]++;
    }
    for (size_t b = 0; b < buckets; b++)
        c->bucket[b + 1] += c->bucket[b];
    for (size_t e = 0; e < c->edge_count; e++)
        c->sorted[c->bucket[c->edges[e].degree]++] = c->edges[e];
    return true;
}

bool cf_commons_score(struct cf_commons *c, const struct cf_digit *row, size_t digits, double *score)
{
    if (!list_edges(c, row, digits) || !sort_edges(c, digits))
        return false;
    uint32_t matched = 0;
    for (size_t e = 0; e < c->edge_count; e++) {
        const struct edge *edge = &c->sorted[e];
        if (c->matched[edge->first] || c->matched[edge->second])
            continue;
        c->matched[edge->first] = c->matched[edge->second] = 1;
        matched++;
    }
    *score = matched + 0.05 * (double)c->edge_count;
    return true;
}
