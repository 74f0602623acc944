/* stream_sim.h - runs the streaming accelerator's testbench under Icarus Verilog or Verilator, and reads what came out.
 */
#ifndef COFIBER_RTL_TOOLS_STREAM_SIM_H
#define COFIBER_RTL_TOOLS_STREAM_SIM_H

#include "rtl/stream/stream.h"
#include "rtl/tools/toggles.h"

struct cf_stream_sim_options {
    const char *rtl_directory; /* a package whose Verilog and memories are run instead of fresh ones; NULL: none */
    const char *scratch;       /* a directory for the sources, the build and the logs */
    bool verilator;            /* else Icarus Verilog, which knows unknown values */
    uint32_t seed;             /* of the stalls */
    uint32_t input_stalls, output_stalls; /* per cent of the cycles */
    const char *wave;                     /* an FST file for waves; NULL: none */
    const char *saif;                     /* a file for the counts of all changes, instead of waves; NULL: none */
    const char *scope;                    /* of either: "cofiber_stream_tb.dut.u_front"; NULL: all waves, or the core's
                                             changes */
    bool (*stop)(void *user);
    void *user;
};

/* What the testbench saw. */
struct cf_stream_outcome {
    uint8_t *fired; /* [frames][records][classes]: 0, 1, or 2 where no record came */
    int64_t *sums;  /* [frames][records][classes]: the classifiers' sums, with the thresholds that plan.h cuts */
    uint64_t records;
    struct cf_toggle_totals toggles; /* where they are counted */
    double seconds;                  /* that the testbench ran, without its build */
    char verdict[400];               /* its last line, PASS or FAIL and figures */
};

/* Runs the vectors' frames back to back. True when the testbench came to its end, whatever its verdict. Errors: a tool
 * that is missing or fails, or output that cannot be read. Free with cf_stream_outcome_free in any case. */
bool cf_stream_simulate(struct cf_stream_outcome *outcome, const struct cf_stream_plan *plan,
                        const struct cf_stream_vectors *vectors, const struct cf_stream_sim_options *options,
                        struct cf_error *err);
void cf_stream_outcome_free(struct cf_stream_outcome *outcome);

#endif
