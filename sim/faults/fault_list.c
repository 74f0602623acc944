/* fault_list.c - finds the pins of each cell that a fault can matter at, and lists faults there. */
#include "sim/faults/fault_list.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "netlists/names.h"

/* The pins of one cell's network that something reads, in order. */
struct pin_set {
    uint32_t *pins, count;
};

struct listing {
    struct cf_fault_list *list;
    const struct cf_netlist *netlist;
    const struct cf_network_cell *cells;
    struct cf_fault_choice choice;
    struct pin_set *sets; /* by cell; made for the cells of chosen gates */
};

/* ---- pins -------------------------------------------------------------------------------------------------------- */

/* Finds the inputs and read outputs of all nodes that something reads, and the network's inputs that are read. */
static bool find_pins(struct pin_set *set, const struct cf_network *network)
{
    uint8_t *used = cf_network_used(network), *read = calloc(cf_network_signals(network), 1);
    uint32_t *pins = malloc(((size_t)cf_fault_pins(network) + 1) * sizeof *pins), count = 0;
    bool done = used && read && pins;
    for (uint32_t n = 0; done && n < network->node_count; n++)
        if (used[n])
            read[network->nodes[n].a >> 1] = read[network->nodes[n].b >> 1] = read[network->nodes[n].c >> 1] = 1;
    for (uint32_t i = 0; done && i < network->output_count; i++)
        read[network->outputs[i] >> 1] = 1;
    for (uint32_t i = 0; done && i < network->input_count; i++)
        if (read[1 + i])
            pins[count++] = i;
    for (uint32_t n = 0; done && n < network->node_count; n++) {
        bool full = network->nodes[n].c != CF_LIT_FALSE;
        for (uint32_t k = 0; k < 5; k++)
            if (used[n] && (k < 2 || (k == 2 && full) || (k == 3 && used[n] & 1) || (k == 4 && used[n] & 2)))
                pins[count++] = network->input_count + 5 * n + k;
    }
    free(used);
    free(read);
    if (!done) {
        free(pins);
        return false;
    }
    *set = (struct pin_set){pins, count};
    return true;
}

/* The chosen gates of a group are [*first, *end); there are none in the input. */
static void chosen_gates(const struct listing *l, uint32_t g, uint32_t *first, uint32_t *end)
{
    const struct cf_group *group = &l->netlist->groups[g];
    uint64_t low = l->choice.net_count ? l->choice.first_net : 0;
    uint64_t high = l->choice.net_count ? low + l->choice.net_count : l->netlist->net_count;
    uint64_t group_end = (uint64_t)group->first_net + group->count;
    low = low > group->first_net ? low : group->first_net;
    high = high < group_end ? high : group_end;
    bool none = g == CF_INPUT || low >= high;
    *first = none ? 0 : (uint32_t)(low - group->first_net);
    *end = none ? 0 : (uint32_t)(high - group->first_net);
}

/* Finds the pins of the cells of all chosen gates, and how many faults each group has. */
static bool count_population(struct listing *l)
{
    for (uint32_t g = 1; g < l->netlist->group_count; g++) {
        uint32_t first, end;
        chosen_gates(l, g, &first, &end);
        for (uint32_t i = first; i < end; i++) {
            uint32_t cell = l->netlist->groups[g].cell[i];
            if (!l->sets[cell].pins && !find_pins(&l->sets[cell], &l->cells[cell].network))
                return false;
            l->list->population[g] += 2 * (uint64_t)l->sets[cell].count;
        }
    }
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

/* A random number below `below`; all are equally likely. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    uint64_t number, fair = UINT64_MAX - UINT64_MAX % below; /* a multiple of `below`: all remainders equally often */
    do
        number = cf_next_random(state);
    while (number >= fair);
    return number % below;
}

static int compare_u64(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* `count` different numbers below `below`, sorted; `count` is at most half of `below`, so that few draws are lost. */
static void draw_few(uint64_t *numbers, uint64_t count, uint64_t below, uint64_t *state)
{
    uint64_t have = 0;
    while (have < count) {
        for (uint64_t i = have; i < count; i++)
            numbers[i] = draw(state, below);
        qsort(numbers, count, sizeof *numbers, compare_u64);
        have = 0;
        for (uint64_t i = 0; i < count; i++)
            if (have == 0 || numbers[have - 1] != numbers[i])
                numbers[have++] = numbers[i];
    }
}

/* `count` different numbers below `below`, sorted, every such set being as likely. The caller frees them. NULL when
 * memory is out. */
static uint64_t *draw_numbers(uint64_t count, uint64_t below, uint64_t *state)
{
    bool invert = count > below / 2; /* draw the numbers to leave out */
    uint64_t few = invert ? below - count : count;
    uint64_t *drawn = malloc((few + 1) * sizeof *drawn);
    uint64_t *kept = invert ? malloc((count + 1) * sizeof *kept) : NULL;
    if (!drawn || (invert && !kept)) {
        free(drawn);
        free(kept);
        return NULL;
    }
    draw_few(drawn, few, below, state);
    if (!invert)
        return drawn;
    for (uint64_t number = 0, out = 0, in = 0; number < below; number++)
        if (out < few && drawn[out] == number)
            out++;
        else
            kept[in++] = number;
    free(drawn);
    return kept;
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static void add_fault(struct listing *l, uint32_t net, uint32_t pin, bool value)
{
    l->list->faults[l->list->count++] =
        (struct cf_fault){.net = net, .pin = pin, .frame = CF_FAULT_MISSED, .value = value};
}

/* Lists the faults of a group that have these ranks [count], sorted, among all faults of the group's chosen gates,
 * counted gate by gate and pin by pin. NULL: the first `count`. */
static void list_ranks(struct listing *l, uint32_t g, const uint64_t *ranks, uint64_t count)
{
    const struct cf_group *group = &l->netlist->groups[g];
    uint32_t first, end;
    uint64_t passed = 0, next = 0;
    chosen_gates(l, g, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        const struct pin_set *set = &l->sets[group->cell[i]];
        uint64_t rank, faults = 2 * (uint64_t)set->count;
        for (; next < count && (rank = (ranks ? ranks[next] : next) - passed) < faults; next++)
            add_fault(l, group->first_net + i, set->pins[rank / 2], rank % 2);
        passed += faults;
    }
}

static bool list_sample(struct listing *l, uint32_t g, uint64_t count)
{
    /* Each group has a random stream of its own, so that its sample is the same whether other groups are chosen or not.
     */
    uint64_t state = l->choice.seed, *ranks;
    state = cf_next_random(&state) + g;
    ranks = draw_numbers(count, l->list->population[g], &state);
    if (ranks)
        list_ranks(l, g, ranks, count);
    free(ranks);
    return ranks != NULL;
}

/* Lists every fault of every cell of the group once. Gates are sorted by cell first: those of cell c are
 * gates[starts[c]] to gates[starts[c + 1] - 1]. */
static bool list_cells(struct listing *l, uint32_t g)
{
    const struct cf_group *group = &l->netlist->groups[g];
    uint32_t first, end, cells = l->netlist->cell_count;
    uint64_t state = l->choice.seed;
    state = cf_next_random(&state) + g;
    chosen_gates(l, g, &first, &end);
    uint32_t *gates = malloc((end - first + 1) * sizeof *gates), *starts = calloc(cells + 2, sizeof *starts);
    bool done = gates && starts;
    /* Counts stand two places up: placing then moves each start one place on, to where it belongs. */
    for (uint32_t i = first; done && i < end; i++)
        starts[group->cell[i] + 2]++;
    for (uint32_t c = 2; done && c < cells + 2; c++)
        starts[c] += starts[c - 1];
    for (uint32_t i = first; done && i < end; i++)
        gates[starts[group->cell[i] + 1]++] = i;
    for (uint32_t c = 0; done && c < cells; c++) {
        uint32_t placed = starts[c + 1] - starts[c];
        for (uint32_t i = 0; placed && i < 2 * l->sets[c].count; i++)
            add_fault(l, group->first_net + gates[starts[c] + draw(&state, placed)], l->sets[c].pins[i / 2], i % 2);
    }
    free(gates);
    free(starts);
    return done;
}

/* How many faults of the group will be listed; `placed` [cell_count] is scratch for CF_FAULT_CELLS. */
static uint64_t count_listed(const struct listing *l, uint32_t g, uint8_t *placed)
{
    uint64_t population = l->list->population[g], count = 0;
    uint32_t first, end;
    if (l->choice.scope == CF_FAULT_ALL)
        return population;
    if (l->choice.scope == CF_FAULT_SAMPLE)
        return population < l->choice.sample ? population : l->choice.sample;
    memset(placed, 0, l->netlist->cell_count);
    chosen_gates(l, g, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        uint32_t cell = l->netlist->groups[g].cell[i];
        count += placed[cell] ? 0 : 2 * (uint64_t)l->sets[cell].count;
        placed[cell] = 1;
    }
    return count;
}

static bool list_group(struct listing *l, uint32_t g, uint64_t count)
{
    if (l->choice.scope == CF_FAULT_CELLS)
        return list_cells(l, g);
    if (count < l->list->population[g])
        return list_sample(l, g, count);
    list_ranks(l, g, NULL, count);
    return true;
}

/* `counts` [group_count] and `placed` [cell_count] are scratch. */
static bool list_all(struct listing *l, uint64_t *counts, uint8_t *placed, struct cf_error *err)
{
    const struct cf_netlist *n = l->netlist;
    uint64_t total = 0;
    bool done = count_population(l);
    for (uint32_t g = 1; done && g < n->group_count; g++)
        total += counts[g] = count_listed(l, g, placed);
    if (total > CF_FAULT_MOST)
        return cf_fail(err,
                       "%s: %" PRIu64 " faults are more than can be listed at once (%d): "
                       "sample fewer, or choose one group or gate",
                       n->label, total, CF_FAULT_MOST);
    done = done && (l->list->faults = malloc((total + 1) * sizeof *l->list->faults)) != NULL;
    for (uint32_t g = 1; done && g < n->group_count; g++)
        done = list_group(l, g, counts[g]);
    return done || cf_fail(err, "%s: out of memory for the list of faults", n->label);
}

bool cf_fault_list_make(struct cf_fault_list *list, const struct cf_netlist *netlist,
                        const struct cf_network_cell *cells, const struct cf_fault_choice *choice, struct cf_error *err)
{
    assert((uint64_t)choice->first_net + choice->net_count <= netlist->net_count || !choice->net_count);
    size_t cell_count = netlist->cell_count ? netlist->cell_count : 1;
    struct listing l = {.list = list, .netlist = netlist, .cells = cells, .choice = *choice};
    uint64_t *counts = calloc(netlist->group_count, sizeof *counts);
    uint8_t *placed = malloc(cell_count);
    *list = (struct cf_fault_list){.population = calloc(netlist->group_count, sizeof *list->population)};
    l.sets = calloc(cell_count, sizeof *l.sets);
    bool done = (counts && placed && list->population && l.sets)
                    ? list_all(&l, counts, placed, err)
                    : cf_fail(err, "%s: out of memory for the list of faults", netlist->label);
    for (uint32_t c = 0; l.sets && c < netlist->cell_count; c++)
        free(l.sets[c].pins);
    free(l.sets);
    free(placed);
    free(counts);
    if (!done)
        cf_fault_list_free(list);
    return done;
}

void cf_fault_list_free(struct cf_fault_list *list)
{
    free(list->faults);
    free(list->population);
    *list = (struct cf_fault_list){0};
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

struct cf_fault_place cf_fault_place(const struct cf_fault *fault, const struct cf_netlist *netlist,
                                     const struct cf_network_cell *cells)
{
    static const char *const pins[] = {"input a", "input b", "input c", "sum", "carry"};
    const struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, fault->net)];
    const struct cf_network_cell *cell = &cells[group->cell[fault->net - group->first_net]];
    uint32_t inputs = cell->network.input_count, low = 0, high = cell->operand_count;
    if (fault->pin >= inputs)
        return (struct cf_fault_place){.pin = pins[(fault->pin - inputs) % 5], .adder = (fault->pin - inputs) / 5};
    while (high - low > 1) { /* the last operand that begins at the pin or before it */
        uint32_t middle = low + (high - low) / 2;
        if (cell->operands[middle].first_input <= fault->pin)
            low = middle;
        else
            high = middle;
    }
    return (struct cf_fault_place){.operand = low, .bit = fault->pin - cell->operands[low].first_input};
}

const char *cf_fault_text(const struct cf_fault *fault, const struct cf_netlist *netlist,
                          const struct cf_network_cell *cells, char *buffer, size_t size)
{
    struct cf_fault_place place = cf_fault_place(fault, netlist, cells);
    char name[CF_NAME_MAX];
    cf_net_name(netlist, fault->net, name, sizeof name);
    if (place.pin)
        snprintf(buffer, size, "%s: adder %u, %s stuck at %d", name, place.adder, place.pin, fault->value);
    else
        snprintf(buffer, size, "%s: operand %u, bit %u stuck at %d", name, place.operand, place.bit, fault->value);
    return buffer;
}
