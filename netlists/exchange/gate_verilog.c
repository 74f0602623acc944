/* gate_verilog.c - writes an adder network as one Verilog module of bitwise assignments. */
#include "netlists/exchange/gate_verilog.h"

#include <assert.h>
#include <stdlib.h>

#include "base/file.h"

struct writer {
    struct cf_out *out;
    const struct cf_network *network;
    const struct cf_network_names *names; /* cf_network_names_plain */
    struct cf_error *err;
    uint32_t lanes;
};

static bool put_range(struct writer *w)
{
    return w->lanes == 1 || cf_out_printf(w->out, w->err, "[%u:0] ", w->lanes - 1);
}

/* An escaped identifier ends with a blank. */
static bool put_signal(struct writer *w, cf_lit literal)
{
    uint32_t signal = literal >> 1;
    if (signal == 0)
        return cf_out_printf(w->out, w->err, "{%u{1'b%u}}", w->lanes, literal & 1);
    if (!cf_out_printf(w->out, w->err, "%s", literal & 1 ? "~" : ""))
        return false;
    if (!cf_network_is_node(w->network, signal))
        return cf_out_printf(w->out, w->err, "\\%s ", w->names->inputs[signal - 1]);
    return cf_out_printf(w->out, w->err, "n%u%c", cf_network_driver(w->network, signal),
                         cf_network_is_carry(w->network, signal) ? 'c' : 's');
}

static bool put_text(struct writer *w, const char *text)
{
    return cf_out_printf(w->out, w->err, "%s", text);
}

static bool put_node(struct writer *w, uint32_t n, uint8_t used)
{
    const struct cf_network_node *node = &w->network->nodes[n];
    bool full = node->c != CF_LIT_FALSE, done = true;
    if (used & CF_SUM_USED)
        done = put_text(w, "  wire ") && put_range(w) && cf_out_printf(w->out, w->err, "n%us = ", n) &&
               put_signal(w, node->a) && put_text(w, " ^ ") && put_signal(w, node->b) &&
               (!full || (put_text(w, " ^ ") && put_signal(w, node->c))) && put_text(w, ";\n");
    if (done && used & CF_CARRY_USED)
        done =
            put_text(w, "  wire ") && put_range(w) && cf_out_printf(w->out, w->err, "n%uc = (", n) &&
            put_signal(w, node->a) && put_text(w, " & ") && put_signal(w, node->b) && put_text(w, ")") &&
            (!full || (put_text(w, " | (") && put_signal(w, node->c) && put_text(w, " & (") && put_signal(w, node->a) &&
                       put_text(w, " | ") && put_signal(w, node->b) && put_text(w, "))"))) &&
            put_text(w, ";\n");
    return done;
}

static bool put_ports(struct writer *w)
{
    bool done = cf_out_printf(w->out, w->err, "module %s (", w->names->model);
    for (uint32_t i = 0; done && i < w->network->input_count; i++)
        done = cf_out_printf(w->out, w->err, "%s\n  input ", i ? "," : "") && put_range(w) &&
               cf_out_printf(w->out, w->err, "\\%s ", w->names->inputs[i]);
    for (uint32_t i = 0; done && i < w->network->output_count; i++)
        done = cf_out_printf(w->out, w->err, "%s\n  output ", i || w->network->input_count ? "," : "") &&
               put_range(w) && cf_out_printf(w->out, w->err, "\\%s ", w->names->outputs[i]);
    return done && cf_out_printf(w->out, w->err, "\n);\n");
}

static bool put_outputs(struct writer *w)
{
    bool done = true;
    for (uint32_t i = 0; done && i < w->network->output_count; i++)
        done = cf_out_printf(w->out, w->err, "  assign \\%s = ", w->names->outputs[i]) &&
               put_signal(w, w->network->outputs[i]) && cf_out_printf(w->out, w->err, ";\n");
    return done;
}

bool cf_gate_verilog_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                           const struct cf_gate_verilog_options *options, struct cf_error *err)
{
    struct cf_network_names plain = {0};
    struct writer w = {NULL, network, &plain, err, options->lanes};
    uint8_t *used = cf_network_used(network);
    assert(options->lanes > 0 && cf_network_check(network, path, NULL));
    bool done = cf_network_names_plain(&plain, network, names, err) &&
                (used || cf_fail(err, "%s: out of memory", path)) && cf_out_open(&w.out, path, err) && put_ports(&w);
    for (uint32_t n = 0; done && n < network->node_count; n++)
        done = put_node(&w, n, used[n]);
    done = done && put_outputs(&w) && cf_out_printf(w.out, err, "endmodule\n") && cf_out_commit(&w.out, err);
    cf_out_abort(&w.out);
    cf_network_names_free(&plain);
    free(used);
    return done;
}
