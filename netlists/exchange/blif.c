/* blif.c - writes an adder network as BLIF, one truth table after another. */
#include "netlists/exchange/blif.h"

#include <assert.h>
#include <stdlib.h>

#include "base/file.h"

struct writer {
    struct cf_out *out;
    const struct cf_network *network;
    const struct cf_network_names *names; /* cf_network_names_plain */
    struct cf_error *err;
};

/* The name of a signal: an input's own; "n12s" and "n12c" for the sum and carry of node 12. */
static bool put_signal(struct writer *w, uint32_t signal)
{
    if (!cf_network_is_node(w->network, signal))
        return cf_out_printf(w->out, w->err, " %s", w->names->inputs[signal - 1]);
    return cf_out_printf(w->out, w->err, " n%u%c", cf_network_driver(w->network, signal),
                         cf_network_is_carry(w->network, signal) ? 'c' : 's');
}

/* Writes a row for each combination of the `count` inputs for which the function is 1: the carry is 1 when at least two
 * of all operands are 1, the sum when an odd number is. `known` operands are the constant 1 and no inputs. */
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
    const cf_lit all[3] = {w->network->nodes[n].a, w->network->nodes[n].b, w->network->nodes[n].c};
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
    return done && put_signal(w, (carry ? cf_network_carry(w->network, n) : cf_network_sum(w->network, n)) / 2) &&
           cf_out_printf(w->out, w->err, "\n") && put_table(w, in, count, known, carry);
}

static bool put_output(struct writer *w, uint32_t i)
{
    cf_lit literal = w->network->outputs[i];
    const char *name = w->names->outputs[i];
    if (literal <= CF_LIT_TRUE)
        return cf_out_printf(w->out, w->err, ".names %s\n%s", name, literal ? "1\n" : "");
    return cf_out_printf(w->out, w->err, ".names") && put_signal(w, literal >> 1) &&
           cf_out_printf(w->out, w->err, " %s\n%d 1\n", name, literal & 1 ? 0 : 1);
}

static bool put_ports(struct writer *w)
{
    bool done = cf_out_printf(w->out, w->err, ".model %s\n.inputs", w->names->model);
    for (uint32_t i = 0; done && i < w->network->input_count; i++)
        done = cf_out_printf(w->out, w->err, " \\\n%s", w->names->inputs[i]);
    done = done && cf_out_printf(w->out, w->err, "\n.outputs");
    for (uint32_t i = 0; done && i < w->network->output_count; i++)
        done = cf_out_printf(w->out, w->err, " \\\n%s", w->names->outputs[i]);
    return done && cf_out_printf(w->out, w->err, "\n");
}

bool cf_blif_write(const char *path, const struct cf_network *network, const struct cf_network_names *names,
                   struct cf_error *err)
{
    struct cf_network_names plain = {0};
    struct writer w = {NULL, network, &plain, err};
    uint8_t *used = cf_network_used(network);
    assert(cf_network_check(network, path, NULL));
    bool done = cf_network_names_plain(&plain, network, names, err) &&
                (used || cf_fail(err, "%s: out of memory", path)) && cf_out_open(&w.out, path, err) && put_ports(&w);
    for (uint32_t n = 0; done && n < network->node_count; n++)
        done = (!(used[n] & CF_SUM_USED) || put_function(&w, n, false)) &&
               (!(used[n] & CF_CARRY_USED) || put_function(&w, n, true));
    for (uint32_t i = 0; done && i < network->output_count; i++)
        done = put_output(&w, i);
    done = done && cf_out_printf(w.out, err, ".end\n") && cf_out_commit(&w.out, err);
    cf_out_abort(&w.out);
    cf_network_names_free(&plain);
    free(used);
    return done;
}
