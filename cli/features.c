/* features.c - turns input integers into features, for the commands that write frames. */
#include "cli/features.h"

#include "netlists/quantise.h"

bool cli_to_features(const struct cf_netlist *netlist, const int32_t *values, float *features, struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    uint32_t channels = cf_group_lanes(input), plane = input->count / channels;
    for (uint32_t p = 0; p < plane; p++)
        for (uint32_t d = 0; d < channels; d++) {
            int32_t value = values[p * channels + d];
            float feature = (float)(value * netlist->input_scale);
            if (cf_quantised(feature, netlist->input_scale, (double)cf_type_min(input->type),
                             (double)cf_type_max(input->type)) != value)
                return cf_fail(err, "%s: no float quantises to %d with the input scale %.17g", netlist->label, value,
                               netlist->input_scale);
            features[(size_t)d * plane + p] = feature;
        }
    return true;
}
