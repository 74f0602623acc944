/* weights.c - of all weights and biases of the threshold gates, for how many would a change by one show in these
 * frames?
 *
 *   weights NET FRAMES...          a line a group, then 'all: ... (share)'
 *
 * Every weight of every step cell is changed by +1 and by -1, one at a time, for all gates that the cell is placed as;
 * the change shows when the decision of any of them differs in any frame. So are the weights of 0 that a cell has for
 * the other lanes of the row that it reads, where it reads one row. Gate sums are linear in the weights, so that one
 * evaluation of a frame tells for all changes. Shares no code with sim/vectors/vectors.c, and no idea of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "netlists/cell.h"
#include "netlists/store.h"
#include "sim/frames/frames.h"
#include "sim/word/reference.h"

enum { UP = 1, DOWN = 2 };

struct tally {
    const struct cf_netlist *netlist;
    size_t *first;  /* [cell_count + 1]: of each cell's terms in `shown`; its bias comes last */
    uint8_t *shown; /* UP, DOWN */
    uint8_t **row;  /* [cell_count][lanes]: the same for each lane of the row that the cell reads; or NULL */
};

static void die(const struct cf_error *err)
{
    fprintf(stderr, "weights: %s\n", err->text);
    exit(2);
}

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "weights: out of memory\n");
        exit(2);
    }
    return memory;
}

/* Which changes by one of a number that weighs `operand` move the sum over the threshold. */
static uint8_t shows(int64_t sum, int64_t operand)
{
    bool fires = sum >= 0;
    return (uint8_t)((fires != (sum + operand >= 0) ? UP : 0) | (fires != (sum - operand >= 0) ? DOWN : 0));
}

/* No change by one moves a sum that is further from 0 than any operand. */
static bool near(const struct cf_netlist *netlist, const struct cf_cell *cell, const uint32_t *bases, int64_t sum)
{
    for (uint32_t t = 0; t < cell->term_count; t++) {
        uint32_t net = bases[cell->terms[t].port] + cell->terms[t].offset;
        struct cf_type type = netlist->groups[cf_netlist_group_of(netlist, net)].type;
        if (llabs(sum) >> cell->terms[t].shift <= INT64_C(1) << (type.width - type.is_signed))
            return true;
    }
    return llabs(sum) <= 1;
}

/* What is noted for the lanes of the row that the gate reads, if it reads one alone; else NULL. */
static uint8_t *row_of(struct tally *tally, uint32_t index, uint32_t base, uint32_t *lanes)
{
    const struct cf_group *source = &tally->netlist->groups[cf_netlist_group_of(tally->netlist, base)];
    struct cf_reach reach;
    *lanes = cf_group_lanes(source);
    cf_cell_reach(&tally->netlist->cells[index], &reach);
    if (tally->netlist->cells[index].port_count != 1 || (base - source->first_net) % *lanes || reach.high[0] >= *lanes)
        return NULL;
    if (!tally->row[index])
        tally->row[index] = need(calloc(*lanes, 1));
    return tally->row[index];
}

static void look_at_gate(struct tally *tally, const struct cf_group *group, uint32_t index, const int64_t *nets)
{
    const struct cf_cell *cell = &tally->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    uint8_t *shown = tally->shown + tally->first[group->cell[index]];
    int64_t sum = cf_cell_sum(cell, bases, nets);
    uint32_t lanes;
    uint8_t *row = row_of(tally, group->cell[index], bases[0], &lanes);
    if (!near(tally->netlist, cell, bases, sum))
        return;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        shown[t] |= shows(sum, nets[bases[term->port] + term->offset] * (INT64_C(1) << term->shift));
    }
    shown[cell->term_count] |= shows(sum, 1);
    for (uint32_t l = 0; row && l < lanes; l++) /* the terms' own are among them, and are counted above */
        row[l] |= shows(sum, nets[bases[0] + l]);
}

static void look_at_frames(struct tally *tally, struct cf_frames *frames)
{
    struct cf_error err;
    const struct cf_netlist *n = tally->netlist;
    uint32_t inputs = n->groups[CF_INPUT].count;
    int64_t *nets = need(calloc(n->net_count, sizeof *nets));
    int32_t *input = need(calloc(inputs, sizeof *input));
    struct cf_quantiser *quantiser = cf_quantiser_new(n, NULL, &err);
    if (!quantiser)
        die(&err);
    for (uint64_t f = 0; f < cf_frames_count(frames); f++) {
        if (!cf_frames_quantise(frames, f, quantiser, input, &err))
            die(&err);
        for (uint32_t i = 0; i < inputs; i++)
            nets[i] = input[i];
        cf_word_evaluate(n, nets);
        for (uint32_t g = 1; g < n->group_count; g++)
            for (uint32_t i = 0; i < n->groups[g].count; i++)
                if (n->cells[n->groups[g].cell[i]].activation == CF_STEP)
                    look_at_gate(tally, &n->groups[g], i, nets);
    }
    cf_quantiser_free(quantiser);
    free(input);
    free(nets);
}

struct count {
    uint64_t changes, shown;
};

enum kind { WEIGHTS, ZEROS, BIASES, KINDS };

static void count_one(struct count *count, uint8_t shown)
{
    count->changes += 2;
    count->shown += (uint64_t)((shown & UP) != 0) + ((shown & DOWN) != 0);
}

/* Adds the cell's numbers to the counts; it reads rows of `lanes`. */
static void count_cell(const struct tally *tally, uint32_t index, uint32_t lanes, struct count counts[KINDS])
{
    const struct cf_cell *cell = &tally->netlist->cells[index];
    const uint8_t *shown = tally->shown + tally->first[index];
    for (uint32_t t = 0; t <= cell->term_count; t++)
        count_one(&counts[t < cell->term_count ? WEIGHTS : BIASES], shown[t]);
    for (uint32_t l = 0, t = 0; tally->row[index] && l < lanes; l++)
        if (t < cell->term_count && cell->terms[t].offset == l)
            t++;
        else
            count_one(&counts[ZEROS], tally->row[index][l]);
}

static void print(const char *name, const struct count counts[KINDS])
{
    printf("%s: %" PRIu64 " of %" PRIu64 " changes of a weight by one show (%.2f%%), %" PRIu64 " of %" PRIu64
           " of a weight of 0, %" PRIu64 " of %" PRIu64 " of a bias\n",
           name, counts[WEIGHTS].shown, counts[WEIGHTS].changes,
           100 * (double)counts[WEIGHTS].shown / (double)counts[WEIGHTS].changes, counts[ZEROS].shown,
           counts[ZEROS].changes, counts[BIASES].shown, counts[BIASES].changes);
}

/* Lanes of the rows that the gate reads first. */
static uint32_t lanes_read(const struct cf_netlist *netlist, const struct cf_group *group, uint32_t index)
{
    return cf_group_lanes(&netlist->groups[cf_netlist_group_of(netlist, cf_instance_bases(group, index)[0])]);
}

static void report(const struct tally *tally)
{
    const struct cf_netlist *n = tally->netlist;
    bool *counted = need(calloc(n->cell_count + 1, sizeof *counted));
    struct count all[KINDS] = {0};
    for (uint32_t g = 1; g < n->group_count; g++) {
        struct count counts[KINDS] = {0};
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            uint32_t cell = n->groups[g].cell[i];
            if (n->cells[cell].activation == CF_STEP && !counted[cell])
                count_cell(tally, cell, lanes_read(n, &n->groups[g], i), counts);
            counted[cell] = true;
        }
        if (counts[BIASES].changes)
            print(n->groups[g].name, counts);
        for (int kind = 0; kind < KINDS; kind++) {
            all[kind].changes += counts[kind].changes;
            all[kind].shown += counts[kind].shown;
        }
    }
    print("all", all);
    free(counted);
}

int main(int argc, char **argv)
{
    struct cf_error err;
    struct cf_netlist *netlist;
    struct cf_frames *frames;
    if (argc < 3) {
        fprintf(stderr, "usage: weights NET FRAMES...\n");
        return 2;
    }
    if (!cf_netlist_load(&netlist, argv[1], &err) || !cf_frames_open(&frames, argv + 2, argc - 2, &err) ||
        !cf_frames_fit(frames, netlist, &err))
        die(&err);
    struct tally tally = {.netlist = netlist, .first = need(calloc(netlist->cell_count + 1, sizeof *tally.first))};
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        tally.first[c + 1] = tally.first[c] + netlist->cells[c].term_count + 1;
    tally.shown = need(calloc(tally.first[netlist->cell_count] + 1, 1));
    tally.row = need(calloc(netlist->cell_count + 1, sizeof *tally.row));
    look_at_frames(&tally, frames);
    report(&tally);
    free(tally.first);
    free(tally.shown);
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        free(tally.row[c]);
    free(tally.row);
    cf_frames_close(frames);
    cf_netlist_free(netlist);
    return 0;
}
