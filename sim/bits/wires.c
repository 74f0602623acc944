/* wires.c - evaluates netlists all of whose nets are one bit: gate after gate, on planes of frames. */
#include "sim/bits/wires.h"

#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct cf_bit_wires {
    const struct cf_netlist *netlist;
    const struct cf_bit_plan *plan;
    const struct cf_bit_kernels *kernels;
    struct cf_arena arena; /* holds what follows */
    uint8_t *planes;       /* [slice_count][net_count] planes: a slice is kernels->lanes frames */
    uint8_t **windows;     /* [threads] */
    uint8_t *input;        /* [room][input nets] */
    uint64_t *words;       /* [input nets] */
    uint8_t *values;       /* [net_count] */
    size_t plane;          /* bytes */
    uint32_t room, frames; /* frames that there is room for; of the current run */
    uint32_t slice_count;  /* of the current run */
    int threads;
};

bool cf_bit_wires_fit(const struct cf_netlist *netlist)
{
    for (uint32_t g = 0; g < netlist->group_count; g++)
        if (netlist->groups[g].type.width != 1 || netlist->groups[g].type.is_signed)
            return false;
    return true;
}

static uint8_t *plane_of(const struct cf_bit_wires *w, uint32_t slice, uint32_t net)
{
    return w->planes + ((size_t)slice * w->netlist->net_count + net) * w->plane;
}

/* Sizes that the compiler knows become plain moves. */
static void copy_plane(uint8_t *to, const uint8_t *from, size_t plane)
{
    if (plane == 64)
        memcpy(to, from, 64);
    else if (plane == 32)
        memcpy(to, from, 32);
    else
        memcpy(to, from, plane);
}

/* The fewest lanes that hold the frames, no more than `most` has. */
static const struct cf_bit_kernels *narrow_enough(const struct cf_bit_kernels *most, uint32_t frames)
{
    const struct cf_bit_kernels *kernels;
    for (int k = 0; (kernels = cf_bit_kernels_at(k)) != NULL && kernels->lanes < most->lanes; k++)
        if (kernels->lanes >= frames)
            return kernels;
    return most;
}

static uint32_t slices_of(const struct cf_bit_wires *w, uint32_t frames)
{
    return (frames - 1) / w->kernels->lanes + 1;
}

bool cf_bit_wires_new(struct cf_bit_wires **out, const struct cf_netlist *netlist, const struct cf_bit_plan *plan,
                      const struct cf_bit_kernels *kernels, uint32_t frames, int threads, struct cf_error *err)
{
    assert(frames >= 1 && threads >= 1);
    struct cf_bit_wires *w = *out = calloc(1, sizeof *w);
    if (!w)
        return cf_fail(err, "%s: out of memory", netlist->label);
    *w = (struct cf_bit_wires){netlist, plan, narrow_enough(kernels, frames), .room = frames, .threads = threads};
    w->plane = w->kernels->lanes / 8;
    w->planes = cf_arena_alloc(&w->arena, (size_t)slices_of(w, frames) * netlist->net_count, w->plane);
    w->input = cf_arena_alloc(&w->arena, (size_t)frames * netlist->groups[CF_INPUT].count, 1);
    w->windows = cf_arena_alloc(&w->arena, (size_t)threads, sizeof *w->windows);
    w->words = cf_arena_alloc(&w->arena, netlist->groups[CF_INPUT].count, sizeof *w->words);
    w->values = cf_arena_alloc(&w->arena, netlist->net_count, 1);
    bool done = w->planes && w->input && w->windows && w->words && w->values;
    for (int t = 0; done && t < threads; t++) {
        w->windows[t] = cf_arena_alloc(&w->arena, plan->window_planes, w->plane);
        done = w->windows[t] != NULL;
        if (done)
            memset(w->windows[t] + w->plane, 0xff, w->plane); /* planes 0 and 1 are the constants */
    }
    if (done)
        return true;
    cf_bit_wires_free(w);
    *out = NULL;
    return cf_fail(err, "%s: out of memory", netlist->label);
}

void cf_bit_wires_free(struct cf_bit_wires *wires)
{
    if (!wires)
        return;
    cf_arena_free(&wires->arena);
    free(wires);
}

uint8_t *cf_bit_wires_input(struct cf_bit_wires *w, uint32_t frame)
{
    return w->input + (size_t)frame * w->netlist->groups[CF_INPUT].count;
}

/* Transposes 64 frames at a time into one word per net; the bytes of a frame are read in the order of memory. */
void cf_bit_wires_prepare(struct cf_bit_wires *w, uint32_t frames)
{
    uint32_t inputs = w->netlist->groups[CF_INPUT].count, lanes = w->kernels->lanes;
    assert(frames >= 1 && frames <= w->room);
    w->frames = frames;
    w->slice_count = slices_of(w, frames);
    for (uint32_t frame = 0; frame < frames; frame += CF_TILE) {
        memset(w->words, 0, inputs * sizeof *w->words);
        for (uint32_t f = frame; f < frames && f < frame + CF_TILE; f++) {
            const uint8_t *bytes = cf_bit_wires_input(w, f);
            for (uint32_t i = 0; i < inputs; i++)
                w->words[i] |= (uint64_t)(bytes[i] & 1) << (f - frame);
        }
        for (uint32_t i = 0; i < inputs; i++)
            memcpy(plane_of(w, frame / lanes, i) + frame % lanes / CF_TILE * sizeof *w->words, &w->words[i],
                   sizeof w->words[i]);
    }
}

/* One gate of each cell of a part; `bases` of the gate, `distance` beyond the run's. */
static void run_gate(const struct cf_bit_wires *w, const struct cf_bit_part *part, const uint32_t *bases,
                     uint32_t distance, uint32_t slice, uint8_t *window)
{
    const struct cf_bit_program *program = part->program;
    for (uint32_t s = 0; s < program->stage_count; s++) {
        const struct cf_bit_stage *stage = &program->stages[s];
        const struct cf_network_operand *operands = program->operands + stage->operand_first;
        for (uint32_t o = 0; o < stage->operand_count; o++)
            copy_plane(window + (program->operand_plane + operands[o].first_input) * w->plane,
                       plane_of(w, slice, bases[operands[o].port] + distance + operands[o].offset), w->plane);
        w->kernels->run(program->code + stage->code, window);
    }
}

static void run_part(const struct cf_bit_wires *w, const struct cf_group *group, const struct cf_bit_family *family,
                     const struct cf_bit_part *part, uint32_t slice, uint8_t *window)
{
    const struct cf_bit_program *program = part->program;
    for (uint32_t run = 0; run < family->run_count; run++)
        for (uint32_t gate = family->run_first[run]; gate < family->run_first[run + 1]; gate++) {
            run_gate(w, part, family->run_bases + (size_t)run * group->ports, gate - family->run_first[run], slice,
                     window);
            for (uint32_t c = 0; c < program->cell_count; c++) {
                uint32_t index = family->gates_of[family->cells[part->cell_first + c]][gate];
                copy_plane(plane_of(w, slice, group->first_net + index),
                           cf_bit_plane(window, w->plane, program->outputs[program->output_first[c]]), w->plane);
            }
        }
}

void cf_bit_wires_run_groups(struct cf_bit_wires *w, uint32_t first, uint32_t end)
{
#pragma omp parallel for num_threads(w->threads) schedule(dynamic) if (w->threads > 1)
    for (uint32_t slice = 0; slice < w->slice_count; slice++)
        for (uint32_t g = first; g < end; g++) {
            const struct cf_bit_group *group = &w->plan->groups[g];
            for (uint32_t f = 0; f < group->family_count; f++)
                for (uint32_t p = 0; p < group->families[f].part_count; p++)
                    run_part(w, &w->netlist->groups[g], &group->families[f], &group->families[f].parts[p], slice,
                             w->windows[omp_get_thread_num()]);
        }
}

const uint8_t *cf_bit_wires_values(struct cf_bit_wires *w, uint32_t group, uint32_t frame)
{
    assert(group < w->netlist->group_count && frame < w->room);
    const struct cf_group *g = &w->netlist->groups[group];
    uint32_t slice = frame / w->kernels->lanes, lane = frame % w->kernels->lanes;
    for (uint32_t net = g->first_net; net < g->first_net + g->count; net++) {
        uint64_t word;
        memcpy(&word, plane_of(w, slice, net) + lane / CF_TILE * sizeof word, sizeof word);
        w->values[net] = word >> lane % CF_TILE & 1;
    }
    return w->values + g->first_net;
}
