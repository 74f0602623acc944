/* image_ids.h - which image each frame shows. */
#ifndef COFIBER_DETECT_IMAGE_IDS_H
#define COFIBER_DETECT_IMAGE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sim/frames/frames.h"

/* The ids of all frames, malloc'd [cf_frames_count], before any are selected: frame `index` of a later selection shows
 * image ids[cf_frames_number]. A safetensors file says them in its metadata, as `image_ids`:
 * whole numbers with commas between, one for each of its frames. The frames of other files have their place among all
 * frames, from 0. Errors: an entry that is not so; out of memory. */
bool cf_image_ids(int64_t **ids, const struct cf_frames *frames, struct cf_error *err);

#endif
