/* verilog.c - cofiber verilog: writes a netlist as Verilog. */
#include <stdio.h>

#include "base/directory.h"
#include "base/hash.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/stream.h"
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

static int run_structural(const struct cli_args *args, const struct cf_netlist *netlist)
{
    struct cf_error err;
    struct cf_rtl_summary summary;
    char gates[32], rows[32];
    if (args->operand_count > 1)
        return cli_complain("verilog: frames go with --style stream alone");
    if (!emit(args, netlist, &summary, &err))
        return cli_fail(&err);
    printf("%s: %s gates in %s rows; %u row modules, %u leaf modules", cli_value(args, "-o"),
           cli_thousands(summary.gates, gates), cli_thousands(summary.rows, rows), summary.row_modules,
           summary.leaf_modules);
    if (summary.graph_modules)
        printf(", %u adder graph%s", summary.graph_modules, summary.graph_modules == 1 ? "" : "s");
    printf("\n");
    return CLI_OK;
}

static bool emit_stream(const struct cli_args *args, const struct cf_netlist *netlist,
                        const struct cf_stream_plan *plan, struct cf_error *err)
{
    struct cli_stream_vectors made;
    struct cf_directory *directory = NULL;
    char **files = cf_stream_files(plan);
    bool done = (files || cf_fail(err, "%s: out of memory", netlist->label)) &&
                cli_stream_vectors_make(&made, args, 1, netlist, plan, err);
    done = done &&
           cf_directory_open(&directory, cli_value(args, "-o"), (const char *const *)files, cli_given(args, "--force"),
                             err) &&
           cf_stream_write(plan, &made.vectors, cf_directory_path(directory), err);
    if (done)
        done = cf_directory_commit(&directory, err);
    else
        cf_directory_abort(&directory);
    if (files)
        cli_stream_vectors_free(&made);
    cf_stream_files_free(files);
    return done;
}

static int run_stream(const struct cli_args *args, const struct cf_netlist *netlist)
{
    struct cf_error err;
    struct cli_stream stream = {0};
    char source[128];
    bool dry = cli_given(args, "--dry-run");
    int status = CLI_BAD;
    bool done = describe_source(args->operands[0], source, sizeof source, &err) &&
                cf_rtl_check_prefix(cli_value(args, "--prefix"), &err) &&
                cli_stream_make(&stream, args, netlist, cli_value(args, "--prefix"), source, &err);
    if (done && (dry || emit_stream(args, netlist, &stream.plan, &err)))
        status = cli_stream_report(args, &stream.plan);
    else if (err.text[0])
        status = cli_fail(&err);
    cli_stream_free(&stream);
    return status;
}

static int run(const struct cli_args *args)
{
    static const char *const stream_only[] = {"--dry-run", "--json", "--frames", NULL};
    int style;
    if (!cli_choice(args, "--style", &style))
        return CLI_BAD;
    if (style != 1 && !(cli_stream_absent(args) && cli_stream_options_absent(args, stream_only)))
        return CLI_BAD;
    if (!cli_value(args, "-o") && !(style == 1 && cli_given(args, "--dry-run")))
        return cli_complain("verilog: -o DIR is missing");
    struct cf_error err;
    struct cf_netlist *netlist;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    int status = style == 1 ? run_stream(args, netlist) : run_structural(args, netlist);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_verilog = {
    .name = "verilog",
    .synopsis = "NET [FRAMES...] -o DIR [--style structural|stream] [options]",
    .summary = "Write the circuit as Verilog: gate by gate, or as a streaming accelerator.",
    .details =
        "DIR receives four files. cofiber_cells.v has one module per kind of gate, with the weights as parameters. "
        "cofiber_rows.v has one module per kind of row; a row is one position of a group with all its lanes. "
        "cofiber_top.v has one wire and one instance per row. cofiber.f lists the files. The gate s1.classify[4,9,17] "
        "is bit 17 of the wire s1_classify_4_9.\n"
        "Where `optimize` found an adder graph for the gates of a row, cofiber_rows.v has it as a module graph_..., "
        "and "
        "the gates of the row take their sums from it.\n"
        "The modules of several netlists can stand in one design if each netlist is written with a --prefix of its "
        "own. cosim and census find the prefix by themselves.\n"
        "The files are Verilog-2005 and free of lint warnings. Verilator's --lint-only flattens the design, which is "
        "too much for two million gates. Instead, lint the row modules one by one (--top-module row_...) and the "
        "whole with verilator --xml-only -Wall.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){{"-o", "DIR", NULL, "Write into this directory (required)."},
                                    {"--style", "structural|stream", "structural",
                                     "structural: one leaf instance per gate. stream: one multiply-accumulate array, "
                                     "with buffers for the classes' sums."},
                                    {"--prefix", "NAME", NULL, "Begin the name of every module with NAME."},
                                    {"--force", NULL, NULL, "Write into the directory even if it holds other files."},
                                    CLI_STREAM_OPTIONS,
                                    {"--dry-run", NULL, NULL, "stream: print the cost, and write nothing."},
                                    {"--json", NULL, NULL, "stream: print the cost as JSON."},
                                    CLI_FRAMES_OPTION,
                                    {0}},
    .run = run,
};
