/* top.c - writes cofiber_top.v: one wire and one instance per row. */
#include "rtl/structural/text.h"

#include <stdlib.h>

/* Lets the co-simulation read every wire; to other tools it is a comment. */
#define VISIBLE " /*verilator public_flat_rd*/"

static bool is_port(const struct cf_netlist *netlist, uint32_t g)
{
    return g == CF_INPUT || netlist->groups[g].output;
}

static void put_ports(struct emission *e)
{
    const struct cf_netlist *netlist = e->netlist;
    bool first = true;
    cf_put(e, "module %s" CF_RTL_TOP " (", e->rows.names.prefix);
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        if (!is_port(netlist, g))
            continue;
        for (uint32_t row = e->rows.first_row[g]; row < e->rows.first_row[g + 1]; row++) {
            char name[CF_RTL_NAME_MAX];
            cf_put(e, "%s\n    %s wire [%u*%u-1:0] %s" VISIBLE, first ? "" : ",", g == CF_INPUT ? "input " : "output",
                   cf_group_lanes(group), group->type.width, cf_row_name(&e->rows, row, name));
            if (e->places && g == CF_INPUT)
                e->places->rows[row].line = e->line;
            first = false;
        }
    }
    cf_put(e, "\n);\n");
}

static void put_wires(struct emission *e, uint32_t g)
{
    const struct cf_group *group = &e->netlist->groups[g];
    if (is_port(e->netlist, g))
        return;
    for (uint32_t row = e->rows.first_row[g]; row < e->rows.first_row[g + 1]; row++) {
        char name[CF_RTL_NAME_MAX];
        cf_put(e, "    wire [%u*%u-1:0] %s" VISIBLE ";\n", cf_group_lanes(group), group->type.width,
               cf_row_name(&e->rows, row, name));
    }
}

static void put_instance(struct emission *e, uint32_t row, const struct cf_row_view *representatives)
{
    uint32_t c = e->rows.module_of[row];
    const struct cf_row_module *module = &e->rows.modules[c];
    char module_name[CF_RTL_NAME_MAX], name[CF_RTL_NAME_MAX], source[CF_RTL_NAME_MAX];
    struct cf_row_view view;
    cf_row_view(&e->rows, row, &view);
    cf_row_name(&e->rows, row, name);
    if (e->places)
        e->places->rows[row].line = e->line;
    cf_put(e, "    %s u_%s (", cf_row_module_name(&e->rows, module, module_name), name);
    uint32_t number = 0;
    for (uint32_t i = 0; i < module->input_count; i++) {
        number = i > 0 && module->inputs[i - 1].port == module->inputs[i].port ? number + 1 : 0;
        uint32_t wired = cf_row_wired_to(&e->rows, module, i, &representatives[c], &view);
        cf_put(e, "%s.%c%u(%s)",
               i == 0       ? ""
               : i % 8 == 0 ? ",\n        "
                            : ", ",
               (char)('a' + module->inputs[i].port), number, cf_row_name(&e->rows, wired, source));
    }
    cf_put(e, "%s.y(%s));\n", module->input_count > 0 ? ", " : "", name);
}

static void put_group(struct emission *e, uint32_t g, const struct cf_row_view *representatives)
{
    const struct cf_group *group = &e->netlist->groups[g];
    cf_put(e, "\n    // %s: %u gates in %u rows of %u; %u bit%s each, %s\n", group->name, group->count,
           e->rows.first_row[g + 1] - e->rows.first_row[g], cf_group_lanes(group), group->type.width,
           group->type.width == 1 ? "" : "s", group->type.is_signed ? "signed" : "unsigned");
    put_wires(e, g);
    for (uint32_t row = e->rows.first_row[g]; row < e->rows.first_row[g + 1]; row++)
        put_instance(e, row, representatives);
}

bool cf_put_top(struct emission *e)
{
    struct cf_row_view *representatives = calloc(e->rows.module_count + 1, sizeof *representatives);
    if (!representatives)
        return cf_fail(e->err, "%s: out of memory", e->netlist->label);
    for (uint32_t c = 0; c < e->rows.module_count; c++)
        cf_row_view(&e->rows, e->rows.modules[c].representative, &representatives[c]);
    cf_put_heading(e, "The circuit: one wire and one instance per row, which is one position of a group.");
    cf_put(e,
           "// To find the gate s1.classify[4,9,17]: its row is the wire s1_classify_4_9, and its value is bits\n"
           "// [W*17 +: W] of that wire, where W is the width of one value. The instance u_s1_classify_4_9 drives the\n"
           "// wire; the gate is number 17 in it (cofiber_rows.v says how lanes are named).\n\n");
    if (*e->rows.names.prefix)
        cf_put(
            e,
            "// The prefix makes the module's name differ from the file's.\n/* verilator lint_off DECLFILENAME */\n\n");
    put_ports(e);
    for (uint32_t g = 1; g < e->netlist->group_count; g++)
        put_group(e, g, representatives);
    cf_put(e, "endmodule\n");
    free(representatives);
    return true;
}
