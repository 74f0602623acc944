#include "netlists/exchange/blif.h"

#include <stdlib.h>

#include "base/file.h"

struct writer {
    struct cf_out *out;
    const struct cf_network *bits;
    const struct cf_network_names *names; /* cf_network_names_plain */
    struct cf_error *err;
};

/* The name of a signal: an input's own; "n12s" and "n12c" for the sum and carry of node 12. */
static bool put_signal(struct writer *w, uint32_t signal)
{
    if (!cf_network_is_node(w->bits, signal))
        return cf_out_printf(w->out, w->err, " %s", w->names->inputs[signal - 1]);
    return cf_out_printf(w->out, w->err, " n%u%c", cf_network_driver(w->bits, signal),
                         cf_network_is_carry(w->bits, signal) ? 'c' : 's');
}

/* A row for each combination of the `count` inputs for which the function is 1: parity, or at least two. `known` of
 * its operands are the constant 1. */
static bool put_table(struct writer *w, const cf_lit *in, int count, unsigned known, bool carry)
{
    for (unsigned pattern = 0; pattern < 1u << count; pattern++) {
        unsigned ones = known;
        char row[5] = {0};
        for (int i = 0; i < count; i++) {
            row[i] = (char)('0' + (pattern >> i & 1));
            ones += (pattern >> i & 1) ^ (in[i] & 1);
        }
        if ((carry ? ones >= 2 : ones % 2) && !cf_out_printf(w->out, w->err, count ? "%s 1\n" : "%s1\n", row))
            return false;
    }
    return true;
}

static bool put_function(struct writer *w, uint32_t n, bool carry)
{
    const cf_lit all[3] = {w->bits->nodes[n].a, w->bits->nodes[n].b, w->bits->nodes[n].c};
    cf_lit in[3];
    int count = 0;
    unsigned known = 0;
    bool done = cf_out_printf(w->out, w->err, ".names");
    for (int i = 0; done && i < 3; i++) {
        if (all[i] <= CF_LIT_TRUE) {
            known += all[i];
            continue;
        }
        in[count++] = all[i];
        done = put_signal(w, all[i] >> 1);
    }
    return done && put_signal(w, (carry ? cf_network_carry(w->bits, n) : cf_network_sum(w->bits, n)) / 2) &&
           cf_out_printf(w->out, w->err, "\n") && put_table(w, in, count, known, carry);
}

static bool put_output(struct writer *w, uint32_t i)
{
    cf_lit literal = w->bits->outputs[i];
    const char *name = w->names->outputs[i];
    if (literal <= CF_LIT_TRUE)
        return cf_out_printf(w->out, w->err, ".names %s\n%s", name, literal ? "1\n" : "");
    return cf_out_printf(w->out, w->err, ".names") && put_signal(w, literal >> 1) &&
           cf_out_printf(w->out, w->err, " %s\n%d 1\n", name, literal & 1 ? 0 : 1);
}

static bool put_ports(struct writer *w)
{
    bool done = cf_out_printf(w->out, w->err, ".model %s\n.inputs", w->names->model);
    for (uint32_t i = 0; done && i < w->bits->input_count; i++)
        done = cf_out_printf(w->out, w->err, " \\\n%s", w->names->inputs[i]);
    done = done && cf_out_printf(w->out, w->err, "\n.outputs");
    for (uint32_t i = 0; done && i < w->bits->output_count; i++)
        done = cf_out_printf(w->out, w->err, " \\\n%s", w->names->outputs[i]);
    return done && cf_out_printf(w->out, w->err, "\n");
}

bool cf_blif_write(const char *path, const struct cf_network *bits, const struct cf_network_names *names,
                   struct cf_error *err)
{
    struct cf_network_names plain = {0};
    struct writer w = {NULL, bits, &plain, err};
    uint8_t *used = cf_network_used(bits);
    bool done = cf_network_names_plain(&plain, bits, names, err) && (used || cf_fail(err, "%s: out of memory", path)) &&
                cf_out_open(&w.out, path, err) && put_ports(&w);
    for (uint32_t n = 0; done && n < bits->node_count; n++)
        done = (!(used[n] & 1) || put_function(&w, n, false)) && (!(used[n] & 2) || put_function(&w, n, true));
    for (uint32_t i = 0; done && i < bits->output_count; i++)
        done = put_output(&w, i);
    done = done && cf_out_printf(w.out, err, ".end\n") && cf_out_commit(&w.out, err);
    cf_out_abort(&w.out);
    cf_network_names_free(&plain);
    free(used);
    return done;
}
