/* profiles.h - the gates of a decomposition as exact linear forms of the input, one channel at a time.
 *
 * A decomposition halves the grid again and again. Level 0 is the input; level k + 1 has the sums of the 2 x 2 squares
 * of level k, made by the group s<k>.pool. Band k is level k less the upsampled level k + 1, made by s<k>.subtract.
 * Every channel should be decomposed by itself, and all in the same way. A profile holds one channel: for every
 * position of every level and band, the sum of the gate that is there, as a linear form of the same channel's inputs.
 * The forms are found by following the actual gates back to the input, and not from anything that the compiler
 * recorded. Channels with the same forms share a profile, so that a correct circuit has one profile, and a circuit with
 * one wrong gate has two.
 */
#ifndef COFIBER_PROVE_PROFILES_H
#define COFIBER_PROVE_PROFILES_H

#include "netlists/netlist.h"

enum { CF_LEVELS_MAX = 11 }; /* the input's level and those of ten scales */

/* The forms of one channel: row r is the sum over terms [start[r], start[r + 1]) of factor * input at position, plus
 * constant[r]. Positions stand in increasing order and are row-major in the input's grid. */
struct cf_profile {
    size_t *start; /* [rows + 1] */
    uint32_t *position;
    int64_t *factor;
    int64_t *constant; /* [rows] */
    bool *stray;       /* [rows]: the gate reads another channel, or is no linear form; its row is then empty */
    uint32_t channel;  /* the first channel that has these forms */
    uint32_t channels; /* how many have them */
};

struct cf_profiles {
    const struct cf_netlist *netlist;
    uint32_t height, width;
    uint32_t inputs;                     /* channels of the input */
    uint32_t channels;                   /* channels that are decomposed: fewer where a sweep removed some */
    const uint32_t *names;               /* [channels]: which channel of the input each is; NULL: 0, 1, 2, ... */
    uint32_t scales;                     /* scales with a pool */
    uint32_t bands;                      /* scales with a subtract; the last scale's may be swept */
    bool bilinear;                       /* how a level should be upsampled; else nearest */
    uint32_t level_group[CF_LEVELS_MAX]; /* group of each level: CF_INPUT, then the pools */
    uint32_t band_group[CF_LEVELS_MAX];
    uint32_t level_row[CF_LEVELS_MAX], band_row[CF_LEVELS_MAX]; /* first row of each in a profile; level 0 has none */
    uint32_t rows;
    struct cf_profile *profiles; /* the forms that occur, each once */
    uint32_t count;
    size_t capacity;
    uint32_t *profile_of; /* [channels] */
    uint32_t usual;       /* the profile of more than half of the channels, if there is one */
};

/* Follows all pools and subtracts. In profiles, a channel is a lane of the pools. Fails when memory is out, or when the
 * netlist has no decomposition: its input is not [height, width, channels], a group is missing or has another shape, or
 * the metadata do not say how it upsamples. */
bool cf_profiles_make(struct cf_profiles *profiles, const struct cf_netlist *netlist, struct cf_error *err);
void cf_profiles_free(struct cf_profiles *profiles);

/* The sides of a level's grid. */
static inline uint32_t cf_level_height(const struct cf_profiles *profiles, uint32_t level)
{
    return profiles->height >> level;
}

static inline uint32_t cf_level_width(const struct cf_profiles *profiles, uint32_t level)
{
    return profiles->width >> level;
}

/* The net of a channel at a position of a group of gates. */
static inline uint32_t cf_profile_net(const struct cf_profiles *profiles, uint32_t group, uint32_t position,
                                      uint32_t channel)
{
    return profiles->netlist->groups[group].first_net + position * profiles->channels + channel;
}

/* The net of the input that a lane decomposes. */
static inline uint32_t cf_profile_input(const struct cf_profiles *profiles, uint32_t position, uint32_t channel)
{
    return position * profiles->inputs + (profiles->names ? profiles->names[channel] : channel);
}

/* One value of the upsampled level: up to four of the coarser level, by position, with weights that sum to
 * `cf_up_unit`. Gates are compared with this definition; it does not come from the compiler. */
struct cf_up {
    uint32_t position[4], count;
    int64_t weight[4];
};
void cf_upsample(const struct cf_profiles *profiles, uint32_t level, uint32_t position, struct cf_up *up);

/* The weight of a grid's own value in a subtract, 4 (nearest) or 64 (bilinear), where the weights of the upsampled
 * pools sum to cf_up_unit, 1 or 16. It is 4 times as large, because a pool is a sum of 4 values and not their mean. */
static inline int64_t cf_up_factor(const struct cf_profiles *profiles)
{
    return profiles->bilinear ? 64 : 4;
}

#endif
