/* AIGER, BLIF and Yosys JSON: what is written is read back, files that others wrote are read, and hostile ones refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "compiler/lowering/lower_circuit.h"
#include "netlists/exchange/aiger.h"
#include "netlists/exchange/blif.h"
#include "netlists/exchange/network_ports.h"
#include "netlists/exchange/yosys_json.h"
#include "netlists/lowering/lower.h"
#include "tests/support/evaluate_network.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

#define FOLDER "tests/hostile"

static struct random_source source = {99};

/* The flattened network of a small random circuit. */
static void make_network(struct cf_network *network, struct cf_network_names *names)
{
    struct cf_error err;
    for (;;) {
        struct cf_netlist *netlist = random_circuit(&source);
        assert_non_null(netlist);
        struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
        bool made = cf_lower_circuit(network, names, netlist, cells, NULL, 0, 20000, &err);
        cf_lower_free(cells, netlist->cell_count);
        cf_netlist_free(netlist);
        if (made)
            return;
    }
}

/* The number of outputs that differ, over 64 random patterns. */
static uint32_t differences(const struct cf_network *a, const struct cf_network *b)
{
    assert_int_equal(a->input_count, b->input_count);
    assert_int_equal(a->output_count, b->output_count);
    uint64_t *inputs = calloc(a->input_count + 1, 8), *x = calloc(cf_network_signals(a), 8),
             *y = calloc(cf_network_signals(b), 8);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < a->input_count; i++)
        inputs[i] = random_next(&source);
    evaluate_network(a, inputs, x);
    evaluate_network(b, inputs, y);
    for (uint32_t i = 0; i < a->output_count; i++)
        wrong += cf_network_value(x, a->outputs[i]) != cf_network_value(y, b->outputs[i]);
    free(inputs);
    free(x);
    free(y);
    return wrong;
}

static void assert_same_files(const char *a, const char *b)
{
    struct cf_map x, y;
    struct cf_error err;
    assert_done(cf_map_open(&x, a, &err) && cf_map_open(&y, b, &err), &err);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    cf_map_close(&x);
    cf_map_close(&y);
}

static void aiger_round_trips_are_identical(void **unused)
{
    (void)unused;
    struct cf_error err;
    for (int trial = 0; trial < 8; trial++) {
        struct cf_network network, back;
        struct cf_network_names names, back_names;
        struct cf_aiger_options options = {.ascii = trial % 2 != 0, .dummy_latch = trial / 2 % 2 != 0};
        make_network(&network, &names);
        char *first = scratch_path("first.aig"), *second = scratch_path("second.aig");
        assert_done(cf_aiger_write(first, &network, &names, &options, &err), &err);
        assert_done(cf_aiger_read(&back, &back_names, first, &err), &err);
        assert_done(cf_network_check(&back, "back", &err), &err);
        assert_int_equal(differences(&network, &back), 0);
        assert_string_equal(back_names.inputs[0], names.inputs[0]);
        assert_done(cf_aiger_write(second, &back, &back_names, &options, &err), &err);
        assert_same_files(first, second);
        if (back.node_count) { /* the comparison notices a flipped gate */
            back.nodes[back.node_count - 1].a ^= 1;
            back.nodes[back.node_count / 2].b ^= 1;
            assert_true(differences(&network, &back) > 0);
        }
        cf_network_free(&network);
        cf_network_free(&back);
        cf_network_names_free(&names);
        cf_network_names_free(&back_names);
    }
}

static void yosys_json_is_read_back(void **unused)
{
    (void)unused;
    struct cf_error err;
    for (int trial = 0; trial < 4; trial++) {
        struct cf_network network, back;
        struct cf_network_names names, back_names;
        make_network(&network, &names);
        char *path = scratch_path("net.json");
        assert_done(cf_yosys_json_write(path, &network, &names, &err), &err);
        assert_done(cf_yosys_json_read(&back, &back_names, path, &err), &err);
        assert_int_equal(differences(&network, &back), 0);
        assert_string_equal(back_names.outputs[0], names.outputs[0]);
        cf_network_free(&network);
        cf_network_free(&back);
        cf_network_names_free(&names);
        cf_network_names_free(&back_names);
    }
}

/* ASCII AIGER with gaps in the numbering and gates out of order, as the format allows. */
static void loose_ascii_aiger_is_read(void **unused)
{
    (void)unused;
    static const char text[] =
        "aag 20 2 0 3 3\n6\n40\n11\n7\n1\n10 13 15\n12 6 40\n14 7 41\ni0 a\no0 xnor\nc\nany comment";
    struct cf_error err;
    struct cf_network network;
    struct cf_network_names names;
    uint64_t inputs[2] = {0xc, 0xa}, signals[16];
    assert_done(cf_aiger_parse(&network, &names, text, sizeof text - 1, "loose", &err), &err);
    assert_int_equal(network.node_count, 3);
    evaluate_network(&network, inputs, signals);
    assert_int_equal(cf_network_value(signals, network.outputs[0]) & 0xf, 0x9);
    assert_int_equal(cf_network_value(signals, network.outputs[1]) & 0xf, 0x3);
    assert_int_equal(cf_network_value(signals, network.outputs[2]) & 0xf, 0xf);
    assert_string_equal(names.inputs[0], "a");
    assert_null(names.inputs[1]);
    assert_string_equal(names.outputs[0], "xnor");
    cf_network_free(&network);
    cf_network_names_free(&names);
}

static void every_gate_type_of_yosys_is_read(void **unused)
{
    (void)unused;
    static const struct {
        const char *type;
        uint16_t table; /* bit A + 2B + 4(C or S) + 8D of the output */
    } gates[] = {{"$_BUF_", 0xaaaa},  {"$_NOT_", 0x5555},  {"$_AND_", 0x8888},    {"$_NAND_", 0x7777},
                 {"$_OR_", 0xeeee},   {"$_NOR_", 0x1111},  {"$_XOR_", 0x6666},    {"$_XNOR_", 0x9999},
                 {"$_MUX_", 0xcaca},  {"$_NMUX_", 0x3535}, {"$_ANDNOT_", 0x2222}, {"$_ORNOT_", 0xbbbb},
                 {"$_AOI3_", 0x0707}, {"$_OAI3_", 0x1f1f}, {"$_AOI4_", 0x0777},   {"$_OAI4_", 0x111f}};
    for (size_t g = 0; g < sizeof gates / sizeof *gates; g++) {
        char text[1024];
        struct cf_error err;
        struct cf_network network;
        struct cf_network_names names;
        uint64_t inputs[4] = {0xaaaa, 0xcccc, 0xf0f0, 0xff00}, signals[32];
        int size =
            snprintf(text, sizeof text,
                     "{\"modules\": {\"m\": {\"ports\": {\"x\": {\"direction\": \"input\", \"bits\": [2, 3, 4, 5]}, "
                     "\"y\": {\"direction\": \"output\", \"bits\": [6]}}, \"cells\": {\"g\": {\"type\": \"%s\", "
                     "\"connections\": {\"A\": [2], \"B\": [3], \"S\": [4], \"C\": [4], \"D\": [5], \"Y\": [6]}}}}}}",
                     gates[g].type);
        assert_done(cf_yosys_json_parse(&network, &names, text, (size_t)size, "gate", &err), &err);
        evaluate_network(&network, inputs, signals);
        if ((cf_network_value(signals, network.outputs[0]) & 0xffff) != gates[g].table)
            fail_msg("%s: %04x", gates[g].type, (unsigned)(cf_network_value(signals, network.outputs[0]) & 0xffff));
        assert_string_equal(names.inputs[1], "x[1]");
        assert_string_equal(names.outputs[0], "y");
        cf_network_free(&network);
        cf_network_names_free(&names);
    }
}

/* input [7:4] b, input [0:3] c, output [3:3] y: a single bit has no index. */
static void port_ranges_of_yosys_are_kept(void **unused)
{
    (void)unused;
    static const char text[] =
        "{\"modules\": {\"m\": {\"ports\": {\"b\": {\"direction\": \"input\", \"offset\": 4, \"bits\": [2, 3, 4, 5]}, "
        "\"c\": {\"direction\": \"input\", \"upto\": 1, \"bits\": [6, 7, 8, 9]}, "
        "\"d\": {\"direction\": \"output\", \"offset\": 2, \"upto\": 1, \"bits\": [2, 6]}, "
        "\"y\": {\"direction\": \"output\", \"offset\": 3, \"bits\": [3]}}, \"cells\": {}}}}";
    static const char *const inputs[] = {"b[4]", "b[5]", "b[6]", "b[7]", "c[3]", "c[2]", "c[1]", "c[0]"};
    static const char *const outputs[] = {"d[3]", "d[2]", "y"};
    struct cf_error err;
    struct cf_network network;
    struct cf_network_names names;
    assert_done(cf_yosys_json_parse(&network, &names, text, sizeof text - 1, "ranges", &err), &err);
    assert_int_equal(network.input_count, 8);
    assert_int_equal(network.output_count, 3);
    for (int i = 0; i < 8; i++)
        assert_string_equal(names.inputs[i], inputs[i]);
    for (int i = 0; i < 3; i++)
        assert_string_equal(names.outputs[i], outputs[i]);
    assert_int_equal(network.outputs[1], cf_network_input(4));
    char *path = scratch_path("ranges.json"); /* and written, the buses come back */
    struct cf_network back;
    struct cf_network_names back_names;
    assert_done(cf_yosys_json_write(path, &network, &names, &err), &err);
    assert_done(cf_yosys_json_read(&back, &back_names, path, &err), &err);
    for (int i = 0; i < 8; i++)
        assert_string_equal(back_names.inputs[i], inputs[i]);
    for (int i = 0; i < 3; i++)
        assert_string_equal(back_names.outputs[i], outputs[i]);
    assert_int_equal(differences(&network, &back), 0);
    cf_network_free(&back);
    cf_network_names_free(&back_names);
    cf_network_free(&network);
    cf_network_names_free(&names);
}

/* As ABC's &w ends a file; and symbols as AIGER allows them. */
static void comments_and_symbols_of_aiger_are_read(void **unused)
{
    (void)unused;
    static const char text[] = "aag 1 1 0 1 0\n2\n2\ni0  a \"b\" \\#=\no0 c\ncn\0\0\0\5abc_1";
    struct cf_error err;
    struct cf_network network;
    struct cf_network_names names;
    assert_done(cf_aiger_parse(&network, &names, text, sizeof text - 1, "comment", &err), &err);
    assert_string_equal(names.inputs[0], " a \"b\" \\#=");
    assert_string_equal(names.outputs[0], "c");
    cf_network_free(&network);
    cf_network_names_free(&names);
}

/* Names that no format but AIGER takes: two equal ones, blanks, names of inner wires, those of what has no name. */
static void names_become_plain(void **unused)
{
    (void)unused;
    static const char *const given[][2] = {
        {"a", "a"},    {"a", "a_i1"},        {"n0c", "n0c_i2"}, {"n1s", "n1s_i3"}, {"n1x", "n1x"},
        {NULL, "i5_"}, {"i5", "i5"},         {"x y", "x_y_i7"}, {"x_y", "x_y"},    {"g7", "g7_i9"},
        {"g", "g"},    {"q\"\\#=", "q____"}, {"$in", "_in"},    {".end", "_end"},  {"b[3]", "b[3]"},
        {NULL, "i15"}, {"n1", "n1"},         {"nc", "nc"},      {"o0", "o0"},      {"a_i1", "a_i1"},
    };
    enum { COUNT = sizeof given / sizeof *given };
    struct cf_error err;
    struct cf_network network = {.input_count = COUNT, .output_count = 2};
    struct cf_network_names names, plain;
    assert_done(cf_network_names_new(&names, &network, "test", &err), &err);
    for (int i = 0; i < COUNT; i++)
        names.inputs[i] = given[i][0];
    names.outputs[1] = "a";
    assert_done(cf_network_names_plain(&plain, &network, &names, &err), &err);
    for (int i = 0; i < COUNT; i++)
        if (i != 1) /* "a_i1" is given, later on: it stays, and the second "a" goes on */
            assert_string_equal(plain.inputs[i], given[i][1]);
    assert_string_equal(plain.inputs[1], "a_i1_");
    assert_string_equal(plain.outputs[0], "o0_");
    assert_string_equal(plain.outputs[1], "a_o1");
    cf_network_names_free(&plain);
    cf_network_names_free(&names);
}

/* Thousands of equal names take no quadratic time, and stay different. */
static void many_equal_names_differ(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_network network = {.input_count = 100000};
    struct cf_network_names names, plain;
    assert_done(cf_network_names_new(&names, &network, "test", &err), &err);
    for (uint32_t i = 0; i < network.input_count; i++)
        names.inputs[i] = "same";
    assert_done(cf_network_names_plain(&plain, &network, &names, &err), &err);
    assert_string_equal(plain.inputs[0], "same");
    assert_string_equal(plain.inputs[99999], "same_i99999");
    cf_network_names_free(&plain);
    cf_network_names_free(&names);
}

struct expected_port {
    const char *name;
    uint32_t width;
    bool is_bus, upto;
    int32_t low;
    uint32_t first_bit;
};

static void assert_ports(const struct cf_network_ports *ports, int direction, const struct expected_port *expected,
                         size_t count)
{
    assert_int_equal(ports->count[direction], count);
    for (size_t p = 0; p < count; p++) {
        const struct cf_network_port *port = &ports->ports[direction][p];
        assert_string_equal(port->name, expected[p].name);
        assert_int_equal(port->width, expected[p].width);
        assert_int_equal(port->is_bus, expected[p].is_bus);
        assert_int_equal(port->upto, expected[p].upto);
        assert_int_equal(port->low, expected[p].low);
        assert_int_equal(port->bits[0], expected[p].first_bit);
        for (uint32_t k = 0; k < port->width; k++)
            assert_int_equal(ports->port_of[direction][port->bits[k]], p);
    }
}

/* Buses, and what is none: a gap, a bit that is alone, a bus of a name that a port has, one of inputs and outputs. */
static void names_become_ports(void **unused)
{
    (void)unused;
    static const char *const in[] = {"b[4]",
                                     "x",
                                     "b[5]",
                                     "c[1]",
                                     "c[0]",
                                     "d[0]",
                                     "d[2]",
                                     "e[0]",
                                     "e[1]",
                                     "e",
                                     "f[0]",
                                     "f[1]",
                                     "h[01]",
                                     "h[02]",
                                     "s0.pool[0,0,1][0]",
                                     "s0.pool[0,0,1][1]",
                                     "wire[0]",
                                     "wire[1]",
                                     NULL,
                                     "a,b(1)",
                                     "k[3]"};
    static const char *const out[] = {"f[2]", "y[0]", "y[0]", "z[-1]", "z[0]", "n1s[0]", "n1s[1]", "s.t[0]", "u//v"};
    static const struct expected_port inputs[] = {
        {"b", 2, true, false, 4, 0},
        {"x", 1, false, false, 0, 1},
        {"c", 2, true, true, 0, 4},
        {"d[0]", 1, false, false, 0, 5},
        {"d[2]", 1, false, false, 0, 6},
        {"e[0]", 1, false, false, 0, 7},
        {"e[1]", 1, false, false, 0, 8},
        {"e", 1, false, false, 0, 9},
        {"f[0]", 1, false, false, 0, 10},
        {"f[1]", 1, false, false, 0, 11},
        {"h[01]", 1, false, false, 0, 12},
        {"h[02]", 1, false, false, 0, 13},
        {"s0_pool_0_0_1", 2, true, false, 0, 14},
        {"wire", 2, true, false, 0, 16},
        {"i18", 1, false, false, 0, 18},
        {"a_b_1", 1, false, false, 0, 19},
        {"k[3]", 1, false, false, 0, 20},
    };
    static const struct expected_port outputs[] = {
        {"f[2]", 1, false, false, 0, 0}, {"y[0]", 1, false, false, 0, 1},  {"y[0]_o2", 1, false, false, 0, 2},
        {"z", 2, true, false, -1, 3},    {"n1s_o5", 2, true, false, 0, 5}, {"s.t[0]", 1, false, false, 0, 7},
        {"u_v", 1, false, false, 0, 8},
    };
    struct cf_error err;
    struct cf_network network = {.input_count = sizeof in / sizeof *in, .output_count = sizeof out / sizeof *out};
    struct cf_network_names names = {.model = "test", .inputs = (const char **)in, .outputs = (const char **)out};
    struct cf_network_ports ports;
    assert_done(cf_network_ports_new(&ports, &network, &names, CF_PORTS_VERILOG, &err), &err);
    assert_ports(&ports, CF_PORT_INPUT, inputs, sizeof inputs / sizeof *inputs);
    assert_ports(&ports, CF_PORT_OUTPUT, outputs, sizeof outputs / sizeof *outputs);
    assert_int_equal(ports.index_of[CF_PORT_OUTPUT][4], 0);
    cf_network_ports_free(&ports);
    assert_done(cf_network_ports_new(&ports, &network, &names, CF_PORTS_BUSES, &err), &err);
    assert_string_equal(ports.ports[CF_PORT_INPUT][12].name, "s0.pool[0,0,1]");
    assert_string_equal(ports.ports[CF_PORT_INPUT][15].name, "a,b(1)");
    cf_network_ports_free(&ports);
    assert_done(cf_network_ports_new(&ports, &network, &names, CF_PORTS_BITS, &err), &err);
    assert_int_equal(ports.count[CF_PORT_INPUT], network.input_count);
    assert_string_equal(ports.ports[CF_PORT_INPUT][14].name, in[14]);
    cf_network_ports_free(&ports);
}

static void verilog_identifiers_are_known(void **unused)
{
    (void)unused;
    static const char *const yes[] = {"a", "_a1", "wires", "with_", "n0s", "endmodule_and_then_some_more_text"};
    static const char *const no[] = {"",     "1a",  "a b",       "a.b",  "wire",
                                     "with", "xor", "accept_on", "a[0]", "pulsestyle_ondetect"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(cf_verilog_identifier(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(cf_verilog_identifier(no[i]));
}

static void check_hostile(const char *file, const char *fragment)
{
    char path[512];
    struct cf_error err = {0};
    struct cf_network network;
    struct cf_network_names names;
    struct cf_map map;
    snprintf(path, sizeof path, "%s/%s", FOLDER, file);
    assert_done(cf_map_open(&map, path, &err), &err);
    uint8_t *copy = malloc(map.size ? map.size : 1); /* of the exact size, for sanitizers */
    if (map.size)
        memcpy(copy, map.data, map.size);
    bool done = (strncmp(file, "yjson_", 6) == 0  ? cf_yosys_json_parse
                 : strncmp(file, "blif_", 5) == 0 ? cf_blif_parse
                                                  : cf_aiger_parse)(&network, &names, copy, map.size, path, &err);
    free(copy);
    cf_map_close(&map);
    if (done)
        fail_msg("%s: was accepted", file);
    size_t length = strlen(path);
    if (strncmp(err.text, path, length) != 0 || strncmp(err.text + length, ": ", 2) != 0)
        fail_msg("%s: the message does not begin with the path: %s", file, err.text);
    if (!strstr(err.text + length, fragment))
        fail_msg("%s: expected \"%s\" in: %s", file, fragment, err.text);
}

static void hostile_files_are_refused(void **unused)
{
    (void)unused;
    struct cf_error err;
    char *text;
    size_t size, checked = 0;
    assert_done(cf_file_read(FOLDER "/expected_bits.txt", 1 << 20, &text, &size, &err), &err);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *tab = strchr(line, '\t');
        if (line[0] == '\0' || line[0] == '#')
            continue;
        assert_non_null(tab);
        *tab = '\0';
        check_hostile(line, tab + 1);
        checked++;
    }
    free(text);
    assert_in_range(checked, 40, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aiger_round_trips_are_identical),
        cmocka_unit_test(yosys_json_is_read_back),
        cmocka_unit_test(loose_ascii_aiger_is_read),
        cmocka_unit_test(every_gate_type_of_yosys_is_read),
        cmocka_unit_test(port_ranges_of_yosys_are_kept),
        cmocka_unit_test(comments_and_symbols_of_aiger_are_read),
        cmocka_unit_test(names_become_plain),
        cmocka_unit_test(many_equal_names_differ),
        cmocka_unit_test(names_become_ports),
        cmocka_unit_test(verilog_identifiers_are_known),
        cmocka_unit_test(hostile_files_are_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
