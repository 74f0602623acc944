/* hash.c - works out the SHA-256 of memory and of files, as hexadecimal text. */
#include "base/hash.h"

#include <nettle/sha2.h>

#include "base/file.h"

static void finish(struct sha256_ctx *context, char hex[CF_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * sizeof digest] = '\0';
}

void cf_sha256(const void *data, size_t size, char hex[CF_SHA256_HEX])
{
    struct sha256_ctx context;
    sha256_init(&context);
    if (size > 0)
        sha256_update(&context, size, data);
    finish(&context, hex);
}

bool cf_sha256_file(const char *path, char hex[CF_SHA256_HEX], struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    struct sha256_ctx context;
    sha256_init(&context);
    const size_t step = (size_t)8 << 20; /* a file of gigabytes must not become resident as a whole */
    for (size_t at = 0; at < map.size; at += step) {
        size_t size = map.size - at < step ? map.size - at : step;
        sha256_update(&context, size, map.data + at);
        cf_map_forget(&map, at, size);
    }
    finish(&context, hex);
    cf_map_close(&map);
    return true;
}
