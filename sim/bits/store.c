/* store.c - joins the bits of the output planes to words, and writes them to the gates' values. */
#include <string.h>

#include "sim/bits/tiles.h"

/* Where the value of the lane's gate stands, among `gates`, the gates of one cell. */
static uint8_t *value_of(const struct cf_bit_pass *pass, const uint32_t *gates, const struct cf_bit_lane *lane)
{
    uint32_t first = pass->family->run_first[lane->run];
    return cf_bit_value_at(pass->nets, pass->group_index, lane->frame, gates[first] + lane->gate - first);
}

/* The gates of a cell of the part. */
static const uint32_t *gates_of(const struct cf_bit_pass *pass, uint32_t member)
{
    return pass->family->gates_of[pass->family->cells[pass->part->cell_first + member]];
}

/* One cell's values in a tile, of which `window` has the first planes' words. */
static void store_cell(const struct cf_bit_pass *pass, uint32_t member, const struct cf_bit_tile *tile,
                       const uint8_t *window)
{
    const struct cf_bit_program *program = pass->part->program;
    const uint32_t *gates = gates_of(pass, member);
    const uint16_t *planes = program->outputs + program->output_first[member];
    struct cf_type type = pass->group->type;
    uint32_t bytes = (uint32_t)cf_bit_word_bytes(type);
    struct cf_bit_lane lane = tile->first;
    if (tile->is_run) {
        pass->kernels->join(window, cf_bit_plane_bytes(pass), planes, type.width, type.is_signed, bytes,
                            value_of(pass, gates, &lane));
        return;
    }
    uint8_t words[CF_TILE * sizeof(uint64_t)];
    pass->kernels->join(window, cf_bit_plane_bytes(pass), planes, type.width, type.is_signed, bytes, words);
    for (uint32_t l = 0; l < tile->lanes; l++, cf_bit_next_lane(pass->family, &lane))
        memcpy(value_of(pass, gates, &lane), words + l * bytes, bytes);
}

/* Steps whose gates stand side by side: 64 cells by 64 lanes of bits are transposed, and each lane's cells are written
 * together. */
static void store_adjacent(const struct cf_bit_pass *pass, uint32_t first, uint32_t count,
                           const struct cf_bit_tile *tile, const uint8_t *window)
{
    const struct cf_bit_program *program = pass->part->program;
    const uint32_t *gates = gates_of(pass, first);
    uint64_t rows[CF_TILE] = {0};
    for (uint32_t c = 0; c < count; c++)
        memcpy(&rows[c],
               cf_bit_plane(window, cf_bit_plane_bytes(pass), program->outputs[program->output_first[first + c]]),
               sizeof rows[c]);
    cf_bit_transpose64(rows);
    struct cf_bit_lane lane = tile->first;
    for (uint32_t l = 0; l < tile->lanes; l++, cf_bit_next_lane(pass->family, &lane))
        pass->kernels->expand(rows[l], count, value_of(pass, gates, &lane));
}

static void store_tile(const struct cf_bit_pass *pass, uint32_t number)
{
    const struct cf_bit_tile *tile = &pass->tiles[number];
    const uint8_t *window = pass->worker->window + number * sizeof(uint64_t);
    uint32_t cells = pass->part->program->cell_count;
    if (!pass->part->adjacent) {
        for (uint32_t c = 0; c < cells; c++)
            store_cell(pass, c, tile, window);
        return;
    }
    for (uint32_t c = 0; c < cells; c += CF_TILE)
        store_adjacent(pass, c, cells - c < CF_TILE ? cells - c : CF_TILE, tile, window);
}

static void store_in_place(const struct cf_bit_pass *pass)
{
    const struct cf_bit_program *program = pass->part->program;
    struct cf_type type = pass->group->type;
    uint32_t bytes = (uint32_t)cf_bit_word_bytes(type);
    void *words[CF_MOST_TILES];
    for (uint32_t c = 0; c < program->cell_count; c++) {
        const uint32_t *gates = gates_of(pass, c);
        const uint16_t *planes = program->outputs + program->output_first[c];
        for (uint32_t n = 0; n < pass->tile_count; n++)
            words[n] = value_of(pass, gates, &pass->tiles[n].first);
        pass->kernels->join_all(pass->worker->window, planes, type.width, type.is_signed, bytes, words);
    }
}

void cf_bit_store(const struct cf_bit_pass *pass)
{
    if (pass->in_place && !pass->part->adjacent) {
        store_in_place(pass);
        return;
    }
    for (uint32_t n = 0; n < pass->tile_count; n++)
        store_tile(pass, n);
}
