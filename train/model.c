/* model.c - lays the parameters of a head out, names its tensors, and gives it its first values. */
#include "train/model.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { DIM_HIDDEN = 16, MOST_WIDTH = 4096 };

/* The number behind a word: "dim20" and "dim" give 20; 0 where it is none. */
static uint32_t number_behind(const char *text, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0 || text[length] < '1' || text[length] > '9')
        return 0;
    char *end;
    errno = 0;
    unsigned long number = strtoul(text + length, &end, 10);
    return errno || *end || number > MOST_WIDTH ? 0 : (uint32_t)number;
}

static bool choose_family(struct cf_model *model, const char *variant, struct cf_error *err)
{
    model->boxes = strcmp(variant, "classifier") != 0;
    model->project = number_behind(variant, "dim");
    model->hidden = model->project ? DIM_HIDDEN : number_behind(variant, "box");
    return !model->boxes || model->project || model->hidden || strcmp(variant, "linear") == 0 ||
           cf_fail(err, "variant '%s' is none of: classifier, linear, box32, dim20 (or other numbers from 1 to %d)",
                   variant, MOST_WIDTH);
}

static size_t take(struct cf_model *model, uint64_t rows, uint64_t columns)
{
    size_t at = model->count;
    model->count += (size_t)(rows * columns);
    return at;
}

bool cf_model_make(struct cf_model *model, const char *variant, uint32_t channels, uint32_t classes, uint32_t scales,
                   struct cf_error *err)
{
    assert(channels >= 1 && classes >= 1 && scales >= 1 && scales <= CF_MODEL_SCALES);
    *model = (struct cf_model){.channels = channels, .classes = classes, .scales = scales};
    if (!choose_family(model, variant, err))
        return false;
    uint64_t box = model->hidden ? model->hidden : 4, weights;
    uint64_t rows = classes + (model->boxes ? box + 1 : 0);
    /* Each of the terms is below 2^31 where the largest product is, and so is their sum below 2^35. */
    if (!cf_mul_u64(rows + model->project + 2 * CF_MODEL_SCALES, channels, &weights) || weights > INT32_MAX)
        return cf_fail(err, "a head of %u classes and %u channels has more than 2^31 parameters", classes, channels);
    model->width = model->project ? model->project : channels;
    model->rows = (uint32_t)rows;
    model->box_row = classes;
    model->ctr_row = (uint32_t)(classes + box);
    model->project_at = take(model, model->project, channels);
    model->weight_at = take(model, rows, model->width);
    model->bias_at = take(model, rows, 1);
    model->out_at = take(model, model->hidden ? 4 : 0, (uint64_t)model->hidden + 1);
    model->norm_at = take(model, model->boxes ? 2 * scales : 0, channels);
    model->factor_at = take(model, model->boxes ? scales : 0, 1);
    return true;
}

/* ---- tensors --------------------------------------------------------------------------------------------------- */

/* Collects the tensor that is asked for while all of them are counted. */
struct listing {
    struct cf_model_tensor *tensor;
    size_t wanted, seen;
};

static void list(struct listing *listing, const char *name, int rank, uint64_t rows, uint64_t columns, size_t at)
{
    if (rows == 0 || listing->seen++ != listing->wanted)
        return;
    struct cf_model_tensor *tensor = listing->tensor;
    *tensor = (struct cf_model_tensor){
        .rank = rank, .shape = {rows, columns}, .at = at, .count = (size_t)(rows * (rank == 2 ? columns : 1))};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
}

/* The weights and biases of some rows of the matrix. */
static void list_rows(struct listing *listing, const struct cf_model *model, const char *role, uint32_t first,
                      uint32_t rows)
{
    char name[CF_MODEL_NAME];
    snprintf(name, sizeof name, "%s_weight", role);
    list(listing, name, 2, rows, model->width, model->weight_at + (size_t)first * model->width);
    snprintf(name, sizeof name, "%s_bias", role);
    list(listing, name, 1, rows, 1, model->bias_at + first);
}

bool cf_model_tensor(const struct cf_model *model, size_t index, struct cf_model_tensor *tensor)
{
    struct listing listing = {.tensor = tensor, .wanted = index};
    uint32_t boxes = model->boxes ? 1 : 0, box_rows = boxes * (model->ctr_row - model->box_row);
    char name[CF_MODEL_NAME];
    list(&listing, "project_weight", 2, model->project, model->channels, model->project_at);
    list_rows(&listing, model, "cls", 0, model->classes);
    list_rows(&listing, model, model->hidden ? "reg_hidden" : "reg", model->box_row, box_rows);
    list(&listing, "reg_out_weight", 2, model->hidden ? 4 : 0, model->hidden, model->out_at);
    list(&listing, "reg_out_bias", 1, model->hidden ? 4 : 0, 1, model->out_at + (size_t)4 * model->hidden);
    list_rows(&listing, model, "ctr", model->ctr_row, boxes);
    for (uint32_t k = 0; k < boxes * model->scales; k++) {
        snprintf(name, sizeof name, "norm.%u.weight", k);
        list(&listing, name, 1, model->channels, 1, cf_model_gamma(model, k));
        snprintf(name, sizeof name, "norm.%u.bias", k);
        list(&listing, name, 1, model->channels, 1, cf_model_gamma(model, k) + model->channels);
    }
    list(&listing, "scale", 1, boxes * model->scales, 1, model->factor_at);
    return listing.seen > index;
}

/* ---- first values ---------------------------------------------------------------------------------------------- */

/* A number from the open interval (0, 1). */
static double uniform(uint64_t *state)
{
    return ((double)(cf_next_random(state) >> 12) + 0.5) * 0x1p-52;
}

/* Box and Muller's way from two uniform numbers to a normal one. */
static void fill_normal(float *values, size_t count, double deviation, uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        double length = sqrt(-2 * log(uniform(state))), angle = 6.283185307179586 * uniform(state);
        values[i] = (float)(deviation * length * cos(angle));
    }
}

void cf_model_initialise(const struct cf_model *model, uint64_t seed, double prior, float *parameters)
{
    assert(prior > 0 && prior < 1);
    uint64_t state = seed;
    float *weight = parameters + model->weight_at;
    memset(parameters, 0, model->count * sizeof *parameters);
    fill_normal(parameters + model->project_at, (size_t)model->project * model->channels,
                1 / sqrt((double)model->channels), &state);
    fill_normal(weight, (size_t)model->rows * model->width, 0.01, &state);
    if (model->hidden)
        fill_normal(weight + (size_t)model->box_row * model->width, (size_t)model->hidden * model->width,
                    sqrt(2 / (double)model->width), &state);
    fill_normal(parameters + model->out_at, (size_t)4 * model->hidden, 0.01, &state);
    for (uint32_t c = 0; c < model->classes; c++)
        parameters[model->bias_at + c] = (float)(log(prior) - log1p(-prior));
    for (uint32_t k = 0; model->boxes && k < model->scales; k++) {
        parameters[model->factor_at + k] = 1;
        for (uint32_t d = 0; d < model->channels; d++)
            parameters[cf_model_gamma(model, k) + d] = 1;
    }
}
