/* engine.c - holds the bit engine's values of all frames, and evaluates groups and frames in a suitable order. */
#include "sim/bits/engine.h"

#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "netlists/check.h"
#include "netlists/lowering/lower.h"
#include "sim/bits/engine_internal.h"
#include "sim/bits/pass.h"
#include "sim/bits/wires.h"

enum {
    /* How often a thread comes for more passes of a part; the more often, the more evenly threads share the work. */
    SHARES = 16
};

struct cf_bit_sim {
    struct cf_bit_nets nets;
    const struct cf_bit_kernels *kernels;
    struct cf_bit_plan plan;
    struct cf_arena workers_arena, values_arena; /* of the workers; of the values */
    struct cf_bit_worker *workers;               /* [threads] */
    struct cf_bit_wires
        *wires;            /* evaluates everything where each net is one bit; there are no values and workers then */
    uint32_t room, frames; /* frames that there is room for; of the current run */
    int threads;
    bool programs_only; /* no operands are loaded, and no results stored */
};

/* ---- running --------------------------------------------------------------------------------------------------- */

/* Runs a part of a family on frames [first_frame, end_frame). */
static void run_part(struct cf_bit_sim *sim, uint32_t group, const struct cf_bit_family *family,
                     const struct cf_bit_part *part, uint32_t first_frame, uint32_t end_frame)
{
    uint64_t begin = (uint64_t)first_frame * family->gate_count, end = (uint64_t)end_frame * family->gate_count;
    uint64_t lanes = sim->kernels->lanes;
    int64_t passes = (int64_t)((end - begin + lanes - 1) / lanes), share = passes / (SHARES * sim->threads);
    int64_t step = share < 1 ? 1 : share;
#pragma omp parallel for num_threads(sim->threads) schedule(dynamic, step) if (sim->threads > 1)
    for (int64_t i = 0; i < passes; i++) {
        uint64_t first = begin + (uint64_t)i * lanes;
        const struct cf_bit_kernels *narrow = sim->kernels->narrow;
        bool few = narrow && end - first <= narrow->lanes;
        struct cf_bit_pass pass = {.nets = &sim->nets,
                                   .kernels = few ? narrow : sim->kernels,
                                   .worker = &sim->workers[omp_get_thread_num()],
                                   .group = &sim->nets.netlist->groups[group],
                                   .family = family,
                                   .part = part,
                                   .group_index = group};
        if (sim->programs_only)
            cf_bit_pass_run_program(&pass);
        else
            cf_bit_pass_run(&pass, first, end);
    }
}

static void run_group(struct cf_bit_sim *sim, uint32_t group, uint32_t first_frame, uint32_t end_frame)
{
    for (uint32_t f = 0; f < sim->plan.groups[group].family_count; f++) {
        const struct cf_bit_family *family = &sim->plan.groups[group].families[f];
        for (uint32_t p = 0; p < family->part_count; p++)
            run_part(sim, group, family, &family->parts[p], first_frame, end_frame);
    }
}

/* True when the gates of the group in one frame fill planes. */
static bool is_large(const struct cf_bit_sim *sim, uint32_t group)
{
    enum { PLANES = 16 };
    for (uint32_t f = 0; f < sim->plan.groups[group].family_count; f++)
        if (sim->plan.groups[group].families[f].gate_count < PLANES * sim->kernels->lanes)
            return false;
    return true;
}

/* Large groups that follow each other run frame by frame, so that the values that one group writes are in the cache
 * when the next group reads them. */
void cf_bit_sim_run_groups(struct cf_bit_sim *sim, uint32_t first, uint32_t end)
{
    assert(first > CF_INPUT && end <= sim->nets.netlist->group_count && sim->frames > 0);
    if (sim->wires) {
        cf_bit_wires_run_groups(sim->wires, first, end);
        return;
    }
    for (uint32_t g = first, next; g < end; g = next) {
        bool large = is_large(sim, g);
        next = g + 1;
        if (!large) {
            run_group(sim, g, 0, sim->frames);
            continue;
        }
        while (next < end && is_large(sim, next))
            next++;
        for (uint32_t frame = 0; frame < sim->frames; frame++)
            for (uint32_t i = g; i < next; i++)
                run_group(sim, i, frame, frame + 1);
    }
}

void cf_bit_sim_prepare(struct cf_bit_sim *sim, uint32_t frames)
{
    assert(frames >= 1 && frames <= sim->room);
    sim->frames = frames;
    if (sim->wires)
        cf_bit_wires_prepare(sim->wires, frames);
}

void cf_bit_sim_run(struct cf_bit_sim *sim, uint32_t frames)
{
    cf_bit_sim_prepare(sim, frames);
    cf_bit_sim_run_groups(sim, CF_INPUT + 1, sim->nets.netlist->group_count);
}

void cf_bit_sim_run_programs(struct cf_bit_sim *sim)
{
    sim->programs_only = true;
    cf_bit_sim_run_groups(sim, CF_INPUT + 1, sim->nets.netlist->group_count);
    sim->programs_only = false;
}

uint64_t cf_bit_sim_full_adders(const struct cf_bit_sim *sim, uint32_t group, const uint64_t *of_cell)
{
    assert(group < sim->plan.group_count);
    uint64_t sum = 0;
    for (uint32_t f = 0; f < sim->plan.groups[group].family_count; f++) {
        const struct cf_bit_family *family = &sim->plan.groups[group].families[f];
        bool graph = family->parts[0].program->sum_count > 0;
        uint64_t one = graph ? family->parts[0].program->full_adders : 0;
        for (uint32_t c = 0; c < family->cell_count && !graph; c++)
            one += of_cell[family->cells[c]];
        sum += one * family->gate_count;
    }
    return sum;
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

void *cf_bit_sim_input(struct cf_bit_sim *sim, uint32_t frame)
{
    assert(frame < sim->room);
    return sim->wires ? cf_bit_wires_input(sim->wires, frame) : cf_bit_value_at(&sim->nets, CF_INPUT, frame, 0);
}

const void *cf_bit_sim_values(const struct cf_bit_sim *sim, uint32_t group, uint32_t frame)
{
    assert(group < sim->nets.netlist->group_count && frame < sim->frames);
    return sim->wires ? cf_bit_wires_values(sim->wires, group, frame) : cf_bit_value_at(&sim->nets, group, frame, 0);
}

void cf_bit_sim_put_input(struct cf_bit_sim *sim, uint32_t frame, const int32_t *input)
{
    const struct cf_group *group = &sim->nets.netlist->groups[CF_INPUT];
    void *to = cf_bit_sim_input(sim, frame);
    for (uint32_t i = 0; i < group->count; i++)
        cf_storage_put(to, cf_storage_of(group->type), i, input[i]);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static bool make_workers(struct cf_bit_sim *sim)
{
    struct cf_arena *arena = &sim->workers_arena;
    size_t plane = sim->kernels->lanes / 8;
    struct cf_bit_worker *workers = cf_arena_alloc(arena, (size_t)sim->threads, sizeof *workers);
    for (int t = 0; workers && t < sim->threads; t++) {
        workers[t].window = cf_arena_alloc(arena, sim->plan.window_planes, plane);
        workers[t].columns = cf_arena_alloc(arena, CF_COLUMNS_BYTES, 1);
        if (!workers[t].window || !workers[t].columns)
            return false;
    }
    sim->workers = workers;
    return workers != NULL;
}

static bool make_values(struct cf_bit_sim *sim, uint32_t frames)
{
    const struct cf_netlist *netlist = sim->nets.netlist;
    cf_arena_free(&sim->values_arena);
    sim->nets.values = cf_arena_alloc(&sim->values_arena, netlist->group_count, sizeof *sim->nets.values);
    for (uint32_t g = 0; sim->nets.values && g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        sim->nets.values[g] = cf_arena_alloc(&sim->values_arena, (size_t)frames * group->count,
                                             cf_storage_size(cf_storage_of(group->type)));
        if (!sim->nets.values[g])
            return false;
    }
    return sim->nets.values != NULL;
}

bool cf_bit_sim_make_room(struct cf_bit_sim *sim, uint32_t frames, struct cf_error *err)
{
    const struct cf_netlist *netlist = sim->nets.netlist;
    assert(frames >= 1);
    if (frames <= sim->room)
        return true;
    sim->room = sim->frames = 0;
    if (cf_bit_wires_fit(netlist)) {
        cf_bit_wires_free(sim->wires);
        if (!cf_bit_wires_new(&sim->wires, netlist, &sim->plan, sim->kernels, frames, sim->threads, err))
            return false;
    } else if ((!sim->workers && !make_workers(sim)) || !make_values(sim, frames)) {
        return cf_fail(err, "%s: out of memory", netlist->label);
    }
    sim->room = frames;
    return true;
}

bool cf_bit_sim_of_networks(struct cf_bit_sim **out, const struct cf_netlist *netlist,
                            const struct cf_network_cell *cells, const struct cf_bit_kernels *kernels, int threads,
                            bool graphs, struct cf_error *err)
{
    assert(threads >= 1);
    *out = NULL;
    struct cf_bit_sim *sim = calloc(1, sizeof *sim);
    if (!sim)
        return cf_fail(err, "%s: out of memory", netlist->label);
    sim->nets.netlist = netlist;
    sim->kernels = kernels;
    sim->threads = threads;
    if (!cf_bit_plan_make(&sim->plan, netlist, cells, graphs && !cf_bit_wires_fit(netlist), err)) {
        free(sim);
        return false;
    }
    *out = sim;
    return true;
}

bool cf_bit_sim_new(struct cf_bit_sim **sim, const struct cf_netlist *netlist, const struct cf_bit_kernels *kernels,
                    int threads, bool graphs, struct cf_error *err)
{
    assert(cf_netlist_is_valid(netlist));
    *sim = NULL;
    struct cf_network_cell *cells = cf_lower_cells(netlist, err);
    bool done = cells && cf_bit_sim_of_networks(sim, netlist, cells, kernels, threads, graphs, err);
    cf_lower_free(cells, netlist->cell_count);
    return done;
}

void cf_bit_sim_free(struct cf_bit_sim *sim)
{
    if (!sim)
        return;
    cf_bit_wires_free(sim->wires);
    cf_bit_plan_free(&sim->plan);
    cf_arena_free(&sim->workers_arena);
    cf_arena_free(&sim->values_arena);
    free(sim);
}
