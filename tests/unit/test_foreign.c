/* Networks that others wrote mean here what they mean there: random and-inverter graphs, evaluated straight from their
 * definition, against the network read, the netlist made of it in both engines, and every way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "compiler/lowering/imported.h"
#include "compiler/lowering/lower_circuit.h"
#include "compiler/lowering/lower_threshold.h"
#include "netlists/exchange/aiger.h"
#include "netlists/exchange/blif.h"
#include "netlists/exchange/yosys_json.h"
#include "netlists/lowering/lower.h"
#include "netlists/store.h"
#include "sim/bits/engine_internal.h"
#include "sim/word/reference.h"
#include "tests/support/bit_nets.h"
#include "tests/support/evaluate_network.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

enum { MOST_INPUTS = 6, MOST_ANDS = 16, MOST_OUTPUTS = 6, MOST_VARIABLES = 1 + MOST_INPUTS + MOST_ANDS };

static struct random_source source = {1729};

/* An and-inverter graph as its file and as what it computes of 64 patterns. Literals are drawn from the constants, the
 * inputs and the nodes before: nodes have constants, equal and opposite operands, and many are read by nobody. */
struct graph {
    uint32_t inputs, ands, outputs;
    uint32_t operands[MOST_ANDS][2], output[MOST_OUTPUTS];
    uint64_t value[MOST_VARIABLES];
    char text[2048];
    size_t size;
};

static uint32_t draw(uint32_t below)
{
    return (uint32_t)(random_next(&source) % below);
}

static uint64_t value_of(const struct graph *g, uint32_t literal)
{
    return literal & 1 ? ~g->value[literal / 2] : g->value[literal / 2];
}

static void put(struct graph *g, const char *format, uint32_t a, uint32_t b, uint32_t c)
{
    g->size += (size_t)snprintf(g->text + g->size, sizeof g->text - g->size, format, a, b, c);
}

static void put_ands(struct graph *g, bool ascii)
{
    uint32_t order[MOST_ANDS];
    for (uint32_t i = 0; i < g->ands; i++) /* ASCII: in any order */
        order[i] = i;
    for (uint32_t i = g->ands; i > 1; i--) {
        uint32_t j = draw(i), t = order[j];
        order[j] = order[i - 1];
        order[i - 1] = t;
    }
    for (uint32_t i = 0; i < g->ands; i++) {
        uint32_t n = ascii ? order[i] : i, lhs = 2 * (1 + g->inputs + n), x = g->operands[n][0], y = g->operands[n][1];
        if (ascii) {
            put(g, "%u %u %u\n", lhs, x, y);
        } else { /* differences below 128 */
            g->text[g->size++] = (char)(lhs - (x > y ? x : y));
            g->text[g->size++] = (char)(x > y ? x - y : y - x);
        }
    }
}

static void make_graph(struct graph *g, bool ascii)
{
    g->inputs = draw(MOST_INPUTS + 1);
    g->ands = draw(MOST_ANDS + 1);
    g->outputs = 1 + draw(MOST_OUTPUTS);
    g->size = 0;
    g->value[0] = 0;
    for (uint32_t i = 0; i < g->inputs; i++)
        g->value[1 + i] = random_next(&source);
    for (uint32_t n = 0; n < g->ands; n++) {
        for (int k = 0; k < 2; k++)
            g->operands[n][k] = draw(2 * (1 + g->inputs + n));
        g->value[1 + g->inputs + n] = value_of(g, g->operands[n][0]) & value_of(g, g->operands[n][1]);
    }
    put(g, ascii ? "aag %u %u 0" : "aig %u %u 0", g->inputs + g->ands, g->inputs, 0);
    put(g, " %u %u\n", g->outputs, g->ands, 0);
    for (uint32_t i = 0; ascii && i < g->inputs; i++)
        put(g, "%u\n", 2 * (1 + i), 0, 0);
    for (uint32_t i = 0; i < g->outputs; i++) {
        g->output[i] = i && draw(4) == 0 ? g->output[i - 1] : draw(2 * (1 + g->inputs + g->ands));
        put(g, "%u\n", g->output[i], 0, 0);
    }
    put_ands(g, ascii);
}

static void check_bits(const struct graph *g, const struct cf_network *network, const char *what)
{
    struct cf_error err;
    uint64_t *signals = calloc(cf_network_signals(network), sizeof *signals), inputs[MOST_INPUTS + 1] = {0};
    memcpy(inputs, g->value + 1, g->inputs * sizeof *inputs);
    assert_done(cf_network_check(network, what, &err), &err);
    assert_int_equal(network->input_count, g->inputs);
    assert_int_equal(network->output_count, g->outputs);
    evaluate_network(network, inputs, signals);
    for (uint32_t i = 0; i < g->outputs; i++)
        if (cf_network_value(signals, network->outputs[i]) != value_of(g, g->output[i]))
            fail_msg("%s: output %u of\n%s", what, i, g->text);
    free(signals);
}

/* The outputs of a netlist against the graph's, in both engines, 64 frames. */
static void check_netlist(const struct graph *g, const struct cf_netlist *netlist, const struct cf_network_cell *cells)
{
    struct cf_error err;
    struct cf_bit_sim *sim;
    const struct cf_group *output = &netlist->groups[netlist->group_count - 1];
    uint32_t inputs = netlist->groups[CF_INPUT].count;
    int64_t *nets = calloc(netlist->net_count, sizeof *nets);
    int32_t *frames = calloc((size_t)inputs * 64, sizeof *frames);
    for (uint32_t p = 0; p < 64; p++)
        for (uint32_t i = 0; i < g->inputs; i++)
            frames[p * inputs + i] = (int32_t)(g->value[1 + i] >> p & 1);
    assert_done(cf_bit_sim_of_networks(&sim, netlist, cells, cf_bit_kernels_find(NULL), 1, false, &err), &err);
    assert_done(cf_bit_sim_make_room(sim, 64, &err), &err);
    for (uint32_t p = 0; p < 64; p++)
        cf_bit_sim_put_input(sim, p, frames + p * inputs);
    cf_bit_sim_run(sim, 64);
    for (uint32_t p = 0; p < 64; p++)
        for (int bits = 0; bits < 2; bits++) {
            for (uint32_t i = 0; i < inputs; i++)
                nets[i] = frames[p * inputs + i];
            if (bits)
                bit_nets(sim, netlist, p, nets);
            else
                cf_word_evaluate(netlist, nets);
            for (uint32_t i = 0; i < g->outputs; i++)
                if (nets[output->first_net + i] != (int64_t)(value_of(g, g->output[i]) >> p & 1))
                    fail_msg("%s engine, output %u of\n%s", bits ? "bit" : "word", i, g->text);
        }
    cf_bit_sim_free(sim);
    free(nets);
    free(frames);
}

/* What one table of a BLIF file computes: `text` is behind its '.names' line, and is left behind its rows. */
static uint64_t blif_table(char **text, const uint64_t *in, int count)
{
    uint64_t value = 0;
    for (; **text == '0' || **text == '1'; *text = strchr(*text, '\n') + 1) {
        uint64_t row = ~(uint64_t)0;
        for (int i = 0; i < count; i++)
            row &= (*text)[i] == '1' ? in[i] : ~in[i];
        value |= row;
    }
    return value;
}

/* Evaluates a BLIF file as cf_blif_write makes them: one name a line in the lists of ports, tables in order. */
static void check_blif(const struct graph *g, const char *path)
{
    static struct {
        const char *name;
        uint64_t value;
    } wires[256];
    struct cf_error err;
    char *text, *name;
    size_t size, count = 0, outputs = 0;
    assert_done(cf_file_read(path, 1 << 20, &text, &size, &err), &err);
    char *at = strchr(text, '\n') + 1, *ports = strstr(at, ".names") - 1, *line, *output[MOST_OUTPUTS];
    *ports = '\0';
    bool input = true;
    for (char *rest = at; (name = strsep(&rest, " \\\n"));) {
        input = strcmp(name, ".outputs") == 0 ? false : input;
        if (*name == '\0' || *name == '.')
            continue;
        if (!input)
            output[outputs++] = name;
        else if (count < g->inputs)
            wires[count].name = name, wires[count].value = g->value[1 + count], count++;
    }
    for (at = ports + 1; strncmp(at, ".names", 6) == 0;) {
        uint64_t in[4];
        int read = 0;
        line = at + 6;
        at = strchr(at, '\n');
        *at++ = '\0';
        while ((name = strsep(&line, " "))) {
            wires[count].name = name;
            for (size_t w = 0; line && w < count; w++)
                if (*name && strcmp(wires[w].name, name) == 0)
                    in[read++] = wires[w].value;
        }
        wires[count++].value = blif_table(&at, in, read);
    }
    assert_string_equal(at, ".end\n");
    assert_int_equal(outputs, g->outputs);
    for (size_t o = 0; o < outputs; o++)
        for (size_t w = 0; w < count; w++)
            if (strcmp(wires[w].name, output[o]) == 0 && wires[w].value != value_of(g, g->output[o]))
                fail_msg("BLIF, output %zu of\n%s", o, g->text);
    free(text);
}

/* Written in the formats that are read back, and as BLIF. */
static void check_written(const struct graph *g, const struct cf_network *network, const struct cf_network_names *names)
{
    struct cf_error err;
    struct cf_network back;
    struct cf_network_names back_names;
    struct cf_aiger_options options = {.ascii = g->ands % 2};
    char *aiger = scratch_path("graph.aig"), *json = scratch_path("graph.json"), *blif = scratch_path("graph.blif");
    assert_done(cf_aiger_write(aiger, network, names, &options, &err), &err);
    assert_done(cf_aiger_read(&back, &back_names, aiger, &err), &err);
    check_bits(g, &back, "AIGER");
    cf_network_free(&back);
    cf_network_names_free(&back_names);
    assert_done(cf_yosys_json_write(json, network, names, &err), &err);
    assert_done(cf_yosys_json_read(&back, &back_names, json, &err), &err);
    check_bits(g, &back, "Yosys JSON");
    cf_network_free(&back);
    cf_network_names_free(&back_names);
    assert_done(cf_blif_write(blif, network, names, &err), &err);
    check_blif(g, blif);
    assert_done(cf_blif_read(&back, &back_names, blif, &err), &err);
    check_bits(g, &back, "BLIF");
    cf_network_free(&back);
    cf_network_names_free(&back_names);
}

static void random_graphs_keep_their_meaning(void **unused)
{
    (void)unused;
    struct cf_error err;
    for (int trial = 0; trial < 400; trial++) {
        struct graph g;
        struct cf_network network, back;
        struct cf_network_names names, back_names;
        struct cf_netlist *netlist;
        make_graph(&g, trial % 2);
        assert_done(cf_aiger_parse(&network, &names, g.text, g.size, "graph", &err), &err);
        check_bits(&g, &network, "read");
        check_written(&g, &network, &names);
        assert_done(cf_network_to_netlist(&netlist, &network, &names, true, "graph", &err), &err);
        struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
        assert_non_null(cells);
        check_netlist(&g, netlist, cells);
        assert_done(cf_lower_circuit(&back, &back_names, netlist, cells, NULL, 0, 1000, &err), &err);
        check_bits(&g, &back, "lowered");
        check_written(&g, &back, &back_names);
        cf_lower_free(cells, netlist->cell_count);
        cf_netlist_free(netlist);
        cf_network_free(&network);
        cf_network_free(&back);
        cf_network_names_free(&names);
        cf_network_names_free(&back_names);
    }
}

/* Reads, makes a netlist, saves and loads it, and writes it back. */
static void there_and_back(const char *text, size_t size, bool ascii, const char *path, bool *as_is)
{
    struct cf_error err;
    struct cf_network network, back;
    struct cf_network_names names, back_names;
    struct cf_netlist *netlist, *loaded;
    char *store = scratch_path("there.cfn");
    assert_done(cf_aiger_parse(&network, &names, text, size, "there", &err), &err);
    assert_done(cf_network_to_netlist(&netlist, &network, &names, true, "there", &err), &err);
    assert_done(cf_netlist_save(netlist, store, &err) && cf_netlist_load(&loaded, store, &err), &err);
    assert_done(cf_imported_aiger(&back, &back_names, loaded, as_is, &err), &err);
    if (*as_is) {
        struct cf_aiger_options options = {.ascii = ascii, .as_is = true};
        assert_done(cf_network_check(&back, "back", &err), &err);
        assert_done(cf_aiger_write(path, &back, &back_names, &options, &err), &err);
        cf_network_free(&back);
        cf_network_names_free(&back_names);
    }
    cf_netlist_free(netlist);
    cf_netlist_free(loaded);
    cf_network_free(&network);
    cf_network_names_free(&names);
}

static void assert_comes_back(const char *text, size_t size, bool ascii) /* the text may hold NULs */
{
    struct cf_error err;
    bool as_is;
    char *path = scratch_path("back.aig"), *found;
    size_t found_size;
    there_and_back(text, size, ascii, path, &as_is);
    if (!as_is)
        fail_msg("not recognised as imported:\n%s", text);
    assert_done(cf_file_read(path, 1 << 20, &found, &found_size, &err), &err);
    if (found_size != size || memcmp(found, text, size) != 0)
        fail_msg("came back as\n%s\ninstead of\n%s", found, text);
    free(found);
}

/* Any canonical file: nodes in any order that levels do not give, read by nobody, of constants; no inputs at all. */
static void canonical_files_come_back_byte_for_byte(void **unused)
{
    (void)unused;
    for (int trial = 0; trial < 400; trial++) {
        struct graph g;
        make_graph(&g, false);
        if (trial % 3 == 0) /* out of order, as Yosys writes them; a comment as ABC writes it */
            g.size += (size_t)snprintf(g.text + g.size, sizeof g.text - g.size, "o0 y \"z\" 5%%\n%sc\nn%c\n\xff%%41",
                                       g.inputs ? "i0 x\n" : "", 0);
        assert_comes_back(g.text, g.size, false);
    }
    static const char *const texts[] = {
        "aag 0 0 0 2 0\n0\n1\n",
        "aag 1 1 0 2 0\n2\n3\n2\ni0 a\no0 a\no1 a\nc",
        "aag 5 2 0 1 3\n2\n4\n10\n6 4 2\n8 6 3\n10 5 3\ncan you read this?\n\tyes",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_comes_back(texts[i], strlen(texts[i]), true);
}

/* What the metadata says counts only as far as the gates bear it out. */
static void a_changed_netlist_is_no_imported_one(void **unused)
{
    (void)unused;
    static const char text[] = "aag 4 2 0 1 2\n2\n4\n8\n6 4 2\n8 6 3\n";
    for (int change = 0; change < 6; change++) {
        struct cf_error err;
        struct cf_network network, back;
        struct cf_network_names names, back_names;
        struct cf_netlist *netlist;
        bool as_is;
        assert_done(cf_aiger_parse(&network, &names, text, sizeof text - 1, "text", &err), &err);
        assert_done(cf_network_to_netlist(&netlist, &network, &names, true, "text", &err), &err);
        struct cf_cell *cell = &netlist->cells[netlist->groups[1].cell[0]];
        struct cf_term *term = (struct cf_term *)cell->terms;
        if (change == 1)
            cell->bias = 1;
        if (change == 2)
            term->weight = 2;
        if (change == 3)
            term->shift = 1;
        if (change == 4)
            assert_true(cf_netlist_set_meta(netlist, "import.levels", "2 1", &err));
        if (change == 5)
            assert_true(cf_netlist_set_meta(netlist, "import.from", "yosys", &err));
        assert_done(cf_imported_aiger(&back, &back_names, netlist, &as_is, &err), &err);
        assert_int_equal(as_is, change == 0);
        cf_network_free(&back);
        cf_network_names_free(&back_names);
        cf_netlist_free(netlist);
        cf_network_free(&network);
        cf_network_names_free(&names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_keep_their_meaning),
        cmocka_unit_test(canonical_files_come_back_byte_for_byte),
        cmocka_unit_test(a_changed_netlist_is_no_imported_one),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
