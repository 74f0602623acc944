#include "sim/vectors/steer.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "netlists/run.h"

enum {
    REACH = 4096, /* of the search: it leads from sums below this size to 0 */
    CHOICES = 512 /* inputs that it steps */
};

/* One input's share in one operand: factor * x. */
struct share {
    uint32_t operand, input;
    int64_t factor;
};

struct operand {
    int64_t constant, value; /* without, and with the inputs' shares */
    int sign;                /* that the value is to keep; 0: none */
    bool weight_positive;
    bool up, down; /* a change of the weight by +1, by -1 shows */
};

struct input {
    uint32_t net;
    uint32_t first; /* of its shares; one more input stands after the last */
    int64_t factor; /* of the sum; 0 where shares cancel */
    int64_t x;      /* in range */
};

/* One step of the search: a sum is reached from another by one input going up or down by one. */
struct step {
    int32_t from; /* offset in the table; -1: not reached */
    uint32_t input;
    int8_t change;
};

struct cf_steering {
    const struct cf_netlist *netlist;
    struct cf_form_finder *finder;
    uint32_t *place; /* [the netlist's inputs]: where in `inputs`; UINT32_MAX: not there */
    int64_t low, high;
    uint64_t random;

    /* The gate. */
    uint32_t net;
    struct input *inputs;
    struct operand *operands;
    struct share *by_operand, *by_input;
    uint32_t input_count, operand_count, operand_capacity, share_count, share_capacity;
    uint32_t *input_nets;      /* [input_count]: as handed out */
    int64_t constant, divisor; /* of the sum; the greatest common divisor of the factors */
    int64_t least, greatest;   /* sums that the input's range allows */

    int64_t missing; /* from the sum that is wanted */
    int64_t floor;   /* operands with a sign stay at least so far from 0 */

    struct step *table; /* [2 * REACH + 1] */
    int32_t *queue;
    uint32_t *choices;
    struct cf_steered trial;
};

/* ---- memory ------------------------------------------------------------------------------------------------------ */

bool cf_steered_make(struct cf_steered *steered, const struct cf_netlist *netlist)
{
    size_t inputs = netlist->groups[CF_INPUT].count;
    *steered = (struct cf_steered){.input = calloc(inputs, sizeof *steered->input)};
    bool done = steered->input != NULL;
    for (int wish = 0; wish < CF_WISH_COUNT; wish++)
        done = (steered->x[wish] = calloc(inputs, sizeof **steered->x)) && done;
    return done;
}

void cf_steered_free(struct cf_steered *steered)
{
    for (int wish = 0; wish < CF_WISH_COUNT; wish++)
        free(steered->x[wish]);
    free(steered->input);
    *steered = (struct cf_steered){0};
}

struct cf_steering *cf_steering_new(const struct cf_netlist *netlist, struct cf_form_finder *finder)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    struct cf_steering *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->netlist = netlist;
    s->finder = finder;
    s->low = cf_type_min(input->type);
    s->high = cf_type_max(input->type);
    s->place = malloc(input->count * sizeof *s->place);
    s->inputs = calloc((size_t)input->count + 1, sizeof *s->inputs);
    s->input_nets = calloc(input->count, sizeof *s->input_nets);
    s->table = calloc(2 * REACH + 1, sizeof *s->table);
    s->queue = calloc(2 * REACH + 1, sizeof *s->queue);
    s->choices = calloc(CHOICES, sizeof *s->choices);
    bool made = cf_steered_make(&s->trial, netlist) && s->place && s->inputs && s->input_nets && s->table && s->queue &&
                s->choices;
    if (made) {
        memset(s->place, 0xff, input->count * sizeof *s->place);
        return s;
    }
    cf_steering_free(s);
    return NULL;
}

void cf_steering_free(struct cf_steering *s)
{
    if (!s)
        return;
    cf_steered_free(&s->trial);
    free(s->place);
    free(s->inputs);
    free(s->input_nets);
    free(s->operands);
    free(s->by_operand);
    free(s->by_input);
    free(s->table);
    free(s->queue);
    free(s->choices);
    free(s);
}

/* ---- the gate, as linear forms ----------------------------------------------------------------------------------- */

static uint32_t place_input(struct cf_steering *s, uint32_t net)
{
    if (s->place[net] == UINT32_MAX) {
        s->place[net] = s->input_count;
        s->inputs[s->input_count++] = (struct input){.net = net};
    }
    return s->place[net];
}

static bool add_share(struct cf_steering *s, uint32_t operand, uint32_t net, int64_t factor)
{
    if (s->share_count == s->share_capacity) {
        uint32_t capacity = s->share_capacity ? 2 * s->share_capacity : 1024;
        struct share *more = realloc(s->by_operand, capacity * sizeof *more);
        if (!more)
            return false;
        s->by_operand = more;
        more = realloc(s->by_input, capacity * sizeof *more);
        if (!more)
            return false;
        s->by_input = more;
        s->share_capacity = capacity;
    }
    s->by_operand[s->share_count++] = (struct share){operand, place_input(s, net), factor};
    return true;
}

/* The value of net `source` becomes an operand. Its shares are within the range of a net. */
static bool add_operand(struct cf_steering *s, uint32_t source, bool weight_positive)
{
    if (s->operand_count == s->operand_capacity) {
        uint32_t capacity = s->operand_capacity ? 2 * s->operand_capacity : 1024;
        struct operand *more = realloc(s->operands, capacity * sizeof *more);
        if (!more)
            return false;
        s->operands = more;
        s->operand_capacity = capacity;
    }
    struct cf_linear_form form = {.constant = 0};
    if (source >= s->netlist->groups[CF_INPUT].count && !cf_find_form(s->finder, source, &form))
        return false;
    uint32_t operand = s->operand_count++;
    s->operands[operand] = (struct operand){.constant = form.constant, .weight_positive = weight_positive};
    if (source < s->netlist->groups[CF_INPUT].count)
        return add_share(s, operand, source, 1);
    for (uint32_t i = 0; i < form.count; i++)
        if (!add_share(s, operand, form.input[i], form.factor[i]))
            return false;
    return true;
}

/* Terms from `t` on that read one row through one port: where they fill enough of it, the other nets in between become
 * operands, too. There is no wire to them, but Verilog that gives a whole row to a gate has weights of 0 there, and one
 * that is not 0 is wrong as well. Returns the number of terms. */
static uint32_t add_unread(struct cf_steering *s, const struct cf_cell *cell, const uint32_t *bases, uint32_t t)
{
    const struct cf_term *terms = cell->terms + t;
    uint32_t base = bases[terms->port], first = base + terms->offset, count = 1;
    const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, first)];
    uint32_t lanes = cf_group_lanes(group), row = first - (first - group->first_net) % lanes;
    while (t + count < cell->term_count && terms[count].port == terms->port && base + terms[count].offset < row + lanes)
        count++;
    uint32_t end = base + terms[count - 1].offset + 1, span = end - first;
    if (!cf_is_run(count, span))
        return count;
    if (cf_run_fills_row(span, lanes)) {
        first = row;
        end = row + lanes;
    }
    for (uint32_t net = first, next = 0; net < end; net++) {
        if (next < count && base + terms[next].offset == net)
            next++;
        else
            add_operand(s, net, false); /* or not, where it is no linear form: it matters less than the gate's own */
    }
    return count;
}

static void sort_shares_by_input(struct cf_steering *s)
{
    for (uint32_t i = 0; i <= s->input_count; i++)
        s->inputs[i].first = 0;
    for (uint32_t e = 0; e < s->share_count; e++)
        s->inputs[s->by_operand[e].input].first++;
    for (uint32_t i = 0, end = 0; i <= s->input_count; i++)
        s->inputs[i].first = end += s->inputs[i].first; /* ends, which the loop below moves to the beginnings */
    for (uint32_t e = s->share_count; e-- > 0;)
        s->by_input[--s->inputs[s->by_operand[e].input].first] = s->by_operand[e];
}

/* The sum's form, in s->inputs. */
static bool find_sum(struct cf_steering *s, uint32_t net)
{
    struct cf_linear_form form;
    if (!cf_find_form(s->finder, net, &form) || form.count == 0)
        return false;
    s->constant = s->least = s->greatest = form.constant;
    s->divisor = cf_form_divisor(&form);
    for (uint32_t i = 0; i < form.count; i++) {
        int64_t factor = form.factor[i];
        s->inputs[place_input(s, form.input[i])].factor = factor;
        s->least += factor * (factor > 0 ? s->low : s->high); /* within the cell's range: below 2^62 */
        s->greatest += factor * (factor > 0 ? s->high : s->low);
    }
    return true;
}

bool cf_steering_turn(struct cf_steering *s, uint32_t net)
{
    const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, net)];
    uint32_t index = net - group->first_net;
    const struct cf_cell *cell = &s->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t i = 0; i < s->input_count; i++)
        s->place[s->inputs[i].net] = UINT32_MAX;
    s->net = net;
    s->input_count = s->operand_count = s->share_count = 0;
    bool done = find_sum(s, net);
    for (uint32_t t = 0; done && t < cell->term_count; t++)
        done = add_operand(s, bases[cell->terms[t].port] + cell->terms[t].offset, cell->terms[t].weight > 0);
    for (uint32_t t = 0; done && t < cell->term_count;)
        t += add_unread(s, cell, bases, t);
    if (!done)
        return false;
    sort_shares_by_input(s);
    for (uint32_t i = 0; i < s->input_count; i++)
        s->input_nets[i] = s->inputs[i].net;
    return true;
}

const uint32_t *cf_steering_inputs(const struct cf_steering *s, uint32_t *count)
{
    *count = s->input_count;
    return s->input_nets;
}

/* ---- moving inputs ----------------------------------------------------------------------------------------------- */

static void move(struct cf_steering *s, uint32_t input, int64_t steps)
{
    struct input *in = &s->inputs[input];
    in->x += steps;
    s->missing -= in->factor * steps;
    for (uint32_t e = in[0].first; e < in[1].first; e++)
        s->operands[s->by_input[e].operand].value += s->by_input[e].factor * steps;
}

/* How many steps up (direction 1) or down (-1) the input can go: within its range, and without bringing an operand
 * nearer to 0 than the floor. */
static int64_t room(const struct cf_steering *s, uint32_t input, int direction)
{
    const struct input *in = &s->inputs[input];
    int64_t steps = direction > 0 ? s->high - in->x : in->x - s->low;
    for (uint32_t e = in[0].first; e < in[1].first && steps > 0; e++) {
        const struct operand *operand = &s->operands[s->by_input[e].operand];
        int64_t change = operand->sign * direction * s->by_input[e].factor;
        if (change >= 0)
            continue; /* away from 0, or it does not matter */
        int64_t spare = operand->sign * operand->value - s->floor;
        int64_t most = spare > 0 ? spare / -change : 0;
        steps = most < steps ? most : steps;
    }
    return steps;
}

/* Do the operands that the input feeds keep away from 0, and is the input in range? */
static bool in_order(const struct cf_steering *s, uint32_t input)
{
    const struct input *in = &s->inputs[input];
    bool good = in->x >= s->low && in->x <= s->high;
    for (uint32_t e = in[0].first; e < in[1].first && good; e++) {
        const struct operand *operand = &s->operands[s->by_input[e].operand];
        good = operand->sign == 0 || operand->sign * operand->value >= s->floor;
    }
    return good;
}

static void set_to_zero(struct cf_steering *s, int64_t wanted)
{
    s->missing = wanted - s->constant;
    for (uint32_t i = 0; i < s->input_count; i++)
        s->inputs[i].x = 0;
    for (uint32_t k = 0; k < s->operand_count; k++) {
        s->operands[k].value = s->operands[k].constant;
        s->operands[k].sign = 0;
    }
}

static void set_to(struct cf_steering *s, const int32_t *x)
{
    for (uint32_t i = 0; i < s->input_count; i++)
        if (s->inputs[i].x != x[i])
            move(s, i, x[i] - s->inputs[i].x);
}

/* Where the shares of the operand end whose first share, in s->by_operand, is `first`. */
static uint32_t end_of_operand(const struct cf_steering *s, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < s->share_count && s->by_operand[end].operand == s->by_operand[first].operand)
        end++;
    return end;
}

/* Values up to `most` in size, such that each operand's inputs pull it to the same side, by preference that which
 * brings the sum nearer to what is wanted. */
static void scatter(struct cf_steering *s, int64_t most)
{
    for (uint32_t first = 0, end; first < s->share_count; first = end) {
        bool positive = s->operands[s->by_operand[first].operand].weight_positive == (s->missing > 0);
        end = end_of_operand(s, first);
        for (uint32_t e = first; e < end; e++) {
            const struct share *share = &s->by_operand[e];
            int64_t x = 1 + (int64_t)(cf_next_random(&s->random) % (uint64_t)most);
            x = (share->factor > 0) == positive ? x : -x;
            if (s->inputs[share->input].x == 0)
                move(s, share->input, x < s->low ? s->low : x > s->high ? s->high : x);
        }
    }
}

/* Moves inputs of one operand until it is `side` * the floor away from 0. */
static void lift_to(struct cf_steering *s, uint32_t first, uint32_t end, int side)
{
    struct operand *operand = &s->operands[s->by_operand[first].operand];
    for (uint32_t e = first; e < end && side * operand->value < s->floor; e++) {
        const struct share *share = &s->by_operand[e];
        int64_t size = llabs(share->factor), wanted = (s->floor - side * operand->value + size - 1) / size;
        int direction = (share->factor > 0) == (side > 0) ? 1 : -1;
        int64_t steps = room(s, share->input, direction);
        move(s, share->input, direction * (wanted < steps ? wanted : steps));
    }
}

/* Gives each operand a sign to keep, and brings it away from 0 where it is not. */
static void lift(struct cf_steering *s)
{
    for (uint32_t first = 0, end; first < s->share_count; first = end) {
        struct operand *operand = &s->operands[s->by_operand[first].operand];
        end = end_of_operand(s, first);
        int side = operand->value > 0 ? 1 : operand->value < 0 ? -1 : cf_next_random(&s->random) % 2 ? 1 : -1;
        lift_to(s, first, end, side);
        if (operand->value == 0)
            lift_to(s, first, end, -side);
        operand->sign = (operand->value > 0) - (operand->value < 0);
    }
}

/* ---- a sum of exactly so much ------------------------------------------------------------------------------------ */

/* Moves the inputs of large factors first, then of ever smaller ones, each as far as it can shrink what is missing. A
 * full pass leaves less than the smallest factor that has room. */
static void approach(struct cf_steering *s)
{
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

/* Inputs that can be stepped, those of small factors first: they are what an exact sum takes. */
static uint32_t choose(struct cf_steering *s)
{
    uint32_t count = 0;
    for (int64_t size = 1; size < REACH; size *= 2)
        for (uint32_t i = 0; i < s->input_count && count < CHOICES; i++)
            if (llabs(s->inputs[i].factor) >= size && llabs(s->inputs[i].factor) < 2 * size &&
                (room(s, i, 1) || room(s, i, -1)))
                s->choices[count++] = i;
    return count;
}

/* Breadth first over small amounts: single steps of the inputs that lead from what is missing to nothing. */
static bool find_steps(struct cf_steering *s)
{
    static const struct step not_reached = {-1, 0, 0};
    uint32_t choices = choose(s);
    for (int32_t at = 0; at <= 2 * REACH; at++)
        s->table[at] = not_reached;
    int32_t head = 0, tail = 0, start = (int32_t)s->missing + REACH;
    s->table[start].from = start;
    s->queue[tail++] = start;
    while (head < tail) {
        int32_t at = s->queue[head++];
        if (at == REACH)
            return true;
        for (uint32_t c = 0; c < choices; c++)
            for (int change = -1; change <= 1; change += 2) {
                int64_t to = at - change * s->inputs[s->choices[c]].factor;
                if (to < 0 || to > 2 * REACH || s->table[to].from >= 0 || room(s, s->choices[c], change) == 0)
                    continue;
                s->table[to] = (struct step){at, s->choices[c], (int8_t)change};
                s->queue[tail++] = (int32_t)to;
            }
    }
    return false;
}

/* Brings a small sum that is missing to 0 in as few steps as can be; when that fails, nothing has moved. */
static bool search(struct cf_steering *s)
{
    if (s->missing <= -REACH || s->missing >= REACH)
        return false;
    int32_t start = (int32_t)s->missing + REACH;
    if (s->missing == 0)
        return true;
    if (s->missing % s->divisor != 0 || !find_steps(s))
        return false;
    bool good = true;
    for (int32_t at = REACH; at != start; at = s->table[at].from)
        move(s, s->table[at].input, s->table[at].change);
    /* An input may have been stepped more than once, and an operand moved by several: room was for one step. */
    for (int32_t at = REACH; at != start && good; at = s->table[at].from)
        good = in_order(s, s->table[at].input);
    for (int32_t at = REACH; at != start && !good; at = s->table[at].from)
        move(s, s->table[at].input, -s->table[at].change);
    return good;
}

/* ---- one attempt ------------------------------------------------------------------------------------------------- */

/* The inputs as they stand are what meets the wish. */
static void keep(struct cf_steering *s, enum cf_wish wish, int64_t sum)
{
    struct cf_steered *trial = &s->trial;
    trial->met[wish] = true;
    trial->sum[wish] = sum;
    for (uint32_t i = 0; i < s->input_count; i++)
        trial->x[wish][i] = (int32_t)s->inputs[i].x;
    for (uint32_t k = 0; k < s->operand_count; k++) {
        struct operand *operand = &s->operands[k];
        bool fires = sum >= 0;
        operand->up |= fires != (sum + operand->value >= 0);
        operand->down |= fires != (sum - operand->value >= 0);
    }
}

/* From the sum at the threshold a few steps to the next below, and from the same to the next above: all operands keep
 * their signs, and most of them their values. */
static void keep_neighbours(struct cf_steering *s, int64_t sum)
{
    for (int side = -1; side <= 1; side += 2) {
        enum cf_wish wish = side < 0 ? CF_SUM_BELOW : CF_SUM_ABOVE;
        s->missing = side * s->divisor;
        if (!search(s))
            continue;
        keep(s, wish, sum + side * s->divisor);
        set_to(s, s->trial.x[CF_SUM_AT]);
    }
}

/* The sums at the threshold and beside it. `sum` is the least of at least 0. */
static void attempt(struct cf_steering *s, uint32_t number, int64_t sum)
{
    static const int64_t parts[] = {4, 2, 8, 1};
    int64_t most = s->high / parts[number % 4];
    s->floor = number % 2 ? 1 : s->divisor;
    for (uint32_t k = 0; k < s->operand_count; k++)
        s->operands[k].up = s->operands[k].down = false;
    memset(s->trial.met, 0, sizeof s->trial.met);
    set_to_zero(s, sum);
    scatter(s, most > 0 ? most : 1);
    lift(s);
    approach(s);
    if (s->missing == 0 || search(s)) {
        keep(s, CF_SUM_AT, sum);
        keep_neighbours(s, sum);
    }
    s->trial.hidden = 0;
    for (uint32_t k = 0; k < s->operand_count; k++)
        s->trial.hidden += !s->operands[k].up || !s->operands[k].down;
}

/* What no attempt has met with operands that keep away from 0, one by one and without that. */
static void meet_alone(struct cf_steering *s, struct cf_steered *steered, int64_t sum)
{
    for (int side = -1; side <= 1; side++) {
        enum cf_wish wish = side < 0 ? CF_SUM_BELOW : side ? CF_SUM_ABOVE : CF_SUM_AT;
        int64_t wanted = sum + side * s->divisor;
        for (int tries = 0; tries < 4 && !steered->met[wish]; tries++) {
            if (wanted < s->least || wanted > s->greatest)
                break;
            set_to_zero(s, wanted);
            scatter(s, s->high / 4 > 0 ? s->high / 4 : 1);
            approach(s);
            if (s->missing != 0 && !search(s))
                continue;
            steered->met[wish] = true;
            steered->sum[wish] = wanted;
            for (uint32_t i = 0; i < s->input_count; i++)
                steered->x[wish][i] = (int32_t)s->inputs[i].x;
        }
    }
}

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

/* Fewer hidden weights, or as many and more sums met. */
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
