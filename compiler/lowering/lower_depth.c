/* lower_depth.c - works out when each bit of a circuit arrives, once per kind of gate and arrival of its operands. */
#include "compiler/lowering/lower_depth.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* A set of lists of numbers; each gets an index, the same for equal lists. */
struct lists {
    uint32_t *words;
    size_t word_count, word_capacity;
    struct list {
        size_t first;
        uint32_t length, hash;
    } * items;
    size_t item_capacity;
    uint32_t count, capacity; /* capacity: of the table, which is half full at most */
    uint32_t *table;          /* [2 * capacity]: index + 1, or 0; linear probing */
};

enum { KEY_WORDS = 1 << 24, NONE = UINT32_MAX }; /* at most 64 MB of keys are remembered */

struct depths {
    const struct cf_netlist *netlist;
    const struct cf_network_cell *cells;
    struct lists profiles; /* when the bits of a net arrive, least significant first */
    struct lists keys;     /* a cell and its operands' profiles */
    uint32_t *results;     /* by key: the profile of what it drives */
    size_t result_capacity;
    uint32_t *of_net;  /* by net: its profile */
    uint32_t *key;     /* the key of the gate at hand */
    uint32_t *arrival; /* by signal of its cell: a node's at its sum */
    struct cf_error *err;
};

static bool out_of_memory(struct depths *d)
{
    return cf_fail(d->err, "%s: out of memory", d->netlist->label);
}

static uint32_t hash_of(const uint32_t *words, uint32_t length)
{
    uint64_t hash = length;
    for (uint32_t i = 0; i < length; i++)
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u + (hash >> 47);
    return (uint32_t)(hash >> 32);
}

/* Returns the slot of the table that holds the list, or the empty slot where it would go. */
static uint32_t *find(const struct lists *l, const uint32_t *words, uint32_t length, uint32_t hash)
{
    uint32_t mask = 2 * l->capacity - 1;
    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        const struct list *item = l->table[at] ? &l->items[l->table[at] - 1] : NULL;
        if (!item || (item->hash == hash && item->length == length &&
                      memcmp(l->words + item->first, words, length * sizeof *words) == 0))
            return &l->table[at];
    }
}

/* Doubles the capacity and enters all items into the larger table. */
static bool grow(struct lists *l)
{
    uint32_t capacity = l->capacity ? 2 * l->capacity : 64;
    if (capacity > (uint32_t)1 << 30)
        return false;
    uint32_t *table = calloc(2 * (size_t)capacity, sizeof *table);
    if (!table || !cf_array_reserve(&l->items, &l->item_capacity, capacity, sizeof *l->items)) {
        free(table);
        return false;
    }
    free(l->table);
    l->table = table;
    l->capacity = capacity;
    for (uint32_t i = 0; i < l->count; i++) {
        uint32_t at = l->items[i].hash & (2 * capacity - 1);
        while (table[at])
            at = (at + 1) & (2 * capacity - 1);
        table[at] = i + 1;
    }
    return true;
}

/* Returns the index of a list, adding the list if it is new; NONE if memory is out. */
static uint32_t index_of(struct lists *l, const uint32_t *words, uint32_t length)
{
    uint32_t hash = hash_of(words, length);
    if (l->count == l->capacity && !grow(l))
        return NONE;
    uint32_t *place = find(l, words, length, hash);
    if (*place)
        return *place - 1;
    if (!cf_array_reserve(&l->words, &l->word_capacity, l->word_count + length, sizeof *l->words))
        return NONE;
    if (length)
        memcpy(l->words + l->word_count, words, length * sizeof *words);
    l->items[l->count] = (struct list){l->word_count, length, hash};
    l->word_count += length;
    *place = ++l->count;
    return l->count - 1;
}

static void free_lists(struct lists *l)
{
    free(l->words);
    free(l->items);
    free(l->table);
}

static uint32_t later(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Returns the arrival time of a signal of the cell. The sum and the carry of a node arrive together. */
static uint32_t arrival_of(const struct depths *d, const struct cf_network *network, cf_lit literal)
{
    uint32_t signal = literal >> 1;
    return d
        ->arrival[cf_network_is_node(network, signal) && cf_network_is_carry(network, signal) ? signal - 1 : signal];
}

/* Computes the profile of the net that a cell drives from the profiles of its operands in `key`. */
static uint32_t propagate(struct depths *d, const struct cf_network_cell *cell, const uint32_t *operands)
{
    const struct cf_network *network = &cell->network;
    uint32_t out[CF_MAX_WIDTH];
    d->arrival[0] = 0;
    for (uint32_t o = 0; o < cell->operand_count; o++)
        memcpy(d->arrival + 1 + cell->operands[o].first_input, d->profiles.words + d->profiles.items[operands[o]].first,
               cell->operands[o].width * sizeof *d->arrival);
    for (uint32_t n = 0; n < network->node_count; n++) {
        const struct cf_network_node *node = &network->nodes[n];
        d->arrival[cf_network_sum(network, n) >> 1] =
            1 + later(arrival_of(d, network, node->a),
                      later(arrival_of(d, network, node->b), arrival_of(d, network, node->c)));
    }
    for (uint32_t k = 0; k < network->output_count; k++)
        out[k] = arrival_of(d, network, network->outputs[k]);
    return index_of(&d->profiles, out, network->output_count);
}

/* Returns the profile of one gate and remembers it if there is room. */
static uint32_t gate_profile(struct depths *d, const struct cf_group *group, uint32_t index)
{
    const struct cf_network_cell *cell = &d->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    uint32_t length = 1 + cell->operand_count, known = d->keys.count;
    d->key[0] = group->cell[index];
    for (uint32_t o = 0; o < cell->operand_count; o++)
        d->key[1 + o] = d->of_net[bases[cell->operands[o].port] + cell->operands[o].offset];
    if (d->keys.word_count + length > KEY_WORDS) {
        uint32_t *place = find(&d->keys, d->key, length, hash_of(d->key, length));
        return *place ? d->results[*place - 1] : propagate(d, cell, d->key + 1);
    }
    uint32_t key = index_of(&d->keys, d->key, length);
    if (key == NONE || key < known)
        return key == NONE ? NONE : d->results[key];
    if (!cf_array_reserve(&d->results, &d->result_capacity, (size_t)key + 1, sizeof *d->results))
        return NONE;
    return d->results[key] = propagate(d, cell, d->key + 1);
}

static uint32_t latest(const struct depths *d, uint32_t profile)
{
    const struct list *item = &d->profiles.items[profile];
    uint32_t most = 0;
    for (uint32_t k = 0; k < item->length; k++)
        most = later(most, d->profiles.words[item->first + k]);
    return most;
}

static bool run(struct depths *d, uint32_t *arrivals)
{
    static const uint32_t zeros[CF_MAX_WIDTH] = {0};
    const struct cf_netlist *n = d->netlist;
    uint32_t input = index_of(&d->profiles, zeros, n->groups[CF_INPUT].type.width);
    if (input == NONE)
        return out_of_memory(d);
    for (uint32_t i = 0; i < n->groups[CF_INPUT].count; i++)
        d->of_net[i] = input;
    arrivals[CF_INPUT] = 0;
    for (uint32_t g = 1; g < n->group_count; g++) {
        uint32_t last = NONE;
        arrivals[g] = 0;
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            uint32_t profile = gate_profile(d, &n->groups[g], i);
            if (profile == NONE)
                return out_of_memory(d);
            d->of_net[n->groups[g].first_net + i] = profile;
            if (profile != last)
                arrivals[g] = later(arrivals[g], latest(d, profile));
            last = profile;
        }
    }
    return true;
}

bool cf_lower_depth(const struct cf_netlist *netlist, const struct cf_network_cell *cells, uint32_t *arrivals,
                    struct cf_error *err)
{
    struct depths d = {.netlist = netlist, .cells = cells, .err = err};
    uint32_t signals = 1, operands = 0;
    for (uint32_t c = 0; c < netlist->cell_count; c++) {
        signals = later(signals, cf_network_signals(&cells[c].network));
        operands = later(operands, cells[c].operand_count);
    }
    d.of_net = malloc((netlist->net_count ? netlist->net_count : 1) * sizeof *d.of_net);
    d.key = malloc(((size_t)operands + 1) * sizeof *d.key);
    d.arrival = malloc(signals * sizeof *d.arrival);
    bool done = d.of_net && d.key && d.arrival ? run(&d, arrivals) : out_of_memory(&d);
    free_lists(&d.profiles);
    free_lists(&d.keys);
    free(d.results);
    free(d.of_net);
    free(d.key);
    free(d.arrival);
    return done;
}
