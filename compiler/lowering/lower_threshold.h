/* lower_threshold.h - threshold logic proper: every binary gate is H(w.x + b) over 0/1 inputs.
 *
 * The result is an ordinary netlist, one-bit nets throughout, which every tool takes. A carry (or AND, or majority) is
 * one gate, H(a + b + c - 2). A sum takes one more gate, H(a + b + c - 2 * carry - 1). An inverted connection becomes a
 * negative weight, and a constant becomes a part of the bias. A step is a single gate over the bits of its operands,
 * with weights w * 2^k.
 *
 * Both functions make an input of shape [1, 1, inputs] (of one net that nothing reads if there are no inputs), a group
 * "level1", "level2", ... for the gates of each level, and the outputs as group "output", shape [1, 1, outputs]. The
 * names are stored in the metadata. Networks deeper than the number of groups allows are refused.
 */
#ifndef COFIBER_COMPILER_LOWERING_LOWER_THRESHOLD_H
#define COFIBER_COMPILER_LOWERING_LOWER_THRESHOLD_H

#include "compiler/lowering/lower_circuit.h"
#include "netlists/exchange/network_names.h"
#include "netlists/netlist.h"

/* Makes the netlist of an imported network. Each output is a gate of its own, which reads the gate that the output
 * names. If `every` is true, gates that nothing reads are kept and the order of the nodes is stored: see imported.h. */
bool cf_network_to_netlist(struct cf_netlist **netlist, const struct cf_network *network,
                           const struct cf_network_names *names, bool every, const char *label, struct cf_error *err);

/* Makes the netlist of a lowered circuit, with as many gates as cf_network_count says and one gate per step. A gate
 * that no other gate reads is an output itself; its weights are negated if the output is inverted, and it is made twice
 * if it drives two outputs. An output that names a gate which others read, an input or a constant takes one gate more,
 * H(x - 1) = x; `*passing` becomes the number of such gates. */
bool cf_cut_to_netlist(struct cf_netlist **netlist, const struct cf_cut *cut, const struct cf_network_names *names,
                       uint32_t *passing, const char *label, struct cf_error *err);

#endif
