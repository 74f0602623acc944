/* frames.c - offers, through the public interface, frames that lie in memory one behind the other. */
#include <string.h>

#include "library/pass_on.h"

struct array_batch {
    const struct cf_netlist *netlist;
    const char *data;
    cofiber_dtype dtype;
    size_t frame_size; /* bytes */
    const cofiber_output *outputs;
    size_t output_count;
};

/* Bytes of a frame; an unknown type is the simulator's to refuse. */
static size_t frame_size(const cofiber_features *frames, uint32_t count)
{
    struct cf_tensor tensor = {.size = count * sizeof(int32_t)}; /* COFIBER_QUANTISED */
    cf_tensor_of(frames, count, &tensor);
    return tensor.size;
}

static bool give(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    const struct array_batch *b = context;
    (void)error;
    *features = (cofiber_features){b->data + frame * b->frame_size, b->dtype};
    return true;
}

static bool take(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    const struct array_batch *b = context;
    for (size_t i = 0; i < b->output_count; i++) {
        const struct cf_group *group = &b->netlist->groups[b->outputs[i].group];
        const void *values = cofiber_values(result, b->outputs[i].group, NULL);
        size_t size = group->count * cf_storage_size(cf_storage_of(group->type));
        struct cf_error err;
        if (!values) {
            cf_fail(&err, "%s: not computed in the mode of decisions", group->name);
            return cf_pass_on(error, &err);
        }
        memcpy((char *)b->outputs[i].values + frame * size, values, size);
    }
    return true;
}

bool cofiber_sim_run_array(cofiber_sim *sim, const cofiber_features *frames, uint64_t count,
                           const cofiber_output *outputs, size_t output_count, cofiber_error *error)
{
    if (!sim || !frames || (!frames->data && count > 0) || (!outputs && output_count > 0))
        return cf_refuse(error, !sim ? "no simulator" : outputs || !output_count ? "no features" : "no outputs");
    for (size_t i = 0; i < output_count; i++)
        if (outputs[i].group >= sim->netlist->group_count || !outputs[i].values)
            return cf_refuse(error, outputs[i].values ? "an output of no group" : "no place for an output");
    struct array_batch context = {.netlist = sim->netlist,
                                  .data = frames->data,
                                  .dtype = frames->dtype,
                                  .frame_size = frame_size(frames, sim->netlist->groups[CF_INPUT].count),
                                  .outputs = outputs,
                                  .output_count = output_count};
    cofiber_batch batch = {.count = count, .source = give, .sink = take, .context = &context};
    return cofiber_sim_run_batch(sim, &batch, NULL, error);
}
