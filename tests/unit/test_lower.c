/* Lowered cells against the definition of a cell (netlists/cell.h), on random cells and edge values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/cell.h"
#include "netlists/lowering/lower.h"
#include "tests/support/evaluate_network.h"
#include "tests/support/linear_proof.h"

enum { MAX_TERMS = 900, PATTERNS = 64 };

static uint64_t state = 88172645463325252u;

static uint64_t random_u64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1du;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((random_u64() >> 32) * n >> 32);
}

struct sample {
    struct cf_cell cell;
    struct cf_type ports[CF_MAX_PORTS];
    struct cf_term terms[2 * MAX_TERMS];
};

/* Puts the square of the last term's net behind it. */
static void continue_with_square(struct sample *s)
{
    struct cf_term term = s->terms[s->cell.term_count - 1];
    term.square = true;
    term.weight = below(2) ? term.weight : -term.weight;
    s->terms[s->cell.term_count++] = term;
}

/* A random cell, `beyond` plain ones: with squares, and with ReLU and root as well as step and linear. False when its
 * sum could pass 63 bits. */
static bool make_cell_of(struct sample *s, uint32_t max_terms, uint32_t max_width, uint32_t max_weight_bits,
                         bool beyond)
{
    memset(s, 0, sizeof *s);
    s->cell = (struct cf_cell){.ports = s->ports, .terms = s->terms};
    s->cell.port_count = 1 + below(4);
    for (uint32_t p = 0; p < s->cell.port_count; p++)
        s->ports[p] = (struct cf_type){(uint8_t)(1 + below(max_width)), below(2) != 0, 0};
    uint32_t wanted = below(max_terms + 1), shifts = below(3) ? 1 : 8, weight_bits = 1 + below(max_weight_bits);
    for (uint32_t p = 0; p < s->cell.port_count; p++) {
        uint32_t offset = below(3);
        for (uint32_t i = 0; i < wanted / s->cell.port_count; i++) {
            uint32_t magnitude = 1 + below((uint32_t)(((uint64_t)1 << weight_bits) - 1));
            s->terms[s->cell.term_count++] =
                (struct cf_term){.offset = offset,
                                 .weight = below(2) ? (int32_t)magnitude : -(int32_t)magnitude,
                                 .port = (uint8_t)p,
                                 .shift = (uint8_t)below(shifts),
                                 .square = beyond && below(2)};
            if (beyond && !s->terms[s->cell.term_count - 1].square && below(4) == 0)
                continue_with_square(s);
            offset += 1 + (below(4) ? 0 : below(100));
        }
    }
    s->cell.activation = below(2) ? CF_STEP : CF_LINEAR;
    if (beyond && below(3))
        s->cell.activation = below(2) ? CF_RELU : CF_ROOT;
    int64_t low, high;
    if (!cf_cell_range(&s->cell, &low, &high))
        return false;
    /* A bias near the middle of the range, at its ends, or anywhere. */
    uint32_t kind = below(4);
    s->cell.bias = kind == 0 ? -low : kind == 1 ? -high : kind == 2 ? -(low + high) / 2 : (int64_t)below(1000) - 500;
    if (!cf_cell_infer_type(&s->cell, 0))
        return false;
    if (s->cell.activation != CF_STEP && below(4) == 0)
        s->cell.type.width = (uint8_t)(s->cell.type.width + below(64u - s->cell.type.width));
    int64_t min, max;
    cf_cell_range(&s->cell, &min, &max);
    if (s->cell.activation == CF_LINEAR && min >= 0 && s->cell.type.width > 1 && below(2))
        s->cell.type = (struct cf_type){(uint8_t)(s->cell.type.width - 1), false, 0};
    return true;
}

/* A random plain cell. */
static bool make_cell(struct sample *s, uint32_t max_terms, uint32_t max_width, uint32_t max_weight_bits)
{
    return make_cell_of(s, max_terms, max_width, max_weight_bits, false);
}

static int64_t random_value(struct cf_type type, bool extreme)
{
    int64_t min = cf_type_min(type), max = cf_type_max(type);
    if (extreme) {
        const int64_t choices[] = {min, max, 0, type.is_signed ? -1 : 1};
        return choices[below(4)];
    }
    return (int64_t)(random_u64() & (((uint64_t)1 << type.width) - 1)) + min;
}

/* The number of patterns for which the network's output differs from the cell's. */
static uint32_t differences(const struct cf_cell *cell, const struct cf_network_cell *lowered)
{
    uint32_t bases[CF_MAX_PORTS], span = 1, wrong = 0;
    for (uint32_t t = 0; t < cell->term_count; t++)
        span = cell->terms[t].offset >= span ? cell->terms[t].offset + 1 : span;
    for (uint32_t p = 0; p < cell->port_count; p++)
        bases[p] = p * span;
    int64_t *nets = calloc((size_t)span * cell->port_count, sizeof *nets);
    uint64_t *inputs = calloc(lowered->network.input_count + 1, sizeof *inputs);
    uint64_t *signals = calloc(cf_network_signals(&lowered->network), sizeof *signals);
    int64_t expected[PATTERNS];
    for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
        for (uint32_t t = 0; t < cell->term_count; t++) {
            const struct cf_network_operand *operand = &lowered->operands[t];
            bool same = t > 0 && operand[-1].port == operand->port && operand[-1].offset == operand->offset;
            int64_t *net = &nets[bases[operand->port] + operand->offset];
            int64_t value = same ? *net : random_value(cell->ports[operand->port], pattern % 3 == 0);
            *net = value;
            for (uint32_t k = 0; k < operand->width; k++)
                inputs[operand->first_input + k] |= ((uint64_t)value >> k & 1) << pattern;
        }
        expected[pattern] = cf_cell_output(cell, cf_cell_sum(cell, bases, nets));
    }
    evaluate_network(&lowered->network, inputs, signals);
    for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
        uint64_t value = 0;
        for (uint32_t k = 0; k < lowered->network.output_count; k++)
            value |= (cf_network_value(signals, lowered->network.outputs[k]) >> pattern & 1) << k;
        wrong += value != ((uint64_t)expected[pattern] & (((uint64_t)1 << cell->type.width) - 1));
    }
    free(nets);
    free(inputs);
    free(signals);
    return wrong;
}

static void check_samples_of(uint32_t count, uint32_t max_terms, uint32_t max_width, uint32_t max_weight_bits,
                             bool beyond)
{
    static struct sample s;
    struct cf_error err;
    for (uint32_t made = 0; made < count;) {
        if (!make_cell_of(&s, max_terms, max_width, max_weight_bits, beyond))
            continue;
        made++;
        struct cf_network_cell lowered;
        if (!cf_lower_cell(&lowered, &s.cell, &err) || !cf_network_check(&lowered.network, "lowered", &err))
            fail_msg("%s", err.text);
        uint32_t wrong = differences(&s.cell, &lowered);
        if (wrong)
            fail_msg("sample %u (%u terms): %u patterns differ", made, s.cell.term_count, wrong);
        cf_network_cell_free(&lowered);
    }
}

static void check_samples(uint32_t count, uint32_t max_terms, uint32_t max_width, uint32_t max_weight_bits)
{
    check_samples_of(count, max_terms, max_width, max_weight_bits, false);
}

static void squares_relus_and_roots_are_exact(void **unused)
{
    (void)unused;
    check_samples_of(4000, 6, 5, 6, true);
    check_samples_of(2000, 12, 15, 12, true);
    check_samples_of(300, 3, 31, 5, true);
    check_samples_of(20, MAX_TERMS, 12, 6, true);
    check_samples_of(2000, 9, 1, 3, true);
}

/* The network of a cell with one term, for all values of its net. */
static void check_all_values(const struct cf_cell *cell)
{
    struct cf_network_cell lowered;
    struct cf_error err;
    if (!cf_lower_cell(&lowered, cell, &err) || !cf_network_check(&lowered.network, "lowered", &err))
        fail_msg("%s", err.text);
    uint64_t *signals = calloc(cf_network_signals(&lowered.network), sizeof *signals), inputs[CF_MAX_WIDTH];
    struct cf_type type = cell->ports[0];
    assert_non_null(signals);
    for (int64_t first = cf_type_min(type); first <= cf_type_max(type); first += PATTERNS) {
        memset(inputs, 0, sizeof inputs);
        for (uint32_t p = 0; p < PATTERNS; p++)
            for (uint32_t k = 0; k < type.width; k++)
                inputs[k] |= ((uint64_t)(first + p) >> k & 1) << p;
        evaluate_network(&lowered.network, inputs, signals);
        for (uint32_t p = 0; p < PATTERNS && first + p <= cf_type_max(type); p++) {
            uint64_t value = 0;
            for (uint32_t k = 0; k < lowered.network.output_count; k++)
                value |= (cf_network_value(signals, lowered.network.outputs[k]) >> p & 1) << k;
            int64_t net = first + p, wanted = cf_cell_output(cell, cf_cell_sum(cell, (uint32_t[]){0}, &net));
            if (value != ((uint64_t)wanted & (((uint64_t)1 << cell->type.width) - 1)))
                fail_msg("%s of %d: %d, not %d", cf_activation_name(cell->activation), (int)net, (int)value,
                         (int)wanted);
        }
    }
    free(signals);
    cf_network_cell_free(&lowered);
}

static void activations_are_exact_for_all_values(void **unused)
{
    (void)unused;
    for (uint8_t width = 1; width <= 17; width++)
        for (int kind = 0; kind < 12; kind++) {
            struct cf_type type = {width, kind % 2 == 0, 0};
            struct cf_term term = {.weight = kind % 3 == 0 ? -1 : 1, .square = kind % 4 == 1 && width <= 12};
            struct cf_cell cell = {&type, &term, 1, 1, kind < 4 ? 0 : (int64_t)below(100) - 50, CF_ROOT, {0}};
            for (int relu = 0; relu < 2; relu++) {
                cell.activation = relu ? CF_RELU : CF_ROOT;
                assert_true(cf_cell_infer_type(&cell, 0));
                check_all_values(&cell);
                cell.type.width++;
                cell.type.is_signed = true;
                check_all_values(&cell);
            }
        }
}

static void small_cells_are_exact(void **unused)
{
    (void)unused;
    check_samples(4000, 6, 6, 8);
}

static void wide_cells_are_exact(void **unused)
{
    (void)unused;
    check_samples(2000, 12, 32, 24);
    check_samples(300, 3, 58, 31);
}

static void long_cells_are_exact(void **unused)
{
    (void)unused;
    check_samples(60, MAX_TERMS, 13, 8);
}

static void one_bit_cells_are_exact(void **unused)
{
    (void)unused;
    check_samples(3000, 9, 1, 3);
}

static void signed_digits_are_canonical(void **unused)
{
    (void)unused;
    for (int64_t n = -70000; n <= 70000; n++) {
        uint64_t plus, minus;
        cf_signed_digits(n, &plus, &minus);
        assert_int_equal((int64_t)plus - (int64_t)minus, n);
        assert_int_equal(plus & minus, 0);
        assert_int_equal((plus | minus) & (plus | minus) << 1, 0);
    }
    uint64_t plus, minus;
    cf_signed_digits(-INT32_MAX, &plus, &minus);
    assert_int_equal((int64_t)plus - (int64_t)minus, -INT32_MAX);
}

static struct cf_network_cell lower_threshold(const int32_t *weights, uint32_t count, int64_t bias)
{
    static const struct cf_type bit = {1, false, 0};
    struct cf_term terms[8] = {0};
    for (uint32_t t = 0; t < count; t++)
        terms[t] = (struct cf_term){.offset = t, .weight = weights[t]};
    struct cf_cell cell = {&bit, terms, 1, count, bias, CF_STEP, bit};
    struct cf_network_cell lowered;
    struct cf_error err;
    if (!cf_lower_cell(&lowered, &cell, &err))
        fail_msg("%s", err.text);
    return lowered;
}

/* A threshold gate that is a binary gate becomes that gate and nothing else: what import and export rely on. */
static void binary_threshold_gates_cost_one_gate(void **unused)
{
    (void)unused;
    static const struct {
        int32_t weights[3];
        uint32_t count;
        int64_t bias;
        uint32_t nodes;
    } cases[] = {
        {{1, 1}, 2, -2, 1}, {{1, 1}, 2, -1, 1},    {{-1, -1}, 2, 0, 1},    {{1, -1}, 2, -1, 1}, {{-1}, 1, 0, 0},
        {{1}, 1, -1, 0},    {{1, 1, 1}, 3, -2, 1}, {{-1, -1, 1}, 3, 0, 1}, {{0}, 0, 0, 0},      {{0}, 0, -1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cf_network_cell lowered = lower_threshold(cases[i].weights, cases[i].count, cases[i].bias);
        assert_int_equal(lowered.network.node_count, cases[i].nodes);
        cf_network_cell_free(&lowered);
    }
}

/* Every sample is proved as well, whatever its sign: of step, linear and unsigned cells, for all inputs at once. */
static void random_cells_are_proved(void **unused)
{
    (void)unused;
    static struct sample s;
    struct cf_error err;
    struct proof_counts counts = {0};
    while (counts.cells < 1500) {
        if (!make_cell(&s, counts.cells % 10 ? 60 : MAX_TERMS, 16, 12))
            continue;
        struct cf_network_cell lowered;
        assert_true(cf_lower_cell(&lowered, &s.cell, &err));
        if (!prove_cell(&s.cell, &lowered, &counts, &err))
            fail_msg("cell %u of %u terms: %s", (unsigned)counts.cells, s.cell.term_count, err.text);
        cf_network_cell_free(&lowered);
    }
    assert_true(counts.above > 100);
}

/* The comparison itself must notice a broken network: one connection inverted, or two swapped, in each of many cells.
 */
static void a_broken_network_is_noticed(void **unused)
{
    (void)unused;
    static struct sample s;
    struct cf_error err;
    uint32_t tried = 0, noticed = 0;
    while (tried < 200) {
        if (!make_cell(&s, 6, 6, 6) || s.cell.activation == CF_STEP)
            continue;
        struct cf_network_cell lowered;
        assert_true(cf_lower_cell(&lowered, &s.cell, &err));
        if (lowered.network.node_count > 1) {
            struct cf_network_node *node = &lowered.network.nodes[below(lowered.network.node_count)];
            if (tried % 2)
                node->a ^= 1;
            else
                node->a = node->b;
            tried++;
            noticed += differences(&s.cell, &lowered) > 0;
        }
        cf_network_cell_free(&lowered);
    }
    assert_in_range(noticed, 190, 200); /* a carry that is hardly ever set may escape 64 patterns */
}

/* The same of networks with squares and roots. */
static void broken_squares_and_roots_are_noticed(void **unused)
{
    (void)unused;
    static struct sample s;
    struct cf_error err;
    uint32_t tried = 0, noticed = 0;
    while (tried < 200) {
        if (!make_cell_of(&s, 4, 5, 3, true) || s.cell.activation == CF_STEP || cf_cell_is_plain(&s.cell))
            continue;
        struct cf_network_cell lowered;
        assert_true(cf_lower_cell(&lowered, &s.cell, &err));
        if (lowered.network.node_count > 1) {
            struct cf_network_node *node = &lowered.network.nodes[below(lowered.network.node_count)];
            node->a ^= 1;
            tried++;
            noticed += differences(&s.cell, &lowered) > 0;
        }
        cf_network_cell_free(&lowered);
    }
    assert_in_range(noticed, 150, 200); /* the root of a sum that is hardly ever positive, say */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squares_relus_and_roots_are_exact),
        cmocka_unit_test(activations_are_exact_for_all_values),
        cmocka_unit_test(broken_squares_and_roots_are_noticed),
        cmocka_unit_test(signed_digits_are_canonical),
        cmocka_unit_test(small_cells_are_exact),
        cmocka_unit_test(wide_cells_are_exact),
        cmocka_unit_test(long_cells_are_exact),
        cmocka_unit_test(one_bit_cells_are_exact),
        cmocka_unit_test(binary_threshold_gates_cost_one_gate),
        cmocka_unit_test(random_cells_are_proved),
        cmocka_unit_test(a_broken_network_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
