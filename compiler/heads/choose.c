/* choose.c - finds the classifier's tensors by their shapes, or by the names that a user gives. */
#include "compiler/heads/choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct choice {
    struct cf_parts *parts;
    const struct cf_checkpoint *checkpoint;
    struct cf_error *err;
};

static const struct cf_tensor *tensor_at(const struct choice *c, size_t index)
{
    return &c->checkpoint->tensors[index];
}

/* A tensor that may be a head's weights: [C, D], or with dimensions of 1 behind, as a 1 x 1 convolution has them. */
static bool is_matrix(const struct cf_tensor *tensor)
{
    for (int i = 2; i < tensor->rank; i++)
        if (tensor->shape[i] != 1)
            return false;
    return tensor->rank >= 2;
}

/* Whether a tensor is a part of the head already, by its name. */
static bool is_taken(const struct choice *c, size_t index)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; band < c->parts->bands[role]; band++)
            for (int kind = 0; kind < CF_PART_KINDS; kind++)
                if (c->parts->part[role][band].tensor[kind] == index)
                    return true;
    return false;
}

static bool may_be_weight(const struct choice *c, size_t index)
{
    const struct cf_tensor *tensor = tensor_at(c, index);
    return is_matrix(tensor) && tensor->count > 0 && cf_dtype_is_readable(tensor->dtype) && !is_taken(c, index);
}

static bool may_be_bias(const struct choice *c, size_t index, uint64_t classes)
{
    const struct cf_tensor *tensor = tensor_at(c, index);
    return tensor->rank == 1 && tensor->shape[0] == classes && cf_dtype_is_readable(tensor->dtype) &&
           cf_part_name_read(tensor->name).kind != CF_PART_WEIGHT_SCALE && !is_taken(c, index);
}

/* "; there are: a [80, 768], b [80]" */
static const char *present(const struct choice *c, char text[320])
{
    static const char start[] = "; there are: ";
    if (c->checkpoint->count == 0)
        return "; there are no tensors";
    strcpy(text, start);
    cf_checkpoint_list(c->checkpoint, text + sizeof start - 1, 320 - (sizeof start - 1));
    return text;
}

static bool find_named(const struct choice *c, const char *name, size_t *index)
{
    char list[320];
    *index = cf_checkpoint_find(c->checkpoint, name);
    return *index != SIZE_MAX ||
           cf_fail(c->err, "%s: there is no tensor '%.100s'%s", c->checkpoint->path, name, present(c, list));
}

/* The tensor that is called as the weights are, with another word for "weight" at the end of the name; or SIZE_MAX. */
static size_t find_beside(const struct choice *c, const struct cf_tensor *weight, const char *word)
{
    static const char weight_word[] = "weight";
    char name[256];
    size_t length = strlen(weight->name), size = sizeof weight_word - 1;
    if (length < size || length >= sizeof name || strcmp(weight->name + length - size, weight_word) != 0)
        return SIZE_MAX;
    snprintf(name, sizeof name, "%.*s%s", (int)(length - size), weight->name, word);
    return cf_checkpoint_find(c->checkpoint, name);
}

/* How many tensors may be the biases of these weights; `*found` becomes one, `*other` another. */
static size_t count_biases(const struct choice *c, const struct cf_tensor *weight, size_t *found, size_t *other)
{
    uint64_t outputs = cf_parts_outputs(c->parts, weight);
    size_t count = 0;
    *found = *other = find_beside(c, weight, "bias");
    if (*found != SIZE_MAX && may_be_bias(c, *found, outputs))
        return 1;
    *found = *other = SIZE_MAX;
    for (size_t i = 0; i < c->checkpoint->count; i++) {
        if (!may_be_bias(c, i, outputs))
            continue;
        *found = count++ ? *found : i;
        *other = i;
    }
    return count;
}

static bool has_biases(const struct choice *c, const struct cf_tensor *weight)
{
    size_t found, other;
    return count_biases(c, weight, &found, &other) > 0;
}

/* Says that a tensor of biases is missing, and which one may have been meant. */
static bool fail_without_bias(const struct choice *c, const struct cf_tensor *weight)
{
    uint64_t outputs = cf_parts_outputs(c->parts, weight), inputs = cf_parts_inputs(c->parts, weight);
    char list[320];
    const char *remark = "; they can be taken as 0", *setting = "no_bias";
    for (size_t i = 0; i < c->checkpoint->count; i++)
        if (may_be_bias(c, i, inputs)) {
            remark = cf_parts_transposed_remark(c->parts, weight, inputs);
            setting = cf_parts_transposed_setting(c->parts, weight, inputs);
        }
    return cf_fail(c->err,
                   "%s: no tensor of shape [%" PRIu64 "] for the biases of '%.100s' [%" PRIu64 ", %" PRIu64 "]%s%s",
                   c->checkpoint->path, outputs, weight->name, weight->shape[0], weight->shape[1], remark,
                   present(c, list)) ||
           cf_fail_setting(c->err, setting);
}

/* The weights by shape: the only ones that a tensor of biases fits, or without biases the only ones. */
static bool choose_weight(const struct choice *c, bool no_bias, size_t *index)
{
    size_t found = SIZE_MAX, alone = SIZE_MAX;
    char list[320];
    for (size_t i = 0; i < c->checkpoint->count; i++) {
        if (!may_be_weight(c, i))
            continue;
        alone = i;
        if (!no_bias && !has_biases(c, tensor_at(c, i)))
            continue;
        if (found != SIZE_MAX)
            return cf_fail(c->err,
                           "%s: both '%.100s' and '%.100s' could be the weights [classes, channels]: one must be named",
                           c->checkpoint->path, tensor_at(c, found)->name, tensor_at(c, i)->name);
        found = i;
    }
    *index = found;
    if (found != SIZE_MAX)
        return true;
    if (alone != SIZE_MAX)
        return fail_without_bias(c, tensor_at(c, alone));
    return cf_fail(c->err, "%s: no tensor of shape [classes, channels] for the weights%s", c->checkpoint->path,
                   present(c, list));
}

static bool named_weight(const struct choice *c, const char *name, size_t *index)
{
    char shape[128];
    if (!find_named(c, name, index))
        return false;
    const struct cf_tensor *tensor = tensor_at(c, *index);
    return is_matrix(tensor) || cf_fail(c->err, "%s: tensor '%s' is %s; weights are [classes, channels]",
                                        c->checkpoint->path, name, cf_shape_text(tensor, shape, sizeof shape));
}

static bool named_bias(const struct choice *c, const char *name, const struct cf_tensor *weight, size_t *index)
{
    char shape[128];
    if (!find_named(c, name, index))
        return false;
    const struct cf_tensor *tensor = tensor_at(c, *index);
    uint64_t outputs = cf_parts_outputs(c->parts, weight);
    return (tensor->rank == 1 && tensor->shape[0] == outputs) ||
           cf_fail(c->err, "%s: tensor '%s' is %s; biases are [%" PRIu64 "], one for each class of '%s'%s",
                   c->checkpoint->path, name, cf_shape_text(tensor, shape, sizeof shape), outputs, weight->name,
                   tensor->rank == 1 ? cf_parts_transposed_remark(c->parts, weight, tensor->shape[0]) : "") ||
           cf_fail_setting(c->err,
                           tensor->rank == 1 ? cf_parts_transposed_setting(c->parts, weight, tensor->shape[0]) : NULL);
}

/* The biases by shape. Without any, `*index` stays SIZE_MAX where none are needed. */
static bool choose_bias(const struct choice *c, const struct cf_tensor *weight, bool no_bias, size_t *index)
{
    size_t other, count = count_biases(c, weight, index, &other);
    if (count > 1)
        return cf_fail(c->err, "%s: both '%.100s' and '%.100s' could be the biases of '%.100s': one must be named",
                       c->checkpoint->path, tensor_at(c, *index)->name, tensor_at(c, other)->name, weight->name);
    return count == 1 || no_bias || fail_without_bias(c, weight);
}

bool cf_choose_classifier(struct cf_parts *parts, const struct cf_checkpoint *checkpoint, const char *weight,
                          const char *bias, bool no_bias, struct cf_error *err)
{
    const struct choice c = {parts, checkpoint, err};
    struct cf_part *cls = &parts->part[CF_ROLE_CLS][0];
    if (parts->bands[CF_ROLE_CLS] > 1 && (weight || bias))
        return cf_fail(err, "%s: has a classifier for each of %u bands: no single tensor can be named for it",
                       checkpoint->path, parts->bands[CF_ROLE_CLS]);
    if (parts->bands[CF_ROLE_CLS] > 1)
        return true;
    if (weight || parts->bands[CF_ROLE_CLS] == 0) {
        *cls = (struct cf_part){{SIZE_MAX, SIZE_MAX, SIZE_MAX}};
        if (!(weight ? named_weight(&c, weight, &cls->tensor[CF_PART_WEIGHT])
                     : choose_weight(&c, no_bias, &cls->tensor[CF_PART_WEIGHT])))
            return false;
        cls->tensor[CF_PART_WEIGHT_SCALE] = find_beside(&c, tensor_at(&c, cls->tensor[CF_PART_WEIGHT]), "weight_scale");
        parts->bands[CF_ROLE_CLS] = 1;
    }
    const struct cf_tensor *chosen = tensor_at(&c, cls->tensor[CF_PART_WEIGHT]);
    if (bias)
        return named_bias(&c, bias, chosen, &cls->tensor[CF_PART_BIAS]);
    return cls->tensor[CF_PART_BIAS] != SIZE_MAX || choose_bias(&c, chosen, no_bias, &cls->tensor[CF_PART_BIAS]);
}
