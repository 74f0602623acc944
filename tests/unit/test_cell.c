/* What a cell computes and how wide that gets: against brute force over all values of its ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/cell.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

static void types_have_their_ends(void **state)
{
    (void)state;
    assert_true(cf_type_min(SIGNED(1, 0)) == -1 && cf_type_max(SIGNED(1, 0)) == 0);
    assert_true(cf_type_min(UNSIGNED(1, 0)) == 0 && cf_type_max(UNSIGNED(1, 0)) == 1);
    assert_true(cf_type_min(SIGNED(8, 3)) == -128 && cf_type_max(SIGNED(8, 3)) == 127);
    assert_true(cf_type_min(UNSIGNED(8, -3)) == 0 && cf_type_max(UNSIGNED(8, -3)) == 255);
    assert_true(cf_type_min(SIGNED(63, 0)) == -((int64_t)1 << 62) && cf_type_max(SIGNED(63, 0)) == (INT64_MAX >> 1));
    assert_true(cf_type_max(UNSIGNED(63, 0)) == INT64_MAX);
}

/* The width of a range is the first w with -2^(w-1) <= min and max < 2^(w-1). */
static void width_is_the_narrowest(void **state)
{
    (void)state;
    for (int64_t min = -300; min <= 300; min++)
        for (int64_t max = min; max <= 300; max++) {
            int width = 1;
            for (int64_t half = 1; min < -half || max >= half; half *= 2)
                width++;
            assert_int_equal(cf_signed_width(min, max), width);
        }
    assert_int_equal(cf_signed_width(-512, 508), 10);
    assert_int_equal(cf_signed_width(-512, 512), 11);
    assert_int_equal(cf_signed_width(0, (int64_t)1 << 61), 63);
    assert_int_equal(cf_signed_width(-((int64_t)1 << 61), 0), 62);
    assert_int_equal(cf_signed_width(-((int64_t)1 << 62), (INT64_MAX >> 1)), 63);
}

/* Small random cells on up to four nets: every combination of net values is tried. */
static void range_is_exact_and_attained(void **state)
{
    (void)state;
    struct random_source random = {1};
    for (int trial = 0; trial < 3000; trial++) {
        struct cf_type ports[2];
        struct cf_term terms[3];
        uint32_t bases[2] = {0, 3};
        int64_t nets[6] = {0};
        for (int p = 0; p < 2; p++)
            ports[p] = (struct cf_type){(uint8_t)random_between(&random, 1, 3), random_next(&random) % 2, 0};
        struct cf_cell cell = {ports, terms, 2, (uint32_t)random_between(&random, 0, 3), 0, CF_LINEAR, {0}};
        cell.bias = random_between(&random, -20, 20);
        for (uint32_t t = 0; t < cell.term_count; t++) {
            int32_t weight = (int32_t)random_between(&random, 1, 9);
            terms[t] = (struct cf_term){.offset = t,
                                        .weight = random_next(&random) % 2 ? weight : -weight,
                                        .port = (uint8_t)random_between(&random, 0, 1),
                                        .shift = (uint8_t)random_between(&random, 0, 3),
                                        .square = random_next(&random) % 3 == 0};
        }
        int64_t lowest = INT64_MAX, highest = INT64_MIN;
        for (int code = 0; code < 8 * 8 * 8; code++) {
            int64_t expected = cell.bias;
            bool possible = true;
            for (uint32_t t = 0; t < 3; t++) {
                struct cf_type type = ports[terms[t < cell.term_count ? t : 0].port];
                int64_t low = type.is_signed ? -(1 << (type.width - 1)) : 0;
                int64_t value = low + (code >> (3 * t)) % 8;
                if (t >= cell.term_count || value - low >= 1 << type.width) {
                    possible = possible && t >= cell.term_count;
                    continue;
                }
                nets[bases[terms[t].port] + terms[t].offset] = value;
                expected += terms[t].weight * (terms[t].square ? value * value : value) * (1 << terms[t].shift);
            }
            if (!possible)
                continue;
            assert_true(cf_cell_sum(&cell, bases, nets) == expected);
            lowest = expected < lowest ? expected : lowest;
            highest = expected > highest ? expected : highest;
        }
        int64_t min, max;
        assert_true(cf_cell_range(&cell, &min, &max));
        assert_true(min == lowest && max == highest);
    }
}

static bool range_of(struct cf_type type, int32_t weight, uint8_t shift, int64_t bias, int64_t *min, int64_t *max)
{
    struct cf_term term = {0, weight, 0, shift, false};
    struct cf_cell cell = {&type, &term, 1, 1, bias, CF_LINEAR, {0}};
    return cf_cell_range(&cell, min, max);
}

/* Sums lie in [-2^62, 2^62): one below each end passes, the end does not. */
static void sums_stop_at_63_bits(void **state)
{
    (void)state;
    const int64_t limit = (int64_t)1 << 62;
    int64_t min, max;
    assert_true(range_of(SIGNED(63, 0), 1, 0, 0, &min, &max) && min == -limit && max == limit - 1);
    assert_false(range_of(SIGNED(63, 0), 1, 0, 1, &min, &max));
    assert_false(range_of(SIGNED(63, 0), 1, 0, -1, &min, &max));
    assert_false(range_of(SIGNED(63, 0), -1, 0, 0, &min, &max));
    assert_true(range_of(SIGNED(63, 0), -1, 0, -1, &min, &max) && min == -limit && max == limit - 1);
    assert_true(range_of(SIGNED(1, 0), 1, 62, 0, &min, &max) && min == -limit && max == 0);
    assert_false(range_of(SIGNED(1, 0), -1, 62, 0, &min, &max));
    assert_true(range_of(SIGNED(1, 0), -1, 62, -1, &min, &max) && min == -1 && max == limit - 1);
    assert_true(range_of(UNSIGNED(1, 0), 1, 62, -1, &min, &max) && max == limit - 1);
    assert_false(range_of(UNSIGNED(1, 0), 1, 62, 0, &min, &max));
    assert_false(range_of(UNSIGNED(2, 0), 1, 62, -limit, &min, &max));
    assert_true(range_of(UNSIGNED(63, 0), 1, 0, -limit, &min, &max) && min == -limit && max == limit - 1);
    assert_false(range_of(SIGNED(2, 0), 1, 62, limit - 1, &min, &max));
    assert_false(range_of(SIGNED(63, 0), INT32_MAX, 62, 0, &min, &max));
    assert_false(range_of(SIGNED(63, 0), INT32_MAX, 32, 0, &min, &max));
    assert_true(range_of(SIGNED(1, 0), INT32_MAX, 31, 0, &min, &max) && max == 0);
    assert_false(range_of(SIGNED(1, 0), 1, 0, limit, &min, &max));
    assert_false(range_of(SIGNED(1, 0), 1, 0, INT64_MIN, &min, &max));
    struct cf_cell constant = {.bias = limit};
    assert_false(cf_cell_range(&constant, &min, &max));
    constant.bias = -limit;
    assert_true(cf_cell_range(&constant, &min, &max) && min == -limit && max == -limit);
}

/* The largest values that the rules admit pass through the sum without overflow (the sanitizer looks on). */
static void sums_at_the_ends_do_not_overflow(void **state)
{
    (void)state;
    const int64_t limit = (int64_t)1 << 62;
    struct cf_type wide = UNSIGNED(63, 0);
    struct cf_term up = {0, 1, 0, 0, false}, down = {0, -1, 0, 0, false};
    int64_t net = INT64_MAX;
    struct cf_cell cell = {&wide, &up, 1, 1, -limit, CF_LINEAR, {0}};
    assert_true(cf_cell_sum(&cell, (uint32_t[]){0}, &net) == limit - 1);
    cell.terms = &down;
    cell.bias = limit - 1;
    assert_true(cf_cell_sum(&cell, (uint32_t[]){0}, &net) == -limit);
    struct cf_type bit = SIGNED(1, 0);
    struct cf_term far = {0, 1, 0, 62, false};
    net = -1;
    cell = (struct cf_cell){&bit, &far, 1, 1, 0, CF_STEP, {0}};
    assert_true(cf_cell_sum(&cell, (uint32_t[]){0}, &net) == -limit);
}

/* Squares at the edge of what the rules admit: the largest is 2^62 or less. */
static void squares_stop_at_63_bits(void **state)
{
    (void)state;
    const int64_t limit = (int64_t)1 << 62;
    struct {
        struct cf_type type;
        int32_t weight;
        uint8_t shift;
        int64_t bias;
        bool fits;
    } cases[] = {
        {UNSIGNED(31, 0), 1, 0, 0, true},         {UNSIGNED(32, 0), 1, 0, 0, false},
        {SIGNED(32, 0), 1, 0, 0, false},          {SIGNED(32, 0), 1, 0, -1, true},
        {SIGNED(32, 0), -1, 0, 0, true},          {SIGNED(32, 0), -1, 0, -1, false},
        {SIGNED(33, 0), -1, 0, INT64_MAX, false}, {SIGNED(63, 0), 1, 0, 0, false},
        {SIGNED(63, 0), INT32_MAX, 62, 0, false}, {UNSIGNED(63, 0), -INT32_MAX, 62, 0, false},
        {UNSIGNED(1, 0), 1, 62, 0, false},        {UNSIGNED(1, 0), 1, 62, -1, true},
        {UNSIGNED(1, 0), -1, 62, 0, true},        {SIGNED(1, 0), 1, 61, 0, true},
        {SIGNED(8, 0), 1, 48, 0, false},          {SIGNED(8, 0), 1, 47, 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cf_term term = {.weight = cases[i].weight, .shift = cases[i].shift, .square = true};
        struct cf_cell cell = {&cases[i].type, &term, 1, 1, cases[i].bias, CF_LINEAR, {0}};
        int64_t min, max, ends[] = {cf_type_min(cases[i].type), cf_type_max(cases[i].type)};
        if (cf_cell_range(&cell, &min, &max) != cases[i].fits)
            fail_msg("case %zu", i);
        if (!cases[i].fits)
            continue;
        assert_true(min >= -limit && max < limit);
        for (int end = 0; end < 2; end++) {
            int64_t sum = cf_cell_sum(&cell, (uint32_t[]){0}, &ends[end]);
            assert_true(sum >= min && sum <= max);
        }
    }
}

/* A net and its square in one cell are two terms: each counts by itself. */
static void a_net_and_its_square_add_up(void **state)
{
    (void)state;
    struct cf_type pixel = SIGNED(4, 0);
    struct cf_term terms[] = {{.weight = 3}, {.weight = -2, .shift = 1, .square = true}};
    struct cf_cell cell = {&pixel, terms, 1, 2, 5, CF_LINEAR, {0}};
    int64_t min, max;
    for (int64_t net = -8; net < 8; net++)
        assert_true(cf_cell_sum(&cell, (uint32_t[]){0}, &net) == 5 + 3 * net - 4 * net * net);
    assert_true(cf_cell_range(&cell, &min, &max) && min == 5 - 24 - 256 && max == 5 + 21);
}

static void roots_are_floors(void **state)
{
    (void)state;
    int64_t root = 0;
    for (int64_t number = 0; number < 300000; number++) {
        root += (root + 1) * (root + 1) <= number;
        assert_true(cf_floor_root(number) == root);
    }
    struct random_source random = {7};
    for (int trial = 0; trial < 200000; trial++) { /* beside squares, where a double rounds the wrong way */
        int64_t number = random_between(&random, 0, INT64_C(3037000499));
        assert_true(cf_floor_root(number * number) == number);
        assert_true(number == 0 || cf_floor_root(number * number - 1) == number - 1);
        assert_true(cf_floor_root(number * number + 2 * number) == number);
    }
    assert_true(cf_floor_root(INT64_MAX) == INT64_C(3037000499));
}

static void activations_are_as_defined(void **state)
{
    (void)state;
    static const int64_t sums[] = {-((int64_t)1 << 62), -9, -1, 0, 1, 8, 9, ((int64_t)1 << 62) - 1};
    static const int64_t relu[] = {0, 0, 0, 0, 1, 8, 9, ((int64_t)1 << 62) - 1};
    static const int64_t roots[] = {0, 0, 0, 0, 1, 2, 3, ((int64_t)1 << 31) - 1};
    struct cf_cell cell = {0};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        cell.activation = CF_RELU;
        assert_true(cf_cell_output(&cell, sums[i]) == relu[i]);
        cell.activation = CF_ROOT;
        assert_true(cf_cell_output(&cell, sums[i]) == roots[i]);
    }
    assert_string_equal(cf_activation_name(CF_RELU), "relu");
    assert_string_equal(cf_activation_name(CF_ROOT), "root");
}

static void plain_cells_are_weighted_sums(void **state)
{
    (void)state;
    struct cf_term terms[] = {{.weight = 1}, {.offset = 1, .weight = 1}};
    struct cf_cell cell = {.terms = terms, .term_count = 2};
    for (int a = 0; a < CF_ACTIVATION_COUNT; a++) {
        cell.activation = (enum cf_activation)a;
        assert_int_equal(cf_cell_is_plain(&cell), a < CF_RELU);
    }
    cell.activation = CF_STEP;
    terms[1].square = true;
    assert_false(cf_cell_is_plain(&cell));
    struct cf_netlist *n = scratch_netlist();
    struct cf_error err;
    assert_true(cf_groups_are_plain(n, 1, n->group_count, "it", &err));
    n->cells[1].activation = CF_RELU;
    assert_true(cf_groups_are_plain(n, 1, 2, "it", &err));
    assert_false(cf_groups_are_plain(n, 1, n->group_count, "it", &err));
    assert_string_equal(err.text, "net: group 'step' has squares, ReLUs or roots, which it does not take");
    cf_netlist_free(n);
}

static void step_of_zero_is_one(void **state)
{
    (void)state;
    struct cf_cell cell = {.activation = CF_STEP};
    assert_true(cf_cell_output(&cell, 0) == 1);
    assert_true(cf_cell_output(&cell, -1) == 0);
    assert_true(cf_cell_output(&cell, 1) == 1);
    assert_true(cf_cell_output(&cell, -((int64_t)1 << 62)) == 0);
    cell.activation = CF_LINEAR;
    assert_true(cf_cell_output(&cell, -7) == -7);
}

static void types_are_inferred(void **state)
{
    (void)state;
    struct cf_type pixel = SIGNED(8, 0);
    struct cf_term terms[4];
    for (uint32_t t = 0; t < 4; t++)
        terms[t] = (struct cf_term){t, 1, 0, 0, false};
    struct cf_cell cell = {&pixel, terms, 1, 4, 0, CF_LINEAR, {0}};
    assert_true(cf_cell_infer_type(&cell, 2)); /* a pool of four: -512..508 */
    assert_true(cf_type_equal(cell.type, SIGNED(10, 2)));
    cell.activation = CF_STEP;
    assert_true(cf_cell_infer_type(&cell, 2));
    assert_true(cf_type_equal(cell.type, BIT));
    cell.activation = CF_RELU; /* 0..508 */
    assert_true(cf_cell_infer_type(&cell, 2));
    assert_true(cf_type_equal(cell.type, UNSIGNED(9, 2)));
    cell.activation = CF_ROOT; /* 0..22 */
    assert_true(cf_cell_infer_type(&cell, 1));
    assert_true(cf_type_equal(cell.type, UNSIGNED(5, 1)));
    cell.bias = -600; /* never positive */
    assert_true(cf_cell_infer_type(&cell, 0));
    assert_true(cf_type_equal(cell.type, UNSIGNED(1, 0)));
    cell.bias = INT64_MAX;
    assert_false(cf_cell_infer_type(&cell, 2));
}

static void reach_is_the_span_of_each_port(void **state)
{
    (void)state;
    struct cf_term terms[] = {{7, 1, 0, 0, false}, {9, 1, 0, 0, false}, {0, 1, 2, 0, false}};
    struct cf_cell cell = {.terms = terms, .term_count = 3};
    struct cf_reach reach;
    cf_cell_reach(&cell, &reach);
    assert_int_equal(reach.low[0], 7);
    assert_int_equal(reach.high[0], 9);
    assert_true(reach.low[1] > reach.high[1]);
    assert_int_equal(reach.low[2], 0);
    assert_int_equal(reach.high[2], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_their_ends),
        cmocka_unit_test(width_is_the_narrowest),
        cmocka_unit_test(range_is_exact_and_attained),
        cmocka_unit_test(sums_stop_at_63_bits),
        cmocka_unit_test(sums_at_the_ends_do_not_overflow),
        cmocka_unit_test(squares_stop_at_63_bits),
        cmocka_unit_test(a_net_and_its_square_add_up),
        cmocka_unit_test(roots_are_floors),
        cmocka_unit_test(activations_are_as_defined),
        cmocka_unit_test(plain_cells_are_weighted_sums),
        cmocka_unit_test(step_of_zero_is_one),
        cmocka_unit_test(types_are_inferred),
        cmocka_unit_test(reach_is_the_span_of_each_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
