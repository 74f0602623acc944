/* graph_program.c - turns an adder graph into carry chains on planes: their order, and the planes of their results. */
#include "sim/bits/graph_program.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "netlists/bank.h"
#include "netlists/cell.h"
#include "sim/bits/assemble.h"

/* An input or an adder of the graph. The planes hold its value, or its negation, divided by 2^scale. */
struct signal {
    uint32_t plane, uses;
    uint8_t width, scale;
    bool negated, made;
};

/* Planes that are free again. */
struct spare {
    uint32_t *blocks; /* their first planes */
    size_t count, capacity;
};

struct maker {
    const struct cf_netlist *netlist;
    const struct cf_bank *bank;
    const struct cf_graph *graph;
    const uint32_t *cells; /* of the program */
    uint32_t count;
    struct cf_bank_operand *operands;
    struct cf_range *ranges;              /* [inputs + adders] */
    struct signal *signals;               /* [inputs + adders] */
    uint32_t *stack;                      /* adders to be worked out; [adders + 1] */
    struct spare spare[CF_MAX_WIDTH + 1]; /* by width */
    uint32_t next_plane;
    struct cf_bit_program *program;
};

/* ---- planes ---- */

static bool take_planes(struct maker *m, uint32_t width, uint32_t *plane)
{
    struct spare *spare = &m->spare[width];
    if (spare->count > 0) {
        *plane = spare->blocks[--spare->count];
        return true;
    }
    *plane = m->next_plane;
    m->next_plane += width;
    return true;
}

/* A signal has been read; after the last time its planes are free. */
static bool release(struct maker *m, uint32_t number)
{
    struct signal *signal = &m->signals[number];
    assert(signal->uses > 0);
    if (--signal->uses > 0 || number < m->graph->inputs)
        return true;
    struct spare *spare = &m->spare[signal->width];
    if (!cf_array_reserve(&spare->blocks, &spare->capacity, spare->count + 1, sizeof *spare->blocks))
        return false;
    spare->blocks[spare->count++] = signal->plane;
    return true;
}

/* ---- adders ---- */

/* What an addend adds, apart from a sign: the signal's planes, shifted. */
struct part {
    const struct signal *signal;
    uint32_t shift;
    bool negative;
};

static struct part part_of(const struct maker *m, const struct cf_graph_addend *addend)
{
    const struct signal *signal = &m->signals[addend->signal];
    return (struct part){signal, (uint32_t)addend->shift + signal->scale, addend->negative != signal->negated};
}

/* A difference subtracts its right number. Where both parts are negative, the sum is negated as a whole. */
static bool make_adder(struct maker *m, uint32_t number)
{
    const struct cf_adder *adder = &m->graph->adders[number - m->graph->inputs];
    struct signal *signal = &m->signals[number];
    struct part left = part_of(m, &adder->left), right = part_of(m, &adder->right);
    struct cf_range range = m->ranges[number];
    uint32_t scale = left.shift < right.shift ? left.shift : right.shift;
    if (left.negative && !right.negative) {
        struct part swap = left;
        left = right;
        right = swap;
    }
    signal->negated = left.negative;
    if (signal->negated)
        range = (struct cf_range){-range.max, -range.min};
    signal->scale = (uint8_t)scale;
    signal->width = cf_signed_width(range.min >> scale, range.max >> scale);
    signal->made = true;
    if (!take_planes(m, signal->width, &signal->plane))
        return false;
    m->program->sums[m->program->sum_count++] = (struct cf_bit_sum){.left = left.signal->plane,
                                                                    .right = right.signal->plane,
                                                                    .sum = signal->plane,
                                                                    .left_width = left.signal->width,
                                                                    .right_width = right.signal->width,
                                                                    .left_shift = (uint8_t)(left.shift - scale),
                                                                    .right_shift = (uint8_t)(right.shift - scale),
                                                                    .width = signal->width,
                                                                    .subtract = left.negative != right.negative};
    m->program->full_adders += signal->width;
    return release(m, adder->left.signal) && release(m, adder->right.signal);
}

/* Works a signal out, and before it all that it depends on. */
static bool make_signal(struct maker *m, uint32_t number)
{
    uint32_t depth = 0;
    m->stack[depth++] = number;
    while (depth > 0) {
        uint32_t top = m->stack[depth - 1];
        if (m->signals[top].made) {
            depth--;
            continue;
        }
        const struct cf_adder *adder = &m->graph->adders[top - m->graph->inputs];
        if (!m->signals[adder->left.signal].made)
            m->stack[depth++] = adder->left.signal;
        else if (!m->signals[adder->right.signal].made)
            m->stack[depth++] = adder->right.signal;
        else if (!make_adder(m, top))
            return false;
    }
    return true;
}

/* ---- operands ---- */

static struct cf_type type_of_port(const struct maker *m, uint32_t port)
{
    return m->netlist->cells[m->cells[0]].ports[port];
}

/* Places the operands where a pass loads them, all in one stage. A number without a sign is copied first, to have one.
 */
static bool place_operands(struct maker *m)
{
    struct cf_bit_program *p = m->program;
    uint32_t planes = 0;
    for (uint32_t i = 0; i < m->graph->inputs; i++) {
        struct cf_type type = type_of_port(m, m->operands[i].port);
        p->operands[i] = (struct cf_network_operand){
            .offset = m->operands[i].offset, .first_input = planes, .port = m->operands[i].port, .width = type.width};
        planes += type.width;
    }
    m->next_plane = p->operand_plane + planes;
    for (uint32_t i = 0; i < m->graph->inputs; i++) {
        struct cf_type type = type_of_port(m, m->operands[i].port);
        struct signal *signal = &m->signals[i];
        signal->plane = p->operand_plane + p->operands[i].first_input;
        signal->width = type.width;
        signal->made = true;
        if (type.is_signed)
            continue;
        struct cf_bit_result copy = {
            .number = signal->plane, .number_width = type.width, .width = (uint8_t)(type.width + 1)};
        copy.result = signal->plane = m->next_plane;
        signal->width = copy.width;
        m->next_plane += copy.width;
        p->copies[p->copy_count++] = copy;
    }
    p->stages[0] = (struct cf_bit_stage){.operand_count = m->graph->inputs, .plane_count = planes};
    return true;
}

/* ---- results ---- */

/* The sum of a cell, from the output of the graph: bias +- (signal << shift). */
static struct cf_bit_result result_of(const struct maker *m, const struct cf_cell *cell,
                                      const struct cf_graph_output *output)
{
    int64_t min, max;
    bool fits = cf_cell_range(cell, &min, &max);
    assert(fits);
    (void)fits;
    bool step = cell->activation == CF_STEP;
    struct cf_bit_result result = {.constant = cell->bias,
                                   .number = CF_PLANE_ZERO,
                                   .number_width = 1,
                                   .width = step ? cf_signed_width(min, max) : cell->type.width,
                                   .step = step};
    if (output->signal != CF_NO_SIGNAL) {
        const struct signal *signal = &m->signals[output->signal];
        result.number = signal->plane;
        result.number_width = signal->width;
        result.is_signed = true;
        result.shift = (int8_t)(output->shift + signal->scale);
        result.negative = output->negative != signal->negated;
    }
    return result;
}

/* The number of a cell in the bank, or UINT32_MAX. */
static uint32_t find_cell(const struct cf_bank *bank, uint32_t cell)
{
    uint32_t low = 0, high = bank->cell_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bank->cells[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low < bank->cell_count && bank->cells[low] == cell ? low : UINT32_MAX;
}

static const struct cf_graph_output *output_of(const struct maker *m, uint32_t member)
{
    return &m->graph->outputs[find_cell(m->bank, m->cells[member])];
}

/* Counts how often each signal is read on the way to the program's cells. A signal that is never read has 0. */
static void count_uses(struct maker *m)
{
    for (uint32_t c = 0; c < m->count; c++)
        if (output_of(m, c)->signal != CF_NO_SIGNAL)
            m->signals[output_of(m, c)->signal].uses++;
    for (uint32_t a = m->graph->adder_count; a-- > 0;)
        if (m->signals[m->graph->inputs + a].uses > 0) {
            m->signals[m->graph->adders[a].left.signal].uses++;
            m->signals[m->graph->adders[a].right.signal].uses++;
        }
}

static bool make_results(struct maker *m)
{
    struct cf_bit_program *p = m->program;
    uint32_t plane = CF_PLANE_OPERANDS;
    for (uint32_t c = 0; c < m->count; c++)
        if (output_of(m, c)->signal != CF_NO_SIGNAL && !make_signal(m, output_of(m, c)->signal))
            return false;
    for (uint32_t c = 0; c < m->count; c++) {
        const struct cf_cell *cell = &m->netlist->cells[m->cells[c]];
        struct cf_bit_result result = result_of(m, cell, output_of(m, c));
        result.result = plane;
        p->results[p->result_count++] = result;
        p->output_first[c] = plane - CF_PLANE_OPERANDS;
        p->full_adders += result.width;
        for (uint32_t k = 0; k < cell->type.width; k++, plane++)
            p->outputs[plane - CF_PLANE_OPERANDS] = (uint16_t)(plane * CF_PLANE_STEP);
    }
    p->output_first[m->count] = plane - CF_PLANE_OPERANDS;
    return true;
}

/* ---- programs ---- */

/* Finds the bank that all the cells belong to; false where there is none, or its graph is none for this engine. */
static bool find_bank(struct maker *m, uint32_t *output_bits)
{
    const struct cf_implementation *impl = m->netlist->implementation;
    for (uint32_t b = 0; impl && b < impl->bank_count; b++)
        if (find_cell(&impl->banks[b], m->cells[0]) != UINT32_MAX)
            m->bank = &impl->banks[b];
    if (!m->bank)
        return false;
    m->graph = &impl->graphs[m->bank->graph];
    *output_bits = 0;
    for (uint32_t c = 0; c < m->count; c++) {
        const struct cf_cell *cell = &m->netlist->cells[m->cells[c]];
        if (find_cell(m->bank, m->cells[c]) == UINT32_MAX ||
            (cell->activation != CF_STEP && cell->activation != CF_LINEAR) ||
            *output_bits + cell->type.width > CF_MAX_PLANES - CF_PLANE_OPERANDS)
            return false;
        *output_bits += cell->type.width;
    }
    return true;
}

static bool reads_squares(const struct maker *m)
{
    for (uint32_t i = 0; i < m->graph->inputs; i++)
        if (m->operands[i].square)
            return true;
    return false;
}

static bool make_room(struct maker *m, uint32_t output_bits)
{
    size_t inputs = m->graph->inputs, signals = inputs + m->graph->adder_count + 1;
    struct cf_bit_program *p = m->program = calloc(1, sizeof *p);
    m->ranges = calloc(signals, sizeof *m->ranges);
    m->signals = calloc(signals, sizeof *m->signals);
    m->stack = calloc(signals, sizeof *m->stack);
    if (!p || !m->ranges || !m->signals || !m->stack)
        return false;
    p->cell_count = m->count;
    p->stage_count = 1;
    p->operand_plane = CF_PLANE_OPERANDS + output_bits;
    p->operands = calloc(inputs + 1, sizeof *p->operands);
    p->stages = calloc(1, sizeof *p->stages);
    p->code = calloc(1 + CF_BIT_CODE_PADDING, sizeof *p->code); /* no instruction */
    p->code_length = 1;
    p->outputs = calloc(output_bits, sizeof *p->outputs);
    p->output_first = calloc((size_t)m->count + 1, sizeof *p->output_first);
    p->copies = calloc(inputs + 1, sizeof *p->copies);
    p->sums = calloc(m->graph->adder_count + (size_t)1, sizeof *p->sums);
    p->results = calloc(m->count, sizeof *p->results);
    return p->operands && p->stages && p->code && p->outputs && p->output_first && p->copies && p->sums && p->results;
}

static bool find_ranges(struct maker *m)
{
    struct cf_range *inputs = cf_operand_ranges(m->netlist, m->bank->cells, m->operands, m->graph->inputs);
    bool done = inputs && cf_graph_ranges(m->graph, inputs, m->ranges);
    free(inputs);
    return done;
}

static bool make_program(struct maker *m, uint32_t output_bits)
{
    if (!make_room(m, output_bits) || !find_ranges(m) || !place_operands(m))
        return false;
    count_uses(m);
    if (!make_results(m))
        return false;
    m->program->window_planes = m->next_plane;
    return true;
}

bool cf_bit_graph_program(struct cf_bit_program **program, const struct cf_netlist *netlist, const uint32_t *cells,
                          uint32_t count, struct cf_error *err)
{
    struct maker m = {.netlist = netlist, .cells = cells, .count = count};
    uint32_t output_bits, operands;
    *program = NULL;
    if (!find_bank(&m, &output_bits))
        return true;
    if (!cf_bank_operands(netlist, m.bank->cells, m.bank->cell_count, &m.operands, &operands, err))
        return false;
    bool done = reads_squares(&m) || make_program(&m, output_bits) || cf_fail(err, "%s: out of memory", netlist->label);
    if (done) {
        *program = m.program;
    } else {
        cf_bit_program_free(m.program);
    }
    free(m.operands);
    free(m.ranges);
    free(m.signals);
    free(m.stack);
    for (uint32_t w = 0; w <= CF_MAX_WIDTH; w++)
        free(m.spare[w].blocks);
    return done;
}
