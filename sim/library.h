/* library.h - what the files of the public interface share. */
#ifndef COFIBER_SIM_LIBRARY_H
#define COFIBER_SIM_LIBRARY_H

#include "cofiber.h"
#include "sim/bits/engine.h"
#include "sim/frames/quantise.h"
#include "sim/word/engine.h"

/* One frame's values; the public interface shows them as cofiber_result. */
struct cofiber_result {
    const struct cf_netlist *netlist;
    struct cf_workspace *workspace; /* the values of the word engine and the reference; NULL for the bit engine */
    const struct cf_bit_sim *bits;  /* the bit engine, which holds the values of its frames; else NULL */
    uint32_t frame;
    int64_t *nets; /* the reference's own; else NULL */
    int threads;
    bool filled; /* the values are those of a frame that was simulated */
};

struct cofiber_sim {
    const struct cf_netlist *netlist;
    enum cofiber_engine engine;
    struct cf_plan *plan;    /* of the word engine and the reference; else NULL */
    struct cf_bit_sim *bits; /* the bit engine; else NULL */
    const struct cf_bit_kernels *bit_kernels;
    struct cf_quantiser *quantiser; /* NULL: features cannot feed the netlist */
    struct cofiber_result together; /* all threads on one frame, or on those that the bit engine runs at once */
    struct cofiber_result *teams;   /* [team_count], made by the first batch that needs them: frames side by side */
    int team_count, threads;
    size_t memory; /* bytes that the frames of a batch that run side by side may take together */
};

/* Passes a failure of the libraries below on as the public error, if there is a place for it; gives false. */
bool cf_pass_on(cofiber_error *error, const struct cf_error *err);

bool cf_worker_new(const struct cofiber_sim *sim, struct cofiber_result *worker, int threads, struct cf_error *err);
void cf_worker_free(struct cofiber_result *worker);
/* A frame of a file (cf_frames_view) as the features that the library takes; booleans are 0 and 1. */
cofiber_features cf_features_of(const struct cf_tensor *view);

/* The reverse: `count` features as a tensor. False if there are no data, or the type is not one of features. */
bool cf_tensor_of(const cofiber_features *features, uint64_t count, struct cf_tensor *tensor);

/* Quantises and simulates a frame; `*element` names a feature that was refused. */
bool cf_worker_run(const struct cofiber_sim *sim, struct cofiber_result *worker, const cofiber_features *features,
                   uint64_t *element, struct cf_error *err);
/* The first half of that: a frame's features into the input's nets, [count] in the storage of the input's type. */
bool cf_take_frame(const struct cofiber_sim *sim, const cofiber_features *features, void *input, int threads,
                   uint64_t *element, struct cf_error *err);

/* Simulates one frame, given as the input's integers [H, W, D], and copies the values of all nets [net_count]. */
bool cf_sim_nets(cofiber_sim *sim, const int32_t *input, int64_t *nets, struct cf_error *err);

/* The approximate number of bytes that a frame takes while it runs. */
size_t cf_frame_bytes(const struct cofiber_sim *sim);
void cf_teams_free(struct cofiber_sim *sim);
/* Runs a batch in the bit engine, in rounds of as many frames as the engine runs at once. It does what
 * cofiber_sim_run_batch says, for a batch whose arguments have been checked, and sets `*done`. */
bool cf_run_rounds(struct cofiber_sim *sim, const cofiber_batch *batch, uint64_t *done, cofiber_error *error);

/* A netlist is its own public handle. */
static inline const cofiber_netlist *cofiber_wrap(const struct cf_netlist *netlist)
{
    return (const cofiber_netlist *)(const void *)netlist;
}

static inline const struct cf_netlist *cofiber_unwrap(const cofiber_netlist *netlist)
{
    return (const struct cf_netlist *)(const void *)netlist;
}

#endif
