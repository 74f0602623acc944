/* steer.h - inputs that bring the sum of one gate exactly to its threshold, in such a way that a decision tells of any
 * wrong weight.
 *
 * A gate fires when sum over t of w[t] * v[t] + bias >= 0; v[t] is the operand of term t. A gate with w[t] + k in place
 * of w[t] has a sum that differs by k * v[t]. Take one input with sum 0, which fires, and one with sum -1, which does
 * not. The first decides otherwise when k * v[t] < 0, the second when k * v[t] > 0: so if v[t] has the same sign in
 * both, and is 0 in neither, then *every* change of w[t] shows, whatever k is. The two are made to differ in as few
 * inputs as possible: then most changes of several weights at once show as well.
 *
 * A weight of 0 is no wire and no term. Where a gate reads a row of nets with few such gaps, the nets in the gaps are
 * kept from 0 like operands: a weight there that should be 0 and is not shows as well.
 *
 * Where the sum can only take every g-th value (the weights have a common divisor g), 0 and -1 become r and r - g, the
 * two sums nearest to the threshold, and a change shows for certain when v[t] is at least g in size.
 */
#ifndef COFIBER_SIM_VECTORS_STEER_H
#define COFIBER_SIM_VECTORS_STEER_H

#include "netlists/netlist.h"
#include "sim/vectors/linear_form.h"

/* What is made of a sum: the greatest below 0, the least of at least 0, the next above that (-1, 0 and +1 unless the
 * factors have a common divisor), the least and the greatest of all. */
enum cf_wish { CF_SUM_BELOW, CF_SUM_AT, CF_SUM_ABOVE, CF_SUM_LEAST, CF_SUM_GREATEST, CF_WISH_COUNT };

/* The inputs made for one gate, in order: net input[i] has the value x[wish][i]. */
struct cf_steered {
    uint32_t net, count;
    uint32_t *input;           /* all nets that the gate's operands are made of */
    int32_t *x[CF_WISH_COUNT]; /* [count] */
    int64_t sum[CF_WISH_COUNT];
    bool met[CF_WISH_COUNT];
    uint32_t weights, hidden; /* all operands', and those of which a change by one may show in none of these inputs */
};

/* Memory for any gate of the netlist. False when memory is out; free it all the same. */
bool cf_steered_make(struct cf_steered *steered, const struct cf_netlist *netlist);
void cf_steered_free(struct cf_steered *steered);

/* Memory to steer with: one for many gates of one netlist, whose input has up to 32 bits. The finder, of the same
 * netlist, must outlive it. NULL when memory is out. */
struct cf_steering;
struct cf_steering *cf_steering_new(const struct cf_netlist *netlist, struct cf_form_finder *finder);
void cf_steering_free(struct cf_steering *steering);

/* Turns to a gate: finds its operands and its sum as linear forms of the input. False when they are not (or not below
 * 2^62, or memory is out), or when the gate's sum is constant. */
bool cf_steering_turn(struct cf_steering *steering, uint32_t net);

/* All nets that the gate's operands are made of; valid until the next turn. */
const uint32_t *cf_steering_inputs(const struct cf_steering *steering, uint32_t *count);

/* Makes the inputs for the gate last turned to. The same sequence of calls gives the same inputs. */
void cf_steer(struct cf_steering *steering, struct cf_steered *steered);

#endif
