/* pass.c - lays the lanes of a pass out in tiles, and runs the program stage by stage. */
#include "sim/bits/pass.h"

#include <assert.h>
#include <string.h>

static struct cf_bit_lane lane_at(const struct cf_bit_family *family, uint64_t number)
{
    struct cf_bit_lane lane = {(uint32_t)(number / family->gate_count), (uint32_t)(number % family->gate_count), 0};
    lane.run = family->run_at[lane.gate / CF_TILE];
    while (family->run_first[lane.run + 1] <= lane.gate)
        lane.run++;
    return lane;
}

/* Lays the lanes [lane, end) out in tiles, as many as a plane has. */
static void lay_tiles(struct cf_bit_pass *pass, uint64_t lane, uint64_t end)
{
    uint32_t count = 0, of_run = 0; /* lanes left of the run, from `first` on */
    struct cf_bit_lane first = {0, 0, 0};
    for (uint64_t left = end - lane; count * CF_TILE < pass->kernels->lanes && left > 0; count++) {
        bool goes_on = of_run >= 2 * CF_TILE;
        if (goes_on)
            first.gate += CF_TILE;
        else
            first = lane_at(pass->family, lane + count * CF_TILE);
        of_run = goes_on ? of_run - CF_TILE : pass->family->run_first[first.run + 1] - first.gate;
        uint32_t lanes = left < CF_TILE ? (uint32_t)left : (uint32_t)CF_TILE;
        bool is_run = lanes == CF_TILE && of_run >= CF_TILE;
        pass->tiles[count] = (struct cf_bit_tile){first, lanes, is_run, goes_on && is_run};
        left -= lanes;
    }
    pass->tile_count = count;
}

/* Whether every tile can be loaded and stored where it stands, all lanes at once. */
static bool is_in_place(const struct cf_bit_pass *pass)
{
    const struct cf_cell *cell = &pass->nets->netlist->cells[pass->family->cells[0]];
    if (!pass->kernels->split_all || pass->tile_count * CF_TILE < pass->kernels->lanes ||
        cf_bit_word_bytes(pass->group->type) > CF_ALL_BYTES)
        return false;
    for (uint32_t p = 0; p < pass->group->ports; p++)
        if (pass->family->source[p] == CF_SOURCES_MIXED || cf_bit_word_bytes(cell->ports[p]) > CF_ALL_BYTES)
            return false;
    for (uint32_t n = 0; n < pass->tile_count; n++)
        if (!pass->tiles[n].is_run)
            return false;
    return true;
}

/* The planes that every program takes as constants. */
static void set_constants(const struct cf_bit_pass *pass)
{
    size_t plane = cf_bit_plane_bytes(pass);
    memset(pass->worker->window, 0, plane);
    memset(pass->worker->window + plane, 0xff, plane);
}

/* Runs the program on the operands of a stage. */
static void run_stage(const struct cf_bit_pass *pass, uint32_t stage)
{
    const struct cf_bit_program *program = pass->part->program;
    void *window = pass->worker->window;
    pass->kernels->run(program->code + program->stages[stage].code, window);
    pass->kernels->finish(program->copies, program->copy_count, window);
    pass->kernels->add(program->sums, program->sum_count, window);
    pass->kernels->finish(program->results, program->result_count, window);
}

void cf_bit_pass_run(struct cf_bit_pass *pass, uint64_t lane, uint64_t end)
{
    const struct cf_bit_program *program = pass->part->program;
    assert(lane < end && pass->kernels->lanes <= CF_MOST_TILES * CF_TILE);
    lay_tiles(pass, lane, end);
    pass->in_place = is_in_place(pass);
    set_constants(pass);
    for (uint32_t s = 0; s < program->stage_count; s++) {
        cf_bit_load_stage(pass, &program->stages[s]);
        run_stage(pass, s);
    }
    cf_bit_store(pass);
}

void cf_bit_pass_run_program(const struct cf_bit_pass *pass)
{
    const struct cf_bit_program *program = pass->part->program;
    set_constants(pass);
    for (uint32_t s = 0; s < program->stage_count; s++)
        run_stage(pass, s);
}
