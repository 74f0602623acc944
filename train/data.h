/* data.h - the frames to train on, with the objects that each shows.
 *
 * Frames stay in their files, which are mapped: reading one costs the memory of one, whatever the number of frames. The
 * image of a frame is that of its image id (detect/image_ids.h). Its boxes are scaled from the photograph's pixels to
 * the frame's as the photograph was (detect/draw.h, cf_fit).
 */
#ifndef COFIBER_TRAIN_DATA_H
#define COFIBER_TRAIN_DATA_H

#include "detect/draw.h"
#include "detect/truth.h"
#include "sim/frames/frames.h"
#include "train/gradient.h"
#include "train/targets.h"

struct cf_training_data {
    const struct cf_frames *frames; /* borrowed; the selected ones are trained on */
    uint64_t count;
    uint32_t classes;
    struct cf_target_object *objects; /* frame after frame */
    size_t *first;                    /* [count + 1]: where the objects of each selected frame begin */
};

/* Reads what there is to find in the selected frames, of which `ids` (cf_image_ids) says the images. `stride`: pixels
 * of the frame from cell to cell. Crowds are left out. Errors: a frame shows an image that the annotations do not list,
 * or whose width and height they do not say; out of memory. */
bool cf_training_data_new(struct cf_training_data *data, const struct cf_frames *frames, const int64_t *ids,
                          const struct cf_truth *truth, double stride, enum cf_fit fit, struct cf_error *err);
void cf_training_data_free(struct cf_training_data *data);

/* The order of the frames in an epoch, which takes `batch` frames (1 to count) at a time: `order` [count] becomes a
 * permutation that depends on the arguments alone. Frames are cut into as many parts as a batch has shares of `share`
 * frames (1 to batch), and each share of a batch takes its frames, in random order, from its own part. With share =
 * batch, there is one part, and all frames are mixed. The last batch of an epoch, where it is smaller than the others,
 * takes what is left, part after part. */
void cf_training_order(uint64_t seed, uint64_t epoch, uint64_t *order, uint64_t count, uint64_t batch, uint64_t share);

/* Reads frame `index` of the selection into the worker: its bands, with their deviations where the model has
 * LayerNorms, and its positive cells, whose number is `*count`. Errors: NaN or infinity, by file, tensor and index.
 * Several workers may read at once. */
bool cf_training_read(const struct cf_training_data *data, const struct cf_target_grid *grid, uint64_t index,
                      struct cf_train_worker *worker, size_t *count, struct cf_error *err);

#endif
