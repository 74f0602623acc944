/* network_names.h - names for the inputs and outputs of a binary network: what exchange formats call symbols. */
#ifndef COFIBER_NETLISTS_EXCHANGE_NETWORK_NAMES_H
#define COFIBER_NETLISTS_EXCHANGE_NETWORK_NAMES_H

#include "base/arena.h"
#include "netlists/exchange/network.h"

/* Names are what cf_network_name_valid says; an entry (or the whole array) may be NULL: no name. Two may be equal:
 * AIGER allows that. */
struct cf_network_names {
    struct cf_arena arena; /* owns everything below, but for cf_network_names_plain */
    const char *model;     /* of the whole network; letters, digits and '_' */
    const char **inputs;   /* [input_count] */
    const char **outputs;  /* [output_count] */
    const char *tail;      /* [tail_size]: symbols and comment of an AIGER file as they stand, or NULL: see aiger.h */
    size_t tail_size;
};

/* Arrays of the network's size, all NULL. */
bool cf_network_names_new(struct cf_network_names *names, const struct cf_network *bits, const char *model,
                          struct cf_error *err);
void cf_network_names_free(struct cf_network_names *names);

/* True when a name may be an AIGER symbol: 1 to 200 printable ASCII characters, blanks included. */
bool cf_network_name_valid(const char *name, size_t length);

/* Names that BLIF, Verilog and Yosys JSON take: one for every input and output, no two equal, and none that a writer
 * gives to a wire or gate of its own ("n12s", "n12c", "g12"). Names that are so already stay as they are. In others,
 * characters that a format does not take (blank, quotes, backslash, '#', '='; '.' and '$' in front) become '_'; what
 * is then taken gets "_i7" or "_o7" behind it, after its place; what has no name is called "i7" or "o7". Where that is
 * taken too, '_' follows. `plain` may point to what `names` owns, and is freed before it. */
bool cf_network_names_plain(struct cf_network_names *plain, const struct cf_network *bits,
                            const struct cf_network_names *names, struct cf_error *err);

#endif
