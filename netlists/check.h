/* check.h - every structural rule of a netlist (FORMAT.md, "Rules"). */
#ifndef COFIBER_NETLISTS_CHECK_H
#define COFIBER_NETLISTS_CHECK_H

#include "netlists/netlist.h"

/* Returns true when the netlist is valid. Otherwise the error names the netlist, the gate (or the cell) and the rule
 * that is broken: "net.cfn: s1.classify[4,9,17]: reads net 9000000, ...". Everything else in this project takes
 * only checked netlists and indexes without looking again. Time: a few passes over the instances, not over edges. */
bool cf_netlist_check(const struct cf_netlist *netlist, struct cf_error *err);

#endif
