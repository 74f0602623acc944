/* rounds.c - runs a batch in the bit engine: frames are lanes, so many of them are read, run at once, and handed on. */
#include <string.h>

#include "sim/library.h"

struct rounds {
    struct cofiber_sim *sim;
    const cofiber_batch *batch;
    cofiber_error *error; /* NULL is fine */
    bool stopped, failed;
};

static bool fail(struct rounds *r, uint64_t frame, cofiber_error *error)
{
    error->frame = frame;
    if (r->error)
        *r->error = *error;
    r->failed = true;
    return false;
}

/* One frame into the engine's room for frame `place`. */
static bool read_frame(struct rounds *r, uint64_t frame, uint32_t place)
{
    const cofiber_batch *batch = r->batch;
    cofiber_features features = {NULL, COFIBER_F32};
    cofiber_error error = {.text = "", .element = COFIBER_NONE};
    struct cf_error err;
    if (!batch->source(batch->context, frame, &features, &error))
        return fail(r, frame, &error);
    void *input = cf_bit_sim_input(r->sim->bits, place);
    bool done = cf_take_frame(r->sim, &features, input, r->sim->threads, &error.element, &err);
    if (batch->release)
        batch->release(batch->context, frame);
    if (done)
        return true;
    memcpy(error.text, err.text, sizeof error.text);
    return fail(r, frame, &error);
}

/* Reads frames from `first` on until there are `most`, or the batch is to stop, or one fails; returns how many. */
static uint32_t read_frames(struct rounds *r, uint64_t first, uint32_t most)
{
    const cofiber_batch *batch = r->batch;
    for (uint32_t i = 0; i < most; i++) {
        r->stopped = batch->stop && batch->stop(batch->context);
        if (r->stopped || !read_frame(r, first + i, i))
            return i;
    }
    return most;
}

/* Hands frames on, from `first` on; returns how many were taken. */
static uint32_t hand_on(struct rounds *r, uint64_t first, uint32_t count)
{
    struct cofiber_result *result = &r->sim->together;
    cofiber_error error = {.text = "", .element = COFIBER_NONE};
    result->filled = true;
    for (result->frame = 0; result->frame < count; result->frame++) {
        uint64_t frame = first + result->frame;
        error.frame = frame;
        if (!r->batch->sink(r->batch->context, frame, result, &error)) {
            fail(r, frame, &error);
            break;
        }
    }
    result->filled = false;
    return result->frame;
}

bool cf_run_rounds(struct cofiber_sim *sim, const cofiber_batch *batch, uint64_t *done, cofiber_error *error)
{
    struct rounds r = {.sim = sim, .batch = batch, .error = error};
    struct cf_error err;
    uint32_t at_once = cf_bit_frames_at_once(sim->netlist, sim->bit_kernels, sim->threads, sim->memory, batch->count);
    *done = 0;
    sim->together.filled = false;
    if (!cf_bit_sim_make_room(sim->bits, at_once, &err))
        return cf_pass_on(error, &err);
    while (*done < batch->count && !r.stopped && !r.failed) {
        uint64_t first = batch->first + *done, left = batch->count - *done;
        uint32_t count = read_frames(&r, first, left < at_once ? (uint32_t)left : at_once);
        if (count == 0)
            break;
        cf_bit_sim_run(sim->bits, count);
        *done += hand_on(&r, first, count);
    }
    return !r.failed;
}
