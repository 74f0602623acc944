/* sim.c - cofiber sim: runs frames through the library and writes decisions and traces to files. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/fired.h"
#include "cli/frames.h"
#include "cli/interrupt.h"
#include "cli/resume.h"
#include "cli/saturation.h"
#include "cli/shard.h"
#include "netlists/store.h"
#include "sim/frames/saturation.h"
#include "sim/frames/trace.h"
#include "sim/library.h"

#define PARTIAL ".partial"
#define RESUME ".resume"

/* An output file appears when it is complete; a run that was interrupted leaves what it has as PATH.partial. */
struct output {
    const char *path; /* NULL: not asked for */
    char *partial;    /* path and ".partial"; NULL for what is no regular file (/dev/null) */
    struct cf_trace *trace;
};

struct session {
    struct cf_netlist *netlist;
    struct cf_frames *frames;
    cofiber_sim *sim;
    struct output decisions, trace;
    long long threads;
    int adders; /* the choices of --adders are in its order */
    int engine; /* a cofiber_engine: the choices of --engine are in its order */
    struct cli_resume resume;
    char *resume_path; /* NULL: no output to continue */
    struct cli_progress progress;
    bool list; /* the decisions that fire, line by line */
    struct cli_fired fired;
    uint64_t finished; /* in this run */
    double seconds;
    struct cf_saturation limits;
    atomic_uint_fast64_t saturated; /* features of this run that are clamped */
    cJSON *plan;                    /* its lines, for --json; else NULL */
};

static char *with_suffix(const char *path, const char *suffix)
{
    char *text = malloc(strlen(path) + strlen(suffix) + 1);
    if (text)
        sprintf(text, "%s%s", path, suffix);
    return text;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static bool open_output(struct session *s, struct output *output, const char *path, enum cf_trace_kind kind,
                        struct cf_error *err)
{
    if (!path)
        return true;
    bool special = !cf_out_is_file(path);
    output->path = path;
    output->partial = special ? NULL : with_suffix(path, PARTIAL);
    if (!special && !output->partial)
        return cf_fail(err, "%s: out of memory", path);
    if (!s->resume_path && !special)
        s->resume_path = with_suffix(path, RESUME);
    return cf_trace_create(&output->trace, path, s->netlist, cf_frames_count(s->frames), kind, err);
}

/* Says which of the frames are simulated: NULL for all, the value of --frames, or a digest of that and of --shard. */
static const char *selection_of(const struct cli_args *args, char digest[CF_SHA256_HEX])
{
    const char *list = cli_value(args, "--frames"), *shard = cli_value(args, "--shard");
    char hex[CF_SHA256_HEX], both[CF_SHA256_HEX + 16];
    if (!shard)
        return list;
    cf_sha256(list ? list : "", list ? strlen(list) : 0, hex);
    int length = snprintf(both, sizeof both, "%s %.14s", hex, shard);
    cf_sha256(both, (size_t)length, digest);
    return digest;
}

/* Takes over what an interrupted run left. */
static bool take_up(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    s->resume.count = cf_frames_count(s->frames);
    s->resume.fired = calloc(s->netlist->group_count, sizeof *s->resume.fired);
    if (!s->resume.fired)
        return cf_fail(err, "%s: out of memory", args->operands[0]);
    if (!cli_given(args, "--resume") || !s->resume_path)
        return true;
    char digest[CF_SHA256_HEX];
    if (!cli_resume_identify(&s->resume, args->operands[0], args->operands + 1, args->operand_count - 1,
                             selection_of(args, digest), err) ||
        !cli_resume_read(&s->resume, s->resume_path, s->netlist->group_count, err))
        return false;
    struct output *outputs[] = {&s->decisions, &s->trace};
    for (int i = 0; i < 2; i++)
        if (s->resume.done && outputs[i]->trace && outputs[i]->partial &&
            !cf_trace_copy(outputs[i]->trace, outputs[i]->partial, s->resume.done, err))
            return false;
    return true;
}

static bool make_simulator(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    cofiber_error error;
    cofiber_options options = {.mode = cli_given(args, "--decisions") ? COFIBER_DECISIONS : COFIBER_ALL_GATES,
                               .isa = cli_value(args, "--isa"),
                               .threads = (int)s->threads,
                               .engine = (cofiber_engine)s->engine,
                               .graphs = s->adders == 1};
    if (!cofiber_sim_new(&s->sim, cofiber_wrap(s->netlist), &options, &error))
        return cf_fail(err, "%s", error.text);
    s->threads = cofiber_sim_threads(s->sim);
    return true;
}

static bool open_frames(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    return cli_frames_open_shard(&s->frames, args, 1, s->netlist, err) &&
           open_output(s, &s->decisions, cli_value(args, "-o"), CF_TRACE_DECISIONS, err) &&
           open_output(s, &s->trace, cli_value(args, "--trace"), CF_TRACE_ALL, err) && take_up(args, s, err);
}

static void close_session(struct session *s)
{
    struct output *outputs[] = {&s->decisions, &s->trace};
    for (int i = 0; i < 2; i++) {
        cf_trace_abort(&outputs[i]->trace);
        free(outputs[i]->partial);
    }
    cli_fired_free(&s->fired);
    cofiber_sim_free(s->sim);
    cf_frames_close(s->frames);
    cf_netlist_free(s->netlist);
    cJSON_Delete(s->plan);
    free(s->resume.fired);
    free(s->resume_path);
}

/* ---- the batch ------------------------------------------------------------------------------------------------- */

static bool give_frame(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    struct session *s = context;
    struct cf_tensor view;
    (void)error;
    /* The next frames are read while this one is simulated. */
    uint64_t ahead = frame + (uint64_t)cofiber_sim_threads(s->sim);
    if (ahead < cf_frames_count(s->frames))
        cf_frames_prefetch(s->frames, ahead);
    cf_frames_view(s->frames, frame, &view);
    s->saturated += cf_saturated(s->limits, &view);
    *features = cf_features_of(&view);
    return true;
}

static void release_frame(void *context, uint64_t frame)
{
    const struct session *s = context;
    cf_frames_release(s->frames, frame);
}

static uint64_t count_fired(const void *values, enum cf_storage storage, uint32_t count)
{
    uint64_t fired = 0;
    const int8_t *bytes = values;
    if (storage == CF_STORE8)
        for (uint32_t i = 0; i < count; i++)
            fired += bytes[i] > 0;
    else
        for (uint32_t i = 0; i < count; i++)
            fired += cf_storage_get(values, storage, i) > 0;
    return fired;
}

/* Whether anybody asks for a group's values. */
static bool is_wanted(const struct session *s, uint32_t g)
{
    return (g != CF_INPUT && s->netlist->groups[g].output) || (s->trace.trace && cf_trace_holds(s->trace.trace, g));
}

/* Counts and writes one group of one frame; its values are stored as the group's type says. */
static bool take_group(struct session *s, uint64_t frame, uint32_t g, const void *values, struct cf_error *err)
{
    const struct cf_group *group = &s->netlist->groups[g];
    struct output *outputs[] = {&s->decisions, &s->trace};
    if (g != CF_INPUT && group->output)
        s->resume.fired[g] += count_fired(values, cf_storage_of(group->type), group->count);
    for (int i = 0; i < 2; i++)
        if (outputs[i]->trace && cf_trace_holds(outputs[i]->trace, g) &&
            !cf_trace_put_group(outputs[i]->trace, frame, g, values, err))
            return false;
    return true;
}

static bool take_result(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    struct session *s = context;
    struct cf_error err;
    for (uint32_t g = 0; g < s->netlist->group_count; g++)
        if (is_wanted(s, g) && !take_group(s, frame, g, cofiber_values(result, g, NULL), &err))
            return cf_pass_on(error, &err);
    if (s->list && !cli_fired_put(&s->fired, frame, result, &err))
        return cf_pass_on(error, &err);
    cli_progress_update(&s->progress, ++s->finished);
    return true;
}

static bool asked_to_stop(void *context)
{
    (void)context;
    return cli_interrupted();
}

static bool run_batch(struct session *s, struct cf_error *err)
{
    uint64_t left = s->resume.count - s->resume.done, done = 0;
    s->limits = cf_saturation_of(s->netlist->groups[CF_INPUT].type, s->netlist->input_scale);
    cofiber_batch batch = {.first = s->resume.done,
                           .count = left,
                           .source = give_frame,
                           .release = release_frame,
                           .sink = take_result,
                           .stop = asked_to_stop,
                           .context = s};
    cofiber_error error;
    bool good = cofiber_sim_run_batch(s->sim, &batch, &done, &error);
    s->resume.done += done;
    if (!good && error.element != COFIBER_NONE)
        return cf_frames_refuse(s->frames, error.frame, error.element, err);
    return good || cf_fail(err, "%s", error.text);
}

static bool simulate(struct session *s, struct cf_error *err)
{
    cli_progress_start(&s->progress, "simulating", "frames", s->resume.count - s->resume.done);
    s->seconds = cli_seconds();
    bool good = run_batch(s, err);
    s->seconds = cli_seconds() - s->seconds;
    cli_progress_finish(&s->progress);
    return good;
}

/* Completes a file under its own name, or leaves it as partial. */
static bool close_output(struct output *output, bool complete, struct cf_error *err)
{
    if (!output->trace)
        return true;
    if (!complete && !cf_trace_add_suffix(output->trace, PARTIAL, err))
        return false;
    if (!cf_trace_commit(&output->trace, err))
        return false;
    if (complete && output->partial)
        unlink(output->partial); /* what an interrupted run left, if there was one */
    return true;
}

/* Leaves what --resume needs, and says so. */
static bool interrupt(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    char of[32], done[32], digest[CF_SHA256_HEX];
    if (s->resume_path && (!close_output(&s->decisions, false, err) || !close_output(&s->trace, false, err) ||
                           !cli_resume_identify(&s->resume, args->operands[0], args->operands + 1,
                                                args->operand_count - 1, selection_of(args, digest), err) ||
                           !cli_resume_write(&s->resume, s->resume_path, s->netlist->group_count, err)))
        return false;
    return cf_fail(err, "sim: interrupted after %s of %s frames%s", cli_thousands(s->resume.done, done),
                   cli_thousands(s->resume.count, of), s->resume_path ? "; --resume continues from there" : "");
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

/* Gates with an output of one bit fire; wider outputs are linear and have a value. */
static bool fires(const struct cf_group *group)
{
    return group->type.width == 1 && !group->type.is_signed;
}

static void add_results(const struct session *s, cJSON *document)
{
    cJSON *fired = cJSON_AddObjectToObject(document, "fired"), *positive = NULL;
    cJSON_AddNumberToObject(document, "frames", (double)s->resume.count);
    cJSON_AddStringToObject(document, "engine", s->engine == COFIBER_BITS ? "bits" : "word");
    cJSON_AddStringToObject(document, "isa", cofiber_sim_isa(s->sim));
    cJSON_AddNumberToObject(document, "threads", (double)s->threads);
    cJSON_AddNumberToObject(document, "seconds", s->seconds);
    cJSON_AddNumberToObject(document, "saturated", (double)s->saturated);
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        if (!group->output)
            continue;
        if (!fires(group) && !positive)
            positive = cJSON_AddObjectToObject(document, "positive");
        cJSON_AddNumberToObject(fires(group) ? fired : positive, group->name, (double)s->resume.fired[g]);
    }
}

static int report_json(struct session *s)
{
    cJSON *document = cJSON_CreateObject();
    if (s->frames)
        add_results(s, document);
    if (s->plan && cJSON_AddItemToObject(document, "plan", s->plan))
        s->plan = NULL;
    return cli_print_json(document);
}

static int report(const struct session *s)
{
    uint64_t frames = s->resume.count;
    for (uint32_t g = 1; s->frames && g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        char of[32];
        if (group->output)
            printf("%s: %" PRIu64 " of %s %s in %" PRIu64 " frame%s\n", group->name, s->resume.fired[g],
                   cli_thousands(group->count * frames, of),
                   fires(group) ? "gates fire" : "linear outputs are positive", frames, frames == 1 ? "" : "s");
    }
    return CLI_OK;
}

static void print_line(void *context, const char *text)
{
    (void)context;
    cli_print_text(text);
    putchar('\n');
}

static void keep_line(void *plan, const char *text)
{
    cJSON_AddItemToArray(plan, cJSON_CreateString(text));
}

static bool describe_plan(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    if (!cli_given(args, "--json")) {
        cofiber_sim_describe(s->sim, print_line, NULL);
        return true;
    }
    s->plan = cJSON_CreateArray();
    if (!s->plan)
        return cf_fail(err, "%s: out of memory", s->netlist->label);
    cofiber_sim_describe(s->sim, keep_line, s->plan);
    return true;
}

static bool run_session(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    bool frames = args->operand_count > 1;
    if (!cf_netlist_load(&s->netlist, args->operands[0], err) || (frames && !open_frames(args, s, err)) ||
        !make_simulator(args, s, err))
        return false;
    if (cli_given(args, "--plan") && !describe_plan(args, s, err))
        return false;
    if (!frames)
        return true;
    s->list = cli_given(args, "--list");
    s->fired.netlist = s->netlist;
    cli_catch_interrupts();
    if (!simulate(s, err))
        return false;
    if (s->resume.done < s->resume.count)
        return interrupt(args, s, err);
    if (!close_output(&s->decisions, true, err) || !close_output(&s->trace, true, err))
        return false;
    if (s->resume_path)
        unlink(s->resume_path); /* of an earlier, interrupted run; most often there is none */
    return true;
}

/* True when the two outputs, or what an interrupted run leaves of them, are one file. */
static bool outputs_collide(const char *decisions, const char *trace)
{
    static const char *const suffixes[] = {"", PARTIAL, RESUME};
    bool collide = false;
    for (int i = 0; decisions && trace && i < 3; i++) {
        char *left = with_suffix(decisions, suffixes[i]), *right = with_suffix(trace, suffixes[i]);
        collide = collide || (left && right && (cf_out_same(left, trace) || cf_out_same(decisions, right)));
        free(left);
        free(right);
    }
    return collide;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct session s = {0};
    if (!cli_integer(args, "--threads", 0, 1024, &s.threads))
        return CLI_BAD;
    if (!cli_choice(args, "--engine", &s.engine) || !cli_choice(args, "--adders", &s.adders))
        return CLI_BAD;
    if (s.engine != COFIBER_BITS && s.adders == 1)
        return cli_complain("sim: --adders graphs needs --engine bits");
    if (s.engine == COFIBER_BITS && (cli_given(args, "--decisions") || cli_given(args, "--plan")))
        return cli_complain(
            "sim: --engine bits evaluates every gate, without a plan: leave out --decisions and --plan");
    if (args->operand_count < 2 && !cli_given(args, "--plan"))
        return cli_complain("sim: no FRAMES (--plan alone needs none)");
    if (cli_given(args, "--decisions") && (cli_given(args, "--trace") || cli_given(args, "--all-gates")))
        return cli_complain("sim: --decisions computes no other gates: leave out --trace and --all-gates");
    if (cli_given(args, "--list") && (cli_given(args, "--decisions") || cli_given(args, "--json") ||
                                      cli_given(args, "--resume") || cli_given(args, "--plan")))
        return cli_complain("sim: --list prints lines of its own and needs every gate: leave out --decisions, --json, "
                            "--plan and --resume");
    if (outputs_collide(cli_value(args, "-o"), cli_value(args, "--trace")))
        return cli_complain("sim: -o %s and --trace %s would write the same file", cli_value(args, "-o"),
                            cli_value(args, "--trace"));
    bool done = run_session(args, &s, &err);
    if (done && s.frames)
        cli_warn_of_saturation(s.saturated, cf_frames_count(s.frames) * s.netlist->groups[CF_INPUT].count,
                               s.netlist->groups[CF_INPUT].type.width, s.netlist->input_scale);
    int status = !done                       ? cli_fail(&err)
                 : cli_given(args, "--list") ? CLI_OK
                 : cli_given(args, "--json") ? report_json(&s)
                                             : report(&s);
    close_session(&s);
    return status;
}

const struct cli_command cli_sim = {
    .name = "sim",
    .synopsis = "NET FRAMES... [-o OUT] [--trace FILE] [options]",
    .summary = "Simulate every gate of a netlist on feature frames, bit for bit.",
    .details =
        "FRAMES are .npy or safetensors files of features, [D, H, W] or [N, D, H, W]. OUT receives the decisions: for "
        "each classify group one U8 tensor [N, H, W, C] with the name of the group. Where there is only one such "
        "group, OUT may be a .npy file. The trace receives the values of every group, and the quantised input under "
        "the name `input`, as I32, or as I64 where a group is wider. The results do not depend on --isa, --threads or "
        "the mode. A warning says how many features of this run the input's quantiser clamps.\n"
        "Ctrl-C stops the command after the frames that are being simulated, and keeps the results so far in "
        "OUT.partial. The same command with --resume continues from there.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"-o", "OUT", NULL, "Write the decisions to this safetensors or .npy file."},
            {"--trace", "FILE", NULL, "Write the value of every gate to this safetensors file."},
            CLI_FRAMES_OPTION,
            CLI_SHARD_OPTION("frames"),
            {"--all-gates", NULL, NULL, "Evaluate every gate. This is the default."},
            {"--decisions", NULL, NULL,
             "Compute only the decisions, in the fastest exact way that the netlist allows."},
            {"--engine", "word|bits", "word",
             "word: evaluate gates as integers. bits: evaluate every cell as its binary gates, one bit of up to 512 "
             "gates per instruction."},
            {"--adders", "cells|graphs", "cells",
             "With --engine bits, evaluate each gate by the adders of its cell, or banks that `optimize` has given a "
             "graph by the adders of that. The values are the same."},
            {"--threads", "N", "0", "Use N threads; 0 means one per processor."},
            {"--isa", "NAME", "auto",
             "Use these kernels: portable, avx2, avxvnni or avx512; auto takes the best of this machine. reference "
             "evaluates gate by gate, by the definition of a cell."},
            {"--plan", NULL, NULL,
             "Print the regular arrays of gates that were recognised. FRAMES may then be left out."},
            {"--resume", NULL, NULL,
             "Continue the same command where it was interrupted, or start from the beginning if it was not."},
            {"--list", NULL, NULL,
             "Print each decision that fires as a line of JSON, in place of the summary: frame, gate, scale, position, "
             "class, sum and margin. The sum is that of the gate. The margin is the difference, as a logit, between "
             "the score and the score threshold; it is null behind a LayerNorm, where the sum is no logit."},
            {"--json", NULL, NULL, "Print the summary as JSON."},
            {0}},
    .run = run,
};
