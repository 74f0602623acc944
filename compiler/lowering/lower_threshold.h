/* lower_threshold.h - threshold logic proper: every binary gate is H(w.x + b) over 0/1 inputs.
 *
 * The result is an ordinary netlist, one-bit nets throughout, which every tool takes. A carry (or AND, or majority) is
 * one gate, H(a + b + c - 2); a sum is one more, H(a + b + c - 2 * carry - 1); an inverted connection is a negative
 * weight, a constant part of the bias. A step is a single gate over the bits of its operands, with weights w * 2^k.
 *
 * Both functions make an input of shape [1, 1, inputs] (one that nobody reads where there are none), a group "level1",
 * "level2", ... for the gates of each level, and the outputs as group "output", shape [1, 1, outputs]. The names go
 * into the metadata. Networks deeper than the number of groups allows are refused.
 */
#ifndef COFIBER_COMPILER_LOWERING_LOWER_THRESHOLD_H
#define COFIBER_COMPILER_LOWERING_LOWER_THRESHOLD_H

#include "compiler/lowering/lower_circuit.h"
#include "netlists/exchange/network_names.h"
#include "netlists/netlist.h"

/* The netlist of an imported network. Each output is a gate of its own behind the gate that it names. With `every`,
 * gates that nothing reads are kept, and the order of the nodes is noted: see imported.h. */
bool cf_network_to_netlist(struct cf_netlist **netlist, const struct cf_network *network,
                           const struct cf_network_names *names, bool every, const char *label, struct cf_error *err);

/* The netlist of gates of ours, by the same counts as cf_network_count, with one gate for each step. A gate that no
 * other reads is an output itself, inverted (by its weights) where the output is, and made twice where it is two. Only
 * what others read, inputs and constants take one more gate, H(x - 1) = x. `*passing` is how many more there are. */
bool cf_cut_to_netlist(struct cf_netlist **netlist, const struct cf_cut *cut, const struct cf_network_names *names,
                       uint32_t *passing, const char *label, struct cf_error *err);

#endif
