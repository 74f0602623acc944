/* reference.h - the reference simulator: every gate in turn, by the definition of a cell (netlists/cell.h).
 *
 * General for any valid netlist, portable, and slow; the truth that faster engines are held against.
 */
#ifndef COFIBER_SIM_WORD_REFERENCE_H
#define COFIBER_SIM_WORD_REFERENCE_H

#include "netlists/netlist.h"

/* `nets` has net_count values; the input's are given, the gates' are filled. */
void cf_word_evaluate(const struct cf_netlist *netlist, int64_t *nets);

#endif
