/* library.h - what the files of the public interface share. */
#ifndef COFIBER_SIM_LIBRARY_H
#define COFIBER_SIM_LIBRARY_H

#include "cofiber.h"
#include "sim/engine.h"
#include "sim/quantise.h"

/* One frame's memory: what cofiber_result is. */
struct cofiber_result {
    const struct cf_plan *plan;
    struct cf_workspace *workspace;
    int64_t *nets; /* the reference's; else NULL */
    int threads;
};

struct cofiber_sim {
    const struct cf_netlist *netlist;
    struct cf_plan *plan;
    struct cf_quantiser *quantiser; /* NULL: features cannot feed the netlist */
    struct cofiber_result together; /* all threads on one frame */
    struct cofiber_result *alone;   /* [threads], made by the first batch that needs them */
    int threads;
    bool reference;
};

bool cf_worker_new(const struct cofiber_sim *sim, struct cofiber_result *worker, int threads, struct cf_error *err);
void cf_worker_free(struct cofiber_result *worker);
/* Quantises and simulates a frame; `*element` names a feature that was refused. */
bool cf_worker_run(const struct cofiber_sim *sim, struct cofiber_result *worker, const cofiber_features *features,
                   uint64_t *element, struct cf_error *err);

/* A netlist is its own public handle. */
static inline cofiber_netlist *cofiber_wrap(struct cf_netlist *netlist)
{
    return (cofiber_netlist *)(void *)netlist;
}

static inline const struct cf_netlist *cofiber_unwrap(const cofiber_netlist *netlist)
{
    return (const struct cf_netlist *)(const void *)netlist;
}

#endif
