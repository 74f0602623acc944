/* structural.c - writes the files of a netlist, one after the other. */
#include "rtl/structural/structural.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/directory.h"
#include "rtl/structural/text.h"

const char *const cf_rtl_sources[] = {"cofiber_cells.v", "cofiber_rows.v", "cofiber_top.v", NULL};
const char *const cf_rtl_files[] = {"cofiber_cells.v", "cofiber_rows.v", "cofiber_top.v", "cofiber.f", NULL};

/* A row module can be a hierarchical block of Verilator's (hier_block), which is compiled once, by itself, in half a
 * second or so; else it is compiled as part of the top, once for each of its rows. The block pays from this many
 * operands in all of its rows on. A sum in a loop costs the compiler as much as this many operands written out. */
enum { HIER_BLOCK_FROM = 2000, LOOP_COST = 40 };

/* The operands that the compiler meets in one gate. */
static uint64_t gate_cost(const struct cf_gate *gate)
{
    uint64_t cost = 0;
    for (uint32_t v = 0; v < gate->vector_count; v++)
        cost += cf_is_looped(&gate->vectors[v]) ? LOOP_COST : gate->vectors[v].slots;
    return cost;
}

bool cf_emission_gate(const struct emission *e, uint32_t index, uint32_t lane, struct cf_gate *gate)
{
    const struct cf_row_graph *graph = &e->graphs[index];
    if (!cf_gate_describe(&e->rows, &e->rows.modules[index], lane, gate))
        return false;
    if (!graph->bank)
        return true;
    const struct cf_operand sum = {e->rows.modules[index].input_count, lane, graph->sums[lane].weight};
    return cf_gate_replace(gate, sum, graph->sum_width);
}

/* Finds the kinds of a row module's gates, and what a compiler meets in it. */
static bool survey_module(struct emission *e, uint32_t index, struct cf_gate *gate, uint64_t *cost)
{
    uint32_t lanes = cf_group_lanes(&e->netlist->groups[e->rows.modules[index].group]), kind;
    *cost = e->graphs[index].bank ? e->graphs[index].adder_count : 0;
    for (uint32_t l = 0; l < lanes; l++) {
        if (!cf_emission_gate(e, index, l, gate) || !cf_kinds_find(&e->kinds, gate, true, &kind))
            return cf_fail(e->err, "%s: out of memory", e->netlist->label);
        *cost += gate_cost(gate);
    }
    return true;
}

bool cf_emission_survey(struct emission *e)
{
    struct cf_gate gate = {0};
    e->hier_blocks = calloc(e->rows.module_count + 1, sizeof *e->hier_blocks);
    e->graphs = calloc(e->rows.module_count + 1, sizeof *e->graphs);
    bool done = (e->hier_blocks && e->graphs) || cf_fail(e->err, "%s: out of memory", e->netlist->label);
    for (uint32_t c = 0; done && c < e->rows.module_count; c++) {
        const struct cf_row_module *module = &e->rows.modules[c];
        uint64_t cost;
        done = cf_row_graph_find(&e->graphs[c], &e->rows, module, e->err) && survey_module(e, c, &gate, &cost);
        if (done)
            e->hier_blocks[c] = module->input_count > 0 && cost * module->uses >= HIER_BLOCK_FROM;
    }
    cf_gate_free(&gate);
    return done;
}

void cf_emission_free(struct emission *e)
{
    for (uint32_t c = 0; e->graphs && c < e->rows.module_count; c++)
        cf_row_graph_free(&e->graphs[c]);
    free(e->graphs);
    e->graphs = NULL;
    cf_rows_free(&e->rows);
    cf_kinds_free(&e->kinds);
    free(e->hier_blocks);
    e->hier_blocks = NULL;
}

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
