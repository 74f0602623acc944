/* options.h - the options of a compilation. */
#ifndef COFIBER_COMPILER_OPTIONS_H
#define COFIBER_COMPILER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum cf_upsample { CF_NEAREST, CF_BILINEAR };
enum cf_pools { CF_DIRECT, CF_ITERATED };
enum cf_top { CF_RESIDUAL, CF_COFIBER };
enum cf_pad { CF_PAD_NONE, CF_PAD_ZEROS, CF_PAD_EDGE };

struct cf_compile_options {
    uint32_t height, width; /* of the input grid; 2^scales divides both, unless it is padded */
    uint32_t scales;        /* 1 to 10 */
    enum cf_upsample upsample;
    enum cf_pools pools;
    enum cf_top top;        /* what the last scale's classifiers read: the residual, or its own subtract */
    enum cf_pad pad;        /* what stands below and right of a grid that 2^scales does not divide (geometry.h) */
    bool sweep;             /* remove the gates that no decision depends on */
    int input_bits;         /* 2 to 16, signed */
    double score_threshold; /* a gate fires when its score is at least this; between 0 and 1, both excluded */
    double input_scale;     /* feature = integer * input_scale; positive, at most 1e300 */
    int layer_bits; /* of the weights of layers beside the classifier, 2 to 16; 0: as many as fit, at most 12 each */
};

/* 40x40, three scales, nearest, direct pools, residual top, 8 bits, threshold 0.5; the caller sets the input scale. */
struct cf_compile_options cf_compile_defaults(void);

#endif
