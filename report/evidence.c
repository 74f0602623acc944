/* evidence.c - counts and measures what an audit judges. */
#include "report/evidence.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/heads/parts.h"
#include "compiler/weights.h"
#include "netlists/analyse.h"
#include "netlists/cell.h"
#include "sim/library.h"

/* ---- the head --------------------------------------------------------------------------------------------------- */

/* The tensors that a head has, by their names; where no name tells, all of them. */
static bool count_tensors(struct cf_evidence *e, struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    bool named = false;
    for (size_t i = 0; i < checkpoint->count; i++)
        named = named || cf_part_name_read(checkpoint->tensors[i].name).role != CF_ROLE_NONE;
    for (size_t i = 0; i < checkpoint->count; i++) {
        struct cf_part_name name = cf_part_name_read(checkpoint->tensors[i].name);
        if (name.kind == CF_PART_WEIGHT_SCALE || (named && name.role == CF_ROLE_NONE) ||
            !cf_dtype_is_readable(checkpoint->tensors[i].dtype))
            continue;
        if (!cf_checkpoint_load(checkpoint, i, err))
            return false;
        e->parameters += checkpoint->tensors[i].count;
        e->nonzero += cf_parts_nonzero(&checkpoint->tensors[i]);
    }
    return true;
}

static bool count_parameters(struct cf_evidence *e, const char *path, struct cf_error *err)
{
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    struct cf_error ignored;
    if (!cf_checkpoint_open(&checkpoint, path, err))
        return false;
    bool done = cf_parts_allowed(&checkpoint, err) && count_tensors(e, &checkpoint, err);
    e->variant = done && cf_parts_find(&parts, &checkpoint, NULL, false, &ignored)
                     ? cf_parts_variant(&parts, &checkpoint, e->parameters)
                     : "other";
    cf_checkpoint_close(&checkpoint);
    return done;
}

static void look_at_int8(struct cf_evidence *e)
{
    const struct cf_head *head = &e->head;
    const struct cf_head_layer *layer = &head->layer[CF_ROLE_CLS][0];
    e->weights = (uint64_t)head->classes * head->channels;
    for (uint64_t i = 0; i < e->weights; i++)
        e->small += layer->quantised[i] == 0 && layer->weight[i] != 0;
    for (uint32_t c = 0; c < head->classes; c++) {
        double units = layer->bias[c] / layer->scale[c];
        bool fits;
        cf_bias_as_int8(head, c, &fits);
        e->saturated += !fits;
        e->bias_low = c == 0 || units < e->bias_low ? units : e->bias_low;
        e->bias_high = c == 0 || units > e->bias_high ? units : e->bias_high;
    }
}

/* ---- the circuits ----------------------------------------------------------------------------------------------- */

static struct cf_compile_options options_of(const struct cf_evidence *e, enum cf_form form)
{
    struct cf_compile_options options = e->options;
    options.upsample = form == CF_FORM_BILINEAR ? CF_BILINEAR : CF_NEAREST;
    options.pools = form == CF_FORM_ITERATED || form == CF_FORM_ITERATED_COFIBER ? CF_ITERATED : CF_DIRECT;
    options.top = form == CF_FORM_COFIBER || form == CF_FORM_ITERATED_COFIBER ? CF_COFIBER : CF_RESIDUAL;
    options.sweep = false;
    return options;
}

static void look_at_group(struct cf_form_facts *facts, const struct cf_group_facts *group, enum cf_layer layer)
{
    bool first = facts->low[layer] == 0 && facts->high[layer] == 0;
    facts->other[layer] += group->weight_count[2];
    if (first || group->weight_min < facts->low[layer])
        facts->low[layer] = group->weight_min;
    if (first || group->weight_max > facts->high[layer])
        facts->high[layer] = group->weight_max;
}

static void look_at_steps(struct cf_form_facts *facts, const struct cf_netlist *n)
{
    for (uint32_t g = 1; g < n->group_count; g++) {
        const struct cf_group *group = &n->groups[g];
        for (uint32_t i = 0; i < group->count; i++)
            facts->steps += n->cells[group->cell[i]].activation == CF_STEP;
    }
    for (uint32_t c = 0; c < n->cell_count; c++)
        if (n->cells[c].activation == CF_STEP) {
            int width = cf_signed_width(n->cells[c].bias < 0 ? n->cells[c].bias : 0,
                                        n->cells[c].bias > 0 ? n->cells[c].bias : 0);
            facts->width = width > facts->width ? width : facts->width;
        }
    uint32_t g = cf_netlist_find_group(n, "s0.classify");
    for (uint32_t c = 0; g != UINT32_MAX && c < cf_group_lanes(&n->groups[g]); c++)
        facts->constant += n->cells[n->groups[g].cell[c]].term_count == 0;
}

static bool look_at_netlist(struct cf_form_facts *facts, const struct cf_netlist *netlist, uint32_t scales,
                            struct cf_error *err)
{
    struct cf_facts found;
    if (!cf_netlist_analyse(netlist, &found, err))
        return false;
    facts->total = found.gates;
    facts->live = found.live;
    facts->depth = found.depth;
    for (uint32_t k = 0; k < scales; k++)
        for (int layer = 0; layer < CF_LAYER_COUNT; layer++) {
            char name[32];
            snprintf(name, sizeof name, "s%u.%s", k, cf_layer_name((enum cf_layer)layer));
            uint32_t g = cf_netlist_find_group(netlist, name);
            assert(g != UINT32_MAX);
            facts->gates[k][layer] = netlist->groups[g].count;
            look_at_group(facts, &found.groups[g], (enum cf_layer)layer);
        }
    look_at_steps(facts, netlist);
    cf_facts_free(&found);
    return true;
}

/* ---- the frames ------------------------------------------------------------------------------------------------- */

struct frame_run {
    struct cf_evidence *e;
    const struct cf_frames *frames;
    const struct cf_evidence_options *options;
    double *features;
    uint64_t done, total; /* of the progress */
};

static bool calibrate(struct frame_run *r, size_t size, struct cf_error *err)
{
    struct cf_calibration *calibration = cf_calibration_new();
    bool done = calibration || cf_fail(err, "out of memory");
    for (uint64_t n = 0; done && n < r->e->frames; n++) {
        done = cf_frames_features(r->frames, n, r->features, err);
        if (done)
            cf_calibration_add(calibration, r->features, size);
    }
    done = done && cf_calibration_scale(calibration, r->e->options.input_bits, cf_frames_file(r->frames, 0).path,
                                        &r->e->options.input_scale, err);
    cf_calibration_free(calibration);
    return done;
}

static bool measure_frame(struct frame_run *r, const struct cf_compile_options *options, const struct cf_sums *sums,
                          cofiber_sim *sim, uint64_t n, struct cf_error *err)
{
    struct cf_evidence *e = r->e;
    const cofiber_features features = {r->features, COFIBER_F64};
    cofiber_error error;
    if (!cf_frames_features(r->frames, n, r->features, err))
        return false;
    if (!cofiber_sim_run(sim, &features, &error))
        return cf_fail(err, "%s", error.text);
    const cofiber_result *result = cofiber_sim_result(sim);
    bool done = cf_bands_add(&e->bands[options->upsample], sums, options, result, err) &&
                cf_reconstruct(&e->reconstructions[options->upsample], options, e->head.channels, r->features, err);
    if (done && options->upsample == e->options.upsample)
        done = cf_agreement_add(&e->agreement, sums, &e->head, options, cf_frames_number(r->frames, n), r->features,
                                result, err);
    if (done && r->options->progress && !r->options->progress(r->options->context, ++r->done, r->total))
        return cf_fail(err, "interrupted");
    return done;
}

static bool measure(struct frame_run *r, const struct cf_compile_options *options, const struct cf_netlist *netlist,
                    struct cf_error *err)
{
    struct cf_sums sums;
    cofiber_sim *sim = NULL;
    cofiber_error error;
    const cofiber_options all_gates = {.mode = COFIBER_ALL_GATES};
    if (!cf_sums_new(&sums, netlist, 1, err))
        return false;
    bool done = cofiber_sim_new(&sim, cofiber_wrap(sums.netlist), &all_gates, &error) || cf_fail(err, "%s", error.text);
    for (uint64_t n = 0; done && n < r->e->frames; n++)
        done = measure_frame(r, options, &sums, sim, n, err);
    cofiber_sim_free(sim);
    cf_sums_free(&sums);
    return done;
}

static bool look_at_form(struct frame_run *r, enum cf_form form, struct cf_error *err)
{
    struct cf_evidence *e = r->e;
    struct cf_compile_options options = options_of(e, form);
    struct cf_netlist *netlist = NULL;
    bool done = cf_compile(&netlist, &e->head, &options, err) &&
                look_at_netlist(&e->forms[form], netlist, options.scales, err) &&
                (form > CF_FORM_BILINEAR || measure(r, &options, netlist, err));
    if (done && form <= CF_FORM_BILINEAR && options.upsample == e->options.upsample) {
        e->netlist = netlist;
        netlist = NULL;
    }
    cf_netlist_free(netlist);
    return done;
}

static bool frames_fit(const struct cf_evidence *e, const struct cf_frames *frames, struct cf_error *err)
{
    const struct cf_compile_options *o = &e->options;
    struct cf_frame_shape shape = cf_frames_shape(frames), wanted = {e->head.channels, o->height, o->width};
    char advice[256];
    uint32_t unit = 1U << o->scales;
    if (o->height % unit != 0 || o->width % unit != 0)
        return cf_fail(err, "%s: an audit takes grids that 2^%u divides, not %ux%u", e->head.label, o->scales,
                       o->height, o->width);
    return (shape.channels == wanted.channels && shape.height == wanted.height && shape.width == wanted.width) ||
           cf_fail(err, "%s: frames of %ux%ux%u (D, H, W); %s on this grid takes %ux%ux%u%s",
                   cf_frames_file(frames, 0).path, shape.channels, shape.height, shape.width, e->head.label,
                   wanted.channels, wanted.height, wanted.width,
                   cf_frames_advice(frames, wanted, advice, sizeof advice));
}

static bool look_at_circuits(struct cf_evidence *e, const struct cf_frames *frames,
                             const struct cf_evidence_options *options, struct cf_error *err)
{
    struct frame_run r = {.e = e, .frames = frames, .options = options, .total = 2 * cf_frames_count(frames)};
    size_t size = (size_t)e->head.channels * e->options.height * e->options.width;
    e->frames = cf_frames_count(frames);
    if (!frames_fit(e, frames, err))
        return false;
    r.features = malloc(size * sizeof *r.features);
    bool done = (r.features || cf_fail(err, "%s: out of memory", e->head.label)) &&
                (e->options.input_scale > 0 || calibrate(&r, size, err));
    for (int form = 0; done && form < CF_FORMS; form++)
        done = look_at_form(&r, (enum cf_form)form, err);
    cf_agreement_finish(&e->agreement);
    free(r.features);
    return done;
}

/* Says which layers a head has beside one classifier. */
static bool describe_layers(const struct cf_head *head, const char *variant, struct cf_error *reason)
{
    const char *names[] = {head->bands[CF_ROLE_CLS] > 1 ? "a classifier for each band" : NULL,
                           head->bands[CF_ROLE_NORM] ? "LayerNorms" : NULL,
                           head->bands[CF_ROLE_PROJECT] ? "a bottleneck" : NULL,
                           cf_head_has_boxes(head) ? "boxes" : NULL, head->bands[CF_ROLE_CTR] ? "a centerness" : NULL};
    char text[128];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i])
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", length ? ", " : "", names[i]);
    return cf_fail(reason, "the claim is about the bare classifier, and this head (variant %s) has more: %s", variant,
                   text);
}

/* The claims are about one classifier, without layers beside it. */
static bool load_bare(struct cf_evidence *e, const char *path, const struct cf_head_options *options)
{
    struct cf_error why;
    if (!cf_head_load(&e->head, path, options, &why))
        return cf_fail(&e->reason, "the head is no linear classifier: %s", why.text);
    if (cf_head_is_bare(&e->head))
        return true;
    e->is_larger = true;
    describe_layers(&e->head, e->variant, &e->reason);
    cf_head_free(&e->head);
    return false;
}

bool cf_evidence_collect(struct cf_evidence *evidence, const char *head, const struct cf_frames *frames,
                         const struct cf_evidence_options *options, struct cf_error *err)
{
    *evidence = (struct cf_evidence){.options = options->compile};
    evidence->options.pools = CF_DIRECT;
    evidence->options.top = CF_RESIDUAL;
    evidence->options.sweep = false;
    bool done = count_parameters(evidence, head, err);
    const struct cf_head_options head_options = {.weight = options->weight, .bias = options->bias};
    if (done && load_bare(evidence, head, &head_options)) {
        evidence->readable = true;
        look_at_int8(evidence);
        done = look_at_circuits(evidence, frames, options, err);
    } else if (done &&
               (strstr(evidence->reason.text, "out of memory") || strstr(evidence->reason.text, "allocate memory"))) {
        done = cf_fail(err, "%s", evidence->reason.text);
    }
    if (!done)
        cf_evidence_free(evidence);
    return done;
}

void cf_evidence_free(struct cf_evidence *evidence)
{
    cf_netlist_free(evidence->netlist);
    cf_agreement_free(&evidence->agreement);
    cf_head_free(&evidence->head);
    *evidence = (struct cf_evidence){0};
}
