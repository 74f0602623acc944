/* head.c - reads the layers of a head from a checkpoint, and checks that they fit each other. */
#include "compiler/head.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/safetensors.h"
#include "compiler/heads/choose.h"

struct reading {
    struct cf_head *head;
    struct cf_checkpoint *checkpoint;
    const struct cf_parts *parts;
    const struct cf_head_options *options;
    struct cf_error *err;
};

static bool out_of_memory(const struct reading *r)
{
    return cf_fail(r->err, "%s: out of memory", r->checkpoint->path);
}

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/* The finite elements of a tensor, as doubles into `values` [count of the tensor]. */
static bool read_finite(const struct reading *r, size_t index, double *values)
{
    const char *path = r->checkpoint->path;
    const struct cf_tensor *tensor = &r->checkpoint->tensors[index];
    if (tensor->dtype == CF_BOOL)
        return cf_fail(r->err, "%s: tensor '%s' is BOOL; a head has numbers", path, tensor->name);
    if (!cf_checkpoint_load(r->checkpoint, index, r->err))
        return false;
    uint64_t bad = cf_tensor_find_nonfinite(tensor, 0, tensor->count);
    if (bad != UINT64_MAX) {
        char at[128];
        return cf_fail(r->err, "%s: tensor '%s': element %s is NaN or infinite", path, tensor->name,
                       cf_index_text(tensor, bad, at, sizeof at));
    }
    cf_tensor_to_f64(tensor, 0, tensor->count, values);
    return true;
}

/* Weights [outputs][inputs], whichever way round the file has them. */
static bool read_weight(const struct reading *r, size_t index, struct cf_head_layer *layer)
{
    if (!r->parts->transposed)
        return read_finite(r, index, layer->weight);
    size_t count = (size_t)layer->outputs * layer->inputs;
    double *values = cf_arena_alloc(&r->head->arena, count, sizeof *values);
    if (!values)
        return out_of_memory(r);
    if (!read_finite(r, index, values))
        return false;
    for (size_t i = 0; i < count; i++)
        layer->weight[i] = values[i % layer->inputs * layer->outputs + i / layer->inputs];
    return true;
}

/* The scales beside integers: one for each output, or one for all. */
static bool read_scale(const struct reading *r, size_t index, const struct cf_head_layer *layer, double **scale)
{
    const struct cf_tensor *tensor = &r->checkpoint->tensors[index];
    char shape[128];
    if (tensor->count != 1 && tensor->count != layer->outputs)
        return cf_fail(r->err, "%s: tensor '%s' is %s: a scale is one number, or one for each of %u outputs",
                       r->checkpoint->path, tensor->name, cf_shape_text(tensor, shape, sizeof shape), layer->outputs);
    *scale = cf_arena_alloc(&r->head->arena, layer->outputs, sizeof **scale);
    if (!*scale)
        return out_of_memory(r);
    if (!read_finite(r, index, *scale))
        return false;
    for (uint32_t c = 0; c < layer->outputs; c++) {
        (*scale)[c] = (*scale)[tensor->count == 1 ? 0 : c];
        if ((*scale)[c] == 0)
            return cf_fail(r->err, "%s: tensor '%s': a scale is 0", r->checkpoint->path, tensor->name);
    }
    return true;
}

/* ---- layers ---------------------------------------------------------------------------------------------------- */

static bool size_layer(const struct reading *r, enum cf_role role, const struct cf_tensor *weight,
                       struct cf_head_layer *layer)
{
    bool matrix = role != CF_ROLE_NORM && role != CF_ROLE_SCALE;
    uint64_t outputs = matrix ? cf_parts_outputs(r->parts, weight) : weight->count;
    uint64_t inputs = matrix ? cf_parts_inputs(r->parts, weight) : 1;
    char shape[128];
    if (outputs == 0 || inputs == 0 || weight->count > INT32_MAX)
        return cf_fail(r->err,
                       "%s: tensor '%s' is %s: a head has at least one class and one channel, and at most "
                       "2^31 - 1 weights",
                       r->checkpoint->path, weight->name, cf_shape_text(weight, shape, sizeof shape));
    layer->outputs = (uint32_t)outputs;
    layer->inputs = (uint32_t)inputs;
    return cf_head_layer_allocate(layer, &r->head->arena) || out_of_memory(r);
}

/* Whether a layer without a bias is an error: a bottleneck never has one, and a LayerNorm need not have one. */
static bool needs_bias(const struct reading *r, enum cf_role role)
{
    return role != CF_ROLE_PROJECT && role != CF_ROLE_NORM && role != CF_ROLE_SCALE && !r->options->no_bias;
}

static bool read_layer(const struct reading *r, enum cf_role role, uint32_t band)
{
    const struct cf_part *part = &r->parts->part[role][band];
    const struct cf_tensor *weight = &r->checkpoint->tensors[part->tensor[CF_PART_WEIGHT]];
    struct cf_head_layer *layer = &r->head->layer[role][band];
    size_t bias = part->tensor[CF_PART_BIAS], scale_index = part->tensor[CF_PART_WEIGHT_SCALE];
    double *scale = NULL;
    char list[320];
    if (!size_layer(r, role, weight, layer))
        return false;
    if (bias == SIZE_MAX && needs_bias(r, role))
        return cf_fail(r->err, "%s: '%s' has no bias; it can be taken as 0; there are: %s", r->checkpoint->path,
                       weight->name, cf_checkpoint_list(r->checkpoint, list, sizeof list)) ||
               cf_fail_setting(r->err, "no_bias");
    bool matrix = layer->inputs > 1 || (role != CF_ROLE_NORM && role != CF_ROLE_SCALE);
    if (!(matrix ? read_weight(r, part->tensor[CF_PART_WEIGHT], layer)
                 : read_finite(r, part->tensor[CF_PART_WEIGHT], layer->weight)) ||
        (bias != SIZE_MAX && !read_finite(r, bias, layer->bias)) ||
        (scale_index != SIZE_MAX && !read_scale(r, scale_index, layer, &scale)))
        return false;
    if (scale)
        cf_head_layer_take_scaled(layer, scale, r->head->weight_bits);
    else
        cf_head_layer_quantise(layer, r->head->weight_bits);
    for (size_t i = 0; scale && i < (size_t)layer->outputs * layer->inputs; i++)
        if (!isfinite(layer->weight[i]))
            return cf_fail(r->err, "%s: tensor '%s': element %zu times its scale is infinite", r->checkpoint->path,
                           weight->name, i);
    return true;
}

static bool read_layers(const struct reading *r)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++) {
        r->head->bands[role] = r->parts->bands[role];
        for (uint32_t band = 0; band < r->parts->bands[role]; band++)
            if (!read_layer(r, (enum cf_role)role, band))
                return false;
    }
    return true;
}

/* ---- how layers fit each other --------------------------------------------------------------------------------- */

static bool fits(const struct reading *r, enum cf_role role, const char *what, uint32_t found, uint32_t wanted)
{
    return found == wanted || cf_fail(r->err, "%s: %s has %u %s, where %u are wanted", r->checkpoint->path,
                                      cf_role_name(role), found, what, wanted);
}

/* Checks that each layer of a band has as many inputs as the layer that it reads has outputs. */
static bool check_band(const struct reading *r, uint32_t band)
{
    const struct cf_head *head = r->head;
    const struct cf_head_layer *project = cf_head_layer_of(head, CF_ROLE_PROJECT, band);
    const struct cf_head_layer *hidden = cf_head_layer_of(head, CF_ROLE_REG_HIDDEN, band);
    uint32_t width = project ? project->outputs : head->channels;
    const struct {
        enum cf_role role;
        uint32_t inputs, outputs; /* outputs 0: any number */
    } wanted[] = {
        {CF_ROLE_NORM, 1, head->channels},
        {CF_ROLE_PROJECT, head->channels, 0},
        {CF_ROLE_CLS, width, head->classes},
        {CF_ROLE_REG_HIDDEN, width, 0},
        {CF_ROLE_REG_OUT, hidden ? hidden->outputs : 0, 4},
        {CF_ROLE_REG, width, 4},
        {CF_ROLE_CTR, width, 1},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct cf_head_layer *layer = cf_head_layer_of(head, wanted[i].role, band);
        if (layer &&
            !(fits(r, wanted[i].role, "inputs", layer->inputs, wanted[i].inputs) &&
              (wanted[i].outputs == 0 || fits(r, wanted[i].role, "outputs", layer->outputs, wanted[i].outputs))))
            return false;
    }
    return true;
}

static bool check_head(const struct reading *r)
{
    const struct cf_head *head = r->head;
    const char *path = r->checkpoint->path;
    uint32_t bands = cf_head_bands(head);
    bool hidden = head->bands[CF_ROLE_REG_HIDDEN] > 0, out = head->bands[CF_ROLE_REG_OUT] > 0;
    if (hidden != out)
        return cf_fail(r->err, "%s: has %s without %s", path, hidden ? "reg_hidden" : "reg_out",
                       hidden ? "reg_out" : "reg_hidden");
    if (hidden && head->bands[CF_ROLE_REG])
        return cf_fail(r->err, "%s: has both reg, and reg_hidden with reg_out: a head has one of the two", path);
    for (uint32_t k = 0; k < head->bands[CF_ROLE_SCALE]; k++)
        if (head->layer[CF_ROLE_SCALE][k].outputs != 1 &&
            (head->bands[CF_ROLE_SCALE] > 1 || head->layer[CF_ROLE_SCALE][k].outputs != bands))
            return cf_fail(r->err, "%s: scale has %u numbers, and other layers are for %u bands", path,
                           head->layer[CF_ROLE_SCALE][k].outputs, bands);
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        if (head->bands[role] > 1 && head->bands[role] != bands)
            return cf_fail(r->err, "%s: has %s for %u bands, and other layers for %u", path,
                           cf_role_name((enum cf_role)role), head->bands[role], bands);
    for (uint32_t band = 0; band < bands; band++)
        if (!check_band(r, band))
            return false;
    return true;
}

uint32_t cf_head_bands(const struct cf_head *head)
{
    uint32_t bands = 1;
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        bands = head->bands[role] > bands ? head->bands[role] : bands;
    const struct cf_head_layer *scale = &head->layer[CF_ROLE_SCALE][0];
    return head->bands[CF_ROLE_SCALE] == 1 && scale->outputs > bands ? scale->outputs : bands;
}

bool cf_head_is_bare(const struct cf_head *head)
{
    bool bare = head->bands[CF_ROLE_CLS] == 1;
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        bare = bare && (role == CF_ROLE_CLS || role == CF_ROLE_SCALE || !head->bands[role]);
    return bare;
}

bool cf_head_has_boxes(const struct cf_head *head)
{
    return head->bands[CF_ROLE_REG] > 0 || head->bands[CF_ROLE_REG_OUT] > 0;
}

double cf_head_factor(const struct cf_head *head, uint32_t band)
{
    const struct cf_head_layer *scale = cf_head_layer_of(head, CF_ROLE_SCALE, band);
    return !scale ? 1 : scale->weight[scale->outputs > 1 ? band : 0];
}

bool cf_head_is_integer(const struct cf_head *head)
{
    bool integer = true;
    for (uint32_t band = 0; band < head->bands[CF_ROLE_CLS]; band++)
        integer = integer && head->layer[CF_ROLE_CLS][band].already_quantised;
    return integer;
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static bool read_head(const struct reading *r)
{
    struct cf_head *head = r->head;
    head->label = cf_arena_strdup(&head->arena, r->checkpoint->path);
    if (!head->label)
        return out_of_memory(r);
    if (!read_layers(r))
        return false;
    enum cf_role first = head->bands[CF_ROLE_PROJECT] ? CF_ROLE_PROJECT : CF_ROLE_CLS;
    head->channels = head->layer[first][0].inputs;
    head->classes = head->layer[CF_ROLE_CLS][0].outputs;
    return check_head(r);
}

bool cf_head_load(struct cf_head *head, const char *path, const struct cf_head_options *options, struct cf_error *err)
{
    static const struct cf_head_options defaults = {0};
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    const struct reading reading = {head, &checkpoint, &parts, options ? options : &defaults, err};
    const struct cf_head_options *o = reading.options;
    *head = (struct cf_head){.weight_bits = o->weight_bits ? o->weight_bits : 8,
                             .norm_eps = o->norm_eps > 0 ? o->norm_eps : 1e-5};
    if (!cf_checkpoint_open(&checkpoint, path, err))
        return false;
    bool done = cf_parts_find(&parts, &checkpoint, o->map, o->transposed, err) &&
                cf_choose_classifier(&parts, &checkpoint, o->weight, o->bias, o->no_bias, err) && read_head(&reading) &&
                cf_sha256_file(path, head->sha256, err);
    cf_checkpoint_close(&checkpoint);
    if (!done)
        cf_head_free(head);
    return done;
}

void cf_head_free(struct cf_head *head)
{
    cf_arena_free(&head->arena);
    *head = (struct cf_head){0};
}
