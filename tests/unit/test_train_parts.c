/* What training is made of: targets, losses, kernels, the learning rate and AdamW, against definitions in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "train/data.h"
#include "train/kernels.h"
#include "train/losses.h"
#include "train/optimiser.h"
#include "train/targets.h"

static double uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(cf_next_random(state) >> 11) * 0x1p-53;
}

static void assert_close(double found, double wanted, double tolerance)
{
    if (!(fabs(found - wanted) <= tolerance))
        fail_msg("%.17g, not %.17g", found, wanted);
}

/* ---- targets ----------------------------------------------------------------------------------------------------- */

enum { SIDE = 16, POSITIONS = SIDE * SIDE + SIDE * SIDE / 4 + SIDE * SIDE / 16 };

static const struct cf_target_grid grid = {SIDE, SIDE, 3, 16};
static struct cf_positive positives[POSITIONS];

static size_t assign(const struct cf_target_object *objects, size_t count)
{
    uint32_t owner[SIDE * SIDE];
    return cf_targets(&grid, objects, count, owner, positives);
}

static void a_small_box_is_found_around_its_centre(void **state)
{
    (void)state;
    /* Centred at (72, 72), which is the centre of cell (4, 4): of the first scale, cells whose centres are less than 24
     * pixels away. */
    const struct cf_target_object object = {{32, 32, 112, 112}, 5};
    assert_int_equal(assign(&object, 1), 9);
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(positives[i].position, (3 + i / 3) * SIDE + 3 + i % 3);
        assert_true(positives[i].scale == 0 && positives[i].class_index == 5);
    }
    assert_close(positives[4].centerness, 1, 1e-12);
    for (int side = 0; side < 4; side++)
        assert_close(positives[4].sides[side], 40.0 / 16, 1e-12);
    assert_close(positives[3].centerness, sqrt(24.0 / 56), 1e-12); /* to the left of the centre */
    assert_close(positives[3].sides[0], 24.0 / 16, 1e-12);
    assert_close(positives[3].sides[2], 56.0 / 16, 1e-12);
}

static void the_largest_distance_chooses_the_scale(void **state)
{
    (void)state;
    const double half[3] = {60, 126, 400};
    for (uint32_t wanted = 0; wanted < 3; wanted++) {
        struct cf_target_object object = {
            {128 - half[wanted], 128 - half[wanted], 128 + half[wanted], 128 + half[wanted]}, 0};
        size_t count = assign(&object, 1);
        assert_true(count > 0);
        uint32_t seen[3] = {0};
        for (size_t i = 0; i < count; i++) {
            const double *s = positives[i].sides;
            double largest = fmax(fmax(s[0], s[1]), fmax(s[2], s[3])) * ldexp(16, (int)positives[i].scale);
            seen[positives[i].scale]++;
            assert_true(positives[i].scale == 0 ? largest < 128 : largest >= ldexp(64, (int)positives[i].scale));
            assert_true(positives[i].scale == 2 || largest < ldexp(128, (int)positives[i].scale));
        }
        assert_true(seen[wanted] > 0);
    }
}

static void the_smallest_box_wins(void **state)
{
    (void)state;
    const struct cf_target_object objects[] = {
        {{32, 32, 112, 112}, 1}, {{48, 48, 96, 96}, 2}, {{48, 48, 96, 96}, 3}, {{40, 40, 40, 90}, 4}};
    size_t count = assign(objects, 4);
    assert_int_equal(count, 9);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(positives[i].class_index, 2); /* the first of the equal ones; one without an area is none */
}

static void boxes_beyond_the_frame_are_no_trouble(void **state)
{
    (void)state;
    const struct cf_target_object objects[] = {
        {{-500, -500, -100, -100}, 1}, {{1e15, 1e15, 2e15, 2e15}, 2}, {{-1e300, -1e300, 1e300, 1e300}, 3}};
    size_t count = assign(objects, 3);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(positives[i].class_index, 3);
    assert_true(count > 0);
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */

static void focal_slopes_are_those_of_the_loss(void **state)
{
    (void)state;
    const double step = 1e-5;
    double slope, ignored;
    for (double x = -12; x <= 12; x += 0.37) {
        double p = 1 / (1 + exp(-x));
        assert_close(cf_focal_positive(x, 0.25, &slope), -0.25 * (1 - p) * (1 - p) * log(p), 1e-12);
        double found =
            (cf_focal_positive(x + step, 0.25, &ignored) - cf_focal_positive(x - step, 0.25, &ignored)) / (2 * step);
        assert_close(slope, found, 1e-9);
        cf_focal_negative(x, 0.25, &slope);
        found =
            (cf_focal_negative(x + step, 0.25, &ignored) - cf_focal_negative(x - step, 0.25, &ignored)) / (2 * step);
        assert_close(slope, found, 1e-9);
        cf_cross_entropy(x, 0.3, &slope);
        found = (cf_cross_entropy(x + step, 0.3, &ignored) - cf_cross_entropy(x - step, 0.3, &ignored)) / (2 * step);
        assert_close(slope, found, 1e-9);
    }
}

/* The loss from corners, as the paper has it. */
static double giou_of_corners(const double a[4], const double b[4])
{
    double inside[2], outside[2], areas[2] = {1, 1};
    for (int axis = 0; axis < 2; axis++) {
        double low[2] = {-a[axis], -b[axis]}, high[2] = {a[axis + 2], b[axis + 2]};
        inside[axis] = fmin(high[0], high[1]) - fmax(low[0], low[1]);
        outside[axis] = fmax(high[0], high[1]) - fmin(low[0], low[1]);
        areas[0] *= high[0] - low[0];
        areas[1] *= high[1] - low[1];
    }
    double shared = inside[0] * inside[1], all = areas[0] + areas[1] - shared, hull = outside[0] * outside[1];
    return 1 - (shared / all - (hull - all) / hull);
}

static void giou_slopes_are_those_of_the_loss(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int i = 0; i < 200; i++) {
        double sides[4], target[4], slopes[4], ignored[4];
        for (int side = 0; side < 4; side++) {
            sides[side] = uniform(&random, 0.1, 5);
            target[side] = uniform(&random, 0.1, 5);
        }
        assert_close(cf_giou(sides, target, slopes), giou_of_corners(sides, target), 1e-12);
        for (int side = 0; side < 4; side++) {
            const double step = 1e-6, at = sides[side];
            sides[side] = at + step;
            double above = cf_giou(sides, target, ignored);
            sides[side] = at - step;
            double below = cf_giou(sides, target, ignored);
            sides[side] = at;
            assert_close(slopes[side], (above - below) / (2 * step), 1e-7);
        }
    }
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

static void the_focal_kernel_is_the_loss(void **state)
{
    (void)state;
    enum { COUNT = 4099 };
    static float logits[COUNT], slopes[COUNT];
    double sum = 0, slope;
    for (int i = 0; i < COUNT; i++)
        logits[i] = slopes[i] = (float)(-30 + 60.0 * i / COUNT);
    double found = cf_train_kernels()->focal(slopes, COUNT, 0.75f);
    for (int i = 0; i < COUNT; i++) {
        sum += cf_focal_negative((double)logits[i], 0.25, &slope);
        assert_close((double)slopes[i], slope, 2e-6 * fabs(slope) + 1e-12);
    }
    assert_close(found, sum, 1e-6 * sum);
    float silent = -100;
    assert_true(cf_train_kernels()->focal(&silent, 1, 0.75f) == 0 && silent == 0);
}

/* Every kind of vector gives the same bytes. */
static void kernels_agree(void **state)
{
    (void)state;
    enum { CHANNELS = 3, AREA = SIDE * SIDE };
    const struct cf_train_kernels *kernels[2] = {cf_train_kernels_portable(), cf_train_kernels()};
    static float planes[AREA], rows[2][CHANNELS * POSITIONS], work[AREA], scratch[AREA], squares[2][POSITIONS];
    for (int settings = 0; settings < 4; settings++) {
        const struct cf_bands_shape shape = {CHANNELS, SIDE, SIDE, 3, settings & 1, settings & 2};
        for (int k = 0; k < 2; k++) {
            uint64_t random = 7;
            memset(scratch, 0, sizeof scratch);
            memset(squares[k], 0, sizeof squares[k]);
            for (int d = 0; d < CHANNELS; d++) {
                for (int i = 0; i < AREA; i++)
                    planes[i] = (float)uniform(&random, -2, 9);
                memcpy(work, planes, sizeof work);
                kernels[k]->add(planes, AREA, work);
                kernels[k]->subtract(scratch, AREA, work);
                kernels[k]->split(&shape, work, rows[k] + d * POSITIONS, scratch);
                kernels[k]->add_squares(rows[k] + d * POSITIONS, POSITIONS, squares[k]);
            }
            kernels[k]->invert(CHANNELS, 1e-5f, POSITIONS, squares[k]);
            kernels[k]->scale(squares[k], 0.3f, POSITIONS, rows[k]);
        }
        assert_memory_equal(rows[0], rows[1], sizeof rows[0]);
        assert_true(kernels[0]->sum(rows[0], POSITIONS) == kernels[1]->sum(rows[1], POSITIONS));
        assert_true(kernels[0]->focal(rows[0], POSITIONS, 0.75f) == kernels[1]->focal(rows[1], POSITIONS, 0.75f));
        assert_memory_equal(rows[0], rows[1], sizeof rows[0]);
    }
}

static void halves_are_converted(void **state)
{
    (void)state;
    static uint8_t halves[2 * 63488];
    static float values[63488];
    size_t count = 0;
    for (uint32_t half = 0; half < 0x10000; half++)
        if ((half & 0x7c00) != 0x7c00) {
            halves[2 * count] = (uint8_t)(half & 255);
            halves[2 * count++ + 1] = (uint8_t)(half >> 8);
        }
    const struct cf_tensor tensor = {
        .name = "h", .dtype = CF_F16, .rank = 1, .shape = {count}, .count = count, .size = 2 * count, .data = halves};
    assert_true(cf_train_kernels()->from_half(halves, count, values));
    for (size_t i = 0; i < count; i++) {
        double wanted;
        cf_tensor_to_f64(&tensor, i, 1, &wanted);
        assert_true((double)values[i] == wanted && !signbit(values[i]) == !signbit(wanted));
    }
    const uint8_t bad[2][4] = {{0, 0, 0, 0x7c}, {1, 0xfc, 0, 0}};
    assert_false(cf_train_kernels()->from_half(bad[0], 2, values));
    assert_false(cf_train_kernels()->from_half(bad[1], 2, values));
    const float infinite[2] = {1, INFINITY}, none[2] = {NAN, 1}, finite[2] = {-3e38f, 0};
    assert_false(cf_train_kernels()->are_finite(infinite, 2));
    assert_false(cf_train_kernels()->are_finite(none, 2));
    assert_true(cf_train_kernels()->are_finite(finite, 2));
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void the_rate_rises_and_falls(void **state)
{
    (void)state;
    assert_close(cf_learning_rate(0, 100, 0.04, 1), 0.25, 1e-15);
    assert_close(cf_learning_rate(3, 100, 0.04, 1), 1, 1e-15);
    assert_close(cf_learning_rate(4, 100, 0.04, 1), 1, 1e-15);
    assert_close(cf_learning_rate(52, 100, 0.04, 1), 0.5, 1e-15);
    assert_true(cf_learning_rate(99, 100, 0.04, 1) < 0.001);
    assert_close(cf_learning_rate(0, 1, 0.03, 2), 2, 1e-15); /* no step is left to rise in */
    assert_close(cf_learning_rate(0, 1, 1, 2), 2, 1e-15);
    assert_close(cf_clip_factor(10, 5), 0.5, 1e-6);
    assert_true(cf_clip_factor(1, 5) == 1 && cf_clip_factor(1e9, 0) == 1);
}

static void adam_follows_its_definition(void **state)
{
    (void)state;
    float parameters[2] = {1, -2}, mean[2] = {0}, square[2] = {0};
    const struct cf_adam adam = {parameters, mean, square, 2};
    double p[2] = {1, -2}, m[2] = {0}, v[2] = {0};
    uint64_t random = 11;
    for (uint64_t step = 0; step < 50; step++) {
        float gradient[2];
        for (int i = 0; i < 2; i++) {
            gradient[i] = (float)uniform(&random, -1, 1);
            double g = (double)gradient[i] * 0.5, t = (double)step + 1;
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            p[i] -= 0.01 * 0.1 * p[i];
            p[i] -= 0.01 * (m[i] / (1 - pow(0.9, t))) / (sqrt(v[i] / (1 - pow(0.999, t))) + 1e-8);
        }
        cf_adam_step(&adam, step, gradient, 0.5, 0.01, 0.1);
    }
    assert_close((double)parameters[0], p[0], 1e-5);
    assert_close((double)parameters[1], p[1], 1e-5);
}

static void an_epoch_takes_each_frame_once(void **state)
{
    (void)state;
    uint64_t order[2][100], seen[100] = {0};
    cf_training_order(5, 2, order[0], 100, 7, 7);
    cf_training_order(5, 3, order[1], 100, 7, 7);
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
    cf_training_order(5, 2, order[1], 100, 50, 50);
    assert_memory_equal(order[0], order[1], sizeof order[0]); /* mixed frames do not depend on the batch */
    for (int i = 0; i < 100; i++)
        seen[order[0][i]]++;
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
}

/* 103 frames in batches of 10 with shares of 4, 4 and 2 frames: parts of 41, 41 and 21 frames. */
static void a_share_keeps_to_its_part(void **state)
{
    (void)state;
    uint64_t order[103], seen[103] = {0};
    const uint64_t ends[3] = {41, 82, 103};
    cf_training_order(5, 2, order, 103, 10, 4);
    for (uint64_t i = 0; i < 103; i++) {
        assert_true(order[i] < 103);
        seen[order[i]]++;
        uint64_t share = i % 10 / 4;
        if (i < 100)
            assert_true(order[i] < ends[share] && (share == 0 || order[i] >= ends[share - 1]));
    }
    for (int i = 0; i < 103; i++)
        assert_int_equal(seen[i], 1);
    bool rises = true;
    for (int i = 1; i < 4; i++)
        rises = rises && order[i] == order[i - 1] + 1;
    assert_false(rises); /* the frames of a part are mixed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_box_is_found_around_its_centre),
        cmocka_unit_test(the_largest_distance_chooses_the_scale),
        cmocka_unit_test(the_smallest_box_wins),
        cmocka_unit_test(boxes_beyond_the_frame_are_no_trouble),
        cmocka_unit_test(focal_slopes_are_those_of_the_loss),
        cmocka_unit_test(giou_slopes_are_those_of_the_loss),
        cmocka_unit_test(the_focal_kernel_is_the_loss),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(halves_are_converted),
        cmocka_unit_test(the_rate_rises_and_falls),
        cmocka_unit_test(adam_follows_its_definition),
        cmocka_unit_test(an_epoch_takes_each_frame_once),
        cmocka_unit_test(a_share_keeps_to_its_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
