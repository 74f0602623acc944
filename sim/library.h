/* library.h - what the files of the public interface share. */
#ifndef COFIBER_SIM_LIBRARY_H
#define COFIBER_SIM_LIBRARY_H

#include "cofiber.h"
#include "sim/frames/quantise.h"
#include "sim/word/engine.h"

/* One frame's memory: what cofiber_result is. */
struct cofiber_result {
    const struct cf_plan *plan;
    struct cf_workspace *workspace;
    int64_t *nets; /* the reference's; else NULL */
    int threads;
    bool filled; /* the values are those of a frame that was simulated */
};

struct cofiber_sim {
    const struct cf_netlist *netlist;
    struct cf_plan *plan;
    struct cf_quantiser *quantiser; /* NULL: features cannot feed the netlist */
    struct cofiber_result together; /* all threads on one frame */
    struct cofiber_result *teams;   /* [team_count], made by the first batch that needs them: frames side by side */
    int team_count, threads;
    size_t memory; /* what the teams may take together */
    bool reference;
};

/* Passes a failure of the libraries below on as the public error, if there is a place for it; gives false. */
bool cf_pass_on(cofiber_error *error, const struct cf_error *err);

bool cf_worker_new(const struct cofiber_sim *sim, struct cofiber_result *worker, int threads, struct cf_error *err);
void cf_worker_free(struct cofiber_result *worker);
/* What each frame that runs side by side with others takes, about. */
size_t cf_frame_bytes(const struct cofiber_sim *sim);
void cf_teams_free(struct cofiber_sim *sim);
/* Quantises and simulates a frame; `*element` names a feature that was refused. */
bool cf_worker_run(const struct cofiber_sim *sim, struct cofiber_result *worker, const cofiber_features *features,
                   uint64_t *element, struct cf_error *err);

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
