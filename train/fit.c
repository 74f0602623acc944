/* fit.c - fits a classifier behind a bottleneck to the logits of another head. */
#include "train/fit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "train/prototypes.h"

struct fit {
    struct cf_trainer *trainer;
    struct cf_train_worker *worker;
    struct cf_arena arena;
    uint32_t classes, width;        /* C, K */
    float *weight[CF_MODEL_SCALES]; /* W with gamma folded in, [C][D] */
    float *bias[CF_MODEL_SCALES];   /* b + W beta, [C] */
    float *logits;                  /* of a frame, [C][positions] */
    float *products;                /* of a frame, [K or C][K] */
    /* Sums over the positions so far; after the last frame, means and covariances. */
    double *y, *z;       /* [C], [K] */
    double *squares;     /* of y, [C] */
    double *zz, *yz;     /* [K][K], [C][K] */
    double *eigenvalues; /* of zz, [K] */
    uint64_t positions;
};

static bool make_room(struct fit *fit)
{
    struct cf_arena *arena = &fit->arena;
    uint32_t classes = fit->classes, width = fit->width, rows = classes > width ? classes : width;
    bool done = true;
    for (uint32_t k = 0; k < fit->trainer->model.scales; k++) {
        fit->weight[k] = cf_arena_alloc(arena, classes, fit->trainer->model.channels * sizeof(float));
        fit->bias[k] = cf_arena_alloc(arena, classes, sizeof(float));
        done = done && fit->weight[k] && fit->bias[k];
    }
    fit->logits = cf_arena_alloc(arena, fit->worker->positions, classes * sizeof(float));
    fit->products = cf_arena_alloc(arena, rows, width * sizeof(float));
    fit->y = cf_arena_alloc(arena, classes, sizeof(double));
    fit->z = cf_arena_alloc(arena, width, sizeof(double));
    fit->squares = cf_arena_alloc(arena, classes, sizeof(double));
    fit->zz = cf_arena_alloc(arena, width, width * sizeof(double));
    fit->yz = cf_arena_alloc(arena, classes, width * sizeof(double));
    fit->eigenvalues = cf_arena_alloc(arena, width, sizeof(double));
    return done && fit->logits && fit->products && fit->y && fit->z && fit->squares && fit->zz && fit->yz &&
           fit->eigenvalues;
}

static void fold(struct fit *fit, const double *prototypes, const double *biases)
{
    const struct cf_model *model = &fit->trainer->model;
    for (uint32_t k = 0; k < model->scales; k++) {
        const float *gamma = fit->trainer->state.parameters + cf_model_gamma(model, k), *beta = gamma + model->channels;
        for (uint32_t c = 0; c < fit->classes; c++) {
            const double *row = prototypes + (size_t)c * model->channels;
            double bias = biases[c];
            for (uint32_t d = 0; d < model->channels; d++) {
                fit->weight[k][(size_t)c * model->channels + d] = (float)(row[d] * (double)gamma[d]);
                bias += row[d] * (double)beta[d];
            }
            fit->bias[k][c] = (float)bias;
        }
    }
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

static struct cf_matrix matrix(const float *data, size_t stride, bool transpose)
{
    return (struct cf_matrix){data, (int)stride, transpose};
}

/* The prototypes' logits at all positions of the frame that the worker holds. */
static void compute_logits(struct fit *fit)
{
    const struct cf_train_worker *w = fit->worker;
    uint32_t channels = w->shape.channels;
    for (uint32_t k = 0; k < w->shape.scales; k++) {
        size_t first = cf_bands_first(&w->shape, k), count = cf_bands_first(&w->shape, k + 1) - first;
        cf_blas_multiply(w->blas, (int)fit->classes, (int)count, (int)channels, matrix(fit->weight[k], channels, false),
                         matrix(w->bands + first, w->positions, false), 0, fit->logits + first, (int)w->positions);
        for (uint32_t c = 0; c < fit->classes; c++)
            w->kernels->scale(w->inverse + first, fit->bias[k][c], count, fit->logits + c * w->positions + first);
    }
}

/* sums[rows][K] += left[rows][positions] z^T. */
static void add_products(struct fit *fit, const float *left, uint32_t rows, double *sums)
{
    const struct cf_train_worker *w = fit->worker;
    cf_blas_multiply(w->blas, (int)rows, (int)fit->width, (int)w->positions, matrix(left, w->positions, false),
                     matrix(w->projected, w->positions, true), 0, fit->products, (int)fit->width);
    for (size_t i = 0; i < (size_t)rows * fit->width; i++)
        sums[i] += (double)fit->products[i];
}

static void add_frame(struct fit *fit)
{
    struct cf_train_worker *w = fit->worker;
    cf_train_worker_outputs(w, &fit->trainer->folded);
    compute_logits(fit);
    add_products(fit, w->projected, fit->width, fit->zz);
    add_products(fit, fit->logits, fit->classes, fit->yz);
    for (uint32_t k = 0; k < fit->width; k++)
        fit->z[k] += w->kernels->sum(w->projected + k * w->positions, w->positions);
    for (uint32_t c = 0; c < fit->classes; c++) {
        const float *row = fit->logits + c * w->positions;
        fit->y[c] += w->kernels->sum(row, w->positions);
        for (size_t p = 0; p < w->positions; p++)
            fit->squares[c] += (double)row[p] * (double)row[p];
    }
    fit->positions += w->positions;
}

/* Sums become means, and sums of products covariances. */
static void centre(struct fit *fit)
{
    double by = 1 / (double)fit->positions;
    for (uint32_t k = 0; k < fit->width; k++)
        fit->z[k] *= by;
    for (uint32_t c = 0; c < fit->classes; c++) {
        fit->y[c] *= by;
        fit->squares[c] = fit->squares[c] * by - fit->y[c] * fit->y[c];
        for (uint32_t k = 0; k < fit->width; k++)
            fit->yz[(size_t)c * fit->width + k] = fit->yz[(size_t)c * fit->width + k] * by - fit->y[c] * fit->z[k];
    }
    for (uint32_t a = 0; a < fit->width; a++)
        for (uint32_t b = 0; b < fit->width; b++)
            fit->zz[(size_t)a * fit->width + b] = fit->zz[(size_t)a * fit->width + b] * by - fit->z[a] * fit->z[b];
}

/* ---- the solution ------------------------------------------------------------------------------------------------ */

/* One class: its row of cls and its bias, by the eigenvectors of C_zz. Directions in which z does not vary get no
 * weight. Gives the variance that the fit has. */
static double solve_class(const struct fit *fit, uint32_t c, float *row, float *bias)
{
    const double *covariance = fit->yz + (size_t)c * fit->width;
    double least = 1e-10 * fit->eigenvalues[fit->width - 1], explained = 0, offset = fit->y[c];
    for (uint32_t i = 0; i < fit->width; i++) {
        const double *vector = fit->zz + (size_t)i * fit->width;
        double along = 0;
        for (uint32_t k = 0; k < fit->width; k++)
            along += covariance[k] * vector[k];
        if (!(fit->eigenvalues[i] > least))
            continue;
        explained += along * along / fit->eigenvalues[i];
        for (uint32_t k = 0; k < fit->width; k++)
            row[k] += (float)(along / fit->eigenvalues[i] * vector[k]);
    }
    for (uint32_t k = 0; k < fit->width; k++)
        offset -= (double)row[k] * fit->z[k];
    *bias = (float)offset;
    return explained;
}

static bool solve(struct fit *fit, double *explained, struct cf_error *err)
{
    const struct cf_model *model = &fit->trainer->model;
    float *parameters = fit->trainer->state.parameters;
    double variance = 0, found = 0;
    if (!cf_blas_eigen(fit->worker->blas, (int)fit->width, fit->zz, fit->eigenvalues, err))
        return false;
    memset(parameters + model->weight_at, 0, (size_t)fit->classes * fit->width * sizeof *parameters);
    for (uint32_t c = 0; c < fit->classes; c++) {
        variance += fit->squares[c];
        found += solve_class(fit, c, parameters + model->weight_at + (size_t)c * fit->width,
                             parameters + model->bias_at + c);
    }
    *explained = variance > 0 ? found / variance : 1;
    return true;
}

static bool add_frames(struct fit *fit, struct cf_error *err)
{
    struct cf_trainer *t = fit->trainer;
    uint64_t count = t->data->count < CF_FIT_FRAMES ? t->data->count : CF_FIT_FRAMES;
    cf_folded_set(&t->folded, t->state.parameters);
    cf_trainer_order(t, 0);
    for (uint64_t i = 0; i < count; i++) {
        size_t positives;
        if (!cf_training_read(t->data, &t->grid, t->order[i], fit->worker, &positives, err))
            return false;
        add_frame(fit);
    }
    return true;
}

bool cf_fit_classes(struct cf_trainer *trainer, const struct cf_head *head, double *explained, struct cf_error *err)
{
    assert(trainer->model.project > 0 && trainer->state.step == 0);
    struct fit fit = {.trainer = trainer,
                      .worker = &trainer->workers[0],
                      .classes = trainer->model.classes,
                      .width = trainer->model.project};
    double *prototypes;
    if (!cf_prototypes_of(&prototypes, &trainer->model, head, err))
        return false;
    bool done = make_room(&fit) || cf_fail(err, "%s: out of memory", head->label);
    if (done) {
        fold(&fit, prototypes, cf_head_layer_of(head, CF_ROLE_CLS, 0)->bias);
        done = add_frames(&fit, err);
    }
    if (done) {
        centre(&fit);
        done = solve(&fit, explained, err);
    }
    cf_arena_free(&fit.arena);
    free(prototypes);
    return done;
}
