/* linear_form.h - a gate's sum as a linear form of the input's nets, found by following the netlist back. */
#ifndef COFIBER_SIM_VECTORS_LINEAR_FORM_H
#define COFIBER_SIM_VECTORS_LINEAR_FORM_H

#include "netlists/netlist.h"

/* sum = constant + sum over i of factor[i] * input[i] */
struct cf_linear_form {
    int64_t constant;
    uint32_t *input; /* net of each term */
    int64_t *factor; /* not 0 */
    uint32_t count;
};

/* Memory to find forms with: one for many forms of one netlist. NULL when memory is out. */
struct cf_form_finder;
struct cf_form_finder *cf_form_finder_new(const struct cf_netlist *netlist);
void cf_form_finder_free(struct cf_form_finder *finder);

/* The form of the gate's sum (before a step), in the finder's memory: valid until the next call. False when a step
 * stands in between, when a number would pass 62 bits, or when memory is out. */
bool cf_find_form(struct cf_form_finder *finder, uint32_t net, struct cf_linear_form *form);

/* The greatest common divisor of the factors; 0 without terms. Modulo it, all sums are the same. */
int64_t cf_form_divisor(const struct cf_linear_form *form);

#endif
