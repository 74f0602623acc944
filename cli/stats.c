/* stats.c - cofiber stats: counts the gates of a netlist, and prints the published card's numbers beside them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/graphs.h"
#include "cli/stats_bits.h"
#include "cli/stats_verilog.h"
#include "compiler/census.h"
#include "compiler/geometry.h"
#include "compiler/record.h"
#include "netlists/analyse.h"
#include "netlists/cell.h"
#include "netlists/store.h"

struct subject {
    const struct cf_netlist *netlist;
    struct cf_facts facts;
};

static void shape_text(const struct cf_group *group, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < group->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%u", i ? "x" : "", group->shape[i]);
}

/* The activation of the group's gates: "linear", "step", "relu", "root", or "mixed". */
static const char *kind_text(const struct cf_netlist *netlist, const struct cf_group *group)
{
    enum cf_activation first = netlist->cells[group->cell[0]].activation;
    for (uint32_t i = 1; i < group->count; i++)
        if (netlist->cells[group->cell[i]].activation != first)
            return "mixed";
    return cf_activation_name(first);
}

static void weights_text(const struct cf_group_facts *facts, char *text, size_t size)
{
    const uint64_t *n = facts->weight_count;
    if (n[2])
        snprintf(text, size, "%d to %d", facts->weight_min, facts->weight_max);
    else
        snprintf(text, size, "%s%s%s", n[0] ? "-1" : "", n[0] && n[1] ? ", " : "", n[1] ? "1" : "");
}

/* Says of which groups a sweep removed lanes. */
static void print_lanes(const struct cf_netlist *netlist)
{
    uint32_t count = 0;
    for (uint32_t g = 1; g < netlist->group_count; g++)
        if (netlist->groups[g].lane_names)
            printf("%s%s", count++ ? ", " : "", netlist->groups[g].name);
    if (count)
        printf(": lanes without a live gate were removed; the gates left keep their names\n");
}

/* Says which of the gates are not of the kinds that the card counts, group by group. */
static void print_beyond(const struct subject *s)
{
    if (s->facts.beyond == 0)
        return;
    char number[2][32];
    printf("\n%s of the gates are weighted sums with a linear or step activation, the kinds that the card counts.\n"
           "%s are not:\n",
           cli_thousands(s->facts.gates - s->facts.beyond, number[0]), cli_thousands(s->facts.beyond, number[1]));
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        const struct cf_group_facts *facts = &s->facts.groups[g];
        if (facts->beyond == 0)
            continue;
        printf("%-14s %11s  %s", s->netlist->groups[g].name, cli_thousands(facts->beyond, number[0]),
               kind_text(s->netlist, &s->netlist->groups[g]));
        if (facts->squares)
            printf(", %s edges read squares", cli_thousands(facts->squares, number[1]));
        printf("\n");
    }
}

static void print_groups(const struct subject *s)
{
    printf("%-14s %-12s %11s %11s %11s %13s %7s %6s %7s  %s\n", "group", "shape", "gates", "live", "dead", "edges",
           "level", "width", "fan-in", "weights");
    for (uint32_t g = 0; g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        const struct cf_group_facts *facts = &s->facts.groups[g];
        char shape[64], number[4][32], level[24], width[24], fanin[24], weights[48];
        shape_text(group, shape, sizeof shape);
        snprintf(width, sizeof width, "%u.%d", group->type.width, group->type.frac);
        if (g == CF_INPUT) {
            printf("%-14s %-12s %11s %11s %11s %13s %7s %6s\n", group->name, shape, "-", "-", "-", "-", "0", width);
            continue;
        }
        snprintf(level, sizeof level, facts->level_low == facts->level_high ? "%u" : "%u-%u", facts->level_low,
                 facts->level_high);
        snprintf(fanin, sizeof fanin, facts->fanin_min == facts->fanin_max ? "%u" : "%u-%u", facts->fanin_min,
                 facts->fanin_max);
        weights_text(facts, weights, sizeof weights);
        printf("%-14s %-12s %11s %11s %11s %13s %7s %6s %7s  %s\n", group->name, shape,
               cli_thousands(group->count, number[0]), cli_thousands(facts->live, number[1]),
               cli_thousands(group->count - facts->live, number[2]), cli_thousands(facts->edges, number[3]), level,
               width, fanin, weights);
    }
    char number[4][32];
    printf("%-14s %-12s %11s %11s %11s %13s %7u\n", "total", "", cli_thousands(s->facts.gates, number[0]),
           cli_thousands(s->facts.live, number[1]), cli_thousands(s->facts.gates - s->facts.live, number[2]),
           cli_thousands(s->facts.edges, number[3]), s->facts.depth);
    printf("width: bits.fraction bits; level: inputs are 0; dead: no decision depends on it\n");
    print_lanes(s->netlist);
    print_beyond(s);
}

/* The number of gates that the netlist has in group "s<scale>.<layer>". */
static uint64_t counted(const struct cf_netlist *netlist, uint32_t scale, enum cf_layer layer)
{
    char name[32];
    snprintf(name, sizeof name, "s%u.%s", scale, cf_layer_name(layer));
    uint32_t g = cf_netlist_find_group(netlist, name);
    return g == UINT32_MAX ? 0 : netlist->groups[g].count;
}

static void print_row(const char *label, const uint64_t closed[3], const uint64_t found[3])
{
    char text[4][32];
    printf("%-38s", label);
    for (int side = 0; side < 2; side++) {
        const uint64_t *row = side ? found : closed;
        for (int l = 0; l < 3; l++)
            printf(" %10s", row[l] ? cli_thousands(row[l], text[l]) : "-");
        printf(" %11s%s", cli_thousands(row[0] + row[1] + row[2], text[3]), side ? "\n" : "  |");
    }
}

/* True for the published geometry, the only one that the card is about. */
static bool is_card(const struct subject *s, const struct cf_compile_options *options)
{
    return options->height == 40 && options->width == 40 && options->scales == 3 &&
           s->netlist->groups[CF_INPUT].shape[2] == 768 && cf_class_count(s->netlist, options) == 80;
}

static void print_table_heading(bool card)
{
    printf("\n%-38s %-45s | %s\n", "", card ? "  the card" : "  closed form", "  counted in this netlist");
    printf("%-38s", "");
    for (int side = 0; side < 2; side++)
        printf(" %10s %10s %10s %11s%s", "pool", "subtract", "classify", "total", side ? "\n" : "  |");
}

/* Prints the closed form, which for the published geometry is the card's table, beside the counts. As in that table,
 * the last row holds only the classifiers of the last scale; the total counts that scale's own pool and subtract as
 * well. */
static void print_table(const struct subject *s, const struct cf_compile_options *options)
{
    uint64_t closed_rows[3] = {0}, found_rows[3] = {0}, closed_last[3] = {0}, found_last[3] = {0};
    bool card = is_card(s, options);
    print_table_heading(card);
    for (uint32_t k = 0; k < options->scales; k++) {
        bool last = k + 1 == options->scales;
        uint64_t closed[3], found[3];
        for (int l = 0; l < 3; l++) {
            closed[l] = cf_closed_form(options, s->netlist, k, (enum cf_layer)l);
            found[l] = counted(s->netlist, k, (enum cf_layer)l);
            if (last && l < CF_CLASSIFY) {
                closed_last[l] = closed[l];
                found_last[l] = found[l];
                closed[l] = found[l] = 0;
            }
            closed_rows[l] += closed[l];
            found_rows[l] += found[l];
        }
        char label[64];
        snprintf(label, sizeof label, "scale %u, %ux%u%s", k, cf_band_size(options->height, k),
                 cf_band_size(options->width, k),
                 !last  ? ""
                 : card ? ", as the card prints it"
                        : ", classifiers alone");
        print_row(label, closed, found);
    }
    print_row(card ? "rows of the card's table" : "rows above", closed_rows, found_rows);
    print_row("the last scale's pool and subtract", closed_last, found_last);
    for (int l = 0; l < 3; l++) {
        closed_rows[l] += closed_last[l];
        found_rows[l] += found_last[l];
    }
    print_row(card ? "the card's total" : "total", closed_rows, found_rows);
}

/* The number of dead gates outside the last scale's own pool and subtract. */
static uint64_t dead_elsewhere(const struct subject *s, const struct cf_compile_options *options)
{
    uint64_t dead = 0;
    for (uint32_t g = 1; g < s->netlist->group_count; g++) {
        const struct cf_group *group = &s->netlist->groups[g];
        bool of_last = false;
        for (int l = 0; l < CF_CLASSIFY; l++) {
            char name[32];
            snprintf(name, sizeof name, "s%u.%s", options->scales - 1, cf_layer_name((enum cf_layer)l));
            of_last = of_last || strcmp(name, group->name) == 0;
        }
        dead += of_last ? 0 : group->count - s->facts.groups[g].live;
    }
    return dead;
}

/* Says how many gates stand in groups that the card's table does not have. */
static void print_others(const struct subject *s, const struct cf_compile_options *options)
{
    uint64_t gates = 0;
    char text[2][32];
    for (uint32_t k = 0; k < options->scales; k++)
        for (int l = 0; l < CF_LAYER_COUNT; l++)
            gates += counted(s->netlist, k, (enum cf_layer)l);
    if (gates < s->facts.gates)
        printf("\n%s gates more, %s in all, stand in groups that %s table does not have.\n",
               cli_thousands(s->facts.gates - gates, text[0]), cli_thousands(s->facts.gates, text[1]),
               is_card(s, options) ? "the card's" : "this");
}

static void print_reason(const struct cf_compile_options *options, const struct subject *s)
{
    char rows[32], last[32], total[32];
    uint64_t all = 0, extra = 0, dead = dead_elsewhere(s, options);
    for (uint32_t k = 0; k < options->scales; k++)
        for (int l = 0; l < 3; l++) {
            uint64_t gates = cf_closed_form(options, s->netlist, k, (enum cf_layer)l);
            all += gates;
            extra += k + 1 == options->scales && l < CF_CLASSIFY ? gates : 0;
        }
    printf("\nWhy %s and %s are both right: the rows of %s table add up to the first number. The total also\n"
           "counts the pool and the subtract of the last scale itself, %s gates. ",
           cli_thousands(all - extra, rows), cli_thousands(all, total), is_card(s, options) ? "the card's" : "the",
           cli_thousands(extra, last));
    if (options->top == CF_COFIBER)
        printf("This netlist was compiled with\n--top cofiber: its last classifiers read these gates.\n");
    else if (options->sweep)
        printf("This netlist was compiled with\n--top residual --sweep, which removed them, because no decision "
               "depends on "
               "them.\n");
    else
        printf("This netlist was compiled with\n--top residual: its last classifiers read the pooled grid itself, so "
               "these "
               "gates exist, but no\ndecision depends on them. (--sweep removes them; with --top cofiber the last "
               "classifiers read them.)\n");
    uint32_t channels = s->netlist->groups[CF_INPUT].shape[2], live = channels;
    if (options->sweep && cf_compile_live_channels(s->netlist, &live, NULL) && live < channels)
        printf("%s of %s channels have no weight in any class: --sweep removed their gates as well.\n",
               cli_thousands(channels - live, rows), cli_thousands(channels, total));
    if (dead > 0)
        printf("%s gates of other groups are dead as well, as where a pruned head gives a channel no weight in any "
               "class.\n",
               cli_thousands(dead, total));
}

static cJSON *group_json(const struct cf_netlist *netlist, const struct cf_group *group,
                         const struct cf_group_facts *facts)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "name", group->name);
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    for (int i = 0; i < group->rank; i++)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber(group->shape[i]));
    cJSON *lanes = group->lane_names ? cJSON_AddArrayToObject(entry, "lanes") : NULL;
    for (uint32_t l = 0; lanes && l < cf_group_lanes(group); l++)
        cJSON_AddItemToArray(lanes, cJSON_CreateNumber(group->lane_names[l]));
    cJSON_AddNumberToObject(entry, "gates", group->count);
    cJSON_AddNumberToObject(entry, "live", (double)facts->live);
    cJSON_AddNumberToObject(entry, "dead", (double)(group->count - facts->live));
    cJSON_AddStringToObject(entry, "activation", kind_text(netlist, group));
    cJSON_AddNumberToObject(entry, "beyond_card", (double)facts->beyond);
    cJSON_AddNumberToObject(entry, "edges", (double)facts->edges);
    cJSON_AddNumberToObject(entry, "squares", (double)facts->squares);
    cJSON_AddNumberToObject(entry, "cells", facts->cells);
    cJSON_AddNumberToObject(entry, "level_low", facts->level_low);
    cJSON_AddNumberToObject(entry, "level_high", facts->level_high);
    cJSON_AddNumberToObject(entry, "width", group->type.width);
    cJSON_AddNumberToObject(entry, "frac", group->type.frac);
    cJSON_AddNumberToObject(entry, "fan_in_min", facts->fanin_min);
    cJSON_AddNumberToObject(entry, "fan_in_max", facts->fanin_max);
    cJSON *weights = cJSON_AddObjectToObject(entry, "weights");
    cJSON_AddNumberToObject(weights, "-1", (double)facts->weight_count[0]);
    cJSON_AddNumberToObject(weights, "1", (double)facts->weight_count[1]);
    cJSON_AddNumberToObject(weights, "other", (double)facts->weight_count[2]);
    if (facts->edges) {
        cJSON_AddNumberToObject(weights, "min", facts->weight_min);
        cJSON_AddNumberToObject(weights, "max", facts->weight_max);
    }
    return entry;
}

static cJSON *stats_json(const struct subject *s)
{
    cJSON *document = cJSON_CreateObject(), *gates = cJSON_AddObjectToObject(document, "gates");
    cJSON_AddNumberToObject(gates, "total", (double)s->facts.gates);
    cJSON_AddNumberToObject(gates, "live", (double)s->facts.live);
    cJSON_AddNumberToObject(gates, "dead", (double)(s->facts.gates - s->facts.live));
    cJSON_AddNumberToObject(document, "beyond_card", (double)s->facts.beyond);
    cJSON_AddNumberToObject(document, "depth", s->facts.depth);
    cJSON_AddNumberToObject(document, "edges", (double)s->facts.edges);
    cJSON_AddNumberToObject(document, "live_edges", (double)s->facts.live_edges);
    cJSON_AddNumberToObject(document, "inputs", s->netlist->groups[CF_INPUT].count);
    cJSON_AddNumberToObject(document, "input_bits", s->netlist->groups[CF_INPUT].type.width);
    cJSON_AddNumberToObject(document, "input_scale", s->netlist->input_scale);
    cJSON_AddNumberToObject(document, "cells", s->netlist->cell_count);
    cJSON *groups = cJSON_AddArrayToObject(document, "groups");
    for (uint32_t g = 1; g < s->netlist->group_count; g++)
        cJSON_AddItemToArray(groups, group_json(s->netlist, &s->netlist->groups[g], &s->facts.groups[g]));
    cJSON *meta = cJSON_AddObjectToObject(document, "provenance");
    for (uint32_t m = 0; m < s->netlist->meta_count; m++)
        cJSON_AddStringToObject(meta, s->netlist->meta[m].key, s->netlist->meta[m].value);
    return document;
}

/* Prints as much of a value as a line holds, since an imported netlist has the names of all its inputs in one entry.
 * JSON has the whole value. */
static void print_clipped(const char *value)
{
    enum { MOST = 100 };
    char text[MOST + 1];
    size_t length = strlen(value), kept = length > MOST ? MOST - 3 : length;
    while (kept < length && ((unsigned char)value[kept] & 0xc0) == 0x80)
        kept--; /* do not cut a UTF-8 sequence */
    memcpy(text, value, kept);
    text[kept] = '\0';
    for (char *newline = text; (newline = strchr(newline, '\n'));)
        *newline = ' ';
    cli_print_text(text);
    printf("%s", kept < length ? "..." : "");
}

static void print_all(const struct subject *s)
{
    struct cf_compile_options options;
    struct cf_error err;
    print_groups(s);
    if (cf_compile_recorded(s->netlist, &options, &err)) {
        print_table(s, &options);
        print_others(s, &options);
        print_reason(&options, s);
    } else if (cf_compile_claimed(s->netlist)) {
        printf("\nno closed form: ");
        cli_print_text(err.text);
        printf("\n");
    }
    printf("\n");
    for (uint32_t m = 0; m < s->netlist->meta_count; m++) {
        cli_print_text(s->netlist->meta[m].key);
        printf("%*s ", strlen(s->netlist->meta[m].key) < 24 ? 24 - (int)strlen(s->netlist->meta[m].key) : 0, "");
        print_clipped(s->netlist->meta[m].value);
        printf("\n");
    }
}

static bool add_graphs(const struct cf_netlist *netlist, cJSON *document, struct cf_error *err)
{
    if (!document)
        printf("\nAs adder graphs, which the netlist has for these banks (cofiber optimize)\n");
    return cli_graphs(netlist, document ? cJSON_AddObjectToObject(document, "implementation") : NULL, err);
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_netlist *netlist;
    struct subject s;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    int status = CLI_OK;
    s.netlist = netlist;
    if (!cf_netlist_analyse(netlist, &s.facts, &err)) {
        status = cli_fail(&err);
    } else {
        bool bits = cli_given(args, "--bits"), verilog = cli_given(args, "--verilog");
        cJSON *document = cli_given(args, "--json") ? stats_json(&s) : NULL;
        if (!document)
            print_all(&s);
        if (bits && !cli_stats_bits(netlist, document, &err))
            status = cli_fail(&err);
        else if (verilog && !cli_stats_verilog(netlist, document, &err))
            status = cli_fail(&err);
        else if (netlist->implementation && !add_graphs(netlist, document, &err))
            status = cli_fail(&err);
        if (document && status == CLI_OK)
            status = cli_print_json(document);
        else
            cJSON_Delete(document);
        cf_facts_free(&s.facts);
    }
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_stats = {
    .name = "stats",
    .synopsis = "NET [--bits] [--verilog] [--json]",
    .summary = "Count a netlist's gates by group, live and dead, beside the published card's table.",
    .details =
        "A gate is dead if no decision depends on it. For a netlist that records its compile options, the command "
        "prints the numbers that follow from these options by closed form beside those that it counts; for the "
        "published geometry the closed form is the card's own table. --bits counts the binary gates as well, in two "
        "ways: with hardware of its own for every gate, and with each cell only once, as in hardware that all "
        "positions share. If `optimize` has given the netlist adder graphs, their adders and full adders follow. "
        "--verilog adds where `cofiber verilog` writes each group: its wires, its row modules and their lines; "
        "`cofiber explain` says the same of a single gate.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"--json", NULL, NULL,
             "Print the figures as JSON. `beyond_card` is the number of gates that have squares, or are ReLUs or "
             "roots: "
             "kinds of gate that the card does not know."},
            {"--bits", NULL, NULL,
             "Count the binary gates as well: full adders, AIG nodes, threshold gates and depth."},
            {"--verilog", NULL, NULL,
             "Name the wires and modules of each group in the structural Verilog, with lines."},
            {0}},
    .run = run,
};
