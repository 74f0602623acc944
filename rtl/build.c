#include "rtl/build.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "rtl/directory.h"
#include "rtl/process.h"
#include "rtl/structural.h"

extern const char cf_harness_text[]; /* harness/harness.cpp, by the Makefile */

enum { SOURCE_LIMIT = 1 << 30 }; /* bytes of one Verilog file */

struct build {
    const struct cf_netlist *netlist;
    const struct cf_cosim_options *options;
    char *work; /* a directory of its own inside the cache, with the sources and everything made of them */
    char *log;
    struct cf_error *err;
};

static bool join(char **path, const char *a, const char *b, struct cf_error *err)
{
    return asprintf(path, "%s/%s", a, b) >= 0 || cf_fail(err, "%s: out of memory", a);
}

static bool write_text(const char *directory, const char *name, const char *text, struct cf_error *err)
{
    char *path;
    struct cf_out *out;
    if (!join(&path, directory, name, err))
        return false;
    bool done = cf_out_open(&out, path, err);
    if (done && !cf_out_write(out, text, strlen(text), err)) {
        cf_out_abort(&out);
        done = false;
    }
    done = done && cf_out_commit(&out, err);
    free(path);
    return done;
}

/* ---- sources ---- */

/* One line for each row: the wire that Verilator shows for it, in net order. */
static bool put_rows(const struct cf_rows *rows, struct cf_out *out, struct cf_error *err)
{
    char name[CF_ROW_NAME_MAX];
    const struct cf_netlist *netlist = rows->netlist;
    bool done = cf_out_printf(out, err, "#ifdef INPUT_ROWS\n");
    for (uint32_t g = 0; done && g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t row = rows->first_row[g]; done && row < rows->first_row[g + 1]; row++)
            done = cf_out_printf(out, err, "ROW(%s%s, %u, %u, %s)\n",
                                 g == CF_INPUT ? "top." : "root." CF_RTL_TOP "__DOT__", cf_row_name(rows, row, name),
                                 cf_group_lanes(group), group->type.width, group->type.is_signed ? "true" : "false");
        if (done && g == CF_INPUT)
            done = cf_out_printf(out, err, "#endif\n#ifdef GATE_ROWS\n");
    }
    return done && cf_out_printf(out, err, "#endif\n");
}

static bool write_rows(struct build *b)
{
    struct cf_rows rows;
    char *path;
    struct cf_out *out = NULL;
    if (!cf_rows_build(&rows, b->netlist, b->err))
        return false;
    bool done = join(&path, b->work, "rows.inc", b->err);
    if (done) {
        done = cf_out_open(&out, path, b->err) && put_rows(&rows, out, b->err) && cf_out_commit(&out, b->err);
        cf_out_abort(&out);
        free(path);
    }
    cf_rows_free(&rows);
    return done;
}

static bool copy_source(struct build *b, const char *name)
{
    char *from, *text = NULL;
    size_t size;
    if (!join(&from, b->options->rtl, name, b->err))
        return false;
    bool done = cf_file_read(from, SOURCE_LIMIT, &text, &size, b->err) && write_text(b->work, name, text, b->err);
    free(text);
    free(from);
    return done;
}

static bool write_sources(struct build *b)
{
    struct cf_rtl_summary summary;
    bool done = true;
    if (!b->options->rtl)
        done = cf_rtl_write(b->netlist, b->work, NULL, &summary, b->err);
    for (int i = 0; done && b->options->rtl && cf_rtl_sources[i]; i++)
        done = copy_source(b, cf_rtl_sources[i]);
    return done && write_rows(b) && write_text(b->work, "harness.cpp", cf_harness_text, b->err);
}

/* The digest of the digests of everything that is compiled. */
static bool digest(struct build *b, char hex[CF_SHA256_HEX])
{
    char all[5 * CF_SHA256_HEX];
    const char *names[] = {cf_rtl_sources[0], cf_rtl_sources[1], cf_rtl_sources[2], "rows.inc", "harness.cpp"};
    for (int i = 0; i < 5; i++) {
        char *path;
        if (!join(&path, b->work, names[i], b->err))
            return false;
        bool done = cf_sha256_file(path, all + (size_t)i * CF_SHA256_HEX, b->err);
        free(path);
        if (!done)
            return false;
    }
    cf_sha256(all, sizeof all, hex);
    return true;
}

/* ---- compiling ---- */

static void count_files(const char *path, int depth, uint64_t *sources, uint64_t *objects)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);
        *sources += length > 4 && strcmp(entry->d_name + length - 4, ".cpp") == 0;
        *objects += length > 2 && strcmp(entry->d_name + length - 2, ".o") == 0;
        char *below;
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && depth > 0 &&
            asprintf(&below, "%s/%s", path, entry->d_name) >= 0) {
            count_files(below, depth - 1, sources, objects);
            free(below);
        }
    }
    if (directory)
        closedir(directory);
}

static void on_tick(void *context)
{
    const struct build *b = context;
    uint64_t sources = 0, objects = 0;
    count_files(b->work, 3, &sources, &objects);
    b->options->progress(b->options->context, objects < sources ? objects : sources, sources);
}

static bool run_verilator(struct build *b)
{
    char jobs[16];
    snprintf(jobs, sizeof jobs, "%d", b->options->jobs);
    if (!cf_process_find("verilator", "verilator", b->err) || !cf_process_find("make", "make", b->err) ||
        !cf_process_find("g++", "g++", b->err))
        return false;
    /* --hierarchical compiles the modules that are marked hier_block once each, not once an instance. Verilator's own
     * default, -Os, takes as long as -O1 to compile and gives slower code. Smaller files and functions than it would write
     * compile in a third of the time. */
    const char *argv[] = {"verilator",
                          "--cc",
                          "--exe",
                          "--build",
                          "-j",
                          jobs,
                          "--hierarchical",
                          "--top-module",
                          CF_RTL_TOP,
                          "--prefix",
                          "Vcofiber",
                          "-Mdir",
                          "obj",
                          "--x-assign",
                          "fast",
                          "--x-initial",
                          "fast",
                          "-Wno-fatal",
                          "-MAKEFLAGS",
                          "OPT_FAST=-O1",
                          "-MAKEFLAGS",
                          "OPT_SLOW=-O0",
                          cf_rtl_sources[0],
                          cf_rtl_sources[1],
                          cf_rtl_sources[2],
                          "harness.cpp",
                          NULL};
    struct cf_tick tick = {b->options->progress ? on_tick : NULL, b};
    return cf_process_run(argv, b->work, b->log, tick, b->err);
}

/* Keeps the program, the Verilog and the log; what the compilers left between goes. */
static bool keep_results(struct build *b, const char *place)
{
    char *program = NULL, *kept = NULL, *objects = NULL;
    bool done = join(&program, b->work, "obj/Vcofiber", b->err) && join(&kept, b->work, "simulation", b->err) &&
                join(&objects, b->work, "obj", b->err);
    if (done && rename(program, kept) != 0)
        done = cf_fail(b->err, "%s: %m", program);
    done = done && cf_directory_remove(objects, b->err);
    /* Another process may have built the same meanwhile, or --rebuild replaces what is there. */
    if (done && access(place, F_OK) == 0)
        done = cf_directory_remove(place, b->err);
    if (done && rename(b->work, place) != 0)
        done = cf_fail(b->err, "%s: %m", place);
    free(program);
    free(kept);
    free(objects);
    return done;
}

static bool build_in(struct build *b, char **program, bool *cached)
{
    char hex[CF_SHA256_HEX], *place = NULL;
    bool done = write_sources(b) && digest(b, hex) && join(&place, b->options->cache, hex, b->err) &&
                join(program, place, "simulation", b->err);
    *cached = done && !b->options->rebuild && access(*program, X_OK) == 0;
    if (done && *cached)
        done = cf_directory_remove(b->work, b->err);
    else if (done)
        done = run_verilator(b) && keep_results(b, place);
    free(place);
    return done;
}

bool cf_build(const struct cf_netlist *netlist, const struct cf_cosim_options *options, char **program, bool *cached,
              struct cf_error *err)
{
    struct build b = {.netlist = netlist, .options = options, .err = err};
    *program = NULL;
    if (!cf_directory_make(options->cache, err) || !join(&b.work, options->cache, "build-XXXXXX", err))
        return false;
    char *root = NULL;
    bool made = mkdtemp(b.work) != NULL;
    bool done = made || cf_fail(err, "%s: %m", b.work);
    if (done && (root = realpath(b.work, NULL)) == NULL)
        done = cf_fail(err, "%s: %m", b.work);
    done = done && join(&b.log, root, "build.log", err) && build_in(&b, program, cached);
    /* The error of a failed build names its log, which stays; without a log there is nothing to look at. */
    if (!done && made && (!b.log || access(b.log, F_OK) != 0))
        cf_directory_remove(b.work, NULL);
    if (!done) {
        free(*program);
        *program = NULL;
    }
    free(root);
    free(b.work);
    free(b.log);
    return done;
}
