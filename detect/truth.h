/* truth.h - the objects that are to be found: COCO's annotations. */
#ifndef COFIBER_DETECT_TRUTH_H
#define COFIBER_DETECT_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* An annotated object. */
struct cf_truth_object {
    double box[4];            /* x, y, width, height in pixels; x and y of the top left corner */
    double area;              /* in pixels, of the object's outline: not the box's */
    uint32_t image, category; /* indices into the lists below */
    bool is_crowd;            /* a region of many objects: a detection inside it is neither right nor wrong */
};

struct cf_truth {
    const char *label; /* the file's path; the caller's string */
    int64_t *images;   /* [image_count], ids, ascending */
    uint32_t image_count;
    double (*sizes)[2];  /* [image_count], width and height in pixels; zeros where the file does not say both */
    int64_t *categories; /* [category_count], ids, ascending */
    char **names;        /* [category_count]; the id in digits where the file has no name */
    uint32_t category_count;
    struct cf_truth_object *objects; /* [object_count], in the file's order */
    size_t object_count;
    size_t left_out; /* annotations of images or categories that are not listed */
};

/* Reads a file of the form {"images": [{id, width, height}], "annotations": [{id, image_id, category_id, bbox, area,
 * iscrowd}], "categories": [{id, name}]}; iscrowd (0), name, width and height may be absent, other keys are skipped.
 * Ids must differ within their list. An annotation whose image or category is not listed is an error, or left out where
 * `lenient`. */
bool cf_truth_read(struct cf_truth *truth, const char *path, bool lenient, struct cf_error *err);
void cf_truth_free(struct cf_truth *truth);

/* The index of an id in an ascending list, or UINT32_MAX. */
uint32_t cf_truth_find(const int64_t *ids, uint32_t count, int64_t id);

#endif
