/* stream_sim.c - builds and runs the accelerator's testbench in a directory of its own, and reads its dump. */
#include "rtl/tools/stream_sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/directory.h"
#include "base/file.h"
#include "rtl/tools/activity.h"
#include "rtl/tools/process.h"

struct run {
    struct cf_stream_outcome *outcome;
    const struct cf_stream_plan *plan;
    const struct cf_stream_vectors *vectors;
    const struct cf_stream_sim_options *options;
    struct cf_error *err;
    const char *prefix;
    struct cf_watch watch;
};

static const char dump_name[] = "dump.txt", changes_name[] = "changes.vcd";

/* ---- the sources ---- */

/* Takes the Verilog and the memories of another package in the place of those just written. */
static bool take_files(const struct run *r)
{
    char **files = cf_stream_files(r->plan);
    bool done = files || cf_fail(r->err, "out of memory");
    for (int i = 0; done && files[i]; i++) {
        size_t length = strlen(files[i]), size;
        bool core = (strstr(files[i], ".v") && !strstr(files[i], "_tb.v") && !strstr(files[i], ".vh")) ||
                    strstr(files[i], "_weights.hex") || strstr(files[i], "_load.hex") ||
                    strstr(files[i], "_thresholds_");
        char *from = cf_directory_join(r->options->rtl_directory, files[i]), *text = NULL;
        char *to = cf_directory_join(r->options->scratch, files[i]);
        if (core && length)
            done = ((from && to) || cf_fail(r->err, "out of memory")) &&
                   cf_file_read(from, 1 << 30, &text, &size, r->err) && cf_file_write(to, text, size, r->err);
        free(text);
        free(from);
        free(to);
    }
    cf_stream_files_free(files);
    return done;
}

/* Runs a tool in the directory; the words of `argv` end with NULL. */
static bool run_tool(const struct run *r, const char *program, const char *package, const char **argv)
{
    char *path = *program == '/' ? strdup(program) : cf_program_find(program, package, r->err),
         *log = cf_directory_join(r->options->scratch, "run.log");
    bool done = path && (log || cf_fail(r->err, "out of memory"));
    argv[0] = path;
    done = done && cf_process_run(argv, r->options->scratch, log, &r->watch, r->err);
    free(path);
    free(log);
    return done;
}

enum { ARGUMENTS = 40, TEXT = 200 };

/* The arguments that both tools take. */
static int put_common(const struct run *r, const char **argv, int count, char text[3][TEXT])
{
    snprintf(text[0], TEXT, "%scofiber_stream.f", r->prefix);
    snprintf(text[1], TEXT, "%scofiber_stream_tb.v", r->prefix);
    snprintf(text[2], TEXT, "%scofiber_stream_tb", r->prefix);
    argv[count++] = "-DCOFIBER_STREAM_PROBE";
    if (r->options->wave || r->options->saif) {
        argv[count++] =
            r->options->wave ? "-DCOFIBER_STREAM_WAVE=\"wave.fst\"" : "-DCOFIBER_STREAM_WAVE=\"changes.vcd\"";
        argv[count++] = "-DCOFIBER_STREAM_WAVE_DEPTH=0";
    }
    return count;
}

/* The scope of waves or counts: what was asked for, or else all, or the core. */
static void name_scope(const struct run *r, char scope[TEXT])
{
    if (r->options->scope)
        snprintf(scope, TEXT, "%s", r->options->scope);
    else
        snprintf(scope, TEXT, "%scofiber_stream_tb%s", r->prefix, r->options->saif ? ".dut" : "");
}

static void put_scope(const struct run *r, char definition[2 * TEXT])
{
    char scope[TEXT];
    name_scope(r, scope);
    snprintf(definition, 2 * TEXT, "-DCOFIBER_STREAM_WAVE_SCOPE=%s", scope);
}

static bool build_icarus(const struct run *r)
{
    const char *argv[ARGUMENTS] = {NULL, "-g2005", "-o", "tb.vvp"};
    char text[3][TEXT], scope[2 * TEXT];
    int count = put_common(r, argv, 4, text);
    put_scope(r, scope);
    argv[count++] = scope;
    argv[count++] = "-s";
    argv[count++] = text[2];
    argv[count++] = "-f";
    argv[count++] = text[0];
    argv[count++] = text[1];
    return run_tool(r, "iverilog", "iverilog", argv);
}

static bool build_verilator(const struct run *r)
{
    const char *argv[ARGUMENTS] = {NULL,           "--binary", "-O3",        "--x-assign", "fast",
                                   "--x-initial",  "fast",     "-Wno-fatal", "-Wno-lint",  "-MAKEFLAGS",
                                   "OPT_FAST=-O2", "-j",       "2",          "--Mdir",     "obj"};
    char text[3][TEXT], scope[2 * TEXT];
    int count = put_common(r, argv, 15, text);
    put_scope(r, scope);
    argv[count++] = scope;
    if (r->options->wave)
        argv[count++] = "--trace-fst";
    if (r->options->saif)
        argv[count++] = "--trace";
    argv[count++] = "--top-module";
    argv[count++] = text[2];
    argv[count++] = "-o";
    argv[count++] = "tb";
    argv[count++] = "-F";
    argv[count++] = text[0];
    argv[count++] = text[1];
    return run_tool(r, "verilator", "verilator", argv);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool run_testbench(const struct run *r)
{
    double started = now();
    char text[4][TEXT];
    const char *argv[ARGUMENTS] = {NULL, "-n", "tb.vvp"};
    int count = 3;
    if (r->options->verilator)
        count = 1;
    else if (r->options->wave)
        argv[count++] = "-fst";
    snprintf(text[0], TEXT, "+seed=%" PRIu32, r->options->seed);
    snprintf(text[1], TEXT, "+input_stalls=%" PRIu32, r->options->input_stalls);
    snprintf(text[2], TEXT, "+output_stalls=%" PRIu32, r->options->output_stalls);
    snprintf(text[3], TEXT, "+dump=%s", dump_name);
    for (int i = 0; i < 4; i++)
        argv[count++] = text[i];
    if (r->options->wave || r->options->saif)
        argv[count++] = "+wave";
    argv[count] = NULL;
    char *program = r->options->verilator ? cf_directory_join(r->options->scratch, "obj/tb") : strdup("vvp");
    bool done = program ? run_tool(r, program, r->options->verilator ? "verilator" : "iverilog", argv)
                        : cf_fail(r->err, "out of memory");
    free(program);
    r->outcome->seconds = now() - started;
    return done;
}

/* Runs it with the changes counted, where that is asked. */
static bool run_counted(const struct run *r)
{
    struct cf_activity *activity = NULL;
    if (!r->options->saif)
        return run_testbench(r);
    char *path = cf_directory_join(r->options->scratch, changes_name), scope[TEXT];
    name_scope(r, scope);
    bool done = (path || cf_fail(r->err, "out of memory")) && cf_activity_start(&activity, path, scope, r->err) &&
                run_testbench(r);
    free(path);
    return cf_activity_end(activity, done ? r->options->saif : NULL, &r->outcome->toggles, r->err) && done;
}

/* ---- what came out ---- */

/* Bits [at, at + width) of a hexadecimal word of `digits` digits; width up to 64. An unknown digit counts as 0. */
static uint64_t bits_of(const char *hex, size_t digits, uint32_t at, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < width; i++) {
        size_t digit = (at + i) / 4;
        char c = digit < digits ? hex[digits - 1 - digit] : '0';
        unsigned nibble = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                          : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                 : 0;
        value |= (uint64_t)(nibble >> (at + i) % 4 & 1) << i;
    }
    return value;
}

struct reading {
    uint32_t frame;
    uint64_t beats[CF_PYRAMID_MAX_SCALES]; /* of sums, seen so far */
};

/* The index of the first record of a scale. */
static uint32_t first_record(const struct cf_stream_plan *plan, uint64_t scale)
{
    uint32_t first = 0;
    for (uint64_t k = 0; k < scale; k++)
        first += plan->scale[k].rows * plan->scale[k].columns;
    return first;
}

static void take_record(const struct run *r, struct reading *reading, const char *hex, size_t digits, bool last)
{
    const struct cf_stream_plan *plan = r->plan;
    uint64_t column = bits_of(hex, digits, 0, 16), row = bits_of(hex, digits, 16, 16),
             scale = bits_of(hex, digits, 32, 8);
    uint64_t flags = bits_of(hex, digits, 40, 8);
    uint32_t classes = plan->pyramid->classes;
    if (reading->frame < r->vectors->count && flags == 0 && scale < plan->pyramid->scales &&
        row < plan->scale[scale].rows && column < plan->scale[scale].columns) {
        size_t record = (size_t)reading->frame * plan->records + first_record(plan, scale) +
                        row * plan->scale[scale].columns + column;
        uint8_t *fired = r->outcome->fired + record * classes;
        if (plan->options.sparse)
            fired[bits_of(hex, digits, 48, 16) % classes] = 1;
        for (uint32_t c = 0; !plan->options.sparse && c < classes; c++)
            fired[c] = (uint8_t)bits_of(hex, digits, 48 + c, 1);
        r->outcome->records++;
    }
    reading->frame += last;
}

static void take_sums(const struct run *r, struct reading *reading, uint64_t scale, const char *hex, size_t digits)
{
    const struct cf_stream_plan *plan = r->plan;
    if (scale >= plan->pyramid->scales)
        return;
    uint32_t bits = plan->scale[scale].value_bits, classes = plan->pyramid->classes;
    uint64_t positions = (uint64_t)plan->scale[scale].rows * plan->scale[scale].columns;
    uint64_t beat = reading->beats[scale] % plan->beats, position = reading->beats[scale] / plan->beats;
    reading->beats[scale]++;
    if (position / positions >= r->vectors->count)
        return;
    size_t record = (size_t)(position / positions * plan->records + first_record(plan, scale) + position % positions);
    /* The classes of a beat have consecutive numbers; its round and its place in it give the first. */
    uint64_t first = beat / plan->result_beats * plan->options.parallel + beat % plan->result_beats * plan->fold;
    for (uint32_t f = 0; f < plan->fold && first + f < classes; f++)
        if (cf_stream_beat(plan, (uint32_t)first + f) == beat)
            r->outcome->sums[record * classes + first + f] =
                (int64_t)(bits_of(hex, digits, f * bits, bits) << (64 - bits)) >> (64 - bits);
}

static bool read_dump(const struct run *r)
{
    char *path = cf_directory_join(r->options->scratch, dump_name), *line = NULL;
    FILE *file = path ? fopen(path, "r") : NULL;
    size_t capacity = 0;
    struct reading reading = {0};
    bool done = file || cf_fail(r->err, "%s: %m", path ? path : "out of memory");
    while (done && getline(&line, &capacity, file) > 0) {
        char *hex = line[0] == 'V' ? strchr(line + 2, ' ') : line + 1;
        if ((line[0] != 'R' && line[0] != 'V') || !hex)
            continue;
        hex++;
        size_t digits = strspn(hex, "0123456789abcdefxzXZ");
        if (line[0] == 'R')
            take_record(r, &reading, hex, digits, strncmp(hex + digits, " 1", 2) == 0);
        else
            take_sums(r, &reading, strtoull(line + 2, NULL, 10), hex, digits);
    }
    if (file)
        fclose(file);
    free(line);
    free(path);
    return done;
}

static bool read_verdict(const struct run *r)
{
    char *path = cf_directory_join(r->options->scratch, "run.log"), *text = NULL;
    size_t size;
    bool done = path ? cf_file_read(path, 1 << 24, &text, &size, r->err) : cf_fail(r->err, "out of memory");
    const char *line = done ? strstr(text, "PASS: ") : NULL;
    if (done && !line)
        line = strstr(text, "FAIL: ");
    done = done && (line || cf_fail(r->err, "%s: the testbench did not come to its end", path));
    if (done)
        snprintf(r->outcome->verdict, sizeof r->outcome->verdict, "%.*s", (int)strcspn(line, "\n"), line);
    free(text);
    free(path);
    return done;
}

static bool keep_wave(const struct run *r)
{
    if (!r->options->wave)
        return true;
    char *from = cf_directory_join(r->options->scratch, "wave.fst");
    struct cf_map map = {0};
    bool done = (from || cf_fail(r->err, "out of memory")) && cf_map_open(&map, from, r->err) &&
                cf_file_write(r->options->wave, map.data, map.size, r->err);
    cf_map_close(&map);
    free(from);
    return done;
}

bool cf_stream_simulate(struct cf_stream_outcome *outcome, const struct cf_stream_plan *plan,
                        const struct cf_stream_vectors *vectors, const struct cf_stream_sim_options *options,
                        struct cf_error *err)
{
    size_t decisions = (size_t)vectors->count * plan->records * plan->pyramid->classes;
    const struct run r = {.outcome = outcome,
                          .plan = plan,
                          .vectors = vectors,
                          .options = options,
                          .err = err,
                          .prefix = plan->options.prefix ? plan->options.prefix : "",
                          .watch = {NULL, options->stop, options->user}};
    *outcome =
        (struct cf_stream_outcome){.fired = malloc(decisions + 1), .sums = calloc(decisions + 1, sizeof(int64_t))};
    if (!outcome->fired || !outcome->sums)
        return cf_fail(err, "out of memory");
    memset(outcome->fired, plan->options.sparse ? 0 : 2, decisions);
    return cf_stream_write(plan, vectors, options->scratch, err) && (!options->rtl_directory || take_files(&r)) &&
           (options->verilator ? build_verilator(&r) : build_icarus(&r)) && run_counted(&r) && read_verdict(&r) &&
           read_dump(&r) && keep_wave(&r);
}

void cf_stream_outcome_free(struct cf_stream_outcome *outcome)
{
    free(outcome->fired);
    free(outcome->sums);
    *outcome = (struct cf_stream_outcome){0};
}
