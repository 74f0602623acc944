/* optimise.c - tries ways to write a matrix as shared sums, and keeps the graph that costs least. */
#include "compiler/optimise/optimise.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/optimise/packing.h"
#include "compiler/optimise/reopen.h"
#include "compiler/optimise/rounds.h"
#include "compiler/optimise/tables.h"
#include "compiler/optimise/wiring.h"

enum {
    METHODS = 4,
    FEW_SEGMENTS = 3,  /* 8 choices of signs for each row */
    MANY_SEGMENTS = 5, /* where there are MANY_ROWS to share them */
    MANY_ROWS = 512,
    WAYS = 8,         /* to write the columns of a group */
    QUICK_PASSES = 2, /* over the rows, with an effort below CAREFUL */
    SIGN_PASSES = 6,
    CAREFUL = 10,
    QUICK_EFFORT = 20, /* of each attempt where time is given */
    REOPEN_EVERY = 10, /* units of effort: as often is some of the sharing done again */
    REOPEN_EFFORT = 60,
    SLACK = 2,       /* adders, for small matrices */
    MOST_LEVELS = 9, /* where fewer are tried because a graph was too deep */
    FREQUENT = 4,    /* patterns that occur as often are shared in rounds, the others packed */
};
static const double much_work = 1e7;       /* pairs of digits: where a method that lists more of them is not tried */
static const double reopened = 0.15;       /* of the signals */
static const double reopened_round = 0.05; /* of the patterns, in each round */
static const double restart_work = 4e6;    /* pairs of digits that one unit of effort pays for, in further attempts */
static const double tiny_work = 2e5;       /* pairs of digits: where sharing is finest */
static const double choice_time = 0.4;     /* of the time given, for the choice of signs and ways */
static const double restart_time = 0.15;   /* of the time given, for attempts from the beginning */

/* A way to write the matrix. */
struct method {
    bool tables, transpose;
    double work;     /* pairs of digits in its rows */
    uint64_t adders; /* of its best attempt; UINT64_MAX: all were too deep */
    uint32_t levels; /* of signals above one another that are allowed; 0: any number */
    bool deep;       /* its last attempt was too deep */
};

struct optimiser {
    const struct cf_matrix *matrix;
    struct cf_matrix turned; /* the matrix, transposed */
    const struct cf_range *range;
    const struct cf_optimise_options *options;
    struct cf_optimised *result;
    struct cf_search search;
    struct method methods[METHODS];
    uint32_t method_count;
    double started;
    double measuring; /* seconds that the largest graph took to be measured */
    double until;     /* seconds after the start at which the step at hand shall end */
    bool reopen_on;   /* attempts go on until the time is over */
    struct cf_error *err;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool out_of_memory(struct cf_error *err)
{
    return cf_fail(err, "optimiser: out of memory");
}

static double seconds_gone(const struct optimiser *o)
{
    return seconds_now() - o->started;
}

static bool go_on(void *context)
{
    struct optimiser *o = context;
    if (o->result->interrupted)
        return false;
    if (o->options->go_on && !o->options->go_on(o->options->context, o->result->cost.adders))
        o->result->interrupted = true;
    return !o->result->interrupted && (o->options->seconds <= 0 || seconds_gone(o) < o->until);
}

/* ---- graphs ---- */

static bool costs_less(const struct cf_graph_cost *a, const struct cf_graph_cost *b, enum cf_cost cost)
{
    if (cost == CF_COST_FULL_ADDERS && a->full_adders != b->full_adders)
        return a->full_adders < b->full_adders;
    if (cost == CF_COST_DEPTH && a->depth != b->depth)
        return a->depth < b->depth;
    return a->adders != b->adders ? a->adders < b->adders : a->full_adders < b->full_adders;
}

static bool too_deep(const struct optimiser *o, const struct cf_graph_cost *cost)
{
    return o->options->max_depth && cost->depth > o->options->max_depth;
}

/* Wires the sums and measures the graph. Where some value could pass 62 bits the graph is of no use: it is left empty,
 * and costs more than any other. */
static bool wire_sums(struct optimiser *o, const struct cf_shift_sums *sums, const struct cf_wire_options *wire,
                      struct cf_graph *graph, struct cf_graph_cost *cost)
{
    double began = seconds_now();
    *cost = (struct cf_graph_cost){UINT64_MAX, UINT64_MAX, UINT32_MAX};
    if (!cf_wire_graph(graph, sums, wire))
        return out_of_memory(o->err);
    struct cf_error why;
    if (!cf_graph_check(graph, "optimiser", &why) || !cf_graph_fits(graph, o->range, "optimiser", &why)) {
        cf_wire_free(graph);
        return !cf_failed_for_memory(&why) || out_of_memory(o->err);
    }
    bool done = cf_graph_measure(graph, o->range, cost, o->err);
    double took = seconds_now() - began;
    o->measuring = took > o->measuring ? took : o->measuring;
    if (!done)
        cf_wire_free(graph);
    return done;
}

/* Wires the sums, the narrowest operands first unless that is too deep, and keeps the graph where it is the best so
 * far. `*cost` becomes what it costs. */
static bool consider(struct optimiser *o, const struct cf_shift_sums *sums, const struct method *method, double effort,
                     struct cf_graph_cost *cost)
{
    struct cf_graph graph;
    struct cf_wire_options wire = {.transpose = method->transpose,
                                   .shift = method->tables ? -1 : 0,
                                   .early = o->options->cost == CF_COST_DEPTH,
                                   .range = o->range};
    bool done = wire_sums(o, sums, &wire, &graph, cost);
    if (done && graph.outputs && too_deep(o, cost) && !wire.early) {
        cf_wire_free(&graph);
        wire.early = true;
        done = wire_sums(o, sums, &wire, &graph, cost);
    }
    if (!done)
        return false;
    if (graph.outputs && !too_deep(o, cost) &&
        (!o->result->graph.outputs || costs_less(cost, &o->result->cost, o->options->cost))) {
        cf_wire_free(&o->result->graph);
        o->result->graph = graph;
        o->result->cost = *cost;
        o->result->effort = effort;
    } else {
        cf_wire_free(&graph);
    }
    return true;
}

/* ---- attempts ---- */

/* Lets the steps that follow last until so much of the time given is gone, less what the graph's measuring takes. */
static void allow(struct optimiser *o, double share)
{
    o->until = share * (o->options->seconds - o->measuring);
}

static const struct cf_matrix *matrix_of(const struct optimiser *o, const struct method *method)
{
    return method->transpose ? &o->turned : o->matrix;
}

static bool write_sums(struct optimiser *o, const struct method *method, double effort, struct cf_shift_sums *sums)
{
    const struct cf_matrix *matrix = matrix_of(o, method);
    if (!method->tables)
        return cf_shift_sums_of_matrix(sums, matrix);
    uint32_t groups = cf_tables_groups(matrix);
    uint32_t segments = matrix->rows >= MANY_ROWS && groups >= MANY_SEGMENTS ? MANY_SEGMENTS : FEW_SEGMENTS;
    bool signs = effort >= CF_EFFORT_SIGNS && groups >= segments;
    struct cf_tables_options tables = {.groups = groups,
                                       .segments = signs ? segments : 0,
                                       .ways = WAYS,
                                       .passes = effort < CAREFUL ? QUICK_PASSES : SIGN_PASSES};
    double until = o->until;
    if (o->reopen_on)
        allow(o, choice_time);
    bool done = cf_shift_sums_of_tables(sums, matrix, &tables, &o->search);
    o->until = until;
    return done;
}

/* Shares the patterns that the sums have in common: frequent ones in rounds, the others by packing; then undoes some of
 * the sharing and does it again. With a given effort, small matrices are rather attempted again from the beginning. */
static bool share(struct optimiser *o, const struct method *method, double effort, double noise,
                  struct cf_shift_sums *sums)
{
    bool small = method->work < restart_work;
    bool tiny = method->work < tiny_work;
    double finest = tiny ? 0.003 : small ? 0.01 : 0.05;
    struct cf_rounds_options rounds = {.fewest = FREQUENT, .share = finest, .least = 1, .noise = noise};
    if (!cf_share_in_rounds(sums, &rounds, &o->search))
        return false;
    rounds.share = reopened_round;
    struct cf_reopen_options reopen = {.times = o->reopen_on ? UINT64_MAX
                                                : small      ? 0
                                                             : (uint64_t)(effort / REOPEN_EVERY),
                                       .slack = small ? SLACK : 0,
                                       .share = reopened,
                                       .recode = tiny    ? 0.2
                                                 : small ? 0.05
                                                         : 0,
                                       .proposals = REOPEN_EFFORT,
                                       .rounds = rounds};
    return cf_pack(sums, effort, &o->search) && cf_reopen(sums, &reopen, &o->search);
}

static bool attempt_once(struct optimiser *o, struct method *method, double effort, double noise, uint64_t seed)
{
    struct cf_shift_sums sums = {0};
    struct cf_graph_cost cost;
    o->search.random = seed;
    bool done = write_sums(o, method, effort, &sums);
    sums.most_level = method->levels;
    done = (done && share(o, method, effort, noise, &sums)) || out_of_memory(o->err);
    done = done && consider(o, &sums, method, effort, &cost);
    cf_shift_sums_free(&sums);
    if (!done)
        return false;
    method->deep = too_deep(o, &cost);
    if (!method->deep && cost.adders < method->adders)
        method->adders = cost.adders;
    return true;
}

/* Attempts a method, with fewer levels of shared signals while the graph is too deep. */
static bool attempt(struct optimiser *o, struct method *method, double effort, double noise, uint64_t seed)
{
    bool done = attempt_once(o, method, effort, noise, seed);
    while (done && method->deep && method->levels != 1 && go_on(o)) {
        method->levels = method->levels ? method->levels - 1 : MOST_LEVELS;
        done = attempt_once(o, method, effort, noise, seed);
    }
    return done;
}

/* The graph that shares nothing. */
static bool attempt_csd(struct optimiser *o)
{
    struct method method = {0};
    struct cf_shift_sums sums = {0};
    bool done = cf_shift_sums_of_matrix(&sums, o->matrix) || out_of_memory(o->err);
    done = done && consider(o, &sums, &method, 0, &o->result->csd);
    cf_shift_sums_free(&sums);
    if (done && o->result->csd.depth != UINT32_MAX && too_deep(o, &o->result->csd)) {
        o->result->too_deep = true;
        return cf_fail(o->err,
                       "optimiser: a matrix of %u x %u takes %u adders of depth even without sharing, more than %u",
                       o->matrix->rows, o->matrix->columns, o->result->csd.depth, o->options->max_depth);
    }
    return done;
}

/* ---- methods ---- */

static double pairs_in(const struct cf_matrix *matrix)
{
    double pairs = 0;
    for (uint32_t r = 0; r < matrix->rows; r++) {
        double digits = 0;
        for (uint32_t c = 0; c < matrix->columns; c++)
            digits += cf_csd_weight(matrix->at[(size_t)r * matrix->columns + c]);
        pairs += digits * digits / 2;
    }
    return pairs;
}

static bool suits_tables(const struct cf_matrix *matrix)
{
    for (size_t i = 0; i < (size_t)matrix->rows * matrix->columns; i++)
        if (llabs((long long)matrix->at[i]) >= (long long)1 << (CF_TABLE_MOST_BITS - 2))
            return false;
    return matrix->rows >= 4 && matrix->columns >= 4;
}

/* Tables come first: where time is short, they find most. */
static void list_methods(struct optimiser *o)
{
    for (int kind = 0; kind < METHODS; kind++) {
        struct method method = {.tables = kind < 2, .transpose = kind % 2 == 0, .adders = UINT64_MAX};
        const struct cf_matrix *matrix = matrix_of(o, &method);
        method.work = pairs_in(matrix);
        /* Tables pay for many rows of few columns. */
        if (method.tables ? suits_tables(matrix) && matrix->rows >= matrix->columns
                          : method.work < much_work * (o->options->max_depth ? 2 : 1))
            o->methods[o->method_count++] = method;
    }
}

static int compare_methods(const void *a, const void *b)
{
    const struct method *x = a, *y = b;
    if (x->adders != y->adders)
        return x->adders < y->adders ? -1 : 1;
    if (x->tables != y->tables)
        return x->tables ? 1 : -1;
    return (int)x->transpose - (int)y->transpose;
}

/* ---- the search ---- */

/* With a given effort: one attempt; where the matrix is small, as many as the effort pays for, with the best method and
 * the second best in turn. */
static bool search_by_effort(struct optimiser *o)
{
    double effort = o->options->effort, count = 1;
    if (effort <= 0)
        return true;
    if (o->methods[0].work > 0 && o->methods[0].work < restart_work)
        count += effort * restart_work / (20 * o->methods[0].work);
    for (double i = 0; i < count && i < 1e6 && go_on(o); i++) {
        uint64_t number = (uint64_t)i;
        struct method *method = &o->methods[count > 2 && o->method_count > 1 ? number % 2 : 0];
        if (!attempt(o, method, effort, number < 2 ? 0 : 0.3, o->options->seed + number))
            return false;
    }
    return true;
}

static bool try_two_methods(struct optimiser *o)
{
    for (uint64_t number = 0; go_on(o); number++)
        if (!attempt(o, &o->methods[o->method_count > 1 ? number % 2 : 0], QUICK_EFFORT, number < 2 ? 0 : 0.3,
                     o->options->seed + number))
            return false;
    return true;
}

/* With a given time: small matrices are first attempted with different seeds. One attempt then does part of the sharing
 * again until the time is over, which finds more than further attempts do. */
static bool search_by_time(struct optimiser *o)
{
    if (o->methods[0].work < restart_work) {
        allow(o, restart_time);
        if (!try_two_methods(o))
            return false;
        allow(o, 1);
        qsort(o->methods, o->method_count, sizeof *o->methods, compare_methods);
    }
    o->reopen_on = o->options->max_depth == 0; /* else the depth is known only when the time is over */
    return attempt(o, &o->methods[0], QUICK_EFFORT, 0, o->options->seed);
}

static bool search(struct optimiser *o)
{
    allow(o, 1);
    if (!attempt_csd(o))
        return false;
    allow(o, 1);
    list_methods(o);
    for (uint32_t m = 0; m < o->method_count; m++)
        if (go_on(o) && !attempt(o, &o->methods[m], 0, 0, o->options->seed))
            return false;
    if (o->method_count == 0 || !go_on(o))
        return true;
    qsort(o->methods, o->method_count, sizeof *o->methods, compare_methods);
    return o->options->seconds <= 0 ? search_by_effort(o) : search_by_time(o);
}

static bool turn(struct cf_matrix *turned, const struct cf_matrix *matrix)
{
    size_t count = (size_t)matrix->rows * matrix->columns;
    *turned = (struct cf_matrix){.rows = matrix->columns, .columns = matrix->rows};
    turned->at = malloc((count ? count : 1) * sizeof *turned->at);
    for (uint32_t r = 0; turned->at && r < matrix->rows; r++)
        for (uint32_t c = 0; c < matrix->columns; c++)
            turned->at[(size_t)c * matrix->rows + r] = matrix->at[(size_t)r * matrix->columns + c];
    return turned->at != NULL;
}

bool cf_optimise_matrix(struct cf_optimised *result, const struct cf_matrix *matrix, const struct cf_range *range,
                        const struct cf_optimise_options *options, struct cf_error *err)
{
    *result = (struct cf_optimised){0};
    struct optimiser o = {
        .matrix = matrix, .range = range, .options = options, .result = result, .started = seconds_now(), .err = err};
    o.search = (struct cf_search){.go_on = go_on, .context = &o};
    bool done = turn(&o.turned, matrix) || out_of_memory(err);
    done = done && search(&o);
    free(o.turned.at);
    if (!done)
        cf_wire_free(&result->graph);
    return done;
}
