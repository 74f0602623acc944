/* cell.h - the one definition of what a cell computes, and how wide that gets.
 *
 * Shared by the checker, the reference simulator, `explain` and the compiler (which picks widths by it). The oracles
 * that check these share nothing with it.
 */
#ifndef COFIBER_NETLISTS_CELL_H
#define COFIBER_NETLISTS_CELL_H

#include "netlists/netlist.h"

/* The smallest and largest sum (bias included) over all values that the ports' types allow. Returns false when a sum
 * could pass 63 bits (outside [-2^62, 2^62)). */
bool cf_cell_range(const struct cf_cell *cell, int64_t *min, int64_t *max);

/* The narrowest two's-complement width that holds both: [-512, 508] takes 10 bits. */
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
