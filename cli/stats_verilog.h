/* stats_verilog.h - `stats --verilog`: where the structural Verilog has each group. */
#ifndef COFIBER_CLI_STATS_VERILOG_H
#define COFIBER_CLI_STATS_VERILOG_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "netlists/netlist.h"

/* Names the wires and modules of each group, with their lines: prints a table on stdout when `json` is NULL, else adds
 * an array "verilog" to it. */
bool cli_stats_verilog(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err);

#endif
