/* graphs.h - rows whose gates take their sums from an adder graph (netlists/bank.h).
 *
 * A graph is one module per row module: it has the same inputs, whole rows, and computes the sums of all lanes without
 * their biases. Each adder is as wide as the values that it can have, and adders that none of the row's gates needs are
 * left out. The sign of a sum and its shift to the left are the weight of the gate's leaf.
 */
#ifndef COFIBER_RTL_STRUCTURAL_GRAPHS_H
#define COFIBER_RTL_STRUCTURAL_GRAPHS_H

#include "netlists/bank.h"
#include "rtl/structural/gate.h"

/* One lane's sum: weight * (signal >> right), where the bits that go are always 0. */
struct cf_row_sum {
    uint32_t signal; /* CF_NO_SIGNAL: the sum is 0, and so is the weight */
    uint8_t right;
    int64_t weight; /* +-2^shift */
};

struct cf_row_graph {
    const struct cf_bank *bank; /* NULL: the gates of the row have no graph, and sum their operands themselves */
    const struct cf_graph *graph;
    struct cf_operand *operands; /* [graph->inputs]: where the row module has them; undefined where none needs them */
    uint8_t *width;              /* [signals]: bits of each signal, signed; 0: no gate of the row needs it */
    struct cf_row_sum *sums;     /* [lanes] */
    uint32_t adder_count;        /* that the row needs */
    uint8_t sum_width;           /* of every sum's signal as it leaves the graph, once shifted to the right */
};

/* Finds whether an adder graph computes the sums of a row module: all its gates are of one bank that has a graph, have
 * the same base nets and read no squares, and the operands that the graph needs are inputs of the module. `row` is all
 * zeros otherwise. Free it in any case. Fails when memory is out. */
bool cf_row_graph_find(struct cf_row_graph *row, const struct cf_rows *rows, const struct cf_row_module *module,
                       struct cf_error *err);
void cf_row_graph_free(struct cf_row_graph *row);

/* "graph_s0_classify_0", behind the prefix: the module of the graph of a row module. */
const char *cf_graph_module_name(const struct cf_rows *rows, const struct cf_row_module *module,
                                 char buffer[CF_RTL_NAME_MAX]);

#endif
