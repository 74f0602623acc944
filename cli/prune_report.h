/* prune_report.h - what cofiber prune says of its points. */
#ifndef COFIBER_CLI_PRUNE_REPORT_H
#define COFIBER_CLI_PRUNE_REPORT_H

#include "cli/cli.h"
#include "prune/prune.h"

/* Writes the files that --front and --heads ask for. */
bool cli_prune_write(const struct cli_args *args, struct cf_prune *prune, const struct cf_prune_point *kept,
                     struct cf_error *err);

/* Prints the points as a table, or as JSON with --json. */
int cli_prune_report(const struct cli_args *args, const struct cf_prune *prune, const struct cf_prune_point *kept);

#endif
