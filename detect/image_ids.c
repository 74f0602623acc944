/* image_ids.c - reads the image ids of frames from their files' metadata. */
#include "detect/image_ids.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LARGEST = 53 }; /* bits: what a JSON reader holds exactly */

/* The id that a text begins with; `*end` is what stands behind it. */
static bool read_id(const char *text, const char **end, int64_t *id)
{
    char *behind;
    errno = 0;
    *id = strtoll(text, &behind, 10);
    *end = behind;
    return !errno && behind != text && llabs(*id) <= (long long)1 << LARGEST;
}

/* The ids of a file's frames. */
static bool read_ids(int64_t *ids, const char *text, struct cf_frame_file file, struct cf_error *err)
{
    for (uint64_t i = 0; i < file.count; i++) {
        if (!read_id(text, &text, &ids[i]))
            return cf_fail(err, "%s: metadata 'image_ids': entry %" PRIu64 " is no whole number of at most 2^53",
                           file.path, i);
        if (*text != (i + 1 < file.count ? ',' : '\0'))
            return cf_fail(err, "%s: metadata 'image_ids': %s after entry %" PRIu64 " of %" PRIu64 " frames", file.path,
                           *text == '\0' ? "nothing" : "something else", i, file.count);
        text += *text == ',';
    }
    return true;
}

bool cf_image_ids(int64_t **ids, const struct cf_frames *frames, struct cf_error *err)
{
    uint64_t total = cf_frames_count(frames);
    *ids = calloc((size_t)total + 1, sizeof **ids);
    if (!*ids)
        return cf_fail(err, "out of memory");
    bool done = true;
    for (uint64_t first = 0; done && first < total;) {
        struct cf_frame_file file = cf_frames_file(frames, first);
        const char *text = cf_frames_metadata(frames, first, "image_ids");
        for (uint64_t i = 0; !text && i < file.count; i++)
            (*ids)[first + i] = (int64_t)(first + i);
        done = !text || read_ids(*ids + first, text, file, err);
        first += file.count;
    }
    if (!done) {
        free(*ids);
        *ids = NULL;
    }
    return done;
}
