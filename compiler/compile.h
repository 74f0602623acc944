/* compile.h - from a trained head to its netlist. */
#ifndef COFIBER_COMPILER_COMPILE_H
#define COFIBER_COMPILER_COMPILE_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* The netlist of the head under these options, checked; its metadata record the options and the head's SHA-256.
 * Errors: a grid that 2^scales does not divide and that is not to be padded, widths beyond 63 bits, more than 2^31 - 1
 * nets, options out of range.
 */
bool cf_compile(struct cf_netlist **netlist, const struct cf_head *head, const struct cf_compile_options *options,
                struct cf_error *err);

#endif
