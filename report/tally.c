/* tally.c - adds counts of decisions, and draws frames for intervals. */
#include "report/tally.h"

#include <assert.h>
#include <stdlib.h>

#include "base/random.h"

enum { DRAWS = 2000 };

void cf_tally_add(struct cf_tally *tally, const struct cf_tally *more)
{
    tally->gates += more->gates;
    tally->equal += more->equal;
    tally->head_fires += more->head_fires;
    tally->netlist_fires += more->netlist_fires;
    tally->both_fire += more->both_fire;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

bool cf_interval_of(const uint64_t *part, const uint64_t *whole, size_t count, struct cf_interval *interval)
{
    assert(count >= 2);
    uint64_t state = 16, all = 0;
    for (size_t i = 0; i < count; i++)
        all += whole[i];
    double *shares = all ? malloc(DRAWS * sizeof *shares) : NULL;
    if (!shares)
        return false;
    for (int draw = 0; draw < DRAWS; draw++) {
        uint64_t parts = 0, wholes = 0;
        for (size_t i = 0; i < count; i++) {
            size_t chosen = (size_t)(cf_next_random(&state) % count);
            parts += part[chosen];
            wholes += whole[chosen];
        }
        shares[draw] = cf_share(parts, wholes);
    }
    qsort(shares, DRAWS, sizeof *shares, compare);
    *interval = (struct cf_interval){shares[DRAWS / 40], shares[DRAWS - 1 - DRAWS / 40]};
    free(shares);
    return true;
}
