/* output.c - prints text and numbers for people, compares outputs, and reads the clock. */
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "base/thousands.h"
#include "cli/cli.h"
#include "cli/stream_names.h"

void cli_print_text(const char *text)
{
    char named[1024];
    for (const unsigned char *p = (const unsigned char *)cli_stream_rename(text, named, sizeof named); *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f; /* in UTF-8 */
        putchar(*p < 0x20 || *p == 0x7f || c1 ? '?' : *p);
        p += c1;
    }
}

const char *cli_thousands(uint64_t value, char buffer[32])
{
    return cf_thousands(value, buffer);
}

double cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool cli_outputs_differ(const struct cli_args *args, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (cli_given(args, names[i]) && cli_given(args, names[k]) &&
                cf_out_same(cli_value(args, names[i]), cli_value(args, names[k])))
                return cli_complain("%s: %s and %s are one file", args->command->name, names[k], names[i]) == CLI_OK;
    return true;
}
