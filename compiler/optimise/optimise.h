/* optimise.h - finds an adder graph of few adders for a matrix of integers. */
#ifndef COFIBER_COMPILER_OPTIMISE_OPTIMISE_H
#define COFIBER_COMPILER_OPTIMISE_OPTIMISE_H

#include "compiler/optimise/search.h"
#include "compiler/optimise/sums.h"
#include "netlists/graph.h"

enum cf_cost { CF_COST_ADDERS, CF_COST_FULL_ADDERS, CF_COST_DEPTH };

struct cf_optimise_options {
    enum cf_cost cost;  /* of two graphs the one that costs less is kept; among equal ones that of fewer adders */
    uint32_t max_depth; /* most adders on any path; 0: any number. Sharing is then less nested, as far as that helps */
    uint64_t seed;
    /* How much work goes into the search, from 0: the annealing proposes so many changes for each of its candidates,
     * and from CF_EFFORT_SIGNS on signs are chosen as well. The same matrix, effort and seed give the same graph. */
    double effort;
    /* Seconds after which the search ends, 0: when its work is done. It then goes on with more effort, attempt after
     * attempt, as long as they last; the result depends on the machine. */
    double seconds;
    /* Asked often with the adders of the best graph so far; false ends the search with that. NULL: never. */
    bool (*go_on)(void *context, uint64_t adders);
    void *context;
};

#define CF_EFFORT_SIGNS 1.0

struct cf_optimised {
    struct cf_graph graph; /* free with cf_wire_free */
    struct cf_graph_cost cost;
    struct cf_graph_cost csd; /* of the graph that shares nothing: the sums in canonical signed-digit form */
    double effort;            /* of the attempt that found it; 0 where no search was needed */
    bool interrupted;         /* go_on said so */
    bool too_deep;            /* of a search that failed: because even the sums without sharing are */
};

/* Fills `result` with the best graph found for the matrix, where input c takes the values range[c] (range [columns]).
 * No graph that costs more than the one that shares nothing is returned, nor one that is too deep; where even the sums
 * without sharing are, that is an error. Elements have magnitudes below 2^31. Fails
 * when memory is out or values could pass 62 bits. */
bool cf_optimise_matrix(struct cf_optimised *result, const struct cf_matrix *matrix, const struct cf_range *range,
                        const struct cf_optimise_options *options, struct cf_error *err);

/* A number of adders below which no graph of the matrix can be (bound.c says why); false when memory is out. */
bool cf_adders_at_least(const struct cf_matrix *matrix, uint64_t *adders);

#endif
