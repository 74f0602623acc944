/* adders.c - writes the adder graph of constant weights as a pipeline, cofiber_stream_constants. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "netlists/cell.h"
#include "netlists/pipeline.h"
#include "rtl/stream/constants.h"
#include "rtl/stream/emit.h"

struct pipeline {
    const struct cf_graph *graph;
    struct cf_stage *stage; /* [signals] */
    struct cf_range *value; /* [signals] */
    struct cf_text *text;
};

static unsigned width_of(const struct pipeline *p, uint32_t signal)
{
    return cf_signed_width(p->value[signal].min, p->value[signal].max);
}

/* "x17", a channel, or "s4321", an adder; "s4321_7" is it in stage 7, where that is later than it is made. */
static const char *name_of(const struct pipeline *p, uint32_t signal, uint32_t stage, char name[32])
{
    bool channel = signal < p->graph->inputs;
    uint32_t number = channel ? signal : signal - p->graph->inputs;
    if (stage > p->stage[signal].made)
        snprintf(name, 32, "%c%u_%u", channel ? 'x' : 's', number, stage);
    else
        snprintf(name, 32, "%c%u", channel ? 'x' : 's', number);
    return name;
}

/* Keeps a signal up to the last stage that reads it. */
static void put_copies(const struct pipeline *p, uint32_t signal)
{
    char from[32], to[32];
    for (uint32_t stage = p->stage[signal].made; stage < p->stage[signal].last; stage++)
        cf_text_printf(p->text, "    reg signed [%u:0] %s; always @(posedge clk) %s <= %s;\n", width_of(p, signal) - 1,
                       name_of(p, signal, stage + 1, to), to, name_of(p, signal, stage, from));
}

/* Bits that one addend has below the other pass through, unless it is subtracted (netlists/graph.c counts so too). */
static void put_adder(const struct pipeline *p, uint32_t number)
{
    const struct cf_adder *adder = &p->graph->adders[number];
    const struct cf_graph_addend *low = &adder->left, *high = &adder->right;
    if (low->shift > high->shift || (low->shift == high->shift && low->negative)) {
        low = &adder->right;
        high = &adder->left;
    }
    uint32_t own = p->graph->inputs + number, stage = p->stage[own].made;
    unsigned width = width_of(p, own), base = low->shift, apart = high->shift - low->shift;
    unsigned through = low->negative || base + apart >= width ? 0 : apart;
    char a[32], b[64], name[32];
    name_of(p, low->signal, stage, a);
    name_of(p, high->signal, stage, name);
    snprintf(b, sizeof b, apart && !through ? "(%s <<< %u)" : "%s", name, apart);
    cf_text_printf(p->text, "    wire signed [%u:0] s%u;\n", width - 1, number);
    if (base)
        cf_text_printf(p->text, "    assign s%u[%u:0] = %u'd0;\n", number, base - 1, base);
    if (through)
        cf_text_printf(p->text, "    assign s%u[%u:%u] = %s;\n", number, base + through - 1, base, a);
    cf_text_printf(p->text, "    assign s%u[%u:%u] = ", number, width - 1, base + through);
    if (through)
        cf_text_printf(p->text, "(%s >>> %u) %c %s;\n", a, through, high->negative ? '-' : '+', b);
    else if (low->negative && !high->negative)
        cf_text_printf(p->text, "%s - %s;\n", b, a);
    else
        cf_text_printf(p->text, "%s%s %c %s;\n", low->negative ? "-" : "", a, high->negative ? '-' : '+', b);
}

static void put_output(const struct pipeline *p, uint32_t number, uint32_t stages, unsigned bits)
{
    const struct cf_graph_output *output = &p->graph->outputs[number];
    char name[32];
    cf_text_printf(p->text, "    assign sums[%u:%u] = ", (number + 1) * bits - 1, number * bits);
    if (output->signal == CF_NO_SIGNAL) {
        cf_text_printf(p->text, "%u'd0;\n", bits);
        return;
    }
    name_of(p, output->signal, stages + 1, name);
    cf_text_printf(p->text, "%s(%s %s %d);\n", output->negative ? "-" : "", name, output->shift < 0 ? ">>>" : "<<<",
                   abs(output->shift));
}

static void put_module(const struct pipeline *p, const struct cf_stream_plan *plan)
{
    uint32_t bits = plan->scale[0].sum_bits, channels = p->graph->inputs;
    cf_text_printf(p->text,
                   "// cofiber_stream_constants: the classes' sums of a position's channels, by %u adders in place of "
                   "multipliers,\n// %u cycles later. x<channel> is a channel, s<number> an adder, each as wide as its "
                   "values; s<number>_<stage> is\n// the adder kept for a later stage. A position may enter in each "
                   "cycle.\n"
                   "module cofiber_stream_constants (\n    input  wire clk,\n    input  wire [%u:0] x,\n"
                   "    output wire [%u:0] sums\n);\n",
                   p->graph->adder_count, plan->stages, channels * plan->x_bits - 1, p->graph->output_count * bits - 1);
    for (uint32_t d = 0; d < channels; d++) {
        if (p->stage[d].last == 0)
            continue; /* no weight of this channel is anything but 0 */
        cf_text_printf(p->text, "    wire signed [%u:0] x%u = x[%u:%u];\n", plan->x_bits - 1, d,
                       (d + 1) * plan->x_bits - 1, d * plan->x_bits);
        put_copies(p, d);
    }
    for (uint32_t a = 0; a < p->graph->adder_count; a++) {
        put_adder(p, a);
        put_copies(p, channels + a);
    }
    for (uint32_t c = 0; c < p->graph->output_count; c++)
        put_output(p, c, plan->stages, bits);
    cf_text_printf(p->text, "endmodule\n");
}

void cf_stream_put_constants(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_graph *graph = plan->options.constants;
    assert(graph && graph->inputs == plan->pyramid->channels && graph->output_count == plan->pyramid->classes);
    size_t signals = (size_t)graph->inputs + graph->adder_count;
    struct pipeline p = {.graph = graph,
                         .stage = calloc(signals, sizeof *p.stage),
                         .value = calloc(signals, sizeof *p.value),
                         .text = text};
    struct cf_range *range = cf_stream_channel_ranges(plan->pyramid);
    uint32_t stages;
    if (p.stage && p.value && range && cf_graph_ranges(graph, range, p.value) &&
        cf_graph_stages(graph, plan->every, p.stage, &stages))
        put_module(&p, plan);
    else
        text->failed = true;
    free(p.stage);
    free(p.value);
    free(range);
}
