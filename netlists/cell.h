/* cell.h - the one definition of what a cell computes, and of the range that its sums can reach.
 *
 * The checker, the reference simulator, `explain`, the planners and the compiler (which picks widths by it) use it. The
 * oracles that check them share nothing with it.
 */
#ifndef COFIBER_NETLISTS_CELL_H
#define COFIBER_NETLISTS_CELL_H

#include "netlists/netlist.h"

/* The smallest and largest sum (bias included) over all values that the ports' types allow. False when a sum could lie
 * outside [-2^62, 2^62). The terms' ports exist, and their shifts are at most CF_MAX_SHIFT. */
bool cf_cell_range(const struct cf_cell *cell, int64_t *min, int64_t *max);

/* The bias with which a step that has the cell's terms decides as with `bias`, for all values that the ports' types
 * allow, and with which its sums are as small as can be: `bias` itself, or where every sum (or none) reaches the step,
 * the nearest bias of which that still holds. False when sums would still lie outside [-2^62, 2^62). */
bool cf_step_bias(const struct cf_cell *cell, int64_t bias, int64_t *clamped);

/* The narrowest two's-complement width that holds min and max, min <= max: [-512, 508] takes 10 bits. */
uint8_t cf_signed_width(int64_t min, int64_t max);

/* Fills `cell->type`: {1, unsigned, 0} for a step, the narrowest signed type with `frac` fraction bits for a linear
 * cell. False when a sum could pass 63 bits. */
bool cf_cell_infer_type(struct cf_cell *cell, int16_t frac);

/* The lowest and highest offset that a cell reads through each port; low > high for a port without terms. */
struct cf_reach {
    uint32_t low[CF_MAX_PORTS], high[CF_MAX_PORTS];
};
void cf_cell_reach(const struct cf_cell *cell, struct cf_reach *reach);

/* The sum of one instance (before the step), given the values of all nets. Valid netlists cannot overflow. */
int64_t cf_cell_sum(const struct cf_cell *cell, const uint32_t *bases, const int64_t *nets);

/* The output: the sum, or H(sum) with H(0) = 1. */
static inline int64_t cf_cell_output(const struct cf_cell *cell, int64_t sum)
{
    return cell->activation == CF_STEP ? sum >= 0 : sum;
}

#endif
