/* blif.h - adder networks in the Berkeley Logic Interchange Format: one .names table per sum or carry. */
#ifndef COFIBER_NETLISTS_EXCHANGE_BLIF_H
#define COFIBER_NETLISTS_EXCHANGE_BLIF_H

#include "netlists/exchange/network_names.h"

/* Writes the file. Ports have the names that cf_network_names_plain gives. */
bool cf_blif_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                   struct cf_error *err);

/* Reads a file of one flat, combinational model: .model, .inputs and .outputs (of any number of lines), .names with
 * rows of ones or of zeros, and Yosys's .conn, in any order, with comments and continued lines. Attributes (.attr,
 * .param, .cname) and the constraints on area and delay have no part in the function, nor have the don't-care
 * conditions behind .exdc; they are skipped. Latches, sub-circuits, library gates and a second model are refused by
 * name; so are a net that two lines drive, one that is read but not driven, and a loop.
 *
 * A table of up to six inputs becomes the nodes of cf_network_table, a wider one an OR of ANDs, one per row. */
bool cf_blif_read(struct cf_network *network, struct cf_network_names *names, const char *path, struct cf_error *err);
bool cf_blif_parse(struct cf_network *network, struct cf_network_names *names, const void *data, size_t size,
                   const char *label, struct cf_error *err);

#endif
