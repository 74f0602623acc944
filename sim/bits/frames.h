/* frames.h - how many frames the bit-parallel engine takes at once. */
#ifndef COFIBER_SIM_BITS_FRAMES_H
#define COFIBER_SIM_BITS_FRAMES_H

#include "netlists/netlist.h"
#include "sim/bits/kernels.h"

/* The number of frames, at most `available` (at least 1), that fills the lanes of most of the netlist's work: 8 for the
 * full circuit, whose groups fill planes by themselves, up to a plane's lanes a thread where a frame is one gate of
 * each kind. Values and input words stay within 128 MiB, as far as that leaves a frame. */
uint32_t cf_bit_frames_at_once(const struct cf_netlist *netlist, const struct cf_bit_kernels *kernels, int threads,
                               uint64_t available);

#endif
