/* stream_synth.c - runs Yosys, nextpnr-ice40 and icetime on a package, and reads their counts. */
#include "rtl/tools/stream_synth.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/file.h"
#include "base/text.h"
#include "rtl/stream/stream.h"
#include "rtl/tools/process.h"
#include "rtl/tools/stream_script.h"

struct synthesis {
    const char *directory;
    const struct cf_synth_options *options;
    struct cf_synth_result *result;
    struct cf_error *err;
    char prefix[64];
    bool up5k; /* ice40: the package has a list for this device */
    struct cf_watch watch;
};

bool cf_stream_find_package(const char *directory, char prefix[64], struct cf_error *err)
{
    static const char ending[] = CF_STREAM_LIST;
    size_t tail = sizeof ending - 1;
    DIR *stream = opendir(directory);
    int found = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < tail || length - tail >= 64 || strcmp(entry->d_name + length - tail, ending) != 0)
            continue;
        snprintf(prefix, 64, "%.*s", (int)(length - tail), entry->d_name);
        found++;
    }
    if (!stream)
        return cf_fail(err, "%s: %m", directory);
    closedir(stream);
    return found == 1 || cf_fail(err, "%s: holds %s " CF_STREAM_LIST " of `cofiber verilog --style stream`", directory,
                                 found ? "more than one" : "no");
}

/* Runs a tool in the package's directory, where its memories are. */
static bool run_tool(const struct synthesis *s, const char *program, const char *package, const char *log_name,
                     const char **argv)
{
    char *path = cf_program_find(program, package, s->err), *log = cf_directory_join(s->options->scratch, log_name);
    bool done = path && (log || cf_fail(s->err, "out of memory"));
    argv[0] = path;
    done = done && cf_process_run(argv, s->directory, log, &s->watch, s->err);
    free(path);
    free(log);
    return done;
}

/* ---- Yosys ---- */

static bool write_script(const struct synthesis *s)
{
    const struct cf_stream_script script = {.target = s->options->target,
                                            .prefix = s->prefix,
                                            .scratch = s->options->scratch,
                                            .no_dsp = s->options->logic,
                                            .netlist = s->options->netlist};
    struct cf_text text = {0};
    char *list_name = NULL, *list = NULL, *path = cf_directory_join(s->options->scratch, "synth.ys"),
         *cells = cf_directory_join(s->options->scratch, CF_STREAM_CELLS);
    size_t size;
    bool done = (path && cells &&
                 asprintf(&list_name, "%s/%s%s", s->directory, s->prefix,
                          s->up5k ? CF_STREAM_ICE40_LIST : CF_STREAM_LIST) >= 0) ||
                cf_fail(s->err, "out of memory");
    done = done && cf_file_read(list_name, 1 << 20, &list, &size, s->err);
    for (char *line = done ? strtok(list, "\n") : NULL; line; line = strtok(NULL, "\n"))
        if (line[0] != '/')
            cf_text_printf(&text, "read_verilog %s\n", line);
    cf_stream_put_script(&script, &text);
    done = done && (!text.failed || cf_fail(s->err, "out of memory")) &&
           cf_file_write(path, text.data, text.length, s->err) &&
           cf_file_write(cells, cf_stream_cells, strlen(cf_stream_cells), s->err);
    cf_text_free(&text);
    free(list);
    free(list_name);
    free(cells);
    free(path);
    return done;
}

/* The sum of the counts of all cells whose name begins with `name`, in a file that `stat` wrote: its last module. */
static uint64_t count_cells(const char *stat, const char *name)
{
    uint64_t count = 0;
    const char *last = strstr(stat, "Number of cells:");
    for (const char *next = last; next; next = strstr(next + 1, "Number of cells:"))
        last = next;
    for (const char *line = last; line && *line;) {
        char cell[128];
        unsigned long long number;
        const char *end = strchr(line, '\n');
        if (sscanf(line, " %127s %llu", cell, &number) == 2 && strncmp(cell, name, strlen(name)) == 0)
            count += number;
        line = end ? end + 1 : NULL;
    }
    return count;
}

static bool read_output(const struct synthesis *s, const char *name, char **text)
{
    size_t size;
    char *path = cf_directory_join(s->options->scratch, name);
    bool done = path ? cf_file_read(path, 1 << 26, text, &size, s->err) : cf_fail(s->err, "out of memory");
    free(path);
    return done;
}

static bool read_counts(const struct synthesis *s)
{
    struct cf_synth_result *r = s->result;
    char *stat = NULL, *coarse = NULL;
    bool done = read_output(s, "stat.txt", &stat);
    if (done && s->options->target == CF_TARGET_ICE40) {
        r->luts = count_cells(stat, "SB_LUT4");
        r->registers = count_cells(stat, "SB_DFF");
        r->dsps = count_cells(stat, "SB_MAC16");
        r->memory_blocks = count_cells(stat, "SB_RAM40");
        r->memory_bits = r->memory_blocks * 4096 + count_cells(stat, "SB_SPRAM256KA") * 262144;
    } else if (done && s->options->target == CF_TARGET_ECP5) {
        r->luts = count_cells(stat, "LUT4") + 2 * count_cells(stat, "CCU2C") + 8 * count_cells(stat, "TRELLIS_DPR16X4");
        r->registers = count_cells(stat, "TRELLIS_FF");
        r->dsps = count_cells(stat, "MULT18X18D");
        r->memory_blocks = count_cells(stat, "DP16KD");
        r->memory_bits = r->memory_blocks * 18432;
    } else if (done && s->options->target == CF_TARGET_XILINX) {
        r->luts = count_cells(stat, "LUT") + count_cells(stat, "RAM32M") * 4 + count_cells(stat, "RAM64M") * 4;
        r->registers = count_cells(stat, "FD");
        r->dsps = count_cells(stat, "DSP48E1");
        r->memory_blocks = count_cells(stat, "RAMB18E1") + 2 * count_cells(stat, "RAMB36E1");
        r->memory_bits = r->memory_blocks * 18432;
    } else if (done) {
        done = read_output(s, "coarse.txt", &coarse);
        r->luts = count_cells(stat, "$lut") + count_cells(stat, "cofiber_adder");
        r->registers = count_cells(stat, "$_DFF") + count_cells(stat, "$_SDFF");
        const char *bits = done ? strstr(coarse, "Number of memory bits:") : NULL;
        for (const char *next = bits; next; next = strstr(next + 1, "Number of memory bits:"))
            bits = next;
        r->memory_bits = bits ? strtoull(bits + 22, NULL, 10) : 0;
        r->multipliers = count_cells(stat, "cofiber_product");
    }
    free(stat);
    free(coarse);
    return done;
}

/* ---- place and route ---- */

/* The device and the package that nextpnr and icetime are told. */
struct device {
    const char *option, *package, *name;
};

static const struct device hx8k = {"--hx8k", "ct256", "hx8k"}, up5k = {"--up5k", "sg48", "up5k"};

double cf_synth_clock(const struct cf_synth_result *r)
{
    return r->icetime_mhz > 0 && r->icetime_mhz < r->nextpnr_mhz ? r->icetime_mhz : r->nextpnr_mhz;
}

static bool route(const struct synthesis *s, const struct device *device, uint32_t number, struct cf_synth_result *r)
{
    char json[1024], asc[1024], pins[1024], seed[32], *text = NULL;
    snprintf(json, sizeof json, "%s/netlist.json", s->options->scratch);
    snprintf(asc, sizeof asc, "%s/netlist.asc", s->options->scratch);
    snprintf(pins, sizeof pins, "%scofiber_stream_ice40.pcf", s->prefix);
    snprintf(seed, sizeof seed, "%u", number);
    const char *argv[] = {NULL,
                          device->option,
                          "--package",
                          device->package,
                          "--json",
                          json,
                          "--asc",
                          asc,
                          "--seed",
                          seed,
                          "--freq",
                          s->up5k ? "60" : "100",
                          "--timing-allow-fail",
                          s->up5k ? "--pcf" : "--pcf-allow-unconstrained",
                          s->up5k ? pins : NULL,
                          NULL};
    if (!run_tool(s, "nextpnr-ice40", "nextpnr-ice40", "nextpnr.log", argv) || !read_output(s, "nextpnr.log", &text))
        return false;
    const char *at = strstr(text, "ICESTORM_LC:");
    r->cells = at ? strtoull(at + 12, NULL, 10) : 0;
    for (const char *clock = strstr(text, "Max frequency for clock"); clock;
         clock = strstr(clock + 1, "Max frequency for clock")) {
        const char *colon = strchr(clock, ':');
        r->nextpnr_mhz = colon ? strtod(colon + 1, NULL) : 0;
    }
    free(text);
    return true;
}

static bool time_route(const struct synthesis *s, const struct device *device, struct cf_synth_result *r)
{
    char asc[1024], report[1024], *text = NULL;
    snprintf(asc, sizeof asc, "%s/netlist.asc", s->options->scratch);
    snprintf(report, sizeof report, "%s/icetime.rpt", s->options->scratch);
    const char *argv[] = {NULL, "-d", device->name, "-P", device->package, "-mt", "-r", report, asc, NULL};
    if (!run_tool(s, "icetime", "fpga-icestorm", "icetime.log", argv) || !read_output(s, "icetime.rpt", &text))
        return false;
    const char *at = strstr(text, "Total path delay:");
    const char *open = at ? strchr(at, '(') : NULL;
    r->icetime_mhz = open ? strtod(open + 1, NULL) : 0;
    free(text);
    return true;
}

static bool pack(const struct synthesis *s)
{
    char asc[1024], binary[1024];
    snprintf(asc, sizeof asc, "%s/netlist.asc", s->options->scratch);
    snprintf(binary, sizeof binary, "%s/netlist.bin", s->options->scratch);
    const char *argv[] = {NULL, asc, binary, NULL};
    return run_tool(s, "icepack", "fpga-icestorm", "icepack.log", argv);
}

/* Tries the seeds and keeps the fastest. */
static bool place(const struct synthesis *s)
{
    const struct device *device = s->up5k ? &up5k : &hx8k;
    for (uint32_t i = 0; i < s->options->seeds; i++) {
        struct cf_synth_result tried = *s->result;
        tried.seed = s->options->seed + i;
        if (!route(s, device, tried.seed, &tried) || !time_route(s, device, &tried))
            return false;
        if (i > 0 && cf_synth_clock(&tried) <= cf_synth_clock(s->result))
            continue;
        *s->result = tried;
        if (s->options->bitstream && !pack(s))
            return false;
    }
    return true;
}

/* Has the package a list of Verilog for the iCE40 UP5K? */
static bool has_device_list(const struct synthesis *s)
{
    char *path = NULL;
    bool found = asprintf(&path, "%s/%s" CF_STREAM_ICE40_LIST, s->directory, s->prefix) >= 0;
    if (!found)
        return false;
    found = access(path, R_OK) == 0;
    free(path);
    return found;
}

bool cf_stream_synthesise(struct cf_synth_result *result, const char *directory, const struct cf_synth_options *options,
                          struct cf_error *err)
{
    struct synthesis s = {.directory = directory,
                          .options = options,
                          .result = result,
                          .err = err,
                          .watch = {NULL, options->stop, options->user}};
    char script[1024];
    snprintf(script, sizeof script, "%s/synth.ys", options->scratch);
    const char *argv[] = {NULL, "-q", "-s", script, NULL};
    *result = (struct cf_synth_result){0};
    if (!cf_stream_find_package(directory, s.prefix, err))
        return false;
    s.up5k = options->target == CF_TARGET_ICE40 && has_device_list(&s);
    return write_script(&s) && run_tool(&s, "yosys", "yosys", "yosys.log", argv) && read_counts(&s) &&
           (!options->place || options->target != CF_TARGET_ICE40 || place(&s));
}
