/* engine.h - the bit engine: every gate of a netlist, evaluated as the adder network of its cell. One instruction works
 * on one bit of up to 512 gates (of any positions, channels and frames) at a time.
 *
 *     struct cf_bit_sim *sim;
 *     cf_bit_sim_new(&sim, netlist, cf_bit_kernels_find(NULL), 1, &err);
 *     cf_bit_sim_make_room(sim, frames, &err);
 *     fill(cf_bit_sim_input(sim, frame));                  for each frame
 *     cf_bit_sim_run(sim, frames);
 *     values = cf_bit_sim_values(sim, group, frame);
 *
 * Between groups, values are words, stored as sim/storage.h says. Each pass over some gates of a few cells transposes
 * their operands into bit planes, runs the cells' program on the planes, and transposes the results back.
 * Where every net of the netlist is one bit, nets stay planes, and the lanes of a plane are frames (wires.h).
 *
 * This header is all that other rooms see of the engine.
 */
#ifndef COFIBER_SIM_BITS_ENGINE_H
#define COFIBER_SIM_BITS_ENGINE_H

#include "netlists/netlist.h"

struct cf_bit_kernels; /* what runs the planes: one set of functions for each instruction set */
struct cf_bit_sim;

/* The kernels of that name ("portable", "avx2", "avx512"); the fastest for NULL or "auto". NULL where there are none of
 * that name, or where this processor lacks the instructions. */
const struct cf_bit_kernels *cf_bit_kernels_find(const char *name);
const char *cf_bit_kernels_name(const struct cf_bit_kernels *kernels);

/* A simulator of the netlist, which must outlive it. All cells are lowered to adder networks, and these become
 * programs: about a second for the full circuit. `threads` (at least 1) is how many threads a run may use. With
 * `graphs`, banks that have adder graphs are evaluated by these, and not gate by gate; all values are the same. There
 * is no room for a frame yet. */
bool cf_bit_sim_new(struct cf_bit_sim **sim, const struct cf_netlist *netlist, const struct cf_bit_kernels *kernels,
                    int threads, bool graphs, struct cf_error *err);
void cf_bit_sim_free(struct cf_bit_sim *sim); /* NULL is fine */

/* Makes room for `frames` (at least 1) frames at once. The room never shrinks; where it grows, the inputs and values
 * that were there are gone. When memory is out there is no room for any frame. */
bool cf_bit_sim_make_room(struct cf_bit_sim *sim, uint32_t frames, struct cf_error *err);

/* The input's nets of a frame, [count] in the storage of the input's type, to be filled before a run. The values must
 * be in the range of that type. A run leaves them as they are. */
void *cf_bit_sim_input(struct cf_bit_sim *sim, uint32_t frame);

/* Evaluates all gates of frames 0 to `frames` - 1 (at least one, and no more than there is room for). */
void cf_bit_sim_run(struct cf_bit_sim *sim, uint32_t frames);

/* The values of a group (the input's too) in a frame of the last run: [count], in net order, in the storage of the
 * group's type (cf_storage_of). Valid until the next run, or the next call for that group. */
const void *cf_bit_sim_values(const struct cf_bit_sim *sim, uint32_t group, uint32_t frame);

/* The number of frames to run at once, at most `available` (and at least 1), that fills the lanes of most of the
 * netlist's work: 8 for the full circuit, whose groups fill planes by themselves, and up to a plane's lanes for each
 * thread where a frame has one gate of each cell. The values of so many frames take about `memory` bytes at most, or
 * are those of one frame. */
uint32_t cf_bit_frames_at_once(const struct cf_netlist *netlist, const struct cf_bit_kernels *kernels, int threads,
                               size_t memory, uint64_t available);

/* Bytes that the values of one frame take, about. */
size_t cf_bit_frame_bytes(const struct cf_netlist *netlist);

/* How fast one thread is, beside the speed of full adders that work on registers only. */
struct cf_bit_figures {
    const char *isa;       /* the kernels' name */
    uint32_t lanes;        /* of a plane */
    double ms;             /* per frame: the whole run (all gates, transposition included), median */
    double classify_ms;    /* the output groups' part of it */
    double programs_ms;    /* per frame: the programs alone, without transposing operands and results, median */
    uint64_t full_adders;  /* of the circuit: of each gate's network, counting those whose both outputs are read; of
                            * each place of a graph, one per bit of its adders */
    double fa_lanes_per_s; /* full_adders * frames / time of the whole run */
    double output_fa_lanes_per_s;  /* the same for the output groups alone */
    double ceiling_fa_lanes_per_s; /* full adders in registers alone, measured before and after: the better */
};

/* Runs `runs` times (at least once) on `frames` frames at once, [frames][input nets], and takes the medians;
 * `graphs` as in cf_bit_sim_new. */
bool cf_bit_measure(struct cf_bit_figures *figures, const struct cf_netlist *netlist,
                    const struct cf_bit_kernels *kernels, const int32_t *input, uint32_t frames, uint32_t runs,
                    bool graphs, struct cf_error *err);

#endif
