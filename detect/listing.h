/* listing.h - detections as text: COCO's result form, or a table for people. */
#ifndef COFIBER_DETECT_LISTING_H
#define COFIBER_DETECT_LISTING_H

#include "detect/boxes.h"

enum cf_listing {
    CF_LISTING_JSON,  /* [{image_id, category_id, bbox, score}]: what pycocotools' loadRes and `cofiber eval` read */
    CF_LISTING_JSONL, /* the same records, one in each line, without the brackets */
    CF_LISTING_TABLE  /* columns with a heading: image, scale, cell, class, score, box */
};

enum { CF_LISTING_LINE = 320 };

/* The text before the first detection and after the last. */
const char *cf_listing_head(enum cf_listing listing);
const char *cf_listing_tail(enum cf_listing listing, bool empty);

/* The text of a detection, written into the buffer; `first`: it is the first of the listing. Scores and boxes have nine
 * significant digits. */
const char *cf_listing_text(enum cf_listing listing, const struct cf_detection *one, int64_t image, uint32_t classes,
                            bool first, char buffer[CF_LISTING_LINE]);

#endif
