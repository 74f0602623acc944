/* stream.c - writes the package of the streaming accelerator, file after file. */
#include "rtl/stream/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/directory.h"
#include "base/file.h"
#include "rtl/stream/emit.h"

static const char name_stem[] = "cofiber_stream"; /* every name begins with it, behind the prefix */

/* ---- what is in the package ---- */

struct package {
    const struct cf_stream_plan *plan;
    const struct cf_stream_vectors *vectors;
};

static void put_top(const struct package *p, struct cf_text *text)
{
    if (p->plan->options.shared)
        cf_stream_put_shared_top(p->plan, text);
    else
        cf_stream_put_top(p->plan, text);
}

static void put_constants(const struct package *p, struct cf_text *text)
{
    cf_stream_put_constants(p->plan, text);
}

static void put_geometry(const struct package *p, struct cf_text *text)
{
    cf_stream_put_geometry(p->plan, p->vectors, text);
    if (p->plan->options.shared)
        cf_stream_put_shared_geometry(p->plan, text);
}

static void put_weights(const struct package *p, struct cf_text *text)
{
    cf_stream_put_weights(p->plan, text);
}

static void put_load(const struct package *p, struct cf_text *text)
{
    cf_stream_put_load(p->plan, text);
}

static void put_target_list(const struct package *p, struct cf_text *text)
{
    cf_stream_put_target_list(p->plan, text);
}

static void put_pins(const struct package *p, struct cf_text *text)
{
    (void)p;
    cf_stream_put_pins(text);
}

static void put_stimulus(const struct package *p, struct cf_text *text)
{
    cf_stream_put_stimulus(p->plan, p->vectors, text);
}

static void put_expected(const struct package *p, struct cf_text *text)
{
    cf_stream_put_expected(p->plan, p->vectors, text);
}

static void put_outcomes(const struct package *p, struct cf_text *text)
{
    cf_stream_put_outcomes(p->vectors, text);
}

static void put_register_table(const struct package *p, struct cf_text *text)
{
    (void)p;
    cf_stream_put_register_table(text);
}

static void put_register_header(const struct package *p, struct cf_text *text)
{
    cf_stream_put_register_header(p->plan, text);
}

static void put_register_rdl(const struct package *p, struct cf_text *text)
{
    (void)p;
    cf_stream_put_register_rdl(text);
}

static void put_register_svd(const struct package *p, struct cf_text *text)
{
    (void)p;
    cf_stream_put_register_svd(text);
}

static void put_core(const struct package *p, struct cf_text *text)
{
    cf_stream_put_core(p->plan, text);
}

static void put_ipxact(const struct package *p, struct cf_text *text)
{
    cf_stream_put_ipxact(p->plan, text);
}

static void put_model(const struct package *p, struct cf_text *text)
{
    cf_stream_put_model(p->plan, text);
}

static void put_constraints(const struct package *p, struct cf_text *text)
{
    (void)p;
    cf_stream_put_constraints(text);
}

static void put_readme(const struct package *p, struct cf_text *text)
{
    if (p->plan->options.shared)
        cf_stream_put_shared_readme(p->plan, text);
    else
        cf_stream_put_readme(p->plan, text);
}

enum { BOTH = CF_STREAM_WIDE | CF_STREAM_SHARED };

static const struct {
    const char *name;
    void (*put)(const struct package *p, struct cf_text *text);
    unsigned cores;
} made[] = {
    {"cofiber_stream_top.v", put_top, BOTH},
    {"cofiber_stream_constants.v", put_constants, CF_STREAM_CONSTANTS},
    {"cofiber_stream_geometry.vh", put_geometry, BOTH},
    {"cofiber_stream_weights.hex", put_weights, CF_STREAM_MULTIPLIERS},
    {"cofiber_stream_load.hex", put_load, CF_STREAM_SHARED},
    {"cofiber_stream_stimulus.hex", put_stimulus, BOTH},
    {"cofiber_stream_expected.hex", put_expected, BOTH},
    {"cofiber_stream_outcomes.hex", put_outcomes, BOTH},
    {"cofiber_stream_registers.md", put_register_table, CF_STREAM_WIDE},
    {"cofiber_stream_registers.h", put_register_header, CF_STREAM_WIDE},
    {"cofiber_stream_registers.rdl", put_register_rdl, CF_STREAM_WIDE},
    {"cofiber_stream_registers.svd", put_register_svd, CF_STREAM_WIDE},
    {"cofiber_stream.core", put_core, BOTH},
    {"cofiber_stream.xml", put_ipxact, BOTH},
    {"cofiber_stream_model.json", put_model, BOTH},
    {"cofiber_stream.sdc", put_constraints, BOTH},
    {CF_STREAM_ICE40_LIST, put_target_list, CF_STREAM_SHARED},
    {"cofiber_stream_ice40.pcf", put_pins, CF_STREAM_SHARED},
    {"cofiber_stream_README.md", put_readme, BOTH},
};
enum { MADE = sizeof made / sizeof *made };

/* Scales whose thresholds have a file each. */
static uint32_t threshold_files(const struct cf_stream_plan *plan)
{
    return plan->options.shared ? 0 : plan->pyramid->scales;
}

/* ---- names ---- */

/* Appends the name under the prefix. */
static bool add_name(char **files, uint32_t *count, const struct cf_stream_plan *plan, const char *name)
{
    const char *prefix = plan->options.prefix ? plan->options.prefix : "";
    if (asprintf(&files[*count], "%s%s", prefix, name) < 0) {
        files[*count] = NULL;
        return false;
    }
    ++*count;
    return true;
}

char **cf_stream_files(const struct cf_stream_plan *plan)
{
    uint32_t sources = 0, count = 0;
    while (cf_stream_sources[sources].name)
        sources++;
    char **files = calloc((size_t)sources + MADE + threshold_files(plan) + 2, sizeof *files);
    bool done = files != NULL;
    for (uint32_t i = 0; done && i < sources; i++)
        if (cf_stream_sources[i].cores & cf_stream_core(plan))
            done = add_name(files, &count, plan, cf_stream_sources[i].name);
    for (uint32_t i = 0; done && i < MADE; i++)
        if (made[i].cores & cf_stream_core(plan))
            done = add_name(files, &count, plan, made[i].name);
    for (uint32_t k = 0; done && k < threshold_files(plan); k++) {
        char name[64];
        snprintf(name, sizeof name, "%s_thresholds_%u.hex", name_stem, k);
        done = add_name(files, &count, plan, name);
    }
    done = done && add_name(files, &count, plan, CF_STREAM_LIST);
    if (done)
        return files;
    cf_stream_files_free(files);
    return NULL;
}

void cf_stream_files_free(char **files)
{
    for (int i = 0; files && files[i]; i++)
        free(files[i]);
    free(files);
}

/* ---- writing ---- */

/* Puts the prefix before every name. */
static void add_prefix(const char *from, size_t size, const char *prefix, struct cf_text *to)
{
    const char *end = from + size;
    while (from < end) {
        const char *hit = memmem(from, (size_t)(end - from), name_stem, sizeof name_stem - 1);
        cf_text_put(to, from, (size_t)((hit ? hit : end) - from));
        if (!hit)
            break;
        cf_text_printf(to, "%s%s", prefix, name_stem);
        from = hit + sizeof name_stem - 1;
    }
}

/* Writes one file; `name` is without the prefix. */
static bool write_file(const struct package *p, const char *directory, const char *name, const char *data, size_t size,
                       struct cf_error *err)
{
    const char *prefix = p->plan->options.prefix ? p->plan->options.prefix : "";
    struct cf_text text = {0};
    char *path = NULL;
    add_prefix(data, size, prefix, &text);
    bool done = !text.failed && asprintf(&path, "%s/%s%s", directory, prefix, name) >= 0;
    if (!done) {
        path = NULL;
        cf_fail(err, "%s: out of memory", directory);
    }
    done = done && cf_file_write(path, text.data, text.length, err);
    free(path);
    cf_text_free(&text);
    return done;
}

static bool write_text(const struct package *p, const char *directory, const char *name, struct cf_text *text,
                       struct cf_error *err)
{
    bool done = text->failed ? cf_fail(err, "%s: out of memory", directory)
                             : write_file(p, directory, name, text->data, text->length, err);
    cf_text_free(text);
    return done;
}

bool cf_stream_write(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors, const char *directory,
                     struct cf_error *err)
{
    const struct package p = {plan, vectors};
    struct cf_text text = {0};
    bool done = true;
    for (int i = 0; done && cf_stream_sources[i].name; i++) {
        const struct cf_stream_source *source = &cf_stream_sources[i];
        if (source->cores & cf_stream_core(plan))
            done = write_file(&p, directory, source->name, source->text, (size_t)(source->end - source->text), err);
    }
    for (int i = 0; done && i < MADE; i++) {
        if (!(made[i].cores & cf_stream_core(plan)))
            continue;
        made[i].put(&p, &text);
        done = write_text(&p, directory, made[i].name, &text, err);
    }
    for (uint32_t k = 0; done && k < threshold_files(plan); k++) {
        char name[64];
        snprintf(name, sizeof name, "%s_thresholds_%u.hex", name_stem, k);
        cf_stream_put_thresholds(plan, k, &text);
        done = write_text(&p, directory, name, &text, err);
    }
    if (done) {
        cf_stream_put_list(plan, &text);
        done = write_text(&p, directory, CF_STREAM_LIST, &text, err);
    }
    return done;
}
