/* faults.c - cofiber faults: how many stuck-at faults of the binary gates do these frames find? */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "compiler/lower.h"
#include "netlists/store.h"
#include "sim/faults.h"
#include "sim/frames.h"

struct session {
    const struct cli_args *args;
    struct cf_netlist *netlist;
    struct cf_frames *frames;
    struct cf_bits_cell *cells;
    struct cf_fault_list list;
    long long sample, seed, threads, shown;
};

static bool simulate(struct session *s, struct cf_error *err)
{
    int32_t *input = malloc(s->netlist->groups[CF_INPUT].count * sizeof *input);
    bool done = input || cf_fail(err, "%s: out of memory", s->netlist->label);
    struct cli_progress progress;
    cli_progress_start(&progress, "simulating faults", "frames", cf_frames_count(s->frames));
    for (uint64_t f = 0; done && f < cf_frames_count(s->frames); f++) {
        done = cf_frames_quantise(s->frames, f, s->netlist, input, err) &&
               cf_faults_run(&s->list, s->netlist, s->cells, input, (uint32_t)f, (int)s->threads, err);
        cli_progress_update(&progress, f + 1);
    }
    cli_progress_finish(&progress);
    free(input);
    return done;
}

struct share {
    uint64_t population; /* of faults: every pin that is read of every gate, at 0 and at 1 */
    uint64_t faults, found, seen;
};

/* The faults of one cell's network: its inputs that are read, and the pins of its adders. */
static bool count_faults(const struct cf_bits *bits, uint64_t *faults, struct cf_error *err)
{
    struct cf_bits_counts counts;
    uint8_t *read = calloc(cf_bits_signals(bits), 1);
    bool done = (read || cf_fail(err, "out of memory")) && cf_bits_count(bits, &counts, err);
    uint64_t pins = 0;
    for (uint32_t n = 0; done && n < bits->node_count; n++) /* lowered cells are swept: every adder is read */
        read[bits->nodes[n].a >> 1] = read[bits->nodes[n].b >> 1] = read[bits->nodes[n].c >> 1] = 1;
    for (uint32_t i = 0; done && i < bits->output_count; i++)
        read[bits->outputs[i] >> 1] = 1;
    for (uint32_t i = 0; done && i < bits->input_count; i++)
        pins += read[1 + i];
    if (done)
        *faults = 2 * (pins + 5 * counts.full_adders + 4 * (counts.majority_gates + counts.parity_gates) +
                       4 * counts.half_adders + 3 * (counts.and_gates + counts.xor_gates));
    free(read);
    return done;
}

static bool count_population(const struct session *s, struct share *groups, struct cf_error *err)
{
    const struct cf_netlist *n = s->netlist;
    uint64_t *faults = calloc(n->cell_count ? n->cell_count : 1, sizeof *faults);
    bool done = faults || cf_fail(err, "%s: out of memory", n->label);
    for (uint32_t c = 0; done && c < n->cell_count; c++)
        done = count_faults(&s->cells[c].bits, &faults[c], err);
    for (uint32_t g = 1; done && g < n->group_count; g++) {
        for (uint32_t i = 0; i < n->groups[g].count; i++)
            groups[g].population += faults[n->groups[g].cell[i]];
        groups[0].population += groups[g].population;
    }
    free(faults);
    return done;
}

static void tally(const struct session *s, struct share *groups)
{
    for (uint64_t i = 0; i < s->list.count; i++) {
        const struct cf_fault *fault = &s->list.faults[i];
        struct share *both[2] = {&groups[cf_netlist_group_of(s->netlist, fault->net)], &groups[0]};
        for (int k = 0; k < 2; k++) {
            both[k]->faults++;
            both[k]->seen += fault->seen;
            both[k]->found += fault->frame != CF_FAULT_MISSED;
        }
    }
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

/* Missed faults, at most `most` of each group. */
static void print_missed(const struct session *s, uint64_t most)
{
    uint32_t group = 0;
    uint64_t printed = 0;
    for (uint64_t i = 0; i < s->list.count; i++) {
        const struct cf_fault *fault = &s->list.faults[i];
        uint32_t g = cf_netlist_group_of(s->netlist, fault->net);
        char text[256];
        if (g != group)
            printed = 0;
        group = g;
        if (fault->frame == CF_FAULT_MISSED && printed++ < most)
            printf("missed: %s\n", cf_fault_text(fault, s->netlist, s->cells, text, sizeof text));
    }
}

static void print_table(const struct session *s, const struct share *groups)
{
    char text[4][32];
    printf("%-16s %18s %14s %14s %9s %14s %9s\n", "group", "faults in all", "simulated", "at the gate", "share",
           "found", "coverage");
    for (uint32_t g = 1; g <= s->netlist->group_count; g++) {
        uint32_t row = g == s->netlist->group_count ? 0 : g;
        const struct share *share = &groups[row];
        printf("%-16s %18s %14s %14s %8.2f%% %14s %8.2f%%\n", row ? s->netlist->groups[row].name : "total",
               cli_thousands(share->population, text[3]), cli_thousands(share->faults, text[0]),
               cli_thousands(share->seen, text[1]), percent(share->seen, share->faults),
               cli_thousands(share->found, text[2]), percent(share->found, share->faults));
    }
    print_missed(s, (uint64_t)s->shown);
}

static cJSON *json_of(const struct session *s, const struct share *groups)
{
    cJSON *document = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(document, "groups");
    cJSON_AddNumberToObject(document, "frames", (double)cf_frames_count(s->frames));
    cJSON_AddNumberToObject(document, "faults", (double)groups[0].faults);
    cJSON_AddNumberToObject(document, "found", (double)groups[0].found);
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", s->netlist->groups[g].name);
        cJSON_AddNumberToObject(entry, "population", (double)groups[g].population);
        cJSON_AddNumberToObject(entry, "faults", (double)groups[g].faults);
        cJSON_AddNumberToObject(entry, "seen_at_gate", (double)groups[g].seen);
        cJSON_AddNumberToObject(entry, "found", (double)groups[g].found);
        cJSON_AddItemToArray(list, entry);
    }
    cJSON *missed = cJSON_AddArrayToObject(document, "missed");
    for (uint64_t i = 0; i < s->list.count; i++) {
        char text[256];
        if (s->list.faults[i].frame == CF_FAULT_MISSED)
            cJSON_AddItemToArray(
                missed, cJSON_CreateString(cf_fault_text(&s->list.faults[i], s->netlist, s->cells, text, sizeof text)));
    }
    return document;
}

static int report(const struct session *s)
{
    struct share *groups = calloc(s->netlist->group_count, sizeof *groups);
    struct cf_error err;
    int status = CLI_OK;
    if (!groups)
        return cli_complain("out of memory");
    tally(s, groups);
    if (!count_population(s, groups, &err))
        status = cli_fail(&err);
    else if (cli_given(s->args, "--json"))
        status = cli_print_json(json_of(s, groups));
    else
        print_table(s, groups);
    free(groups);
    return status;
}

static int run(const struct cli_args *args)
{
    struct session s = {.args = args};
    struct cf_error err;
    if (!cli_integer(args, "--sample", 1, 1000000000, &s.sample) ||
        !cli_integer(args, "--seed", 0, INT64_MAX, &s.seed) || !cli_integer(args, "--threads", 1, 1024, &s.threads) ||
        !cli_integer(args, "--missed", 0, INT64_MAX, &s.shown))
        return CLI_BAD;
    bool done = cf_netlist_load(&s.netlist, args->operands[0], &err);
    if (!done)
        return cli_fail(&err);
    done = cf_frames_open(&s.frames, args->operands + 1, args->operand_count - 1, &err) &&
           cf_frames_fit(s.frames, s.netlist, &err) && (s.cells = cf_lower_cells(s.netlist, &err)) != NULL &&
           cf_fault_list_make(&s.list, s.netlist, s.cells, cli_given(args, "--all") ? 0 : (uint64_t)s.sample,
                              (uint64_t)s.seed, &err) &&
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
        "A fault holds one pin (an operand bit, or an input, the sum or the carry of an adder) of one gate's network "
        "at 0 or 1; all other gates are sound. A frame finds it when a gate of an output group changes ('at the gate': "
        "when the gate's own output does, whatever becomes of that). By default "
        "faults are sampled in each group, at gates drawn at random, 64 faults a gate; --all takes every pin of every "
        "cell at both values, 64 at a time at a gate of the cell drawn at random. A fault once found is dropped. "
        "'Faults in all' (JSON: population) is every pin that something reads, of every gate, at both values.",
    .min_operands = 2,
    .max_operands = -1,
    .options = (const struct cli_option[]){{"--sample", "N", "20000", "faults of each group, at least 1"},
                                           {"--all", NULL, NULL, "every pin of every cell, once"},
                                           {"--seed", "S", "1", "of the draw"},
                                           {"--threads", "T", "1", "threads"},
                                           {"--missed", "N", "3", "name up to N missed faults of each group"},
                                           {"--json", NULL, NULL, "print the figures, and all missed faults, as JSON"},
                                           {0}},
    .run = run,
};
