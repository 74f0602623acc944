/* linear.c - which decisions can be had from the classified input, and the tasks that compute them. */
#include "sim/word/linear.h"

#include <stdlib.h>
#include <string.h>

#include "sim/word/plan_internal.h"

/* ---- which rows are combinations of input rows ----------------------------------------------------------------- */

/* A pattern whose rows combine whole rows: linear, without bias, every offset a number of rows. */
static bool pattern_linear(const struct cf_plan *plan, const struct cf_row_pattern *pattern, uint32_t lanes)
{
    const struct cf_cell *cell = &plan->netlist->cells[pattern->cell];
    if (cell->activation != CF_LINEAR || cell->bias != 0)
        return false;
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source = pattern->source[term->port];
        if (term->offset % lanes || plan->blocks[source].lanes != lanes || !plan->linear->rows[source].linear)
            return false;
    }
    return true;
}

/* Row `row`, of a linear pattern: the rows that its ports begin at. False when one is not aligned, or tainted. */
static bool place_row(const struct cf_plan *plan, const struct cf_block *block, uint32_t row,
                      const struct cf_row_pattern *pattern, uint32_t *base_row)
{
    for (uint32_t p = 0; p < block->ports; p++) {
        if (pattern->source[p] == CF_NONE)
            continue;
        uint32_t first = plan->netlist->groups[pattern->source[p]].first_net;
        uint32_t base = block->base[(size_t)row * block->ports + p];
        if (base < first || (base - first) % block->lanes)
            return false;
        base_row[p] = (base - first) / block->lanes;
    }
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        if (plan->linear->rows[pattern->source[term->port]].tainted[base_row[term->port] + term->offset / block->lanes])
            return false;
    }
    return true;
}

static bool find_linear_rows(struct cf_plan *plan, uint32_t group)
{
    const struct cf_block *block = &plan->blocks[group];
    struct cf_linear_rows *rows = &plan->linear->rows[group];
    bool *tainted = cf_arena_alloc(&plan->arena, block->rows, sizeof *tainted);
    rows->tainted = tainted;
    if (!tainted || group == CF_INPUT) {
        rows->linear = true;
        return tainted != NULL;
    }
    memset(tainted, true, block->rows);
    rows->tainted_count = block->rows;
    if (block->kind != CF_BLOCK_ROWS)
        return true;
    bool *usable = malloc(block->pattern_count + 1u);
    rows->base_row = cf_arena_alloc(&plan->arena, (size_t)block->rows * block->ports, sizeof *rows->base_row);
    bool done = usable && rows->base_row;
    for (uint32_t i = 0; done && i < block->pattern_count; i++)
        usable[i] = pattern_linear(plan, &block->patterns[i], block->lanes);
    for (uint32_t row = 0; done && row < block->rows; row++) {
        uint32_t pattern = block->pattern_of[row];
        tainted[row] =
            pattern == CF_NONE || !usable[pattern] ||
            !place_row(plan, block, row, &block->patterns[pattern], rows->base_row + (size_t)row * block->ports);
    }
    for (uint32_t i = 0; done && i < block->exception_count; i++)
        tainted[block->exceptions[i] / block->lanes] = true;
    for (uint32_t row = 0; done && row < block->rows; row++)
        rows->tainted_count -= !tainted[row];
    rows->linear = rows->tainted_count < block->rows;
    free(usable);
    return done;
}

/* ---- families of classifiers ----------------------------------------------------------------------------------- */

/* The kernel for the input's operands and this matrix; the sums themselves were shown to fit in 32 bits. */
static bool choose_kernel(const struct cf_plan *plan, const struct cf_dense_form *form, struct cf_family *family)
{
    const struct cf_group *input = &plan->netlist->groups[CF_INPUT];
    size_t count = (size_t)form->packed.lanes * form->packed.inputs;
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = abs(form->matrix[i]) > largest ? abs(form->matrix[i]) : largest;
    int bits = cf_signed_bits(input->type);
    if (bits > 16 || largest > INT16_MAX)
        return false;
    family->packed.lane = bits <= 8 && largest <= INT8_MAX ? CF_STORE8 : CF_STORE16;
    uint32_t span = (uint32_t)(4 / cf_storage_size(family->packed.lane));
    bool direct = cf_storage_of(input->type) == family->packed.lane && form->packed.inputs % span == 0;
    family->operands = direct ? CF_OPERANDS_DIRECT : CF_OPERANDS_WIDEN;
    return true;
}

/* The family with the form's matrix, made if it is new; CF_NONE when no kernel takes it. */
static bool find_family(struct cf_plan *plan, const struct cf_dense_form *form, uint32_t *index)
{
    struct cf_linear *linear = plan->linear;
    size_t size = (size_t)form->packed.lanes * form->packed.inputs * sizeof *form->matrix;
    for (*index = 0; *index < linear->family_count; ++*index) {
        const struct cf_family *family = &linear->families[*index];
        if (family->packed.lanes == form->packed.lanes && family->packed.inputs == form->packed.inputs &&
            memcmp(family->matrix, form->matrix, size) == 0)
            return true;
    }
    struct cf_family family = {.matrix = form->matrix};
    family.packed.lanes = form->packed.lanes;
    family.packed.inputs = form->packed.inputs;
    if (!choose_kernel(plan, form, &family)) {
        *index = CF_NONE;
        return true;
    }
    family.summed = cf_arena_alloc(&plan->arena, plan->netlist->group_count, sizeof *family.summed);
    if (!family.summed || !cf_dense_pack(&plan->arena, &family.packed, family.matrix))
        return false;
    if (family.packed.padded_lanes > plan->max_padded_lanes)
        plan->max_padded_lanes = family.packed.padded_lanes;
    if (family.packed.padded_inputs > plan->max_padded_inputs)
        plan->max_padded_inputs = family.packed.padded_inputs;
    linear->families[linear->family_count++] = family;
    return true;
}

/* Decides whether an output group is had from the classified input, and by which rows. */
static bool find_output(struct cf_plan *plan, uint32_t group)
{
    const struct cf_block *block = &plan->blocks[group];
    struct cf_linear_output *output = &plan->linear->outputs[group];
    output->group = group;
    output->family = CF_NONE;
    if (block->kind != CF_BLOCK_DENSE)
        return true;
    const struct cf_dense_form *form = block->dense;
    const struct cf_linear_rows *source = &plan->linear->rows[form->source];
    uint32_t inputs = form->packed.inputs, lanes = plan->blocks[CF_INPUT].lanes;
    if (form->sums != CF_STORE32 || !source->linear || inputs != lanes || plan->blocks[form->source].lanes != lanes)
        return true;
    uint32_t *source_row = cf_arena_alloc(&plan->arena, block->rows, sizeof *source_row), clean = 0;
    if (!source_row)
        return false;
    uint32_t first = plan->netlist->groups[form->source].first_net;
    for (uint32_t row = 0; row < block->rows; row++) {
        uint32_t offset = block->base[row] - first;
        bool aligned = block->base[row] != CF_NONE && offset % lanes == 0 && !source->tainted[offset / lanes];
        source_row[row] = aligned ? offset / lanes : CF_NONE;
        clean += aligned;
    }
    output->bias = form->narrow_bias;
    output->source_row = source_row;
    return clean == 0 || find_family(plan, form, &output->family);
}

/* ---- which sums are kept --------------------------------------------------------------------------------------- */

/* Marks the groups whose rows of sums a group's combinations read. */
static void mark_sources(const struct cf_plan *plan, struct cf_family *family, uint32_t group)
{
    const struct cf_block *block = &plan->blocks[group];
    for (uint32_t i = 0; i < block->pattern_count; i++)
        for (uint32_t p = 0; p < block->ports; p++)
            if (block->patterns[i].source[p] != CF_NONE && plan->linear->rows[block->patterns[i].source[p]].linear)
                family->summed[block->patterns[i].source[p]] = true;
}

/* Each output's source is combined on the fly; its sums are kept only where another group needs them too. */
static void choose_sums(struct cf_plan *plan)
{
    struct cf_linear *linear = plan->linear;
    for (uint32_t g = plan->netlist->group_count; g-- > 1;) {
        struct cf_linear_output *output = &linear->outputs[g];
        if (output->family == CF_NONE)
            continue;
        struct cf_family *family = &linear->families[output->family];
        uint32_t source = plan->blocks[g].dense->source;
        family->live = true;
        output->inlined = plan->blocks[source].kind == CF_BLOCK_ROWS;
        if (output->inlined)
            mark_sources(plan, family, source);
        else
            family->summed[source] = true;
    }
    for (uint32_t f = 0; f < linear->family_count; f++)
        for (uint32_t g = plan->netlist->group_count; g-- > 1;)
            if (linear->families[f].summed[g])
                mark_sources(plan, &linear->families[f], g);
    /* A source that is kept anyway need not be combined again. */
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        if (linear->outputs[g].family != CF_NONE &&
            linear->families[linear->outputs[g].family].summed[plan->blocks[g].dense->source])
            linear->outputs[g].inlined = false;
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

static bool add_rows(struct cf_schedule *schedule, enum cf_task_kind kind, uint32_t group, uint32_t first, uint32_t end)
{
    for (uint32_t row = first; row < end; row += CF_TASK_ROW_COUNT) {
        uint32_t count = end - row < CF_TASK_ROW_COUNT ? end - row : CF_TASK_ROW_COUNT;
        if (!cf_schedule_add(schedule,
                             (struct cf_task){.kind = kind, .group = group, .first = row, .count = count, .key = row}))
            return false;
    }
    return true;
}

/* True when some family keeps the group's sums. */
static bool summed(const struct cf_linear *linear, uint32_t group)
{
    for (uint32_t f = 0; f < linear->family_count; f++)
        if (linear->families[f].live && linear->families[f].summed[group])
            return true;
    return false;
}

/* Wave 0 multiplies; a group of sums follows the last one it reads; decisions come at the end. */
static bool schedule_fast(struct cf_plan *plan)
{
    struct cf_linear *linear = plan->linear;
    uint32_t count = plan->netlist->group_count, last = 0;
    uint32_t *wave = calloc(count, sizeof *wave);
    if (!wave)
        return false;
    for (uint32_t g = 1; g < count; g++) {
        for (uint32_t h = 0; h < g; h++)
            if (summed(linear, g) && plan->blocks[g].reads[h] && wave[h] + 1 > wave[g])
                wave[g] = wave[h] + 1;
        last = wave[g] > last ? wave[g] : last;
    }
    bool done =
        !summed(linear, CF_INPUT) || add_rows(&linear->fast, CF_TASK_PRODUCT, CF_INPUT, 0, plan->blocks[CF_INPUT].rows);
    done = done && cf_schedule_end_wave(&linear->fast);
    for (uint32_t w = 1; w <= last; w++) {
        for (uint32_t g = 1; done && g < count; g++)
            if (wave[g] == w && summed(linear, g))
                done = add_rows(&linear->fast, CF_TASK_POOL, g, 0, plan->blocks[g].rows);
        done = done && cf_schedule_end_wave(&linear->fast);
    }
    for (uint32_t g = 1; done && g < count; g++)
        if (linear->outputs[g].family != CF_NONE)
            done = add_rows(&linear->fast, CF_TASK_DECIDE, g, 0, plan->blocks[g].rows);
    free(wave);
    return done && cf_schedule_end_wave(&linear->fast) && cf_schedule_in_turn(plan, &linear->fast, true);
}

/* ---- planning -------------------------------------------------------------------------------------------------- */

/* Some multiply-adds of either way, to tell whether the fast one is worth it. */
static uint64_t block_work(const struct cf_plan *plan, uint32_t group)
{
    const struct cf_block *block = &plan->blocks[group];
    const struct cf_group *g = &plan->netlist->groups[group];
    uint64_t terms = block->kind == CF_BLOCK_DENSE ? block->dense->packed.inputs
                     : block->kind == CF_BLOCK_ROWS && block->pattern_count
                         ? block->patterns[0].term_count
                         : plan->netlist->cells[g->cell[0]].term_count;
    return terms * g->count;
}

static void decide_whole(struct cf_plan *plan, uint64_t exact_work)
{
    struct cf_linear *linear = plan->linear;
    uint64_t all = 0, fast = exact_work;
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        all += block_work(plan, g);
    for (uint32_t f = 0; f < linear->family_count; f++)
        if (linear->families[f].live)
            fast += (uint64_t)plan->blocks[CF_INPUT].rows * linear->families[f].packed.lanes *
                    linear->families[f].packed.inputs;
    linear->whole = fast >= all;
}

bool cf_linear_plan(struct cf_plan *plan)
{
    uint32_t count = plan->netlist->group_count;
    struct cf_linear *linear = plan->linear = calloc(1, sizeof *linear);
    if (!linear)
        return false;
    linear->rows = cf_arena_alloc(&plan->arena, count, sizeof *linear->rows);
    linear->outputs = cf_arena_alloc(&plan->arena, count, sizeof *linear->outputs);
    linear->families = cf_arena_alloc(&plan->arena, count, sizeof *linear->families);
    linear->stored = cf_arena_alloc(&plan->arena, count, sizeof *linear->stored);
    bool done = linear->rows && linear->outputs && linear->families && linear->stored;
    for (uint32_t g = 0; done && g < count; g++) {
        linear->outputs[g].family = CF_NONE;
        done = find_linear_rows(plan, g);
    }
    for (uint32_t g = 1; done && g < count; g++)
        done = !plan->netlist->groups[g].output || find_output(plan, g);
    if (!done)
        return false;
    choose_sums(plan);
    uint64_t exact_work = 0;
    if (!schedule_fast(plan) || !cf_linear_exact(plan, &exact_work))
        return false;
    decide_whole(plan, exact_work);
    return true;
}

void cf_linear_free(struct cf_linear *linear)
{
    if (!linear)
        return;
    cf_schedule_free(&linear->fast);
    cf_schedule_free(&linear->exact);
    free(linear);
}
