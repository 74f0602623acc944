/* hash.h - SHA-256 (from Nettle), for provenance and for build caches. */
#ifndef COFIBER_BASE_HASH_H
#define COFIBER_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define CF_SHA256_HEX 65 /* 64 hex digits and the terminating NUL */

/* The digest of `size` bytes, as lower-case hex. */
void cf_sha256(const void *data, size_t size, char hex[CF_SHA256_HEX]);

/* The digest of a file's bytes. */
bool cf_sha256_file(const char *path, char hex[CF_SHA256_HEX], struct cf_error *err);

#endif
