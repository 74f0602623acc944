/* blif.h - adder networks in the Berkeley Logic Interchange Format: one .names table per sum or carry. */
#ifndef COFIBER_NETLISTS_EXCHANGE_BLIF_H
#define COFIBER_NETLISTS_EXCHANGE_BLIF_H

#include "netlists/exchange/network_names.h"

/* Writes the file. Ports have the names that cf_network_names_plain gives. */
bool cf_blif_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                   struct cf_error *err);

#endif
