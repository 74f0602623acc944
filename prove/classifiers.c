/* classifiers.c - checks that every classifier is one row of weights, the same at all positions and scales.
 *
 * Let K be the form of band k at a position, which is the same in every channel where channels are separate. A gate
 * whose terms are w[d] times channel d of that band has the sum: sum over d of w[d] * K(x[d]), plus its bias. K is
 * linear, so that is K(sum over d of w[d] * x[d]): classify the raw input, then decompose. This needs the same w at
 * every position that K reads, hence at all of them, and at all scales.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vote.h"
#include "netlists/cell.h"
#include "prove/algebra_internal.h"

/* The classifiers of one scale. */
struct scale {
    const struct cf_profiles *profiles;
    uint32_t group, source, classes, positions;
    int64_t *first;   /* [classes][channels]: the weights at the first scale that has classifiers */
    int64_t *weights; /* [channels]: of the gate that is looked at */
    bool is_first;
};

/* The group's number for s<k>.classify of that level's grid, or UINT32_MAX. */
static uint32_t find_classifiers(const struct cf_profiles *p, uint32_t k)
{
    char name[32];
    snprintf(name, sizeof name, "s%u.classify", k);
    uint32_t g = cf_netlist_find_group(p->netlist, name);
    if (g == UINT32_MAX)
        return g;
    const struct cf_group *group = &p->netlist->groups[g];
    bool fits = group->rank == 3 && group->shape[0] == cf_level_height(p, k) && group->shape[1] == cf_level_width(p, k);
    return fits && cf_groups_are_plain(p->netlist, g, g + 1, "", NULL) ? g : UINT32_MAX;
}

/* The band or level that most of the gates read: its group. */
static uint32_t find_source(const struct cf_profiles *p, uint32_t g)
{
    const struct cf_group *group = &p->netlist->groups[g];
    struct cf_vote vote = {0};
    for (uint32_t i = 0; i < group->count; i++)
        cf_vote(&vote, cf_netlist_group_of(p->netlist, cf_instance_bases(group, i)[0]));
    return vote.leader;
}

/* The gate's weights by channel. False with a reason if it reads any net but those of its own position of the source.
 */
static bool read_weights(struct scale *s, uint32_t index, char *why)
{
    const struct cf_netlist *netlist = s->profiles->netlist;
    const struct cf_group *group = &netlist->groups[s->group];
    const struct cf_cell *cell = &netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    uint32_t first = cf_profile_net(s->profiles, s->source, index / s->classes, 0);
    memset(s->weights, 0, s->profiles->channels * sizeof *s->weights);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        uint32_t net = bases[term->port] + term->offset;
        int64_t weight;
        if (net < first || net >= first + s->profiles->channels) {
            snprintf(why, 160, "it reads another position or band than its own");
            return false;
        }
        if (__builtin_mul_overflow((int64_t)term->weight, INT64_C(1) << term->shift, &weight) ||
            __builtin_add_overflow(s->weights[net - first], weight, &s->weights[net - first])) {
            snprintf(why, 160, "a weight would pass 63 bits");
            return false;
        }
    }
    return true;
}

static bool same_weights(const struct scale *s, const int64_t *expected, char *why)
{
    for (uint32_t d = 0; d < s->profiles->channels; d++)
        if (s->weights[d] != expected[d]) {
            snprintf(why, 160, "its weight of channel %u is %lld, elsewhere %lld", d, (long long)s->weights[d],
                     (long long)expected[d]);
            return false;
        }
    return true;
}

/* Compares all gates of one class with the cell that most of them have. Gates of that cell that
 * read their own row of the source are compared once. */
static void check_class(struct scale *s, uint32_t class, struct cf_finding *finding)
{
    const struct cf_group *group = &s->profiles->netlist->groups[s->group];
    int64_t *expected = s->first + (size_t) class * s->profiles->channels;
    struct cf_vote vote = {0};
    char why[160] = "";
    for (uint32_t i = 0; i < s->positions; i++)
        cf_vote(&vote, group->cell[i * s->classes + class]);
    uint32_t usual = 0;
    while (usual + 1 < s->positions && group->cell[usual * s->classes + class] != vote.leader)
        usual++;
    int64_t bias = s->profiles->netlist->cells[vote.leader].bias;
    if (s->is_first && read_weights(s, usual * s->classes + class, why))
        memcpy(expected, s->weights, s->profiles->channels * sizeof *expected);
    bool leader_holds = false, known = false;
    for (uint32_t i = 0; i < s->positions; i++) {
        uint32_t index = i * s->classes + class, cell = group->cell[index];
        const uint32_t *bases = cf_instance_bases(group, index);
        bool plain =
            cell == vote.leader && group->ports == 1 && bases[0] == cf_profile_net(s->profiles, s->source, i, 0);
        bool holds = plain && known ? leader_holds : read_weights(s, index, why) && same_weights(s, expected, why);
        if (plain && !known) {
            leader_holds = holds;
            known = true;
        }
        if (holds && s->profiles->netlist->cells[cell].bias != bias) {
            snprintf(why, sizeof why, "its bias is %lld, at other positions %lld",
                     (long long)s->profiles->netlist->cells[cell].bias, (long long)bias);
            holds = false;
        }
        cf_finding_add(finding, holds, 1, group->first_net + index, why);
    }
}

/* True when the source is the scale's own band, or its level. The law does not apply to other classifiers, such as
 * those behind a bottleneck. */
static bool source_fits(const struct cf_profiles *p, uint32_t k, uint32_t source)
{
    return (k < p->bands && source == p->band_group[k]) || (k > 0 && k <= p->scales && source == p->level_group[k]);
}

static bool check_scale(struct scale *s, struct cf_finding *finding)
{
    const struct cf_profiles *p = s->profiles;
    const struct cf_group *group = &p->netlist->groups[s->group];
    s->positions = group->shape[0] * group->shape[1];
    if (!s->first) {
        s->classes = group->shape[2];
        s->is_first = true;
        s->first = calloc((size_t)s->classes * p->channels, sizeof *s->first);
    }
    if (!s->first)
        return false;
    if (group->shape[2] != s->classes) {
        cf_finding_add(finding, false, 1, group->first_net, "other scales have another number of classes");
        return true;
    }
    for (uint32_t c = 0; c < s->classes; c++)
        check_class(s, c, finding);
    s->is_first = false;
    return true;
}

bool cf_check_classifiers(const struct cf_profiles *profiles, struct cf_finding *finding)
{
    struct scale s = {.profiles = profiles, .weights = calloc(profiles->channels, sizeof *s.weights)};
    bool done = s.weights != NULL, any = false;
    for (uint32_t k = 0; done && k <= profiles->scales; k++) {
        s.group = find_classifiers(profiles, k);
        if (s.group == UINT32_MAX || !source_fits(profiles, k, s.source = find_source(profiles, s.group)))
            continue;
        any = true;
        done = check_scale(&s, finding);
    }
    finding->asked = any;
    free(s.first);
    free(s.weights);
    return done;
}
