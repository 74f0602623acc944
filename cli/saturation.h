/* saturation.h - how commands report the features that a netlist's quantiser clamps. */
#ifndef COFIBER_CLI_SATURATION_H
#define COFIBER_CLI_SATURATION_H

#include "cli/cli.h"

/* Warns on stderr where some of `features` features lie beyond what `bits` bits hold at this input scale. */
void cli_warn_of_saturation(uint64_t saturated, uint64_t features, int bits, double input_scale);

#endif
