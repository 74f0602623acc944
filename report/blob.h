/* blob.h - arrays and pictures inside a page: deflated, in base64, each in a script element that is data. */
#ifndef COFIBER_REPORT_BLOB_H
#define COFIBER_REPORT_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* How the elements of an array are read again; the names are those of JavaScript's typed arrays. */
enum cf_blob_type { CF_BLOB_U8, CF_BLOB_I8, CF_BLOB_I16, CF_BLOB_U32, CF_BLOB_I32, CF_BLOB_F32, CF_BLOB_I64 };

/* Appends an array of `count` elements. With `stride` above 0 each element of an integer type is written as its
 * difference from the element `stride` places before it, modulo 2^bits, because the places of gates are nearly regular.
 * First come the low bytes of all elements, then the next higher bytes, and so on. A failure sticks to the text. */
void cf_blob_put(struct cf_text *page, const char *id, enum cf_blob_type type, const void *values, size_t count,
                 size_t stride);

/* Appends bytes in base64. */
void cf_base64_put(struct cf_text *page, const uint8_t *bytes, size_t size);

#endif
