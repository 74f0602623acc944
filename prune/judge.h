/* judge.h - how good a head is, told by its integer circuit: compiled in memory, simulated on frames, its detections
 * evaluated by COCO's rules.
 */
#ifndef COFIBER_PRUNE_JUDGE_H
#define COFIBER_PRUNE_JUDGE_H

#include "compiler/compile.h"
#include "detect/boxes.h"
#include "detect/draw.h"
#include "detect/truth.h"
#include "sim/frames/frames.h"

struct cf_judge_options {
    struct cf_compile_options compile; /* input_scale 0: is chosen from the frames */
    struct cf_detect_options detect;
    double stride; /* pixels of the frame from cell to cell of the input */
    enum cf_fit fit;
    uint64_t proxy; /* how many images the proxy has; all, where there are fewer */
    uint64_t seed;  /* of their choice */
};

struct cf_judge {
    struct cf_judge_options options;
    struct cf_frames *frames;
    struct cf_truth truth;
    int64_t *ids;     /* of the frames' images */
    uint64_t count;   /* frames */
    uint64_t *proxy;  /* [options.proxy], indices of frames, rising */
    uint32_t *images; /* [count], each frame's index into the annotations' images */
    uint32_t classes;
    uint32_t *categories; /* [classes], each class's index into the annotations' categories */
    /* Asked before each frame, from any thread: true ends an evaluation. NULL: never. */
    bool (*stop)(void *context);
    void *context;
};

/* Takes frames and the ids of their images (cf_image_ids), which it frees in the end, and reads the annotations. At
 * least one frame is selected. The grid is that of the frames. Class c of a head is the category with the c-th id where
 * there are as many categories as classes, else the one with the id that `cofiber detect` gives it. An annotated box is
 * in pixels of its image, whose width and height the annotations may say; otherwise they are the frame's. Where no
 * input scale is given it is chosen, as `compile --calibrate` does, from the first frames, CF_JUDGE_CALIBRATION at
 * most. Errors: what is wrong with the file; frames that do not fit the head; a frame whose image, or a class whose
 * category is not listed; an image with two frames. Free in either case. */
enum { CF_JUDGE_CALIBRATION = 64 };
bool cf_judge_open(struct cf_judge *judge, const struct cf_head *head, struct cf_frames *frames, int64_t *ids,
                   const char *annotations, const struct cf_judge_options *options, struct cf_error *err);
void cf_judge_free(struct cf_judge *judge); /* an all-zero struct is fine */

struct cf_verdict {
    double map, ap50, ap75;  /* COCO's first three numbers, over the frames' images; -1: there is nothing to find */
    uint64_t true_positives; /* detections that take an object of their class at an overlap of 0.5 */
    uint64_t detections;
    bool stopped; /* judge->stop ended it, so that the numbers mean nothing */
};

/* Judges a head on all frames, or on the proxy alone. The same head gives the same verdict whatever the number of
 * threads. */
bool cf_judge_head(const struct cf_judge *judge, const struct cf_head *head, bool proxy, struct cf_verdict *verdict,
                   struct cf_error *err);

#endif
