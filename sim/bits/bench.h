/* bench.h - how fast the bit-parallel engine is on a netlist, beside the limit of the registers. */
#ifndef COFIBER_SIM_BITS_BENCH_H
#define COFIBER_SIM_BITS_BENCH_H

#include "sim/bits/parallel.h"

struct cf_bit_figures {
    double ms;                     /* a whole run (all gates, transposition included), a frame, one thread: median */
    double classify_ms;            /* the output groups' part of it */
    double programs_ms;            /* the programs alone, without transposing operands and results, a frame: median */
    uint64_t full_adders;          /* of the circuit: of each gate's network, both outputs used */
    double fa_lanes_per_s;         /* full_adders * frames / time of the whole run */
    double output_fa_lanes_per_s;  /* the same for the output groups alone */
    double ceiling_fa_lanes_per_s; /* full adders in registers alone, measured before and after: the better */
};

/* Runs `runs` times on `frames` frames at once ([frames][input nets]) and takes the medians. */
bool cf_bit_measure(struct cf_bit_figures *figures, const struct cf_netlist *netlist,
                    const struct cf_network_cell *cells, const struct cf_bit_kernels *kernels, const int32_t *input,
                    uint32_t frames, uint32_t runs, struct cf_error *err);

#endif
