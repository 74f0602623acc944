#include "sim/bits/program.h"

#include <stdlib.h>
#include <string.h>

#include "sim/bits/macro.h"

enum { PLANE_ZERO, PLANE_ONE, PLANE_TRASH, PLANE_TILE }; /* PLANE_TRASH takes what nobody reads */

enum {
    /* Planes of the tile from which instructions of one kind begin to read before they go on: 8 KiB of 512 lanes. A
     * large counter reads on from there, so that about 24 KiB are in use, of a first-level cache of 32. */
    CHUNK = 128,
    /* Cells whose instructions are placed together: they share what they read, and their runs are longer; but what
     * they make has to wait longer to be used again. */
    TEAM = 2
};

#define NO_PLANE UINT32_MAX

/* A cell on its way into the program. */
struct member {
    const struct cf_network_cell *cell;
    struct cf_bit_macros macros;
    uint32_t *plane; /* [2 * signals]: where each literal is now, or NO_PLANE */
    uint32_t stage;  /* the next to be placed */
    uint32_t macro;  /* the next to be placed */
};

struct builder {
    struct cf_bit_program *program;
    struct member *members;
    uint32_t member_count;
    uint64_t *windows; /* [stage_count], ascending: the stages of all members together */
    uint32_t *spare;   /* planes free to be reused */
    uint32_t spare_count, spare_capacity;
    uint32_t tile_end, next_plane;
    size_t code_capacity, run; /* where the current run's header is; 0: none */
    bool out_of_memory, too_large;
};

/* An instruction waiting to be placed. */
struct pending {
    uint32_t level, op, chunk, kind, member, macro;
};

static void emit(struct builder *b, uint32_t value)
{
    struct cf_bit_program *p = b->program;
    if (p->code_length == b->code_capacity) {
        size_t wanted = b->code_capacity ? 2 * b->code_capacity : 4096;
        uint16_t *bigger = realloc(p->code, wanted * sizeof *bigger);
        if (!bigger) {
            b->out_of_memory = true;
            return;
        }
        p->code = bigger;
        b->code_capacity = wanted;
    }
    p->code[p->code_length++] = (uint16_t)value;
}

static void emit_plane(struct builder *b, uint32_t plane)
{
    emit(b, plane * CF_PLANE_STEP);
}

/* Opens a run, or extends the one that is open when it is of the same kind. */
static void emit_op(struct builder *b, uint8_t op, uint32_t inverted)
{
    uint16_t *code = b->program->code;
    if (b->run && code[b->run] == op && code[b->run + 1] < UINT16_MAX && code[b->run + 2] == inverted) {
        code[b->run + 1]++;
        return;
    }
    emit(b, op);
    emit(b, 1);
    emit(b, inverted);
    b->run = b->program->code_length - 3;
}

static uint32_t take_plane(struct builder *b)
{
    if (b->spare_count)
        return b->spare[--b->spare_count];
    if (b->next_plane >= CF_MAX_PLANES) {
        b->too_large = true;
        return PLANE_TRASH;
    }
    return b->next_plane++;
}

static void give_plane(struct builder *b, uint32_t plane)
{
    if (plane < b->tile_end)
        return; /* a constant, or a plane of the tile */
    b->spare[b->spare_count++] = plane;
}

/* Frees a signal's planes that nothing will read any more. The plain plane stays while the inverted one is still to
 * be made from it. */
static void release(struct builder *b, struct member *m, cf_lit literal)
{
    for (cf_lit l = literal & ~1u; l <= (literal | 1); l++) {
        bool needed = m->macros.uses[l] > 0 || (m->macros.uses[l ^ 1] > 0 && m->plane[l ^ 1] == NO_PLANE);
        if (needed || m->plane[l] == NO_PLANE)
            continue;
        give_plane(b, m->plane[l]);
        m->plane[l] = NO_PLANE;
    }
}

/* Makes the inverse of a literal whose own plane is missing. */
static void make_inverse(struct builder *b, struct member *m, cf_lit literal)
{
    emit_op(b, CF_BIT_COPY, 1);
    emit_plane(b, m->plane[literal ^ 1]);
    m->plane[literal] = take_plane(b);
    emit_plane(b, m->plane[literal]);
    release(b, m, literal);
}

/* Small instructions invert any of their inputs; large counters only whole parts of them. */
static bool can_invert(const struct cf_bit_macro *macro)
{
    return macro->op < CF_BIT_COUNT15;
}

static void place(struct builder *b, struct member *m, const struct cf_bit_macro *macro)
{
    const cf_lit *in = m->macros.literals + macro->first, *out = in + cf_bit_op_inputs[macro->op];
    uint32_t inverted = macro->inverted;
    for (uint32_t i = 0; can_invert(macro) && i < cf_bit_op_inputs[macro->op]; i++)
        inverted |= (uint32_t)(m->plane[in[i]] == NO_PLANE) << i;
    emit_op(b, macro->op, inverted);
    for (uint32_t i = 0; i < cf_bit_op_inputs[macro->op]; i++) {
        emit_plane(b, m->plane[in[i]] == NO_PLANE ? m->plane[in[i] ^ 1] : m->plane[in[i]]);
        m->macros.uses[in[i]]--;
    }
    for (uint32_t i = 0; i < cf_bit_op_inputs[macro->op]; i++)
        release(b, m, in[i]);
    for (uint32_t i = 0; i < cf_bit_op_outputs[macro->op]; i++) {
        bool read = m->macros.uses[out[i]] > 0 || m->macros.uses[out[i] ^ 1] > 0;
        uint32_t plane = read ? take_plane(b) : PLANE_TRASH;
        m->plane[out[i]] = read ? plane : NO_PLANE;
        emit_plane(b, plane);
    }
}

/* Makes what the instruction reads inverted and cannot invert itself, where that has no plane yet. */
static void prepare(struct builder *b, struct member *m, const struct cf_bit_macro *macro)
{
    const cf_lit *in = m->macros.literals + macro->first;
    for (uint32_t i = 0; !can_invert(macro) && i < cf_bit_op_inputs[macro->op]; i++)
        if (m->plane[in[i]] == NO_PLANE)
            make_inverse(b, m, in[i]);
}

static uint64_t window_of(const struct member *m)
{
    return m->cell->stages[m->stage].window;
}

static bool has_stage(const struct builder *b, const struct member *m, uint32_t stage)
{
    return m->stage < m->cell->stage_count && window_of(m) == b->windows[stage];
}

static uint32_t operand_begin(const struct member *m)
{
    return m->stage ? m->cell->stages[m->stage - 1].operand_end : 0;
}

static uint32_t operand_end(const struct member *m)
{
    return m->cell->stages[m->stage].operand_end;
}

static int compare_operands(const void *x, const void *y)
{
    const struct cf_network_operand *a = x, *b = y;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Points a member's input literals of this stage at the tile. */
static void bind_inputs(struct builder *b, struct member *m, const struct cf_bit_stage *stage)
{
    const struct cf_bit_program *p = b->program;
    uint32_t at = stage->operand_first;
    for (uint32_t o = operand_begin(m); o < operand_end(m); o++) {
        const struct cf_network_operand *operand = &m->cell->operands[o];
        while (compare_operands(&p->operands[at], operand) != 0)
            at++;
        for (uint32_t k = 0; k < operand->width; k++)
            m->plane[cf_network_input(operand->first_input + k)] = p->tile_plane + p->operands[at].first_input + k;
    }
}

/* Inputs that later stages read move out of the tile. */
static void rescue_inputs(struct builder *b, struct member *m)
{
    for (uint32_t o = operand_begin(m); o < operand_end(m); o++)
        for (uint32_t k = 0; k < m->cell->operands[o].width; k++) {
            cf_lit literal = cf_network_input(m->cell->operands[o].first_input + k);
            uint32_t from = m->plane[literal];
            if (from == NO_PLANE)
                continue;
            bool needed =
                m->macros.uses[literal] > 0 || (m->macros.uses[literal | 1] > 0 && m->plane[literal | 1] == NO_PLANE);
            m->plane[literal] = NO_PLANE;
            if (!needed)
                continue;
            emit_op(b, CF_BIT_COPY, 0);
            emit_plane(b, from);
            m->plane[literal] = take_plane(b);
            emit_plane(b, m->plane[literal]);
        }
}

/* Which part of the tile an instruction reads, by the first operand bit; 0 where it reads none. */
static uint32_t chunk_of(const struct member *m, const struct cf_bit_macro *macro)
{
    const cf_lit *in = m->macros.literals + macro->first;
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < cf_bit_op_inputs[macro->op]; i++)
        first = in[i] / 2 < first ? in[i] / 2 : first;
    return cf_network_is_node(&m->cell->bits, first) ? 0 : first / CHUNK;
}

/* Which inputs are inverted. */
static uint32_t kind_of(const struct member *m, const struct cf_bit_macro *macro)
{
    const cf_lit *in = m->macros.literals + macro->first;
    uint32_t inverted = macro->inverted;
    for (uint32_t i = 0; can_invert(macro) && i < cf_bit_op_inputs[macro->op]; i++)
        inverted |= (in[i] & 1) << i;
    return inverted;
}

static int compare_pending(const void *x, const void *y)
{
    const struct pending *a = x, *b = y;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->op != b->op)
        return a->op < b->op ? -1 : 1;
    if (a->chunk != b->chunk)
        return a->chunk < b->chunk ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->member != b->member)
        return a->member < b->member ? -1 : 1;
    return a->macro < b->macro ? -1 : a->macro > b->macro;
}

/* Appends the instructions of a member's stage. */
static void collect_pending(struct builder *b, uint32_t member, uint32_t stage, struct pending *pending, size_t *count)
{
    struct member *m = &b->members[member];
    if (!has_stage(b, m, stage))
        return;
    for (; m->macro < m->macros.count && m->macros.macros[m->macro].stage == m->stage; m->macro++) {
        const struct cf_bit_macro *macro = &m->macros.macros[m->macro];
        pending[(*count)++] =
            (struct pending){macro->level, macro->op, chunk_of(m, macro), kind_of(m, macro), member, m->macro};
    }
}

/* Places instructions level by level, and within a level in runs of one kind, as long as may be: each new run is a
 * jump that the processor cannot foresee. */
static void place_pending(struct builder *b, struct pending *pending, size_t count)
{
    qsort(pending, count, sizeof *pending, compare_pending);
    for (size_t first = 0, end = 0; first < count; first = end) {
        for (; end < count && pending[end].level == pending[first].level; end++) {
            struct member *m = &b->members[pending[end].member];
            prepare(b, m, &m->macros.macros[pending[end].macro]);
        }
        for (size_t i = first; i < end; i++) {
            struct member *m = &b->members[pending[i].member];
            place(b, m, &m->macros.macros[pending[i].macro]);
        }
    }
}

/* A stage with operands: a few members after the others, so that what they make is used again soon. One without is all
 * carry chains: all members in step, or there would be one short run after another, each waiting for the one before. */
static bool place_stage(struct builder *b, uint32_t stage)
{
    size_t total = 1, count = 0;
    bool in_step = b->program->stages[stage].operand_count == 0;
    for (uint32_t i = 0; i < b->member_count; i++)
        total += b->members[i].macros.count - b->members[i].macro;
    struct pending *pending = calloc(total, sizeof *pending);
    if (!pending)
        return false;
    for (uint32_t i = 0; i < b->member_count; i++) {
        collect_pending(b, i, stage, pending, &count);
        bool team_is_whole = !in_step && i % TEAM == TEAM - 1;
        if (!team_is_whole && i + 1 < b->member_count)
            continue;
        place_pending(b, pending, count);
        count = 0;
    }
    free(pending);
    return true;
}

static bool build_stage(struct builder *b, uint32_t index)
{
    struct cf_bit_stage *stage = &b->program->stages[index];
    stage->code = b->program->code_length;
    b->run = 0;
    for (uint32_t i = 0; i < b->member_count; i++)
        if (has_stage(b, &b->members[i], index))
            bind_inputs(b, &b->members[i], stage);
    if (!place_stage(b, index))
        return false;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct member *m = &b->members[i];
        if (!has_stage(b, m, index))
            continue;
        rescue_inputs(b, m);
        m->stage++;
    }
    return true;
}

/* After the last stage: every output has its plane, inverted ones included. */
static void place_outputs(struct builder *b)
{
    uint16_t *out = b->program->outputs;
    b->run = 0;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct member *m = &b->members[i];
        const struct cf_network *bits = &m->cell->bits;
        for (uint32_t k = 0; k < bits->output_count; k++) {
            if (m->plane[bits->outputs[k]] == NO_PLANE)
                make_inverse(b, m, bits->outputs[k]);
            *out++ = (uint16_t)(m->plane[bits->outputs[k]] * CF_PLANE_STEP);
        }
    }
}

static int compare_windows(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static uint32_t sort_unique(uint64_t *values, uint32_t count)
{
    qsort(values, count, sizeof *values, compare_windows);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || values[kept - 1] != values[i])
            values[kept++] = values[i];
    return kept;
}

static bool collect_stages(struct builder *b)
{
    struct cf_bit_program *p = b->program;
    uint32_t total = 0, count = 0;
    for (uint32_t i = 0; i < b->member_count; i++)
        total += b->members[i].cell->stage_count;
    b->windows = calloc(total ? total : 1, sizeof *b->windows);
    if (!b->windows)
        return false;
    for (uint32_t i = 0; i < b->member_count; i++)
        for (uint32_t s = 0; s < b->members[i].cell->stage_count; s++)
            b->windows[count++] = b->members[i].cell->stages[s].window;
    p->stage_count = sort_unique(b->windows, count);
    p->stages = calloc(p->stage_count ? p->stage_count : 1, sizeof *p->stages);
    return p->stages != NULL;
}

/* Gathers the members' operands of one stage, without repetition, and numbers their planes. */
static void collect_operands(struct builder *b, uint32_t index, uint32_t *used)
{
    struct cf_bit_program *p = b->program;
    struct cf_network_operand *operands = p->operands + *used;
    uint32_t count = 0, kept = 0, planes = 0;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct member *m = &b->members[i];
        if (!has_stage(b, m, index))
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

static bool lay_out(struct builder *b)
{
    struct cf_bit_program *p = b->program;
    uint64_t operands = 0, outputs = 0, signals = 0;
    uint32_t used = 0, widest = 0;
    for (uint32_t i = 0; i < b->member_count; i++) {
        operands += b->members[i].cell->operand_count;
        outputs += b->members[i].cell->bits.output_count;
        signals += cf_network_signals(&b->members[i].cell->bits);
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
        p->output_first[i + 1] = p->output_first[i] + b->members[i].cell->bits.output_count;
    }
    p->tile_plane = PLANE_TILE;
    b->next_plane = b->tile_end = PLANE_TILE + widest;
    b->too_large = b->next_plane >= CF_MAX_PLANES;
    return true;
}

static bool open_members(struct builder *b, const struct cf_network_cell *const *cells, struct cf_error *err)
{
    b->members = calloc(b->member_count, sizeof *b->members);
    if (!b->members)
        return false;
    for (uint32_t i = 0; i < b->member_count; i++) {
        struct member *m = &b->members[i];
        m->cell = cells[i];
        size_t literals = 2 * (size_t)cf_network_signals(&m->cell->bits);
        m->plane = malloc(literals * sizeof *m->plane);
        if (!m->plane || !cf_bit_macros_find(&m->macros, m->cell, err))
            return false;
        memset(m->plane, 0xff, literals * sizeof *m->plane);
        m->plane[CF_LIT_FALSE] = PLANE_ZERO;
        m->plane[CF_LIT_TRUE] = PLANE_ONE;
        m->macros.uses[CF_LIT_FALSE] = m->macros.uses[CF_LIT_TRUE] = UINT32_MAX / 2;
    }
    return true;
}

static void close_builder(struct builder *b)
{
    for (uint32_t i = 0; b->members && i < b->member_count; i++) {
        cf_bit_macros_free(&b->members[i].macros);
        free(b->members[i].plane);
    }
    free(b->members);
    free(b->windows);
    free(b->spare);
}

static bool build(struct builder *b, const struct cf_network_cell *const *cells, struct cf_error *err)
{
    if (!open_members(b, cells, err) || !collect_stages(b) || !lay_out(b))
        return false;
    for (uint32_t s = 0; s < b->program->stage_count && !b->too_large && !b->out_of_memory; s++) {
        if (!build_stage(b, s))
            return false;
        if (s + 1 == b->program->stage_count)
            place_outputs(b);
        emit(b, CF_BIT_END);
        emit(b, 0);
    }
    for (int i = 0; i < CF_BIT_CODE_PADDING; i++)
        emit(b, CF_BIT_END);
    b->program->window_planes = b->next_plane;
    return !b->out_of_memory;
}

bool cf_bit_program_build(struct cf_bit_program **program, const struct cf_network_cell *const *cells, uint32_t count,
                          bool *too_large, struct cf_error *err)
{
    *too_large = false;
    *program = calloc(1, sizeof **program);
    if (!*program)
        return cf_fail(err, "out of memory");
    (*program)->cell_count = count;
    struct builder b = {.program = *program, .member_count = count};
    bool done = build(&b, cells, err) || cf_fail(err, "out of memory");
    if (done && b.too_large) {
        *too_large = true;
        done = cf_fail(err, "%u cells need more signals at one time than an instruction can name", count);
    }
    close_builder(&b);
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
    free(program);
}
