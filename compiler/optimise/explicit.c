/* explicit.c - writes adder graphs out as circuits of gates. */
#include "compiler/optimise/explicit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/adder_groups.h"
#include "netlists/bank.h"
#include "netlists/cell.h"
#include "netlists/check.h"

struct writer {
    const struct cf_netlist *from;
    struct cf_netlist *to;
    uint32_t number; /* of the graph at hand */
    const struct cf_graph *graph;
    const struct cf_bank *bank;
    struct cf_adder_groups adders;
    struct cf_error *err;
};

static bool out_of_memory(const struct writer *w)
{
    return cf_fail(w->err, "%s: out of memory", w->from->label);
}

/* ---- the input ---- */

/* Widens the type for the operands of a bank. */
static bool widen(struct writer *w, const struct cf_bank *bank, struct cf_type *type, uint32_t *count)
{
    struct cf_bank_operand *operands;
    if (!cf_bank_operands(w->from, bank->cells, bank->cell_count, &operands, count, w->err))
        return false;
    struct cf_range *range = cf_operand_ranges(w->from, bank->cells, operands, *count);
    bool done = range || out_of_memory(w);
    for (uint32_t i = 0; done && i < *count; i++) {
        uint8_t width = cf_signed_width(range[i].min, range[i].max);
        type->width = width > type->width ? width : type->width;
        if (operands[i].square)
            done = cf_fail(w->err, "%s: graph %u reads squares, which no adder computes", w->from->label, bank->graph);
    }
    free(range);
    free(operands);
    return done;
}

static const struct cf_bank *first_bank(const struct cf_implementation *impl, uint32_t graph)
{
    const struct cf_bank *bank = impl->banks;
    while (bank->graph != graph) /* every graph has one */
        bank++;
    return bank;
}

static bool make_input(struct writer *w)
{
    const struct cf_implementation *impl = w->from->implementation;
    struct cf_type type = {.width = 1, .is_signed = true};
    uint32_t shape[3] = {1, 1, 0};
    for (uint32_t g = 0; g < impl->graph_count; g++) {
        uint32_t count;
        if (!widen(w, first_bank(impl, g), &type, &count))
            return false;
        shape[2] += count;
    }
    w->to->input_scale = 1;
    return cf_netlist_add_group(w->to, "input", 3, shape, 0, type, false, w->err);
}

/* ---- outputs ---- */

/* The cell of a gate whose sum is an output of the graph. */
static bool make_output(struct writer *w, uint32_t k, struct cf_cell *made, struct cf_type *port, struct cf_term *term)
{
    const struct cf_cell *cell = &w->from->cells[w->bank->cells[k]];
    const struct cf_graph_output *output = &w->graph->outputs[k];
    bool zero = output->signal == CF_NO_SIGNAL;
    uint8_t right = output->shift < 0 && !zero ? (uint8_t)-output->shift : 0;
    *port = w->adders.signals[zero ? 0 : output->signal].type;
    *term =
        (struct cf_term){.weight = output->negative ? -1 : 1, .shift = output->shift > 0 ? (uint8_t)output->shift : 0};
    *made = (struct cf_cell){
        .ports = port, .terms = term, .port_count = 1, .term_count = !zero, .activation = cell->activation};
    if (right && cell->activation == CF_ROOT)
        return cf_fail(w->err, "%s: graph %u: a root whose sum is shifted to the right", w->from->label, w->number);
    if (__builtin_mul_overflow(cell->bias, (int64_t)1 << right, &made->bias) ||
        !cf_cell_infer_type(made, (int16_t)(cell->type.frac + right)))
        return cf_fail(w->err, "%s: graph %u: output %u could pass 63 bits", w->from->label, w->number, k);
    return true;
}

/* Adds the group of the outputs from `first` on that have the type of the first; `*count` becomes how many. */
static bool add_outputs(struct writer *w, uint32_t first, uint32_t number, uint32_t *count)
{
    struct cf_cell cell;
    struct cf_type port, type = {0};
    struct cf_term term;
    uint32_t shape[3] = {1, 1, 0};
    char name[64];
    for (uint32_t k = first; k < w->bank->cell_count; k++, shape[2]++) {
        if (!make_output(w, k, &cell, &port, &term))
            return false;
        if (k == first)
            type = cell.type;
        if (!cf_type_equal(cell.type, type))
            break;
    }
    snprintf(name, sizeof name, "graph%u.output%u", w->number, number);
    if (!cf_netlist_add_group(w->to, name, 3, shape, 1, type, true, w->err))
        return false;
    struct cf_group *group = &w->to->groups[w->to->group_count - 1];
    for (uint32_t i = 0; i < shape[2]; i++) {
        uint32_t signal = w->graph->outputs[first + i].signal;
        if (!make_output(w, first + i, &cell, &port, &term) ||
            !cf_netlist_add_cell(w->to, &cell, &group->cell[i], w->err))
            return false;
        group->base[i] = cf_adder_net(&w->adders, 0, signal == CF_NO_SIGNAL ? 0 : signal);
    }
    *count = shape[2];
    return true;
}

/* ---- graphs ---- */

/* Writes out the graph at hand, whose operands are the input nets from `first` on. */
static bool write_graph(struct writer *w, uint32_t first)
{
    char name[32];
    struct cf_type *types = calloc(w->graph->inputs + (size_t)1, sizeof *types);
    uint32_t *nets = calloc(w->graph->inputs + (size_t)1, sizeof *nets);
    bool done = (types && nets) || out_of_memory(w);
    for (uint32_t i = 0; done && i < w->graph->inputs; i++) {
        types[i] = w->to->groups[CF_INPUT].type;
        nets[i] = first + i;
    }
    snprintf(name, sizeof name, "graph%u", w->number);
    w->adders = (struct cf_adder_groups){
        .label = w->from->label, .name = name, .graph = w->graph, .places = 1, .input_nets = nets};
    done =
        done && cf_adder_groups_plan(&w->adders, types, w->err) && cf_adder_groups_add(&w->adders, w->to, NULL, w->err);
    for (uint32_t k = 0, number = 0, count = 0; done && k < w->bank->cell_count; k += count)
        done = add_outputs(w, k, number++, &count);
    cf_adder_groups_free(&w->adders);
    free(types);
    free(nets);
    return done;
}

static bool write_graphs(struct writer *w)
{
    const struct cf_implementation *impl = w->from->implementation;
    uint32_t first = 0;
    bool done = make_input(w);
    for (uint32_t g = 0; done && g < impl->graph_count; first += w->graph->inputs, g++) {
        char key[32], gate[CF_NAME_MAX];
        w->number = g;
        w->graph = &impl->graphs[g];
        w->bank = first_bank(impl, g);
        done = write_graph(w, first);
        snprintf(key, sizeof key, "graph%u.first_gate", g);
        cf_cell_first_gate(w->from, w->bank->cells[0], gate);
        done = done && cf_netlist_set_meta(w->to, key, gate, w->err);
    }
    return done && cf_netlist_check(w->to, w->err);
}

bool cf_write_out_graphs(struct cf_netlist **circuit, const struct cf_netlist *netlist, struct cf_error *err)
{
    struct writer w = {.from = netlist, .err = err};
    if (!netlist->implementation)
        return cf_fail(err, "%s: has no adder graph to be written out", netlist->label);
    w.to = cf_netlist_new(netlist->label, err);
    if (!w.to)
        return false;
    if (!write_graphs(&w)) {
        cf_netlist_free(w.to);
        return false;
    }
    *circuit = w.to;
    return true;
}
