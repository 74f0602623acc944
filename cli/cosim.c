/* cosim.c - cofiber cosim: compares Verilator's run of the emitted Verilog with the simulator, gate for gate. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cosim_cache.h"
#include "cli/frames.h"
#include "cli/interrupt.h"
#include "cli/stream.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "rtl/tools/cosim.h"
#include "sim/library.h"
#include "sim/vectors/vectors.h"

struct session {
    struct cf_netlist *netlist;
    struct cf_frames *frames; /* NULL: none are given */
    struct cf_quantiser *quantiser;
    struct cf_vectors vectors; /* made from the weights; run after those */
    uint64_t given, made;      /* frames of both kinds */
    struct cf_cosim *cosim;
    struct cli_progress progress;
    long long jobs;
    cofiber_sim *sim; /* the reference: gate by gate, from the definition of a cell */
    int32_t *input;
    int64_t *expected, *found; /* [net_count] */
    uint64_t compared, different;
    uint64_t first_frame; /* the frame of the first difference; frames made from the weights follow those given */
    uint32_t first_net;
    int64_t first_expected, first_found;
    double build_seconds, frame_seconds;
};

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    struct cli_progress *progress = context;
    progress->total = total;
    cli_progress_update(progress, done);
}

static bool stop(void *context)
{
    (void)context;
    return cli_interrupted();
}

/* The frames given, and with --vectors those made from this netlist's weights: never from those of the Verilog, which
 * may be what is wrong. */
static bool open_frames(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    if (args->operand_count > 1) {
        if (!cli_frames_open(&s->frames, args, 1, s->netlist, err) ||
            !(s->quantiser = cf_quantiser_new(s->netlist, NULL, err)))
            return false;
        s->given = cf_frames_count(s->frames);
    }
    if (cli_given(args, "--vectors")) {
        if (!cf_vectors_make(&s->vectors, s->netlist, err))
            return false;
        s->made = s->vectors.count;
    }
    return true;
}

static bool open_session(const struct cli_args *args, struct session *s, struct cf_error *err)
{
    if (!cf_netlist_load(&s->netlist, args->operands[0], err) || !open_frames(args, s, err))
        return false;
    s->expected = malloc((size_t)s->netlist->net_count * sizeof *s->expected);
    s->found = malloc((size_t)s->netlist->net_count * sizeof *s->found);
    s->input = malloc((size_t)s->netlist->groups[CF_INPUT].count * sizeof *s->input);
    if (!s->expected || !s->found || !s->input)
        return cf_fail(err, "%s: out of memory", args->operands[0]);
    const cofiber_options reference = {.isa = "reference", .threads = 1};
    cofiber_error error;
    if (!cofiber_sim_new(&s->sim, cofiber_wrap(s->netlist), &reference, &error))
        return cf_fail(err, "%s", error.text);
    const char *cache = cli_value(args, "--cache");
    struct cf_cosim_options options = {.rtl_directory = cli_value(args, "--rtl"),
                                       .cache_directory = cache && *cache ? cache : NULL,
                                       .rebuild = cli_given(args, "--rebuild"),
                                       .jobs = (int)s->jobs,
                                       .wave = cli_value(args, "--wave"),
                                       .scope = cli_value(args, "--signals"),
                                       .progress = on_progress,
                                       .stop = stop,
                                       .user = &s->progress};
    double started = cli_seconds();
    cli_progress_start(&s->progress, "building with Verilator", "files", 0);
    bool done = cf_cosim_open(&s->cosim, s->netlist, &options, err);
    cli_progress_finish(&s->progress);
    s->build_seconds = cli_seconds() - started;
    return done;
}

static void close_session(struct session *s)
{
    cf_cosim_close(s->cosim);
    cofiber_sim_free(s->sim);
    cf_quantiser_free(s->quantiser);
    cf_frames_close(s->frames);
    cf_vectors_free(&s->vectors);
    cf_netlist_free(s->netlist);
    free(s->input);
    free(s->expected);
    free(s->found);
}

static void compare_frame(struct session *s, uint64_t frame)
{
    uint32_t inputs = s->netlist->groups[CF_INPUT].count;
    for (uint32_t net = inputs; net < s->netlist->net_count; net++) {
        s->compared++;
        if (s->expected[net] == s->found[net])
            continue;
        if (s->different++ == 0) {
            s->first_frame = frame;
            s->first_net = net;
            s->first_expected = s->expected[net];
            s->first_found = s->found[net];
        }
    }
}

/* Frame `n` as the input's integers, and what the simulator makes of it. */
static bool simulate_frame(struct session *s, uint64_t n, struct cf_error *err)
{
    const struct cf_netlist *netlist = s->netlist;
    if (n < s->given && !cf_frames_quantise(s->frames, n, s->quantiser, s->input, err))
        return false;
    if (n >= s->given)
        memcpy(s->input, s->vectors.frames[n - s->given], netlist->groups[CF_INPUT].count * sizeof *s->input);
    return cf_sim_nets(s->sim, s->input, s->expected, err);
}

static bool compare_all(struct session *s, struct cf_error *err)
{
    uint64_t count = s->given + s->made;
    uint32_t inputs = s->netlist->groups[CF_INPUT].count;
    bool done = true;
    cli_progress_start(&s->progress, "comparing", "frames", count);
    for (uint64_t n = 0; done && n < count; n++) {
        done = (!cli_interrupted() || cf_fail(err, "cosim: interrupted")) && simulate_frame(s, n, err);
        if (!done)
            break;
        memcpy(s->found, s->expected, inputs * sizeof *s->found);
        double started = cli_seconds();
        done = cf_cosim_frame(s->cosim, s->found, err);
        s->frame_seconds += cli_seconds() - started;
        if (done)
            compare_frame(s, n);
        cli_progress_update(&s->progress, n + 1);
    }
    cli_progress_finish(&s->progress);
    return done;
}

/* The number of the first difference's frame: over all files given, or among those made from the weights. */
static uint64_t first_number(const struct session *s)
{
    return s->first_frame < s->given ? cf_frames_number(s->frames, s->first_frame) : s->first_frame - s->given;
}

static int report_json(const struct session *s, const char *name)
{
    bool made = s->first_frame >= s->given;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "equal", s->different == 0);
    cJSON_AddNumberToObject(document, "frames", (double)s->given);
    cJSON_AddNumberToObject(document, "vectors", (double)s->made);
    if (s->made) {
        cJSON_AddNumberToObject(document, "classifiers", s->vectors.gates);
        cJSON_AddNumberToObject(document, "guarded", s->vectors.guarded);
    }
    cJSON_AddNumberToObject(document, "compared", (double)s->compared);
    cJSON_AddNumberToObject(document, "different", (double)s->different);
    cJSON_AddBoolToObject(document, "cached", cf_cosim_was_cached(s->cosim));
    cJSON_AddNumberToObject(document, "build_seconds", s->build_seconds);
    cJSON_AddNumberToObject(document, "seconds_per_frame", s->frame_seconds / (double)(s->given + s->made));
    if (s->different) {
        cJSON *first = cJSON_AddObjectToObject(document, "first");
        cJSON_AddStringToObject(first, "gate", name);
        cJSON_AddBoolToObject(first, "made_from_weights", made);
        cJSON_AddNumberToObject(first, "frame", (double)first_number(s));
        cJSON_AddNumberToObject(first, "simulator", (double)s->first_expected);
        cJSON_AddNumberToObject(first, "verilog", (double)s->first_found);
    }
    return cli_print_json(document);
}

static void print_difference(const struct session *s, const char *name)
{
    bool made = s->first_frame >= s->given;
    printf("first difference: frame %" PRIu64 "%s: %s: simulator %" PRId64 ", Verilog %" PRId64 "\n", first_number(s),
           made ? " of those made from the weights" : "", name, s->first_expected, s->first_found);
}

/* "1 frame", "2 frames and 20 made from the weights", "20 frames made from the weights" */
static const char *count_frames(const struct session *s, char text[96])
{
    uint64_t first = s->given ? s->given : s->made;
    int used = snprintf(text, 96, "%" PRIu64 " frame%s", first, first == 1 ? "" : "s");
    if (s->made && s->given)
        used += snprintf(text + used, 96 - (size_t)used, " and %" PRIu64, s->made);
    if (s->made)
        snprintf(text + used, 96 - (size_t)used, " made from the weights");
    return text;
}

static int report(const struct cli_args *args, const struct session *s)
{
    char name[CF_NAME_MAX] = "", compared[32], different[32], frames[96];
    if (s->different)
        cf_net_name(s->netlist, s->first_net, name, sizeof name);
    if (cli_given(args, "--json")) {
        int status = report_json(s, name);
        return status == CLI_OK && s->different ? CLI_DIFFERENT : status;
    }
    printf("Verilator's simulation %s in %.1f s; %.3f s per frame\n",
           cf_cosim_was_cached(s->cosim) ? "was built before, found" : "built", s->build_seconds,
           s->frame_seconds / (double)(s->given + s->made));
    if (s->made)
        printf("any one wrong weight changes a decision: %" PRIu32 " of %" PRIu32 " classifiers\n", s->vectors.guarded,
               s->vectors.gates);
    if (s->different)
        print_difference(s, name);
    printf("%s gate values of %s compared, %s differ\n", cli_thousands(s->compared, compared), count_frames(s, frames),
           cli_thousands(s->different, different));
    return s->different ? CLI_DIFFERENT : CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct session s = {0};
    static const char *const stream_only[] = {"--simulator", "--stalls", "--seed", "--saif", NULL};
    int style;
    if (!cli_choice(args, "--style", &style))
        return CLI_BAD;
    if (args->operand_count == 0)
        return cli_given(args, "--cache") || cli_given(args, "--clean")
                   ? cli_cosim_cache(args)
                   : cli_complain("cosim: NET is missing (cofiber cosim --help shows how it is used)");
    if (cli_given(args, "--clean"))
        return cli_complain("cosim: --clean is for the cache alone: leave NET out");
    if (style == 1)
        return cli_cosim_stream(args);
    if (!cli_stream_absent(args) || !cli_stream_options_absent(args, stream_only))
        return CLI_BAD;
    if (args->operand_count < 2 && !cli_given(args, "--vectors"))
        return cli_complain("cosim: no frames: give FRAMES, or --vectors, or both");
    if (!cli_integer(args, "--jobs", 0, 256, &s.jobs))
        return CLI_BAD;
    cli_catch_interrupts();
    bool done = open_session(args, &s, &err) && compare_all(&s, &err) && cf_cosim_finish(s.cosim, &err);
    int status = done ? report(args, &s) : cli_fail(&err);
    close_session(&s);
    return status;
}

const struct cli_command cli_cosim = {
    .name = "cosim",
    .synopsis = "NET [FRAMES...] [--style structural|stream] [options] | --cache [DIR] [--clean]",
    .summary = "Build the emitted Verilog with Verilator, run it, and compare every gate with the simulator.",
    .details =
        "This command needs verilator, make and g++. Each build is kept in a cache under the hash of everything that "
        "went into it, so that the next run with the same netlist starts at once. Exit status 1 means that a gate "
        "differs; the first one is named.\n"
        "A classifier shows one bit, the sign of its sum, and on photographs a wrong weight hardly ever changes that "
        "bit. --vectors therefore runs, after FRAMES, the frames that `cofiber vectors` makes from the weights of NET. "
        "In these frames sums lie at the threshold, so that any one wrong weight of the Verilog changes a decision. "
        "The output says for how many classifiers this holds.\n"
        "With --style stream the accelerator's testbench is run on the frames, back to back, with stalls at random on "
        "either side; all decisions and all classifiers' sums are compared.",
    .min_operands = 0,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            CLI_FRAMES_OPTION,
            {"--vectors", NULL, NULL, "Run frames made from the weights as well; FRAMES may then be left out."},
            {"--rtl", "DIR", NULL, "Run the Verilog in DIR, which `cofiber verilog` wrote, instead of emitting it."},
            {"--cache", "[DIR]", NULL,
             "Keep builds in this directory instead of $XDG_CACHE_HOME/cofiber or ~/.cache/cofiber. Without NET: list "
             "the builds that are kept."},
            {"--clean", NULL, NULL, "Without NET: remove the builds that are kept."},
            {"--rebuild", NULL, NULL, "Build again even if the cache holds this build."},
            {"--jobs", "N", "0", "Run N compilers at the same time; 0 means one per processor."},
            {"--json", NULL, NULL, "Print the outcome as JSON."},
            {"--style", "structural|stream", "structural",
             "structural: every gate's Verilog. stream: the accelerator's."},
            CLI_STREAM_OPTIONS,
            {"--simulator", "verilator|icarus", "verilator", "stream: run the testbench under this simulator."},
            {"--stalls", "PERCENT", "0", "stream: let either side stall in so many of 100 cycles, at random."},
            {"--seed", "N", NULL, "stream: seed of the random stalls. Default: taken from the clock."},
            {"--wave", "FST", NULL,
             "Write the signals of the run to this file, for GTKWave. Of gates, frame n is at time n, and the program "
             "is built apart."},
            {"--saif", "FILE", NULL,
             "stream: count how often each bit of the core changes, and write the counts to this file (SAIF 2.0), from "
             "which tools estimate power."},
            {"--signals", "SCOPE", NULL,
             "Write or count the signals of this scope alone, for instance cofiber_stream_tb.dut.u_front."},
            {0}},
    .run = run,
};
