/* lower_circuit.c - joins the networks of cells into one network, gate after gate. */
#include "compiler/lowering/lower_circuit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thousands.h"
#include "compiler/lowering/imported.h"
#include "netlists/cell.h"
#include "netlists/names.h"

struct flattening {
    const struct cf_netlist *netlist;
    const struct cf_network_cell *cells;
    struct cf_network *network;
    struct cf_cut *cut; /* NULL: steps are adders too */
    cf_lit *operands;   /* of the cut's steps */
    uint32_t operand_count, output_count;
    uint8_t *needed; /* by net */
    uint32_t *first; /* by net: its first literal in `literals` */
    cf_lit *literals;
    uint32_t literal_count;
    cf_lit *map; /* a cell's signals, while it is being placed */
    struct cf_error *err;
};

static bool out_of_memory(struct flattening *f)
{
    return cf_fail(f->err, "%s: out of memory", f->netlist->label);
}

static bool is_root(const uint32_t *roots, uint32_t count, uint32_t net)
{
    for (uint32_t i = 0; i < count; i++)
        if (roots[i] == net)
            return true;
    return false;
}

/* Marks the roots and, from the last group backwards, whatever they read. */
static void mark_needed(struct flattening *f, const uint32_t *roots, uint32_t root_count)
{
    const struct cf_netlist *n = f->netlist;
    for (uint32_t i = 0; i < root_count; i++)
        f->needed[roots[i]] = 1;
    for (uint32_t g = n->group_count; g-- > 1;) {
        const struct cf_group *group = &n->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            if (root_count == 0 && group->output)
                f->needed[group->first_net + i] = 1;
            if (!f->needed[group->first_net + i])
                continue;
            const struct cf_cell *cell = &n->cells[group->cell[i]];
            const uint32_t *bases = cf_instance_bases(group, i);
            for (uint32_t t = 0; t < cell->term_count; t++)
                f->needed[bases[cell->terms[t].port] + cell->terms[t].offset] = 1;
        }
    }
    if (root_count == 0 && !cf_imported_without_inputs(n))
        memset(f->needed, 1, n->groups[CF_INPUT].count);
}

static bool stays_whole(const struct flattening *f, const struct cf_group *group, uint32_t index)
{
    const struct cf_cell *cell = &f->netlist->cells[group->cell[index]];
    return f->cut && cell->activation == CF_STEP && cf_cell_is_plain(cell);
}

/* The sizes of the network to be made. */
struct size {
    uint64_t literals, adders, gates, steps, operands;
    uint32_t most_signals;
};

/* Assigns places in `literals` to the bits of the needed nets. */
static struct size measure(struct flattening *f)
{
    const struct cf_netlist *n = f->netlist;
    struct size size = {.most_signals = 1};
    for (uint32_t g = 0; g < n->group_count; g++)
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            if (!f->needed[n->groups[g].first_net + i])
                continue;
            f->first[n->groups[g].first_net + i] = (uint32_t)size.literals;
            size.literals += n->groups[g].type.width;
            if (g == CF_INPUT)
                continue;
            const struct cf_network *cell = &f->cells[n->groups[g].cell[i]].network;
            bool whole = stays_whole(f, &n->groups[g], i);
            size.gates++;
            size.steps += whole;
            size.operands += whole ? cell->input_count : 0;
            size.adders += whole ? 0 : cell->node_count;
            size.most_signals =
                cf_network_signals(cell) > size.most_signals ? cf_network_signals(cell) : size.most_signals;
        }
    return size;
}

static bool make_room(struct flattening *f, uint64_t limit)
{
    struct size size = measure(f);
    char text[4][CF_THOUSANDS];
    if (size.adders > limit || size.operands > limit || size.literals > UINT32_MAX / 2)
        return cf_fail(f->err,
                       "%s: %s gates make %s adders%s%s%s; one network holds at most %s. A cell, the cone of "
                       "fewer gates, or the word-level matrix may do",
                       f->netlist->label, cf_thousands(size.gates, text[0]), cf_thousands(size.adders, text[1]),
                       f->cut ? " and " : "", f->cut ? cf_thousands(size.operands, text[2]) : "",
                       f->cut ? " connections of steps" : "", cf_thousands(limit, text[3]));
    f->literals = calloc(size.literals ? size.literals : 1, sizeof *f->literals);
    f->map = calloc(size.most_signals, sizeof *f->map);
    f->operands = calloc(size.operands + 1, sizeof *f->operands);
    if (f->cut)
        f->cut->steps = calloc(size.steps + 1, sizeof *f->cut->steps);
    return (f->literals && f->map && f->operands && (!f->cut || f->cut->steps)) || out_of_memory(f);
}

/* Adds a step to the cut: its operands become outputs of the network, and its output becomes an input. */
static void place_step(struct flattening *f, const struct cf_network_cell *lowered, const struct cf_cell *cell,
                       cf_lit *output)
{
    struct cf_cut *cut = f->cut;
    memcpy(f->operands + f->operand_count, f->map + 1, lowered->network.input_count * sizeof *f->operands);
    f->operand_count += lowered->network.input_count;
    *output = cf_network_input(cut->inputs + cut->step_count);
    cut->steps[cut->step_count++] = cell;
}

static bool place_gate(struct flattening *f, const struct cf_group *group, uint32_t index)
{
    const struct cf_network_cell *cell = &f->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    f->map[0] = CF_LIT_FALSE;
    for (uint32_t o = 0; o < cell->operand_count; o++) {
        const struct cf_network_operand *operand = &cell->operands[o];
        const cf_lit *from = f->literals + f->first[bases[operand->port] + operand->offset];
        for (uint32_t k = 0; k < operand->width; k++)
            f->map[1 + operand->first_input + k] = from[k];
    }
    cf_lit *to = f->literals + f->first[group->first_net + index];
    if (stays_whole(f, group, index)) {
        place_step(f, cell, &f->netlist->cells[group->cell[index]], to);
        return true;
    }
    cf_lit *out = f->map + 1 + cell->network.input_count;
    for (uint32_t n = 0; n < cell->network.node_count; n++, out += 2) {
        const struct cf_network_node *node = &cell->network.nodes[n];
        if (!cf_network_add(f->network, f->map[node->a >> 1] ^ (node->a & 1), f->map[node->b >> 1] ^ (node->b & 1),
                            f->map[node->c >> 1] ^ (node->c & 1), &out[0], &out[1]))
            return out_of_memory(f);
    }
    for (uint32_t k = 0; k < cell->network.output_count; k++)
        to[k] = f->map[cell->network.outputs[k] >> 1] ^ (cell->network.outputs[k] & 1);
    return true;
}

/* Inputs are numbered before the first node is made, since node numbers come after theirs. */
static void number_inputs(struct flattening *f)
{
    const struct cf_netlist *n = f->netlist;
    const struct cf_group *input = &n->groups[CF_INPUT];
    for (uint32_t i = 0; i < input->count; i++)
        for (uint32_t k = 0; f->needed[i] && k < input->type.width; k++)
            f->literals[f->first[i] + k] = cf_network_input(f->network->input_count++);
    if (!f->cut)
        return;
    f->cut->inputs = f->network->input_count;
    for (uint32_t g = 1; g < n->group_count; g++)
        for (uint32_t i = 0; i < n->groups[g].count; i++)
            f->network->input_count += f->needed[n->groups[g].first_net + i] && stays_whole(f, &n->groups[g], i);
}

static bool place_all(struct flattening *f)
{
    number_inputs(f);
    for (uint32_t g = 1; g < f->netlist->group_count; g++) {
        const struct cf_group *group = &f->netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++)
            if (f->needed[group->first_net + i] && !place_gate(f, group, i))
                return false;
    }
    return true;
}

/* Collects the bits of the roots as outputs. */
static bool is_output(const struct flattening *f, uint32_t group, uint32_t net, const uint32_t *roots,
                      uint32_t root_count)
{
    return root_count ? f->needed[net] && is_root(roots, root_count, net) : f->netlist->groups[group].output;
}

static bool collect_outputs(struct flattening *f, const uint32_t *roots, uint32_t root_count)
{
    const struct cf_netlist *n = f->netlist;
    for (int pass = 0; pass < 2; pass++) {
        uint32_t count = 0;
        for (uint32_t g = 1; g < n->group_count; g++)
            for (uint32_t i = 0; i < n->groups[g].count; i++) {
                uint32_t net = n->groups[g].first_net + i;
                if (!is_output(f, g, net, roots, root_count))
                    continue;
                for (uint32_t k = 0; k < n->groups[g].type.width; k++, count++)
                    if (pass)
                        f->network->outputs[count] = f->literals[f->first[net] + k];
            }
        if (pass)
            break;
        f->output_count = count;
        f->network->output_count = count + f->operand_count;
        f->network->outputs = calloc((size_t)f->network->output_count + 1, sizeof *f->network->outputs);
        if (!f->network->outputs)
            return out_of_memory(f);
        memcpy(f->network->outputs + count, f->operands, f->operand_count * sizeof *f->operands);
    }
    return true;
}

static const char *bit_name(struct cf_network_names *names, const char *net, uint32_t bit, uint32_t width)
{
    char text[CF_NAME_MAX + 16];
    if (width == 1)
        return cf_arena_strdup(&names->arena, net);
    snprintf(text, sizeof text, "%s[%u]", net, bit);
    return cf_arena_strdup(&names->arena, text);
}

static bool name_bits(const struct flattening *f, struct cf_network_names *names, const uint32_t *roots,
                      uint32_t root_count)
{
    const struct cf_netlist *n = f->netlist;
    uint32_t input = 0, output = 0;
    char name[CF_NAME_MAX];
    for (uint32_t g = 0; g < n->group_count; g++)
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            uint32_t net = n->groups[g].first_net + i, width = n->groups[g].type.width;
            if (g == CF_INPUT ? !f->needed[net] : !is_output(f, g, net, roots, root_count))
                continue;
            cf_net_name(n, net, name, sizeof name);
            for (uint32_t k = 0; k < width; k++) {
                const char **slot = g == CF_INPUT ? &names->inputs[input++] : &names->outputs[output++];
                *slot = bit_name(names, name, k, width);
                if (!*slot)
                    return out_of_memory((struct flattening *)f);
            }
        }
    return true;
}

static bool flatten(struct flattening *f, struct cf_network_names *names, const uint32_t *roots, uint32_t root_count,
                    uint64_t limit)
{
    f->needed = calloc(f->netlist->net_count, 1);
    f->first = calloc(f->netlist->net_count, sizeof *f->first);
    if (!f->needed || !f->first)
        return out_of_memory(f);
    mark_needed(f, roots, root_count);
    if (!make_room(f, limit) || !place_all(f) || !collect_outputs(f, roots, root_count) ||
        !cf_network_sweep(f->network, f->err) || !cf_network_names_new(names, f->network, "circuit", f->err) ||
        !name_bits(f, names, roots, root_count))
        return false;
    if (root_count == 0)
        cf_imported_names(names, f->network, f->netlist);
    return true;
}

static bool lower(struct flattening *f, struct cf_network_names *names, const uint32_t *roots, uint32_t root_count,
                  uint64_t limit)
{
    *names = (struct cf_network_names){0};
    bool done = flatten(f, names, roots, root_count, limit);
    free(f->needed);
    free(f->first);
    free(f->literals);
    free(f->map);
    free(f->operands);
    if (!done)
        cf_network_names_free(names);
    return done;
}

bool cf_lower_circuit(struct cf_network *network, struct cf_network_names *names, const struct cf_netlist *netlist,
                      const struct cf_network_cell *cells, const uint32_t *roots, uint32_t root_count, uint64_t limit,
                      struct cf_error *err)
{
    *network = (struct cf_network){0};
    struct flattening f = {.netlist = netlist, .cells = cells, .network = network, .err = err};
    bool done = lower(&f, names, roots, root_count, limit);
    if (!done)
        cf_network_free(network);
    return done;
}

void cf_cut_free(struct cf_cut *cut)
{
    cf_network_free(&cut->network);
    free(cut->steps);
    *cut = (struct cf_cut){0};
}

bool cf_lower_cut(struct cf_cut *cut, struct cf_network_names *names, const struct cf_netlist *netlist,
                  const struct cf_network_cell *cells, const uint32_t *roots, uint32_t root_count, uint64_t limit,
                  struct cf_error *err)
{
    *cut = (struct cf_cut){0};
    struct flattening f = {.netlist = netlist, .cells = cells, .network = &cut->network, .cut = cut, .err = err};
    bool done = lower(&f, names, roots, root_count, limit);
    cut->outputs = f.output_count;
    if (!done)
        cf_cut_free(cut);
    return done;
}

bool cf_cut_of_step(struct cf_cut *cut, const struct cf_cell *cell, struct cf_error *err)
{
    *cut = (struct cf_cut){.outputs = 1, .step_count = 1};
    for (uint32_t t = 0; t < cell->term_count; t++)
        cut->inputs += cell->ports[cell->terms[t].port].width;
    cut->network.input_count = cut->inputs + 1;
    cut->network.output_count = 1 + cut->inputs;
    cut->network.outputs = calloc(cut->network.output_count, sizeof *cut->network.outputs);
    cut->steps = calloc(1, sizeof *cut->steps);
    if (!cut->network.outputs || !cut->steps) {
        cf_cut_free(cut);
        return cf_fail(err, "a step of %u terms: out of memory", cell->term_count);
    }
    cut->steps[0] = cell;
    cut->network.outputs[0] = cf_network_input(cut->inputs);
    for (uint32_t i = 0; i < cut->inputs; i++)
        cut->network.outputs[1 + i] = cf_network_input(i);
    return true;
}

bool cf_lower_cell_names(struct cf_network_names *names, const struct cf_network_cell *lowered, uint32_t cell,
                         struct cf_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "cell%u", cell);
    if (!cf_network_names_new(names, &lowered->network, text, err))
        return false;
    bool done = true;
    for (uint32_t o = 0; o < lowered->operand_count; o++) {
        const struct cf_network_operand *operand = &lowered->operands[o];
        snprintf(text, sizeof text, "p%u_%u", operand->port, operand->offset);
        for (uint32_t k = 0; k < operand->width; k++)
            done &= (names->inputs[operand->first_input + k] = bit_name(names, text, k, operand->width)) != NULL;
    }
    for (uint32_t k = 0; k < lowered->network.output_count; k++)
        done &= (names->outputs[k] = bit_name(names, "y", k, lowered->network.output_count)) != NULL;
    if (!done)
        cf_network_names_free(names);
    return done || cf_fail(err, "cell %u: out of memory", cell);
}
