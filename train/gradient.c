/* gradient.c - goes forward and backward through a head, frame by frame. */
#include "train/gradient.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "train/losses.h"

static const float norm_eps = 1e-5f; /* PyTorch's, which `compile` takes as well */

/* What reads the bands: the bottleneck, or else all rows. */
static uint32_t first_rows(const struct cf_model *model)
{
    return model->project ? model->project : model->rows;
}

/* How many foldings there are: one for each scale where each has a LayerNorm of its own. */
static uint32_t foldings(const struct cf_model *model)
{
    return model->boxes ? model->scales : 1;
}

/* ---- folding ----------------------------------------------------------------------------------------------------- */

bool cf_folded_new(struct cf_folded *folded, const struct cf_model *model, double alpha, struct cf_arena *arena)
{
    *folded = (struct cf_folded){.model = model, .alpha = alpha};
    bool done = true;
    for (uint32_t f = 0; f < foldings(model); f++) {
        folded->weight[f] = cf_arena_alloc(arena, first_rows(model), model->channels * sizeof(float));
        folded->bias[f] = cf_arena_alloc(arena, first_rows(model), sizeof(float));
        done = done && folded->weight[f] && folded->bias[f];
    }
    return done;
}

static const float *first_weights(const struct cf_model *model, const float *parameters)
{
    return parameters + (model->project ? model->project_at : model->weight_at);
}

static void fold_row(const float *weight, const float *gamma, const float *beta, uint32_t channels, float *folded,
                     double *bias)
{
    for (uint32_t d = 0; d < channels; d++) {
        folded[d] = weight[d] * gamma[d];
        *bias += (double)weight[d] * (double)beta[d];
    }
}

void cf_folded_set(struct cf_folded *folded, const float *parameters)
{
    const struct cf_model *model = folded->model;
    uint32_t channels = model->channels;
    folded->parameters = parameters;
    for (uint32_t f = 0; f < foldings(model); f++)
        for (uint32_t r = 0; r < first_rows(model); r++) {
            const float *weight = first_weights(model, parameters) + (size_t)r * channels;
            float *to = folded->weight[f] + (size_t)r * channels;
            double bias = model->project ? 0 : (double)parameters[model->bias_at + r];
            const float *gamma = parameters + cf_model_gamma(model, f);
            if (model->boxes)
                fold_row(weight, gamma, gamma + channels, channels, to, &bias);
            else
                memcpy(to, weight, channels * sizeof *to);
            folded->bias[f][r] = (float)bias;
        }
}

/* ---- workers ----------------------------------------------------------------------------------------------------- */

bool cf_train_worker_new(struct cf_train_worker *w, const struct cf_model *model, const struct cf_blas *blas,
                         const struct cf_bands_shape *shape, struct cf_arena *arena)
{
    *w = (struct cf_train_worker){.model = model, .blas = blas, .kernels = cf_train_kernels(), .shape = *shape};
    size_t positions = w->positions = cf_bands_positions(shape), grid = (size_t)shape->height * shape->width;
    uint32_t rows = first_rows(model);
    w->plane = cf_arena_alloc(arena, grid, sizeof(float));
    w->scratch = cf_arena_alloc(arena, grid > 2 * positions ? grid : 2 * positions, sizeof(float));
    w->mean = cf_arena_alloc(arena, grid, sizeof(float));
    w->bands = cf_arena_alloc(arena, positions, model->channels * sizeof(float));
    w->inverse = cf_arena_alloc(arena, positions, sizeof(float));
    w->projected = cf_arena_alloc(arena, positions, model->project * sizeof(float));
    w->projected_slope = cf_arena_alloc(arena, positions, model->project * sizeof(float));
    w->outputs = cf_arena_alloc(arena, positions, model->rows * sizeof(float));
    w->owner = cf_arena_alloc(arena, positions, sizeof *w->owner);
    w->positives = cf_arena_alloc(arena, positions, sizeof *w->positives);
    w->logits = cf_arena_alloc(arena, positions, sizeof *w->logits);
    w->inner_products = cf_arena_alloc(arena, model->rows, model->project * sizeof(float));
    w->inner_sums = cf_arena_alloc(arena, model->rows, sizeof(double));
    w->out_slopes = cf_arena_alloc(arena, 4 * ((size_t)model->hidden + 1), sizeof(double));
    w->factor_slopes = cf_arena_alloc(arena, model->scales, sizeof(double));
    w->hidden = cf_arena_alloc(arena, 2 * (size_t)model->hidden, sizeof(double));
    bool done = w->plane && w->scratch && w->mean && w->bands && w->inverse && w->projected && w->projected_slope &&
                w->outputs && w->owner && w->positives && w->logits && w->inner_products && w->inner_sums &&
                w->out_slopes && w->factor_slopes && w->hidden;
    for (uint32_t f = 0; f < foldings(model); f++) {
        w->products[f] = cf_arena_alloc(arena, rows, model->channels * sizeof(float));
        w->row_sums[f] = cf_arena_alloc(arena, rows, sizeof(double));
        done = done && w->products[f] && w->row_sums[f];
    }
    return done;
}

void cf_train_worker_clear(struct cf_train_worker *w)
{
    const struct cf_model *model = w->model;
    for (uint32_t f = 0; f < foldings(model); f++) {
        memset(w->products[f], 0, (size_t)first_rows(model) * model->channels * sizeof(float));
        memset(w->row_sums[f], 0, first_rows(model) * sizeof(double));
    }
    memset(w->inner_products, 0, (size_t)model->rows * model->project * sizeof(float));
    memset(w->inner_sums, 0, model->rows * sizeof(double));
    memset(w->out_slopes, 0, 4 * ((size_t)model->hidden + 1) * sizeof(double));
    memset(w->factor_slopes, 0, model->scales * sizeof(double));
    w->losses = (struct cf_losses){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static size_t area_of(const struct cf_train_worker *w)
{
    return (size_t)w->shape.height * w->shape.width;
}

void cf_train_worker_begin_mean(struct cf_train_worker *w)
{
    memset(w->mean, 0, area_of(w) * sizeof *w->mean);
}

void cf_train_worker_mean(struct cf_train_worker *w)
{
    w->kernels->add(w->plane, area_of(w), w->mean);
}

void cf_train_worker_end_mean(struct cf_train_worker *w)
{
    for (size_t i = 0; i < area_of(w); i++)
        w->mean[i] /= (float)w->shape.channels;
    memset(w->inverse, 0, w->positions * sizeof *w->inverse);
}

void cf_train_worker_split(struct cf_train_worker *w, uint32_t channel)
{
    float *row = w->bands + (size_t)channel * w->positions;
    if (w->model->boxes)
        w->kernels->subtract(w->mean, area_of(w), w->plane);
    w->kernels->split(&w->shape, w->plane, row, w->scratch);
    if (w->model->boxes)
        w->kernels->add_squares(row, w->positions, w->inverse);
}

void cf_train_worker_end_split(struct cf_train_worker *w)
{
    if (w->model->boxes)
        w->kernels->invert(w->shape.channels, norm_eps, w->positions, w->inverse);
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

/* A product whose time is counted: the processor's on this thread, which others on the machine do not lengthen. */
static void multiply(struct cf_train_worker *w, size_t m, size_t n, size_t k, struct cf_matrix a, struct cf_matrix b,
                     float add, float *out, size_t stride)
{
    struct timespec start, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    cf_blas_multiply(w->blas, (int)m, (int)n, (int)k, a, b, add, out, (int)stride);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    w->product_seconds += (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
}

/* The positions that a folding reads: [first, first + count). */
static size_t range_of(const struct cf_train_worker *w, uint32_t folding, size_t *count)
{
    bool each = w->model->boxes;
    size_t first = each ? cf_bands_first(&w->shape, folding) : 0;
    *count = (each ? cf_bands_first(&w->shape, folding + 1) : w->positions) - first;
    return first;
}

static struct cf_matrix matrix(const float *data, size_t stride)
{
    return (struct cf_matrix){data, (int)stride, false};
}

static struct cf_matrix transposed(const float *data, size_t stride)
{
    return (struct cf_matrix){data, (int)stride, true};
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static void fill(float *values, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        values[i] = value;
}

/* The outputs of what reads the bands, at the positions of one folding. */
static void read_bands(struct cf_train_worker *w, const struct cf_folded *folded, uint32_t folding, float *out)
{
    const struct cf_model *model = w->model;
    size_t count, first = range_of(w, folding, &count);
    const float *bias = folded->bias[folding];
    for (uint32_t r = 0; !model->boxes && r < first_rows(model); r++)
        fill(out + r * w->positions + first, count, bias[r]);
    multiply(w, first_rows(model), count, model->channels, matrix(folded->weight[folding], model->channels),
             matrix(w->bands + first, w->positions), model->boxes ? 0 : 1, out + first, w->positions);
    for (uint32_t r = 0; model->boxes && r < first_rows(model); r++)
        w->kernels->scale(w->inverse + first, bias[r], count, out + r * w->positions + first);
}

void cf_train_worker_outputs(struct cf_train_worker *w, const struct cf_folded *folded)
{
    const struct cf_model *model = w->model;
    float *out = model->project ? w->projected : w->outputs;
    for (uint32_t f = 0; f < foldings(model); f++)
        read_bands(w, folded, f, out);
    if (!model->project)
        return;
    for (uint32_t r = 0; r < model->rows; r++)
        fill(w->outputs + r * w->positions, w->positions, folded->parameters[model->bias_at + r]);
    multiply(w, model->rows, w->positions, model->project,
             matrix(folded->parameters + model->weight_at, model->project), matrix(w->projected, w->positions), 1,
             w->outputs, w->positions);
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */

/* Where the outputs of a row at a position are. */
static float *output_at(const struct cf_train_worker *w, uint32_t row, const struct cf_positive *positive)
{
    return w->outputs + (size_t)row * w->positions + positive->position;
}

/* The classes' logits become their derivatives. A positive logit is kept aside while all are taken as negative, with
 * one in its place whose loss and derivative are 0. */
static void classify(struct cf_train_worker *w, const struct cf_folded *folded, size_t count)
{
    const float silent = -100;
    double *logits = w->logits;
    for (size_t i = 0; i < count; i++) {
        float *logit = output_at(w, w->positives[i].class_index, &w->positives[i]);
        logits[i] = (double)*logit;
        *logit = silent;
    }
    for (uint32_t c = 0; c < w->model->classes; c++)
        w->losses.classification +=
            w->kernels->focal(w->outputs + c * w->positions, w->positions, (float)(1 - folded->alpha));
    for (size_t i = 0; i < count; i++) {
        double slope;
        w->losses.classification += cf_focal_positive(logits[i], folded->alpha, &slope);
        *output_at(w, w->positives[i].class_index, &w->positives[i]) = (float)slope;
    }
}

/* The box head's outputs before exp, z [4]; hidden units go to w->hidden. */
static void box_outputs(const struct cf_train_worker *w, const struct cf_folded *folded,
                        const struct cf_positive *positive, double z[4])
{
    const struct cf_model *model = w->model;
    const float *out = folded->parameters + model->out_at;
    uint32_t hidden = model->hidden;
    for (uint32_t h = 0; h < hidden; h++)
        w->hidden[h] = fmax((double)*output_at(w, model->box_row + h, positive), 0);
    for (uint32_t side = 0; side < 4; side++) {
        z[side] = hidden ? (double)out[4 * hidden + side] : (double)*output_at(w, model->box_row + side, positive);
        for (uint32_t h = 0; h < hidden; h++)
            z[side] += (double)out[side * hidden + h] * w->hidden[h];
    }
}

/* Replaces the box head's outputs at a positive cell by the derivatives, which are `slopes` by z. */
static void box_slopes(struct cf_train_worker *w, const struct cf_folded *folded, const struct cf_positive *positive,
                       const double slopes[4])
{
    const struct cf_model *model = w->model;
    const float *out = folded->parameters + model->out_at;
    uint32_t hidden = model->hidden;
    for (uint32_t side = 0; !hidden && side < 4; side++)
        *output_at(w, model->box_row + side, positive) = (float)slopes[side];
    for (uint32_t h = 0; h < hidden; h++) {
        double slope = 0;
        for (uint32_t side = 0; side < 4; side++) {
            slope += slopes[side] * (double)out[side * hidden + h];
            w->out_slopes[side * hidden + h] += slopes[side] * w->hidden[h];
        }
        *output_at(w, model->box_row + h, positive) = w->hidden[h] > 0 ? (float)slope : 0;
    }
    for (uint32_t side = 0; hidden && side < 4; side++)
        w->out_slopes[4 * hidden + side] += slopes[side];
}

static void fit_box(struct cf_train_worker *w, const struct cf_folded *folded, const struct cf_positive *positive)
{
    double z[4], sides[4], slopes[4];
    double factor = (double)folded->parameters[w->model->factor_at + positive->scale];
    box_outputs(w, folded, positive, z);
    for (int side = 0; side < 4; side++)
        sides[side] = exp(factor * z[side]);
    w->losses.boxes += cf_giou(sides, positive->sides, slopes);
    for (int side = 0; side < 4; side++) {
        slopes[side] *= sides[side];
        w->factor_slopes[positive->scale] += slopes[side] * z[side];
        slopes[side] *= factor;
    }
    box_slopes(w, folded, positive, slopes);
}

/* Boxes and centerness count at positive cells alone. Their outputs there are read, all rows cleared, and the
 * derivatives written. */
static void fit_boxes(struct cf_train_worker *w, const struct cf_folded *folded, size_t count)
{
    const struct cf_model *model = w->model;
    for (size_t i = 0; i < count; i++) {
        double slope;
        float *centerness = output_at(w, model->ctr_row, &w->positives[i]);
        fit_box(w, folded, &w->positives[i]);
        w->losses.centerness += cf_cross_entropy((double)*centerness, w->positives[i].centerness, &slope);
        *centerness = (float)slope;
    }
    for (uint32_t r = model->box_row; r < model->rows; r++) {
        float *row = w->outputs + r * w->positions;
        size_t next = 0;
        for (size_t i = 0; i <= count; i++) {
            size_t end = i < count ? w->positives[i].position : w->positions;
            memset(row + next, 0, (end - next) * sizeof *row);
            next = end + 1;
        }
    }
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

static void add_row_sums(const struct cf_train_worker *w, const float *slopes, uint32_t rows, size_t first,
                         size_t count, double *sums)
{
    for (uint32_t r = 0; r < rows; r++)
        sums[r] += w->kernels->sum(slopes + r * w->positions + first, count);
}

/* Adds to G of one folding; with LayerNorms the slopes are scaled by the positions' deviations. */
static void add_products(struct cf_train_worker *w, uint32_t folding, float *slopes)
{
    const struct cf_model *model = w->model;
    size_t count, first = range_of(w, folding, &count);
    add_row_sums(w, slopes, first_rows(model), first, count, w->row_sums[folding]);
    for (uint32_t r = 0; model->boxes && r < first_rows(model); r++)
        w->kernels->scale(w->inverse + first, 0, count, slopes + r * w->positions + first);
    multiply(w, first_rows(model), model->channels, count, matrix(slopes + first, w->positions),
             transposed(w->bands + first, w->positions), 1, w->products[folding], model->channels);
}

static void go_back(struct cf_train_worker *w, const struct cf_folded *folded)
{
    const struct cf_model *model = w->model;
    float *slopes = w->outputs;
    if (model->project) {
        add_row_sums(w, w->outputs, model->rows, 0, w->positions, w->inner_sums);
        multiply(w, model->rows, model->project, w->positions, matrix(w->outputs, w->positions),
                 transposed(w->projected, w->positions), 1, w->inner_products, model->project);
        multiply(w, model->project, w->positions, model->rows,
                 transposed(folded->parameters + model->weight_at, model->project), matrix(w->outputs, w->positions), 0,
                 w->projected_slope, w->positions);
        slopes = w->projected_slope;
    }
    for (uint32_t f = 0; f < foldings(model); f++)
        add_products(w, f, slopes);
}

void cf_train_worker_add(struct cf_train_worker *w, const struct cf_folded *folded, size_t count)
{
    assert(count <= w->positions);
    cf_train_worker_outputs(w, folded);
    classify(w, folded, count);
    if (w->model->boxes)
        fit_boxes(w, folded, count);
    go_back(w, folded);
    w->losses.positives += (double)count;
}

/* The derivatives by one row of weights, and by the gamma and beta of one scale, which the row adds to. */
static void unfold_row(const float *product, double sum, const float *weight, const float *gamma, uint32_t channels,
                       float *slopes, float *gamma_slopes)
{
    const float *beta = gamma + channels;
    float *beta_slopes = gamma_slopes + channels;
    for (uint32_t d = 0; d < channels; d++) {
        slopes[d] += product[d] * gamma[d] + (float)sum * beta[d];
        gamma_slopes[d] += product[d] * weight[d];
        beta_slopes[d] += (float)sum * weight[d];
    }
}

void cf_train_worker_gradient(const struct cf_train_worker *w, const struct cf_folded *folded, float *gradient)
{
    const struct cf_model *model = w->model;
    const float *parameters = folded->parameters;
    memset(gradient, 0, model->count * sizeof *gradient);
    for (uint32_t f = 0; f < foldings(model); f++)
        for (uint32_t r = 0; r < first_rows(model); r++) {
            size_t at = (size_t)r * model->channels, gamma = cf_model_gamma(model, f);
            float *slopes = gradient + (model->project ? model->project_at : model->weight_at) + at;
            if (model->boxes)
                unfold_row(w->products[f] + at, w->row_sums[f][r], first_weights(model, parameters) + at,
                           parameters + gamma, model->channels, slopes, gradient + gamma);
            else
                memcpy(slopes, w->products[f] + at, model->channels * sizeof *slopes);
            if (!model->project)
                gradient[model->bias_at + r] += (float)w->row_sums[f][r];
        }
    for (uint32_t r = 0; model->project && r < model->rows; r++)
        gradient[model->bias_at + r] = (float)w->inner_sums[r];
    if (model->project)
        memcpy(gradient + model->weight_at, w->inner_products, (size_t)model->rows * model->project * sizeof *gradient);
    for (size_t i = 0; model->hidden && i < 4 * ((size_t)model->hidden + 1); i++)
        gradient[model->out_at + i] = (float)w->out_slopes[i];
    for (uint32_t k = 0; model->boxes && k < model->scales; k++)
        gradient[model->factor_at + k] = (float)w->factor_slopes[k];
}
