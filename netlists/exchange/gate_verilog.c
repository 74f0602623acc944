/* gate_verilog.c - writes an adder network as one Verilog module of bitwise assignments, as far as one tool goes that
 * reads little of the language: ABC wants the directions of ports behind the header, and an assignment apart from the
 * declaration of its wire. */
#include "netlists/exchange/gate_verilog.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "netlists/exchange/network_ports.h"

struct writer {
    struct cf_out *out;
    const struct cf_network *network;
    const struct cf_network_ports *ports;
    struct cf_error *err;
    uint32_t lanes;
};

static bool put_range(struct writer *w)
{
    return w->lanes == 1 || cf_out_printf(w->out, w->err, "[%u:0] ", w->lanes - 1);
}

/* An escaped identifier ends with a blank. */
static bool put_name(struct writer *w, const char *name)
{
    return cf_out_printf(w->out, w->err, cf_verilog_identifier(name) ? "%s" : "\\%s ", name);
}

/* An input or output: a port, or a bit of one. */
static bool put_place(struct writer *w, int direction, uint32_t bit)
{
    const struct cf_network_port *port = &w->ports->ports[direction][w->ports->port_of[direction][bit]];
    return put_name(w, port->name) &&
           (!port->is_bus || cf_out_printf(w->out, w->err, "[%" PRId32 "]", w->ports->index_of[direction][bit]));
}

static bool put_signal(struct writer *w, cf_lit literal)
{
    uint32_t signal = literal >> 1;
    if (signal == 0 && w->lanes == 1)
        return cf_out_printf(w->out, w->err, "1'b%u", literal & 1);
    if (signal == 0)
        return cf_out_printf(w->out, w->err, "{%u{1'b%u}}", w->lanes, literal & 1);
    if (!cf_out_printf(w->out, w->err, "%s", literal & 1 ? "~" : ""))
        return false;
    if (!cf_network_is_node(w->network, signal))
        return put_place(w, CF_PORT_INPUT, signal - 1);
    return cf_out_printf(w->out, w->err, "n%u%c", cf_network_driver(w->network, signal),
                         cf_network_is_carry(w->network, signal) ? 'c' : 's');
}

static bool put_text(struct writer *w, const char *text)
{
    return cf_out_printf(w->out, w->err, "%s", text);
}

/* Declares the wire of a node's sum ('s') or carry ('c') and begins its assignment. */
static bool put_wire(struct writer *w, uint32_t n, char which)
{
    return put_text(w, "  wire ") && put_range(w) &&
           cf_out_printf(w->out, w->err, "n%u%c;\n  assign n%u%c = ", n, which, n, which);
}

static bool put_sum(struct writer *w, uint32_t n)
{
    const struct cf_network_node *node = &w->network->nodes[n];
    return put_wire(w, n, 's') && put_signal(w, node->a) && put_text(w, " ^ ") && put_signal(w, node->b) &&
           (node->c == CF_LIT_FALSE || (put_text(w, " ^ ") && put_signal(w, node->c))) && put_text(w, ";\n");
}

static bool put_carry(struct writer *w, uint32_t n)
{
    const struct cf_network_node *node = &w->network->nodes[n];
    bool full = node->c != CF_LIT_FALSE;
    if (!put_wire(w, n, 'c') || !put_text(w, full ? "(" : "") || !put_signal(w, node->a) || !put_text(w, " & ") ||
        !put_signal(w, node->b))
        return false;
    return (!full || (put_text(w, ") | (") && put_signal(w, node->c) && put_text(w, " & (") && put_signal(w, node->a) &&
                      put_text(w, " | ") && put_signal(w, node->b) && put_text(w, "))"))) &&
           put_text(w, ";\n");
}

static bool put_header(struct writer *w)
{
    bool first = true,
         done = put_text(w, "// Written by cofiber. n12s and n12c are the sum and the carry of adder 12.\n"
                            "// verilator lint_off DECLFILENAME\n") &&
                cf_out_printf(w->out, w->err, "module %s (", w->ports->model);
    for (int d = 0; d < 2; d++)
        for (uint32_t p = 0; done && p < w->ports->count[d]; p++) {
            done = put_text(w, first ? "\n  " : ",\n  ") && put_name(w, w->ports->ports[d][p].name);
            first = false;
        }
    return done && put_text(w, "\n);\n");
}

static bool put_declarations(struct writer *w)
{
    bool done = true;
    for (int d = 0; d < 2; d++)
        for (uint32_t p = 0; done && p < w->ports->count[d]; p++) {
            const struct cf_network_port *port = &w->ports->ports[d][p];
            int64_t low = port->low, high = low + port->width - 1;
            done = put_text(w, d == CF_PORT_INPUT ? "  input " : "  output ") && put_range(w) &&
                   (!port->is_bus || cf_out_printf(w->out, w->err, "[%" PRId64 ":%" PRId64 "] ",
                                                   port->upto ? low : high, port->upto ? high : low)) &&
                   put_name(w, port->name) && put_text(w, ";\n");
        }
    return done;
}

static bool put_outputs(struct writer *w)
{
    bool done = true;
    for (uint32_t i = 0; done && i < w->network->output_count; i++)
        done = put_text(w, "  assign ") && put_place(w, CF_PORT_OUTPUT, i) && put_text(w, " = ") &&
               put_signal(w, w->network->outputs[i]) && put_text(w, ";\n");
    return done;
}

bool cf_gate_verilog_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                           const struct cf_gate_verilog_options *options, struct cf_error *err)
{
    struct cf_network_ports ports = {0};
    struct writer w = {NULL, network, &ports, err, options->lanes};
    uint8_t *used = cf_network_used(network);
    assert(options->lanes > 0 && cf_network_check(network, path, NULL));
    bool done = cf_network_ports_new(&ports, network, names, w.lanes == 1 ? CF_PORTS_VERILOG : CF_PORTS_BITS, err) &&
                (used || cf_fail(err, "%s: out of memory", path)) && cf_out_open(&w.out, path, err) && put_header(&w) &&
                put_declarations(&w);
    for (uint32_t n = 0; done && n < network->node_count; n++)
        done = (!(used[n] & CF_SUM_USED) || put_sum(&w, n)) && (!(used[n] & CF_CARRY_USED) || put_carry(&w, n));
    done = done && put_outputs(&w) && cf_out_printf(w.out, err, "endmodule\n") && cf_out_commit(&w.out, err);
    cf_out_abort(&w.out);
    cf_network_ports_free(&ports);
    free(used);
    return done;
}
