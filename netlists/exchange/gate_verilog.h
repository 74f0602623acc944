/* gate_verilog.h - adder networks as gate-level Verilog: one wire and one assignment per sum or carry. */
#ifndef COFIBER_NETLISTS_EXCHANGE_GATE_VERILOG_H
#define COFIBER_NETLISTS_EXCHANGE_GATE_VERILOG_H

#include "netlists/exchange/network_names.h"

struct cf_gate_verilog_options {
    /* Width of every port and wire: 1, or for instance 64 to evaluate 64 patterns with the same bitwise operators. */
    uint32_t lanes;
};

/* Writes the file. The ports are those of cf_network_ports_new, with buses and names as ABC's reader takes them; with
 * more than one lane, each input and output is a port of its own. A name that is no identifier is escaped. */
bool cf_gate_verilog_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                           const struct cf_gate_verilog_options *options, struct cf_error *err);

#endif
