#include "sim/faults.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/names.h"
#include "sim/propagate.h"
#include "sim/random.h"
#include "sim/word.h"

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static uint32_t draw(uint64_t *state, uint32_t below)
{
    return (uint32_t)((cf_next_random(state) >> 32) * below >> 32);
}

struct listing {
    struct cf_fault_list *list;
    const struct cf_netlist *netlist;
    uint64_t capacity, random;
    uint32_t **pins;      /* by cell: those that are read; made when needed */
    uint32_t *pin_counts; /* by cell */
    const struct cf_bits_cell *cells;
};

/* The pins of a network that matter: all inputs and outputs of nodes that something reads, and inputs that are read. */
static bool find_pins(struct listing *l, uint32_t cell)
{
    const struct cf_bits *bits = &l->cells[cell].bits;
    if (l->pins[cell])
        return true;
    uint8_t *used = cf_bits_used(bits), *read = calloc(cf_bits_signals(bits), 1);
    uint32_t *pins = malloc(((size_t)cf_fault_pins(bits) + 1) * sizeof *pins), count = 0;
    bool done = used && read && pins;
    for (uint32_t n = 0; done && n < bits->node_count; n++)
        if (used[n])
            read[bits->nodes[n].a >> 1] = read[bits->nodes[n].b >> 1] = read[bits->nodes[n].c >> 1] = 1;
    for (uint32_t i = 0; done && i < bits->output_count; i++)
        read[bits->outputs[i] >> 1] = 1;
    for (uint32_t i = 0; done && i < bits->input_count; i++)
        if (read[1 + i])
            pins[count++] = i;
    for (uint32_t n = 0; done && n < bits->node_count; n++) {
        bool full = bits->nodes[n].c != CF_LIT_FALSE;
        for (uint32_t k = 0; k < 5; k++)
            if (used[n] && (k < 2 || (k == 2 && full) || (k == 3 && used[n] & 1) || (k == 4 && used[n] & 2)))
                pins[count++] = bits->input_count + 5 * n + k;
    }
    free(used);
    free(read);
    if (!done)
        free(pins);
    l->pins[cell] = done ? pins : NULL;
    l->pin_counts[cell] = count;
    return done;
}

static bool add_fault(struct listing *l, uint32_t net, uint32_t pin, bool value)
{
    if (l->list->count == l->capacity) {
        uint64_t wanted = l->capacity ? 2 * l->capacity : 4096;
        struct cf_fault *bigger = realloc(l->list->faults, wanted * sizeof *bigger);
        if (!bigger)
            return false;
        l->list->faults = bigger;
        l->capacity = wanted;
    }
    l->list->faults[l->list->count++] = (struct cf_fault){net, pin, value, false, CF_FAULT_MISSED};
    return true;
}

static int compare_faults(const void *x, const void *y)
{
    const struct cf_fault *a = x, *b = y;
    return a->pin != b->pin ? (a->pin < b->pin ? -1 : 1) : a->value - b->value;
}

/* One cluster of a sample: different faults of one gate, drawn without repetition where there are more. */
static bool sample_gate(struct listing *l, const struct cf_group *group, uint32_t gate)
{
    uint32_t cell = group->cell[gate], faults, start = (uint32_t)l->list->count;
    if (!find_pins(l, cell))
        return false;
    faults = 2 * l->pin_counts[cell];
    bool all = faults <= CF_FAULT_CLUSTER;
    uint32_t chosen[CF_FAULT_CLUSTER], count = 0;
    for (uint32_t i = 0; all && i < faults; i++)
        chosen[count++] = i;
    while (!all && count < CF_FAULT_CLUSTER) {
        uint32_t fault = draw(&l->random, faults), i = 0;
        while (i < count && chosen[i] != fault)
            i++;
        if (i == count)
            chosen[count++] = fault;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!add_fault(l, group->first_net + gate, l->pins[cell][chosen[i] / 2], chosen[i] % 2))
            return false;
    if (count)
        qsort(l->list->faults + start, count, sizeof *l->list->faults, compare_faults);
    return true;
}

/* Every fault of a cell once, each cluster at a drawn gate of it. `gates` are the cell's in the group. */
static bool list_cell(struct listing *l, const struct cf_group *group, uint32_t cell, const uint32_t *gates,
                      uint32_t gate_count)
{
    if (!find_pins(l, cell))
        return false;
    uint32_t gate = 0;
    for (uint32_t i = 0; i < 2 * l->pin_counts[cell]; i++) {
        if (i % CF_FAULT_CLUSTER == 0)
            gate = gates[draw(&l->random, gate_count)];
        if (!add_fault(l, group->first_net + gate, l->pins[cell][i / 2], i % 2))
            return false;
    }
    return true;
}

static bool list_group(struct listing *l, const struct cf_group *group)
{
    uint32_t *gates = malloc(group->count * sizeof *gates);
    bool done = gates != NULL;
    for (uint32_t c = 0; done && c < l->netlist->cell_count; c++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < group->count; i++)
            if (group->cell[i] == c)
                gates[count++] = i;
        done = count == 0 || list_cell(l, group, c, gates, count);
    }
    free(gates);
    return done;
}

bool cf_fault_list_make(struct cf_fault_list *list, const struct cf_netlist *netlist, const struct cf_bits_cell *cells,
                        uint64_t sample, uint64_t seed, struct cf_error *err)
{
    *list = (struct cf_fault_list){0};
    struct listing l = {.list = list, .netlist = netlist, .cells = cells, .random = seed};
    l.pins = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *l.pins);
    l.pin_counts = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *l.pin_counts);
    bool done = l.pins && l.pin_counts;
    for (uint32_t g = 1; done && g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        uint64_t start = list->count;
        if (sample == 0)
            done = list_group(&l, group);
        for (uint64_t tries = 0; done && sample && list->count - start < sample && tries < sample; tries++)
            done = sample_gate(&l, group, draw(&l.random, group->count));
    }
    for (uint32_t c = 0; l.pins && c < netlist->cell_count; c++)
        free(l.pins[c]);
    free(l.pins);
    free(l.pin_counts);
    if (!done) {
        cf_fault_list_free(list);
        return cf_fail(err, "%s: out of memory for the list of faults", netlist->label);
    }
    return true;
}

void cf_fault_list_free(struct cf_fault_list *list)
{
    free(list->faults);
    *list = (struct cf_fault_list){0};
}

const char *cf_fault_text(const struct cf_fault *fault, const struct cf_netlist *netlist,
                          const struct cf_bits_cell *cells, char *buffer, size_t size)
{
    static const char *const pins[] = {"input a", "input b", "input c", "sum", "carry"};
    const struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, fault->net)];
    uint32_t inputs = cells[group->cell[fault->net - group->first_net]].bits.input_count;
    char name[CF_NAME_MAX];
    cf_net_name(netlist, fault->net, name, sizeof name);
    if (fault->pin < inputs)
        snprintf(buffer, size, "%s: operand bit %u stuck at %d", name, fault->pin, fault->value);
    else
        snprintf(buffer, size, "%s: adder %u, %s stuck at %d", name, (fault->pin - inputs) / 5,
                 pins[(fault->pin - inputs) % 5], fault->value);
    return buffer;
}

/* ---- simulation -------------------------------------------------------------------------------------------------- */

struct run {
    const struct cf_netlist *netlist;
    const struct cf_bits_cell *cells;
    const struct cf_propagation *propagation;
    int64_t *nets, *sums;
    uint32_t frame;
};

struct worker {
    uint64_t *signals;
    struct cf_ripple *ripple;
};

/* Holds a pin in the lanes of its faults. Faults of a cluster stand in the order of their pins. */
static uint64_t hold(const struct cf_fault *faults, uint32_t count, uint32_t *at, uint32_t pin, uint64_t value)
{
    for (; *at < count && faults[*at].pin == pin; ++*at) {
        uint64_t lane = (uint64_t)1 << *at;
        value = faults[*at].value ? value | lane : value & ~lane;
    }
    return value;
}

/* The gate's operands, the same in all lanes, but for held inputs. */
static uint32_t set_inputs(const struct run *r, const struct cf_bits_cell *cell, const uint32_t *bases,
                           const struct cf_fault *faults, uint32_t count, uint64_t *signals)
{
    uint32_t at = 0;
    signals[0] = 0;
    for (uint32_t o = 0; o < cell->operand_count; o++) {
        const struct cf_bits_operand *operand = &cell->operands[o];
        uint64_t value = (uint64_t)r->nets[bases[operand->port] + operand->offset];
        for (uint32_t k = 0; k < operand->width; k++) {
            uint32_t pin = operand->first_input + k;
            signals[1 + pin] = hold(faults, count, &at, pin, 0 - (value >> k & 1));
        }
    }
    return at;
}

static void evaluate(const struct cf_bits *bits, const struct cf_fault *faults, uint32_t count, uint32_t at,
                     uint64_t *signals)
{
    uint64_t *out = signals + 1 + bits->input_count;
    for (uint32_t n = 0; n < bits->node_count; n++, out += 2) {
        uint64_t a = cf_bits_value(signals, bits->nodes[n].a), b = cf_bits_value(signals, bits->nodes[n].b),
                 c = cf_bits_value(signals, bits->nodes[n].c);
        uint32_t pin = bits->input_count + 5 * n;
        bool held = at < count && faults[at].pin < pin + 5;
        if (held) {
            a = hold(faults, count, &at, pin, a);
            b = hold(faults, count, &at, pin + 1, b);
            c = hold(faults, count, &at, pin + 2, c);
        }
        out[0] = a ^ b ^ c;
        out[1] = (a & b) | (c & (a | b));
        if (held) {
            out[0] = hold(faults, count, &at, pin + 3, out[0]);
            out[1] = hold(faults, count, &at, pin + 4, out[1]);
        }
    }
}

/* The value that lane `lane` gives the gate. */
static int64_t lane_value(const struct cf_bits *bits, struct cf_type type, const uint64_t *signals, uint32_t lane)
{
    uint64_t value = 0;
    for (uint32_t k = 0; k < bits->output_count; k++)
        value |= (cf_bits_value(signals, bits->outputs[k]) >> lane & 1) << k;
    if (type.is_signed && value >> (type.width - 1) & 1)
        value |= ~(uint64_t)0 << (type.width - 1);
    return (int64_t)value;
}

static void run_cluster(const struct run *r, struct worker *w, struct cf_fault *faults, uint32_t count)
{
    bool missed = false;
    for (uint32_t i = 0; i < count; i++)
        missed |= faults[i].frame == CF_FAULT_MISSED;
    if (!missed)
        return; /* all dropped */
    uint32_t g = cf_netlist_group_of(r->netlist, faults[0].net);
    const struct cf_group *group = &r->netlist->groups[g];
    uint32_t gate = faults[0].net - group->first_net;
    const struct cf_bits_cell *cell = &r->cells[group->cell[gate]];
    uint32_t at = set_inputs(r, cell, cf_instance_bases(group, gate), faults, count, w->signals);
    evaluate(&cell->bits, faults, count, at, w->signals);
    uint64_t differs = 0, good = (uint64_t)r->nets[faults[0].net];
    for (uint32_t k = 0; k < cell->bits.output_count; k++)
        differs |= cf_bits_value(w->signals, cell->bits.outputs[k]) ^ (0 - (good >> k & 1));
    for (uint32_t i = 0; i < count; i++) {
        if (faults[i].frame != CF_FAULT_MISSED || !(differs >> i & 1))
            continue;
        faults[i].seen = true;
        if (group->output || cf_propagate(r->propagation, w->ripple, r->nets, r->sums, faults[0].net,
                                          lane_value(&cell->bits, group->type, w->signals, i)))
            faults[i].frame = r->frame;
    }
}

/* Where each cluster begins; the last entry is the end. */
static uint64_t *find_clusters(const struct cf_fault_list *list, uint64_t *count)
{
    uint64_t *starts = malloc((list->count + 1) * sizeof *starts), size = 0;
    *count = 0;
    for (uint64_t i = 0; starts && i < list->count; i++, size++)
        if (i == 0 || size == CF_FAULT_CLUSTER || list->faults[i].net != list->faults[i - 1].net ||
            compare_faults(&list->faults[i], &list->faults[i - 1]) <= 0) {
            starts[(*count)++] = i;
            size = 0;
        }
    if (starts)
        starts[*count] = list->count;
    return starts;
}

static bool open_run(struct run *r, struct worker *workers, int threads, const int32_t *input, struct cf_error *err)
{
    const struct cf_netlist *n = r->netlist;
    uint32_t most = 1;
    for (uint32_t c = 0; c < n->cell_count; c++)
        most = cf_bits_signals(&r->cells[c].bits) > most ? cf_bits_signals(&r->cells[c].bits) : most;
    r->nets = calloc(n->net_count, sizeof *r->nets);
    r->sums = calloc(n->net_count, sizeof *r->sums);
    bool done = (r->nets && r->sums) || cf_fail(err, "%s: out of memory", n->label);
    for (int t = 0; done && t < threads; t++) {
        workers[t].signals = calloc(most, sizeof *workers[t].signals);
        done = (workers[t].signals || cf_fail(err, "%s: out of memory", n->label)) &&
               cf_ripple_new(&workers[t].ripple, n, err);
    }
    if (!done)
        return false;
    for (uint32_t i = 0; i < n->groups[CF_INPUT].count; i++)
        r->nets[i] = input[i];
    cf_word_evaluate(n, r->nets);
    memcpy(r->sums, r->nets, n->net_count * sizeof *r->sums);
    for (uint32_t g = 1; g < n->group_count; g++)
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            const struct cf_cell *cell = &n->cells[n->groups[g].cell[i]];
            if (cell->activation == CF_STEP)
                r->sums[n->groups[g].first_net + i] = cf_cell_sum(cell, cf_instance_bases(&n->groups[g], i), r->nets);
        }
    return true;
}

bool cf_faults_run(struct cf_fault_list *list, const struct cf_netlist *netlist, const struct cf_bits_cell *cells,
                   const int32_t *input, uint32_t frame, int threads, struct cf_error *err)
{
    struct run r = {.netlist = netlist, .cells = cells, .frame = frame};
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    struct cf_propagation *propagation = NULL;
    uint64_t count, *starts = find_clusters(list, &count);
    bool done = (workers && starts) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && open_run(&r, workers, threads, input, err) && cf_propagation_new(&propagation, netlist, err);
    if (done) {
        r.propagation = propagation;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16) if (threads > 1)
        for (uint64_t i = 0; i < count; i++)
            run_cluster(&r, &workers[omp_get_thread_num()], list->faults + starts[i],
                        (uint32_t)(starts[i + 1] - starts[i]));
    }
    for (int t = 0; workers && t < threads; t++) {
        free(workers[t].signals);
        cf_ripple_free(workers[t].ripple);
    }
    free(workers);
    free(starts);
    free(r.nets);
    free(r.sums);
    cf_propagation_free(propagation);
    return done;
}
