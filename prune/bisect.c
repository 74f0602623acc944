/* bisect.c - finds, for each tensor and for all jointly, the most zeros that keep the mAP, and then stacks the
 * findings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prune/prune.h"

enum { FINENESS = 256 }; /* a bisection ends within so small a part of the numbers */

struct bisection {
    struct cf_prune *p;
    uint8_t *base, *trial; /* the mask that zeros are added to, and with them */
    size_t *order;         /* [count] of the numbers at hand, smallest first */
    size_t count;
    const char *name;
};

/* What one tensor gave. */
struct finding {
    uint32_t tensor;
    size_t zeros;
};

static void tell(const struct bisection *b, size_t zeros)
{
    char text[CF_PRUNE_NAME + 48];
    snprintf(text, sizeof text, "%s, %zu of %zu zeros", b->name, zeros, b->count);
    if (b->p->tell)
        b->p->tell(b->p->context, text);
}

/* Does the base with this many more zeros keep the mAP? */
static bool keeps(struct bisection *b, size_t zeros, bool proxy, bool *kept, struct cf_verdict *verdict,
                  struct cf_error *err)
{
    struct cf_prune *p = b->p;
    tell(b, zeros);
    memcpy(b->trial, b->base, p->weights->count);
    for (size_t i = 0; i < zeros; i++)
        b->trial[b->order[i]] = 1;
    if (!cf_prune_measure(p, b->trial, proxy, verdict, err))
        return false;
    *kept = !p->interrupted && verdict->map >= p->base[proxy].map - p->options.tolerance;
    return true;
}

/* The most zeros that the proxy lets pass, taking for granted that more zeros are never better. */
static bool bisect(struct bisection *b, size_t *zeros, struct cf_error *err)
{
    size_t good = 0, bad = b->count + 1;
    while (bad - good > 1 + b->count / FINENESS && !b->p->interrupted) {
        size_t middle = good + (bad - good) / 2;
        struct cf_verdict verdict;
        bool kept;
        if (!keeps(b, middle, true, &kept, &verdict, err))
            return false;
        if (kept)
            good = middle;
        else
            bad = middle;
    }
    *zeros = good;
    return true;
}

/* All frames decide in the end: the number of zeros is halved until they agree. The trial then holds the mask to
 * which they agreed. */
static bool verify(struct bisection *b, size_t *zeros, struct cf_verdict *verdict, struct cf_error *err)
{
    for (bool kept = false; *zeros > 0 && !b->p->interrupted; *zeros /= 2) {
        if (!keeps(b, *zeros, false, &kept, verdict, err))
            return false;
        if (kept)
            return true;
    }
    *zeros = 0;
    return true;
}

/* Numbers [first, first + count) alone. */
static bool search_run(struct bisection *b, const char *name, size_t first, size_t count, size_t *zeros,
                       struct cf_error *err)
{
    struct cf_verdict verdict;
    b->name = name;
    b->count = cf_prune_order(b->p->weights, b->base, first, count, b->order);
    *zeros = 0;
    if (!bisect(b, zeros, err) || !verify(b, zeros, &verdict, err))
        return false;
    return *zeros == 0 || cf_prune_add_point(b->p, name, b->trial, &verdict, err);
}

/* The most zeros first; of equal ones the tensor that stands first. */
static int compare_findings(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    return x->zeros != y->zeros ? (x->zeros < y->zeros) - (x->zeros > y->zeros)
                                : (x->tensor > y->tensor) - (x->tensor < y->tensor);
}

static bool stack(struct bisection *b, struct finding *findings, struct cf_error *err)
{
    const struct cf_prune_weights *w = b->p->weights;
    qsort(findings, w->tensor_count, sizeof *findings, compare_findings);
    bool done = true;
    for (uint32_t i = 0, level = 1; done && i < w->tensor_count && !b->p->interrupted; i++) {
        const struct cf_prune_tensor *tensor = &w->tensors[findings[i].tensor];
        size_t zeros = findings[i].zeros;
        struct cf_verdict verdict;
        char name[CF_PRUNE_NAME];
        snprintf(name, sizeof name, "stack %u", level);
        b->name = name;
        b->count = cf_prune_order(w, b->base, tensor->first, tensor->count, b->order);
        done = verify(b, &zeros, &verdict, err);
        if (!done || zeros == 0 || b->p->interrupted)
            continue;
        memcpy(b->base, b->trial, w->count);
        done = level++ == 1 || cf_prune_add_point(b->p, name, b->base, &verdict, err); /* the first is a single */
    }
    return done;
}

static bool search(struct bisection *b, struct finding *findings, struct cf_error *err)
{
    const struct cf_prune_weights *w = b->p->weights;
    for (uint32_t t = 0; t < w->tensor_count && !b->p->interrupted; t++) {
        char name[CF_PRUNE_NAME];
        snprintf(name, sizeof name, "only %.64s", w->tensors[t].name);
        findings[t].tensor = t;
        if (!search_run(b, name, w->tensors[t].first, w->tensors[t].count, &findings[t].zeros, err))
            return false;
    }
    size_t zeros;
    if (!b->p->interrupted && !search_run(b, "joint", 0, w->count, &zeros, err))
        return false;
    return b->p->interrupted || stack(b, findings, err);
}

bool cf_prune_bisect(struct cf_prune *p, struct cf_error *err)
{
    size_t count = p->weights->count;
    struct bisection b = {
        .p = p, .base = malloc(count), .trial = malloc(count), .order = malloc(count * sizeof *b.order)};
    struct finding *findings = calloc((size_t)p->weights->tensor_count + 1, sizeof *findings);
    bool done = (b.base && b.trial && b.order && findings) || cf_fail(err, "%s: out of memory", p->weights->head.label);
    if (done) {
        memcpy(b.base, p->weights->zero, count);
        done = search(&b, findings, err);
    }
    free(b.base);
    free(b.trial);
    free(b.order);
    free(findings);
    return done;
}
