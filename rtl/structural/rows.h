/* rows.h - a netlist seen as rows: how the emitted Verilog is divided into modules.
 *
 * A row is one position of a group with all its lanes: s1.classify[4,9,*]. It is one packed wire, s1_classify_4_9, with
 * lane l in bits [l*W +: W], where W is the width of the group's values. Rows whose gates compute the same functions of
 * rows in the same relative places share one row module, which the top places once per row. gate.h says how a row
 * module places a leaf module for each gate.
 */
#ifndef COFIBER_RTL_STRUCTURAL_ROWS_H
#define COFIBER_RTL_STRUCTURAL_ROWS_H

#include "netlists/cell.h"
#include "rtl/structural/structural.h"

/* How one row reads other rows: for each port of its gates, the net from which their bases are counted. Two rows whose
 * bases are equally far from these nets can share a module. */
struct cf_row_view {
    uint32_t row; /* counted through all groups */
    uint32_t group;
    uint32_t first;                /* the index, in the group, of the gate in lane 0 */
    uint32_t origin[CF_MAX_PORTS]; /* lane 0 of the lowest row read through the port; 0 where source is no group */
    uint32_t source[CF_MAX_PORTS]; /* the group read through the port, or one of the two values below */
};
enum {
    CF_SOURCE_NONE = UINT32_MAX,     /* no gate of the row has a term there */
    CF_SOURCE_MANY = UINT32_MAX - 1, /* several groups: the row reads fixed nets, wherever it stands itself */
};

/* A row that a row module reads through one of its ports. */
struct cf_row_input {
    uint32_t port;
    uint32_t
        row; /* for the representative; every other row of the module reads a row equally far from its own origin */
};

struct cf_row_module {
    uint32_t group, number;      /* modules are numbered within their group */
    uint32_t representative;     /* the row by which the module is described */
    uint32_t uses;               /* how many rows share it */
    struct cf_row_input *inputs; /* ascending by port, then by row */
    uint32_t input_count;
};

struct cf_rows {
    const struct cf_netlist *netlist;
    struct cf_rtl_names names;
    struct cf_reach *reaches; /* [cell_count] */
    uint32_t *first_row;      /* [group_count + 1]: each group's first row, and the number of all rows */
    uint32_t *module_of;      /* [number of rows]; UINT32_MAX for the rows of the input */
    struct cf_row_module *modules;
    uint32_t module_count;
    size_t module_capacity;
};

/* Divides a checked netlist, which must outlive the result, and so must `prefix` (structural.h). Time and memory grow
 * with the instances of the netlist and with the edges of one row per module. Fails when memory is out, or when the
 * prefix cannot be one; nothing is then to be freed. */
bool cf_rows_build(struct cf_rows *rows, const struct cf_netlist *netlist, const char *prefix, struct cf_error *err);
void cf_rows_free(struct cf_rows *rows);

/* The row of a net, and the net's lane in it. */
uint32_t cf_row_of_net(const struct cf_rows *rows, uint32_t net, uint32_t *lane);
uint32_t cf_row_group(const struct cf_rows *rows, uint32_t row);
const char *cf_row_name(const struct cf_rows *rows, uint32_t row, char buffer[CF_RTL_NAME_MAX]);

/* Fills the view of a row that is not one of the input. */
void cf_row_view(const struct cf_rows *rows, uint32_t row, struct cf_row_view *view);

/* The row that one of the module's inputs is wired to where the module stands for the row of `member`. Both views must
 * be of rows that share the module. */
uint32_t cf_row_wired_to(const struct cf_rows *rows, const struct cf_row_module *module, uint32_t input,
                         const struct cf_row_view *representative, const struct cf_row_view *member);

/* "row_s1_classify_0", behind the prefix: what the module is called. */
const char *cf_row_module_name(const struct cf_rows *rows, const struct cf_row_module *module,
                               char buffer[CF_RTL_NAME_MAX]);

/* The group whose row is the input of a row module. */
const struct cf_group *cf_input_group(const struct cf_rows *rows, const struct cf_row_module *module, uint32_t input);
/* The input's name, such as "a3", from its port and its number within the port; written into the buffer. */
const char *cf_input_name(const struct cf_row_module *module, uint32_t input, char buffer[16]);

#endif
