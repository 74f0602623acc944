/* algebra.h - decides for the gates of one netlist, and for all inputs, whether the laws of the decomposition hold.
 *
 * Every law is a statement about sums of gates as exact linear forms of the input (profiles.h), so that it holds for
 * all inputs or is refuted by a form. proof/Mathematics.v proves the laws for the mathematical operators; here they are
 * checked on the actual gates. If a gate was changed, the laws that this breaks fail, and name the gate.
 */
#ifndef COFIBER_PROVE_ALGEBRA_H
#define COFIBER_PROVE_ALGEBRA_H

#include "prove/profiles.h"

enum cf_law {
    CF_LAW_SEPARATE, /* each pool and subtract reads its own channel, and all channels alike */
    CF_LAW_POOLS,    /* direct = iterated: a pool is the sum of the inputs that it covers, and of four finer pools */
    CF_LAW_COFIBERS, /* a subtract is the level less the upsampled pool */
    CF_LAW_REBUILD,  /* the bands and the residual give the input back */
    CF_LAW_POOL_OF_BAND, /* cross-term p.r = 0: every 2 x 2 square of a band sums to 0. Not with bilinear upsampling. */
    CF_LAW_BAND_OF_UP,   /* cross-term r.u = 0: the band of an upsampled level is 0. Not with bilinear upsampling. */
    CF_LAW_CLASSIFY, /* classifying and then decomposing gives the same as decomposing and then classifying; together
                        with the two cross-terms this makes the circuit block-diagonal */
    CF_LAW_COUNT
};

/* One statement and what was found. */
struct cf_finding {
    bool asked;      /* the law applies to this netlist */
    bool holds;      /* for all inputs */
    uint64_t checks; /* forms compared */
    uint64_t broken; /* of them, those that differ */
    uint32_t gate;   /* the net of the first gate that breaks it */
    char why[160];   /* what is wrong with that gate */
};

/* How much of a band the next pool still sees: the exact matrix from the input to the 2 x 2 sums of band `scale`. */
struct cf_leakage {
    uint32_t scale;
    int frac;      /* fraction bits of a row's integers; a row's value is integer * 2^-frac * input_scale */
    int64_t norm;  /* the greatest sum of absolute factors of a row: norm * 2^-frac is the matrix's norm for the
                      greatest absolute value */
    uint32_t row;  /* the row of that sum: a position of the coarser level, row-major */
    int64_t worst; /* the greatest absolute value of a row over all inputs of the netlist's input type */
    uint32_t worst_row;
    bool worst_is_least; /* the value of that size is negative */
    int64_t band_norm;   /* the same norm of the band itself, with frac - 2 fraction bits, to compare with */
};

struct cf_algebra {
    struct cf_finding laws[CF_LAW_COUNT];
    struct cf_leakage leakage[CF_LEVELS_MAX]; /* [bands] */
    uint32_t bands, scales;
    bool bilinear;
    uint64_t followed; /* gates followed to the input */
};

/* Checks all laws of the netlist whose profiles these are. Fails when memory is out. A law that does not hold is no
 * failure.
 */
bool cf_algebra_check(const struct cf_profiles *profiles, struct cf_algebra *algebra, struct cf_error *err);

/* What a law says, as one sentence. */
const char *cf_law_sentence(enum cf_law law);
/* A word for it: "pools". */
const char *cf_law_name(enum cf_law law);

/* The leakage of one frame, of which `nets` has the values of all nets: the sum of squares and the greatest size of the
 * pooled band, over all positions and channels, and the sum of squares of the band itself. All are in real units
 * divided by the input scale. */
struct cf_leak_size {
    double pooled_squares, band_squares, greatest;
    uint64_t pooled, values; /* how many of each */
};
void cf_algebra_measure(const struct cf_profiles *profiles, uint32_t scale, const int64_t *nets,
                        struct cf_leak_size *size);

#endif
