/* vectors.c - chooses the gates that test frames are made for, and packs the inputs made for them into frames. */
#include "sim/vectors/vectors.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/random.h"
#include "base/vote.h"
#include "sim/vectors/steer.h"

struct maker {
    struct cf_vectors *vectors;
    const struct cf_netlist *netlist;
    int32_t low, high; /* of the input */
    uint32_t inputs;
    uint64_t random;

    struct cf_form_finder *finder;
    struct cf_steering *steering;
    struct cf_steered best, trial;

    /* A sheet is a frame for each wish; sheet s has the frames from s * CF_WISH_COUNT on. A gate that is placed on a
     * sheet sets the same inputs in all its frames. */
    uint8_t **taken; /* [sheets][inputs]: whether a gate sets the input */
    uint32_t sheets;
    size_t sheet_capacity;

    uint64_t *seen; /* [cell_count]: the last lane in which this cell was a target */
    uint64_t lane;  /* the number of the lane at hand, from 1 */
};

static int32_t random_between(struct maker *m, int32_t low, int32_t high)
{
    return low + (int32_t)(cf_next_random(&m->random) % ((uint64_t)((int64_t)high - low) + 1));
}

/* A new frame, all zeros; NULL when memory is out. */
static int32_t *add_frame(struct maker *m)
{
    struct cf_vectors *v = m->vectors;
    if (!cf_array_reserve(&v->frames, &v->capacity, (size_t)v->count + 1, sizeof *v->frames))
        return NULL;
    int32_t *frame = calloc(m->inputs, sizeof *frame);
    if (frame)
        v->frames[v->count++] = frame;
    return frame;
}

/* ---- sheets ------------------------------------------------------------------------------------------------------ */

/* Adds a sheet, its frames filled with small random values. */
static bool open_sheet(struct maker *m)
{
    for (int wish = 0; wish < CF_WISH_COUNT; wish++) {
        int32_t *frame = add_frame(m);
        for (uint32_t i = 0; frame && i < m->inputs; i++)
            frame[i] = random_between(m, m->low < -3 ? -3 : m->low, m->high > 3 ? 3 : m->high);
        if (!frame)
            return false;
    }
    if (!cf_array_reserve(&m->taken, &m->sheet_capacity, (size_t)m->sheets + 1, sizeof *m->taken))
        return false;
    uint8_t *taken = calloc(m->inputs, 1);
    if (taken)
        m->taken[m->sheets++] = taken;
    return taken != NULL;
}

/* The first sheet on which no gate sets any of these inputs; the number of sheets when a new one is needed. */
static uint32_t find_sheet(const struct maker *m, const uint32_t *nets, uint32_t count)
{
    for (uint32_t sheet = 0; sheet < m->sheets; sheet++) {
        uint32_t i = 0;
        while (i < count && !m->taken[sheet][nets[i]])
            i++;
        if (i == count)
            return sheet;
    }
    return m->sheets;
}

/* Looks at the gate's first operand alone, which is quick. `*plain`: its factors have no common divisor; at the edges
 * of the grid they often have one, and then the sum cannot take every value. `*fits`: a sheet has room for it. */
static void look_at_operand(struct maker *m, uint32_t net, bool *plain, bool *fits)
{
    const struct cf_group *group = &m->netlist->groups[cf_netlist_group_of(m->netlist, net)];
    uint32_t index = net - group->first_net;
    const struct cf_cell *cell = &m->netlist->cells[group->cell[index]];
    *plain = *fits = false;
    if (cell->term_count == 0)
        return;
    uint32_t source = cf_instance_bases(group, index)[cell->terms[0].port] + cell->terms[0].offset;
    int64_t one = 1;
    struct cf_linear_form form = {.input = &source, .factor = &one, .count = 1};
    if (source >= m->inputs && !cf_find_form(m->finder, source, &form))
        return;
    *plain = cf_form_divisor(&form) == 1;
    *fits = find_sheet(m, form.input, form.count) < m->sheets;
}

/* ---- targets --------------------------------------------------------------------------------------------------------
 */

/* Chooses the position at which the lane's gate, where it has that cell, becomes a target. It is the first from `start`
 * on, going round, where the gate's first operand is plain and fits a sheet; failing that, one where it is plain, then
 * one where it fits, then any. The lane has that cell at some position. `*fits` says whether a sheet seems to have
 * room. */
static uint32_t choose_position(struct maker *m, const struct cf_group *group, uint32_t lane, uint32_t cell,
                                uint32_t start, bool *fits)
{
    uint32_t lanes = cf_group_lanes(group), positions = group->count / lanes, best = 0;
    int best_rank = -1;
    for (uint32_t t = 0; t < positions && best_rank < 3; t++) {
        uint32_t at = (start + t) % positions;
        bool plain, here;
        if (group->cell[at * lanes + lane] != cell)
            continue;
        look_at_operand(m, group->first_net + at * lanes + lane, &plain, &here);
        int rank = 2 * plain + here;
        if (rank > best_rank) {
            best = at;
            best_rank = rank;
            *fits = here;
        }
    }
    return best;
}

/* Makes the gate of the lane at such a position, where it has that cell, the target of the steering, and finds the
 * sheet for it. Does neither if a new sheet would pass `sheet_limit`. False when the gate's sum is no linear form. */
static bool find_target(struct maker *m, const struct cf_group *group, uint32_t lane, uint32_t cell, uint32_t *position,
                        uint32_t *sheet, uint32_t sheet_limit)
{
    enum { TRIES = 32 };
    bool fits = true;
    *sheet = m->sheets;
    for (int t = 0; t < TRIES && fits && *sheet == m->sheets; t++) {
        *position = choose_position(m, group, lane, cell, *position, &fits);
        if (!fits && m->sheets >= sheet_limit)
            return true;
        if (!cf_steering_target(m->steering, group->first_net + *position * cf_group_lanes(group) + lane))
            return false;
        uint32_t count;
        const uint32_t *nets = cf_steering_inputs(m->steering, &count);
        *sheet = find_sheet(m, nets, count);
        /* There was room for the first operand but not for all: try the next position. */
        if (fits && *sheet == m->sheets && t + 1 < TRIES)
            *position = (*position + 1) % (group->count / cf_group_lanes(group));
    }
    return true;
}

static bool add_aim(struct maker *m, const struct cf_steered *steered, enum cf_wish wish, uint32_t sheet)
{
    struct cf_vectors *v = m->vectors;
    if (!cf_array_reserve(&v->aims, &v->aim_capacity, (size_t)v->aim_count + 1, sizeof *v->aims))
        return false;
    struct cf_aim *aim = &v->aims[v->aim_count++];
    *aim = (struct cf_aim){steered->net, wish, UINT32_MAX, 0};
    if (!steered->met[wish])
        return true;
    aim->frame = sheet * CF_WISH_COUNT + wish;
    aim->sum = steered->sum[wish];
    v->met++;
    for (uint32_t i = 0; i < steered->count; i++)
        v->frames[aim->frame][steered->input[i]] = steered->x[wish][i];
    return true;
}

static bool place(struct maker *m, const struct cf_steered *steered, uint32_t sheet)
{
    if (sheet == m->sheets && !open_sheet(m))
        return false;
    for (uint32_t i = 0; i < steered->count; i++)
        m->taken[sheet][steered->input[i]] = 1;
    m->vectors->gates++;
    m->vectors->guarded += steered->hidden == 0;
    bool done = true;
    for (int wish = 0; done && wish < CF_WISH_COUNT; wish++)
        done = add_aim(m, steered, (enum cf_wish)wish, sheet);
    return done;
}

/* How good the inputs made for a gate are: a point for each sum of exactly -1, 0 and +1, and one when any one wrong
 * weight changes a decision. */
enum { BEST_SCORE = 4 };
static int score(const struct cf_steered *steered)
{
    int exact = 0;
    for (int wish = CF_SUM_BELOW; wish <= CF_SUM_ABOVE; wish++)
        exact += steered->met[wish] && steered->sum[wish] == wish - CF_SUM_AT;
    return exact + (steered->hidden == 0);
}

static bool is_better(const struct cf_steered *a, const struct cf_steered *b)
{
    return a->hidden < b->hidden || (a->hidden == b->hidden && score(a) > score(b));
}

/* Makes frames for a gate of the lane that has that cell, at the best of a few positions; adds sheets only up to
 * `sheet_limit`. */
static bool target_cell(struct maker *m, const struct cf_group *group, uint32_t lane, uint32_t cell, uint32_t *position,
                        uint32_t sheet_limit)
{
    enum { TRIES = 4 };
    uint32_t positions = group->count / cf_group_lanes(group), best_sheet = UINT32_MAX, start = *position;
    for (uint32_t t = 0; t < TRIES && (best_sheet == UINT32_MAX || score(&m->best) < BEST_SCORE); t++) {
        uint32_t at = (start + t * (positions / 3 + 1)) % positions, sheet;
        if (!find_target(m, group, lane, cell, &at, &sheet, sheet_limit)) {
            m->vectors->skipped++;
            return true;
        }
        if (sheet >= sheet_limit)
            continue;
        cf_steer(m->steering, &m->trial);
        if (best_sheet == UINT32_MAX || is_better(&m->trial, &m->best)) {
            struct cf_steered old = m->best;
            m->best = m->trial;
            m->trial = old;
            best_sheet = sheet;
            *position = (at + 1) % positions;
        }
    }
    m->vectors->left_out += best_sheet == UINT32_MAX;
    return best_sheet == UINT32_MAX || place(m, &m->best, best_sheet);
}

/* The cell that more than half of the positions have in this lane; any of its cells when there is none such. */
static uint32_t common_cell(const struct cf_group *group, uint32_t lane)
{
    struct cf_vote vote = {0};
    for (uint32_t i = lane; i < group->count; i += cf_group_lanes(group))
        cf_vote(&vote, group->cell[i]);
    return vote.leader;
}

/* Makes frames for the lane: once for each of its cells that is a step, or that drives an output. The call takes either
 * the most common cell or, `rare`, the others. */
static bool target_lane(struct maker *m, const struct cf_group *group, uint32_t lane, bool rare, uint32_t sheet_limit,
                        uint32_t *position)
{
    uint32_t lanes = cf_group_lanes(group), common = common_cell(group, lane);
    bool done = true;
    m->lane++;
    for (uint32_t i = lane; done && i < group->count; i += lanes) {
        uint32_t cell = group->cell[i];
        if (m->seen[cell] == m->lane || (cell == common) == rare ||
            (!group->output && m->netlist->cells[cell].activation != CF_STEP))
            continue;
        m->seen[cell] = m->lane;
        if (m->netlist->cells[cell].term_count == 0) {
            m->vectors->constants++;
            continue;
        }
        done = target_cell(m, group, lane, cell, position, sheet_limit);
    }
    return done;
}

/* Makes frames for all lanes: for a gate of each lane's most common cell or, with `rare`, for one of each of its other
 * cells, for which a bounded number of sheets is added. */
static bool target_lanes(struct maker *m, bool rare)
{
    enum { RARE_SHEETS = 8 };
    uint32_t sheet_limit = rare ? m->sheets + RARE_SHEETS : UINT32_MAX;
    bool done = true;
    for (uint32_t g = 1; done && g < m->netlist->group_count; g++) {
        const struct cf_group *group = &m->netlist->groups[g];
        uint32_t position = 0;
        for (uint32_t lane = 0; done && lane < cf_group_lanes(group); lane++)
            done = target_lane(m, group, lane, rare, sheet_limit, &position);
    }
    return done;
}

static bool target_gates(struct maker *m)
{
    m->finder = cf_form_finder_new(m->netlist);
    m->steering = m->finder ? cf_steering_new(m->netlist, m->finder) : NULL;
    m->seen = calloc((size_t)m->netlist->cell_count + 1, sizeof *m->seen);
    bool done = cf_steered_make(&m->best, m->netlist) && cf_steered_make(&m->trial, m->netlist) && m->steering &&
                m->seen && target_lanes(m, false) && target_lanes(m, true) && !cf_steering_failed(m->steering);
    cf_steered_free(&m->best);
    cf_steered_free(&m->trial);
    cf_steering_free(m->steering);
    cf_form_finder_free(m->finder);
    for (uint32_t sheet = 0; sheet < m->sheets; sheet++)
        free(m->taken[sheet]);
    free(m->taken);
    free(m->seen);
    return done;
}

/* ---- the whole input --------------------------------------------------------------------------------------------- */

enum pattern { ALL_LOW, ALL_HIGH, CHECKED_POSITIONS, CHECKED_CHANNELS, ONE_IN_FOUR, ONE_HOT, ONE_HOT_LOW, PATTERNS };

static bool add_pattern(struct maker *m, enum pattern pattern)
{
    const struct cf_group *input = &m->netlist->groups[CF_INPUT];
    uint32_t lanes = cf_group_lanes(input), width = input->rank > 1 ? input->shape[input->rank - 2] : 1;
    int32_t *frame = add_frame(m);
    if (!frame)
        return false;
    for (uint32_t i = 0; i < m->inputs && pattern < ONE_HOT; i++) {
        uint32_t position = i / lanes, row = position / width, column = position % width;
        bool high = pattern == ALL_HIGH || (pattern == CHECKED_POSITIONS && (row + column) % 2) ||
                    (pattern == CHECKED_CHANNELS && (i % lanes) % 2) ||
                    (pattern == ONE_IN_FOUR && row % 2 == 0 && column % 2 == 0);
        frame[i] = high ? m->high : m->low;
    }
    if (pattern >= ONE_HOT)
        frame[cf_next_random(&m->random) % m->inputs] = pattern == ONE_HOT ? m->high : m->low;
    return true;
}

/* Adds a frame in which each position has the value in one channel, and neighbouring positions in different channels.
 */
static bool add_hot_positions(struct maker *m, int32_t value)
{
    uint32_t lanes = cf_group_lanes(&m->netlist->groups[CF_INPUT]);
    int32_t *frame = add_frame(m);
    uint32_t first = (uint32_t)(cf_next_random(&m->random) % lanes);
    for (uint32_t position = 0; frame && position < m->inputs / lanes; position++)
        frame[position * lanes + (first + 7 * position) % lanes] = value;
    return frame != NULL;
}

bool cf_vectors_make(struct cf_vectors *vectors, const struct cf_netlist *netlist, struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    *vectors = (struct cf_vectors){0};
    if (cf_signed_bits(input->type) > 32)
        return cf_fail(err, "%s: its input is %u bits wide; vectors have up to 32", netlist->label, input->type.width);
    struct maker m = {.vectors = vectors,
                      .netlist = netlist,
                      .low = (int32_t)cf_type_min(input->type),
                      .high = (int32_t)cf_type_max(input->type),
                      .inputs = input->count};
    bool done = target_gates(&m);
    for (int pattern = 0; done && pattern < PATTERNS; pattern++)
        done = add_pattern(&m, (enum pattern)pattern);
    done = done && add_hot_positions(&m, m.high) && add_hot_positions(&m, m.low) && add_hot_positions(&m, 1);
    if (!done) {
        cf_vectors_free(vectors);
        return cf_fail(err, "%s: out of memory", netlist->label);
    }
    return true;
}

void cf_vectors_free(struct cf_vectors *vectors)
{
    for (uint32_t f = 0; f < vectors->count; f++)
        free(vectors->frames[f]);
    free(vectors->frames);
    free(vectors->aims);
    *vectors = (struct cf_vectors){0};
}
