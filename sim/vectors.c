#include "sim/vectors.h"

#include <stdlib.h>
#include <string.h>

#include "sim/linear_form.h"

struct maker {
    struct cf_vectors *vectors;
    const struct cf_netlist *netlist;
    int32_t low, high; /* of the input */
    uint32_t inputs;
    uint8_t *taken; /* [inputs]: set by an aim of the open frame */
    uint32_t open;  /* frame that aims are added to, or UINT32_MAX */
    uint64_t random;
};

static uint64_t next_random(struct maker *m)
{
    uint64_t z = m->random += UINT64_C(0x9e3779b97f4a7c15); /* SplitMix64: the same vectors for the same netlist */
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int32_t random_between(struct maker *m, int32_t low, int32_t high)
{
    return low + (int32_t)(next_random(m) % ((uint64_t)((int64_t)high - low) + 1));
}

static int32_t *add_frame(struct maker *m)
{
    struct cf_vectors *v = m->vectors;
    if (v->count == v->capacity) {
        uint32_t capacity = v->capacity ? 2 * v->capacity : 32;
        int32_t **more = realloc(v->frames, capacity * sizeof *more);
        if (!more)
            return NULL;
        v->frames = more;
        v->capacity = capacity;
    }
    int32_t *frame = calloc(m->inputs, sizeof *frame);
    if (frame)
        v->frames[v->count++] = frame;
    return frame;
}

/* ---- a sum of exactly so much ------------------------------------------------------------------------------------ */

/* Moves x[i] so that what is missing shrinks as far as this input can make it. */
static void approach(const struct maker *m, int64_t factor, int32_t *x, int64_t *missing)
{
    int64_t steps = *missing / factor, room = steps > 0 ? (int64_t)m->high - *x : (int64_t)m->low - *x;
    if ((steps > 0 && steps > room) || (steps < 0 && steps < room))
        steps = room;
    *x += (int32_t)steps;
    *missing -= steps * factor;
}

/* One step of the search below: what is missing becomes `to`, by input `index` going up or down by one. */
struct step {
    int32_t from; /* offset in the table; -1: not reached */
    uint32_t index;
    int8_t change;
};

/* Breadth first over small amounts: single steps of the inputs that lead from `missing` to 0. */
static bool search(const struct maker *m, const struct cf_linear_form *form, int32_t *x, int64_t missing)
{
    enum { REACH = 4096, CHOICES = 512 };
    static const struct step not_reached = {-1, 0, 0};
    uint32_t choice[CHOICES], choices = 0;
    if (missing <= -REACH || missing >= REACH)
        return false;
    struct step *table = malloc((2 * REACH + 1) * sizeof *table);
    int32_t *queue = malloc((2 * REACH + 1) * sizeof *queue);
    bool found = false;
    /* The small factors first: they are what an exact sum takes. */
    for (int64_t size = 1; size < REACH; size *= 2)
        for (uint32_t i = 0; i < form->count && choices < CHOICES; i++)
            if (llabs(form->factor[i]) >= size && llabs(form->factor[i]) < 2 * size)
                choice[choices++] = i;
    for (int32_t s = 0; table && s <= 2 * REACH; s++)
        table[s] = not_reached;
    int32_t head = 0, tail = 0, start = (int32_t)missing + REACH;
    if (table && queue) {
        table[start].from = start;
        queue[tail++] = start;
    }
    while (head < tail && !found) {
        int32_t at = queue[head++];
        found = at == REACH;
        for (uint32_t c = 0; c < choices && !found; c++)
            for (int change = -1; change <= 1; change += 2) {
                int64_t to = at - change * form->factor[choice[c]];
                int32_t value = x[choice[c]] + change;
                if (to < 0 || to > 2 * REACH || table[to].from >= 0 || value < m->low || value > m->high)
                    continue;
                table[to] = (struct step){at, choice[c], (int8_t)change};
                queue[tail++] = (int32_t)to;
            }
    }
    for (int32_t at = REACH; found && at != start; at = table[at].from) {
        int32_t value = x[table[at].index] += table[at].change;
        /* An input may have been stepped more than once; its range was looked at for one step. */
        found = value >= m->low && value <= m->high;
    }
    free(table);
    free(queue);
    return found;
}

/* Values in range with constant + sum of factor * x == wanted; false where none were found. */
static bool solve(struct maker *m, const struct cf_linear_form *form, int64_t wanted, int32_t *x)
{
    int64_t missing = wanted - form->constant;
    for (uint32_t i = 0; i < form->count; i++) {
        x[i] = random_between(m, m->low / 4, m->high / 4);
        missing -= form->factor[i] * x[i]; /* within the cell's range: below 2^62 */
    }
    /* The large factors first, then ever smaller ones; what a full pass leaves is less than the smallest that has
     * room. */
    for (int64_t size = INT64_C(1) << 40; size; size /= 2)
        for (uint32_t i = 0; i < form->count && missing; i++)
            if (form->factor[i] >= size || form->factor[i] <= -size)
                approach(m, form->factor[i], &x[i], &missing);
    return missing == 0 || search(m, form, x, missing);
}

/* ---- aims -------------------------------------------------------------------------------------------------------- */

static bool free_of_aims(const struct maker *m, const struct cf_linear_form *form)
{
    for (uint32_t i = 0; i < form->count; i++)
        if (m->taken[form->input[i]])
            return false;
    return true;
}

static bool fulfil(struct maker *m, const struct cf_linear_form *form, enum cf_wish wish, int32_t *x)
{
    if (wish <= CF_SUM_ONE)
        return solve(m, form, (int64_t)wish - CF_SUM_ZERO, x);
    for (uint32_t i = 0; i < form->count; i++)
        x[i] = (form->factor[i] > 0) == (wish == CF_SUM_GREATEST) ? m->high : m->low;
    return true;
}

/* A frame for aims, filled with small noise. */
static int32_t *open_frame(struct maker *m)
{
    int32_t *frame = add_frame(m);
    if (!frame)
        return NULL;
    m->open = m->vectors->count - 1;
    memset(m->taken, 0, m->inputs);
    for (uint32_t i = 0; i < m->inputs; i++)
        frame[i] = random_between(m, m->low < -3 ? -3 : m->low, m->high > 3 ? 3 : m->high);
    return frame;
}

/* Writes the aim into the open frame, or into a new one when its inputs are taken there. */
static bool place_aim(struct maker *m, const struct cf_linear_form *form, const int32_t *x, struct cf_aim *aim)
{
    if ((m->open == UINT32_MAX || !free_of_aims(m, form)) && !open_frame(m))
        return false;
    for (uint32_t i = 0; i < form->count; i++) {
        m->taken[form->input[i]] = 1;
        m->vectors->frames[m->open][form->input[i]] = x[i];
    }
    aim->frame = m->open;
    m->vectors->met++;
    return true;
}

/* The position, of those of the group, at which lane `lane` next has room in the open frame; the search goes round
 * from `*position`. False: nowhere, but the form at `*position` is there. */
static bool find_room(struct maker *m, struct cf_form_finder *finder, const struct cf_group *group, uint32_t lane,
                      uint32_t *position, struct cf_linear_form *form)
{
    uint32_t lanes = cf_group_lanes(group), positions = group->count / lanes;
    uint32_t tries = positions < 64 ? positions : 64;
    for (uint32_t t = 0; t < tries; t++) {
        uint32_t at = (*position + t) % positions;
        if (!cf_find_form(finder, group->first_net + at * lanes + lane, form))
            return false;
        if (m->open != UINT32_MAX && free_of_aims(m, form)) {
            *position = at;
            return true;
        }
    }
    return cf_find_form(finder, group->first_net + *position % positions * lanes + lane, form);
}

/* One wish for one lane, at whatever position allows it: at an edge, say, the factors may have a common divisor that
 * the wish has not. `*possible` becomes false when the sum is no linear form. */
static bool aim_at(struct maker *m, struct cf_form_finder *finder, const struct cf_group *group, uint32_t lane,
                   enum cf_wish wish, uint32_t *position, int32_t *x, bool *possible)
{
    enum { TRIES = 6 };
    uint32_t lanes = cf_group_lanes(group), positions = group->count / lanes;
    struct cf_aim *aim = &m->vectors->aims[m->vectors->aim_count];
    for (uint32_t t = 0; t < TRIES && t < positions; t++) {
        struct cf_linear_form form;
        uint32_t at = (*position + t * (positions / 3 + 1)) % positions;
        *possible = find_room(m, finder, group, lane, &at, &form) && form.count > 0;
        if (!*possible)
            return true;
        *aim = (struct cf_aim){group->first_net + at % positions * lanes + lane, wish, UINT32_MAX};
        if (fulfil(m, &form, wish, x)) {
            *position = (at + 1) % positions;
            m->vectors->aim_count++;
            return place_aim(m, &form, x, aim);
        }
    }
    m->vectors->aim_count++; /* not met */
    return true;
}

static bool aim_at_lane(struct maker *m, struct cf_form_finder *finder, const struct cf_group *group, uint32_t lane,
                        uint32_t *position, int32_t *x)
{
    bool possible = true;
    for (int wish = 0; possible && wish < CF_WISH_COUNT; wish++)
        if (!aim_at(m, finder, group, lane, (enum cf_wish)wish, position, x, &possible))
            return false;
    m->vectors->skipped += !possible;
    return true;
}

static bool aim_at_outputs(struct maker *m)
{
    uint64_t lanes = 0;
    for (uint32_t g = 1; g < m->netlist->group_count; g++)
        lanes += m->netlist->groups[g].output ? cf_group_lanes(&m->netlist->groups[g]) : 0;
    m->vectors->aims = calloc(lanes * CF_WISH_COUNT + 1, sizeof *m->vectors->aims);
    struct cf_form_finder *finder = cf_form_finder_new(m->netlist);
    int32_t *x = calloc(m->inputs, sizeof *x);
    bool done = m->vectors->aims && finder && x;
    for (uint32_t g = 1; done && g < m->netlist->group_count; g++) {
        const struct cf_group *group = &m->netlist->groups[g];
        uint32_t position = 0;
        m->open = UINT32_MAX; /* a group's frames are its own */
        for (uint32_t lane = 0; done && group->output && lane < cf_group_lanes(group); lane++)
            done = aim_at_lane(m, finder, group, lane, &position, x);
    }
    cf_form_finder_free(finder);
    free(x);
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
        frame[next_random(m) % m->inputs] = pattern == ONE_HOT ? m->high : m->low;
    return true;
}

/* A one at each position, each in another channel. */
static bool add_hot_positions(struct maker *m, int32_t value)
{
    uint32_t lanes = cf_group_lanes(&m->netlist->groups[CF_INPUT]);
    int32_t *frame = add_frame(m);
    uint32_t first = (uint32_t)(next_random(m) % lanes);
    for (uint32_t position = 0; frame && position < m->inputs / lanes; position++)
        frame[position * lanes + (first + 7 * position) % lanes] = value;
    return frame != NULL;
}

bool cf_vectors_make(struct cf_vectors *vectors, const struct cf_netlist *netlist, struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    *vectors = (struct cf_vectors){0};
    if (input->type.width + !input->type.is_signed > 32)
        return cf_fail(err, "%s: its input is %u bits wide; vectors have up to 32", netlist->label, input->type.width);
    struct maker m = {.vectors = vectors,
                      .netlist = netlist,
                      .low = (int32_t)cf_type_min(input->type),
                      .high = (int32_t)cf_type_max(input->type),
                      .inputs = input->count,
                      .taken = calloc(input->count, 1)};
    bool done = m.taken && aim_at_outputs(&m);
    for (int pattern = 0; done && pattern < PATTERNS; pattern++)
        done = add_pattern(&m, (enum pattern)pattern);
    done = done && add_hot_positions(&m, m.high) && add_hot_positions(&m, m.low) && add_hot_positions(&m, 1);
    free(m.taken);
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
