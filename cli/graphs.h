/* graphs.h - what `optimize` and `stats` print of a netlist's implementation. */
#ifndef COFIBER_CLI_GRAPHS_H
#define COFIBER_CLI_GRAPHS_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "netlists/netlist.h"

/* Prints the table of the netlist's banks on stdout when `json` is NULL, else adds the members `adders`, `full_adders`,
 * `depth`, `graphs` and `banks` to it. The netlist has an implementation. */
bool cli_graphs(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err);

#endif
