/* The safetensors reader on what is legal, the writer, and both against each other. What must be refused is in
 * tests/hostile. */
#include <dirent.h>
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
#include "base/safetensors.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/cofiber-test-st-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static size_t entries(bool remove_them)
{
    size_t count = 0;
    DIR *handle = opendir(folder);
    assert_non_null(handle);
    for (struct dirent *item; (item = readdir(handle));) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        count++;
        if (remove_them)
            unlinkat(dirfd(handle), item->d_name, 0);
    }
    closedir(handle);
    return count;
}

static int remove_folder(void **state)
{
    (void)state;
    entries(true);
    return rmdir(folder);
}

static const char *in(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", folder, name);
    return path;
}

/* A container in memory; the caller frees it. */
static uint8_t *container(const char *header, const void *data, size_t data_size, size_t *size)
{
    size_t length = strlen(header);
    *size = 8 + length + data_size;
    uint8_t *bytes = calloc(1, *size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, length);
    if (data_size)
        memcpy(bytes + 8 + length, data, data_size);
    return bytes;
}

static void parse(struct cf_safetensors **file, uint8_t **bytes, const char *header, size_t data_size)
{
    uint8_t data[256];
    struct cf_error err;
    size_t size;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    *bytes = container(header, data, data_size, &size);
    if (!cf_safetensors_parse(file, *bytes, size, "memory", &err))
        fail_msg("%s", err.text);
}

/* ---- reading ---- */

static void legal_headers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data_size, count;
    } legal[] = {
        {"{}", 0, 0},
        {"{ }   ", 0, 0},
        {"{\"__metadata__\":{}}", 0, 0},
        {"{\t\"a\" :\r\n{\"shape\":[ ],\"data_offsets\":[0 ,1],\"dtype\":\"U8\"} } \n", 1, 1},
        {"{\"\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, 1},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, 1},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[0,9007199254740992],\"data_offsets\":[0,0]}}", 0, 1},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,3],\"data_offsets\":[0,3]}}", 3, 1},
        {"{\"dtype\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
         "\"shape\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[1,2]}}",
         2, 2},
    };
    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++) {
        struct cf_safetensors *file;
        uint8_t *bytes;
        parse(&file, &bytes, legal[i].header, legal[i].data_size);
        assert_int_equal(cf_safetensors_count(file), legal[i].count);
        cf_safetensors_close(file);
        free(bytes);
    }
}

static void tensors_come_in_file_order(void **state)
{
    (void)state;
    struct cf_safetensors *file;
    uint8_t *bytes;
    parse(&file, &bytes,
          "{\"last\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[4,6]},"
          "\"empty 2\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]},"
          "\"empty 1\":{\"dtype\":\"U8\",\"shape\":[5,0],\"data_offsets\":[4,4]},"
          "\"first\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
          6);
    static const char *const names[] = {"first", "empty 2", "empty 1", "last"};
    assert_int_equal(cf_safetensors_count(file), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        assert_string_equal(tensor->name, names[i]);
        assert_ptr_equal(cf_safetensors_find(file, names[i]), tensor);
    }
    const struct cf_tensor *first = cf_safetensors_at(file, 0), *last = cf_safetensors_at(file, 3);
    assert_int_equal(first->rank, 0);
    assert_int_equal(first->count, 1);
    assert_int_equal(first->size, 4);
    assert_int_equal(first->data[0], 0);
    assert_int_equal(last->data[0], 4);
    assert_null(cf_safetensors_at(file, 4));
    assert_null(cf_safetensors_find(file, "absent"));
    assert_null(cf_safetensors_find(file, "First"));
    assert_null(cf_safetensors_metadata(file, "absent"));
    assert_string_equal(cf_safetensors_path(file), "memory");
    cf_safetensors_close(file);
    free(bytes);
    cf_safetensors_close(NULL);
}

static void escapes_and_utf8_are_decoded(void **state)
{
    (void)state;
    struct cf_safetensors *file;
    uint8_t *bytes;
    parse(&file, &bytes,
          "{\"__metadata__\":{\"b\\\\\":\"\\\"\\n\\ud83d\\ude00\",\"a\":\"\xe2\x82\xac\xf4\x8f\xbf\xbf\",\"\":\"e\"},"
          "\"\\u00e9[0]{,:}\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
          1);
    assert_string_equal(cf_safetensors_metadata(file, "b\\"), "\"\n\xf0\x9f\x98\x80");
    assert_string_equal(cf_safetensors_metadata(file, "a"), "\xe2\x82\xac\xf4\x8f\xbf\xbf");
    assert_string_equal(cf_safetensors_metadata(file, ""), "e");
    assert_null(cf_safetensors_metadata(file, "B\\"));
    assert_non_null(cf_safetensors_find(file, "\xc3\xa9[0]{,:}"));
    cf_safetensors_close(file);
    free(bytes);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = container("{\"a\":{\"dtype\":\"U16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "1234", 4, &size);
    struct cf_safetensors *file;
    struct cf_error err;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut ? cut : 1); /* of its exact size, for the sanitizer */
        assert_non_null(part);
        memcpy(part, bytes, cut);
        assert_false(cf_safetensors_parse(&file, part, cut, "cut", &err));
        assert_null(file);
        free(part);
    }
    /* And with a header length that fits each cut, so that the JSON itself ends early. */
    for (size_t cut = 9; cut < size - 4; cut++) {
        uint8_t *part = malloc(cut);
        assert_non_null(part);
        memcpy(part, bytes, cut);
        part[0] = (uint8_t)(cut - 8);
        assert_false(cf_safetensors_parse(&file, part, cut, "cut", &err));
        free(part);
    }
    assert_true(cf_safetensors_parse(&file, bytes, size, "whole", &err));
    cf_safetensors_close(file);
    free(bytes);
}

/* Hundreds of thousands of names and keys, all alike or all different, must take seconds at most. */
static void large_headers_are_linear(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    char *header = malloc(COUNT * 120);
    assert_non_null(header);
    for (int variant = 0; variant < 3; variant++) {
        size_t at = (size_t)sprintf(header, "{\"__metadata__\":{");
        for (int i = 0; i < COUNT; i++)
            at += (size_t)sprintf(header + at, "%s\"key%d\":\"\"", i ? "," : "", variant == 1 ? 7 : COUNT - i);
        at += (size_t)sprintf(header + at, "}");
        for (int i = 0; i < COUNT; i++)
            at += (size_t)sprintf(header + at, ",\"t%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
                                  variant == 2 ? 7 : COUNT - i);
        sprintf(header + at, "}");
        size_t size;
        uint8_t *bytes = container(header, NULL, 0, &size);
        struct cf_safetensors *file;
        struct cf_error err;
        bool done = cf_safetensors_parse(&file, bytes, size, "large", &err);
        assert_int_equal(done, variant == 0);
        if (done)
            assert_int_equal(cf_safetensors_count(file), COUNT);
        else
            assert_string_equal(err.text, variant == 1 ? "large: __metadata__: duplicate key 'key7'"
                                                       : "large: tensor 't7': duplicate name");
        cf_safetensors_close(file);
        free(bytes);
    }
    free(header);
}

static void long_names_leave_the_reason(void **state)
{
    (void)state;
    char header[3100];
    memset(header, 'n', sizeof header);
    memcpy(header, "{\"", 2);
    strcpy(header + 3000, "\":{\"dtype\":\"U7\",\"shape\":[],\"data_offsets\":[0,1]}}");
    size_t size;
    struct cf_safetensors *file;
    struct cf_error err;
    uint8_t *bytes = container(header, "x", 1, &size);
    assert_false(cf_safetensors_parse(&file, bytes, size, "label", &err));
    assert_non_null(strstr(err.text, "label: tensor 'nnn"));
    assert_non_null(strstr(err.text, "': unknown dtype 'U7'"));
    free(bytes);
}

/* ---- writing ---- */

static void every_dtype_survives_a_round_trip(void **state)
{
    (void)state;
    struct cf_safetensors_writer *writer;
    struct cf_safetensors *file;
    struct cf_error err;
    char path[128];
    uint8_t data[CF_DTYPE_COUNT][6 * 8];
    size_t ids[CF_DTYPE_COUNT];
    const uint64_t shape[] = {2, 3};
    for (size_t d = 0; d < CF_DTYPE_COUNT; d++)
        for (size_t i = 0; i < sizeof data[d]; i++)
            data[d][i] = (uint8_t)(d * 37 + i * 11 + 1);
    assert_true(cf_safetensors_create(&writer, in(path, "all"), &err));
    /* Narrow ones first, so that most tensors are unaligned. */
    for (size_t d = 0; d < CF_DTYPE_COUNT; d++)
        assert_true(cf_safetensors_add(writer, cf_dtype_name((enum cf_dtype)d), (enum cf_dtype)d, d ? 2 : 1,
                                       d ? shape : shape + 1, &ids[d], &err));
    assert_true(cf_safetensors_begin(writer, &err));
    for (size_t d = CF_DTYPE_COUNT; d-- > 0;) { /* in any order, in pieces */
        size_t size = (d ? 6 : 3) * cf_dtype_size((enum cf_dtype)d);
        assert_true(cf_safetensors_write(writer, ids[d], 1, data[d] + 1, size - 1, &err));
        assert_true(cf_safetensors_write(writer, ids[d], 0, data[d], 1, &err));
    }
    assert_true(cf_safetensors_commit(&writer, &err));
    assert_null(writer);
    assert_true(cf_safetensors_open(&file, path, &err));
    assert_int_equal(cf_safetensors_count(file), CF_DTYPE_COUNT);
    for (size_t d = 0; d < CF_DTYPE_COUNT; d++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, d);
        assert_int_equal(tensor->dtype, d);
        assert_int_equal(tensor->rank, d ? 2 : 1);
        assert_int_equal(tensor->count, d ? 6 : 3);
        assert_memory_equal(tensor->data, data[d], tensor->size);
        cf_safetensors_forget(file, tensor, 0, UINT64_MAX);
        cf_safetensors_forget(file, tensor, tensor->size, 1);
        assert_memory_equal(tensor->data, data[d], tensor->size);
    }
    cf_safetensors_close(file);
}

static void write_example(const char *path, bool reverse)
{
    struct cf_safetensors_writer *writer;
    struct cf_error err;
    size_t a, b, empty;
    const uint64_t shape[] = {3, 0};
    assert_true(cf_safetensors_create(&writer, path, &err));
    assert_true(cf_safetensors_add_metadata(writer, "format", "cofiber \"1\"\n\x01", &err));
    assert_true(cf_safetensors_add(writer, "b\xc3\xa9\\", CF_I64, 1, shape, &b, &err));
    assert_true(cf_safetensors_add_metadata(writer, "a", "\xe2\x82\xac", &err));
    assert_true(cf_safetensors_add(writer, "a", CF_U8, 1, shape, &a, &err));
    assert_true(cf_safetensors_add(writer, "empty", CF_U8, 2, shape, &empty, &err));
    assert_true(cf_safetensors_begin(writer, &err));
    const int64_t wide[] = {-1, 0, 1};
    for (int i = 0; i < 2; i++) {
        if ((i == 1) == reverse)
            assert_true(cf_safetensors_write(writer, b, 0, wide, sizeof wide, &err));
        else
            assert_true(cf_safetensors_write(writer, a, 1, "x", 1, &err)); /* bytes 0 and 2 stay unwritten */
    }
    assert_true(cf_safetensors_write(writer, empty, 0, NULL, 0, &err));
    assert_true(cf_safetensors_commit(&writer, &err));
}

static void writer_is_deterministic(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"cofiber \\\"1\\\"\\u000a\\u0001\",\"a\":\"\xe2\x82\xac\"},"
        "\"b\xc3\xa9\\\\\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]},"
        "\"empty\":{\"dtype\":\"U8\",\"shape\":[3,0],\"data_offsets\":[27,27]}}";
    char path[2][128];
    struct cf_map map[2];
    struct cf_error err;
    for (int i = 0; i < 2; i++) {
        write_example(in(path[i], i ? "two" : "one"), i == 1);
        assert_true(cf_map_open(&map[i], path[i], &err));
    }
    assert_int_equal(map[0].size, map[1].size);
    assert_memory_equal(map[0].data, map[1].data, map[0].size);
    size_t length = (sizeof header - 1 + 7) / 8 * 8;
    assert_int_equal(map[0].data[0] + 256 * map[0].data[1], length);
    assert_int_equal(map[0].size, 8 + length + 27);
    assert_memory_equal(map[0].data + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < length; i++)
        assert_int_equal(map[0].data[8 + i], ' ');
    assert_memory_equal(map[0].data + map[0].size - 3, "\0x", 3);
    cf_map_close(&map[0]);
    cf_map_close(&map[1]);

    struct cf_safetensors *file;
    assert_true(cf_safetensors_open(&file, path[0], &err));
    assert_string_equal(cf_safetensors_metadata(file, "format"), "cofiber \"1\"\n\x01");
    assert_string_equal(cf_safetensors_metadata(file, "a"), "\xe2\x82\xac");
    assert_non_null(cf_safetensors_find(file, "b\xc3\xa9\\"));
    cf_safetensors_close(file);
}

static void nothing_declared_is_a_file_too(void **state)
{
    (void)state;
    struct cf_safetensors_writer *writer;
    struct cf_safetensors *file;
    struct cf_error err;
    char path[128];
    assert_true(cf_safetensors_create(&writer, in(path, "none"), &err));
    assert_true(cf_safetensors_commit(&writer, &err)); /* begins by itself */
    assert_true(cf_safetensors_open(&file, path, &err));
    assert_int_equal(cf_safetensors_count(file), 0);
    cf_safetensors_close(file);
}

static void assert_says(const struct cf_error *err, const char *fragment)
{
    if (!strstr(err->text, fragment))
        fail_msg("expected \"%s\" in: %s", fragment, err->text);
}

static void writer_refuses_misuse(void **state)
{
    (void)state;
    struct cf_safetensors_writer *writer;
    struct cf_error err;
    char path[128];
    size_t id;
    const uint64_t shape[9] = {2, 2, 1, 1, 1, 1, 1, 1, 1}, large[] = {1ull << 31, 1ull << 31, 2};
    assert_true(cf_safetensors_create(&writer, in(path, "bad"), &err));
    assert_true(cf_safetensors_add(writer, "a", CF_U8, 8, shape, &id, &err));
    assert_false(cf_safetensors_add(writer, "a", CF_F32, 1, shape, &id, &err));
    assert_says(&err, "/bad: duplicate tensor name 'a'");
    assert_false(cf_safetensors_add(writer, "b", CF_U8, 9, shape, &id, &err));
    assert_says(&err, "tensor 'b': rank 9 is not in 0 to 8");
    assert_false(cf_safetensors_add(writer, "b", CF_U8, 3, large, &id, &err));
    assert_says(&err, "tensor 'b': too large for the format");
    assert_false(cf_safetensors_add(writer, "\xff", CF_U8, 0, NULL, &id, &err));
    assert_says(&err, "is not valid UTF-8");
    assert_false(cf_safetensors_add(writer, "__metadata__", CF_U8, 0, NULL, &id, &err));
    assert_true(cf_safetensors_add_metadata(writer, "k", "v", &err));
    assert_false(cf_safetensors_add_metadata(writer, "k", "v", &err));
    assert_says(&err, "duplicate metadata key 'k'");
    assert_false(cf_safetensors_add_metadata(writer, "l", "\xed\xa0\x80", &err));
    assert_false(cf_safetensors_write(writer, 0, 0, "x", 1, &err));
    assert_says(&err, "data written before the header");
    assert_true(cf_safetensors_begin(writer, &err));
    assert_false(cf_safetensors_begin(writer, &err));
    assert_false(cf_safetensors_add(writer, "c", CF_U8, 0, NULL, &id, &err));
    assert_says(&err, "'c' is declared after the header was written");
    assert_false(cf_safetensors_add_metadata(writer, "m", "v", &err));
    assert_false(cf_safetensors_write(writer, 1, 0, "x", 1, &err));
    assert_false(cf_safetensors_write(writer, 0, 3, "xy", 2, &err));
    assert_says(&err, "tensor 'a': 2 bytes at 3 pass its end at 4");
    assert_false(cf_safetensors_write(writer, 0, UINT64_MAX, "xy", 2, &err));
    assert_false(cf_safetensors_write(writer, 0, 0, "xy", SIZE_MAX, &err));
    cf_safetensors_abort(&writer);
    assert_null(writer);
    cf_safetensors_abort(&writer);
    assert_int_equal(entries(false), 0);
}

static void full_disks_are_reported(void **state)
{
    (void)state;
    struct cf_safetensors_writer *writer;
    struct cf_error err = {0};
    size_t id;
    const uint64_t shape[] = {1 << 20};
    assert_true(cf_safetensors_create(&writer, "/dev/full", &err));
    assert_false(cf_safetensors_commit(&writer, &err));
    assert_string_equal(err.text, "/dev/full: No space left on device");
    memset(&err, 0, sizeof err);
    assert_true(cf_safetensors_create(&writer, "/dev/full", &err));
    assert_true(cf_safetensors_add(writer, "a", CF_U8, 1, shape, &id, &err));
    assert_false(cf_safetensors_begin(writer, &err));
    assert_string_equal(err.text, "/dev/full: No space left on device");
    cf_safetensors_abort(&writer);
}

static void many_tensors_are_written_quickly(void **state)
{
    (void)state;
    struct cf_safetensors_writer *writer;
    struct cf_safetensors *file;
    struct cf_error err;
    char path[128], name[32];
    size_t id;
    enum { COUNT = 100000 };
    assert_true(cf_safetensors_create(&writer, in(path, "many"), &err));
    for (int i = 0; i < COUNT; i++) {
        sprintf(name, "t%d", i);
        assert_true(cf_safetensors_add(writer, name, CF_U8, 0, NULL, &id, &err));
        assert_int_equal(id, i);
    }
    assert_true(cf_safetensors_commit(&writer, &err));
    assert_true(cf_safetensors_open(&file, path, &err));
    assert_int_equal(cf_safetensors_count(file), COUNT);
    assert_int_equal(cf_safetensors_find(file, "t77777")->data - cf_safetensors_at(file, 0)->data, 77777);
    cf_safetensors_close(file);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_headers_are_read),       cmocka_unit_test(tensors_come_in_file_order),
        cmocka_unit_test(escapes_and_utf8_are_decoded), cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(large_headers_are_linear),     cmocka_unit_test(long_names_leave_the_reason),
        IN_FOLDER(every_dtype_survives_a_round_trip),   IN_FOLDER(writer_is_deterministic),
        IN_FOLDER(nothing_declared_is_a_file_too),      IN_FOLDER(writer_refuses_misuse),
        cmocka_unit_test(full_disks_are_reported),      IN_FOLDER(many_tensors_are_written_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
