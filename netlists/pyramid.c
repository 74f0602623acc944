/* pyramid.c - follows the classifiers back to the input, row by row, and compares with the pyramid's formulas. */
#include "netlists/pyramid.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/names.h"

/* One row of a sum of rows: every channel of the sum takes `factor` times the same channel of it. */
struct part {
    uint32_t row; /* counted over all groups */
    int64_t factor;
};

struct reader {
    const struct cf_netlist *netlist;
    struct cf_pyramid *pyramid;
    struct cf_error *err;
    uint32_t *first_row; /* [group_count]: the number of each group's first row of `channels` nets */
    uint32_t row_count;
    size_t *parts_of; /* [row_count]: where a row's parts begin; SIZE_MAX: not read yet */
    uint32_t *part_count;
    struct part *parts;
    size_t used, capacity;
    int64_t *form, *wanted; /* [positions of the input]: a row as a combination of input rows; zeros between uses */
    struct part *lane;      /* of one gate */
    size_t lane_capacity;
    uint32_t steps; /* rows followed for one position; bounded, as some netlists have more paths than can be followed */
};

enum { MAX_GROUPS = 64, MAX_STEPS = 1 << 20 };

static bool no_memory(struct reader *r)
{
    return cf_fail(r->err, "%s: out of memory", r->netlist->label);
}

static bool refuse(struct reader *r, uint32_t net, const char *reason)
{
    char name[CF_NAME_MAX];
    return cf_fail(r->err, "%s: %s %s", r->netlist->label, cf_net_name(r->netlist, net, name, sizeof name), reason);
}

/* ---- rows as sums of rows ---- */

static int by_row(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* The parts of one gate, in r->lane, sorted and merged. False when it does not read its own channel of each row. */
static bool read_gate(struct reader *r, uint32_t net, uint32_t channel, uint32_t *count)
{
    const struct cf_netlist *netlist = r->netlist;
    const struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, net)];
    uint32_t index = net - group->first_net, channels = r->pyramid->channels;
    const struct cf_cell *cell = &netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    if (cell->activation != CF_LINEAR || !cf_cell_is_plain(cell))
        return refuse(r, net, "stands between the input and a classifier, and is no weighted sum");
    if (cell->bias != 0)
        return refuse(r, net, "has a bias, which no pool or subtract has");
    if (!cf_array_reserve(&r->lane, &r->lane_capacity, (size_t)cell->term_count + 1, sizeof *r->lane))
        return no_memory(r);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        uint32_t source = bases[term->port] + term->offset, from = cf_netlist_group_of(netlist, source);
        uint32_t offset = source - netlist->groups[from].first_net;
        if (r->first_row[from] == UINT32_MAX || offset % channels != channel)
            return refuse(r, net, "reads another channel than its own");
        if (term->shift > 30)
            return refuse(r, net, "has a weight that no pool or subtract has");
        r->lane[t] = (struct part){r->first_row[from] + offset / channels, (int64_t)term->weight * (1 << term->shift)};
    }
    qsort(r->lane, cell->term_count, sizeof *r->lane, by_row);
    *count = 0;
    for (uint32_t t = 0; t < cell->term_count; t++)
        if (*count > 0 && r->lane[*count - 1].row == r->lane[t].row)
            r->lane[*count - 1].factor += r->lane[t].factor;
        else
            r->lane[(*count)++] = r->lane[t];
    return true;
}

/* Reads the parts of a row of gates. They are the parts of its first gate; all other gates must have the same. */
static bool read_row(struct reader *r, uint32_t row, uint32_t net)
{
    uint32_t count, first_count;
    if (!read_gate(r, net, 0, &first_count))
        return false;
    if (!cf_array_reserve(&r->parts, &r->capacity, r->used + first_count + 1, sizeof *r->parts))
        return no_memory(r);
    size_t at = r->used;
    memcpy(r->parts + at, r->lane, first_count * sizeof *r->parts);
    for (uint32_t channel = 1, odd = 0; channel < r->pyramid->channels; channel++) {
        if (!read_gate(r, net + channel, channel, &count))
            return false;
        bool same = count == first_count;
        for (uint32_t i = 0; same && i < count; i++)
            same = r->lane[i].row == r->parts[at + i].row && r->lane[i].factor == r->parts[at + i].factor;
        odd += !same;
        if (odd == 2 || (!same && (channel > 1 || channel + 1 == r->pyramid->channels)))
            return refuse(r, odd == 2 ? net : net + channel,
                          "does not combine the positions that its neighbours combine");
        if (same && odd)
            return refuse(r, net + 1, "does not combine the positions that its neighbours combine");
    }
    r->parts_of[row] = at;
    r->part_count[row] = first_count;
    r->used += first_count;
    return true;
}

/* The net of a row's first channel, and its group. */
static uint32_t row_net(const struct reader *r, uint32_t row, uint32_t *group)
{
    uint32_t g = r->netlist->group_count;
    while (g-- > 0)
        if (r->first_row[g] != UINT32_MAX && r->first_row[g] <= row)
            break;
    *group = g;
    return r->netlist->groups[g].first_net + (row - r->first_row[g]) * r->pyramid->channels;
}

/* form += factor * the row, in rows of the input. Groups stand in topological order, so this ends. */
static bool add_row(struct reader *r, uint32_t row, int64_t factor)
{
    const int64_t limit = INT64_C(1) << 40; /* far above any factor of a pyramid of 8 scales */
    uint32_t group, net = row_net(r, row, &group);
    if (r->steps++ == MAX_STEPS)
        return refuse(r, net, "is reached in more ways than the nets of a pyramid are");
    if (group == CF_INPUT) {
        r->form[row] += factor;
        return llabs(r->form[row]) < limit || refuse(r, net, "has too large a weight in a classifier");
    }
    if (r->parts_of[row] == SIZE_MAX && !read_row(r, row, net))
        return false;
    for (uint32_t i = 0; i < r->part_count[row]; i++) {
        struct part part = r->parts[r->parts_of[row] + i];
        int64_t product;
        if (__builtin_mul_overflow(factor, part.factor, &product) || llabs(product) >= limit)
            return refuse(r, net, "has too large a weight");
        if (!add_row(r, part.row, product))
            return false;
    }
    return true;
}

/* ---- the pyramid's formulas ---- */

/* wanted += factor * P[scale][i,j] */
static void want_pool(struct reader *r, uint32_t scale, uint32_t i, uint32_t j, int64_t factor)
{
    uint32_t side = UINT32_C(1) << scale;
    for (uint32_t y = i * side; y < (i + 1) * side; y++)
        for (uint32_t x = j * side; x < (j + 1) * side; x++)
            r->wanted[(size_t)y * r->pyramid->columns + x] += factor;
}

/* The second nearest coarse position to fine position i, beside i/2, in a grid of `count`; at an edge i/2 itself. */
static uint32_t neighbour(uint32_t i, uint32_t count)
{
    uint32_t half = i / 2;
    return i % 2 ? (half + 1 < count ? half + 1 : half) : (half > 0 ? half - 1 : half);
}

static void want_band(struct reader *r, enum cf_band band, uint32_t scale, uint32_t i, uint32_t j)
{
    uint32_t rows = r->pyramid->rows >> (scale + 1), columns = r->pyramid->columns >> (scale + 1);
    memset(r->wanted, 0, (size_t)r->pyramid->rows * r->pyramid->columns * sizeof *r->wanted);
    if (band == CF_BAND_BILINEAR) {
        uint32_t y[2] = {i / 2, neighbour(i, rows)}, x[2] = {j / 2, neighbour(j, columns)};
        want_pool(r, scale, i, j, 64);
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++)
                want_pool(r, scale + 1, y[a], x[b], (a ? -1 : -3) * (b ? 1 : 3));
    } else if (band == CF_BAND_NEAREST) {
        want_pool(r, scale, i, j, 4);
        want_pool(r, scale + 1, i / 2, j / 2, -1);
    } else {
        want_pool(r, scale, i, j, 1);
    }
}

static bool is_band(struct reader *r, enum cf_band band, uint32_t scale, uint32_t i, uint32_t j)
{
    uint32_t side = UINT32_C(2) << scale;
    if (band != CF_BAND_GRID && (r->pyramid->rows % side || r->pyramid->columns % side))
        return false;
    want_band(r, band, scale, i, j);
    return memcmp(r->form, r->wanted, (size_t)r->pyramid->rows * r->pyramid->columns * sizeof *r->form) == 0;
}

/* ---- classifiers ---- */

/* The net at which the row begins that the gates of a position read; UINT32_MAX where none of them has a term. */
static uint32_t source_net(const struct reader *r, const struct cf_group *group, uint32_t position)
{
    for (uint32_t c = 0; c < r->pyramid->classes; c++) {
        uint32_t index = position * r->pyramid->classes + c;
        const struct cf_cell *cell = &r->netlist->cells[group->cell[index]];
        if (cell->term_count == 0)
            continue;
        uint32_t source = cf_instance_bases(group, index)[cell->terms[0].port] + cell->terms[0].offset;
        uint32_t from = cf_netlist_group_of(r->netlist, source), first = r->netlist->groups[from].first_net;
        return r->first_row[from] == UINT32_MAX ? UINT32_MAX : source - (source - first) % r->pyramid->channels;
    }
    return UINT32_MAX;
}

/* Reads a classifier's weights, or compares them with those of the first position. */
static bool read_classifier(struct reader *r, const struct cf_group *group, uint32_t index, uint32_t source,
                            int32_t *found)
{
    struct cf_pyramid *p = r->pyramid;
    uint32_t net = group->first_net + index, class = index % p->classes, scale = 0;
    const struct cf_cell *cell = &r->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    if (cell->activation != CF_STEP || !cf_cell_is_plain(cell))
        return refuse(r, net, "is an output, and is no threshold gate");
    while (&r->netlist->groups[p->group[scale]] != group)
        scale++;
    bool first = scale == 0 && index < p->classes;
    int32_t *weight = first ? p->weight + (size_t) class * p->channels : found;
    memset(weight, 0, p->channels * sizeof *weight);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        uint32_t channel = bases[term->port] + term->offset - source;
        if (channel >= p->channels)
            return refuse(r, net, "reads other positions than the classes beside it");
        if (term->shift > 16 || term->weight > INT16_MAX || term->weight < INT16_MIN)
            return refuse(r, net, "has a weight of more than 16 bits");
        weight[channel] += term->weight * (1 << term->shift);
    }
    for (uint32_t d = 0; d < p->channels; d++)
        if (weight[d] > INT16_MAX || weight[d] < INT16_MIN)
            return refuse(r, net, "has a weight of more than 16 bits");
    if (!first && memcmp(found, p->weight + (size_t) class * p->channels, p->channels * sizeof *found) != 0)
        return refuse(r, net, "has other weights than its class has at the first position");
    int64_t *bias = &p->bias[(size_t)scale * p->classes + class];
    if (index < p->classes)
        *bias = cell->bias;
    return *bias == cell->bias || refuse(r, net, "has another threshold than its class has at the first position");
}

static bool read_position(struct reader *r, uint32_t scale, uint32_t position, int32_t *found)
{
    struct cf_pyramid *p = r->pyramid;
    const struct cf_group *group = &r->netlist->groups[p->group[scale]];
    uint32_t columns = p->columns >> scale, source = source_net(r, group, position), from;
    uint32_t net = group->first_net + position * p->classes;
    if (source == UINT32_MAX)
        return refuse(r, net,
                      "and the classes beside it do not read a row of as many nets as the input has channels; the "
                      "accelerator takes no bottleneck");
    for (uint32_t c = 0; c < p->classes; c++)
        if (!read_classifier(r, group, position * p->classes + c, source, found))
            return false;
    from = cf_netlist_group_of(r->netlist, source);
    memset(r->form, 0, (size_t)p->rows * p->columns * sizeof *r->form);
    r->steps = 0;
    if (!add_row(r, r->first_row[from] + (source - r->netlist->groups[from].first_net) / p->channels, 1))
        return false;
    uint32_t i = position / columns, j = position % columns;
    if (position == 0)
        for (p->band[scale] = CF_BAND_GRID; p->band[scale] < CF_BAND_BILINEAR; p->band[scale]++)
            if (is_band(r, p->band[scale], scale, 0, 0))
                break;
    return is_band(r, p->band[scale], scale, i, j) ||
           refuse(r, net, "does not read what its scale of a pyramid holds at its position");
}

/* ---- the whole ---- */

/* Says why a group of outputs is not the classifiers of the next scale. */
static bool refuse_output(struct reader *r, const struct cf_group *group)
{
    const char *pad = cf_netlist_meta(r->netlist, "compile.pad");
    if (group->count > 0 && r->netlist->cells[group->cell[0]].activation != CF_STEP)
        return cf_fail(r->err,
                       "%s: group '%s' has outputs that are no threshold gates, which the accelerator does not take",
                       r->netlist->label, group->name);
    if (pad)
        return cf_fail(r->err,
                       "%s: group '%s' is a scale of a grid padded with %s, which the accelerator does not take",
                       r->netlist->label, group->name, strcmp(pad, "edge") == 0 ? "its edge" : "zeros");
    return refuse(r, group->first_net, "is an output in a group whose shape is not that of the next scale");
}

/* Finds the outputs: scale k has rows >> k by columns >> k positions. */
static bool find_scales(struct reader *r)
{
    const struct cf_netlist *netlist = r->netlist;
    struct cf_pyramid *p = r->pyramid;
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        if (!group->output)
            continue;
        if (p->scales == 0)
            p->classes = cf_group_lanes(group);
        if (p->scales == CF_PYRAMID_MAX_SCALES)
            return refuse(r, group->first_net, "belongs to a ninth scale; 8 is the most");
        uint32_t side = UINT32_C(1) << p->scales;
        if (group->rank != 3 || p->rows % side || p->columns % side || group->shape[0] != p->rows / side ||
            group->shape[1] != p->columns / side || group->shape[2] != p->classes || group->count == 0)
            return refuse_output(r, group);
        p->group[p->scales++] = g;
    }
    return p->scales > 0 || cf_fail(r->err, "%s: has no output", netlist->label);
}

static bool prepare(struct reader *r)
{
    const struct cf_netlist *netlist = r->netlist;
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    struct cf_pyramid *p = r->pyramid;
    if (!cf_groups_are_plain(netlist, 1, netlist->group_count, "the accelerator", r->err))
        return false;
    if (input->rank != 3 || input->count == 0)
        return cf_fail(r->err, "%s: its input is no grid of channels", netlist->label);
    if (netlist->group_count > MAX_GROUPS)
        return cf_fail(r->err, "%s: has %u groups of gates, more than a pyramid has", netlist->label,
                       netlist->group_count - 1);
    p->rows = input->shape[0];
    p->columns = input->shape[1];
    p->channels = input->shape[2];
    p->input = input->type;
    r->first_row = malloc(netlist->group_count * sizeof *r->first_row);
    if (!r->first_row)
        return no_memory(r);
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        bool rows = cf_group_lanes(&netlist->groups[g]) == p->channels;
        r->first_row[g] = rows ? r->row_count : UINT32_MAX;
        r->row_count += rows ? netlist->groups[g].count / p->channels : 0;
    }
    size_t positions = (size_t)p->rows * p->columns;
    r->parts_of = malloc(r->row_count * sizeof *r->parts_of);
    r->part_count = calloc(r->row_count, sizeof *r->part_count);
    r->form = calloc(positions, sizeof *r->form);
    r->wanted = calloc(positions, sizeof *r->wanted);
    if (!r->parts_of || !r->part_count || !r->form || !r->wanted)
        return no_memory(r);
    memset(r->parts_of, 0xff, r->row_count * sizeof *r->parts_of);
    return find_scales(r);
}

static bool read_scales(struct reader *r)
{
    struct cf_pyramid *p = r->pyramid;
    p->weight = calloc(p->classes, (size_t)p->channels * sizeof *p->weight);
    p->bias = calloc(p->scales, (size_t)p->classes * sizeof *p->bias);
    int32_t *found = malloc((size_t)p->channels * sizeof *found);
    bool done = (p->weight && p->bias && found) || no_memory(r);
    for (uint32_t s = 0; done && s < p->scales; s++) {
        uint32_t positions = (p->rows >> s) * (p->columns >> s);
        for (uint32_t i = 0; done && i < positions; i++)
            done = read_position(r, s, i, found);
        if (done && s + 1 < p->scales && p->band[s] == CF_BAND_GRID)
            done = refuse(r, r->netlist->groups[p->group[s]].first_net,
                          "reads a grid that is not subtracted from, though further scales follow");
    }
    free(found);
    return done;
}

bool cf_pyramid_read(struct cf_pyramid *pyramid, const struct cf_netlist *netlist, struct cf_error *err)
{
    assert(cf_netlist_is_valid(netlist));
    *pyramid = (struct cf_pyramid){0};
    struct reader r = {.netlist = netlist, .pyramid = pyramid, .err = err};
    bool done = prepare(&r) && read_scales(&r);
    free(r.first_row);
    free(r.parts_of);
    free(r.part_count);
    free(r.parts);
    free(r.form);
    free(r.wanted);
    free(r.lane);
    if (!done)
        cf_pyramid_free(pyramid);
    return done;
}

void cf_pyramid_free(struct cf_pyramid *pyramid)
{
    free(pyramid->weight);
    free(pyramid->bias);
    *pyramid = (struct cf_pyramid){0};
}
