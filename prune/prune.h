/* prune.h - the search for weights that a head does not need.
 *
 * Every candidate is judged by its integer circuit. A search leaves points, each a mask with the verdict of all frames:
 * the head itself, what the rounds of magnitude pruning left, and what the bisections found.
 */
#ifndef COFIBER_PRUNE_PRUNE_H
#define COFIBER_PRUNE_PRUNE_H

#include "prune/judge.h"
#include "prune/log.h"
#include "prune/weights.h"

enum { CF_PRUNE_NAME = 80 };

/* The cost of a point's circuit; the adders are those of an optimised netlist, each graph once. */
struct cf_prune_cost {
    uint64_t gates, edges;
    uint64_t adders, full_adders;
};

struct cf_prune_point {
    char name[CF_PRUNE_NAME]; /* "head", "R1", "only cls_weight", "joint", "stack 2" */
    uint8_t *mask;            /* [weights->count] */
    uint64_t nonzero;
    struct cf_verdict verdict; /* on all frames */
    struct cf_prune_cost cost; /* zeros before cf_prune_cost_of */
    bool on_front;             /* no other point has both as few nonzero parameters and as high a mAP */
};

struct cf_prune_options {
    uint64_t step;    /* weights that a pass of magnitude pruning sets to zero at most, at least 1 */
    uint32_t passes;  /* of a round */
    uint32_t rounds;  /* R1, R2, ... */
    double floor;     /* the share of the head's own true positives that must be left, 0 to 1 */
    double tolerance; /* how much of the head's own mAP the bisections may lose, from 0 */
};

struct cf_prune {
    struct cf_prune_options options;
    struct cf_prune_weights *weights;
    struct cf_judge *judge;
    struct cf_prune_log *log;
    struct cf_prune_point *points; /* [point_count]; the first is the head itself */
    size_t point_count, point_capacity;
    struct cf_verdict base[2]; /* of the head itself: on all frames, on the proxy */
    uint64_t judged, frames;   /* candidates judged in this run, and the frames that took */
    double seconds;            /* that it took */
    bool interrupted;
    /* Called with the name of each thing that is tried; may be NULL. */
    void (*tell)(void *context, const char *text);
    void *context;
};

/* The searches. Weights, judge and log belong to the caller and stay open. cf_prune_begin judges the head itself, and
 * comes first; the two searches are independent of each other. When judge->stop ends one, it sets `interrupted` and
 * returns true with the points so far. Errors: there is nothing to find; out of memory; what the judge says. */
bool cf_prune_begin(struct cf_prune *prune, struct cf_error *err);
void cf_prune_free(struct cf_prune *prune); /* the points; an all-zero struct is fine */

/* Iterative magnitude pruning: passes that set the smallest weights of all layers to zero, `step` of them, as long as
 * the share `floor` of the true positives is left on all frames; where it is not, the pass is undone and tried with
 * half as many, down to one. A point for each round. */
bool cf_prune_magnitude(struct cf_prune *prune, struct cf_error *err);

/* For each tensor alone, then for all jointly: the most of its smallest numbers whose zeros keep the proxy's mAP, by
 * bisection; then checked on all frames, with half as many until that holds as well. Then the single findings are
 * stacked, the largest first, each checked likewise on what is there. */
bool cf_prune_bisect(struct cf_prune *prune, struct cf_error *err);

/* Which point to keep: of those within the tolerance of the head's mAP the one with the fewest nonzero parameters. Sets
 * `on_front` of all. */
const struct cf_prune_point *cf_prune_choose(struct cf_prune *prune);

/* Works out the cost of a point. With `effort` below 0 its adders stay 0. */
bool cf_prune_cost_of(struct cf_prune *prune, struct cf_prune_point *point, double effort, struct cf_error *err);

/* Draws mAP over nonzero parameters as a PNG file. */
bool cf_prune_plot(const struct cf_prune *prune, const char *path, struct cf_error *err);

/* ---- what the searches share (measure.c) ----------------------------------------------------------------------- */

/* The verdict of a mask, by the proxy or by all frames; taken from the log if it is there. Sets prune->interrupted. */
bool cf_prune_measure(struct cf_prune *prune, const uint8_t *mask, bool proxy, struct cf_verdict *verdict,
                      struct cf_error *err);

/* Adds a point with a copy of the mask, which was judged on all frames. */
bool cf_prune_add_point(struct cf_prune *prune, const char *name, const uint8_t *mask, const struct cf_verdict *verdict,
                        struct cf_error *err);

/* The numbers of a run, smallest first by magnitude (equal ones in order) and without those that the mask has:
 * `order` has room for `count`. Returns how many there are. */
size_t cf_prune_order(const struct cf_prune_weights *weights, const uint8_t *mask, size_t first, size_t count,
                      size_t *order);

#endif
