/* parts.h - a detection head: which tensor of a checkpoint plays which role, and their numbers.
 *
 * A head has a classifier, and may have more:
 *     norm      a LayerNorm of each band: weight (gamma) and bias (beta), [D] each
 *     project   a bottleneck [K, D] without bias, behind the LayerNorm; the layers below then have K inputs
 *     cls       the classifier [C, D or K]
 *     reg       the box regressor [4, D or K]; or reg_hidden [H, D or K], a ReLU, and reg_out [4, H]
 *     ctr       the centerness [1, D or K]
 *     scale     a factor of each band's box distances: one tensor of [scales], or scalars
 * A layer may be shared by all bands, or stand once for each band (cls.0, cls.1, ...).
 */
#ifndef COFIBER_COMPILER_HEADS_PARTS_H
#define COFIBER_COMPILER_HEADS_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/heads/checkpoint.h"

enum { CF_MAX_BANDS = 10 };

enum cf_role {
    CF_ROLE_PROJECT,
    CF_ROLE_CLS,
    CF_ROLE_REG_HIDDEN,
    CF_ROLE_REG_OUT,
    CF_ROLE_REG,
    CF_ROLE_CTR,
    CF_ROLE_NORM,
    CF_ROLE_SCALE,
    CF_ROLE_COUNT,
    CF_ROLE_NONE = CF_ROLE_COUNT
};

/* "cls", "reg_hidden", ... */
const char *cf_role_name(enum cf_role role);

/* Which of a layer's tensors a tensor is. */
enum cf_part_kind { CF_PART_WEIGHT, CF_PART_BIAS, CF_PART_WEIGHT_SCALE, CF_PART_KINDS };

/* The role that a tensor's name gives it. */
struct cf_part_name {
    enum cf_role role;
    enum cf_part_kind kind;
    uint32_t band; /* "cls.1.weight": 1; UINT32_MAX: the name has no number */
};

/* Reads a name by the last words in it: "module.cls_head.cls.0.weight". Prefixes do not matter. Names without a known
 * word have CF_ROLE_NONE; the bare names "weight" and "bias" are the classifier's. */
struct cf_part_name cf_part_name_read(const char *name);

/* The tensors of one layer, as indices into the checkpoint; SIZE_MAX: there is none. */
struct cf_part {
    size_t tensor[CF_PART_KINDS];
};

struct cf_parts {
    struct cf_part part[CF_ROLE_COUNT][CF_MAX_BANDS];
    uint32_t bands[CF_ROLE_COUNT]; /* 0: there is no such layer; 1: one for all bands; else one for each band */
    bool transposed;               /* weights are [inputs, outputs] */
};

/* A layer's weights, two-dimensional or a 1 x 1 convolution: how many outputs and inputs they have. */
static inline uint64_t cf_parts_outputs(const struct cf_parts *parts, const struct cf_tensor *weight)
{
    return weight->shape[parts->transposed ? 1 : 0];
}

static inline uint64_t cf_parts_inputs(const struct cf_parts *parts, const struct cf_tensor *weight)
{
    return weight->shape[parts->transposed ? 0 : 1];
}

/* A remark for the end of a message about weights and a number of biases that does not fit them: that the weights look
 * transposed, where they do; else empty. */
const char *cf_parts_transposed_remark(const struct cf_parts *parts, const struct cf_tensor *weight, uint64_t biases);
/* The setting that this remark is about, or NULL where there is no remark. */
const char *cf_parts_transposed_setting(const struct cf_parts *parts, const struct cf_tensor *weight, uint64_t biases);

/* Whether the checkpoint may be a head; false, with an error, where it is a netlist. */
bool cf_parts_allowed(const struct cf_checkpoint *checkpoint, struct cf_error *err);

/* Gives each tensor of the checkpoint that a head has its role. `map`, which may be NULL, is the path of a JSON object
 * that says it for names that tell nothing: {"cls_weight": "my.tensor", ...}, its keys as cf_part_name_read reads them.
 * With `transposed`, weights are [inputs, outputs].
 * Errors: the checkpoint is a netlist; two tensors of one role, a band that is missing, a weight without the rest of
 * its layer, shapes that do not fit each other. A checkpoint without any known name is no error: all roles are then
 * empty. */
bool cf_parts_find(struct cf_parts *parts, const struct cf_checkpoint *checkpoint, const char *map, bool transposed,
                   struct cf_error *err);

/* How many parameters the tensors of the parts have, and how many of them are not 0 (loads the tensors). */
struct cf_parts_count {
    uint64_t parameters, nonzero;
};
bool cf_parts_count(const struct cf_parts *parts, struct cf_checkpoint *checkpoint, struct cf_parts_count *count,
                    struct cf_error *err);

/* The nonzero elements of one tensor, which must be loaded. */
uint64_t cf_parts_nonzero(const struct cf_tensor *tensor);

/* The published card's name for a head of these parts: "classifier", "linear_70k", "box32_92k", "dim20", "dim15",
 * "dim10", "dim5"; "other" for those that it does not list. Only the bare classifier may be of any size. */
const char *cf_parts_variant(const struct cf_parts *parts, const struct cf_checkpoint *checkpoint, uint64_t parameters);

#endif
