/* sim.c - cofiber sim: every gate's value, frame by frame. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "netlists/store.h"
#include "sim/frames.h"
#include "sim/trace.h"
#include "sim/word.h"

struct session {
    struct cf_netlist *netlist;
    struct cf_frames *frames;
    struct cf_trace *decisions, *trace; /* NULL: not asked for */
    int64_t *nets;
    uint64_t *fired; /* [group_count] over all frames */
};

static bool open_session(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    if (!cf_netlist_load(&s->netlist, args->operands[0], err) ||
        !cf_frames_open(&s->frames, args->operands + 1, args->operand_count - 1, err) ||
        !cf_frames_fit(s->frames, s->netlist, err))
        return false;
    uint64_t count = cf_frames_count(s->frames);
    s->nets = malloc((size_t)s->netlist->net_count * sizeof *s->nets);
    s->fired = calloc(s->netlist->group_count, sizeof *s->fired);
    if (!s->nets || !s->fired)
        return cf_fail(err, "%s: out of memory", args->operands[0]);
    const char *out = cli_value(args, "-o"), *trace = cli_value(args, "--trace");
    return (!out || cf_trace_create(&s->decisions, out, s->netlist, count, CF_TRACE_DECISIONS, err)) &&
           (!trace || cf_trace_create(&s->trace, trace, s->netlist, count, CF_TRACE_ALL, err));
}

static void close_session(struct session *s)
{
    cf_trace_abort(&s->decisions);
    cf_trace_abort(&s->trace);
    cf_frames_close(s->frames);
    cf_netlist_free(s->netlist);
    free(s->nets);
    free(s->fired);
}

static void count_fired(struct session *s)
{
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        for (uint32_t i = 0; group->output && i < group->count; i++)
            s->fired[g] += s->nets[group->first_net + i] > 0;
    }
}

static bool simulate(struct session *s, struct cf_error *err)
{
    uint64_t count = cf_frames_count(s->frames);
    struct cli_progress progress;
    cli_progress_start(&progress, "simulating", "frames", count);
    bool done = true;
    for (uint64_t n = 0; done && n < count; n++) {
        done = cf_frames_nets(s->frames, n, s->netlist, s->nets, err);
        if (!done)
            break;
        cf_word_evaluate(s->netlist, s->nets);
        count_fired(s);
        done = (!s->decisions || cf_trace_put(s->decisions, n, s->nets, err)) &&
               (!s->trace || cf_trace_put(s->trace, n, s->nets, err));
        cli_progress_update(&progress, n + 1);
    }
    cli_progress_finish(&progress);
    return done && (!s->decisions || cf_trace_commit(&s->decisions, err)) &&
           (!s->trace || cf_trace_commit(&s->trace, err));
}

static int report(const struct cli_args *args, const struct session *s)
{
    uint64_t frames = cf_frames_count(s->frames);
    cJSON *document = cJSON_CreateObject(), *groups = cJSON_AddObjectToObject(document, "fired");
    cJSON_AddNumberToObject(document, "frames", (double)frames);
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        char of[32];
        if (!group->output)
            continue;
        cJSON_AddNumberToObject(groups, group->name, (double)s->fired[g]);
        if (!cli_given(args, "--json"))
            printf("%s: %" PRIu64 " of %s gates fire in %" PRIu64 " frame%s\n", group->name, s->fired[g],
                   cli_thousands(group->count * frames, of), frames, frames == 1 ? "" : "s");
    }
    if (cli_given(args, "--json"))
        return cli_print_json(document);
    cJSON_Delete(document);
    return CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct session s = {0};
    bool done = open_session(args, &s, &err) && simulate(&s, &err);
    int status = done ? report(args, &s) : cli_fail(&err);
    close_session(&s);
    return status;
}

const struct cli_command cli_sim = {
    .name = "sim",
    .synopsis = "NET FRAMES... [-o OUT] [--trace FILE]",
    .summary = "Simulate every gate of a netlist on feature frames, bit for bit.",
    .details =
        "FRAMES are .npy or safetensors files of [D, H, W] or [N, D, H, W] features. OUT gets one U8 tensor "
        "[N, H, W, C] for each classify group, named as the group. The trace gets every group, and the quantised "
        "input as 'input', as I32 (I64 where wider).",
    .min_operands = 2,
    .max_operands = -1,
    .options = (const struct cli_option[]){{"-o", "OUT", NULL, "write the decisions to this safetensors file"},
                                           {"--trace", "FILE", NULL, "write every gate's value to this file"},
                                           {"--json", NULL, NULL, "print the summary as JSON"},
                                           {0}},
    .run = run,
};
