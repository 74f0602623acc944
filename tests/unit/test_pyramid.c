/* The recogniser of pyramids: what it reads off a small netlist, and that each kind of change is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/check.h"
#include "netlists/pyramid.h"
#include "netlists/store.h"

static struct cf_netlist *load(void)
{
    struct cf_netlist *netlist;
    struct cf_error err;
    assert_true(cf_netlist_load(&netlist, "netlists/golden/small.safetensors", &err));
    return netlist;
}

static void reads_all(void **state)
{
    (void)state;
    struct cf_netlist *netlist = load();
    struct cf_pyramid pyramid;
    struct cf_error err;
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    assert_true(cf_pyramid_read(&pyramid, netlist, &err));
    assert_int_equal(pyramid.rows, input->shape[0]);
    assert_int_equal(pyramid.columns, input->shape[1]);
    assert_int_equal(pyramid.channels, input->shape[2]);
    assert_int_equal(pyramid.band[0], CF_BAND_BILINEAR);
    assert_int_equal(pyramid.band[pyramid.scales - 1], CF_BAND_GRID);
    /* The weights are those of the cell that the first classifier is an instance of. */
    const struct cf_group *first = &netlist->groups[pyramid.group[0]];
    const struct cf_cell *cell = &netlist->cells[first->cell[0]];
    for (uint32_t t = 0; t < cell->term_count; t++)
        assert_int_equal(pyramid.weight[cell->terms[t].offset], cell->terms[t].weight * (1 << cell->terms[t].shift));
    assert_int_equal(pyramid.bias[0], cell->bias);
    cf_pyramid_free(&pyramid);
    cf_netlist_free(netlist);
}

/* Gives one gate a cell of its own, for a test to change. */
static struct cf_cell *own_cell(struct cf_netlist *netlist, const char *group, uint32_t index)
{
    struct cf_error err;
    uint32_t g = cf_netlist_find_group(netlist, group), cell;
    assert_true(g != UINT32_MAX);
    const struct cf_cell copy = netlist->cells[netlist->groups[g].cell[index]];
    assert_true(cf_netlist_add_cell(netlist, &copy, &cell, &err));
    netlist->groups[g].cell[index] = cell;
    return &netlist->cells[cell];
}

static void refused(struct cf_netlist *netlist, const char *gate)
{
    struct cf_pyramid pyramid;
    struct cf_error err;
    assert_true(cf_netlist_check(netlist, &err));
    assert_false(cf_pyramid_read(&pyramid, netlist, &err));
    assert_non_null(strstr(err.text, gate));
    cf_netlist_free(netlist);
}

static void names_what_it_refuses(void **state)
{
    (void)state;
    struct cf_netlist *netlist = load();
    own_cell(netlist, "s0.subtract", 4)->term_count -= 1;
    refused(netlist, " s0.subtract[");
    netlist = load();
    uint32_t last = netlist->groups[cf_netlist_find_group(netlist, "s0.classify")].count - 1;
    own_cell(netlist, "s0.classify", last)->bias += 1;
    refused(netlist, " s0.classify[");
    netlist = load();
    own_cell(netlist, "s0.classify", last)->term_count -= 1;
    refused(netlist, " s0.classify[");
    netlist = load();
    own_cell(netlist, "s0.pool", 0)->term_count -= 1;
    refused(netlist, " s0.pool[");
}

/* A threshold that changes for the whole class is another pyramid, not none. */
static void takes_another_threshold(void **state)
{
    (void)state;
    struct cf_netlist *netlist = load();
    struct cf_pyramid pyramid;
    struct cf_error err;
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        if (netlist->cells[c].activation == CF_STEP)
            netlist->cells[c].bias += 5;
    assert_true(cf_pyramid_read(&pyramid, netlist, &err));
    cf_pyramid_free(&pyramid);
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_all), cmocka_unit_test(names_what_it_refuses),
                                       cmocka_unit_test(takes_another_threshold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
