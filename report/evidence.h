/* evidence.h - the facts that an audit counts and measures before it judges: about a head, about the circuits compiled
 * from it, and about their values on frames. */
#ifndef COFIBER_REPORT_EVIDENCE_H
#define COFIBER_REPORT_EVIDENCE_H

#include "compiler/census.h"
#include "compiler/compile.h"
#include "report/agree.h"
#include "report/bands.h"
#include "sim/frames/frames.h"

/* The circuits that one head becomes under different options. */
enum cf_form {
    CF_FORM_NEAREST, /* direct pools, residual top: the default */
    CF_FORM_BILINEAR,
    CF_FORM_ITERATED,
    CF_FORM_COFIBER, /* nearest, direct pools, --top cofiber */
    CF_FORM_ITERATED_COFIBER,
    CF_FORMS
};

struct cf_form_facts {
    uint64_t gates[CF_SUMS_SCALES][CF_LAYER_COUNT]; /* counted in the netlist */
    uint64_t total, live;
    uint64_t steps;    /* gates that end in a step */
    uint32_t constant; /* classes whose gates have no input */
    uint32_t depth;
    int32_t low[CF_LAYER_COUNT], high[CF_LAYER_COUNT]; /* least and largest weight of a layer */
    uint64_t other[CF_LAYER_COUNT];                    /* edges of the layer whose weight is neither -1 nor 1 */
    int width;                                         /* bits of the widest threshold */
};

struct cf_evidence {
    /* the head's file */
    uint64_t parameters, nonzero; /* of the tensors that are part of a head */
    const char *variant;          /* as `params` calls it; "other" where its parts do not fit each other */
    struct cf_head head;
    bool readable;  /* it is a linear classifier; else `reason` says why not, and all below is empty */
    bool is_larger; /* it was read as a head, but has more than one classifier: the claims are not about it */
    struct cf_error reason;
    uint32_t saturated;         /* biases that are clamped as INT8, or stand at an end of that range */
    double bias_low, bias_high; /* of all classes, in the unit of the class's weights */
    uint64_t weights, small;    /* weights, and those that INT8 makes 0 though they are not */
    /* the circuits */
    struct cf_compile_options options; /* of the circuit that is compared with the head */
    struct cf_form_facts forms[CF_FORMS];
    /* on frames */
    uint64_t frames;
    struct cf_bands bands[2];                    /* nearest, bilinear */
    struct cf_reconstruction reconstructions[2]; /* in single precision */
    struct cf_agreement agreement;
    struct cf_netlist *netlist; /* the circuit that is compared, for the names of its gates */
};

struct cf_evidence_options {
    const char *weight, *bias;         /* as cf_head_load's; NULL */
    struct cf_compile_options compile; /* an input scale of 0 is chosen from the frames; `pools`, `top` and `sweep` are
                                          not looked at */
    bool (*progress)(void *context, uint64_t done, uint64_t total); /* after each frame; NULL; false: stop */
    void *context;
};

/* Collects the evidence. A head that is a checkpoint but no linear classifier alone is no error: it is counted,
 * and `readable` is false. Errors: the file is no checkpoint, frames that do not fit the head, memory. */
bool cf_evidence_collect(struct cf_evidence *evidence, const char *head, const struct cf_frames *frames,
                         const struct cf_evidence_options *options, struct cf_error *err);
void cf_evidence_free(struct cf_evidence *evidence);

#endif
