/* lower_threshold.h - threshold logic proper: every binary gate is H(w.x + b) over 0/1 inputs.
 *
 * The result is an ordinary netlist, one-bit nets throughout, which every tool takes. A carry (or AND, or majority) is
 * one gate, H(a + b + c - 2); a sum is one more, H(a + b + c - 2 * carry - 1); an inverted connection is a negative
 * weight. A step cell as a whole is a single gate over the bits of its operands, with weights w * 2^k.
 */
#ifndef COFIBER_COMPILER_LOWER_THRESHOLD_H
#define COFIBER_COMPILER_LOWER_THRESHOLD_H

#include "netlists/bits_names.h"
#include "netlists/netlist.h"

/* The netlist of a network: an input of shape [1, 1, inputs], a group "level1", "level2", ... for the gates of each
 * level, and the outputs as group "output", shape [1, 1, outputs]. The names go into the metadata. Networks deeper
 * than the number of groups allows are refused. */
bool cf_bits_to_netlist(struct cf_netlist **netlist, const struct cf_bits *bits, const struct cf_bits_names *names,
                        const char *label, struct cf_error *err);

/* The netlist of one step cell as one gate over its operands' bits, in the order of cf_lower_cell's inputs. */
bool cf_step_to_netlist(struct cf_netlist **netlist, const struct cf_cell *cell, const char *label,
                        struct cf_error *err);

#endif
