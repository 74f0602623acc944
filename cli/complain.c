/* complain.c - the one line on standard error that says what is wrong. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/stream_names.h"

int cli_complain(const char *format, ...)
{
    struct cf_error err;
    char text[sizeof err.text];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    cf_fail(&err, "%s", text);
    return cli_fail(&err);
}

int cli_fail(const struct cf_error *err)
{
    char text[sizeof err->text];
    fprintf(stderr, "cofiber: %s\n", cli_stream_rename(err->text, text, sizeof text));
    return CLI_BAD;
}
