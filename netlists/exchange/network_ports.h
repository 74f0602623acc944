/* network_ports.h - the inputs and outputs of an adder network as the ports of a module: single bits and buses. */
#ifndef COFIBER_NETLISTS_EXCHANGE_NETWORK_PORTS_H
#define COFIBER_NETLISTS_EXCHANGE_NETWORK_PORTS_H

#include "netlists/exchange/network_names.h"

enum cf_port_style {
    CF_PORTS_BITS,   /* every input and output is a port of its own */
    CF_PORTS_BUSES,  /* buses where the names give them */
    CF_PORTS_VERILOG /* buses, and names that ABC's reader of Verilog takes */
};
enum { CF_PORT_INPUT, CF_PORT_OUTPUT };

/* One port. Verilog declares a bus as [high:low], or [low:high] where it is `upto`. */
struct cf_network_port {
    const char *name; /* plain, as in network_names.h */
    uint32_t width;   /* 1 unless it is a bus */
    bool is_bus, upto;
    int32_t low;          /* of a bus: its lowest index */
    const uint32_t *bits; /* [width]: which inputs or outputs, by ascending index */
};

struct cf_network_ports {
    struct cf_arena arena; /* owns everything here */
    const char *model;
    struct cf_network_port *ports[2]; /* by CF_PORT_INPUT, CF_PORT_OUTPUT: [count] */
    uint32_t count[2];
    uint32_t *port_of[2]; /* by input, or output: its port */
    int32_t *index_of[2]; /* and its index, if that is a bus */
};

/* Makes the ports. Names "b[4]", "b[5]", "b[6]" of inputs, or of outputs, become a bus `b` of indices 6 to 4 if every
 * index between the lowest and the highest is there once, there are two or more, and no other input or output is called
 * `b` or `b[...]`. The bus stands where its first bit stood, and is `upto` if its bits stood with falling indices. A
 * bus has the name that the plain names of its bits begin with, or another that is free, as in network_names.h.
 *
 * In the style of Verilog, ABC takes no bus whose name must be escaped, and no name with a comma, a semicolon or a
 * parenthesis, or that looks like a comment: in the name of such a bus, and in a name with any character but letters,
 * digits and _ . $ [ ] : - + < > @, each stretch of other characters than letters and digits becomes one '_'. */
bool cf_network_ports_new(struct cf_network_ports *ports, const struct cf_network *network,
                          const struct cf_network_names *names, enum cf_port_style style, struct cf_error *err);
void cf_network_ports_free(struct cf_network_ports *ports);

/* True when Verilog takes the name without a backslash: letters, digits and '_', and no word of the language. */
bool cf_verilog_identifier(const char *name);

#endif
