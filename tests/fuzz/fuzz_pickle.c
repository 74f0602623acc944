/* Any bytes at all as a pickle, without the zip around it that would hide it from the fuzzer; what is read can be
 * walked. Seeds: tests/fixtures/heads; build: make build/fuzz/fuzz_pickle. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/heads/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool allow_all(const char *name)
{
    return strchr(name, '.') != NULL;
}

/* The number of values reached, up to a bound: a value may hold itself. */
static size_t walk(const struct cf_pickle_value *value, int depth)
{
    size_t reached = 1;
    bool text = value->kind == CF_PICKLE_TEXT || value->kind == CF_PICKLE_NAME;
    if (text && strlen(value->text) > value->count)
        abort();
    for (size_t i = 0; !text && depth < 6 && i < value->count && reached < 10000; i++)
        reached += walk(value->items[i], depth + 1);
    return reached;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_arena arena = {0};
    struct cf_pickle pickle;
    struct cf_error err = {0};
    if (cf_pickle_read(data, size, &arena, allow_all, "fuzz", &pickle, &err)) {
        if (pickle.length > size || walk(pickle.root, 0) < 1 || walk(pickle.outside, 0) < 1)
            abort();
    } else if (!err.text[0]) {
        abort();
    }
    cf_arena_free(&arena);
    return 0;
}
