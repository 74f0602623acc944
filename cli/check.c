/* check.c - cofiber check: checks files against every structural rule of the format. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "netlists/store.h"

/* Checks one file and reports on it in a line on stdout or, with `json`, as an entry of `files` (NULL if memory is
 * out); a broken rule goes to stderr in either case. */
static bool check_file(const char *path, bool json, cJSON *files)
{
    struct cf_netlist *netlist;
    struct cf_error err;
    bool valid = cf_netlist_load(&netlist, path, &err);
    if (!valid)
        cli_fail(&err);
    if (json) {
        cJSON *entry = cJSON_CreateObject();
        cli_json_text(entry, "file", cli_shown(path));
        cJSON_AddBoolToObject(entry, "valid", valid);
        if (valid) {
            cJSON_AddNumberToObject(entry, "gates", netlist->net_count - netlist->groups[CF_INPUT].count);
            cJSON_AddNumberToObject(entry, "cells", netlist->cell_count);
            cJSON_AddNumberToObject(entry, "groups", netlist->group_count - 1);
        } else {
            cli_json_text(entry, "message", err.text);
        }
        cJSON_AddItemToArray(files, entry);
    } else if (valid) {
        char gates[32], cells[32];
        printf("%s: valid: %s gates, %s cells, %u groups\n", cli_shown(path),
               cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, gates),
               cli_thousands(netlist->cell_count, cells), netlist->group_count - 1);
    }
    if (valid)
        cf_netlist_free(netlist);
    return valid;
}

static int run(const struct cli_args *args)
{
    bool json = cli_given(args, "--json");
    cJSON *document = json ? cJSON_CreateObject() : NULL, *files = json ? cJSON_CreateArray() : NULL;
    bool valid = true;
    if (json && !files)
        return cli_print_json(document); /* says that memory is out */
    for (int i = 0; i < args->operand_count; i++)
        valid = check_file(args->operands[i], json, files) && valid;
    int status = CLI_OK;
    if (json) {
        cJSON_AddBoolToObject(document, "valid", valid);
        cJSON_AddItemToObject(document, "files", files);
        status = cli_print_json(document);
    }
    return valid ? status : CLI_BAD;
}

const struct cli_command cli_check = {
    .name = "check",
    .synopsis = "NET... [--json]",
    .summary = "Check netlist files against every rule of the format.",
    .details =
        "The rules are those of netlists/FORMAT.md: the container, types, widths, the order of terms, bases and the "
        "topological order of gates. The command reports the first rule that a file breaks, with the gate or cell "
        "that breaks it, and ends with exit status 2.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"--json", NULL, NULL,
             "Print JSON: `valid` for all files together, and `files` with `valid` and the message of each."},
            {0}},
    .run = run,
};
