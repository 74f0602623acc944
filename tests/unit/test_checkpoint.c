/* Checkpoints of PyTorch and ONNX (tests/fixtures/heads, made by tests/heads/fixtures.py) against the numbers that
 * they are known to hold, and names against the roles that they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compiler/heads/parts.h"

#define FOLDER "tests/fixtures/heads/"

enum { CLASSES = 3, CHANNELS = 4 };

static const double *values_of(struct cf_checkpoint *checkpoint, size_t index, double *values)
{
    struct cf_error err;
    assert_true(index < checkpoint->count);
    if (!cf_checkpoint_load(checkpoint, index, &err))
        fail_msg("%s", err.text);
    assert_true(checkpoint->tensors[index].count <= CLASSES * CHANNELS);
    cf_tensor_to_f64(&checkpoint->tensors[index], 0, checkpoint->tensors[index].count, values);
    return values;
}

static void holds_the_head(const char *name)
{
    char path[128];
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    struct cf_error err;
    double weight[CLASSES * CHANNELS], bias[CLASSES], scale[CLASSES] = {1, 1, 1};
    snprintf(path, sizeof path, FOLDER "%s", name);
    if (!cf_checkpoint_open(&checkpoint, path, &err) || !cf_parts_find(&parts, &checkpoint, NULL, false, &err))
        fail_msg("%s", err.text);
    const struct cf_part *cls = &parts.part[CF_ROLE_CLS][0];
    size_t scaled = cls->tensor[CF_PART_WEIGHT_SCALE], weights = cls->tensor[CF_PART_WEIGHT];
    bool integers = strstr(name, "int8") != NULL;
    assert_int_equal(parts.bands[CF_ROLE_CLS], 1);
    assert_int_equal(scaled != SIZE_MAX, integers);
    values_of(&checkpoint, weights, weight);
    values_of(&checkpoint, cls->tensor[CF_PART_BIAS], bias);
    if (integers) {
        values_of(&checkpoint, scaled, scale);
        assert_int_equal(checkpoint.tensors[weights].dtype, CF_I8);
    }
    assert_int_equal(checkpoint.tensors[weights].shape[0], CLASSES);
    assert_int_equal(checkpoint.tensors[weights].shape[1], CHANNELS);
    for (int c = 0; c < CLASSES; c++) {
        double factor = integers && checkpoint.tensors[scaled].count == 1 ? scale[0] : scale[c];
        for (int d = 0; d < CHANNELS; d++)
            assert_true(weight[c * CHANNELS + d] * factor == (4 * c + d - 5) / 8.0);
        assert_true(bias[c] == c - 1);
    }
    cf_checkpoint_close(&checkpoint);
}

static void formats_hold_the_same_head(void **state)
{
    (void)state;
    static const char *const names[] = {
        "state.pth",          "legacy.pth",     "training.pth",   "shared.pth", "strided.pth",
        "strided_legacy.pth", "parameter.pth",  "half.pth",       "double.pth", "conv.pth",
        "int8.pth",           "protocol4.pth",  "compressed.pth", "gemm.onnx",  "gemm_turned.onnx",
        "matmul.onnx",        "transpose.onnx", "conv.onnx",      "int8.onnx",  "int8_pair.onnx",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        holds_the_head(names[i]);
}

static void unnamed_tensors_are_listed(void **state)
{
    (void)state;
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    struct cf_error err;
    char text[256], small[24];
    assert_true(cf_checkpoint_open(&checkpoint, FOLDER "list.pth", &err));
    assert_true(cf_parts_find(&parts, &checkpoint, NULL, false, &err));
    assert_int_equal(parts.bands[CF_ROLE_CLS], 0);
    assert_string_equal(cf_checkpoint_list(&checkpoint, text, sizeof text), "0 [3, 4], 1 [3]");
    assert_string_equal(cf_checkpoint_list(&checkpoint, small, 13), "...");
    assert_string_equal(cf_checkpoint_list(&checkpoint, small, 15), "0 [3, 4], ...");
    cf_checkpoint_close(&checkpoint);
}

/* What is refused, and words of the reason. */
static void damaged_and_dangerous_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"evil.pth", "names posix.system"},
        {"evil_legacy.pth", "names posix.system"},
        {"whole_model.pth", "names torch.nn.modules.linear.Linear"},
        {"arrays.npz", ".npz"},
        {"plain.pickle", "pickle"},
        {"big_endian.pth", "big-endian"},
        {"cut.pth", "damaged zip"},
        {"cut_pickle.pth", "ends in the middle"},
        {"no_pickle.pth", "no data.pkl"},
        {"no_storage.pth", "no entry 'state/data/0'"},
        {"short_storage.pth", "'cls.weight' reaches beyond"},
        {"flipped.pth", "'state/data/0' is damaged"},
        {"cut_legacy.pth", "cut short"},
        {"cut.onnx", "no ONNX model, or a damaged one"},
        {"outside.onnx", "'cls.weight' stands in another file"},
        {"zero_point.onnx", "zero point"},
        {"alpha.onnx", "alpha"},
        {"nothing.pth", "No such file"},
    };
    unlink("EVIL_RAN");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        struct cf_checkpoint checkpoint;
        struct cf_error err = {0};
        snprintf(path, sizeof path, FOLDER "%s", cases[i][0]);
        bool opened = cf_checkpoint_open(&checkpoint, path, &err), loaded = opened;
        for (size_t t = 0; loaded && t < checkpoint.count; t++)
            loaded = cf_checkpoint_load(&checkpoint, t, &err);
        assert_false(loaded);
        assert_memory_equal(err.text, path, strlen(path));
        if (!strstr(err.text, cases[i][1]))
            fail_msg("'%s' is not in: %s", cases[i][1], err.text);
        if (opened)
            cf_checkpoint_close(&checkpoint);
    }
    assert_int_not_equal(access("EVIL_RAN", F_OK), 0);
}

/* Any cut and any changed byte: an error or other numbers, and nothing worse (run under the sanitisers, too). */
static void any_damage_is_survived(void **state)
{
    (void)state;
    static const char *const names[] = {"state.pth", "legacy.pth", "int8.onnx", "training.pth"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128], copy[] = "/tmp/cofiber_checkpoint_XXXXXX";
        uint8_t bytes[4096];
        snprintf(path, sizeof path, FOLDER "%s", names[i]);
        FILE *file = fopen(path, "rb");
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        int handle = mkstemp(copy);
        assert_true(handle >= 0 && size > 100 && size < sizeof bytes);
        for (size_t at = 0; at < 2 * size; at++) {
            size_t place = at / 2, length = at % 2 ? place : size;
            uint8_t before = bytes[place];
            bytes[place] = (uint8_t)(before ^ (at % 2 ? 0u : 1u << place % 8));
            assert_int_equal(ftruncate(handle, 0), 0);
            assert_int_equal(pwrite(handle, bytes, length, 0), (ssize_t)length);
            bytes[place] = before;
            struct cf_checkpoint checkpoint;
            struct cf_error err;
            if (!cf_checkpoint_open(&checkpoint, copy, &err))
                continue;
            for (size_t t = 0; t < checkpoint.count; t++)
                cf_checkpoint_load(&checkpoint, t, &err);
            cf_checkpoint_close(&checkpoint);
        }
        close(handle);
        unlink(copy);
    }
}

static void names_tell_roles(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum cf_role role;
        enum cf_part_kind kind;
        uint32_t band;
    } cases[] = {
        {"cls_weight", CF_ROLE_CLS, CF_PART_WEIGHT, UINT32_MAX},
        {"module.head.cls.bias", CF_ROLE_CLS, CF_PART_BIAS, UINT32_MAX},
        {"weight", CF_ROLE_CLS, CF_PART_WEIGHT, UINT32_MAX},
        {"bias", CF_ROLE_CLS, CF_PART_BIAS, UINT32_MAX},
        {"weight_scale", CF_ROLE_CLS, CF_PART_WEIGHT_SCALE, UINT32_MAX},
        {"cls.2.weight", CF_ROLE_CLS, CF_PART_WEIGHT, 2},
        {"heads.cls_0.bias", CF_ROLE_CLS, CF_PART_BIAS, 0},
        {"project.weight", CF_ROLE_PROJECT, CF_PART_WEIGHT, UINT32_MAX},
        {"project_weight", CF_ROLE_PROJECT, CF_PART_WEIGHT, UINT32_MAX},
        {"reg_hidden.weight", CF_ROLE_REG_HIDDEN, CF_PART_WEIGHT, UINT32_MAX},
        {"reg_out_bias", CF_ROLE_REG_OUT, CF_PART_BIAS, UINT32_MAX},
        {"reg_weight", CF_ROLE_REG, CF_PART_WEIGHT, UINT32_MAX},
        {"bbox_pred.bias", CF_ROLE_REG, CF_PART_BIAS, UINT32_MAX},
        {"ctr_weight", CF_ROLE_CTR, CF_PART_WEIGHT, UINT32_MAX},
        {"norm.1.weight", CF_ROLE_NORM, CF_PART_WEIGHT, 1},
        {"norms.1.gamma", CF_ROLE_NORM, CF_PART_WEIGHT, 1},
        {"norm.0.beta", CF_ROLE_NORM, CF_PART_BIAS, 0},
        {"scale", CF_ROLE_SCALE, CF_PART_WEIGHT, UINT32_MAX},
        {"scales.2", CF_ROLE_SCALE, CF_PART_WEIGHT, 2},
        {"scales.1.scale", CF_ROLE_SCALE, CF_PART_WEIGHT, 1},
        {"backbone.layer4.conv1.weight", CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX},
        {"xcls.weight", CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX},
        {"cls", CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX},
        {"0", CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX},
        {"", CF_ROLE_NONE, CF_PART_WEIGHT, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cf_part_name read = cf_part_name_read(cases[i].name);
        if (read.role != cases[i].role ||
            (read.role != CF_ROLE_NONE && (read.kind != cases[i].kind || read.band != cases[i].band)))
            fail_msg("'%s' is read as role %d, kind %d, band %u", cases[i].name, (int)read.role, (int)read.kind,
                     read.band);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_hold_the_same_head),
        cmocka_unit_test(unnamed_tensors_are_listed),
        cmocka_unit_test(damaged_and_dangerous_files_are_refused),
        cmocka_unit_test(any_damage_is_survived),
        cmocka_unit_test(names_tell_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
