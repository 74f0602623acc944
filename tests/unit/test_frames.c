/* Frames from .npy and safetensors files, as features and as quantised inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/npy.h"
#include "sim/frames/frames.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

/* Small values of every dtype that a feature can have: 0, 1, 2, ... from `first` on. */
static size_t fill(enum cf_dtype dtype, int first, size_t count, void *out)
{
    static const uint16_t f16[] = {0,      0x3c00, 0x4000, 0x4200, 0x4400, 0x4500,
                                   0x4600, 0x4700, 0x4800, 0x4880, 0x4900, 0x4980};
    for (size_t i = 0; i < count; i++) {
        int value = first + (int)i;
        float f32 = (float)value;
        uint32_t bits;
        memcpy(&bits, &f32, 4);
        switch (dtype) {
        case CF_F16:
            assert_in_range(value, 0, 11);
            ((uint16_t *)out)[i] = f16[value];
            break;
        case CF_BF16:
            ((uint16_t *)out)[i] = (uint16_t)(bits >> 16);
            break;
        case CF_F32:
            ((float *)out)[i] = f32;
            break;
        case CF_F64:
            ((double *)out)[i] = value;
            break;
        default: /* integers, little-endian */
            memset((uint8_t *)out + i * cf_dtype_size(dtype), 0, cf_dtype_size(dtype));
            ((uint8_t *)out)[i * cf_dtype_size(dtype)] = (uint8_t)value;
        }
    }
    return count * cf_dtype_size(dtype);
}

static struct cf_frames *open_frames(char *const *paths, int count)
{
    struct cf_frames *frames;
    struct cf_error err;
    assert_done(cf_frames_open(&frames, paths, count, &err), &err);
    return frames;
}

static void assert_features(const struct cf_frames *frames, uint64_t index, int first)
{
    struct cf_frame_shape shape = cf_frames_shape(frames);
    double features[64];
    struct cf_error err;
    size_t size = (size_t)shape.channels * shape.height * shape.width;
    assert_in_range(size, 1, 64);
    assert_done(cf_frames_features(frames, index, features, &err), &err);
    for (size_t i = 0; i < size; i++)
        assert_true(features[i] == first + (int)i);
}

static void every_dtype_and_both_kinds_are_read(void **state)
{
    (void)state;
    static const enum cf_dtype npy[] = {CF_F16, CF_F32, CF_F64, CF_I8, CF_I16, CF_I32, CF_I64, CF_U8, CF_U16, CF_U32};
    uint64_t shape[3] = {3, 2, 2};
    uint8_t data[12 * 8];
    struct cf_error err;
    for (enum cf_dtype dtype = CF_U8; dtype < CF_DTYPE_COUNT; dtype++) {
        struct scratch_tensor tensor = {"any name", dtype, 3, {3, 2, 2}, data};
        char *path = scratch_path("frame");
        fill(dtype, 0, 12, data);
        scratch_write(path, &tensor, 1);
        struct cf_frames *frames = open_frames(&path, 1);
        assert_int_equal(cf_frames_count(frames), 1);
        assert_features(frames, 0, 0);
        cf_frames_close(frames);
    }
    for (size_t i = 0; i < sizeof npy / sizeof npy[0]; i++) {
        char *path = scratch_path(i % 2 ? "frame.npy" : "frame without a suffix");
        fill(npy[i], 0, 12, data);
        assert_done(cf_npy_write(path, npy[i], 3, shape, data, &err), &err);
        struct cf_frames *frames = open_frames(&path, 1);
        assert_features(frames, 0, 0);
        cf_frames_close(frames);
    }
    cf_frames_close(NULL);
}

/* Several files, of one frame, of many and of none, count through. */
static void files_are_counted_through(void **state)
{
    (void)state;
    float data[5][4];
    struct cf_error err;
    for (int n = 0; n < 5; n++)
        fill(CF_F32, 10 * n, 4, data[n]);
    char *paths[] = {scratch_path("one.npy"), scratch_path("none"), scratch_path("two"), scratch_path("two.npy")};
    struct scratch_tensor none = {"frames", CF_F32, 4, {0, 1, 2, 2}, NULL};
    const struct scratch_tensor two[] = {{"features", CF_F32, 4, {2, 1, 2, 2}, data[1]},
                                         {"other", CF_F32, 3, {1, 2, 2}, data[4]},
                                         {"weights", CF_F32, 2, {2, 2}, data[4]}};
    assert_done(cf_npy_write(paths[0], CF_F32, 3, (uint64_t[]){1, 2, 2}, data[0], &err), &err);
    scratch_write(paths[1], &none, 1);
    scratch_write(paths[2], two, 3);
    assert_done(cf_npy_write(paths[3], CF_F32, 4, (uint64_t[]){2, 1, 2, 2}, data[3], &err), &err);
    struct cf_frames *frames = open_frames(paths, 4);
    assert_int_equal(cf_frames_count(frames), 5);
    for (int twice = 0; twice < 2; twice++) /* forgotten pages come back */
        for (uint64_t n = 5; n-- > 0;)
            assert_features(frames, n, (int)(10 * n));
    cf_frames_close(frames);
}

static void refuse(char *const *paths, int count, const char *fragment)
{
    struct cf_frames *frames;
    struct cf_error err;
    if (cf_frames_open(&frames, paths, count, &err))
        fail_msg("accepted, expected: %s", fragment);
    assert_null(frames);
    assert_says(&err, paths[count - 1]);
    assert_says(&err, fragment);
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    static const float data[64];
    struct cf_error err;
    const struct scratch_tensor two[] = {{"a", CF_F32, 3, {1, 2, 2}, data}, {"b", CF_F32, 4, {1, 1, 2, 2}, data}};
    const struct scratch_tensor flat[] = {{"features", CF_F32, 1, {4}, data}};
    const struct scratch_tensor hollow[] = {{"a", CF_F32, 3, {1, 0, 2}, data}};
    const struct scratch_tensor none[] = {{"a", CF_F32, 4, {0, 1, 2, 2}, data}};
    char *path = scratch_path("bad"), *npy = scratch_path("bad.npy"), *good = scratch_path("good");
    scratch_write(path, two, 2);
    refuse(&path, 1, "more than one tensor of shape [D, H, W] or [N, D, H, W]; call the frames 'features'");
    scratch_write(path, flat, 1);
    refuse(&path, 1, "no tensor of shape [D, H, W] or [N, D, H, W]");
    scratch_write(path, two, 0);
    refuse(&path, 1, "no tensor of shape");
    scratch_write(path, hollow, 1);
    refuse(&path, 1, "a frame of shape [1, 0, 2] has no features");
    scratch_write(path, none, 1);
    refuse(&path, 1, "holds no frames");
    assert_done(cf_npy_write(npy, CF_F32, 1, (uint64_t[]){4}, data, &err), &err);
    refuse(&npy, 1, "frames are [D, H, W], [N, D, H, W] or [N, D]; this array is [4]");
    assert_done(cf_npy_write(npy, CF_F32, 5, (uint64_t[]){1, 1, 1, 2, 2}, data, &err), &err);
    refuse(&npy, 1, "this array is [1, 1, 1, 2, 2]");
    scratch_write(good, two, 1);
    scratch_write(path, (const struct scratch_tensor[]){{"a", CF_F32, 3, {1, 2, 1}, data}}, 1);
    refuse((char *[]){good, path}, 2, "frames of 1x2x1, but those of");
    FILE *archive = fopen(path, "wb");
    assert_non_null(archive);
    fputs("PK\3\4 and more", archive);
    fclose(archive);
    refuse(&path, 1, "not a safetensors file: this is a zip archive");
    char *absent = scratch_path("absent");
    refuse((char *[]){good, absent}, 2, "No such file or directory");
}

static bool quantise(const struct cf_frames *frames, uint64_t index, const struct cf_netlist *netlist, int32_t *input,
                     struct cf_error *err)
{
    struct cf_quantiser *quantiser = cf_quantiser_new(netlist, NULL, err);
    bool done = quantiser && cf_frames_quantise(frames, index, quantiser, input, err);
    cf_quantiser_free(quantiser);
    return done;
}

/* NaN and infinity are named by their place in the file, and only the frame that has them is refused. */
static void what_is_not_finite_is_named(void **state)
{
    (void)state;
    float data[2][4] = {{1, 2, 3, 4}, {5, 6, NAN, 8}};
    double features[4];
    int32_t input[4];
    struct cf_error err;
    char *paths[] = {scratch_path("st"), scratch_path("a.npy")};
    struct cf_netlist *n = cf_netlist_new("net", &err);
    assert_true(cf_netlist_add_group(n, "input", 3, (uint32_t[]){2, 2, 1}, 0, SIGNED(8, 0), false, &err));
    scratch_write(paths[0], (const struct scratch_tensor[]){{"x", CF_F32, 4, {2, 1, 2, 2}, data}}, 1);
    data[1][2] = -INFINITY;
    assert_done(cf_npy_write(paths[1], CF_F32, 4, (uint64_t[]){2, 1, 2, 2}, data, &err), &err);
    struct cf_frames *frames = open_frames(paths, 2);
    static const char *const wanted[] = {NULL, "/st: tensor 'x': element [1,0,1,0] is NaN or infinite", NULL,
                                         "/a.npy: tensor 'array': element [1,0,1,0] is NaN or infinite"};
    for (uint64_t i = 0; i < 4; i++) {
        bool right = cf_frames_features(frames, i, features, &err) == !wanted[i];
        assert_true(right);
        if (wanted[i])
            assert_says(&err, wanted[i]);
        assert_true(quantise(frames, i, n, input, &err) == !wanted[i]);
        if (wanted[i])
            assert_says(&err, wanted[i]);
    }
    cf_frames_close(frames);
    cf_netlist_free(n);
}

/* clamp(round_half_even(feature / scale)), channels innermost. */
static void inputs_are_quantised(void **state)
{
    (void)state;
    static const double data[] = {0.5, 1.5, -0.5, -1.5, 2.5, 0.49, 63.4, 63.6, -64.5, -64.6, 1e300, -1e300};
    static const int32_t signed7[] = {0, 63, 2, 63, 0, -64, -2, -64, 2, 63, 0, -64};
    static const int32_t unsigned6[] = {0, 63, 2, 63, 0, 0, 0, 0, 2, 63, 0, 0};
    struct cf_error err;
    char *path = scratch_path("frame.npy");
    assert_done(cf_npy_write(path, CF_F64, 3, (uint64_t[]){2, 2, 3}, data, &err), &err);
    struct cf_frames *frames = open_frames(&path, 1);
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        struct cf_netlist *n = cf_netlist_new("net", &err);
        struct cf_type type = is_signed ? SIGNED(7, 0) : UNSIGNED(6, 0);
        int32_t input[12];
        assert_true(cf_netlist_add_group(n, "input", 3, (uint32_t[]){2, 3, 2}, 0, type, false, &err));
        assert_done(cf_frames_fit(frames, n, &err), &err);
        assert_done(quantise(frames, 0, n, input, &err), &err);
        assert_memory_equal(input, is_signed ? signed7 : unsigned6, sizeof input);
        n->input_scale = 0.5;
        assert_done(quantise(frames, 0, n, input, &err), &err);
        assert_int_equal(input[0], 1); /* 0.5 / 0.5 */
        n->input_scale = 5e-324;       /* quotients beyond double clamp like the rest */
        assert_done(quantise(frames, 0, n, input, &err), &err);
        assert_int_equal(input[0], cf_type_max(type));
        cf_netlist_free(n);
    }
    cf_frames_close(frames);
}

static void frames_must_fit_the_netlist(void **state)
{
    (void)state;
    static const float data[12];
    static const struct {
        int rank;
        uint32_t shape[4];
        struct cf_type type;
        const char *fragment; /* NULL: fits */
    } inputs[] = {
        {3, {2, 3, 2}, SIGNED(8, 0), NULL},
        {3, {2, 3, 2}, SIGNED(32, 0), NULL},
        {3, {2, 3, 2}, UNSIGNED(31, 0), NULL},
        {3, {2, 3, 2}, SIGNED(33, 0), "net: its input is 33 bits wide; features feed up to 32"},
        {3, {2, 3, 2}, UNSIGNED(32, 0), "net: its input is 32 bits wide; features feed up to 32 (31 unsigned)"},
        {3, {3, 2, 2}, SIGNED(8, 0), "frames of 2x2x3 (D, H, W); net takes 2x3x2"},
        {3, {2, 3, 1}, SIGNED(8, 0), "frames of 2x2x3 (D, H, W); net takes 1x2x3"},
        {2, {2, 6}, SIGNED(8, 0), "net: its input has rank 2; features feed an input of shape [H, W, D] or [D]"},
        {3, {3, 2, 2}, BIT, "frames of 2x2x3 (D, H, W); net takes 2x3x2"},
        {3,
         {2, 2, 3},
         SIGNED(8, 0),
         "net takes 3x2x2; its channels stand last: save "
         "numpy.ascontiguousarray(numpy.moveaxis(array, -1, -3)) instead"},
        {3,
         {2, 1, 3},
         SIGNED(8, 0),
         "net takes 3x2x1; these are tokens: save "
         "array[:, -2:].transpose(0, 2, 1).reshape(-1, 3, 2, 1) instead"},
        {3, {1, 1, 3}, SIGNED(8, 0), "these are tokens: save array[:, -1:]"},
    };
    struct cf_error err;
    char *path = scratch_path("frame.npy");
    assert_done(cf_npy_write(path, CF_F32, 3, (uint64_t[]){2, 2, 3}, data, &err), &err);
    struct cf_frames *frames = open_frames(&path, 1);
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct cf_netlist *n = cf_netlist_new("net", &err);
        assert_true(cf_netlist_add_group(n, "input", inputs[i].rank, inputs[i].shape, 0, inputs[i].type, false, &err));
        bool fits = cf_frames_fit(frames, n, &err);
        assert_true(fits == !inputs[i].fragment);
        if (!fits)
            assert_says(&err, inputs[i].fragment);
        cf_netlist_free(n);
    }
    cf_frames_close(frames);
}

/* Each row of a table [N, D] is a frame of one position; booleans are inputs of one bit, in either kind of file. */
static void patterns_and_booleans_feed_circuits_without_a_grid(void **state)
{
    (void)state;
    static const uint8_t bits[2][3] = {{1, 0, 1}, {0, 1, 1}};
    struct cf_error err;
    double features[3];
    for (int rank = 1; rank <= 3; rank += 2)
        for (int kind = 0; kind < 4; kind++) {
            enum cf_dtype dtype = kind % 2 ? CF_BOOL : CF_U8;
            char *path = scratch_path(kind / 2 ? "patterns" : "patterns.npy");
            if (kind / 2)
                scratch_write(path, (const struct scratch_tensor[]){{"x", dtype, 2, {2, 3}, bits}}, 1);
            else
                assert_done(cf_npy_write(path, dtype, 2, (uint64_t[]){2, 3}, bits, &err), &err);
            struct cf_netlist *n = cf_netlist_new("net", &err);
            uint32_t grid[3] = {1, 1, 3}, *shape = rank == 1 ? grid + 2 : grid;
            assert_true(cf_netlist_add_group(n, "input", rank, shape, 0, BIT, false, &err));
            struct cf_frames *frames = open_frames(&path, 1);
            assert_int_equal(cf_frames_count(frames), 2);
            assert_done(cf_frames_fit(frames, n, &err), &err);
            for (uint64_t f = 0; f < 2; f++) {
                int32_t input[3];
                assert_done(quantise(frames, f, n, input, &err), &err);
                for (int i = 0; i < 3; i++)
                    assert_int_equal(input[i], bits[f][i]);
            }
            if (dtype == CF_BOOL) {
                assert_false(cf_frames_features(frames, 0, features, &err));
                assert_says(&err, "booleans are no features");
                n->groups[CF_INPUT].type = SIGNED(8, 0);
                assert_false(cf_frames_fit(frames, n, &err));
                assert_says(&err, "booleans feed inputs of 1 bit; the inputs of net have 8");
            }
            cf_frames_close(frames);
            cf_netlist_free(n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dtype_and_both_kinds_are_read),
        cmocka_unit_test(files_are_counted_through),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(what_is_not_finite_is_named),
        cmocka_unit_test(inputs_are_quantised),
        cmocka_unit_test(frames_must_fit_the_netlist),
        cmocka_unit_test(patterns_and_booleans_feed_circuits_without_a_grid),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
