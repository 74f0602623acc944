/* census.c - cofiber census: counts the gates in three ways that share no code. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "compiler/census.h"
#include "compiler/record.h"
#include "netlists/store.h"
#include "rtl/structural/structural.h"
#include "rtl/tools/yosys.h"

struct census {
    const struct cf_netlist *netlist;
    struct cf_compile_options options;
    bool recorded;          /* the compile options are known, and so the closed form */
    bool contradicted;      /* the recorded options contradict the netlist, which counts as a difference */
    struct cf_error reason; /* why there is no closed form */
    struct cf_yosys_count yosys;
};

/* The closed form of a group "s<scale>.<layer>" of the card's table; 0 for any other. */
static uint64_t card_form(const struct census *c, const char *name)
{
    for (uint32_t k = 0; c->recorded && k < c->options.scales; k++)
        for (int l = 0; l < CF_LAYER_COUNT; l++) {
            char expected[32];
            snprintf(expected, sizeof expected, "s%u.%s", k, cf_layer_name((enum cf_layer)l));
            if (strcmp(expected, name) == 0)
                return cf_closed_form_swept(&c->options, c->netlist, k, (enum cf_layer)l);
        }
    return 0;
}

/* The same of any group that a compiled netlist has. */
static uint64_t closed_form(const struct census *c, const char *name)
{
    uint64_t gates = card_form(c, name);
    return gates || !c->recorded ? gates : cf_closed_form_beyond(&c->options, c->netlist, name);
}

static uint64_t closed_total(const struct census *c)
{
    uint64_t total = 0;
    for (uint32_t k = 0; c->recorded && k < c->options.scales; k++)
        for (int l = 0; l < CF_LAYER_COUNT; l++)
            total += cf_closed_form_swept(&c->options, c->netlist, k, (enum cf_layer)l);
    return total;
}

static bool stop(void *user)
{
    (void)user;
    return cli_interrupted();
}

/* Emits the Verilog (unless the user has it) and has Yosys count it, in a directory that goes afterwards. */
static bool count_verilog(const char *rtl, struct census *c, struct cf_error *err)
{
    const char *place = getenv("TMPDIR");
    const struct cf_rtl_options options = {0};
    struct cf_rtl_summary summary;
    struct cf_scratch scratch;
    cli_catch_interrupts();
    if (!cf_scratch_make(&scratch, place && *place ? place : "/tmp", "cofiber-census", err))
        return false;
    bool done = (rtl || cf_rtl_write(c->netlist, scratch.path, &options, &summary, err)) &&
                cf_yosys_census(c->netlist, rtl ? rtl : scratch.path, scratch.path, stop, NULL, &c->yosys, err);
    if (!done && strstr(err->text, scratch.path)) /* the error names the log of Yosys, which is in there */
        cf_scratch_leave(&scratch);
    else
        cf_scratch_remove(&scratch);
    return done;
}

static bool row_differs(const struct census *c, uint64_t closed, uint64_t netlist, uint64_t yosys)
{
    return (c->recorded && closed != netlist) || netlist != yosys;
}

static bool report_row(const struct census *c, cJSON *list, const char *name, uint64_t closed, uint64_t netlist,
                       uint64_t yosys)
{
    bool differs = row_differs(c, closed, netlist, yosys);
    if (list) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "group", name);
        if (c->recorded)
            cJSON_AddNumberToObject(entry, "closed_form", (double)closed);
        cJSON_AddNumberToObject(entry, "netlist", (double)netlist);
        cJSON_AddNumberToObject(entry, "yosys", (double)yosys);
        cJSON_AddBoolToObject(entry, "equal", !differs);
        cJSON_AddItemToArray(list, entry);
    } else {
        char text[3][32];
        printf("%-20s %14s %14s %14s%s\n", name, c->recorded ? cli_thousands(closed, text[0]) : "-",
               cli_thousands(netlist, text[1]), cli_thousands(yosys, text[2]), differs ? "  DIFFERENT" : "");
    }
    return differs;
}

/* Reports the groups that the closed form has and the netlist lacks. */
static bool report_missing(const struct census *c, cJSON *list)
{
    bool different = false;
    for (uint32_t k = 0; c->recorded && k < c->options.scales; k++)
        for (int l = 0; l < CF_LAYER_COUNT; l++) {
            char name[32];
            snprintf(name, sizeof name, "s%u.%s", k, cf_layer_name((enum cf_layer)l));
            uint64_t closed = cf_closed_form_swept(&c->options, c->netlist, k, (enum cf_layer)l);
            if (closed && cf_netlist_find_group(c->netlist, name) == UINT32_MAX)
                different |= report_row(c, list, name, closed, 0, 0);
        }
    return different;
}

/* One number in three ways: by closed form, in the netlist, by Yosys. */
struct counts {
    uint64_t closed, netlist, yosys;
};

/* The gates of the groups that the card's table does not have. */
static struct counts count_beyond(const struct census *c)
{
    const struct cf_netlist *n = c->netlist;
    struct counts beyond = {0, 0, 0};
    for (uint32_t g = 1; c->recorded && g < n->group_count; g++) {
        uint64_t closed = cf_closed_form_beyond(&c->options, n, n->groups[g].name);
        beyond.closed += closed;
        beyond.netlist += closed ? n->groups[g].count : 0;
        beyond.yosys += closed ? c->yosys.gates[g] : 0;
    }
    return beyond;
}

static bool report_rows(const struct census *c, cJSON *list)
{
    const struct cf_netlist *n = c->netlist;
    bool different = false;
    for (uint32_t g = 1; g < n->group_count; g++)
        different |= report_row(c, list, n->groups[g].name, closed_form(c, n->groups[g].name), n->groups[g].count,
                                c->yosys.gates[g]);
    different |= report_missing(c, list);
    struct counts beyond = count_beyond(c);
    uint64_t closed = closed_total(c), gates = n->net_count - n->groups[CF_INPUT].count;
    if (beyond.netlist) {
        different |=
            report_row(c, list, "pool to classify", closed, gates - beyond.netlist, c->yosys.total - beyond.yosys);
        different |= report_row(c, list, "other groups", beyond.closed, beyond.netlist, beyond.yosys);
    }
    return report_row(c, list, "total", closed + beyond.closed, gates, c->yosys.total) || different;
}

static int report(const struct census *c, bool json)
{
    int status = CLI_OK;
    bool different;
    if (json) {
        cJSON *document = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(document, "groups");
        different = report_rows(c, list) || c->contradicted;
        if (!c->recorded)
            cli_json_text(document, "no_closed_form", c->reason.text);
        cJSON_AddBoolToObject(document, "equal", !different);
        status = cli_print_json(document);
    } else {
        printf("%-20s %14s %14s %14s\n", "gates", "closed form", "netlist", "Yosys");
        different = report_rows(c, NULL);
        if (!c->recorded) {
            printf("no closed form: ");
            cli_print_text(c->reason.text);
            printf("\n");
        }
        printf("%s\n", different         ? "the counts differ"
                       : c->contradicted ? "the other counts are equal, but the netlist is not as its metadata say"
                                         : "all counts are equal");
        different |= c->contradicted;
    }
    return status == CLI_OK && different ? CLI_DIFFERENT : status;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_netlist *netlist;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    struct census c = {.netlist = netlist};
    c.recorded = cf_compile_recorded(netlist, &c.options, &c.reason);
    c.contradicted = !c.recorded && cf_compile_claimed(netlist);
    c.yosys.gates = calloc(netlist->group_count, sizeof *c.yosys.gates);
    bool done = c.yosys.gates ? count_verilog(cli_value(args, "--rtl"), &c, &err)
                              : cf_fail(&err, "%s: out of memory", netlist->label);
    int status = done ? report(&c, cli_given(args, "--json")) : cli_fail(&err);
    free(c.yosys.gates);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_census = {
    .name = "census",
    .synopsis = "NET [--rtl DIR]",
    .summary = "Count the gates in three ways: by closed form, in the netlist, and in the Verilog by Yosys.",
    .details =
        "The closed form follows from the recorded compile options and the numbers of channels and classes. A netlist "
        "that records no compile options has no closed form, and two counts are compared. The groups that a LayerNorm, "
        "a "
        "bottleneck or boxes bring are counted apart from those of the published card. The exit status is 1 where "
        "the counts differ, and where the recorded options contradict the netlist.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"--rtl", "DIR", NULL, "Count the Verilog in DIR, which `cofiber verilog` wrote, instead of emitting it."},
            {"--json", NULL, NULL, "Print the counts as JSON."},
            {0}},
    .run = run,
};
