#include "compiler/compile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/check.h"

static const char *const upsample_names[] = {"nearest", "bilinear"};
static const char *const pools_names[] = {"direct", "iterated"};
static const char *const top_names[] = {"residual", "cofiber"};

const char *cf_upsample_name(enum cf_upsample upsample)
{
    return upsample_names[upsample];
}

const char *cf_pools_name(enum cf_pools pools)
{
    return pools_names[pools];
}

const char *cf_top_name(enum cf_top top)
{
    return top_names[top];
}

struct cf_compile_options cf_compile_defaults(void)
{
    return (struct cf_compile_options){.height = 40, .width = 40, .scales = 3, .input_bits = 8, .score_threshold = 0.5};
}

static bool check_options(const struct cf_head *head, const struct cf_compile_options *o, struct cf_error *err)
{
    if (o->scales < 1 || o->scales > 10)
        return cf_fail(err, "--scales %u: 1 to 10 are possible", o->scales);
    uint32_t unit = 1u << o->scales;
    if (o->height < 1 || o->width < 1 || o->height % unit || o->width % unit)
        return cf_fail(err, "--grid %ux%u: %u scales need a height and width that 2^%u = %u divides", o->height,
                       o->width, o->scales, o->scales, unit);
    if (o->input_bits < 2 || o->input_bits > 16)
        return cf_fail(err, "--input-bits %d: 2 to 16 are possible", o->input_bits);
    if (!(o->score_threshold > 0 && o->score_threshold < 1))
        return cf_fail(err, "--score-threshold %g: a score lies between 0 and 1, both excluded", o->score_threshold);
    if (!(o->input_scale > 0) || !isfinite(o->input_scale))
        return cf_fail(err, "--input-scale %g: a scale is a positive finite number", o->input_scale);
    if ((uint64_t)o->height * o->width > INT32_MAX / head->channels)
        return cf_fail(err, "--grid %ux%u with %u channels: more than 2^31 - 1 nets", o->height, o->width,
                       head->channels);
    return true;
}

/* Provenance: enough to make the same netlist again, and to know which head it was. */
static bool record(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *o,
                   struct cf_error *err)
{
    char grid[32], scales[16], bits[16], scale[32], threshold[32];
    snprintf(grid, sizeof grid, "%ux%u", o->height, o->width);
    snprintf(scales, sizeof scales, "%u", o->scales);
    snprintf(bits, sizeof bits, "%d", o->input_bits);
    snprintf(scale, sizeof scale, "%.17g", o->input_scale);
    snprintf(threshold, sizeof threshold, "%.17g", o->score_threshold);
    const struct cf_meta entries[] = {
        {"tool", "cofiber " COFIBER_VERSION},
        {"head.sha256", head->sha256},
        {"head.form", head->already_quantised ? "integer" : "float"},
        {"compile.grid", grid},
        {"compile.scales", scales},
        {"compile.upsample", cf_upsample_name(o->upsample)},
        {"compile.pools", cf_pools_name(o->pools)},
        {"compile.top", cf_top_name(o->top)},
        {"compile.sweep", o->sweep ? "yes" : "no"},
        {"compile.input_bits", bits},
        {"compile.input_scale", scale},
        {"compile.score_threshold", threshold},
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!cf_netlist_set_meta(netlist, entries[i].key, entries[i].value, err))
            return false;
    double *copy = cf_arena_alloc(&netlist->arena, head->classes, sizeof *copy);
    if (!copy)
        return cf_fail(err, "%s: out of memory", netlist->label);
    netlist->class_scale = memcpy(copy, head->scale, head->classes * sizeof *copy);
    netlist->class_count = head->classes;
    netlist->input_scale = o->input_scale;
    return true;
}

bool cf_compile(struct cf_netlist **netlist, const struct cf_head *head, const struct cf_compile_options *options,
                struct cf_error *err)
{
    *netlist = NULL;
    if (!check_options(head, options, err))
        return false;
    struct cf_netlist *made = cf_netlist_new(head->label, err);
    bool done = made && cf_expand(made, head, options, err) && record(made, head, options, err) &&
                (!options->sweep || cf_sweep(&made, err)) && cf_netlist_check(made, err);
    if (!done) {
        cf_netlist_free(made);
        return false;
    }
    *netlist = made;
    return true;
}

static bool find_name(const char *value, const char *const *names, int *found)
{
    for (int i = 0; value && i < 2; i++)
        if (strcmp(value, names[i]) == 0) {
            *found = i;
            return true;
        }
    return false;
}

bool cf_compile_recorded(const struct cf_netlist *netlist, struct cf_compile_options *o, struct cf_error *err)
{
    *o = cf_compile_defaults();
    const char *grid = cf_netlist_meta(netlist, "compile.grid"), *scales = cf_netlist_meta(netlist, "compile.scales");
    const char *bits = cf_netlist_meta(netlist, "compile.input_bits");
    const char *threshold = cf_netlist_meta(netlist, "compile.score_threshold");
    const char *sweep = cf_netlist_meta(netlist, "compile.sweep");
    int upsample, pools, top;
    bool all = grid && scales && bits && threshold && sweep && sscanf(grid, "%ux%u", &o->height, &o->width) == 2 &&
               sscanf(scales, "%u", &o->scales) == 1 && sscanf(bits, "%d", &o->input_bits) == 1 &&
               sscanf(threshold, "%lf", &o->score_threshold) == 1 && o->score_threshold > 0 && o->score_threshold < 1 &&
               find_name(cf_netlist_meta(netlist, "compile.upsample"), upsample_names, &upsample) &&
               find_name(cf_netlist_meta(netlist, "compile.pools"), pools_names, &pools) &&
               find_name(cf_netlist_meta(netlist, "compile.top"), top_names, &top);
    if (!all)
        return cf_fail(err, "%s: its metadata do not say how it was compiled", netlist->label);
    o->upsample = (enum cf_upsample)upsample;
    o->pools = (enum cf_pools)pools;
    o->top = (enum cf_top)top;
    o->sweep = strcmp(sweep, "yes") == 0;
    o->input_scale = netlist->input_scale;
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    if (input->rank != 3 || input->shape[0] != o->height || input->shape[1] != o->width || o->scales < 1 ||
        o->scales > 10 || o->height % (1u << o->scales) || o->width % (1u << o->scales))
        return cf_fail(err, "%s: its metadata and its input shape disagree", netlist->label);
    return true;
}
