/* check.c - cofiber check: every structural rule of the format. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "netlists/store.h"

static int run(const struct cli_args *args)
{
    int status = CLI_OK;
    for (int i = 0; i < args->operand_count; i++) {
        struct cf_netlist *netlist;
        struct cf_error err;
        if (!cf_netlist_load(&netlist, args->operands[i], &err)) {
            status = cli_fail(&err);
            continue;
        }
        char gates[32], cells[32];
        printf("%s: valid: %s gates, %s cells, %u groups\n", args->operands[i],
               cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, gates),
               cli_thousands(netlist->cell_count, cells), netlist->group_count - 1);
        cf_netlist_free(netlist);
    }
    return status;
}

const struct cli_command cli_check = {
    .name = "check",
    .synopsis = "NET...",
    .summary = "Check every structural rule of a netlist file.",
    .details = "Container, types, widths, term order, bases, topological order: the rules of netlists/FORMAT.md. The "
               "first broken one is reported with the gate or cell it is about, with exit status 2.",
    .min_operands = 1,
    .max_operands = -1,
    .options = (const struct cli_option[]){{0}},
    .run = run,
};
