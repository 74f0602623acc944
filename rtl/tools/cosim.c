/* cosim.c - talks to the Verilated model: sends it the rows once, and then one frame after another. */
#include "rtl/tools/cosim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "rtl/structural/structural.h"
#include "rtl/tools/build.h"
#include "rtl/tools/process.h"

struct cf_cosim {
    const struct cf_netlist *netlist;
    struct cf_build build;
    struct cf_process process;
    char *wave, *wave_part; /* the file of waves, and its name until it is complete; NULL: none */
};

/* Writes the name of the top module and a line for each row, as harness/cosim.cpp reads them. */
static bool write_rows(const struct cf_cosim *cosim, struct cf_text *text, struct cf_error *err)
{
    const struct cf_netlist *netlist = cosim->netlist;
    struct cf_rtl_names names;
    if (!cf_rtl_names_make(&names, netlist, NULL, err))
        return false;
    cf_text_printf(text, "%s\n", cosim->build.top);
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t position = 0; position < group->count / cf_group_lanes(group); position++) {
            char name[CF_RTL_NAME_MAX];
            cf_text_printf(text, "%s %u %u %d %d\n", cf_rtl_row_name(&names, g, position, name), cf_group_lanes(group),
                           group->type.width, group->type.is_signed, g == CF_INPUT);
        }
    }
    cf_rtl_names_free(&names);
    return !text->failed || cf_fail(err, "%s: out of memory", netlist->label);
}

/* Sends the model the rows of the netlist, and receives whether it has them. */
static bool introduce(struct cf_cosim *cosim, struct cf_error *err)
{
    struct cf_text rows = {0};
    bool done = write_rows(cosim, &rows, err);
    uint32_t length = (uint32_t)rows.length;
    done = done && (rows.length <= UINT32_MAX || cf_fail(err, "%s: too many rows", cosim->netlist->label)) &&
           cf_process_send(&cosim->process, &length, sizeof length, err) &&
           cf_process_send(&cosim->process, rows.data, rows.length, err) &&
           cf_process_receive(&cosim->process, &length, sizeof length, err);
    cf_text_free(&rows);
    if (!done || length == 0)
        return done;
    char message[300] = "";
    if (length >= sizeof message || !cf_process_receive(&cosim->process, message, length, err))
        return cf_fail(err, "%s: the Verilated model does not answer sensibly", cosim->netlist->label);
    return cf_fail(err, "%s: %s", cosim->netlist->label, message);
}

/* Adds advice to an error: a model that ended by itself before it received the rows was most likely damaged in the
 * cache.
 */
static bool advise(const struct cf_cosim *cosim, struct cf_error *err)
{
    char text[sizeof err->text];
    if (!err || !cosim->build.cached || cosim->process.pid > 0)
        return false;
    snprintf(text, sizeof text, "%s", err->text);
    return cf_fail(err, "%.*s; it was built before, and may have to be built again", (int)sizeof text - 60, text) ||
           cf_fail_setting(err, "rebuild");
}

static bool name_wave(struct cf_cosim *cosim, const char *wave, struct cf_error *err)
{
    if (!wave)
        return true;
    cosim->wave = strdup(wave);
    if (cosim->wave && asprintf(&cosim->wave_part, "%s.part", wave) >= 0)
        return true;
    cosim->wave_part = NULL;
    return cf_fail(err, "%s: out of memory", wave);
}

bool cf_cosim_open(struct cf_cosim **result, const struct cf_netlist *netlist, const struct cf_cosim_options *options,
                   struct cf_error *err)
{
    *result = NULL;
    struct cf_cosim *cosim = calloc(1, sizeof *cosim);
    if (!cosim)
        return cf_fail(err, "%s: out of memory", netlist->label);
    cosim->netlist = netlist;
    cosim->process.socket = -1;
    bool done = name_wave(cosim, options->wave, err) && cf_build_program(&cosim->build, netlist, options, err);
    if (done) {
        const char *argv[] = {cosim->build.program, cosim->wave_part, cosim->wave_part ? options->scope : NULL, NULL};
        const struct cf_watch watch = {NULL, options->stop, options->user};
        done = (cf_process_start(&cosim->process, argv, cosim->build.log, &watch, err) && introduce(cosim, err)) ||
               advise(cosim, err);
    }
    if (done)
        *result = cosim;
    else
        cf_cosim_close(cosim);
    return done;
}

bool cf_cosim_frame(struct cf_cosim *cosim, int64_t *nets, struct cf_error *err)
{
    const struct cf_netlist *netlist = cosim->netlist;
    uint32_t inputs = netlist->groups[CF_INPUT].count;
    struct cf_type type = netlist->groups[CF_INPUT].type;
    for (uint32_t i = 0; i < inputs; i++)
        if (!cf_type_holds(type, nets[i]))
            return cf_fail(err, "%s: an input value does not fit its type", netlist->label);
    return cf_process_send(&cosim->process, nets, inputs * sizeof *nets, err) &&
           cf_process_receive(&cosim->process, nets + inputs, (netlist->net_count - inputs) * sizeof *nets, err);
}

bool cf_cosim_finish(struct cf_cosim *cosim, struct cf_error *err)
{
    cf_process_stop(&cosim->process);
    if (cosim->wave && rename(cosim->wave_part, cosim->wave) != 0)
        return cf_fail(err, "%s: %m", cosim->wave);
    free(cosim->wave);
    cosim->wave = NULL;
    return true;
}

void cf_cosim_close(struct cf_cosim *cosim)
{
    if (!cosim)
        return;
    cf_process_stop(&cosim->process);
    if (cosim->wave) /* it is not complete */
        unlink(cosim->wave_part);
    free(cosim->wave);
    free(cosim->wave_part);
    cf_build_free(&cosim->build);
    free(cosim);
}

bool cf_cosim_was_cached(const struct cf_cosim *cosim)
{
    return cosim->build.cached;
}
