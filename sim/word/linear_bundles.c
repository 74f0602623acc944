/* linear_bundles.c - finds the groups of rows whose readers can take each row as soon as it has been computed, see
 * linear.h.
 */
#include <assert.h>
#include <string.h>

#include "sim/word/linear.h"
#include "sim/word/passes.h"

/* The bundle that is being made of group `lead`. */
struct search {
    const struct cf_plan *plan;
    const bool *const *needed; /* [group_count][rows]: the rows that are evaluated */
    struct cf_arena *arena;
    struct cf_bundle *bundle;
    uint32_t lead;
    uint32_t *readers; /* [group_count] */
    bool *member;      /* [group_count] */
};

static bool any_needed(const struct search *s, uint32_t group)
{
    for (uint32_t row = 0; row < s->plan->layouts[group].rows; row++)
        if (s->needed[group][row])
            return true;
    return false;
}

static bool all_needed(const struct search *s, uint32_t group)
{
    for (uint32_t row = 0; row < s->plan->layouts[group].rows; row++)
        if (!s->needed[group][row])
            return false;
    return true;
}

/* Whether a net that row `row` of a reader reads beside the lead's row is there when that row is evaluated: it belongs
 * to a group before the lead, and depends on no later input, or to the same row of a reader before. */
static bool is_there(const struct search *s, uint32_t source, uint32_t net, uint32_t row)
{
    uint32_t of_net = (net - s->plan->netlist->groups[source].first_net) / s->plan->layouts[source].lanes;
    if (source < s->lead)
        return s->plan->needs[source][of_net] <= s->plan->needs[s->lead][row];
    return s->member[source] && of_net == row;
}

/* Whether nets [first, first + count) lie in row `row` of the lead. */
static bool in_row(const struct search *s, uint32_t first, uint32_t count, uint32_t row)
{
    uint64_t lanes = s->plan->layouts[s->lead].lanes;
    uint64_t begin = s->plan->netlist->groups[s->lead].first_net + row * lanes;
    return first >= begin && (uint64_t)first + count <= begin + lanes;
}

static bool dense_fits(const struct search *s, const struct cf_layout *layout)
{
    const struct cf_dense_form *form = layout->dense;
    if (form->source != s->lead)
        return false;
    for (uint32_t row = 0; row < layout->rows; row++) {
        if (layout->base[row] == CF_NONE || !in_row(s, layout->base[row], form->packed.inputs, row))
            return false;
        for (uint32_t e = 0; e < form->extra_count; e++)
            if (!is_there(s, form->extras[e].source, form->extras[e].net[row], row))
                return false;
    }
    return true;
}

static bool squares_fit(const struct search *s, const struct cf_square_form *form, uint32_t rows)
{
    if (form->source != s->lead)
        return false;
    for (uint32_t row = 0; row < rows; row++) {
        if (!in_row(s, form->base[row], form->inputs, row))
            return false;
        for (uint32_t e = 0; e < form->extra_count; e++)
            if (!is_there(s, form->extras[e].source, form->extras[e].net[row], row))
                return false;
    }
    return true;
}

static bool reader_fits(const struct search *s, uint32_t group)
{
    const struct cf_layout *layout = &s->plan->layouts[group];
    if (layout->rows != s->plan->layouts[s->lead].rows || layout->exception_count || !all_needed(s, group))
        return false;
    if (layout->kind == CF_LAYOUT_DENSE)
        return dense_fits(s, layout);
    return s->plan->squares[group] && squares_fit(s, s->plan->squares[group], layout->rows);
}

/* ---- products of few lanes --------------------------------------------------------------------------------------- */

/* Whether a reader's product may be taken together with those of others. */
static bool has_few_lanes(const struct cf_layout *layout)
{
    const struct cf_dense_form *form = layout->dense;
    return layout->kind == CF_LAYOUT_DENSE && form->packed.by_lane && form->packed.storage == CF_STORE16 &&
           form->operands == CF_OPERANDS_DIRECT && form->sums == CF_STORE32;
}

/* Whether two such readers multiply the same nets. */
static bool same_operands(const struct cf_layout *a, const struct cf_layout *b)
{
    return a->dense->packed.inputs == b->dense->packed.inputs &&
           memcmp(a->base, b->base, a->rows * sizeof *a->base) == 0;
}

/* Chooses the readers whose products are taken together. */
static void choose_joint(struct cf_bundle *bundle, const struct cf_plan *plan, uint32_t *joint_lane)
{
    const struct cf_layout *first = NULL;
    for (uint32_t i = 0; i < bundle->reader_count; i++) {
        const struct cf_layout *layout = &plan->layouts[bundle->readers[i]];
        joint_lane[i] = CF_NONE;
        if (!has_few_lanes(layout) || bundle->joint.lanes + layout->lanes > CF_FEW_LANES ||
            (first && !same_operands(first, layout)))
            continue;
        first = first ? first : layout;
        joint_lane[i] = bundle->joint.lanes;
        bundle->joint.lanes += layout->lanes;
        bundle->joint.inputs = layout->dense->packed.inputs;
        bundle->joint.storage = CF_STORE16;
        bundle->joint_base = layout->base;
    }
}

/* Packs the weights of the joint product's readers into one matrix. */
static bool make_joint(struct cf_bundle *bundle, const struct cf_plan *plan, struct cf_arena *arena)
{
    uint32_t *joint_lane = cf_arena_alloc(arena, bundle->reader_count, sizeof *joint_lane);
    bundle->joint_lane = joint_lane;
    if (!joint_lane)
        return false;
    choose_joint(bundle, plan, joint_lane);
    if (bundle->joint.lanes == 0)
        return true;
    uint32_t inputs = bundle->joint.inputs;
    int32_t *matrix = cf_arena_alloc(arena, (size_t)bundle->joint.lanes * inputs, sizeof *matrix);
    int32_t *start = cf_arena_alloc(arena, CF_PANEL, sizeof *start);
    bundle->joint_start = start;
    for (uint32_t i = 0; matrix && start && i < bundle->reader_count; i++) {
        const struct cf_layout *layout = &plan->layouts[bundle->readers[i]];
        if (joint_lane[i] == CF_NONE)
            continue;
        memcpy(matrix + (size_t)joint_lane[i] * inputs, layout->dense->matrix,
               (size_t)layout->lanes * inputs * sizeof *matrix);
        memcpy(start + joint_lane[i], layout->dense->narrow_bias, layout->lanes * sizeof *start);
    }
    return matrix && start && cf_dense_pack(arena, &bundle->joint, matrix);
}

/* ---- bundles ----------------------------------------------------------------------------------------------------- */

/* Makes the bundle of a group of rows; it is left without readers where there are none. */
static bool find_bundle(struct search *s, bool *taken)
{
    const struct cf_layout *layout = &s->plan->layouts[s->lead];
    struct cf_bundle *bundle = s->bundle;
    if (layout->kind != CF_LAYOUT_ROWS || layout->exception_count || !all_needed(s, s->lead))
        return true;
    bundle->passing = !s->plan->netlist->groups[s->lead].output;
    for (uint32_t g = s->lead + 1; g < s->plan->netlist->group_count; g++) {
        bool evaluated = any_needed(s, g) || s->plan->layouts[g].exception_count;
        if (!s->plan->order[g].reads[s->lead] || !evaluated)
            continue;
        s->member[g] = !taken[g] && reader_fits(s, g);
        if (s->member[g])
            s->readers[bundle->reader_count++] = g;
        else
            bundle->passing = false;
    }
    if (bundle->reader_count == 0)
        return true;
    uint32_t *kept = cf_arena_alloc(s->arena, bundle->reader_count, sizeof *kept);
    bundle->readers = kept;
    for (uint32_t i = 0; kept && i < bundle->reader_count; i++) {
        kept[i] = s->readers[i];
        taken[kept[i]] = true;
    }
    return kept && make_joint(bundle, s->plan, s->arena);
}

bool cf_find_bundles(const struct cf_plan *plan, const bool *const *needed, struct cf_arena *arena,
                     const struct cf_bundle **bundles, const bool **bundled)
{
    uint32_t count = plan->netlist->group_count;
    struct cf_bundle *found = cf_arena_alloc(arena, count, sizeof *found);
    bool *taken = cf_arena_alloc(arena, count, sizeof *taken);
    uint32_t *readers = cf_arena_alloc(arena, count, sizeof *readers);
    bool *member = cf_arena_alloc(arena, count, sizeof *member);
    *bundles = found;
    *bundled = taken;
    bool done = found && taken && readers && member;
    for (uint32_t g = 1; done && g < count; g++) {
        struct search s = {plan, needed, arena, &found[g], g, readers, member};
        memset(member, 0, count * sizeof *member);
        done = find_bundle(&s, taken);
    }
    return done;
}
