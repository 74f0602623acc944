/* faults.c - cofiber faults: counts the stuck-at faults of the binary gates that frames find. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/graphs.h"
#include "cli/shard.h"
#include "netlists/lowering/lower.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "sim/faults/faults.h"

struct session {
    const struct cli_args *args;
    struct cf_netlist *netlist;
    struct cf_frames *frames;
    struct cf_network_cell *cells;
    struct cf_fault_choice choice;
    struct cf_fault_list list;
    struct cli_progress progress;
    uint64_t frame; /* under way */
    long long threads, missed;
};

/* ---- simulation -------------------------------------------------------------------------------------------------- */

/* Restricts the faults to the gates that --group or --gate names. */
static bool choose_gates(struct session *s, struct cf_error *err)
{
    const char *group = cli_value(s->args, "--group"), *gate = cli_value(s->args, "--gate");
    uint32_t g = group ? cf_netlist_find_group(s->netlist, group) : UINT32_MAX;
    if (group && (g == UINT32_MAX || g == CF_INPUT))
        return cf_fail(err, "--group: the netlist has no group of gates called '%s'", group);
    if (group) {
        s->choice.first_net = s->netlist->groups[g].first_net;
        s->choice.net_count = s->netlist->groups[g].count;
    }
    if (!gate)
        return true;
    s->choice.net_count = 1;
    return cf_net_find(s->netlist, gate, &s->choice.first_net, err) &&
           (s->choice.first_net >= s->netlist->groups[CF_INPUT].count ||
            cf_fail(err, "--gate: '%s' is an input, not a gate", gate));
}

static void show_progress(void *context, uint64_t done)
{
    struct session *s = context;
    cli_progress_update(&s->progress, s->frame * s->list.count + done);
}

static bool simulate(struct session *s, struct cf_error *err)
{
    struct cf_fault_options options = {.threads = (int)s->threads,
                                       .keep = cli_given(s->args, "--no-dropping"),
                                       .context = s,
                                       .progress = show_progress};
    struct cf_fault_sim *sim = NULL;
    int32_t *input = malloc(s->netlist->groups[CF_INPUT].count * sizeof *input);
    struct cf_quantiser *quantiser = cf_quantiser_new(s->netlist, NULL, err);
    bool done = quantiser && (input || cf_fail(err, "%s: out of memory", s->netlist->label)) &&
                cf_fault_sim_new(&sim, s->netlist, s->cells, &s->list, &options, err);
    cli_progress_start(&s->progress, "simulating", "faults x frames", s->list.count * cf_frames_count(s->frames));
    for (s->frame = 0; done && s->frame < cf_frames_count(s->frames); s->frame++) {
        done = cf_frames_quantise(s->frames, s->frame, quantiser, input, err);
        if (done)
            cf_fault_sim_run(sim, input, (uint32_t)s->frame);
    }
    cli_progress_finish(&s->progress);
    cf_fault_sim_free(sim);
    cf_quantiser_free(quantiser);
    free(input);
    return done;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

struct share {
    uint64_t population, faults, found, seen, detections;
};

static void tally(const struct session *s, struct share *groups)
{
    for (uint32_t g = 1; g < s->netlist->group_count; g++)
        groups[0].population += groups[g].population = s->list.population[g];
    for (uint64_t i = 0; i < s->list.count; i++) {
        const struct cf_fault *fault = &s->list.faults[i];
        struct share *both[2] = {&groups[cf_netlist_group_of(s->netlist, fault->net)], &groups[0]};
        for (int k = 0; k < 2; k++) {
            both[k]->faults++;
            both[k]->seen += fault->seen;
            both[k]->found += fault->frame != CF_FAULT_MISSED;
            both[k]->detections += fault->detections;
        }
    }
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

/* Calls `take` with the missed faults, at most `most` of each group. */
static void each_missed(const struct session *s, uint64_t most,
                        void (*take)(const struct session *s, const struct cf_fault *fault, void *context),
                        void *context)
{
    uint32_t group = 0;
    uint64_t taken = 0;
    for (uint64_t i = 0; i < s->list.count; i++) {
        const struct cf_fault *fault = &s->list.faults[i];
        if (fault->frame != CF_FAULT_MISSED)
            continue;
        uint32_t g = cf_netlist_group_of(s->netlist, fault->net);
        taken = g == group ? taken : 0;
        group = g;
        if (taken++ < most)
            take(s, fault, context);
    }
}

static void print_missed(const struct session *s, const struct cf_fault *fault, void *context)
{
    char text[256];
    (void)context;
    printf("missed: %s%s\n", cf_fault_text(fault, s->netlist, s->cells, text, sizeof text),
           fault->seen ? ", seen at the gate" : "");
}

static void print_row(const char *name, const struct share *share, bool detections)
{
    char text[5][32];
    printf("%-16s %18s %14s %14s %8.2f%% %14s %8.2f%%", name, cli_thousands(share->population, text[0]),
           cli_thousands(share->faults, text[1]), cli_thousands(share->seen, text[2]),
           percent(share->seen, share->faults), cli_thousands(share->found, text[3]),
           percent(share->found, share->faults));
    if (detections)
        printf(" %14s", cli_thousands(share->detections, text[4]));
    putchar('\n');
}

static void print_table(const struct session *s, const struct share *groups)
{
    bool detections = cli_given(s->args, "--no-dropping");
    printf("%-16s %18s %14s %14s %9s %14s %9s%s\n", "group", "faults in all", "simulated", "at the gate", "share",
           "found", "coverage", detections ? "     detections" : "");
    for (uint32_t g = 1; g < s->netlist->group_count; g++)
        if (groups[g].population)
            print_row(s->netlist->groups[g].name, &groups[g], detections);
    print_row("total", &groups[0], detections);
    each_missed(s, cli_given(s->args, "--missed") ? (uint64_t)s->missed : 3, print_missed, NULL);
}

static void add_missed(const struct session *s, const struct cf_fault *fault, void *context)
{
    struct cf_fault_place place = cf_fault_place(fault, s->netlist, s->cells);
    char name[CF_NAME_MAX];
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "gate", cf_net_name(s->netlist, fault->net, name, sizeof name));
    if (place.pin) {
        cJSON_AddNumberToObject(entry, "adder", place.adder);
        cJSON_AddStringToObject(entry, "pin", place.pin);
    } else {
        cJSON_AddNumberToObject(entry, "operand", place.operand);
        cJSON_AddNumberToObject(entry, "bit", place.bit);
    }
    cJSON_AddNumberToObject(entry, "stuck_at", fault->value);
    cJSON_AddBoolToObject(entry, "seen_at_gate", fault->seen);
    cJSON_AddItemToArray(context, entry);
}

static cJSON *json_of(const struct session *s, const struct share *groups)
{
    cJSON *document = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(document, "groups");
    bool sampled = s->choice.scope == CF_FAULT_SAMPLE;
    cJSON_AddNumberToObject(document, "frames", (double)cf_frames_count(s->frames));
    if (sampled)
        cJSON_AddNumberToObject(document, "sample", (double)s->choice.sample);
    if (s->choice.scope != CF_FAULT_ALL)
        cJSON_AddNumberToObject(document, "seed", (double)s->choice.seed);
    cJSON_AddNumberToObject(document, "faults", (double)groups[0].faults);
    cJSON_AddNumberToObject(document, "found", (double)groups[0].found);
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        if (!groups[g].population)
            continue;
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", s->netlist->groups[g].name);
        cJSON_AddNumberToObject(entry, "population", (double)groups[g].population);
        cJSON_AddNumberToObject(entry, "faults", (double)groups[g].faults);
        cJSON_AddNumberToObject(entry, "seen_at_gate", (double)groups[g].seen);
        if (cli_given(s->args, "--no-dropping"))
            cJSON_AddNumberToObject(entry, "detections", (double)groups[g].detections);
        cJSON_AddNumberToObject(entry, "found", (double)groups[g].found);
        cJSON_AddItemToArray(list, entry);
    }
    each_missed(s, cli_given(s->args, "--missed") ? (uint64_t)s->missed : UINT64_MAX, add_missed,
                cJSON_AddArrayToObject(document, "missed"));
    return document;
}

static int report(const struct session *s)
{
    struct share *groups = calloc(s->netlist->group_count, sizeof *groups);
    int status = CLI_OK;
    if (!groups)
        return cli_complain("out of memory");
    tally(s, groups);
    if (cli_given(s->args, "--json"))
        status = cli_print_json(json_of(s, groups));
    else
        print_table(s, groups);
    free(groups);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static bool read_options(struct session *s)
{
    const struct cli_args *args = s->args;
    long long sample, seed;
    int adders;
    bool all = cli_given(args, "--all"), cells = cli_given(args, "--cells");
    if (!cli_choice(args, "--adders", &adders) || !cli_integer(args, "--sample", 1, 1000000000, &sample) ||
        !cli_integer(args, "--seed", 0, INT64_MAX, &seed) || !cli_integer(args, "--threads", 0, 1024, &s->threads) ||
        (cli_given(args, "--missed") && !cli_integer(args, "--missed", 0, INT64_MAX, &s->missed)))
        return false;
    if (all + cells + cli_given(args, "--sample") > 1)
        return cli_complain("faults: --sample, --all and --cells: give one of them") == CLI_OK;
    if (cli_given(args, "--group") && cli_given(args, "--gate"))
        return cli_complain("faults: --group or --gate, not both") == CLI_OK;
    s->choice = (struct cf_fault_choice){.scope = all     ? CF_FAULT_ALL
                                                  : cells ? CF_FAULT_CELLS
                                                          : CF_FAULT_SAMPLE,
                                         .sample = (uint64_t)sample,
                                         .seed = (uint64_t)seed};
    if (s->threads == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        s->threads = processors > 0 ? processors : 1;
    }
    return true;
}

/* Keeps those of the listed faults that --shard asks for. */
static bool keep_shard(struct session *s, struct cf_error *err)
{
    uint64_t first, end;
    if (!cli_shard(s->args, s->list.count, &first, &end, err))
        return false;
    memmove(s->list.faults, s->list.faults + first, (size_t)(end - first) * sizeof *s->list.faults);
    s->list.count = end - first;
    return true;
}

static int run(const struct cli_args *args)
{
    struct session s = {.args = args};
    struct cf_error err;
    if (!read_options(&s))
        return CLI_BAD;
    bool done = cf_netlist_load(&s.netlist, args->operands[0], &err);
    if (!done)
        return cli_fail(&err);
    done = cli_place_graphs(&s.netlist, args, &err) && cli_frames_open(&s.frames, args, 1, s.netlist, &err) &&
           choose_gates(&s, &err) && (s.cells = cf_lower_cells(s.netlist, &err)) != NULL &&
           cf_fault_list_make(&s.list, s.netlist, s.cells, &s.choice, &err) && keep_shard(&s, &err) &&
           simulate(&s, &err);
    int status = done ? report(&s) : cli_fail(&err);
    cf_fault_list_free(&s.list);
    cf_lower_free(s.cells, s.netlist->cell_count);
    cf_frames_close(s.frames);
    cf_netlist_free(s.netlist);
    return status;
}

const struct cli_command cli_faults = {
    .name = "faults",
    .synopsis = "NET FRAMES... [options]",
    .summary = "Count the stuck-at faults of the binary gates that frames find.",
    .details =
        "A fault holds one pin of one gate's network at 0 or 1, while all other gates are sound. A pin is an operand "
        "bit, or an input, the sum or the carry of an adder, if something reads it. A frame finds a fault when a gate "
        "of an output group changes. The column `at the gate` counts the faults that change the output of their own "
        "gate, whether or not an output of the circuit changes.\n"
        "`faults in all` (in JSON, `population`) counts every pin of every gate at both values; faults that no test "
        "can tell apart count separately. From each group the command draws --sample faults without replacement, or "
        "takes all where there are no more. --all takes all faults, and refuses more than 200,000,000. --cells takes "
        "every pin of every cell, each at a gate of that cell drawn at random. A fault that a frame has found is "
        "dropped: later frames do not simulate it again.\n"
        "Missed faults are named by gate, adder, pin and value, or by gate, operand, bit and value. Numbers start at "
        "0, and operands are in the order of the cell's terms.",
    .min_operands = 2,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            CLI_FRAMES_OPTION,
            CLI_SHARD_OPTION("faults"),
            CLI_PLACED_OPTION,
            {"--sample", "N", "20000", "Simulate N faults of each group, at least 1."},
            {"--all", NULL, NULL, "Simulate every pin of every gate at both values."},
            {"--cells", NULL, NULL, "Simulate every pin of every cell at both values, once in each group."},
            {"--group", "NAME", NULL, "Simulate only faults in gates of this group."},
            {"--gate", "NAME", NULL, "Simulate only faults in this gate."},
            {"--seed", "S", "1", "Seed of the draw."},
            {"--threads", "N", "0", "Use N threads; 0 means one per processor."},
            {"--no-dropping", NULL, NULL,
             "Simulate faults that were found with later frames as well, and count all detections."},
            {"--missed", "N", NULL,
             "Name up to N missed faults of each group. Without this option 3 are named, and with --json all."},
            {"--json", NULL, NULL, "Print the figures and the missed faults as JSON."},
            {0}},
    .run = run,
};
