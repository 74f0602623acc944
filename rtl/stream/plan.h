/* plan.h - the streaming accelerator of a pyramid, worked out: what every parameter of its Verilog is, in one place.
 *
 * Each position's channels come `lanes` per cycle and are multiplied by the weights of `parallel` classes at once, so
 * that a position takes `words` cycles per round and `groups` rounds. The classes' sums go through the scales `fold`
 * classes per cycle, `beats` cycles per position. Class c is in round c / parallel; its place there, m = c % parallel,
 * gives its beat, (c / parallel) * result_beats + m / fold, and its lane, m % fold.
 *
 * There are two cores. The wide one works in this way. The shared one is for devices with little memory bandwidth and
 * few pins: one word of four channels' weights serves `positions` neighbours of a row, one class per round, and all
 * scales share one adder and one comparator; bytes come in and go out. */
#ifndef COFIBER_RTL_STREAM_PLAN_H
#define COFIBER_RTL_STREAM_PLAN_H

#include "netlists/graph.h"
#include "netlists/pyramid.h"

struct cf_stream_options {
    uint32_t lanes;    /* channels per cycle */
    uint32_t parallel; /* classes per cycle; 0: all */
    bool loadable;     /* weights are written through AXI4-Lite; else they are a ROM */
    bool logic;        /* multipliers are built of adders; else they are left to the DSP blocks */
    bool no_pipeline; /* the multipliers' operands are not registered; of constants, 2 adders stand between registers */
    bool sparse;      /* records per class that fired; else per position */
    bool shared;      /* the shared core: lanes 4, parallel 1, loadable */
    /* The weights are constants, and this graph of adders (constants.h) takes the place of multipliers; NULL: they are
     * not. Must outlive the plan. All channels and all classes are then taken in one cycle. */
    const struct cf_graph *constants;
    const char *prefix; /* of every module's and file's name; NULL: none */
    const char *source; /* what the netlist is, for the head of each file; NULL: the head says nothing of it */
};

struct cf_stream_scale {
    enum cf_band band;
    uint32_t rows, columns;
    uint8_t sum_bits;   /* of the sums that come in */
    uint8_t value_bits; /* of the difference with its threshold added */
    uint32_t room, ring, pool_rows;
    uint32_t partial_depth, bank_depth, banks; /* words of `fold` sums; 0 where there is none */
};

struct cf_stream_plan {
    const struct cf_pyramid *pyramid;
    struct cf_stream_options options; /* with defaults filled in */
    uint32_t lane_bits, input_bits, x_bits, weight_bits;
    uint32_t tree; /* lanes, rounded up to a power of two */
    uint32_t words, groups, result_beats, fold, beats;
    uint32_t slot; /* cycles from position to position, at least; at 4 or more no stage behind the front ever waits */
    uint32_t queue;
    uint32_t chunks;                    /* 32-bit pieces of a word of weights */
    uint32_t records;                   /* per frame, one per position */
    uint32_t input_bytes, output_bytes; /* of a beat of the streams */
    struct cf_stream_scale scale[CF_PYRAMID_MAX_SCALES];
    /* Of constant weights; 0 where they are not. */
    uint32_t every, stages;                       /* adders between two registers; cycles for a position's sums */
    uint64_t adders, adder_luts, adder_registers; /* of the graph; LUTs are full adders */
    /* Of the shared core; 0 in the wide one. */
    uint32_t positions;
    uint32_t column_at;                   /* bits of a column in the memory of sums */
    uint32_t value_bits;                  /* of every value, difference and threshold */
    uint32_t weight_address, sum_address; /* bits of the memories' addresses; their words have 32 bits */
    uint32_t buffer_depth;                /* words of each position's buffer: two halves, powers of two */
    uint64_t load_bytes, frame_bytes;     /* bytes that are loaded after reset; bytes of a frame's decisions */
    uint64_t largest_sum;                 /* of a class over all inputs, without its sign; UINT64_MAX past 62 bits */
    uint64_t cycles;                      /* per frame, frames back to back and nobody stalling: exact */
};

/* Works out the plan; `pyramid` must outlive it. Errors: a number of lanes or classes that the netlist does not have,
 * constants with fewer than all of them, sums of more than 62 bits, or a netlist that the shared core does not take. */
bool cf_stream_plan_make(struct cf_stream_plan *plan, const struct cf_pyramid *pyramid,
                         const struct cf_stream_options *options, const char *label, struct cf_error *err);

/* The threshold of a class at a scale as the hardware adds it: the netlist's, brought into the range in which it can
 * matter. */
int64_t cf_stream_threshold(const struct cf_stream_plan *plan, uint32_t scale, uint32_t class);

/* Where a class is: see above. */
static inline uint32_t cf_stream_beat(const struct cf_stream_plan *plan, uint32_t class)
{
    return class / plan->options.parallel * plan->result_beats + class % plan->options.parallel / plan->fold;
}

static inline uint32_t cf_stream_lane(const struct cf_stream_plan *plan, uint32_t class)
{
    return class % plan->options.parallel % plan->fold;
}

#endif
