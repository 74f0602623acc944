/* runtime.c - compiles Verilator's run-time objects once, and keeps them in the cache for every model that cosim
 * builds. */
#include "rtl/tools/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/file.h"
#include "base/hash.h"

/* The headers that the files of a Verilated program and the harness include. */
static const char header_text[] = "#include <memory>\n#include <sstream>\n#include <string>\n#include <vector>\n"
                                  "#include \"verilated.h\"\n#include \"verilated_dpi.h\"\n"
                                  "#include \"verilated_syms.h\"\n";

enum { OBJECT_LIMIT = 64 << 20 };

bool cf_runtime_open(struct cf_runtime *runtime, const char *cache, const char *about, struct cf_error *err)
{
    char hex[CF_SHA256_HEX];
    cf_sha256(about, strlen(about), hex);
    *runtime = (struct cf_runtime){0};
    if (asprintf(&runtime->directory, "%s/runtime-%.16s", cache, hex) < 0)
        runtime->directory = NULL;
    if (!runtime->directory || asprintf(&runtime->header, "%s/cofiber_runtime.h", runtime->directory) < 0) {
        runtime->header = NULL;
        return cf_fail(err, "%s: out of memory", cache);
    }
    return cf_directory_make(runtime->directory, err) &&
           (access(runtime->header, F_OK) == 0 ||
            cf_file_write(runtime->header, header_text, strlen(header_text), err));
}

void cf_runtime_close(struct cf_runtime *runtime)
{
    free(runtime->directory);
    free(runtime->header);
    *runtime = (struct cf_runtime){0};
}

/* ---- objects ---- */

/* Copies a file. It is no error if another run has just removed the file, as it is then compiled again. */
static bool copy(const char *from, const char *to, struct cf_error *err)
{
    char *text = NULL;
    size_t size;
    bool done = cf_file_read(from, OBJECT_LIMIT, &text, &size, err) ? cf_file_write(to, text, size, err)
                                                                    : access(from, F_OK) != 0 && errno == ENOENT;
    free(text);
    return done;
}

static bool move(const char *from, const char *to, struct cf_error *err)
{
    return rename(from, to) == 0 || cf_fail(err, "%s: %m", to);
}

/* True for "verilated.o", "verilated_dpi.o", ... The version of Verilator decides which of them exist. */
static bool is_object(const char *name)
{
    size_t length = strlen(name);
    return strncmp(name, "verilated", 9) == 0 && length > 2 && strcmp(name + length - 2, ".o") == 0;
}

/* Does something with every object of the library in `from`; `*count` is how many there are. */
static bool each_object(const char *from, const char *to, unsigned *count,
                        bool (*act)(const char *from, const char *to, struct cf_error *err), struct cf_error *err)
{
    DIR *stream = opendir(from);
    bool done = stream || cf_fail(err, "%s: %m", from);
    *count = 0;
    for (struct dirent *entry; done && (entry = readdir(stream)) != NULL;) {
        if (!is_object(entry->d_name))
            continue;
        char *source = cf_directory_join(from, entry->d_name), *target = cf_directory_join(to, entry->d_name);
        done = source && target ? act(source, target, err) : cf_fail(err, "%s: out of memory", from);
        *count += 1;
        free(source);
        free(target);
    }
    if (stream)
        closedir(stream);
    return done;
}

bool cf_runtime_lend(struct cf_runtime *runtime, const char *obj, struct cf_error *err)
{
    unsigned count;
    bool done = each_object(runtime->directory, obj, &count, copy, err);
    runtime->used = runtime->used || count > 0;
    return done;
}

bool cf_runtime_take(struct cf_runtime *runtime, const char *obj, struct cf_error *err)
{
    unsigned count;
    return each_object(obj, runtime->directory, &count, move, err);
}

/* ---- the header ---- */

static bool precompiled_path(const struct cf_runtime *runtime, char **path, struct cf_error *err)
{
    return asprintf(path, "%s.gch", runtime->header) >= 0 || cf_fail(err, "%s: out of memory", runtime->header);
}

bool cf_runtime_header(struct cf_runtime *runtime, const char *source, bool *precompiled, struct cf_error *err)
{
    char *path;
    if (!precompiled_path(runtime, &path, err))
        return false;
    *precompiled = access(path, F_OK) == 0;
    free(path);
    runtime->used = runtime->used || *precompiled;
    return *precompiled || cf_file_write(source, header_text, strlen(header_text), err);
}

bool cf_runtime_take_header(struct cf_runtime *runtime, const char *compiled, struct cf_error *err)
{
    char *path;
    if (!precompiled_path(runtime, &path, err))
        return false;
    bool done = move(compiled, path, err);
    free(path);
    return done;
}

static bool forget(const char *from, const char *to, struct cf_error *err)
{
    (void)to;
    return unlink(from) == 0 || errno == ENOENT || cf_fail(err, "%s: %m", from);
}

bool cf_runtime_drop(struct cf_runtime *runtime, const char *obj, struct cf_error *err)
{
    unsigned count;
    char *path;
    if (!precompiled_path(runtime, &path, err))
        return false;
    bool done = forget(path, NULL, err) && each_object(runtime->directory, obj, &count, forget, err) &&
                each_object(obj, obj, &count, forget, err);
    free(path);
    runtime->used = false;
    return done;
}
