/* The engine against the reference simulator: every instruction set, mode and number of threads, on compiled
 * circuits, random blocks and arbitrary netlists, as they are and with gates mutated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/names.h"
#include "sim/word/engine.h"
#include "sim/word/linear.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

static void load_input(struct cf_workspace *w, const struct cf_plan *plan, const int64_t *nets)
{
    for (uint32_t i = 0; i < plan->netlist->groups[CF_INPUT].count; i++)
        cf_storage_put(cf_workspace_input(w), plan->layouts[CF_INPUT].storage, i, nets[i]);
}

/* The first net whose value is not the reference's, or UINT32_MAX. `*seen` counts the nets that are there. */
static uint32_t first_difference(const struct cf_workspace *w, const struct cf_plan *plan, const int64_t *nets,
                                 uint64_t *seen)
{
    const struct cf_netlist *n = plan->netlist;
    for (uint32_t g = 0; g < n->group_count; g++) {
        const void *values = cf_workspace_values(w, g);
        for (uint32_t i = 0; values && i < n->groups[g].count; i++) {
            if (cf_storage_get(values, plan->layouts[g].storage, i) != nets[n->groups[g].first_net + i])
                return n->groups[g].first_net + i;
            ++*seen;
        }
    }
    return UINT32_MAX;
}

static void run_one(const struct cf_netlist *n, const struct cf_kernels *kernels, enum cf_mode mode, int threads,
                    const int64_t *nets, uint64_t seed)
{
    struct cf_error err;
    struct cf_plan *plan = cf_plan_new(n, kernels, mode, &err);
    assert_done(plan != NULL, &err);
    struct cf_workspace *w = cf_workspace_new(plan, threads, &err);
    assert_done(w != NULL, &err);
    uint64_t seen = 0, wanted = 0;
    for (uint32_t g = 0; g < n->group_count; g++)
        wanted += mode == CF_ALL_GATES || g == CF_INPUT || n->groups[g].output ? n->groups[g].count : 0;
    load_input(w, plan, nets);
    cf_run(w);
    uint32_t bad = first_difference(w, plan, nets, &seen);
    if (bad != UINT32_MAX) {
        char name[CF_NAME_MAX];
        fail_msg("seed %u, %s, %s, %d threads: %s", (unsigned)seed, kernels->name,
                 mode == CF_ALL_GATES ? "all gates" : "decisions", threads, cf_net_name(n, bad, name, sizeof name));
    }
    assert_true(seen >= wanted);
    cf_workspace_free(w);
    cf_plan_free(plan);
}

static void check_all_ways(const struct cf_netlist *n, struct random_source *random, uint64_t seed)
{
    struct cf_error err;
    assert_non_null(n);
    assert_done(cf_netlist_check(n, &err), &err);
    int64_t *nets = calloc(n->net_count, sizeof *nets);
    assert_non_null(nets);
    random_input(random, n, nets);
    for (uint32_t i = 0; seed % 4 == 1 && i < n->groups[CF_INPUT].count; i++)
        nets[i] %= INT16_MAX; /* wide types whose values are not */
    cf_word_evaluate(n, nets);
    for (int k = 0; cf_kernels_at(k); k++)
        for (int mode = CF_ALL_GATES; mode <= CF_DECISIONS; mode++)
            for (int threads = 1; threads <= 3; threads += 2)
                run_one(n, cf_kernels_at(k), (enum cf_mode)mode, threads, nets, seed);
    free(nets);
}

static void circuits_simulate_as_the_reference(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random_source random = {seed};
        struct cf_netlist *n = random_circuit(&random);
        check_all_ways(n, &random, seed);
        cf_netlist_free(n);
    }
}

static void mutated_circuits_simulate_as_mutated(void **state)
{
    (void)state;
    uint64_t changed = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random_source random = {seed ^ 0x1234};
        struct cf_netlist *n = random_circuit(&random);
        static const uint32_t counts[] = {1, 3, 20};
        changed += mutate_gates(&random, n, counts[seed % 3]);
        check_all_ways(n, &random, seed);
        cf_netlist_free(n);
    }
    assert_true(changed > 100);
}

static void blocks_simulate_as_the_reference(void **state)
{
    (void)state;
    uint64_t kinds[4] = {0};
    for (uint64_t seed = 0; seed < 250; seed++) {
        struct random_source random = {seed ^ 0xb10c};
        struct cf_netlist *n = random_blocks(&random);
        if (seed % 2)
            mutate_gates(&random, n, 5);
        check_all_ways(n, &random, seed);
        struct cf_error err;
        struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_ALL_GATES, &err);
        for (uint32_t g = 0; plan && g < n->group_count; g++)
            kinds[plan->layouts[g].kind]++;
        cf_plan_free(plan);
        cf_netlist_free(n);
    }
    assert_true(kinds[CF_LAYOUT_ROWS] > 100 && kinds[CF_LAYOUT_DENSE] > 100 && kinds[CF_LAYOUT_GENERAL] > 100);
}

/* A group of ROWS x lanes gates with one port on group `source`, where each gate reads from its row of it on, or (when
 * scattered) from anywhere. `terms` and `weight` are those of its only cell. */
static void add_group(struct cf_netlist *n, const char *name, uint32_t lanes, uint32_t source, uint32_t terms,
                      bool dense, struct random_source *scattered)
{
    enum { ROWS = 12 };
    struct cf_error err;
    struct cf_type type = n->groups[source].type;
    struct cf_term term[64] = {{0}};
    for (uint32_t t = 0; t < terms; t++)
        term[t] = (struct cf_term){.offset = t, .weight = -1};
    struct cf_cell cell = {.ports = &type, .terms = term, .port_count = 1, .term_count = terms};
    uint32_t shape[2] = {ROWS, lanes}, index, width = cf_group_lanes(&n->groups[source]);
    assert_true(cf_cell_infer_type(&cell, 0));
    assert_done(cf_netlist_add_cell(n, &cell, &index, &err), &err);
    assert_done(cf_netlist_add_group(n, name, 2, shape, 1, cell.type, true, &err), &err);
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t place = scattered ? (uint32_t)random_between(scattered, 0, n->groups[source].count - 1)
                                   : i / lanes * width + (dense ? 0 : i % lanes);
        group->cell[i] = index;
        group->base[i] = n->groups[source].first_net + place;
    }
}

/* Rows read the second of two products, or gates without a kernel: they wait for them, whatever else is ready. */
static void check_waiting(enum cf_layout_kind kind)
{
    struct cf_error err;
    struct random_source random = {5};
    struct cf_netlist *n = cf_netlist_new("waits", &err);
    assert_non_null(n);
    assert_done(cf_netlist_add_group(n, "input", 2, (uint32_t[]){12, 64}, 0, (struct cf_type){8, true, 0}, false, &err),
                &err);
    add_group(n, "first", 80, CF_INPUT, 64, true, NULL);
    if (kind == CF_LAYOUT_DENSE)
        add_group(n, "second", 80, CF_INPUT, 60, true, NULL);
    else
        add_group(n, "scattered", 64, CF_INPUT, 1, false, &random);
    add_group(n, "rows", 64, 2, 1, false, NULL);
    struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_ALL_GATES, &err);
    assert_done(plan != NULL, &err);
    assert_int_equal(plan->layouts[1].kind, CF_LAYOUT_DENSE);
    assert_int_equal(plan->layouts[2].kind, kind);
    assert_int_equal(plan->layouts[3].kind, CF_LAYOUT_ROWS);
    cf_plan_free(plan);
    check_all_ways(n, &random, 5);
    cf_netlist_free(n);
}

static void rows_wait_for_what_they_read(void **state)
{
    (void)state;
    check_waiting(CF_LAYOUT_DENSE);
    check_waiting(CF_LAYOUT_GENERAL);
}

/* ---- normalised heads ---- */

enum { NORM_ROWS = 12, NORM_CHANNELS = 40 };

/* Adds a group of one cell per lane, in which gate (row, lane) reads port p from the nets of `from[p]`'s row `row`. */
static void add_rows_of(struct cf_netlist *n, const char *name, uint32_t lanes, struct cf_cell *cells,
                        const uint32_t *from, bool output)
{
    struct cf_error err;
    uint32_t shape[2] = {NORM_ROWS, lanes}, index[128], ports = cells[0].port_count;
    struct cf_type type = cells[0].type;
    for (uint32_t l = 0; l < lanes; l++) {
        assert_true(cf_cell_infer_type(&cells[l], 0));
        type = cells[l].type.width > type.width ? cells[l].type : type;
    }
    for (uint32_t l = 0; l < lanes; l++) {
        cells[l].type = type;
        assert_done(cf_netlist_add_cell(n, &cells[l], &index[l], &err), &err);
    }
    assert_done(cf_netlist_add_group(n, name, 2, shape, ports, type, output, &err), &err);
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        group->cell[i] = index[i % lanes];
        for (uint32_t p = 0; p < ports; p++)
            group->base[i * ports + p] = n->groups[from[p]].first_net + i / lanes * cf_group_lanes(&n->groups[from[p]]);
    }
}

/* Four times each row less the first of its pair: what a subtract makes of the input. */
static void add_band(struct cf_netlist *n)
{
    struct cf_error err;
    const struct cf_type ports[2] = {n->groups[CF_INPUT].type, n->groups[CF_INPUT].type};
    const struct cf_term terms[2] = {{.weight = 1, .shift = 2}, {.weight = -1, .port = 1}};
    struct cf_cell cell = {.ports = ports, .terms = terms, .port_count = 2, .term_count = 2};
    uint32_t index;
    assert_true(cf_cell_infer_type(&cell, 0));
    assert_done(cf_netlist_add_cell(n, &cell, &index, &err), &err);
    assert_done(cf_netlist_add_group(n, "band", 2, (uint32_t[]){NORM_ROWS, NORM_CHANNELS}, 2, cell.type, false, &err),
                &err);
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t row = i / NORM_CHANNELS;
        group->cell[i] = index;
        group->base[2 * i] = i;
        group->base[2 * i + 1] = i - row % 2 * NORM_CHANNELS;
    }
}

/* The sum of each row, the root of D * (sum of squares) - sum^2 + 7, and `lanes` gates on the row, its sum and its
 * root: steps, and as many linear ones. `common` is a factor of the row's weights. The rows are those of the input, or
 * of a band that is made from it. */
static struct cf_netlist *normalised(struct random_source *random, struct cf_type input, int32_t common, uint32_t lanes,
                                     bool band)
{
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("normalised", &err);
    assert_non_null(n);
    assert_done(cf_netlist_add_group(n, "input", 2, (uint32_t[]){NORM_ROWS, NORM_CHANNELS}, 0, input, false, &err),
                &err);
    if (band)
        add_band(n);
    uint32_t rows = band ? 1 : 0, sum = rows + 1, root = rows + 2;
    input = n->groups[rows].type;
    static struct cf_term terms[64][NORM_CHANNELS + 2];
    struct cf_cell cells[64];
    for (uint32_t t = 0; t < NORM_CHANNELS; t++)
        terms[0][t] = (struct cf_term){.offset = t, .weight = 1};
    cells[0] = (struct cf_cell){.ports = &input, .terms = terms[0], .port_count = 1, .term_count = NORM_CHANNELS};
    add_rows_of(n, "sum", 1, cells, (uint32_t[]){rows}, false);
    struct cf_type ports[3] = {input, n->groups[sum].type};
    for (uint32_t t = 0; t < NORM_CHANNELS; t++)
        terms[0][t] = (struct cf_term){.offset = t, .weight = NORM_CHANNELS, .square = true};
    terms[0][NORM_CHANNELS] = (struct cf_term){.port = 1, .weight = -1, .square = true};
    cells[0] = (struct cf_cell){.ports = ports,
                                .terms = terms[0],
                                .port_count = 2,
                                .term_count = NORM_CHANNELS + 1,
                                .bias = 7,
                                .activation = CF_ROOT};
    add_rows_of(n, "root", 1, cells, (uint32_t[]){rows, sum}, false);
    ports[2] = n->groups[root].type;
    for (int step = 0; step < 2; step++) {
        for (uint32_t l = 0; l < lanes; l++) {
            for (uint32_t t = 0; t < NORM_CHANNELS; t++)
                terms[l][t] = (struct cf_term){
                    .offset = t, .weight = common * (int32_t)(random_between(random, 1, 127) * (t % 2 ? 1 : -1))};
            terms[l][NORM_CHANNELS] = (struct cf_term){.port = 1, .weight = (int32_t)random_between(random, 1, 100000)};
            terms[l][NORM_CHANNELS + 1] =
                (struct cf_term){.port = 2, .shift = 3, .weight = -(int32_t)random_between(random, 1, 100000)};
            cells[l] = (struct cf_cell){.ports = ports,
                                        .terms = terms[l],
                                        .port_count = 3,
                                        .term_count = NORM_CHANNELS + 2 - l % 2,
                                        .bias = random_between(random, -1000, 1000),
                                        .activation = step ? CF_STEP : CF_LINEAR};
        }
        add_rows_of(n, step ? "classify" : "box", lanes, cells, (uint32_t[]){rows, sum, root}, true);
    }
    return n;
}

/* The products are a matrix of small weights, times their common factor, and the sum and root are added to each. */
static void normalised_heads_are_products_with_extras(void **state)
{
    (void)state;
    static const struct cf_type inputs[] = {{8, true, 0}, {7, false, 0}, {13, true, 0}, {17, true, 0}, {20, true, 0}};
    for (uint64_t seed = 0; seed < 25; seed++) {
        struct random_source random = {seed ^ 0x4075};
        struct cf_error err;
        uint32_t lanes = (uint32_t)random_between(&random, 2, 40);
        struct cf_netlist *n = normalised(&random, inputs[seed % 5], seed % 3 ? 768 : 1, lanes, false);
        assert_done(cf_netlist_check(n, &err), &err);
        struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
        assert_done(plan != NULL, &err);
        for (uint32_t g = 3; g < 5; g++) {
            assert_int_equal(plan->layouts[g].kind, CF_LAYOUT_DENSE);
            assert_int_equal(plan->layouts[g].dense->extra_count, 2);
            assert_int_equal(plan->layouts[g].dense->factor % (seed % 3 ? 768 : 1), 0);
        }
        assert_int_equal(cf_plan_general_gates(plan), NORM_ROWS); /* the roots */
        cf_plan_free(plan);
        check_all_ways(n, &random, seed);
        mutate_gates(&random, n, (uint32_t)random_between(&random, 1, 10));
        check_all_ways(n, &random, seed);
        cf_netlist_free(n);
    }
}

/* Decisions with extras take their products from the classified input where that gains something, and their extras from
 * the rows; mutated gates leave that way. */
static void normalised_bands_have_the_linear_form(void **state)
{
    (void)state;
    uint32_t fast = 0, mixed = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct random_source random = {seed ^ 0x6a2d};
        struct cf_error err;
        uint32_t lanes = (uint32_t)random_between(&random, CF_FEW_LANES - 1, 40);
        struct cf_netlist *n = normalised(&random, (struct cf_type){8, true, 0}, seed % 3 ? 768 : 1, lanes, true);
        assert_done(cf_netlist_check(n, &err), &err);
        for (int mutated = 0; mutated < 2; mutated++) {
            struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
            assert_done(plan != NULL, &err);
            const struct cf_linear *linear = plan->linear;
            if (!mutated && lanes > CF_FEW_LANES) {
                assert_false(linear->whole);
                assert_int_equal(linear->exact.exact_gates, 0);
                assert_int_equal(linear->exact.fast_gates, 2 * NORM_ROWS * lanes);
                fast++;
            }
            mixed += !linear->whole && linear->exact.fast_gates > 0 && linear->exact.exact_gates > 0;
            cf_plan_free(plan);
            check_all_ways(n, &random, seed);
            mutate_gates(&random, n, (uint32_t)random_between(&random, 1, 3));
        }
        cf_netlist_free(n);
    }
    assert_true(fast > 10 && mixed > 0);
}

static void arbitrary_netlists_simulate_as_the_reference(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        struct random_source random = {seed};
        options.beyond = seed % 3 == 0;
        if (seed % 2)
            options.width = 63;
        struct cf_netlist *n = random_netlist(&options);
        check_all_ways(n, &random, seed);
        cf_netlist_free(n);
    }
}

/* ---- the plan ---- */

static struct cf_netlist *plain_circuit(struct random_source *random)
{
    struct cf_netlist *n;
    do /* until it is one that has several positions, and whose sums fit 32 bits */
        n = random_circuit(random);
    while (n &&
           (n->groups[CF_INPUT].type.width != 8 || n->groups[CF_INPUT].count / cf_group_lanes(n->groups) < 16 ||
            cf_group_lanes(&n->groups[CF_INPUT]) < 16) &&
           (cf_netlist_free(n), true));
    assert_non_null(n);
    return n;
}

static void only_mutated_gates_leave_their_layout(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct random_source random = {seed ^ 0x91a7};
        struct cf_error err;
        struct cf_netlist *n = plain_circuit(&random);
        struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
        assert_done(plan != NULL, &err);
        assert_int_equal(cf_plan_general_gates(plan), 0);
        cf_plan_free(plan);
        uint32_t changed = mutate_gates(&random, n, 4);
        plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
        assert_done(plan != NULL, &err);
        assert_true(cf_plan_general_gates(plan) <= changed);
        cf_plan_free(plan);
        cf_netlist_free(n);
    }
}

/* A step's outputs change when a weight does: the comparison above can fail. */
static void a_wrong_weight_shows(void **state)
{
    (void)state;
    struct random_source random = {77};
    struct cf_error err;
    for (int k = 0; cf_kernels_at(k); k++) {
        struct cf_netlist *n = plain_circuit(&random);
        struct cf_plan *plan = cf_plan_new(n, cf_kernels_at(k), CF_ALL_GATES, &err);
        assert_done(plan != NULL, &err);
        struct cf_workspace *w = cf_workspace_new(plan, 1, &err);
        int64_t *nets = calloc(n->net_count, sizeof *nets);
        uint64_t seen = 0;
        uint32_t last = n->group_count - 1, differences = 0;
        assert_int_equal(plan->layouts[last].kind, CF_LAYOUT_DENSE);
        const struct cf_dense *packed = &plan->layouts[last].dense->packed;
        /* Every weight of lane 0 becomes larger: its sums move by the sum of the operands. */
        for (uint32_t k2 = 0; k2 < packed->padded_inputs && packed->storage == CF_STORE16; k2++) {
            uint32_t span = 2, width = cf_dense_panels(packed, 0) * CF_PANEL;
            int16_t *weight = (int16_t *)packed->weights + k2 / span * span * width + k2 % span;
            *weight = (int16_t)(*weight + 90);
        }
        for (int frame = 0; frame < 50 && packed->storage == CF_STORE16; frame++) {
            random_input(&random, n, nets);
            cf_word_evaluate(n, nets);
            load_input(w, plan, nets);
            cf_run(w);
            differences += first_difference(w, plan, nets, &seen) != UINT32_MAX;
        }
        if (packed->storage == CF_STORE16)
            assert_true(differences > 0);
        free(nets);
        cf_workspace_free(w);
        cf_plan_free(plan);
        cf_netlist_free(n);
    }
}

/* ---- decisions from the classified input ---- */

static void circuits_have_the_linear_form(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random_source random = {seed ^ 0x11ea};
        struct cf_error err;
        struct cf_netlist *n = plain_circuit(&random);
        struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
        assert_done(plan != NULL, &err);
        if (!plan->linear->whole) {
            assert_true(plan->linear->exact.fast_gates > 0);
            assert_int_equal(plan->linear->exact.exact_gates, 0);
            assert_int_equal(plan->linear->exact.helper_gates, 0);
        }
        cf_plan_free(plan);
        cf_netlist_free(n);
    }
}

/* One changed pool gate taints the positions that it feeds, and those alone are run exactly. */
static void a_mutated_pool_taints_what_reads_it(void **state)
{
    (void)state;
    struct cf_error err;
    uint32_t tried = 0;
    for (uint64_t seed = 0; tried < 10; seed++) {
        struct random_source random = {seed ^ 0x7a17};
        struct cf_netlist *n = plain_circuit(&random);
        struct cf_plan *plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
        assert_done(plan != NULL, &err);
        bool fast = !plan->linear->whole;
        cf_plan_free(plan);
        /* s0.pool is read by s0.subtract, whose classifiers are outputs. */
        struct cf_group *pool = &n->groups[cf_netlist_find_group(n, "s0.pool")];
        if (fast && cf_netlist_find_group(n, "s0.subtract") != UINT32_MAX) {
            struct cf_cell cell = n->cells[pool->cell[0]];
            struct cf_term terms[4096];
            memcpy(terms, cell.terms, cell.term_count * sizeof *terms);
            terms[0].weight = -1;
            cell.terms = terms;
            uint32_t index;
            assert_done(cf_netlist_add_cell(n, &cell, &index, &err), &err);
            pool->cell[pool->count / 2] = index;
            assert_done(cf_netlist_check(n, &err), &err);
            plan = cf_plan_new(n, &cf_kernels_portable, CF_DECISIONS, &err);
            assert_done(plan != NULL, &err);
            assert_true(plan->linear->exact.exact_gates > 0);
            assert_true(plan->linear->rows[cf_netlist_find_group(n, "s0.subtract")].tainted_count >= 4);
            cf_plan_free(plan);
            check_all_ways(n, &random, seed);
            tried++;
        }
        cf_netlist_free(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circuits_simulate_as_the_reference),
        cmocka_unit_test(mutated_circuits_simulate_as_mutated),
        cmocka_unit_test(blocks_simulate_as_the_reference),
        cmocka_unit_test(rows_wait_for_what_they_read),
        cmocka_unit_test(normalised_heads_are_products_with_extras),
        cmocka_unit_test(normalised_bands_have_the_linear_form),
        cmocka_unit_test(arbitrary_netlists_simulate_as_the_reference),
        cmocka_unit_test(only_mutated_gates_leave_their_layout),
        cmocka_unit_test(a_wrong_weight_shows),
        cmocka_unit_test(circuits_have_the_linear_form),
        cmocka_unit_test(a_mutated_pool_taints_what_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
