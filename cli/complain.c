/* complain.c - prints the one line on standard error that says what is wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* The option for a setting of the libraries that would help; NULL where there is none. */
static const char *option_of(const char *setting)
{
    static const struct {
        const char *setting, *option;
    } options[] = {{"no_bias", "--no-bias"}, {"transposed", "--transpose"}, {"map", "--map"}, {"rebuild", "--rebuild"}};
    for (size_t i = 0; setting && i < sizeof options / sizeof *options; i++)
        if (strcmp(options[i].setting, setting) == 0)
            return options[i].option;
    return NULL;
}

int cli_fail(const struct cf_error *err)
{
    char text[sizeof err->text];
    const char *option = option_of(err->setting);
    const char *said = cli_stream_rename(err->text, text, sizeof text);
    if (option)
        fprintf(stderr, "cofiber: %s (see %s)\n", said, option);
    else
        fprintf(stderr, "cofiber: %s\n", said);
    return CLI_BAD;
}
