#include "sim/bits/parallel.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sim/bits/plan.h"
#include "sim/bits/wires.h"

enum {
    MOST_BLOCKS = 8, /* of a plane */
    REACH = 64,      /* consecutive operands transposed in one go */
    CACHE_LINE = 64, /* bytes */
    FAIR = 16,       /* times that a thread comes for more batches of a part: as even a share as they are fine */
    GAP = 8          /* operands that nobody reads, up to which going on is cheaper than starting again */
};

/* What one thread works in. */
struct worker {
    uint8_t *window;
    uint8_t *columns;                           /* [MOST_BLOCKS][REACH][CF_BLOCK] words, at most 8 bytes each */
    const void *words[MOST_BLOCKS][REACH];      /* consecutive operands in the lanes of each block */
    const uint8_t *rows[MOST_BLOCKS][CF_BLOCK]; /* where the base of one port is, for each lane of each block */
};

enum { COLUMNS_BYTES = MOST_BLOCKS * REACH * CF_BLOCK * sizeof(uint64_t) };

struct cf_bit_sim {
    const struct cf_netlist *netlist;
    const struct cf_bit_kernels *kernels;
    struct cf_bit_plan plan;
    struct cf_arena arena; /* holds what follows */
    uint8_t **values;      /* [group_count]: [frames][count] in the group's lane size */
    struct worker *workers;
    struct cf_bit_wires *wires; /* takes all over where every net is a bit; then there are no values and workers */
    uint32_t frames;
    int threads;
    bool programs_only; /* no operands are loaded, and no results stored */
};

/* A lane: gate `gate` of each of a family's cells, in a frame. `run` is the run that the gate belongs to. */
struct lane {
    uint32_t frame, gate, run;
};

/* Up to CF_BLOCK lanes from one on, running over the end of one frame into the next. */
struct block {
    struct lane first;
    uint32_t lanes;
    bool is_run;  /* its lanes stand side by side, and need no copy */
    bool goes_on; /* so do those of the block before, and then come these */
};

struct batch {
    struct cf_bit_sim *sim;
    const struct cf_bit_kernels *kernels; /* the simulator's, or narrow ones */
    struct worker *worker;
    const struct cf_group *group;
    const struct cf_bit_family *family;
    const struct cf_bit_part *part;
    uint32_t group_index;
    bool runs; /* the blocks that run now need no gathering: see all_runs */
};

static size_t lane_bytes(struct cf_type type)
{
    return cf_storage_size(cf_storage_of(type));
}

static uint8_t *value_at(const struct cf_bit_sim *sim, uint32_t group, uint32_t frame, uint32_t index)
{
    const struct cf_group *g = &sim->netlist->groups[group];
    return sim->values[group] + ((size_t)frame * g->count + index) * lane_bytes(g->type);
}

static struct lane lane_at(const struct cf_bit_family *family, uint64_t number)
{
    struct lane lane = {(uint32_t)(number / family->gate_count), (uint32_t)(number % family->gate_count), 0};
    lane.run = family->run_at[lane.gate / CF_BLOCK];
    while (family->run_first[lane.run + 1] <= lane.gate)
        lane.run++;
    return lane;
}

static void next_lane(const struct cf_bit_family *family, struct lane *lane)
{
    lane->gate++;
    lane->run += lane->gate == family->run_first[lane->run + 1];
    if (lane->gate == family->gate_count)
        *lane = (struct lane){lane->frame + 1, 0, 0};
}

static uint32_t port_base(const struct batch *b, uint32_t port, const struct lane *lane)
{
    const struct cf_bit_family *family = b->family;
    return family->run_bases[(size_t)lane->run * b->group->ports + port] + lane->gate - family->run_first[lane->run];
}

/* The lane's gate of a cell, of which `gates` are the gates. */
static uint32_t gate_of(const struct batch *b, const uint32_t *gates, const struct lane *lane)
{
    uint32_t first = b->family->run_first[lane->run];
    return gates[first] + lane->gate - first;
}

/* Where the base of a lane lies, through a port that reads one group. */
static const uint8_t *base_of(const struct batch *b, uint32_t port, const struct lane *lane)
{
    uint32_t source = b->family->source[port];
    const struct cf_group *from = &b->sim->netlist->groups[source];
    size_t bytes = lane_bytes(from->type);
    /* The base itself may lie before the group: only base + offset is inside. */
    return b->sim->values[source] + (size_t)lane->frame * from->count * bytes +
           ((int64_t)port_base(b, port, lane) - (int64_t)from->first_net) * (int64_t)bytes;
}

/* Cuts the lanes [lane, end) into blocks, as many as fit a plane. Returns how many. */
static uint32_t cut_blocks(const struct batch *b, uint64_t lane, uint64_t end, struct block *blocks)
{
    uint32_t count = 0, of_run = 0; /* left, from `first` on */
    struct lane first = {0, 0, 0};
    for (uint64_t left = end - lane; count * CF_BLOCK < b->kernels->lanes && left > 0; count++) {
        bool goes_on = of_run >= 2 * CF_BLOCK;
        if (goes_on)
            first.gate += CF_BLOCK;
        else
            first = lane_at(b->family, lane + count * CF_BLOCK);
        of_run = goes_on ? of_run - CF_BLOCK : b->family->run_first[first.run + 1] - first.gate;
        uint32_t lanes = left < CF_BLOCK ? (uint32_t)left : (uint32_t)CF_BLOCK;
        bool is_run = lanes == CF_BLOCK && of_run >= CF_BLOCK;
        blocks[count] = (struct block){first, lanes, is_run, goes_on && is_run};
        left -= lanes;
    }
    return count;
}

/* Operands that are gathered together. */
struct chunk {
    const struct cf_network_operand *operands;
    uint32_t count, port;
    size_t bytes; /* of a word */
    bool mixed;   /* the port reads several groups */
};

/* One operand, lane by lane, where a port reads several groups. */
static void gather_mixed(const struct batch *b, const struct cf_network_operand *operand, const struct block *block,
                         size_t bytes, uint8_t *column)
{
    struct lane lane = block->first;
    for (uint32_t l = 0; l < block->lanes; l++, next_lane(b->family, &lane)) {
        uint32_t net = port_base(b, operand->port, &lane) + operand->offset;
        uint32_t source = cf_netlist_group_of(b->sim->netlist, net);
        uint32_t first = b->sim->netlist->groups[source].first_net;
        memcpy(column + l * bytes, value_at(b->sim, source, lane.frame, net - first), bytes);
    }
}

/* Where the base of a port is for each lane of a block whose lanes do not stand side by side. */
static void find_rows(const struct batch *b, uint32_t port, const struct block *block, const uint8_t **rows)
{
    struct lane lane = block->first;
    for (uint32_t l = 0; l < CF_BLOCK; l++) {
        rows[l] = base_of(b, port, &lane);
        if (l + 1 < block->lanes) /* past the last lane, the last again */
            next_lane(b->family, &lane);
    }
}

/* Fetches what gather will read from these rows: they are far apart, so that no processor foresees it. */
static void fetch_rows(const struct chunk *chunk, const uint8_t *const *rows)
{
    size_t first = chunk->operands[0].offset * chunk->bytes;
    size_t last = (chunk->operands[chunk->count - 1].offset + 1) * chunk->bytes - 1;
    for (uint32_t l = 0; l < CF_BLOCK; l++) {
        for (size_t at = first; at < last; at += CACHE_LINE)
            __builtin_prefetch(rows[l] + at);
        __builtin_prefetch(rows[l] + last);
    }
}

/* Makes `words` point at a chunk's operands in a block's lanes. What does not stand like that already is copied to
 * `columns`. `bases`: from find_rows. */
static void gather(const struct batch *b, const struct chunk *chunk, const struct block *block,
                   const uint8_t *const *bases, const void **words, uint8_t *columns)
{
    const struct cf_network_operand *operands = chunk->operands;
    size_t bytes = chunk->bytes;
    if (chunk->mixed) {
        for (uint32_t o = 0; o < chunk->count; o++) {
            words[o] = columns + o * CF_BLOCK * bytes;
            gather_mixed(b, &operands[o], block, bytes, columns + o * CF_BLOCK * bytes);
        }
        return;
    }
    if (block->is_run) {
        const uint8_t *base = base_of(b, chunk->port, &block->first);
        for (uint32_t o = 0; o < chunk->count; o++)
            words[o] = base + operands[o].offset * bytes;
        return;
    }
    uint32_t reach = operands[chunk->count - 1].offset - operands[0].offset + 1;
    const void *rows[CF_BLOCK];
    for (uint32_t l = 0; l < CF_BLOCK; l++)
        rows[l] = bases[l] + operands[0].offset * bytes;
    b->kernels->transpose(rows, reach, (uint32_t)bytes, columns);
    for (uint32_t o = 0; o < chunk->count; o++)
        words[o] = columns + (operands[o].offset - operands[0].offset) * CF_BLOCK * bytes;
}

/* How many operands, from the first on, can be gathered together: of one port, close to each other. */
static uint32_t gather_count(const struct cf_network_operand *operands, uint32_t count)
{
    uint32_t n = count > 0;
    while (n < count && operands[n].port == operands[0].port && operands[n].offset - operands[0].offset < REACH &&
           operands[n].offset - operands[n - 1].offset <= GAP)
        n++;
    return n;
}

/* Splits gathered operands into planes, of which the first is `to`. */
static void split_operands(const struct batch *b, const struct chunk *chunk, uint32_t block_count, uint8_t *to)
{
    uint32_t count = chunk->count, bytes = (uint32_t)chunk->bytes, width = chunk->operands->width;
    const struct cf_bit_kernels *kernels = b->kernels;
    struct worker *w = b->worker;
    size_t plane = kernels->lanes / 8;
    if (!kernels->split_all || block_count * CF_BLOCK < kernels->lanes || bytes > 2) {
        for (uint32_t n = 0; n < block_count; n++)
            kernels->split(w->words[n], count, bytes, width, to + n * sizeof(uint64_t), plane);
        return;
    }
    for (uint32_t o = 0; o < count; o++, to += width * plane) {
        const void *words[MOST_BLOCKS];
        for (uint32_t n = 0; n < block_count; n++)
            words[n] = w->words[n][o];
        kernels->split_all(words, 0, bytes, width, to);
    }
}

/* The chunk that begins at operand `at` of a stage; its count is 0 at the end. */
static struct chunk chunk_at(const struct batch *b, const struct cf_bit_stage *stage, uint32_t at)
{
    const struct cf_network_operand *operands = b->part->program->operands + stage->operand_first + at;
    const struct cf_cell *cell = &b->sim->netlist->cells[b->family->cells[0]];
    struct chunk chunk = {operands, gather_count(operands, stage->operand_count - at), 0, 0, false};
    if (chunk.count > 0) {
        chunk.port = operands->port;
        chunk.bytes = lane_bytes(cell->ports[chunk.port]);
        chunk.mixed = b->family->source[chunk.port] == CF_SOURCES_MIXED;
    }
    return chunk;
}

/* Gathers a chunk for all blocks, fetching from memory what comes next. */
static void gather_chunk(const struct batch *b, const struct chunk *chunk, const struct chunk *next, bool new_port,
                         const struct block *blocks, uint32_t block_count)
{
    struct worker *w = b->worker;
    for (uint32_t n = 0; n < block_count && new_port && !chunk->mixed; n++)
        if (!blocks[n].is_run) {
            find_rows(b, chunk->port, &blocks[n], w->rows[n]);
            fetch_rows(chunk, w->rows[n]);
        }
    bool same_rows = next->count > 0 && next->port == chunk->port && !chunk->mixed;
    for (uint32_t n = 0; n < block_count; n++) {
        if (same_rows && !blocks[n].is_run)
            fetch_rows(next, w->rows[n]);
        gather(b, chunk, &blocks[n], w->rows[n], w->words[n], w->columns + n * REACH * CF_BLOCK * chunk->bytes);
    }
}

/* Loads a stage where nothing has to be gathered: see all_runs. */
static void load_runs(const struct batch *b, const struct cf_bit_stage *stage, const struct block *blocks)
{
    const struct cf_cell *cell = &b->sim->netlist->cells[b->family->cells[0]];
    const struct cf_network_operand *operands = b->part->program->operands + stage->operand_first;
    size_t plane = b->kernels->lanes / 8, bytes = 0;
    uint8_t *tile = b->worker->window + b->part->program->tile_plane * plane;
    const void *bases[MOST_BLOCKS];
    for (uint32_t o = 0; o < stage->operand_count; o++) {
        const struct cf_network_operand *operand = &operands[o];
        if (o == 0 || operand->port != operand[-1].port) {
            bytes = lane_bytes(cell->ports[operand->port]);
            for (uint32_t n = 0; n < b->kernels->lanes / CF_BLOCK; n++)
                bases[n] = blocks[n].goes_on ? (const uint8_t *)bases[n - 1] + CF_BLOCK * bytes
                                             : base_of(b, operand->port, &blocks[n].first);
        }
        b->kernels->split_all(bases, operand->offset * bytes, (uint32_t)bytes, operand->width,
                              tile + operand->first_input * plane);
    }
}

static void load_stage(const struct batch *b, const struct cf_bit_stage *stage, const struct block *blocks,
                       uint32_t block_count)
{
    if (b->runs) {
        load_runs(b, stage, blocks);
        return;
    }
    size_t plane = b->kernels->lanes / 8;
    uint8_t *tile = b->worker->window + b->part->program->tile_plane * plane;
    struct chunk chunk = chunk_at(b, stage, 0), next;
    bool new_port = true;
    for (uint32_t at = 0; chunk.count > 0; new_port = next.port != chunk.port, chunk = next) {
        at += chunk.count;
        next = chunk_at(b, stage, at);
        gather_chunk(b, &chunk, &next, new_port, blocks, block_count);
        split_operands(b, &chunk, block_count, tile + chunk.operands->first_input * plane);
    }
}

static void store_cell(const struct batch *b, uint32_t member, const struct block *block, const uint8_t *window)
{
    const struct cf_bit_program *program = b->part->program;
    const struct cf_bit_kernels *kernels = b->kernels;
    const uint32_t *gates = b->family->gates_of[b->family->cells[b->part->cell_first + member]];
    const uint16_t *planes = program->outputs + program->output_first[member];
    struct cf_type type = b->group->type;
    uint32_t bytes = (uint32_t)lane_bytes(type);
    struct lane lane = block->first;
    if (block->is_run) {
        uint8_t *to = value_at(b->sim, b->group_index, lane.frame, gate_of(b, gates, &lane));
        kernels->join(window, kernels->lanes / 8, planes, type.width, type.is_signed, bytes, to);
        return;
    }
    uint8_t words[CF_BLOCK * sizeof(uint64_t)];
    kernels->join(window, kernels->lanes / 8, planes, type.width, type.is_signed, bytes, words);
    for (uint32_t l = 0; l < block->lanes; l++, next_lane(b->family, &lane))
        memcpy(value_at(b->sim, b->group_index, lane.frame, gate_of(b, gates, &lane)), words + l * bytes, bytes);
}

/* Steps whose gates stand side by side: 64 cells by 64 lanes of bits are transposed, and each lane's cells are written
 * together. */
static void store_adjacent(const struct batch *b, uint32_t first, uint32_t count, const struct block *block,
                           const uint8_t *window)
{
    const struct cf_bit_program *program = b->part->program;
    const uint32_t *gates = b->family->gates_of[b->family->cells[b->part->cell_first + first]];
    uint64_t rows[CF_BLOCK] = {0};
    for (uint32_t c = 0; c < count; c++)
        memcpy(&rows[c],
               cf_bit_plane(window, b->kernels->lanes / 8, program->outputs[program->output_first[first + c]]),
               sizeof rows[c]);
    cf_bit_transpose64(rows);
    struct lane lane = block->first;
    for (uint32_t l = 0; l < block->lanes; l++, next_lane(b->family, &lane))
        b->kernels->expand(rows[l], count, value_at(b->sim, b->group_index, lane.frame, gate_of(b, gates, &lane)));
}

static void store_block(const struct batch *b, const struct block *block, const uint8_t *window)
{
    uint32_t cells = b->part->program->cell_count;
    if (!b->part->adjacent) {
        for (uint32_t c = 0; c < cells; c++)
            store_cell(b, c, block, window);
        return;
    }
    for (uint32_t c = 0; c < cells; c += CF_BLOCK)
        store_adjacent(b, c, cells - c < CF_BLOCK ? cells - c : CF_BLOCK, block, window);
}

/* Whether a batch can be loaded and stored all lanes at once: every block is a run, of values of 8 or 16 bits. */
static bool all_runs(const struct batch *b, const struct block *blocks, uint32_t block_count)
{
    const struct cf_cell *cell = &b->sim->netlist->cells[b->family->cells[0]];
    if (!b->kernels->split_all || block_count * CF_BLOCK < b->kernels->lanes || lane_bytes(b->group->type) > 2)
        return false;
    for (uint32_t p = 0; p < b->group->ports; p++)
        if (b->family->source[p] == CF_SOURCES_MIXED || lane_bytes(cell->ports[p]) > 2)
            return false;
    for (uint32_t n = 0; n < block_count; n++)
        if (!blocks[n].is_run)
            return false;
    return true;
}

static void store_all(const struct batch *b, const struct block *blocks, uint32_t block_count)
{
    const struct cf_bit_program *program = b->part->program;
    struct cf_type type = b->group->type;
    uint32_t bytes = (uint32_t)lane_bytes(type);
    void *words[MOST_BLOCKS];
    for (uint32_t c = 0; c < program->cell_count; c++) {
        const uint32_t *gates = b->family->gates_of[b->family->cells[b->part->cell_first + c]];
        const uint16_t *planes = program->outputs + program->output_first[c];
        for (uint32_t n = 0; n < block_count; n++)
            words[n] = value_at(b->sim, b->group_index, blocks[n].first.frame, gate_of(b, gates, &blocks[n].first));
        b->kernels->join_all(b->worker->window, planes, type.width, type.is_signed, bytes, words);
    }
}

/* The planes that every program takes as constants. */
static void set_constants(const struct batch *b)
{
    size_t plane = b->kernels->lanes / 8;
    memset(b->worker->window, 0, plane);
    memset(b->worker->window + plane, 0xff, plane);
}

/* All lanes from `lane` on, and before `end`, that fit a plane: at most kernels->lanes. */
static void run_batch(struct batch *b, uint64_t lane, uint64_t end)
{
    const struct cf_bit_program *program = b->part->program;
    struct block blocks[MOST_BLOCKS];
    uint32_t block_count = cut_blocks(b, lane, end, blocks);
    b->runs = all_runs(b, blocks, block_count);
    set_constants(b);
    for (uint32_t s = 0; s < program->stage_count; s++) {
        load_stage(b, &program->stages[s], blocks, block_count);
        b->kernels->run(program->code + program->stages[s].code, b->worker->window);
    }
    if (b->runs && !b->part->adjacent) {
        store_all(b, blocks, block_count);
        return;
    }
    for (uint32_t n = 0; n < block_count; n++)
        store_block(b, &blocks[n], b->worker->window + n * sizeof(uint64_t));
}

/* The same on whatever the planes hold. */
static void run_program(const struct batch *b)
{
    const struct cf_bit_program *program = b->part->program;
    set_constants(b);
    for (uint32_t s = 0; s < program->stage_count; s++)
        b->kernels->run(program->code + program->stages[s].code, b->worker->window);
}

/* Runs a family's gates of frames [first_frame, end_frame). */
static void run_part(struct cf_bit_sim *sim, uint32_t group, const struct cf_bit_family *family,
                     const struct cf_bit_part *part, uint32_t first_frame, uint32_t end_frame)
{
    uint64_t begin = (uint64_t)first_frame * family->gate_count, end = (uint64_t)end_frame * family->gate_count;
    uint64_t size = sim->kernels->lanes;
    int64_t batches = (int64_t)((end - begin + size - 1) / size), share = batches / (FAIR * sim->threads);
    int64_t step = share < 1 ? 1 : share;
#pragma omp parallel for num_threads(sim->threads) schedule(dynamic, step) if (sim->threads > 1)
    for (int64_t i = 0; i < batches; i++) {
        uint64_t first = begin + (uint64_t)i * size;
        const struct cf_bit_kernels *narrow = sim->kernels->narrow;
        bool few = narrow && end - first <= narrow->lanes;
        struct batch b = {sim,
                          few ? narrow : sim->kernels,
                          &sim->workers[omp_get_thread_num()],
                          &sim->netlist->groups[group],
                          family,
                          part,
                          group,
                          false};
        if (sim->programs_only)
            run_program(&b);
        else
            run_batch(&b, first, end);
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

/* One frame of the group fills planes by itself. */
static bool is_large(const struct cf_bit_sim *sim, uint32_t group)
{
    enum { PLANES = 16 };
    for (uint32_t f = 0; f < sim->plan.groups[group].family_count; f++)
        if (sim->plan.groups[group].families[f].gate_count < PLANES * sim->kernels->lanes)
            return false;
    return true;
}

/* Large groups that follow each other go frame by frame: what one writes is in the cache when the next reads it. */
void cf_bit_sim_run_groups(struct cf_bit_sim *sim, uint32_t first, uint32_t end)
{
    if (sim->wires) {
        cf_bit_wires_run_groups(sim->wires, first, end);
        return;
    }
    for (uint32_t g = first, next; g < end; g = next) {
        bool large = is_large(sim, g);
        for (next = g + 1; large && next < end && is_large(sim, next); next++)
            ;
        for (uint32_t frame = 0; large && frame < sim->frames; frame++)
            for (uint32_t i = g; i < next; i++)
                run_group(sim, i, frame, frame + 1);
        if (!large)
            run_group(sim, g, 0, sim->frames);
    }
}

void cf_bit_sim_run_programs(struct cf_bit_sim *sim)
{
    sim->programs_only = true;
    cf_bit_sim_run_groups(sim, 1, sim->netlist->group_count);
    sim->programs_only = false;
}

void cf_bit_sim_load(struct cf_bit_sim *sim, const int32_t *input)
{
    if (sim->wires) {
        cf_bit_wires_load(sim->wires, input);
        return;
    }
    const struct cf_group *group = &sim->netlist->groups[CF_INPUT];
    enum cf_storage lane = cf_storage_of(group->type);
    size_t count = (size_t)sim->frames * group->count;
    void *values = sim->values[CF_INPUT];
    if (lane == CF_STORE8) /* apart, so that the compiler sees a plain loop */
        for (size_t i = 0; i < count; i++)
            ((int8_t *)values)[i] = (int8_t)input[i];
    else
        for (size_t i = 0; i < count; i++)
            cf_storage_put(values, lane, i, input[i]);
}

void cf_bit_sim_run(struct cf_bit_sim *sim, const int32_t *input)
{
    cf_bit_sim_load(sim, input);
    cf_bit_sim_run_groups(sim, 1, sim->netlist->group_count);
}

const void *cf_bit_sim_values(const struct cf_bit_sim *sim, uint32_t group, uint32_t frame)
{
    return sim->wires ? cf_bit_wires_values(sim->wires, group, frame) : value_at(sim, group, frame, 0);
}

void cf_bit_sim_nets(const struct cf_bit_sim *sim, uint32_t frame, int64_t *nets)
{
    for (uint32_t g = 0; g < sim->netlist->group_count; g++) {
        const struct cf_group *group = &sim->netlist->groups[g];
        const void *values = cf_bit_sim_values(sim, g, frame);
        for (uint32_t i = 0; i < group->count; i++)
            nets[group->first_net + i] = cf_storage_get(values, cf_storage_of(group->type), i);
    }
}

static bool make_workers(struct cf_bit_sim *sim)
{
    size_t plane = sim->kernels->lanes / 8;
    sim->workers = cf_arena_alloc(&sim->arena, (size_t)sim->threads, sizeof *sim->workers);
    for (int t = 0; sim->workers && t < sim->threads; t++) {
        struct worker *w = &sim->workers[t];
        w->window = cf_arena_alloc(&sim->arena, sim->plan.window_planes, plane);
        w->columns = cf_arena_alloc(&sim->arena, COLUMNS_BYTES, 1);
        if (!w->window || !w->columns)
            return false;
    }
    return sim->workers != NULL;
}

static bool make_values(struct cf_bit_sim *sim)
{
    sim->values = cf_arena_alloc(&sim->arena, sim->netlist->group_count, sizeof *sim->values);
    for (uint32_t g = 0; sim->values && g < sim->netlist->group_count; g++) {
        const struct cf_group *group = &sim->netlist->groups[g];
        sim->values[g] = cf_arena_alloc(&sim->arena, (size_t)sim->frames * group->count, lane_bytes(group->type));
        if (!sim->values[g])
            return false;
    }
    return sim->values != NULL;
}

bool cf_bit_sim_new(struct cf_bit_sim **out, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                    const struct cf_bit_kernels *kernels, uint32_t frames, int threads, struct cf_error *err)
{
    *out = NULL;
    struct cf_bit_sim *sim = calloc(1, sizeof *sim);
    if (!sim)
        return cf_fail(err, "%s: out of memory", netlist->label);
    sim->netlist = netlist;
    sim->kernels = kernels;
    sim->frames = frames;
    sim->threads = threads;
    bool done = cf_bit_plan_make(&sim->plan, netlist, cells, err);
    if (done && cf_bit_wires_fit(netlist))
        done = cf_bit_wires_new(&sim->wires, netlist, &sim->plan, kernels, frames, threads, err);
    else
        done = done && ((make_workers(sim) && make_values(sim)) || cf_fail(err, "%s: out of memory", netlist->label));
    if (!done) {
        cf_bit_sim_free(sim);
        return false;
    }
    *out = sim;
    return true;
}

void cf_bit_sim_free(struct cf_bit_sim *sim)
{
    if (!sim)
        return;
    cf_bit_wires_free(sim->wires);
    cf_bit_plan_free(&sim->plan);
    cf_arena_free(&sim->arena);
    free(sim);
}
