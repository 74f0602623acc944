/* linear_form.h - finds the sum of a gate as a linear form of the input's nets, by following the netlist back. */
#ifndef COFIBER_NETLISTS_LINEAR_FORM_H
#define COFIBER_NETLISTS_LINEAR_FORM_H

#include "netlists/netlist.h"

/* sum = constant + sum over i of factor[i] * input[i] */
struct cf_linear_form {
    int64_t constant;
    uint32_t *input; /* the net of each term */
    int64_t *factor; /* not 0 */
    uint32_t count;
};

/* The working memory: one finder serves any number of forms of one netlist, which must outlive it. NULL when memory is
 * out. */
struct cf_form_finder;
struct cf_form_finder *cf_form_finder_new(const struct cf_netlist *netlist);
void cf_form_finder_free(struct cf_form_finder *finder);

/* True when memory was out in some call so far: a form that was not found may then exist all the same. */
bool cf_form_finder_failed(const struct cf_form_finder *finder);

/* The form of the sum of the gate that drives `net`, before its step if it has one. It stands in the finder's memory
 * and is valid until the next call. False when `net` is an input, when a step stands between the gate and the input,
 * when a number would pass 62 bits, or when memory is out. */
bool cf_find_form(struct cf_form_finder *finder, uint32_t net, struct cf_linear_form *form);

/* The greatest common divisor of the factors; 0 without terms. All values of the sum are the same modulo it. */
int64_t cf_form_divisor(const struct cf_linear_form *form);

#endif
