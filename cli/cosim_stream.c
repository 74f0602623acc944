/* cosim_stream.c - cofiber cosim --style stream: compares the accelerator's decisions and sums with the simulator's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/scratch.h"
#include "cli/interrupt.h"
#include "cli/stream.h"
#include "netlists/cell.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "rtl/tools/stream_sim.h"
#include "sim/library.h"

struct comparison {
    const struct cf_netlist *netlist;
    const struct cf_stream_plan *plan;
    const struct cf_stream_vectors *vectors;
    const struct cf_stream_outcome *outcome;
    int64_t *nets; /* [net_count]: of one frame, by the reference simulator */
    uint64_t decisions, sums, different_decisions, different_sums;
    char first[CF_NAME_MAX];
    uint64_t first_frame;
    int64_t first_expected, first_found;
};

static bool stop(void *context)
{
    (void)context;
    return cli_interrupted();
}

static void count_difference(struct comparison *c, uint64_t *count, uint64_t frame, uint32_t net, int64_t expected,
                             int64_t found)
{
    ++*count;
    if (c->first[0])
        return;
    cf_net_name(c->netlist, net, c->first, sizeof c->first);
    c->first_frame = frame;
    c->first_expected = expected;
    c->first_found = found;
}

/* Compares one scale of a frame, whose nets are in place. */
static void compare_scale(struct comparison *c, uint32_t frame, uint32_t scale, size_t record)
{
    const struct cf_stream_plan *plan = c->plan;
    const struct cf_group *group = &c->netlist->groups[plan->pyramid->group[scale]];
    uint32_t classes = plan->pyramid->classes;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct cf_cell *cell = &c->netlist->cells[group->cell[i]];
        size_t at = record * classes + i;
        int64_t sum = cf_cell_sum(cell, cf_instance_bases(group, i), c->nets) - cell->bias +
                      cf_stream_threshold(plan, scale, i % classes);
        int64_t fires = c->nets[group->first_net + i];
        c->decisions++;
        c->sums++;
        if (fires != c->outcome->fired[at])
            count_difference(c, &c->different_decisions, frame, group->first_net + i, fires, c->outcome->fired[at]);
        if (sum != c->outcome->sums[at])
            count_difference(c, &c->different_sums, frame, group->first_net + i, sum, c->outcome->sums[at]);
    }
}

static bool compare(struct comparison *c, struct cf_error *err)
{
    const struct cf_netlist *netlist = c->netlist;
    const cofiber_options options = {.mode = COFIBER_ALL_GATES};
    cofiber_sim *sim = NULL;
    cofiber_error error;
    c->nets = malloc((size_t)netlist->net_count * sizeof *c->nets);
    bool done = c->nets != NULL || cf_fail(err, "%s: out of memory", netlist->label);
    if (done && !cofiber_sim_new(&sim, cofiber_wrap(netlist), &options, &error))
        done = cf_fail(err, "%s", error.text);
    for (uint32_t f = 0; done && f < c->vectors->count; f++) {
        const cofiber_features features = {c->vectors->input + (size_t)f * netlist->groups[CF_INPUT].count,
                                           COFIBER_QUANTISED};
        size_t record = (size_t)f * c->plan->records;
        if (!cofiber_sim_run(sim, &features, &error))
            done = cf_fail(err, "%s", error.text);
        for (uint32_t g = 0; done && g < netlist->group_count; g++)
            if (!cofiber_read(cofiber_sim_result(sim), g, c->nets + netlist->groups[g].first_net))
                done = cf_fail(err, "%s: the simulator has no values of %s", netlist->label, netlist->groups[g].name);
        for (uint32_t k = 0; done && k < c->plan->pyramid->scales; k++) {
            compare_scale(c, f, k, record);
            record += (size_t)c->plan->scale[k].rows * c->plan->scale[k].columns;
        }
    }
    cofiber_sim_free(sim);
    free(c->nets);
    return done;
}

static int report(const struct cli_args *args, const struct comparison *c, uint32_t seed)
{
    const char *verdict = c->outcome->verdict;
    bool equal = c->different_decisions == 0 && c->different_sums == 0 && verdict[0] == 'P';
    if (cli_given(args, "--json")) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddBoolToObject(document, "equal", equal);
        cJSON_AddNumberToObject(document, "frames", c->vectors->count);
        cJSON_AddNumberToObject(document, "decisions", (double)c->decisions);
        cJSON_AddNumberToObject(document, "sums", (double)c->sums);
        cJSON_AddNumberToObject(document, "different_decisions", (double)c->different_decisions);
        cJSON_AddNumberToObject(document, "different_sums", (double)c->different_sums);
        cJSON_AddNumberToObject(document, "seed", seed);
        cJSON_AddNumberToObject(document, "cycles_per_frame", (double)c->plan->cycles);
        cJSON_AddNumberToObject(document, "run_seconds", c->outcome->seconds);
        if (cli_given(args, "--saif")) {
            cJSON *toggles = cJSON_AddObjectToObject(document, "toggles");
            cJSON_AddNumberToObject(toggles, "bits", (double)c->outcome->toggles.bits);
            cJSON_AddNumberToObject(toggles, "changes", (double)c->outcome->toggles.changes);
            cJSON_AddNumberToObject(toggles, "duration", (double)c->outcome->toggles.duration);
        }
        cli_json_text(document, "testbench", verdict);
        if (c->first[0])
            cJSON_AddStringToObject(document, "first", c->first);
        int status = cli_print_json(document);
        return status == CLI_OK && !equal ? CLI_DIFFERENT : status;
    }
    char decisions[32], sums[32], wrong[2][32];
    printf("testbench: %s\n", verdict);
    if (c->first[0])
        printf("first difference: frame %" PRIu64 ": %s: simulator %" PRId64 ", accelerator %" PRId64 "\n",
               c->first_frame, c->first, c->first_expected, c->first_found);
    printf("%s decisions and %s sums of %u frame%s compared, %s and %s differ\n",
           cli_thousands(c->decisions, decisions), cli_thousands(c->sums, sums), c->vectors->count,
           c->vectors->count == 1 ? "" : "s", cli_thousands(c->different_decisions, wrong[0]),
           cli_thousands(c->different_sums, wrong[1]));
    if (cli_given(args, "--saif"))
        printf("%s bits changed %s times; their counts are in %s\n", cli_thousands(c->outcome->toggles.bits, sums),
               cli_thousands(c->outcome->toggles.changes, decisions), cli_value(args, "--saif"));
    return equal ? CLI_OK : CLI_DIFFERENT;
}

/* Reads what is about the simulation. False after a message. */
static bool read_options(const struct cli_args *args, struct cf_stream_sim_options *options)
{
    long long stalls, seed = (long long)time(NULL) & 0xffffff;
    int simulator;
    if (cli_given(args, "--wave") && cli_given(args, "--saif"))
        return cli_complain("cosim: --wave and --saif do not go together") == CLI_OK;
    if (!cli_integer(args, "--stalls", 0, 95, &stalls) || !cli_choice(args, "--simulator", &simulator) ||
        (cli_given(args, "--seed") && !cli_integer(args, "--seed", 1, 0x7fffffff, &seed)))
        return false;
    *options = (struct cf_stream_sim_options){.rtl_directory = cli_value(args, "--rtl"),
                                              .verilator = simulator == 0,
                                              .seed = (uint32_t)seed,
                                              .input_stalls = (uint32_t)stalls,
                                              .output_stalls = (uint32_t)stalls,
                                              .wave = cli_value(args, "--wave"),
                                              .saif = cli_value(args, "--saif"),
                                              .scope = cli_value(args, "--signals"),
                                              .stop = stop};
    return true;
}

static int simulate(const struct cli_args *args, const struct cf_netlist *netlist, const struct cli_stream *stream,
                    struct cf_stream_sim_options *options)
{
    struct cf_error err;
    struct cli_stream_vectors made;
    struct cf_stream_outcome outcome = {0};
    struct cf_scratch scratch = {0};
    const char *place = getenv("TMPDIR");
    struct comparison c = {.netlist = netlist, .plan = &stream->plan, .vectors = &made.vectors, .outcome = &outcome};
    bool done = cli_stream_vectors_make(&made, args, 1, netlist, &stream->plan, &err) &&
                cf_scratch_make(&scratch, place && *place == '/' ? place : "/tmp", "cofiber-stream", &err);
    options->scratch = scratch.path;
    done = done && cf_stream_simulate(&outcome, &stream->plan, &made.vectors, options, &err) && compare(&c, &err);
    int status = done ? report(args, &c, options->seed) : cli_fail(&err);
    cf_stream_outcome_free(&outcome);
    cli_stream_vectors_free(&made);
    cf_scratch_remove(&scratch);
    return status;
}

int cli_cosim_stream(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_netlist *netlist;
    struct cli_stream stream;
    struct cf_stream_sim_options options;
    if (!read_options(args, &options))
        return CLI_BAD;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    cli_catch_interrupts();
    int status = CLI_BAD;
    if (cli_stream_make(&stream, args, netlist, NULL, NULL, &err))
        status = simulate(args, netlist, &stream, &options);
    else if (err.text[0])
        status = cli_fail(&err);
    cli_stream_free(&stream);
    cf_netlist_free(netlist);
    return status;
}
