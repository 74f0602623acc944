/* trainer.h - a training run, step by step.
 *
 * A step takes a batch of frames, in the order of the epoch. The batch is cut into shares of CF_SHARE_FRAMES frames;
 * the gradient of a share is summed frame by frame on one thread, and the shares' gradients in their order. Neither
 * depends on which thread or process computes a share, so the same seed gives the same bytes with any number of both.
 * A process computes the same shares of every batch; where shares have parts of the frames of their own, it reads its
 * parts alone.
 */
#ifndef COFIBER_TRAIN_TRAINER_H
#define COFIBER_TRAIN_TRAINER_H

#include "train/data.h"
#include "train/exchange.h"
#include "train/optimiser.h"

enum { CF_SHARE_FRAMES = 4 };

struct cf_training_options {
    uint64_t epochs, batch, seed;
    double rate, decay, warmup, clip; /* clip 0: none */
    double alpha, prior;              /* of the focal loss; the score that every class begins with */
    double average;                   /* a moving average of the parameters keeps this much at a step; 0: none */
    double stride;                    /* pixels of the frame from cell to cell of the input */
    bool own_parts; /* each share of a batch takes its frames from its own part of all (cf_training_order) */
    int threads;    /* at least 1; has no effect on the result */
};

/* The card's recipe: 8 epochs, batches of 64, rate 1e-3, decay 1e-4, warm-up 0.03, clip 5, alpha 0.25, prior 0.01, no
 * average, stride 16, seed 1, one thread. */
struct cf_training_options cf_training_defaults(void);

/* What a step was like. */
struct cf_step_record {
    double loss, classification, boxes, centerness; /* for each positive cell of the batch; loss is their sum */
    double positives;                               /* positive cells of the batch */
    double rate, norm;                              /* of the gradient, before it is clipped */
};

/* The part of a run that goes into a checkpoint. */
struct cf_training_state {
    uint64_t step;                     /* finished steps */
    float *parameters, *mean, *square; /* [model.count] */
    float *average;                    /* [model.count]; NULL: there is none */
    struct cf_step_record *records;    /* [steps] */
};

struct cf_trainer {
    struct cf_arena arena;
    struct cf_model model;
    struct cf_training_options options;
    const struct cf_training_data *data;
    const struct cf_exchange *exchange;
    struct cf_target_grid grid;
    uint64_t steps_per_epoch, steps;
    struct cf_training_state state;
    struct cf_folded folded;
    struct cf_train_worker *workers; /* [options.threads] */
    size_t shares;                   /* of a whole batch */
    size_t row_bytes;                /* of the table below: a gradient [count], then the losses */
    uint8_t *table;                  /* [shares][row_bytes] */
    float *gradient;                 /* [count] */
    uint64_t *order;                 /* of the frames in epoch `ordered` */
    uint64_t ordered;                /* UINT64_MAX: none yet */
};

/* Prepares a run whose parameters have their first values (cf_model_initialise). `exchange` may be NULL: one process.
 * The arguments are borrowed. Errors: out of memory. */
bool cf_trainer_new(struct cf_trainer *trainer, const struct cf_model *model, const struct cf_bands_shape *shape,
                    const struct cf_training_options *options, const struct cf_training_data *data,
                    const struct cf_blas *blas, const struct cf_exchange *exchange, struct cf_error *err);
void cf_trainer_free(struct cf_trainer *trainer); /* an all-zero struct is fine */

/* The next step. Errors: a frame that is not finite, by file and place; a loss that is no longer finite, by step. The
 * state is then as before the step. */
bool cf_trainer_step(struct cf_trainer *trainer, struct cf_error *err);

/* The parameters of the trained head: the moving average where there is one. */
const float *cf_trainer_result(const struct cf_trainer *trainer);

/* Puts the frames of an epoch in their order: trainer->order. */
void cf_trainer_order(struct cf_trainer *trainer, uint64_t epoch);

/* The gradient and losses of the next step's batch, without taking the step: trainer->gradient and `*record`. */
bool cf_trainer_gradient(struct cf_trainer *trainer, struct cf_step_record *record, struct cf_error *err);

/* Seconds of processor time that all threads spent in matrix products. */
double cf_trainer_product_seconds(const struct cf_trainer *trainer);

#endif
