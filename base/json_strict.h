/* json_strict.h - what cJSON lets pass and a safetensors header must not contain.
 *
 * cJSON accepts raw control characters, "\uZZZZ", 007, and any byte up to 0x20 as white space; it reads 4, 4.0 and
 * 4e0 alike, and holds numbers as doubles. A header holds numbers in shapes and offsets only, so one pass over its
 * text settles all of that before cJSON sees it. Grammar is left to cJSON.
 */
#ifndef COFIBER_BASE_JSON_STRICT_H
#define COFIBER_BASE_JSON_STRICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the text is well-formed UTF-8 (no overlong forms, surrogates, or code points above U+10FFFF); else
 * `*at` is the offset of the first bad sequence. */
bool cf_utf8_check(const uint8_t *text, size_t size, size_t *at);

/* Lexical check: strings without control characters, \u0000 or malformed \u escapes; every number a plain integer
 * from 0 to 2^53; nesting at most `max_depth`; arrays of at most `max_array` elements; at most `max_values` arrays,
 * objects and commas in all (this bounds what cJSON will allocate: some 100 bytes a value). On failure `*at` is the
 * offset and the result says what is wrong there; NULL when all is well. */
const char *cf_json_check(const uint8_t *text, size_t size, int max_depth, int max_array, int max_values, size_t *at);

#endif
