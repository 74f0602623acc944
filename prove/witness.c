/* witness.c - makes inputs for the refused gates, and compares the simulator with Verilator's model on them. */
#include "prove/witness.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"
#include "rtl/tools/cosim.h"
#include "sim/library.h"
#include "sim/vectors/steer.h"

enum { GATES_AIMED_AT = 8 };

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

struct inputs {
    const struct cf_netlist *netlist;
    int32_t **inputs; /* [count][input nets] */
    size_t count, capacity;
};

static int32_t *add_input(struct inputs *in)
{
    if (!cf_array_reserve(&in->inputs, &in->capacity, in->count + 1, sizeof *in->inputs))
        return NULL;
    int32_t *x = calloc(in->netlist->groups[CF_INPUT].count, sizeof *x);
    if (x)
        in->inputs[in->count++] = x;
    return x;
}

/* Inputs for the circuit as a whole: two at random, then all values least, all greatest, and the two in turns. */
static bool add_general(struct inputs *in)
{
    struct cf_type type = in->netlist->groups[CF_INPUT].type;
    int64_t low = cf_type_min(type), high = cf_type_max(type);
    uint64_t state = 1;
    for (int kind = 0; kind < 5; kind++) {
        int32_t *x = add_input(in);
        if (!x)
            return false;
        for (uint32_t i = 0; i < in->netlist->groups[CF_INPUT].count; i++) {
            int64_t random = low + (int64_t)(cf_next_random(&state) % ((uint64_t)(high - low) + 1));
            x[i] = (int32_t)(kind < 2 ? random : kind == 2 ? low : kind == 3 || i % 2 ? high : low);
        }
    }
    return true;
}

/* Adds the inputs made for one gate; all other inputs of the circuit are 0. A gate whose sum is no linear form gets
 * none.
 */
static bool add_steered(struct inputs *in, struct cf_steering *steering, struct cf_steered *steered, uint32_t net)
{
    if (!cf_steering_target(steering, net))
        return !cf_steering_failed(steering);
    cf_steer(steering, steered);
    for (int wish = 0; wish < CF_WISH_COUNT; wish++) {
        int32_t *x = steered->met[wish] ? add_input(in) : NULL;
        if (steered->met[wish] && !x)
            return false;
        for (uint32_t i = 0; x && i < steered->count; i++)
            x[steered->input[i]] = steered->x[wish][i];
    }
    return true;
}

static bool make_inputs(struct inputs *in, const struct cf_witness_options *options)
{
    struct cf_steered steered = {0};
    struct cf_form_finder *finder = cf_form_finder_new(in->netlist);
    struct cf_steering *steering = finder ? cf_steering_new(in->netlist, finder) : NULL;
    bool done = cf_steered_make(&steered, in->netlist) && steering != NULL;
    for (uint32_t i = 0; done && i < options->gate_count && i < GATES_AIMED_AT; i++)
        done = add_steered(in, steering, &steered, options->gates[i]);
    done = done && add_general(in);
    cf_steering_free(steering);
    cf_form_finder_free(finder);
    cf_steered_free(&steered);
    return done;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

struct run {
    const struct cf_netlist *netlist;
    cofiber_sim *sim;
    struct cf_cosim *cosim;
    int64_t *expected, *found; /* [net_count] */
};

static bool open_run(struct run *r, const struct cf_witness_options *options, struct cf_error *err)
{
    const struct cf_cosim_options cosim = {.rtl_directory = options->rtl_directory,
                                           .cache_directory = options->cache_directory,
                                           .progress = options->progress,
                                           .stop = options->stop,
                                           .user = options->user};
    cofiber_error error;
    r->expected = malloc(r->netlist->net_count * sizeof *r->expected);
    r->found = malloc(r->netlist->net_count * sizeof *r->found);
    if (!r->expected || !r->found)
        return cf_fail(err, "%s: out of memory", r->netlist->label);
    if (!cofiber_sim_new(&r->sim, cofiber_wrap(r->netlist), NULL, &error))
        return cf_fail(err, "%s", error.text);
    return cf_cosim_open(&r->cosim, r->netlist, &cosim, err);
}

static bool run_both(struct run *r, const int32_t *input, struct cf_error *err)
{
    if (!cf_sim_nets(r->sim, input, r->expected, err))
        return false;
    memcpy(r->found, r->expected, r->netlist->groups[CF_INPUT].count * sizeof *r->found);
    return cf_cosim_frame(r->cosim, r->found, err);
}

/* Finds a gate that differs: a refused gate if one does, otherwise the first. */
static bool find_difference(const struct run *r, const struct cf_witness_options *options, uint32_t *net)
{
    for (uint32_t i = 0; i < options->gate_count; i++)
        if (r->expected[options->gates[i]] != r->found[options->gates[i]]) {
            *net = options->gates[i];
            return true;
        }
    for (*net = r->netlist->groups[CF_INPUT].count; *net < r->netlist->net_count; ++*net)
        if (r->expected[*net] != r->found[*net])
            return true;
    return false;
}

static bool run_all(struct run *r, struct inputs *in, const struct cf_witness_options *options, struct cf_witness *w,
                    struct cf_error *err)
{
    for (; !w->found && w->tried < in->count; w->tried++) {
        if (!run_both(r, in->inputs[w->tried], err))
            return false;
        if (!find_difference(r, options, &w->net))
            continue;
        w->found = true;
        w->simulated = r->expected[w->net];
        w->verilog = r->found[w->net];
        w->input = in->inputs[w->tried];
        in->inputs[w->tried] = NULL;
    }
    return true;
}

bool cf_find_witness(const struct cf_netlist *netlist, const struct cf_witness_options *options,
                     struct cf_witness *witness, struct cf_error *err)
{
    struct inputs in = {.netlist = netlist};
    struct run r = {.netlist = netlist};
    *witness = (struct cf_witness){0};
    if (netlist->groups[CF_INPUT].type.width > 32)
        return cf_fail(err, "%s: an input of more than 32 bits", netlist->label);
    bool done = make_inputs(&in, options) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && open_run(&r, options, err) && run_all(&r, &in, options, witness, err);
    for (size_t i = 0; i < in.count; i++)
        free(in.inputs[i]);
    free(in.inputs);
    free(r.expected);
    free(r.found);
    cofiber_sim_free(r.sim);
    cf_cosim_close(r.cosim);
    return done;
}

void cf_witness_free(struct cf_witness *witness)
{
    free(witness->input);
    *witness = (struct cf_witness){0};
}
