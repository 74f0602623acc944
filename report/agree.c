/* agree.c - compares decisions in integers with the head's own in double precision. */
#include "report/agree.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "compiler/floatmodel.h"
#include "compiler/weights.h"
#include "sim/storage.h"

static const double usual_scores[CF_AGREE_SCORES - 1] = {0.5, 0.3, 0.1};

void cf_agreement_free(struct cf_agreement *agreement)
{
    free(agreement->frames);
    free(agreement->unequal);
    *agreement = (struct cf_agreement){0};
}

double cf_bias_as_int8(const struct cf_head *head, uint32_t class_index, bool *fits)
{
    const struct cf_head_layer *layer = &head->layer[CF_ROLE_CLS][0];
    double units = nearbyint(layer->bias[class_index] / layer->scale[class_index]);
    double clamped = fmin(fmax(units, -127), 127);
    *fits = fabs(units) < 127;
    return clamped * layer->scale[class_index];
}

/* The integer thresholds of one class at all scores, and the threshold with its bias as INT8. */
struct limits {
    int64_t own; /* compiled in */
    int64_t at[CF_AGREE_SCORES];
    int64_t int8; /* at scores[0], with the bias as INT8 */
};

static int64_t threshold(double bias, int frac, const struct cf_netlist *n, uint32_t c)
{
    int64_t found;
    cf_threshold(bias, frac, n->input_scale, n->class_scale[c], &found); /* beyond the range: the end of it */
    return found;
}

static struct limits *limits_of(const struct cf_agreement *a, const struct cf_sums *sums, const struct cf_head *head,
                                uint32_t k)
{
    const struct cf_netlist *n = sums->netlist;
    const struct cf_group *group = &n->groups[sums->groups[k]];
    struct limits *limits = malloc(head->classes * sizeof *limits);
    for (uint32_t c = 0; limits && c < head->classes; c++) {
        int frac = n->cells[group->cell[c]].ports[0].frac;
        bool fits;
        limits[c].own = n->cells[group->cell[c]].bias;
        for (int s = 0; s < CF_AGREE_SCORES; s++)
            limits[c].at[s] = threshold(head->layer[CF_ROLE_CLS][0].bias[c] - cf_logit(a->scores[s]), frac, n, c);
        limits[c].int8 = threshold(cf_bias_as_int8(head, c, &fits) - cf_logit(a->scores[0]), frac, n, c);
    }
    return limits;
}

static bool keep_unequal(struct cf_agreement *a, struct cf_unequal one, struct cf_error *err)
{
    if (!cf_array_reserve(&a->unequal, &a->unequal_capacity, a->unequal_count + 1, sizeof *a->unequal))
        return cf_fail(err, "out of memory");
    a->unequal[a->unequal_count++] = one;
    return true;
}

struct scale {
    const struct cf_sums *sums;
    const struct cf_head *head;
    const struct limits *limits;
    const void *values;
    enum cf_storage storage;
    const double *logits;         /* of the head */
    double cuts[CF_AGREE_SCORES]; /* the scores as logits */
    uint32_t k;
    uint64_t frame;
};

static bool compare_gate(struct cf_agreement *a, const struct scale *s, size_t i, struct cf_error *err)
{
    uint32_t c = (uint32_t)(i % s->head->classes);
    const struct limits *limits = &s->limits[c];
    int64_t products = cf_storage_get(s->values, s->storage, i) - limits->own; /* w . s */
    double limit = s->cuts[0], unit = s->sums->units[s->k][c], logit = s->logits[i];
    bool own = products + limits->at[0] >= 0, of_head = logit - limit >= 0;
    double found = (double)products * unit + s->head->layer[CF_ROLE_CLS][0].bias[c];
    struct cf_tally *frame = &a->frames[a->frame_count - 1];
    cf_tally_gate(&a->own[s->k], of_head, own);
    cf_tally_gate(frame, of_head, own);
    cf_tally_gate(&a->int8_biases, own, products + limits->int8 >= 0);
    a->threshold_differs += own != (found - limit >= 0);
    a->error2[s->k] += (found - logit) * (found - logit);
    for (int t = 0; t < CF_AGREE_SCORES; t++)
        cf_tally_gate(&a->total[t], logit - s->cuts[t] >= 0, products + limits->at[t] >= 0);
    const struct cf_group *group = &s->sums->netlist->groups[s->sums->groups[s->k]];
    return own == of_head ||
           keep_unequal(a, (struct cf_unequal){group->first_net + (uint32_t)i, s->frame, fabs(logit - limit)}, err);
}

static bool compare_frame(struct cf_agreement *a, const struct cf_sums *sums, const struct cf_head *head,
                          uint64_t frame, const double *logits, const cofiber_result *result, struct cf_error *err)
{
    bool done = true;
    for (uint32_t k = 0; done && k < sums->scale_count; k++) {
        cofiber_storage storage;
        struct limits *limits = limits_of(a, sums, head, k);
        struct scale scale = {.sums = sums, .head = head, .limits = limits, .logits = logits, .k = k, .frame = frame};
        scale.values = cofiber_values(result, sums->groups[k], &storage);
        scale.storage = (enum cf_storage)storage;
        for (int t = 0; t < CF_AGREE_SCORES; t++)
            scale.cuts[t] = cf_logit(a->scores[t]);
        size_t count = sums->netlist->groups[sums->groups[k]].count;
        done = limits || cf_fail(err, "%s: out of memory", head->label);
        for (size_t i = 0; done && i < count; i++)
            done = compare_gate(a, &scale, i, err);
        logits += count;
        free(limits);
    }
    return done;
}

bool cf_agreement_add(struct cf_agreement *a, const struct cf_sums *sums, const struct cf_head *head,
                      const struct cf_compile_options *options, uint64_t frame, const double *features,
                      const cofiber_result *result, struct cf_error *err)
{
    assert(sums->classes == head->classes);
    a->scales = sums->scale_count;
    a->scores[0] = options->score_threshold;
    for (int t = 1; t < CF_AGREE_SCORES; t++)
        a->scores[t] = usual_scores[t - 1];
    if (!cf_array_reserve(&a->frames, &a->frame_capacity, a->frame_count + 1, sizeof *a->frames))
        return cf_fail(err, "%s: out of memory", head->label);
    a->frames[a->frame_count++] = (struct cf_tally){0};
    struct cf_float_result of_head = {0};
    bool done = (cf_float_run(head, options, features, &of_head) || cf_fail(err, "%s: out of memory", head->label)) &&
                compare_frame(a, sums, head, frame, of_head.logits, result, err);
    cf_float_free(&of_head);
    return done;
}

static int by_distance(const void *a, const void *b)
{
    const struct cf_unequal *x = a, *y = b;
    return (x->distance > y->distance) - (x->distance < y->distance);
}

void cf_agreement_finish(struct cf_agreement *agreement)
{
    if (agreement->unequal_count)
        qsort(agreement->unequal, agreement->unequal_count, sizeof *agreement->unequal, by_distance);
}
