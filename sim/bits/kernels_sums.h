/* kernels_sums.h - sums of numbers whose bits are planes, for one vector type. Not a header of its own: to be included
 * after kernels_body.h.
 */
/* Bits beyond the last plane of an operand are copies of that plane. */
BIT_INLINE void add_numbers(bit_vector *planes, const struct cf_bit_sum *s, bool subtract)
{
    const bit_vector *left = planes + s->left, *right = planes + s->right;
    bit_vector *out = planes + s->sum, carry = bit_fill(subtract), ones = bit_fill(true);
    const uint32_t left_last = s->left_width - 1U, right_last = s->right_width - 1U, width = s->width;
    uint32_t k = 0, l = 0, r = 0;
    for (; k < s->right_shift && k < width; k++) { /* the carry of a difference stays 1 */
        out[k] = left[l];
        l += l < left_last;
    }
    for (; k < s->left_shift && k < width; k++) {
        bit_vector low = subtract ? bit_xor(right[r], ones) : right[r];
        full_adder(bit_fill(false), low, carry, &out[k], &carry);
        r += r < right_last;
    }
    for (; k < width; k++) {
        bit_vector low = subtract ? bit_xor(right[r], ones) : right[r];
        full_adder(left[l], low, carry, &out[k], &carry);
        l += l < left_last;
        r += r < right_last;
    }
}

BIT_TARGET static void add(const struct cf_bit_sum *sums, size_t count, void *window)
{
    for (const struct cf_bit_sum *s = sums; s < sums + count; s++) {
        if (s->subtract)
            add_numbers(window, s, true);
        else
            add_numbers(window, s, false);
    }
}

BIT_INLINE bit_vector bit_of_number(const bit_vector *planes, const struct cf_bit_result *r, int bit)
{
    if (bit < 0 || (bit >= r->number_width && !r->is_signed))
        return bit_fill(false);
    return planes[r->number + (uint32_t)(bit < r->number_width ? bit : r->number_width - 1)];
}

BIT_TARGET static void finish(const struct cf_bit_result *results, size_t count, void *window)
{
    bit_vector *planes = window, ones = bit_fill(true);
    for (const struct cf_bit_result *r = results; r < results + count; r++) {
        bit_vector flip = bit_fill(r->negative), carry = flip, sum = ones;
        for (int k = 0; k < r->width; k++) {
            bit_vector bit = bit_xor(bit_of_number(planes, r, k - r->shift), flip);
            full_adder(bit_fill(r->constant >> k & 1), bit, carry, &sum, &carry);
            if (!r->step)
                planes[r->result + (uint32_t)k] = sum;
        }
        if (r->step)
            planes[r->result] = bit_xor(sum, ones);
    }
}
