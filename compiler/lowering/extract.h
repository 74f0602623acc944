/* extract.h - a few gates as a netlist of their own, whose input is the nets that they read. */
#ifndef COFIBER_COMPILER_LOWERING_EXTRACT_H
#define COFIBER_COMPILER_LOWERING_EXTRACT_H

#include "netlists/netlist.h"

/* The netlist of the gates that drive `gates` (nets, in any order): its input, of shape [1, 1, N], is the N
 * nets that they read, in net order and of their type; its one group, [1, 1, count] in the order given and an output,
 * has the name of the gates' group. The cells are those of the netlist, except that the offsets of their terms become
 * smaller where nets that nothing reads are left out. The input scale is 1, so that frames of integers are used as they
 * are. The metadata keep the gates' names ("cut.gates": separated by blanks, "first...last" for neighbours).
 *
 * Where the gates read nothing at all, the input is one net that no gate reads. Refuses inputs, gates of several
 * groups, and gates that read several groups. */
bool cf_extract(struct cf_netlist **piece, const struct cf_netlist *netlist, const uint32_t *gates, uint32_t count,
                struct cf_error *err);

#endif
