/* program.c - makes one program of several cells: its stages, the operands that each loads, and the planes of outputs.
 */
#include "sim/bits/program.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bits/assemble.h"

static uint32_t operand_begin(const struct cf_bit_member *m)
{
    return m->stage ? m->cell->stages[m->stage - 1].operand_end : 0;
}

static uint32_t operand_end(const struct cf_bit_member *m)
{
    return m->cell->stages[m->stage].operand_end;
}

/* By port, then by offset. */
static int compare_operands(const void *x, const void *y)
{
    const struct cf_network_operand *a = x, *b = y;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Points a member's input literals of this stage at the operands' planes. */
static void bind_inputs(struct cf_bit_assembly *b, struct cf_bit_member *m, const struct cf_bit_stage *stage)
{
    const struct cf_bit_program *p = b->program;
    uint32_t at = stage->operand_first;
    for (uint32_t o = operand_begin(m); o < operand_end(m); o++) {
        const struct cf_network_operand *operand = &m->cell->operands[o];
        while (compare_operands(&p->operands[at], operand) != 0)
            at++;
        for (uint32_t k = 0; k < operand->width; k++)
            m->plane[cf_network_input(operand->first_input + k)] = p->operand_plane + p->operands[at].first_input + k;
    }
}

/* Inputs that later stages read move out of the operands' planes. */
static bool rescue_inputs(struct cf_bit_assembly *b, struct cf_bit_member *m)
{
    for (uint32_t o = operand_begin(m); o < operand_end(m); o++)
        for (uint32_t k = 0; k < m->cell->operands[o].width; k++)
            if (!cf_bit_rescue(b, m, cf_network_input(m->cell->operands[o].first_input + k)))
                return false;
    return true;
}

static bool build_stage(struct cf_bit_assembly *b, uint32_t index)
{
    struct cf_bit_stage *stage = &b->program->stages[index];
    stage->code = b->program->code_length;
    b->open = false;
    for (uint32_t i = 0; i < b->member_count; i++)
        if (cf_bit_has_stage(b, &b->members[i], index))
            bind_inputs(b, &b->members[i], stage);
    if (!cf_bit_place_stage(b, index))
        return false;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct cf_bit_member *m = &b->members[i];
        if (!cf_bit_has_stage(b, m, index))
            continue;
        if (!rescue_inputs(b, m))
            return false;
        m->stage++;
    }
    return true;
}

/* After the last stage: every output has its plane, inverted ones included. */
static bool place_outputs(struct cf_bit_assembly *b)
{
    uint16_t *out = b->program->outputs;
    b->open = false;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct cf_bit_member *m = &b->members[i];
        const struct cf_network *network = &m->cell->network;
        for (uint32_t k = 0; k < network->output_count; k++) {
            if (!cf_bit_make_plane(b, m, network->outputs[k]))
                return false;
            *out++ = (uint16_t)(m->plane[network->outputs[k]] * CF_PLANE_STEP);
        }
    }
    return true;
}

static int compare_places(const void *x, const void *y)
{
    return cf_network_place_compare(x, y);
}

/* Sorts places, each kept once; returns how many there are. */
static uint32_t sort_places(struct cf_network_place *places, uint32_t count)
{
    uint32_t kept = 0;
    qsort(places, count, sizeof *places, compare_places);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || compare_places(&places[kept - 1], &places[i]) != 0)
            places[kept++] = places[i];
    return kept;
}

static bool collect_stages(struct cf_bit_assembly *b)
{
    struct cf_bit_program *p = b->program;
    uint32_t total = 0, count = 0;
    for (uint32_t i = 0; i < b->member_count; i++)
        total += b->members[i].cell->stage_count;
    b->places = calloc(total ? total : 1, sizeof *b->places);
    if (!b->places)
        return false;
    for (uint32_t i = 0; i < b->member_count; i++)
        for (uint32_t s = 0; s < b->members[i].cell->stage_count; s++)
            b->places[count++] = b->members[i].cell->stages[s].place;
    p->stage_count = sort_places(b->places, count);
    p->stages = calloc(p->stage_count ? p->stage_count : 1, sizeof *p->stages);
    return p->stages != NULL;
}

/* Gathers the members' operands of one stage, without repetition, and numbers their planes. */
static void collect_operands(struct cf_bit_assembly *b, uint32_t index, uint32_t *used)
{
    struct cf_bit_program *p = b->program;
    struct cf_network_operand *operands = p->operands + *used;
    uint32_t count = 0, kept = 0, planes = 0;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct cf_bit_member *m = &b->members[i];
        if (!cf_bit_has_stage(b, m, index))
            continue;
        memcpy(operands + count, m->cell->operands + operand_begin(m),
               (operand_end(m) - operand_begin(m)) * sizeof *operands);
        count += operand_end(m) - operand_begin(m);
        m->stage++;
    }
    qsort(operands, count, sizeof *operands, compare_operands);
    for (uint32_t i = 0; i < count; i++) {
        if (kept && compare_operands(&operands[kept - 1], &operands[i]) == 0)
            continue;
        operands[kept] = operands[i];
        operands[kept++].first_input = planes;
        planes += operands[i].width;
    }
    p->stages[index] = (struct cf_bit_stage){.operand_first = *used, .operand_count = kept, .plane_count = planes};
    *used += kept;
}

static bool lay_out(struct cf_bit_assembly *b)
{
    struct cf_bit_program *p = b->program;
    uint64_t operands = 0, outputs = 0, signals = 0;
    uint32_t used = 0, widest = 0;
    for (uint32_t i = 0; i < b->member_count; i++) {
        operands += b->members[i].cell->operand_count;
        outputs += b->members[i].cell->network.output_count;
        signals += cf_network_signals(&b->members[i].cell->network);
    }
    p->operands = calloc(operands ? operands : 1, sizeof *p->operands);
    p->outputs = calloc(outputs ? outputs : 1, sizeof *p->outputs);
    p->output_first = calloc((size_t)p->cell_count + 1, sizeof *p->output_first);
    b->spare = calloc(CF_MAX_PLANES, sizeof *b->spare);
    if (!p->operands || !p->outputs || !p->output_first || !b->spare)
        return false;
    for (uint32_t s = 0; s < p->stage_count; s++) {
        collect_operands(b, s, &used);
        widest = p->stages[s].plane_count > widest ? p->stages[s].plane_count : widest;
    }
    for (uint32_t i = 0; i < b->member_count; i++) {
        b->members[i].stage = 0;
        p->output_first[i + 1] = p->output_first[i] + b->members[i].cell->network.output_count;
    }
    p->operand_plane = CF_PLANE_OPERANDS;
    b->next_plane = b->operands_end = CF_PLANE_OPERANDS + widest;
    b->too_large = b->next_plane >= CF_MAX_PLANES;
    return true;
}

static bool open_members(struct cf_bit_assembly *b, const struct cf_network_cell *const *cells)
{
    b->members = calloc(b->member_count, sizeof *b->members);
    if (!b->members)
        return false;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct cf_bit_member *m = &b->members[i];
        m->cell = cells[i];
        size_t literals = 2 * (size_t)cf_network_signals(&m->cell->network);
        m->plane = malloc(literals * sizeof *m->plane);
        if (!m->plane || !cf_bit_macros_find(&m->macros, m->cell))
            return false;
        for (size_t l = 0; l < literals; l++)
            m->plane[l] = CF_NO_PLANE;
        m->plane[CF_LIT_FALSE] = CF_PLANE_ZERO;
        m->plane[CF_LIT_TRUE] = CF_PLANE_ONE;
        m->macros.uses[CF_LIT_FALSE] = m->macros.uses[CF_LIT_TRUE] = UINT32_MAX / 2;
    }
    return true;
}

static void close_assembly(struct cf_bit_assembly *b)
{
    for (uint32_t i = 0; b->members && i < b->member_count; i++) {
        cf_bit_macros_free(&b->members[i].macros);
        free(b->members[i].plane);
    }
    free(b->members);
    free(b->places);
    free(b->spare);
}

/* False when memory is out. */
static bool build(struct cf_bit_assembly *b, const struct cf_network_cell *const *cells)
{
    if (!open_members(b, cells) || !collect_stages(b) || !lay_out(b))
        return false;
    for (uint32_t s = 0; s < b->program->stage_count && !b->too_large; s++) {
        if (!build_stage(b, s) || (s + 1 == b->program->stage_count && !place_outputs(b)) || !cf_bit_end_code(b))
            return false;
    }
    b->program->window_planes = b->next_plane;
    return true;
}

bool cf_bit_program_build(struct cf_bit_program **program, const struct cf_network_cell *const *cells, uint32_t count,
                          bool *too_large, struct cf_error *err)
{
    assert(count >= 1);
    *too_large = false;
    *program = calloc(1, sizeof **program);
    if (!*program)
        return cf_fail(err, "out of memory");
    (*program)->cell_count = count;
    struct cf_bit_assembly b = {.program = *program, .member_count = count};
    bool done = build(&b, cells) || cf_fail(err, "out of memory");
    if (done && b.too_large) {
        *too_large = true;
        done = cf_fail(err, "%u cells need more signals at one time than an instruction can name", count);
    }
    close_assembly(&b);
    if (!done) {
        cf_bit_program_free(*program);
        *program = NULL;
    }
    return done;
}

void cf_bit_program_free(struct cf_bit_program *program)
{
    if (!program)
        return;
    free(program->operands);
    free(program->stages);
    free(program->code);
    free(program->outputs);
    free(program->output_first);
    free(program->copies);
    free(program->sums);
    free(program->results);
    free(program);
}
