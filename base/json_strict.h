/* json_strict.h - refuses JSON text that cJSON accepts and that a safetensors header must not contain.
 *
 * cJSON accepts raw control characters, "\uZZZZ", 007, and any byte up to 0x20 as white space; it reads 4, 4.0 and
 * 4e0 alike, and holds numbers as doubles. One pass over the text refuses all of that before cJSON sees it. A header
 * has numbers in shapes and offsets only, where nothing but plain integers is right. cJSON checks the rest of the
 * grammar.
 */
#ifndef COFIBER_BASE_JSON_STRICT_H
#define COFIBER_BASE_JSON_STRICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the text is well-formed UTF-8 (no overlong forms, surrogates, or code points above U+10FFFF); else
 * `*at` is the offset of the first bad sequence. */
bool cf_utf8_check(const uint8_t *text, size_t size, size_t *at);

enum cf_json_numbers {
    CF_JSON_COUNTS, /* every number is a plain integer from 0 to 2^53, without exponent, fraction or sign */
    CF_JSON_NUMBERS /* any number of the JSON grammar; whoever uses one must judge its value */
};

struct cf_json_limits {
    enum cf_json_numbers numbers;
    int max_depth;  /* of nesting */
    int max_array;  /* elements of one array */
    int max_values; /* arrays, objects and commas in all; cJSON allocates some 100 bytes for each */
};

/* Lexical check: strings hold no control characters, \u0000 or malformed \u escapes, and the limits are kept. On
 * failure `*at` is the offset and the result says what is wrong there; NULL when all is well. */
const char *cf_json_check(const uint8_t *text, size_t size, const struct cf_json_limits *limits, size_t *at);

/* Whether nothing but white space stands in [from, end): a parser such as cJSON stops after the value without a word of
 * what follows. */
bool cf_json_only_blanks(const char *from, const char *end);

#endif
