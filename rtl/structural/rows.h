/* rows.h - a netlist seen as rows: how the emitted Verilog is divided, and what its wires are called.
 *
 * A row is one position of a group with all its lanes: s1.classify[4,9,*]. It is one packed wire, s1_classify_4_9, with
 * lane l in bits [l*W +: W]. Rows that compute the same thing from rows in the same relative places form a class and
 * share one module. What is in a class: see gate.h.
 */
#ifndef COFIBER_RTL_STRUCTURAL_ROWS_H
#define COFIBER_RTL_STRUCTURAL_ROWS_H

#include "netlists/cell.h"
#include "netlists/netlist.h"

enum { CF_ROW_NAME_MAX = 160 }; /* bytes of a row's name, with the NUL */

/* One row as the source of its module's operands: for each port, the net that its bases are counted from. */
struct cf_row_view {
    uint32_t row; /* global number */
    uint32_t group;
    uint32_t first;                /* index, in the group, of the row's lane 0 */
    uint32_t origin[CF_MAX_PORTS]; /* lane 0 of the lowest row read through the port; 0: see `fixed` */
    uint32_t source[CF_MAX_PORTS]; /* the group read through the port, or one of the below */
};
enum {
    CF_SOURCE_NONE = UINT32_MAX,     /* no lane has a term there */
    CF_SOURCE_MANY = UINT32_MAX - 1, /* several groups: the row is described by absolute nets */
};

/* A row that a class's module reads through one of its ports. */
struct cf_row_input {
    uint32_t port;
    uint32_t row; /* for the representative; other members' are the same distance from their own origin */
};

struct cf_row_class {
    uint32_t group, number;      /* the number counts within the group */
    uint32_t representative;     /* a row of the class, by which its module is described */
    uint32_t uses;               /* rows in the class */
    struct cf_row_input *inputs; /* ascending in (port, row) */
    uint32_t input_count;
};

struct cf_rows {
    const struct cf_netlist *netlist;
    struct cf_reach *reaches; /* [cell_count] */
    uint32_t *first_row;      /* [group_count + 1] */
    uint32_t *class_of;       /* [rows]; UINT32_MAX for the input's */
    struct cf_row_class *classes;
    uint32_t class_count;
    size_t class_capacity;
    char (*identifier)[CF_NAME_MAX]; /* [group_count] */
};

/* Divides a checked netlist. Time and memory are linear in the instances, and in the edges of one row a class. */
bool cf_rows_build(struct cf_rows *rows, const struct cf_netlist *netlist, struct cf_error *err);
void cf_rows_free(struct cf_rows *rows);

/* "s1_classify_4_9": letters, digits and single underscores, so that it is the same in Verilog and in C++. */
const char *cf_row_name(const struct cf_rows *rows, uint32_t row, char buffer[CF_ROW_NAME_MAX]);

uint32_t cf_row_group(const struct cf_rows *rows, uint32_t row);
void cf_row_view(const struct cf_rows *rows, uint32_t row, struct cf_row_view *view);

/* The row that input `input` of a class is wired to in one of its member rows. */
uint32_t cf_row_wired_to(const struct cf_rows *rows, const struct cf_row_class *class, uint32_t input,
                         const struct cf_row_view *representative, const struct cf_row_view *member);

/* The row of a net, and its lane there. */
uint32_t cf_row_of_net(const struct cf_rows *rows, uint32_t net, uint32_t *lane);

#endif
