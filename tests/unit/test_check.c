/* Every rule of FORMAT.md: a valid netlist with exactly one thing broken is refused with words that name the place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/check.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

enum { SUM = 1, STEP = 2 }; /* the groups of scratch_netlist, and its cells by their number less one */

/* The arena's arrays are reached through const pointers; a test may write there. */
static struct cf_term *term(struct cf_netlist *n, uint32_t cell, uint32_t index)
{
    return (struct cf_term *)(uintptr_t)&n->cells[cell].terms[index];
}

static struct cf_type *port(struct cf_netlist *n, uint32_t cell, uint32_t index)
{
    return (struct cf_type *)(uintptr_t)&n->cells[cell].ports[index];
}

static const uint32_t some_lanes[] = {1, 2, 3}, rising_not[] = {4, 9, 9}, beyond_31_bits[] = {4, 9, 1u << 31};

#define BREAK(name, ...)                                                                                               \
    static void name(struct cf_netlist *n)                                                                             \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }

BREAK(no_groups, n->group_count = 0)
BREAK(name_empty, n->groups[SUM].name = "")
BREAK(name_of_digit, n->groups[SUM].name = "1sum")
BREAK(name_of_dot, n->groups[SUM].name = ".sum")
BREAK(name_with_space, n->groups[SUM].name = "s um")
BREAK(name_with_bracket, n->groups[SUM].name = "sum[0]")
BREAK(name_of_81,
      n->groups[SUM].name = "a12345678901234567890123456789012345678901234567890123456789012345678901234567890")
BREAK(name_twice, n->groups[STEP].name = "sum")
BREAK(group_width_0, n->groups[SUM].type.width = 0)
BREAK(group_width_64, n->groups[SUM].type.width = 64)
BREAK(group_frac, n->groups[SUM].type.frac = 1025)
BREAK(group_frac_low, n->groups[SUM].type.frac = -1025)
BREAK(group_rank_0, n->groups[SUM].rank = 0)
BREAK(group_rank_5, n->groups[SUM].rank = 5)
BREAK(group_empty, n->groups[SUM].shape[1] = 0)
BREAK(group_count, n->groups[SUM].count = 11)
BREAK(group_place, n->groups[STEP].first_net = 25)
BREAK(net_count, n->net_count = 29)
BREAK(group_ports_0, n->groups[STEP].ports = 0)
BREAK(group_ports_17, n->groups[STEP].ports = 17)
BREAK(lanes_fall, n->groups[SUM].lane_names = rising_not)
BREAK(lanes_of_the_input, n->groups[CF_INPUT].lane_names = some_lanes)
BREAK(lane_beyond_31_bits, n->groups[SUM].lane_names = beyond_31_bits)
BREAK(scale_zero, n->input_scale = 0)
BREAK(scale_negative, n->input_scale = -1)
BREAK(scale_nan, n->input_scale = NAN)
BREAK(scale_infinite, n->input_scale = INFINITY)
BREAK(cell_ports_0, n->cells[0].port_count = 0)
BREAK(cell_ports_17, n->cells[0].port_count = 17)
BREAK(port_width, port(n, 0, 1)->width = 0)
BREAK(port_frac, port(n, 0, 1)->frac = -1025)
BREAK(term_port, term(n, 0, 1)->port = 2)
BREAK(term_weight_zero, term(n, 1, 1)->weight = 0)
BREAK(term_weight_least, term(n, 1, 1)->weight = INT32_MIN)
BREAK(term_shift, term(n, 0, 1)->shift = 63)
BREAK(term_offset, term(n, 1, 2)->offset = 1u << 31)
BREAK(term_twice, term(n, 1, 2)->offset = 1)
BREAK(term_offset_falls, term(n, 1, 2)->offset = 0)
BREAK(term_port_falls, term(n, 0, 0)->port = 1)
BREAK(sum_of_64_bits, term(n, 1, 1)->shift = 56)
BREAK(sum_of_bias, n->cells[1].bias = INT64_MAX)
BREAK(activation, n->cells[0].activation = (enum cf_activation)4)
BREAK(square_twice, term(n, 1, 2)->offset = 1; term(n, 1, 1)->square = term(n, 1, 2)->square = true)
BREAK(square_falls, term(n, 1, 2)->offset = 1; term(n, 1, 1)->square = true)
BREAK(square_wide, n->cells[1].activation = CF_LINEAR; term(n, 1, 1)->square = true; term(n, 1, 1)->shift = 51)
BREAK(square_of_sum, term(n, 0, 0)->square = true)
BREAK(relu_width, n->cells[0].activation = CF_RELU;
      n->cells[0].type = n->groups[SUM].type = (struct cf_type)UNSIGNED(5, 1))
BREAK(root_width, n->cells[0].activation = CF_ROOT;
      n->cells[0].type = n->groups[SUM].type = (struct cf_type)SIGNED(3, 1))
BREAK(root_type, n->cells[1].activation = CF_ROOT; n->cells[1].type.width = 64)
BREAK(output_width, n->cells[0].type.width = 64)
BREAK(output_frac, n->cells[0].type.frac = 1025)
BREAK(output_narrow, n->cells[0].type.width = 6)
BREAK(output_unsigned, n->cells[0].type.is_signed = false)
BREAK(step_width, n->cells[1].type.width = 2)
BREAK(step_signed, n->cells[1].type.is_signed = true)
BREAK(step_frac, n->cells[1].type.frac = 1)
BREAK(gate_cell, n->groups[STEP].cell[2] = 2)
BREAK(gate_cell_ports, n->groups[STEP].cell[2] = 0)
BREAK(gate_type_width, n->groups[SUM].type.width = 8)
BREAK(gate_type_frac, n->groups[SUM].type.frac = 0)
BREAK(gate_type_sign, n->groups[SUM].type.is_signed = false)
BREAK(base_forward, n->groups[SUM].base[2 * 7 + 1] = 12)
BREAK(base_out_of_range, n->groups[STEP].base[3] = UINT32_MAX)
BREAK(read_itself, n->groups[STEP].base[3] = 22)
BREAK(read_other_type, n->groups[STEP].base[1] = 0)
BREAK(read_across, n->groups[STEP].base[1] = 11)
BREAK(port_type_width, port(n, 0, 1)->width = 3)
BREAK(port_type_frac, port(n, 0, 0)->frac = -2)
BREAK(port_type_sign, port(n, 1, 0)->is_signed = false)

static const struct {
    const char *name;
    void (*break_it)(struct cf_netlist *netlist);
    const char *fragment;
} rules[] = {
#define RULE(name, fragment)                                                                                           \
    {                                                                                                                  \
#name, name, "net: " fragment                                                                                  \
    }
    RULE(no_groups, "there is no input"),
    RULE(name_empty, "group 1: '' is not a name"),
    RULE(name_of_digit, "group 1: '1sum' is not a name"),
    RULE(name_of_dot, "group 1: '.sum' is not a name"),
    RULE(name_with_space, "group 1: 's um' is not a name"),
    RULE(name_with_bracket, "group 1: 'sum[0]' is not a name"),
    RULE(name_of_81, "group 1: 'a12345678901234567890"),
    RULE(name_twice, "two groups are called 'sum'"),
    RULE(group_width_0, "group 'sum': nets of 0 bits"),
    RULE(group_width_64, "group 'sum': nets of 64 bits"),
    RULE(group_frac, "group 'sum': nets of 7 bits with 1025 fraction bits"),
    RULE(group_frac_low, "group 'sum': nets of 7 bits with -1025 fraction bits"),
    RULE(group_rank_0, "group 'sum': shape, count and first net disagree"),
    RULE(group_rank_5, "group 'sum': shape, count and first net disagree"),
    RULE(group_empty, "group 'sum': shape, count and first net disagree"),
    RULE(group_count, "group 'sum': shape, count and first net disagree"),
    RULE(group_place, "group 'step': shape, count and first net disagree"),
    RULE(net_count, "the groups hold 28 nets"),
    RULE(group_ports_0, "group 'step': 0 ports; 1 to 16 are possible"),
    RULE(group_ports_17, "group 'step': 17 ports; 1 to 16 are possible"),
    RULE(lanes_fall, "group 'sum': the names of its lanes do not rise from 0 on, at lane 2"),
    RULE(lanes_of_the_input, "the lanes of the input have names"),
    RULE(lane_beyond_31_bits, "group 'sum': the names of its lanes do not rise from 0 on, at lane 2"),
    RULE(scale_zero, "the input scale is not a positive number of at most 1e300"),
    RULE(scale_negative, "the input scale is not a positive number of at most 1e300"),
    RULE(scale_nan, "the input scale is not a positive number of at most 1e300"),
    RULE(scale_infinite, "the input scale is not a positive number of at most 1e300"),
    RULE(cell_ports_0, "cell 0: has 0 ports; 1 to 16 are possible (first placed at sum[0,0,0])"),
    RULE(cell_ports_17, "cell 0: has 17 ports; 1 to 16 are possible (first placed at sum[0,0,0])"),
    RULE(port_width, "cell 0: port 1 is 0 bits wide"),
    RULE(port_frac, "cell 0: port 1 is 4 bits wide with -1025 fraction bits"),
    RULE(term_port, "cell 0: term 1 names a port that the cell does not have"),
    RULE(term_weight_zero, "cell 1: term 1 has weight 0 (a zero weight is no wire) (first placed at step[0])"),
    RULE(term_weight_least, "cell 1: term 1 has a weight of -2^31"),
    RULE(term_shift, "cell 0: term 1 is shifted by more than 62"),
    RULE(term_offset, "cell 1: term 2 has an offset of 2^31 or more"),
    RULE(term_twice, "cell 1: term 2 is not after the term before it in (port, offset, square)"),
    RULE(term_offset_falls, "cell 1: term 2 is not after the term before it in (port, offset, square)"),
    RULE(term_port_falls, "cell 0: term 1 is not after the term before it in (port, offset, square)"),
    RULE(sum_of_64_bits, "cell 1: its sum could pass 63 bits (first placed at step[0])"),
    RULE(sum_of_bias, "cell 1: its sum could pass 63 bits (first placed at step[0])"),
    RULE(activation, "cell 0: unknown activation 4"),
    RULE(square_twice, "cell 1: term 2 is not after the term before it in (port, offset, square)"),
    RULE(square_falls, "cell 1: term 2 is not after the term before it in (port, offset, square)"),
    RULE(square_wide, "cell 1: its sum could pass 63 bits (first placed at step[0])"),
    RULE(square_of_sum, "cell 0: sums from -23 to 101 do not fit its output of 7 bits (first placed at sum[0,0,0])"),
    RULE(relu_width, "cell 0: outputs from 0 to 44 do not fit its output of 5 bits (first placed at sum[0,0,0])"),
    RULE(root_width, "cell 0: outputs from 0 to 6 do not fit its output of 3 bits (first placed at sum[0,0,0])"),
    RULE(root_type, "cell 1: output of 64 bits"),
    RULE(output_width, "cell 0: output of 64 bits"),
    RULE(output_frac, "cell 0: output of 7 bits with 1025 fraction bits"),
    RULE(output_narrow, "cell 0: sums from -31 to 44 do not fit its output of 6 bits (first placed at sum[0,0,0])"),
    RULE(output_unsigned, "cell 0: sums from -31 to 44 do not fit its output of 7 bits"),
    RULE(step_width, "cell 1: a step's output is 1 bit, unsigned, without fraction"),
    RULE(step_signed, "cell 1: a step's output is 1 bit, unsigned, without fraction"),
    RULE(step_frac, "cell 1: a step's output is 1 bit, unsigned, without fraction"),
    RULE(gate_cell, "step[2]: there is no cell 2"),
    RULE(gate_cell_ports, "step[2]: its cell's number of ports differs from the group's: 2"),
    RULE(gate_type_width, "sum[0,0,0]: cell 0 drives 7 bits (1 fraction), but the group's nets have 8 (1)"),
    RULE(gate_type_frac, "sum[0,0,0]: cell 0 drives 7 bits (1 fraction), but the group's nets have 7 (0)"),
    RULE(gate_type_sign, "sum[0,0,0]: cell 0 drives 7 bits"),
    RULE(base_forward, "sum[1,0,1]: a gate reads only groups before its own, but a base is net 12"),
    RULE(base_out_of_range, "step[3]: a gate reads only groups before its own, but a base is net 4294967295"),
    RULE(read_itself, "step[3]: a gate reads only groups before its own, but it reads net 24"),
    RULE(read_other_type, "step[1]: port 0 of cell 1 takes 7 bits (1 fraction, signed), but 'input' has 4 (0, signed)"),
    RULE(read_across, "step[1]: port 0 of cell 1 takes 7 bits (1 fraction, signed), but 'input' has 4 (0, signed)"),
    RULE(port_type_width, "sum[0,0,0]: port 1 of cell 0 takes 3 bits (0 fraction, signed), but 'input' has 4"),
    RULE(port_type_frac, "sum[0,0,0]: port 0 of cell 0 takes 4 bits (-2 fraction, signed), but 'input' has 4 (0"),
    RULE(port_type_sign, "step[0]: port 0 of cell 1 takes 7 bits (1 fraction, unsigned), but 'sum' has 7 (1, signed)"),
};

static void every_broken_rule_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct cf_netlist *netlist = scratch_netlist();
        struct cf_error err = {0};
        assert_done(cf_netlist_check(netlist, &err), &err);
        rules[i].break_it(netlist);
        if (cf_netlist_check(netlist, &err))
            fail_msg("%s: was accepted", rules[i].name);
        if (strncmp(err.text, rules[i].fragment, strlen(rules[i].fragment)) != 0)
            fail_msg("%s: expected \"%s\" in: %s", rules[i].name, rules[i].fragment, err.text);
        assert_false(cf_netlist_check(netlist, NULL)); /* a caller that wants no words */
        cf_netlist_free(netlist);
    }
}

/* The ends of what the rules admit. */
static void the_limits_are_accepted(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = scratch_netlist();
    n->groups[SUM].name = "_0123456789.0123456789.0123456789.0123456789.0123456789.0123456789.0123456789.ab";
    assert_int_equal(strlen(n->groups[SUM].name), 80);
    n->groups[STEP].base[0] = 0; /* reads nothing through its port: the base may be of any type */
    n->groups[STEP].cell[0] = 2;
    n->groups[SUM].output = true;
    n->input_scale = 1e300;
    struct cf_cell constant = {.ports = (struct cf_type[]){UNSIGNED(63, -1024)},
                               .port_count = 1,
                               .bias = -((int64_t)1 << 62),
                               .activation = CF_STEP,
                               .type = BIT};
    uint32_t cell;
    assert_true(cf_netlist_add_cell(n, &constant, &cell, &err));
    assert_done(cf_netlist_check(n, &err), &err);
    cf_netlist_free(n);
}

/* A port whose terms reach over several groups: each net that a term reads counts, and no other. */
static void ports_may_span_groups_of_one_type(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = scratch_netlist();
    struct cf_type bit = BIT;
    struct cf_term terms[] = {{0, 1, 0, 0, false}, {5, 1, 0, 0, false}};
    struct cf_cell cell = {.ports = &bit, .terms = terms, .port_count = 1, .term_count = 2};
    cell.activation = CF_STEP;
    cell.type = BIT;
    uint32_t index;
    for (uint32_t g = 3; g < 6; g++) {
        struct cf_type type = g == 4 ? SIGNED(7, 1) : BIT;
        assert_true(cf_netlist_add_cell(n, g == 4 ? &n->cells[0] : &cell, &index, &err));
        assert_true(cf_netlist_add_group(n,
                                         g == 3   ? "a"
                                         : g == 4 ? "b"
                                                  : "c",
                                         1, (uint32_t[]){1}, g == 4 ? 2 : 1, type, false, &err));
        n->groups[g].cell[0] = index;
    }
    n->groups[3].base[0] = 24; /* "a" is net 28: reads step[0] and, with its offset 5, past the end */
    assert_false(cf_netlist_check(n, &err));
    assert_says(&err, "net: a[0]: a gate reads only groups before its own, but it reads net 29");
    struct cf_term *reach = (struct cf_term *)(uintptr_t)n->cells[n->groups[3].cell[0]].terms;
    reach[1].offset = 3;
    n->groups[5].base[0] = 24; /* "c" is net 30: reads step[0] and, over step[3] and a[0], b[0] of 7 bits */
    assert_false(cf_netlist_check(n, &err));
    assert_says(&err, "net: c[0]: port 0 of cell 4 takes 1 bits (0 fraction, unsigned), but 'b' has 7 (1, signed)");
    n->groups[5].base[0] = 23; /* now sum[1,1,2] and a[0] */
    assert_false(cf_netlist_check(n, &err));
    assert_says(&err, "net: c[0]: port 0 of cell 4 takes 1 bits (0 fraction, unsigned), but 'sum' has 7 (1, signed)");
    reach = (struct cf_term *)(uintptr_t)n->cells[n->groups[5].cell[0]].terms;
    reach[1].offset = 4;
    n->groups[5].base[0] = 24; /* step[0] and a[0] */
    assert_done(cf_netlist_check(n, &err), &err);
    cf_netlist_free(n);
}

static void too_many_groups_are_refused(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = scratch_netlist();
    for (int g = 3; g <= CF_MAX_GROUPS; g++) {
        char name[16];
        snprintf(name, sizeof name, "g%d", g);
        assert_true(cf_netlist_add_group(n, name, 1, (uint32_t[]){1}, 1, BIT, true, &err));
        n->groups[g].cell[0] = 1;
        n->groups[g].base[0] = 12;
        if (g == CF_MAX_GROUPS - 1)
            assert_done(cf_netlist_check(n, &err), &err);
    }
    assert_false(cf_netlist_check(n, &err));
    assert_says(&err, "net: 131073 groups; 131072 are possible");
    cf_netlist_free(n);
}

static void random_netlists_are_valid(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        struct cf_error err;
        options.beyond = seed % 4 == 0;
        options.width = seed % 3 ? 40 : 63;
        options.ports = seed % 5 ? 3 : 16;
        struct cf_netlist *netlist = random_netlist(&options);
        assert_non_null(netlist);
        assert_done(cf_netlist_check(netlist, &err), &err);
        cf_netlist_free(netlist);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_rule_is_named),        cmocka_unit_test(the_limits_are_accepted),
        cmocka_unit_test(ports_may_span_groups_of_one_type), cmocka_unit_test(too_many_groups_are_refused),
        cmocka_unit_test(random_netlists_are_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
