/* Any bytes at all as a checkpoint (PyTorch's zip and older form, ONNX, safetensors): what opens is loaded, tensor by
 * tensor, and its roles are found or refused. Seeds: tests/fixtures/heads; build: make build/fuzz/fuzz_checkpoint. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compiler/heads/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct cf_checkpoint checkpoint;
    struct cf_error err = {0};
    int file = memfd_create("checkpoint", 0);
    check(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (cf_checkpoint_open(&checkpoint, path, &err)) {
        struct cf_parts parts;
        struct cf_parts_count count;
        for (size_t t = 0; t < checkpoint.count; t++) {
            const struct cf_tensor *tensor = &checkpoint.tensors[t];
            if (!cf_checkpoint_load(&checkpoint, t, &err))
                continue;
            check(tensor->size == tensor->count * cf_dtype_size(tensor->dtype));
            for (uint64_t b = 0; b < tensor->size; b += 4096) /* every page of it can be read */
                check(tensor->data[b] <= 255);
        }
        if (cf_parts_find(&parts, &checkpoint, NULL, false, &err) &&
            cf_parts_count(&parts, &checkpoint, &count, &err)) {
            check(count.nonzero <= count.parameters);
            check(cf_parts_variant(&parts, &checkpoint, count.parameters) != NULL);
        }
        cf_checkpoint_close(&checkpoint);
    } else {
        check(err.text[0] != '\0');
    }
    close(file);
    return 0;
}
