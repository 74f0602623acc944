/* store_graphs.h - the part of the netlist's file that says how banks are implemented (FORMAT.md, "Implementations").
 * store.c uses it. */
#ifndef COFIBER_NETLISTS_STORE_GRAPHS_H
#define COFIBER_NETLISTS_STORE_GRAPHS_H

#include "base/safetensors.h"
#include "netlists/netlist.h"

/* Reads the implementation into the netlist, whose cells are read; `*tensors` is raised by how many tensors it took.
 * Its rules are left to the checker. */
bool cf_graphs_read(struct cf_netlist *netlist, const struct cf_safetensors *file, size_t *tensors,
                    struct cf_error *err);

/* Is that the name of one of its tensors? */
bool cf_graphs_have_tensor(const char *name);

enum { CF_GRAPH_TENSORS = 12 };

/* Declares and writes its tensors: those of 4 bytes an element first, and those of 1 byte with the second call. */
bool cf_graphs_declare_words(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                             size_t ids[CF_GRAPH_TENSORS], struct cf_error *err);
bool cf_graphs_declare_bytes(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                             size_t ids[CF_GRAPH_TENSORS], struct cf_error *err);
bool cf_graphs_write(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                     const size_t ids[CF_GRAPH_TENSORS], struct cf_error *err);

#endif
