/* layer.c - quantises the weights of a layer, or keeps those that are integers already. */
#include "compiler/heads/layer.h"

#include <assert.h>
#include <math.h>

#include "netlists/quantise.h"

bool cf_head_layer_allocate(struct cf_head_layer *layer, struct cf_arena *arena)
{
    size_t count = (size_t)layer->outputs * layer->inputs;
    layer->weight = cf_arena_alloc(arena, count, sizeof *layer->weight);
    layer->bias = cf_arena_alloc(arena, layer->outputs, sizeof *layer->bias);
    layer->quantised = cf_arena_alloc(arena, count, sizeof *layer->quantised);
    layer->scale = cf_arena_alloc(arena, layer->outputs, sizeof *layer->scale);
    return layer->weight && layer->bias && layer->quantised && layer->scale;
}

static void quantise_row(struct cf_head_layer *layer, uint32_t output, double highest)
{
    const double *row = layer->weight + (size_t)output * layer->inputs;
    int32_t *codes = layer->quantised + (size_t)output * layer->inputs;
    double largest = 0;
    for (uint32_t i = 0; i < layer->inputs; i++)
        largest = fmax(largest, fabs(row[i]));
    double scale = layer->already_quantised ? 1.0 : largest / highest;
    layer->too_small += largest > 0 && scale == 0; /* with scale 1 such weights round to zeros */
    layer->scale[output] = scale > 0 ? scale : 1.0;
    for (uint32_t i = 0; i < layer->inputs; i++)
        codes[i] = (int32_t)cf_quantised(row[i], layer->scale[output], -highest, highest);
}

void cf_head_layer_quantise(struct cf_head_layer *layer, int bits)
{
    assert(bits >= 2 && bits <= 16);
    size_t count = (size_t)layer->outputs * layer->inputs;
    double highest = ldexp(1, bits - 1) - 1;
    layer->integer = layer->already_quantised = true;
    layer->too_small = 0;
    for (size_t i = 0; i < count && layer->integer; i++) {
        layer->integer = layer->weight[i] == rint(layer->weight[i]);
        layer->already_quantised = layer->already_quantised && layer->integer && fabs(layer->weight[i]) <= highest;
    }
    for (uint32_t output = 0; output < layer->outputs; output++)
        quantise_row(layer, output, highest);
}

void cf_head_layer_take_scaled(struct cf_head_layer *layer, const double *scale, int bits)
{
    assert(bits >= 2 && bits <= 16);
    double low = -ldexp(1, bits - 1), high = ldexp(1, bits - 1) - 1;
    bool keep = true;
    for (size_t i = 0; i < (size_t)layer->outputs * layer->inputs; i++) {
        double code = layer->weight[i], factor = scale[i / layer->inputs];
        assert(isfinite(factor) && factor != 0);
        keep = keep && code == rint(code) && code >= low && code <= high;
        layer->quantised[i] = keep ? (int32_t)(factor < 0 ? -code : code) : 0;
        layer->weight[i] = code * factor;
    }
    if (!keep) {
        cf_head_layer_quantise(layer, bits);
        return;
    }
    layer->integer = layer->already_quantised = true;
    layer->too_small = 0;
    for (uint32_t output = 0; output < layer->outputs; output++)
        layer->scale[output] = fabs(scale[output]);
}
