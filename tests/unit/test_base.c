/* Errors, the arena, growing arrays and SHA-256. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* ---- error ---- */

static void error_formats_and_returns_false(void **state)
{
    (void)state;
    struct cf_error err;
    assert_false(cf_fail(&err, "%s: byte %d", "a.npy", 7));
    assert_string_equal(err.text, "a.npy: byte 7");
    assert_false(cf_fail(NULL, "nobody listens"));
}

static void error_may_quote_itself(void **state)
{
    (void)state;
    struct cf_error err;
    cf_fail(&err, "reason");
    cf_fail(&err, "%s: %s", "context", err.text);
    assert_string_equal(err.text, "context: reason");
}

static void error_replaces_controls(void **state)
{
    (void)state;
    struct cf_error err;
    cf_fail(&err, "%s",
            "a\nb\x1b[2Jc\x7f\xc2\x9b"
            "d\xc3\xa9");
    assert_string_equal(err.text, "a?b?[2Jc???d\xc3\xa9");
}

static void long_error_keeps_both_ends(void **state)
{
    (void)state;
    struct cf_error err;
    char path[5001];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    cf_fail(&err, "%s: the reason", path);
    size_t length = strlen(err.text);
    assert_true(length < sizeof err.text && length > sizeof err.text - 8);
    assert_memory_equal(err.text, "pppppppppp", 10);
    assert_string_equal(err.text + length - 12, ": the reason");

    cf_fail(&err, "%.*s", (int)sizeof err.text - 1, path); /* the longest that fits as it is */
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_null(strstr(err.text, " ... "));
    cf_fail(&err, "%.*s", (int)sizeof err.text, path);
    assert_non_null(strstr(err.text, " ... "));
}

static void long_error_cuts_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        char text[3001] = "xxx";
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4); /* euro signs */
        struct cf_error err;
        cf_fail(&err, "%s", text);
        const char *p = err.text + shift;
        while (strncmp(p, "\xe2\x82\xac", 3) == 0)
            p += 3;
        assert_memory_equal(p, " ... ", 5);
        for (p += 5; *p; p += 3)
            assert_memory_equal(p, "\xe2\x82\xac", 3);
    }
}

/* ---- arena ---- */

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct cf_arena arena = {0};
    static const uint8_t zeros[4096] = {0};
    for (size_t i = 0; i < 2000; i++) {
        size_t size = i % sizeof zeros;
        uint8_t *memory = cf_arena_alloc(&arena, size, 1);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        assert_memory_equal(memory, zeros, size);
        memset(memory, 0xff, size); /* an overlap would show in a later allocation */
    }
    cf_arena_free(&arena);
    assert_null(arena.chunks);
    assert_int_equal(arena.bytes, 0);
}

static void arena_serves_large_and_small_in_turn(void **state)
{
    (void)state;
    enum { LARGE = 10 << 20, LARGER = 21 << 20 };
    struct cf_arena arena = {0};
    static const uint8_t zeros[4096] = {0};
    uint8_t *large = cf_arena_alloc(&arena, 1, LARGE);
    uint8_t *small = cf_arena_alloc(&arena, 3, 5);
    uint8_t *larger = cf_arena_alloc(&arena, LARGER, 1);
    uint8_t *next = cf_arena_alloc(&arena, 3, 5);
    uint8_t *medium = cf_arena_alloc(&arena, 700000, 1);
    assert_true(large && small && larger && next && medium);
    assert_memory_equal(larger, zeros, sizeof zeros);
    assert_memory_equal(larger + LARGER - sizeof zeros, zeros, sizeof zeros);
    assert_int_equal((uintptr_t)larger % 64, 0);
    memset(large, 1, LARGE);
    memset(larger, 2, LARGER);
    memset(small, 3, 15);
    memset(next, 4, 15);
    memset(medium, 5, 700000);
    assert_int_equal(large[LARGE - 1], 1);
    assert_int_equal(larger[LARGER - 1], 2);
    assert_int_equal(small[14], 3);
    assert_int_equal(next - small, 64);  /* the larger one did not take the small ones' block away */
    assert_int_equal(medium - next, 64); /* a block grown with the arena serves medium ones too */
    assert_int_equal(arena.bytes, LARGE + LARGER + 15 + 15 + 700000);
    cf_arena_free(&arena);
    assert_non_null(cf_arena_alloc(&arena, 1, 1)); /* may be used again */
    cf_arena_free(&arena);
}

static void arena_refuses_overflow(void **state)
{
    (void)state;
    struct cf_arena arena = {0};
    assert_null(cf_arena_alloc(&arena, SIZE_MAX, 2));
    assert_null(cf_arena_alloc(&arena, SIZE_MAX / 2 + 1, 2)); /* wraps to 0 */
    assert_null(cf_arena_alloc(&arena, (size_t)1 << 32, (size_t)1 << 32));
    assert_null(cf_arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(cf_arena_alloc(&arena, SIZE_MAX - 63, 1));
    assert_null(cf_arena_alloc(&arena, SIZE_MAX / 2, 1));
    assert_int_equal(arena.bytes, 0);
    assert_non_null(cf_arena_alloc(&arena, 0, SIZE_MAX));
    assert_non_null(cf_arena_alloc(&arena, SIZE_MAX, 0));
    cf_arena_free(&arena);
}

static void arena_copies_strings(void **state)
{
    (void)state;
    struct cf_arena arena = {0};
    const char *first = cf_arena_strdup(&arena, "s1.classify");
    const char *empty = cf_arena_strdup(&arena, "");
    const double *numbers = cf_arena_alloc(&arena, 2, sizeof *numbers);
    assert_string_equal(first, "s1.classify");
    assert_string_equal(empty, "");
    assert_int_equal((uintptr_t)numbers % 64, 0);
    char *text = malloc(300000);
    assert_non_null(text);
    memset(text, 'x', 299999);
    text[299999] = '\0';
    assert_string_equal(cf_arena_strdup(&arena, text), text);
    free(text);
    cf_arena_free(&arena);
}

/* ---- array ---- */

static void array_grows_and_keeps_its_elements(void **state)
{
    (void)state;
    uint32_t *items = NULL;
    size_t capacity = 0, moves = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        size_t before = capacity;
        assert_true(cf_array_reserve(&items, &capacity, i + 1, sizeof *items));
        moves += capacity != before;
        items[i] = 3 * i;
    }
    assert_in_range(moves, 1, 20);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(items[i], 3 * i);
    assert_true(cf_array_reserve(&items, &capacity, 1000000, sizeof *items));
    assert_in_range(capacity, 1000000, 1000000);
    free(items);
}

static void array_refuses_overflow_and_stays(void **state)
{
    (void)state;
    uint64_t *items = NULL;
    size_t capacity = 0;
    assert_true(cf_array_reserve(&items, &capacity, 3, sizeof *items));
    items[2] = 7;
    size_t before = capacity;
    assert_false(cf_array_reserve(&items, &capacity, SIZE_MAX / 4, sizeof *items));
    assert_false(cf_array_reserve(&items, &capacity, SIZE_MAX, sizeof *items));
    assert_true(capacity == before && items[2] == 7);
    free(items);
}

/* ---- hash: vectors of FIPS 180-4 ---- */

static void hash_known_digests(void **state)
{
    (void)state;
    char hex[CF_SHA256_HEX];
    cf_sha256(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cf_sha256("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hash_of_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/cofiber-test-hash-XXXXXX", hex[CF_SHA256_HEX];
    struct cf_error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(cf_sha256_file(path, hex, &err)); /* empty: nothing to map */
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* Larger than the step in which files are hashed, and not a multiple of it. */
    size_t size = ((size_t)8 << 20) * 2 + 12345;
    uint8_t *data = malloc(size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 24);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
    char expected[CF_SHA256_HEX];
    cf_sha256(data, size, expected);
    free(data);
    assert_true(cf_sha256_file(path, hex, &err));
    assert_string_equal(hex, expected);
    unlink(path);
    assert_false(cf_sha256_file(path, hex, &err));
    assert_non_null(strstr(err.text, "No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_formats_and_returns_false),
        cmocka_unit_test(error_may_quote_itself),
        cmocka_unit_test(error_replaces_controls),
        cmocka_unit_test(long_error_keeps_both_ends),
        cmocka_unit_test(long_error_cuts_between_characters),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_serves_large_and_small_in_turn),
        cmocka_unit_test(arena_refuses_overflow),
        cmocka_unit_test(arena_copies_strings),
        cmocka_unit_test(array_grows_and_keeps_its_elements),
        cmocka_unit_test(array_refuses_overflow_and_stays),
        cmocka_unit_test(hash_known_digests),
        cmocka_unit_test(hash_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
