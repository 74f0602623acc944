/* agree.h - compares the decisions of the integer circuit with those of the head in double precision, frame by frame,
 * at several scores. */
#ifndef COFIBER_REPORT_AGREE_H
#define COFIBER_REPORT_AGREE_H

#include "cofiber.h"
#include "compiler/compile.h"
#include "detect/sums.h"
#include "report/tally.h"

enum { CF_AGREE_SCORES = 4 }; /* the score compiled in; 0.5, 0.3, 0.1 */

/* A gate that decides otherwise than the head. */
struct cf_unequal {
    uint32_t net;
    uint64_t frame;
    double distance; /* of the head's logit from the threshold */
};

struct cf_agreement {
    double scores[CF_AGREE_SCORES];
    uint32_t scales;
    struct cf_tally own[CF_SUMS_SCALES];    /* by scale, at scores[0] */
    struct cf_tally total[CF_AGREE_SCORES]; /* all scales together */
    struct cf_tally *frames;                /* [frame_count], at scores[0] */
    struct cf_tally int8_biases;            /* "head": exact thresholds; "netlist": biases that are INT8 as well */
    uint64_t threshold_differs;             /* gates whose integer threshold decides otherwise than the real bias */
    double error2[CF_SUMS_SCALES];          /* the sum of the squared differences of the two logits */
    struct cf_unequal *unequal;             /* those at scores[0], by rising distance after cf_agreement_finish */
    size_t unequal_count, unequal_capacity;
    size_t frame_count, frame_capacity;
};

void cf_agreement_free(struct cf_agreement *agreement);

/* Adds a frame: `features` [channels][height][width] as stored, `result` of the simulation of `sums`, which is of a
 * netlist that was compiled from the head with these options. Errors: out of memory. */
bool cf_agreement_add(struct cf_agreement *agreement, const struct cf_sums *sums, const struct cf_head *head,
                      const struct cf_compile_options *options, uint64_t frame, const double *features,
                      const cofiber_result *result, struct cf_error *err);

void cf_agreement_finish(struct cf_agreement *agreement);

/* A bias as INT8 in the unit of its class's weights: rounded to even and clamped to -127..127; `*fits` is false where
 * it was clamped, or stands at an end of that range. */
double cf_bias_as_int8(const struct cf_head *head, uint32_t class_index, bool *fits);

#endif
