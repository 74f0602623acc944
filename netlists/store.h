/* store.h - reads and writes the netlist file, a safetensors file whose tensors and metadata FORMAT.md specifies. */
#ifndef COFIBER_NETLISTS_STORE_H
#define COFIBER_NETLISTS_STORE_H

#include "base/safetensors.h"
#include "netlists/netlist.h"

/* Reads a netlist and checks it fully (cf_netlist_check included). The result owns all its memory; the file is no
 * longer needed. */
bool cf_netlist_load(struct cf_netlist **netlist, const char *path, struct cf_error *err);

/* The same from an open safetensors file, which may be closed afterwards. */
bool cf_netlist_from_safetensors(struct cf_netlist **netlist, const struct cf_safetensors *file, struct cf_error *err);

/* True when the file says that it is a netlist (metadata `format`). */
bool cf_is_netlist(const struct cf_safetensors *file);

/* Writes the file. The same netlist gives the same bytes. Builds with assertions check the netlist first. */
bool cf_netlist_save(const struct cf_netlist *netlist, const char *path, struct cf_error *err);

#endif
