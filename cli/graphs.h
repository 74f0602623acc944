/* graphs.h - what `optimize` and `stats` print of a netlist's implementation. */
#ifndef COFIBER_CLI_GRAPHS_H
#define COFIBER_CLI_GRAPHS_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "cli/cli.h"
#include "netlists/netlist.h"

/* Prints the table of the netlist's banks on stdout when `json` is NULL, else adds the members `adders`, `full_adders`,
 * `depth`, `graphs` and `banks` to it. The netlist has an implementation. */
bool cli_graphs(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err);

/* --adders of the commands that take a netlist's graphs as gates. */
#define CLI_PLACED_OPTION                                                                                              \
    {                                                                                                                  \
        "--adders", "cells|graphs", "cells",                                                                           \
            "graphs: where `optimize` has found an adder graph for a bank of gates, its adders become gates of their " \
            "own, "                                                                                                    \
            "in groups \"bank<b>.before_<group>.depth<d>.bits<w>\" with one gate per adder and place, and the bank's " \
            "gates read "                                                                                              \
            "them. All other gates keep their names, and all values are the same."                                     \
    }

/* With --adders graphs, puts in the place of the netlist one in which the adders of its graphs are gates. On failure
 * the netlist stays. */
bool cli_place_graphs(struct cf_netlist **netlist, const struct cli_args *args, struct cf_error *err);

#endif
