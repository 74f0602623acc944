/* listing.c - writes detections as text. */
#include "detect/listing.h"

#include <inttypes.h>
#include <stdio.h>

#include "detect/names.h"

const char *cf_listing_head(enum cf_listing listing)
{
    static const char *const heads[] = {
        [CF_LISTING_JSON] = "[",
        [CF_LISTING_JSONL] = "",
        [CF_LISTING_TABLE] =
            "       image scale row col class           score         x         y     width    height\n",
    };
    return heads[listing];
}

const char *cf_listing_tail(enum cf_listing listing, bool empty)
{
    return listing != CF_LISTING_JSON ? "" : empty ? "]\n" : "\n]\n";
}

const char *cf_listing_text(enum cf_listing listing, const struct cf_detection *one, int64_t image, uint32_t classes,
                            bool first, char buffer[CF_LISTING_LINE])
{
    char name[CF_CLASS_NAME];
    const double *box = one->box;
    if (listing == CF_LISTING_TABLE)
        snprintf(buffer, CF_LISTING_LINE,
                 "%12" PRId64 " %5" PRIu32 " %3" PRIu32 " %3" PRIu32 " %-15s %.3f %9.1f %9.1f %9.1f %9.1f\n", image,
                 one->scale, one->row, one->column, cf_class_name(one->class_index, classes, name), one->score, box[0],
                 box[1], box[2], box[3]);
    else
        snprintf(buffer, CF_LISTING_LINE,
                 "%s{\"image_id\": %" PRId64 ", \"category_id\": %" PRId64
                 ", \"bbox\": [%.9g, %.9g, %.9g, %.9g], \"score\": %.9g}%s",
                 listing == CF_LISTING_JSONL ? ""
                 : first                     ? "\n"
                                             : ",\n",
                 image, cf_class_id(one->class_index, classes), box[0], box[1], box[2], box[3], one->score,
                 listing == CF_LISTING_JSONL ? "\n" : "");
    return buffer;
}
