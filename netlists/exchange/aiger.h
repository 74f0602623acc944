/* aiger.h - and-inverter graphs in the AIGER format (1.9, combinational), binary and ASCII, with symbols.
 *
 * Writing: a full adder takes seven AND nodes, or four where only its carry is read. Nodes are written level by level,
 * in the order of the network within a level; or, with `as_is`, just as a network of ANDs has them, with the tail of
 * the names. A binary file without latches comes back byte for byte when it is read and written as it is; so does an
 * ASCII file that numbers its variables and orders its operands as the binary form does.
 */
#ifndef COFIBER_NETLISTS_EXCHANGE_AIGER_H
#define COFIBER_NETLISTS_EXCHANGE_AIGER_H

#include "netlists/exchange/network_names.h"

struct cf_aiger_options {
    bool ascii;
    bool as_is;       /* every node is an AND, c = 0 and its sum not read: keep all, in their order */
    bool dummy_latch; /* one latch that nothing reads: ABC's &sim takes sequential networks only */
};

/* The number of AND nodes is limited to that of 2^31 literals; an error says how many there would be. */
bool cf_aiger_write(const char *path, const struct cf_network *bits, const struct cf_network_names *names,
                    const struct cf_aiger_options *options, struct cf_error *err);

/* Reads either form: every AND becomes a node of which only the carry is read. Latches are refused, except ones that
 * nothing reads. Names that cf_network_name_valid refuses are refused. What stands behind the ANDs is kept as the
 * names' tail, up to 16 MiB, where it is more than the symbols in order, as they are written. */
bool cf_aiger_read(struct cf_network *bits, struct cf_network_names *names, const char *path, struct cf_error *err);
bool cf_aiger_parse(struct cf_network *bits, struct cf_network_names *names, const void *data, size_t size,
                    const char *label, struct cf_error *err);

#endif
