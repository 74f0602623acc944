/* The netlist file: what is written is read back, byte for byte the same, and only FORMAT.md's tensors are in it.
 * What must be refused is in tests/hostile. */
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
#include "netlists/diff.h"
#include "netlists/store.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

static void assert_equal_files(const char *a, const char *b)
{
    struct cf_map left, right;
    struct cf_error err;
    assert_done(cf_map_open(&left, a, &err) && cf_map_open(&right, b, &err), &err);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    cf_map_close(&left);
    cf_map_close(&right);
}

static void netlists_survive_a_round_trip(void **state)
{
    (void)state;
    const char *first = scratch_path("first"), *second = scratch_path("second");
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 3 == 0;
        struct cf_netlist *made = random_netlist(&options), *read;
        struct cf_netlist_diff diff;
        struct cf_error err;
        const double scales[] = {0.25, 1e300, 5e-324};
        if (seed % 2) {
            made->class_scale = scales;
            made->class_count = (uint32_t)(seed % 4);
        }
        assert_true(cf_netlist_set_meta(made, "note", "\xc3\xa9 \"quoted\"\n", &err));
        assert_done(cf_netlist_save(made, first, &err), &err);
        assert_done(cf_netlist_load(&read, first, &err), &err);
        assert_true(cf_netlist_compare(made, read, &diff, NULL, NULL, NULL));
        if (diff.different)
            fail_msg("seed %d: %s", (int)seed, diff.first);
        assert_true(read->input_scale == made->input_scale);
        assert_true((read->class_scale != NULL) == (seed % 2 == 1));
        assert_int_equal(read->class_count, made->class_count);
        if (read->class_count)
            assert_memory_equal(read->class_scale, made->class_scale, read->class_count * sizeof(double));
        assert_string_equal(cf_netlist_meta(read, "note"), "\xc3\xa9 \"quoted\"\n");
        assert_null(cf_netlist_meta(read, "groups")); /* the format's own keys are no provenance */
        assert_int_equal(read->meta_count, 1);
        assert_string_equal(read->label, first);
        assert_done(cf_netlist_save(read, second, &err), &err);
        assert_equal_files(first, second);
        cf_netlist_free(made);
        cf_netlist_free(read);
    }
}

/* Debug builds check what they write; what is not valid leaves no file. */
static void invalid_netlists_are_not_written(void **state)
{
    (void)state;
#ifdef NDEBUG
    skip();
#endif
    struct cf_netlist *n = scratch_netlist();
    struct cf_error err;
    n->groups[2].base[3] = 22;
    assert_false(cf_netlist_save(n, scratch_path("invalid"), &err));
    assert_says(&err, "net: step[3]: a gate reads only groups before its own");
    assert_int_equal(access(scratch_path("invalid"), F_OK), -1);
    cf_netlist_free(n);
}

static void tensors_are_those_of_the_format(void **state)
{
    (void)state;
    static const char *const names[] = {
        "input.shape", "input.scale", "cell.bias", "group.type", "cell.type", "cell.ports", "cell.terms", "port.type",
        "term.offset", "term.weight", "sum.cell",  "sum.base",   "step.cell", "step.base",  "term.port",  "term.shift"};
    struct cf_netlist *n = scratch_netlist();
    struct cf_safetensors *file;
    struct cf_error err;
    assert_done(cf_netlist_save(n, scratch_path("net"), &err), &err);
    assert_done(cf_safetensors_open(&file, scratch_path("net"), &err), &err);
    assert_int_equal(cf_safetensors_count(file), sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        assert_string_equal(tensor->name, names[i]);
        assert_int_equal((uintptr_t)tensor->data % cf_dtype_size(tensor->dtype), 0); /* aligned */
    }
    const struct cf_tensor *base = cf_safetensors_find(file, "sum.base");
    assert_int_equal(base->rank, 4);
    assert_int_equal(base->shape[3], 2);
    assert_true(cf_is_netlist(file));
    assert_string_equal(cf_safetensors_metadata(file, "groups"), "input sum step");
    cf_safetensors_close(file);
    cf_netlist_free(n);
}

/* The version of a file that has been written. */
static void read_version(const char *path, char version[8], size_t *tensors)
{
    struct cf_safetensors *file;
    struct cf_error err;
    assert_done(cf_safetensors_open(&file, path, &err), &err);
    snprintf(version, 8, "%s", cf_safetensors_metadata(file, "version"));
    *tensors = cf_safetensors_count(file);
    cf_safetensors_close(file);
}

/* A square, a ReLU or a root makes the file one of version 2; without them it is the one that version 1 had. */
static void the_version_is_the_least_that_does(void **state)
{
    (void)state;
    struct cf_netlist *n = scratch_netlist(), *read;
    struct cf_netlist_diff diff;
    struct cf_error err;
    const char *path = scratch_path("net");
    char version[8];
    size_t tensors;
    assert_done(cf_netlist_save(n, path, &err), &err);
    read_version(path, version, &tensors);
    assert_string_equal(version, "1");
    assert_int_equal(tensors, 16);
    for (int change = 0; change < 3; change++) {
        struct cf_netlist *other = cf_netlist_copy(n, &err);
        assert_done(other != NULL, &err);
        if (change == 0)
            ((struct cf_term *)(uintptr_t)other->cells[1].terms)[1].square = true;
        else
            other->cells[0].activation = change == 1 ? CF_RELU : CF_ROOT;
        assert_done(cf_netlist_save(other, path, &err), &err);
        read_version(path, version, &tensors);
        assert_string_equal(version, "2");
        assert_int_equal(tensors, 17);
        assert_done(cf_netlist_load(&read, path, &err), &err);
        assert_true(cf_netlist_compare(other, read, &diff, NULL, NULL, NULL));
        assert_int_equal(diff.different, 0);
        assert_true(cf_netlist_compare(n, read, &diff, NULL, NULL, NULL));
        assert_int_equal(diff.different, change == 0 ? 4 : 12); /* the change was read as well */
        cf_netlist_free(read);
        cf_netlist_free(other);
    }
    cf_netlist_free(n);
}

/* The result owns its memory: the file may be closed, and overwritten, at once. */
static void a_netlist_outlives_its_file(void **state)
{
    (void)state;
    struct cf_netlist *n = scratch_netlist(), *read, *none;
    struct cf_netlist_diff diff;
    struct cf_safetensors *file;
    struct cf_error err;
    const char *path = scratch_path("net");
    assert_done(cf_netlist_save(n, path, &err), &err);
    assert_done(cf_safetensors_open(&file, path, &err), &err);
    assert_done(cf_netlist_from_safetensors(&read, file, &err), &err);
    cf_safetensors_close(file);
    assert_int_equal(truncate(path, 0), 0);
    assert_true(cf_netlist_compare(n, read, &diff, NULL, NULL, NULL));
    assert_int_equal(diff.different, 0);
    assert_false(cf_netlist_load(&none, path, &err));
    assert_null(none);
    cf_netlist_free(n);
    cf_netlist_free(read);
}

/* How many of the files with one bit flipped are accepted; none of them takes the reader out of its bounds. */
static size_t flip_every_bit(const struct cf_map *map)
{
    struct cf_safetensors *file;
    struct cf_netlist *read;
    struct cf_error err;
    size_t accepted = 0;
    for (size_t at = 0; at < map->size; at++)
        for (int bit = 0; bit < 8; bit++) {
            uint8_t *bytes = malloc(map->size);
            assert_non_null(bytes);
            memcpy(bytes, map->data, map->size);
            bytes[at] ^= (uint8_t)(1 << bit);
            if (cf_safetensors_parse(&file, bytes, map->size, "damaged", &err)) {
                bool done = cf_netlist_from_safetensors(&read, file, &err);
                assert_true(done == (read != NULL));
                accepted += done;
                cf_netlist_free(read);
                cf_safetensors_close(file);
            }
            free(bytes);
        }
    return accepted;
}

/* How many of the file's proper prefixes are containers that can be read. */
static size_t cut_everywhere(const struct cf_map *map)
{
    size_t accepted = 0;
    for (size_t size = 0; size < map->size; size++) {
        struct cf_safetensors *file;
        struct cf_error err;
        uint8_t *bytes = malloc(size ? size : 1); /* of that size, so that a sanitizer sees a read past it */
        assert_non_null(bytes);
        memcpy(bytes, map->data, size);
        if (cf_safetensors_parse(&file, bytes, size, "cut", &err)) {
            cf_safetensors_close(file);
            accepted++;
        }
        free(bytes);
    }
    return accepted;
}

/* Every prefix of a file is refused, and every file with one bit flipped is refused, or is a valid netlist. Of both
 * versions. */
static void damaged_files_are_refused_or_valid(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        struct cf_netlist *n = scratch_netlist();
        struct cf_map map;
        struct cf_error err;
        if (full) {
            ((struct cf_term *)(uintptr_t)n->cells[1].terms)[2].square = true;
            n->cells[0].activation = CF_RELU;
        }
        assert_done(cf_netlist_save(n, scratch_path("net"), &err), &err);
        assert_done(cf_map_open(&map, scratch_path("net"), &err), &err);
        assert_in_range(flip_every_bit(&map), 100, map.size * 4); /* weights and biases may change; structure may not */
        assert_int_equal(cut_everywhere(&map), 0);
        cf_map_close(&map);
        cf_netlist_free(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netlists_survive_a_round_trip),      cmocka_unit_test(invalid_netlists_are_not_written),
        cmocka_unit_test(tensors_are_those_of_the_format),    cmocka_unit_test(a_netlist_outlives_its_file),
        cmocka_unit_test(damaged_files_are_refused_or_valid), cmocka_unit_test(the_version_is_the_least_that_does),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
