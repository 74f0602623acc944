#include "rtl/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "rtl/directory.h"
#include "rtl/harness.h"
#include "rtl/process.h"
#include "rtl/structural.h"

/* Verilator's own default, -Os, takes as long as -O1 to compile and gives slower code. What runs once (the
 * constructors, megabytes of them) and the run-time library would cost minutes above -O0. Large functions cost the
 * compiler more than in proportion, hence the splitting. A block of a hierarchical design is compiled as one file: ten
 * small ones would read Verilator's headers ten times. A flat design is small: it is compiled likewise, and as fast as
 * can be. */
static const char *const hierarchical_make[] = {"OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0",
                                                "VM_PARALLEL_BUILDS=$(if $(filter Vcofiber,$(VM_PREFIX)),1,0)", NULL};
static const char *const flat_make[] = {"OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", "VM_PARALLEL_BUILDS=0", NULL};
/* Two of Verilator's passes would gather a row's lanes into one expression of thousands of bits, and the loop of a
 * classifier would be unrolled: minutes of compiling, for slower code. */
// clang-format off
static const char *const verilator_options[] = {
    "--cc", "--exe", "--prefix", "Vcofiber", "--top-module", CF_RTL_TOP,
    "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal",
    "--output-split", "200000", "--output-split-cfuncs", "500",
    "-fno-dfg", "-fno-assemble", "--unroll-count", "1",
    NULL,
};
// clang-format on

enum { SOURCE_LIMIT = 1 << 30, MAX_ARGUMENTS = 64 };

struct builder {
    const struct cf_netlist *netlist;
    const struct cf_cosim_options *options;
    struct cf_error *err;
    char *verilator, *make; /* the tools' paths */
    char *cache;            /* the cache's directory */
    char *entry, *part;     /* this program's directory, and the one it is built in */
    char *log;              /* in `part` */
    char key[CF_SHA256_HEX];
};

static char *join(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static bool no_memory(struct builder *b)
{
    return cf_fail(b->err, "%s: out of memory", b->netlist->label);
}

/* ---- the cache ---- */

/* make and the makefiles that Verilator writes quote nothing. */
static bool check_path(struct builder *b)
{
    size_t plain = strspn(b->cache, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-@,=^");
    return b->cache[plain] == '\0' ||
           cf_fail(b->err, "%s: make cannot build in a directory of this name (character '%c'); choose another cache",
                   b->cache, b->cache[plain]);
}

static bool find_cache(struct builder *b)
{
    const char *given = b->options->cache_directory, *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int length;
    if (given)
        length = asprintf(&path, "%s", given);
    else if (base && base[0] == '/')
        length = asprintf(&path, "%s/cofiber", base);
    else if (home && home[0] == '/')
        length = asprintf(&path, "%s/.cache/cofiber", home);
    else
        return cf_fail(b->err, "no HOME to keep built models in: choose a cache directory");
    if (length < 0)
        return no_memory(b);
    bool done = cf_directory_make(path, b->err);
    b->cache = done ? realpath(path, NULL) : NULL;
    if (done && !b->cache)
        done = cf_fail(b->err, "%s: %m", path);
    free(path);
    return done && check_path(b);
}

/* Only one process at a time builds an entry; what a killed one left behind is then free to be removed. */
static bool lock_entry(struct builder *b, int *lock)
{
    char *path;
    if (asprintf(&path, "%s.lock", b->entry) < 0)
        return no_memory(b);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool done = *lock >= 0;
    while (done && flock(*lock, LOCK_EX) != 0)
        done = errno == EINTR;
    if (!done)
        cf_fail(b->err, "%s: %m", path);
    free(path);
    return done;
}

/* ---- the key ---- */

/* Appends a file's hash to what the key is made of. */
static bool hash_file(struct builder *b, const char *directory, const char *name, FILE *stream)
{
    char hex[CF_SHA256_HEX], *path = join(directory, name);
    bool done = path ? cf_sha256_file(path, hex, b->err) : no_memory(b);
    if (done)
        fprintf(stream, "%s %s\n", name, hex);
    free(path);
    return done;
}

static bool hash_version(struct builder *b, const char *directory, FILE *stream)
{
    const char *argv[] = {b->verilator, "--version", NULL};
    char *path = join(directory, "version"), *text = NULL;
    size_t size;
    bool done = path ? cf_process_run(argv, NULL, path, NULL, NULL, b->err) : no_memory(b);
    done = done && cf_file_read(path, 4096, &text, &size, b->err);
    if (done)
        fputs(text, stream);
    free(text);
    free(path);
    return done;
}

/* The key: everything that the program depends on. `scratch` is a directory for temporary files. */
static bool make_key(struct builder *b, const char *sources, const char *scratch)
{
    char *text = NULL, hex[CF_SHA256_HEX];
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return no_memory(b);
    bool done = hash_version(b, scratch, stream);
    for (int i = 0; done && cf_rtl_sources[i]; i++)
        done = hash_file(b, sources, cf_rtl_sources[i], stream);
    cf_sha256(cf_harness_text, (size_t)(cf_harness_end - cf_harness_text), hex);
    fprintf(stream, "harness %s\n", hex);
    for (int i = 0; verilator_options[i]; i++)
        fprintf(stream, "%s\n", verilator_options[i]);
    for (int i = 0; hierarchical_make[i]; i++)
        fprintf(stream, "%s\n", hierarchical_make[i]);
    for (int i = 0; flat_make[i]; i++)
        fprintf(stream, "%s\n", flat_make[i]);
    if (fclose(stream) != 0)
        done = no_memory(b);
    if (done)
        cf_sha256(text, size, b->key);
    free(text);
    b->entry = done ? join(b->cache, b->key) : NULL;
    if (done && (!b->entry || asprintf(&b->part, "%s.part", b->entry) < 0)) {
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
static void count_blocks(const char *obj, uint64_t *blocks, uint64_t *done)
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
    *done += exists("%s/%s", obj, "Vcofiber.mk") + exists("%s/%s", obj, "Vcofiber__Syms.o");
}

static void tick(void *user)
{
    struct builder *b = user;
    uint64_t blocks, done;
    char obj[4096];
    if (!b->options->progress)
        return;
    snprintf(obj, sizeof obj, "%s/obj", b->part);
    count_blocks(obj, &blocks, &done);
    b->options->progress(b->options->user, done, blocks ? 2 * blocks + 3 : 0);
}

/* ---- building ---- */

static bool write_harness(struct builder *b)
{
    char *path = join(b->part, "harness.cpp");
    struct cf_out *out = NULL;
    bool done = (path || no_memory(b)) && cf_out_open(&out, path, b->err) &&
                cf_out_write(out, cf_harness_text, (size_t)(cf_harness_end - cf_harness_text), b->err);
    if (done)
        done = cf_out_commit(&out, b->err);
    else
        cf_out_abort(&out);
    free(path);
    return done;
}

/* Copies the Verilog, so that the tools see no names but ours, and finds whether the emission asks for blocks. */
static bool copy_sources(struct builder *b, const char *sources, bool *hierarchical)
{
    *hierarchical = false;
    for (int i = 0; cf_rtl_sources[i]; i++) {
        char *from = join(sources, cf_rtl_sources[i]), *to = join(b->part, cf_rtl_sources[i]), *text = NULL;
        size_t size;
        struct cf_out *out = NULL;
        bool done = (from && to) || no_memory(b);
        done = done && cf_file_read(from, SOURCE_LIMIT, &text, &size, b->err) && cf_out_open(&out, to, b->err) &&
               cf_out_write(out, text, size, b->err);
        *hierarchical = *hierarchical || (done && strstr(text, "/*verilator hier_block*/"));
        if (done)
            done = cf_out_commit(&out, b->err);
        else
            cf_out_abort(&out);
        free(text);
        free(from);
        free(to);
        if (!done)
            return false;
    }
    return true;
}

static bool verilate(struct builder *b, bool hierarchical)
{
    const char *argv[MAX_ARGUMENTS] = {b->verilator};
    int count = 1;
    for (int i = 0; verilator_options[i]; i++)
        argv[count++] = verilator_options[i];
    if (hierarchical)
        argv[count++] = "--hierarchical";
    argv[count++] = "--Mdir";
    argv[count++] = "obj";
    argv[count++] = "harness.cpp";
    for (int i = 0; cf_rtl_sources[i]; i++)
        argv[count++] = cf_rtl_sources[i];
    return cf_process_run(argv, b->part, b->log, tick, b, b->err);
}

static bool compile(struct builder *b, bool hierarchical)
{
    char jobs[16], *obj = join(b->part, "obj");
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(jobs, sizeof jobs, "-j%d", b->options->jobs > 0 ? b->options->jobs : processors > 0 ? (int)processors : 1);
    const char *argv[MAX_ARGUMENTS] = {b->make, jobs, "-f", hierarchical ? "Vcofiber_hier.mk" : "Vcofiber.mk"};
    const char *const *options = hierarchical ? hierarchical_make : flat_make;
    int count = 4;
    for (int i = 0; options[i]; i++)
        argv[count++] = options[i];
    argv[count] = hierarchical ? "hier_build" : "default";
    bool done = obj ? cf_process_run(argv, obj, b->log, tick, b, b->err) : no_memory(b);
    free(obj);
    return done;
}

/* Keeps the program and the log, drops a hundred megabytes of objects, and makes it the cache's entry. */
static bool keep(struct builder *b)
{
    char *built = join(b->part, "obj/Vcofiber"), *program = join(b->part, "Vcofiber"), *obj = join(b->part, "obj");
    bool done = (built && program && obj) || no_memory(b);
    if (done && rename(built, program) != 0)
        done = cf_fail(b->err, "%s: %m", built);
    done = done && cf_directory_remove(obj, b->err) && cf_directory_remove(b->entry, b->err);
    if (done && rename(b->part, b->entry) != 0)
        done = cf_fail(b->err, "%s: %m", b->entry);
    free(built);
    free(program);
    free(obj);
    return done;
}

static bool build_entry(struct builder *b, const char *sources)
{
    bool hierarchical;
    b->log = join(b->part, "build.log");
    return (b->log || no_memory(b)) && cf_directory_remove(b->part, b->err) && cf_directory_make(b->part, b->err) &&
           copy_sources(b, sources, &hierarchical) && write_harness(b) && verilate(b, hierarchical) &&
           compile(b, hierarchical) && keep(b);
}

static bool find_or_build(struct builder *b, const char *sources, struct cf_build *build)
{
    int lock = -1;
    build->program = join(b->entry, "Vcofiber");
    build->log = join(b->entry, "run.log");
    bool done = (build->program && build->log) || no_memory(b);
    build->cached = done && !b->options->rebuild && access(build->program, X_OK) == 0;
    if (!done || build->cached)
        return done;
    done = lock_entry(b, &lock);
    /* Somebody else may have built it while we waited. */
    build->cached = done && !b->options->rebuild && access(build->program, X_OK) == 0;
    done = done && (build->cached || build_entry(b, sources));
    if (lock >= 0)
        close(lock);
    return done;
}

bool cf_build_program(struct cf_build *build, const struct cf_netlist *netlist, const struct cf_cosim_options *options,
                      struct cf_error *err)
{
    struct builder b = {.netlist = netlist, .options = options, .err = err};
    struct cf_rtl_summary summary;
    *build = (struct cf_build){0};
    char *scratch = NULL, *compiler = NULL;
    bool done = (b.verilator = cf_program_find("verilator", "verilator", err)) != NULL &&
                (b.make = cf_program_find("make", "make", err)) != NULL &&
                (compiler = cf_program_find("g++", "g++", err)) != NULL && find_cache(&b);
    if (done && asprintf(&scratch, "%s/emission-XXXXXX", b.cache) < 0) {
        scratch = NULL;
        done = no_memory(&b);
    }
    if (done && !mkdtemp(scratch)) {
        done = cf_fail(err, "%s: %m", scratch);
        free(scratch);
        scratch = NULL;
    }
    const char *sources = options->rtl_directory ? options->rtl_directory : scratch;
    done = done && (options->rtl_directory || cf_rtl_write(netlist, scratch, NULL, &summary, err)) &&
           make_key(&b, sources, scratch) && find_or_build(&b, sources, build);
    if (scratch)
        cf_directory_remove(scratch, NULL);
    free(scratch);
    free(compiler);
    free(b.verilator);
    free(b.make);
    free(b.cache);
    free(b.entry);
    free(b.part);
    free(b.log);
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
