/* library.c - `library NET` calls every function of libcofiber that can fail. When one fails, it prints the error's one
 * line, gives back all that it has, and returns 2. */
#include <cofiber.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 3 };

struct job {
    const float *features;
    uint64_t ones; /* decisions that fired, as a result that must not depend on the memory there is */
    uint32_t group;
};

static bool source(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    const struct job *job = context;
    (void)frame;
    (void)error;
    *features = (cofiber_features){job->features, COFIBER_F32};
    return true;
}

static bool sink(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    struct job *job = context;
    (void)frame;
    (void)error;
    const signed char *values = cofiber_values(result, job->group, NULL);
    job->ones += values && values[0];
    return true;
}

static void print_line(void *context, const char *text)
{
    (void)context;
    printf("%s\n", text);
}

static bool simulate(const cofiber_netlist *netlist, const cofiber_options *options, struct job *job,
                     cofiber_error *error)
{
    cofiber_sim *sim = NULL;
    int64_t value = 0;
    uint64_t finished = 0;
    const cofiber_features features = {job->features, COFIBER_F32};
    const cofiber_batch batch = {.count = BATCH, .source = source, .sink = sink, .context = job};
    bool done = cofiber_sim_new(&sim, netlist, options, error) && cofiber_sim_run(sim, &features, error) &&
                cofiber_gate(cofiber_sim_result(sim), "s0.classify[0,0,0]", &value, error) &&
                cofiber_sim_run_batch(sim, &batch, &finished, error);
    if (done)
        cofiber_sim_describe(sim, print_line, NULL);
    if (done)
        printf("%d, %d of %d, %d\n", (int)value, (int)finished, BATCH, (int)job->ones);
    cofiber_sim_free(sim);
    return done;
}

static bool simulate_all(const cofiber_netlist *netlist, const float *features, cofiber_error *error)
{
    static const cofiber_options options[] = {
        {.mode = COFIBER_ALL_GATES, .threads = 1},
        {.mode = COFIBER_DECISIONS, .threads = 1},
        {.mode = COFIBER_ALL_GATES, .threads = 1, .isa = "portable"},
        {.mode = COFIBER_ALL_GATES, .threads = 1, .isa = "reference"},
    };
    struct job job = {.features = features, .group = cofiber_group_find(netlist, "s0.classify")};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (!simulate(netlist, &options[i], &job, error))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    cofiber_error error = {.text = "usage: library NET"};
    cofiber_netlist *netlist = NULL;
    cofiber_input input = {0};
    float *features = NULL;
    bool done =
        argc == 2 && cofiber_netlist_load(&netlist, argv[1], &error) && cofiber_netlist_input(netlist, &input, &error);
    if (done) {
        features = calloc((size_t)input.channels * input.height * input.width, sizeof *features);
        if (features)
            done = simulate_all(netlist, features, &error);
        else
            done = false;
        if (!features)
            snprintf(error.text, sizeof error.text, "out of memory");
    }
    free(features);
    cofiber_netlist_free(netlist);
    if (!done)
        fprintf(stderr, "library: %s\n", error.text);
    return done ? 0 : 2;
}
