/* stream.h - what the commands that deal with the streaming accelerator share: its options, and frames for its
 * testbench. */
#ifndef COFIBER_CLI_STREAM_H
#define COFIBER_CLI_STREAM_H

#include "cli/cli.h"
#include "rtl/stream/constants.h"
#include "rtl/stream/stream.h"

#define CLI_STREAM_OPTIONS                                                                                             \
    {"--lanes", "L", "8", "stream: take L channels per cycle."},                                                       \
        {"--parallel-classes", "P", NULL,                                                                              \
         "stream: multiply the weights of P classes per cycle. Default: all classes."},                                \
        {"--fit", "ice40up5k|ecp5-25k|ecp5-45k|ecp5-85k|artix7-35t|artix7-100t|artix7-200t|kintex7-325t", NULL,        \
         "stream: choose the fastest channels and classes per cycle for which this device has multipliers, block "     \
         "RAM and LUTs. ice40up5k: a small core of its own, which takes and gives bytes."},                            \
        {"--weights", "rom|loadable|constants", "rom",                                                                 \
         "stream: keep the weights in a ROM, or in a RAM that is written through the control port, or build them as "  \
         "shifts and adders, which take all channels and classes of a position in one cycle; where NET2 of "           \
         "`cofiber optimize` has a graph of them, that one."},                                                         \
        {"--multipliers", "dsp|logic", "dsp",                                                                          \
         "stream: leave the multipliers to DSP blocks, or build them of adders."},                                     \
        {"--no-pipeline", NULL, NULL, "stream: do not register the operands of the multipliers."},                     \
    {                                                                                                                  \
        "--sparse", NULL, NULL, "stream: give one record per class that fires instead of one per position."            \
    }

/* A netlist as a pyramid, and the accelerator that the options ask for. */
struct cli_stream {
    struct cf_pyramid pyramid;
    struct cf_stream_constants constants; /* zeros where the weights are not constants */
    struct cf_stream_plan plan;
};

/* Reads the options. `source` must outlive the result. False with an error, or after a message with an error that is
 * empty. Free with cli_stream_free in any case. */
bool cli_stream_make(struct cli_stream *stream, const struct cli_args *args, const struct cf_netlist *netlist,
                     const char *prefix, const char *source, struct cf_error *err);
void cli_stream_free(struct cli_stream *stream);

/* False after a message where one of the options, which end with NULL, is given to the structural style. */
bool cli_stream_options_absent(const struct cli_args *args, const char *const *names);
/* The same of CLI_STREAM_OPTIONS. */
bool cli_stream_absent(const struct cli_args *args);

/* Prints what the accelerator costs, as JSON where --json is given; gives the exit status. */
int cli_stream_report(const struct cli_args *args, const struct cf_stream_plan *plan);

/* cosim --style stream; gives the exit status. */
int cli_cosim_stream(const struct cli_args *args);

/* Frames and what the simulator decides on them: the frames from operand `first` on, or where there are none, one made
 * of pseudo-random numbers. Free with cli_stream_vectors_free in any case. */
struct cli_stream_vectors {
    struct cf_stream_vectors vectors;
    int32_t *input;
    uint8_t *fired;
};
bool cli_stream_vectors_make(struct cli_stream_vectors *made, const struct cli_args *args, int first,
                             const struct cf_netlist *netlist, const struct cf_stream_plan *plan, struct cf_error *err);
void cli_stream_vectors_free(struct cli_stream_vectors *made);

#endif
