/* onnx.c - finds the nodes of an ONNX model that are linear layers, and the tensors that they multiply by. */
#include "compiler/heads/onnx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "compiler/heads/onnx.pb-c.h"

/* A constant of the graph. DequantizeLinear gives it a scale; a graph's Transpose, or a product from the right, turns
 * its two dimensions round. */
struct constant {
    const CfOnnx__Tensor *tensor;
    const CfOnnx__Tensor *scale; /* of DequantizeLinear, or NULL */
    bool fake;                   /* floats, of which QuantizeLinear first makes integers */
    bool turned;
};

/* How the tensor that the checkpoint lists comes from the constant. */
struct source {
    struct constant constant;
    bool scale_of; /* the scale is listed, not the constant */
};

struct file {
    CfOnnx__Model *model;
    struct source *sources;
    struct cf_tensor *tensors;
    bool *used; /* [initializers]: part of a layer */
    size_t count, source_capacity, tensor_capacity;
};

static const char *text(const char *string)
{
    return string ? string : "";
}

/* ---- the graph ---- */

static const CfOnnx__Graph *graph_of(const struct cf_checkpoint *checkpoint)
{
    return ((const struct file *)checkpoint->file)->model->graph;
}

static const CfOnnx__Node *driver_of(const CfOnnx__Graph *graph, const char *value)
{
    for (size_t n = 0; n < graph->n_node; n++)
        for (size_t o = 0; o < graph->node[n]->n_output; o++)
            if (strcmp(graph->node[n]->output[o], value) == 0)
                return graph->node[n];
    return NULL;
}

static bool is(const CfOnnx__Node *node, const char *type)
{
    return strcmp(text(node->op_type), type) == 0;
}

static const CfOnnx__Attribute *attribute(const CfOnnx__Node *node, const char *name)
{
    for (size_t a = 0; a < node->n_attribute; a++)
        if (strcmp(text(node->attribute[a]->name), name) == 0)
            return node->attribute[a];
    return NULL;
}

static int64_t integer_attribute(const CfOnnx__Node *node, const char *name, int64_t fallback)
{
    const CfOnnx__Attribute *found = attribute(node, name);
    return found ? found->i : fallback;
}

/* The initializer, or the Constant node's tensor, of that name. */
static const CfOnnx__Tensor *plain_constant(struct cf_checkpoint *checkpoint, const char *value)
{
    struct file *file = checkpoint->file;
    const CfOnnx__Graph *graph = file->model->graph;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (strcmp(text(graph->initializer[i]->name), value) == 0) {
            file->used[i] = true;
            return graph->initializer[i];
        }
    const CfOnnx__Node *node = driver_of(graph, value);
    const CfOnnx__Attribute *held = node && is(node, "Constant") ? attribute(node, "value") : NULL;
    return held ? held->t : NULL;
}

/* ONNX's element types, as dtypes; CF_DTYPE_COUNT for those that no head has. */
static enum cf_dtype dtype_of(const CfOnnx__Tensor *tensor)
{
    static const enum cf_dtype types[] = {
        [1] = CF_F32, [2] = CF_U8,   [3] = CF_I8,   [4] = CF_U16,  [5] = CF_I16,  [6] = CF_I32,
        [7] = CF_I64, [10] = CF_F16, [11] = CF_F64, [12] = CF_U32, [13] = CF_U64, [16] = CF_BF16,
    };
    int type = tensor->data_type;
    if (type == 9 || type < 1 || type >= (int)(sizeof types / sizeof *types) || (types[type] == 0 && type != 9))
        return CF_DTYPE_COUNT; /* 0 is CF_BOOL: types that the table leaves out */
    return types[type];
}

static bool count_of(const CfOnnx__Tensor *tensor, uint64_t *count)
{
    *count = 1;
    if (tensor->n_dims > CF_MAX_RANK)
        return false;
    for (size_t d = 0; d < tensor->n_dims; d++)
        if (tensor->dims[d] < 0 || !cf_mul_u64(*count, (uint64_t)tensor->dims[d], count))
            return false;
    return *count <= INT32_MAX;
}

/* A zero point other than 0 would make weight = (integer - zero) * scale: no plain product. */
static bool all_zero(const CfOnnx__Tensor *tensor)
{
    for (size_t b = 0; b < tensor->raw_data.len; b++)
        if (tensor->raw_data.data[b])
            return false;
    for (size_t i = 0; i < tensor->n_int32_data; i++)
        if (tensor->int32_data[i])
            return false;
    return true;
}

/* Follows a value back to a constant through Identity, Transpose and the quantising pair. `*found` is false, without
 * an error, where it is computed from the features. */
static bool constant_of(struct cf_checkpoint *checkpoint, const char *value, int depth, struct constant *constant,
                        bool *found, struct cf_error *err)
{
    const char *path = checkpoint->path;
    *found = false;
    if (depth > 16)
        return cf_fail(err, "%s: '%.80s' depends on itself", path, value);
    const CfOnnx__Tensor *plain = plain_constant(checkpoint, value);
    if (plain) {
        *constant = (struct constant){.tensor = plain};
        *found = true;
        return true;
    }
    const CfOnnx__Node *node = driver_of(graph_of(checkpoint), value);
    if (!node || node->n_input < 1)
        return true;
    bool quantise = is(node, "QuantizeLinear"), dequantise = is(node, "DequantizeLinear");
    if (!quantise && !dequantise && !is(node, "Identity") && !is(node, "Transpose"))
        return true;
    if (!constant_of(checkpoint, node->input[0], depth + 1, constant, found, err))
        return false;
    if (!*found)
        return true;
    if (is(node, "Transpose")) {
        const CfOnnx__Attribute *order = attribute(node, "perm");
        if (constant->tensor->n_dims != 2 || (order && (order->n_ints != 2 || order->ints[0] != 1)))
            return cf_fail(err, "%s: '%.80s' transposes something that is no matrix", path, value);
        constant->turned = !constant->turned;
    }
    if (!quantise && !dequantise)
        return true;
    const CfOnnx__Tensor *scale = node->n_input > 1 ? plain_constant(checkpoint, node->input[1]) : NULL;
    const CfOnnx__Tensor *zero =
        node->n_input > 2 && *node->input[2] ? plain_constant(checkpoint, node->input[2]) : NULL;
    if (!scale || (node->n_input > 2 && *node->input[2] && !zero))
        return cf_fail(err, "%s: '%.80s' is quantised with a scale or zero point that is no constant", path, value);
    if (zero && !all_zero(zero))
        return cf_fail(err, "%s: '%.80s' has a zero point other than 0; symmetric quantisation is read", path, value);
    constant->scale = scale;
    constant->fake = constant->fake || quantise;
    return true;
}

/* ---- what is listed ---- */

static bool add(struct cf_checkpoint *checkpoint, const char *name, const char *suffix, struct source source, int rank,
                const uint64_t *shape, enum cf_dtype dtype, struct cf_error *err)
{
    struct file *file = checkpoint->file;
    struct cf_tensor tensor = {.dtype = dtype, .rank = rank, .count = 1};
    char *joined = cf_arena_alloc(&checkpoint->arena, strlen(name) + strlen(suffix) + 1, 1);
    if (!joined || !cf_array_reserve(&file->sources, &file->source_capacity, file->count + 1, sizeof *file->sources) ||
        !cf_array_reserve(&file->tensors, &file->tensor_capacity, file->count + 1, sizeof *file->tensors))
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    strcat(strcpy(joined, name), suffix);
    tensor.name = joined;
    for (int d = 0; d < rank; d++) {
        tensor.shape[d] = shape[d];
        tensor.count *= shape[d]; /* count_of has checked the product */
    }
    tensor.size = tensor.count * cf_dtype_size(dtype);
    file->sources[file->count] = source;
    file->tensors[file->count++] = tensor;
    return true;
}

/* A constant as it stands. */
static bool add_plain(struct cf_checkpoint *checkpoint, const char *name, const char *suffix,
                      const CfOnnx__Tensor *tensor, struct cf_error *err)
{
    uint64_t count, shape[CF_MAX_RANK];
    if (!count_of(tensor, &count) || dtype_of(tensor) >= CF_DTYPE_COUNT)
        return true; /* no head has such a tensor: it is not listed */
    for (size_t d = 0; d < tensor->n_dims; d++)
        shape[d] = (uint64_t)tensor->dims[d];
    return add(checkpoint, name, suffix, (struct source){.constant = {.tensor = tensor}}, (int)tensor->n_dims, shape,
               dtype_of(tensor), err);
}

/* The layer's name: that of its weights or biases without the last word, or else of its output. */
static char *layer_name(struct cf_checkpoint *checkpoint, const char *weight, const char *bias, const char *output,
                        struct cf_error *err)
{
    const char *from = strstr(weight, "::") ? bias : weight; /* "onnx::MatMul_12" is the exporter's own */
    if (!*from || strstr(from, "::"))
        from = output;
    char *name = cf_arena_strdup(&checkpoint->arena, from);
    if (!name) {
        cf_fail(err, "%s: out of memory", checkpoint->path);
        return NULL;
    }
    static const char *const endings[] = {".weight", "_weight", ".bias", "_bias", ".weight_quantized", "_quantized"};
    for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
        size_t length = strlen(name), ending = strlen(endings[e]);
        if (length > ending && strcmp(name + length - ending, endings[e]) == 0)
            name[length - ending] = '\0';
    }
    return name;
}

/* A layer with these weights ([inputs, outputs] where `turned`) and biases (may be NULL). */
static bool add_layer(struct cf_checkpoint *checkpoint, const char *name, struct constant weight,
                      const CfOnnx__Tensor *bias, struct cf_error *err)
{
    uint64_t count;
    const CfOnnx__Tensor *tensor = weight.tensor;
    if (!count_of(tensor, &count))
        return cf_fail(err,
                       "%s: the weights of layer '%.80s' have a negative size, more than %d dimensions, or more than "
                       "2^31 - 1 elements",
                       checkpoint->path, name, CF_MAX_RANK);
    if (dtype_of(tensor) >= CF_DTYPE_COUNT)
        return cf_fail(err, "%s: the weights of layer '%.80s' are of a type that is not read", checkpoint->path, name);
    bool convolution = tensor->n_dims == 4 && tensor->dims[2] == 1 && tensor->dims[3] == 1;
    if (tensor->n_dims != 2 && !convolution)
        return cf_fail(err,
                       "%s: the weights of layer '%.80s' have %zu dimensions: a linear layer has 2, a 1x1 "
                       "convolution [outputs, inputs, 1, 1]",
                       checkpoint->path, name, tensor->n_dims);
    uint64_t shape[2] = {(uint64_t)tensor->dims[weight.turned], (uint64_t)tensor->dims[!weight.turned]};
    enum cf_dtype dtype = weight.fake ? CF_I8 : dtype_of(tensor);
    if (!add(checkpoint, name, ".weight", (struct source){.constant = weight}, 2, shape, dtype, err))
        return false;
    if (weight.scale) {
        uint64_t scales;
        if (!count_of(weight.scale, &scales) || dtype_of(weight.scale) >= CF_DTYPE_COUNT ||
            (scales != 1 && scales != shape[0]))
            return cf_fail(err, "%s: layer '%.80s' has neither one scale nor one for each output", checkpoint->path,
                           name);
        if (!add(checkpoint, name, ".weight_scale", (struct source){.constant = weight, .scale_of = true}, 1, &scales,
                 dtype_of(weight.scale), err))
            return false;
    }
    return !bias || add_plain(checkpoint, name, ".bias", bias, err);
}

static bool is_one(const CfOnnx__Node *node, const char *name)
{
    const CfOnnx__Attribute *factor = attribute(node, name);
    return !factor || factor->f == 1.0f;
}

/* The Add that takes the product's output and a constant, and that constant. */
static bool bias_of_product(struct cf_checkpoint *checkpoint, const CfOnnx__Node *product, struct constant *bias,
                            const char **bias_name, const char **output, bool *found, struct cf_error *err)
{
    const CfOnnx__Graph *graph = graph_of(checkpoint);
    *found = false;
    for (size_t n = 0; n < graph->n_node; n++) {
        const CfOnnx__Node *sum = graph->node[n];
        if (!is(sum, "Add") || sum->n_input != 2 || sum->n_output < 1)
            continue;
        for (int side = 0; side < 2; side++)
            if (strcmp(sum->input[side], product->output[0]) == 0) {
                *bias_name = sum->input[!side];
                *output = sum->output[0];
                return constant_of(checkpoint, *bias_name, 0, bias, found, err);
            }
    }
    return true;
}

/* Lists a Gemm, MatMul or Conv; other nodes, and products of two computed values, are passed over. */
static bool read_node(struct cf_checkpoint *checkpoint, const CfOnnx__Node *node, struct cf_error *err)
{
    bool gemm = is(node, "Gemm"), product = is(node, "MatMul"), convolution = is(node, "Conv");
    if ((!gemm && !product && !convolution) || node->n_input < 2 || node->n_output < 1)
        return true;
    struct constant weight, bias = {0};
    bool found, has_bias = false;
    const char *bias_name = "", *output = node->output[0];
    if (!constant_of(checkpoint, node->input[1], 0, &weight, &found, err))
        return false;
    if (!found)
        return true;
    if (gemm && (!is_one(node, "alpha") || !is_one(node, "beta") || integer_attribute(node, "transA", 0)))
        return cf_fail(err, "%s: '%.80s' is a Gemm with alpha, beta or transA, which have no counterpart here",
                       checkpoint->path, output);
    if (convolution && integer_attribute(node, "group", 1) != 1)
        return cf_fail(err, "%s: '%.80s' is a convolution in groups, not a linear layer", checkpoint->path, output);
    if (product || (gemm && !integer_attribute(node, "transB", 0)))
        weight.turned = !weight.turned;
    if (product) {
        if (!bias_of_product(checkpoint, node, &bias, &bias_name, &output, &has_bias, err))
            return false;
    } else if (node->n_input > 2 && *node->input[2]) {
        bias_name = node->input[2];
        if (!constant_of(checkpoint, bias_name, 0, &bias, &has_bias, err))
            return false;
    }
    const char *name = layer_name(checkpoint, text(weight.tensor->name), has_bias ? bias_name : "", output, err);
    return name && add_layer(checkpoint, name, weight, has_bias ? bias.tensor : NULL, err);
}

/* ---- data ---- */

/* Element `index` of a tensor, wherever the exporter put it. The lengths are checked by `check_data`. */
static double element(const CfOnnx__Tensor *tensor, uint64_t index)
{
    enum cf_dtype dtype = dtype_of(tensor);
    size_t size = cf_dtype_size(dtype);
    double value;
    if (tensor->raw_data.len) {
        struct cf_tensor one = {.dtype = dtype, .rank = 1, .shape = {1}, .count = 1, .size = size};
        one.data = tensor->raw_data.data + index * size;
        cf_tensor_to_f64(&one, 0, 1, &value);
        return value;
    }
    if (dtype == CF_F16 || dtype == CF_BF16) { /* as the bits of integers */
        uint16_t bits = (uint16_t)tensor->int32_data[index];
        struct cf_tensor one = {.dtype = dtype, .rank = 1, .shape = {1}, .count = 1, .size = 2};
        one.data = (const uint8_t *)&bits;
        cf_tensor_to_f64(&one, 0, 1, &value);
        return value;
    }
    return dtype == CF_F32   ? tensor->float_data[index]
           : dtype == CF_F64 ? tensor->double_data[index]
           : dtype == CF_I64 ? (double)tensor->int64_data[index]
                             : (double)tensor->int32_data[index];
}

static bool check_data(const struct cf_checkpoint *checkpoint, const CfOnnx__Tensor *tensor, struct cf_error *err)
{
    enum cf_dtype dtype = dtype_of(tensor);
    uint64_t count;
    bool sound = count_of(tensor, &count);
    if (tensor->data_location == 1 || tensor->n_external_data)
        return cf_fail(err, "%s: tensor '%.80s' stands in another file; save the model with its data inside",
                       checkpoint->path, text(tensor->name));
    if (tensor->raw_data.len)
        sound = sound && tensor->raw_data.len == count * cf_dtype_size(dtype);
    else
        sound = sound && count == (dtype == CF_F32   ? tensor->n_float_data
                                   : dtype == CF_F64 ? tensor->n_double_data
                                   : dtype == CF_I64 ? tensor->n_int64_data
                                                     : tensor->n_int32_data);
    sound = sound && ((dtype != CF_U32 && dtype != CF_U64) || tensor->raw_data.len || count == 0);
    return sound || cf_fail(err, "%s: tensor '%.80s' does not have as many elements as its shape says",
                            checkpoint->path, text(tensor->name));
}

/* Stores a value as an element of the dtype; the dtypes are those that `element` reads, so that nothing is lost. */
static void store(enum cf_dtype dtype, double value, uint8_t *out)
{
    float single = (float)value;
    int64_t integer = dtype == CF_F32 || dtype == CF_F64 ? 0 : (int64_t)value;
    switch (dtype) {
    case CF_F32:
        memcpy(out, &single, sizeof single);
        return;
    case CF_F64:
        memcpy(out, &value, sizeof value);
        return;
    default: /* little-endian: the low bytes of an integer are the narrower integer */
        memcpy(out, &integer, cf_dtype_size(dtype));
    }
}

static bool load(struct cf_checkpoint *checkpoint, size_t index, struct cf_error *err)
{
    struct file *file = checkpoint->file;
    const struct source *source = &file->sources[index];
    struct cf_tensor *tensor = &checkpoint->tensors[index];
    const struct constant *constant = &source->constant;
    const CfOnnx__Tensor *from = source->scale_of ? constant->scale : constant->tensor;
    if (!check_data(checkpoint, from, err) || (constant->scale && !check_data(checkpoint, constant->scale, err)))
        return false;
    if (tensor->dtype == CF_F16 || tensor->dtype == CF_BF16) { /* held as floats here: every half is one */
        tensor->dtype = CF_F32;
        tensor->size = tensor->count * sizeof(float);
    }
    size_t size = cf_dtype_size(tensor->dtype);
    uint8_t *data = cf_arena_alloc(&checkpoint->arena, tensor->count, size);
    if (!data)
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    uint64_t rows = tensor->rank == 2 ? tensor->shape[0] : 1, columns = rows ? tensor->count / rows : 0;
    for (uint64_t n = 0; n < tensor->count; n++) {
        uint64_t row = n / columns, column = n % columns;
        double value = element(from, constant->turned && !source->scale_of ? column * rows + row : n);
        if (constant->fake && !source->scale_of) { /* QuantizeLinear rounds half to even, and saturates */
            uint64_t scales;
            count_of(constant->scale, &scales);
            value = fmax(-128, fmin(127, rint(value / element(constant->scale, scales == 1 ? 0 : row))));
            if (isnan(value))
                return cf_fail(err, "%s: tensor '%.80s' has a NaN, or a scale of 0", checkpoint->path, tensor->name);
        }
        store(tensor->dtype, value, data + n * size);
    }
    tensor->data = data;
    return true;
}

static void close_file(struct cf_checkpoint *checkpoint)
{
    struct file *file = checkpoint->file;
    if (file->model)
        cf_onnx__model__free_unpacked(file->model, NULL);
    free(file->sources);
    free(file->tensors);
    free(file->used);
    free(file);
}

static bool list(struct cf_checkpoint *checkpoint, struct file *file, struct cf_error *err)
{
    const CfOnnx__Graph *graph = file->model->graph;
    for (size_t n = 0; n < graph->n_node; n++)
        if (!read_node(checkpoint, graph->node[n], err))
            return false;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (!file->used[i] && !add_plain(checkpoint, text(graph->initializer[i]->name), "", graph->initializer[i], err))
            return false;
    checkpoint->tensors = file->tensors;
    checkpoint->count = file->count;
    return true;
}

bool cf_onnx_open(struct cf_checkpoint *checkpoint, struct cf_error *err)
{
    struct file *file = calloc(1, sizeof *file);
    struct cf_map map;
    if (!file)
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    checkpoint->kind = "ONNX";
    checkpoint->file = file;
    checkpoint->load = load;
    checkpoint->close = close_file;
    if (!cf_map_open(&map, checkpoint->path, err))
        return false;
    file->model = cf_onnx__model__unpack(NULL, map.size, map.data);
    cf_map_close(&map);
    if (!file->model || !file->model->graph)
        return cf_fail(err, "%s: no ONNX model, or a damaged one", checkpoint->path);
    file->used = calloc(file->model->graph->n_initializer + 1, sizeof *file->used);
    if (!file->used)
        return cf_fail(err, "%s: out of memory", checkpoint->path);
    return list(checkpoint, file, err);
}
