/* text.h - a text that grows as it is written: a table, a list or a header that is complete before it is used.
 *
 *     struct cf_text text = {0};
 *     cf_text_printf(&text, "count %u\n", count);
 *     done = text.failed ? cf_fail(err, "%s: out of memory", label) : use(text.data, text.length);
 *     cf_text_free(&text);
 *
 * It stands in the place of open_memstream, whose streams lose what does not fit when memory is out and do not say so.
 */
#ifndef COFIBER_BASE_TEXT_H
#define COFIBER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct cf_text {
    char *data;    /* NUL-terminated; NULL while nothing was written */
    size_t length; /* bytes before the NUL */
    size_t capacity;
    bool failed; /* memory was out: something is missing, and nothing more is written */
};

void cf_text_put(struct cf_text *text, const char *bytes, size_t size);
void cf_text_printf(struct cf_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Frees the data; the text may be used again. */
void cf_text_free(struct cf_text *text);

#endif
