/* Thresholds against exact rationals, and the calibrated input scale. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/weights.h"

/* tests/fixtures/thresholds.txt, made with Python's Fraction. */
static void thresholds_are_exact(void **state)
{
    (void)state;
    FILE *table = fopen("tests/fixtures/thresholds.txt", "r");
    char line[256], wanted[64];
    int rows = 0;
    assert_non_null(table);
    while (fgets(line, sizeof line, table)) {
        double bias, input_scale, weight_scale;
        int frac;
        int64_t threshold = 0;
        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%la %d %la %la %63s", &bias, &frac, &input_scale, &weight_scale, wanted), 5);
        bool fits = cf_threshold(bias, frac, input_scale, weight_scale, &threshold);
        if (fits != (strcmp(wanted, "none") != 0) || (fits && threshold != strtoll(wanted, NULL, 10)))
            fail_msg("%s: found %lld%s", line, (long long)threshold, fits ? "" : " (refused)");
        rows++;
    }
    fclose(table);
    assert_true(rows > 250);
}

/* The threshold decides as the real comparison: sum * scales + bias >= 0 exactly when sum + threshold >= 0. */
static void thresholds_decide_as_reals_do(void **state)
{
    (void)state;
    for (int n = -1000; n <= 1000; n++) {
        int64_t threshold;
        double bias = n / 16.0, scale = 0.375; /* both exact, and so is every product below */
        assert_true(cf_threshold(bias, 2, scale, 0.5, &threshold));
        for (int64_t sum = -threshold - 3; sum <= -threshold + 3; sum++)
            assert_true((sum + threshold >= 0) == ((double)sum * 0.25 * scale * 0.5 + bias >= 0));
    }
}

static void logits(void **state)
{
    (void)state;
    assert_true(cf_logit(0.5) == 0);
    assert_true(fabs(cf_logit(0.9) - log(9)) < 1e-15);
    assert_true(fabs(cf_logit(0.1) + log(9)) < 1e-15);
}

static double error_of(const double *features, size_t count, int bits, double scale)
{
    double total = 0, highest = ldexp(1, bits - 1) - 1;
    for (size_t i = 0; i < count; i++) {
        double code = fmax(-highest, fmin(highest, rint(features[i] / scale)));
        total += (code * scale - features[i]) * (code * scale - features[i]);
    }
    return total;
}

/* The chosen scale is nearly the best of a fine grid, for shapes with and without rare large values. */
static void calibration_finds_the_least_error(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static double features[COUNT];
    for (int shape = 0; shape < 4; shape++)
        for (int bits = 2; bits <= 10; bits += 2) {
            struct cf_calibration *calibration = cf_calibration_new();
            double chosen, least = INFINITY, largest = 0;
            uint32_t lcg = 1;
            assert_non_null(calibration);
            for (int i = 0; i < COUNT; i++) {
                lcg = lcg * 1664525 + 1013904223;
                double u = lcg / 4294967296.0, sign = lcg & 512 ? 1 : -1;
                features[i] = shape == 0   ? u
                              : shape == 1 ? sign * u * u * u
                              : shape == 2 ? sign * -log(u + 1e-9)
                                           : (i ? u * 1e-3 : 1000);
                largest = fmax(largest, fabs(features[i]));
            }
            for (int part = 0; part < COUNT; part += 1000)
                cf_calibration_add(calibration, features + part, 1000);
            assert_true(cf_calibration_scale(calibration, bits, "f", &chosen, NULL));
            for (double scale = largest / (ldexp(1, bits - 1) - 1); scale > largest * 1e-4; scale *= 0.999)
                least = fmin(least, error_of(features, COUNT, bits, scale));
            assert_true(error_of(features, COUNT, bits, chosen) <= least * 1.02);
            cf_calibration_free(calibration);
        }
}

static void zeros_cannot_be_calibrated(void **state)
{
    (void)state;
    struct cf_calibration *calibration = cf_calibration_new();
    const double zeros[3] = {0, -0.0, 0};
    double scale;
    struct cf_error err;
    assert_false(cf_calibration_scale(calibration, 8, "f", &scale, &err));
    cf_calibration_add(calibration, zeros, 3);
    assert_false(cf_calibration_scale(calibration, 8, "f", &scale, &err));
    assert_string_equal(err.text, "f: every feature is zero: no scale can be chosen");
    cf_calibration_add(calibration, (const double[]){-1e-46, 5e-324}, 2); /* zero as floats */
    assert_false(cf_calibration_scale(calibration, 8, "f", &scale, &err));
    assert_string_equal(err.text, "f: every feature is below 2^-149: too small for a scale to be chosen");
    cf_calibration_add(calibration, (const double[]){-0.5}, 1);
    assert_true(cf_calibration_scale(calibration, 8, "f", &scale, &err));
    assert_true(scale <= 0.5 / 127 && error_of((const double[]){-0.5}, 1, 8, scale) < 1e-12);
    cf_calibration_free(calibration);
    cf_calibration_free(NULL);
}

/* Features beyond the range of float are noticed, and do not hang the search. */
static void huge_features_are_refused(void **state)
{
    (void)state;
    struct cf_calibration *calibration = cf_calibration_new();
    struct cf_error err;
    double scale = 0;
    cf_calibration_add(calibration, (const double[]){1e308, 1}, 2);
    assert_false(cf_calibration_scale(calibration, 8, "f", &scale, &err));
    assert_string_equal(err.text, "f: a feature is above 3.4e38: too large for a scale to be chosen");
    cf_calibration_free(calibration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_are_exact),
        cmocka_unit_test(thresholds_decide_as_reals_do),
        cmocka_unit_test(logits),
        cmocka_unit_test(calibration_finds_the_least_error),
        cmocka_unit_test(zeros_cannot_be_calibrated),
        cmocka_unit_test(huge_features_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
