/* error.c - formats error messages into one clean line. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name from a hostile file must neither break the line nor steer a terminal: C0, DEL and, in UTF-8, C1. */
static void replace_controls(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
        else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
            p[0] = p[1] = '?';
    }
}

/* Text too long for the error keeps its beginning (the path) and its end (the reason). */
static void shorten_middle(char *out, size_t out_size, const char *text, size_t length)
{
    static const char gap[] = " ... ";
    size_t head = out_size / 3;
    size_t tail = out_size - 1 - head - (sizeof gap - 1);
    while (head > 0 && ((unsigned char)text[head] & 0xc0) == 0x80)
        head--; /* do not cut a UTF-8 sequence */
    while (tail > 0 && ((unsigned char)text[length - tail] & 0xc0) == 0x80)
        tail--;
    memcpy(out, text, head);
    memcpy(out + head, gap, sizeof gap - 1);
    memcpy(out + head + sizeof gap - 1, text + length - tail, tail);
    out[head + sizeof gap - 1 + tail] = '\0';
}

bool cf_fail(struct cf_error *err, const char *format, ...)
{
    if (!err)
        return false;
    /* The arguments may include err->text itself (a caller that adds context), hence the copy: on the stack, so that
     * an error can be reported when memory is out, and on the heap where it is longer than that. */
    char small[2048], *large = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof small) {
        va_start(arguments, format);
        if (vasprintf(&large, format, arguments) < 0) {
            large = NULL;
            length = (int)sizeof small - 1; /* the end is lost */
        }
        va_end(arguments);
    }
    const char *text = large ? large : small;
    if (length < 0)
        snprintf(err->text, sizeof err->text, "an error that cannot be put into words");
    else if ((size_t)length < sizeof err->text)
        memcpy(err->text, text, (size_t)length + 1);
    else
        shorten_middle(err->text, sizeof err->text, text, (size_t)length);
    free(large);
    replace_controls(err->text);
    err->setting = NULL;
    return false;
}

bool cf_fail_setting(struct cf_error *err, const char *setting)
{
    if (err)
        err->setting = setting;
    return false;
}

bool cf_failed_for_memory(const struct cf_error *err)
{
    return strstr(err->text, "out of memory") != NULL;
}
