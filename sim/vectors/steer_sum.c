/* steer_sum.c - moves the inputs of a gate until its sum has exactly the value that is wanted. */
#include <assert.h>
#include <stdlib.h>

#include "base/random.h"
#include "sim/vectors/steer_internal.h"

/* ---- moving inputs ----------------------------------------------------------------------------------------------- */

static void move(struct cf_steering *s, uint32_t input, int64_t steps)
{
    struct cf_steer_input *in = &s->inputs[input];
    in->x += steps;
    s->missing -= in->factor * steps;
    for (uint32_t e = in[0].first; e < in[1].first; e++)
        s->operands[s->by_input[e].operand].value += s->by_input[e].factor * steps;
}

/* How many steps the input can go up (direction 1) or down (-1) within its range, without bringing an operand that has
 * a sign to keep nearer to 0 than the floor. */
static int64_t room(const struct cf_steering *s, uint32_t input, int direction)
{
    const struct cf_steer_input *in = &s->inputs[input];
    int64_t steps = direction > 0 ? s->high - in->x : in->x - s->low;
    for (uint32_t e = in[0].first; e < in[1].first && steps > 0; e++) {
        const struct cf_steer_operand *operand = &s->operands[s->by_input[e].operand];
        int64_t change = operand->sign * direction * s->by_input[e].factor;
        if (change >= 0)
            continue; /* the operand moves away from 0, or may have any sign */
        int64_t spare = operand->sign * operand->value - s->floor;
        int64_t most = spare > 0 ? spare / -change : 0;
        steps = most < steps ? most : steps;
    }
    return steps;
}

/* Whether the input is in its range, and every operand that it feeds keeps its sign and stays away from 0. */
static bool in_order(const struct cf_steering *s, uint32_t input)
{
    const struct cf_steer_input *in = &s->inputs[input];
    bool good = in->x >= s->low && in->x <= s->high;
    for (uint32_t e = in[0].first; e < in[1].first && good; e++) {
        const struct cf_steer_operand *operand = &s->operands[s->by_input[e].operand];
        good = operand->sign == 0 || operand->sign * operand->value >= s->floor;
    }
    return good;
}

void cf_steer_set_to_zero(struct cf_steering *s, int64_t wanted)
{
    s->missing = wanted - s->constant;
    for (uint32_t i = 0; i < s->input_count; i++)
        s->inputs[i].x = 0;
    for (uint32_t k = 0; k < s->operand_count; k++) {
        s->operands[k].value = s->operands[k].constant;
        s->operands[k].sign = 0;
    }
}

void cf_steer_set_to(struct cf_steering *s, const int32_t *x)
{
    for (uint32_t i = 0; i < s->input_count; i++)
        if (s->inputs[i].x != x[i])
            move(s, i, x[i] - s->inputs[i].x);
}

/* The end of one operand's addends in s->by_operand; `first` is the first of them. */
static uint32_t end_of_operand(const struct cf_steering *s, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < s->addend_count && s->by_operand[end].operand == s->by_operand[first].operand)
        end++;
    return end;
}

void cf_steer_scatter(struct cf_steering *s, int64_t most)
{
    for (uint32_t first = 0, end; first < s->addend_count; first = end) {
        bool positive = s->operands[s->by_operand[first].operand].weight_positive == (s->missing > 0);
        end = end_of_operand(s, first);
        for (uint32_t e = first; e < end; e++) {
            const struct cf_addend *addend = &s->by_operand[e];
            int64_t x = 1 + (int64_t)(cf_next_random(&s->random) % (uint64_t)most);
            x = (addend->factor > 0) == positive ? x : -x;
            if (s->inputs[addend->input].x == 0)
                move(s, addend->input, x < s->low ? s->low : x > s->high ? s->high : x);
        }
    }
}

/* Moves the inputs of one operand until its value is at least the floor on that side of 0 (1: above, -1: below), as far
 * as they have room. */
static void lift_to(struct cf_steering *s, uint32_t first, uint32_t end, int side)
{
    struct cf_steer_operand *operand = &s->operands[s->by_operand[first].operand];
    for (uint32_t e = first; e < end && side * operand->value < s->floor; e++) {
        const struct cf_addend *addend = &s->by_operand[e];
        int64_t size = llabs(addend->factor), wanted = (s->floor - side * operand->value + size - 1) / size;
        int direction = (addend->factor > 0) == (side > 0) ? 1 : -1;
        int64_t steps = room(s, addend->input, direction);
        move(s, addend->input, direction * (wanted < steps ? wanted : steps));
    }
}

void cf_steer_lift(struct cf_steering *s)
{
    for (uint32_t first = 0, end; first < s->addend_count; first = end) {
        struct cf_steer_operand *operand = &s->operands[s->by_operand[first].operand];
        end = end_of_operand(s, first);
        int side = operand->value > 0 ? 1 : operand->value < 0 ? -1 : cf_next_random(&s->random) % 2 ? 1 : -1;
        lift_to(s, first, end, side);
        if (operand->value == 0)
            lift_to(s, first, end, -side);
        operand->sign = (operand->value > 0) - (operand->value < 0);
    }
}

/* ---- a sum of exactly so much ------------------------------------------------------------------------------------ */

void cf_steer_approach(struct cf_steering *s)
{
    assert(s->input_count > 0);
    int64_t size = 1, largest = 0;
    for (uint32_t i = 0; i < s->input_count; i++)
        largest = llabs(s->inputs[i].factor) > largest ? llabs(s->inputs[i].factor) : largest;
    while (size <= largest / 2)
        size *= 2;
    uint32_t start = (uint32_t)(cf_next_random(&s->random) % s->input_count);
    for (; size; size /= 2)
        for (uint32_t n = 0; n < s->input_count && s->missing; n++) {
            uint32_t i = n < s->input_count - start ? start + n : start + n - s->input_count;
            int64_t factor = s->inputs[i].factor;
            if (factor > -size && factor < size)
                continue;
            int64_t steps = s->missing / factor, most = steps ? room(s, i, steps > 0 ? 1 : -1) : 0;
            if (steps)
                move(s, i, steps > most ? most : steps < -most ? -most : steps);
        }
}

/* Chooses inputs that have room for a step. Inputs of small factors come first, since they make small corrections of
 * the sum. Returns how many there are in s->choices. */
static uint32_t choose(struct cf_steering *s)
{
    uint32_t count = 0;
    for (int64_t size = 1; size < CF_STEER_REACH; size *= 2)
        for (uint32_t i = 0; i < s->input_count && count < CF_STEER_CHOICES; i++)
            if (llabs(s->inputs[i].factor) >= size && llabs(s->inputs[i].factor) < 2 * size &&
                (room(s, i, 1) || room(s, i, -1)))
                s->choices[count++] = i;
    return count;
}

/* Searches breadth first over sums: which single steps of the chosen inputs lead from the sum as it stands to the sum
 * that is wanted. The steps are left in the table. */
static bool find_steps(struct cf_steering *s)
{
    static const struct cf_steer_step not_reached = {-1, 0, 0};
    uint32_t choices = choose(s);
    for (int32_t at = 0; at <= 2 * CF_STEER_REACH; at++)
        s->table[at] = not_reached;
    int32_t head = 0, tail = 0, start = (int32_t)s->missing + CF_STEER_REACH;
    s->table[start].from = start;
    s->queue[tail++] = start;
    while (head < tail) {
        int32_t at = s->queue[head++];
        if (at == CF_STEER_REACH)
            return true;
        for (uint32_t c = 0; c < choices; c++)
            for (int change = -1; change <= 1; change += 2) {
                int64_t to = at - change * s->inputs[s->choices[c]].factor;
                if (to < 0 || to > 2 * CF_STEER_REACH || s->table[to].from >= 0 || room(s, s->choices[c], change) == 0)
                    continue;
                s->table[to] = (struct cf_steer_step){at, s->choices[c], (int8_t)change};
                s->queue[tail++] = (int32_t)to;
            }
    }
    return false;
}

bool cf_steer_search(struct cf_steering *s)
{
    if (s->missing <= -CF_STEER_REACH || s->missing >= CF_STEER_REACH)
        return false;
    int32_t start = (int32_t)s->missing + CF_STEER_REACH;
    if (s->missing == 0)
        return true;
    if (s->missing % s->divisor != 0 || !find_steps(s))
        return false;
    bool good = true;
    for (int32_t at = CF_STEER_REACH; at != start; at = s->table[at].from)
        move(s, s->table[at].input, s->table[at].change);
    /* Each step had room by itself. Taken together they may not have: an input may be stepped more than once, and
     * several inputs may move one operand. */
    for (int32_t at = CF_STEER_REACH; at != start && good; at = s->table[at].from)
        good = in_order(s, s->table[at].input);
    for (int32_t at = CF_STEER_REACH; at != start && !good; at = s->table[at].from)
        move(s, s->table[at].input, -s->table[at].change);
    return good;
}
