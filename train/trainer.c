/* trainer.c - takes the steps of a training run. */
#include "train/trainer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <string.h>

struct cf_training_options cf_training_defaults(void)
{
    return (struct cf_training_options){.epochs = 8,
                                        .batch = 64,
                                        .seed = 1,
                                        .rate = 1e-3,
                                        .decay = 1e-4,
                                        .warmup = 0.03,
                                        .clip = 5,
                                        .alpha = 0.25,
                                        .prior = 0.01,
                                        .stride = 16,
                                        .threads = 1};
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static bool make_workers(struct cf_trainer *t, const struct cf_blas *blas, const struct cf_bands_shape *shape)
{
    t->workers = cf_arena_alloc(&t->arena, (size_t)t->options.threads, sizeof *t->workers);
    bool done = t->workers != NULL;
    for (int i = 0; done && i < t->options.threads; i++)
        done = cf_train_worker_new(&t->workers[i], &t->model, blas, shape, &t->arena);
    return done;
}

static float *floats(struct cf_trainer *t)
{
    return cf_arena_alloc(&t->arena, t->model.count, sizeof(float));
}

static bool make_state(struct cf_trainer *t)
{
    struct cf_training_state *state = &t->state;
    *state = (struct cf_training_state){.parameters = floats(t), .mean = floats(t), .square = floats(t)};
    state->records = cf_arena_alloc(&t->arena, (size_t)t->steps, sizeof *state->records);
    state->average = t->options.average > 0 ? floats(t) : NULL;
    bool done = state->parameters && state->mean && state->square && state->records &&
                (state->average || t->options.average == 0);
    if (done)
        cf_model_initialise(&t->model, t->options.seed, t->options.prior, state->parameters);
    return done;
}

bool cf_trainer_new(struct cf_trainer *t, const struct cf_model *model, const struct cf_bands_shape *shape,
                    const struct cf_training_options *options, const struct cf_training_data *data,
                    const struct cf_blas *blas, const struct cf_exchange *exchange, struct cf_error *err)
{
    static const struct cf_exchange alone = {.size = 1};
    assert(options->epochs >= 1 && options->batch >= 1 && options->threads >= 1 && data->count >= 1);
    assert(model->channels == shape->channels && model->classes == data->classes);
    *t = (struct cf_trainer){.model = *model, .options = *options, .data = data, .ordered = UINT64_MAX};
    t->exchange = exchange ? exchange : &alone;
    t->grid = (struct cf_target_grid){shape->height, shape->width, shape->scales, options->stride};
    uint64_t batch = options->batch < data->count ? options->batch : data->count;
    t->steps_per_epoch = (data->count - 1) / batch + 1;
    t->shares = (size_t)((batch - 1) / CF_SHARE_FRAMES + 1);
    t->row_bytes = (model->count + model->count % 2) * sizeof(float) + sizeof(struct cf_losses);
    if (options->epochs > UINT32_MAX / t->steps_per_epoch)
        return cf_fail(err, "%" PRIu64 " epochs of %" PRIu64 " steps are more than 2^32 steps", options->epochs,
                       t->steps_per_epoch);
    t->steps = t->steps_per_epoch * options->epochs;
    t->gradient = floats(t);
    t->table = cf_arena_alloc(&t->arena, t->shares, t->row_bytes);
    t->order = cf_arena_alloc(&t->arena, (size_t)data->count, sizeof *t->order);
    if (t->gradient && t->table && t->order && make_state(t) && make_workers(t, blas, shape) &&
        cf_folded_new(&t->folded, &t->model, options->alpha, &t->arena))
        return true;
    cf_trainer_free(t);
    return cf_fail(err, "out of memory for a head of %zu parameters and %d threads", model->count, options->threads);
}

void cf_trainer_free(struct cf_trainer *t)
{
    cf_arena_free(&t->arena);
    *t = (struct cf_trainer){0};
}

/* ---- a batch ------------------------------------------------------------------------------------------------------
 */

/* The frames of a step: [first, first + count) in the order of its epoch. */
struct batch {
    uint64_t first, count;
};

void cf_trainer_order(struct cf_trainer *t, uint64_t epoch)
{
    uint64_t batch = t->options.batch < t->data->count ? t->options.batch : t->data->count;
    uint64_t share = t->options.own_parts && CF_SHARE_FRAMES < batch ? CF_SHARE_FRAMES : batch;
    cf_training_order(t->options.seed, epoch, t->order, t->data->count, batch, share);
    t->ordered = epoch;
}

static struct batch batch_of(struct cf_trainer *t, uint64_t step)
{
    uint64_t epoch = step / t->steps_per_epoch, first = step % t->steps_per_epoch * t->options.batch;
    uint64_t left = t->data->count - first;
    if (epoch != t->ordered)
        cf_trainer_order(t, epoch);
    return (struct batch){first, left < t->options.batch ? left : t->options.batch};
}

static uint8_t *row_of(const struct cf_trainer *t, size_t share)
{
    return t->table + share * t->row_bytes;
}

/* The losses stand at the end of a row, which is aligned for doubles. */
static struct cf_losses *losses_of(const struct cf_trainer *t, size_t share)
{
    return (struct cf_losses *)(void *)(row_of(t, share) + t->row_bytes - sizeof(struct cf_losses));
}

/* The frames of the next batch are read while this one is computed; at the end of an epoch their order is not known. */
static void read_ahead(const struct cf_trainer *t, uint64_t place)
{
    if (place + t->options.batch < t->data->count)
        cf_frames_prefetch(t->data->frames, t->order[place + t->options.batch]);
}

static bool compute_share(const struct cf_trainer *t, struct batch batch, size_t share, struct cf_train_worker *worker,
                          struct cf_error *err)
{
    uint64_t first = share * CF_SHARE_FRAMES, end = first + CF_SHARE_FRAMES;
    end = end < batch.count ? end : batch.count;
    cf_train_worker_clear(worker);
    for (uint64_t i = first; i < end; i++) {
        size_t positives;
        read_ahead(t, batch.first + i);
        if (!cf_training_read(t->data, &t->grid, t->order[batch.first + i], worker, &positives, err))
            return false;
        cf_train_worker_add(worker, &t->folded, positives);
    }
    cf_train_worker_gradient(worker, &t->folded, (float *)(void *)row_of(t, share));
    *losses_of(t, share) = worker->losses;
    return true;
}

/* Of several errors, that of the first share is reported. */
static bool compute_shares(struct cf_trainer *t, struct batch batch, size_t shares, struct cf_error *err)
{
    size_t first = cf_exchange_first(t->exchange->rank, t->exchange->size, shares);
    size_t end = cf_exchange_first(t->exchange->rank + 1, t->exchange->size, shares), failed = SIZE_MAX;
#pragma omp parallel for schedule(dynamic) num_threads(t->options.threads)
    for (size_t share = first; share < end; share++) {
        struct cf_error problem;
        if (compute_share(t, batch, share, &t->workers[omp_get_thread_num()], &problem))
            continue;
#pragma omp critical(cf_trainer_failure)
        if (share < failed) {
            failed = share;
            *err = problem;
        }
    }
    return failed == SIZE_MAX;
}

/* Adds the shares' gradients in their order, divided by the positives; gives the length of the sum. */
static double add_shares(struct cf_trainer *t, size_t shares, double positives)
{
    double square = 0;
    for (size_t i = 0; i < t->model.count; i++) {
        double sum = 0;
        for (size_t share = 0; share < shares; share++)
            sum += (double)((const float *)(const void *)row_of(t, share))[i];
        sum /= positives;
        t->gradient[i] = (float)sum;
        square += sum * sum;
    }
    return sqrt(square);
}

bool cf_trainer_gradient(struct cf_trainer *t, struct cf_step_record *record, struct cf_error *err)
{
    assert(t->state.step < t->steps);
    struct batch batch = batch_of(t, t->state.step);
    size_t shares = (size_t)((batch.count - 1) / CF_SHARE_FRAMES + 1);
    struct cf_losses losses = {0};
    cf_folded_set(&t->folded, t->state.parameters);
    if (!compute_shares(t, batch, shares, err) ||
        (t->exchange->size > 1 && !t->exchange->gather(t->exchange, t->table, shares, t->row_bytes, err)))
        return false;
    for (size_t share = 0; share < shares; share++) {
        const struct cf_losses *one = losses_of(t, share);
        losses.classification += one->classification;
        losses.boxes += one->boxes;
        losses.centerness += one->centerness;
        losses.positives += one->positives;
    }
    double by = losses.positives > 1 ? losses.positives : 1; /* a batch may have none */
    *record = (struct cf_step_record){.classification = losses.classification / by,
                                      .boxes = losses.boxes / by,
                                      .centerness = losses.centerness / by,
                                      .positives = losses.positives};
    record->loss = record->classification + record->boxes + record->centerness;
    record->norm = add_shares(t, shares, by);
    return (isfinite(record->loss) && isfinite(record->norm)) ||
           cf_fail(err, "the loss of step %" PRIu64 " is no longer finite", t->state.step + 1);
}

bool cf_trainer_step(struct cf_trainer *t, struct cf_error *err)
{
    struct cf_training_state *state = &t->state;
    struct cf_step_record record;
    if (!cf_trainer_gradient(t, &record, err))
        return false;
    const struct cf_adam adam = {state->parameters, state->mean, state->square, t->model.count};
    record.rate = cf_learning_rate(state->step, t->steps, t->options.warmup, t->options.rate);
    cf_adam_step(&adam, state->step, t->gradient, cf_clip_factor(record.norm, t->options.clip), record.rate,
                 t->options.decay);
    float keep = state->step ? (float)t->options.average : 0; /* the average begins with the first step's */
    for (size_t i = 0; state->average && i < t->model.count; i++)
        state->average[i] = keep * state->average[i] + (1 - keep) * state->parameters[i];
    state->records[state->step++] = record;
    return true;
}

const float *cf_trainer_result(const struct cf_trainer *t)
{
    return t->state.average && t->state.step ? t->state.average : t->state.parameters;
}

double cf_trainer_product_seconds(const struct cf_trainer *t)
{
    double seconds = 0;
    for (int i = 0; i < t->options.threads; i++)
        seconds += t->workers[i].product_seconds;
    return seconds;
}
