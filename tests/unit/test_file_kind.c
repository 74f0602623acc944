/* Files are told apart by their first bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file_kind.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define ZIP(length, name) "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" length "\0\0\0" name

static void kinds_are_told_apart(void **state)
{
    (void)state;
    const struct {
        const uint8_t *data;
        size_t size;
        enum cf_file_kind kind;
    } files[] = {
        {BYTES(""), CF_KIND_UNKNOWN},
        {BYTES("\x93NUMPY\1\0"), CF_KIND_NPY},
        {BYTES("\x93NUM"), CF_KIND_UNKNOWN},
        {BYTES("\10\0\0\0\0\0\0\0{}      "), CF_KIND_SAFETENSORS},
        {BYTES("\10\22\0\0\0\0\0\0{}      "), CF_KIND_SAFETENSORS}, /* not ONNX */
        {BYTES(ZIP("\11", "arr_0.npydata")), CF_KIND_NPZ},
        {BYTES(ZIP("\20", "archive/data.pkl")), CF_KIND_PYTORCH},
        {BYTES(ZIP("\5", "a.txt")), CF_KIND_ZIP},
        {BYTES(ZIP("\77", "a.npy")), CF_KIND_ZIP}, /* the name passes the end */
        {BYTES("PK\3\4"), CF_KIND_ZIP},
        {BYTES("\x80\2}q"), CF_KIND_PYTORCH},
        {BYTES("\x89HDF\r\n\x1a\n"), CF_KIND_HDF5},
        {BYTES("\10\10\22\7pytorch"), CF_KIND_ONNX},
        {BYTES("\x1f\x8b\10"), CF_KIND_GZIP},
        {BYTES("aag 0 0 0 0 0\n"), CF_KIND_AIGER},
        {BYTES("aig 0 0 0 0 0\n"), CF_KIND_AIGER},
        {BYTES(" \n{ \"creator\": 1}"), CF_KIND_JSON},
        {BYTES("{}"), CF_KIND_JSON},
        {BYTES("{"), CF_KIND_UNKNOWN},
        {BYTES("module m;"), CF_KIND_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (cf_file_kind(files[i].data, files[i].size) != files[i].kind)
            fail_msg("file %zu is taken for kind %d", i, (int)cf_file_kind(files[i].data, files[i].size));
}

static void remarks_are_for_other_kinds(void **state)
{
    (void)state;
    assert_string_equal(cf_file_kind_remark(BYTES("\x93NUMPY\1\0"), CF_KIND_SAFETENSORS), ": this is a .npy array");
    assert_string_equal(cf_file_kind_remark(BYTES("\x93NUMPY\1\0"), CF_KIND_NPY), "");
    assert_string_equal(cf_file_kind_remark(BYTES("hello"), CF_KIND_NPY), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(remarks_are_for_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
