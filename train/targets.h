/* targets.h - which cells of a frame shall find which annotated object, as FCOS (Tian et al., 2019) assigns them.
 *
 * Cell (i, j) of a scale with stride s is centred at (s*(j + 1/2), s*(i + 1/2)) in the frame's pixels. It is positive
 * for an object if
 *   - its centre lies inside the object's box, and less than 1.5 s from the box's centre along both axes;
 *   - the largest of its distances to the box's four sides belongs to the scale: at least 8 times the stride of the
 *     scale before, or any at the first scale; and less than 8 s, or any at the last scale. With strides of 16, 32 and
 *     64 pixels these are 0 to 128, 128 to 256, and above.
 * Of several such objects the one with the smallest box counts, of equal ones the first. Crowds, and boxes without an
 * area, are no objects.
 */
#ifndef COFIBER_TRAIN_TARGETS_H
#define COFIBER_TRAIN_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object of one frame. */
struct cf_target_object {
    double box[4]; /* left, top, right, bottom in the frame's pixels */
    uint32_t class_index;
};

struct cf_target_grid {
    uint32_t height, width, scales; /* of the input grid; 2^scales divides both */
    double stride;                  /* pixels of the frame from cell to cell of the input */
};

/* A positive cell. */
struct cf_positive {
    uint32_t position; /* over all scales, scale after scale, row-major */
    uint32_t scale, class_index;
    double sides[4];   /* distances to the box's left, top, right and bottom, in strides of its scale */
    double centerness; /* sqrt of min/max of left and right, times min/max of top and bottom: 0 to 1 */
};

/* Writes the positive cells of a frame by rising position into `positives`, which has room for one for each position,
 * and returns how many they are. `owner` is scratch, one for each position. */
size_t cf_targets(const struct cf_target_grid *grid, const struct cf_target_object *objects, size_t count,
                  uint32_t *owner, struct cf_positive *positives);

#endif
