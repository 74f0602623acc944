/* geometry.h - how many positions the groups of a circuit have along one axis of the grid, and how many classes.
 *
 * If 2^scales does not divide the grid, the circuit is that of the next larger grid that it divides, without the gates
 * that only padding needs. The positions of the larger grid beyond the frame are padding. Scale k has the
 * ceil(size / 2^k) positions that the frame reaches into, and the pools that some gate reads.
 */
#ifndef COFIBER_COMPILER_GEOMETRY_H
#define COFIBER_COMPILER_GEOMETRY_H

#include "compiler/options.h"
#include "netlists/netlist.h"

/* The size with padding: the next multiple of 2^scales. */
static inline uint32_t cf_padded_size(uint32_t size, uint32_t scales)
{
    return (((size - 1) >> scales) + 1) << scales;
}

/* Positions of the subtracts and classifiers of scale `scale`. */
static inline uint32_t cf_band_size(uint32_t size, uint32_t scale)
{
    return ((size - 1) >> scale) + 1;
}

/* Positions of the pools of scale `scale`. The last of them is read by a subtract, by a coarser pool, or by the
 * classifiers of the residual. With `swept` only live pools count: the result is 0 if the pools are dead, and leaves
 * out pools that only dead gates read. */
uint32_t cf_pool_size(const struct cf_compile_options *options, uint32_t size, uint32_t scale, bool swept);

/* The number of classes C, which is the innermost dimension of the first classify group; 0 if there is no such group.
 */
uint32_t cf_class_count(const struct cf_netlist *netlist, const struct cf_compile_options *options);

#endif
