/* regular_netlist.h - random netlists of the kind that the simulator's plan recognises, and mutations of any netlist.
 */
#ifndef COFIBER_TESTS_SUPPORT_REGULAR_NETLIST_H
#define COFIBER_TESTS_SUPPORT_REGULAR_NETLIST_H

#include "compiler/compile.h"
#include "tests/support/random_netlist.h"

/* A circuit compiled from a head of random weights, a quarter of them 0. NULL when it does not compile. */
struct cf_netlist *circuit_of_random_head(struct random_source *random, uint32_t classes, uint32_t channels,
                                          const struct cf_compile_options *options);

/* A compiled circuit of random small size: any scales, upsampling, pools, top, input bits, channels and classes.
 * NULL only when memory is out. */
struct cf_netlist *random_circuit(struct random_source *random);

/* Random blocks of rows and of dense gates over an input and each other: several patterns, ports, widths, biases,
 * windows and misaligned bases; linear and step outputs. */
struct cf_netlist *random_blocks(struct random_source *random);

/* Makes up to `count` gates differ from what they were: a changed weight, bias, cell or base. The netlist stays
 * valid. Returns how many gates were changed. */
uint32_t mutate_gates(struct random_source *random, struct cf_netlist *netlist, uint32_t count);

#endif
