/* verilog.c - cofiber verilog: writes a netlist as Verilog. */
#include <stdio.h>

#include "base/directory.h"
#include "base/hash.h"
#include "cli/cli.h"
#include "netlists/store.h"
#include "rtl/structural/structural.h"

/* "SHA-256 1f0c...": the source that the headers of the files name. */
static bool describe_source(const char *path, char *text, size_t size, struct cf_error *err)
{
    char hex[CF_SHA256_HEX];
    if (!cf_sha256_file(path, hex, err))
        return false;
    snprintf(text, size, "SHA-256 %s", hex);
    return true;
}

static bool emit(const struct cli_args *args, const struct cf_netlist *netlist, struct cf_rtl_summary *summary,
                 struct cf_error *err)
{
    char source[128];
    const struct cf_rtl_options options = {source, cli_value(args, "--prefix")};
    struct cf_directory *directory = NULL;
    bool done = describe_source(args->operands[0], source, sizeof source, err) &&
                cf_directory_open(&directory, cli_value(args, "-o"), cf_rtl_files, cli_given(args, "--force"), err) &&
                cf_rtl_write(netlist, cf_directory_path(directory), &options, summary, err);
    if (done)
        return cf_directory_commit(&directory, err);
    cf_directory_abort(&directory);
    return false;
}

static int run(const struct cli_args *args)
{
    int style;
    if (!cli_value(args, "-o"))
        return cli_complain("verilog: -o DIR is missing");
    if (!cli_choice(args, "--style", &style))
        return CLI_BAD;
    struct cf_error err;
    struct cf_netlist *netlist;
    struct cf_rtl_summary summary;
    bool done = cf_netlist_load(&netlist, args->operands[0], &err) && emit(args, netlist, &summary, &err);
    if (done) {
        char gates[32], rows[32];
        printf("%s: %s gates in %s rows; %u row modules, %u leaf modules\n", cli_value(args, "-o"),
               cli_thousands(summary.gates, gates), cli_thousands(summary.rows, rows), summary.row_modules,
               summary.leaf_modules);
    }
    cf_netlist_free(netlist);
    return done ? CLI_OK : cli_fail(&err);
}

const struct cli_command cli_verilog = {
    .name = "verilog",
    .synopsis = "NET -o DIR [--style structural] [--prefix NAME]",
    .summary = "Write the circuit as Verilog in which every gate keeps its name.",
    .details =
        "DIR receives four files. cofiber_cells.v has one module per kind of gate, with the weights as parameters. "
        "cofiber_rows.v has one module per kind of row; a row is one position of a group with all its lanes. "
        "cofiber_top.v has one wire and one instance per row. cofiber.f lists the files. The gate s1.classify[4,9,17] "
        "is bit 17 of the wire s1_classify_4_9.\n"
        "The modules of several netlists can stand in one design if each netlist is written with a --prefix of its "
        "own. cosim and census find the prefix by themselves.\n"
        "The files are Verilog-2005 and free of lint warnings. Verilator's --lint-only flattens the design, which is "
        "too much for two million gates. Instead, lint the row modules one by one (--top-module row_...) and the "
        "whole with verilator --xml-only -Wall.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){{"-o", "DIR", NULL, "Write into this directory (required)."},
                                    {"--style", "structural", "structural", "structural: one leaf instance per gate."},
                                    {"--prefix", "NAME", NULL, "Begin the name of every module with NAME."},
                                    {"--force", NULL, NULL, "Write into the directory even if it holds other files."},
                                    {0}},
    .run = run,
};
