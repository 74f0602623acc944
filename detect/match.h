/* match.h - which detections of one class found an object, by COCO's rules.
 *
 * Within an image the detections take their turns by falling score (equal scores: in the file's order), the first
 * CF_MATCH_MOST of them. Each takes the object that it overlaps most, if their intersection over union reaches the
 * threshold; of equal overlaps the later object. An object is taken once, a crowd any number of times. Some objects are
 * ignored: crowds, and those whose area is outside the area range. A detection takes an ignored object only if no other
 * is left for it, and is then ignored itself, as is one that takes nothing and whose own area is outside the range.
 * For a crowd the overlap is the intersection over the detection's area.
 */
#ifndef COFIBER_DETECT_MATCH_H
#define COFIBER_DETECT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/results.h"
#include "detect/truth.h"

enum { CF_MATCH_THRESHOLDS = 10, CF_MATCH_MOST = 100 };

/* The least overlaps: 0.5, 0.55, ... 0.95, as NumPy's linspace(0.5, 0.95, 10) rounds them. */
void cf_match_thresholds(double thresholds[CF_MATCH_THRESHOLDS]);

/* Ranges of area in square pixels, both ends included. */
enum cf_match_area { CF_AREA_ALL, CF_AREA_SMALL, CF_AREA_MEDIUM, CF_AREA_LARGE, CF_MATCH_AREAS };

/* How a detection fared. */
struct cf_match {
    double score;
    uint32_t place;                   /* among the class's detections: by image, then by rank */
    uint32_t rank;                    /* among those of its class in its image, from 0, by falling score */
    uint16_t taken[CF_MATCH_AREAS];   /* bit t: took an object at threshold t */
    uint16_t ignored[CF_MATCH_AREAS]; /* bit t: counts neither as right nor as wrong at threshold t */
};

struct cf_matches {
    struct cf_match *items; /* [count], in order of place */
    size_t count;
    size_t objects[CF_MATCH_AREAS]; /* that are not ignored: what there is to find */
};

/* Matches the results of a class, pointers to struct cf_result [result_count] which must be sorted by image and then by
 * falling score, with its objects, pointers to struct cf_truth_object [object_count] which must be sorted by image.
 * Errors: out of memory. */
bool cf_match_class(struct cf_matches *matches, const void *const *results, size_t result_count,
                    const void *const *objects, size_t object_count, struct cf_error *err);
void cf_matches_free(struct cf_matches *matches);

#endif
