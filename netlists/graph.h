/* graph.h - adder graphs: how several weighted sums of the same operands are computed together, without a multiplier.
 *
 * A graph has inputs and adders. Signals are numbered: first the inputs, then the adders, and an adder reads only
 * signals before its own:
 *
 *     adder = +- (left << shift) +- (right << shift)
 *
 * An output is a signal with a shift and a sign, or the constant 0. A shift may go to the right if the bits that are
 * shifted out are always 0. Shifts and signs are wiring; the cost of a graph is that of its adders.
 */
#ifndef COFIBER_NETLISTS_GRAPH_H
#define COFIBER_NETLISTS_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CF_FORM_COLUMNS = 16, /* inputs whose factors are worked out together */
};
#define CF_NO_SIGNAL UINT32_MAX
/* The largest number of adders times inputs of one graph; the time of a proof grows with this product. */
#define CF_MAX_GRAPH_WORK ((uint64_t)1 << 34)

struct cf_graph_addend {
    uint32_t signal;
    uint8_t shift; /* to the left, 0 to 62 */
    bool negative;
};

struct cf_adder {
    struct cf_graph_addend left, right;
};

struct cf_graph_output {
    uint32_t signal; /* CF_NO_SIGNAL: the output is 0 */
    int8_t shift;    /* -62 to 62; below 0: to the right */
    bool negative;
};

struct cf_graph {
    uint32_t inputs, adder_count, output_count;
    const struct cf_adder *adders;         /* [adder_count] */
    const struct cf_graph_output *outputs; /* [output_count] */
};

/* The values that an input or a signal can take. */
struct cf_range {
    int64_t min, max;
};

/* Checks what does not depend on the operands: adders read signals before their own, shifts are in range, every adder
 * is read, and the graph is no larger than CF_MAX_GRAPH_WORK. The error begins with `label`. */
bool cf_graph_check(const struct cf_graph *graph, const char *label, struct cf_error *err);

/* For assertions: whether the graph passes cf_graph_check. Where memory for the check is missing, it is taken to. */
static inline bool cf_graph_is_valid(const struct cf_graph *graph)
{
    struct cf_error err;
    return cf_graph_check(graph, "graph", &err) || cf_failed_for_memory(&err);
}

/* Checks that no signal can leave (-2^62, 2^62) where input i takes the values range[i], as if the two addends of an
 * adder were independent of each other. No factor of a linear form of the graph can then pass 62 bits either. `graph`
 * passes cf_graph_check. */
bool cf_graph_fits(const struct cf_graph *graph, const struct cf_range *range, const char *label, struct cf_error *err);

/* Works out the linear form of every signal, exactly. `visit` is called for inputs [first, first + count) at a time:
 * factor[s][i] says how often signal s counts input first + i. It stops where `visit` returns false, and returns false
 * then, or when memory is out (`*out_of_memory`). `graph` passes cf_graph_check and cf_graph_fits. */
typedef bool cf_form_visit(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS]);
bool cf_graph_forms(const struct cf_graph *graph, cf_form_visit *visit, void *context, bool *out_of_memory);

/* True when an output whose signal counts an input `factor` times counts that input `wanted` times itself. */
bool cf_output_counts(const struct cf_graph_output *output, int64_t factor, int64_t wanted);

/* Works out the values that each signal can take where input i takes the values range[i], independently of the others:
 * those of its exact linear form. signal has [inputs + adders]. False when memory is out. `graph` passes cf_graph_check
 * and cf_graph_fits. */
bool cf_graph_ranges(const struct cf_graph *graph, const struct cf_range *range, struct cf_range *signal);

struct cf_graph_cost {
    uint64_t adders;      /* of two operands */
    uint64_t full_adders; /* each adder is as wide as its values need; see graph.c */
    uint32_t depth;       /* adders along the longest path */
};

/* Works out the cost of the graph where input i takes the values range[i], independently of the others: the width of
 * an adder is that of the values which its exact linear form can take. `graph` passes cf_graph_check and
 * cf_graph_fits. */
bool cf_graph_measure(const struct cf_graph *graph, const struct cf_range *range, struct cf_graph_cost *cost,
                      struct cf_error *err);

#endif
