/* activation.h - the activations that need gates of their own, on the bits of a sum. */
#ifndef COFIBER_NETLISTS_LOWERING_ACTIVATION_H
#define COFIBER_NETLISTS_LOWERING_ACTIVATION_H

#include "netlists/exchange/network.h"

enum { CF_SUM_BITS = 64 }; /* no sum has more */

/* Both take the `count` low bits of a sum, least significant first, which hold it where it is not negative, and whether
 * it is negative; out is 0 where it is. False when memory is out or signals are. */

/* out[i] for i < count: the bits of max(0, sum). */
bool cf_lower_relu(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out);

/* out[i] for i < (count + 1) / 2: the floor of the square root of max(0, sum). */
bool cf_lower_root(struct cf_network *network, const cf_lit *bits, uint32_t count, cf_lit negative, cf_lit *out);

#endif
