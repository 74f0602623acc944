/* prove_report.h - what cofiber prove says of widths and of the algebra, in words and as JSON. */
#ifndef COFIBER_CLI_PROVE_REPORT_H
#define COFIBER_CLI_PROVE_REPORT_H

#include "cli/cli.h"
#include "prove/prove.h"
#include "prove/widths.h"
#include "prove/witness.h"

/* The widths of all cells: how far their sums go, and what is left of their output types. */
void cli_print_widths(const struct cf_netlist *netlist, const struct cf_width *widths);
void cli_json_widths(cJSON *document, const struct cf_netlist *netlist, const struct cf_width *widths);

/* Looks for an input that shows a refusal, runs the simulator and Verilator on it, and writes it where --input says. If
 * the search cannot run, the command does not fail: `why` has the reason. False if the file cannot be written. */
struct cli_shown_input {
    struct cf_witness witness;
    bool looked;
    struct cf_error why;
};
bool cli_show_refusal(const struct cli_args *args, const struct cf_netlist *netlist, const struct cf_proof *proof,
                      struct cli_shown_input *shown, struct cf_error *err);
void cli_print_refusal(const struct cli_args *args, const struct cf_netlist *netlist, const struct cf_proof *proof,
                       const struct cli_shown_input *shown);
void cli_json_refusal(cJSON *document, const struct cf_netlist *netlist, const struct cf_proof *proof,
                      const struct cli_shown_input *shown);

/* cofiber prove NET [FRAMES...] --algebra; returns the exit status. */
int cli_prove_algebra(const struct cli_args *args, const struct cf_netlist *netlist);

#endif
