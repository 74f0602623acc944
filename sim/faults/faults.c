/* faults.c - simulates the faults of a list with one frame, up to 64 faults of one cell at a time. */
#include "sim/faults/faults.h"

#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "sim/faults/propagate.h"

enum { SLOTS = 64 }; /* faults that are simulated together, in gates of one cell and group; a slot holds one */

struct worker {
    uint64_t *signals;
    struct cf_ripple *ripple;
};

struct cf_fault_sim {
    const struct cf_netlist *netlist;
    const struct cf_network_cell *cells;
    struct cf_fault_list *list;
    struct cf_fault_options options;
    uint32_t *order; /* faults still to simulate, by group and cell */
    uint64_t left;
    uint64_t *starts; /* of clusters, in `order`; the last entry is the end */
    uint64_t cluster_count;
    struct cf_propagation *propagation;
    struct worker *workers;
    int64_t *nets, *sums; /* of the sound circuit in this frame */
    uint32_t frame;
};

/* Up to SLOTS faults in gates of one cell and group, in the order of their pins: slot i has faults[i]. */
struct cluster {
    struct cf_fault *faults[SLOTS];
    const uint32_t *bases[SLOTS];
    uint32_t count;
    bool one_gate;
};

/* ---- one cluster ------------------------------------------------------------------------------------------------- */

/* Holds a pin's value at 0 or 1 in the slots of its faults. Pins are visited in order: `*at` is the first fault whose
 * pin has not been visited. */
static uint64_t hold(const struct cluster *cluster, uint32_t *at, uint32_t pin, uint64_t value)
{
    for (; *at < cluster->count && cluster->faults[*at]->pin == pin; ++*at) {
        uint64_t slot = (uint64_t)1 << *at;
        value = cluster->faults[*at]->value ? value | slot : value & ~slot;
    }
    return value;
}

/* The bits of one operand, each as a word with a bit for every slot. */
static void load_operand(const struct cf_fault_sim *s, const struct cluster *cluster,
                         const struct cf_network_operand *operand, uint64_t *planes)
{
    if (cluster->one_gate) { /* the same value in all slots */
        uint64_t value = (uint64_t)s->nets[cluster->bases[0][operand->port] + operand->offset];
        for (uint32_t k = 0; k < operand->width; k++)
            planes[k] = 0 - (value >> k & 1);
        return;
    }
    memset(planes, 0, operand->width * sizeof *planes);
    for (uint32_t i = 0; i < cluster->count; i++) {
        uint64_t value = (uint64_t)s->nets[cluster->bases[i][operand->port] + operand->offset];
        for (uint32_t k = 0; k < operand->width; k++)
            planes[k] |= (value >> k & 1) << i;
    }
}

/* Evaluates the cell in all slots, each with its fault. Needs as many signals as the network has. */
static void evaluate(const struct cf_fault_sim *s, const struct cluster *cluster, const struct cf_network_cell *cell,
                     uint64_t *signals)
{
    const struct cf_network *network = &cell->network;
    uint32_t at = 0;
    signals[0] = 0;
    for (uint32_t o = 0; o < cell->operand_count; o++) {
        uint32_t first = cell->operands[o].first_input;
        load_operand(s, cluster, &cell->operands[o], signals + 1 + first);
        for (uint32_t k = 0; k < cell->operands[o].width; k++)
            signals[1 + first + k] = hold(cluster, &at, first + k, signals[1 + first + k]);
    }
    uint64_t *out = signals + 1 + network->input_count;
    for (uint32_t n = 0; n < network->node_count; n++, out += 2) {
        uint64_t a = cf_network_value(signals, network->nodes[n].a), b = cf_network_value(signals, network->nodes[n].b),
                 c = cf_network_value(signals, network->nodes[n].c);
        uint32_t pin = network->input_count + 5 * n;
        bool held = at < cluster->count && cluster->faults[at]->pin < pin + 5;
        if (held) {
            a = hold(cluster, &at, pin, a);
            b = hold(cluster, &at, pin + 1, b);
            c = hold(cluster, &at, pin + 2, c);
        }
        out[0] = a ^ b ^ c;
        out[1] = (a & b) | (c & (a | b));
        if (held) {
            out[0] = hold(cluster, &at, pin + 3, out[0]);
            out[1] = hold(cluster, &at, pin + 4, out[1]);
        }
    }
}

/* The gate's value in one slot. */
static int64_t slot_value(const struct cf_network *network, struct cf_type type, const uint64_t *signals, uint32_t slot)
{
    uint64_t value = 0;
    for (uint32_t k = 0; k < network->output_count; k++)
        value |= (cf_network_value(signals, network->outputs[k]) >> slot & 1) << k;
    if (type.is_signed && value >> (type.width - 1) & 1)
        value |= ~(uint64_t)0 << (type.width - 1);
    return (int64_t)value;
}

/* Sorts the faults of one cluster by pin, and finds the operands of their gates. */
static struct cluster gather(const struct cf_fault_sim *s, const struct cf_group *group, uint64_t start, uint64_t end)
{
    struct cluster cluster = {.one_gate = true};
    for (uint64_t i = start; i < end; i++) {
        struct cf_fault *fault = &s->list->faults[s->order[i]];
        uint32_t at = cluster.count++;
        for (; at > 0 && cluster.faults[at - 1]->pin > fault->pin; at--)
            cluster.faults[at] = cluster.faults[at - 1];
        cluster.faults[at] = fault;
    }
    for (uint32_t i = 0; i < cluster.count; i++) {
        cluster.bases[i] = cf_instance_bases(group, cluster.faults[i]->net - group->first_net);
        cluster.one_gate &= cluster.faults[i]->net == cluster.faults[0]->net;
    }
    return cluster;
}

static void run_cluster(const struct cf_fault_sim *s, const struct worker *w, uint64_t start, uint64_t end)
{
    uint32_t net = s->list->faults[s->order[start]].net;
    const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, net)];
    const struct cf_network_cell *cell = &s->cells[group->cell[net - group->first_net]];
    struct cluster cluster = gather(s, group, start, end);
    evaluate(s, &cluster, cell, w->signals);
    for (uint32_t i = 0; i < cluster.count; i++) {
        struct cf_fault *fault = cluster.faults[i];
        int64_t value = slot_value(&cell->network, group->type, w->signals, i);
        if (value == s->nets[fault->net])
            continue;
        fault->seen = true;
        if (!group->output && !cf_propagate(s->propagation, w->ripple, s->nets, s->sums, fault->net, value))
            continue;
        fault->detections++;
        if (fault->frame == CF_FAULT_MISSED)
            fault->frame = s->frame;
    }
}

/* ---- one frame --------------------------------------------------------------------------------------------------- */

static uint32_t cell_of(const struct cf_fault_sim *s, uint64_t at, uint32_t *g)
{
    uint32_t net = s->list->faults[s->order[at]].net;
    *g = cf_netlist_group_of(s->netlist, net);
    return s->netlist->groups[*g].cell[net - s->netlist->groups[*g].first_net];
}

/* Drops the faults that an earlier frame has found, unless all are kept, and divides the rest into clusters. */
static void find_clusters(struct cf_fault_sim *s)
{
    uint64_t left = 0;
    for (uint64_t i = 0; i < s->left; i++)
        if (s->options.keep || s->list->faults[s->order[i]].frame == CF_FAULT_MISSED)
            s->order[left++] = s->order[i];
    s->left = left;
    s->cluster_count = 0;
    uint32_t cell = 0, group = 0;
    for (uint64_t i = 0, size = 0; i < left; i++, size++) {
        uint32_t g, c = cell_of(s, i, &g);
        if (i == 0 || size == SLOTS || c != cell || g != group) {
            s->starts[s->cluster_count++] = i;
            size = 0;
        }
        cell = c;
        group = g;
    }
    s->starts[s->cluster_count] = left;
}

/* Evaluates the sound circuit: the value of every gate, and its sum before the step. */
static void run_sound(struct cf_fault_sim *s, const int32_t *input)
{
    for (uint32_t i = 0; i < s->netlist->groups[CF_INPUT].count; i++)
        s->nets[i] = input[i];
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            const struct cf_cell *cell = &s->netlist->cells[group->cell[i]];
            int64_t sum = cf_cell_sum(cell, cf_instance_bases(group, i), s->nets);
            s->sums[group->first_net + i] = sum;
            s->nets[group->first_net + i] = cf_cell_output(cell, sum);
        }
    }
}

void cf_fault_sim_run(struct cf_fault_sim *s, const int32_t *input, uint32_t frame)
{
    assert(input && frame != CF_FAULT_MISSED);
    s->frame = frame;
    run_sound(s, input);
    find_clusters(s);
    uint64_t done = s->list->count - s->left;
    const struct cf_fault_options *options = &s->options;
#pragma omp parallel for num_threads(options->threads) schedule(dynamic, 1) if (options->threads > 1)
    for (uint64_t i = 0; i < s->cluster_count; i++) {
        uint64_t so_far;
        run_cluster(s, &s->workers[omp_get_thread_num()], s->starts[i], s->starts[i + 1]);
#pragma omp atomic capture
        so_far = done += s->starts[i + 1] - s->starts[i];
        if (options->progress && omp_get_thread_num() == 0)
            options->progress(options->context, so_far);
    }
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* Orders the list by group and cell; faults of one cell keep their order. Groups stand together in the list already. */
static bool order_faults(struct cf_fault_sim *s)
{
    uint64_t *ends = malloc(((size_t)s->netlist->cell_count + 1) * sizeof *ends);
    s->order = malloc((s->list->count + 1) * sizeof *s->order);
    s->starts = malloc((s->list->count + 1) * sizeof *s->starts);
    if (!ends || !s->order || !s->starts) {
        free(ends);
        return false;
    }
    for (uint64_t start = 0, end; start < s->list->count; start = end) {
        const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, s->list->faults[start].net)];
        memset(ends, 0, (s->netlist->cell_count + 1) * sizeof *ends);
        for (end = start; end < s->list->count && s->list->faults[end].net - group->first_net < group->count; end++)
            ends[group->cell[s->list->faults[end].net - group->first_net] + 1]++;
        ends[0] = start;
        for (uint32_t c = 1; c <= s->netlist->cell_count; c++)
            ends[c] += ends[c - 1];
        for (uint64_t i = start; i < end; i++)
            s->order[ends[group->cell[s->list->faults[i].net - group->first_net]]++] = (uint32_t)i;
    }
    s->left = s->list->count;
    free(ends);
    return true;
}

static bool open_workers(struct cf_fault_sim *s, struct cf_error *err)
{
    uint32_t most = 1;
    for (uint32_t c = 0; c < s->netlist->cell_count; c++)
        most = cf_network_signals(&s->cells[c].network) > most ? cf_network_signals(&s->cells[c].network) : most;
    s->workers = calloc((size_t)s->options.threads, sizeof *s->workers);
    for (int t = 0; s->workers && t < s->options.threads; t++) {
        s->workers[t].signals = calloc(most, sizeof *s->workers[t].signals);
        if (!s->workers[t].signals)
            return cf_fail(err, "%s: out of memory", s->netlist->label);
        if (!cf_ripple_new(&s->workers[t].ripple, s->netlist, err))
            return false;
    }
    return s->workers || cf_fail(err, "%s: out of memory", s->netlist->label);
}

bool cf_fault_sim_new(struct cf_fault_sim **out, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                      struct cf_fault_list *list, const struct cf_fault_options *options, struct cf_error *err)
{
    assert(options->threads >= 1 && list->count <= CF_FAULT_MOST);
    struct cf_fault_sim *s = *out = calloc(1, sizeof *s);
    if (!s)
        return cf_fail(err, "%s: out of memory", netlist->label);
    *s = (struct cf_fault_sim){.netlist = netlist, .cells = cells, .list = list, .options = *options};
    s->nets = calloc(netlist->net_count, sizeof *s->nets);
    s->sums = calloc(netlist->net_count, sizeof *s->sums);
    bool done = (s->nets && s->sums && order_faults(s)) || cf_fail(err, "%s: out of memory", netlist->label);
    if (done && cf_propagation_new(&s->propagation, netlist, err) && open_workers(s, err))
        return true;
    cf_fault_sim_free(s);
    *out = NULL;
    return false;
}

void cf_fault_sim_free(struct cf_fault_sim *s)
{
    if (!s)
        return;
    for (int t = 0; s->workers && t < s->options.threads; t++) {
        free(s->workers[t].signals);
        cf_ripple_free(s->workers[t].ripple);
    }
    free(s->workers);
    cf_propagation_free(s->propagation);
    free(s->order);
    free(s->starts);
    free(s->nets);
    free(s->sums);
    free(s);
}
