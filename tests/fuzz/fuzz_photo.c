/* Any bytes at all as a photograph. Seeds: small JPEG files (build/tools/jpeg); build: make build/fuzz/fuzz_photo. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/photo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct cf_photo photo;
    struct cf_error err = {0};
    int file = memfd_create("photo", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    check(file >= 0 && write(file, data, size) == (ssize_t)size);
    if (cf_photo_read(&photo, path, &err)) {
        check(photo.width > 0 && photo.height > 0 && photo.pixels);
        for (size_t i = 0; i < (size_t)photo.width * (size_t)photo.height; i++)
            check(photo.pixels[i] <= 0xffffff);
        cf_photo_free(&photo);
    } else {
        check(strncmp(err.text, path, strlen(path)) == 0 && !strchr(err.text, '\n') && !photo.pixels);
    }
    close(file);
    return 0;
}
