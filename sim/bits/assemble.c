/* assemble.c - writes instructions into a program's code: chooses the planes that they name, and their order. */
#include "sim/bits/assemble.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"

enum {
    /* Planes of a stage's operands from which instructions of one kind begin to read before they go on: 8 KiB of 512
     * lanes. A large counter reads on from there, so that about 24 KiB are in use, of a first-level cache of 32. */
    STRIP = 128,
    /* Cells whose instructions are placed together: they share the operands that they read, and make longer runs of one
     * kind. But the more cells there are, the longer a result waits until an instruction reads it. */
    TEAM = 2,
    /* Elements of code that an instruction takes at most, with the header of its run. */
    LONGEST = 3 + 31 + 5
};

/* An instruction waiting to be placed. */
struct pending {
    uint32_t level, op, strip, inverted, member, macro;
};

/* ---- code ------------------------------------------------------------------------------------------------------ */

/* Room must have been made. */
static void emit(struct cf_bit_assembly *b, uint32_t value)
{
    assert(b->program->code_length < b->code_capacity && value <= UINT16_MAX);
    b->program->code[b->program->code_length++] = (uint16_t)value;
}

static void emit_plane(struct cf_bit_assembly *b, uint32_t plane)
{
    emit(b, plane * CF_PLANE_STEP);
}

/* Opens a run, or extends the one that is open when it is of the same kind; makes room for one instruction's planes. */
static bool begin_instruction(struct cf_bit_assembly *b, uint8_t op, uint32_t inverted)
{
    struct cf_bit_program *p = b->program;
    if (!cf_array_reserve(&p->code, &b->code_capacity, p->code_length + LONGEST, sizeof *p->code))
        return false;
    uint16_t *run = p->code + b->run;
    if (b->open && run[0] == op && run[1] < UINT16_MAX && run[2] == inverted) {
        run[1]++;
        return true;
    }
    b->run = p->code_length;
    b->open = true;
    emit(b, op);
    emit(b, 1);
    emit(b, inverted);
    return true;
}

bool cf_bit_end_code(struct cf_bit_assembly *b)
{
    struct cf_bit_program *p = b->program;
    if (!cf_array_reserve(&p->code, &b->code_capacity, p->code_length + CF_BIT_CODE_PADDING, sizeof *p->code))
        return false;
    for (int i = 0; i < CF_BIT_CODE_PADDING; i++)
        emit(b, CF_BIT_END);
    b->open = false;
    return true;
}

/* ---- planes ---------------------------------------------------------------------------------------------------- */

static uint32_t take_plane(struct cf_bit_assembly *b)
{
    if (b->spare_count)
        return b->spare[--b->spare_count];
    if (b->next_plane >= CF_MAX_PLANES) {
        b->too_large = true;
        return CF_PLANE_TRASH;
    }
    return b->next_plane++;
}

static void give_plane(struct cf_bit_assembly *b, uint32_t plane)
{
    if (plane < b->operands_end)
        return; /* a constant, or an operand's plane */
    assert(b->spare_count < CF_MAX_PLANES);
    b->spare[b->spare_count++] = plane;
}

/* Whether a literal's plane is to be kept: something reads it, or its opposite has still to be made from it. */
static bool is_needed(const struct cf_bit_member *m, cf_lit literal)
{
    return m->macros.uses[literal] > 0 || (m->macros.uses[literal ^ 1] > 0 && m->plane[literal ^ 1] == CF_NO_PLANE);
}

/* Frees a signal's planes that nothing will read any more. */
static void release(struct cf_bit_assembly *b, struct cf_bit_member *m, cf_lit literal)
{
    for (cf_lit l = literal & ~1u; l <= (literal | 1); l++) {
        if (is_needed(m, l) || m->plane[l] == CF_NO_PLANE)
            continue;
        give_plane(b, m->plane[l]);
        m->plane[l] = CF_NO_PLANE;
    }
}

bool cf_bit_make_plane(struct cf_bit_assembly *b, struct cf_bit_member *m, cf_lit literal)
{
    if (m->plane[literal] != CF_NO_PLANE)
        return true;
    if (!begin_instruction(b, CF_BIT_COPY, 1))
        return false;
    emit_plane(b, m->plane[literal ^ 1]);
    m->plane[literal] = take_plane(b);
    emit_plane(b, m->plane[literal]);
    release(b, m, literal);
    return true;
}

bool cf_bit_rescue(struct cf_bit_assembly *b, struct cf_bit_member *m, cf_lit literal)
{
    uint32_t from = m->plane[literal];
    if (from == CF_NO_PLANE)
        return true;
    bool needed = is_needed(m, literal);
    m->plane[literal] = CF_NO_PLANE;
    if (!needed)
        return true;
    if (!begin_instruction(b, CF_BIT_COPY, 0))
        return false;
    emit_plane(b, from);
    m->plane[literal] = take_plane(b);
    emit_plane(b, m->plane[literal]);
    return true;
}

/* ---- instructions ---------------------------------------------------------------------------------------------- */

/* Small instructions invert any of their inputs; large counters only whole parts of them. */
static bool can_invert(const struct cf_bit_macro *macro)
{
    return macro->op < CF_BIT_COUNT15;
}

/* Makes the planes of the inverted literals that the instruction reads and cannot invert itself, unless they exist. */
static bool prepare(struct cf_bit_assembly *b, struct cf_bit_member *m, const struct cf_bit_macro *macro)
{
    const cf_lit *in = m->macros.literals + macro->first;
    for (uint32_t i = 0; !can_invert(macro) && i < cf_bit_op_inputs[macro->op]; i++)
        if (!cf_bit_make_plane(b, m, in[i]))
            return false;
    return true;
}

static bool place(struct cf_bit_assembly *b, struct cf_bit_member *m, const struct cf_bit_macro *macro)
{
    uint32_t inputs = cf_bit_op_inputs[macro->op];
    const cf_lit *in = m->macros.literals + macro->first, *out = in + inputs;
    uint32_t inverted = macro->inverted;
    for (uint32_t i = 0; can_invert(macro) && i < inputs; i++)
        inverted |= (uint32_t)(m->plane[in[i]] == CF_NO_PLANE) << i;
    if (!begin_instruction(b, macro->op, inverted))
        return false;
    for (uint32_t i = 0; i < inputs; i++) {
        emit_plane(b, m->plane[in[i]] == CF_NO_PLANE ? m->plane[in[i] ^ 1] : m->plane[in[i]]);
        m->macros.uses[in[i]]--;
    }
    for (uint32_t i = 0; i < inputs; i++)
        release(b, m, in[i]);
    for (uint32_t i = 0; i < cf_bit_op_outputs[macro->op]; i++) {
        bool read = m->macros.uses[out[i]] > 0 || m->macros.uses[out[i] ^ 1] > 0;
        uint32_t plane = read ? take_plane(b) : CF_PLANE_TRASH;
        m->plane[out[i]] = read ? plane : CF_NO_PLANE;
        emit_plane(b, plane);
    }
    return true;
}

/* Which strip of the operands' planes an instruction reads, by the first operand bit; 0 where it reads none. */
static uint32_t strip_of(const struct cf_bit_member *m, const struct cf_bit_macro *macro)
{
    const cf_lit *in = m->macros.literals + macro->first;
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < cf_bit_op_inputs[macro->op]; i++)
        first = in[i] / 2 < first ? in[i] / 2 : first;
    return cf_network_is_node(&m->cell->network, first) ? 0 : first / STRIP;
}

/* Which inputs are inverted. */
static uint32_t inversion_of(const struct cf_bit_member *m, const struct cf_bit_macro *macro)
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
    const uint32_t keys[][2] = {{a->level, b->level},       {a->op, b->op},         {a->strip, b->strip},
                                {a->inverted, b->inverted}, {a->member, b->member}, {a->macro, b->macro}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

bool cf_bit_has_stage(const struct cf_bit_assembly *b, const struct cf_bit_member *m, uint32_t stage)
{
    return m->stage < m->cell->stage_count &&
           cf_network_place_compare(&m->cell->stages[m->stage].place, &b->places[stage]) == 0;
}

/* Appends the instructions of a member's stage. */
static void collect_pending(struct cf_bit_assembly *b, uint32_t member, uint32_t stage, struct pending *pending,
                            size_t *count)
{
    struct cf_bit_member *m = &b->members[member];
    if (!cf_bit_has_stage(b, m, stage))
        return;
    for (; m->macro < m->macros.count && m->macros.macros[m->macro].stage == m->stage; m->macro++) {
        const struct cf_bit_macro *macro = &m->macros.macros[m->macro];
        pending[(*count)++] =
            (struct pending){macro->level, macro->op, strip_of(m, macro), inversion_of(m, macro), member, m->macro};
    }
}

/* Places instructions level by level, and within a level in runs of one kind, as long as may be: each new run is a
 * jump that the processor cannot foresee. */
static bool place_pending(struct cf_bit_assembly *b, struct pending *pending, size_t count)
{
    qsort(pending, count, sizeof *pending, compare_pending);
    for (size_t first = 0, end = 0; first < count; first = end) {
        for (; end < count && pending[end].level == pending[first].level; end++) {
            struct cf_bit_member *m = &b->members[pending[end].member];
            if (!prepare(b, m, &m->macros.macros[pending[end].macro]))
                return false;
        }
        for (size_t i = first; i < end; i++) {
            struct cf_bit_member *m = &b->members[pending[i].member];
            if (!place(b, m, &m->macros.macros[pending[i].macro]))
                return false;
        }
    }
    return true;
}

/* In a stage with operands, a few members are placed at a time, so that their results are read again soon. A stage
 * without operands consists of carry chains alone. There all members go in step; otherwise there would be many short
 * runs, each of which waits for the one before. */
bool cf_bit_place_stage(struct cf_bit_assembly *b, uint32_t stage)
{
    size_t total = 1, count = 0;
    bool in_step = b->program->stages[stage].operand_count == 0, done = true;
    for (uint32_t i = 0; i < b->member_count; i++)
        total += b->members[i].macros.count - b->members[i].macro;
    struct pending *pending = calloc(total, sizeof *pending);
    if (!pending)
        return false;
    for (uint32_t i = 0; done && i < b->member_count; i++) {
        collect_pending(b, i, stage, pending, &count);
        bool team_is_whole = !in_step && i % TEAM == TEAM - 1;
        if (!team_is_whole && i + 1 < b->member_count)
            continue;
        done = place_pending(b, pending, count);
        count = 0;
    }
    free(pending);
    return done;
}
