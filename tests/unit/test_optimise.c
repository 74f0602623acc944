/* Adder graphs: what the optimiser finds for a matrix is that matrix, costs no more than unshared sums, and is the same
 * for the same seed; a graph in which anything is wrong is refused, and the bank and output are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "compiler/optimise/explicit.h"
#include "compiler/optimise/implement.h"
#include "compiler/optimise/optimise.h"
#include "compiler/optimise/packing.h"
#include "compiler/optimise/reopen.h"
#include "compiler/optimise/tables.h"
#include "compiler/optimise/wiring.h"
#include "netlists/bank.h"
#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/store.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

/* ---- matrices ---- */

enum { SHORT = 100, LONG = 1000, MOST_SIZE = 40 };

/* Up to 40 x 40 integers of 1 to 12 bits, with rows that are zero, repeated, or powers of two here and there. */
static struct cf_matrix random_matrix(struct random_source *random)
{
    struct cf_matrix m = {.rows = (uint32_t)random_between(random, 1, MOST_SIZE),
                          .columns = (uint32_t)random_between(random, 1, MOST_SIZE)};
    int64_t most = ((int64_t)1 << random_between(random, 0, 11)) - 1;
    m.at = calloc((size_t)m.rows * m.columns, sizeof *m.at);
    assert_non_null(m.at);
    for (uint32_t r = 0; r < m.rows; r++) {
        int64_t *row = m.at + (size_t)r * m.columns, kind = random_between(random, 0, 9);
        for (uint32_t c = 0; c < m.columns; c++)
            row[c] = kind == 0   ? 0
                     : kind == 1 ? (int64_t)1 << random_between(random, 0, 11)
                                 : random_between(random, -most - 1, most);
        if (kind == 2 && r > 0)
            memcpy(row, row - m.columns, m.columns * sizeof *row);
    }
    return m;
}

struct comparison {
    const struct cf_matrix *matrix;
    const struct cf_graph *graph;
};

static bool equals(void *context, uint32_t first, uint32_t count, int64_t (*factor)[CF_FORM_COLUMNS])
{
    const struct comparison *c = context;
    for (uint32_t o = 0; o < c->graph->output_count; o++)
        for (uint32_t i = 0; i < count; i++) {
            const struct cf_graph_output *output = &c->graph->outputs[o];
            int64_t given = output->signal == CF_NO_SIGNAL ? 0 : factor[output->signal][i];
            if (!cf_output_counts(output, given, c->matrix->at[(size_t)o * c->matrix->columns + first + i]))
                return false;
        }
    return true;
}

static bool is_matrix(const struct cf_graph *graph, const struct cf_matrix *matrix)
{
    struct comparison c = {matrix, graph};
    bool out_of_memory;
    return cf_graph_forms(graph, equals, &c, &out_of_memory);
}

/* A second way to the outputs, which shares no code with the forms: the value of every signal for a random input. */
static void assert_values(const struct cf_graph *graph, const struct cf_matrix *matrix, struct random_source *random)
{
    int64_t *value = calloc((size_t)graph->inputs + graph->adder_count + 1, sizeof *value);
    assert_non_null(value);
    for (uint32_t i = 0; i < graph->inputs; i++)
        value[i] = random_between(random, -128, 127);
    for (uint32_t a = 0; a < graph->adder_count; a++) {
        const struct cf_graph_addend *l = &graph->adders[a].left, *r = &graph->adders[a].right;
        int64_t left = value[l->signal] * ((int64_t)1 << l->shift), right = value[r->signal] * ((int64_t)1 << r->shift);
        value[graph->inputs + a] = (l->negative ? -left : left) + (r->negative ? -right : right);
    }
    for (uint32_t o = 0; o < graph->output_count; o++) {
        const struct cf_graph_output *output = &graph->outputs[o];
        int64_t sum = 0, found = output->signal == CF_NO_SIGNAL ? 0 : value[output->signal];
        for (uint32_t c = 0; c < matrix->columns; c++)
            sum += matrix->at[(size_t)o * matrix->columns + c] * value[c];
        found = output->shift < 0 ? found / ((int64_t)1 << -output->shift) : found * ((int64_t)1 << output->shift);
        assert_int_equal(sum, output->negative ? -found : found);
    }
    free(value);
}

static void check_matrix(uint64_t seed)
{
    struct random_source random = {seed};
    struct cf_matrix m = random_matrix(&random);
    struct cf_range range[MOST_SIZE];
    struct cf_optimise_options options = {
        .cost = (enum cf_cost)(seed % 3), .seed = seed, .effort = seed % 4 == 0 ? CF_EFFORT_SIGNS : (double)(seed % 2)};
    struct cf_optimised result;
    struct cf_error err;
    uint64_t least;
    for (uint32_t c = 0; c < m.columns; c++)
        range[c] = (struct cf_range){-128, 127};
    assert_done(cf_optimise_matrix(&result, &m, range, &options, &err), &err);
    assert_done(cf_graph_check(&result.graph, "found", &err), &err);
    assert_true(is_matrix(&result.graph, &m));
    assert_values(&result.graph, &m, &random);
    assert_true(cf_adders_at_least(&m, &least));
    assert_true(result.cost.adders >= least);
    assert_true(options.cost != CF_COST_ADDERS || result.cost.adders <= result.csd.adders);
    assert_true(options.cost != CF_COST_FULL_ADDERS || result.cost.full_adders <= result.csd.full_adders);
    assert_true(options.cost != CF_COST_DEPTH || result.cost.depth <= result.csd.depth);
    cf_wire_free(&result.graph);
    free(m.at);
}

static void matrices_become_graphs(void **state)
{
    (void)state;
    const char *all = getenv("COFIBER_TEST_LONG");
    for (uint64_t seed = 0; seed < (all && *all ? LONG : SHORT); seed++)
        check_matrix(seed);
}

/* With one group, the sum of all columns that goes off a row may be one of its planes: they are merged, for patterns of
 * two signals would share digits otherwise. */
static void no_row_of_tables_repeats_a_digit(void **state)
{
    (void)state;
    enum { ROWS = 60, COLUMNS = 4 };
    struct random_source random = {3};
    int64_t at[ROWS * COLUMNS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        at[i] = random_between(&random, -4, 3);
    struct cf_matrix m = {ROWS, COLUMNS, at};
    for (uint32_t groups = 1; groups <= COLUMNS; groups++) {
        struct cf_tables_options options = {.groups = groups, .segments = groups - 1, .ways = 4, .passes = 1};
        struct cf_search search = {.random = 1};
        struct cf_shift_sums sums;
        assert_true(cf_shift_sums_of_tables(&sums, &m, &options, &search));
        assert_int_equal(sums.rows, ROWS);
        for (uint32_t r = 0; r < ROWS; r++)
            for (uint32_t d = sums.start[r]; d < sums.start[r + 1]; d++)
                for (uint32_t e = sums.start[r]; e < d; e++)
                    assert_false(sums.digits[d].signal == sums.digits[e].signal &&
                                 sums.digits[d].shift == sums.digits[e].shift);
        cf_shift_sums_free(&sums);
    }
}

/* Sharing that is taken back and done again leaves the same matrix, and no more adders. */
static void sharing_can_be_done_again(void **state)
{
    (void)state;
    const struct cf_rounds_options rounds = {.fewest = 3, .share = 0.05, .least = 1};
    const struct cf_reopen_options reopen = {
        .times = 20, .slack = 2, .share = 0.3, .recode = 0.3, .proposals = 10, .rounds = rounds};
    for (uint64_t seed = 0; seed < SHORT / 4; seed++) {
        struct random_source random = {900 + seed};
        struct cf_matrix m = random_matrix(&random);
        struct cf_search search = {.random = seed};
        struct cf_shift_sums sums;
        struct cf_graph before, after;
        struct cf_range *range = calloc(m.columns, sizeof *range);
        assert_non_null(range);
        for (uint32_t c = 0; c < m.columns; c++)
            range[c] = (struct cf_range){-128, 127};
        const struct cf_wire_options wire = {.range = range};
        assert_true(cf_shift_sums_of_matrix(&sums, &m) && cf_share_in_rounds(&sums, &rounds, &search));
        assert_true(cf_wire_graph(&before, &sums, &wire));
        assert_true(cf_reopen(&sums, &reopen, &search) && cf_wire_graph(&after, &sums, &wire));
        assert_true(is_matrix(&after, &m));
        assert_true(after.adder_count <= before.adder_count);
        cf_wire_free(&before);
        cf_wire_free(&after);
        cf_shift_sums_free(&sums);
        free(range);
        free(m.at);
    }
}

static struct cf_optimised optimise(const int64_t *at, uint32_t rows, uint32_t columns, double effort)
{
    struct cf_matrix m = {rows, columns, (int64_t *)(uintptr_t)at};
    struct cf_range range[MOST_SIZE];
    struct cf_optimise_options options = {.seed = 7, .effort = effort};
    struct cf_optimised result;
    struct cf_error err;
    for (uint32_t c = 0; c < columns; c++)
        range[c] = (struct cf_range){-8, 7};
    assert_done(cf_optimise_matrix(&result, &m, range, &options, &err), &err);
    assert_true(is_matrix(&result.graph, &m));
    return result;
}

/* Matrices whose fewest adders are known by hand. */
static void small_graphs_are_best(void **state)
{
    (void)state;
    const struct {
        int64_t at[9];
        uint32_t rows, columns;
        uint64_t adders;
    } cases[] = {
        {{0}, 1, 1, 0},                         /* nothing */
        {{-4}, 1, 1, 0},                        /* wiring */
        {{3}, 1, 1, 1},                         /* x + 2x */
        {{1, 1, 1}, 1, 3, 2},                   /* a + b + c */
        {{1, 1, 2, 2, -4, -4}, 3, 2, 1},        /* one sum, shifted and negated */
        {{1, 2, 0, 1, 2, 1, 3, 6, 0}, 3, 3, 3}, /* a + 2b, with c, and three times */
        {{5, 5, 5, 5, 5, 5, 5, 5, 5}, 3, 3, 3}, /* 5 (a + b + c): one of them for all */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cf_optimised found = optimise(cases[i].at, cases[i].rows, cases[i].columns, 5);
        struct cf_matrix m = {cases[i].rows, cases[i].columns, (int64_t *)(uintptr_t)cases[i].at};
        uint64_t least;
        assert_true(cf_adders_at_least(&m, &least));
        assert_int_equal(found.cost.adders, cases[i].adders);
        assert_true(least <= cases[i].adders);
        cf_wire_free(&found.graph);
    }
}

/* x - 4x over 4 bits: from -21 to 24, 6 bits, of which the lowest two pass through; its negation is wiring. */
static void widths_follow_the_values(void **state)
{
    (void)state;
    struct cf_optimised found = optimise((const int64_t[]){3}, 1, 1, 0);
    assert_int_equal(found.cost.full_adders, 4);
    assert_int_equal(found.cost.depth, 1);
    cf_wire_free(&found.graph);
}

/* ---- netlists ---- */

/* input [2, 3, CHANNELS]; "low" and "high" are two groups of gates that read the same position, 4 and 3 of them. */
enum { CHANNELS = 9, LOW = 4, HIGH = 3 };

static void add_gates(struct cf_netlist *n, const char *name, uint32_t gates, struct random_source *random)
{
    struct cf_error err;
    uint32_t first = n->cell_count;
    for (uint32_t k = 0; k < gates; k++) {
        struct cf_term terms[CHANNELS];
        struct cf_type port = SIGNED(8, 0);
        struct cf_cell cell = {.ports = &port, .terms = terms, .port_count = 1, .bias = -3, .activation = CF_LINEAR};
        uint32_t index;
        for (uint32_t d = 0; d < CHANNELS; d++) {
            int64_t weight = random_between(random, -127, 127);
            terms[cell.term_count] = (struct cf_term){.offset = d, .weight = (int32_t)weight, .square = false};
            cell.term_count += weight != 0 && d != k;
        }
        assert_true(cf_cell_infer_type(&cell, 0));
        cell.type = SIGNED(20, 0);
        assert_true(cf_netlist_add_cell(n, &cell, &index, &err));
    }
    assert_true(cf_netlist_add_group(n, name, 3, (uint32_t[]){2, 3, gates}, 1, SIGNED(20, 0), true, &err));
    struct cf_group *group = &n->groups[n->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        group->cell[i] = first + i % gates;
        group->base[i] = i / gates * CHANNELS;
    }
}

static struct cf_netlist *banked_netlist(void)
{
    struct cf_error err;
    struct random_source random = {5};
    struct cf_netlist *n = cf_netlist_new("net", &err);
    assert_non_null(n);
    assert_true(cf_netlist_add_group(n, "input", 3, (uint32_t[]){2, 3, CHANNELS}, 0, SIGNED(8, 0), false, &err));
    add_gates(n, "low", LOW, &random);
    add_gates(n, "high", HIGH, &random);
    assert_done(cf_netlist_check(n, &err), &err);
    return n;
}

static void implement(struct cf_netlist *n, double effort)
{
    struct cf_optimise_options options = {.seed = 1, .effort = effort};
    struct cf_implement_report report;
    struct cf_error err;
    assert_done(cf_implement(n, &options, &report, &err), &err);
    free(report.graphs);
    assert_done(cf_netlist_check(n, &err), &err);
}

/* Both groups stand at the same places: one bank. Moving one gate of the second makes it two. */
static void banks_are_found(void **state)
{
    (void)state;
    struct cf_netlist *n = banked_netlist();
    uint32_t bank[LOW + HIGH], count;
    uint64_t places[LOW + HIGH];
    struct cf_error err;
    assert_true(cf_find_banks(n, bank, places, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(places[0], 6);
    n->groups[2].base[HIGH - 1] = CHANNELS;
    assert_true(cf_find_banks(n, bank, places, &count, &err));
    assert_int_equal(count, 2);
    for (uint32_t c = 0; c < LOW + HIGH; c++)
        assert_int_equal(bank[c], c == LOW + HIGH - 1);
    cf_netlist_free(n);
}

static void a_netlist_gets_an_implementation(void **state)
{
    (void)state;
    struct cf_netlist *n = banked_netlist(), *read;
    struct cf_error err;
    implement(n, 2);
    assert_non_null(n->implementation);
    assert_int_equal(n->implementation->graph_count, 1);
    assert_int_equal(n->implementation->banks[0].cell_count, LOW + HIGH);
    assert_true(n->implementation->graphs[0].adder_count < cf_bank_csd_adders(n, &n->implementation->banks[0]));
    const char *first = scratch_path("first"), *second = scratch_path("second");
    assert_done(cf_netlist_save(n, first, &err) && cf_netlist_load(&read, first, &err), &err);
    assert_non_null(read->implementation);
    assert_int_equal(read->implementation->graphs[0].adder_count, n->implementation->graphs[0].adder_count);
    assert_done(cf_netlist_save(read, second, &err), &err);
    struct cf_map a, b;
    assert_done(cf_map_open(&a, first, &err) && cf_map_open(&b, second, &err), &err);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    cf_map_close(&a);
    cf_map_close(&b);
    cf_netlist_free(read);
    cf_netlist_free(n);
}

/* Fills the values of all nets of a circuit, whose inputs are there. */
static void evaluate(const struct cf_netlist *n, int64_t *nets)
{
    for (uint32_t g = 1; g < n->group_count; g++)
        for (uint32_t i = 0; i < n->groups[g].count; i++) {
            const struct cf_cell *cell = &n->cells[n->groups[g].cell[i]];
            int64_t sum = cf_cell_sum(cell, cf_instance_bases(&n->groups[g], i), nets);
            nets[n->groups[g].first_net + i] = cf_cell_output(cell, sum);
        }
}

/* Compares the outputs of a graph with the cells of its bank: the circuit's nets from `outputs` on with those from
 * `first` on as operands. */
static void compare_outputs(const struct cf_netlist *n, const struct cf_bank *bank, const struct cf_netlist *circuit,
                            const int64_t *nets, uint32_t first, uint32_t outputs)
{
    struct cf_bank_operand *places;
    uint32_t count;
    struct cf_error err;
    assert_true(cf_bank_operands(n, bank->cells, bank->cell_count, &places, &count, &err));
    for (uint32_t k = 0; k < bank->cell_count; k++) {
        const struct cf_cell *cell = &n->cells[bank->cells[k]];
        const struct cf_group *group = &circuit->groups[cf_netlist_group_of(circuit, outputs + k)];
        int64_t sum = cell->bias;
        for (uint32_t t = 0; t < cell->term_count; t++)
            for (uint32_t i = 0; i < count; i++)
                if (places[i].port == cell->terms[t].port && places[i].offset == cell->terms[t].offset)
                    sum += cf_term_value(&cell->terms[t], nets[first + i]);
        int more = cell->activation == CF_STEP ? 0 : group->type.frac - cell->type.frac; /* fraction bits */
        assert_int_equal(nets[outputs + k], cf_cell_output(cell, sum) * (1 << more));
    }
    free(places);
}

/* Every adder of a netlist's graphs as a gate: the circuit computes the sums of the cells. */
static void graphs_can_be_written_out(void **state)
{
    (void)state;
    struct random_source random = {11};
    struct cf_netlist *n = banked_netlist(), *circuit;
    struct cf_error err;
    assert_false(cf_write_out_graphs(&circuit, n, &err));
    implement(n, 2);
    assert_true(cf_write_out_graphs(&circuit, n, &err));
    const struct cf_implementation *impl = n->implementation;
    int64_t *nets = calloc(circuit->net_count, sizeof *nets);
    assert_non_null(nets);
    for (int trial = 0; trial < 20; trial++) {
        for (uint32_t i = 0; i < circuit->groups[CF_INPUT].count; i++)
            nets[i] = random_between(&random, -8, 7);
        evaluate(circuit, nets);
        uint32_t first = 0, net = circuit->net_count;
        for (uint32_t g = impl->graph_count; g-- > 0;) { /* the last graph's outputs are the last nets */
            const struct cf_bank *bank = impl->banks;
            while (bank->graph != g)
                bank++;
            for (uint32_t before = first = 0; before < g; before++)
                first += impl->graphs[before].inputs;
            net -= bank->cell_count;
            compare_outputs(n, bank, circuit, nets, first, net);
            net -= impl->graphs[g].adder_count;
        }
    }
    free(nets);
    cf_netlist_free(circuit);
    cf_netlist_free(n);
}

static void the_seed_fixes_the_graph(void **state)
{
    (void)state;
    struct cf_netlist *one = banked_netlist(), *other = banked_netlist();
    implement(one, 3);
    implement(other, 3);
    const struct cf_graph *a = &one->implementation->graphs[0], *b = &other->implementation->graphs[0];
    assert_int_equal(a->adder_count, b->adder_count);
    for (uint32_t i = 0; i < a->adder_count; i++) {
        assert_int_equal(a->adders[i].left.signal, b->adders[i].left.signal);
        assert_int_equal(a->adders[i].right.signal, b->adders[i].right.signal);
        assert_int_equal(a->adders[i].right.shift, b->adders[i].right.shift);
        assert_int_equal(a->adders[i].right.negative, b->adders[i].right.negative);
    }
    cf_netlist_free(one);
    cf_netlist_free(other);
}

static void random_netlists_are_implemented(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 2;
        struct cf_netlist *n = random_netlist(&options);
        assert_non_null(n);
        implement(n, 0);
        cf_netlist_free(n);
    }
}

/* ---- what is wrong is found ---- */

struct injection {
    struct cf_netlist *netlist;
    uint64_t tried, found;
};

/* The netlist's graph is changed: it must be refused in words that name the bank, and, where the graph is a graph at
 * all, the output and its gate. */
static void expect_refusal(struct injection *in)
{
    struct cf_error err;
    in->tried++;
    bool refused = !cf_netlist_check(in->netlist, &err);
    bool named = refused && (strstr(err.text, "bank 0: output ") || strstr(err.text, "graph 0: ") ||
                             strstr(err.text, "bank 0: signal "));
    in->found += refused && named;
    if (!refused || !named)
        print_message("change %d: %s\n", (int)in->tried, refused ? err.text : "not found");
}

/* Every other signal before `own`; those of the same linear form are no change. */
static void inject_wires(struct injection *in, struct cf_graph_addend *addend, uint32_t own)
{
    uint32_t kept = addend->signal;
    for (uint32_t s = 0; s < own; s++)
        if (s != kept) {
            addend->signal = s;
            expect_refusal(in);
        }
    addend->signal = kept;
}

static void inject_addend(struct injection *in, struct cf_graph_addend *addend, uint32_t own)
{
    addend->negative = !addend->negative;
    expect_refusal(in);
    addend->negative = !addend->negative;
    addend->shift++;
    expect_refusal(in);
    addend->shift--;
    if (addend->shift > 0) {
        addend->shift--;
        expect_refusal(in);
        addend->shift++;
    }
    inject_wires(in, addend, own);
}

static void inject_output(struct injection *in, struct cf_graph_output *output, uint32_t signals)
{
    uint32_t kept = output->signal;
    output->negative = !output->negative;
    expect_refusal(in);
    output->negative = !output->negative;
    for (int change = -1; change <= 1; change += 2) {
        output->shift = (int8_t)(output->shift + change);
        expect_refusal(in);
        output->shift = (int8_t)(output->shift - change);
    }
    for (uint32_t s = 0; s <= signals; s++)
        if (s != kept) {
            output->signal = s < signals ? s : CF_NO_SIGNAL;
            expect_refusal(in);
        }
    output->signal = kept;
}

static void every_wrong_shift_sign_and_wire_is_found(void **state)
{
    (void)state;
    struct injection in = {.netlist = banked_netlist()};
    implement(in.netlist, 2);
    struct cf_graph *graph = &in.netlist->implementation->graphs[0];
    struct cf_adder *adders = (struct cf_adder *)(uintptr_t)graph->adders;
    struct cf_graph_output *outputs = (struct cf_graph_output *)(uintptr_t)graph->outputs;
    for (uint32_t a = 0; a < graph->adder_count; a++) {
        inject_addend(&in, &adders[a].left, graph->inputs + a);
        inject_addend(&in, &adders[a].right, graph->inputs + a);
    }
    for (uint32_t o = 0; o < graph->output_count; o++)
        inject_output(&in, &outputs[o], graph->inputs + graph->adder_count);
    print_message("%d changes, %d found and named\n", (int)in.tried, (int)in.found);
    assert_true(in.tried > 1000);
    assert_int_equal(in.found, in.tried);
    cf_netlist_free(in.netlist);
}

/* A weight changed in the netlist beside its graph. */
static void a_changed_cell_is_found(void **state)
{
    (void)state;
    struct cf_netlist *n = banked_netlist();
    struct cf_error err;
    implement(n, 0);
    struct cf_term *term = (struct cf_term *)(uintptr_t)&n->cells[5].terms[3];
    term->weight += term->weight == -1 ? 2 : 1;
    assert_false(cf_netlist_check(n, &err));
    assert_says(&err, "net: bank 0: output 5 (high[0,0,1])");
    cf_netlist_free(n);
}

static void expect(struct cf_netlist *n, const char *reason)
{
    struct cf_error err;
    assert_false(cf_netlist_check(n, &err));
    assert_says(&err, reason);
}

static void banks_that_are_none_are_refused(void **state)
{
    (void)state;
    struct cf_netlist *n = banked_netlist();
    implement(n, 0);
    struct cf_bank *bank = &n->implementation->banks[0];
    uint32_t *cells = (uint32_t *)(uintptr_t)bank->cells;
    bank->cell_count--;
    expect(n, "bank 0 has 6 of the 7 cells that stand at its places");
    bank->cell_count = 0;
    expect(n, "bank 0 has no cells");
    bank->cell_count = LOW + HIGH;
    cells[1] = 0;
    expect(n, "bank 0: its cells do not rise");
    cells[1] = n->cell_count;
    expect(n, "bank 0: its cells do not rise, or cell 7 does not exist");
    cells[1] = 1;
    bank->graph = 1;
    expect(n, "bank 0: graph 1 does not exist");
    bank->graph = 0;
    n->groups[1].base[0] = CHANNELS;
    expect(n, "do not stand at the same places");
    cf_netlist_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_become_graphs),
        cmocka_unit_test(no_row_of_tables_repeats_a_digit),
        cmocka_unit_test(sharing_can_be_done_again),
        cmocka_unit_test(small_graphs_are_best),
        cmocka_unit_test(widths_follow_the_values),
        cmocka_unit_test(banks_are_found),
        cmocka_unit_test(a_netlist_gets_an_implementation),
        cmocka_unit_test(graphs_can_be_written_out),
        cmocka_unit_test(the_seed_fixes_the_graph),
        cmocka_unit_test(random_netlists_are_implemented),
        cmocka_unit_test(every_wrong_shift_sign_and_wire_is_found),
        cmocka_unit_test(a_changed_cell_is_found),
        cmocka_unit_test(banks_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
