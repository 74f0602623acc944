/* saturation.c - warns about features that a netlist's quantiser clamps. */
#include "cli/saturation.h"

#include <stdio.h>

void cli_warn_of_saturation(uint64_t saturated, uint64_t features, int bits, double input_scale)
{
    char count[32], of[32];
    if (saturated)
        fprintf(stderr,
                "cofiber: warning: %s of %s features (%.3g%%) lie beyond what %d bits hold at the input scale %.9g, "
                "and are clamped\n",
                cli_thousands(saturated, count), cli_thousands(features, of),
                100.0 * (double)saturated / (double)features, bits, input_scale);
}
