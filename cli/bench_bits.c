/* bench_bits.c - measures the bit engine's full-adder lanes per second, beside the limit of the registers. */
#include "cli/bench_bits.h"

#include <stdio.h>

#include "cli/cli.h"
#include "sim/bits/engine.h"

static void print_figures(const struct cf_bit_figures *f, uint32_t frames)
{
    char adders[32];
    printf("bits, %s (%u lanes), %u frame%s at once, one thread\n", f->isa, f->lanes, frames, frames == 1 ? "" : "s");
    printf("  %-34s %10.6g ms per frame, of which %.6g in output groups\n", "all gates, transposition included", f->ms,
           f->classify_ms);
    printf("  %-34s %10.6g ms per frame\n", "programs alone", f->programs_ms);
    printf("  %-34s %10.3g full-adder lanes/s (%s full adders per frame)\n", "whole circuit", f->fa_lanes_per_s,
           cli_thousands(f->full_adders, adders));
    printf("  %-34s %10.3g full-adder lanes/s\n", "output groups", f->output_fa_lanes_per_s);
    printf("  %-34s %10.3g full-adder lanes/s\n", "registers alone (the ceiling)", f->ceiling_fa_lanes_per_s);
}

static void figures_json(const struct cf_bit_figures *f, uint32_t frames, cJSON *json)
{
    cJSON *bits = cJSON_AddObjectToObject(json, frames == 1 ? "bits_one_frame" : "bits");
    cJSON_AddNumberToObject(bits, "ms", f->ms);
    cJSON_AddNumberToObject(bits, "classify_ms", f->classify_ms);
    cJSON_AddNumberToObject(bits, "programs_ms", f->programs_ms);
    cJSON_AddNumberToObject(bits, "full_adders", (double)f->full_adders);
    cJSON_AddNumberToObject(bits, "fa_lanes_per_s", f->fa_lanes_per_s);
    cJSON_AddNumberToObject(bits, "output_fa_lanes_per_s", f->output_fa_lanes_per_s);
    cJSON_AddNumberToObject(bits, "ceiling_fa_lanes_per_s", f->ceiling_fa_lanes_per_s);
    cJSON_AddStringToObject(bits, "isa", f->isa);
    cJSON_AddNumberToObject(bits, "lanes", f->lanes);
    cJSON_AddNumberToObject(bits, "frames", frames);
}

bool cli_bench_bits(const struct cf_netlist *netlist, const int32_t *input, uint32_t frames, const char *isa,
                    uint32_t runs, bool graphs, cJSON *json, struct cf_error *err)
{
    const struct cf_bit_kernels *kernels = cf_bit_kernels_find(isa);
    struct cf_bit_figures figures;
    if (!kernels)
        return cf_fail(err, "the instruction set '%s' is not known, or not on this machine", isa);
    if (!cf_bit_measure(&figures, netlist, kernels, input, frames, runs, graphs, err))
        return false;
    if (json)
        figures_json(&figures, frames, json);
    else
        print_figures(&figures, frames);
    return true;
}
