/* cell.h - the one definition of what a cell computes, and of the range that its sums can reach.
 *
 * The checker, the reference simulator, `explain`, the planners and the compiler (which picks widths by it) use it. The
 * oracles that check them share nothing with it.
 */
#ifndef COFIBER_NETLISTS_CELL_H
#define COFIBER_NETLISTS_CELL_H

#include "netlists/netlist.h"

/* The smallest and largest sum (bias included) over all values that the ports' types allow, as if each term could take
 * any of its values independently; a square goes from 0 to the square of the value farthest from 0. False when a sum
 * could lie outside [-2^62, 2^62). The
 * terms' ports exist, and their shifts are at most CF_MAX_SHIFT. A sum that is never negative for another reason, such
 * as D times a sum of squares less the square of the sum, may have a negative smallest value here; that is why a root
 * takes max(0, sum). */
bool cf_cell_range(const struct cf_cell *cell, int64_t *min, int64_t *max);

/* The largest that one term can add to the sum, over all values that its port's type allows. */
__int128 cf_term_most(const struct cf_cell *cell, const struct cf_term *term);

/* The activation of a sum. H(0) = 1. A monotone function of the sum, whatever the activation. */
int64_t cf_activate(enum cf_activation activation, int64_t sum);

/* The smallest and largest output, where sums lie in [min, max]. */
static inline void cf_output_range(enum cf_activation activation, int64_t *min, int64_t *max)
{
    *min = cf_activate(activation, *min);
    *max = cf_activate(activation, *max);
}

/* The floor of the square root of a number that is not negative. */
int64_t cf_floor_root(int64_t number);

const char *cf_activation_name(enum cf_activation activation); /* "linear", "step", "relu", "root" */

/* Whether the cell is a weighted sum of nets with a linear or step activation: a gate of the kinds that the published
 * card counts. The others have squares, or another activation. */
bool cf_cell_is_plain(const struct cf_cell *cell);
/* True when every gate of the groups [first, end) is plain; otherwise false, with an error that names the first group
 * where one is not, and says that `who` ("a matrix of weights", say) does not take it. */
bool cf_groups_are_plain(const struct cf_netlist *netlist, uint32_t first, uint32_t end, const char *who,
                         struct cf_error *err);

/* Finds a bias of the smallest size with which a step that has the cell's terms decides as with `bias`, for all values
 * that the ports' types allow. If some sums reach 0 with `bias` and others do not, this is `bias` itself. If all sums
 * do, or none does, it is the bias nearest to `bias` for which the same holds. False when sums would still lie outside
 * [-2^62, 2^62). */
bool cf_step_bias(const struct cf_cell *cell, int64_t bias, int64_t *clamped);

/* The narrowest two's-complement width that holds min and max, min <= max: [-512, 508] takes 10 bits. */
uint8_t cf_signed_width(int64_t min, int64_t max);

/* Fills `cell->type`: {1, unsigned, 0} for a step; with `frac` fraction bits, the narrowest signed type for a linear
 * cell, the narrowest unsigned one for ReLU and root. False when a sum could pass 63 bits. */
bool cf_cell_infer_type(struct cf_cell *cell, int16_t frac);

/* The lowest and highest offset that a cell reads through each port; low > high for a port without terms. */
struct cf_reach {
    uint32_t low[CF_MAX_PORTS], high[CF_MAX_PORTS];
};
void cf_cell_reach(const struct cf_cell *cell, struct cf_reach *reach);

/* The sum of one instance (before the step), given the values of all nets. Valid netlists cannot overflow. */
int64_t cf_cell_sum(const struct cf_cell *cell, const uint32_t *bases, const int64_t *nets);

/* The number that one term adds to the sum, given the value of its net. Valid netlists cannot overflow. */
static inline int64_t cf_term_value(const struct cf_term *term, int64_t net)
{
    return term->weight * ((term->square ? net * net : net) * ((int64_t)1 << term->shift));
}

/* The output: the activation of the sum. */
static inline int64_t cf_cell_output(const struct cf_cell *cell, int64_t sum)
{
    return cell->activation == CF_STEP ? sum >= 0 : cf_activate(cell->activation, sum);
}

#endif
