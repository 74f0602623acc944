/* check.h - every structural rule of a netlist (FORMAT.md, "Rules"). */
#ifndef COFIBER_NETLISTS_CHECK_H
#define COFIBER_NETLISTS_CHECK_H

#include "netlists/netlist.h"

/* Returns true when the netlist is valid. Otherwise the error names the netlist, the gate (or the cell) and the rule
 * that it breaks: "net.cfn: s1.classify[4,9,17]: reads net 9000000, ...". All other functions take only checked
 * netlists, and use their numbers as indices without looking again. It takes a few passes over the gates, none over
 * their edges. */
bool cf_netlist_check(const struct cf_netlist *netlist, struct cf_error *err);

/* For assertions: whether the netlist is valid. Where memory for the check is missing, it is taken to be. */
static inline bool cf_netlist_is_valid(const struct cf_netlist *netlist)
{
    struct cf_error err;
    return cf_netlist_check(netlist, &err) || cf_failed_for_memory(&err);
}

#endif
