/* kernels_body.h - the interpreter, for one vector type. Not a header of its own: each kernels_*.c defines, and
 * then includes this:
 *
 *     BIT_TARGET    the function attributes (the target), or nothing
 *     bit_vector    the type of a plane
 *     bit_sum3(a, b, c), bit_carry(a, b, c, sum), bit_xor(a, b), bit_fill(one)   functions on it: a full adder's
 *                   outputs, of which the first may help to make the second; and all bits alike
 */
/* Elements of code to fetch ahead: code is read once per pass, and comes from a farther cache than the planes. */
enum { BIT_AHEAD = 512 };

#define BIT_INLINE BIT_TARGET static inline __attribute__((always_inline))

/* Operand `i` of an instruction. Four are read with one load, because the loads of operands and those of planes compete
 * with each other. (Code is padded, so that this does not read beyond the array.) */
BIT_INLINE size_t operand(const uint16_t *code, int i)
{
    uint64_t four;
    memcpy(&four, code + (i & ~3), sizeof four);
    return sizeof(bit_vector) / CF_PLANE_STEP * (size_t)(uint16_t)(four >> 16 * (i & 3));
}

BIT_INLINE bit_vector plane_in(const uint8_t *window, const uint16_t *code, int i)
{
    return *(const bit_vector *)(window + operand(code, i));
}

BIT_INLINE void plane_out(uint8_t *window, const uint16_t *code, int i, bit_vector value)
{
    *(bit_vector *)(window + operand(code, i)) = value;
}

BIT_INLINE void full_adder(bit_vector a, bit_vector b, bit_vector c, bit_vector *sum, bit_vector *carry)
{
    bit_vector s = bit_sum3(a, b, c);
    *carry = bit_carry(a, b, c, s);
    *sum = s;
}

BIT_INLINE void count7(const bit_vector in[7], bit_vector out[3])
{
    bit_vector s1, s2, c1, c2, c3;
    full_adder(in[0], in[1], in[2], &s1, &c1);
    full_adder(in[3], in[4], in[5], &s2, &c2);
    full_adder(s1, s2, in[6], &out[0], &c3);
    full_adder(c1, c2, c3, &out[1], &out[2]);
}

BIT_INLINE void flip_bits(bit_vector *bits, int count, bit_vector flip)
{
    for (int i = 0; i < count; i++)
        bits[i] = bit_xor(bits[i], flip);
}

/* Counters of the operands from number `at` on. `flip`: all bits alike, for the first half, the second and the last
 * operand; NULL inverts none. Counting inverted bits gives the inverted count. */
BIT_INLINE void count15(const uint8_t *w, const uint16_t *code, int at, const bit_vector *flip, bit_vector out[4])
{
    bit_vector in[15], low[3], high[3], carry;
    for (int i = 0; i < 15; i++)
        in[i] = plane_in(w, code, at + i);
    count7(in, low);
    count7(in + 7, high);
    if (flip) {
        flip_bits(low, 3, flip[0]);
        flip_bits(high, 3, flip[1]);
        flip_bits(in + 14, 1, flip[2]);
    }
    full_adder(low[0], high[0], in[14], &out[0], &carry);
    full_adder(low[1], high[1], carry, &out[1], &carry);
    full_adder(low[2], high[2], carry, &out[2], &out[3]);
}

BIT_INLINE void count31(const uint8_t *w, const uint16_t *code, const bit_vector flip[3], bit_vector out[5])
{
    bit_vector low[4], high[4], carry;
    count15(w, code, 0, NULL, low);
    count15(w, code, 15, NULL, high);
    carry = plane_in(w, code, 30);
    flip_bits(low, 4, flip[0]);
    flip_bits(high, 4, flip[1]);
    flip_bits(&carry, 1, flip[2]);
    for (int i = 0; i < 4; i++)
        full_adder(low[i], high[i], carry, &out[i], &carry);
    out[4] = carry;
}

/* A run of large counters. */
BIT_INLINE const uint16_t *run_counts(const uint16_t *code, uint8_t *w, uint32_t count, uint32_t inverted, int n)
{
    const int inputs = (1 << n) - 1;
    bit_vector flip[3] = {bit_fill(inverted & CF_BIT_FIRST_HALF), bit_fill(inverted & CF_BIT_SECOND_HALF),
                          bit_fill(inverted & CF_BIT_LAST)};
    for (; count > 0; count--, code += inputs + n) {
        __builtin_prefetch(code + BIT_AHEAD);
        bit_vector out[5];
        if (n == 5)
            count31(w, code, flip, out);
        else
            count15(w, code, 0, flip, out);
        for (int i = 0; i < n; i++)
            plane_out(w, code, inputs + i, out[i]);
    }
    return code;
}

/* A run of small instructions: memory limits them, so that inverting costs nothing. */
BIT_INLINE const uint16_t *run_small(const uint16_t *code, uint8_t *w, uint32_t count, uint32_t inverted, int inputs,
                                     int outputs)
{
    bit_vector flip[7], in[7], out[3], zero = bit_fill(false);
    for (int i = 0; i < inputs; i++)
        flip[i] = bit_fill(inverted >> i & 1);
    for (; count > 0; count--, code += inputs + outputs) {
        __builtin_prefetch(code + BIT_AHEAD);
        for (int i = 0; i < inputs; i++)
            in[i] = bit_xor(plane_in(w, code, i), flip[i]);
        if (inputs == 7)
            count7(in, out);
        else if (inputs == 1)
            out[0] = in[0];
        else
            full_adder(in[0], in[1], inputs == 3 ? in[2] : zero, &out[0], &out[1]);
        for (int i = 0; i < outputs; i++)
            plane_out(w, code, inputs + i, out[i]);
    }
    return code;
}

BIT_TARGET static void run(const uint16_t *code, void *window)
{
    uint8_t *w = window;
    for (;;) {
        uint16_t op = code[0];
        uint32_t count = code[1], inverted = code[2];
        code += 3;
        switch (op) {
        case CF_BIT_COPY:
            code = run_small(code, w, count, inverted, 1, 1);
            break;
        case CF_BIT_HALF:
            code = run_small(code, w, count, inverted, 2, 2);
            break;
        case CF_BIT_FULL:
            code = run_small(code, w, count, inverted, 3, 2);
            break;
        case CF_BIT_COUNT7:
            code = run_small(code, w, count, inverted, 7, 3);
            break;
        case CF_BIT_COUNT15:
            code = run_counts(code, w, count, inverted, 4);
            break;
        case CF_BIT_COUNT31:
            code = run_counts(code, w, count, inverted, 5);
            break;
        default:
            return;
        }
    }
}
