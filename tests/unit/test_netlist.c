/* Building, copying, naming, analysing and comparing netlists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/analyse.h"
#include "netlists/check.h"
#include "netlists/diff.h"
#include "netlists/names.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

enum { SUM = 1, STEP = 2 };

/* ---- building ---- */

static void impossible_groups_are_refused(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("net", &err);
    assert_false(cf_netlist_add_group(n, "input", 2, (uint32_t[]){3, 0}, 0, BIT, false, &err));
    assert_says(&err, "net: group 'input' is empty");
    assert_false(cf_netlist_add_group(n, "input", 2, (uint32_t[]){1u << 16, 1u << 15}, 0, BIT, false, &err));
    assert_says(&err, "net: group 'input' takes the circuit beyond 2^31 - 1 nets");
    assert_false(cf_netlist_add_group(n, "input", 4, (uint32_t[]){~0u, ~0u, ~0u, ~0u}, 0, BIT, false, &err));
    assert_says(&err, "beyond 2^31 - 1 nets");
    assert_true(cf_netlist_add_group(n, "input", 1, (uint32_t[]){INT32_MAX - 1}, 0, BIT, false, &err));
    assert_false(cf_netlist_add_group(n, "more", 1, (uint32_t[]){2}, 1, BIT, false, &err));
    assert_true(cf_netlist_add_group(n, "more", 1, (uint32_t[]){1}, 1, BIT, false, &err));
    assert_int_equal(n->net_count, INT32_MAX);
    cf_netlist_free(n);
    cf_netlist_free(NULL);
}

static void metadata_are_sorted_and_replaced(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_netlist *n = cf_netlist_new("net", &err);
    for (int i = 0; i < 40; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%02d", i * 7 % 40);
        assert_true(cf_netlist_set_meta(n, key, "old", &err));
    }
    assert_true(cf_netlist_set_meta(n, "k13", "new", &err));
    assert_int_equal(n->meta_count, 40);
    for (uint32_t i = 1; i < n->meta_count; i++)
        assert_true(strcmp(n->meta[i - 1].key, n->meta[i].key) < 0);
    assert_string_equal(cf_netlist_meta(n, "k13"), "new");
    assert_string_equal(cf_netlist_meta(n, "k39"), "old");
    assert_null(cf_netlist_meta(n, "k40"));
    assert_null(cf_netlist_meta(n, ""));
    cf_netlist_free(n);
}

static void assert_equal_netlists(const struct cf_netlist *a, const struct cf_netlist *b)
{
    struct cf_netlist_diff diff;
    assert_true(cf_netlist_compare(a, b, &diff, NULL, NULL, NULL));
    if (diff.different)
        fail_msg("%s", diff.first);
    assert_int_equal(diff.compared, a->net_count - a->groups[CF_INPUT].count);
}

static void copies_are_deep(void **state)
{
    (void)state;
    struct cf_error err;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 2;
        struct cf_netlist *n = random_netlist(&options), *again = random_netlist(&options);
        assert_true(cf_netlist_set_meta(n, "key", "value", &err));
        n->class_scale = (const double[]){0.5, 2};
        n->class_count = 2;
        struct cf_netlist *copy = cf_netlist_copy(n, &err);
        assert_non_null(copy);
        memset(n->groups[1].cell, 0xff, n->groups[1].count * sizeof *n->groups[1].cell);
        memset(n->groups[1].base, 0xff, n->groups[1].count * sizeof *n->groups[1].base);
        cf_netlist_free(n);
        assert_done(cf_netlist_check(copy, &err), &err);
        assert_equal_netlists(copy, again);
        assert_string_equal(cf_netlist_meta(copy, "key"), "value");
        assert_int_equal(copy->class_count, 2);
        assert_true(copy->class_scale[1] == 2);
        assert_true(copy->input_scale == again->input_scale);
        assert_string_equal(copy->label, again->label);
        cf_netlist_free(copy);
        cf_netlist_free(again);
    }
}

/* ---- names ---- */

static void names_and_nets_are_one_to_one(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        struct cf_netlist *n = random_netlist(&options);
        for (uint32_t net = 0; net < n->net_count; net++) {
            char name[CF_NAME_MAX];
            struct cf_error err;
            uint32_t found;
            cf_net_name(n, net, name, sizeof name);
            assert_done(cf_net_find(n, name, &found, &err), &err);
            assert_int_equal(found, net);
        }
        cf_netlist_free(n);
    }
}

static void names_are_row_major(void **state)
{
    (void)state;
    struct cf_netlist *n = scratch_netlist();
    char name[CF_NAME_MAX], tiny[8];
    assert_string_equal(cf_net_name(n, 0, name, sizeof name), "input[0,0,0]");
    assert_string_equal(cf_net_name(n, 11, name, sizeof name), "input[1,1,2]");
    assert_string_equal(cf_net_name(n, 12 + 4, name, sizeof name), "sum[0,1,1]");
    assert_string_equal(cf_net_name(n, 27, name, sizeof name), "step[3]");
    assert_string_equal(cf_gate_name(&n->groups[SUM], 7, name, sizeof name), "sum[1,0,1]");
    assert_string_equal(cf_net_name(n, 11, tiny, sizeof tiny), "input[1");
    cf_netlist_free(n);
}

static void wrong_names_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *name, *fragment;
    } wrong[] = {
        {"", "the netlist has no group of that name"},
        {"su[0,0,0]", "su[0,0,0]: the netlist has no group of that name"},
        {"sums[0,0,0]", "the netlist has no group of that name"},
        {"Sum[0,0,0]", "the netlist has no group of that name"},
        {"sum", "group 'sum' takes 3 indices, like sum[0,0,0]"},
        {"sum[", "group 'sum' takes 3 indices"},
        {"sum[]", "group 'sum' takes 3 indices"},
        {"sum[0,0]", "group 'sum' takes 3 indices"},
        {"sum[0,0,]", "group 'sum' takes 3 indices"},
        {"sum[0,,0]", "group 'sum' takes 3 indices"},
        {"sum[0, 0,0]", "group 'sum' takes 3 indices"},
        {"sum[-1,0,0]", "group 'sum' takes 3 indices"},
        {"sum[+1,0,0]", "group 'sum' takes 3 indices"},
        {"sum[2,0,0]", "index 1 is out of range: 'sum' has 0 to 1 there"},
        {"sum[0,0,3]", "index 3 is out of range: 'sum' has 0 to 2 there"},
        {"sum[0,99999999999999999999,0]", "index 2 is out of range"},
        {"sum[0,4294967296,0]", "index 2 is out of range"},
        {"sum[0,0,0", "expected ']' after 3 indices"},
        {"sum[0,0,0,0]", "expected ']' after 3 indices"},
        {"sum[0,0,0]x", "expected ']' after 3 indices"},
        {"sum[0,0,0x1]", "expected ']' after 3 indices"},
        {"step[0,0]", "expected ']' after 1 indices"},
        {"step", "group 'step' takes 1 indices, like step[0]"},
    };
    struct cf_netlist *n = scratch_netlist();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cf_error err;
        uint32_t net;
        if (cf_net_find(n, wrong[i].name, &net, &err))
            fail_msg("'%s' was found", wrong[i].name);
        assert_says(&err, wrong[i].fragment);
    }
    assert_int_equal(cf_netlist_find_group(n, "step"), STEP);
    assert_true(cf_netlist_find_group(n, "ste") == UINT32_MAX);
    cf_netlist_free(n);
}

/* ---- analysis, against brute force ---- */

/* Levels and liveness by relaxation over all edges, until nothing changes. */
static void brute_force(const struct cf_netlist *n, uint32_t *level, bool *live)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t g = 1; g < n->group_count; g++) {
            const struct cf_group *group = &n->groups[g];
            for (uint32_t i = 0; i < group->count; i++) {
                uint32_t net = group->first_net + i, highest = 0;
                const struct cf_cell *cell = &n->cells[group->cell[i]];
                bool alive = live[net] || group->output;
                for (uint32_t t = 0; t < cell->term_count; t++) {
                    uint32_t read = group->base[i * group->ports + cell->terms[t].port] + cell->terms[t].offset;
                    highest = level[read] > highest ? level[read] : highest;
                    changed = changed || (alive && !live[read]);
                    live[read] = live[read] || alive;
                }
                changed = changed || level[net] != highest + 1 || live[net] != alive;
                level[net] = highest + 1;
                live[net] = alive;
            }
        }
    }
}

static void analysis_agrees_with_brute_force(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 3 == 0;
        struct cf_netlist *n = random_netlist(&options);
        uint32_t *level = calloc(n->net_count, sizeof *level), depth = 0;
        bool *live = calloc(n->net_count, sizeof *live);
        struct cf_facts facts;
        struct cf_error err;
        assert_true(level && live);
        brute_force(n, level, live);
        assert_done(cf_netlist_analyse(n, &facts, &err), &err);
        uint64_t gates = 0, alive = 0, edges = 0, live_edges = 0;
        for (uint32_t g = 1; g < n->group_count; g++) {
            const struct cf_group *group = &n->groups[g];
            const struct cf_group_facts *found = &facts.groups[g];
            struct cf_group_facts want = {.level_low = UINT32_MAX, .fanin_min = UINT32_MAX};
            want.weight_min = INT32_MAX;
            want.weight_max = INT32_MIN;
            for (uint32_t i = 0; i < group->count; i++) {
                uint32_t net = group->first_net + i;
                const struct cf_cell *cell = &n->cells[group->cell[i]];
                bool seen = false;
                for (uint32_t before = 0; before < i; before++)
                    seen = seen || group->cell[before] == group->cell[i];
                want.cells += !seen;
                bool has_square = false;
                for (uint32_t t = 0; t < cell->term_count; t++)
                    has_square = has_square || cell->terms[t].square;
                want.beyond += has_square || cell->activation == CF_RELU || cell->activation == CF_ROOT;
                want.live += live[net];
                want.edges += cell->term_count;
                want.live_edges += live[net] ? cell->term_count : 0;
                want.level_low = level[net] < want.level_low ? level[net] : want.level_low;
                want.level_high = level[net] > want.level_high ? level[net] : want.level_high;
                want.fanin_min = cell->term_count < want.fanin_min ? cell->term_count : want.fanin_min;
                want.fanin_max = cell->term_count > want.fanin_max ? cell->term_count : want.fanin_max;
                for (uint32_t t = 0; t < cell->term_count; t++) {
                    int32_t weight = cell->terms[t].weight;
                    want.weight_count[weight == -1 ? 0 : weight == 1 ? 1 : 2]++;
                    want.squares += cell->terms[t].square;
                    want.weight_min = weight < want.weight_min ? weight : want.weight_min;
                    want.weight_max = weight > want.weight_max ? weight : want.weight_max;
                }
            }
            assert_memory_equal(found, &want, sizeof want);
            gates += group->count;
            alive += want.live;
            edges += want.edges;
            live_edges += want.live_edges;
            depth = want.level_high > depth ? want.level_high : depth;
        }
        assert_true(facts.gates == gates && facts.live == alive && facts.depth == depth);
        assert_true(facts.edges == edges && facts.live_edges == live_edges);
        cf_facts_free(&facts);
        free(level);
        free(live);
        cf_netlist_free(n);
    }
}

/* ---- comparison ---- */

static struct cf_term *term(struct cf_netlist *n, uint32_t cell, uint32_t index)
{
    return (struct cf_term *)(uintptr_t)&n->cells[cell].terms[index];
}

static struct cf_type *port(struct cf_netlist *n, uint32_t cell, uint32_t index)
{
    return (struct cf_type *)(uintptr_t)&n->cells[cell].ports[index];
}

#define CHANGE(name, ...)                                                                                              \
    static void name(struct cf_netlist *n)                                                                             \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }

CHANGE(fewer_groups, n->group_count = 2)
CHANGE(group_name, n->groups[STEP].name = "stop")
CHANGE(group_shape, n->groups[STEP].shape[0] = 3)
CHANGE(group_type, n->groups[SUM].type.width = 8)
CHANGE(group_ports, n->groups[SUM].ports = 1)
CHANGE(group_output, n->groups[SUM].output = true)
CHANGE(input_scale, n->input_scale = 2)
CHANGE(weight, term(n, 1, 1)->weight = -3)
CHANGE(shift, term(n, 0, 1)->shift = 0)
CHANGE(offset, term(n, 1, 2)->offset = 3)
CHANGE(term_port, term(n, 0, 1)->port = 0)
CHANGE(fewer_terms, n->cells[1].term_count = 2)
CHANGE(bias, n->cells[0].bias = -5)
CHANGE(activation, n->cells[1].activation = CF_LINEAR)
CHANGE(output_width, n->cells[0].type.width = 9)
CHANGE(output_sign, n->cells[0].type.is_signed = false)
CHANGE(port_count, n->cells[0].port_count = 1)
CHANGE(port_width, port(n, 0, 1)->width = 5)
CHANGE(port_frac, port(n, 1, 0)->frac = 2)
CHANGE(base, n->groups[SUM].base[2 * 7 + 1] = 9)
CHANGE(cell, n->groups[SUM].cell[11] = 1)

static void every_difference_is_named(void **state)
{
    (void)state;
    static const struct {
        void (*change)(struct cf_netlist *netlist);
        uint64_t different;
        const char *first;
    } cases[] = {
        {fewer_groups, 1, "only net has group 'step'"},
        {group_name, 1, "group 2 ('step' and 'stop'): the name differs"},
        {group_shape, 1, "group 2 ('step' and 'step'): the shape differs"},
        {group_type, 1, "group 1 ('sum' and 'sum'): the type differs"},
        {group_ports, 1, "group 1 ('sum' and 'sum'): the number of ports differs"},
        {group_output, 1, "group 1 ('sum' and 'sum'): the role as an output differs"},
        {input_scale, 1, "input: scale 1 against 2"},
        {weight, 4, "step[0]: term 1 (port 0, offset 1): weight -1 << 0 against -3 << 0"},
        {shift, 12, "sum[0,0,0]: term 1 (port 1, offset 0): weight -2 << 1 against -2 << 0"},
        {offset, 4, "step[0]: term 2 reads port 0 offset 2 against port 0 offset 3"},
        {term_port, 12, "sum[0,0,0]: term 1 reads port 1 offset 0 against port 0 offset 0"},
        {fewer_terms, 4, "step[0]: 3 terms against 2"},
        {bias, 12, "sum[0,0,0]: bias 5 against -5"},
        {activation, 4, "step[0]: activation step against linear"},
        {output_width, 12, "sum[0,0,0]: output of 7 bits (1 fraction, signed) against 9 (1, signed)"},
        {output_sign, 12, "sum[0,0,0]: output of 7 bits (1 fraction, signed) against 7 (1, unsigned)"},
        {port_count, 12, "sum[0,0,0]: 2 ports against 1"},
        {port_width, 12, "sum[0,0,0]: port 1 of 4 bits (0 fraction, signed) against 5 (0, signed)"},
        {port_frac, 4, "step[0]: port 0 of 7 bits (1 fraction, signed) against 7 (2, signed)"},
        {base, 1, "sum[1,0,1]: port 1 is based at input[0,1,1] against input[1,1,0]"},
        {cell, 1, "sum[1,1,2]: activation linear against step"},
    };
    struct cf_netlist *a = scratch_netlist();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cf_netlist *b = scratch_netlist();
        struct cf_netlist_diff diff;
        assert_true(cf_netlist_compare(a, b, &diff, NULL, NULL, NULL));
        assert_true(diff.compared == 16 && diff.different == 0 && diff.first[0] == '\0');
        cases[i].change(b);
        assert_true(cf_netlist_compare(a, b, &diff, NULL, NULL, NULL));
        assert_string_equal(diff.first, cases[i].first);
        assert_int_equal(diff.different, cases[i].different);
        cf_netlist_free(b);
    }
    cf_netlist_free(a);
}

/* Cells may be numbered in any way and held twice; that is no difference. */
static void numbering_is_no_difference(void **state)
{
    (void)state;
    struct cf_netlist *a = scratch_netlist(), *b = scratch_netlist();
    struct cf_error err;
    struct cf_netlist_diff diff;
    uint32_t copy;
    assert_true(cf_netlist_add_cell(b, &b->cells[0], &copy, &err));
    assert_true(cf_netlist_add_cell(b, &b->cells[0], &copy, &err));
    for (uint32_t i = 0; i < 12; i++)
        b->groups[SUM].cell[i] = i % 2 ? 2 : i % 4 ? 0 : 3;
    for (int way = 0; way < 2; way++) {
        assert_true(cf_netlist_compare(way ? b : a, way ? a : b, &diff, NULL, NULL, NULL));
        assert_int_equal(diff.different, 0);
    }
    b->cells[2].bias++; /* used by every second gate */
    assert_true(cf_netlist_compare(a, b, &diff, NULL, NULL, NULL));
    assert_int_equal(diff.different, 6);
    assert_string_equal(diff.first, "sum[0,0,1]: bias 5 against 6");
    assert_true(cf_netlist_compare(b, a, &diff, NULL, NULL, NULL));
    assert_int_equal(diff.different, 6);
    cf_netlist_free(a);
    cf_netlist_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_groups_are_refused),
        cmocka_unit_test(metadata_are_sorted_and_replaced),
        cmocka_unit_test(copies_are_deep),
        cmocka_unit_test(names_and_nets_are_one_to_one),
        cmocka_unit_test(names_are_row_major),
        cmocka_unit_test(wrong_names_are_explained),
        cmocka_unit_test(analysis_agrees_with_brute_force),
        cmocka_unit_test(every_difference_is_named),
        cmocka_unit_test(numbering_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
