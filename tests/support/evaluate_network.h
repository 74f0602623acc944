/* evaluate_network.h - the plain definition of what an adder network computes, for tests and fuzz targets. */
#ifndef COFIBER_TESTS_SUPPORT_EVALUATE_NETWORK_H
#define COFIBER_TESTS_SUPPORT_EVALUATE_NETWORK_H

#include <string.h>

#include "netlists/exchange/network.h"

/* Evaluates 64 patterns: inputs[i] holds pattern p of input i in bit p. `signals` has cf_network_signals() words; the
 * outputs are read from it with cf_network_value. */
static inline void evaluate_network(const struct cf_network *network, const uint64_t *inputs, uint64_t *signals)
{
    signals[0] = 0;
    if (network->input_count)
        memcpy(signals + 1, inputs, network->input_count * sizeof *inputs);
    uint64_t *out = signals + 1 + network->input_count;
    for (uint32_t n = 0; n < network->node_count; n++, out += 2) {
        const struct cf_network_node *node = &network->nodes[n];
        uint64_t a = cf_network_value(signals, node->a), b = cf_network_value(signals, node->b),
                 c = cf_network_value(signals, node->c);
        out[0] = a ^ b ^ c;
        out[1] = (a & b) | (c & (a | b));
    }
}

#endif
