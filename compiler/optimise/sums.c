/* sums.c - builds sums of digits, and replaces digits in them. */
#include "compiler/optimise/sums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void cf_shift_sums_free(struct cf_shift_sums *sums)
{
    free(sums->made);
    free(sums->digits);
    free(sums->start);
    *sums = (struct cf_shift_sums){0};
}

bool cf_shift_sums_make(struct cf_shift_sums *sums, struct cf_digit first, struct cf_digit second, uint32_t *signal)
{
    assert(first.signal < sums->signals && second.signal < sums->signals && !first.negative);
    uint32_t made = sums->signals - sums->columns;
    if (!cf_array_reserve(&sums->made, &sums->made_capacity, made + (size_t)1, sizeof *sums->made))
        return false;
    sums->made[made] = (struct cf_made){first, second};
    *signal = sums->signals++;
    return true;
}

bool cf_shift_sums_add(struct cf_shift_sums *sums, struct cf_digit digit)
{
    assert(digit.signal < sums->signals && digit.shift <= CF_MAX_DIGIT_SHIFT);
    if (!cf_array_reserve(&sums->digits, &sums->digit_capacity, sums->digit_count + (size_t)1, sizeof *sums->digits))
        return false;
    sums->digits[sums->digit_count++] = digit;
    return true;
}

bool cf_shift_sums_end_row(struct cf_shift_sums *sums)
{
    if (!cf_array_reserve(&sums->start, &sums->start_capacity, sums->rows + (size_t)2, sizeof *sums->start))
        return false;
    sums->start[0] = 0;
    sums->start[++sums->rows] = sums->digit_count;
    return true;
}

bool cf_shift_sums_add_multiple(struct cf_shift_sums *sums, uint32_t signal, int64_t value)
{
    assert(value > -((int64_t)1 << 61) && value < (int64_t)1 << 61);
    for (uint8_t shift = 0; value != 0; shift++, value /= 2) {
        if (value % 2 == 0)
            continue;
        int digit = (value & 3) == 1 ? 1 : -1; /* leaves a multiple of 4 */
        if (!cf_shift_sums_add(sums, (struct cf_digit){signal, shift, digit < 0}))
            return false;
        value -= digit;
    }
    return true;
}

/* Without a call of the compiler's library, which is one where the processor is not known to count bits. */
static int count_bits(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int)(bits * UINT64_C(0x0101010101010101) >> 56);
}

int cf_csd_weight(int64_t value)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    return count_bits(magnitude ^ 3 * magnitude);
}

uint64_t cf_shift_sums_adders(const struct cf_shift_sums *sums)
{
    uint64_t adders = sums->signals - sums->columns;
    for (uint32_t r = 0; r < sums->rows; r++) {
        uint32_t digits = sums->start[r + 1] - sums->start[r];
        adders += digits > 1 ? digits - 1 : 0;
    }
    return adders;
}

void cf_shift_sums_uses(const struct cf_shift_sums *sums, uint8_t *uses)
{
    memset(uses, 0, sums->signals);
    for (uint32_t d = 0; d < sums->digit_count; d++)
        uses[sums->digits[d].signal] |= CF_USED_BY_ROWS;
    for (uint32_t m = sums->signals - sums->columns; m-- > 0;)
        if (uses[sums->columns + m]) {
            uses[sums->made[m].first.signal] |= CF_USED_BY_SIGNALS;
            uses[sums->made[m].second.signal] |= CF_USED_BY_SIGNALS;
        }
}

uint32_t cf_shift_sums_row(const struct cf_shift_sums *sums, uint32_t digit)
{
    assert(digit < sums->digit_count);
    uint32_t low = 0, high = sums->rows;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (sums->start[middle] <= digit)
            low = middle;
        else
            high = middle;
    }
    return low;
}

bool cf_shift_sums_replace(struct cf_shift_sums *sums, const uint8_t *dead, const struct cf_gain *gains,
                           size_t gain_count)
{
    uint32_t *place = calloc(sums->rows + (size_t)1, sizeof *place); /* where each row's next digit goes */
    struct cf_digit *digits = malloc((sums->digit_count + gain_count + 1) * sizeof *digits);
    bool done = place && digits;
    if (done) {
        for (size_t g = 0; g < gain_count; g++)
            place[gains[g].row + 1]++;
        for (uint32_t r = 0; r < sums->rows; r++)
            for (uint32_t d = sums->start[r]; d < sums->start[r + 1]; d++)
                place[r + 1] += !dead[d];
        for (uint32_t r = 0; r < sums->rows; r++)
            place[r + 1] += place[r];
        uint32_t total = place[sums->rows];
        for (uint32_t r = 0; r < sums->rows; r++) {
            uint32_t first = sums->start[r], end = sums->start[r + 1];
            sums->start[r] = place[r];
            for (uint32_t d = first; d < end; d++)
                if (!dead[d])
                    digits[place[r]++] = sums->digits[d];
        }
        for (size_t g = 0; g < gain_count; g++)
            digits[place[gains[g].row]++] = gains[g].digit;
        sums->start[sums->rows] = total;
        sums->digit_capacity = sums->digit_count + gain_count + 1;
        sums->digit_count = total;
        free(sums->digits);
        sums->digits = digits;
        digits = NULL;
    }
    free(place);
    free(digits);
    return done;
}

bool cf_shift_sums_of_matrix(struct cf_shift_sums *sums, const struct cf_matrix *matrix)
{
    *sums = (struct cf_shift_sums){.columns = matrix->columns, .signals = matrix->columns};
    for (uint32_t r = 0; r < matrix->rows; r++) {
        for (uint32_t c = 0; c < matrix->columns; c++)
            if (!cf_shift_sums_add_multiple(sums, c, matrix->at[(size_t)r * matrix->columns + c]))
                return false;
        if (!cf_shift_sums_end_row(sums))
            return false;
    }
    return true;
}
