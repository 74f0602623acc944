/* optimize.c - cofiber optimize: finds adder graphs for the banks of a netlist. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/curve.h"
#include "cli/graphs.h"
#include "cli/interrupt.h"
#include "compiler/optimise/explicit.h"
#include "compiler/optimise/implement.h"
#include "netlists/bank.h"
#include "netlists/pipeline.h"
#include "netlists/store.h"

static const double most_seconds = 86400; /* a day */

struct session {
    struct cf_netlist *netlist;
    struct cf_implement_report report;
    uint32_t pipeline; /* adders between registers; 0: it is not asked for */
    struct cli_progress progress;
    char label[64];
    double seconds;
};

/* Called often: shows the adders of the best graph so far, and passes on that the user interrupted. */
static bool go_on(void *context, uint64_t adders)
{
    struct session *s = context;
    char text[32];
    snprintf(s->label, sizeof s->label, "optimising, %s adders", cli_thousands(adders, text));
    cli_progress_update(&s->progress, 0);
    return !cli_interrupted();
}

static bool read_options(const struct cli_args *args, struct cf_optimise_options *options)
{
    long long seed, effort;
    int cost;
    if (!cli_choice(args, "--cost", &cost) || !cli_integer(args, "--seed", 0, INT64_MAX, &seed) ||
        !cli_integer(args, "--effort", 0, 10000, &effort))
        return false;
    options->cost = (enum cf_cost)cost;
    options->seed = (uint64_t)seed;
    options->effort = (double)effort;
    long long depth = 0;
    if (cli_given(args, "--max-depth") && !cli_integer(args, "--max-depth", 1, 1000000, &depth))
        return false;
    options->max_depth = (uint32_t)depth;
    if (!cli_given(args, "--seconds"))
        return true;
    if (cli_given(args, "--effort"))
        return cli_complain("optimize: --effort and --seconds exclude each other") == CLI_OK;
    if (!cli_number(args, "--seconds", &options->seconds))
        return false;
    return (options->seconds > 0 && options->seconds <= most_seconds) ||
           cli_complain("optimize: --seconds '%s' is not above 0 and at most %.0f", cli_value(args, "--seconds"),
                        most_seconds) == CLI_OK;
}

/* ---- stages ---- */

/* The stages and registers of all graphs, each once at the operands of its first bank. */
static bool pipeline_of(const struct cf_netlist *netlist, uint32_t every, struct cf_pipeline *all, struct cf_error *err)
{
    const struct cf_implementation *impl = netlist->implementation;
    *all = (struct cf_pipeline){0};
    for (uint32_t b = 0; impl && b < impl->bank_count; b++) {
        struct cf_pipeline one;
        if (b > 0 && impl->banks[b].graph == impl->banks[b - 1].graph)
            continue;
        if (!cf_bank_pipeline(netlist, &impl->banks[b], every, &one, err))
            return false;
        all->stages = one.stages > all->stages ? one.stages : all->stages;
        all->registers += one.registers;
    }
    return true;
}

/* Says what --pipeline asks for, to `json` or, where that is NULL, to stdout. */
static bool report_pipeline(const struct session *s, cJSON *json, struct cf_error *err)
{
    struct cf_pipeline all;
    if (s->pipeline == 0)
        return true;
    if (!pipeline_of(s->netlist, s->pipeline, &all, err))
        return false;
    char text[32];
    if (!json) {
        printf("With registers after every %u adder%s: %u cycle%s, and %s registers of one bit; each graph once.\n",
               s->pipeline, s->pipeline == 1 ? "" : "s", all.stages, all.stages == 1 ? "" : "s",
               cli_thousands(all.registers, text));
        return true;
    }
    cJSON *entry = cJSON_AddObjectToObject(json, "pipeline");
    cJSON_AddNumberToObject(entry, "every", s->pipeline);
    cJSON_AddNumberToObject(entry, "stages", all.stages);
    cJSON_AddNumberToObject(entry, "registers", (double)all.registers);
    return true;
}

/* ---- the report ---- */

static uint64_t at_least(const struct session *s)
{
    uint64_t sum = 0;
    for (uint32_t g = 0; g < s->netlist->implementation->graph_count; g++)
        sum += s->report.graphs[g].at_least;
    return sum;
}

static void print_report(const struct session *s, const char *path)
{
    char text[32];
    printf("No graph of these matrices has fewer than %s adders; that is what is known, not what is possible.\n",
           cli_thousands(at_least(s), text));
    for (uint32_t g = 0; g < s->netlist->implementation->graph_count; g++)
        if (s->report.graphs[g].effort > 0)
            printf("graph %u, %u x %u: found with effort %.4g\n", g, s->report.graphs[g].rows,
                   s->report.graphs[g].columns, s->report.graphs[g].effort);
    printf("%s%s: %u bank%s proved equal to the cells, %u left as they are; %.1f s\n",
           s->report.interrupted ? "interrupted; the best so far is written\n" : "", cli_shown(path),
           s->netlist->implementation->bank_count, s->netlist->implementation->bank_count == 1 ? "" : "s",
           s->report.left, s->seconds);
}

static bool report_json(const struct session *s, const struct cf_optimise_options *options, cJSON *json,
                        struct cf_error *err)
{
    const struct cf_implementation *impl = s->netlist->implementation;
    if (impl && !cli_graphs(s->netlist, json, err))
        return false;
    if (!impl) {
        cJSON *adders = cJSON_AddObjectToObject(json, "adders");
        cJSON_AddNumberToObject(adders, "before", 0);
        cJSON_AddNumberToObject(adders, "after", 0);
        cJSON_AddNumberToObject(json, "full_adders", 0);
    }
    cJSON_AddNumberToObject(json, "lower_bound", impl ? (double)at_least(s) : 0);
    cJSON_AddNumberToObject(json, "banks_left", s->report.left);
    cJSON_AddNumberToObject(json, "seed", (double)options->seed);
    cJSON *efforts = cJSON_AddArrayToObject(json, "efforts");
    for (uint32_t g = 0; impl && g < impl->graph_count; g++)
        cJSON_AddItemToArray(efforts, cJSON_CreateNumber(s->report.graphs[g].effort));
    cJSON_AddNumberToObject(json, "seconds", s->seconds);
    cJSON_AddBoolToObject(json, "interrupted", s->report.interrupted);
    return true;
}

static int report(const struct session *s, const struct cli_args *args, const struct cf_optimise_options *options)
{
    const char *path = cli_value(args, "-o");
    struct cf_error err;
    if (cli_given(args, "--json")) {
        cJSON *document = cJSON_CreateObject();
        if (report_json(s, options, document, &err) && report_pipeline(s, document, &err))
            return cli_print_json(document);
        cJSON_Delete(document);
        return cli_fail(&err);
    }
    if (!s->netlist->implementation) {
        printf("%s: no bank has adders to save\n", cli_shown(path));
        return CLI_OK;
    }
    if (!cli_graphs(s->netlist, NULL, &err))
        return cli_fail(&err);
    print_report(s, path);
    return report_pipeline(s, NULL, &err) ? CLI_OK : cli_fail(&err);
}

/* ---- every adder as a gate ---- */

static int report_circuit(const struct cf_netlist *circuit, const struct cli_args *args)
{
    const char *path = cli_value(args, "-o");
    uint64_t outputs = 0, gates = circuit->net_count - circuit->groups[CF_INPUT].count;
    for (uint32_t g = 1; g < circuit->group_count; g++)
        outputs += circuit->groups[g].output ? circuit->groups[g].count : 0;
    if (cli_given(args, "--json")) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddNumberToObject(document, "gates", (double)gates);
        cJSON_AddNumberToObject(document, "adders", (double)(gates - outputs));
        cJSON_AddNumberToObject(document, "outputs", (double)outputs);
        return cli_print_json(document);
    }
    char text[2][32];
    printf("%s: one place of each bank, written out: %s adders, and %s gates that read them\n", cli_shown(path),
           cli_thousands(gates - outputs, text[0]), cli_thousands(outputs, text[1]));
    return CLI_OK;
}

static int write_circuit(const struct cf_netlist *netlist, const struct cli_args *args)
{
    struct cf_netlist *circuit;
    struct cf_error err;
    if (!cf_write_out_graphs(&circuit, netlist, &err))
        return cli_fail(&err);
    bool done = cf_netlist_save(circuit, cli_value(args, "-o"), &err);
    int status = done ? report_circuit(circuit, args) : cli_fail(&err);
    cf_netlist_free(circuit);
    return status;
}

/* ---- the command ---- */

/* Are graphs to be sought, or those that NET holds to be written out? */
static bool is_search(const struct cli_args *args, const struct cf_netlist *netlist)
{
    return !cli_given(args, "--explicit") || !netlist->implementation || cli_given(args, "--effort") ||
           cli_given(args, "--seconds");
}

static bool search(struct session *s, const struct cf_optimise_options *options, struct cf_error *err)
{
    cli_catch_interrupts();
    double started = cli_seconds();
    snprintf(s->label, sizeof s->label, "optimising");
    cli_progress_start(&s->progress, s->label, "", 0);
    bool done = cf_implement(s->netlist, options, &s->report, err);
    cli_progress_finish(&s->progress);
    s->seconds = cli_seconds() - started;
    return done;
}

/* Writes and draws adders over depth where that is asked for. */
static bool write_curve(struct session *s, const struct cli_args *args, const struct cf_optimise_options *options,
                        struct cf_error *err)
{
    if (!cli_given(args, "--curve") && !cli_given(args, "--plot"))
        return true;
    cli_progress_start(&s->progress, s->label, "", 0);
    bool done = cli_curve(s->netlist, options, cli_value(args, "--curve"), cli_value(args, "--plot"), err);
    cli_progress_finish(&s->progress);
    return done;
}

static int run(const struct cli_args *args)
{
    struct session s = {0};
    struct cf_optimise_options options = {.go_on = go_on, .context = &s};
    struct cf_error err;
    const char *path = cli_value(args, "-o");
    if (!path)
        return cli_complain("optimize: -o NET2 is needed");
    if (!read_options(args, &options))
        return CLI_BAD;
    long long pipeline = 0;
    if (cli_given(args, "--pipeline") && !cli_integer(args, "--pipeline", 1, 1000000, &pipeline))
        return CLI_BAD;
    s.pipeline = (uint32_t)pipeline;
    if (!cf_netlist_load(&s.netlist, args->operands[0], &err))
        return cli_fail(&err);
    bool done = !is_search(args, s.netlist) || search(&s, &options, &err);
    bool written_out = cli_given(args, "--explicit");
    done = done && (written_out || cf_netlist_save(s.netlist, path, &err));
    int status = !done ? cli_fail(&err) : written_out ? write_circuit(s.netlist, args) : report(&s, args, &options);
    if (status == CLI_OK && !write_curve(&s, args, &options, &err))
        status = cli_fail(&err);
    free(s.report.graphs);
    cf_netlist_free(s.netlist);
    return status;
}

const struct cli_command cli_optimize = {
    .name = "optimize",
    .synopsis = "NET -o NET2 [options]",
    .summary =
        "Find fewer adders for gates that read the same nets: one shared graph of shifts and adds for each bank.",
    .details =
        "Cells that stand at the same places and read the same nets are a bank: the classifiers of a position, a "
        "bottleneck, the hidden layer of a box head. The command finds the banks of NET, and for each a graph of "
        "adders "
        "that computes all its sums without a multiplier. Banks with the same weights share one graph. NET2 holds "
        "the gates of NET as they are, and the graphs beside them: no name and no value of a gate changes. Every graph "
        "is proved equal to the cells by exact linear forms, before it is written and whenever the file is read.\n"
        "The graphs say how the sums can be built. `stats` counts them, `verilog` writes them, and `sim --engine bits "
        "--adders graphs` evaluates them; `faults` and `export` take their adders with --adders graphs.\n"
        "The same NET, effort and seed give the same file. With --seconds the result depends on the machine; the "
        "effort that led to it is printed. Ctrl-C ends the search and writes the best so far.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"-o", "NET2", NULL, "Write the netlist with its graphs to this file (required)."},
            {"--cost", "adders|full-adders|depth", "adders",
             "Keep the graph with the fewest adders, the fewest full adders, or the fewest adders on its longest "
             "path."},
            {"--effort", "N", "5", "Search with this effort, 0 to 10000; the time grows with it."},
            {"--seconds", "S", NULL,
             "Search for so many seconds instead, 86400 at most, with as much effort as they allow."},
            {"--max-depth", "N", NULL,
             "Let no path have more than N adders; sharing is then less nested. What even sums without sharing exceed "
             "is an error."},
            {"--pipeline", "N", NULL,
             "Say how many cycles and registers the graphs take with registers after every N adders."},
            {"--curve", "FILE", NULL,
             "Search again with smaller and smaller depths, and write them with their adders to this JSON file: "
             "`points` with `depth`, `adders` and `full_adders`. Each search takes the effort or the seconds given."},
            {"--plot", "FILE", NULL, "Draw these points as a PNG file."},
            {"--explicit", NULL, NULL,
             "Write a small circuit instead, in which every adder is a gate: one place of each bank. Graphs that NET "
             "holds are taken as they are, unless --effort or --seconds is given."},
            {"--seed", "N", "1", "Seed of the random choices."},
            {"--json", NULL, NULL,
             "Print JSON: `adders` with `before` and `after` (each graph once), `full_adders`, `depth`, `lower_bound`, "
             "`banks` and, on request, `pipeline` with `every`, `stages` and `registers`."},
            {0}},
    .run = run,
};
