/* build.c - has Verilator build a program from the emitted Verilog, or finds it in the cache. */
#include "rtl/tools/build.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/scratch.h"
#include "base/text.h"
#include "rtl/structural/structural.h"
#include "rtl/tools/cache.h"
#include "rtl/tools/harness.h"
#include "rtl/tools/process.h"
#include "rtl/tools/runtime.h"

/* Options of make for large circuits, in which it pays to optimise Verilator's hierarchical blocks. Verilator's own
 * default, -Os, takes as long as -O1 and gives slower code. The top, which only moves values between blocks, the code
 * that runs once (constructors, megabytes of them) and the run-time library are compiled with -O0, as more would cost
 * minutes. Each block is one file, and so is the top: otherwise some thirty files would each read the circuit's own
 * header, which takes a minute at full size. With -fPIC, which blocks need anyway, all can share the precompiled
 * header. */
static const char *const large_make[] = {"OPT_FAST=$(if $(filter Vcofiber,$(VM_PREFIX)),-O0,-O1)", "OPT_SLOW=-O0",
                                         "OPT_GLOBAL=-O0", "VM_PARALLEL_BUILDS=0", NULL};
static const char *const small_make[] = {"OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", "VM_PARALLEL_BUILDS=0",
                                         NULL};
/* Two of Verilator's passes are off, because they would gather a row's lanes into one expression of thousands of bits,
 * and the loop of a classifier is not unrolled. Either would take minutes to compile, for slower code. */
// clang-format off
static const char *const verilator_options[] = {
    "--cc", "--exe", "--prefix", "Vcofiber",
    "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal",
    "--output-split", "200000", "--output-split-cfuncs", "500",
    "-fno-dfg", "-fno-assemble", "--unroll-count", "1",
    NULL,
};
// clang-format on

static const char wave_option[] = "--trace-fst";

enum {
    SOURCE_LIMIT = 1 << 30,
    MAX_ARGUMENTS = 64,
    LARGE_FROM = 20000000, /* multiply-adds per frame */
};

struct builder {
    const struct cf_netlist *netlist;
    const struct cf_cosim_options *options;
    struct cf_error *err;
    struct cf_watch watch;
    char *verilator, *make, *compiler; /* the tools' paths */
    char *cache;                       /* the cache's directory */
    const char *workshop;              /* where programs are built: the cache, or `elsewhere` */
    struct cf_scratch elsewhere;       /* used where make could not build in the cache */
    char *entry, *part;                /* this program's directory, and the one it is built in */
    char *obj, *log;                   /* in `part` */
    char *version;                     /* Verilator's */
    char key[CF_SHA256_HEX];
    char top[CF_RTL_PREFIX_MAX + sizeof CF_RTL_TOP]; /* the top module */
    struct cf_runtime runtime;
};

static bool no_memory(struct builder *b)
{
    return cf_fail(b->err, "%s: out of memory", b->netlist->label);
}

/* ---- the key ---- */

/* Appends a file's hash to what the key is made of. */
static bool hash_file(struct builder *b, const char *directory, const char *name, struct cf_text *text)
{
    char hex[CF_SHA256_HEX], *path = cf_directory_join(directory, name);
    bool done = path ? cf_sha256_file(path, hex, b->err) : no_memory(b);
    if (done)
        cf_text_printf(text, "%s %s\n", name, hex);
    free(path);
    return done;
}

/* The output of `program --version`, malloc'd; NULL with an error. Leaves a file "version" in `directory`. */
static char *version_of(struct builder *b, const char *program, const char *directory)
{
    const char *argv[] = {program, "--version", NULL};
    char *path = cf_directory_join(directory, "version"), *text = NULL;
    size_t size;
    bool done = path ? cf_process_run(argv, NULL, path, &b->watch, b->err) : no_memory(b);
    if (!done || !cf_file_read(path, 4096, &text, &size, b->err))
        text = NULL;
    free(path);
    return text;
}

static void put_list(const char *const *list, struct cf_text *text)
{
    for (int i = 0; list[i]; i++)
        cf_text_printf(text, "%s\n", list[i]);
}

/* Makes the key, a hash of everything on which the program's results depend. (Its speed may also depend on the options
 * of the run that built it.) `scratch` is a directory for temporary files. */
static bool make_key(struct builder *b, const char *sources, const char *scratch)
{
    struct cf_text text = {0};
    char hex[CF_SHA256_HEX];
    b->version = version_of(b, b->verilator, scratch);
    bool done = b->version != NULL;
    if (done)
        cf_text_printf(&text, "%s", b->version);
    if (b->options->wave)
        cf_text_printf(&text, "%s\n", wave_option);
    for (int i = 0; done && cf_rtl_sources[i]; i++)
        done = hash_file(b, sources, cf_rtl_sources[i], &text);
    cf_sha256(cf_harness_text, (size_t)(cf_harness_end - cf_harness_text), hex);
    cf_text_printf(&text, "harness %s\n", hex);
    put_list(verilator_options, &text);
    put_list(large_make, &text);
    put_list(small_make, &text);
    done = done && (!text.failed || no_memory(b));
    if (done)
        cf_sha256(text.data, text.length, b->key);
    cf_text_free(&text);
    b->entry = done ? cf_directory_join(b->cache, b->key) : NULL;
    if (done && (!b->entry || asprintf(&b->part, "%s/%s.part", b->workshop, b->key) < 0)) {
        b->part = NULL;
        done = no_memory(b);
    }
    return done;
}

/* ---- progress ---- */

static bool exists(const char *format, const char *directory, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof path, format, directory, name, name);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

/* Each block of a hierarchical build is Verilated, then compiled; then the top likewise. */
static void count_hier_blocks(const char *obj, uint64_t *blocks, uint64_t *done)
{
    static const char suffix[] = "_hierMkArgs.f";
    DIR *stream = opendir(obj);
    *blocks = *done = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length <= sizeof suffix || strcmp(entry->d_name + length - (sizeof suffix - 1), suffix) != 0 ||
            strncmp(entry->d_name, "Vcofiber_", 9) == 0)
            continue;
        entry->d_name[length - (sizeof suffix - 1)] = '\0';
        *blocks += 1;
        *done += exists("%s/%s/%s.mk", obj, entry->d_name);
        *done += exists("%s/V%s/lib%s.a", obj, entry->d_name + 1);
    }
    if (stream)
        closedir(stream);
    *done += exists("%s/%s", obj, "Vcofiber.mk") + exists("%s/%s", obj, "Vcofiber__ALL.o");
}

static void tick(void *user)
{
    struct builder *b = user;
    uint64_t blocks, done;
    if (!b->options->progress || !b->obj)
        return;
    count_hier_blocks(b->obj, &blocks, &done);
    b->options->progress(b->options->user, done, blocks ? 2 * blocks + 3 : 0);
}

static bool stop(void *user)
{
    const struct builder *b = user;
    return b->options->stop && b->options->stop(b->options->user);
}

/* ---- building ---- */

static bool write_harness(struct builder *b)
{
    char *path = cf_directory_join(b->part, "harness.cpp");
    size_t size = (size_t)(cf_harness_end - cf_harness_text);
    bool done = path ? cf_file_write(path, cf_harness_text, size, b->err) : no_memory(b);
    free(path);
    return done;
}

/* Notes whose program it is, for those who look into the cache. */
static bool write_label(struct builder *b)
{
    char *path = cf_directory_join(b->part, CF_CACHE_NETLIST);
    bool done = path ? cf_file_write(path, b->netlist->label, strlen(b->netlist->label), b->err) : no_memory(b);
    free(path);
    return done;
}

/* Copies the Verilog under fixed names, so that the tools see no path of the user's, and finds whether the emission
 * asks for hierarchical blocks. */
static bool copy_sources(struct builder *b, const char *sources, bool *hierarchical)
{
    *hierarchical = false;
    for (int i = 0; cf_rtl_sources[i]; i++) {
        char *from = cf_directory_join(sources, cf_rtl_sources[i]), *to = cf_directory_join(b->part, cf_rtl_sources[i]),
             *text = NULL;
        size_t size;
        bool done = (from && to) || no_memory(b);
        done = done && cf_file_read(from, SOURCE_LIMIT, &text, &size, b->err) && cf_file_write(to, text, size, b->err);
        *hierarchical = *hierarchical || (done && strstr(text, "/*verilator hier_block*/"));
        free(text);
        free(from);
        free(to);
        if (!done)
            return false;
    }
    return true;
}

static int job_count(const struct builder *b)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return b->options->jobs > 0 ? b->options->jobs : processors > 0 ? (int)processors : 1;
}

/* Multiply-adds per frame. */
static uint64_t multiplications(const struct cf_netlist *netlist)
{
    uint64_t count = 0;
    for (uint32_t g = CF_INPUT + 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++)
            count += netlist->cells[netlist->groups[g].cell[i]].term_count;
    return count;
}

static bool verilate(struct builder *b, bool hierarchical)
{
    char jobs[16];
    const char *argv[MAX_ARGUMENTS] = {b->verilator, "-j", jobs};
    int count = 3;
    snprintf(jobs, sizeof jobs, "%d", job_count(b));
    for (int i = 0; verilator_options[i]; i++)
        argv[count++] = verilator_options[i];
    if (hierarchical)
        argv[count++] = "--hierarchical";
    if (b->options->wave)
        argv[count++] = wave_option;
    argv[count++] = "--top-module";
    argv[count++] = b->top;
    argv[count++] = "--Mdir";
    argv[count++] = "obj";
    argv[count++] = "harness.cpp";
    for (int i = 0; cf_rtl_sources[i]; i++)
        argv[count++] = cf_rtl_sources[i];
    return cf_process_run(argv, b->part, b->log, &b->watch, b->err);
}

/* Runs make on `target` with these flags for the preprocessor. Verilator's makefile for the top includes that for the
 * blocks, so that all are compiled side by side. */
static bool run_make(struct builder *b, const char *flags, const char *target)
{
    char jobs[16];
    const char *const *options = multiplications(b->netlist) >= LARGE_FROM ? large_make : small_make;
    const char *argv[MAX_ARGUMENTS] = {b->make, jobs, "-f", "Vcofiber.mk", flags, target};
    int count = 6;
    snprintf(jobs, sizeof jobs, "-j%d", job_count(b));
    for (int i = 0; options[i]; i++)
        argv[count++] = options[i];
    return cf_process_run(argv, b->obj, b->log, &b->watch, b->err);
}

/* Compiles the program with the objects that earlier programs left, and keeps new ones for later programs. */
static bool compile(struct builder *b)
{
    char *source = cf_directory_join(b->obj, "precompiled.cpp"), *header = cf_directory_join(b->obj, "precompiled.o"),
         *flags = NULL;
    bool precompiled;
    bool done = (source && header) || no_memory(b);
    done = done && cf_runtime_header(&b->runtime, source, &precompiled, b->err) &&
           (precompiled || (run_make(b, "USER_CPPFLAGS=-fPIC -x c++-header", "precompiled.o") &&
                            cf_runtime_take_header(&b->runtime, header, b->err)));
    if (done && asprintf(&flags, "USER_CPPFLAGS=-fPIC -include %s", b->runtime.header) < 0) {
        flags = NULL;
        done = no_memory(b);
    }
    done = done && run_make(b, flags, "default");
    free(source);
    free(header);
    free(flags);
    return done;
}

/* Compiles, and after a failure compiles again without the objects that were kept, which may have been damaged. */
static bool compile_again(struct builder *b)
{
    return !stop(b) && b->runtime.used && cf_runtime_drop(&b->runtime, b->obj, b->err) && compile(b);
}

/* Finds the shared objects by everything on which they depend. */
static bool open_runtime(struct builder *b)
{
    static const char *const variables[] = {"CXXFLAGS", "CPPFLAGS", "CPATH", "CPLUS_INCLUDE_PATH", "VERILATOR_ROOT"};
    struct cf_text text = {0};
    char *compiler = version_of(b, b->compiler, b->part);
    bool done = compiler != NULL;
    if (done)
        cf_text_printf(&text, "%s%s%s\n", b->version, compiler, b->options->wave ? wave_option : "");
    free(compiler);
    put_list(small_make, &text);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        cf_text_printf(&text, "%s=%s\n", variables[i], value ? value : "");
    }
    done = done && (!text.failed || no_memory(b)) && cf_runtime_open(&b->runtime, b->workshop, text.data, b->err);
    cf_text_free(&text);
    return done;
}

/* Copies what was built elsewhere into the cache, and makes it an entry there: one rename does that, as it does for
 * what was built in the cache. */
static bool bring_home(struct builder *b)
{
    static const char *const names[] = {"Vcofiber", "build.log", CF_CACHE_NETLIST, NULL};
    char *part = NULL;
    if (asprintf(&part, "%s.part", b->entry) < 0)
        return no_memory(b);
    bool done = cf_directory_remove(part, b->err) && cf_directory_make(part, b->err);
    for (int i = 0; done && names[i]; i++) {
        char *from = cf_directory_join(b->part, names[i]), *to = cf_directory_join(part, names[i]), *text = NULL;
        size_t size;
        done = (from && to) || no_memory(b);
        done = done && cf_file_read(from, SOURCE_LIMIT, &text, &size, b->err) && cf_file_write(to, text, size, b->err);
        if (done && i == 0 && chmod(to, 0755) != 0)
            done = cf_fail(b->err, "%s: %m", to);
        free(text);
        free(from);
        free(to);
    }
    if (done && rename(part, b->entry) != 0)
        done = cf_fail(b->err, "%s: %m", b->entry);
    if (!done)
        cf_directory_remove(part, NULL);
    free(part);
    return done;
}

/* Keeps the program and the log, drops a hundred megabytes of objects, and makes it the cache's entry. */
static bool keep(struct builder *b)
{
    char *built = cf_directory_join(b->obj, "Vcofiber"), *program = cf_directory_join(b->part, "Vcofiber");
    bool done = (built && program) || no_memory(b);
    if (done && rename(built, program) != 0)
        done = cf_fail(b->err, "%s: %m", built);
    done = done && cf_directory_remove(b->obj, b->err) && cf_directory_remove(b->entry, b->err);
    if (done && b->elsewhere.path)
        done = bring_home(b);
    else if (done && rename(b->part, b->entry) != 0)
        done = cf_fail(b->err, "%s: %m", b->entry);
    free(built);
    free(program);
    return done;
}

/* Chooses where to build: in the cache or, if make could not build in a directory of that name, in one for this run
 * alone.
 */
static bool open_workshop(struct builder *b)
{
    const char *place = getenv("TMPDIR");
    b->workshop = b->cache;
    if (cf_cache_can_build(b->cache))
        return true;
    if (!place || *place != '/' || !cf_cache_can_build(place))
        place = "/tmp";
    if (!cf_scratch_make(&b->elsewhere, place, "cofiber-build", b->err))
        return false;
    b->workshop = b->elsewhere.path;
    return true;
}

/* After a failure the error names the log of the tool, which must stay. */
static void close_workshop(struct builder *b, bool done)
{
    if (!done && b->elsewhere.path && b->err && strstr(b->err->text, b->elsewhere.path))
        cf_scratch_leave(&b->elsewhere);
    else
        cf_scratch_remove(&b->elsewhere);
}

static bool build_entry(struct builder *b, const char *sources)
{
    bool hierarchical;
    b->log = cf_directory_join(b->part, "build.log");
    b->obj = cf_directory_join(b->part, "obj");
    return ((b->log && b->obj) || no_memory(b)) && cf_directory_remove(b->part, b->err) &&
           cf_directory_make(b->part, b->err) && copy_sources(b, sources, &hierarchical) && write_harness(b) &&
           write_label(b) && verilate(b, hierarchical) && open_runtime(b) &&
           cf_runtime_lend(&b->runtime, b->obj, b->err) && (compile(b) || compile_again(b)) &&
           cf_runtime_take(&b->runtime, b->obj, b->err) && keep(b);
}

static bool find_or_build(struct builder *b, const char *sources, struct cf_build *build)
{
    struct cf_cache_lock lock;
    build->program = cf_directory_join(b->entry, "Vcofiber");
    build->log = cf_directory_join(b->entry, "run.log");
    bool done = (build->program && build->log) || no_memory(b);
    build->cached = done && !b->options->rebuild && access(build->program, X_OK) == 0;
    if (!done || build->cached)
        return done;
    cf_cache_sweep(b->cache);
    done = cf_cache_lock(b->entry, &lock, b->err);
    /* Somebody else may have built it while we waited. */
    build->cached = done && !b->options->rebuild && access(build->program, X_OK) == 0;
    done = done && (build->cached || build_entry(b, sources));
    bool interrupted = !done && stop(b);
    if (interrupted) /* after any other failure the error names the log, which is in this directory */
        cf_directory_remove(b->part, NULL);
    cf_cache_unlock(&lock, interrupted);
    return done;
}

static void free_builder(struct builder *b)
{
    cf_runtime_close(&b->runtime);
    free(b->verilator);
    free(b->make);
    free(b->compiler);
    free(b->cache);
    free(b->entry);
    free(b->part);
    free(b->obj);
    free(b->log);
    free(b->version);
}

static bool find_top(struct builder *b, const char *sources)
{
    char prefix[CF_RTL_PREFIX_MAX + 1];
    if (!cf_rtl_find_prefix(sources, prefix, b->err))
        return false;
    snprintf(b->top, sizeof b->top, "%s" CF_RTL_TOP, prefix);
    return true;
}

bool cf_build_program(struct cf_build *build, const struct cf_netlist *netlist, const struct cf_cosim_options *options,
                      struct cf_error *err)
{
    struct builder b = {.netlist = netlist, .options = options, .err = err};
    struct cf_rtl_options emission = {0};
    struct cf_rtl_summary summary;
    struct cf_scratch scratch = {0};
    *build = (struct cf_build){0};
    b.watch = (struct cf_watch){tick, stop, &b};
    bool done = (b.verilator = cf_program_find("verilator", "verilator", err)) != NULL &&
                (b.make = cf_program_find("make", "make", err)) != NULL &&
                (b.compiler = cf_program_find("g++", "g++", err)) != NULL &&
                (b.cache = cf_cache_find(options->cache_directory, err)) != NULL && open_workshop(&b) &&
                cf_scratch_make(&scratch, b.cache, CF_CACHE_SCRATCH, err);
    const char *sources = options->rtl_directory ? options->rtl_directory : scratch.path;
    done = done && (options->rtl_directory || cf_rtl_write(netlist, scratch.path, &emission, &summary, err)) &&
           find_top(&b, sources) && make_key(&b, sources, scratch.path) && find_or_build(&b, sources, build);
    cf_scratch_remove(&scratch);
    close_workshop(&b, done);
    if (done)
        memcpy(build->top, b.top, sizeof build->top);
    free_builder(&b);
    if (!done)
        cf_build_free(build);
    return done;
}

void cf_build_free(struct cf_build *build)
{
    free(build->program);
    free(build->log);
    *build = (struct cf_build){0};
}
