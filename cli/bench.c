/* bench.c - cofiber bench: measures speed beside the machine's limits, all in turns in one run. */
#include <assert.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "cli/bench.h"
#include "cli/bench_bits.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "netlists/store.h"
#include "sim/bits/engine.h"
#include "sim/frames/quantise.h"
#include "sim/word/engine.h"
#include "sim/word/limits.h"

/* ---- samples --------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct cli_spread cli_spread_of(double *samples, int count)
{
    assert(count > 0);
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    return (struct cli_spread){samples[count / 2], samples[count / 10], samples[count - 1 - count / 10]};
}

static double load_average(void)
{
    double load = 0;
    return getloadavg(&load, 1) == 1 ? load : -1;
}

/* ---- one way of simulating --------------------------------------------------------------------------------------- */

enum { MAX_SAMPLES = 400, MAX_WAYS = 16, FRAMES_A_THREAD = 4 };

struct way {
    enum cf_mode mode;
    const struct cf_kernels *kernels;
    int threads;
    struct cf_plan *plan;
    struct cf_workspace **workspaces; /* [threads]: several frames are run side by side, as batches are */
    double samples[MAX_SAMPLES], limits[MAX_SAMPLES]; /* seconds; the limit is for one thread */
    int count;
    struct cli_spread time, limit;
    struct cf_work work;
};

struct bench {
    struct cf_netlist *netlist;
    void *input;       /* one quantised frame, in the input's storage */
    size_t input_size; /* bytes */
    int32_t *frames;   /* [at_once][input nets]: that frame and those after it, for the bit engine */
    uint32_t at_once;
    struct way ways[MAX_WAYS];
    int way_count;
    struct cf_traffic traffic; /* of a frame with all gates */
    char *memory;              /* for that traffic alone */
    double traffic_samples[MAX_SAMPLES], traffic_median;
    int traffic_count;
    double seconds; /* for each way */
    long long threads;
    bool words, bits; /* the engines to measure */
    int adders;       /* of the bit engine: the choices of --adders are in its order */
    const char *isa;  /* or NULL */
};

static bool add_way(struct bench *bench, enum cf_mode mode, const struct cf_kernels *kernels, int threads,
                    struct cf_error *err)
{
    struct way *way = &bench->ways[bench->way_count];
    *way = (struct way){.mode = mode, .kernels = kernels, .threads = threads};
    bench->way_count++;
    way->plan = cf_plan_new(bench->netlist, kernels, mode, err);
    if (!way->plan)
        return false;
    way->workspaces = calloc((size_t)threads, sizeof *way->workspaces);
    if (!way->workspaces)
        return cf_fail(err, "bench: out of memory");
    for (int t = 0; t < threads; t++) {
        way->workspaces[t] = cf_workspace_new(way->plan, 1, err);
        if (!way->workspaces[t])
            return false;
        memcpy(cf_workspace_input(way->workspaces[t]), bench->input, bench->input_size);
        cf_run(way->workspaces[t]); /* touches all memory */
    }
    way->work = cf_plan_work(way->plan);
    return true;
}

/* Seconds per frame. One frame is run before the one that is timed, as in a stream of frames, because the other ways
 * have used the caches since the last turn of this one. */
static double run_once(const struct way *way)
{
    cf_run(way->workspaces[0]);
    double start = cli_seconds();
    if (way->threads == 1) {
        cf_run(way->workspaces[0]);
        return cli_seconds() - start;
    }
#pragma omp parallel num_threads(way->threads)
    for (int frame = 0; frame < FRAMES_A_THREAD; frame++)
        cf_run(way->workspaces[omp_get_thread_num()]);
    return (cli_seconds() - start) / (way->threads * FRAMES_A_THREAD);
}

static void sample(struct way *way)
{
    double macs8 = cf_limit_macs(way->kernels, CF_STORE8, 2e-4), macs16 = cf_limit_macs(way->kernels, CF_STORE16, 2e-4);
    way->samples[way->count] = run_once(way);
    way->limits[way->count] = way->work.macs8 / macs8 + way->work.macs16 / macs16;
    way->count++;
}

/* Takes a sample of the traffic of all gates alone, after another one that leaves the caches as a frame would. */
static void sample_traffic(struct bench *bench)
{
    if (bench->traffic_count < MAX_SAMPLES) {
        cf_limit_traffic(bench->traffic, bench->memory);
        bench->traffic_samples[bench->traffic_count++] = cf_limit_traffic(bench->traffic, bench->memory);
    }
}

/* Takes one round of samples. Threads that OpenMP keeps spinning for more work would disturb the ways with one thread,
 * which therefore have rounds of their own, before the others. */
static void measure_round(struct bench *bench, bool several_threads)
{
    for (int i = 0; i < bench->way_count; i++) {
        struct way *way = &bench->ways[i];
        double spent = 0;
        for (int s = 0; s < way->count; s++)
            spent += way->samples[s] * (way->threads == 1 ? 1 : way->threads * FRAMES_A_THREAD);
        if ((way->threads > 1) == several_threads && (way->count < 5 || spent < bench->seconds)) {
            sample(way);
            if (way->mode == CF_ALL_GATES && !several_threads)
                sample_traffic(bench);
        }
    }
}

/* Takes samples of all ways in turns, so that other jobs on the machine disturb all of them alike. */
static void measure(struct bench *bench)
{
    struct cli_progress progress;
    cli_progress_start(&progress, "measuring", "rounds", 2 * MAX_SAMPLES);
    for (int round = 0; round < 2 * MAX_SAMPLES; round++) {
        measure_round(bench, round >= MAX_SAMPLES);
        cli_progress_update(&progress, (uint64_t)round + 1);
    }
    cli_progress_finish(&progress);
    for (int i = 0; i < bench->way_count; i++) {
        bench->ways[i].time = cli_spread_of(bench->ways[i].samples, bench->ways[i].count);
        bench->ways[i].limit = cli_spread_of(bench->ways[i].limits, bench->ways[i].count);
    }
    if (bench->traffic_count > 0)
        bench->traffic_median = cli_spread_of(bench->traffic_samples, bench->traffic_count).median;
}

/* ---- quantising -------------------------------------------------------------------------------------------------- */

/* Milliseconds to quantise one frame of random features of the dtype, and to copy as many bytes. */
static bool time_quantising(const struct bench *bench, enum cf_dtype dtype, double *quantise, double *copy,
                            struct cf_error *err)
{
    enum { RUNS = 101, FRAMES = 8 }; /* several, so that they do not all stay in a cache */
    const struct cf_group *input = &bench->netlist->groups[CF_INPUT];
    struct cf_frame_shape shape = cf_input_shape(bench->netlist);
    size_t size = input->count * cf_dtype_size(dtype);
    /* The results lie on huge pages, as the nets of a workspace do, and features on small ones, as a mapped file does.
     */
    uint8_t *features = malloc(FRAMES * size), *copied = cf_pages_alloc(size);
    void *out = cf_pages_alloc(bench->input_size);
    struct cf_quantiser *quantiser = cf_quantiser_new(bench->netlist, bench->isa, err);
    bool done = quantiser && ((features && copied && out) || cf_fail(err, "bench: out of memory"));
    double times[RUNS], copies[RUNS];
    if (done) {
        memset(copied, 1, size);
        memset(out, 1, bench->input_size);
        /* Random bytes with the exponents' top bits cleared: finite, and small in either format. */
        for (size_t i = 0; i < FRAMES * size; i++)
            features[i] = (uint8_t)(rand() & (i % cf_dtype_size(dtype) == cf_dtype_size(dtype) - 1 ? 0xbf : 0xff));
    }
    for (int run = 0; done && run < RUNS; run++) {
        const struct cf_tensor frame = {.dtype = dtype,
                                        .rank = 3,
                                        .shape = {shape.channels, shape.height, shape.width},
                                        .count = input->count,
                                        .size = size,
                                        .data = features + (size_t)(run % FRAMES) * size};
        double start = cli_seconds();
        cf_quantise(quantiser, &frame, out, 1);
        times[run] = cli_seconds() - start;
        start = cli_seconds();
        memcpy(copied, features + (size_t)((run + FRAMES / 2) % FRAMES) * size, size);
        copies[run] = cli_seconds() - start;
    }
    if (done) {
        *quantise = 1e3 * cli_spread_of(times, RUNS).median;
        *copy = 1e3 * cli_spread_of(copies, RUNS).median;
    }
    cf_quantiser_free(quantiser);
    free(features);
    cf_pages_free(copied, size);
    cf_pages_free(out, bench->input_size);
    return done;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static const char *mode_name(enum cf_mode mode)
{
    return mode == CF_ALL_GATES ? "all gates" : "decisions";
}

/* The number of gates that a mode evaluates: all of them, or the decisions alone. */
static double gates_of(const struct cf_netlist *netlist, enum cf_mode mode)
{
    double gates = 0;
    for (uint32_t g = 1; g < netlist->group_count; g++)
        gates += mode == CF_ALL_GATES || netlist->groups[g].output ? netlist->groups[g].count : 0;
    return gates;
}

static double macs_of(const struct way *way)
{
    return way->work.macs8 + way->work.macs16;
}

/* True where the products of a frame take so little time that the fixed cost of a frame is all that is measured. */
static bool is_tiny(const struct way *way)
{
    const double least = 1e-5; /* seconds: some tens of times what starting a frame takes */
    return way->limit.median > 0 && way->limit.median < least;
}

static void print_way(const struct bench *bench, const struct way *way)
{
    printf("%-10s %-9s %3d %9.4f %9.4f %9.4f %10.0f %10.3g %10.3g", mode_name(way->mode), way->kernels->name,
           way->threads, 1e3 * way->time.median, 1e3 * way->time.low, 1e3 * way->time.high, 1 / way->time.median,
           gates_of(bench->netlist, way->mode) / way->time.median, macs_of(way) / way->time.median);
    if (is_tiny(way))
        printf(" %9.4f %5s", 1e3 * way->limit.median / way->threads, "-");
    else if (way->limit.median > 0)
        printf(" %9.4f %5.2f", 1e3 * way->limit.median / way->threads,
               way->time.median * way->threads / way->limit.median);
    printf("\n");
}

static void add_run_json(const struct bench *bench, const struct way *way, cJSON *runs)
{
    cJSON *run = cJSON_CreateObject();
    cJSON_AddStringToObject(run, "mode", mode_name(way->mode));
    cJSON_AddStringToObject(run, "isa", way->kernels->name);
    cJSON_AddNumberToObject(run, "threads", way->threads);
    cJSON_AddNumberToObject(run, "ms", 1e3 * way->time.median);
    cJSON_AddNumberToObject(run, "ms_p10", 1e3 * way->time.low);
    cJSON_AddNumberToObject(run, "ms_p90", 1e3 * way->time.high);
    cJSON_AddNumberToObject(run, "frames_per_s", 1 / way->time.median);
    cJSON_AddNumberToObject(run, "gates_per_s", gates_of(bench->netlist, way->mode) / way->time.median);
    cJSON_AddNumberToObject(run, "macs_per_s", macs_of(way) / way->time.median);
    cJSON_AddNumberToObject(run, "samples", way->count);
    cJSON_AddItemToArray(runs, run);
}

/* Adds a figure, or null where there is none, so that its key is always there. */
static void add_figure(cJSON *object, const char *key, bool known, double value)
{
    if (known)
        cJSON_AddNumberToObject(object, key, value);
    else
        cJSON_AddNullToObject(object, key);
}

/* A mode's figures for one thread and the best instruction set. */
static void add_headline(const struct bench *bench, enum cf_mode mode, const char *key, cJSON *document)
{
    const struct cf_kernels *best = cf_kernels_find(bench->isa);
    const struct way *found = NULL;
    for (int i = 0; i < bench->way_count; i++) {
        const struct way *way = &bench->ways[i];
        if (way->mode == mode && way->kernels == best && way->threads == 1)
            found = way;
    }
    cJSON *headline = cJSON_AddObjectToObject(document, key);
    add_figure(headline, "ms", found, found ? 1e3 * found->time.median : 0);
    add_figure(headline, "limit_ms", found && found->limit.median > 0, found ? 1e3 * found->limit.median : 0);
    if (mode == CF_ALL_GATES)
        add_figure(headline, "traffic_ms", bench->traffic_count > 0, 1e3 * bench->traffic_median);
}

static void report_ways(const struct bench *bench, cJSON *document, bool json)
{
    cJSON *runs = cJSON_AddArrayToObject(document, "runs");
    bool tiny = false;
    if (!json && bench->way_count > 0)
        printf("%-10s %-9s %3s %9s %9s %9s %10s %10s %10s %9s %5s\n", "mode", "isa", "thr", "ms", "p10", "p90",
               "frames/s", "gates/s", "MAC/s", "limit ms", "ratio");
    for (int i = 0; i < bench->way_count; i++) {
        if (!json)
            print_way(bench, &bench->ways[i]);
        tiny = tiny || is_tiny(&bench->ways[i]);
        add_run_json(bench, &bench->ways[i], runs);
    }
    if (!json && tiny)
        printf("This netlist is so small that its products take less than 0.01 ms per frame. A ratio means nothing "
               "there: the\n"
               "time is the fixed cost of a frame.\n");
    if (!json && bench->traffic_count > 0)
        printf("reading the input and writing all gates' values (%.1f MB) without computing them: %.4f ms, which the "
               "limit leaves out\n",
               (double)(bench->traffic.read + bench->traffic.written) / 1e6, 1e3 * bench->traffic_median);
    add_headline(bench, CF_ALL_GATES, "all_gates", document);
    add_headline(bench, CF_DECISIONS, "decisions", document);
}

/* Adds the keys of the bit engine where it was not measured. */
static void add_no_bits(cJSON *document)
{
    cJSON *bits = cJSON_AddObjectToObject(document, "bits");
    cJSON_AddNullToObject(bits, "ms");
    cJSON_AddNullToObject(bits, "fa_lanes_per_s");
    cJSON_AddNullToObject(bits, "ceiling_fa_lanes_per_s");
}

/* Measures the bit engine with as many frames at once as sim evaluates together, and with one frame alone. */
static bool report_bits(const struct bench *bench, cJSON *document, bool json, struct cf_error *err)
{
    enum { RUNS = 15 };
    const char *isa = bench->isa ? bench->isa : "auto";
    cJSON *to = json ? document : NULL;
    bool done = cli_bench_bits(bench->netlist, bench->frames, bench->at_once, isa, RUNS, bench->adders == 1, to, err);
    if (bench->at_once > 1)
        done = done && cli_bench_bits(bench->netlist, bench->frames, 1, isa, RUNS, bench->adders == 1, to, err);
    return done;
}

static int report(const struct cli_args *args, struct bench *bench, double load, struct cf_error *err)
{
    double quantise[2], copy[2], bandwidth = cf_limit_copy((size_t)64 << 20);
    const struct cf_kernels *best = cf_kernels_find(bench->isa);
    bool json = cli_given(args, "--json");
    if (!time_quantising(bench, CF_F16, &quantise[0], &copy[0], err) ||
        !time_quantising(bench, CF_F32, &quantise[1], &copy[1], err))
        return cli_fail(err);
    cJSON *document = cJSON_CreateObject();
    report_ways(bench, document, json);
    if (bench->bits && !report_bits(bench, document, json, err)) {
        cJSON_Delete(document);
        return cli_fail(err);
    }
    if (!bench->bits)
        add_no_bits(document);
    static const char *const names[] = {"f16", "f32"};
    cJSON *quantising = cJSON_AddObjectToObject(document, "quantise");
    for (int i = 0; i < 2; i++) {
        cJSON *one = cJSON_AddObjectToObject(quantising, names[i]);
        cJSON_AddNumberToObject(one, "ms", quantise[i]);
        cJSON_AddNumberToObject(one, "copy_ms", copy[i]);
        if (!json)
            printf("quantising a frame of %s: %.4f ms; copying it: %.4f ms\n", names[i], quantise[i], copy[i]);
    }
    cJSON *limits = cJSON_AddObjectToObject(document, "limits");
    double words = cf_limit_macs(best, CF_STORE16, 0.02), bytes = cf_limit_macs(best, CF_STORE8, 0.02);
    cJSON_AddNumberToObject(limits, "int16_macs_per_s", words);
    cJSON_AddNumberToObject(limits, "int8_macs_per_s", bytes);
    cJSON_AddNumberToObject(limits, "copy_bytes_per_s", bandwidth);
    cJSON_AddNumberToObject(document, "load", load);
    if (json)
        return cli_print_json(document);
    printf("one core's limits (%s): %.3g int16 MAC/s, %.3g int8 MAC/s, copying %.3g GB/s; load average %.2f\n",
           best->name, words, bytes, bandwidth / 1e9, load);
    cJSON_Delete(document);
    return CLI_OK;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* Random values of the input's type. */
static void random_frames(struct bench *bench)
{
    const struct cf_group *group = &bench->netlist->groups[CF_INPUT];
    int64_t low = cf_type_min(group->type), range = cf_type_max(group->type) - low;
    for (size_t i = 0; i < (size_t)bench->at_once * group->count; i++)
        bench->frames[i] =
            (int32_t)(low + (int64_t)(((uint64_t)rand() << 31 | (uint64_t)rand()) % ((uint64_t)range + 1)));
}

/* Reads the first frames of the files, and repeats them where they are too few. */
static bool read_frames(const struct cli_args *args, struct bench *bench, struct cf_error *err)
{
    struct cf_frames *frames;
    size_t inputs = bench->netlist->groups[CF_INPUT].count;
    if (!cli_frames_open(&frames, args, 1, bench->netlist, err))
        return false;
    struct cf_quantiser *quantiser = cf_quantiser_new(bench->netlist, NULL, err);
    bool done = quantiser != NULL;
    uint64_t count = cf_frames_count(frames);
    for (uint32_t f = 0; done && f < bench->at_once; f++)
        if (f < count)
            done = cf_frames_quantise(frames, f, quantiser, bench->frames + f * inputs, err);
        else
            memcpy(bench->frames + f * inputs, bench->frames + (f - count) * inputs, inputs * sizeof *bench->frames);
    cf_quantiser_free(quantiser);
    cf_frames_close(frames);
    return done;
}

/* Makes the frames for the bit engine, and the first of them for the word engine. */
static bool make_input(const struct cli_args *args, struct bench *bench, struct cf_error *err)
{
    const struct cf_group *group = &bench->netlist->groups[CF_INPUT];
    const struct cf_bit_kernels *kernels = cf_bit_kernels_find(cli_value(args, "--isa"));
    enum cf_storage storage = cf_storage_of(group->type);
    bool several = bench->bits && kernels;
    enum { MEMORY = 96 << 20 }; /* as the library has it */
    bench->at_once = several ? cf_bit_frames_at_once(bench->netlist, kernels, 1, MEMORY, UINT64_MAX) : 1;
    bench->input_size = group->count * cf_storage_size(storage);
    bench->input = malloc(bench->input_size);
    bench->frames = calloc((size_t)bench->at_once * group->count, sizeof *bench->frames);
    bench->traffic = cf_netlist_traffic(bench->netlist);
    bench->memory = cf_pages_alloc(bench->traffic.read + bench->traffic.written);
    if (!bench->input || !bench->frames || !bench->memory)
        return cf_fail(err, "bench: out of memory");
    if (args->operand_count == 1)
        random_frames(bench);
    else if (!read_frames(args, bench, err))
        return false;
    for (uint32_t i = 0; i < group->count; i++)
        cf_storage_put(bench->input, storage, i, bench->frames[i]);
    return true;
}

/* Plans every mode and instruction set with one thread and with all threads, as far as the options ask for them. */
static bool make_ways(const struct cli_args *args, struct bench *bench, struct cf_error *err)
{
    const char *isa = cli_value(args, "--isa");
    const struct cf_kernels *kernels, *only = isa ? cf_kernels_find(isa) : NULL;
    bench->isa = isa;
    if (isa && !only)
        return cf_fail(err, "bench: --isa '%s': no such instruction set here", isa);
    if (!bench->words)
        return true;
    int all = bench->threads ? (int)bench->threads : omp_get_max_threads();
    for (int mode = CF_ALL_GATES; mode <= CF_DECISIONS; mode++)
        for (int k = 0; (kernels = cf_kernels_at(k)) != NULL; k++) {
            if (only && kernels != only)
                continue;
            if (!add_way(bench, (enum cf_mode)mode, kernels, 1, err) ||
                (all > 1 && !add_way(bench, (enum cf_mode)mode, kernels, all, err)))
                return false;
        }
    return true;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench)
        return cli_complain("bench: out of memory");
    double load = load_average();
    int engine = 0;
    if (!cli_number(args, "--seconds", &bench->seconds) || !cli_choice(args, "--engine", &engine) ||
        !cli_choice(args, "--adders", &bench->adders) || !cli_integer(args, "--threads", 0, 1024, &bench->threads)) {
        free(bench);
        return CLI_BAD;
    }
    if (!(bench->seconds > 0)) {
        free(bench);
        return cli_complain("bench: --seconds '%s' is not above 0", cli_value(args, "--seconds"));
    }
    bench->words = engine != 2;
    bench->bits = engine != 1;
    int status = CLI_BAD;
    if (!cf_netlist_load(&bench->netlist, args->operands[0], &err) || !make_input(args, bench, &err) ||
        !make_ways(args, bench, &err)) {
        cli_fail(&err);
    } else {
        measure(bench);
        status = report(args, bench, load, &err);
    }
    for (int i = 0; i < bench->way_count; i++) {
        for (int t = 0; bench->ways[i].workspaces && t < bench->ways[i].threads; t++)
            cf_workspace_free(bench->ways[i].workspaces[t]);
        free(bench->ways[i].workspaces);
        cf_plan_free(bench->ways[i].plan);
    }
    cf_netlist_free(bench->netlist);
    cf_pages_free(bench->memory, bench->traffic.read + bench->traffic.written);
    free(bench->input);
    free(bench->frames);
    free(bench);
    return status;
}

const struct cli_command cli_bench = {
    .name = "bench",
    .synopsis = "NET [FRAMES] [options]",
    .summary = "Measure speed by mode, instruction set and number of threads, beside this machine's limits.",
    .details =
        "Each line is a median of samples, which are taken in turns with those of all other lines and with a loop of "
        "multiply-adds that works on registers only. `limit ms` is the time that the matrix products of a frame would "
        "take at the speed of that loop, and `ratio` is the measured time divided by it. The limit leaves out that all "
        "gates' values have to be written to memory; the time of this traffic alone is printed below the table. "
        "Quantising is measured apart.\n"
        "With --json, `all_gates` and `decisions` have `ms` and `limit_ms` for one thread and the best instruction set "
        "measured. In `all_gates`, `traffic_ms` is the time of reading the input and writing every gate's value "
        "without computing it. `bits` has the bit engine's `ms`, `fa_lanes_per_s` (full adders, each for one gate of "
        "one frame, per second), `ceiling_fa_lanes_per_s` (the same in a loop on registers), `programs_ms` (the binary "
        "gates "
        "alone, without the transposition of words to bits and back) and `frames`, the number of frames evaluated "
        "together, as `sim --engine bits` does it; where FRAMES has fewer, they are repeated. `bits_one_frame` has "
        "the same for one frame alone. `load` is the load average. A figure that was not asked for, or that cannot be "
        "had, is null.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            CLI_FRAMES_OPTION,
            {"--engine", "all|word|bits", "all", "Measure the word engine, the bit engine or both."},
            {"--adders", "cells|graphs", "cells",
             "Let the bit engine evaluate each gate by the adders of its cell, or banks that `optimize` has given a "
             "graph by the adders of that."},
            {"--isa", "NAME", NULL,
             "Measure only these kernels: portable, avx2, avxvnni or avx512, or auto for the best of this machine."},
            {"--threads", "N", "0", "Measure with one thread and with N; 0 means one per processor."},
            {"--seconds", "S", "0.25", "Spend this many seconds on each line."},
            {"--json", NULL, NULL, "Print the figures as JSON."},
            {0}},
    .run = run,
};
