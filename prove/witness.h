/* witness.h - looks for an input that shows the difference between Verilog and netlist, and runs both on it.
 *
 * The inputs are made from the weights of the netlist's refused gates: sums just below, at and above the threshold,
 * least and greatest sums (sim/vectors), so that a wrong weight, sign or width of such a gate shows. A few inputs test
 * the circuit as a whole. The simulator and Verilator's model of the Verilog run on each, until some gate differs.
 */
#ifndef COFIBER_PROVE_WITNESS_H
#define COFIBER_PROVE_WITNESS_H

#include "netlists/netlist.h"

struct cf_witness_options {
    const char *rtl_directory;   /* the Verilog; NULL: a fresh emission */
    const char *cache_directory; /* of Verilator's builds; NULL: as cf_cosim_options has it */
    const uint32_t *gates;       /* nets of refused gates, [gate_count]; there may be none */
    uint32_t gate_count;
    void (*progress)(void *user, uint64_t done, uint64_t total); /* while Verilator builds; may be NULL */
    bool (*stop)(void *user);                                    /* may be NULL */
    void *user;
};

struct cf_witness {
    bool found;
    uint32_t net; /* a gate that differs: a refused one, if any of them does */
    int64_t simulated, verilog;
    int32_t *input; /* [input nets] */
    uint32_t tried; /* inputs that were run */
};

/* False with an error if Verilator refuses the Verilog, a tool is missing, or memory is out. It is no failure if no
 * input is found. */
bool cf_find_witness(const struct cf_netlist *netlist, const struct cf_witness_options *options,
                     struct cf_witness *witness, struct cf_error *err);
void cf_witness_free(struct cf_witness *witness);

#endif
