/* scratch.c - gives each test files in a folder of its own, which goes with the test. */
#include "tests/support/scratch.h"

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

#include "base/safetensors.h"

static char folder[64];

int scratch_make(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/cofiber-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int scratch_remove(void **state)
{
    (void)state;
    DIR *handle = opendir(folder);
    if (!handle)
        return -1;
    for (struct dirent *item; (item = readdir(handle));)
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            unlinkat(dirfd(handle), item->d_name, 0);
    closedir(handle);
    return rmdir(folder);
}

char *scratch_path(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void assert_says(const struct cf_error *err, const char *fragment)
{
    if (!strstr(err->text, fragment))
        fail_msg("expected \"%s\" in: %s", fragment, err->text);
}

void assert_done(bool done, const struct cf_error *err)
{
    if (!done)
        fail_msg("%s", err->text);
}

void scratch_write(const char *path, const struct scratch_tensor *tensors, size_t count)
{
    struct cf_safetensors_writer *writer;
    struct cf_error err;
    size_t ids[16];
    assert_in_range(count, 0, 16);
    assert_done(cf_safetensors_create(&writer, path, &err), &err);
    for (size_t i = 0; i < count; i++)
        assert_done(cf_safetensors_add(writer, tensors[i].name, tensors[i].dtype, tensors[i].rank, tensors[i].shape,
                                       &ids[i], &err),
                    &err);
    assert_done(cf_safetensors_begin(writer, &err), &err);
    for (size_t i = 0; i < count; i++) {
        uint64_t elements = 1, size;
        for (int d = 0; d < tensors[i].rank; d++)
            elements *= tensors[i].shape[d];
        assert_true(cf_dtype_bytes(tensors[i].dtype, elements, &size)); /* also of types that nothing reads */
        if (size)
            assert_done(cf_safetensors_write(writer, ids[i], 0, tensors[i].data, size, &err), &err);
    }
    assert_done(cf_safetensors_commit(&writer, &err), &err);
}

struct cf_netlist *scratch_netlist(void)
{
    struct cf_error err;
    struct cf_netlist *netlist = cf_netlist_new("net", &err);
    assert_non_null(netlist);
    assert_true(cf_netlist_add_group(netlist, "input", 3, (uint32_t[]){2, 2, 3}, 0, SIGNED(4, 0), false, &err));
    struct cf_cell sum = {
        .ports = (struct cf_type[]){SIGNED(4, 0), SIGNED(4, 0)},
        .terms = (struct cf_term[]){{0, 1, 0, 0, false}, {0, -2, 1, 1, false}},
        .port_count = 2,
        .term_count = 2,
        .bias = 5,
        .activation = CF_LINEAR,
        .type = SIGNED(7, 1),
    };
    struct cf_cell step = {
        .ports = (struct cf_type[]){SIGNED(7, 1)},
        .terms = (struct cf_term[]){{0, 3, 0, 0, false}, {1, -1, 0, 0, false}, {2, 2, 0, 0, false}},
        .port_count = 1,
        .term_count = 3,
        .bias = -1,
        .activation = CF_STEP,
        .type = BIT,
    };
    uint32_t cell;
    assert_true(cf_netlist_add_cell(netlist, &sum, &cell, &err));
    assert_true(cf_netlist_add_cell(netlist, &step, &cell, &err));
    assert_true(cf_netlist_add_group(netlist, "sum", 3, (uint32_t[]){2, 2, 3}, 2, SIGNED(7, 1), false, &err));
    assert_true(cf_netlist_add_group(netlist, "step", 1, (uint32_t[]){4}, 1, BIT, true, &err));
    for (uint32_t i = 0; i < 12; i++) {
        netlist->groups[1].base[2 * i] = i;
        netlist->groups[1].base[2 * i + 1] = 11 - i;
    }
    for (uint32_t i = 0; i < 4; i++) {
        netlist->groups[2].cell[i] = 1;
        netlist->groups[2].base[i] = 12 + 3 * i;
    }
    return netlist;
}
