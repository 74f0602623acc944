/* cosim_cache.h - the part of cosim that looks at the cache of builds. */
#ifndef COFIBER_CLI_COSIM_CACHE_H
#define COFIBER_CLI_COSIM_CACHE_H

#include "cli/cli.h"

/* Lists the builds in the directory that --cache names (the usual one without a name); with --clean removes them. */
int cli_cosim_cache(const struct cli_args *args);

#endif
