/* fired.h - the decisions that fire, as lines of JSON: where, of which class, and by how much. */
#ifndef COFIBER_CLI_FIRED_H
#define COFIBER_CLI_FIRED_H

#include "netlists/netlist.h"
#include "sim/library.h"

/* Frames come in no particular order, and their lines are printed in the frames' order. Zero-initialise; `netlist` is
 * the one that the results are of. */
struct cli_fired {
    const struct cf_netlist *netlist;
    struct cli_fired_frame *waiting; /* lines of frames whose turn has not come */
    uint64_t next;
};

/* Prints a line for each gate of an output group of steps that fires, on standard output: `frame`, `gate` (its name),
 * `scale` (of a group "s<scale>.<kind>"), `position`, `class`, `sum` (with the bias, so 0 or more), and `margin`: the
 * same as a logit, by which the score threshold is passed, where the class's scale is known. The result must hold all
 * gates. Errors: out of memory. */
bool cli_fired_put(struct cli_fired *fired, uint64_t frame, const cofiber_result *result, struct cf_error *err);
void cli_fired_free(struct cli_fired *fired);

#endif
