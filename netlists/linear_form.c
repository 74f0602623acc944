/* linear_form.c - follows a gate's sum back to the input, group by group from the last to the first. */
#include "netlists/linear_form.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"

/* The nets of one group that have a factor. */
struct bucket {
    uint32_t *nets;
    uint32_t count;
    size_t capacity;
};

struct cf_form_finder {
    const struct cf_netlist *netlist;
    int64_t *factor; /* [net_count]; zeros between calls */
    bool *touched;   /* [net_count]: in its group's bucket */
    struct bucket *buckets;
    int64_t *factors; /* of the form handed out */
    size_t factor_capacity;
    bool out_of_memory; /* in some call: a form that was not found may be there */
};

struct cf_form_finder *cf_form_finder_new(const struct cf_netlist *netlist)
{
    struct cf_form_finder *finder = calloc(1, sizeof *finder);
    if (!finder)
        return NULL;
    finder->netlist = netlist;
    finder->factor = calloc(netlist->net_count, sizeof *finder->factor);
    finder->touched = calloc(netlist->net_count, sizeof *finder->touched);
    finder->buckets = calloc(netlist->group_count, sizeof *finder->buckets);
    if (finder->factor && finder->touched && finder->buckets)
        return finder;
    cf_form_finder_free(finder);
    return NULL;
}

void cf_form_finder_free(struct cf_form_finder *finder)
{
    if (!finder)
        return;
    for (uint32_t g = 0; finder->buckets && g < finder->netlist->group_count; g++)
        free(finder->buckets[g].nets);
    free(finder->buckets);
    free(finder->factor);
    free(finder->touched);
    free(finder->factors);
    free(finder);
}

/* value += a * b, below 2^62 in size. */
static bool add_product(int64_t *value, int64_t a, int64_t b)
{
    const int64_t limit = INT64_C(1) << 62;
    int64_t product, sum;
    if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*value, product, &sum) || sum >= limit ||
        sum <= -limit)
        return false;
    *value = sum;
    return true;
}

bool cf_form_finder_failed(const struct cf_form_finder *finder)
{
    return finder->out_of_memory;
}

static bool no_memory(struct cf_form_finder *finder)
{
    finder->out_of_memory = true;
    return false;
}

/* Puts a net that gets a factor into its group's bucket. */
static bool touch(struct cf_form_finder *finder, uint32_t net)
{
    if (finder->touched[net])
        return true;
    struct bucket *bucket = &finder->buckets[cf_netlist_group_of(finder->netlist, net)];
    if (!cf_array_reserve(&bucket->nets, &bucket->capacity, (size_t)bucket->count + 1, sizeof *bucket->nets))
        return no_memory(finder);
    bucket->nets[bucket->count++] = net;
    finder->touched[net] = true;
    return true;
}

/* Replaces `factor` times the gate's sum by its terms. */
static bool expand(struct cf_form_finder *finder, uint32_t group_index, uint32_t net, int64_t factor, int64_t *constant)
{
    const struct cf_group *group = &finder->netlist->groups[group_index];
    uint32_t index = net - group->first_net;
    const struct cf_cell *cell = &finder->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    if (!add_product(constant, factor, cell->bias))
        return false;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t];
        uint32_t source = bases[term->port] + term->offset;
        int64_t weight;
        if (term->square || __builtin_mul_overflow((int64_t)term->weight, INT64_C(1) << term->shift, &weight) ||
            !touch(finder, source) || !add_product(&finder->factor[source], factor, weight))
            return false;
    }
    return true;
}

/* Replaces every gate that has a factor by its terms, the last group first. False at a step. */
static bool follow(struct cf_form_finder *finder, uint32_t last, int64_t *constant)
{
    for (uint32_t g = last; g > CF_INPUT; g--) {
        struct bucket *bucket = &finder->buckets[g];
        const struct cf_group *group = &finder->netlist->groups[g];
        for (uint32_t i = 0; i < bucket->count; i++) {
            uint32_t net = bucket->nets[i];
            int64_t factor = finder->factor[net];
            if (factor == 0)
                continue;
            if (finder->netlist->cells[group->cell[net - group->first_net]].activation != CF_LINEAR ||
                !expand(finder, g, net, factor, constant))
                return false;
        }
    }
    return true;
}

/* The factors that the inputs are left with become the form; the finder is clean again. */
static bool hand_out(struct cf_form_finder *finder, struct cf_linear_form *form)
{
    struct bucket *inputs = &finder->buckets[CF_INPUT];
    if (!cf_array_reserve(&finder->factors, &finder->factor_capacity, inputs->count, sizeof *finder->factors))
        return no_memory(finder);
    form->count = 0;
    for (uint32_t i = 0; i < inputs->count; i++) {
        int64_t factor = finder->factor[inputs->nets[i]];
        finder->factor[inputs->nets[i]] = 0;
        finder->touched[inputs->nets[i]] = false;
        if (factor) { /* an input whose factors cancel is no term */
            inputs->nets[form->count] = inputs->nets[i];
            finder->factors[form->count++] = factor;
        }
    }
    inputs->count = 0;
    form->input = inputs->nets;
    form->factor = finder->factors;
    return true;
}

/* Takes the factors off all nets of the groups from `from` on. */
static void clear(struct cf_form_finder *finder, uint32_t from)
{
    for (uint32_t g = from; g < finder->netlist->group_count; g++) {
        struct bucket *bucket = &finder->buckets[g];
        for (uint32_t i = 0; i < bucket->count; i++) {
            finder->factor[bucket->nets[i]] = 0;
            finder->touched[bucket->nets[i]] = false;
        }
        bucket->count = 0;
    }
}

bool cf_find_form(struct cf_form_finder *finder, uint32_t net, struct cf_linear_form *form)
{
    assert(net < finder->netlist->net_count);
    uint32_t group = cf_netlist_group_of(finder->netlist, net);
    form->constant = 0;
    form->count = 0;
    if (group == CF_INPUT)
        return false;
    bool done = expand(finder, group, net, 1, &form->constant) && follow(finder, group - 1, &form->constant);
    clear(finder, 1);
    done = done && hand_out(finder, form);
    if (!done)
        clear(finder, 0);
    return done;
}

int64_t cf_form_divisor(const struct cf_linear_form *form)
{
    int64_t divisor = 0;
    for (uint32_t i = 0; i < form->count && divisor != 1; i++)
        for (int64_t rest = form->factor[i] < 0 ? -form->factor[i] : form->factor[i]; rest;) {
            int64_t next = divisor % rest; /* by Euclid's algorithm */
            divisor = rest;
            rest = next;
        }
    return divisor;
}
