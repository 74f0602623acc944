/* prove.c - cofiber prove: proves that the emitted Verilog and the netlist are one function, for all inputs. */
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

/* Everything that one run finds. */
struct outcome {
    struct cf_proof proof;
    struct cf_width *widths;
    struct cli_shown_input shown;
    bool searched; /* for an input that shows the refusal */
};

static int report_json(const struct cf_netlist *netlist, const struct outcome *o)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "cells", netlist->cell_count);
    cJSON_AddNumberToObject(document, "instances", netlist->net_count - netlist->groups[CF_INPUT].count);
    cJSON_AddBoolToObject(document, "proved", o->proof.proved);
    cli_json_refusal(document, netlist, &o->proof, o->searched ? &o->shown : NULL);
    cJSON_AddBoolToObject(document, "cached", o->proof.cached);
    cJSON_AddNumberToObject(document, "yosys_seconds", o->proof.yosys_seconds);
    cJSON_AddNumberToObject(document, "checker_seconds", o->proof.checker_seconds);
    cli_json_widths(document, netlist, o->widths);
    return cli_print_json(document);
}

static void report_text(const struct cf_netlist *netlist, const struct outcome *o)
{
    char instances[32], cells[32];
    cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, instances);
    cli_thousands(netlist->cell_count, cells);
    printf("proved for all inputs: %s instances of %s cells, in Verilog as in the netlist\n", instances, cells);
    if (o->proof.cached)
        printf("by an earlier run of the same tools on the same files\n");
    else
        printf("Yosys elaborated the Verilog in %.1f s; the checker that Coq verified took %.1f s\n",
               o->proof.yosys_seconds, o->proof.checker_seconds);
    cli_print_widths(netlist, o->widths);
    printf("trusted: Coq, its extraction, OCaml, Zarith, Yosys's Verilog front end (docs/proof.md)\n");
}

static bool find_all(const struct cli_args *args, const struct cf_netlist *netlist, struct outcome *o,
                     struct cf_error *err)
{
    o->widths = calloc(netlist->cell_count + (size_t)1, sizeof *o->widths);
    if (!o->widths)
        return cf_fail(err, "%s: out of memory", args->operands[0]);
    if (!prove(args, netlist, &o->proof, err) || !cf_find_widths(netlist, o->widths, err))
        return false;
    o->searched = o->proof.checked && !o->proof.proved && !cli_given(args, "--no-input");
    return !o->searched || cli_show_refusal(args, netlist, &o->proof, &o->shown, err);
}

static int run_proof(const struct cli_args *args, const struct cf_netlist *netlist)
{
    struct cf_error err;
    struct outcome o = {.searched = false};
    int status = CLI_OK;
    if (!find_all(args, netlist, &o, &err))
        status = cli_fail(&err);
    else if (cli_given(args, "--json"))
        status = report_json(netlist, &o);
    else if (o.proof.proved)
        report_text(netlist, &o);
    else
        cli_print_refusal(args, netlist, &o.proof, o.searched ? &o.shown : NULL);
    if (status == CLI_OK && !o.proof.proved)
        status = CLI_DIFFERENT;
    cf_proof_free(&o.proof);
    cf_witness_free(&o.shown.witness);
    free(o.widths);
    return status;
}

static int run(const struct cli_args *args)
{
    bool algebra = cli_given(args, "--algebra");
    if (args->operand_count > 1 && !algebra)
        return cli_complain("prove: FRAMES are for --algebra");
    if (algebra && (cli_given(args, "--rtl") || cli_given(args, "--again") || cli_given(args, "--input")))
        return cli_complain("prove: --algebra looks at no Verilog: leave --rtl, --again and --input out");
    if (cli_given(args, "--input") && cli_given(args, "--no-input"))
        return cli_complain("prove: --input or --no-input, not both");
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
        "with the netlist: every instance, every weight, every width. It also refuses Verilog that it does not "
        "understand; a refusal therefore names a difference, or a construct that the checker does not know. The exit "
        "status is 1 if the proof fails. The first run on a netlist takes minutes at full size; a proof is kept, and "
        "found again by the hash of the netlist, the Verilog and the tools.\n"
        "The command also says how far the sums of each cell go, over all inputs: whether they reach both ends of "
        "their width, or how much is left.\n"
        "--algebra follows the gates of NET to the input as exact linear forms and decides: direct pools are "
        "iterated pools; the bands give the input back; with nearest upsampling no band sees another; classifying "
        "and then decomposing gives the same as decomposing and then classifying. With bilinear upsampling it prints "
        "how much the bands see of each other: the norm, the worst input, and the size on FRAMES.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"--rtl", "DIR", NULL,
             "Prove the Verilog in DIR, which may have been edited, instead of a fresh emission."},
            {"--cache", "DIR", NULL,
             "Keep proofs in this directory instead of $XDG_CACHE_HOME/cofiber or ~/.cache/cofiber."},
            {"--again", NULL, NULL, "Prove again even if a proof is kept."},
            {"--input", "FILE", NULL,
             "After a refusal, write the input that shows it to this .npy file, as features that quantise to it."},
            {"--no-input", NULL, NULL,
             "After a refusal, do not search for an input that shows it; the search builds the Verilog with "
             "Verilator, which takes minutes at full size."},
            {"--algebra", NULL, NULL,
             "Decide the laws of the decomposition instead, for the gates of NET and all inputs; no Verilog is looked "
             "at."},
            CLI_FRAMES_OPTION,
            {"--json", NULL, NULL, "Print the outcome as JSON."},
            {0}},
    .run = run,
};
