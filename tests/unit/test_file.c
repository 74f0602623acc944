/* Reading through a mapping, and files that appear complete or not at all. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

/* Every test gets an empty folder of its own and leaves none. */
struct folder {
    char path[64];
    char name[128];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    strcpy(folder->path, "/tmp/cofiber-test-file-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static const char *in(struct folder *folder, const char *name)
{
    snprintf(folder->name, sizeof folder->name, "%s/%s", folder->path, name);
    return folder->name;
}

static size_t entries(struct folder *folder, bool remove_them)
{
    size_t count = 0;
    DIR *handle = opendir(folder->path);
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
    struct folder *folder = *state;
    entries(folder, true);
    int result = rmdir(folder->path);
    free(folder);
    return result;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected)
{
    char *text;
    size_t size;
    struct cf_error err;
    if (!cf_file_read(path, 1 << 20, &text, &size, &err))
        fail_msg("%s", err.text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
}

static void assert_ends(const struct cf_error *err, const char *end)
{
    size_t length = strlen(err->text), tail = strlen(end);
    if (length < tail || strcmp(err->text + length - tail, end) != 0)
        fail_msg("expected \"%s\" at the end of: %s", end, err->text);
}

/* ---- reading ---- */

static void map_reads_regular_files_only(void **state)
{
    struct folder *folder = *state;
    struct cf_map map;
    struct cf_error err;
    put(in(folder, "file"), "bytes");
    assert_true(cf_map_open(&map, in(folder, "file"), &err));
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.data, "bytes", 5);
    cf_map_close(&map);
    cf_map_close(&map); /* closed already: nothing happens */

    put(in(folder, "empty"), "");
    assert_true(cf_map_open(&map, in(folder, "empty"), &err));
    assert_true(map.data == NULL && map.size == 0);
    cf_map_forget(&map, 0, 1);
    cf_map_close(&map);

    assert_false(cf_map_open(&map, folder->path, &err));
    assert_ends(&err, ": not a regular file");
    assert_false(cf_map_open(&map, "/dev/zero", &err));
    assert_string_equal(err.text, "/dev/zero: not a regular file");
    assert_int_equal(mkfifo(in(folder, "pipe"), 0600), 0);
    assert_false(cf_map_open(&map, in(folder, "pipe"), &err)); /* and does not wait for a writer */
    assert_ends(&err, ": not a regular file");
    assert_false(cf_map_open(&map, in(folder, "missing"), &err));
    assert_ends(&err, "/missing: No such file or directory");
}

static void forgotten_pages_come_back(void **state)
{
    struct folder *folder = *state;
    struct cf_map map;
    struct cf_error err;
    enum { SIZE = 100000 };
    struct cf_out *out;
    assert_true(cf_out_open(&out, in(folder, "file"), &err));
    for (int i = 0; i < SIZE; i++) {
        uint8_t byte = (uint8_t)(i % 251);
        assert_true(cf_out_write(out, &byte, 1, &err));
    }
    assert_true(cf_out_commit(&out, &err));
    assert_true(cf_map_open(&map, in(folder, "file"), &err));
    static const size_t ranges[][2] = {{0, SIZE}, {1, 2}, {5000, 9000}, {SIZE - 1, 1}, {SIZE, 1}, {10, SIZE_MAX}};
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        cf_map_forget(&map, ranges[r][0], ranges[r][1]);
        for (int i = 0; i < SIZE; i++)
            assert_int_equal(map.data[i], i % 251);
    }
    cf_map_close(&map);
}

/* Bytes of the mapping that count as resident, in kilobytes, as the kernel tells. */
static size_t resident(const struct cf_map *map)
{
    char line[512];
    size_t kilobytes = 0;
    bool inside = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        unsigned long first, last;
        if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
            inside = first < (uintptr_t)map->data + map->size && last > (uintptr_t)map->data;
        size_t part;
        if (inside && sscanf(line, "Rss: %zu", &part) == 1)
            kilobytes += part;
    }
    fclose(file);
    return kilobytes;
}

/* Each piece is forgotten when it was read, and reading one brings back the ends of its neighbours. */
static void nothing_stays_of_large_pieces(void **state)
{
    struct folder *folder = *state;
    struct cf_map map;
    struct cf_error err;
    struct cf_out *out;
    enum { PIECE = 2457600, PIECES = 6 };
    uint8_t *bytes = calloc(PIECES, PIECE);
    assert_non_null(bytes);
    assert_true(cf_out_open(&out, in(folder, "file"), &err));
    assert_true(cf_out_write(out, bytes, (size_t)PIECES * PIECE, &err) && cf_out_commit(&out, &err));
    assert_true(cf_map_open(&map, in(folder, "file"), &err));
    unsigned sum = 0;
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; at < PIECE; at += 1024)
            sum += map.data[i * PIECE + at];
        assert_true(resident(&map) >= PIECE / 1024);
        cf_map_forget(&map, i * PIECE, PIECE);
        assert_int_equal(resident(&map), 0);
    }
    assert_int_equal(sum, 0);
    cf_map_close(&map);
    free(bytes);
}

static void file_read_keeps_its_limit(void **state)
{
    struct folder *folder = *state;
    char *text;
    size_t size;
    struct cf_error err;
    put(in(folder, "ten"), "0123456789");
    assert_true(cf_file_read(in(folder, "ten"), 10, &text, &size, &err));
    assert_int_equal(size, 10);
    assert_string_equal(text, "0123456789");
    free(text);
    assert_false(cf_file_read(in(folder, "ten"), 9, &text, &size, &err));
    assert_ends(&err, "/ten: larger than 9 bytes");
    assert_null(text);
    assert_false(cf_file_read("/dev/zero", 100000, &text, &size, &err)); /* no end at all */
    assert_string_equal(err.text, "/dev/zero: not a regular file");
    assert_false(cf_file_read(folder->path, 10, &text, &size, &err));
    assert_ends(&err, ": not a regular file");
    assert_int_equal(mkfifo(in(folder, "pipe"), 0600), 0);
    assert_false(cf_file_read(in(folder, "pipe"), 10, &text, &size, &err)); /* and does not wait for a writer */
    assert_ends(&err, "/pipe: not a regular file");
    put(in(folder, "empty"), "");
    assert_true(cf_file_read(in(folder, "empty"), 0, &text, &size, &err));
    assert_string_equal(text, "");
    free(text);
    assert_true(cf_file_read("/proc/self/status", SIZE_MAX, &text, &size, &err)); /* its size is said to be 0 */
    assert_true(size > 0 && strlen(text) == size);
    free(text);
}

static void file_read_grows(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    enum { LINES = 20000 };
    assert_true(cf_out_open(&out, in(folder, "lines"), &err));
    for (int i = 0; i < LINES; i++)
        assert_true(cf_out_printf(out, &err, "line %6d\n", i));
    assert_true(cf_out_commit(&out, &err));
    char *text;
    size_t size;
    assert_true(cf_file_read(in(folder, "lines"), LINES * 12, &text, &size, &err));
    assert_int_equal(size, LINES * 12);
    assert_memory_equal(text + size - 12, "line  19999\n", 12);
    free(text);
    assert_false(cf_file_read(in(folder, "lines"), LINES * 12 - 1, &text, &size, &err));
}

/* ---- writing ---- */

static void commit_names_the_file(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    struct stat status;
    mode_t mask = umask(027);
    assert_true(cf_out_open(&out, in(folder, "out"), &err));
    assert_true(cf_out_write(out, "one ", 4, &err));
    assert_true(cf_out_printf(out, &err, "%d\n", 2));
    assert_int_equal(access(in(folder, "out"), F_OK), -1);
    assert_true(cf_out_commit(&out, &err));
    umask(mask);
    assert_null(out);
    assert_content(in(folder, "out"), "one 2\n");
    assert_int_equal(stat(in(folder, "out"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(entries(folder, false), 1);
}

static void target_stays_whole_until_commit(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    put(in(folder, "out"), "old");
    for (int give_up = 0; give_up < 2; give_up++) {
        assert_true(cf_out_open(&out, in(folder, "out"), &err));
        assert_true(cf_out_write(out, "new", 3, &err));
        assert_content(in(folder, "out"), "old");
        if (give_up == 0)
            cf_out_abort(&out);
        else
            assert_true(cf_out_commit(&out, &err));
        assert_null(out);
        assert_content(in(folder, "out"), give_up == 0 ? "old" : "new");
        assert_int_equal(entries(folder, false), 1);
    }
    cf_out_abort(&out); /* NULL is fine */
}

static void write_at_and_append_do_not_disturb_each_other(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    assert_true(cf_out_open(&out, in(folder, "out"), &err));
    assert_true(cf_out_write(out, "aaaaaa", 6, &err));
    assert_true(cf_out_write_at(out, 2, "BB", 2, &err)); /* over bytes that are still buffered */
    assert_true(cf_out_write(out, "cc", 2, &err));
    assert_true(cf_out_write_at(out, 12, "D", 1, &err)); /* beyond the end */
    assert_true(cf_out_write_at(out, 0, "", 0, &err));
    assert_false(cf_out_write_at(out, UINT64_MAX, "x", 1, &err));
    assert_ends(&err, "/out: File too large");
    cf_out_abort(&out);

    assert_true(cf_out_open(&out, in(folder, "out"), &err));
    assert_true(cf_out_write(out, "aaaaaa", 6, &err));
    assert_true(cf_out_write_at(out, 2, "BB", 2, &err));
    assert_true(cf_out_write(out, "cc", 2, &err));
    assert_true(cf_out_write_at(out, 10, "D", 1, &err));
    assert_true(cf_out_commit(&out, &err));
    char *text;
    size_t size;
    assert_true(cf_file_read(in(folder, "out"), 100, &text, &size, &err));
    assert_int_equal(size, 11);
    assert_memory_equal(text, "aaBBaacc\0\0D", 11);
    free(text);
}

/* Whatever the spelling, and whether the file is there or not. */
static void same_outputs_are_found(void **state)
{
    struct folder *folder = *state;
    char plain[300], dotted[300];
    put(in(folder, "there"), "x");
    assert_int_equal(symlink("there", in(folder, "link")), 0);
    assert_int_equal(symlink("new", in(folder, "dangling")), 0);
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {{"there", "there", true}, {"there", "./there", true}, {"there", "link", true},
                 {"new", "new", true},     {"new", ".//new", true},    {"new", "dangling", true},
                 {"new", "there", false},  {"new", "newer", false},    {"there", "there.partial", false},
                 {"absent/x", "x", false}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        snprintf(plain, sizeof plain, "%s/%s", folder->path, pairs[i].a);
        snprintf(dotted, sizeof dotted, "%s/%s", folder->path, pairs[i].b);
        if (cf_out_same(plain, dotted) != pairs[i].same || cf_out_same(dotted, plain) != pairs[i].same)
            fail_msg("%s and %s: not told rightly", pairs[i].a, pairs[i].b);
    }
    assert_false(cf_out_same("/dev/null", "/dev/null"));
}

static void large_writes_pass_the_buffer_in_order(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    static const size_t sizes[] = {1, 1000000, 60000, 3000000, 7, 1 << 20, (1 << 20) - 1, (1 << 20) + 1, 0};
    uint8_t *block = malloc(3000000);
    assert_non_null(block);
    size_t total = 0;
    assert_true(cf_out_open(&out, in(folder, "out"), &err));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t b = 0; b < sizes[i]; b++)
            block[b] = (uint8_t)((total + b) % 253);
        assert_true(cf_out_write(out, block, sizes[i], &err));
        total += sizes[i];
    }
    memset(block, 'x', 5000);
    block[5000] = '\0';
    assert_true(cf_out_printf(out, &err, "%s", (char *)block)); /* longer than the stack buffer of printf */
    assert_true(cf_out_commit(&out, &err));
    free(block);
    struct cf_map map;
    assert_true(cf_map_open(&map, in(folder, "out"), &err));
    assert_int_equal(map.size, total + 5000);
    for (size_t b = 0; b < total; b++)
        if (map.data[b] != b % 253)
            fail_msg("byte %zu is wrong", b);
    for (size_t b = total; b < map.size; b++)
        assert_int_equal(map.data[b], 'x');
    cf_map_close(&map);
}

static void links_are_written_through(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    struct stat status;
    static const char *const links[] = {"link", "dangling"};
    put(in(folder, "file"), "old");
    assert_int_equal(symlink("file", in(folder, "link")), 0);
    assert_int_equal(symlink("new-file", in(folder, "dangling")), 0);
    for (int i = 0; i < 2; i++) {
        assert_true(cf_out_open(&out, in(folder, links[i]), &err));
        assert_true(cf_out_write(out, "text", 4, &err));
        assert_true(cf_out_commit(&out, &err));
        assert_int_equal(lstat(in(folder, links[i]), &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_content(in(folder, i ? "new-file" : "file"), "text");
    }
    assert_int_equal(entries(folder, false), 4);
    assert_int_equal(symlink("loop", in(folder, "loop")), 0);
    assert_false(cf_out_open(&out, in(folder, "loop"), &err));
    assert_ends(&err, "/loop: Too many levels of symbolic links");
}

static void bad_targets_are_refused(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    assert_false(cf_out_open(&out, folder->path, &err));
    assert_ends(&err, ": is a directory");
    assert_null(out);
    assert_false(cf_out_open(&out, in(folder, "missing/out"), &err));
    assert_ends(&err, "/missing' does not exist");
    put(in(folder, "file"), "");
    assert_false(cf_out_open(&out, in(folder, "file/out"), &err));
    assert_ends(&err, "/file' is not a directory");
    assert_false(cf_out_open(&out, in(folder, "new/"), &err));
    assert_false(cf_out_open(&out, "", &err));
    assert_ends(&err, ": not the name of a file");
    assert_false(cf_out_open(&out, "/cofiber-no-such-directory/x", &err));
    assert_string_equal(err.text,
                        "/cofiber-no-such-directory/x: directory '/cofiber-no-such-directory' does not exist");
}

/* The temporary's name must not be built from the target's. */
static void longest_names_work(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    char path[512];
    memset(path, 'n', sizeof path);
    memcpy(path, folder->path, strlen(folder->path));
    path[strlen(folder->path)] = '/';
    path[strlen(folder->path) + 1 + 255] = '\0';
    for (int i = 0; i < 2; i++) { /* new, then replaced */
        assert_true(cf_out_open(&out, path, &err));
        assert_true(cf_out_commit(&out, &err));
        assert_int_equal(entries(folder, false), 1);
    }
}

static void relative_paths_survive_chdir(void **state)
{
    struct folder *folder = *state;
    struct cf_out *out;
    struct cf_error err;
    int here = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(here >= 0);
    assert_int_equal(chdir(folder->path), 0);
    assert_true(cf_out_open(&out, "out", &err));
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_true(cf_out_commit(&out, &err));
    assert_content(in(folder, "out"), "");
}

static void devices_are_written_in_place(void **state)
{
    (void)state;
    struct cf_out *out;
    struct cf_error err;
    assert_true(cf_out_open(&out, "/dev/null", &err));
    assert_true(cf_out_write(out, "x", 1, &err));
    assert_true(cf_out_commit(&out, &err));
    struct stat status;
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));

    assert_true(cf_out_open(&out, "/dev/full", &err));
    assert_true(cf_out_write(out, "x", 1, &err)); /* buffered */
    assert_false(cf_out_commit(&out, &err));
    assert_null(out);
    assert_string_equal(err.text, "/dev/full: No space left on device");

    assert_true(cf_out_open(&out, "/dev/full", &err));
    assert_false(cf_out_write_at(out, 0, "x", 1, &err));
    memset(&err, 0, sizeof err);
    assert_false(cf_out_write(out, "x", 1, &err)); /* the first failure stays the reason */
    assert_string_equal(err.text, "/dev/full: No space left on device");
    memset(&err, 0, sizeof err);
    assert_false(cf_out_commit(&out, &err));
    assert_string_equal(err.text, "/dev/full: No space left on device");
}

static void whole_files(void **state)
{
    struct folder *folder = *state;
    struct cf_error err;
    char *text;
    size_t size;
    assert_true(cf_file_write(in(folder, "file"), "a longer text", 13, &err));
    assert_true(cf_file_write(in(folder, "file"), "text", 4, &err));
    assert_true(cf_file_read(in(folder, "file"), 100, &text, &size, &err));
    assert_int_equal(size, 4);
    assert_string_equal(text, "text");
    free(text);
    assert_false(cf_file_write(in(folder, "missing/file"), "text", 4, &err));
    assert_non_null(strstr(err.text, "missing"));
    assert_false(cf_file_write("/dev/full", "text", 4, &err));
    assert_string_equal(err.text, "/dev/full: No space left on device");
}

/* A file system without unnamed files keeps a dot-named temporary of a killed run; the target is whole all the same. */
static bool has_unnamed_files(const struct folder *folder)
{
    int fd = open(folder->path, O_TMPFILE | O_WRONLY, 0600);
    return fd >= 0 && close(fd) == 0;
}

static void killed_writers_leave_nothing(void **state)
{
    struct folder *folder = *state;
    for (int old = 0; old < 2; old++) {
        if (old)
            put(in(folder, "out"), "old");
        int ready[2];
        char byte;
        assert_int_equal(pipe(ready), 0);
        in(folder, "out");
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct cf_out *out;
            static char block[3 << 20];
            if (!cf_out_open(&out, folder->name, NULL) || !cf_out_write(out, block, sizeof block, NULL) ||
                !cf_out_write_at(out, 8 << 20, "x", 1, NULL) || write(ready[1], "r", 1) != 1)
                _exit(1);
            pause();
            _exit(1);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        if (has_unnamed_files(folder))
            assert_int_equal(entries(folder, false), old);
        else
            assert_int_equal(access(folder->name, F_OK), old ? 0 : -1);
        if (old)
            assert_content(in(folder, "out"), "old");
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(map_reads_regular_files_only),
        IN_FOLDER(forgotten_pages_come_back),
        IN_FOLDER(nothing_stays_of_large_pieces),
        IN_FOLDER(file_read_keeps_its_limit),
        IN_FOLDER(file_read_grows),
        IN_FOLDER(commit_names_the_file),
        IN_FOLDER(target_stays_whole_until_commit),
        IN_FOLDER(write_at_and_append_do_not_disturb_each_other),
        IN_FOLDER(same_outputs_are_found),
        IN_FOLDER(large_writes_pass_the_buffer_in_order),
        IN_FOLDER(links_are_written_through),
        IN_FOLDER(bad_targets_are_refused),
        IN_FOLDER(longest_names_work),
        IN_FOLDER(relative_paths_survive_chdir),
        cmocka_unit_test(devices_are_written_in_place),
        IN_FOLDER(whole_files),
        IN_FOLDER(killed_writers_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
