/* bits_names.h - names for the inputs and outputs of a binary network: what exchange formats call symbols. */
#ifndef COFIBER_NETLISTS_BITS_NAMES_H
#define COFIBER_NETLISTS_BITS_NAMES_H

#include "base/arena.h"
#include "netlists/bits.h"

/* Names are printable, without blanks and quotes; an entry (or the whole array) may be NULL: no name. */
struct cf_bits_names {
    struct cf_arena arena; /* owns everything below */
    const char *model;     /* of the whole network; letters, digits and '_' */
    const char **inputs;   /* [input_count] */
    const char **outputs;  /* [output_count] */
};

/* Arrays of the network's size, all NULL. */
bool cf_bits_names_new(struct cf_bits_names *names, const struct cf_bits *bits, const char *model,
                       struct cf_error *err);
void cf_bits_names_free(struct cf_bits_names *names);

/* The name of an input or output, or "i7", "o7" where it has none (written into the buffer). */
const char *cf_bits_input_name(const struct cf_bits_names *names, uint32_t input, char buffer[24]);
const char *cf_bits_output_name(const struct cf_bits_names *names, uint32_t output, char buffer[24]);

/* True when a name may stand in any of the formats: 1 to 200 printable ASCII characters, no blank, quote, backslash,
 * '#' or '='. */
bool cf_bits_name_valid(const char *name, size_t length);

#endif
