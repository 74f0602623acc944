/* Conversions against independent formulas, non-finite search, and the texts of shapes and indices. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/tensor.h"

static struct cf_tensor vector(enum cf_dtype dtype, const void *data, uint64_t count)
{
    return (struct cf_tensor){.name = "t",
                              .dtype = dtype,
                              .rank = 1,
                              .shape = {count},
                              .count = count,
                              .size = count * cf_dtype_size(dtype),
                              .data = data};
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The value as IEEE 754 defines it: sign, `exponent_bits` exponent bits, the rest fraction. */
static double small_float(unsigned bits, int exponent_bits)
{
    int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    int fraction = (int)bits & ((1 << fraction_bits) - 1);
    double value;
    if (exponent == (1 << exponent_bits) - 1)
        value = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, 1 - bias - fraction_bits);
    else
        value = ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
    return bits & 0x8000 ? copysign(value, -1) : copysign(value, 1);
}

static void check_all_16_bit_values(enum cf_dtype dtype, int exponent_bits)
{
    /* One byte off, so that every load is unaligned. */
    uint8_t *bytes = malloc(65536 * 2 + 1);
    double *doubles = malloc(65536 * sizeof *doubles);
    assert_true(bytes && doubles);
    for (unsigned i = 0; i < 65536; i++) {
        bytes[1 + 2 * i] = (uint8_t)i;
        bytes[2 + 2 * i] = (uint8_t)(i >> 8);
    }
    struct cf_tensor tensor = vector(dtype, bytes + 1, 65536);
    cf_tensor_to_f64(&tensor, 0, 65536, doubles);
    for (unsigned i = 0; i < 65536; i++) {
        double expected = small_float(i, exponent_bits);
        uint64_t nonfinite = cf_tensor_find_nonfinite(&tensor, i, 1);
        assert_int_equal(nonfinite, isfinite(expected) ? UINT64_MAX : i);
        if (isnan(expected)) {
            assert_true(isnan(doubles[i]));
            assert_int_equal(!!signbit(doubles[i]), !!signbit(expected));
        } else {
            assert_true(double_bits(doubles[i]) == double_bits(expected));
        }
    }
    free(bytes);
    free(doubles);
}

static void f16_all_values(void **state)
{
    (void)state;
    check_all_16_bit_values(CF_F16, 5);
}

static void bf16_all_values(void **state)
{
    (void)state;
    check_all_16_bit_values(CF_BF16, 8);
}

/* Short runs take the scalar remainder of a vectorised loop; all lengths must agree with the whole. */
static void f16_every_length(void **state)
{
    (void)state;
    uint16_t halves[67];
    double whole[67], part[67];
    for (size_t i = 0; i < 67; i++)
        halves[i] = (uint16_t)(i * 977 + 3);
    struct cf_tensor tensor = vector(CF_F16, halves, 67);
    cf_tensor_to_f64(&tensor, 0, 67, whole);
    for (uint64_t first = 0; first < 67; first += 3) {
        for (uint64_t count = 0; first + count <= 67; count++) {
            memset(part, 0x55, sizeof part);
            cf_tensor_to_f64(&tensor, first, count, part);
            assert_memory_equal(part, whole + first, count * sizeof *part);
            if (count < 67)
                assert_true(double_bits(part[count]) == 0x5555555555555555); /* nothing behind the end is written */
        }
    }
}

#define CHECK_INTEGERS(dtype, type, ...)                                                                               \
    do {                                                                                                               \
        const type values[] = {__VA_ARGS__};                                                                           \
        enum { N = sizeof values / sizeof values[0] };                                                                 \
        uint8_t bytes[sizeof values + 1];                                                                              \
        memcpy(bytes + 1, values, sizeof values);                                                                      \
        struct cf_tensor tensor = vector(dtype, bytes + 1, N);                                                         \
        double doubles[N];                                                                                             \
        int64_t integers[N];                                                                                           \
        struct cf_error err;                                                                                           \
        cf_tensor_to_f64(&tensor, 0, N, doubles);                                                                      \
        assert_true(cf_tensor_to_i64(&tensor, 0, N, integers, &err));                                                  \
        assert_true(cf_tensor_find_nonfinite(&tensor, 0, N) == UINT64_MAX);                                            \
        for (size_t i = 0; i < N; i++) {                                                                               \
            assert_true(doubles[i] == (double)values[i]);                                                              \
            assert_true(integers[i] == (int64_t)values[i]);                                                            \
        }                                                                                                              \
    } while (0)

static void integers_of_every_width(void **state)
{
    (void)state;
    CHECK_INTEGERS(CF_U8, uint8_t, 0, 1, 127, 128, 255);
    CHECK_INTEGERS(CF_I8, int8_t, 0, 1, -1, 127, -128);
    CHECK_INTEGERS(CF_U16, uint16_t, 0, 1, 32768, 65535);
    CHECK_INTEGERS(CF_I16, int16_t, 0, -1, 32767, -32768);
    CHECK_INTEGERS(CF_U32, uint32_t, 0, 1, 16777217, 2147483648u, UINT32_MAX);
    CHECK_INTEGERS(CF_I32, int32_t, 0, -1, 16777217, INT32_MAX, INT32_MIN);
    CHECK_INTEGERS(CF_U64, uint64_t, 0, 1, (1ull << 53) + 1, INT64_MAX);
    CHECK_INTEGERS(CF_I64, int64_t, -1, (1ll << 54) + (1ll << 30) + 1, -(1ll << 53) - 1, INT64_MAX, INT64_MIN);
}

static void booleans(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 1, 2, 255};
    struct cf_tensor tensor = vector(CF_BOOL, bytes, 4);
    double doubles[4];
    int64_t integers[4];
    cf_tensor_to_f64(&tensor, 0, 4, doubles);
    assert_true(cf_tensor_to_i64(&tensor, 0, 4, integers, NULL));
    for (int i = 0; i < 4; i++) {
        assert_true(doubles[i] == (i ? 1 : 0));
        assert_int_equal(integers[i], i ? 1 : 0);
    }
}

static void floats_unaligned(void **state)
{
    (void)state;
    const float f32[] = {0.0f, -0.0f, 1.5f, 1e-45f, 3.4e38f, -INFINITY};
    const double f64[] = {0.1, -0.0, 1e300, 4.9e-324, 16777217.0, INFINITY};
    uint8_t bytes[1 + sizeof f64];
    double doubles[6];

    memcpy(bytes + 1, f32, sizeof f32);
    struct cf_tensor tensor = vector(CF_F32, bytes + 1, 6);
    cf_tensor_to_f64(&tensor, 0, 6, doubles);
    for (int i = 0; i < 6; i++)
        assert_true(double_bits(doubles[i]) == double_bits((double)f32[i]));

    memcpy(bytes + 1, f64, sizeof f64);
    tensor = vector(CF_F64, bytes + 1, 6);
    cf_tensor_to_f64(&tensor, 0, 6, doubles);
    assert_memory_equal(doubles, f64, sizeof f64);
}

static void i64_refuses_floats_and_large_u64(void **state)
{
    (void)state;
    const double real = 1.0;
    const uint64_t large[6] = {0, 1, 2, 3, 1ull << 63, 5};
    int64_t out[6];
    struct cf_error err;
    struct cf_tensor tensor = vector(CF_F64, &real, 1);
    assert_false(cf_tensor_to_i64(&tensor, 0, 1, out, &err));
    assert_string_equal(err.text, "tensor 't': holds F64 where integers are expected");

    tensor = vector(CF_U64, large, 6);
    tensor.rank = 2;
    tensor.shape[0] = 2;
    tensor.shape[1] = 3;
    assert_true(cf_tensor_to_i64(&tensor, 0, 4, out, &err));
    assert_false(cf_tensor_to_i64(&tensor, 2, 4, out, &err));
    assert_string_equal(err.text,
                        "tensor 't': element [1,1] is 9223372036854775808, which does not fit 64 signed bits");
}

static void nonfinite_is_found_anywhere(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static const enum cf_dtype dtypes[] = {CF_F16, CF_BF16, CF_F32, CF_F64};
    static const uint64_t infinity[] = {0x7c00, 0x7f80, 0x7f800000, 0x7ff0000000000000};
    static const uint64_t nan[] = {0xfe01, 0xff81, 0xff800001, 0xfff0000000000001};
    static const uint64_t places[] = {0, 1, 1023, 1024, 2047, 4095, 4999};
    for (size_t d = 0; d < 4; d++) {
        size_t size = cf_dtype_size(dtypes[d]);
        uint8_t *data = calloc(COUNT, size);
        assert_non_null(data);
        struct cf_tensor tensor = vector(dtypes[d], data, COUNT);
        assert_true(cf_tensor_find_nonfinite(&tensor, 0, COUNT) == UINT64_MAX);
        assert_true(cf_tensor_find_nonfinite(&tensor, 0, 0) == UINT64_MAX);
        for (size_t p = sizeof places / sizeof places[0]; p-- > 0;) {
            memcpy(data + places[p] * size, p % 2 ? &nan[d] : &infinity[d], size);
            assert_true(cf_tensor_find_nonfinite(&tensor, 0, COUNT) == places[p]);
            assert_true(cf_tensor_find_nonfinite(&tensor, 0, places[p]) == UINT64_MAX);
            assert_true(cf_tensor_find_nonfinite(&tensor, places[p], COUNT - places[p]) == places[p]);
        }
        free(data);
    }
}

static void texts(void **state)
{
    (void)state;
    char text[256];
    struct cf_tensor tensor = {.rank = 3, .shape = {768, 40, 41}};
    assert_string_equal(cf_shape_text(&tensor, text, sizeof text), "[768, 40, 41]");
    assert_string_equal(cf_index_text(&tensor, 0, text, sizeof text), "[0,0,0]");
    assert_string_equal(cf_index_text(&tensor, 40 * 41 * 5 + 41 * 3 + 17, text, sizeof text), "[5,3,17]");
    tensor = (struct cf_tensor){.rank = 0};
    assert_string_equal(cf_shape_text(&tensor, text, sizeof text), "[]");
    assert_string_equal(cf_index_text(&tensor, 0, text, sizeof text), "[]");
    tensor = (struct cf_tensor){.rank = 2, .shape = {UINT64_MAX, 0}};
    assert_string_equal(cf_shape_text(&tensor, text, sizeof text), "[18446744073709551615, 0]");
    for (size_t size = 1; size < 30; size++) { /* cut, never overrun */
        memset(text, 'x', sizeof text);
        assert_true(strlen(cf_shape_text(&tensor, text, size)) < size);
        assert_int_equal(text[size], 'x');
    }
}

static void products(void **state)
{
    (void)state;
    uint64_t out;
    assert_true(cf_mul_u64(UINT32_MAX, UINT32_MAX, &out));
    assert_true(out == 0xfffffffe00000001u);
    assert_true(cf_mul_u64(UINT64_MAX, 0, &out) && out == 0);
    assert_true(cf_mul_u64(UINT64_MAX, 1, &out) && out == UINT64_MAX);
    assert_false(cf_mul_u64(1ull << 32, 1ull << 32, &out));
    assert_false(cf_mul_u64(UINT64_MAX, 2, &out));
}

static void dtypes_have_names_and_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
    } table[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2},
                 {"U32", 4},  {"I32", 4}, {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};
    for (int i = 0; i < CF_DTYPE_COUNT; i++) {
        assert_string_equal(cf_dtype_name((enum cf_dtype)i), table[i].name);
        assert_int_equal(cf_dtype_size((enum cf_dtype)i), table[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f16_all_values),
        cmocka_unit_test(bf16_all_values),
        cmocka_unit_test(f16_every_length),
        cmocka_unit_test(integers_of_every_width),
        cmocka_unit_test(booleans),
        cmocka_unit_test(floats_unaligned),
        cmocka_unit_test(i64_refuses_floats_and_large_u64),
        cmocka_unit_test(nonfinite_is_found_anywhere),
        cmocka_unit_test(texts),
        cmocka_unit_test(products),
        cmocka_unit_test(dtypes_have_names_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
