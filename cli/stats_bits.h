/* stats_bits.h - `stats --bits`: what a netlist costs as binary gates. */
#ifndef COFIBER_CLI_STATS_BITS_H
#define COFIBER_CLI_STATS_BITS_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "netlists/netlist.h"

/* Lowers all cells and counts: prints tables on stdout when `json` is NULL, else adds an object "bits" to it. */
bool cli_stats_bits(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err);

#endif
