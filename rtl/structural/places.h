/* places.h - where the emitted Verilog has a gate: its wire, its instance, and the lines of both. */
#ifndef COFIBER_RTL_STRUCTURAL_PLACES_H
#define COFIBER_RTL_STRUCTURAL_PLACES_H

#include "netlists/netlist.h"

/* A row of gates: the instance in cofiber_top.v that drives its wire. */
struct cf_rtl_row {
    uint32_t line;   /* in cofiber_top.v, of the instance; of the port for a row of the input */
    uint32_t module; /* an index into the modules; UINT32_MAX for a row of the input */
};

/* A lane of a row module: an instance of its own, lane_17, or an element of an array, lanes_3_to_9[5]. */
struct cf_rtl_lane {
    uint32_t line;         /* in cofiber_rows.v */
    uint32_t first, count; /* the lanes that the instance, or the array of instances, stands for */
};

struct cf_rtl_module {
    char *name;    /* "row_s1_classify_0" */
    uint32_t line; /* in cofiber_rows.v */
    uint32_t lanes;
    struct cf_rtl_lane *lane; /* [lanes] */
};

struct cf_rtl_places {
    const struct cf_netlist *netlist;
    uint32_t *first_row; /* [group_count + 1] */
    struct cf_rtl_row *rows;
    struct cf_rtl_module *modules;
    uint32_t module_count;
};

/* Finds the places in the files that `cofiber verilog` writes for this netlist, which must outlive them. The writers
 * run without files, and their lines are counted. Errors: out of memory. */
bool cf_rtl_places_make(struct cf_rtl_places *places, const struct cf_netlist *netlist, struct cf_error *err);
void cf_rtl_places_free(struct cf_rtl_places *places);

/* The Verilog of one gate, as text. */
struct cf_rtl_place {
    char wire[320];     /* "s1_classify_4_9[17*1 +: 1]": its value */
    char instance[320]; /* "cofiber_top.u_s1_classify_4_9.lane_17"; "" for an input */
    uint32_t top_line;  /* in cofiber_top.v */
    uint32_t row_line;  /* in cofiber_rows.v; 0 for an input */
};
bool cf_rtl_place_of(const struct cf_rtl_places *places, uint32_t group, uint32_t index, struct cf_rtl_place *place,
                     struct cf_error *err);

#endif
