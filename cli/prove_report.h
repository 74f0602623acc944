/* prove_report.h - what cofiber prove says of widths and of the algebra, in words and as JSON. */
#ifndef COFIBER_CLI_PROVE_REPORT_H
#define COFIBER_CLI_PROVE_REPORT_H

#include "cli/cli.h"
#include "prove/widths.h"

/* The widths of all cells: how far their sums go, and what is left of their output types. */
void cli_print_widths(const struct cf_netlist *netlist, const struct cf_width *widths);
void cli_json_widths(cJSON *document, const struct cf_netlist *netlist, const struct cf_width *widths);

/* cofiber prove NET [FRAMES...] --algebra; returns the exit status. */
int cli_prove_algebra(const struct cli_args *args, const struct cf_netlist *netlist);

#endif
