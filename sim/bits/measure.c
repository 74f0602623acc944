/* measure.c - times a run of the bit engine, and its full adders beside those of registers alone. */
#include <assert.h>

#include <stdlib.h>
#include <time.h>

#include "netlists/lowering/lower.h"
#include "sim/bits/engine_internal.h"
#include "sim/bits/kernels.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Full adders of the circuit, or of its output groups alone. */
static bool count_adders(const struct cf_bit_sim *sim, const struct cf_netlist *netlist,
                         const struct cf_network_cell *cells, uint64_t *all, uint64_t *outputs, struct cf_error *err)
{
    uint64_t *adders = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *adders);
    bool done = adders || cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t c = 0; done && c < netlist->cell_count; c++) {
        struct cf_network_counts counts;
        done = cf_network_count(&cells[c].network, &counts, err);
        adders[c] = counts.full_adders;
    }
    *all = *outputs = 0;
    for (uint32_t g = 1; done && g < netlist->group_count; g++) {
        uint64_t group = cf_bit_sim_full_adders(sim, g, adders);
        *all += group;
        *outputs += netlist->groups[g].output ? group : 0;
    }
    free(adders);
    return done;
}

/* Full-adder lanes per second in registers alone: the best of a few tries, with these kernels' lanes and with half. */
static double measure_ceiling(const struct cf_bit_kernels *kernels)
{
    enum { ROUNDS = 100000, TRIES = 15 };
    static volatile uint64_t sink; /* so that nothing is optimised away */
    double best = 0;
    for (const struct cf_bit_kernels *k = kernels; k; k = k->narrow)
        for (int i = 0; i < TRIES; i++) {
            double start = now();
            sink = k->ceiling(ROUNDS);
            double rate = (double)ROUNDS * CF_CEILING_ADDERS * k->lanes / (now() - start);
            best = rate > best ? rate : best;
        }
    (void)sink;
    return best;
}

/* The median time of a run of the programs alone; `times`: room for `runs`. */
static double measure_programs(struct cf_bit_sim *sim, double *times, uint32_t runs)
{
    for (uint32_t r = 0; r < runs; r++) {
        double start = now();
        cf_bit_sim_run_programs(sim);
        times[r] = now() - start;
    }
    return median(times, runs);
}

/* Times one run on `frames` frames, which begins with the input in its storage, as the word engine's runs do;
 * `*outputs` becomes the output groups' part of the time. */
static double time_run(struct cf_bit_sim *sim, const struct cf_netlist *netlist, const int32_t *input, uint32_t frames,
                       double *outputs)
{
    for (uint32_t f = 0; f < frames; f++)
        cf_bit_sim_put_input(sim, f, input + (size_t)f * netlist->groups[CF_INPUT].count);
    cf_bit_sim_prepare(sim, frames);
    double start = now();
    *outputs = 0;
    for (uint32_t g = CF_INPUT + 1, end; g < netlist->group_count; g = end) {
        bool output = netlist->groups[g].output;
        for (end = g + 1; end < netlist->group_count && netlist->groups[end].output == output;)
            end++;
        double before = now();
        cf_bit_sim_run_groups(sim, g, end);
        *outputs += output ? now() - before : 0;
    }
    return now() - start;
}

/* The times and rates of a simulator; `whole` and `outputs`: room for `runs` times. */
static void measure(struct cf_bit_figures *figures, struct cf_bit_sim *sim, const struct cf_netlist *netlist,
                    const struct cf_bit_kernels *kernels, const int32_t *input, uint64_t output_adders, uint32_t frames,
                    uint32_t runs, double *whole, double *outputs)
{
    double before = measure_ceiling(kernels);
    for (uint32_t r = 0; r < runs; r++)
        whole[r] = time_run(sim, netlist, input, frames, &outputs[r]);
    double after = measure_ceiling(kernels), time = median(whole, runs), part = median(outputs, runs);
    figures->isa = kernels->name;
    figures->lanes = kernels->lanes;
    figures->programs_ms = 1e3 * measure_programs(sim, whole, runs) / frames;
    figures->ceiling_fa_lanes_per_s = after > before ? after : before;
    figures->ms = 1e3 * time / frames;
    figures->classify_ms = 1e3 * part / frames;
    figures->fa_lanes_per_s = (double)figures->full_adders * frames / time;
    figures->output_fa_lanes_per_s = part > 0 ? (double)output_adders * frames / part : 0;
}

bool cf_bit_measure(struct cf_bit_figures *figures, const struct cf_netlist *netlist,
                    const struct cf_bit_kernels *kernels, const int32_t *input, uint32_t frames, uint32_t runs,
                    bool graphs, struct cf_error *err)
{
    struct cf_bit_sim *sim = NULL;
    uint64_t output_adders;
    assert(frames >= 1 && runs >= 1);
    double *whole = calloc(runs, sizeof *whole), *outputs = calloc(runs, sizeof *outputs);
    struct cf_network_cell *cells = cf_lower_cells(netlist, err);
    bool done = cells && ((whole && outputs) || cf_fail(err, "%s: out of memory", netlist->label)) &&
                cf_bit_sim_of_networks(&sim, netlist, cells, kernels, 1, graphs, err) &&
                count_adders(sim, netlist, cells, &figures->full_adders, &output_adders, err) &&
                cf_bit_sim_make_room(sim, frames, err);
    cf_lower_free(cells, netlist->cell_count);
    if (done)
        measure(figures, sim, netlist, kernels, input, output_adders, frames, runs, whole, outputs);
    cf_bit_sim_free(sim);
    free(whole);
    free(outputs);
    return done;
}
