/* compile.c - offers the compiler through the public interface. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "compiler/weights.h"
#include "library/pass_on.h"

cofiber_compile_options cofiber_compile_defaults(void)
{
    struct cf_compile_options o = cf_compile_defaults();
    return (cofiber_compile_options){.height = o.height,
                                     .width = o.width,
                                     .scales = o.scales,
                                     .upsample = "nearest",
                                     .pools = "direct",
                                     .top = "residual",
                                     .pad = "none",
                                     .input_bits = o.input_bits,
                                     .score_threshold = o.score_threshold,
                                     .norm_eps = 1e-5,
                                     .weight_bits = 8};
}

/* The place of a word among several, separated by '|'. */
static bool find_word(const char *option, const char *words, const char *text, int *index, struct cf_error *err)
{
    *index = 0;
    for (const char *word = words; text && *word; ++*index) {
        size_t length = strcspn(word, "|");
        if (length == strlen(text) && strncmp(word, text, length) == 0)
            return true;
        word += length + (word[length] == '|');
    }
    return cf_fail(err, "%s '%.80s' is none of: %s", option, text ? text : "", words);
}

static bool take_options(const cofiber_compile_options *from, struct cf_compile_options *to, struct cf_error *err)
{
    int upsample, pools, top, pad;
    *to = cf_compile_defaults();
    if (!find_word("upsample", "nearest|bilinear", from->upsample, &upsample, err) ||
        !find_word("pools", "direct|iterated", from->pools, &pools, err) ||
        !find_word("top", "residual|cofiber", from->top, &top, err) ||
        !find_word("pad", "none|zeros|edge", from->pad, &pad, err))
        return false;
    to->height = from->height;
    to->width = from->width;
    to->scales = from->scales;
    to->upsample = (enum cf_upsample)upsample;
    to->pools = (enum cf_pools)pools;
    to->top = (enum cf_top)top;
    to->pad = (enum cf_pad)pad;
    to->sweep = from->sweep;
    to->input_bits = from->input_bits;
    to->score_threshold = from->score_threshold;
    to->input_scale = from->input_scale;
    to->layer_bits = from->layer_bits;
    return true;
}

static bool take_head_options(const cofiber_compile_options *from, struct cf_head_options *to, struct cf_error *err)
{
    *to = (struct cf_head_options){.weight = from->weight,
                                   .bias = from->bias,
                                   .map = from->map,
                                   .no_bias = from->no_bias,
                                   .transposed = from->transposed,
                                   .weight_bits = from->weight_bits,
                                   .norm_eps = from->norm_eps};
    if (!(to->norm_eps > 0 && to->norm_eps <= 1))
        return cf_fail(err, "a norm_eps of %g: it must be positive, and 1 at most", to->norm_eps);
    if (to->weight_bits < 2 || to->weight_bits > 16)
        return cf_fail(err, "weights of %d bits: 2 to 16 are possible", to->weight_bits);
    if (from->layer_bits != 0 && (from->layer_bits < 2 || from->layer_bits > 16))
        return cf_fail(err, "layers of %d bits: 2 to 16 are possible", from->layer_bits);
    return true;
}

/* Adds a frame's features to what the scale is chosen from. */
static bool add_features(struct cf_calibration *calibration, const cofiber_features *features, uint64_t count,
                         struct cf_error *err)
{
    struct cf_tensor tensor;
    if (!cf_tensor_of(features, count, &tensor))
        return cf_fail(err, "calibration: no features, or of a type that is not known");
    uint64_t wrong = cf_tensor_find_nonfinite(&tensor, 0, count);
    if (wrong != UINT64_MAX)
        return cf_fail(err, "calibration: element %" PRIu64 " is NaN or infinite", wrong);
    double *values = malloc((size_t)count * sizeof *values);
    if (!values)
        return cf_fail(err, "calibration: out of memory");
    cf_tensor_to_f64(&tensor, 0, count, values);
    cf_calibration_add(calibration, values, (size_t)count);
    free(values);
    return true;
}

static bool choose_scale(const cofiber_compile_options *from, const struct cf_head *head,
                         struct cf_compile_options *options, struct cf_error *err)
{
    uint64_t count = (uint64_t)head->channels * options->height;
    if (from->feature_count == 0 || !from->features)
        return cf_fail(err, "%s: there is neither an input scale nor features to choose it from", head->label);
    if (!cf_mul_u64(count, options->width, &count) || count > INT32_MAX)
        return cf_fail(err, "%s: a grid of %" PRIu32 "x%" PRIu32 " is too large", head->label, options->height,
                       options->width);
    if (options->input_bits < 2 || options->input_bits > 16)
        return cf_fail(err, "an input of %d bits: 2 to 16 are possible", options->input_bits);
    struct cf_calibration *calibration = cf_calibration_new();
    bool done = calibration || cf_fail(err, "calibration: out of memory");
    for (size_t i = 0; done && i < from->feature_count; i++)
        done = add_features(calibration, &from->features[i], count, err);
    done = done && cf_calibration_scale(calibration, options->input_bits, "calibration", &options->input_scale, err);
    cf_calibration_free(calibration);
    return done;
}

bool cofiber_compile(cofiber_netlist **netlist, const char *path, const cofiber_compile_options *from,
                     cofiber_error *error)
{
    struct cf_error err;
    struct cf_head head;
    struct cf_compile_options options;
    struct cf_head_options head_options;
    struct cf_netlist *made = NULL;
    if (!netlist)
        return cf_refuse(error, "no place for the netlist");
    *netlist = NULL;
    if (!path || !from)
        return cf_refuse(error, path ? "no options" : "no path");
    if (!take_options(from, &options, &err) || !take_head_options(from, &head_options, &err) ||
        !cf_head_load(&head, path, &head_options, &err))
        return cf_pass_on(error, &err);
    bool done = (options.input_scale != 0 || choose_scale(from, &head, &options, &err)) &&
                cf_compile(&made, &head, &options, &err);
    cf_head_free(&head);
    *netlist = cf_hand_out(made);
    return done || cf_pass_on(error, &err);
}
