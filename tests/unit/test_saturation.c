/* Counting features that the quantiser clamps: against the quantiser's own definition, feature by feature. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/quantise.h"
#include "sim/frames/saturation.h"

enum { COUNT = 1 << 16 };

static uint64_t by_definition(const double *features, size_t count, struct cf_type type, double scale)
{
    double low = (double)cf_type_min(type), high = (double)cf_type_max(type);
    uint64_t outside = 0;
    for (size_t i = 0; i < count; i++)
        outside += cf_quantised(features[i], scale, low, high) != cf_quantised(features[i], scale, -1e18, 1e18);
    return outside;
}

static struct cf_tensor tensor_of(enum cf_dtype dtype, const void *data, size_t count)
{
    return (struct cf_tensor){.name = "x",
                              .dtype = dtype,
                              .rank = 1,
                              .shape = {count},
                              .count = count,
                              .size = count * cf_dtype_size(dtype),
                              .data = data};
}

/* Every finite half, and floats around the limits. */
static void counts_are_those_of_the_definition(void **state)
{
    (void)state;
    static uint16_t halves[COUNT];
    static float floats[COUNT];
    static double values[COUNT];
    static const double scales[] = {0.0367072959, 0.05, 1, 3e-5, 7.25, 512, 1e4};
    size_t finite = 0;
    for (uint32_t bits = 0; bits < COUNT; bits++)
        if ((bits & 0x7c00) != 0x7c00)
            halves[finite++] = (uint16_t)bits;
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (uint8_t width = 2; width <= 16; width += 7) {
            struct cf_type type = {width, true, 0};
            struct cf_saturation limits = cf_saturation_of(type, scales[s]);
            struct cf_tensor tensor = tensor_of(CF_F16, halves, finite);
            cf_tensor_to_f64(&tensor, 0, finite, values);
            assert_int_equal(cf_saturated(limits, &tensor), by_definition(values, finite, type, scales[s]));
            for (int i = 0; i < COUNT; i++) {
                double limit = (i % 2 ? limits.high : limits.low);
                floats[i] = (float)(limit * (1 + (i - COUNT / 2) * 1e-9));
            }
            tensor = tensor_of(CF_F32, floats, COUNT);
            cf_tensor_to_f64(&tensor, 0, COUNT, values);
            assert_int_equal(cf_saturated(limits, &tensor), by_definition(values, COUNT, type, scales[s]));
            tensor = tensor_of(CF_F64, values, COUNT);
            assert_int_equal(cf_saturated(limits, &tensor), by_definition(values, COUNT, type, scales[s]));
        }
}

/* The limits are the outermost doubles that are kept. */
static void limits_are_tight(void **state)
{
    (void)state;
    static const double scales[] = {0.0367072959, 0.1, 1e-300, 1e300, 3};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        struct cf_type type = {8, true, 0};
        struct cf_saturation limits = cf_saturation_of(type, scales[s]);
        assert_true(rint(limits.high / scales[s]) <= 127 && rint(nextafter(limits.high, INFINITY) / scales[s]) > 127);
        assert_true(rint(limits.low / scales[s]) >= -128 && rint(nextafter(limits.low, -INFINITY) / scales[s]) < -128);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_the_definition),
        cmocka_unit_test(limits_are_tight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
