/* counter.c - lays out the full adders of a counter. */
#include "netlists/lowering/counter.h"

#include <assert.h>

/* Adds the adders of a counter of n bits over the inputs from `first` on; out [n] becomes its result. */
static void add_counter(struct cf_counter *counter, int n, uint8_t first, uint8_t *out)
{
    uint32_t half = (1u << (n - 1)) - 1;
    uint8_t low[CF_COUNTER_MOST], high[CF_COUNTER_MOST], carry = (uint8_t)(first + 2 * half);
    if (n == CF_COUNTER_LEAST) { /* the "counters" of half the size are single bits */
        low[0] = first;
        high[0] = (uint8_t)(first + 1);
    } else {
        add_counter(counter, n - 1, first, low);
        add_counter(counter, n - 1, (uint8_t)(first + half), high);
    }
    for (int i = 0; i < n - 1; i++) {
        uint32_t adder = counter->adder_count++;
        counter->adders[adder] = (struct cf_counter_adder){{low[i], high[i], carry}};
        out[i] = cf_counter_sum(counter, adder);
        carry = cf_counter_carry(counter, adder);
    }
    out[n - 1] = carry;
}

void cf_counter_shape(struct cf_counter *counter, int n)
{
    assert(n >= CF_COUNTER_LEAST && n <= CF_COUNTER_MOST);
    *counter = (struct cf_counter){.inputs = (uint8_t)((1 << n) - 1), .outputs = (uint8_t)n};
    add_counter(counter, n, 0, counter->out);
    assert(counter->adder_count == counter->inputs - counter->outputs);
}
