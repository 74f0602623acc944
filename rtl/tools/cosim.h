/* cosim.h - the emitted Verilog, built by Verilator into a program, gives every gate's value for a frame. */
#ifndef COFIBER_RTL_TOOLS_COSIM_H
#define COFIBER_RTL_TOOLS_COSIM_H

#include "netlists/netlist.h"

struct cf_cosim_options {
    const char *rtl_directory;   /* Verilog to use instead of a fresh emission; NULL: emit */
    const char *cache_directory; /* NULL: $XDG_CACHE_HOME/cofiber, or ~/.cache/cofiber */
    int jobs;                    /* compilers at once; 0: one per processor */
    bool rebuild;                /* even where the cache has the program */
    const char *wave;            /* the file that receives the signals' values, frame n at time n; NULL: none */
    const char *scope;           /* with it: the signals of this scope of the Verilog alone; NULL: all */
    /* Called some times per second while the tools run; total 0: not known yet. May be NULL. */
    void (*progress)(void *user, uint64_t done, uint64_t total);
    /* Asked as often, and when a signal interrupts the wait for the model; must work as long as the result lives. True:
     * the tools or the model are ended, nothing of the build is left, and the call fails. May be NULL. */
    bool (*stop)(void *user);
    void *user;
};

struct cf_cosim;

/* Emits and builds the model, or finds it in the cache if it was built from the same Verilog with the same tools
 * before, and starts it. The netlist must outlive the result. Errors: a tool that is missing (with its Debian package),
 * a build that fails (with its log), Verilog that lacks a row of the netlist or has it in another width. */
bool cf_cosim_open(struct cf_cosim **cosim, const struct cf_netlist *netlist, const struct cf_cosim_options *options,
                   struct cf_error *err);

/* One frame. The first nets of `nets` are the input's, given; those of the gates are filled with what the Verilog's
 * wires carry. */
bool cf_cosim_frame(struct cf_cosim *cosim, int64_t *nets, struct cf_error *err);

/* After the last frame: ends the model, and gives the file of waves its name. Without it there is no such file. */
bool cf_cosim_finish(struct cf_cosim *cosim, struct cf_error *err);

void cf_cosim_close(struct cf_cosim *cosim); /* NULL is fine */

/* True when the program was found in the cache. */
bool cf_cosim_was_cached(const struct cf_cosim *cosim);

#endif
