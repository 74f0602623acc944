/* The .npy reader on what is legal, and the writer. What must be refused is in tests/hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/npy.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "/tmp/cofiber-test-npy-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* An array file in memory, of its exact size; the caller frees it. */
static uint8_t *array(int version, const char *header, const void *data, size_t data_size, size_t *size)
{
    size_t length = strlen(header), prefix = version == 1 ? 10 : 12;
    *size = prefix + length + data_size;
    uint8_t *bytes = calloc(1, *size);
    assert_non_null(bytes);
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (uint8_t)version;
    bytes[8] = (uint8_t)length;
    bytes[9] = (uint8_t)(length >> 8);
    memcpy(bytes + prefix, header, length);
    if (data_size)
        memcpy(bytes + prefix + length, data, data_size);
    return bytes;
}

static void legal_headers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum cf_dtype dtype;
        int rank;
        uint64_t shape[2];
    } legal[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }          \n", CF_F32, 2, {1, 2}},
        {"{'descr':'<f4','fortran_order':False,'shape':(2,)}", CF_F32, 1, {2}},
        {"{\"shape\": (2 , 4 ,), \"descr\": \"|i1\", \"fortran_order\": False}\n", CF_I8, 2, {2, 4}},
        {"{ 'fortran_order' : False ,\t'shape' : ( ) , 'descr' : '<f8' , }", CF_F64, 0, {0}},
        {"{'descr': '<i8', 'fortran_order': True, 'shape': (1, 1)}", CF_I64, 2, {1, 1}}, /* the orders agree */
        {"{'descr': '<i8', 'fortran_order': True, 'shape': (1,)}", CF_I64, 1, {1}},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (8,)}", CF_U8, 1, {8}},
        {"{'descr': '<u1', 'fortran_order': False, 'shape': (8,)}", CF_U8, 1, {8}},
        {"{'descr': '<i1', 'fortran_order': False, 'shape': (8,)}", CF_I8, 1, {8}},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (8,)}", CF_BOOL, 1, {8}},
        {"{'descr': '<i2', 'fortran_order': False, 'shape': (4,)}", CF_I16, 1, {4}},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (4,)}", CF_U16, 1, {4}},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (4,)}", CF_F16, 1, {4}},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", CF_I32, 1, {2}},
        {"{'descr': '<u4', 'fortran_order': False, 'shape': (2,)}", CF_U32, 1, {2}},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", CF_U64, 1, {1}},
        {"{'descr': '=f4', 'fortran_order': False, 'shape': (2,)}", CF_F32, 1, {2}},
        {"{'descr': 'f4', 'fortran_order': False, 'shape': (2,)}", CF_F32, 1, {2}},
        {"{u'descr': u'<f4', u'fortran_order': False, U\"shape\": (2,)}", CF_F32, 1, {2}},
        {" \t{\n'descr':\f'<f4',\r\n'fortran_order': False, 'shape': (\n2,\n)\n}\n\n \n", CF_F32, 1, {2}},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 1 L)}", CF_F32, 2, {2, 1}},
    };
    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++) {
        for (int version = 1; version <= 3; version++) {
            size_t size;
            uint8_t *bytes = array(version, legal[i].header, "12345678", 8, &size);
            struct cf_npy *file;
            struct cf_error err;
            if (version == 3 && strchr(legal[i].header, 'L')) { /* long integers: Python 2, which had no version 3 */
                assert_false(cf_npy_parse(&file, bytes, size, "memory", &err));
                free(bytes);
                continue;
            }
            if (!cf_npy_parse(&file, bytes, size, "memory", &err))
                fail_msg("%s: %s", legal[i].header, err.text);
            const struct cf_tensor *tensor = cf_npy_tensor(file);
            assert_int_equal(tensor->dtype, legal[i].dtype);
            assert_int_equal(tensor->rank, legal[i].rank);
            assert_memory_equal(tensor->shape, legal[i].shape, (size_t)legal[i].rank * sizeof *tensor->shape);
            assert_int_equal(tensor->size, 8);
            assert_int_equal(tensor->count, 8 / cf_dtype_size(tensor->dtype));
            assert_memory_equal(tensor->data, "12345678", 8);
            assert_string_equal(tensor->name, "memory");
            cf_npy_close(file);
            free(bytes);
        }
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }\n";
    for (int version = 1; version <= 2; version++) {
        size_t size, prefix = version == 1 ? 10 : 12;
        uint8_t *bytes = array(version, header, "1234", 4, &size);
        struct cf_npy *file;
        struct cf_error err;
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *part = malloc(cut ? cut : 1);
            assert_non_null(part);
            memcpy(part, bytes, cut);
            assert_false(cf_npy_parse(&file, part, cut, "cut", &err));
            assert_null(file);
            /* With a length that fits the cut, the header itself ends early; only its last newline is optional. */
            if (cut >= prefix && cut < size - 5) {
                part[8] = (uint8_t)(cut - prefix);
                assert_false(cf_npy_parse(&file, part, cut, "cut", &err));
            }
            free(part);
        }
        free(bytes);
    }
}

static void every_dtype_survives_a_round_trip(void **state)
{
    (void)state;
    uint8_t data[24 * 8];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 29 + 1);
    const uint64_t shape[] = {2, 3, 4, 1, 1, 1, 1, 1};
    struct cf_error err;
    for (int d = 0; d < CF_DTYPE_COUNT; d++) {
        enum cf_dtype dtype = (enum cf_dtype)d;
        if (dtype == CF_BF16) {
            assert_false(cf_npy_write(path, dtype, 3, shape, data, &err));
            assert_non_null(strstr(err.text, ": NumPy has no type for BF16"));
            continue;
        }
        for (int rank = 0; rank <= CF_MAX_RANK; rank++) {
            struct cf_npy *file;
            if (!cf_npy_write(path, dtype, rank, shape, data, &err) || !cf_npy_open(&file, path, &err))
                fail_msg("%s", err.text);
            const struct cf_tensor *tensor = cf_npy_tensor(file);
            assert_int_equal(tensor->dtype, dtype);
            assert_int_equal(tensor->rank, rank);
            assert_memory_equal(tensor->shape, shape, (size_t)rank * sizeof *shape);
            assert_memory_equal(tensor->data, data, tensor->size);
            assert_int_equal((uintptr_t)tensor->data % 64, 0);
            cf_npy_forget(file, 0, UINT64_MAX);
            cf_npy_forget(file, tensor->size, 1);
            assert_memory_equal(tensor->data, data, tensor->size);
            cf_npy_close(file);
        }
    }
    cf_npy_close(NULL);
}

/* What numpy.save(path, numpy.array([[1, 2]], "<i2")) of NumPy 1.24 writes. */
static void writes_what_numpy_writes(void **state)
{
    (void)state;
    static const char header[] = "\x93NUMPY\x01\0v\0{'descr': '<i2', 'fortran_order': False, 'shape': (1, 2), }";
    const uint64_t shape[] = {1, 2};
    const int16_t data[] = {1, 2};
    struct cf_error err;
    struct cf_map map;
    assert_true(cf_npy_write(path, CF_I16, 2, shape, data, &err));
    assert_true(cf_map_open(&map, path, &err));
    assert_int_equal(map.size, 128 + 4);
    assert_memory_equal(map.data, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < 127; i++)
        assert_int_equal(map.data[i], ' ');
    assert_int_equal(map.data[127], '\n');
    assert_memory_equal(map.data + 128, data, 4);
    cf_map_close(&map);
}

static void widest_shape_fits_the_preamble(void **state)
{
    (void)state;
    uint64_t shape[CF_MAX_RANK] = {0};
    for (int i = 1; i < CF_MAX_RANK; i++)
        shape[i] = INT64_MAX; /* the first is 0: no data, and every product is 0 */
    struct cf_error err;
    struct cf_npy *file;
    assert_true(cf_npy_write(path, CF_F64, CF_MAX_RANK, shape, NULL, &err));
    assert_true(cf_npy_open(&file, path, &err));
    assert_memory_equal(cf_npy_tensor(file)->shape, shape, sizeof shape);
    cf_npy_close(file);
}

static void writer_refuses_what_cannot_be(void **state)
{
    (void)state;
    struct cf_error err;
    const uint64_t shape[9] = {1ull << 32, 1ull << 32};
    assert_false(cf_npy_write(path, CF_U8, 2, shape, NULL, &err));
    assert_non_null(strstr(err.text, "overflows"));
    assert_false(cf_npy_write(path, CF_U8, 9, shape, NULL, &err));
    assert_non_null(strstr(err.text, "rank 9 is not in 0 to 8"));
    assert_false(cf_npy_write("/dev/full", CF_U8, 0, NULL, "x", &err));
    assert_string_equal(err.text, "/dev/full: No space left on device");
}

#define WITH_PATH(test) cmocka_unit_test_setup_teardown(test, make_path, remove_path)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_headers_are_read),     cmocka_unit_test(every_cut_is_refused),
        WITH_PATH(every_dtype_survives_a_round_trip), WITH_PATH(writes_what_numpy_writes),
        WITH_PATH(widest_shape_fits_the_preamble),    WITH_PATH(writer_refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
