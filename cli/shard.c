/* shard.c - reads --shard. */
#include "cli/shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool cli_shard(const struct cli_args *args, uint64_t count, uint64_t *first, uint64_t *end, struct cf_error *err)
{
    const char *text = cli_value(args, "--shard");
    unsigned part, parts;
    char rest;
    *first = 0;
    *end = count;
    if (!text)
        return true;
    if (strspn(text, "0123456789/") != strlen(text) || sscanf(text, "%6u/%6u%c", &part, &parts, &rest) != 2 ||
        part < 1 || part > parts)
        return cf_fail(err, "--shard '%s': is not I/N with I from 1 to N", text);
    *first = count / parts * (part - 1) + count % parts * (part - 1) / parts;
    *end = count / parts * part + count % parts * part / parts;
    return *first < *end || cf_fail(err, "--shard '%s': is empty, as there are only %" PRIu64 " to share", text, count);
}
