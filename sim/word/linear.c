/* linear.c - plans the decisions alone: finds those that follow from the classified input, and the tasks that compute
 * them. This is a plan within the plan, with its own list of passes at the end of the file.
 */
#include "sim/word/linear.h"

#include <stdlib.h>
#include <string.h>

#include "sim/word/passes.h"

/* ---- which rows are combinations of input rows ------------------------------------------------------------------- */

/* Whether a pattern combines whole rows: linear, without bias, every offset a number of rows. `rows` is filled for the
 * groups that it reads. */
static bool pattern_linear(const struct cf_plan *plan, const struct cf_linear_rows *rows,
                           const struct cf_row_pattern *pattern, uint32_t lanes)
{
    const struct cf_cell *cell = &plan->netlist->cells[pattern->cell];
    if (cell->activation != CF_LINEAR || cell->bias != 0)
        return false;
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source = pattern->source[term->port];
        if (term->offset % lanes || plan->layouts[source].lanes != lanes || !rows[source].linear)
            return false;
    }
    return true;
}

/* Row `row`, of a linear pattern: finds the rows that its ports begin at. False when one is not aligned, or tainted. */
static bool place_row(const struct cf_plan *plan, const struct cf_linear_rows *rows, const struct cf_layout *layout,
                      uint32_t row, uint32_t *base_row)
{
    const struct cf_row_pattern *pattern = &layout->patterns[layout->pattern_of[row]];
    for (uint32_t p = 0; p < layout->ports; p++) {
        if (pattern->source[p] == CF_NONE)
            continue;
        uint32_t first = plan->netlist->groups[pattern->source[p]].first_net;
        uint32_t base = layout->base[(size_t)row * layout->ports + p];
        if (base < first || (base - first) % layout->lanes)
            return false;
        base_row[p] = (base - first) / layout->lanes;
    }
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        if (rows[pattern->source[term->port]].tainted[base_row[term->port] + term->row_offset])
            return false;
    }
    return true;
}

/* Finds the rows of a group of rows that have the form; `tainted` is filled. */
static bool find_untainted(const struct cf_plan *plan, const struct cf_layout *layout, struct cf_arena *arena,
                           const struct cf_linear_rows *rows, struct cf_linear_rows *found, bool *tainted)
{
    bool *usable = malloc(layout->pattern_count + 1u);
    uint32_t *base_row = cf_arena_alloc(arena, (size_t)layout->rows * layout->ports, sizeof *base_row);
    bool done = usable && base_row;
    for (uint32_t i = 0; done && i < layout->pattern_count; i++)
        usable[i] = pattern_linear(plan, rows, &layout->patterns[i], layout->lanes);
    for (uint32_t row = 0; done && row < layout->rows; row++) {
        uint32_t pattern = layout->pattern_of[row];
        tainted[row] = pattern == CF_NONE || !usable[pattern] ||
                       !place_row(plan, rows, layout, row, base_row + (size_t)row * layout->ports);
    }
    for (uint32_t i = 0; done && i < layout->exception_count; i++)
        tainted[layout->exceptions[i] / layout->lanes] = true;
    found->base_row = base_row;
    free(usable);
    return done;
}

static bool find_rows_of(const struct cf_plan *plan, uint32_t group, struct cf_arena *arena,
                         const struct cf_linear_rows *rows, struct cf_linear_rows *found)
{
    const struct cf_layout *layout = &plan->layouts[group];
    bool *tainted = cf_arena_alloc(arena, layout->rows, sizeof *tainted);
    if (!tainted)
        return false;
    *found = (struct cf_linear_rows){.tainted = tainted};
    if (layout->kind != CF_LAYOUT_INPUT)
        memset(tainted, true, layout->rows);
    if (layout->kind == CF_LAYOUT_ROWS && !find_untainted(plan, layout, arena, rows, found, tainted))
        return false;
    for (uint32_t row = 0; row < layout->rows; row++)
        found->tainted_count += tainted[row];
    found->linear = found->tainted_count < layout->rows;
    return true;
}

static bool find_rows(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_linear_rows **rows)
{
    struct cf_linear_rows *found = cf_arena_alloc(arena, plan->netlist->group_count, sizeof *found);
    bool done = found != NULL;
    for (uint32_t g = 0; done && g < plan->netlist->group_count; g++)
        done = find_rows_of(plan, g, arena, found, &found[g]);
    *rows = found;
    return done;
}

/* ---- families of classifiers ------------------------------------------------------------------------------------- */

/* Chooses the kernel for the input's operands and the family's matrix, whose sums were shown to fit in 32 bits. False
 * where no kernel takes them. */
static bool choose_kernel(const struct cf_plan *plan, struct cf_family *family)
{
    const struct cf_group *input = &plan->netlist->groups[CF_INPUT];
    size_t count = (size_t)family->packed.lanes * family->packed.inputs;
    int64_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = llabs(family->matrix[i]) > largest ? llabs(family->matrix[i]) : largest;
    int bits = cf_signed_bits(input->type);
    if (bits > 16 || largest > INT16_MAX)
        return false;
    family->packed.storage = bits <= 8 && largest <= INT8_MAX ? CF_STORE8 : CF_STORE16;
    uint32_t span = (uint32_t)(4 / cf_storage_size(family->packed.storage));
    bool direct = cf_storage_of(input->type) == family->packed.storage && family->packed.inputs % span == 0;
    family->operands = direct ? CF_OPERANDS_DIRECT : CF_OPERANDS_WIDEN;
    return true;
}

/* The outputs and families under construction. */
struct output_search {
    const struct cf_plan *plan;
    const struct cf_linear_rows *rows;
    struct cf_arena *arena;
    struct cf_family *families; /* [group_count], since each output has one at most */
    uint32_t family_count;
};

/* Finds the family with the form's matrix, which is made if it is new; CF_NONE when no kernel takes it. False when
 * memory is out. */
static bool find_family(struct output_search *s, const struct cf_dense_form *form, uint32_t *index)
{
    size_t size = (size_t)form->packed.lanes * form->packed.inputs * sizeof *form->matrix;
    for (*index = 0; *index < s->family_count; ++*index) {
        const struct cf_family *family = &s->families[*index];
        if (family->packed.lanes == form->packed.lanes && family->packed.inputs == form->packed.inputs &&
            memcmp(family->matrix, form->matrix, size) == 0)
            return true;
    }
    struct cf_family family = {.matrix = form->matrix};
    family.packed.lanes = form->packed.lanes;
    family.packed.inputs = form->packed.inputs;
    if (!choose_kernel(s->plan, &family)) {
        *index = CF_NONE;
        return true;
    }
    if (!cf_dense_pack(s->arena, &family.packed, family.matrix))
        return false;
    s->families[s->family_count++] = family;
    return true;
}

/* Whether an output with extras is better evaluated from its own rows, which are needed for its extras anyway: the
 * matrix of its family, which no output of another kind has, would be multiplied by more rows of the input than its
 * own, or has so few lanes that its dot products cost less than the sums that would be kept. */
static bool prefers_own_rows(const struct output_search *s, const struct cf_layout *layout)
{
    const struct cf_dense *packed = &layout->dense->packed;
    uint64_t own = (uint64_t)layout->rows * cf_storage_size(packed->storage);
    uint64_t input = (uint64_t)s->plan->layouts[CF_INPUT].rows *
                     cf_storage_size(cf_storage_of(s->plan->netlist->groups[CF_INPUT].type));
    return layout->dense->extra_count && (own <= input || packed->lanes <= CF_FEW_LANES);
}

/* Finds out whether the decisions of an output group follow from the classified input, and from which rows. */
static bool find_output(struct output_search *s, uint32_t group, struct cf_linear_output *output)
{
    const struct cf_plan *plan = s->plan;
    const struct cf_layout *layout = &plan->layouts[group];
    output->family = CF_NONE;
    if (!plan->netlist->groups[group].output || layout->kind != CF_LAYOUT_DENSE)
        return true;
    const struct cf_dense_form *form = layout->dense;
    const struct cf_linear_rows *source = &s->rows[form->source];
    uint32_t inputs = form->packed.inputs, lanes = plan->layouts[CF_INPUT].lanes;
    /* Exceptions are evaluated before the outputs with extras, which would overwrite them. */
    if ((form->extra_count && layout->exception_count) || form->sums != CF_STORE32 || !source->linear ||
        inputs != lanes || plan->layouts[form->source].lanes != lanes)
        return true;
    uint32_t *source_row = cf_arena_alloc(s->arena, layout->rows, sizeof *source_row), clean = 0;
    if (!source_row)
        return false;
    uint32_t first = plan->netlist->groups[form->source].first_net;
    for (uint32_t row = 0; row < layout->rows; row++) {
        uint32_t offset = layout->base[row] - first;
        bool aligned = layout->base[row] != CF_NONE && offset % lanes == 0 && !source->tainted[offset / lanes];
        source_row[row] = aligned ? offset / lanes : CF_NONE;
        clean += aligned;
    }
    output->bias = form->narrow_bias;
    output->source_row = source_row;
    bool usable = form->extra_count ? clean == layout->rows && !prefers_own_rows(s, layout) : clean > 0;
    return !usable || find_family(s, form, &output->family);
}

static bool find_outputs(const struct cf_plan *plan, const struct cf_linear_rows *rows, struct cf_arena *arena,
                         const struct cf_linear_output **outputs, const struct cf_family **families,
                         uint32_t *family_count)
{
    uint32_t count = plan->netlist->group_count;
    struct cf_linear_output *found = cf_arena_alloc(arena, count, sizeof *found);
    struct output_search s = {plan, rows, arena, cf_arena_alloc(arena, count, sizeof *s.families), 0};
    bool done = found && s.families;
    for (uint32_t g = 0; done && g < count; g++)
        done = find_output(&s, g, &found[g]);
    *outputs = found;
    *families = s.families;
    *family_count = s.family_count;
    return done;
}

/* ---- which sums are kept ----------------------------------------------------------------------------------------- */

/* Marks the groups whose rows of sums a group's combinations read. */
static void mark_sources(const struct cf_plan *plan, const struct cf_linear_rows *rows, uint32_t group, bool *summed)
{
    const struct cf_layout *layout = &plan->layouts[group];
    for (uint32_t i = 0; i < layout->pattern_count; i++)
        for (uint32_t p = 0; p < layout->ports; p++) {
            uint32_t source = layout->patterns[i].source[p];
            if (source != CF_NONE && rows[source].linear)
                summed[source] = true;
        }
}

/* The group that an output's sums are those of: it is combined on the way to the decision. Its sums are kept only where
 * another group needs them, too. */
static void mark_output(const struct cf_plan *plan, const struct cf_linear *linear, uint32_t group, bool *summed)
{
    uint32_t source = plan->layouts[group].dense->source;
    if (plan->layouts[source].kind == CF_LAYOUT_ROWS)
        mark_sources(plan, linear->rows, source, summed);
    else
        summed[source] = true;
}

static bool find_sums(const struct cf_plan *plan, const struct cf_linear *linear, struct cf_arena *arena,
                      const bool *const **summed, const bool **inlined)
{
    uint32_t groups = plan->netlist->group_count;
    bool **kept = cf_arena_alloc(arena, linear->family_count, sizeof *kept);
    bool *found = cf_arena_alloc(arena, groups, sizeof *found);
    *summed = (const bool *const *)kept;
    *inlined = found;
    bool done = kept && found;
    for (uint32_t f = 0; done && f < linear->family_count; f++) {
        kept[f] = cf_arena_alloc(arena, groups, sizeof **kept);
        done = kept[f] != NULL;
        for (uint32_t g = 1; done && g < groups; g++)
            if (linear->outputs[g].family == f)
                mark_output(plan, linear, g, kept[f]);
        for (uint32_t g = groups; done && g-- > 1;)
            if (kept[f][g])
                mark_sources(plan, linear->rows, g, kept[f]);
    }
    for (uint32_t g = 1; done && g < groups; g++)
        if (linear->outputs[g].family != CF_NONE)
            found[g] = !kept[linear->outputs[g].family][plan->layouts[g].dense->source];
    return done;
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

/* True when some family keeps the group's sums. */
static bool any_summed(const struct cf_linear *linear, uint32_t group)
{
    for (uint32_t f = 0; f < linear->family_count; f++)
        if (linear->summed[f][group])
            return true;
    return false;
}

/* Fills each group's wave of the fast schedule and returns the last: wave 0 multiplies, and a group of sums follows the
 * last one that it reads. */
static uint32_t find_waves(const struct cf_plan *plan, const struct cf_linear *linear, uint32_t *wave)
{
    uint32_t last = 0;
    for (uint32_t g = 1; g < plan->netlist->group_count; g++) {
        for (uint32_t h = 0; any_summed(linear, g) && h < g; h++)
            if (plan->order[g].reads[h] && wave[h] + 1 > wave[g])
                wave[g] = wave[h] + 1;
        last = wave[g] > last ? wave[g] : last;
    }
    return last;
}

static bool schedule_fast(const struct cf_plan *plan, const struct cf_linear *linear, struct cf_schedule *fast)
{
    uint32_t count = plan->netlist->group_count;
    uint32_t *wave = calloc(count, sizeof *wave);
    if (!wave)
        return false;
    uint32_t last = find_waves(plan, linear, wave);
    bool done = !any_summed(linear, CF_INPUT) ||
                cf_schedule_rows(fast, CF_TASK_PRODUCT, CF_INPUT, 0, plan->layouts[CF_INPUT].rows);
    done = done && cf_schedule_end_wave(plan, fast);
    for (uint32_t w = 1; done && w <= last; w++) {
        for (uint32_t g = 1; done && g < count; g++)
            if (wave[g] == w && any_summed(linear, g))
                done = cf_schedule_rows(fast, CF_TASK_SUMS, g, 0, plan->layouts[g].rows);
        done = done && cf_schedule_end_wave(plan, fast);
    }
    for (uint32_t g = 1; done && g < count; g++)
        if (linear->outputs[g].family != CF_NONE && !plan->layouts[g].dense->extra_count)
            done = cf_schedule_rows(fast, CF_TASK_DECIDE, g, 0, plan->layouts[g].rows);
    free(wave);
    return done && cf_schedule_end_wave(plan, fast);
}

/* The outputs with extras, when both their sums and their extras are there. */
static bool schedule_late(const struct cf_plan *plan, const struct cf_linear *linear, struct cf_schedule *late)
{
    bool done = true;
    for (uint32_t g = 1; done && g < plan->netlist->group_count; g++)
        if (linear->outputs[g].family != CF_NONE && plan->layouts[g].dense->extra_count)
            done = cf_schedule_rows(late, CF_TASK_EXTRAS, g, 0, plan->layouts[g].rows);
    return done && cf_schedule_end_wave(plan, late);
}

/* ---- the list of passes ------------------------------------------------------------------------------------------ */

/* The multiply-adds of a group, if all its gates are like the first ones, times the bytes of their operands. */
static uint64_t group_work(const struct cf_plan *plan, uint32_t group)
{
    const struct cf_layout *layout = &plan->layouts[group];
    const struct cf_group *g = &plan->netlist->groups[group];
    uint64_t terms = layout->kind == CF_LAYOUT_DENSE ? cf_dense_work(&layout->dense->packed)
                     : layout->kind == CF_LAYOUT_ROWS && layout->pattern_count
                         ? CF_WORK_OTHER * (uint64_t)layout->patterns[0].term_count
                         : CF_WORK_OTHER * (uint64_t)plan->netlist->cells[g->cell[0]].term_count;
    return terms * g->count;
}

/* Whether running all gates takes no more work than the fast and the exact way together. */
static bool nothing_gained(const struct cf_plan *plan, const struct cf_linear *linear)
{
    uint64_t all = 0, fast = linear->exact.work;
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        all += group_work(plan, g);
    for (uint32_t f = 0; f < linear->family_count; f++)
        fast += (uint64_t)plan->layouts[CF_INPUT].rows * linear->families[f].packed.lanes *
                cf_dense_work(&linear->families[f].packed);
    return fast >= all;
}

bool cf_linear_plan(const struct cf_plan *plan, struct cf_arena *arena, struct cf_linear **linear)
{
    struct cf_linear *made = cf_arena_alloc(arena, 1, sizeof *made);
    *linear = made;
    bool done = made && find_rows(plan, arena, &made->rows) &&
                find_outputs(plan, made->rows, arena, &made->outputs, &made->families, &made->family_count) &&
                find_sums(plan, made, arena, &made->summed, &made->inlined) &&
                schedule_fast(plan, made, &made->schedule) &&
                cf_find_exact(plan, made, arena, &made->exact, &made->schedule) &&
                schedule_late(plan, made, &made->schedule) && cf_schedule_in_turn(plan, &made->schedule);
    if (done)
        made->whole = nothing_gained(plan, made);
    return done;
}

void cf_linear_free(struct cf_linear *linear)
{
    if (!linear)
        return;
    cf_schedule_free(&linear->schedule);
}
