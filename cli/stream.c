/* stream.c - reads the options of the streaming accelerator, and simulates the frames of its testbench. */
#include "cli/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "cli/frames.h"
#include "rtl/stream/fit.h"
#include "sim/library.h"

/* The core for the smallest device has none of these choices. */
static bool check_device(const struct cli_args *args, const char *device, struct cf_error *err)
{
    static const char *const choices[] = {"--weights", "--multipliers", "--no-pipeline", "--sparse"};
    for (size_t i = 0; strcmp(device, "ice40up5k") == 0 && i < sizeof choices / sizeof *choices; i++)
        if (cli_given(args, choices[i]))
            return cf_fail(err, "%s: --fit %s leaves no choice of %s", args->command->name, device, choices[i]);
    return true;
}

/* Constants leave no choice of how much is done per cycle, and none of multipliers. */
static bool make_constants(struct cli_stream *stream, const struct cli_args *args, const struct cf_netlist *netlist,
                           struct cf_stream_options *options, struct cf_error *err)
{
    static const char *const choices[] = {"--fit", "--multipliers"};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (cli_given(args, choices[i]))
            return cf_fail(err, "%s: --weights constants leaves no choice of %s", args->command->name, choices[i]);
    if (!cli_given(args, "--lanes"))
        options->lanes = stream->pyramid.channels;
    options->constants = &stream->constants.graph;
    return cf_stream_constants_make(&stream->constants, netlist, &stream->pyramid, err);
}

bool cli_stream_make(struct cli_stream *stream, const struct cli_args *args, const struct cf_netlist *netlist,
                     const char *prefix, const char *source, struct cf_error *err)
{
    long long lanes, parallel = 0;
    int weights, multipliers;
    *stream = (struct cli_stream){0};
    err->text[0] = '\0';
    if (!cli_integer(args, "--lanes", 1, 65535, &lanes) ||
        (cli_given(args, "--parallel-classes") && !cli_integer(args, "--parallel-classes", 1, 65535, &parallel)) ||
        !cli_choice(args, "--weights", &weights) || !cli_choice(args, "--multipliers", &multipliers))
        return false;
    if (!cf_pyramid_read(&stream->pyramid, netlist, err))
        return false;
    if (!cli_given(args, "--lanes") && lanes > stream->pyramid.channels)
        lanes = stream->pyramid.channels;
    struct cf_stream_options options = {.lanes = (uint32_t)lanes,
                                        .parallel = (uint32_t)parallel,
                                        .loadable = weights == 1,
                                        .logic = multipliers == 1,
                                        .no_pipeline = cli_given(args, "--no-pipeline"),
                                        .sparse = cli_given(args, "--sparse"),
                                        .prefix = prefix,
                                        .source = source};
    const char *device = cli_value(args, "--fit");
    if (weights == 2 && !make_constants(stream, args, netlist, &options, err))
        return false;
    if (device && (cli_given(args, "--lanes") || cli_given(args, "--parallel-classes")))
        return cf_fail(err, "%s: --fit chooses what --lanes and --parallel-classes say", args->command->name);
    if (device && !check_device(args, device, err))
        return false;
    if (device && !cf_stream_fit(&options, &stream->pyramid, device, netlist->label, err))
        return false;
    return cf_stream_plan_make(&stream->plan, &stream->pyramid, &options, netlist->label, err);
}

bool cli_stream_options_absent(const struct cli_args *args, const char *const *names)
{
    for (; *names; names++)
        if (cli_given(args, *names))
            return cli_complain("%s: %s goes with --style stream alone", args->command->name, *names) == CLI_OK;
    return true;
}

bool cli_stream_absent(const struct cli_args *args)
{
    static const char *const names[] = {"--lanes",       "--parallel-classes", "--fit",    "--weights",
                                        "--multipliers", "--no-pipeline",      "--sparse", NULL};
    return cli_stream_options_absent(args, names);
}

void cli_stream_free(struct cli_stream *stream)
{
    cf_pyramid_free(&stream->pyramid);
    cf_stream_constants_free(&stream->constants);
}

/* ---- frames ---- */

/* Simulates frame `n`, whose integers are in place, and takes its decisions. */
static bool decide(cofiber_sim *sim, const struct cf_stream_plan *plan, const int32_t *input, uint8_t *fired,
                   struct cf_error *err)
{
    const cofiber_features features = {input, COFIBER_QUANTISED};
    cofiber_error error;
    if (!cofiber_sim_run(sim, &features, &error))
        return cf_fail(err, "%s", error.text);
    for (uint32_t k = 0; k < plan->pyramid->scales; k++) {
        uint32_t count = plan->scale[k].rows * plan->scale[k].columns * plan->pyramid->classes;
        int64_t *values = malloc((size_t)count * sizeof *values);
        if (!values || !cofiber_read(cofiber_sim_result(sim), plan->pyramid->group[k], values)) {
            free(values);
            return cf_fail(err, "out of memory");
        }
        for (uint32_t i = 0; i < count; i++)
            *fired++ = (uint8_t)values[i];
        free(values);
    }
    return true;
}

/* Fills a frame with numbers of the input's type. */
static void make_frame(const struct cf_pyramid *p, int32_t *input)
{
    uint64_t state = 20261128;
    for (size_t i = 0; i < (size_t)p->rows * p->columns * p->channels; i++)
        input[i] = (int32_t)(cf_type_min(p->input) + (int64_t)(cf_next_random(&state) >> (64 - p->input.width)));
}

static bool fill(struct cli_stream_vectors *made, struct cf_frames *frames, const struct cf_netlist *netlist,
                 const struct cf_stream_plan *plan, struct cf_error *err)
{
    const struct cf_pyramid *p = plan->pyramid;
    size_t inputs = netlist->groups[CF_INPUT].count, decisions = (size_t)plan->records * p->classes;
    uint32_t count = frames ? (uint32_t)cf_frames_count(frames) : 1;
    made->input = calloc(count, inputs * sizeof *made->input);
    made->fired = calloc(count, decisions);
    if (!made->input || !made->fired)
        return cf_fail(err, "%s: out of memory", netlist->label);
    made->vectors = (struct cf_stream_vectors){count, made->input, made->fired};
    struct cf_quantiser *quantiser = NULL;
    cofiber_sim *sim = NULL;
    const cofiber_options options = {.mode = COFIBER_ALL_GATES};
    cofiber_error error;
    bool done = !frames || (quantiser = cf_quantiser_new(netlist, NULL, err)) != NULL;
    if (done && !cofiber_sim_new(&sim, cofiber_wrap(netlist), &options, &error))
        done = cf_fail(err, "%s", error.text);
    for (uint32_t n = 0; done && n < count; n++) {
        int32_t *input = made->input + n * inputs;
        if (frames)
            done = cf_frames_quantise(frames, n, quantiser, input, err);
        else
            make_frame(p, input);
        done = done && decide(sim, plan, input, made->fired + n * decisions, err);
    }
    cofiber_sim_free(sim);
    cf_quantiser_free(quantiser);
    return done;
}

bool cli_stream_vectors_make(struct cli_stream_vectors *made, const struct cli_args *args, int first,
                             const struct cf_netlist *netlist, const struct cf_stream_plan *plan, struct cf_error *err)
{
    enum { MOST = 1000 };
    struct cf_frames *frames = NULL;
    *made = (struct cli_stream_vectors){0};
    bool done = first >= args->operand_count || cli_frames_open(&frames, args, first, netlist, err);
    if (done && frames && cf_frames_count(frames) > MOST)
        done = cf_fail(err, "%llu frames are more than the %d that a testbench takes",
                       (unsigned long long)cf_frames_count(frames), MOST);
    done = done && fill(made, frames, netlist, plan, err);
    cf_frames_close(frames);
    return done;
}

void cli_stream_vectors_free(struct cli_stream_vectors *made)
{
    free(made->input);
    free(made->fired);
}
