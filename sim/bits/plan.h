/* plan.h - which gates run together, and by which programs. Inside the bit engine.
 *
 * A family is a set of cells of one group whose gates read the same places: gate i of each cell has the same bases.
 * The classifiers of all classes are one family, a grid of pools another. The gates of each cell are lanes; the cells
 * of a family share the operands that a pass loads.
 */
#ifndef COFIBER_SIM_BITS_PLAN_H
#define COFIBER_SIM_BITS_PLAN_H

#include "netlists/netlist.h"
#include "sim/bits/program.h"

/* Cells [cell_first, cell_first + program->cell_count) of a family, as one program. */
struct cf_bit_part {
    struct cf_bit_program *program;
    uint32_t cell_first;
    bool
        adjacent; /* its cells are steps whose gates stand side by side: gate i of cell j is gate i of the first, + j */
};

struct cf_bit_family {
    uint32_t *cells;                 /* [cell_count], of the netlist */
    uint32_t *const *gates_of;       /* by cell of the netlist: its gates in the group, ascending */
    uint32_t cell_count, gate_count; /* of the family; of each of its cells */
    size_t cell_capacity;
    uint32_t source[CF_MAX_PORTS]; /* the group that a port reads; CF_SOURCES_MIXED where there are several */
    /* Runs of gates that stand side by side: the bases of every port, and the gates of every cell, are consecutive.
     * A pass reads these in place of the group's own arrays, which are too large for the caches. */
    uint32_t *run_first; /* [run_count + 1]: the first gate; the last is gate_count */
    uint32_t *run_bases; /* [run_count][ports]: of the first gate */
    uint32_t *run_at;    /* [gate_count / CF_TILE + 1]: the run of gate CF_TILE * i */
    uint32_t run_count;
    struct cf_bit_part *parts;
    uint32_t part_count;
};

#define CF_SOURCES_MIXED UINT32_MAX

struct cf_bit_group {
    struct cf_bit_family *families;
    uint32_t family_count;
    size_t family_capacity;
    uint32_t **gates_of; /* [cell_count of the netlist]; NULL for a cell that the group does not place */
    uint32_t *gates;     /* what they point into */
};

struct cf_bit_plan {
    struct cf_bit_group *groups; /* [group_count]; the input's is empty */
    uint32_t group_count;
    size_t window_planes; /* the most that a program needs */
};

/* `cells` are the networks of the netlist's cells, [cell_count]; they are not needed afterwards. With `graphs`, the
 * netlist's graphs take their place where graph_program.h can. A plan that could not
 * be made is empty. */
bool cf_bit_plan_make(struct cf_bit_plan *plan, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                      bool graphs, struct cf_error *err);
void cf_bit_plan_free(struct cf_bit_plan *plan);

#endif
