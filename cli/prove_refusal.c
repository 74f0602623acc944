/* prove_refusal.c - prints what cofiber prove says of a refusal: the gates, and an input that shows it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/npy.h"
#include "cli/features.h"
#include "cli/interrupt.h"
#include "cli/prove_report.h"
#include "netlists/names.h"
#include "sim/frames/quantise.h"

static void on_progress(void *user, uint64_t done, uint64_t total)
{
    struct cli_progress *progress = user;
    progress->total = total;
    cli_progress_update(progress, done);
}

static bool stop(void *user)
{
    (void)user;
    return cli_interrupted();
}

/* Writes the input as features [D, H, W], which quantise to it. */
static bool write_input(const char *path, const struct cf_netlist *netlist, const int32_t *input, struct cf_error *err)
{
    if (!cf_quantiser_fits(netlist, err))
        return false;
    struct cf_frame_shape shape = cf_input_shape(netlist);
    uint64_t sides[3] = {shape.channels, shape.height, shape.width};
    float *features = malloc(netlist->groups[CF_INPUT].count * sizeof *features);
    bool done = (features || cf_fail(err, "%s: out of memory", path)) &&
                cli_to_features(netlist, input, features, err) && cf_npy_write(path, CF_F32, 3, sides, features, err);
    free(features);
    return done;
}

bool cli_show_refusal(const struct cli_args *args, const struct cf_netlist *netlist, const struct cf_proof *proof,
                      struct cli_shown_input *shown, struct cf_error *err)
{
    uint32_t *gates = calloc(proof->gate_count + (size_t)1, sizeof *gates);
    if (!gates)
        return cf_fail(err, "%s: out of memory", args->operands[0]);
    for (uint32_t i = 0; i < proof->gate_count; i++)
        gates[i] = proof->gates[i].net;
    struct cli_progress progress;
    const struct cf_witness_options options = {.rtl_directory = cli_value(args, "--rtl"),
                                               .cache_directory = cli_value(args, "--cache"),
                                               .gates = gates,
                                               .gate_count = proof->gate_count,
                                               .progress = on_progress,
                                               .stop = stop,
                                               .user = &progress};
    cli_progress_start(&progress, "building with Verilator", "files", 0);
    shown->looked = cf_find_witness(netlist, &options, &shown->witness, &shown->why);
    cli_progress_finish(&progress);
    free(gates);
    const char *path = cli_value(args, "--input");
    return !path || !shown->witness.found || write_input(path, netlist, shown->witness.input, err);
}

static void print_input(const struct cli_args *args, const struct cf_netlist *netlist,
                        const struct cli_shown_input *shown)
{
    const struct cf_witness *w = &shown->witness;
    char name[CF_NAME_MAX];
    if (!shown->looked) {
        printf("no input was looked for: ");
        cli_print_text(shown->why.text);
        printf("\n");
        return;
    }
    if (!w->found) {
        printf("no input shows it, of %" PRIu32 " that the simulator and Verilator's model ran\n", w->tried);
        return;
    }
    printf("an input shows it: %s is %" PRId64 " in the simulator, %" PRId64 " in Verilator's model",
           cf_net_name(netlist, w->net, name, sizeof name), w->simulated, w->verilog);
    if (cli_given(args, "--input")) {
        printf("; see ");
        cli_print_text(cli_shown(cli_value(args, "--input")));
    }
    printf("\n");
}

/* How many of the `count` refused gates from `first` on are of its group and refused for the same reason, in a row. */
static uint32_t count_alike(const struct cf_netlist *netlist, const struct cf_refused *first, uint32_t count)
{
    uint32_t group = cf_netlist_group_of(netlist, first->net), like = 1;
    while (like < count && cf_netlist_group_of(netlist, first[like].net) == group &&
           strcmp(first[like].why, first->why) == 0)
        like++;
    return like;
}

void cli_print_refusal(const struct cli_args *args, const struct cf_netlist *netlist, const struct cf_proof *proof,
                       const struct cli_shown_input *shown)
{
    char name[CF_NAME_MAX];
    printf("not proved: ");
    cli_print_text(proof->refusal);
    printf("\n");
    for (uint32_t i = 0, like; i < proof->gate_count; i += like) {
        const struct cf_refused *gate = &proof->gates[i];
        like = count_alike(netlist, gate, proof->gate_count - i);
        printf("  %s", cf_net_name(netlist, gate->net, name, sizeof name));
        if (like > 1)
            printf(" and %" PRIu32 " more of %s", like - 1,
                   netlist->groups[cf_netlist_group_of(netlist, gate->net)].name);
        printf(": ");
        cli_print_text(gate->why);
        printf("\n");
    }
    if (shown)
        print_input(args, netlist, shown);
}

void cli_json_refusal(cJSON *document, const struct cf_netlist *netlist, const struct cf_proof *proof,
                      const struct cli_shown_input *shown)
{
    char name[CF_NAME_MAX];
    cJSON *failed = cJSON_AddArrayToObject(document, "failed");
    if (proof->refusal)
        cli_json_add_text(failed, proof->refusal);
    cJSON *gates = cJSON_AddArrayToObject(document, "gates");
    for (uint32_t i = 0; i < proof->gate_count; i++) {
        cJSON *gate = cJSON_CreateObject();
        cJSON_AddItemToArray(gates, gate);
        cJSON_AddStringToObject(gate, "gate", cf_net_name(netlist, proof->gates[i].net, name, sizeof name));
        cli_json_text(gate, "why", proof->gates[i].why);
    }
    if (!shown)
        return;
    const struct cf_witness *w = &shown->witness;
    cJSON *input = cJSON_AddObjectToObject(document, "input");
    cJSON_AddBoolToObject(input, "found", w->found);
    cJSON_AddNumberToObject(input, "tried", w->tried);
    if (!shown->looked)
        cli_json_text(input, "why_not", shown->why.text);
    if (!w->found)
        return;
    cJSON_AddStringToObject(input, "gate", cf_net_name(netlist, w->net, name, sizeof name));
    cJSON_AddNumberToObject(input, "simulator", (double)w->simulated);
    cJSON_AddNumberToObject(input, "verilog", (double)w->verilog);
}
