/* graphs.c - finds the rows whose sums an adder graph computes, and writes the modules of those graphs. */
#include "rtl/structural/graphs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtl/structural/text.h"

/* ---- finding ---- */

/* The row module in question, and the bank of its gates. */
struct search {
    const struct cf_rows *rows;
    const struct cf_row_module *module;
    const struct cf_group *group;
    uint32_t first, lanes; /* the index in the group of its gate in lane 0 */
    struct cf_bank_operand *operands;
    struct cf_range *values; /* [signals] */
};

static bool out_of_memory(const struct cf_rows *rows, struct cf_error *err)
{
    return cf_fail(err, "%s: out of memory", rows->netlist->label);
}

static int compare_cells(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Which output of the bank's graph is the sum of the cell; UINT32_MAX where the bank has no such cell. */
static uint32_t output_of(const struct cf_bank *bank, uint32_t cell)
{
    const uint32_t *found = bsearch(&cell, bank->cells, bank->cell_count, sizeof cell, compare_cells);
    return found ? (uint32_t)(found - bank->cells) : UINT32_MAX;
}

/* The bank that all gates of the row are of, at the same base nets; NULL where there is none. */
static const struct cf_bank *bank_of_row(const struct search *s)
{
    const struct cf_implementation *impl = s->rows->netlist->implementation;
    const uint32_t *cell = s->group->cell + s->first, *bases = cf_instance_bases(s->group, s->first);
    const struct cf_bank *bank = NULL;
    for (uint32_t b = 0; impl && !bank && b < impl->bank_count; b++)
        if (output_of(&impl->banks[b], cell[0]) != UINT32_MAX)
            bank = &impl->banks[b];
    for (uint32_t l = 1; bank && l < s->lanes; l++)
        if (output_of(bank, cell[l]) == UINT32_MAX ||
            memcmp(bases, cf_instance_bases(s->group, s->first + l), s->group->ports * sizeof *bases) != 0)
            bank = NULL;
    return bank;
}

static void find_sums(const struct search *s, struct cf_row_graph *row)
{
    for (uint32_t l = 0; l < s->lanes; l++) {
        const struct cf_graph_output *output = &row->graph->outputs[output_of(row->bank, s->group->cell[s->first + l])];
        struct cf_row_sum *sum = &row->sums[l];
        *sum = (struct cf_row_sum){.signal = output->signal};
        if (output->signal == CF_NO_SIGNAL)
            continue;
        sum->right = output->shift < 0 ? (uint8_t)-output->shift : 0;
        sum->weight = (output->negative ? -1 : 1) * ((int64_t)1 << (output->shift > 0 ? output->shift : 0));
        row->width[output->signal] = 1; /* needed */
    }
}

/* Gives every signal that the sums need its width. */
static void find_widths(const struct search *s, struct cf_row_graph *row)
{
    const struct cf_graph *g = row->graph;
    for (uint32_t a = g->adder_count; a-- > 0;)
        if (row->width[g->inputs + a])
            row->width[g->adders[a].left.signal] = row->width[g->adders[a].right.signal] = 1;
    for (uint32_t n = 0; n < g->inputs + g->adder_count; n++) {
        row->adder_count += n >= g->inputs && row->width[n];
        if (row->width[n])
            row->width[n] = cf_signed_width(s->values[n].min, s->values[n].max);
    }
}

/* Finds where the module has the operands; false where it has not all of them, or some are squares. */
static bool find_operands(const struct search *s, struct cf_row_graph *row)
{
    const uint32_t *bases = cf_instance_bases(s->group, s->first);
    for (uint32_t i = 0; i < row->graph->inputs; i++)
        if (row->width[i] && (s->operands[i].square || !cf_gate_operand(s->rows, s->module, bases, s->operands[i].port,
                                                                        s->operands[i].offset, &row->operands[i])))
            return false;
    return true;
}

/* Finds a width for all sums. A linear gate works modulo 2^width of its output, and so its sum need be no wider. */
static bool find_sum_width(const struct search *s, struct cf_row_graph *row)
{
    bool all_linear = true, any_linear = false;
    row->sum_width = 1;
    for (uint32_t l = 0; l < s->lanes; l++) {
        const struct cf_row_sum *sum = &row->sums[l];
        int width = sum->signal == CF_NO_SIGNAL ? 1 : row->width[sum->signal] - sum->right;
        row->sum_width = width > row->sum_width ? (uint8_t)width : row->sum_width;
        bool linear = s->rows->netlist->cells[s->group->cell[s->first + l]].activation == CF_LINEAR;
        all_linear = all_linear && linear;
        any_linear = any_linear || linear;
    }
    if (!any_linear || row->sum_width <= s->group->type.width)
        return true;
    row->sum_width = s->group->type.width;
    return all_linear;
}

static bool make_room(struct search *s, struct cf_row_graph *row, struct cf_error *err)
{
    const struct cf_netlist *n = s->rows->netlist;
    size_t signals = (size_t)row->graph->inputs + row->graph->adder_count;
    uint32_t count;
    if (!cf_bank_operands(n, row->bank->cells, row->bank->cell_count, &s->operands, &count, err))
        return false;
    assert(count == row->graph->inputs);
    struct cf_range *range = cf_operand_ranges(n, row->bank->cells, s->operands, count);
    s->values = malloc((signals + 1) * sizeof *s->values);
    row->operands = calloc((size_t)count + 1, sizeof *row->operands);
    row->width = calloc(signals + 1, sizeof *row->width);
    row->sums = calloc(s->lanes, sizeof *row->sums);
    bool done = (range && s->values && row->operands && row->width && row->sums &&
                 cf_graph_ranges(row->graph, range, s->values)) ||
                out_of_memory(s->rows, err);
    free(range);
    return done;
}

bool cf_row_graph_find(struct cf_row_graph *row, const struct cf_rows *rows, const struct cf_row_module *module,
                       struct cf_error *err)
{
    const struct cf_group *group = &rows->netlist->groups[module->group];
    struct search s = {.rows = rows, .module = module, .group = group, .lanes = cf_group_lanes(group)};
    s.first = (module->representative - rows->first_row[module->group]) * s.lanes;
    *row = (struct cf_row_graph){.bank = bank_of_row(&s)};
    if (!row->bank)
        return true;
    row->graph = &rows->netlist->implementation->graphs[row->bank->graph];
    bool done = make_room(&s, row, err), found = false;
    if (done) {
        find_sums(&s, row);
        find_widths(&s, row);
        found = find_operands(&s, row) && find_sum_width(&s, row);
    }
    free(s.operands);
    free(s.values);
    if (!found)
        cf_row_graph_free(row);
    return done;
}

void cf_row_graph_free(struct cf_row_graph *row)
{
    free(row->operands);
    free(row->width);
    free(row->sums);
    *row = (struct cf_row_graph){0};
}

/* ---- writing ---- */

const char *cf_graph_module_name(const struct cf_rows *rows, const struct cf_row_module *module,
                                 char buffer[CF_RTL_NAME_MAX])
{
    snprintf(buffer, CF_RTL_NAME_MAX, "%sgraph_%s_%u", rows->names.prefix, rows->names.identifier[module->group],
             module->number);
    return buffer;
}

/* "x17", an operand, or "s4321", an adder. */
static const char *signal_name(const struct cf_row_graph *row, uint32_t signal, char buffer[16])
{
    bool operand = signal < row->graph->inputs;
    snprintf(buffer, 16, "%c%u", operand ? 'x' : 's', operand ? signal : signal - row->graph->inputs);
    return buffer;
}

/* Writes exactly `width` bits of (signal >> right) << left, with copies of the sign in front where these are more than
 * it has: no expression depends on Verilog's rules of width. */
static void put_bits(struct emission *e, const struct cf_row_graph *row, uint32_t signal, unsigned right, unsigned left,
                     unsigned width)
{
    char name[16];
    unsigned own = row->width[signal], kept = own - right;
    if (right >= own || left >= width) {
        cf_put(e, "%u'd0", width);
        return;
    }
    signal_name(row, signal, name);
    kept = kept + left > width ? width - left : kept;
    unsigned copies = width - left - kept;
    if (copies || left)
        cf_put(e, "{");
    if (copies == 1)
        cf_put(e, "%s[%u], ", name, own - 1);
    else if (copies)
        cf_put(e, "{%u{%s[%u]}}, ", copies, name, own - 1);
    if (kept == own)
        cf_put(e, "%s", name);
    else
        cf_put(e, "%s[%u:%u]", name, right + kept - 1, right);
    if (left)
        cf_put(e, ", %u'd0", left);
    if (copies || left)
        cf_put(e, "}");
}

static void put_addend(struct emission *e, const struct cf_row_graph *row, const struct cf_graph_addend *addend,
                       unsigned width)
{
    put_bits(e, row, addend->signal, 0, addend->shift, width);
}

static void put_adder(struct emission *e, const struct cf_row_graph *row, uint32_t adder)
{
    const struct cf_adder *a = &row->graph->adders[adder];
    const struct cf_graph_addend *first = a->left.negative ? &a->right : &a->left;
    const struct cf_graph_addend *second = a->left.negative ? &a->left : &a->right;
    unsigned width = row->width[row->graph->inputs + adder];
    cf_put(e, "    wire [%u:0] s%u = ", width - 1, adder);
    if (first->negative)
        cf_put(e, "%u'd0 - ", width);
    put_addend(e, row, first, width);
    cf_put(e, second->negative ? " - " : " + ");
    put_addend(e, row, second, width);
    cf_put(e, ";\n");
}

static void put_operand(struct emission *e, const struct cf_row_graph *row, const struct cf_row_module *module,
                        uint32_t number)
{
    const struct cf_operand *operand = &row->operands[number];
    struct cf_type type = cf_input_group(&e->rows, module, operand->input)->type;
    char input[16];
    cf_input_name(module, operand->input, input);
    cf_put(e, "    wire [%u:0] x%u = ", row->width[number] - 1, number);
    cf_put(e, type.is_signed ? "%s[%u*%u +: %u];\n" : "{1'b0, %s[%u*%u +: %u]};\n", input, type.width, operand->lane,
           type.width);
}

static void put_head(struct emission *e, const struct cf_row_graph *row, const struct cf_row_module *module)
{
    const struct cf_group *group = &e->netlist->groups[module->group];
    char name[CF_RTL_NAME_MAX], input[16];
    cf_put(e,
           "// The sums of a row of %s by %u adders, of graph %u of the netlist. An operand is x<number>, an adder\n"
           "// s<number>; each is signed, and as wide as the values that it can have.\n"
           "/* verilator lint_off UNUSEDSIGNAL */ // of some lanes no gate reads the value, of some sums not all bits\n"
           "module %s (\n",
           group->name, row->adder_count, row->bank->graph, cf_graph_module_name(&e->rows, module, name));
    for (uint32_t i = 0; i < module->input_count; i++) {
        const struct cf_group *source = cf_input_group(&e->rows, module, i);
        cf_put(e, "    input  wire [%u*%u-1:0] %s, // %s\n", cf_group_lanes(source), source->type.width,
               cf_input_name(module, i, input), source->name);
    }
    cf_put(e, "    output wire [%u*%u-1:0] y\n);\n", cf_group_lanes(group), row->sum_width);
}

bool cf_put_graph(struct emission *e, uint32_t index)
{
    const struct cf_row_graph *row = &e->graphs[index];
    const struct cf_row_module *module = &e->rows.modules[index];
    uint32_t lanes = cf_group_lanes(&e->netlist->groups[module->group]), inputs = row->graph->inputs;
    cf_put(e, "`ifndef " CF_RTL_CENSUS_DEFINE "\n");
    put_head(e, row, module);
    for (uint32_t i = 0; i < inputs; i++)
        if (row->width[i])
            put_operand(e, row, module, i);
    for (uint32_t a = 0; a < row->graph->adder_count; a++)
        if (row->width[inputs + a])
            put_adder(e, row, a);
    for (uint32_t l = 0; l < lanes; l++) {
        cf_put(e, "    assign y[%u*%u +: %u] = ", row->sum_width, l, row->sum_width);
        if (row->sums[l].signal == CF_NO_SIGNAL)
            cf_put(e, "%u'd0", row->sum_width);
        else
            put_bits(e, row, row->sums[l].signal, row->sums[l].right, 0, row->sum_width);
        cf_put(e, ";\n");
    }
    cf_put(e, "endmodule\n/* verilator lint_on UNUSEDSIGNAL */\n`endif\n\n");
    return true;
}
