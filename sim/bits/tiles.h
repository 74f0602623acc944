/* tiles.h - the lanes of a pass (pass.h) in tiles, and the planes into which they are loaded. */
#ifndef COFIBER_SIM_BITS_TILES_H
#define COFIBER_SIM_BITS_TILES_H

#include "sim/bits/plan.h"
#include "sim/storage.h"

enum {
    CF_MOST_TILES = 8, /* of a plane */
    CF_REACH = 64      /* consecutive operands that are gathered in one go */
};

/* The values of all frames under way. */
struct cf_bit_nets {
    const struct cf_netlist *netlist;
    uint8_t **values; /* [group_count]: [frames][count] in the storage of the group's type */
};

/* The working memory of one thread. */
struct cf_bit_worker {
    uint8_t *window;                             /* the planes that programs name */
    uint8_t *columns;                            /* [CF_COLUMNS_BYTES]: gathered operands, column by column */
    const void *words[CF_MOST_TILES][CF_REACH];  /* consecutive operands in the lanes of each tile */
    const uint8_t *rows[CF_MOST_TILES][CF_TILE]; /* where the base of one port is, for each lane of each tile */
};
#define CF_COLUMNS_BYTES (sizeof(uint64_t) * CF_MOST_TILES * CF_REACH * CF_TILE)

/* `run` is the run that the gate belongs to. */
struct cf_bit_lane {
    uint32_t frame, gate, run;
};

/* Up to CF_TILE lanes from one on, going on from the end of one frame to the beginning of the next. */
struct cf_bit_tile {
    struct cf_bit_lane first;
    uint32_t lanes;
    bool is_run;  /* there are CF_TILE lanes, which stand side by side */
    bool goes_on; /* the same is true of the tile before, and this one continues it */
};

struct cf_bit_pass {
    const struct cf_bit_nets *nets;
    const struct cf_bit_kernels *kernels;
    struct cf_bit_worker *worker;
    const struct cf_group *group;
    const struct cf_bit_family *family;
    const struct cf_bit_part *part;
    uint32_t group_index;
    struct cf_bit_tile tiles[CF_MOST_TILES];
    uint32_t tile_count;
    bool
        in_place; /* every tile is a run that split_all and join_all take: nothing is gathered, and nothing scattered */
};

/* Puts a stage's operands into planes. */
void cf_bit_load_stage(const struct cf_bit_pass *pass, const struct cf_bit_stage *stage);
/* Writes the bits of the output planes to the gates' values. */
void cf_bit_store(const struct cf_bit_pass *pass);

static inline size_t cf_bit_plane_bytes(const struct cf_bit_pass *pass)
{
    return pass->kernels->lanes / 8;
}

static inline size_t cf_bit_word_bytes(struct cf_type type)
{
    return cf_storage_size(cf_storage_of(type));
}

static inline uint8_t *cf_bit_value_at(const struct cf_bit_nets *nets, uint32_t group, uint32_t frame, uint32_t index)
{
    const struct cf_group *g = &nets->netlist->groups[group];
    return nets->values[group] + ((size_t)frame * g->count + index) * cf_bit_word_bytes(g->type);
}

static inline void cf_bit_next_lane(const struct cf_bit_family *family, struct cf_bit_lane *lane)
{
    lane->gate++;
    lane->run += lane->gate == family->run_first[lane->run + 1];
    if (lane->gate == family->gate_count)
        *lane = (struct cf_bit_lane){lane->frame + 1, 0, 0};
}

#endif
