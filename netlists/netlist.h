/* netlist.h - the intermediate representation: a small library of cells, each placed many times.
 *
 * A net is a wire with one driver. Nets are numbered: first those of the input, then one for each gate, group after
 * group. A gate is an instance of a cell. Its sum is
 *
 *     sum over the cell's terms of  weight * (N << shift),  plus the cell's bias,
 *
 * exactly, in integers, where N is net[base[port] + offset], or the square of it where the term says so. The output is
 * the cell's activation of that sum: the sum itself (linear); H(sum), which is 1 if sum >= 0, else 0 (step);
 * max(0, sum) (ReLU); or the floor of the square root of max(0, sum) (root).
 *
 * This header holds the data structure alone; check.h says which netlists are valid, store.h and FORMAT.md what their
 * file looks like.
 */
#ifndef COFIBER_NETLISTS_NETLIST_H
#define COFIBER_NETLISTS_NETLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum {
    CF_GROUP_MAX_RANK = 4,
    CF_MAX_GROUPS = 1 << 17, /* an imported network has one for each of its levels */
    CF_MAX_PORTS = 16,       /* of one cell */
    CF_MAX_WIDTH = 63,       /* bits of a net; every sum must fit as well */
    CF_MAX_SHIFT = 62,
    CF_INPUT = 0,     /* index of the input in netlist.groups */
    CF_NAME_MAX = 128 /* bytes of a gate's name, with the NUL */
};

/* The type of a net: an integer of `width` bits, in two's complement (or plain binary when it is not signed), which
 * stands for the number integer * 2^-frac. The output of a step is {1, false, 0}; the outputs of ReLU and root are
 * never negative, and may be of either kind. */
struct cf_type {
    uint8_t width;
    bool is_signed;
    int16_t frac;
};

struct cf_term {
    uint32_t offset; /* net = base[port] + offset */
    int32_t weight;  /* never 0: a zero weight is no wire */
    uint8_t port;
    uint8_t shift;
    bool square; /* the term reads the net's square: weight * (net^2 << shift) */
};

enum cf_activation { CF_LINEAR, CF_STEP, CF_RELU, CF_ROOT, CF_ACTIVATION_COUNT };

/* Terms stand in strictly increasing (port, offset, square): a net and its square can both be read. */
struct cf_cell {
    const struct cf_type *ports;
    const struct cf_term *terms;
    uint32_t port_count;
    uint32_t term_count;
    int64_t bias;
    enum cf_activation activation;
    struct cf_type type; /* of the output */
};

/* A named, shaped array of gates that share one output type; or the input, whose nets no gate drives. The index in the
 * last dimension is the channel or class, called the group's lane; the dimensions before it are the position. The nets
 * of one position have consecutive numbers. */
struct cf_group {
    const char *name; /* letters, digits, '_', '.' */
    int rank;         /* 1 to CF_GROUP_MAX_RANK */
    uint32_t shape[CF_GROUP_MAX_RANK];
    uint32_t count;     /* product of the shape */
    uint32_t first_net; /* its gates drive nets [first_net, first_net + count) */
    uint32_t ports;     /* ports of every cell placed in it; 0 for the input */
    struct cf_type type;
    bool output;                /* its values are results of the circuit, such as decisions */
    uint32_t *cell;             /* [count]; NULL for the input */
    uint32_t *base;             /* [count][ports]; NULL for the input */
    const uint32_t *lane_names; /* [lanes], increasing: which lanes of the whole group are left, where some were swept
                                 * away. The names of gates have these numbers. NULL: 0, 1, 2, ... */
};

struct cf_meta {
    const char *key, *value;
};

struct cf_implementation; /* bank.h */

struct cf_netlist {
    struct cf_arena arena; /* owns everything below */
    struct cf_cell *cells;
    uint32_t cell_count, cell_capacity;
    struct cf_group *groups; /* groups[CF_INPUT] is the input */
    uint32_t group_count, group_capacity;
    uint32_t net_count;
    double input_scale;        /* feature = integer * input_scale */
    const double *class_scale; /* weight scale of each lane of the outputs, [class_count]; NULL when not known */
    uint32_t class_count;
    struct cf_meta *meta; /* provenance, sorted by key */
    uint32_t meta_count, meta_capacity;
    /* How the sums of some cells are to be built (bank.h), which changes no gate; NULL where that is left open. */
    const struct cf_implementation *implementation;
    const char *label; /* the file it came from, or a word, for messages */
};

/* Building. Functions fail only when memory is out, or the circuit would have 2^31 nets or more. */
struct cf_netlist *cf_netlist_new(const char *label, struct cf_error *err);
void cf_netlist_free(struct cf_netlist *netlist); /* NULL is fine */

/* Appends a copy of the cell, its ports and terms; `*index` becomes its number. */
bool cf_netlist_add_cell(struct cf_netlist *netlist, const struct cf_cell *cell, uint32_t *index, struct cf_error *err);
/* Appends a group of shape [rank], rank 1 to CF_GROUP_MAX_RANK, with arrays `cell` and `base` of zeros for the caller
 * to fill. The first group added is the input (ports = 0). Pointers to groups are invalid after the call. */
bool cf_netlist_add_group(struct cf_netlist *netlist, const char *name, int rank, const uint32_t *shape, uint32_t ports,
                          struct cf_type type, bool output, struct cf_error *err);
/* Says which lanes of a whole group those of group `index` are: a copy of names [lanes], strictly rising. */
bool cf_netlist_name_lanes(struct cf_netlist *netlist, uint32_t index, const uint32_t *names, struct cf_error *err);
/* Sets or replaces a metadata entry. */
bool cf_netlist_set_meta(struct cf_netlist *netlist, const char *key, const char *value, struct cf_error *err);
const char *cf_netlist_meta(const struct cf_netlist *netlist, const char *key); /* or NULL */

/* Sets the weight scales of the outputs' lanes: a copy of scale [count]. */
bool cf_netlist_set_class_scale(struct cf_netlist *netlist, const double *scale, uint32_t count, struct cf_error *err);
/* Copies the metadata, the input scale and the class scales of another netlist. */
bool cf_netlist_copy_notes(struct cf_netlist *to, const struct cf_netlist *from, struct cf_error *err);

/* A deep copy, without the implementation. */
struct cf_netlist *cf_netlist_copy(const struct cf_netlist *netlist, struct cf_error *err);

/* Looking around. */
static inline bool cf_type_equal(struct cf_type a, struct cf_type b)
{
    return a.width == b.width && a.is_signed == b.is_signed && a.frac == b.frac;
}

/* The smallest and largest value of a type, and whether a value is one of the type's. */
int64_t cf_type_min(struct cf_type type);
int64_t cf_type_max(struct cf_type type);

static inline bool cf_type_holds(struct cf_type type, int64_t value)
{
    return value >= cf_type_min(type) && value <= cf_type_max(type);
}

/* Bits of a signed integer that holds every value of the type: an unsigned net needs room for a sign. */
static inline int cf_signed_bits(struct cf_type type)
{
    return type.width + !type.is_signed;
}

static inline uint32_t cf_group_lanes(const struct cf_group *group)
{
    return group->shape[group->rank - 1];
}

/* The number of the lane in the names of gates. */
static inline uint32_t cf_group_lane_name(const struct cf_group *group, uint32_t lane)
{
    return group->lane_names ? group->lane_names[lane] : lane;
}

static inline const uint32_t *cf_instance_bases(const struct cf_group *group, uint32_t index)
{
    return group->base + (size_t)index * group->ports;
}

/* The index of the group whose nets include `net`, which is below net_count. */
uint32_t cf_netlist_group_of(const struct cf_netlist *netlist, uint32_t net);
/* The index of the group of that name, or UINT32_MAX. */
uint32_t cf_netlist_find_group(const struct cf_netlist *netlist, const char *name);

#endif
