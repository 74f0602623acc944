/*
 * The formulas of the circuit, written anew over plain arrays, for tests of the compiler: no cells, no instances. A
 * plane holds one channel's values of one grid. Also heads in memory, and every combination of the compiler's options
 * for them.
 */
#ifndef COFIBER_TESTS_SUPPORT_FORMULAS_H
#define COFIBER_TESTS_SUPPORT_FORMULAS_H

#include "compiler/compile.h"
#include "netlists/netlist.h"
#include "tests/support/random_netlist.h"

struct plane {
    uint32_t h, w;
    int64_t *at; /* [h][w], malloc'd; the caller frees it */
};

/* A head of a classifier alone. All its scales are powers of two, so that thresholds in double are exact. The caller
 * calls cf_head_free. */
void make_head(struct cf_head *head, uint32_t classes, uint32_t channels, struct random_source *random);

/* Zeros. */
struct plane new_plane(uint32_t h, uint32_t w);

/* Pool k: the sum of 2^k x 2^k inputs. */
struct plane pool_of(struct plane x, uint32_t k);

/* x - up(pool), times 4 (nearest) or 64 (bilinear), as the pools are sums of four. */
struct plane band_of(struct plane x, struct plane pool, bool bilinear);

/* The group "sSCALE.KIND", or NULL. */
const struct cf_group *group_of(const struct cf_netlist *n, uint32_t scale, const char *kind);

/* Compares the values of every gate with the formulas' and fails the test at the first that differs. Returns the number
 * of gates compared. `nets` holds the value of every net; its inputs are what the formulas start from. */
size_t compare_with_formulas(const struct cf_netlist *n, const struct cf_head *head, const struct cf_compile_options *o,
                             const int64_t *nets);

/* Compiles and checks; fails the test where either fails. The caller frees the netlist. */
struct cf_netlist *compile_head(const struct cf_head *head, const struct cf_compile_options *options);

/* The values of every net for inputs drawn from `seed`: [net_count], malloc'd. */
int64_t *evaluate_at_random(const struct cf_netlist *n, uint64_t seed);

/* The gates that the design's table counts for these options: pools, subtracts and classifiers, swept or not. */
size_t gates_of(const struct cf_compile_options *o, const struct cf_head *head);

/* Calls `check` for seven geometries and every combination of upsampling, pools, top, sweep and two score thresholds.
 */
void each_setting(void (*check)(const struct cf_head *head, const struct cf_compile_options *options));

#endif
