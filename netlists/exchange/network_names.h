/* network_names.h - names for the inputs and outputs of an adder network; exchange formats call them symbols. */
#ifndef COFIBER_NETLISTS_EXCHANGE_NETWORK_NAMES_H
#define COFIBER_NETLISTS_EXCHANGE_NETWORK_NAMES_H

#include "base/arena.h"
#include "netlists/exchange/network.h"

/* cf_network_name_valid holds for every name. An entry, or a whole array, that is NULL stands for no name. Two names
 * may be equal: AIGER allows that. */
struct cf_network_names {
    struct cf_arena arena; /* owns everything below; but see cf_network_names_plain */
    const char *model;     /* of the whole network; letters, digits and '_' */
    const char **inputs;   /* [input_count] */
    const char **outputs;  /* [output_count] */
    const char *tail;      /* [tail_size]: the symbols and comment of an AIGER file, byte for byte; NULL: see aiger.h */
    size_t tail_size;
};

/* Makes arrays for the network's inputs and outputs, without names yet. */
bool cf_network_names_new(struct cf_network_names *names, const struct cf_network *network, const char *model,
                          struct cf_error *err);
void cf_network_names_free(struct cf_network_names *names);

/* True when a name may be an AIGER symbol: 1 to 200 printable ASCII characters, blanks included. */
bool cf_network_name_valid(const char *name, size_t length);

/* Gives every input and output a name that BLIF, Verilog and Yosys JSON take. No two are equal. None is a name that a
 * writer gives to a wire or gate of its own ("n12s", "n12c", "g12"), the model's name, or a word that Verilator refuses
 * ("this", "int"). A name that is so already stays as it is. In another, each character that a format does not take
 * (blank, quotes, backtick, backslash, '#', '='; '.' and '$' in front) becomes '_'. If the result is taken or refused,
 * "_i7" (input 7) or "_o7" (output 7) is put behind it. An input or output without a name is called "i7" or "o7". If
 * that is taken, too, '_' follows, as often as necessary. `plain` may point to names that `names` owns, and must be
 * freed before it. */
bool cf_network_names_plain(struct cf_network_names *plain, const struct cf_network *network,
                            const struct cf_network_names *names, struct cf_error *err);

/* Names that are to be made plain, by the rules above, and where they go. */
struct cf_name_list {
    const char *const *given; /* [count], or NULL; an entry may be NULL, too */
    const uint32_t *numbers;  /* [count]: the 7 of "_i7" and "i7"; NULL for 0, 1, 2, ... */
    uint32_t count;
    char kind;          /* 'i' or 'o' */
    const char **plain; /* [count], all NULL: given names, or copies in the arena */
};
/* Fills the lists, whose names will all be different. False when memory is out. */
bool cf_names_make_plain(struct cf_arena *arena, const char *model, const struct cf_name_list *lists, size_t count);

#endif
