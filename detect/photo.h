/* photo.h - photographs, to draw on. */
#ifndef COFIBER_DETECT_PHOTO_H
#define COFIBER_DETECT_PHOTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct cf_photo {
    int width, height; /* pixels */
    uint32_t *pixels;  /* [height][width], 0x00RRGGBB */
};

/* Reads a JPEG file, grey or in colour, of at most 2^26 pixels. Errors name the file and say what is wrong in the words
 * of the JPEG library. */
bool cf_photo_read(struct cf_photo *photo, const char *path, struct cf_error *err);
void cf_photo_free(struct cf_photo *photo);

#endif
