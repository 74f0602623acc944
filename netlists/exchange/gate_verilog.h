/* gate_verilog.h - binary networks as gate-level Verilog: scalar wires, one assignment a sum or carry. */
#ifndef COFIBER_NETLISTS_EXCHANGE_GATE_VERILOG_H
#define COFIBER_NETLISTS_EXCHANGE_GATE_VERILOG_H

#include "netlists/exchange/network_names.h"

struct cf_gate_verilog_options {
    /* Width of every port and wire: 1, or for instance 64 to evaluate 64 patterns with the same bitwise operators. */
    uint32_t lanes;
};

/* Ports are called as cf_network_names_plain says, in escaped identifiers. */
bool cf_gate_verilog_write(const char *path, const struct cf_network *bits, const struct cf_network_names *names,
                           const struct cf_gate_verilog_options *options, struct cf_error *err);

#endif
