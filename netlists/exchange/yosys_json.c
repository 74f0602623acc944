/* yosys_json.c - writes adder networks as JSON netlists of Yosys; yosys_json_read.c reads them. */
#include "netlists/exchange/yosys_json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "netlists/exchange/network_ports.h"

/* Yosys numbers nets from 2. Signal s is net s + 1; inverters and inner wires of adders come after them. */
struct writer {
    struct cf_out *out;
    const struct cf_network *network;
    const struct cf_network_ports *ports;
    struct cf_error *err;
    uint64_t *inverse; /* by signal: the net of its inverse, or 0 */
    uint64_t next_net, cells;
};

static bool put_net(struct writer *w, uint64_t net)
{
    return net < 2 ? cf_out_printf(w->out, w->err, "\"%u\"", (unsigned)net)
                   : cf_out_printf(w->out, w->err, "%" PRIu64, net);
}

static bool put_bit(struct writer *w, uint64_t net)
{
    return cf_out_printf(w->out, w->err, "[") && put_net(w, net) && cf_out_printf(w->out, w->err, "]");
}

static bool put_cell(struct writer *w, const char *type, uint64_t a, uint64_t b, uint64_t y)
{
    bool two = b != UINT64_MAX;
    bool done = cf_out_printf(w->out, w->err,
                              "%s\n    \"g%" PRIu64 "\": {\"hide_name\": 0, \"type\": \"%s\", \"parameters\": {}, "
                              "\"attributes\": {}, \"port_directions\": {\"A\": \"input\", %s\"Y\": \"output\"}, "
                              "\"connections\": {\"A\": ",
                              w->cells ? "," : "", w->cells, type, two ? "\"B\": \"input\", " : "");
    w->cells++;
    return done && put_bit(w, a) && (!two || (cf_out_printf(w->out, w->err, ", \"B\": ") && put_bit(w, b))) &&
           cf_out_printf(w->out, w->err, ", \"Y\": ") && put_bit(w, y) && cf_out_printf(w->out, w->err, "}}");
}

/* The net of a literal; the first use of an inverse makes its inverter. */
static bool net_of(struct writer *w, cf_lit literal, uint64_t *net)
{
    uint32_t signal = literal >> 1;
    *net = signal == 0 ? literal : signal + 1;
    if (signal == 0 || !(literal & 1))
        return true;
    if (w->inverse[signal] == 0) {
        w->inverse[signal] = w->next_net++;
        if (!put_cell(w, "$_NOT_", signal + 1, UINT64_MAX, w->inverse[signal]))
            return false;
    }
    *net = w->inverse[signal];
    return true;
}

static bool put_node(struct writer *w, uint32_t n, uint8_t used)
{
    const struct cf_network_node *node = &w->network->nodes[n];
    uint64_t a, b, c, sum = cf_network_sum(w->network, n) / 2 + 1, carry = sum + 1;
    if (!net_of(w, node->a, &a) || !net_of(w, node->b, &b) || !net_of(w, node->c, &c))
        return false;
    if (node->c == CF_LIT_FALSE)
        return (!(used & CF_SUM_USED) || put_cell(w, "$_XOR_", a, b, sum)) &&
               (!(used & CF_CARRY_USED) || put_cell(w, "$_AND_", a, b, carry));
    uint64_t half = w->next_net++, both = w->next_net++, either = w->next_net++;
    if (!put_cell(w, "$_XOR_", a, b, half))
        return false;
    if (used & CF_SUM_USED && !put_cell(w, "$_XOR_", half, c, sum))
        return false;
    return !(used & CF_CARRY_USED) || (put_cell(w, "$_AND_", a, b, both) && put_cell(w, "$_AND_", half, c, either) &&
                                       put_cell(w, "$_OR_", both, either, carry));
}

/* The net of an input, or of the literal that an output is. */
static bool net_of_place(struct writer *w, int direction, uint32_t bit, uint64_t *net)
{
    *net = bit + (uint64_t)2;
    return direction == CF_PORT_INPUT || net_of(w, w->network->outputs[bit], net);
}

/* A bus has its lowest index as its offset. Its bits stand from the least significant on: of one with ascending ranges,
 * that is the bit of the highest index. */
static bool put_port(struct writer *w, int direction, const struct cf_network_port *port)
{
    bool done =
        cf_out_printf(w->out, w->err, "\n    \"%s\": {\"direction\": \"%s\", ", port->name,
                      direction == CF_PORT_INPUT ? "input" : "output") &&
        (!port->is_bus || port->low == 0 || cf_out_printf(w->out, w->err, "\"offset\": %" PRId32 ", ", port->low)) &&
        cf_out_printf(w->out, w->err, port->upto ? "\"upto\": 1, \"bits\": [" : "\"bits\": [");
    for (uint32_t k = 0; done && k < port->width; k++) {
        uint64_t net;
        done = net_of_place(w, direction, port->bits[port->upto ? port->width - 1 - k : k], &net) &&
               cf_out_printf(w->out, w->err, k ? ", " : "") && put_net(w, net);
    }
    return done && cf_out_printf(w->out, w->err, "]}");
}

static bool put_ports(struct writer *w)
{
    bool done = true, first = true;
    for (int d = 0; d < 2; d++)
        for (uint32_t p = 0; done && p < w->ports->count[d]; p++) {
            done = cf_out_printf(w->out, w->err, first ? "" : ",") && put_port(w, d, &w->ports->ports[d][p]);
            first = false;
        }
    return done;
}

/* The cells come first: they give numbers to the inverters that output ports may name. */
static bool put_module(struct writer *w, const uint8_t *used)
{
    bool done = cf_out_printf(w->out, w->err,
                              "{\"creator\": \"cofiber\", \"modules\": {\"%s\": {\"attributes\": {\"top\": \"1\"},\n"
                              "  \"cells\": {",
                              w->ports->model);
    for (uint32_t n = 0; done && n < w->network->node_count; n++)
        done = used[n] == 0 || put_node(w, n, used[n]);
    uint64_t net;
    for (uint32_t i = 0; done && i < w->network->output_count; i++)
        done = net_of(w, w->network->outputs[i], &net);
    done = done && cf_out_printf(w->out, w->err, "},\n  \"ports\": {");
    done = done && put_ports(w);
    return done && cf_out_printf(w->out, w->err, "},\n  \"netnames\": {}}}}\n");
}

bool cf_yosys_json_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                         struct cf_error *err)
{
    struct cf_network_ports ports = {0};
    struct writer w = {NULL,
                       network,
                       &ports,
                       err,
                       calloc(cf_network_signals(network), sizeof(uint64_t)),
                       (uint64_t)cf_network_signals(network) + 1,
                       0};
    uint8_t *used = cf_network_used(network);
    assert(cf_network_check(network, path, NULL));
    bool done = cf_network_ports_new(&ports, network, names, CF_PORTS_BUSES, err) &&
                ((used && w.inverse) || cf_fail(err, "%s: out of memory", path)) && cf_out_open(&w.out, path, err) &&
                put_module(&w, used) && cf_out_commit(&w.out, err);
    cf_out_abort(&w.out);
    cf_network_ports_free(&ports);
    free(w.inverse);
    free(used);
    return done;
}
