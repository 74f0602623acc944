/* counter.h - the shape of a counter: how full adders make an n-bit number of 2^n - 1 bits of one weight.
 *
 * A counter of 3 bits is one full adder. A larger one has two counters of half the size; full adders then add their
 * results bit by bit, with the one bit that is left over as carry-in. The lowering builds counters in this shape, and
 * the bit engine, which has an instruction for each size, recognises them by it.
 */
#ifndef COFIBER_NETLISTS_LOWERING_COUNTER_H
#define COFIBER_NETLISTS_LOWERING_COUNTER_H

#include <stdint.h>

enum {
    CF_COUNTER_LEAST = 2, /* bits of the result */
    CF_COUNTER_MOST = 5,
    CF_COUNTER_INPUTS = (1 << CF_COUNTER_MOST) - 1,
    CF_COUNTER_ADDERS = CF_COUNTER_INPUTS - CF_COUNTER_MOST, /* each adder takes one bit away */
    CF_COUNTER_WIRES = CF_COUNTER_INPUTS + 2 * CF_COUNTER_ADDERS
};

/* Wires are numbered: first the inputs, then the sum and the carry of each adder in turn. */
struct cf_counter_adder {
    uint8_t in[3];
};

struct cf_counter {
    uint8_t inputs, outputs, adder_count;
    struct cf_counter_adder adders[CF_COUNTER_ADDERS]; /* each reads inputs and adders before it */
    uint8_t out[CF_COUNTER_MOST];                      /* wires of the result, the least significant first */
};

static inline uint8_t cf_counter_sum(const struct cf_counter *counter, uint32_t adder)
{
    return (uint8_t)(counter->inputs + 2 * adder);
}
static inline uint8_t cf_counter_carry(const struct cf_counter *counter, uint32_t adder)
{
    return (uint8_t)(cf_counter_sum(counter, adder) + 1);
}

/* The counter whose result has n bits, CF_COUNTER_LEAST to CF_COUNTER_MOST. Every wire but the result's is read once.
 * The first half of the inputs belongs to one of the two counters inside, the second half to the other, and the last
 * input is the carry-in. */
void cf_counter_shape(struct cf_counter *counter, int n);

#endif
