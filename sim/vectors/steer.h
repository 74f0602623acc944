/* steer.h - finds inputs that bring the sum of one gate exactly to its threshold, such that any one wrong weight of the
 * gate changes its decision for at least one of them.
 *
 * A gate fires when sum over t of w[t] * v[t] + bias >= 0; v[t] is the operand of term t. A gate with w[t] + k in place
 * of w[t] has a sum that differs by k * v[t]. Take one input with sum 0, which fires, and one with sum -1, which does
 * not. The wrong weight changes the first decision when k * v[t] < 0 and the second when k * v[t] > 0. So if v[t] has
 * the same sign in both inputs, and is 0 in neither, then *every* change of w[t] changes a decision, whatever k is. The
 * two inputs are made to differ in as few nets as possible: then most changes of several weights at once show as well.
 *
 * A weight of 0 is no wire and no term. Where the gate's terms form a run (netlists/run.h), the nets of the run that
 * the gate does not read are kept away from 0 like operands, so that a weight there that should be 0 and is not shows
 * as well.
 *
 * Where the sum can only take every g-th value (the weights have a common divisor g), 0 and -1 become r and r - g, the
 * two sums nearest to the threshold, and a change shows for certain when v[t] is at least g in size.
 */
#ifndef COFIBER_SIM_VECTORS_STEER_H
#define COFIBER_SIM_VECTORS_STEER_H

#include "netlists/linear_form.h"
#include "netlists/netlist.h"

/* The sums for which inputs are made: the greatest sum below 0, the least sum that is not below 0, and the next sum
 * above that (-1, 0 and +1 unless the factors have a common divisor); the least and the greatest sum that inputs can
 * give. */
enum cf_wish { CF_SUM_BELOW, CF_SUM_AT, CF_SUM_ABOVE, CF_SUM_LEAST, CF_SUM_GREATEST, CF_WISH_COUNT };

/* The inputs made for one gate, in order: net input[i] has the value x[wish][i]. */
struct cf_steered {
    uint32_t net, count;
    uint32_t *input;           /* all input nets on which the gate's operands depend */
    int32_t *x[CF_WISH_COUNT]; /* [count] */
    int64_t sum[CF_WISH_COUNT];
    bool met[CF_WISH_COUNT];
    uint32_t weights, hidden; /* all operands; those whose weight could be wrong by one without changing a decision */
};

/* Takes memory that suffices for any gate of the netlist. False when memory is out; it must be freed all the same. */
bool cf_steered_make(struct cf_steered *steered, const struct cf_netlist *netlist);
void cf_steered_free(struct cf_steered *steered);

/* The working memory of steering: one serves any number of gates of one netlist, whose input has up to 32 bits. The
 * finder must be of the same netlist and outlive it. NULL when memory is out. */
struct cf_steering;
struct cf_steering *cf_steering_new(const struct cf_netlist *netlist, struct cf_form_finder *finder);
void cf_steering_free(struct cf_steering *steering);

/* True when memory was out in some call so far; a gate that cf_steering_target refused may then be a possible target.
 */
bool cf_steering_failed(const struct cf_steering *steering);

/* Makes the gate that drives `net` the target: finds its operands and its sum as linear forms of the input. False when
 * they are no linear forms, when a number passes 62 bits, when memory is out, or when the gate's sum is constant. */
bool cf_steering_target(struct cf_steering *steering, uint32_t net);

/* All input nets on which the target's operands depend; valid until the next target. */
const uint32_t *cf_steering_inputs(const struct cf_steering *steering, uint32_t *count);

/* Makes the inputs for the target, which the last call of cf_steering_target has found. The same sequence of calls
 * gives the same inputs. */
void cf_steer(struct cf_steering *steering, struct cf_steered *steered);

#endif
