/* Any bytes at all through the .npy reader, and what it accepts through every conversion.
 * Seeds: tests/hostile/npy_*; build: make build/fuzz/fuzz_npy. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/npy.h"

enum { TOUCHED = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void touch(const struct cf_tensor *tensor)
{
    static double doubles[TOUCHED];
    static int64_t integers[TOUCHED];
    char text[64];
    struct cf_error err;
    uint64_t count = tensor->count < TOUCHED ? tensor->count : TOUCHED;
    uint64_t first = tensor->count - count; /* the end is where an overrun would show */
    cf_tensor_to_f64(tensor, first, count, doubles);
    if (!cf_tensor_to_i64(tensor, first, count, integers, &err))
        check(err.text[0] != '\0');
    uint64_t found = cf_tensor_find_nonfinite(tensor, first, count);
    check(found == UINT64_MAX || (found >= first && found < tensor->count));
    check(strlen(cf_shape_text(tensor, text, sizeof text)) < sizeof text);
    check(strlen(cf_index_text(tensor, first, text, sizeof text)) < sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_npy *file;
    struct cf_error err = {0};
    if (!cf_npy_parse(&file, data, size, "fuzz", &err)) {
        check(strncmp(err.text, "fuzz: ", 6) == 0 && !strchr(err.text, '\n') && !file);
        return 0;
    }
    const struct cf_tensor *tensor = cf_npy_tensor(file);
    check(tensor->data >= data && tensor->size == (uint64_t)(data + size - tensor->data));
    touch(tensor);
    cf_npy_close(file);
    return 0;
}
