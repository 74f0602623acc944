/* magnitude.c - prunes by magnitude, pass after pass, with a floor under the true positives. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prune/prune.h"

struct rounds {
    struct cf_prune *p;
    uint8_t *mask, *trial;
    size_t *order; /* the weights of all layers, smallest first */
    size_t count, next;
    uint64_t step;
    struct cf_verdict verdict; /* of the mask */
    uint64_t least;            /* true positives */
};

static void tell(const struct rounds *r, uint32_t round)
{
    char text[96];
    snprintf(text, sizeof text, "R%u, %zu weights left", round, r->count - r->next);
    if (r->p->tell)
        r->p->tell(r->p->context, text);
}

/* One pass: zeros for the next weights, half as many where they were needed. `*took`: how many it set. */
static bool pass(struct rounds *r, uint32_t round, uint64_t *took, struct cf_error *err)
{
    struct cf_prune *p = r->p;
    for (*took = 0; r->step > 0 && r->next < r->count; r->step /= 2) {
        uint64_t wanted = r->count - r->next < r->step ? r->count - r->next : r->step;
        struct cf_verdict verdict;
        tell(r, round);
        memcpy(r->trial, r->mask, p->weights->count);
        for (uint64_t i = 0; i < wanted; i++)
            r->trial[r->order[r->next + i]] = 1;
        if (!cf_prune_measure(p, r->trial, false, &verdict, err))
            return false;
        if (p->interrupted)
            return true;
        if (verdict.true_positives >= r->least) {
            memcpy(r->mask, r->trial, p->weights->count);
            r->verdict = verdict;
            r->next += wanted;
            *took = wanted;
            return true;
        }
    }
    return true;
}

static bool run_round(struct rounds *r, uint32_t round, bool *changed, struct cf_error *err)
{
    char name[CF_PRUNE_NAME];
    *changed = false;
    r->step = r->p->options.step;
    for (uint32_t i = 0; i < r->p->options.passes && !r->p->interrupted; i++) {
        uint64_t took;
        if (!pass(r, round, &took, err))
            return false;
        *changed = *changed || took > 0;
    }
    snprintf(name, sizeof name, "R%u", round);
    return !*changed || cf_prune_add_point(r->p, name, r->mask, &r->verdict, err);
}

/* The weights of linear layers, in one order over all of them. */
static void order_matrices(struct rounds *r)
{
    const struct cf_prune_weights *w = r->p->weights;
    memcpy(r->trial, r->mask, w->count);
    for (uint32_t t = 0; t < w->tensor_count; t++)
        if (!w->tensors[t].is_matrix)
            memset(r->trial + w->tensors[t].first, 1, w->tensors[t].count);
    r->count = cf_prune_order(w, r->trial, 0, w->count, r->order);
}

bool cf_prune_magnitude(struct cf_prune *p, struct cf_error *err)
{
    size_t count = p->weights->count;
    struct rounds r = {.p = p, .mask = malloc(count), .trial = malloc(count), .order = malloc(count * sizeof *r.order)};
    r.least = (uint64_t)ceil(p->options.floor * (double)p->base[0].true_positives);
    bool done = (r.mask && r.trial && r.order) || cf_fail(err, "%s: out of memory", p->weights->head.label);
    bool changed = true;
    if (done) {
        memcpy(r.mask, p->weights->zero, count);
        order_matrices(&r);
    }
    for (uint32_t round = 1; done && changed && !p->interrupted && round <= p->options.rounds; round++)
        done = run_round(&r, round, &changed, err);
    free(r.mask);
    free(r.trial);
    free(r.order);
    return done;
}
