/* activation.h - the activations that need gates of their own, on the bits of a sum. */
#ifndef COFIBER_NETLISTS_LOWERING_ACTIVATION_H
#define COFIBER_NETLISTS_LOWERING_ACTIVATION_H

#include "netlists/exchange/network.h"

enum { CF_SUM_BITS = 64 }; /* no sum has more */

/* Both functions take the `count` low bits of a sum, least significant first, which are enough to hold it if it is not
 * negative, and a literal that says whether it is negative; in that case `out` is 0. They return false when memory is
 * out, or the network has no numbers left for signals. */

/* out[i] for i < count: the bits of max(0, sum). */
bool cf_lower_relu(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out);

/* out[i] for i < (count + 1) / 2: the floor of the square root of max(0, sum). */
bool cf_lower_root(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out);

#endif
