/* head_cells.h - the cells that a head becomes on one band: exact integers from the band to decisions and boxes.
 *
 * Without a LayerNorm a layer is a weighted sum and a bias. With one, the values of all layers stay multiplied by the
 * deviation, so that no gate divides. For integers s[d] of f fraction bits, d = 0 .. D-1:
 *
 *     m = sum s[d]                                                                   (sum)
 *     R = floor(sqrt(D sum s[d]^2 - m^2 + floor(D^2 eps 4^f / input_scale^2)))       (root)
 *
 * R/D is the deviation in the units of s, and (D s[d] - m) / R the normalised value. A layer behind the norm with
 * weights w has w'[d] = w[d] gamma[d] and B = b + sum w[d] beta[d], and its output is (A + B' R) / R in units of the
 * scale of w', where A = sum w'[d] (D s[d] - m) and B' = floor(B / scale). Sums and ReLUs keep that form: the next
 * layer takes A + B' R as its input, and adds its own bias times R. Whoever reads the outputs divides them by R.
 */
#ifndef COFIBER_COMPILER_HEAD_CELLS_H
#define COFIBER_COMPILER_HEAD_CELLS_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* The groups of a head, in the order in which they stand in the netlist. */
enum cf_head_group {
    CF_HEAD_SUM,
    CF_HEAD_ROOT,
    CF_HEAD_PROJECT,
    CF_HEAD_CLASSIFY,
    CF_HEAD_HIDDEN,
    CF_HEAD_BOX,
    CF_HEAD_CENTER,
    CF_HEAD_GROUPS,
    CF_HEAD_BAND = CF_HEAD_GROUPS /* as a source: the band itself */
};

const char *cf_head_group_name(enum cf_head_group group); /* "sum", "root", "project", "classify", ... */

enum { CF_HEAD_PORTS = 3 };

struct cf_head_cells {
    struct cf_cell *cells; /* [lanes]; NULL: there is no such group */
    uint32_t lanes, ports;
    enum cf_head_group source[CF_HEAD_PORTS]; /* of each port: it reads that group at the same position */
    struct cf_type type;                      /* of all cells */
    double *scales;                           /* [lanes]: of the layer's folded weights */
    double *units;                            /* [lanes]: a value is its integer times this, and behind a norm over R */
};

/* All groups of one band. */
struct cf_band_cells {
    struct cf_arena arena; /* owns everything below */
    struct cf_head_cells group[CF_HEAD_GROUPS];
    bool too_wide; /* after a failure: a sum would leave [-2^62, 2^62) */
};

/* The widths of the weights of the layers beside the classifier, whose own are those that the head was read with. */
struct cf_layer_bits {
    int project; /* of the bottleneck, which decisions depend on */
    int others;  /* of boxes, their hidden layer and the centerness */
};

/* Works out the cells for band `scale`, whose integers have the type `band`. An error where a sum would leave 62 bits,
 * or a size is beyond what cells hold. Free with cf_band_cells_free in either case. */
bool cf_band_cells_make(struct cf_band_cells *made, const struct cf_head *head,
                        const struct cf_compile_options *options, uint32_t scale, struct cf_type band,
                        struct cf_layer_bits bits, struct cf_error *err);
void cf_band_cells_free(struct cf_band_cells *cells); /* an all-zero struct is fine */

#endif
