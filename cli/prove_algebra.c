/* prove_algebra.c - cofiber prove --algebra: decides the laws of the decomposition for the gates of one netlist. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/frames.h"
#include "cli/interrupt.h"
#include "cli/prove_report.h"
#include "netlists/cell.h"
#include "netlists/names.h"
#include "prove/algebra.h"
#include "sim/frames/quantise.h"
#include "sim/library.h"

/* The leakage on the frames. */
struct measured {
    struct cf_leak_size size[CF_LEVELS_MAX];
    uint64_t frames;
};

/* ---- frames ---- */

static bool measure_all(const struct cf_profiles *profiles, struct cf_frames *frames, cofiber_sim *sim, int64_t *nets,
                        int32_t *input, struct measured *measured, struct cf_error *err)
{
    struct cf_quantiser *quantiser = cf_quantiser_new(profiles->netlist, NULL, err);
    bool done = quantiser != NULL;
    measured->frames = cf_frames_count(frames);
    for (uint64_t n = 0; done && n < measured->frames; n++) {
        done = (!cli_interrupted() || cf_fail(err, "prove: interrupted")) &&
               cf_frames_quantise(frames, n, quantiser, input, err) && cf_sim_nets(sim, input, nets, err);
        for (uint32_t k = 0; done && k < profiles->bands; k++)
            cf_algebra_measure(profiles, k, nets, &measured->size[k]);
    }
    cf_quantiser_free(quantiser);
    return done;
}

static bool measure(const struct cli_args *args, const struct cf_profiles *profiles, struct measured *measured,
                    struct cf_error *err)
{
    const struct cf_netlist *netlist = profiles->netlist;
    struct cf_frames *frames = NULL;
    cofiber_sim *sim = NULL;
    cofiber_error error;
    if (!cli_frames_open(&frames, args, 1, netlist, err))
        return false;
    int64_t *nets = malloc(netlist->net_count * sizeof *nets);
    int32_t *input = malloc(netlist->groups[CF_INPUT].count * sizeof *input);
    bool done = (nets && input) || cf_fail(err, "%s: out of memory", netlist->label);
    if (done && !cofiber_sim_new(&sim, cofiber_wrap(netlist), NULL, &error))
        done = cf_fail(err, "%s", error.text);
    done = done && measure_all(profiles, frames, sim, nets, input, measured, err);
    cofiber_sim_free(sim);
    cf_frames_close(frames);
    free(nets);
    free(input);
    return done;
}

/* ---- reports ---- */

static double real(int64_t integer, int frac)
{
    return ldexp((double)integer, -frac);
}

/* The ratio of the pooled band to the band, as roots of mean squares. */
static double ratio(const struct cf_leak_size *s)
{
    if (s->band_squares == 0)
        return 0;
    return sqrt(s->pooled_squares / (double)s->pooled) / sqrt(s->band_squares / (double)s->values);
}

static void print_leakage(const struct cf_profiles *profiles, const struct cf_leakage *l, const struct measured *m)
{
    uint32_t width = cf_level_width(profiles, l->scale + 1);
    if (l->norm == 0) {
        printf("leakage of band %" PRIu32 ": 0, exactly\n", l->scale);
        return;
    }
    printf("leakage of band %" PRIu32 ": its pool has the norm %" PRId64 "/2^%d = %g, the band itself %g; the pool at "
           "[%" PRIu32 ",%" PRIu32 "]\n",
           l->scale, l->norm, l->frac, real(l->norm, l->frac), real(l->band_norm, l->frac - 2), l->row / width,
           l->row % width);
    printf("  worst input: %s%" PRId64 "/2^%d = %g steps of the input, at [%" PRIu32 ",%" PRIu32 "]\n",
           l->worst_is_least ? "-" : "", l->worst, l->frac, real(l->worst, l->frac), l->worst_row / width,
           l->worst_row % width);
    if (m->frames)
        printf("  on %" PRIu64
               " frame%s: the pooled band is %.4f of the band (root of mean squares), at most %g steps\n",
               m->frames, m->frames == 1 ? "" : "s", ratio(&m->size[l->scale]), m->size[l->scale].greatest);
}

static bool is_plain(const struct cf_netlist *netlist)
{
    return cf_groups_are_plain(netlist, 1, netlist->group_count, "--algebra", NULL);
}

static void print_law(const struct cf_profiles *profiles, enum cf_law law, const struct cf_finding *f)
{
    char name[CF_NAME_MAX], checks[32], broken[32];
    if (!f->asked) {
        printf("not asked  %s\n", cf_law_sentence(law));
        return;
    }
    if (!f->holds && law == CF_LAW_CLASSIFY && !is_plain(profiles->netlist)) {
        printf("not applicable  %s: the netlist has squares, ReLUs or roots, which are no linear forms\n",
               cf_law_sentence(law));
        return;
    }
    printf("%s  %s: %s forms compared\n", f->holds ? "holds    " : "fails    ", cf_law_sentence(law),
           cli_thousands(f->checks, checks));
    if (!f->holds)
        printf("           %s: %s; %s differ%s\n", cf_net_name(profiles->netlist, f->gate, name, sizeof name), f->why,
               cli_thousands(f->broken, broken), f->broken == 1 ? "s" : "");
}

static void print_all(const struct cf_profiles *profiles, const struct cf_algebra *a, const struct measured *m)
{
    char followed[32];
    printf("%" PRIu32 " scales, %s upsampling; %s gates followed to the input\n", a->scales,
           a->bilinear ? "bilinear" : "nearest", cli_thousands(a->followed, followed));
    for (int law = 0; law < CF_LAW_COUNT; law++)
        print_law(profiles, law, &a->laws[law]);
    for (uint32_t k = 0; k < a->bands; k++)
        print_leakage(profiles, &a->leakage[k], m);
}

static void json_law(cJSON *array, const struct cf_profiles *profiles, enum cf_law law, const struct cf_finding *f)
{
    char name[CF_NAME_MAX];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(array, item);
    cJSON_AddStringToObject(item, "law", cf_law_name(law));
    cJSON_AddStringToObject(item, "says", cf_law_sentence(law));
    if (!f->asked) {
        cJSON_AddNullToObject(item, "holds");
        return;
    }
    cJSON_AddBoolToObject(item, "holds", f->holds);
    cJSON_AddNumberToObject(item, "compared", (double)f->checks);
    cJSON_AddNumberToObject(item, "different", (double)f->broken);
    if (f->holds)
        return;
    cJSON_AddStringToObject(item, "gate", cf_net_name(profiles->netlist, f->gate, name, sizeof name));
    cJSON_AddStringToObject(item, "why", f->why);
}

static void json_leakage(cJSON *array, const struct cf_leakage *l, const struct measured *m)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(array, item);
    cJSON_AddNumberToObject(item, "band", l->scale);
    cJSON_AddNumberToObject(item, "norm", real(l->norm, l->frac));
    cJSON_AddNumberToObject(item, "band_norm", real(l->band_norm, l->frac - 2));
    cJSON_AddNumberToObject(item, "worst", (l->worst_is_least ? -1 : 1) * real(l->worst, l->frac));
    if (!m->frames)
        return;
    cJSON_AddNumberToObject(item, "frames", (double)m->frames);
    cJSON_AddNumberToObject(item, "ratio_on_frames", ratio(&m->size[l->scale]));
    cJSON_AddNumberToObject(item, "greatest_on_frames", m->size[l->scale].greatest);
}

static int print_json(const struct cf_profiles *profiles, const struct cf_algebra *a, const struct measured *m)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "scales", a->scales);
    cJSON_AddStringToObject(document, "upsample", a->bilinear ? "bilinear" : "nearest");
    cJSON_AddNumberToObject(document, "followed", (double)a->followed);
    cJSON *laws = cJSON_AddArrayToObject(document, "laws");
    for (int law = 0; law < CF_LAW_COUNT; law++)
        json_law(laws, profiles, law, &a->laws[law]);
    cJSON *leakage = cJSON_AddArrayToObject(document, "leakage");
    for (uint32_t k = 0; k < a->bands; k++)
        json_leakage(leakage, &a->leakage[k], m);
    return cli_print_json(document);
}

int cli_prove_algebra(const struct cli_args *args, const struct cf_netlist *netlist)
{
    struct cf_error err;
    struct cf_profiles profiles;
    struct cf_algebra algebra;
    struct measured measured = {.frames = 0};
    cli_catch_interrupts();
    if (!cf_profiles_make(&profiles, netlist, &err))
        return cli_fail(&err);
    int status = CLI_OK;
    if (!cf_algebra_check(&profiles, &algebra, &err) ||
        (args->operand_count > 1 && !measure(args, &profiles, &measured, &err)))
        status = cli_fail(&err);
    else if (cli_given(args, "--json"))
        status = print_json(&profiles, &algebra, &measured);
    else
        print_all(&profiles, &algebra, &measured);
    for (int law = 0; status == CLI_OK && law < CF_LAW_COUNT; law++)
        if (algebra.laws[law].asked && !algebra.laws[law].holds)
            status = CLI_DIFFERENT;
    cf_profiles_free(&profiles);
    return status;
}
