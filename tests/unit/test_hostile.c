/* Every file of tests/hostile is refused with one line that begins with its path and says what is wrong. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/npy.h"
#include "base/safetensors.h"
#include "compiler/head.h"
#include "netlists/store.h"

#define FOLDER "tests/hostile" /* tests run in the root of the repository */

struct entry {
    char *file, *fragment;
};

struct list {
    struct cf_arena arena;
    struct entry *entries;
    size_t count;
};

static void read_list(struct list *list)
{
    struct cf_error err;
    char *text;
    size_t size, capacity = 0;
    if (!cf_file_read(FOLDER "/expected.txt", 1 << 20, &text, &size, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < size; i++)
        capacity += text[i] == '\n';
    *list = (struct list){0};
    list->entries = cf_arena_alloc(&list->arena, capacity, sizeof *list->entries);
    assert_non_null(list->entries);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *tab = strchr(line, '\t');
        if (line[0] == '\0' || line[0] == '#')
            continue;
        assert_non_null(tab);
        *tab = '\0';
        assert_in_range(list->count, 0, capacity - 1);
        list->entries[list->count++] =
            (struct entry){cf_arena_strdup(&list->arena, line), cf_arena_strdup(&list->arena, tab + 1)};
    }
    free(text);
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* True when the reader refused the file; `mapped` chooses between the two ways in. */
static bool refuses(const char *path, bool mapped, struct cf_error *err)
{
    struct cf_map map = {0};
    struct cf_safetensors *tensors = NULL;
    struct cf_npy *npy = NULL;
    bool is_npy = has_suffix(path, ".npy");
    bool done;
    if (mapped) {
        done = is_npy ? cf_npy_open(&npy, path, err) : cf_safetensors_open(&tensors, path, err);
    } else {
        assert_true(cf_map_open(&map, path, err));
        /* An allocation of the exact size, so that a sanitizer sees the first byte read past the end. */
        uint8_t *copy = malloc(map.size ? map.size : 1);
        assert_non_null(copy);
        if (map.size)
            memcpy(copy, map.data, map.size);
        done = is_npy ? cf_npy_parse(&npy, copy, map.size, path, err)
                      : cf_safetensors_parse(&tensors, copy, map.size, path, err);
        free(copy);
        cf_map_close(&map);
    }
    assert_true(done == (npy || tensors)); /* a failure leaves NULL */
    cf_npy_close(npy);
    cf_safetensors_close(tensors);
    return !done;
}

static bool refuses_mapped(const char *path, struct cf_error *err)
{
    return refuses(path, true, err);
}

static bool refuses_copied(const char *path, struct cf_error *err)
{
    return refuses(path, false, err);
}

static bool refuses_netlist(const char *path, struct cf_error *err)
{
    struct cf_netlist *netlist;
    bool done = cf_netlist_load(&netlist, path, err);
    assert_true(done == (netlist != NULL));
    cf_netlist_free(netlist);
    return !done;
}

static bool refuses_head(const char *path, struct cf_error *err)
{
    struct cf_head head;
    bool done = cf_head_load(&head, path, NULL, err);
    cf_head_free(&head);
    return !done;
}

static void check_entry(const struct entry *entry, bool (*refuses_file)(const char *path, struct cf_error *err))
{
    struct cf_error err = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", FOLDER, entry->file);
    if (!refuses_file(path, &err))
        fail_msg("%s: was accepted", entry->file);
    size_t length = strlen(path);
    if (strncmp(err.text, path, length) != 0 || strncmp(err.text + length, ": ", 2) != 0)
        fail_msg("%s: the message does not begin with the path: %s", entry->file, err.text);
    if (!strstr(err.text + length, entry->fragment))
        fail_msg("%s: expected \"%s\" in: %s", entry->file, entry->fragment, err.text);
    for (const char *p = err.text; *p; p++)
        if ((unsigned char)*p < 0x20)
            fail_msg("%s: a control character in: %s", entry->file, err.text);
}

/* Netlists (net_*) and heads (head_*) are sound containers; every reader refuses an unsound one. */
static void hostile_files_are_refused(void **state)
{
    (void)state;
    struct list list;
    read_list(&list);
    size_t containers = 0, netlists = 0, heads = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct entry *entry = &list.entries[i];
        if (strncmp(entry->file, "net_", 4) == 0) {
            check_entry(entry, refuses_netlist);
            netlists++;
        } else if (strncmp(entry->file, "head_", 5) == 0) {
            check_entry(entry, refuses_head);
            heads++;
        } else {
            check_entry(entry, refuses_mapped);
            check_entry(entry, refuses_copied);
            if (has_suffix(entry->file, ".safetensors")) {
                check_entry(entry, refuses_netlist);
                check_entry(entry, refuses_head);
            }
            containers++;
        }
    }
    assert_true(containers >= 45 && netlists >= 40 && heads >= 10);
    cf_arena_free(&list.arena);
}

static void every_file_is_listed_once(void **state)
{
    (void)state;
    struct list list;
    read_list(&list);
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    size_t files = 0;
    for (struct dirent *item; (item = readdir(folder));) {
        const char *name = item->d_name;
        if (name[0] == '.' || has_suffix(name, ".py") || has_suffix(name, ".txt") || has_suffix(name, ".md"))
            continue;
        /* binary networks: expected_bits.txt, test_exchange.c */
        if (strncmp(name, "aig_", 4) == 0 || strncmp(name, "yjson_", 6) == 0 || strncmp(name, "blif_", 5) == 0)
            continue;
        /* annotations and results: expected_coco.txt, tests/cli/hostile.sh */
        if (strncmp(name, "coco_", 5) == 0)
            continue;
        size_t found = 0;
        for (size_t i = 0; i < list.count; i++)
            found += strcmp(list.entries[i].file, name) == 0;
        if (found != 1)
            fail_msg("%s: listed %zu times in expected.txt", name, found);
        files++;
    }
    closedir(folder);
    assert_int_equal(files, list.count);
    cf_arena_free(&list.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(every_file_is_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
