/* interface.c - offers netlist, quantiser and engines through the public interface (include/cofiber.h). */
#include "cofiber.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/names.h"
#include "netlists/store.h"
#include "sim/library.h"

const char *cofiber_version(void)
{
    return COFIBER_VERSION;
}

static bool refuse(cofiber_error *error, const char *text)
{
    struct cf_error err;
    cf_fail(&err, "%s", text);
    return cf_pass_on(error, &err);
}

/* ---- netlists -------------------------------------------------------------------------------------------------- */

bool cofiber_netlist_load(cofiber_netlist **netlist, const char *path, cofiber_error *error)
{
    struct cf_error err;
    struct cf_netlist *loaded;
    if (!netlist)
        return refuse(error, "no place for the netlist");
    *netlist = NULL;
    if (!path)
        return refuse(error, "no path");
    if (!cf_netlist_load(&loaded, path, &err))
        return cf_pass_on(error, &err);
    *netlist = (cofiber_netlist *)(void *)loaded;
    return true;
}

void cofiber_netlist_free(cofiber_netlist *netlist)
{
    cf_netlist_free((struct cf_netlist *)(void *)netlist);
}

bool cofiber_netlist_input(const cofiber_netlist *netlist, cofiber_input *input, cofiber_error *error)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    struct cf_error err;
    if (!n || !input)
        return refuse(error, n ? "no place for the input" : "no netlist");
    const struct cf_group *group = &n->groups[CF_INPUT];
    if (!cf_quantiser_fits(n, &err))
        return cf_pass_on(error, &err);
    struct cf_frame_shape shape = cf_input_shape(n);
    *input = (cofiber_input){.channels = shape.channels,
                             .height = shape.height,
                             .width = shape.width,
                             .bits = group->type.width,
                             .is_signed = group->type.is_signed,
                             .scale = n->input_scale};
    return true;
}

uint32_t cofiber_group_count(const cofiber_netlist *netlist)
{
    return netlist ? cofiber_unwrap(netlist)->group_count : 0;
}

bool cofiber_group_info(const cofiber_netlist *netlist, uint32_t index, cofiber_group *group)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    if (!n || !group || index >= n->group_count)
        return false;
    const struct cf_group *from = &n->groups[index];
    *group = (cofiber_group){.name = from->name,
                             .rank = from->rank,
                             .count = from->count,
                             .bits = from->type.width,
                             .is_signed = from->type.is_signed,
                             .fraction = from->type.frac,
                             .is_output = from->output};
    memcpy(group->shape, from->shape, sizeof group->shape);
    return true;
}

uint32_t cofiber_group_find(const cofiber_netlist *netlist, const char *name)
{
    return !netlist || !name ? UINT32_MAX : cf_netlist_find_group(cofiber_unwrap(netlist), name);
}

/* ---- simulators ------------------------------------------------------------------------------------------------ */

/* Fails, and names the instruction sets that there are. */
static bool refuse_isa(const char *isa, struct cf_error *err)
{
    char names[128] = "auto, reference";
    for (int k = 0; cf_kernels_at(k); k++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, ", %s", cf_kernels_at(k)->name);
    }
    return cf_fail(err, "%s: no such instruction set here (%s)", isa, names);
}

/* By definition, every gate; the decisions are among them. */
static bool make_plan(struct cofiber_sim *sim, const cofiber_options *options, struct cf_error *err)
{
    bool reference = sim->engine == COFIBER_REFERENCE;
    const struct cf_kernels *kernels = reference ? &cf_kernels_portable : cf_kernels_find(options->isa);
    if (!kernels)
        return refuse_isa(options->isa, err);
    enum cf_mode mode = options->mode == COFIBER_DECISIONS && !reference ? CF_DECISIONS : CF_ALL_GATES;
    sim->plan = cf_plan_new(sim->netlist, kernels, mode, err);
    return sim->plan != NULL;
}

static bool make_bits(struct cofiber_sim *sim, const cofiber_options *options, struct cf_error *err)
{
    sim->bit_kernels = cf_bit_kernels_find(options->isa);
    if (!sim->bit_kernels)
        return cf_fail(err, "%s: no such instruction set here for the bit engine (auto, portable%s%s)", options->isa,
                       cf_bit_kernels_find("avx2") ? ", avx2" : "", cf_bit_kernels_find("avx512") ? ", avx512" : "");
    return cf_bit_sim_new(&sim->bits, sim->netlist, sim->bit_kernels, sim->threads, options->graphs, err) &&
           cf_bit_sim_make_room(sim->bits, 1, err);
}

static bool check_options(const cofiber_options *options, struct cf_error *err)
{
    if (options->mode != COFIBER_ALL_GATES && options->mode != COFIBER_DECISIONS)
        return cf_fail(err, "mode %d: there is none but COFIBER_ALL_GATES and COFIBER_DECISIONS", (int)options->mode);
    if (options->engine != COFIBER_WORD && options->engine != COFIBER_BITS && options->engine != COFIBER_REFERENCE)
        return cf_fail(err, "engine %d: there is none but COFIBER_WORD, COFIBER_BITS and COFIBER_REFERENCE",
                       (int)options->engine);
    return options->threads >= 0 || cf_fail(err, "%d threads", options->threads);
}

static bool set_up(struct cofiber_sim *sim, const cofiber_options *options, struct cf_error *err)
{
    enum { MEMORY = 96 << 20 };
    if (!check_options(options, err))
        return false;
    bool reference = options->isa && strcmp(options->isa, "reference") == 0;
    sim->engine = reference && options->engine == COFIBER_WORD ? COFIBER_REFERENCE : options->engine;
    sim->memory = options->memory ? options->memory : MEMORY;
    sim->threads = options->threads > 0 ? options->threads : omp_get_max_threads();
    if (!(sim->engine == COFIBER_BITS ? make_bits(sim, options, err) : make_plan(sim, options, err)))
        return false;
    /* A netlist that features cannot feed still runs on quantised input. */
    if (cf_quantiser_fits(sim->netlist, NULL))
        sim->quantiser =
            cf_quantiser_new(sim->netlist, sim->bits ? cofiber_sim_isa(sim) : sim->plan->kernels->name, err);
    return (sim->quantiser || !cf_quantiser_fits(sim->netlist, NULL)) &&
           cf_worker_new(sim, &sim->together, sim->engine == COFIBER_REFERENCE ? 1 : sim->threads, err);
}

bool cofiber_sim_new(cofiber_sim **sim, const cofiber_netlist *netlist, const cofiber_options *options,
                     cofiber_error *error)
{
    static const cofiber_options zeros;
    struct cf_error err;
    if (!sim)
        return refuse(error, "no place for the simulator");
    *sim = NULL;
    if (!netlist)
        return refuse(error, "no netlist");
    struct cofiber_sim *made = calloc(1, sizeof *made);
    if (!made)
        return refuse(error, "out of memory");
    made->netlist = cofiber_unwrap(netlist);
    if (!set_up(made, options ? options : &zeros, &err)) {
        cofiber_sim_free(made);
        return cf_pass_on(error, &err);
    }
    *sim = made;
    return true;
}

void cofiber_sim_free(cofiber_sim *sim)
{
    if (!sim)
        return;
    cf_worker_free(&sim->together);
    cf_teams_free(sim);
    cf_quantiser_free(sim->quantiser);
    cf_plan_free(sim->plan);
    cf_bit_sim_free(sim->bits);
    free(sim);
}

const char *cofiber_sim_isa(const cofiber_sim *sim)
{
    if (!sim)
        return NULL;
    if (sim->engine == COFIBER_REFERENCE)
        return "reference";
    return sim->engine == COFIBER_BITS ? cf_bit_kernels_name(sim->bit_kernels) : sim->plan->kernels->name;
}

int cofiber_sim_threads(const cofiber_sim *sim)
{
    return sim ? sim->threads : 0;
}

void cofiber_sim_describe(const cofiber_sim *sim, void (*line)(void *context, const char *text), void *context)
{
    if (!sim || !line)
        return;
    if (sim->engine == COFIBER_REFERENCE)
        line(context, "reference: every gate in turn, by the definition of its cell");
    else if (sim->engine == COFIBER_BITS)
        line(context, "bits: every gate as the full adders of its cell, many gates at a time");
    else
        cf_plan_describe(sim->plan, line, context);
}

bool cofiber_sim_run(cofiber_sim *sim, const cofiber_features *features, cofiber_error *error)
{
    struct cf_error err;
    uint64_t element = COFIBER_NONE;
    if (!sim)
        return refuse(error, "no simulator");
    if (cf_worker_run(sim, &sim->together, features, &element, &err))
        return true;
    cf_pass_on(error, &err);
    if (error)
        error->element = element;
    return false;
}

const cofiber_result *cofiber_sim_result(const cofiber_sim *sim)
{
    return sim ? &sim->together : NULL;
}

/* ---- results --------------------------------------------------------------------------------------------------- */

const void *cofiber_values(const cofiber_result *result, uint32_t group, cofiber_storage *storage)
{
    if (!result || !result->filled || group >= result->netlist->group_count)
        return NULL;
    if (storage)
        *storage = (cofiber_storage)cf_storage_of(result->netlist->groups[group].type);
    return result->bits ? cf_bit_sim_values(result->bits, group, result->frame)
                        : cf_workspace_values(result->workspace, group);
}

bool cofiber_read(const cofiber_result *result, uint32_t group, int64_t *values)
{
    cofiber_storage storage = COFIBER_INT8;
    const void *from = cofiber_values(result, group, &storage);
    if (!from || !values)
        return false;
    uint32_t count = result->netlist->groups[group].count;
    for (uint32_t i = 0; i < count; i++)
        values[i] = cf_storage_get(from, (enum cf_storage)storage, i);
    return true;
}

bool cofiber_gate(const cofiber_result *result, const char *name, int64_t *value, cofiber_error *error)
{
    if (!result || !name || !value)
        return refuse(error, !result ? "no result" : !name ? "no name" : "no place for the value");
    if (!result->filled)
        return refuse(error, "no frame was simulated, or the last one failed: there are no values");
    const struct cf_netlist *netlist = result->netlist;
    struct cf_error err;
    uint32_t net;
    if (!cf_net_find(netlist, name, &net, &err))
        return cf_pass_on(error, &err);
    uint32_t group = cf_netlist_group_of(netlist, net);
    cofiber_storage storage = COFIBER_INT8;
    const void *values = cofiber_values(result, group, &storage);
    if (!values) {
        cf_fail(&err, "%s: not computed in the mode of decisions", name);
        return cf_pass_on(error, &err);
    }
    *value = cf_storage_get(values, (enum cf_storage)storage, net - netlist->groups[group].first_net);
    return true;
}

bool cf_sim_nets(cofiber_sim *sim, const int32_t *input, int64_t *nets, struct cf_error *err)
{
    const cofiber_features features = {input, COFIBER_QUANTISED};
    const struct cf_netlist *netlist = sim->netlist;
    cofiber_error error;
    if (!cofiber_sim_run(sim, &features, &error))
        return cf_fail(err, "%s", error.text);
    for (uint32_t g = 0; g < netlist->group_count; g++)
        if (!cofiber_read(cofiber_sim_result(sim), g, nets + netlist->groups[g].first_net))
            return cf_fail(err, "%s: the simulator has no values of %s", netlist->label, netlist->groups[g].name);
    return true;
}
