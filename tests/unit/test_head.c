/* Reading a head and quantising it to INT8. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/head.h"
#include "tests/support/scratch.h"

/* Loads a head of F64 weights [classes][channels] and biases 1, 2, ... */
static void load(struct cf_head *head, uint64_t classes, uint64_t channels, const double *weight)
{
    double bias[8];
    struct cf_error err;
    for (int c = 0; c < 8; c++)
        bias[c] = c + 1;
    const struct scratch_tensor tensors[] = {{"head.w", CF_F64, 2, {classes, channels}, weight},
                                             {"head.b", CF_F64, 1, {classes}, bias}};
    scratch_write(scratch_path("head"), tensors, 2);
    assert_done(cf_head_load(head, scratch_path("head"), NULL, &err), &err);
    assert_int_equal(head->classes, classes);
    assert_int_equal(head->channels, channels);
}

static void each_class_has_its_scale(void **state)
{
    (void)state;
    const double weight[] = {0.5, -1.27, 0.014, 254, -2, 1};
    static const int32_t expected[] = {50, -127, 1, 127, -1, 0}; /* 0.5 rounds to even */
    struct cf_head head;
    load(&head, 2, 3, weight);
    assert_false(head.layer[CF_ROLE_CLS][0].already_quantised);
    assert_true(head.layer[CF_ROLE_CLS][0].scale[0] == 1.27 / 127 && head.layer[CF_ROLE_CLS][0].scale[1] == 2);
    assert_memory_equal(head.layer[CF_ROLE_CLS][0].quantised, expected, sizeof expected);
    assert_memory_equal(head.layer[CF_ROLE_CLS][0].weight, weight, sizeof weight);
    assert_true(head.layer[CF_ROLE_CLS][0].bias[0] == 1 && head.layer[CF_ROLE_CLS][0].bias[1] == 2);
    assert_int_equal(strlen(head.sha256), 64);
    assert_string_equal(head.label, scratch_path("head"));
    cf_head_free(&head);
}

/* With scale 2 (the largest is 254) odd weights are ties. */
static void ties_round_to_even(void **state)
{
    (void)state;
    const double weight[] = {254, 1, 3, 5, 7, -1, -3, -5, -7, 251, -253};
    static const int32_t expected[] = {127, 0, 2, 2, 4, 0, -2, -2, -4, 126, -126};
    struct cf_head head;
    load(&head, 1, 11, weight);
    assert_memory_equal(head.layer[CF_ROLE_CLS][0].quantised, expected, sizeof expected);
    cf_head_free(&head);
}

/* The published card's form: all integers in -127..127. One weight outside, or one fraction, and it is not. */
static void integers_are_taken_as_they_are(void **state)
{
    (void)state;
    double weight[] = {127, -127, 0, 3, -0.0, 1};
    static const int32_t expected[] = {127, -127, 0, 3, 0, 1};
    struct cf_head head;
    load(&head, 2, 3, weight);
    assert_true(head.layer[CF_ROLE_CLS][0].already_quantised);
    assert_true(head.layer[CF_ROLE_CLS][0].scale[0] == 1 && head.layer[CF_ROLE_CLS][0].scale[1] == 1);
    assert_memory_equal(head.layer[CF_ROLE_CLS][0].quantised, expected, sizeof expected);
    cf_head_free(&head);
    weight[1] = -128;
    load(&head, 2, 3, weight);
    assert_false(head.layer[CF_ROLE_CLS][0].already_quantised);
    assert_int_equal(head.layer[CF_ROLE_CLS][0].quantised[1], -127);
    assert_int_equal(head.layer[CF_ROLE_CLS][0].quantised[0], 126); /* 127 / (128 / 127) = 126.008 */
    assert_int_equal(head.layer[CF_ROLE_CLS][0].quantised[3], 127); /* the other class has its own scale, 3 / 127 */
    cf_head_free(&head);
    weight[1] = -127;
    weight[5] = 0.5;
    load(&head, 2, 3, weight);
    assert_false(head.layer[CF_ROLE_CLS][0].already_quantised);
    cf_head_free(&head);
}

static void rows_of_zeros_have_scale_one(void **state)
{
    (void)state;
    const double weight[] = {0, -0.0, 0.5, 1, 5e-324, -5e-324}; /* the last row has no scale that is a double */
    static const int32_t expected[] = {0, 0, 64, 127, 0, 0};    /* 63.5 rounds to even */
    struct cf_head head;
    load(&head, 3, 2, weight);
    assert_true(head.layer[CF_ROLE_CLS][0].scale[0] == 1 && head.layer[CF_ROLE_CLS][0].scale[1] == 1.0 / 127 &&
                head.layer[CF_ROLE_CLS][0].scale[2] == 1);
    assert_memory_equal(head.layer[CF_ROLE_CLS][0].quantised, expected, sizeof expected);
    cf_head_free(&head);
}

/* Against a search over all codes for the nearest: no weight leaves -127..127, whatever its sign and size. */
static void quantised_is_the_nearest_code(void **state)
{
    (void)state;
    enum { CLASSES = 8, CHANNELS = 64 };
    double weight[CLASSES * CHANNELS];
    struct cf_head head;
    for (int i = 0; i < CLASSES * CHANNELS; i++)
        weight[i] = sin(i * 12.9898) * ldexp(1, i / CHANNELS * 7 - 20);
    load(&head, CLASSES, CHANNELS, weight);
    for (int i = 0; i < CLASSES * CHANNELS; i++) {
        double scale = head.layer[CF_ROLE_CLS][0].scale[i / CHANNELS], best = INFINITY;
        for (int code = -127; code <= 127; code++)
            best = fmin(best, fabs(code * scale - weight[i]));
        assert_true(fabs(head.layer[CF_ROLE_CLS][0].quantised[i] * scale - weight[i]) <= best * (1 + 1e-12));
        assert_in_range(head.layer[CF_ROLE_CLS][0].quantised[i] + 127, 0, 254);
    }
    cf_head_free(&head);
}

/* Every dtype that a number can have. */
static void dtypes_are_converted(void **state)
{
    (void)state;
    static const uint16_t f16[] = {0x3c00, 0xc000}, bf16[] = {0x3f80, 0xc000};
    static const float f32[] = {1, -2};
    static const double f64[] = {1, -2};
    static const int8_t i8[] = {1, -2};
    static const int16_t i16[] = {1, -2};
    static const int32_t i32[] = {1, -2};
    static const int64_t i64[] = {1, -2};
    const struct {
        enum cf_dtype dtype;
        const void *data;
    } forms[] = {{CF_F16, f16}, {CF_BF16, bf16}, {CF_F32, f32}, {CF_F64, f64},
                 {CF_I8, i8},   {CF_I16, i16},   {CF_I32, i32}, {CF_I64, i64}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct scratch_tensor tensors[] = {{"w", forms[i].dtype, 2, {1, 2}, forms[i].data},
                                                 {"b", forms[i].dtype, 1, {1}, forms[i].data}};
        struct cf_head head;
        struct cf_error err;
        scratch_write(scratch_path("dtypes"), tensors, 2);
        assert_done(cf_head_load(&head, scratch_path("dtypes"), NULL, &err), &err);
        assert_true(head.layer[CF_ROLE_CLS][0].already_quantised && head.layer[CF_ROLE_CLS][0].quantised[0] == 1 &&
                    head.layer[CF_ROLE_CLS][0].quantised[1] == -2);
        assert_true(head.layer[CF_ROLE_CLS][0].bias[0] == 1);
        cf_head_free(&head);
    }
}

static void refuse(const struct scratch_tensor *tensors, size_t count, const char *weight, const char *bias,
                   const char *fragment)
{
    struct cf_head head;
    struct cf_error err;
    const struct cf_head_options options = {.weight = weight, .bias = bias};
    scratch_write(scratch_path("bad"), tensors, count);
    if (cf_head_load(&head, scratch_path("bad"), &options, &err))
        fail_msg("accepted, expected: %s", fragment);
    assert_says(&err, scratch_path("bad"));
    assert_says(&err, fragment);
    assert_null(head.layer[CF_ROLE_CLS][0].weight);
}

/* Names choose where shapes do not. */
static void tensors_are_chosen_or_the_choice_is_asked_for(void **state)
{
    (void)state;
    const float w[] = {1, 2, 3, 4, 5, 6}, v[] = {-1, -2, -3, -4, -5, -6}, b[] = {7, 8}, d[] = {9, 10}, e[] = {1, 2, 3};
    const struct scratch_tensor tensors[] = {{"w", CF_F32, 2, {2, 3}, w},
                                             {"b", CF_F32, 1, {2}, b},
                                             {"e", CF_F32, 1, {3}, e},
                                             {"d", CF_F32, 1, {2}, d},
                                             {"v", CF_F32, 2, {2, 3}, v}};
    struct cf_head head;
    struct cf_error err;
    const char *path = scratch_path("bad");
    refuse(tensors, 5, NULL, NULL, "both 'w' and 'v' could be the weights [classes, channels]: one must be named");
    refuse(tensors, 5, "v", NULL, "both 'b' and 'd' could be the biases of 'v': one must be named");
    refuse(tensors, 5, "x", "d", "there is no tensor 'x'; there are: w [2, 3], b [2], e [3], d [2], v [2, 3]");
    refuse(tensors, 5, "w", "x", "there is no tensor 'x'; there are: w [2, 3]");
    refuse(tensors, 5, "b", NULL, "tensor 'b' is [2]; weights are [classes, channels]");
    refuse(tensors, 5, "w", "e", "tensor 'e' is [3]; biases are [2], one for each class of 'w'");
    refuse(tensors, 1, NULL, NULL, "no tensor of shape [2] for the biases");
    refuse(tensors + 1, 3, NULL, NULL, "no tensor of shape [classes, channels] for the weights");
    scratch_write(path, tensors, 5);
    assert_done(cf_head_load(&head, path, &(struct cf_head_options){.weight = "v", .bias = "d"}, &err), &err);
    assert_true(head.layer[CF_ROLE_CLS][0].weight[0] == -1 && head.layer[CF_ROLE_CLS][0].bias[0] == 9);
    cf_head_free(&head);
    scratch_write(path, tensors, 3); /* [3] does not fit two classes: no choice to make */
    assert_done(cf_head_load(&head, path, NULL, &err), &err);
    assert_true(head.layer[CF_ROLE_CLS][0].weight[5] == 6 && head.layer[CF_ROLE_CLS][0].bias[1] == 8);
    cf_head_free(&head);
}

/* Of what other tools put beside a head, nothing is taken for one. */
static void heads_are_found_among_other_tensors(void **state)
{
    (void)state;
    const float w[] = {1, 2, 3, 4, 5, 6}, b[] = {7, 8}, other[] = {9, 10};
    const struct scratch_tensor beside[] = {
        {"empty", CF_F32, 2, {0, 4}, w},       {"packed", CF_F8_E4M3, 2, {2, 3}, w},
        {"lone", CF_F32, 2, {3, 2}, w},        {"cls.weight", CF_F32, 4, {2, 3, 1, 1}, w},
        {"other.bias", CF_F32, 1, {2}, other}, {"cls.bias", CF_F32, 1, {2}, b}};
    struct cf_head head;
    struct cf_error err;
    scratch_write(scratch_path("head"), beside, 6);
    assert_done(cf_head_load(&head, scratch_path("head"), NULL, &err), &err);
    assert_true(head.classes == 2 && head.channels == 3);
    assert_true(head.layer[CF_ROLE_CLS][0].weight[5] == 6 && head.layer[CF_ROLE_CLS][0].bias[1] == 8);
    cf_head_free(&head);
    refuse(beside, 6, "packed", "cls.bias", "tensor 'packed' is F8_E4M3, which cannot be read");
    refuse(beside, 4, NULL, NULL, "no tensor of shape [2] for the biases of 'cls.weight'");
}

/* 127 steps below the least double there is no scale. */
static void weights_too_small_for_a_scale_count_as_zeros(void **state)
{
    (void)state;
    const double weight[] = {5e-324, -3e-322, 1e-320, -1e-319};
    struct cf_head head;
    load(&head, 2, 2, weight);
    assert_true(head.layer[CF_ROLE_CLS][0].too_small == 1 && head.layer[CF_ROLE_CLS][0].scale[0] == 1);
    assert_true(head.layer[CF_ROLE_CLS][0].quantised[0] == 0 && head.layer[CF_ROLE_CLS][0].quantised[1] == 0 &&
                head.layer[CF_ROLE_CLS][0].quantised[3] == -127);
    cf_head_free(&head);
}

static void what_is_no_head_is_refused(void **state)
{
    (void)state;
    const float good[] = {1, 2, 3, 4, 5, 6}, nan[] = {1, 2, 3, 4, NAN, 6}, inf[] = {1, -INFINITY};
    const struct scratch_tensor no_class[] = {{"w", CF_F32, 2, {0, 3}, good}, {"b", CF_F32, 1, {0}, good}};
    const struct scratch_tensor no_channel[] = {{"w", CF_F32, 2, {2, 0}, good}, {"b", CF_F32, 1, {2}, good}};
    const struct scratch_tensor nan_weight[] = {{"w", CF_F32, 2, {2, 3}, nan}, {"b", CF_F32, 1, {2}, good}};
    const struct scratch_tensor inf_bias[] = {{"w", CF_F32, 2, {2, 3}, good}, {"b", CF_F32, 1, {2}, inf}};
    const struct scratch_tensor boolean[] = {{"w", CF_BOOL, 2, {2, 3}, "\0\1\0\1\0\1"}, {"b", CF_F32, 1, {2}, good}};
    refuse(no_class, 2, "w", NULL, "tensor 'w' is [0, 3]: a head has at least one class and one channel");
    refuse(no_channel, 2, "w", NULL, "tensor 'w' is [2, 0]: a head has at least one class and one channel");
    refuse(nan_weight, 2, NULL, NULL, "tensor 'w': element [1,1] is NaN or infinite");
    refuse(inf_bias, 2, NULL, NULL, "tensor 'b': element [1] is NaN or infinite");
    refuse(boolean, 2, NULL, NULL, "tensor 'w' is BOOL; a head has numbers");
}

/* Integers with a scale beside them keep their values, and stand for the products. */
static void scales_beside_integers_are_used(void **state)
{
    (void)state;
    const int8_t w[] = {-128, 3, 0, 127};
    const float scale[] = {0.5F, -0.25F}, one[] = {0.125F}, zero[] = {0, 1}, b[] = {1, 2}, huge[] = {1e38F, 1e38F};
    const double large[] = {1e300, 1, 1, 1};
    struct scratch_tensor tensors[] = {{"cls.weight", CF_I8, 2, {2, 2}, w},
                                       {"cls.weight_scale", CF_F32, 1, {2}, scale},
                                       {"cls.bias", CF_F32, 1, {2}, b}};
    struct cf_head head;
    struct cf_error err;
    const char *path = scratch_path("scaled");
    scratch_write(path, tensors, 3);
    assert_done(cf_head_load(&head, path, NULL, &err), &err);
    const struct cf_head_layer *cls = &head.layer[CF_ROLE_CLS][0];
    static const int32_t kept[] = {-128, 3, 0, -127};
    assert_memory_equal(cls->quantised, kept, sizeof kept);
    assert_true(cls->scale[0] == 0.5 && cls->scale[1] == 0.25 && cls->weight[0] == -64 && cls->weight[3] == -31.75);
    cf_head_free(&head);
    assert_done(cf_head_load(&head, path, &(struct cf_head_options){.weight_bits = 4}, &err), &err);
    assert_int_equal(head.layer[CF_ROLE_CLS][0].quantised[0], -7); /* too wide for 4 bits: quantised anew */
    cf_head_free(&head);
    tensors[1] = (struct scratch_tensor){"cls.weight_scale", CF_F32, 1, {1}, one};
    scratch_write(path, tensors, 3);
    assert_done(cf_head_load(&head, path, NULL, &err), &err);
    assert_true(head.layer[CF_ROLE_CLS][0].scale[1] == 0.125);
    cf_head_free(&head);
    tensors[1] = (struct scratch_tensor){"cls.weight_scale", CF_F32, 1, {2}, zero};
    refuse(tensors, 3, NULL, NULL, "tensor 'cls.weight_scale': a scale is 0");
    tensors[1] = (struct scratch_tensor){"cls.weight_scale", CF_F32, 1, {2}, huge};
    tensors[0] = (struct scratch_tensor){"cls.weight", CF_F64, 2, {2, 2}, large};
    refuse(tensors, 3, NULL, NULL, "times its scale is infinite");
}

static void transposed_heads_and_missing_biases_are_named(void **state)
{
    (void)state;
    const float w[] = {1, 2, 3, 4, 5, 6}, b[] = {7, 8};
    const struct scratch_tensor tensors[] = {{"weight", CF_F32, 2, {3, 2}, w}, {"bias", CF_F32, 1, {2}, b}};
    struct cf_head head;
    struct cf_error err;
    refuse(tensors, 2, NULL, NULL, "it looks transposed, as [inputs, outputs]");
    refuse(tensors, 1, NULL, NULL, "they can be taken as 0; there are: weight [3, 2]");
    scratch_write(scratch_path("head"), tensors, 2);
    assert_done(cf_head_load(&head, scratch_path("head"), &(struct cf_head_options){.transposed = true}, &err), &err);
    assert_true(head.classes == 2 && head.channels == 3);
    assert_true(head.layer[CF_ROLE_CLS][0].weight[1] == 3 && head.layer[CF_ROLE_CLS][0].weight[3] == 2);
    cf_head_free(&head);
    scratch_write(scratch_path("head"), tensors, 1);
    assert_done(cf_head_load(&head, scratch_path("head"), &(struct cf_head_options){.no_bias = true}, &err), &err);
    assert_true(head.classes == 3 && head.layer[CF_ROLE_CLS][0].bias[2] == 0);
    cf_head_free(&head);
}

/* Layers that do not fit each other. */
static void whole_heads_are_checked(void **state)
{
    (void)state;
    const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct scratch_tensor tensors[] = {{"cls.0.weight", CF_F32, 2, {1, 2}, x}, {"cls.0.bias", CF_F32, 1, {1}, x},
                                       {"cls.1.weight", CF_F32, 2, {1, 2}, x}, {"cls.1.bias", CF_F32, 1, {1}, x},
                                       {"reg_weight", CF_F32, 2, {4, 2}, x},   {"reg_bias", CF_F32, 1, {4}, x}};
    struct cf_head head;
    struct cf_error err;
    scratch_write(scratch_path("head"), tensors, 6);
    assert_done(cf_head_load(&head, scratch_path("head"), NULL, &err), &err);
    assert_true(cf_head_bands(&head) == 2 && cf_head_has_boxes(&head) && !cf_head_is_bare(&head));
    cf_head_free(&head);
    refuse(tensors, 6, "cls.0.weight", NULL, "a classifier for each of 2 bands");
    tensors[4] = (struct scratch_tensor){"reg_weight", CF_F32, 2, {4, 1}, x};
    refuse(tensors, 6, NULL, NULL, "reg has 1 inputs, where 2 are wanted");
    tensors[4] = (struct scratch_tensor){"norm.weight", CF_F32, 1, {4}, x};
    tensors[5] = (struct scratch_tensor){"norm.bias", CF_F32, 1, {4}, x};
    refuse(tensors, 6, NULL, NULL, "norm has 4 outputs, where 2 are wanted");
    tensors[4] = (struct scratch_tensor){"reg_hidden_weight", CF_F32, 2, {4, 2}, x};
    tensors[5] = (struct scratch_tensor){"reg_hidden_bias", CF_F32, 1, {4}, x};
    refuse(tensors, 6, NULL, NULL, "has reg_hidden without reg_out");
    tensors[4] = (struct scratch_tensor){"scale", CF_F32, 1, {3}, x};
    refuse(tensors, 5, NULL, NULL, "has cls for 2 bands, and other layers for 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_has_its_scale),
        cmocka_unit_test(ties_round_to_even),
        cmocka_unit_test(integers_are_taken_as_they_are),
        cmocka_unit_test(rows_of_zeros_have_scale_one),
        cmocka_unit_test(quantised_is_the_nearest_code),
        cmocka_unit_test(dtypes_are_converted),
        cmocka_unit_test(tensors_are_chosen_or_the_choice_is_asked_for),
        cmocka_unit_test(heads_are_found_among_other_tensors),
        cmocka_unit_test(weights_too_small_for_a_scale_count_as_zeros),
        cmocka_unit_test(what_is_no_head_is_refused),
        cmocka_unit_test(scales_beside_integers_are_used),
        cmocka_unit_test(transposed_heads_and_missing_biases_are_named),
        cmocka_unit_test(whole_heads_are_checked),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
