/* record.c - keeps the options of a compilation in the netlist's metadata, and reads them back. */
#include "compiler/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/geometry.h"

#define LIVE_CHANNELS "compile.live_channels"
#define PAD "compile.pad"

static const char *const upsample_names[] = {"nearest", "bilinear"};
static const char *const pools_names[] = {"direct", "iterated"};
static const char *const top_names[] = {"residual", "cofiber"};
static const char *const pad_names[] = {"zeros", "edge"}; /* of CF_PAD_ZEROS and the next */

const char *cf_upsample_name(enum cf_upsample upsample)
{
    return upsample_names[upsample];
}

const char *cf_pools_name(enum cf_pools pools)
{
    return pools_names[pools];
}

const char *cf_top_name(enum cf_top top)
{
    return top_names[top];
}

const char *cf_pad_name(enum cf_pad pad)
{
    return pad == CF_PAD_NONE ? "none" : pad_names[pad - CF_PAD_ZEROS];
}

/* Whether a layer that reads the channels has a weight for this one. A LayerNorm reads all. */
static bool reads_channel(const struct cf_head *head, uint32_t channel)
{
    static const enum cf_role plain[] = {CF_ROLE_CLS, CF_ROLE_REG_HIDDEN, CF_ROLE_REG, CF_ROLE_CTR},
                              projected[] = {CF_ROLE_PROJECT};
    bool project = head->bands[CF_ROLE_PROJECT] > 0, weighted = head->bands[CF_ROLE_NORM] > 0;
    const enum cf_role *roles = project ? projected : plain;
    for (size_t r = 0; r < (project ? 1 : sizeof plain / sizeof *plain); r++)
        for (uint32_t band = 0; band < head->bands[roles[r]]; band++) {
            const struct cf_head_layer *layer = &head->layer[roles[r]][band];
            for (uint32_t o = 0; o < layer->outputs && !weighted; o++)
                weighted = layer->quantised[(size_t)o * layer->inputs + channel] != 0;
        }
    return weighted;
}

/* Records how many channels remain if some have no weight at all, so that the sweep removes their gates. */
static bool record_channels(struct cf_netlist *netlist, const struct cf_head *head, struct cf_error *err)
{
    uint32_t live = 0;
    for (uint32_t d = 0; d < head->channels; d++)
        live += reads_channel(head, d);
    char text[16];
    snprintf(text, sizeof text, "%u", live);
    return live == head->channels || cf_netlist_set_meta(netlist, LIVE_CHANNELS, text, err);
}

/* Whether the option matters for the grid. */
static bool is_padded(const struct cf_compile_options *o)
{
    return o->height % (1u << o->scales) || o->width % (1u << o->scales);
}

bool cf_compile_record(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *o,
                       struct cf_error *err)
{
    char grid[32], scales[16], bits[16], scale[32], threshold[32];
    snprintf(grid, sizeof grid, "%ux%u", o->height, o->width);
    snprintf(scales, sizeof scales, "%u", o->scales);
    snprintf(bits, sizeof bits, "%d", o->input_bits);
    snprintf(scale, sizeof scale, "%.17g", o->input_scale);
    snprintf(threshold, sizeof threshold, "%.17g", o->score_threshold);
    const struct cf_meta entries[] = {
        {"tool", "cofiber " COFIBER_VERSION},
        {"head.sha256", head->sha256},
        {"head.form", cf_head_is_integer(head) ? "integer" : "float"},
        {"compile.grid", grid},
        {"compile.scales", scales},
        {"compile.upsample", cf_upsample_name(o->upsample)},
        {"compile.pools", cf_pools_name(o->pools)},
        {"compile.top", cf_top_name(o->top)},
        {"compile.sweep", o->sweep ? "yes" : "no"},
        {"compile.input_bits", bits},
        {"compile.input_scale", scale},
        {"compile.score_threshold", threshold},
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!cf_netlist_set_meta(netlist, entries[i].key, entries[i].value, err))
            return false;
    if (o->sweep && !record_channels(netlist, head, err))
        return false;
    if (is_padded(o) && !cf_netlist_set_meta(netlist, PAD, cf_pad_name(o->pad), err))
        return false;
    netlist->input_scale = o->input_scale;
    return true;
}

/* Reads a whole number of at most nine digits; `*text` then stands behind it. */
static bool read_count(const char **text, uint32_t *value)
{
    size_t digits = strspn(*text, "0123456789");
    if (digits < 1 || digits > 9)
        return false;
    *value = (uint32_t)strtoul(*text, NULL, 10);
    *text += digits;
    return true;
}

static bool parse_count(const char *text, uint32_t low, uint32_t high, uint32_t *value)
{
    return text && read_count(&text, value) && !*text && *value >= low && *value <= high;
}

static bool parse_grid(const char *text, uint32_t *height, uint32_t *width)
{
    return text && read_count(&text, height) && *text++ == 'x' && read_count(&text, width) && !*text;
}

static bool parse_score(const char *text, double *score)
{
    char *end = NULL;
    *score = text ? strtod(text, &end) : 0;
    return end && end != text && !*end && *score > 0 && *score < 1;
}

static bool parse_name(const char *text, const char *const names[2], int *found)
{
    for (*found = 0; text && *found < 2; ++*found)
        if (strcmp(text, names[*found]) == 0)
            return true;
    return false;
}

/* Reads the entries: every one must be there, and have a value that an option can have. */
static bool parse_record(const struct cf_netlist *n, struct cf_compile_options *o, struct cf_error *err)
{
    static const char *const sweep_names[] = {"no", "yes"};
    uint32_t bits = 0;
    int upsample = 0, pools = 0, top = 0, sweep = 0;
    const struct {
        const char *key;
        bool good;
    } entries[] = {
        {"compile.grid", parse_grid(cf_netlist_meta(n, "compile.grid"), &o->height, &o->width)},
        {"compile.scales", parse_count(cf_netlist_meta(n, "compile.scales"), 1, 10, &o->scales)},
        {"compile.input_bits", parse_count(cf_netlist_meta(n, "compile.input_bits"), 2, 16, &bits)},
        {"compile.score_threshold", parse_score(cf_netlist_meta(n, "compile.score_threshold"), &o->score_threshold)},
        {"compile.upsample", parse_name(cf_netlist_meta(n, "compile.upsample"), upsample_names, &upsample)},
        {"compile.pools", parse_name(cf_netlist_meta(n, "compile.pools"), pools_names, &pools)},
        {"compile.top", parse_name(cf_netlist_meta(n, "compile.top"), top_names, &top)},
        {"compile.sweep", parse_name(cf_netlist_meta(n, "compile.sweep"), sweep_names, &sweep)},
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const char *value = cf_netlist_meta(n, entries[i].key);
        if (!entries[i].good)
            return value ? cf_fail(err, "%s: metadata '%s' is '%.80s'", n->label, entries[i].key, value)
                         : cf_fail(err, "%s: metadata '%s' is missing", n->label, entries[i].key);
    }
    o->input_bits = (int)bits;
    o->upsample = (enum cf_upsample)upsample;
    o->pools = (enum cf_pools)pools;
    o->top = (enum cf_top)top;
    o->sweep = sweep == 1;
    return true;
}

/* The entry is there only where the grid is padded. */
static bool parse_pad(const struct cf_netlist *n, struct cf_compile_options *o, struct cf_error *err)
{
    const char *text = cf_netlist_meta(n, PAD);
    int pad;
    if (text && !parse_name(text, pad_names, &pad))
        return cf_fail(err, "%s: metadata '" PAD "' is '%.80s'", n->label, text);
    o->pad = text ? (enum cf_pad)(CF_PAD_ZEROS + pad) : CF_PAD_NONE;
    return true;
}

bool cf_compile_live_channels(const struct cf_netlist *n, uint32_t *channels, struct cf_error *err)
{
    uint32_t all = n->groups[CF_INPUT].shape[n->groups[CF_INPUT].rank - 1];
    const char *text = cf_netlist_meta(n, LIVE_CHANNELS);
    *channels = all;
    return !text || parse_count(text, 0, all, channels) ||
           cf_fail(err, "%s: metadata '" LIVE_CHANNELS "' is '%.80s'", n->label, text);
}

bool cf_compile_claimed(const struct cf_netlist *netlist)
{
    for (uint32_t m = 0; m < netlist->meta_count; m++)
        if (strncmp(netlist->meta[m].key, "compile.", 8) == 0)
            return true;
    return false;
}

bool cf_compile_recorded(const struct cf_netlist *netlist, struct cf_compile_options *o, struct cf_error *err)
{
    *o = cf_compile_defaults();
    if (!cf_compile_claimed(netlist))
        return cf_fail(err, "%s: its metadata do not say how it was compiled", netlist->label);
    if (!parse_record(netlist, o, err) || !parse_pad(netlist, o, err))
        return false;
    o->input_scale = netlist->input_scale;
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    if (input->rank != 3 || input->shape[0] != o->height || input->shape[1] != o->width)
        return cf_fail(err, "%s: metadata 'compile.grid' is %ux%u, which is not the shape of its input", netlist->label,
                       o->height, o->width);
    if (input->type.width != o->input_bits)
        return cf_fail(err, "%s: metadata 'compile.input_bits' is %d, but its input has %u", netlist->label,
                       o->input_bits, input->type.width);
    if (is_padded(o) && o->pad == CF_PAD_NONE)
        return cf_fail(err, "%s: metadata 'compile.scales' is %u, but 2^%u does not divide its %ux%u grid",
                       netlist->label, o->scales, o->scales, o->height, o->width);
    uint32_t channels;
    if (!cf_compile_live_channels(netlist, &channels, err))
        return false;
    if (cf_class_count(netlist, o) == 0)
        return cf_fail(err, "%s: its metadata say how it was compiled, but it has no classify group", netlist->label);
    return true;
}
