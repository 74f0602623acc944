/* Gates cut out of a netlist compute what they compute in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/lowering/extract.h"
#include "netlists/cell.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"

static struct random_source source = {20261124};

/* Puts what the gates read into the cut's input, in net order: worked out apart from the cut. */
static uint32_t copy_operands(const struct cf_netlist *netlist, const int64_t *nets, const uint32_t *gates,
                              uint32_t count, int64_t *operands)
{
    uint8_t *read = calloc(netlist->net_count, 1);
    uint32_t inputs = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, gates[i])];
        const struct cf_cell *cell = &netlist->cells[group->cell[gates[i] - group->first_net]];
        for (uint32_t t = 0; t < cell->term_count; t++)
            read[cf_instance_bases(group, gates[i] - group->first_net)[cell->terms[t].port] + cell->terms[t].offset] =
                1;
    }
    for (uint32_t net = 0; net < netlist->net_count; net++)
        if (read[net])
            operands[inputs++] = nets[net];
    free(read);
    if (inputs == 0) /* the gates are constants: the cut has an input all the same, which nothing reads */
        operands[inputs++] = nets[0];
    return inputs;
}

/* Cuts up to eight random gates of a random group; true when that was not refused. */
static bool check_cut(const struct cf_netlist *netlist)
{
    uint32_t g = (uint32_t)random_between(&source, 1, netlist->group_count - 1), gates[8];
    uint32_t count = (uint32_t)random_between(&source, 1, 8);
    const struct cf_group *group = &netlist->groups[g];
    for (uint32_t i = 0; i < count; i++)
        gates[i] = group->first_net + (uint32_t)random_between(&source, 0, group->count - 1);
    struct cf_error err;
    struct cf_netlist *cut;
    if (!cf_extract(&cut, netlist, gates, count, &err)) {
        assert_null(cut);
        assert_non_null(strstr(err.text, "is read too"));
        return false;
    }
    int64_t *nets = calloc(netlist->net_count, sizeof *nets),
            *found = calloc(netlist->net_count + count, sizeof *found);
    random_input(&source, netlist, nets);
    cf_word_evaluate(netlist, nets);
    uint32_t inputs = copy_operands(netlist, nets, gates, count, found);
    assert_int_equal(cut->groups[CF_INPUT].count, inputs);
    cf_word_evaluate(cut, found);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(found[inputs + i], nets[gates[i]]);
    free(nets);
    free(found);
    cf_netlist_free(cut);
    return true;
}

static void random_cuts_agree(void **unused)
{
    (void)unused;
    uint32_t cuts = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 3 == 0;
        struct cf_netlist *netlist = seed % 2 ? random_netlist(&options) : random_circuit(&source);
        assert_non_null(netlist);
        for (int i = 0; i < 4 && netlist->group_count > 1; i++)
            cuts += check_cut(netlist);
        cf_netlist_free(netlist);
    }
    assert_in_range(cuts, 200, 800);
}

/* A row whose gates read all channels between them keeps its cells as they are, pruned weights or not. */
static void a_row_keeps_its_cells(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_type port = {5, true, 0}, bit = {1, false, 0};
    struct cf_term all[4] = {{0, 1, 0, 0, false}, {1, -2, 0, 0, false}, {2, 3, 0, 0, false}, {3, 1, 0, 1, false}};
    struct cf_netlist *netlist = cf_netlist_new("row", &err), *cut;
    uint32_t input[3] = {1, 3, 4}, shape[3] = {1, 3, 2}, cell, gates[2];
    struct cf_cell whole = {&port, all, 1, 4, 1, CF_STEP, bit}, pruned = {&port, all + 1, 1, 2, 1, CF_STEP, bit};
    assert_true(cf_netlist_add_cell(netlist, &whole, &cell, &err) &&
                cf_netlist_add_cell(netlist, &pruned, &cell, &err));
    assert_true(cf_netlist_add_group(netlist, "input", 3, input, 0, port, false, &err));
    assert_true(cf_netlist_add_group(netlist, "classify", 3, shape, 1, bit, true, &err));
    netlist->input_scale = 0.5;
    for (uint32_t i = 0; i < 6; i++) {
        netlist->groups[1].cell[i] = i % 2;
        netlist->groups[1].base[i] = i / 2 * 4;
    }
    for (uint32_t i = 0; i < 2; i++)
        gates[i] = netlist->groups[1].first_net + 2 + i;
    assert_true(cf_extract(&cut, netlist, gates, 2, &err));
    assert_int_equal(cut->groups[CF_INPUT].count, 4);
    assert_true(cf_type_equal(cut->groups[CF_INPUT].type, port));
    assert_true(cut->input_scale == 1);
    assert_string_equal(cut->groups[1].name, "classify");
    assert_string_equal(cf_netlist_meta(cut, "cut.gates"), "classify[0,1,0]...classify[0,1,1]");
    for (uint32_t i = 0; i < 2; i++) {
        const struct cf_cell *before = &netlist->cells[i], *after = &cut->cells[cut->groups[1].cell[i]];
        assert_int_equal(cut->groups[1].base[i], 0);
        assert_int_equal(after->term_count, before->term_count);
        assert_memory_equal(after->terms, before->terms, before->term_count * sizeof *before->terms);
    }
    cf_netlist_free(cut);
    /* Alone, the pruned gate reads two channels: they close up. */
    assert_true(cf_extract(&cut, netlist, gates + 1, 1, &err));
    assert_int_equal(cut->groups[CF_INPUT].count, 2);
    assert_int_equal(cut->cells[0].terms[0].offset, 0);
    assert_int_equal(cut->cells[0].terms[1].offset, 1);
    cf_netlist_free(cut);
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_cuts_agree),
        cmocka_unit_test(a_row_keeps_its_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
