/* toggles.h - counts how often each bit of a simulation changes, for estimates of power: from a value change dump
 * (IEEE 1364) to a file of switching activity (SAIF 2.0).
 *
 * The dump is taken piece by piece as it is made, so that it need not be kept: that of a whole frame has gigabytes. */
#ifndef COFIBER_RTL_TOOLS_TOGGLES_H
#define COFIBER_RTL_TOOLS_TOGGLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct cf_toggles;

/* Counts the signals of a scope ("tb.dut.u_front") and of those inside it, or with "" all; `scope` must outlive it. A
 * scope TOP around all others, which Verilator adds, is left out of the names. Free with cf_toggles_free; NULL when
 * memory is out. */
struct cf_toggles *cf_toggles_new(const char *scope);
void cf_toggles_free(struct cf_toggles *toggles);

/* Takes the next bytes of the dump; a piece may end anywhere. Errors: it is no value change dump, or memory is out. */
bool cf_toggles_take(struct cf_toggles *toggles, const char *bytes, size_t size, struct cf_error *err);

struct cf_toggle_totals {
    uint64_t bits, changes; /* bits of signals; their changes between 0 and 1 */
    uint64_t duration;      /* in the dump's unit of time */
};

/* Writes what has been counted, when the dump has come to its end. For each bit: how long it was 0 (T0), 1 (T1) and
 * unknown (TX), and how often it changed between 0 and 1 (TC). Errors: the dump ends in its head or has no signal of
 * the scope, or memory is out. */
bool cf_toggles_put(struct cf_toggles *toggles, struct cf_text *saif, struct cf_toggle_totals *totals,
                    struct cf_error *err);

#endif
