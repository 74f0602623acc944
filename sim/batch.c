/* batch.c - takes many frames through the library, side by side in teams of threads. */
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sim/library.h"

struct batch_run {
    struct cofiber_sim *sim;
    const cofiber_batch *batch;
    cofiber_error *error;
    _Atomic uint64_t next; /* the next frame to hand out; frames are handed out in order */
    atomic_bool over;
    pthread_mutex_t lock; /* of the sink and of what follows */
    uint64_t failed;      /* the lowest frame that failed, or COFIBER_NONE */
};

/* Keeps the error of the lowest frame, so that it does not depend on which thread failed first. */
static void fail(struct batch_run *run, uint64_t frame, const cofiber_error *error)
{
    pthread_mutex_lock(&run->lock);
    if (frame < run->failed) {
        run->failed = frame;
        if (run->error)
            *run->error = *error;
    }
    pthread_mutex_unlock(&run->lock);
    atomic_store(&run->over, true);
}

/* True while it is worth going on. */
static bool run_frame(struct batch_run *run, struct cofiber_result *worker, uint64_t frame)
{
    const cofiber_batch *batch = run->batch;
    cofiber_features features = {NULL, COFIBER_F32};
    cofiber_error error = {.text = "", .frame = frame, .element = COFIBER_NONE};
    struct cf_error err;
    bool done = batch->source(batch->context, frame, &features, &error);
    if (done) {
        done = cf_worker_run(run->sim, worker, &features, &error.element, &err);
        if (!done)
            memcpy(error.text, err.text, sizeof error.text);
        if (batch->release)
            batch->release(batch->context, frame);
    }
    if (done) {
        pthread_mutex_lock(&run->lock);
        done = batch->sink(batch->context, frame, worker, &error);
        pthread_mutex_unlock(&run->lock);
    }
    error.frame = frame;
    if (!done)
        fail(run, frame, &error);
    return done;
}

static void run_frames(struct batch_run *run, struct cofiber_result *worker)
{
    const cofiber_batch *batch = run->batch;
    while (!atomic_load(&run->over)) {
        if (batch->stop && batch->stop(batch->context)) {
            atomic_store(&run->over, true);
            return;
        }
        uint64_t index = atomic_fetch_add(&run->next, 1);
        if (index >= batch->count || !run_frame(run, worker, batch->first + index))
            return;
    }
}

/* Includes the features, which are in memory while the frame runs, as float32: the type that they usually have. */
size_t cf_frame_bytes(const struct cofiber_sim *sim)
{
    size_t features = sim->netlist->groups[CF_INPUT].count * sizeof(float);
    if (sim->bits)
        return cf_bit_frame_bytes(sim->netlist) + features;
    size_t nets = sim->engine == COFIBER_REFERENCE ? sim->netlist->net_count * sizeof(int64_t) : 0;
    return cf_workspace_frame_bytes(sim->together.workspace) + features + nets;
}

/* How many frames to run side by side. */
static int count_teams(const struct cofiber_sim *sim, uint64_t frames)
{
    size_t affordable = sim->memory / cf_frame_bytes(sim);
    int teams = affordable >= (size_t)sim->threads ? sim->threads : affordable > 1 ? (int)affordable : 1;
    if (sim->engine == COFIBER_REFERENCE)
        return teams; /* the reference does not run on several threads */
    /* Where OpenMP binds threads to processors, it binds those of every team to the same ones. */
    if (teams < sim->threads && omp_get_proc_bind() != omp_proc_bind_false)
        return 1;
    /* With few frames, all threads on one frame at a time leave fewer threads idle at the end. */
    return frames >= 2 * (uint64_t)teams ? teams : 1;
}

/* Shares the threads out among teams, which are kept for the next batch. */
static bool make_teams(struct cofiber_sim *sim, int teams, struct cf_error *err)
{
    if (sim->team_count == teams)
        return true;
    cf_teams_free(sim);
    sim->teams = calloc((size_t)teams, sizeof *sim->teams);
    if (!sim->teams)
        return cf_fail(err, "%s: out of memory", sim->netlist->label);
    for (; sim->team_count < teams; sim->team_count++) {
        int threads =
            sim->engine == COFIBER_REFERENCE ? 1 : sim->threads / teams + (sim->team_count < sim->threads % teams);
        if (!cf_worker_new(sim, &sim->teams[sim->team_count], threads, err)) {
            cf_worker_free(&sim->teams[sim->team_count]);
            cf_teams_free(sim);
            return false;
        }
    }
    return true;
}

struct team {
    struct batch_run *run;
    struct cofiber_result *worker;
    pthread_t leader;
    bool started;
};

static void *lead_team(void *argument)
{
    const struct team *team = argument;
    run_frames(team->run, team->worker);
    return NULL;
}

/* Runs teams of several threads. Each team has a leading thread that is not one of OpenMP's, so that OpenMP keeps the
 * other threads from frame to frame; in nested parallel regions it would start them anew for every frame. If a leader
 * cannot be started, the batch runs with fewer teams. */
static void run_large_teams(struct batch_run *run)
{
    int count = run->sim->team_count;
    struct team *teams = calloc((size_t)count, sizeof *teams);
    for (int t = 1; teams && t < count; t++) {
        teams[t] = (struct team){.run = run, .worker = &run->sim->teams[t]};
        teams[t].started = pthread_create(&teams[t].leader, NULL, lead_team, &teams[t]) == 0;
    }
    run_frames(run, &run->sim->teams[0]);
    for (int t = 1; teams && t < count; t++)
        if (teams[t].started)
            pthread_join(teams[t].leader, NULL);
    free(teams);
}

static void run_teams(struct batch_run *run, int teams)
{
    struct cofiber_sim *sim = run->sim;
    if (teams == 1) {
        run_frames(run, &sim->together);
    } else if (sim->teams[0].threads > 1) {
        run_large_teams(run);
    } else {
#pragma omp parallel num_threads(teams)
        run_frames(run, &sim->teams[omp_get_thread_num()]);
    }
}

static bool check_batch(const cofiber_sim *sim, const cofiber_batch *batch, struct cf_error *err)
{
    if (!sim || !batch)
        return cf_fail(err, "no %s", sim ? "batch" : "simulator");
    if (!batch->source || !batch->sink)
        return cf_fail(err, "a batch without a %s", batch->source ? "sink" : "source");
    if (batch->count > UINT64_MAX - batch->first)
        return cf_fail(err, "a batch of %llu frames from frame %llu on passes 2^64", (unsigned long long)batch->count,
                       (unsigned long long)batch->first);
    return true;
}

bool cofiber_sim_run_batch(cofiber_sim *sim, const cofiber_batch *batch, uint64_t *done, cofiber_error *error)
{
    struct batch_run run = {.sim = sim, .batch = batch, .error = error, .failed = COFIBER_NONE};
    struct cf_error err;
    uint64_t unwanted;
    if (done)
        *done = 0;
    if (!check_batch(sim, batch, &err))
        return cf_pass_on(error, &err);
    if (sim->bits)
        return cf_run_rounds(sim, batch, done ? done : &unwanted, error);
    int teams = count_teams(sim, batch->count);
    if (teams > 1 && !make_teams(sim, teams, &err))
        return cf_pass_on(error, &err);
    pthread_mutex_init(&run.lock, NULL);
    run_teams(&run, teams);
    sim->together.filled = false; /* cofiber_sim_result holds no values after a batch */
    pthread_mutex_destroy(&run.lock);
    uint64_t taken = atomic_load(&run.next);
    taken = taken < batch->count ? taken : batch->count;
    if (done)
        *done = run.failed == COFIBER_NONE ? taken : run.failed - batch->first;
    return run.failed == COFIBER_NONE;
}
