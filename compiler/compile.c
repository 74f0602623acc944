/* compile.c - checks the options of a compilation, and calls its passes in order. */
#include "compiler/compile.h"

#include <assert.h>

#include "compiler/geometry.h"
#include "compiler/passes.h"
#include "netlists/check.h"

static bool check_options(const struct cf_head *head, const struct cf_compile_options *o, struct cf_error *err)
{
    if (o->scales < 1 || o->scales > 10)
        return cf_fail(err, "%u scales: 1 to 10 are possible", o->scales);
    uint32_t unit = 1u << o->scales;
    if (o->height < 1 || o->width < 1 || (o->pad == CF_PAD_NONE && (o->height % unit || o->width % unit)))
        return cf_fail(err, "a grid of %ux%u: %u scales need a height and width that 2^%u = %u divides, or padding",
                       o->height, o->width, o->scales, o->scales, unit);
    if (o->input_bits < 2 || o->input_bits > 16)
        return cf_fail(err, "an input of %d bits: 2 to 16 are possible", o->input_bits);
    if (!(o->score_threshold > 0 && o->score_threshold < 1))
        return cf_fail(err, "a score threshold of %g: a score lies between 0 and 1, both excluded", o->score_threshold);
    if (!(o->input_scale > 0) || o->input_scale > 1e300) /* the format's limit */
        return cf_fail(err, "an input scale of %g: a scale is a positive number, at most 1e300", o->input_scale);
    if (cf_head_bands(head) > 1 && cf_head_bands(head) != o->scales)
        return cf_fail(err, "%s: has layers for each of %u bands, and %u scales have %u: take %u scales", head->label,
                       cf_head_bands(head), o->scales, o->scales, cf_head_bands(head));
    uint64_t positions = (uint64_t)cf_padded_size(o->height, o->scales) * cf_padded_size(o->width, o->scales);
    if (positions > INT32_MAX / head->channels)
        return cf_fail(err, "a grid of %ux%u with %u channels: more than 2^31 - 1 nets", o->height, o->width,
                       head->channels);
    return true;
}

/* Frees the netlist that a pass has read, and returns the one that it has made, or NULL where it failed. Builds with
 * assertions check that the new one is valid. */
static struct cf_netlist *after(struct cf_netlist *read, struct cf_netlist *made)
{
    cf_netlist_free(read);
    assert(!made || cf_netlist_is_valid(made));
    return made;
}

bool cf_compile(struct cf_netlist **netlist, const struct cf_head *head, const struct cf_compile_options *options,
                struct cf_error *err)
{
    *netlist = NULL;
    if (!check_options(head, options, err))
        return false;
    struct cf_netlist *circuit = after(NULL, cf_expand(head, options, err));
    if (circuit && options->sweep)
        circuit = after(circuit, cf_sweep(circuit, err));
    if (circuit && !cf_netlist_check(circuit, err)) {
        cf_netlist_free(circuit);
        circuit = NULL;
    }
    *netlist = circuit;
    return circuit != NULL;
}
