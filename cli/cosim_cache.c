/* cosim_cache.c - cofiber cosim --cache: lists the builds that are kept, and removes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "cli/cosim_cache.h"
#include "rtl/tools/cache.h"

struct cache_names {
    char **names;
    size_t count, capacity, builds;
    uint64_t bytes, shared_bytes;
    bool shown, failed;
};

static void take_entry(void *context, const struct cf_cache_entry *entry)
{
    struct cache_names *all = context;
    char text[32], day[32] = "";
    struct tm date;
    time_t seconds = (time_t)entry->built;
    bool named = entry->shared || entry->netlist;
    if (localtime_r(&seconds, &date))
        strftime(day, sizeof day, "%Y-%m-%d %H:%M", &date);
    if (all->shown)
        printf("%-16s %16s bytes  %s%s%s\n", day, cli_thousands(entry->bytes, text), entry->name, named ? "  " : "",
               entry->shared    ? "the run-time library that builds share"
               : entry->netlist ? cli_shown(entry->netlist)
                                : "");
    all->builds += !entry->shared;
    all->bytes += entry->bytes;
    all->shared_bytes += entry->shared ? entry->bytes : 0;
    all->failed = all->failed || !cf_array_reserve(&all->names, &all->capacity, all->count + 1, sizeof *all->names) ||
                  !(all->names[all->count++] = strdup(entry->name));
}

int cli_cosim_cache(const struct cli_args *args)
{
    struct cf_error err;
    struct cache_names all = {.shown = !cli_given(args, "--clean")};
    const char *given = cli_value(args, "--cache");
    char *cache = cf_cache_find(given && *given ? given : NULL, &err), text[2][32];
    bool done =
        cache && cf_cache_list(cache, take_entry, &all, &err) && (!all.failed || cf_fail(&err, "out of memory"));
    for (size_t i = 0; done && cli_given(args, "--clean") && i < all.count; i++)
        done = cf_cache_remove(cache, all.names[i], &err);
    if (done)
        printf("%s: %zu build%s, %s bytes%s%s%s%s\n", cache, all.builds, all.builds == 1 ? "" : "s",
               cli_thousands(all.bytes, text[0]), all.shared_bytes ? ", of which " : "",
               all.shared_bytes ? cli_thousands(all.shared_bytes, text[1]) : "",
               all.shared_bytes ? " are the run-time library" : "", cli_given(args, "--clean") ? ", removed" : "");
    for (size_t i = 0; i < all.count; i++)
        free(all.names[i]);
    free(all.names);
    free(cache);
    return done ? CLI_OK : cli_fail(&err);
}
