/* text.c - appends to a text that grows as it is written. */
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Makes room for `size` more bytes and the NUL. */
static bool reserve(struct cf_text *text, size_t size)
{
    if (!text->failed)
        text->failed = size > SIZE_MAX / 2 - text->length ||
                       !cf_array_reserve(&text->data, &text->capacity, text->length + size + 1, 1);
    return !text->failed;
}

void cf_text_put(struct cf_text *text, const char *bytes, size_t size)
{
    assert(bytes || size == 0);
    if (!reserve(text, size))
        return;
    if (size)
        memcpy(text->data + text->length, bytes, size);
    text->length += size;
    text->data[text->length] = '\0';
}

void cf_text_printf(struct cf_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !reserve(text, (size_t)length)) {
        text->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void cf_text_free(struct cf_text *text)
{
    free(text->data);
    *text = (struct cf_text){0};
}
