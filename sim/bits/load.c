/* load.c - loads operands into planes: gathers the words that a stage reads, and splits them into bits. */
#include <string.h>

#include "sim/bits/tiles.h"

enum {
    CACHE_LINE = 64, /* bytes */
    GAP = 8          /* so many unread operands inside a stretch cost less than beginning another stretch */
};

static uint32_t port_base(const struct cf_bit_pass *pass, uint32_t port, const struct cf_bit_lane *lane)
{
    const struct cf_bit_family *family = pass->family;
    return family->run_bases[(size_t)lane->run * pass->group->ports + port] + lane->gate - family->run_first[lane->run];
}

/* Where the base of a lane lies, through a port that reads one group. */
static const uint8_t *base_of(const struct cf_bit_pass *pass, uint32_t port, const struct cf_bit_lane *lane)
{
    uint32_t source = pass->family->source[port];
    const struct cf_group *from = &pass->nets->netlist->groups[source];
    size_t bytes = cf_bit_word_bytes(from->type);
    /* The base itself may lie before the group: only base + offset is inside. */
    return pass->nets->values[source] + (size_t)lane->frame * from->count * bytes +
           ((int64_t)port_base(pass, port, lane) - (int64_t)from->first_net) * (int64_t)bytes;
}

/* A stretch: operands of one port, close to each other, that are gathered together. */
struct stretch {
    const struct cf_network_operand *operands;
    uint32_t count, port;
    size_t bytes; /* of a word */
    bool mixed;   /* the port reads several groups */
};

/* One operand, lane by lane, where a port reads several groups. */
static void gather_mixed(const struct cf_bit_pass *pass, const struct cf_network_operand *operand,
                         const struct cf_bit_tile *tile, size_t bytes, uint8_t *column)
{
    struct cf_bit_lane lane = tile->first;
    for (uint32_t l = 0; l < tile->lanes; l++, cf_bit_next_lane(pass->family, &lane)) {
        uint32_t net = port_base(pass, operand->port, &lane) + operand->offset;
        uint32_t source = cf_netlist_group_of(pass->nets->netlist, net);
        uint32_t first = pass->nets->netlist->groups[source].first_net;
        memcpy(column + l * bytes, cf_bit_value_at(pass->nets, source, lane.frame, net - first), bytes);
    }
}

/* Where the base of a port is for each lane of a tile whose lanes do not stand side by side. */
static void find_rows(const struct cf_bit_pass *pass, uint32_t port, const struct cf_bit_tile *tile,
                      const uint8_t **rows)
{
    struct cf_bit_lane lane = tile->first;
    for (uint32_t l = 0; l < CF_TILE; l++) {
        rows[l] = base_of(pass, port, &lane);
        if (l + 1 < tile->lanes) /* past the last lane, the last again */
            cf_bit_next_lane(pass->family, &lane);
    }
}

/* Prefetches the words that gather will read from these rows. The rows are far apart, so that no processor does so by
 * itself. */
static void fetch_rows(const struct stretch *stretch, const uint8_t *const *rows)
{
    size_t first = stretch->operands[0].offset * stretch->bytes;
    size_t last = (stretch->operands[stretch->count - 1].offset + 1) * stretch->bytes - 1;
    for (uint32_t l = 0; l < CF_TILE; l++) {
        for (size_t at = first; at < last; at += CACHE_LINE)
            __builtin_prefetch(rows[l] + at);
        __builtin_prefetch(rows[l] + last);
    }
}

/* Makes `words` point at a stretch's operands in a tile's lanes. Operands that do not stand side by side in memory are
 * copied to `columns` first. `bases`: from find_rows. */
static void gather(const struct cf_bit_pass *pass, const struct stretch *stretch, const struct cf_bit_tile *tile,
                   const uint8_t *const *bases, const void **words, uint8_t *columns)
{
    const struct cf_network_operand *operands = stretch->operands;
    size_t bytes = stretch->bytes;
    if (stretch->mixed) {
        for (uint32_t o = 0; o < stretch->count; o++) {
            words[o] = columns + o * CF_TILE * bytes;
            gather_mixed(pass, &operands[o], tile, bytes, columns + o * CF_TILE * bytes);
        }
        return;
    }
    if (tile->is_run) {
        const uint8_t *base = base_of(pass, stretch->port, &tile->first);
        for (uint32_t o = 0; o < stretch->count; o++)
            words[o] = base + operands[o].offset * bytes;
        return;
    }
    uint32_t reach = operands[stretch->count - 1].offset - operands[0].offset + 1;
    const void *rows[CF_TILE];
    for (uint32_t l = 0; l < CF_TILE; l++)
        rows[l] = bases[l] + operands[0].offset * bytes;
    pass->kernels->transpose(rows, reach, (uint32_t)bytes, columns);
    for (uint32_t o = 0; o < stretch->count; o++)
        words[o] = columns + (operands[o].offset - operands[0].offset) * CF_TILE * bytes;
}

/* How many operands, from the first on, are of one port and close to each other. */
static uint32_t stretch_length(const struct cf_network_operand *operands, uint32_t count)
{
    uint32_t n = count > 0;
    while (n < count && operands[n].port == operands[0].port && operands[n].offset - operands[0].offset < CF_REACH &&
           operands[n].offset - operands[n - 1].offset <= GAP)
        n++;
    return n;
}

/* Splits gathered operands into planes, of which the first is `to`. */
static void split_operands(const struct cf_bit_pass *pass, const struct stretch *stretch, uint8_t *to)
{
    uint32_t count = stretch->count, bytes = (uint32_t)stretch->bytes, width = stretch->operands->width;
    const struct cf_bit_kernels *kernels = pass->kernels;
    struct cf_bit_worker *w = pass->worker;
    size_t plane = kernels->lanes / 8;
    if (!kernels->split_all || pass->tile_count * CF_TILE < kernels->lanes || bytes > CF_ALL_BYTES) {
        for (uint32_t n = 0; n < pass->tile_count; n++)
            kernels->split(w->words[n], count, bytes, width, to + n * sizeof(uint64_t), plane);
        return;
    }
    for (uint32_t o = 0; o < count; o++, to += width * plane) {
        const void *words[CF_MOST_TILES];
        for (uint32_t n = 0; n < pass->tile_count; n++)
            words[n] = w->words[n][o];
        kernels->split_all(words, 0, bytes, width, to);
    }
}

/* The stretch that begins at operand `at` of a stage; its count is 0 at the end. */
static struct stretch stretch_at(const struct cf_bit_pass *pass, const struct cf_bit_stage *stage, uint32_t at)
{
    const struct cf_network_operand *operands = pass->part->program->operands + stage->operand_first + at;
    const struct cf_cell *cell = &pass->nets->netlist->cells[pass->family->cells[0]];
    struct stretch stretch = {operands, stretch_length(operands, stage->operand_count - at), 0, 0, false};
    if (stretch.count > 0) {
        stretch.port = operands->port;
        stretch.bytes = cf_bit_word_bytes(cell->ports[stretch.port]);
        stretch.mixed = pass->family->source[stretch.port] == CF_SOURCES_MIXED;
    }
    return stretch;
}

/* Gathers a stretch for all tiles, fetching from memory what comes next. */
static void gather_stretch(const struct cf_bit_pass *pass, const struct stretch *stretch, const struct stretch *next,
                           bool new_port)
{
    struct cf_bit_worker *w = pass->worker;
    for (uint32_t n = 0; n < pass->tile_count && new_port && !stretch->mixed; n++)
        if (!pass->tiles[n].is_run) {
            find_rows(pass, stretch->port, &pass->tiles[n], w->rows[n]);
            fetch_rows(stretch, w->rows[n]);
        }
    bool same_rows = next->count > 0 && next->port == stretch->port && !stretch->mixed;
    for (uint32_t n = 0; n < pass->tile_count; n++) {
        if (same_rows && !pass->tiles[n].is_run)
            fetch_rows(next, w->rows[n]);
        gather(pass, stretch, &pass->tiles[n], w->rows[n], w->words[n],
               w->columns + n * CF_REACH * CF_TILE * stretch->bytes);
    }
}

/* Loads a stage where nothing has to be gathered. */
static void load_in_place(const struct cf_bit_pass *pass, const struct cf_bit_stage *stage, uint8_t *to)
{
    const struct cf_cell *cell = &pass->nets->netlist->cells[pass->family->cells[0]];
    const struct cf_network_operand *operands = pass->part->program->operands + stage->operand_first;
    size_t plane = cf_bit_plane_bytes(pass), bytes = 0;
    const void *bases[CF_MOST_TILES];
    for (uint32_t o = 0; o < stage->operand_count; o++) {
        const struct cf_network_operand *operand = &operands[o];
        if (o == 0 || operand->port != operand[-1].port) {
            bytes = cf_bit_word_bytes(cell->ports[operand->port]);
            for (uint32_t n = 0; n < pass->tile_count; n++)
                bases[n] = pass->tiles[n].goes_on ? (const uint8_t *)bases[n - 1] + CF_TILE * bytes
                                                  : base_of(pass, operand->port, &pass->tiles[n].first);
        }
        pass->kernels->split_all(bases, operand->offset * bytes, (uint32_t)bytes, operand->width,
                                 to + operand->first_input * plane);
    }
}

void cf_bit_load_stage(const struct cf_bit_pass *pass, const struct cf_bit_stage *stage)
{
    size_t plane = cf_bit_plane_bytes(pass);
    uint8_t *to = pass->worker->window + pass->part->program->operand_plane * plane;
    if (pass->in_place) {
        load_in_place(pass, stage, to);
        return;
    }
    struct stretch stretch = stretch_at(pass, stage, 0), next;
    bool new_port = true;
    for (uint32_t at = 0; stretch.count > 0; new_port = next.port != stretch.port, stretch = next) {
        at += stretch.count;
        next = stretch_at(pass, stage, at);
        gather_stretch(pass, &stretch, &next, new_port);
        split_operands(pass, &stretch, to + stretch.operands->first_input * plane);
    }
}
