/* Any bytes at all through the safetensors reader, and what it accepts through every conversion.
 * Seeds: tests/hostile/st_*; build: make build/fuzz/fuzz_safetensors. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"

enum { TOUCHED = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void touch(const struct cf_tensor *tensor, const uint8_t *data, size_t size)
{
    static double doubles[TOUCHED];
    static int64_t integers[TOUCHED];
    char text[64];
    struct cf_error err;
    uint64_t count = tensor->count < TOUCHED ? tensor->count : TOUCHED;
    uint64_t first = tensor->count - count; /* the end is where an overrun would show */
    check(tensor->data >= data && tensor->size <= (uint64_t)(data + size - tensor->data));
    check(strlen(cf_shape_text(tensor, text, sizeof text)) < sizeof text);
    check(strlen(cf_index_text(tensor, first, text, sizeof text)) < sizeof text);
    if (!cf_dtype_is_readable(tensor->dtype)) /* what converts values may not be given it */
        return;
    cf_tensor_to_f64(tensor, first, count, doubles);
    if (!cf_tensor_to_i64(tensor, first, count, integers, &err))
        check(err.text[0] != '\0');
    uint64_t found = cf_tensor_find_nonfinite(tensor, first, count);
    check(found == UINT64_MAX || (found >= first && found < tensor->count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_safetensors *file;
    struct cf_error err = {0};
    if (!cf_safetensors_parse(&file, data, size, "fuzz", &err)) {
        check(strncmp(err.text, "fuzz: ", 6) == 0 && !strchr(err.text, '\n') && !file);
        return 0;
    }
    uint64_t total = 0;
    for (size_t i = 0; i < cf_safetensors_count(file); i++) {
        const struct cf_tensor *tensor = cf_safetensors_at(file, i);
        check(cf_safetensors_find(file, tensor->name) == tensor);
        touch(tensor, data, size);
        total += tensor->size;
    }
    check(total <= size);
    (void)cf_safetensors_metadata(file, "a");
    cf_safetensors_close(file);
    return 0;
}
