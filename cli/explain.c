/* explain.c - cofiber explain: shows one gate, its fan-in by name, and how its value comes about. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "netlists/cell.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "rtl/structural/places.h"
#include "sim/frames/frames.h"
#include "sim/library.h"

struct subject {
    const struct cf_netlist *netlist;
    const struct cf_group *group;
    uint32_t index; /* of the gate in its group */
    const struct cf_cell *cell;
    const uint32_t *bases;
    const int64_t *nets; /* NULL without a frame */
    struct cf_rtl_place place;
};

/* Where the gate stands in the files that `cofiber verilog` writes. */
static void print_place(const struct cf_rtl_place *place)
{
    printf("  Verilog: %s, cofiber_top.v:%u\n", place->wire, place->top_line);
    if (*place->instance)
        printf("    driven by %s, cofiber_rows.v:%u\n", place->instance, place->row_line);
}

static void add_place(cJSON *document, const struct cf_rtl_place *place)
{
    cJSON *verilog = cJSON_AddObjectToObject(document, "verilog");
    cJSON_AddStringToObject(verilog, "wire", place->wire);
    if (*place->instance)
        cJSON_AddStringToObject(verilog, "instance", place->instance);
    cJSON *lines = cJSON_AddObjectToObject(verilog, "lines");
    cJSON_AddNumberToObject(lines, "cofiber_top.v", place->top_line);
    if (place->row_line)
        cJSON_AddNumberToObject(lines, "cofiber_rows.v", place->row_line);
}

static void print_type(const char *what, struct cf_type type)
{
    printf("%s: %u bit%s, %s, %d fraction bit%s\n", what, type.width, type.width == 1 ? "" : "s",
           type.is_signed ? "signed" : "unsigned", type.frac, type.frac == 1 ? "" : "s");
}

static void print_terms(const struct subject *s, long long limit)
{
    char name[CF_NAME_MAX];
    for (uint32_t t = 0; t < s->cell->term_count; t++) {
        const struct cf_term *term = &s->cell->terms[t];
        uint32_t net = s->bases[term->port] + term->offset;
        if (limit >= 0 && t >= limit) {
            printf("  ... and %" PRIu32 " more\n", s->cell->term_count - t);
            return;
        }
        char weight[32];
        snprintf(weight, sizeof weight, term->shift ? "%+" PRId32 " << %u" : "%+" PRId32, term->weight, term->shift);
        cf_net_name(s->netlist, net, name, sizeof name);
        if (term->square)
            strncat(name, "^2", sizeof name - strlen(name) - 1);
        if (s->nets)
            printf("  %12s * %-24s value %8" PRId64 " adds %10" PRId64 "\n", weight, name, s->nets[net],
                   cf_term_value(term, s->nets[net]));
        else
            printf("  %12s * %s\n", weight, name);
    }
}

/* The margin of a step that reads one group: by how much its sum passes the threshold, as a logit of the head. */
static void print_margin(const struct subject *s, int64_t sum)
{
    uint32_t lane = s->index % cf_group_lanes(s->group);
    if (s->cell->activation != CF_STEP || s->cell->port_count != 1 || !cf_cell_is_plain(s->cell) ||
        !s->netlist->class_scale || lane >= s->netlist->class_count)
        return;
    double unit = s->netlist->input_scale * s->netlist->class_scale[lane] * ldexp(1, -s->cell->ports[0].frac);
    printf("  one unit is %.6g of the logit: the sum is %+.6f past the threshold\n", unit, (double)sum * unit);
}

static void print_output(const struct subject *s, int64_t sum)
{
    static const char *const call[CF_ACTIVATION_COUNT] = {[CF_STEP] = "H(", [CF_RELU] = "max(0, ", [CF_ROOT] = "root("};
    int64_t output = cf_cell_output(s->cell, sum);
    printf("  output: ");
    if (call[s->cell->activation])
        printf("%s%" PRId64 ") = ", call[s->cell->activation], sum);
    printf("%" PRId64, output);
    if (s->cell->activation != CF_STEP)
        printf(" = %.9g in features", (double)output * ldexp(s->netlist->input_scale, -s->cell->type.frac));
    printf("\n");
}

static void print_gate(const struct subject *s, long long limit)
{
    char name[CF_NAME_MAX];
    printf("%s: %s cell %u\n", cf_gate_name(s->group, s->index, name, sizeof name),
           cf_activation_name(s->cell->activation), s->group->cell[s->index]);
    for (uint32_t p = 0; p < s->cell->port_count; p++) {
        char what[32];
        snprintf(what, sizeof what, "  port %u", p);
        print_type(what, s->cell->ports[p]);
    }
    print_type("  output", s->cell->type);
    print_place(&s->place);
    printf("  fan-in: %u, bias: %" PRId64 "\n", s->cell->term_count, s->cell->bias);
    print_terms(s, limit);
    if (!s->nets)
        return;
    int64_t sum = cf_cell_sum(s->cell, s->bases, s->nets);
    printf("  sum with bias: %" PRId64 "\n", sum);
    print_output(s, sum);
    print_margin(s, sum);
}

static int print_gate_json(const struct subject *s, long long limit)
{
    char name[CF_NAME_MAX];
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "gate", cf_gate_name(s->group, s->index, name, sizeof name));
    cJSON_AddStringToObject(document, "activation", cf_activation_name(s->cell->activation));
    cJSON_AddNumberToObject(document, "bias", (double)s->cell->bias);
    cJSON_AddNumberToObject(document, "fan_in", s->cell->term_count); /* also where fewer terms are asked for */
    cJSON *terms = cJSON_AddArrayToObject(document, "terms");
    for (uint32_t t = 0; t < s->cell->term_count && (limit < 0 || t < limit); t++) {
        const struct cf_term *term = &s->cell->terms[t];
        uint32_t net = s->bases[term->port] + term->offset;
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "net", cf_net_name(s->netlist, net, name, sizeof name));
        cJSON_AddNumberToObject(entry, "weight", term->weight);
        cJSON_AddNumberToObject(entry, "shift", term->shift);
        if (term->square)
            cJSON_AddBoolToObject(entry, "square", true);
        if (s->nets)
            cJSON_AddNumberToObject(entry, "value", (double)s->nets[net]);
        cJSON_AddItemToArray(terms, entry);
    }
    add_place(document, &s->place);
    if (s->nets) {
        int64_t sum = cf_cell_sum(s->cell, s->bases, s->nets);
        cJSON_AddNumberToObject(document, "sum", (double)sum);
        cJSON_AddNumberToObject(document, "output", (double)cf_cell_output(s->cell, sum));
    }
    return cli_print_json(document);
}

/* The values of all nets for an input, evaluated gate by gate from the definition of a cell, so that the explanation
 * does not rest on a fast kernel. NULL on failure. */
static int64_t *simulate(const struct cf_netlist *netlist, const int32_t *input, struct cf_error *err)
{
    const cofiber_options options = {.isa = "reference", .threads = 1};
    const cofiber_features features = {input, COFIBER_QUANTISED};
    cofiber_sim *sim;
    cofiber_error error;
    int64_t *nets = malloc((size_t)netlist->net_count * sizeof *nets);
    if (!nets) {
        cf_fail(err, "%s: out of memory", netlist->label);
        return NULL;
    }
    bool done =
        cofiber_sim_new(&sim, cofiber_wrap(netlist), &options, &error) && cofiber_sim_run(sim, &features, &error);
    for (uint32_t g = 0; done && g < netlist->group_count; g++)
        cofiber_read(cofiber_sim_result(sim), g, nets + netlist->groups[g].first_net);
    cofiber_sim_free(sim);
    if (!done) {
        cf_fail(err, "%s", error.text);
        free(nets);
        return NULL;
    }
    return nets;
}

/* The same for one frame of a file. */
static int64_t *evaluate(const struct cf_netlist *netlist, char *path, uint64_t index, struct cf_error *err)
{
    struct cf_frames *frames;
    if (!cf_frames_open(&frames, &path, 1, err))
        return NULL;
    int32_t *input = malloc(netlist->groups[CF_INPUT].count * sizeof *input);
    bool done = (input || cf_fail(err, "%s: out of memory", path)) && cf_frames_fit(frames, netlist, err);
    if (done && index >= cf_frames_count(frames))
        done = cf_fail(err, "%s: has %" PRIu64 " frames; there is no frame %" PRIu64, path, cf_frames_count(frames),
                       index);
    struct cf_quantiser *quantiser = done ? cf_quantiser_new(netlist, NULL, err) : NULL;
    done = quantiser && cf_frames_quantise(frames, index, quantiser, input, err);
    cf_quantiser_free(quantiser);
    cf_frames_close(frames);
    int64_t *nets = done ? simulate(netlist, input, err) : NULL;
    free(input);
    return nets;
}

static int explain_input(const struct cli_args *args, const struct cf_netlist *netlist, uint32_t net,
                         const int64_t *nets, const struct cf_rtl_place *place)
{
    if (cli_given(args, "--json")) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddStringToObject(document, "input", args->operands[1]);
        add_place(document, place);
        if (nets)
            cJSON_AddNumberToObject(document, "value", (double)nets[net]);
        return cli_print_json(document);
    }
    printf("%s: an input\n", args->operands[1]);
    print_type("  value", netlist->groups[CF_INPUT].type);
    print_place(place);
    if (nets)
        printf("  %" PRId64 " = %.9g in features\n", nets[net], (double)nets[net] * netlist->input_scale);
    return CLI_OK;
}

static bool find_place(const struct cf_netlist *netlist, uint32_t group, uint32_t index, struct cf_rtl_place *place,
                       struct cf_error *err)
{
    struct cf_rtl_places places;
    if (!cf_rtl_places_make(&places, netlist, err))
        return false;
    bool done = cf_rtl_place_of(&places, group, index, place, err);
    cf_rtl_places_free(&places);
    return done;
}

static int explain(const struct cli_args *args, const struct cf_netlist *netlist)
{
    struct cf_error err;
    uint32_t net;
    long long limit, frame;
    if (!cli_integer(args, "--terms", -1, INT32_MAX, &limit) || !cli_integer(args, "--frame", 0, INT64_MAX, &frame))
        return CLI_BAD;
    if (cli_given(args, "--frame") && args->operand_count < 3)
        return cli_complain("explain: --frame %lld without FRAMES", frame);
    if (!cf_net_find(netlist, args->operands[1], &net, &err))
        return cli_complain("%s: %s", netlist->label, err.text);
    int64_t *nets = NULL;
    if (args->operand_count == 3 && !(nets = evaluate(netlist, args->operands[2], (uint64_t)frame, &err)))
        return cli_fail(&err);
    uint32_t g = cf_netlist_group_of(netlist, net);
    const struct cf_group *group = &netlist->groups[g];
    struct cf_rtl_place place;
    int status = CLI_OK;
    if (!find_place(netlist, g, net - group->first_net, &place, &err)) {
        status = cli_fail(&err);
    } else if (!group->cell) {
        status = explain_input(args, netlist, net, nets, &place);
    } else {
        struct subject s = {netlist, group, net - group->first_net, NULL, NULL, nets, place};
        s.cell = &netlist->cells[group->cell[s.index]];
        s.bases = cf_instance_bases(group, s.index);
        if (cli_given(args, "--json"))
            status = print_gate_json(&s, limit);
        else
            print_gate(&s, limit);
    }
    free(nets);
    return status;
}

static int run(const struct cli_args *args)
{
    struct cf_netlist *netlist;
    struct cf_error err;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    int status = explain(args, netlist);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_explain = {
    .name = "explain",
    .synopsis = "NET GATE [FRAMES]",
    .summary = "Show one gate: its inputs by name, weights and bias, and how its value on a frame comes about.",
    .details =
        "GATE is the name of a group and an index, such as 's1.classify[4,9,17]'; quote it, because the shell gives "
        "brackets a meaning of their own. The value is worked out from the definition of a cell, not by the fast "
        "kernels. The lines are those of the files that `cofiber verilog NET` writes: cofiber_top.v drives the wire of "
        "the gate's row, and cofiber_rows.v has the gate itself.",
    .min_operands = 2,
    .max_operands = 3,
    .options = (const struct cli_option[]){{"--frame", "N", "0", "Use frame N of FRAMES, counted from 0."},
                                           {"--terms", "N", "-1", "Print at most N terms; -1 means all."},
                                           {"--json", NULL, NULL, "Print the gate as JSON."},
                                           {0}},
    .run = run,
};
