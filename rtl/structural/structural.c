#include "rtl/structural/structural.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/directory.h"
#include "rtl/structural/text.h"

const char *const cf_rtl_sources[] = {"cofiber_cells.v", "cofiber_rows.v", "cofiber_top.v", NULL};
const char *const cf_rtl_files[] = {"cofiber_cells.v", "cofiber_rows.v", "cofiber_top.v", "cofiber.f", NULL};

/* Verilator compiles a class once when it is a block of its own, for half a second or so; else all its rows as part of
 * the top. The block pays from this many operands in all of the rows on; a loop costs the compiler as much as so many.
 */
enum { BLOCK_FROM = 2000, LOOP_COST = 40 };

const char *cf_rtl_class_name(const struct cf_rows *rows, const struct cf_row_class *class,
                              char buffer[CF_ROW_NAME_MAX])
{
    snprintf(buffer, CF_ROW_NAME_MAX, "row_%s_%u", rows->identifier[class->group], class->number);
    return buffer;
}

/* What the compiler gets to do for one gate. */
static uint64_t gate_cost(const struct cf_gate *gate)
{
    uint64_t cost = 0;
    for (uint32_t v = 0; v < gate->vector_count; v++)
        cost += cf_is_looped(&gate->vectors[v]) ? LOOP_COST : gate->vectors[v].slots;
    return cost;
}

/* Collects the kinds of all gates, and weighs the classes. */
static bool survey(struct emission *e)
{
    struct cf_gate gate = {0};
    e->blocks = calloc(e->rows.class_count + 1, sizeof *e->blocks);
    bool done = e->blocks != NULL;
    for (uint32_t c = 0; done && c < e->rows.class_count; c++) {
        const struct cf_row_class *class = &e->rows.classes[c];
        uint32_t lanes = cf_group_lanes(&e->netlist->groups[class->group]), index;
        uint64_t cost = 0;
        for (uint32_t l = 0; done && l < lanes; l++) {
            done = cf_gate_describe(&e->rows, class, l, &gate) && cf_kinds_find(&e->kinds, &gate, true, &index);
            cost += done ? gate_cost(&gate) : 0;
        }
        e->blocks[c] = class->input_count > 0 && cost * class->uses >= BLOCK_FROM;
    }
    cf_gate_free(&gate);
    return done || cf_fail(e->err, "%s: out of memory", e->netlist->label);
}

static bool put_filelist(struct emission *e)
{
    cf_put(e, "// cofiber structural Verilog; relative to this file: verilator -F, iverilog -f from here.\n");
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

bool cf_rtl_write(const struct cf_netlist *netlist, const char *directory, const char *source,
                  struct cf_rtl_summary *summary, struct cf_error *err)
{
    struct emission e = {.netlist = netlist, .source = source, .err = err};
    bool done = cf_rows_build(&e.rows, netlist, err) && survey(&e) && write_files(&e, directory);
    if (done)
        *summary =
            (struct cf_rtl_summary){e.rows.first_row[netlist->group_count] - e.rows.first_row[1], e.rows.class_count,
                                    e.kinds.count, netlist->net_count - netlist->groups[CF_INPUT].count};
    cf_rows_free(&e.rows);
    cf_kinds_free(&e.kinds);
    free(e.blocks);
    return done;
}
