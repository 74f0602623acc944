/* Truth tables become networks of the same function; BLIF files mean what the format says, however they are laid out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/exchange/blif.h"
#include "netlists/exchange/gate_order.h"
#include "netlists/exchange/truth_table.h"
#include "netlists/exchange/yosys_json.h"
#include "tests/support/evaluate_network.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

static struct random_source source = {31};

/* Compares a network of `count` inputs and one output with a table, for every input. */
static void assert_table(const struct cf_network *network, const uint64_t *table, uint32_t count, const char *what)
{
    uint64_t inputs[CF_TABLE_MAX_INPUTS], *signals = calloc(cf_network_signals(network), sizeof *signals);
    for (uint32_t from = 0; from < 1u << count; from += 64) {
        for (uint32_t i = 0; i < count; i++) {
            inputs[i] = 0;
            for (uint32_t k = 0; k < 64; k++)
                inputs[i] |= (uint64_t)((from + k) >> i & 1) << k;
        }
        evaluate_network(network, inputs, signals);
        uint64_t found = cf_network_value(signals, network->outputs[0]),
                 valid = count < 6 ? (1ull << (1 << count)) - 1 : UINT64_MAX;
        if ((found ^ table[from / 64]) & valid)
            fail_msg("%s: inputs %u to %u", what, from, from + 63);
    }
    free(signals);
}

/* Makes the network of a table, checks it and returns the number of its nodes. */
static uint32_t nodes_of(const uint64_t *table, uint32_t count)
{
    cf_lit in[CF_TABLE_MAX_INPUTS], output;
    char what[64];
    struct cf_network network = {.input_count = count, .output_count = 1, .outputs = &output};
    for (uint32_t i = 0; i < count; i++)
        in[i] = cf_network_input(i);
    assert_true(cf_network_table(&network, table, in, count, &output));
    assert_true(cf_network_check(&network, "table", NULL));
    snprintf(what, sizeof what, "%u inputs, %016llx", count, (unsigned long long)*table);
    assert_table(&network, table, count, what);
    uint32_t nodes = network.node_count;
    free(network.nodes);
    return nodes;
}

static void tables_become_networks(void **unused)
{
    (void)unused;
    uint64_t table[CF_TABLE_MAX_WORDS];
    for (uint64_t all = 0; all < 1 << 16; all += all < 256 ? 1 : 13) /* all functions of three inputs, many of four */
        assert_in_range(nodes_of(&all, all < 256 ? 3 : 4), 0, 16);
    for (uint32_t count = 0; count <= CF_TABLE_MAX_INPUTS; count++)
        for (int kind = 0; kind < 5; kind++) {
            for (size_t w = 0; w < CF_TABLE_MAX_WORDS; w++) {
                uint64_t parity = 0x6996966996696996;
                table[w] = kind == 0   ? random_next(&source)
                           : kind == 1 ? (__builtin_popcountll(w) % 2 ? ~parity : parity)
                           : kind == 2 ? UINT64_MAX
                           : kind == 3 ? 0
                                       : (w % 2 ? 0xff : 0);
            }
            nodes_of(table, count);
        }
}

/* The functions that adder networks are made of cost one node, and what does not matter costs none. */
static void adders_are_recognised(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t table;
        uint32_t count, nodes;
    } cases[] = {{0x96, 3, 1}, {0x69, 3, 1}, {0xe8, 3, 1}, {0x17, 3, 1}, {0xb2, 3, 1},  {0x6, 2, 1},
                 {0x8, 2, 1},  {0x7, 2, 1},  {0xa, 2, 0},  {0x5, 2, 0},  {0x80, 3, 2},  {0xca, 3, 3},
                 {0xf, 4, 1},  {0x0, 6, 0},  {0xff, 3, 0}, {0x6, 3, 2},  {0x6996, 4, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (nodes_of(&cases[i].table, cases[i].count) != cases[i].nodes)
            fail_msg("%llx: %u nodes", (unsigned long long)cases[i].table, nodes_of(&cases[i].table, cases[i].count));
}

/* A table of equal, opposite and constant operands. */
static void operands_may_be_anything(void **unused)
{
    (void)unused;
    for (int trial = 0; trial < 2000; trial++) {
        uint64_t table = random_next(&source), expected = 0;
        cf_lit in[6], output;
        for (int i = 0; i < 6; i++)
            in[i] = (cf_lit)(random_next(&source) % 6);
        for (unsigned k = 0; k < 4; k++) { /* of the two inputs, literals 2 and 4 */
            unsigned at = 0;
            for (int i = 0; i < 6; i++)
                at |= ((in[i] / 2 == 0 ? 0 : k >> (in[i] / 2 - 1) & 1) ^ (in[i] & 1)) << i;
            expected |= (table >> at & 1) << k;
        }
        struct cf_network network = {.input_count = 2, .output_count = 1, .outputs = &output};
        assert_true(cf_network_table(&network, &table, in, 6, &output));
        assert_table(&network, &expected, 2, "odd operands");
        free(network.nodes);
    }
}

static void assert_blif(const char *text, uint32_t count, uint64_t table)
{
    struct cf_error err;
    struct cf_network network;
    struct cf_network_names names;
    assert_done(cf_blif_parse(&network, &names, text, strlen(text), "text", &err), &err);
    assert_true(cf_network_check(&network, "text", &err));
    assert_int_equal(network.input_count, count);
    assert_table(&network, &table, count, text);
    cf_network_free(&network);
    cf_network_names_free(&names);
}

static void blif_is_read_however_it_is_laid_out(void **unused)
{
    (void)unused;
    /* As Yosys writes it: constants, a comment, tables in any order. */
    assert_blif("# Generated by Yosys\n\n.model top\n.inputs a b\n.outputs y\n.names $false\n.names $true\n1\n"
                ".names $undef\n.names t $true y\n11 1\n.names a b t\n10 1\n01 1\n.end\n",
                2, 0x6);
    /* As ABC does: zeros, one long line in parts, no .end; then what may stand anywhere. */
    assert_blif(".model m \n.inputs a \\\n b\n.outputs \\\ny\n.names a b y\n00 0\n", 2, 0xe);
    assert_blif(".outputs y\r\n.inputs a\r\n.inputs b # two lines\r\n.names b \\\r\n a y\r\n1- 1\r\n-1 1", 2, 0xe);
    assert_blif(".model m\n.inputs a b c\n.outputs y\n.names a b c y\n.exdc\n.inputs a\n.names a y\n1 1\n.end\n", 3, 0);
    assert_blif(".model m\n.inputs a\n.outputs y\n.names y\n.end\n\n# end\n", 1, 0);
    assert_blif(".model m\n.inputs a\n.outputs y\n.names y\n0\n.end\n", 1, 0);
    assert_blif(".model m\n.inputs a\n.outputs y\n.names y\n1\n1\n.end\n", 1, 3);
    assert_blif(".model m\n.inputs a\n.outputs a\n.default_input_arrival 0 0\n.end\n", 1, 2);
    assert_blif(".model m\n.inputs a\n.outputs y\n.conn a y\n.attr src \"a.v:1\"\n.end\n", 1, 2);
    assert_blif(".model m\n.inputs #x\n.inputs a\n.outputs y\n.names a y\n#0 1\n0 1\n", 1, 1);
}

/* Tables of more inputs than a word holds, as rows of ones and of zeros. */
static void wide_tables_of_blif_are_read(void **unused)
{
    (void)unused;
    for (int zeros = 0; zeros < 2; zeros++)
        for (int rows = 0; rows < 20; rows++) {
            char text[1024];
            uint64_t table[4] = {0};
            int size = snprintf(text, sizeof text,
                                ".model m\n.inputs a b c d e f g h\n.outputs y\n.names a b c d e f g h y\n");
            for (int r = 0; r < rows; r++) {
                char row[9] = {0};
                for (int i = 0; i < 8; i++)
                    row[i] = "01-"[random_next(&source) % 3];
                for (unsigned k = 0; k < 256; k++) {
                    bool fits = true;
                    for (int i = 0; i < 8; i++)
                        fits = fits && (row[i] == '-' || row[i] - '0' == (int)(k >> i & 1));
                    table[k / 64] |= (uint64_t)fits << k % 64;
                }
                size += snprintf(text + size, sizeof text - (size_t)size, "%s %d\n", row, !zeros);
            }
            for (int w = 0; w < 4; w++)
                table[w] = zeros && rows ? ~table[w] : table[w];
            struct cf_error err;
            struct cf_network network;
            struct cf_network_names names;
            assert_done(cf_blif_parse(&network, &names, text, (size_t)size, "wide", &err), &err);
            assert_table(&network, table, 8, text);
            cf_network_free(&network);
            cf_network_names_free(&names);
        }
}

/* A chain that stands backwards, of which a recursive reader would run out of stack. */
static void deep_blif_is_read(void **unused)
{
    (void)unused;
    enum { DEPTH = 200000 };
    struct cf_error err;
    struct cf_network network;
    struct cf_network_names names;
    char *text = malloc(40 * DEPTH), *at = text;
    at += sprintf(at, ".model m\n.inputs x b\n.outputs n0\n");
    for (int i = 0; i < DEPTH; i++)
        at += sprintf(at, ".names n%d b n%d\n11 1\n", i + 1, i);
    at += sprintf(at, ".names x n%d\n1 1\n.end\n", DEPTH);
    assert_done(cf_blif_parse(&network, &names, text, (size_t)(at - text), "deep", &err), &err);
    assert_int_equal(network.node_count, DEPTH);
    assert_string_equal(names.outputs[0], "n0");
    cf_network_free(&network);
    cf_network_names_free(&names);
    free(text);
}

/* Parameters as strings of bits and, from `write_json -compat-int`, as numbers; a table may be of no input at all. */
static void look_up_tables_of_yosys_are_read(void **unused)
{
    (void)unused;
    static const struct {
        const char *width, *lut, *a;
        uint64_t table; /* of two inputs */
    } cases[] = {{"\"10\"", "\"1000\"", "2, 3", 0x8},
                 {"2", "6", "2, 3", 0x6},
                 {"\"00000000000000000000000000000010\"", "\"0000000000000001\"", "2, 3", 0x1},
                 {"2", "\"11\"", "2, 3", 0x3},
                 {"1", "1", "3", 0x3},
                 {"\"0\"", "\"1\"", "", 0xf},
                 {"3", "\"10000000\"", "2, \"1\", 3", 0x8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct cf_error err;
        struct cf_network network;
        struct cf_network_names names;
        int size =
            snprintf(text, sizeof text,
                     "{\"modules\": {\"m\": {\"ports\": {\"x\": {\"direction\": \"input\", \"bits\": [2, 3]}, "
                     "\"y\": {\"direction\": \"output\", \"bits\": [4]}}, \"cells\": {\"g\": {\"type\": \"$lut\", "
                     "\"parameters\": {\"WIDTH\": %s, \"LUT\": %s}, \"connections\": {\"A\": [%s], \"Y\": [4]}}}}}}",
                     cases[i].width, cases[i].lut, cases[i].a);
        assert_done(cf_yosys_json_parse(&network, &names, text, (size_t)size, "lut", &err), &err);
        assert_table(&network, &cases[i].table, 2, text);
        cf_network_free(&network);
        cf_network_names_free(&names);
    }
}

static void gates_are_put_behind_their_operands(void **unused)
{
    (void)unused;
    /* Gate 0 (net 2) reads nets 4 and 3, gate 1 (net 3) reads 4, gate 2 (net 4) reads 0; then gate 2 reads net 2. */
    size_t first[] = {0, 2, 3, 4};
    uint32_t operands[] = {4, 3, 4, 0}, driver[] = {CF_NO_GATE, CF_NO_GATE, 0, 1, 2}, order[3], loop;
    struct cf_gate_list list = {3, 5, first, operands, driver};
    assert_true(cf_gate_order(&list, order, &loop));
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 0);
    operands[3] = 2;
    assert_false(cf_gate_order(&list, order, &loop));
    assert_in_range(loop, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_become_networks),           cmocka_unit_test(adders_are_recognised),
        cmocka_unit_test(operands_may_be_anything),         cmocka_unit_test(blif_is_read_however_it_is_laid_out),
        cmocka_unit_test(wide_tables_of_blif_are_read),     cmocka_unit_test(deep_blif_is_read),
        cmocka_unit_test(look_up_tables_of_yosys_are_read), cmocka_unit_test(gates_are_put_behind_their_operands),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
