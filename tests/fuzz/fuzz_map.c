/* Any bytes at all as the file of --map, beside a checkpoint of three tensors: the roles that it gives are counted, or
 * it is refused in one line. Seeds: tests/fixtures/heads/map.json; build: make build/fuzz/fuzz_map. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compiler/heads/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char header[] = "{\"a\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[0,6]},"
                             "\"b\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[6,8]},"
                             "\"c\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[8,11]}}";

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A file that lives in memory, and its path. */
static int memory_file(const void *data, size_t size, char path[64])
{
    int file = memfd_create("map", 0);
    check(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LENGTH = sizeof header - 1, TENSORS = 11 };
    char head_path[64], map_path[64];
    uint8_t head[8 + LENGTH + TENSORS] = {(uint8_t)LENGTH};
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    struct cf_parts_count count;
    struct cf_error err = {0};
    _Static_assert(LENGTH < 256, "the length is one byte here");
    memcpy(head + 8, header, LENGTH);
    int head_file = memory_file(head, sizeof head, head_path), map_file = memory_file(data, size, map_path);
    check(cf_checkpoint_open(&checkpoint, head_path, &err));
    if (!cf_parts_find(&parts, &checkpoint, map_path, false, &err))
        check(err.text[0] && !strchr(err.text, '\n'));
    else if (cf_parts_count(&parts, &checkpoint, &count, &err))
        check(count.nonzero <= count.parameters && count.parameters <= TENSORS);
    cf_checkpoint_close(&checkpoint);
    close(head_file);
    close(map_file);
    return 0;
}
