/* blob.c - puts arrays into a page. */
#include "report/blob.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {{"Uint8", 1}, {"Int8", 1}, {"Int16", 2}, {"Uint32", 4}, {"Int32", 4}, {"Float32", 4}, {"BigInt64", 8}};

void cf_base64_put(struct cf_text *page, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { LINE = 3 * 1024 };
    char line[LINE / 3 * 4];
    for (size_t first = 0; first < size; first += LINE) {
        size_t end = size - first < LINE ? size : first + LINE, used = 0;
        for (size_t i = first; i < end; i += 3) {
            size_t left = end - i;
            uint32_t group =
                (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
            line[used++] = digits[group >> 18];
            line[used++] = digits[group >> 12 & 63];
            line[used++] = left > 1 ? digits[group >> 6 & 63] : '=';
            line[used++] = left > 2 ? digits[group & 63] : '=';
        }
        cf_text_put(page, line, used);
    }
}

/* Element `i` as its bits. */
static uint64_t bits_of(const uint8_t *values, size_t size, size_t i)
{
    uint64_t bits = 0;
    memcpy(&bits, values + i * size, size); /* little-endian, as all machines here are */
    return bits;
}

static void make_planes(uint8_t *planes, const uint8_t *values, size_t size, size_t count, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = bits_of(values, size, i) - (stride && i >= stride ? bits_of(values, size, i - stride) : 0);
        for (size_t b = 0; b < size; b++)
            planes[b * count + i] = (uint8_t)(bits >> 8 * b);
    }
}

void cf_blob_put(struct cf_text *page, const char *id, enum cf_blob_type type, const void *values, size_t count,
                 size_t stride)
{
    enum { FAST = 1, GOOD = 6, LARGE = 1 << 21 };
    size_t size = types[type].size, bytes = size * count;
    uLongf packed_size = compressBound(bytes);
    uint8_t *planes = malloc(bytes + 1), *packed = malloc(packed_size);
    if (planes && packed) {
        make_planes(planes, values, size, count, stride);
        page->failed =
            page->failed || compress2(packed, &packed_size, planes, bytes, bytes > LARGE ? FAST : GOOD) != Z_OK;
        cf_text_printf(page,
                       "<script type=\"text/plain\" id=\"%s\" data-type=\"%s\" data-count=\"%zu\" data-stride=\"%zu\">",
                       id, types[type].name, count, stride);
        cf_base64_put(page, packed, page->failed ? 0 : packed_size);
        cf_text_printf(page, "</script>\n");
    } else {
        page->failed = true;
    }
    free(planes);
    free(packed);
}
