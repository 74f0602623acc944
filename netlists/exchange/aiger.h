/* aiger.h - and-inverter graphs in the AIGER format (1.9, combinational), binary and ASCII, with symbols.
 *
 * The writer makes seven AND nodes of a full adder, or four where only its carry is used. It writes the nodes level by
 * level, those of one level in the order of the network. With `as_is`, it writes a network of ANDs unchanged and in its
 * own order, and the names' tail after it. A binary file without latches that is read and written so comes back byte
 * for byte; so does an ASCII file that numbers its variables and orders its operands as the binary form does.
 */
#ifndef COFIBER_NETLISTS_EXCHANGE_AIGER_H
#define COFIBER_NETLISTS_EXCHANGE_AIGER_H

#include "netlists/exchange/network_names.h"

struct cf_aiger_options {
    bool ascii;
    bool as_is;       /* every node is an AND (c is 0, and only carries are read): keep all, in their order */
    bool dummy_latch; /* adds one latch that nothing reads: ABC's &sim takes sequential networks only */
};

/* An error where memory is out, or the AND nodes are more than 2^31 literals can number; it then says how far the
 * writer came. */
bool cf_aiger_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                    const struct cf_aiger_options *options, struct cf_error *err);

/* Reads either form: every AND becomes a node of which only the carry is read. A latch is refused if anything reads it.
 * A name that cf_network_name_valid refuses is an error. Where the symbols stand in another order than the writer's, or
 * a comment follows them, everything behind the ANDs is kept as the names' tail (up to 16 MiB). */
bool cf_aiger_read(struct cf_network *network, struct cf_network_names *names, const char *path, struct cf_error *err);
bool cf_aiger_parse(struct cf_network *network, struct cf_network_names *names, const void *data, size_t size,
                    const char *label, struct cf_error *err);

#endif
