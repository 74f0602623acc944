/* pyramid.h - recognises a netlist that classifies the bands of a pyramid, and reads off it what a compact
 * implementation needs.
 *
 * A classifier sums its weights over the channels of one row of nets. Where that row is the same integer combination of
 * rows of the input, channel by channel, the classifier's sum is that combination of the classified input:
 *
 *     sum_d w[c,d] * (sum_t a[t] * x[t,d])  =  sum_t a[t] * (sum_d w[c,d] * x[t,d]).
 *
 * In the pyramid, P[0] is the input and P[k+1] sums 2 x 2 positions of P[k]. Scale k classifies
 *     CF_BAND_GRID       P[k][i,j]
 *     CF_BAND_NEAREST    4 * P[k][i,j] - P[k+1][i/2,j/2]
 *     CF_BAND_BILINEAR   64 * P[k][i,j] - the four nearest of P[k+1], weighted 9, 3, 3, 1, edges clamped.
 *
 * The reader relies on no record of the compiler: it follows every gate on which a decision depends. A netlist with one
 * changed gate is therefore either read with that change, or refused with that gate's name.
 */
#ifndef COFIBER_NETLISTS_PYRAMID_H
#define COFIBER_NETLISTS_PYRAMID_H

#include "netlists/netlist.h"

enum { CF_PYRAMID_MAX_SCALES = 8 };

enum cf_band { CF_BAND_GRID, CF_BAND_NEAREST, CF_BAND_BILINEAR };

struct cf_pyramid {
    uint32_t rows, columns, channels, classes;
    uint32_t scales;
    struct cf_type input;
    enum cf_band band[CF_PYRAMID_MAX_SCALES];
    uint32_t group[CF_PYRAMID_MAX_SCALES]; /* the netlist's group of the scale's classifiers */
    int32_t *weight;                       /* [classes][channels], the same at every position of every scale */
    int64_t *bias;                         /* [scales][classes], the same at every position of a scale */
};

/* Reads a valid netlist. On failure the error names the netlist and a gate that keeps it from being a pyramid, and
 * there is nothing to free. */
bool cf_pyramid_read(struct cf_pyramid *pyramid, const struct cf_netlist *netlist, struct cf_error *err);
void cf_pyramid_free(struct cf_pyramid *pyramid);

#endif
