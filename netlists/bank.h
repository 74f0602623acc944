/* bank.h - banks: cells that stand at the same places and read the same operands, so that one adder graph can compute
 * the sums of all of them.
 *
 * Two cells belong to one bank when their gates have the same base nets: for each list of base nets, both cells have
 * the same number of gates with that list. A position's classifiers are a bank; so are a bottleneck and the hidden
 * layer of a box head. The bank's operands are the nets (or squares of nets) that any of its cells reads, each
 * identified by its port and offset. A cell's row of the bank's matrix says how often the cell counts each operand; the
 * bias and the activation of the cell are no part of the matrix.
 *
 * An implementation says for some banks of a netlist which graph computes them. It changes no gate, no name and no
 * value: the netlist says what is computed, the implementation how.
 */
#ifndef COFIBER_NETLISTS_BANK_H
#define COFIBER_NETLISTS_BANK_H

#include "netlists/graph.h"
#include "netlists/netlist.h"

struct cf_bank {
    uint32_t graph; /* which graph of the implementation */
    uint32_t cell_count;
    const uint32_t *cells; /* rising; output k of the graph is the sum of cell k of the bank without its bias */
};

struct cf_implementation {
    struct cf_graph *graphs;
    struct cf_bank *banks;
    uint32_t graph_count, bank_count;
};

/* One column of a bank's matrix. */
struct cf_bank_operand {
    uint32_t offset;
    uint8_t port;
    bool square;
};

/* The operands of some cells, rising by (port, offset, square); an array to be freed. */
bool cf_bank_operands(const struct cf_netlist *netlist, const uint32_t *cells, uint32_t cell_count,
                      struct cf_bank_operand **operands, uint32_t *count, struct cf_error *err);

/* The values that each operand can take, by the types of its port; an array to be freed, NULL when memory is out. */
struct cf_range *cf_operand_ranges(const struct cf_netlist *netlist, const uint32_t *cells,
                                   const struct cf_bank_operand *operands, uint32_t count);

/* Finds all banks of a valid netlist, in the order of their first cells; a cell that no gate places is in none. Every
 * other cell is in exactly one, which may hold that cell alone. bank[c] becomes the number of cell c's bank, or
 * UINT32_MAX; bank has [cell_count] elements, places [cell_count]: how many lists of base nets the bank of each number
 * has. Takes one pass over the gates. */
bool cf_find_banks(const struct cf_netlist *netlist, uint32_t *bank, uint64_t *places, uint32_t *count,
                   struct cf_error *err);

/* Adders of the bank's cells in canonical signed-digit form, without sharing: for each cell one less than the non-zero
 * digits of its weights. */
uint64_t cf_bank_csd_adders(const struct cf_netlist *netlist, const struct cf_bank *bank);

/* The cost of a bank of the netlist's implementation with its graph, at its own operands. */
bool cf_bank_measure(const struct cf_netlist *netlist, const struct cf_bank *bank, struct cf_graph_cost *cost,
                     struct cf_error *err);

/* The cell's first gate, for messages: "s0.classify[0,0,11]", or "no gate". */
void cf_cell_first_gate(const struct cf_netlist *netlist, uint32_t cell, char name[CF_NAME_MAX]);

/* Proves that every graph of the netlist's implementation computes its banks: the exact linear form of each output is
 * the row of its cell. Otherwise the error names the bank, the output with a gate of its cell, and the operand. A
 * netlist without an implementation passes. The rest of the netlist is valid. */
bool cf_implementation_check(const struct cf_netlist *netlist, struct cf_error *err);

/* The same for one graph and one bank that no netlist holds yet. */
bool cf_graph_prove(const struct cf_netlist *netlist, const struct cf_graph *graph, const struct cf_bank *bank,
                    uint32_t number, struct cf_error *err);

#endif
