/* structural.c - writes the files of a netlist, one after the other. */
#include "rtl/structural/structural.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/directory.h"
#include "rtl/structural/text.h"

const char *const cf_rtl_sources[] = {"cofiber_cells.v", "cofiber_rows.v", "cofiber_top.v", NULL};
const char *const cf_rtl_files[] = {"cofiber_cells.v", "cofiber_rows.v", "cofiber_top.v", "cofiber.f", NULL};

static bool put_filelist(struct emission *e)
{
    cf_put(
        e,
        "// The structural Verilog that cofiber wrote. The names are relative to this file: give it to verilator as\n"
        "// -F cofiber.f, or to iverilog, in this directory, as -f cofiber.f.\n");
    for (int i = 0; cf_rtl_sources[i]; i++)
        cf_put(e, "%s\n", cf_rtl_sources[i]);
    return true;
}

static bool write_files(struct emission *e, const char *directory)
{
    bool (*const put[])(struct emission *) = {cf_put_cells, cf_put_rows, cf_put_top, put_filelist};
    for (int i = 0; cf_rtl_files[i]; i++) {
        char *path = cf_directory_join(directory, cf_rtl_files[i]);
        if (!path)
            return cf_fail(e->err, "%s: out of memory", directory);
        bool done = cf_out_open(&e->out, path, e->err);
        free(path);
        if (!done)
            return false;
        done = put[i](e);
        if (!done)
            cf_out_abort(&e->out);
        if (!done || !cf_out_commit(&e->out, e->err))
            return false;
    }
    return true;
}

static uint32_t count_graphs(const struct emission *e)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < e->rows.module_count; c++)
        count += e->graphs[c].bank != NULL;
    return count;
}

bool cf_rtl_write(const struct cf_netlist *netlist, const char *directory, const struct cf_rtl_options *options,
                  struct cf_rtl_summary *summary, struct cf_error *err)
{
    struct emission e = {.netlist = netlist, .source = options->source, .err = err};
    bool done =
        cf_rows_build(&e.rows, netlist, options->prefix, err) && cf_emission_survey(&e) && write_files(&e, directory);
    if (done)
        *summary = (struct cf_rtl_summary){.rows = e.rows.first_row[netlist->group_count] - e.rows.first_row[1],
                                           .row_modules = e.rows.module_count,
                                           .leaf_modules = e.kinds.count,
                                           .graph_modules = count_graphs(&e),
                                           .gates = netlist->net_count - netlist->groups[CF_INPUT].count};
    cf_emission_free(&e);
    return done;
}

/* The name of the module that the text of cofiber_top.v declares, NULL where there is none; cuts the text after it. */
static const char *top_module(char *text)
{
    static const char keyword[] = "module ";
    while (text && strncmp(text, keyword, sizeof keyword - 1) != 0) {
        char *end = strchr(text, '\n');
        text = end ? end + 1 : NULL;
    }
    if (!text)
        return NULL;
    text += sizeof keyword - 1;
    text[strcspn(text, " (\n")] = '\0';
    return text;
}

bool cf_rtl_find_prefix(const char *directory, char prefix[CF_RTL_PREFIX_MAX + 1], struct cf_error *err)
{
    enum { LIMIT = 1 << 30 };
    char *path = cf_directory_join(directory, "cofiber_top.v"), *text = NULL;
    size_t size, tail = strlen(CF_RTL_TOP);
    bool done = path ? cf_file_read(path, LIMIT, &text, &size, err) : cf_fail(err, "%s: out of memory", directory);
    if (done) {
        const char *name = top_module(text);
        size_t length = name ? strlen(name) : 0;
        done =
            (length >= tail && length - tail <= CF_RTL_PREFIX_MAX && strcmp(name + length - tail, CF_RTL_TOP) == 0) ||
            cf_fail(err, "%s: its module is not called " CF_RTL_TOP ", nor that with a prefix", path);
        if (done)
            snprintf(prefix, CF_RTL_PREFIX_MAX + 1, "%.*s", (int)(length - tail), name);
    }
    free(text);
    free(path);
    return done;
}
