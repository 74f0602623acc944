/* test_spool.c - pipes as input and as output. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/spool.h"

enum { SIZE = 300000 }; /* more than a pipe holds */

static char byte_at(size_t i)
{
    return (char)(i * 7 + i / 1000);
}

/* A pipe into which a child writes SIZE bytes. */
static int filled_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        close(ends[0]);
        for (size_t i = 0; i < SIZE; i++) {
            char byte = byte_at(i);
            if (write(ends[1], &byte, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static void copies_a_pipe(void **state)
{
    (void)state;
    struct cf_error err;
    int from = filled_pipe(), to = cf_spool(from, "it", SIZE, &err);
    assert_true(to >= 0);
    assert_int_equal(lseek(to, 0, SEEK_END), SIZE);
    char *bytes = malloc(SIZE);
    assert_int_equal(pread(to, bytes, SIZE, 0), SIZE);
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(bytes[i], byte_at(i));
    free(bytes);
    close(to);
    close(from);
    wait(NULL);
}

static void stops_at_the_limit(void **state)
{
    (void)state;
    struct cf_error err;
    int from = open("/dev/zero", O_RDONLY);
    assert_int_equal(cf_spool(from, "zeros", 1000000, &err), -1);
    assert_string_equal(err.text, "zeros: more than 1000000 bytes; save it as a file first");
    close(from);
    from = open("/", O_RDONLY);
    assert_int_equal(cf_spool(from, "a folder", 1000, &err), -1);
    assert_string_equal(err.text, "a folder: Is a directory");
    close(from);
    setenv("TMPDIR", "/nowhere", 1);
    assert_int_equal(cf_spool_open("it", &err), -1);
    assert_string_equal(err.text, "it: no temporary file in /nowhere: No such file or directory");
    unsetenv("TMPDIR");
}

/* An output that cannot seek takes writes in any order, and gets them when they are complete. */
static void writes_to_a_pipe(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_out *out;
    char path[32], found[16] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    assert_false(cf_out_is_file(path));
    assert_true(cf_out_open(&out, path, &err));
    assert_true(cf_out_write(out, "first", 5, &err));
    assert_true(cf_out_write_at(out, 0, "F", 1, &err));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(read(ends[0], found, sizeof found), -1); /* nothing yet */
    assert_true(cf_out_commit(&out, &err));
    assert_int_equal(read(ends[0], found, sizeof found), 5);
    assert_string_equal(found, "First");
    assert_true(cf_out_open(&out, path, &err));
    assert_true(cf_out_write(out, "given up", 8, &err));
    cf_out_abort(&out);
    assert_int_equal(read(ends[0], found, sizeof found), -1);
    close(ends[0]);
    close(ends[1]);
    assert_false(cf_out_open(&out, path, &err));
    assert_true(cf_out_is_file("no such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(copies_a_pipe), cmocka_unit_test(stops_at_the_limit),
                                       cmocka_unit_test(writes_to_a_pipe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
