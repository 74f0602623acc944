/* files.h - what a training run writes: the head, and checkpoints to continue from. */
#ifndef COFIBER_TRAIN_FILES_H
#define COFIBER_TRAIN_FILES_H

#include "train/trainer.h"

/* An entry of a file's metadata. */
struct cf_metadata {
    const char *key, *value;
};

/* Writes a head of these parameters [model.count] as a safetensors file of F32 tensors (cf_model_tensor). The file
 * appears complete or not at all. */
bool cf_trained_head_write(const char *path, const struct cf_model *model, const float *parameters,
                           const struct cf_metadata *metadata, size_t entries, struct cf_error *err);

/* Writes the state as a safetensors file, which appears complete or not at all. `run` says which run it is: a text that
 * two runs share only if they do the same. */
bool cf_checkpoint_save(const char *path, const struct cf_trainer *trainer, const char *run, struct cf_error *err);

/* Takes a state up that cf_checkpoint_save wrote. Errors: it is that of another run, or no such file; the trainer is
 * then as it was, or has partly taken the state. */
bool cf_checkpoint_resume(const char *path, struct cf_trainer *trainer, const char *run, struct cf_error *err);

#endif
