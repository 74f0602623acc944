/* The widths of cells: ends of sums over all inputs, and the worst input of a leakage, against evaluation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "netlists/cell.h"
#include "prove/algebra_internal.h"
#include "prove/widths.h"
#include "sim/word/reference.h"

static struct cf_netlist *small(enum cf_upsample upsample)
{
    struct cf_error err;
    struct cf_head head;
    struct cf_netlist *netlist = NULL;
    struct cf_compile_options options = cf_compile_defaults();
    options.upsample = upsample;
    options.input_scale = 0.05;
    options.height = options.width = 8;
    if (!cf_head_load(&head, "tests/proof/head_small.safetensors", NULL, &err) ||
        !cf_compile(&netlist, &head, &options, &err))
        fail_msg("%s", err.text);
    cf_head_free(&head);
    return netlist;
}

/* The gate's sum for an input at random, and for one in which every value is at an end. */
static void probe(const struct cf_netlist *netlist, int64_t *nets, int round)
{
    struct cf_type type = netlist->groups[CF_INPUT].type;
    for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++) {
        int64_t span = cf_type_max(type) - cf_type_min(type);
        nets[i] = cf_type_min(type) + (round % 2 ? (random() & 1) * span : random() % (span + 1));
    }
    cf_word_evaluate(netlist, nets);
}

static void no_sum_is_beyond_the_ends(void **unused)
{
    (void)unused;
    for (int upsample = CF_NEAREST; upsample <= CF_BILINEAR; upsample++) {
        struct cf_error err;
        struct cf_netlist *netlist = small((enum cf_upsample)upsample);
        struct cf_width *widths = calloc(netlist->cell_count, sizeof *widths);
        int64_t *nets = calloc(netlist->net_count, sizeof *nets);
        if (!cf_find_widths(netlist, widths, &err))
            fail_msg("%s", err.text);
        for (int round = 0; round < 40; round++) {
            probe(netlist, nets, round);
            for (uint32_t g = 1; g < netlist->group_count; g++)
                for (uint32_t i = 0; i < netlist->groups[g].count; i++) {
                    const struct cf_width *w = &widths[netlist->groups[g].cell[i]];
                    int64_t value = nets[netlist->groups[g].first_net + i];
                    assert_true(w->placed && w->known);
                    if (netlist->cells[netlist->groups[g].cell[i]].activation == CF_LINEAR)
                        assert_true(value >= w->least && value <= w->greatest);
                }
        }
        free(nets);
        free(widths);
        cf_netlist_free(netlist);
    }
}

/* a = x0 + x1 takes 5 bits; b = a - x1 is chosen 6 bits wide, and is x0. */
static void a_bit_to_spare_is_found(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *netlist = cf_netlist_new("spare", &err);
    struct cf_type four = {4, true, 0}, five = {5, true, 0};
    struct cf_term sum[2] = {{.offset = 0, .weight = 1}, {.offset = 1, .weight = 1}};
    struct cf_term difference[2] = {{.weight = 1, .port = 0}, {.weight = -1, .port = 1}};
    struct cf_type ports[2] = {five, four};
    struct cf_cell a = {.ports = &four, .port_count = 1, .terms = sum, .term_count = 2};
    struct cf_cell b = {.ports = ports, .port_count = 2, .terms = difference, .term_count = 2};
    struct cf_cell never = {
        .ports = &four, .port_count = 1, .terms = sum, .term_count = 2, .bias = -20, .activation = CF_STEP};
    uint32_t index;
    assert_true(cf_cell_infer_type(&a, 0) && cf_cell_infer_type(&b, 0) && cf_cell_infer_type(&never, 0));
    assert_true(cf_netlist_add_cell(netlist, &a, &index, &err) && cf_netlist_add_cell(netlist, &b, &index, &err) &&
                cf_netlist_add_cell(netlist, &never, &index, &err));
    assert_true(cf_netlist_add_group(netlist, "input", 1, (uint32_t[]){2}, 0, four, false, &err));
    assert_true(cf_netlist_add_group(netlist, "a", 1, (uint32_t[]){1}, 1, a.type, false, &err));
    assert_true(cf_netlist_add_group(netlist, "b", 1, (uint32_t[]){1}, 2, b.type, true, &err));
    netlist->groups[2].cell[0] = 1;
    netlist->groups[2].base[0] = 2;
    netlist->groups[2].base[1] = 1;
    assert_true(cf_netlist_add_group(netlist, "c", 1, (uint32_t[]){1}, 1, never.type, true, &err));
    netlist->groups[3].cell[0] = 2;
    struct cf_width widths[3];
    assert_true(cf_find_widths(netlist, widths, &err));
    assert_true(cf_width_tight(netlist, 0, &widths[0]));
    assert_int_equal(b.type.width, 6);
    assert_int_equal(widths[1].bits, 4);
    assert_int_equal(widths[1].least, -8);
    assert_int_equal(widths[1].greatest, 7);
    assert_false(cf_width_tight(netlist, 1, &widths[1]));
    assert_false(widths[2].both);
    assert_int_equal(widths[2].greatest, -6);
    cf_netlist_free(netlist);
}

/* Fills x [input nets] with the input for which the worst row of a leakage is as large as it can be: the same in every
 * channel, and 0 where the row does not read. */
static void worst_input(const struct cf_profiles *profiles, const struct cf_leakage *leakage, int32_t *x)
{
    const struct cf_group *input = &profiles->netlist->groups[CF_INPUT];
    struct cf_tally tally;
    assert_true(cf_tally_make(&tally, profiles));
    cf_pool_band(profiles, &profiles->profiles[profiles->usual], &tally, leakage->scale, leakage->worst_row);
    memset(x, 0, input->count * sizeof *x);
    for (uint32_t at = 0; at < profiles->height * profiles->width; at++) {
        int64_t factor = tally.factor[at];
        bool high = (factor > 0) != leakage->worst_is_least;
        int64_t value = factor == 0 ? 0 : high ? cf_type_max(input->type) : cf_type_min(input->type);
        for (uint32_t d = 0; d < profiles->channels; d++)
            x[cf_profile_input(profiles, at, d)] = (int32_t)value;
    }
    cf_tally_free(&tally);
}

static void the_worst_input_leaks_as_much_as_is_said(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_profiles profiles;
    struct cf_algebra algebra;
    struct cf_netlist *netlist = small(CF_BILINEAR);
    int64_t *nets = calloc(netlist->net_count, sizeof *nets);
    int32_t *x = calloc(netlist->groups[CF_INPUT].count, sizeof *x);
    assert_true(cf_profiles_make(&profiles, netlist, &err) && cf_algebra_check(&profiles, &algebra, &err));
    assert_int_equal(profiles.count, 1);
    assert_true(algebra.leakage[0].norm > 0);
    for (uint32_t k = 0; k < algebra.bands; k++) {
        const struct cf_leakage *l = &algebra.leakage[k];
        struct cf_leak_size size = {.pooled = 0};
        worst_input(&profiles, l, x);
        for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++)
            nets[i] = x[i];
        cf_word_evaluate(netlist, nets);
        cf_algebra_measure(&profiles, k, nets, &size);
        assert_true(size.greatest * (double)(1 << l->frac) == (double)l->worst);
        for (int round = 0; round < 20; round++) {
            probe(netlist, nets, round);
            cf_algebra_measure(&profiles, k, nets, &size);
            assert_true(size.greatest * (double)(1 << l->frac) == (double)l->worst);
        }
    }
    cf_profiles_free(&profiles);
    free(nets);
    free(x);
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_sum_is_beyond_the_ends),
        cmocka_unit_test(a_bit_to_spare_is_found),
        cmocka_unit_test(the_worst_input_leaks_as_much_as_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
