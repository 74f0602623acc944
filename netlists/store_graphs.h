/* store_graphs.h - the part of the netlist's file that says how banks are implemented (FORMAT.md, "Implementations").
 * store.c uses it. */
#ifndef COFIBER_NETLISTS_STORE_GRAPHS_H
#define COFIBER_NETLISTS_STORE_GRAPHS_H

#include "base/safetensors.h"
#include "netlists/netlist.h"

/* Reads the implementation into the netlist, whose cells have been read, and adds the number of tensors that it read to
 * `*tensors`. The checker, and not this function, checks the rules of implementations. */
bool cf_graphs_read(struct cf_netlist *netlist, const struct cf_safetensors *file, size_t *tensors,
                    struct cf_error *err);

/* Is that the name of one of its tensors? */
bool cf_graphs_have_tensor(const char *name);

enum { CF_GRAPH_TENSORS = 12 };

/* Declare and write its tensors: the first function those of 4 bytes per element, the second those of 1 byte. */
bool cf_graphs_declare_words(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                             size_t ids[CF_GRAPH_TENSORS], struct cf_error *err);
bool cf_graphs_declare_bytes(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                             size_t ids[CF_GRAPH_TENSORS], struct cf_error *err);
bool cf_graphs_write(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                     const size_t ids[CF_GRAPH_TENSORS], struct cf_error *err);

#endif
