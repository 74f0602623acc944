/* frame.c - takes one frame through the library: makes integers of its features, and has an engine evaluate them. */
#include <stdlib.h>

#include "sim/library.h"
#include "sim/word/reference.h"

bool cf_worker_new(const struct cofiber_sim *sim, struct cofiber_result *worker, int threads, struct cf_error *err)
{
    *worker = (struct cofiber_result){.netlist = sim->netlist, .bits = sim->bits, .threads = threads};
    if (sim->bits)
        return true;
    worker->workspace = cf_workspace_new(sim->plan, threads, err);
    if (!worker->workspace)
        return false;
    if (sim->engine != COFIBER_REFERENCE)
        return true;
    worker->nets = calloc(sim->netlist->net_count, sizeof *worker->nets);
    return worker->nets || cf_fail(err, "%s: out of memory", sim->netlist->label);
}

void cf_worker_free(struct cofiber_result *worker)
{
    cf_workspace_free(worker->workspace);
    free(worker->nets);
}

void cf_teams_free(struct cofiber_sim *sim)
{
    for (int t = 0; t < sim->team_count; t++)
        cf_worker_free(&sim->teams[t]);
    free(sim->teams);
    sim->teams = NULL;
    sim->team_count = 0;
}

/* Integers as given; the index of the first that does not fit the input, or COFIBER_NONE. */
static uint64_t take_quantised(const struct cofiber_sim *sim, const int32_t *values, void *input)
{
    const struct cf_group *group = &sim->netlist->groups[CF_INPUT];
    enum cf_storage storage = cf_storage_of(group->type);
    for (uint32_t i = 0; i < group->count; i++) {
        if (!cf_type_holds(group->type, values[i]))
            return i;
        cf_storage_put(input, storage, i, values[i]);
    }
    return COFIBER_NONE;
}

cofiber_features cf_features_of(const struct cf_tensor *view)
{
    static const cofiber_dtype dtypes[CF_DTYPE_COUNT] = {
        [CF_BOOL] = COFIBER_U8, [CF_U8] = COFIBER_U8,   [CF_I8] = COFIBER_I8,     [CF_U16] = COFIBER_U16,
        [CF_I16] = COFIBER_I16, [CF_F16] = COFIBER_F16, [CF_BF16] = COFIBER_BF16, [CF_U32] = COFIBER_U32,
        [CF_I32] = COFIBER_I32, [CF_F32] = COFIBER_F32, [CF_U64] = COFIBER_U64,   [CF_I64] = COFIBER_I64,
        [CF_F64] = COFIBER_F64};
    return (cofiber_features){view->data, dtypes[view->dtype]};
}

bool cf_tensor_of(const cofiber_features *features, uint64_t count, struct cf_tensor *tensor)
{
    static const enum cf_dtype dtypes[] = {
        [COFIBER_F32] = CF_F32, [COFIBER_F16] = CF_F16, [COFIBER_F64] = CF_F64, [COFIBER_BF16] = CF_BF16,
        [COFIBER_I8] = CF_I8,   [COFIBER_U8] = CF_U8,   [COFIBER_I16] = CF_I16, [COFIBER_U16] = CF_U16,
        [COFIBER_I32] = CF_I32, [COFIBER_U32] = CF_U32, [COFIBER_I64] = CF_I64, [COFIBER_U64] = CF_U64};
    if (!features || !features->data || features->dtype < 0 || features->dtype >= COFIBER_QUANTISED)
        return false;
    enum cf_dtype dtype = dtypes[features->dtype];
    *tensor = (struct cf_tensor){.name = "features",
                                 .dtype = dtype,
                                 .rank = 1,
                                 .shape = {count},
                                 .count = count,
                                 .size = count * cf_dtype_size(dtype),
                                 .data = features->data};
    return true;
}

static uint64_t take_features(const struct cofiber_sim *sim, const cofiber_features *features, void *input, int threads)
{
    struct cf_frame_shape shape = cf_input_shape(sim->netlist);
    struct cf_tensor tensor;
    cf_tensor_of(features, sim->netlist->groups[CF_INPUT].count, &tensor);
    tensor.rank = 3;
    tensor.shape[0] = shape.channels;
    tensor.shape[1] = shape.height;
    tensor.shape[2] = shape.width;
    return cf_quantise(sim->quantiser, &tensor, input, threads);
}

static bool refuse(const struct cofiber_sim *sim, const cofiber_features *features, uint64_t element,
                   struct cf_error *err)
{
    const struct cf_group *group = &sim->netlist->groups[CF_INPUT];
    bool quantised = features->dtype == COFIBER_QUANTISED;
    struct cf_tensor values = {.rank =
                                   group->rank}; /* integers feed an input of any rank, and are named as its nets are */
    for (int i = 0; i < group->rank; i++)
        values.shape[i] = group->shape[i];
    if (!quantised) {
        struct cf_frame_shape frame = cf_input_shape(sim->netlist);
        values = (struct cf_tensor){.rank = 3, .shape = {frame.channels, frame.height, frame.width}};
    }
    char at[128];
    return cf_fail(err, "element %s %s", cf_index_text(&values, element, at, sizeof at),
                   quantised ? "does not fit the input's width" : "is NaN or infinite");
}

/* Runs the reference, and copies its values to where the word engine keeps its own. */
static void run_reference(const struct cofiber_sim *sim, struct cofiber_result *worker)
{
    const struct cf_netlist *netlist = sim->netlist;
    enum cf_storage storage = cf_storage_of(netlist->groups[CF_INPUT].type);
    for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++)
        worker->nets[i] = cf_storage_get(cf_workspace_input(worker->workspace), storage, i);
    cf_word_evaluate(netlist, worker->nets);
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++)
            cf_workspace_put(worker->workspace, g, i, worker->nets[netlist->groups[g].first_net + i]);
}

bool cf_take_frame(const struct cofiber_sim *sim, const cofiber_features *features, void *input, int threads,
                   uint64_t *element, struct cf_error *err)
{
    if (!features || !features->data)
        return cf_fail(err, "no features: there is no data");
    if (features->dtype < 0 || features->dtype > COFIBER_QUANTISED)
        return cf_fail(err, "features of unknown type %d", (int)features->dtype);
    if (features->dtype == COFIBER_QUANTISED)
        *element = take_quantised(sim, features->data, input);
    else if (sim->quantiser)
        *element = take_features(sim, features, input, threads);
    else
        return cf_quantiser_fits(sim->netlist, err); /* says why not */
    return *element == COFIBER_NONE || refuse(sim, features, *element, err);
}

bool cf_worker_run(const struct cofiber_sim *sim, struct cofiber_result *worker, const cofiber_features *features,
                   uint64_t *element, struct cf_error *err)
{
    worker->filled = false;
    worker->frame = 0;
    /* There is room already, unless a batch found no memory for more. */
    if (sim->bits && !cf_bit_sim_make_room(sim->bits, 1, err))
        return false;
    void *input = sim->bits ? cf_bit_sim_input(sim->bits, 0) : cf_workspace_input(worker->workspace);
    if (!cf_take_frame(sim, features, input, worker->threads, element, err))
        return false;
    if (sim->bits)
        cf_bit_sim_run(sim->bits, 1);
    else if (sim->engine == COFIBER_REFERENCE)
        run_reference(sim, worker);
    else
        cf_run(worker->workspace);
    worker->filled = true;
    return true;
}
