/* csr.h - the word-level network as a sparse matrix that SciPy loads: gates by nets.
 *
 *     t = safetensors.numpy.load_file("net.csr")
 *     m = scipy.sparse.csr_array((t["data"], t["indices"], t["indptr"]), shape=t["shape"])
 *     sums = m @ nets + t["bias"]
 *
 * Row r is the gate that drives net `first_gate` + r; there is a column for every net; an element is weight << shift. A
 * step gate's value is 1 where its sum is >= 0, else 0.
 */
#ifndef COFIBER_NETLISTS_EXCHANGE_CSR_H
#define COFIBER_NETLISTS_EXCHANGE_CSR_H

#include "netlists/netlist.h"

struct cf_csr_size {
    uint64_t gates, nets, edges; /* rows, columns, elements */
};

/* Writes the gates of groups [first, end), 1 <= first < end <= group_count, as tensors indptr I64 [gates+1], indices
 * I32, data (I8, I16, I32 or I64, the narrowest that holds every element), bias I64 [gates], step U8 [gates],
 * shape I64 [2], first_gate I64 [1]. It takes one pass over all edges. `*size` becomes the size of the matrix. */
bool cf_csr_write(const char *path, const struct cf_netlist *netlist, uint32_t first, uint32_t end,
                  struct cf_csr_size *size, struct cf_error *err);

#endif
