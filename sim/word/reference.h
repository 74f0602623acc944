/* reference.h - the reference simulator: evaluates one gate after another by the definition of a cell
 * (netlists/cell.h).
 *
 * It takes any valid netlist, is portable and slow, and defines the values that faster engines must give.
 */
#ifndef COFIBER_SIM_WORD_REFERENCE_H
#define COFIBER_SIM_WORD_REFERENCE_H

#include "netlists/netlist.h"

/* `nets` has net_count values; the input's are given, the gates' are filled. */
void cf_word_evaluate(const struct cf_netlist *netlist, int64_t *nets);

#endif
