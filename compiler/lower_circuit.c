#include "compiler/lower_circuit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/names.h"

struct flattening {
    const struct cf_netlist *netlist;
    const struct cf_bits_cell *cells;
    struct cf_bits *bits;
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
    if (root_count == 0)
        memset(f->needed, 1, n->groups[CF_INPUT].count);
}

/* Numbers the literals of needed nets, and sums up the adders there will be. */
static bool count_size(struct flattening *f, uint64_t adder_limit)
{
    const struct cf_netlist *n = f->netlist;
    uint64_t literals = 0, adders = 0, gates = 0;
    uint32_t most_signals = 1;
    for (uint32_t g = 0; g < n->group_count; g++)
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            if (!f->needed[n->groups[g].first_net + i])
                continue;
            f->first[n->groups[g].first_net + i] = (uint32_t)literals;
            literals += n->groups[g].type.width;
            if (g == CF_INPUT)
                continue;
            const struct cf_bits *cell = &f->cells[n->groups[g].cell[i]].bits;
            adders += cell->node_count;
            gates++;
            most_signals = cf_bits_signals(cell) > most_signals ? cf_bits_signals(cell) : most_signals;
        }
    if (adders > adder_limit || literals > UINT32_MAX / 2)
        return cf_fail(f->err,
                       "%s: %" PRIu64 " gates make %" PRIu64 " adders; one network holds at most %" PRIu64
                       ". Export a cell (--cell, --gate) or the cone of fewer gates (--cone), or the word-level matrix "
                       "(--to csr)",
                       n->label, gates, adders, adder_limit);
    f->literals = calloc(literals ? literals : 1, sizeof *f->literals);
    f->map = calloc(most_signals, sizeof *f->map);
    return (f->literals && f->map) || out_of_memory(f);
}

static bool place_gate(struct flattening *f, const struct cf_group *group, uint32_t index)
{
    const struct cf_bits_cell *cell = &f->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    f->map[0] = CF_LIT_FALSE;
    for (uint32_t o = 0; o < cell->operand_count; o++) {
        const struct cf_bits_operand *operand = &cell->operands[o];
        const cf_lit *from = f->literals + f->first[bases[operand->port] + operand->offset];
        for (uint32_t k = 0; k < operand->width; k++)
            f->map[1 + operand->first_input + k] = from[k];
    }
    cf_lit *out = f->map + 1 + cell->bits.input_count;
    for (uint32_t n = 0; n < cell->bits.node_count; n++, out += 2) {
        const struct cf_bits_node *node = &cell->bits.nodes[n];
        if (!cf_bits_add(f->bits, f->map[node->a >> 1] ^ (node->a & 1), f->map[node->b >> 1] ^ (node->b & 1),
                         f->map[node->c >> 1] ^ (node->c & 1), &out[0], &out[1]))
            return out_of_memory(f);
    }
    cf_lit *to = f->literals + f->first[group->first_net + index];
    for (uint32_t k = 0; k < cell->bits.output_count; k++)
        to[k] = f->map[cell->bits.outputs[k] >> 1] ^ (cell->bits.outputs[k] & 1);
    return true;
}

static bool place_all(struct flattening *f)
{
    const struct cf_group *input = &f->netlist->groups[CF_INPUT];
    for (uint32_t i = 0; i < input->count; i++)
        for (uint32_t k = 0; f->needed[i] && k < input->type.width; k++)
            f->literals[f->first[i] + k] = cf_bits_input(f->bits->input_count++);
    for (uint32_t g = 1; g < f->netlist->group_count; g++) {
        const struct cf_group *group = &f->netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++)
            if (f->needed[group->first_net + i] && !place_gate(f, group, i))
                return false;
    }
    return true;
}

/* The nets whose bits are outputs. */
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
                        f->bits->outputs[count] = f->literals[f->first[net] + k];
            }
        if (pass)
            break;
        f->bits->output_count = count;
        f->bits->outputs = calloc(count ? count : 1, sizeof *f->bits->outputs);
        if (!f->bits->outputs)
            return out_of_memory(f);
    }
    return true;
}

static const char *bit_name(struct cf_bits_names *names, const char *net, uint32_t bit, uint32_t width)
{
    char text[CF_NAME_MAX + 16];
    if (width == 1)
        return cf_arena_strdup(&names->arena, net);
    snprintf(text, sizeof text, "%s[%u]", net, bit);
    return cf_arena_strdup(&names->arena, text);
}

static bool name_bits(const struct flattening *f, struct cf_bits_names *names, const uint32_t *roots,
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

/* Names from the metadata of an imported netlist: a line each, an empty one for none. */
static void restore_names(struct cf_bits_names *names, const char **slots, uint32_t count, const char *text)
{
    char *copy = text ? cf_arena_strdup(&names->arena, text) : NULL;
    for (uint32_t i = 0; copy && i < count; i++) {
        char *end = strchr(copy, '\n');
        if (!end)
            return;
        *end = '\0';
        slots[i] = cf_bits_name_valid(copy, strlen(copy)) ? copy : NULL;
        copy = end + 1;
    }
}

static bool flatten(struct flattening *f, struct cf_bits_names *names, const uint32_t *roots, uint32_t root_count,
                    uint64_t adder_limit)
{
    f->needed = calloc(f->netlist->net_count, 1);
    f->first = calloc(f->netlist->net_count, sizeof *f->first);
    if (!f->needed || !f->first)
        return out_of_memory(f);
    mark_needed(f, roots, root_count);
    if (!count_size(f, adder_limit))
        return false;
    /* Inputs are numbered before the first node is made, since node numbers come after theirs. */
    if (!place_all(f) || !collect_outputs(f, roots, root_count) || !cf_bits_sweep(f->bits, f->err) ||
        !cf_bits_names_new(names, f->bits, "circuit", f->err) || !name_bits(f, names, roots, root_count))
        return false;
    if (root_count == 0 && cf_netlist_meta(f->netlist, CF_META_INPUT_NAMES)) {
        restore_names(names, names->inputs, f->bits->input_count, cf_netlist_meta(f->netlist, CF_META_INPUT_NAMES));
        restore_names(names, names->outputs, f->bits->output_count, cf_netlist_meta(f->netlist, CF_META_OUTPUT_NAMES));
    }
    return true;
}

bool cf_lower_circuit(struct cf_bits *bits, struct cf_bits_names *names, const struct cf_netlist *netlist,
                      const struct cf_bits_cell *cells, const uint32_t *roots, uint32_t root_count,
                      uint64_t adder_limit, struct cf_error *err)
{
    *bits = (struct cf_bits){0};
    *names = (struct cf_bits_names){0};
    struct flattening f = {.netlist = netlist, .cells = cells, .bits = bits, .err = err};
    bool done = flatten(&f, names, roots, root_count, adder_limit);
    free(f.needed);
    free(f.first);
    free(f.literals);
    free(f.map);
    if (!done) {
        cf_bits_free(bits);
        cf_bits_names_free(names);
    }
    return done;
}

bool cf_lower_cell_names(struct cf_bits_names *names, const struct cf_bits_cell *lowered, uint32_t cell,
                         struct cf_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "cell%u", cell);
    if (!cf_bits_names_new(names, &lowered->bits, text, err))
        return false;
    bool done = true;
    for (uint32_t o = 0; o < lowered->operand_count; o++) {
        const struct cf_bits_operand *operand = &lowered->operands[o];
        snprintf(text, sizeof text, "p%u_%u", operand->port, operand->offset);
        for (uint32_t k = 0; k < operand->width; k++)
            done &= (names->inputs[operand->first_input + k] = bit_name(names, text, k, operand->width)) != NULL;
    }
    for (uint32_t k = 0; k < lowered->bits.output_count; k++)
        done &= (names->outputs[k] = bit_name(names, "y", k, lowered->bits.output_count)) != NULL;
    if (!done)
        cf_bits_names_free(names);
    return done || cf_fail(err, "cell %u: out of memory", cell);
}
