/* The fast quantisers against the formula: all 65,536 halves, floats around every tie, and any shape. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/frames/quantise.h"
#include "sim/frames/quantise_kernels.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

static struct cf_netlist *make_netlist(uint32_t h, uint32_t w, uint32_t d, int bits, bool is_signed, double scale)
{
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("quantise", &err);
    assert_non_null(n);
    struct cf_type type = {(uint8_t)bits, is_signed, 0};
    assert_done(cf_netlist_add_group(n, "input", 3, (uint32_t[]){h, w, d}, 0, type, false, &err), &err);
    n->input_scale = scale;
    return n;
}

static double value_of(const struct cf_tensor *tensor, uint64_t element)
{
    double value;
    cf_tensor_to_f64(tensor, element, 1, &value);
    return value;
}

/* Quantises with every instruction set and 1 and 3 threads, and compares all elements with the formula. */
static void check(const struct cf_netlist *n, const struct cf_tensor *features)
{
    const struct cf_group *input = &n->groups[CF_INPUT];
    enum cf_storage lane = cf_storage_of(input->type);
    uint32_t d = input->shape[2], plane = input->count / d;
    for (int k = 0; cf_quantise_kernel_at(k); k++)
        for (int threads = 1; threads <= 3; threads += 2) {
            struct cf_error err;
            struct cf_quantiser *q = cf_quantiser_new(n, cf_quantise_kernel_at(k)->name, &err);
            assert_done(q != NULL, &err);
            void *out = malloc(input->count * cf_storage_size(lane));
            assert_true(cf_quantise(q, features, out, threads) == UINT64_MAX);
            for (uint32_t i = 0; i < input->count; i++) {
                double quotient = value_of(features, (uint64_t)(i % d) * plane + i / d) / n->input_scale;
                double wanted =
                    fmax((double)cf_type_min(input->type), fmin((double)cf_type_max(input->type), rint(quotient)));
                if ((double)cf_storage_get(out, lane, i) != wanted)
                    fail_msg("%s: element %u: %g quantises to %lld, not %g", cf_quantise_kernel_at(k)->name, i,
                             quotient * n->input_scale, (long long)cf_storage_get(out, lane, i), wanted);
            }
            free(out);
            cf_quantiser_free(q);
        }
}

static struct cf_tensor tensor_of(const struct cf_netlist *n, enum cf_dtype dtype, const void *data)
{
    const struct cf_group *input = &n->groups[CF_INPUT];
    struct cf_tensor t = {.name = "features",
                          .dtype = dtype,
                          .rank = 3,
                          .shape = {input->shape[2], input->shape[0], input->shape[1]},
                          .count = input->count,
                          .data = data};
    t.size = t.count * cf_dtype_size(dtype);
    return t;
}

static const double scales[] = {0.0366984442, 1, 0.5, 1.0 / 3, 3e-5, 700, 0x1p-24, 1e-30, 1e30, 3, 0.75, 1.5, 2e-4};

static void every_half_quantises_by_the_formula(void **state)
{
    (void)state;
    uint16_t *codes = malloc(65536 * sizeof *codes);
    for (uint32_t i = 0; i < 65536; i++)
        codes[i] = (uint16_t)((i & 0x7c00) == 0x7c00 ? i & 0x83ff : i); /* finite ones; the others twice */
    static const int widths[] = {2, 8, 11, 16};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (int w = 0; w < 4; w++) {
            struct cf_netlist *n = make_netlist(32, 32, 64, widths[w], true, scales[s]);
            struct cf_tensor t = tensor_of(n, CF_F16, codes);
            check(n, &t);
            cf_netlist_free(n);
        }
    free(codes);
}

/* Whole cache lines, parts of them and single channels, in one run of positions and in several that end oddly. */
static void long_planes_quantise_by_the_formula(void **state)
{
    (void)state;
    struct random_source random = {8};
    static const uint32_t channels[] = {64, 80, 131}, sides[] = {24, 25, 41};
    for (int i = 0; i < 9; i++)
        for (int bits = 6; bits <= 16; bits += 2) {
            struct cf_netlist *n = make_netlist(sides[i / 3], 24, channels[i % 3], bits, bits % 4 != 0, 0.0366984442);
            uint32_t count = n->groups[CF_INPUT].count;
            uint16_t *codes = malloc(count * sizeof *codes);
            float *floats = malloc(count * sizeof *floats);
            for (uint32_t e = 0; e < count; e++) {
                codes[e] = (uint16_t)(random_next(&random) & 0xbfff); /* finite, below 2 */
                codes[e] = (uint16_t)(random_next(&random) % 8 ? codes[e] : codes[e] | 0x5000);
                if ((codes[e] & 0x7c00) == 0x7c00)
                    codes[e] = 0;
                floats[e] = (float)random_between(&random, -1000000, 1000000) / 7919;
            }
            struct cf_tensor halves = tensor_of(n, CF_F16, codes), singles = tensor_of(n, CF_F32, floats);
            check(n, &halves);
            check(n, &singles);
            free(codes);
            free(floats);
            cf_netlist_free(n);
        }
}

/* Floats at, just below and just above each tie k + 1/2, where a quotient in single precision would go wrong. */
static void floats_beside_a_tie_quantise_by_the_formula(void **state)
{
    (void)state;
    struct random_source random = {5};
    float *features = malloc(65536 * sizeof *features);
    static const int widths[] = {3, 8, 12, 16};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (int w = 0; w < 4; w++) {
            struct cf_netlist *n = make_netlist(32, 32, 64, widths[w], w != 0, scales[s]);
            for (uint32_t i = 0; i < 65536; i++) {
                int64_t k = random_between(&random, -(1 << widths[w]), 1 << widths[w]);
                float at = (float)(((double)k + 0.5) * scales[s]);
                for (int64_t steps = random_between(&random, -3, 3); steps; steps += steps < 0 ? 1 : -1)
                    at = nextafterf(at, steps < 0 ? -INFINITY : INFINITY);
                features[i] = random_next(&random) % 8 ? at : (float)random_between(&random, -1000000, 1000000);
            }
            struct cf_tensor t = tensor_of(n, CF_F32, features);
            check(n, &t);
            cf_netlist_free(n);
        }
    free(features);
}

static void every_shape_and_dtype_quantises_by_the_formula(void **state)
{
    (void)state;
    struct random_source random = {6};
    for (int i = 0; i < 60; i++) {
        struct cf_netlist *n =
            make_netlist((uint32_t)random_between(&random, 1, 9), (uint32_t)random_between(&random, 1, 9),
                         (uint32_t)random_between(&random, 1, 150), (int)random_between(&random, 2, 31), true, 0.25);
        uint32_t count = n->groups[CF_INPUT].count;
        /* Not aligned, and not one byte longer than it must be. */
        uint8_t *memory = malloc(count * sizeof(double) + 1);
        static const enum cf_dtype dtypes[] = {CF_F32, CF_F16, CF_F64, CF_I8, CF_U16, CF_I32};
        enum cf_dtype dtype = dtypes[i % 6];
        for (uint32_t e = 0; e < count; e++) {
            double f64 = (double)random_between(&random, -4000, 4000) / 32;
            float f32 = (float)f64;
            uint64_t bits = random_next(&random);
            uint16_t f16 = (uint16_t)(bits & 0xbfff);
            const void *from = dtype == CF_F32 ? (void *)&f32 : dtype == CF_F64 ? (void *)&f64 : (void *)&bits;
            memcpy(memory + 1 + e * cf_dtype_size(dtype), dtype == CF_F16 ? (const void *)&f16 : from,
                   cf_dtype_size(dtype));
        }
        struct cf_tensor t = tensor_of(n, dtype, memory + 1);
        check(n, &t);
        free(memory);
        cf_netlist_free(n);
    }
}

static void features_that_are_not_finite_are_named(void **state)
{
    (void)state;
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    static const uint16_t bad_halves[] = {0x7e00, 0xfc01, 0x7c00, 0xfc00};
    struct random_source random = {7};
    for (int i = 0; i < 400; i++) {
        struct cf_netlist *n = make_netlist(5, 7, 85, i % 3 ? 8 : 12, true, 0.5);
        uint32_t count = n->groups[CF_INPUT].count, at = (uint32_t)random_between(&random, 0, count - 1);
        float *features = calloc(count, sizeof *features);
        uint16_t *halves = calloc(count, sizeof *halves);
        int16_t *out = calloc(count, sizeof *out);
        features[at] = bad[i % 4];
        halves[at] = bad_halves[i % 4];
        struct cf_tensor t = tensor_of(n, CF_F32, features), h = tensor_of(n, CF_F16, halves);
        for (int k = 0; cf_quantise_kernel_at(k); k++) {
            struct cf_error err;
            struct cf_quantiser *q = cf_quantiser_new(n, cf_quantise_kernel_at(k)->name, &err);
            assert_done(q != NULL, &err);
            assert_int_equal(cf_quantise(q, &t, out, 1), at);
            assert_int_equal(cf_quantise(q, &h, out, 1), at);
            cf_quantiser_free(q);
        }
        free(features);
        free(halves);
        free(out);
        cf_netlist_free(n);
    }
}

static void inputs_that_features_cannot_feed_are_refused(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = make_netlist(2, 2, 2, 40, true, 1);
    assert_null(cf_quantiser_new(n, "portable", &err));
    assert_says(&err, "40 bits wide");
    cf_netlist_free(n);
    n = cf_netlist_new("flat", &err);
    assert_done(cf_netlist_add_group(n, "input", 2, (uint32_t[]){2, 2}, 0, SIGNED(8, 0), false, &err), &err);
    assert_null(cf_quantiser_new(n, "portable", &err));
    assert_says(&err, "rank 2");
    cf_netlist_free(n);
}

static void kernels_are_found_by_the_name_of_their_instruction_set(void **state)
{
    (void)state;
    const struct cf_quantise_kernel *fastest = NULL;
    for (int k = 0; cf_quantise_kernel_at(k); k++) {
        fastest = cf_quantise_kernel_at(k);
        assert_ptr_equal(cf_quantise_kernel_find(fastest->name), fastest);
    }
    assert_ptr_equal(cf_quantise_kernel_at(0), &cf_quantise_portable);
    assert_ptr_equal(cf_quantise_kernel_find(NULL), fastest);
    assert_ptr_equal(cf_quantise_kernel_find("auto"), fastest);
    assert_ptr_equal(cf_quantise_kernel_find("sse"), fastest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_quantises_by_the_formula),
        cmocka_unit_test(long_planes_quantise_by_the_formula),
        cmocka_unit_test(floats_beside_a_tie_quantise_by_the_formula),
        cmocka_unit_test(every_shape_and_dtype_quantises_by_the_formula),
        cmocka_unit_test(features_that_are_not_finite_are_named),
        cmocka_unit_test(inputs_that_features_cannot_feed_are_refused),
        cmocka_unit_test(kernels_are_found_by_the_name_of_their_instruction_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
