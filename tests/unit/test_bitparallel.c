/* The bit-parallel engine: every kernel against the portable one, every engine against the word-level definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/lowering/lower_threshold.h"
#include "netlists/cell.h"
#include "netlists/check.h"
#include "netlists/lowering/lower.h"
#include "sim/bits/engine_internal.h"
#include "sim/bits/macro.h"
#include "sim/storage.h"
#include "sim/word/reference.h"
#include "tests/support/bit_nets.h"
#include "tests/support/regular_netlist.h"

static struct random_source source = {20261123};

static void fill(void *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)memory)[i] = (uint8_t)random_next(&source);
}

/* The third word of a run: which inputs are inverted. */
static uint16_t random_inversion(uint8_t op)
{
    uint32_t inputs = op >= CF_BIT_COUNT15 ? 3 : cf_bit_op_inputs[op];
    return (uint16_t)(random_next(&source) & ((1u << inputs) - 1));
}

static bool inverts(uint8_t op, uint16_t inversion, uint32_t input)
{
    uint32_t half = cf_bit_op_inputs[op] / 2;
    return inversion >> (op < CF_BIT_COUNT15 ? input : input / half) & 1;
}

/* Each instruction on random planes: all kernels must leave the same bits as the portable ones run lane group by lane
 * group. */
static void check_op(const struct cf_bit_kernels *kernels, uint8_t op)
{
    enum { PLANES = 64 };
    uint32_t words = kernels->lanes / 64, in = cf_bit_op_inputs[op], out = cf_bit_op_outputs[op];
    uint64_t *window = aligned_alloc(64, PLANES * 64), *expected = aligned_alloc(64, PLANES * 64);
    uint64_t one[PLANES];
    uint16_t code[256] = {0};
    for (int trial = 0; trial < 20; trial++) {
        size_t length = 0;
        code[length++] = op;
        code[length++] = 3; /* a run of three, so that results are read again */
        code[length++] = random_inversion(op);
        for (uint32_t i = 0; i < 3 * (in + out); i++)
            code[length++] = (uint16_t)(random_between(&source, 0, PLANES - 1) * CF_PLANE_STEP);
        memset(code + length, 0, 8 * sizeof *code);
        fill(window, PLANES * 64);
        memcpy(expected, window, PLANES * 64);
        kernels->run(code, window);
        for (uint32_t w = 0; w < words; w++) {
            for (uint32_t p = 0; p < PLANES; p++)
                one[p] = expected[p * words + w];
            cf_bit_kernels_portable.run(code, one);
            for (uint32_t p = 0; p < PLANES; p++)
                assert_int_equal(window[p * words + w], one[p]);
        }
    }
    free(window);
    free(expected);
}

static void instructions_agree(void **unused)
{
    (void)unused;
    const struct cf_bit_kernels *kernels;
    for (int k = 0; (kernels = cf_bit_kernels_at(k)) != NULL; k++)
        for (uint8_t op = CF_BIT_COPY; op < CF_BIT_OPS; op++)
            for (const struct cf_bit_kernels *one = kernels; one; one = one->narrow)
                check_op(one, op);
}

/* A counter counts: the portable kernels, which the others follow, against arithmetic. */
static void counters_count(void **unused)
{
    (void)unused;
    for (uint8_t op = CF_BIT_HALF; op < CF_BIT_OPS; op++)
        for (int trial = 0; trial < 20; trial++) {
            uint32_t in = cf_bit_op_inputs[op], out = cf_bit_op_outputs[op];
            uint64_t window[64];
            uint16_t code[64] = {op, 1, random_inversion(op)};
            fill(window, sizeof window);
            for (uint32_t i = 0; i < in + out; i++)
                code[3 + i] = (uint16_t)(i * CF_PLANE_STEP);
            cf_bit_kernels_portable.run(code, window);
            for (uint32_t lane = 0; lane < 64; lane++) {
                uint32_t ones = 0, counted = 0;
                for (uint32_t i = 0; i < in; i++)
                    ones += (uint32_t)(window[i] >> lane & 1) ^ inverts(op, code[2], i);
                for (uint32_t i = 0; i < out; i++)
                    counted |= (uint32_t)(window[in + i] >> lane & 1) << i;
                assert_int_equal(counted, ones);
            }
        }
}

static void check_conversions(const struct cf_bit_kernels *kernels)
{
    enum { OPERANDS = 5, COLUMNS = 77 };
    static uint8_t planes[OPERANDS * 64 * 64], words[OPERANDS][CF_TILE * 8], back[CF_TILE * 8];
    static uint8_t matrix[CF_TILE][COLUMNS * 8], turned[COLUMNS * CF_TILE * 8];
    for (uint32_t bytes = 1; bytes <= 8; bytes *= 2) {
        const void *pointers[OPERANDS], *rows[CF_TILE];
        size_t plane = kernels->lanes / 8;
        fill(words, sizeof words);
        for (int o = 0; o < OPERANDS; o++)
            pointers[o] = words[o];
        for (uint32_t width = 1; width <= 8 * bytes; width++) {
            kernels->split(pointers, OPERANDS, bytes, width, planes, plane);
            for (uint32_t o = 0; o < OPERANDS; o++) {
                uint16_t list[64];
                for (uint32_t i = 0; i < width; i++)
                    list[i] = (uint16_t)((o * width + i) * CF_PLANE_STEP);
                for (int is_signed = 0; is_signed < 2; is_signed++) {
                    kernels->join(planes, plane, list, width, is_signed, bytes, back);
                    for (uint32_t l = 0; l < CF_TILE; l++) {
                        uint64_t value = 0, result = 0, mask = ~(uint64_t)0 >> (64 - 8 * bytes);
                        memcpy(&value, words[o] + l * bytes, bytes);
                        memcpy(&result, back + l * bytes, bytes);
                        value &= ~(uint64_t)0 >> (64 - width);
                        if (is_signed && value >> (width - 1) & 1)
                            value |= ~(uint64_t)0 << (width - 1);
                        assert_int_equal(result, value & mask);
                    }
                }
            }
        }
        fill(matrix, sizeof matrix);
        for (int r = 0; r < CF_TILE; r++)
            rows[r] = matrix[r];
        for (uint32_t count = 1; count <= COLUMNS; count += 19) {
            kernels->transpose(rows, count, bytes, turned);
            for (uint32_t c = 0; c < count; c++)
                for (uint32_t r = 0; r < CF_TILE; r++)
                    assert_memory_equal(turned + (c * CF_TILE + r) * bytes, matrix[r] + c * bytes, bytes);
        }
        uint8_t expanded[66];
        for (uint32_t count = 1; count <= 64; count += 9) {
            uint64_t bits = random_next(&source);
            memset(expanded, 7, sizeof expanded);
            kernels->expand(bits, count, expanded);
            for (uint32_t c = 0; c < count; c++)
                assert_int_equal(expanded[c], bits >> c & 1);
            assert_int_equal(expanded[count], 7); /* nothing beyond */
        }
    }
}

/* All lanes at once against the portable kernels, tile by tile. */
static void check_all_lanes(const struct cf_bit_kernels *kernels)
{
    enum { TILES = 8, WIDTH = 32, OFFSET = 3 };
    static _Alignas(64) uint8_t planes[2][WIDTH * 64];
    static uint8_t words[TILES][OFFSET + CF_TILE * CF_ALL_BYTES], back[2][TILES][CF_TILE * CF_ALL_BYTES];
    const void *from[TILES], *before[TILES];
    void *to[TILES];
    uint16_t list[WIDTH];
    size_t plane = kernels->lanes / 8, tiles = kernels->lanes / CF_TILE;
    for (uint32_t i = 0; i < WIDTH; i++)
        list[i] = (uint16_t)(i * 5 % WIDTH * CF_PLANE_STEP); /* in no order */
    for (uint32_t bytes = 1; bytes <= CF_ALL_BYTES; bytes *= 2)
        for (uint32_t width = 1; width <= 8 * bytes; width++) {
            fill(words, sizeof words);
            memset(planes, 0, sizeof planes);
            for (size_t n = 0; n < tiles; n++) {
                before[n] = words[n];
                from[n] = words[n] + OFFSET;
                to[n] = back[0][n];
                cf_bit_kernels_portable.split(&from[n], 1, bytes, width, planes[1] + 8 * n, plane);
            }
            kernels->split_all(before, OFFSET, bytes, width, planes[0]);
            assert_memory_equal(planes[0], planes[1], sizeof planes[0]);
            fill(planes[0], sizeof planes[0]);
            for (int is_signed = 0; is_signed < 2; is_signed++) {
                kernels->join_all(planes[0], list, width, is_signed, bytes, to);
                for (size_t n = 0; n < tiles; n++)
                    cf_bit_kernels_portable.join(planes[0] + 8 * n, plane, list, width, is_signed, bytes, back[1][n]);
                for (size_t n = 0; n < tiles; n++)
                    assert_memory_equal(back[0][n], back[1][n], CF_TILE * bytes);
            }
        }
}

static void conversions_agree(void **unused)
{
    (void)unused;
    const struct cf_bit_kernels *kernels;
    for (int k = 0; (kernels = cf_bit_kernels_at(k)) != NULL; k++)
        for (; kernels; kernels = kernels->narrow) {
            check_conversions(kernels);
            if (kernels->split_all)
                check_all_lanes(kernels);
        }
}

/* Runs `frames` random frames through the engine and through the definition; returns how many nets differ. */
static uint64_t differences(const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                            const struct cf_bit_kernels *kernels, uint32_t frames, int threads)
{
    struct cf_error err;
    struct cf_bit_sim *sim;
    uint32_t inputs = netlist->groups[CF_INPUT].count;
    int64_t *nets = calloc((size_t)netlist->net_count * frames, sizeof *nets);
    int64_t *found = calloc(netlist->net_count, sizeof *found);
    int32_t *input = calloc(inputs, sizeof *input);
    if (!cf_bit_sim_of_networks(&sim, netlist, cells, kernels, threads, false, &err) ||
        !cf_bit_sim_make_room(sim, frames, &err))
        fail_msg("%s", err.text);
    uint64_t wrong = 0;
    for (int run = 0; run < 3; run++) { /* nothing may be left over from the run before */
        uint32_t now = run < 2 ? frames : (frames + 1) / 2;
        for (uint32_t f = 0; f < now; f++) {
            random_input(&source, netlist, nets + (size_t)f * netlist->net_count);
            for (uint32_t i = 0; i < inputs; i++)
                input[i] = (int32_t)nets[(size_t)f * netlist->net_count + i];
            cf_bit_sim_put_input(sim, f, input);
            cf_word_evaluate(netlist, nets + (size_t)f * netlist->net_count);
        }
        cf_bit_sim_run(sim, now);
        for (uint32_t f = 0; f < now; f++) {
            bit_nets(sim, netlist, f, found);
            for (uint32_t i = 0; i < netlist->net_count; i++)
                wrong += found[i] != nets[(size_t)f * netlist->net_count + i];
        }
    }
    cf_bit_sim_free(sim);
    free(nets);
    free(found);
    free(input);
    return wrong;
}

static void check_netlist(struct cf_netlist *netlist, uint32_t frames)
{
    struct cf_error err;
    const struct cf_bit_kernels *kernels;
    assert_non_null(netlist);
    struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
    if (!cells)
        fail_msg("%s", err.text);
    for (int k = 0; (kernels = cf_bit_kernels_at(k)) != NULL; k++)
        assert_int_equal(differences(netlist, cells, kernels, frames, 1 + k % 2), 0);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(netlist);
}

/* Inputs must fit the engine's 32-bit input interface. */
static bool input_fits(const struct cf_netlist *netlist)
{
    return netlist->groups[CF_INPUT].type.width <= 31;
}

static void random_netlists_agree(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        options.beyond = seed % 5 == 0;
        options.width = options.beyond ? 20 : options.width; /* squares of wide nets are thousands of bits */
        struct cf_netlist *netlist = random_netlist(&options);
        if (input_fits(netlist))
            check_netlist(netlist, 1 + (uint32_t)(seed % 3));
        else
            cf_netlist_free(netlist);
    }
}

static void regular_netlists_agree(void **unused)
{
    (void)unused;
    for (int i = 0; i < 12; i++) {
        check_netlist(random_circuit(&source), 1 + (uint32_t)i % 3);
        check_netlist(random_blocks(&source), 1 + (uint32_t)i % 2);
    }
}

static void mutated_netlists_agree(void **unused)
{
    (void)unused;
    for (int i = 0; i < 10; i++) {
        struct cf_netlist *netlist = random_circuit(&source);
        assert_non_null(netlist);
        mutate_gates(&source, netlist, 5);
        check_netlist(netlist, 2);
    }
}

/* One position of `inputs` values and `gates` gates that read a window each: lane counts are numbers of gates. */
static struct cf_netlist *lanes_netlist(uint32_t gates)
{
    struct cf_error err;
    struct cf_netlist *netlist = cf_netlist_new("lanes", &err);
    struct cf_type narrow = {6, true, 0}, bit = {1, false, 0};
    uint32_t input[1] = {3 * gates + 2}, shape[1] = {gates}, cells[2];
    struct cf_term terms[3] = {{0, 3, 0, 0, false}, {1, -5, 0, 1, false}, {2, 7, 0, 0, false}};
    struct cf_cell linear = {&narrow, terms, 1, 3, 4, CF_LINEAR, {0}}, step = {&narrow, terms, 1, 3, 4, CF_STEP, bit};
    assert_true(netlist && cf_cell_infer_type(&linear, 0));
    assert_true(cf_netlist_add_cell(netlist, &linear, &cells[0], &err));
    assert_true(cf_netlist_add_cell(netlist, &step, &cells[1], &err));
    assert_true(cf_netlist_add_group(netlist, "input", 1, input, 0, narrow, false, &err));
    assert_true(cf_netlist_add_group(netlist, "spread", 1, shape, 1, linear.type, false, &err));
    assert_true(cf_netlist_add_group(netlist, "dense", 1, shape, 1, bit, true, &err));
    for (uint32_t g = 1; g <= 2; g++)
        for (uint32_t i = 0; i < gates; i++) {
            netlist->groups[g].cell[i] = cells[g - 1];
            netlist->groups[g].base[i] = g == 1 ? 3 * i : i; /* lanes apart, and side by side */
        }
    return netlist;
}

/* A cell with many operands close together and a few far away: the first are several stages of one place. */
static struct cf_netlist *clustered_netlist(void)
{
    enum { CLOSE = 1200, FAR = 9, GATES = 70 };
    static struct cf_term terms[CLOSE + FAR];
    struct cf_error err;
    struct cf_netlist *netlist = cf_netlist_new("clustered", &err);
    struct cf_type narrow = {4, true, 0}, bit = {1, false, 0};
    uint32_t input[1] = {FAR * 4000 + GATES}, shape[1] = {GATES}, index;
    for (uint32_t t = 0; t < CLOSE + FAR; t++)
        terms[t] = (struct cf_term){.offset = t < CLOSE ? t : 4000 * (t - CLOSE + 1) - 1, .weight = t % 2 ? 3 : -2};
    struct cf_cell cell = {&narrow, terms, 1, CLOSE + FAR, 4, CF_STEP, bit};
    assert_true(netlist && cf_netlist_add_cell(netlist, &cell, &index, &err));
    assert_true(cf_netlist_add_group(netlist, "input", 1, input, 0, narrow, false, &err));
    assert_true(cf_netlist_add_group(netlist, "gates", 1, shape, 1, bit, true, &err));
    for (uint32_t i = 0; i < GATES; i++) {
        netlist->groups[1].cell[i] = index;
        netlist->groups[1].base[i] = i;
    }
    return netlist;
}

static void operands_of_one_place_in_several_stages(void **unused)
{
    (void)unused;
    check_netlist(clustered_netlist(), 2);
}

static void odd_lane_counts_do_not_leak(void **unused)
{
    (void)unused;
    static const uint32_t counts[] = {1, 63, 64, 65, 255, 256, 257, 511, 512, 513, 2100};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check_netlist(lanes_netlist(counts[i]), 1);
        check_netlist(lanes_netlist(counts[i]), 3); /* lanes run from one frame into the next */
    }
}

/* Groups of step gates over one-bit nets, the input's and each other's: a few ports, weights and offsets. */
static struct cf_netlist *one_bit_netlist(void)
{
    struct cf_error err;
    struct cf_netlist *netlist = cf_netlist_new("bits", &err);
    static const struct cf_type bits[2] = {{1, false, 0}, {1, false, 0}};
    uint32_t shape[1] = {40}, first[1 + 3] = {0}, cells[6];
    assert_true(netlist && cf_netlist_add_group(netlist, "input", 1, shape, 0, bits[0], false, &err));
    for (uint32_t c = 0; c < 6; c++) {
        struct cf_term terms[5];
        for (uint32_t t = 0; t < 5; t++)
            terms[t] = (struct cf_term){.port = t > 2, .offset = 2 * (t % 3), .weight = t % 2 ? -3 : 1 + (int32_t)c};
        struct cf_cell cell = {bits, terms, 2, c ? 5 : 0, (int32_t)c - 3, CF_STEP, bits[0]};
        assert_true(cf_netlist_add_cell(netlist, &cell, &cells[c], &err));
    }
    for (uint32_t g = 1; g <= 3; g++) {
        char name[8];
        snprintf(name, sizeof name, "g%u", g);
        first[g] = netlist->net_count;
        shape[0] = 1 + (uint32_t)random_between(&source, 0, 99);
        assert_true(cf_netlist_add_group(netlist, name, 1, shape, 2, bits[0], g == 3, &err));
        for (uint32_t i = 0; i < shape[0]; i++) {
            netlist->groups[g].cell[i] = cells[random_between(&source, 0, 5)];
            for (uint32_t p = 0; p < 2; p++)
                netlist->groups[g].base[2 * i + p] = (uint32_t)random_between(&source, 0, (int64_t)first[g] - 5);
        }
    }
    if (!cf_netlist_check(netlist, &err))
        fail_msg("%s", err.text);
    return netlist;
}

static const uint32_t odd_counts[] = {1, 7, 8, 9, 63, 64, 65, 255, 257, 513, 1025};

/* Where every net is a bit, lanes are frames. */
static void one_bit_netlists_agree(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof odd_counts / sizeof *odd_counts; i++)
        check_netlist(one_bit_netlist(), odd_counts[i]);
}

/* The binary network of a cell, as a netlist of a gate each and as one gate over all bits. */
static void lowered_cells_agree(void **unused)
{
    (void)unused;
    struct cf_error err;
    for (size_t i = 0; i < sizeof odd_counts / sizeof *odd_counts; i++) {
        struct cf_netlist *netlist = lanes_netlist(1), *gates, *whole;
        struct cf_network_names names = {0};
        struct cf_network_cell lowered;
        struct cf_cut cut;
        uint32_t passing;
        assert_true(cf_lower_cell(&lowered, &netlist->cells[1], &err));
        assert_true(cf_lower_cell_names(&names, &lowered, 1, &err));
        assert_true(cf_network_to_netlist(&gates, &lowered.network, &names, false, "gates", &err));
        assert_true(cf_cut_of_step(&cut, &netlist->cells[1], &err));
        assert_true(cf_cut_to_netlist(&whole, &cut, &names, &passing, "whole", &err));
        check_netlist(gates, odd_counts[i]);
        check_netlist(whole, odd_counts[i]);
        cf_cut_free(&cut);
        cf_network_names_free(&names);
        cf_network_cell_free(&lowered);
        cf_netlist_free(netlist);
    }
}

static void frames_at_once_fill_the_lanes(void **unused)
{
    (void)unused;
    const struct cf_bit_kernels *kernels = &cf_bit_kernels_portable; /* 64 lanes */
    struct cf_netlist *one = lanes_netlist(1), *many = lanes_netlist(6400), *bits = one_bit_netlist();
    size_t memory = 96 << 20;
    assert_int_equal(cf_bit_frames_at_once(one, kernels, 1, memory, 1000), 64);
    assert_int_equal(cf_bit_frames_at_once(one, kernels, 2, memory, 1000), 128); /* so that neither thread waits */
    assert_int_equal(cf_bit_frames_at_once(one, kernels, 1, memory, 5), 5);
    assert_int_equal(cf_bit_frames_at_once(one, kernels, 1, memory, 0), 1);
    assert_int_equal(cf_bit_frames_at_once(many, kernels, 1, memory, 1000), 8);
    assert_int_equal(cf_bit_frames_at_once(many, kernels, 1, 3 * cf_bit_frame_bytes(many), 1000), 3);
    assert_int_equal(cf_bit_frames_at_once(many, kernels, 1, 1, 1000), 1);
    assert_int_equal(cf_bit_frames_at_once(bits, kernels, 2, memory, 1000), 128);
    cf_netlist_free(one);
    cf_netlist_free(many);
    cf_netlist_free(bits);
}

/* Timing the programs alone leaves the values as they were. */
static void programs_alone_change_nothing(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *netlists[] = {lanes_netlist(70), one_bit_netlist()};
    for (int i = 0; i < 2; i++) {
        struct cf_netlist *netlist = netlists[i];
        struct cf_bit_sim *sim;
        int64_t *nets = calloc(2 * (size_t)netlist->net_count, sizeof *nets), *after = nets + netlist->net_count;
        int32_t *input = calloc(netlist->groups[CF_INPUT].count, sizeof *input);
        assert_true(cf_bit_sim_new(&sim, netlist, cf_bit_kernels_find(NULL), 1, false, &err));
        assert_true(cf_bit_sim_make_room(sim, 1, &err));
        random_input(&source, netlist, nets);
        for (uint32_t net = 0; net < netlist->groups[CF_INPUT].count; net++)
            input[net] = (int32_t)nets[net];
        cf_bit_sim_put_input(sim, 0, input);
        cf_bit_sim_run(sim, 1);
        bit_nets(sim, netlist, 0, nets);
        cf_bit_sim_run_programs(sim);
        bit_nets(sim, netlist, 0, after);
        assert_memory_equal(nets, after, netlist->net_count * sizeof *nets);
        cf_bit_sim_free(sim);
        cf_netlist_free(netlist);
        free(nets);
        free(input);
    }
}

/* The comparison notices one inverted connection in one cell. */
static void a_broken_network_is_noticed(void **unused)
{
    (void)unused;
    struct cf_error err;
    struct cf_netlist *netlist = lanes_netlist(300);
    struct cf_network_cell *cells = cf_lower_cells(netlist, &err);
    assert_non_null(cells);
    const struct cf_bit_kernels *kernels = cf_bit_kernels_find(NULL);
    for (uint32_t n = 0; n < cells[0].network.node_count; n++) {
        cells[0].network.nodes[n].a ^= 1;
        assert_true(differences(netlist, cells, kernels, 1, 1) > 0);
        cells[0].network.nodes[n].a ^= 1;
    }
    assert_int_equal(differences(netlist, cells, kernels, 1, 1), 0);
    cf_lower_free(cells, netlist->cell_count);
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_count),
        cmocka_unit_test(instructions_agree),
        cmocka_unit_test(conversions_agree),
        cmocka_unit_test(random_netlists_agree),
        cmocka_unit_test(regular_netlists_agree),
        cmocka_unit_test(mutated_netlists_agree),
        cmocka_unit_test(operands_of_one_place_in_several_stages),
        cmocka_unit_test(odd_lane_counts_do_not_leak),
        cmocka_unit_test(one_bit_netlists_agree),
        cmocka_unit_test(lowered_cells_agree),
        cmocka_unit_test(frames_at_once_fill_the_lanes),
        cmocka_unit_test(programs_alone_change_nothing),
        cmocka_unit_test(a_broken_network_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
