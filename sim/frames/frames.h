/* frames.h - feature frames from .npy and safetensors files: an array [D, H, W] each, or [N, D, H, W], or [N, D] where
 * a frame has one position (the patterns of a circuit without a grid).
 *
 * Arrays of booleans feed inputs of one bit, and are no features otherwise.
 *
 * Files are mapped and given back to the kernel frame by frame, so that a file of any number of frames costs the
 * memory of one.
 */
#ifndef COFIBER_SIM_FRAMES_FRAMES_H
#define COFIBER_SIM_FRAMES_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/tensor.h"
#include "netlists/netlist.h"
#include "sim/frames/quantise.h"

struct cf_frames;

/* Opens the files, in order; the kind is told from their content. A safetensors file must hold one tensor of rank 3
 * or 4 (or, failing these, of rank 2), or one of rank 2 to 4 called `features`. All files must agree in [D, H, W]. */
bool cf_frames_open(struct cf_frames **frames, char *const *paths, int count, struct cf_error *err);
void cf_frames_close(struct cf_frames *frames); /* NULL is fine */

/* Keeps only the frames of these numbers, which count from 0 over all files, in this order and as often as they are
 * named. From then on, indices count within the selection. Takes a copy; an error where there is no such frame. */
bool cf_frames_select(struct cf_frames *frames, const uint64_t *numbers, uint64_t count, struct cf_error *err);

uint64_t cf_frames_count(const struct cf_frames *frames);
/* The number that frame `index` of the selection has over all files. */
uint64_t cf_frames_number(const struct cf_frames *frames, uint64_t index);
struct cf_frame_shape cf_frames_shape(const struct cf_frames *frames);

/* The file that frame `index` is in. */
struct cf_frame_file {
    const char *path;
    uint64_t first, count; /* its frames have the numbers [first, first + count) over all files */
};
struct cf_frame_file cf_frames_file(const struct cf_frames *frames, uint64_t index);
/* An entry of that file's metadata; NULL where it has no such entry, or is a .npy file. */
const char *cf_frames_metadata(const struct cf_frames *frames, uint64_t index, const char *key);

/* Advice about arrays that hold frames of this shape in another order (tokens, channels last), as the end of a
 * message that they do not fit; empty when it is not one of those. */
const char *cf_frames_advice(const struct cf_frames *frames, struct cf_frame_shape wanted, char *buffer, size_t size);

/* An error unless the frames have the shape of the netlist's input, and are not booleans for an input of several bits.
 */
bool cf_frames_fit(const struct cf_frames *frames, const struct cf_netlist *netlist, struct cf_error *err);

/* Frame `index` as features, [D][H][W]. Booleans are an error; so are NaN and infinity, by
 * file, tensor and index. */
bool cf_frames_features(const struct cf_frames *frames, uint64_t index, double *features, struct cf_error *err);

/* Frame `index` as a netlist's input nets, [H][W][D], by that netlist's quantiser; for a netlist that the frames fit.
 * NaN and infinity are errors as above. */
bool cf_frames_quantise(const struct cf_frames *frames, uint64_t index, const struct cf_quantiser *quantiser,
                        int32_t *input, struct cf_error *err);

/* Frame `index` where it stands in its file, as [D, H, W]: for engines that quantise themselves. Several threads may
 * ask at once. The view stays valid until the frames are closed, or released. */
void cf_frames_view(const struct cf_frames *frames, uint64_t index, struct cf_tensor *view);
/* Asks the operating system to read the frame ahead of time. */
void cf_frames_prefetch(const struct cf_frames *frames, uint64_t index);
/* The frame is done with: its pages stop counting as resident. */
void cf_frames_release(const struct cf_frames *frames, uint64_t index);
/* Fills the error for an element of the frame that is NaN or infinite, naming file, tensor and index; gives false. */
bool cf_frames_refuse(const struct cf_frames *frames, uint64_t index, uint64_t element, struct cf_error *err);

#endif
