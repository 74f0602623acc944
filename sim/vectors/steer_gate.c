/* steer_gate.c - finds the operands and the sum of a target as linear forms of the input. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/run.h"
#include "sim/vectors/steer_internal.h"

/* ---- memory ------------------------------------------------------------------------------------------------------ */

bool cf_steered_make(struct cf_steered *steered, const struct cf_netlist *netlist)
{
    assert(netlist->groups[CF_INPUT].count > 0);
    size_t inputs = netlist->groups[CF_INPUT].count;
    *steered = (struct cf_steered){.input = calloc(inputs, sizeof *steered->input)};
    bool done = steered->input != NULL;
    for (int wish = 0; wish < CF_WISH_COUNT; wish++)
        done = (steered->x[wish] = calloc(inputs, sizeof **steered->x)) && done;
    return done;
}

void cf_steered_free(struct cf_steered *steered)
{
    for (int wish = 0; wish < CF_WISH_COUNT; wish++)
        free(steered->x[wish]);
    free(steered->input);
    *steered = (struct cf_steered){0};
}

struct cf_steering *cf_steering_new(const struct cf_netlist *netlist, struct cf_form_finder *finder)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    assert(finder && cf_signed_bits(input->type) <= 32);
    struct cf_steering *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->netlist = netlist;
    s->finder = finder;
    s->low = cf_type_min(input->type);
    s->high = cf_type_max(input->type);
    s->place = malloc(input->count * sizeof *s->place);
    s->inputs = calloc((size_t)input->count + 1, sizeof *s->inputs);
    s->input_nets = calloc(input->count, sizeof *s->input_nets);
    s->table = calloc(2 * CF_STEER_REACH + 1, sizeof *s->table);
    s->queue = calloc(2 * CF_STEER_REACH + 1, sizeof *s->queue);
    s->choices = calloc(CF_STEER_CHOICES, sizeof *s->choices);
    bool made = cf_steered_make(&s->trial, netlist) && s->place && s->inputs && s->input_nets && s->table && s->queue &&
                s->choices;
    if (made) {
        memset(s->place, 0xff, input->count * sizeof *s->place);
        return s;
    }
    cf_steering_free(s);
    return NULL;
}

void cf_steering_free(struct cf_steering *s)
{
    if (!s)
        return;
    cf_steered_free(&s->trial);
    free(s->place);
    free(s->inputs);
    free(s->input_nets);
    free(s->operands);
    free(s->by_operand);
    free(s->by_input);
    free(s->table);
    free(s->queue);
    free(s->choices);
    free(s);
}

bool cf_steering_failed(const struct cf_steering *s)
{
    return s->out_of_memory || cf_form_finder_failed(s->finder);
}

static bool no_memory(struct cf_steering *s)
{
    s->out_of_memory = true;
    return false;
}

/* ---- the gate, as linear forms ----------------------------------------------------------------------------------- */

static uint32_t place_input(struct cf_steering *s, uint32_t net)
{
    if (s->place[net] == UINT32_MAX) {
        s->place[net] = s->input_count;
        s->inputs[s->input_count++] = (struct cf_steer_input){.net = net};
    }
    return s->place[net];
}

static bool add_addend(struct cf_steering *s, uint32_t operand, uint32_t net, int64_t factor)
{
    size_t count = (size_t)s->addend_count + 1;
    if (!cf_array_reserve(&s->by_operand, &s->by_operand_capacity, count, sizeof *s->by_operand) ||
        !cf_array_reserve(&s->by_input, &s->by_input_capacity, count, sizeof *s->by_input))
        return no_memory(s);
    s->by_operand[s->addend_count++] = (struct cf_addend){operand, place_input(s, net), factor};
    return true;
}

/* Adds the value of net `source` as an operand, unless it is no linear form of the input. */
static bool add_operand(struct cf_steering *s, uint32_t source, bool weight_positive)
{
    if (!cf_array_reserve(&s->operands, &s->operand_capacity, (size_t)s->operand_count + 1, sizeof *s->operands))
        return no_memory(s);
    struct cf_linear_form form = {.constant = 0};
    if (source >= s->netlist->groups[CF_INPUT].count && !cf_find_form(s->finder, source, &form))
        return false;
    uint32_t operand = s->operand_count++;
    s->operands[operand] = (struct cf_steer_operand){.constant = form.constant, .weight_positive = weight_positive};
    if (source < s->netlist->groups[CF_INPUT].count)
        return add_addend(s, operand, source, 1);
    for (uint32_t i = 0; i < form.count; i++)
        if (!add_addend(s, operand, form.input[i], form.factor[i]))
            return false;
    return true;
}

/* Takes the terms from `t` on that read one row through one port. Where they form a run, the nets of the run that the
 * gate does not read become operands, too: Verilog that hands the whole run to the gate has weights of 0 for them, and
 * a weight there that is not 0 must show like any other wrong weight. Returns the number of terms taken. */
static uint32_t add_unread(struct cf_steering *s, const struct cf_cell *cell, const uint32_t *bases, uint32_t t)
{
    const struct cf_term *terms = cell->terms + t;
    uint32_t base = bases[terms->port], first = base + terms->offset, count = 1;
    const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, first)];
    uint32_t lanes = cf_group_lanes(group), row = first - (first - group->first_net) % lanes;
    while (t + count < cell->term_count && terms[count].port == terms->port && base + terms[count].offset < row + lanes)
        count++;
    uint32_t end = base + terms[count - 1].offset + 1, span = end - first;
    if (!cf_is_run(count, span))
        return count;
    if (cf_run_fills_row(span, lanes)) {
        first = row;
        end = row + lanes;
    }
    for (uint32_t net = first, next = 0; net < end; net++) {
        if (next < count && base + terms[next].offset == net)
            next++;
        else
            add_operand(s, net, false); /* left out where it is no linear form: the gate's own operands matter more */
    }
    return count;
}

static void sort_addends_by_input(struct cf_steering *s)
{
    for (uint32_t i = 0; i <= s->input_count; i++)
        s->inputs[i].first = 0;
    for (uint32_t e = 0; e < s->addend_count; e++)
        s->inputs[s->by_operand[e].input].first++;
    for (uint32_t i = 0, end = 0; i <= s->input_count; i++)
        s->inputs[i].first = end +=
            s->inputs[i].first; /* the end of its addends, which the loop below moves down to their beginning */
    for (uint32_t e = s->addend_count; e-- > 0;)
        s->by_input[--s->inputs[s->by_operand[e].input].first] = s->by_operand[e];
}

/* Finds the sum as a linear form: its constant, its extremes, and the factor of each input. */
static bool find_sum(struct cf_steering *s, uint32_t net)
{
    struct cf_linear_form form;
    if (!cf_find_form(s->finder, net, &form) || form.count == 0)
        return false;
    s->constant = s->least = s->greatest = form.constant;
    s->divisor = cf_form_divisor(&form);
    for (uint32_t i = 0; i < form.count; i++) {
        int64_t factor = form.factor[i];
        s->inputs[place_input(s, form.input[i])].factor = factor;
        s->least += factor * (factor > 0 ? s->low : s->high); /* within the cell's range: below 2^62 */
        s->greatest += factor * (factor > 0 ? s->high : s->low);
    }
    return true;
}

bool cf_steering_target(struct cf_steering *s, uint32_t net)
{
    assert(net >= s->netlist->groups[CF_INPUT].count && net < s->netlist->net_count);
    const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, net)];
    uint32_t index = net - group->first_net;
    const struct cf_cell *cell = &s->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t i = 0; i < s->input_count; i++)
        s->place[s->inputs[i].net] = UINT32_MAX;
    s->net = net;
    s->input_count = s->operand_count = s->addend_count = 0;
    bool done = find_sum(s, net);
    for (uint32_t t = 0; done && t < cell->term_count; t++)
        done = add_operand(s, bases[cell->terms[t].port] + cell->terms[t].offset, cell->terms[t].weight > 0);
    for (uint32_t t = 0; done && t < cell->term_count;)
        t += add_unread(s, cell, bases, t);
    if (!done ||
        cf_steering_failed(s)) /* add_unread leaves an operand out that is no linear form, or when memory is out */
        return false;
    sort_addends_by_input(s);
    for (uint32_t i = 0; i < s->input_count; i++)
        s->input_nets[i] = s->inputs[i].net;
    return true;
}

const uint32_t *cf_steering_inputs(const struct cf_steering *s, uint32_t *count)
{
    *count = s->input_count;
    return s->input_nets;
}
