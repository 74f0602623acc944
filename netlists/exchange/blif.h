/* blif.h - binary networks as Berkeley logic interchange format: one .names table a sum or carry. */
#ifndef COFIBER_NETLISTS_EXCHANGE_BLIF_H
#define COFIBER_NETLISTS_EXCHANGE_BLIF_H

#include "netlists/exchange/network_names.h"

/* Ports are called as cf_network_names_plain says. */
bool cf_blif_write(const char *path, const struct cf_network *bits, const struct cf_network_names *names,
                   struct cf_error *err);

#endif
