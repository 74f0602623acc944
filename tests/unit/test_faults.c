/* Fault simulation against brute force: each fault alone, in a network evaluated bit by bit, all gates recomputed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "netlists/cell.h"
#include "netlists/lowering/lower.h"
#include "sim/faults/faults.h"
#include "sim/word/reference.h"
#include "tests/support/regular_netlist.h"

static struct random_source source = {4};

/* ---- brute force ------------------------------------------------------------------------------------------------- */

/* The value of one gate with one pin of its network held: written anew, a bit at a time. */
static int64_t faulty_value(const struct cf_network_cell *cell, const struct cf_group *group, uint32_t gate,
                            const int64_t *nets, const struct cf_fault *fault)
{
    const struct cf_network *network = &cell->network;
    const uint32_t *bases = cf_instance_bases(group, gate);
    uint8_t *signals = calloc(cf_network_signals(network), 1);
    for (uint32_t o = 0; o < cell->operand_count; o++)
        for (uint32_t k = 0; k < cell->operands[o].width; k++) {
            uint32_t pin = cell->operands[o].first_input + k;
            signals[1 + pin] = nets[bases[cell->operands[o].port] + cell->operands[o].offset] >> k & 1;
            if (pin == fault->pin)
                signals[1 + pin] = fault->value;
        }
    for (uint32_t n = 0; n < network->node_count; n++) {
        const cf_lit in[3] = {network->nodes[n].a, network->nodes[n].b, network->nodes[n].c};
        uint32_t first = network->input_count + 5 * n, total = 0;
        for (uint32_t i = 0; i < 3; i++)
            total += first + i == fault->pin ? fault->value : signals[in[i] >> 1] ^ (in[i] & 1);
        signals[1 + network->input_count + 2 * n] = first + 3 == fault->pin ? fault->value : total % 2;
        signals[2 + network->input_count + 2 * n] = first + 4 == fault->pin ? fault->value : total >= 2;
    }
    int64_t value = 0;
    for (uint32_t k = 0; k < network->output_count; k++) {
        int64_t bit = signals[network->outputs[k] >> 1] ^ (network->outputs[k] & 1);
        bool negative = group->type.is_signed && k + 1 == network->output_count;
        value += (negative ? -bit : bit) * ((int64_t)1 << k);
    }
    free(signals);
    return value;
}

/* True when the fault changes an output, all gates after it being recomputed. */
static bool found_by_force(const struct cf_netlist *netlist, const struct cf_network_cell *cells, const int64_t *good,
                           const struct cf_fault *fault)
{
    int64_t *nets = calloc(netlist->net_count, sizeof *nets);
    bool found = false;
    memcpy(nets, good, netlist->groups[CF_INPUT].count * sizeof *nets);
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            const struct cf_cell *cell = &netlist->cells[group->cell[i]];
            uint32_t net = group->first_net + i;
            nets[net] = net == fault->net ? faulty_value(&cells[group->cell[i]], group, i, nets, fault)
                                          : cf_cell_output(cell, cf_cell_sum(cell, cf_instance_bases(group, i), nets));
            found |= group->output && nets[net] != good[net];
        }
    }
    free(nets);
    return found;
}

/* ---- lists against brute force ----------------------------------------------------------------------------------- */

/* A circuit, its networks, and frames with the values of all sound gates. */
struct bench {
    struct cf_netlist *netlist;
    struct cf_network_cell *cells;
    int64_t *nets; /* [frames][net_count] */
    int32_t *input;
    uint32_t frames;
};

static struct bench open_bench(struct cf_netlist *netlist, uint32_t frames)
{
    struct cf_error err;
    struct bench b = {.netlist = netlist, .cells = cf_lower_cells(netlist, &err), .frames = frames};
    b.nets = calloc((size_t)netlist->net_count * frames, sizeof *b.nets);
    b.input = calloc(netlist->groups[CF_INPUT].count, sizeof *b.input);
    assert_true(b.cells && b.nets && b.input);
    for (uint32_t f = 0; f < frames; f++) {
        int64_t *frame = b.nets + (size_t)f * netlist->net_count;
        random_input(&source, netlist, frame);
        cf_word_evaluate(netlist, frame);
    }
    return b;
}

static void close_bench(struct bench *b)
{
    cf_lower_free(b->cells, b->netlist->cell_count);
    cf_netlist_free(b->netlist);
    free(b->nets);
    free(b->input);
}

static void simulate(struct bench *b, struct cf_fault_list *list, int threads, bool keep)
{
    struct cf_error err;
    struct cf_fault_sim *sim;
    struct cf_fault_options options = {.threads = threads, .keep = keep};
    assert_true(cf_fault_sim_new(&sim, b->netlist, b->cells, list, &options, &err));
    for (uint32_t f = 0; f < b->frames; f++) {
        for (uint32_t i = 0; i < b->netlist->groups[CF_INPUT].count; i++)
            b->input[i] = (int32_t)b->nets[(size_t)f * b->netlist->net_count + i];
        cf_fault_sim_run(sim, b->input, f);
    }
    cf_fault_sim_free(sim);
}

static struct cf_fault_list make_list(const struct bench *b, struct cf_fault_choice choice)
{
    struct cf_fault_list list;
    struct cf_error err;
    assert_true(cf_fault_list_make(&list, b->netlist, b->cells, &choice, &err));
    return list;
}

/* Simulates the list with dropping and without, and compares both with brute force. Returns how many are found. */
static uint64_t check_list(struct bench *b, struct cf_fault_choice choice)
{
    struct cf_fault_list list = make_list(b, choice), kept = make_list(b, choice);
    uint64_t found = 0;
    simulate(b, &list, 2, false);
    simulate(b, &kept, 1, true);
    assert_int_equal(list.count, kept.count);
    for (uint64_t i = 0; i < list.count; i++) {
        uint32_t first = CF_FAULT_MISSED, detections = 0;
        for (uint32_t f = 0; f < b->frames; f++)
            if (found_by_force(b->netlist, b->cells, b->nets + (size_t)f * b->netlist->net_count, &list.faults[i])) {
                first = detections++ ? first : f;
            }
        if (list.faults[i].frame != first || kept.faults[i].frame != first) {
            char text[256];
            fail_msg("%s: frame %u, without dropping %u, by brute force %u",
                     cf_fault_text(&list.faults[i], b->netlist, b->cells, text, sizeof text), list.faults[i].frame,
                     kept.faults[i].frame, first);
        }
        assert_int_equal(kept.faults[i].detections, detections);
        assert_int_equal(list.faults[i].detections, detections > 0);
        assert_true((list.faults[i].seen && kept.faults[i].seen) || detections == 0);
        found += detections > 0;
    }
    cf_fault_list_free(&list);
    cf_fault_list_free(&kept);
    return found;
}

static uint64_t check_sample(struct cf_netlist *netlist, uint64_t sample)
{
    struct bench b = open_bench(netlist, 3);
    uint64_t found = check_list(&b, (struct cf_fault_choice){.sample = sample, .seed = 7});
    close_bench(&b);
    return found;
}

static void samples_are_found_exactly(void **unused)
{
    (void)unused;
    uint64_t found = 0;
    for (int made = 0; made < 6;) {
        struct cf_netlist *netlist = random_circuit(&source);
        assert_non_null(netlist);
        if (netlist->net_count >= 2500) {
            cf_netlist_free(netlist);
            continue;
        }
        found += check_sample(netlist, 300);
        made++;
    }
    assert_true(found > 100); /* the circuits are not so blind that the test says nothing */
}

static void random_netlists_agree(void **unused)
{
    (void)unused;
    for (uint64_t seed = 300; seed < 340; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 2 == 0;
        struct cf_netlist *netlist = random_netlist(&options);
        assert_non_null(netlist);
        if (netlist->groups[CF_INPUT].type.width <= 31 && netlist->net_count < 1000)
            check_sample(netlist, 150);
        else
            cf_netlist_free(netlist);
    }
}

/* ---- everything, on small circuits ------------------------------------------------------------------------------- */

/* 4x4 of three channels, two scales, two classes. */
static struct cf_netlist *small_circuit(enum cf_upsample upsample, enum cf_pools pools, enum cf_top top)
{
    struct cf_compile_options options = cf_compile_defaults();
    double weight[6], bias[2] = {0.5, -0.5}, scale[2] = {0.01, 0.01};
    int32_t quantised[6];
    for (int i = 0; i < 6; i++) {
        quantised[i] = (int32_t)random_between(&source, -127, 127);
        weight[i] = quantised[i] * 0.01;
    }
    struct cf_head head = {
        .label = "head",
        .classes = 2,
        .channels = 3,
        .bands[CF_ROLE_CLS] = 1,
        .layer[CF_ROLE_CLS][0] = {
            .outputs = 2, .inputs = 3, .weight = weight, .bias = bias, .scale = scale, .quantised = quantised}};
    options.height = options.width = 4;
    options.scales = 2;
    options.upsample = upsample;
    options.pools = pools;
    options.top = top;
    options.input_bits = 6;
    options.input_scale = 0.1;
    struct cf_netlist *netlist = NULL;
    struct cf_error err;
    assert_true(cf_compile(&netlist, &head, &options, &err));
    return netlist;
}

/* Whether a pin is there and read, asked of one pin at a time. */
static bool pin_matters(const struct cf_network *network, uint32_t pin)
{
    uint32_t node = pin < network->input_count ? 0 : (pin - network->input_count) / 5,
             kind = (pin - network->input_count) % 5;
    uint32_t signal = 1 + pin;
    if (pin >= network->input_count && kind < 3)
        return kind < 2 || network->nodes[node].c != CF_LIT_FALSE;
    if (pin >= network->input_count)
        signal = 1 + network->input_count + 2 * node + (kind - 3);
    bool read = false;
    for (uint32_t n = 0; n < network->node_count; n++)
        read |= network->nodes[n].a >> 1 == signal || network->nodes[n].b >> 1 == signal ||
                network->nodes[n].c >> 1 == signal;
    for (uint32_t i = 0; i < network->output_count; i++)
        read |= network->outputs[i] >> 1 == signal;
    return read;
}

/* The list holds every pin that matters of every gate at 0 and at 1, in order, and nothing else. */
static void check_everything_listed(const struct bench *b)
{
    struct cf_fault_list list = make_list(b, (struct cf_fault_choice){.scope = CF_FAULT_ALL});
    uint64_t at = 0;
    for (uint32_t g = 1; g < b->netlist->group_count; g++) {
        const struct cf_group *group = &b->netlist->groups[g];
        uint64_t start = at;
        for (uint32_t i = 0; i < group->count; i++) {
            const struct cf_network *network = &b->cells[group->cell[i]].network;
            for (uint32_t pin = 0; pin < cf_fault_pins(network); pin++)
                for (int value = 0; pin_matters(network, pin) && value < 2; value++, at++) {
                    assert_true(at < list.count);
                    assert_int_equal(list.faults[at].net, group->first_net + i);
                    assert_int_equal(list.faults[at].pin, pin);
                    assert_int_equal(list.faults[at].value, value);
                }
        }
        assert_int_equal(list.population[g], at - start);
    }
    assert_int_equal(list.count, at);
    cf_fault_list_free(&list);
}

/* All faults of whole circuits, in place: the list is complete, and every verdict is that of brute force. */
static void everything_is_found_exactly(void **unused)
{
    (void)unused;
    for (int kind = 0; kind < 8; kind++) {
        struct cf_netlist *netlist =
            small_circuit(kind & 1 ? CF_BILINEAR : CF_NEAREST, kind & 2 ? CF_ITERATED : CF_DIRECT,
                          kind & 4 ? CF_COFIBER : CF_RESIDUAL);
        struct bench b = open_bench(netlist, 3);
        check_everything_listed(&b);
        assert_true(check_list(&b, (struct cf_fault_choice){.scope = CF_FAULT_ALL}) > 1000);
        close_bench(&b);
    }
}

static int compare_in_order(const void *x, const void *y)
{
    const struct cf_fault *a = x, *b = y;
    if (a->net != b->net)
        return a->net < b->net ? -1 : 1;
    return a->pin != b->pin ? (a->pin < b->pin ? -1 : 1) : a->value - b->value;
}

static void assert_all_different(struct cf_fault_list *list)
{
    qsort(list->faults, list->count, sizeof *list->faults, compare_in_order);
    for (uint64_t i = 1; i < list->count; i++)
        assert_true(compare_in_order(&list->faults[i - 1], &list->faults[i]) < 0);
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static bool same_faults(const struct cf_fault *a, const struct cf_fault *b, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (compare_in_order(&a[i], &b[i]) != 0)
            return false;
    return true;
}

/* A sample is exactly as large as asked, without repetition, the same for the same seed and for its group alone; what
 * holds all of a group is all of it. */
static void samples_have_no_repetition(void **unused)
{
    (void)unused;
    struct bench b = open_bench(small_circuit(CF_NEAREST, CF_DIRECT, CF_RESIDUAL), 1);
    struct cf_fault_list all = make_list(&b, (struct cf_fault_choice){.scope = CF_FAULT_ALL});
    static const uint64_t sizes[] = {1, 2, 63, 64, 65, 100, 400, 1000, 3000, 1000000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct cf_fault_choice choice = {.sample = sizes[k], .seed = 5};
        struct cf_fault_list list = make_list(&b, choice), again = make_list(&b, choice);
        uint64_t at = 0;
        assert_true(list.count == again.count && same_faults(list.faults, again.faults, list.count));
        for (uint32_t g = 1; g < b.netlist->group_count; g++) {
            uint64_t count = all.population[g] < sizes[k] ? all.population[g] : sizes[k];
            choice.first_net = b.netlist->groups[g].first_net;
            choice.net_count = b.netlist->groups[g].count;
            struct cf_fault_list alone = make_list(&b, choice);
            assert_int_equal(alone.count, count);
            assert_true(same_faults(alone.faults, list.faults + at, count));
            cf_fault_list_free(&alone);
            at += count;
        }
        assert_int_equal(list.count, at);
        assert_true(sizes[k] != 1000000 || same_faults(list.faults, all.faults, all.count));
        assert_all_different(&list);
        cf_fault_list_free(&list);
        cf_fault_list_free(&again);
    }
    cf_fault_list_free(&all);
    close_bench(&b);
}

/* Over many seeds every fault of a gate is drawn about as often as any other, whether few or most are drawn. */
static void samples_are_uniform(void **unused)
{
    (void)unused;
    enum { SEEDS = 2000 };
    struct bench b = open_bench(small_circuit(CF_NEAREST, CF_DIRECT, CF_RESIDUAL), 1);
    struct cf_fault_choice choice = {
        .scope = CF_FAULT_ALL, .first_net = b.netlist->groups[1].first_net, .net_count = 1};
    struct cf_fault_list all = make_list(&b, choice);
    uint32_t *drawn = calloc(all.count, sizeof *drawn);
    assert_true(all.count > 40);
    choice.scope = CF_FAULT_SAMPLE;
    for (int part = 1; part < 4; part += 2) {
        double square = 0, expected;
        choice.sample = all.count * (uint64_t)part / 4;
        memset(drawn, 0, all.count * sizeof *drawn);
        for (choice.seed = 0; choice.seed < SEEDS; choice.seed++) {
            struct cf_fault_list list = make_list(&b, choice);
            for (uint64_t i = 0, at = 0; i < list.count; i++, at++) {
                while (compare_in_order(&all.faults[at], &list.faults[i]) != 0)
                    at++;
                drawn[at]++;
            }
            cf_fault_list_free(&list);
        }
        expected = SEEDS * (double)choice.sample / (double)all.count;
        for (uint64_t i = 0; i < all.count; i++)
            square += (drawn[i] - expected) * (drawn[i] - expected);
        /* The variance of a count is expected * (1 - sample / count); the mean over the faults is close to it. */
        square /= (double)all.count * expected * (1 - (double)choice.sample / (double)all.count);
        assert_true(square > 0.5 && square < 1.7);
    }
    free(drawn);
    cf_fault_list_free(&all);
    close_bench(&b);
}

/* ---- other choices ----------------------------------------------------------------------------------------------- */

/* With CF_FAULT_CELLS each group has every pin of its cells once, at gates of those cells, and verdicts hold there. */
static void every_cell_is_covered(void **unused)
{
    (void)unused;
    struct bench b = open_bench(small_circuit(CF_BILINEAR, CF_DIRECT, CF_COFIBER), 2);
    const struct cf_netlist *n = b.netlist;
    struct cf_fault_choice choice = {.scope = CF_FAULT_CELLS, .seed = 3};
    struct cf_fault_list list = make_list(&b, choice);
    uint64_t at = 0;
    for (uint32_t g = 1; g < n->group_count; g++)
        for (uint32_t c = 0; c < n->cell_count; c++) {
            bool placed = false;
            for (uint32_t i = 0; i < n->groups[g].count; i++)
                placed |= n->groups[g].cell[i] == c;
            for (uint32_t pin = 0; placed && pin < cf_fault_pins(&b.cells[c].network); pin++)
                for (int value = 0; pin_matters(&b.cells[c].network, pin) && value < 2; value++, at++) {
                    assert_true(at < list.count);
                    const struct cf_fault *fault = &list.faults[at];
                    assert_true(fault->net - n->groups[g].first_net < n->groups[g].count);
                    assert_int_equal(n->groups[g].cell[fault->net - n->groups[g].first_net], c);
                    assert_true(fault->pin == pin && fault->value == value);
                }
        }
    assert_int_equal(list.count, at);
    assert_all_different(&list);
    cf_fault_list_free(&list);
    assert_true(check_list(&b, choice) > 100);
    close_bench(&b);
}

static void places_have_names(void **unused)
{
    (void)unused;
    struct bench b = open_bench(small_circuit(CF_NEAREST, CF_DIRECT, CF_RESIDUAL), 1);
    const struct cf_group *pool = &b.netlist->groups[1];
    const struct cf_network_cell *cell = &b.cells[pool->cell[0]];
    struct cf_fault operand = {.net = pool->first_net, .pin = cell->operands[2].first_input + 1, .value = true};
    struct cf_fault adder = {.net = pool->first_net + 1, .pin = cell->network.input_count + 5 * 3 + 4};
    char text[128];
    assert_string_equal(cf_fault_text(&operand, b.netlist, b.cells, text, sizeof text),
                        "s0.pool[0,0,0]: operand 2, bit 1 stuck at 1");
    assert_string_equal(cf_fault_text(&adder, b.netlist, b.cells, text, sizeof text),
                        "s0.pool[0,0,1]: adder 3, carry stuck at 0");
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_found_exactly),   cmocka_unit_test(random_netlists_agree),
        cmocka_unit_test(everything_is_found_exactly), cmocka_unit_test(samples_have_no_repetition),
        cmocka_unit_test(samples_are_uniform),         cmocka_unit_test(every_cell_is_covered),
        cmocka_unit_test(places_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
