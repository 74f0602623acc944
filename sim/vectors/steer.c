/* steer.c - chooses the sums that a gate is given: those beside its threshold, by the best of several attempts, and
 * the extremes.
 */
#include <assert.h>
#include <string.h>

#include "sim/vectors/steer_internal.h"

/* ---- one attempt ------------------------------------------------------------------------------------------------- */

/* Records in the trial that the inputs as they stand meet the wish, and which changes of weights they show. */
static void keep(struct cf_steering *s, enum cf_wish wish, int64_t sum)
{
    struct cf_steered *trial = &s->trial;
    trial->met[wish] = true;
    trial->sum[wish] = sum;
    for (uint32_t i = 0; i < s->input_count; i++)
        trial->x[wish][i] = (int32_t)s->inputs[i].x;
    for (uint32_t k = 0; k < s->operand_count; k++) {
        struct cf_steer_operand *operand = &s->operands[k];
        bool fires = sum >= 0;
        operand->up |= fires != (sum + operand->value >= 0);
        operand->down |= fires != (sum - operand->value >= 0);
    }
}

/* Goes from the sum at the threshold a few steps to the next sum below it, and from the same start to the next sum
 * above it. All operands keep their signs, and most of them keep their values. */
static void keep_neighbours(struct cf_steering *s, int64_t sum)
{
    for (int side = -1; side <= 1; side += 2) {
        enum cf_wish wish = side < 0 ? CF_SUM_BELOW : CF_SUM_ABOVE;
        s->missing = side * s->divisor;
        if (!cf_steer_search(s))
            continue;
        keep(s, wish, sum + side * s->divisor);
        cf_steer_set_to(s, s->trial.x[CF_SUM_AT]);
    }
}

/* Tries to make the sum at the threshold and the sums beside it, in the trial. `sum` is the least sum that is not
 * negative. Attempts differ in how large their inputs are at first, and in how far operands keep from 0. */
static void attempt(struct cf_steering *s, uint32_t number, int64_t sum)
{
    static const int64_t parts[] = {4, 2, 8, 1};
    int64_t most = s->high / parts[number % 4];
    s->floor = number % 2 ? 1 : s->divisor;
    for (uint32_t k = 0; k < s->operand_count; k++)
        s->operands[k].up = s->operands[k].down = false;
    memset(s->trial.met, 0, sizeof s->trial.met);
    cf_steer_set_to_zero(s, sum);
    cf_steer_scatter(s, most > 0 ? most : 1);
    cf_steer_lift(s);
    cf_steer_approach(s);
    if (s->missing == 0 || cf_steer_search(s)) {
        keep(s, CF_SUM_AT, sum);
        keep_neighbours(s, sum);
    }
    s->trial.hidden = 0;
    for (uint32_t k = 0; k < s->operand_count; k++)
        s->trial.hidden += !s->operands[k].up || !s->operands[k].down;
}

/* Makes the sums at and beside the threshold that no attempt has made, each by itself and with operands of any sign. */
static void meet_alone(struct cf_steering *s, struct cf_steered *steered, int64_t sum)
{
    for (int side = -1; side <= 1; side++) {
        enum cf_wish wish = side < 0 ? CF_SUM_BELOW : side ? CF_SUM_ABOVE : CF_SUM_AT;
        int64_t wanted = sum + side * s->divisor;
        for (int tries = 0; tries < 4 && !steered->met[wish]; tries++) {
            if (wanted < s->least || wanted > s->greatest)
                break;
            cf_steer_set_to_zero(s, wanted);
            cf_steer_scatter(s, s->high / 4 > 0 ? s->high / 4 : 1);
            cf_steer_approach(s);
            if (s->missing != 0 && !cf_steer_search(s))
                continue;
            steered->met[wish] = true;
            steered->sum[wish] = wanted;
            for (uint32_t i = 0; i < s->input_count; i++)
                steered->x[wish][i] = (int32_t)s->inputs[i].x;
        }
    }
}

/* Makes the least and the greatest sum of all: every input at one end of its range, by the sign of its factor. */
static void meet_extremes(const struct cf_steering *s, struct cf_steered *steered)
{
    for (uint32_t i = 0; i < s->input_count; i++) {
        bool positive = s->inputs[i].factor > 0;
        steered->x[CF_SUM_LEAST][i] = (int32_t)(positive ? s->low : s->high);
        steered->x[CF_SUM_GREATEST][i] = (int32_t)(positive ? s->high : s->low);
    }
    steered->met[CF_SUM_LEAST] = steered->met[CF_SUM_GREATEST] = true;
    steered->sum[CF_SUM_LEAST] = s->least;
    steered->sum[CF_SUM_GREATEST] = s->greatest;
}

/* Whether `a` hides fewer weights than `b`, or as many and meets more wishes. */
static bool better(const struct cf_steered *a, const struct cf_steered *b)
{
    int met = 0;
    for (int wish = 0; wish < CF_WISH_COUNT; wish++)
        met += a->met[wish] - b->met[wish];
    return a->hidden < b->hidden || (a->hidden == b->hidden && met > 0);
}

void cf_steer(struct cf_steering *s, struct cf_steered *steered)
{
    enum { ATTEMPTS = 16 };
    assert(s->input_count > 0 && s->divisor > 0);
    int64_t rest = s->constant % s->divisor, sum = rest < 0 ? rest + s->divisor : rest;
    bool perfect = false, possible = s->least <= sum && s->greatest >= sum;
    memset(steered->met, 0, sizeof steered->met);
    steered->weights = steered->hidden = s->operand_count;
    for (uint32_t a = 0; a < ATTEMPTS && possible && !perfect; a++) {
        attempt(s, a, sum);
        if (better(&s->trial, steered)) {
            struct cf_steered old = *steered;
            *steered = s->trial;
            s->trial = old;
        }
        perfect = steered->hidden == 0 && steered->met[CF_SUM_ABOVE];
    }
    steered->net = s->net;
    steered->weights = s->operand_count;
    steered->count = s->input_count;
    memcpy(steered->input, s->input_nets, s->input_count * sizeof *s->input_nets);
    s->floor = 1;
    meet_alone(s, steered, sum);
    meet_extremes(s, steered);
}
