/* tally.h - how often two circuits decide alike, and an interval for such shares that respects frames. */
#ifndef COFIBER_REPORT_TALLY_H
#define COFIBER_REPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decisions of a head and of a netlist, compared. */
struct cf_tally {
    uint64_t gates, equal, head_fires, netlist_fires, both_fire;
};

static inline void cf_tally_gate(struct cf_tally *tally, bool head, bool netlist)
{
    tally->gates++;
    tally->equal += head == netlist;
    tally->head_fires += head;
    tally->netlist_fires += netlist;
    tally->both_fire += head && netlist;
}

void cf_tally_add(struct cf_tally *tally, const struct cf_tally *more);

/* Gates that fire in the head or in the netlist. */
static inline uint64_t cf_tally_either(const struct cf_tally *tally)
{
    return tally->head_fires + tally->netlist_fires - tally->both_fire;
}

/* part / whole; 1 where there is nothing. */
static inline double cf_share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 1;
}

/* A 95% interval for a share over frames: the percentile bootstrap, which draws whole frames with replacement, 2000
 * times, from a fixed seed. The gates of one frame see one photograph and are not independent, so drawing gates would
 * give an interval that is far too narrow. */
struct cf_interval {
    double low, high;
};

/* For sum(part) / sum(whole) over `count` frames, at least 2. False when memory is out, or every whole is 0. */
bool cf_interval_of(const uint64_t *part, const uint64_t *whole, size_t count, struct cf_interval *interval);

#endif
