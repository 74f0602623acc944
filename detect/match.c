/* match.c - matches detections with objects, image by image, for all area ranges and thresholds. */
#include "detect/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/overlap.h"

static const double area_range[CF_MATCH_AREAS][2] = {
    [CF_AREA_ALL] = {0, 1e5 * 1e5},
    [CF_AREA_SMALL] = {0, 32 * 32},
    [CF_AREA_MEDIUM] = {32 * 32, 96 * 96},
    [CF_AREA_LARGE] = {96 * 96, 1e5 * 1e5},
};

/* The detections and objects of one class in one image. */
struct scene {
    const void *const *results, *const *objects; /* to struct cf_result, struct cf_truth_object */
    size_t result_count, object_count;
};

static const struct cf_result *result_at(const struct scene *scene, size_t d)
{
    return scene->results[d];
}

static const struct cf_truth_object *object_at(const struct scene *scene, size_t g)
{
    return scene->objects[g];
}

/* Room for the scene's objects, kept from image to image. */
struct scratch {
    struct candidate *candidates; /* [object_count], those that are not ignored first */
    double *overlaps;             /* [result_count][object_count], objects as they stand in the scene */
    size_t candidate_capacity, overlap_capacity;
};

struct candidate {
    uint32_t object;
    uint16_t taken; /* bit t: at threshold t */
    bool is_ignored, is_crowd;
};

void cf_match_thresholds(double thresholds[CF_MATCH_THRESHOLDS])
{
    double step = (0.95 - 0.5) / (CF_MATCH_THRESHOLDS - 1);
    for (int t = 0; t < CF_MATCH_THRESHOLDS; t++)
        thresholds[t] = t * step + 0.5;
    thresholds[CF_MATCH_THRESHOLDS - 1] = 0.95;
}

static bool is_outside(double area, enum cf_match_area range)
{
    return area < area_range[range][0] || area > area_range[range][1];
}

static bool prepare(struct scratch *s, const struct scene *scene)
{
    size_t count = scene->object_count;
    if (count > SIZE_MAX / (CF_MATCH_MOST + 1) ||
        !cf_array_reserve(&s->candidates, &s->candidate_capacity, count, sizeof *s->candidates) ||
        !cf_array_reserve(&s->overlaps, &s->overlap_capacity, scene->result_count * count, sizeof *s->overlaps))
        return false;
    for (size_t d = 0; d < scene->result_count; d++)
        for (size_t g = 0; g < count; g++)
            s->overlaps[d * count + g] =
                cf_overlap(result_at(scene, d)->box, object_at(scene, g)->box, object_at(scene, g)->is_crowd);
    return true;
}

/* Puts the objects that count in this area range first, both kinds in the order of the scene; returns how many these
 * are. */
static size_t order_candidates(struct scratch *s, const struct scene *scene, enum cf_match_area range)
{
    size_t used = 0, counted = 0;
    for (int ignored = 0; ignored < 2; ignored++) {
        for (size_t g = 0; g < scene->object_count; g++) {
            const struct cf_truth_object *object = object_at(scene, g);
            if ((object->is_crowd || is_outside(object->area, range)) == (ignored == 1))
                s->candidates[used++] =
                    (struct candidate){.object = (uint32_t)g, .is_ignored = ignored, .is_crowd = object->is_crowd};
        }
        counted = ignored ? counted : used;
    }
    return counted;
}

/* The candidate that a detection takes at a threshold, or NULL. */
static struct candidate *find_candidate(const struct scratch *s, size_t count, const double *overlaps, int t,
                                        double threshold)
{
    struct candidate *best = NULL;
    double least = threshold;
    for (size_t c = 0; c < count; c++) {
        struct candidate *candidate = &s->candidates[c];
        if ((candidate->taken >> t & 1) && !candidate->is_crowd)
            continue;
        if (best && !best->is_ignored && candidate->is_ignored)
            break;
        if (overlaps[candidate->object] < least)
            continue;
        least = overlaps[candidate->object];
        best = candidate;
    }
    return best;
}

static void match_detection(struct scratch *s, const struct scene *scene, size_t d, enum cf_match_area range,
                            const double *thresholds, struct cf_match *match)
{
    size_t count = scene->object_count;
    const double *overlaps = s->overlaps + d * count, *box = result_at(scene, d)->box;
    double reach = 0;
    for (size_t g = 0; g < count; g++)
        reach = fmax(reach, overlaps[g]);
    uint16_t taken = 0, ignored = 0;
    for (int t = 0; t < CF_MATCH_THRESHOLDS && thresholds[t] <= reach; t++) {
        struct candidate *candidate = find_candidate(s, count, overlaps, t, thresholds[t]);
        if (!candidate)
            continue;
        candidate->taken = (uint16_t)(candidate->taken | 1 << t);
        taken = (uint16_t)(taken | 1 << t);
        ignored = (uint16_t)(ignored | candidate->is_ignored << t);
    }
    if (is_outside(box[2] * box[3], range))
        ignored = (uint16_t)(ignored | ~taken);
    match->taken[range] = taken;
    match->ignored[range] = ignored;
}

static bool match_scene(struct cf_matches *matches, struct scratch *s, const struct scene *scene,
                        const double *thresholds)
{
    if (!prepare(s, scene))
        return false;
    struct cf_match *found = matches->items + matches->count;
    for (size_t d = 0; d < scene->result_count; d++)
        found[d] = (struct cf_match){
            .score = result_at(scene, d)->score, .place = (uint32_t)(matches->count + d), .rank = (uint32_t)d};
    for (enum cf_match_area range = 0; range < CF_MATCH_AREAS; range++) {
        matches->objects[range] += order_candidates(s, scene, range);
        for (size_t d = 0; d < scene->result_count; d++)
            match_detection(s, scene, d, range, thresholds, &found[d]);
    }
    matches->count += scene->result_count;
    return true;
}

/* Takes the next image's detections and objects off the front of `rest`. */
static struct scene next_scene(struct scene *rest)
{
    uint32_t image = UINT32_MAX;
    if (rest->result_count)
        image = result_at(rest, 0)->image;
    if (rest->object_count && object_at(rest, 0)->image < image)
        image = object_at(rest, 0)->image;
    struct scene scene = {rest->results, rest->objects, 0, 0};
    while (scene.result_count < rest->result_count && result_at(rest, scene.result_count)->image == image)
        scene.result_count++;
    while (scene.object_count < rest->object_count && object_at(rest, scene.object_count)->image == image)
        scene.object_count++;
    rest->results += scene.result_count;
    rest->result_count -= scene.result_count;
    rest->objects += scene.object_count;
    rest->object_count -= scene.object_count;
    if (scene.result_count > CF_MATCH_MOST)
        scene.result_count = CF_MATCH_MOST;
    return scene;
}

#ifndef NDEBUG
static bool is_sorted(const struct scene *all)
{
    for (size_t d = 1; d < all->result_count; d++) {
        const struct cf_result *x = result_at(all, d - 1), *y = result_at(all, d);
        if (x->image > y->image || (x->image == y->image && x->score < y->score))
            return false;
    }
    for (size_t g = 1; g < all->object_count; g++)
        if (object_at(all, g - 1)->image > object_at(all, g)->image)
            return false;
    return true;
}
#endif

bool cf_match_class(struct cf_matches *matches, const void *const *results, size_t result_count,
                    const void *const *objects, size_t object_count, struct cf_error *err)
{
    struct scene rest = {results, objects, result_count, object_count};
    assert(is_sorted(&rest));
    double thresholds[CF_MATCH_THRESHOLDS];
    cf_match_thresholds(thresholds);
    struct scratch scratch = {0};
    *matches = (struct cf_matches){.items = calloc(result_count + 1, sizeof *matches->items)};
    bool done = matches->items != NULL;
    while (done && (rest.result_count || rest.object_count)) {
        struct scene scene = next_scene(&rest);
        done = match_scene(matches, &scratch, &scene, thresholds);
    }
    free(scratch.candidates);
    free(scratch.overlaps);
    if (!done)
        cf_matches_free(matches);
    return done || cf_fail(err, "out of memory");
}

void cf_matches_free(struct cf_matches *matches)
{
    free(matches->items);
    *matches = (struct cf_matches){0};
}
