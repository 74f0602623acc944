/* reopen.c - searches in large neighbourhoods: undoes part of the sharing and does it again. */
#include "compiler/optimise/reopen.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/packing.h"

static void *copy_of(const void *from, size_t count, size_t size)
{
    void *to = malloc((count + 1) * size);
    if (to && count)
        memcpy(to, from, count * size);
    return to;
}

static bool copy_sums(struct cf_shift_sums *to, const struct cf_shift_sums *from)
{
    size_t made = from->signals - from->columns;
    *to = *from;
    to->made = copy_of(from->made, made, sizeof *from->made);
    to->digits = copy_of(from->digits, from->digit_count, sizeof *from->digits);
    to->start = copy_of(from->start, from->rows + (size_t)1, sizeof *from->start);
    to->made_capacity = made + 1;
    to->digit_capacity = from->digit_count + (size_t)1;
    to->start_capacity = from->rows + (size_t)2;
    return to->made && to->digits && to->start;
}

/* Adders that the sums take, without signals that nothing uses. */
static uint64_t adders_of(const struct cf_shift_sums *sums, uint8_t *uses)
{
    uint64_t adders = cf_shift_sums_adders(sums);
    cf_shift_sums_uses(sums, uses);
    for (uint32_t s = sums->columns; s < sums->signals; s++)
        adders -= uses[s] == 0;
    return adders;
}

static bool holds(const struct cf_digit *row, uint32_t count, struct cf_digit digit)
{
    for (uint32_t i = 0; i < count; i++)
        if (row[i].signal == digit.signal && row[i].shift == digit.shift)
            return true;
    return false;
}

/* The digits that a digit of a made signal stands for. */
static struct cf_digit part_of(struct cf_digit digit, struct cf_digit part)
{
    return (struct cf_digit){part.signal, (uint8_t)(digit.shift + part.shift), digit.negative != part.negative};
}

/* Replaces the digits of the signals to be taken back, but not where a row would then hold a digit twice. */
static bool take_back(struct cf_shift_sums *sums, const uint8_t *back)
{
    struct cf_digit *digits = malloc((2 * (size_t)sums->digit_count + 1) * sizeof *digits);
    if (!digits)
        return false;
    uint32_t count = 0, begin = 0;
    for (uint32_t r = 0; r < sums->rows; r++) {
        uint32_t first = count, end = sums->start[r + 1], length = end - begin;
        memcpy(digits + count, sums->digits + begin, length * sizeof *digits);
        count += length;
        for (uint32_t i = first; i < first + length; i++) {
            struct cf_digit digit = digits[i];
            if (!back[digit.signal])
                continue;
            const struct cf_made *made = &sums->made[digit.signal - sums->columns];
            struct cf_digit one = part_of(digit, made->first), other = part_of(digit, made->second);
            if (holds(digits + first, count - first, one) || holds(digits + first, count - first, other))
                continue;
            digits[i] = one;
            digits[count++] = other;
        }
        begin = end;
        sums->start[r + 1] = count;
    }
    free(sums->digits);
    sums->digits = digits;
    sums->digit_capacity = 2 * (size_t)sums->digit_count + 1;
    sums->digit_count = count;
    return true;
}

/* Where a row holds 4x - x of some signal x, it may hold 2x + x instead, and the other way round: as many digits, which
 * have other patterns in common with other rows. Exchanges the pair, unless the row would then hold a digit twice. */
static void recode_pair(struct cf_digit *row, uint32_t count, struct cf_digit *low, struct cf_digit *high)
{
    bool difference = low->negative != high->negative;
    struct cf_digit other = *high;
    other.shift = (uint8_t)(low->shift + (difference ? 1 : 2));
    if (other.shift > CF_MAX_DIGIT_SHIFT || holds(row, count, other))
        return;
    low->negative = !low->negative;
    high->shift = other.shift;
}

/* Writes pairs of digits in the other way, each with the probability `share`. */
static void recode(struct cf_shift_sums *sums, double share, struct cf_search *search)
{
    for (uint32_t r = 0; r < sums->rows; r++) {
        struct cf_digit *row = sums->digits + sums->start[r];
        uint32_t count = sums->start[r + 1] - sums->start[r];
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t j = 0; j < count; j++)
                if (row[i].signal == row[j].signal &&
                    row[j].shift == row[i].shift + (row[i].negative != row[j].negative ? 2 : 1) &&
                    cf_search_draw(search) < share)
                    recode_pair(row, count, &row[i], &row[j]);
    }
}

/* Chooses signals at random among those that rows alone use, and takes them back. */
static bool open_some(struct cf_shift_sums *sums, double share, struct cf_search *search)
{
    uint8_t *uses = malloc(sums->signals + (size_t)1);
    if (!uses)
        return false;
    cf_shift_sums_uses(sums, uses);
    for (uint32_t s = 0; s < sums->signals; s++)
        uses[s] = s >= sums->columns && uses[s] == CF_USED_BY_ROWS && cf_search_draw(search) < share;
    bool done = take_back(sums, uses);
    free(uses);
    return done;
}

struct reopening {
    struct cf_shift_sums *sums; /* those to go on with */
    struct cf_shift_sums best;  /* with slack: the best so far, where `sums` are not */
    uint64_t fewest;            /* adders of the best */
    bool strayed;               /* `sums` take more */
    const struct cf_reopen_options *options;
    struct cf_search *search;
};

static void swap(struct cf_shift_sums *a, struct cf_shift_sums *b)
{
    struct cf_shift_sums c = *a;
    *a = *b;
    *b = c;
}

/* Goes on with the other sums. What is the best so far stays in `best` where they are worse. */
static void go_on_with(struct reopening *r, struct cf_shift_sums *other, uint64_t adders)
{
    swap(r->sums, other);
    if (adders > r->fewest && !r->strayed)
        swap(&r->best, other);
    r->strayed = adders > r->fewest;
    r->fewest = r->strayed ? r->fewest : adders;
}

static bool try_once(struct reopening *r)
{
    const struct cf_reopen_options *o = r->options;
    struct cf_shift_sums other = {0};
    bool done =
        copy_sums(&other, r->sums) && open_some(&other, o->share, r->search) && open_some(&other, o->share, r->search);
    if (done && o->recode > 0) /* large rows would take long */
        recode(&other, o->recode, r->search);
    done = done && cf_share_in_rounds(&other, &o->rounds, r->search) && cf_pack(&other, o->proposals, r->search);
    uint8_t *uses = done ? malloc(other.signals + (size_t)1) : NULL;
    uint64_t adders = uses ? adders_of(&other, uses) : UINT64_MAX;
    bool known = uses != NULL;
    free(uses);
    if (known && adders <= r->fewest + o->slack)
        go_on_with(r, &other, adders);
    cf_shift_sums_free(&other);
    return done && adders != UINT64_MAX;
}

bool cf_reopen(struct cf_shift_sums *sums, const struct cf_reopen_options *options, struct cf_search *search)
{
    struct reopening r = {.sums = sums, .options = options, .search = search};
    uint8_t *uses = malloc(sums->signals + (size_t)1);
    if (!uses)
        return false;
    r.fewest = adders_of(sums, uses);
    free(uses);
    bool done = true;
    for (uint64_t i = 0; done && i < options->times && cf_search_goes_on(search); i++)
        done = try_once(&r);
    if (r.strayed)
        swap(sums, &r.best);
    cf_shift_sums_free(&r.best);
    return done;
}
