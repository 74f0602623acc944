/* Adversarial vectors: every aim that is said to be met is met, by the reference's own sums; and no wrong weight of a
 * classifier gets past them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/cell.h"
#include "netlists/linear_form.h"
#include "sim/vectors/vectors.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

static int64_t sum_of_gate(const struct cf_netlist *n, uint32_t net, const int64_t *nets)
{
    const struct cf_group *group = &n->groups[cf_netlist_group_of(n, net)];
    uint32_t index = net - group->first_net;
    return cf_cell_sum(&n->cells[group->cell[index]], cf_instance_bases(group, index), nets);
}

/* The values of all nets in a frame. */
static void evaluate(const struct cf_netlist *n, const int32_t *frame, int64_t *nets)
{
    for (uint32_t i = 0; i < n->groups[CF_INPUT].count; i++) {
        nets[i] = frame[i];
        assert_true(nets[i] >= cf_type_min(n->groups[CF_INPUT].type));
        assert_true(nets[i] <= cf_type_max(n->groups[CF_INPUT].type));
    }
    cf_word_evaluate(n, nets);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b ? common_divisor(b, a % b) : a < 0 ? -a : a;
}

/* The greatest common divisor of the factors that the gate's sum has. */
static int64_t divisor_of(struct cf_form_finder *finder, uint32_t net)
{
    struct cf_linear_form form;
    int64_t divisor = 0;
    assert_true(cf_find_form(finder, net, &form));
    for (uint32_t i = 0; i < form.count; i++)
        divisor = common_divisor(divisor, form.factor[i]);
    return divisor;
}

/* Is this sum what was wished for? The edge's sums are multiples of the divisor apart, and -1, 0, 1 where it is 1. */
static void check_sum(enum cf_wish wish, int64_t sum, int64_t divisor, int64_t of_random_input)
{
    switch (wish) {
    case CF_SUM_BELOW:
        assert_true(sum < 0 && sum >= -divisor);
        break;
    case CF_SUM_AT:
        assert_true(sum >= 0 && sum < divisor);
        break;
    case CF_SUM_ABOVE:
        assert_true(sum >= divisor && sum < 2 * divisor);
        break;
    case CF_SUM_LEAST:
        assert_true(sum <= of_random_input);
        break;
    default:
        assert_true(sum >= of_random_input);
    }
}

static void check_vectors(const struct cf_netlist *n, uint32_t *met, uint32_t *edge)
{
    struct cf_vectors v;
    struct cf_error err;
    struct random_source random = {99};
    assert_done(cf_vectors_make(&v, n, &err), &err);
    struct cf_form_finder *finder = cf_form_finder_new(n);
    int64_t *nets = calloc(n->net_count, sizeof *nets), *other = calloc(n->net_count, sizeof *other);
    random_input(&random, n, other);
    cf_word_evaluate(n, other);
    uint32_t frame = UINT32_MAX, counted = 0;
    for (uint32_t i = 0; i < v.aim_count; i++) {
        const struct cf_aim *aim = &v.aims[i];
        if (aim->frame == UINT32_MAX)
            continue;
        if (aim->frame != frame)
            evaluate(n, v.frames[frame = aim->frame], nets);
        int64_t sum = sum_of_gate(n, aim->net, nets);
        assert_int_equal(sum, aim->sum);
        check_sum(aim->wish, sum, divisor_of(finder, aim->net), sum_of_gate(n, aim->net, other));
        counted++;
        *edge += aim->wish <= CF_SUM_ABOVE;
    }
    assert_int_equal(counted, v.met);
    assert_int_equal(v.aim_count, CF_WISH_COUNT * v.gates);
    *met += v.met;
    free(nets);
    free(other);
    cf_form_finder_free(finder);
    cf_vectors_free(&v);
}

static void aims_are_met(void **state)
{
    (void)state;
    uint32_t met = 0, edge = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct random_source random = {seed ^ 0xa1};
        struct cf_netlist *n = random_circuit(&random);
        if (seed % 2)
            mutate_gates(&random, n, 3);
        check_vectors(n, &met, &edge);
        cf_netlist_free(n);
    }
    assert_true(met > 1000 && edge > 300);
}

static void arbitrary_netlists_have_vectors_too(void **state)
{
    (void)state;
    uint32_t met = 0, edge = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.frames = true;
        options.beyond = seed % 4 == 0;
        struct cf_netlist *n = random_netlist(&options);
        check_vectors(n, &met, &edge);
        cf_netlist_free(n);
    }
}

/* A form evaluates to the gate's sum, whatever the input. */
static void linear_forms_are_the_sums(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random_source random = {seed ^ 0xf0};
        struct cf_netlist *n = random_circuit(&random);
        struct cf_form_finder *finder = cf_form_finder_new(n);
        int64_t *nets = calloc(n->net_count, sizeof *nets);
        random_input(&random, n, nets);
        cf_word_evaluate(n, nets);
        for (int i = 0; i < 50; i++) {
            struct cf_linear_form form;
            uint32_t net = (uint32_t)random_between(&random, n->groups[CF_INPUT].count, n->net_count - 1);
            assert_true(cf_find_form(finder, net, &form));
            int64_t sum = form.constant;
            for (uint32_t t = 0; t < form.count; t++)
                sum += form.factor[t] * nets[form.input[t]];
            assert_int_equal(sum, sum_of_gate(n, net, nets));
        }
        free(nets);
        cf_form_finder_free(finder);
        cf_netlist_free(n);
    }
}

/* ---- wrong weights ----------------------------------------------------------------------------------------------- */

/* A netlist, its vectors, and the values of all its nets in them. */
struct bench {
    struct cf_netlist *netlist;
    struct cf_vectors vectors;
    int64_t **nets; /* [frames][net_count] */
};

static void set_up(struct bench *bench, struct cf_netlist *netlist)
{
    struct cf_error err;
    bench->netlist = netlist;
    assert_done(cf_vectors_make(&bench->vectors, netlist, &err), &err);
    bench->nets = calloc(bench->vectors.count, sizeof *bench->nets);
    for (uint32_t f = 0; f < bench->vectors.count; f++) {
        bench->nets[f] = calloc(netlist->net_count, sizeof **bench->nets);
        evaluate(netlist, bench->vectors.frames[f], bench->nets[f]);
    }
}

static void tear_down(struct bench *bench)
{
    for (uint32_t f = 0; f < bench->vectors.count; f++)
        free(bench->nets[f]);
    free(bench->nets);
    cf_vectors_free(&bench->vectors);
    cf_netlist_free(bench->netlist);
}

/* Does any gate that is placed as cell `index` decide otherwise as `changed`, in any frame? No gate reads it. */
static bool decision_changes(const struct bench *bench, uint32_t index, const struct cf_cell *changed)
{
    const struct cf_netlist *n = bench->netlist;
    for (uint32_t f = 0; f < bench->vectors.count; f++)
        for (uint32_t g = 1; g < n->group_count; g++)
            for (uint32_t i = 0; i < n->groups[g].count; i++) {
                if (n->groups[g].cell[i] != index)
                    continue;
                int64_t sum = cf_cell_sum(changed, cf_instance_bases(&n->groups[g], i), bench->nets[f]);
                if (cf_cell_output(changed, sum) != bench->nets[f][n->groups[g].first_net + i])
                    return true;
            }
    return false;
}

struct tally {
    uint32_t weights, weights_found, gaps, gaps_found, biases, biases_found, swaps, swaps_found;
};

/* A wire too many, to a net of the row that the cell reads otherwise: a weight of 0 that is 1 or -1. */
static void add_wires(const struct bench *bench, uint32_t index, uint32_t channels, struct tally *tally)
{
    struct cf_cell cell = bench->netlist->cells[index];
    struct cf_term *terms = calloc(cell.term_count + 1, sizeof *terms);
    memcpy(terms, cell.terms, cell.term_count * sizeof *terms);
    cell.terms = terms;
    uint32_t last = cell.term_count++;
    for (uint32_t offset = 0, t = 0; offset < channels; offset++) {
        if (t < last && terms[t].offset == offset) {
            t++;
            continue;
        }
        for (int32_t weight = -1; weight <= 1; weight += 2) {
            terms[last] = (struct cf_term){.offset = offset, .weight = weight};
            tally->gaps++;
            tally->gaps_found += decision_changes(bench, index, &cell);
        }
    }
    free(terms);
}

/* Every weight of the cell, one up and one down (two where one would make it 0, which is no weight), and its bias. */
static void change_cell(const struct bench *bench, uint32_t index, struct tally *tally)
{
    struct cf_cell cell = bench->netlist->cells[index];
    struct cf_term *terms = calloc(cell.term_count, sizeof *terms);
    memcpy(terms, cell.terms, cell.term_count * sizeof *terms);
    cell.terms = terms;
    for (int32_t delta = -1; delta <= 1; delta += 2) {
        for (uint32_t t = 0; t < cell.term_count; t++) {
            int32_t weight = terms[t].weight;
            terms[t].weight += weight + delta ? delta : 2 * delta;
            tally->weights++;
            tally->weights_found += decision_changes(bench, index, &cell);
            terms[t].weight = weight;
        }
        cell.bias += delta;
        tally->biases++;
        tally->biases_found += decision_changes(bench, index, &cell);
        cell.bias -= delta;
    }
    for (uint32_t t = 0; t + 1 < cell.term_count; t++) { /* two weights change places */
        int32_t a = terms[t].weight, b = terms[t + 1].weight;
        terms[t].weight = b;
        terms[t + 1].weight = a;
        tally->swaps += a != b;
        tally->swaps_found += a != b && decision_changes(bench, index, &cell);
        terms[t].weight = a;
        terms[t + 1].weight = b;
    }
    free(terms);
}

/* Each cell that is a classifier's. Returns their number. */
static uint32_t change_all_cells(const struct bench *bench, uint32_t channels, struct tally *tally)
{
    uint32_t classifiers = 0;
    for (uint32_t c = 0; c < bench->netlist->cell_count; c++)
        if (bench->netlist->cells[c].activation == CF_STEP) {
            classifiers++;
            change_cell(bench, c, tally);
            add_wires(bench, c, channels, tally);
        }
    return classifiers;
}

/* What is asserted: in the circuits below every operand can be other than 0 at the threshold, so *every* weight of
 * every classifier, those of 0 included, changed by one in either direction, changes a decision in these frames. So
 * does every bias, except where all sums have a common divisor: then a bias may be off by one and the circuit is still
 * the same function. */
static void every_wrong_weight_shows(void **state)
{
    enum { CLASSES = 7, CHANNELS = 24 };
    static const struct {
        struct cf_compile_options options;
        bool divided; /* positions with clamped edges alone: the top sums are multiples of 16 apart */
    } shapes[] = {
        {{16, 16, 3, CF_NEAREST, CF_DIRECT, CF_RESIDUAL, CF_PAD_NONE, false, 8, 0.5, 0.04, 0}, false},
        {{16, 16, 2, CF_BILINEAR, CF_DIRECT, CF_RESIDUAL, CF_PAD_NONE, false, 8, 0.5, 0.04, 0}, false},
        {{8, 8, 3, CF_NEAREST, CF_ITERATED, CF_RESIDUAL, CF_PAD_NONE, true, 8, 0.1, 0.04, 0}, false},
        {{16, 8, 3, CF_NEAREST, CF_DIRECT, CF_COFIBER, CF_PAD_NONE, false, 8, 0.5, 0.04, 0}, false},
        {{8, 8, 3, CF_BILINEAR, CF_ITERATED, CF_COFIBER, CF_PAD_NONE, false, 8, 0.5, 0.04, 0}, true},
        {{8, 8, 2, CF_NEAREST, CF_DIRECT, CF_RESIDUAL, CF_PAD_NONE, false, 2, 0.5, 4, 0}, false},
        {{8, 16, 2, CF_BILINEAR, CF_DIRECT, CF_RESIDUAL, CF_PAD_NONE, false, 16, 0.5, 0.0002, 0}, false},
    };
    (void)state;
    struct tally all = {0};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct random_source random = {s};
        struct bench bench;
        struct tally tally = {0};
        set_up(&bench, circuit_of_random_head(&random, CLASSES, CHANNELS, &shapes[s].options));
        assert_int_equal(change_all_cells(&bench, CHANNELS, &tally), CLASSES * shapes[s].options.scales);
        assert_int_equal(bench.vectors.gates, CLASSES * shapes[s].options.scales);
        assert_int_equal(bench.vectors.guarded, bench.vectors.gates);
        assert_int_equal(tally.weights_found, tally.weights);
        assert_int_equal(tally.gaps_found, tally.gaps);
        if (!shapes[s].divided)
            assert_int_equal(tally.biases_found, tally.biases);
        all.weights += tally.weights;
        all.gaps += tally.gaps;
        all.swaps += tally.swaps;
        all.swaps_found += tally.swaps_found;
        tear_down(&bench);
    }
    print_message("%u weights off by one and %u wires too many, all found; %u of %u pairs of weights swapped\n",
                  all.weights, all.gaps, all.swaps_found, all.swaps);
    assert_true(all.weights > 4000 && all.gaps > 1000);
    assert_true(all.swaps_found > all.swaps / 100 * 97);
}

/* One gate of many with a cell of its own: it is aimed at, and its cell changed back changes its decision. */
static void a_gate_of_its_own_is_aimed_at(void **state)
{
    (void)state;
    struct random_source random = {77};
    struct cf_compile_options options = {16,          16,    2, CF_NEAREST, CF_DIRECT, CF_RESIDUAL,
                                         CF_PAD_NONE, false, 8, 0.5,        0.04,      0};
    for (int round = 0; round < 20; round++) {
        struct cf_netlist *n = circuit_of_random_head(&random, 5, 16, &options);
        struct cf_group *group = &n->groups[n->group_count - 1];
        assert_true(group->output && group->type.width == 1);
        uint32_t at = (uint32_t)random_between(&random, 0, group->count - 1), old = group->cell[at];
        struct cf_cell cell = n->cells[old];
        struct cf_term *terms = calloc(cell.term_count, sizeof *terms);
        memcpy(terms, cell.terms, cell.term_count * sizeof *terms);
        cell.terms = terms;
        struct cf_term *term = &terms[random_next(&random) % cell.term_count];
        term->weight += term->weight == -1 ? 2 : 1;
        struct cf_error err;
        assert_done(cf_netlist_add_cell(n, &cell, &group->cell[at], &err), &err);
        free(terms);
        struct bench bench;
        set_up(&bench, n);
        assert_int_equal(bench.vectors.gates, 5 * options.scales + 1);
        assert_true(decision_changes(&bench, group->cell[at], &n->cells[old]));
        tear_down(&bench);
    }
}

/* Gates of their own beyond what a bounded number of frames can hold are counted, not forgotten. */
static void gates_left_out_are_counted(void **state)
{
    (void)state;
    struct random_source random = {78};
    struct cf_compile_options options = {16,          16,    2, CF_NEAREST, CF_DIRECT, CF_RESIDUAL,
                                         CF_PAD_NONE, false, 8, 0.5,        0.04,      0};
    struct cf_netlist *n = circuit_of_random_head(&random, 12, 16, &options);
    struct cf_group *group = &n->groups[cf_netlist_find_group(n, "s0.classify")];
    uint32_t own = group->count / 3;
    for (uint32_t i = 0; i < own; i++) {
        struct cf_cell cell = n->cells[group->cell[i]];
        struct cf_error err;
        cell.bias += i + 1;
        assert_done(cf_netlist_add_cell(n, &cell, &group->cell[i], &err), &err);
    }
    struct cf_vectors v;
    struct cf_error err;
    assert_done(cf_vectors_make(&v, n, &err), &err);
    assert_true(v.left_out > 0 && v.count < 100);
    assert_int_equal(v.gates + v.left_out, 2 * 12 + own);
    cf_vectors_free(&v);
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aims_are_met),
        cmocka_unit_test(arbitrary_netlists_have_vectors_too),
        cmocka_unit_test(linear_forms_are_the_sums),
        cmocka_unit_test(every_wrong_weight_shows),
        cmocka_unit_test(a_gate_of_its_own_is_aimed_at),
        cmocka_unit_test(gates_left_out_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
