/* propagate.h - tells whether one changed net changes an output: event-driven, exact, on the integers of nets. */
#ifndef COFIBER_SIM_FAULTS_PROPAGATE_H
#define COFIBER_SIM_FAULTS_PROPAGATE_H

#include "netlists/netlist.h"

struct cf_propagation; /* which gates read which net; threads may share it */
struct cf_ripple;      /* the working memory of one thread */

bool cf_propagation_new(struct cf_propagation **propagation, const struct cf_netlist *netlist, struct cf_error *err);
void cf_propagation_free(struct cf_propagation *propagation); /* NULL is fine */
bool cf_ripple_new(struct cf_ripple **ripple, const struct cf_netlist *netlist, struct cf_error *err);
void cf_ripple_free(struct cf_ripple *ripple); /* NULL is fine */

/* True when giving net `net` the value `value` instead of nets[net] changes a gate of an output group. `sums` are the
 * gates' sums before their steps, by net; for linear gates they are the values. */
bool cf_propagate(const struct cf_propagation *propagation, struct cf_ripple *ripple, const int64_t *nets,
                  const int64_t *sums, uint32_t net, int64_t value);

#endif
