/* yosys.c - has Yosys count the instances of the leaf modules, and adds up its answer by group. */
#include "rtl/tools/yosys.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/file.h"
#include "rtl/structural/structural.h"
#include "rtl/tools/process.h"

enum { STAT_LIMIT = 64 << 20 }; /* bytes of Yosys's answer that are looked at */

/* Puts a source into the scratch directory, by its own name. `root` is the real path of `directory`. */
static bool lend_source(const char *directory, const char *root, const char *scratch, const char *name,
                        struct cf_error *err)
{
    struct stat status;
    char *from = cf_directory_join(root, name), *to = cf_directory_join(scratch, name);
    bool done = (from && to) || cf_fail(err, "%s: out of memory", directory);
    if (done && stat(from, &status) != 0)
        done = cf_fail(err, "%s/%s: %m", directory, name);
    else if (done && !S_ISREG(status.st_mode)) /* Yosys would wait for ever at a pipe */
        done = cf_fail(err, "%s/%s: not a regular file", directory, name);
    if (done && strcmp(root, scratch) != 0 && symlink(from, to) != 0)
        done = cf_fail(err, "%s: %m", to);
    free(from);
    free(to);
    return done;
}

/* Runs Yosys with a script in the scratch directory, to which the sources are lent. The script then has no path in it,
 * whose spaces and quotes Yosys would misread. */
static bool run_yosys(const char *directory, const char *scratch, const char *script, const struct cf_watch *watch,
                      struct cf_error *err)
{
    char root[PATH_MAX], out[PATH_MAX], *log = NULL, *yosys = NULL;
    if (!realpath(directory, root))
        return cf_fail(err, "%s: %m", directory);
    if (!realpath(scratch, out))
        return cf_fail(err, "%s: %m", scratch);
    bool done = true;
    for (int i = 0; done && cf_rtl_sources[i]; i++)
        done = lend_source(directory, root, out, cf_rtl_sources[i], err);
    done = done && ((log = cf_directory_join(out, "yosys.log")) || cf_fail(err, "%s: out of memory", directory)) &&
           (yosys = cf_program_find("yosys", "yosys", err));
    const char *argv[] = {yosys, "-Q", "-T", "-p", script, NULL};
    done = done && cf_process_run(argv, out, log, watch, err);
    free(yosys);
    free(log);
    return done;
}

bool cf_yosys_elaborate(const char *directory, const char *scratch, const char *output, bool (*stop)(void *user),
                        void (*tick)(void *user), void *user, struct cf_error *err)
{
    const struct cf_watch watch = {.tick = tick, .stop = stop, .user = user};
    char script[512 + CF_RTL_PREFIX_MAX], prefix[CF_RTL_PREFIX_MAX + 1];
    if (!cf_rtl_find_prefix(directory, prefix, err))
        return false;
    snprintf(script, sizeof script,
             "read_verilog %s %s %s; hierarchy -top %s" CF_RTL_TOP " -check; rename -top " CF_RTL_TOP
             "; attrmap -remove src; write_rtlil %s",
             cf_rtl_sources[0], cf_rtl_sources[1], cf_rtl_sources[2], prefix, output);
    return run_yosys(directory, scratch, script, &watch, err);
}

/* The name without the backslash that Yosys writes before public names in some places. */
static const char *plain(const char *name)
{
    return *name == '\\' ? name + 1 : name;
}

static const cJSON *find_module(const cJSON *modules, const char *name)
{
    const cJSON *module;
    cJSON_ArrayForEach(module, modules) if (strcmp(plain(module->string), plain(name)) == 0) return module;
    return NULL;
}

/* Leaf instances under one module: cells that are neither Yosys's own nor modules with a content. */
static uint64_t leaves(const cJSON *modules, const cJSON *module, int depth)
{
    uint64_t count = 0;
    const cJSON *cell;
    cJSON_ArrayForEach(cell, cJSON_GetObjectItemCaseSensitive(module, "num_cells_by_type"))
    {
        const cJSON *content = find_module(modules, cell->string);
        if (!cJSON_IsNumber(cell) || cell->valuedouble < 0 || *plain(cell->string) == '$' || depth > 16)
            continue;
        count += (uint64_t)cell->valuedouble * (content ? leaves(modules, content, depth + 1) : 1);
    }
    return count;
}

/* The group of the row module "row_<identifier>_<number>", behind the prefix; UINT32_MAX for any other module. */
static uint32_t group_of_module(const struct cf_rtl_names *names, const char *name)
{
    size_t prefix = strlen(names->prefix);
    if (strncmp(name, names->prefix, prefix) != 0)
        return UINT32_MAX;
    name += prefix;
    if (strncmp(name, "row_", 4) != 0)
        return UINT32_MAX;
    const char *number = strrchr(name, '_') + 1;
    size_t length = (size_t)(number - 1 - (name + 4));
    if (number - name < 6 || strspn(number, "0123456789") != strlen(number))
        return UINT32_MAX;
    for (uint32_t g = 1; g < names->netlist->group_count; g++)
        if (strlen(names->identifier[g]) == length && strncmp(names->identifier[g], name + 4, length) == 0)
            return g;
    return UINT32_MAX;
}

static bool read_counts(const struct cf_rtl_names *names, const cJSON *modules, struct cf_yosys_count *count,
                        struct cf_error *err)
{
    char top_name[CF_RTL_PREFIX_MAX + sizeof CF_RTL_TOP];
    snprintf(top_name, sizeof top_name, "%s" CF_RTL_TOP, names->prefix);
    const cJSON *top = find_module(modules, top_name), *cell;
    if (!top)
        return cf_fail(err, "yosys: its answer has no module %s", top_name);
    count->total = leaves(modules, top, 0);
    cJSON_ArrayForEach(cell, cJSON_GetObjectItemCaseSensitive(top, "num_cells_by_type"))
    {
        uint32_t group = group_of_module(names, plain(cell->string));
        const cJSON *module = find_module(modules, cell->string);
        if (group != UINT32_MAX && module && cJSON_IsNumber(cell) && cell->valuedouble >= 0)
            count->gates[group] += (uint64_t)cell->valuedouble * leaves(modules, module, 1);
    }
    return true;
}

static bool parse_answer(const struct cf_rtl_names *names, const char *scratch, struct cf_yosys_count *count,
                         struct cf_error *err)
{
    char *path = NULL, *text = NULL;
    size_t size;
    bool done = asprintf(&path, "%s/stat.json", scratch) >= 0 && cf_file_read(path, STAT_LIMIT, &text, &size, err);
    cJSON *document = done ? cJSON_ParseWithLength(text, size) : NULL;
    if (done && !document)
        done = cf_fail(err, "%s: Yosys's answer is not JSON", path);
    done = done && read_counts(names, cJSON_GetObjectItemCaseSensitive(document, "modules"), count, err);
    cJSON_Delete(document);
    free(text);
    free(path);
    return done;
}

bool cf_yosys_census(const struct cf_netlist *netlist, const char *directory, const char *scratch,
                     bool (*stop)(void *user), void *user, struct cf_yosys_count *count, struct cf_error *err)
{
    const struct cf_watch watch = {NULL, stop, user};
    char prefix[CF_RTL_PREFIX_MAX + 1], script[512 + CF_RTL_PREFIX_MAX];
    struct cf_rtl_names names;
    count->total = 0;
    memset(count->gates, 0, netlist->group_count * sizeof *count->gates);
    if (!cf_rtl_find_prefix(directory, prefix, err) ||
        !cf_rtl_names_make(&names, netlist, *prefix ? prefix : NULL, err))
        return false;
    snprintf(script, sizeof script,
             "read_verilog -D" CF_RTL_CENSUS_DEFINE " %s %s %s; hierarchy -top %s" CF_RTL_TOP
             " -check; tee -q -o stat.json stat -json",
             cf_rtl_sources[0], cf_rtl_sources[1], cf_rtl_sources[2], prefix);
    bool done = run_yosys(directory, scratch, script, &watch, err) && parse_answer(&names, scratch, count, err);
    cf_rtl_names_free(&names);
    return done;
}
