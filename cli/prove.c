/* prove.c - cofiber prove: the emitted Verilog and the netlist are one function, for all inputs. */
#include "prove/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/interrupt.h"
#include "cli/prove_report.h"
#include "netlists/store.h"

static void on_progress(void *user, const char *step)
{
    struct cli_progress *progress = user;
    progress->label = step;
    cli_progress_update(progress, 0);
}

static bool stop(void *user)
{
    (void)user;
    return cli_interrupted();
}

/* Runs the proof in a directory that goes afterwards, unless the error names a log in there. */
static bool prove(const struct cli_args *args, const struct cf_netlist *netlist, struct cf_proof *proof,
                  struct cf_error *err)
{
    const char *place = getenv("TMPDIR");
    struct cli_progress progress;
    struct cf_scratch scratch;
    const struct cf_prove_options options = {.rtl_directory = cli_value(args, "--rtl"),
                                             .cache_directory = cli_value(args, "--cache"),
                                             .again = cli_given(args, "--again"),
                                             .progress = on_progress,
                                             .stop = stop,
                                             .user = &progress};
    cli_catch_interrupts();
    if (!cf_scratch_make(&scratch, place && *place ? place : "/tmp", "cofiber-prove", err))
        return false;
    cli_progress_start(&progress, "emitting", "", 0);
    bool done = cf_prove(args->operands[0], netlist, scratch.path, &options, proof, err);
    cli_progress_finish(&progress);
    if (!done && strstr(err->text, scratch.path))
        cf_scratch_leave(&scratch);
    else
        cf_scratch_remove(&scratch);
    return done;
}

static int report_json(const struct cf_netlist *netlist, const struct cf_proof *proof, const struct cf_width *widths)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "cells", netlist->cell_count);
    cJSON_AddNumberToObject(document, "instances", netlist->net_count - netlist->groups[CF_INPUT].count);
    cJSON_AddBoolToObject(document, "proved", proof->proved);
    cJSON *failed = cJSON_AddArrayToObject(document, "failed");
    if (proof->refusal)
        cli_json_add_text(failed, proof->refusal);
    cJSON_AddBoolToObject(document, "cached", proof->cached);
    cJSON_AddNumberToObject(document, "yosys_seconds", proof->yosys_seconds);
    cJSON_AddNumberToObject(document, "checker_seconds", proof->checker_seconds);
    cli_json_widths(document, netlist, widths);
    return cli_print_json(document);
}

static void report_text(const struct cf_netlist *netlist, const struct cf_proof *proof, const struct cf_width *widths)
{
    char instances[32], cells[32];
    cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, instances);
    cli_thousands(netlist->cell_count, cells);
    if (!proof->proved) {
        printf("not proved: ");
        cli_print_text(proof->refusal);
        printf("\n");
        return;
    }
    printf("proved for all inputs: %s instances of %s cells, in Verilog as in the netlist\n", instances, cells);
    if (proof->cached)
        printf("by an earlier run of the same tools on the same files\n");
    else
        printf("Yosys elaborated the Verilog in %.1f s; the checker that Coq verified took %.1f s\n",
               proof->yosys_seconds, proof->checker_seconds);
    cli_print_widths(netlist, widths);
    printf("trusted: Coq, its extraction, OCaml, Zarith, Yosys's Verilog front end (docs/proof.md)\n");
}

static int run_proof(const struct cli_args *args, const struct cf_netlist *netlist)
{
    struct cf_error err;
    struct cf_proof proof = {0};
    struct cf_width *widths = calloc(netlist->cell_count + (size_t)1, sizeof *widths);
    bool done = (widths || cf_fail(&err, "%s: out of memory", args->operands[0])) &&
                prove(args, netlist, &proof, &err) && cf_find_widths(netlist, widths, &err);
    int status = CLI_OK;
    if (!done)
        status = cli_fail(&err);
    else if (cli_given(args, "--json"))
        status = report_json(netlist, &proof, widths);
    else
        report_text(netlist, &proof, widths);
    if (status == CLI_OK && !proof.proved)
        status = CLI_DIFFERENT;
    cf_proof_free(&proof);
    free(widths);
    return status;
}

static int run(const struct cli_args *args)
{
    bool algebra = cli_given(args, "--algebra");
    if (args->operand_count > 1 && !algebra)
        return cli_complain("prove: FRAMES are for --algebra");
    if (algebra && (cli_given(args, "--rtl") || cli_given(args, "--again")))
        return cli_complain("prove: --algebra looks at no Verilog: leave --rtl and --again out");
    struct cf_error err;
    struct cf_netlist *netlist;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    int status = algebra ? cli_prove_algebra(args, netlist) : run_proof(args, netlist);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_prove = {
    .name = "prove",
    .synopsis = "NET [--rtl DIR], or NET [FRAMES...] --algebra",
    .summary = "Prove that the emitted Verilog is the netlist, for all inputs.",
    .details =
        "Yosys elaborates the Verilog, and a checker that is written and verified in Coq compares what it wrote "
        "with the netlist: every instance, every weight, every width. It refuses Verilog that it does not "
        "understand, so a refusal names what differs, or what it does not know. The exit status is 1 where the "
        "proof fails. The first run on a netlist takes minutes at full size; a proof is kept, and found again "
        "by the hash of the netlist, the Verilog and the tools.\n"
        "The command also says how far the sums of each cell go, over all inputs: whether they reach both ends of "
        "their width, or how much is left.\n"
        "--algebra follows the gates of NET to the input as exact linear forms and decides: direct pools are "
        "iterated pools; the bands give the input back; with nearest upsampling no band sees another; to classify "
        "and then to decompose is to decompose and then to classify. With bilinear upsampling it prints how much "
        "the bands see of each other: the norm, the worst input, and the size on FRAMES.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"--rtl", "DIR", NULL,
             "Prove the Verilog in DIR, which may have been edited, instead of a fresh emission."},
            {"--cache", "DIR", NULL, "Where proofs are kept (default $XDG_CACHE_HOME/cofiber or ~/.cache/cofiber)."},
            {"--again", NULL, NULL, "Prove even what has been proved before."},
            {"--algebra", NULL, NULL,
             "Decide the laws of the decomposition instead, for the gates of NET and all inputs; no Verilog is looked "
             "at."},
            CLI_FRAMES_OPTION,
            {"--json", NULL, NULL, "Print the outcome as JSON."},
            {0}},
    .run = run,
};
