/* Every instruction set's kernels against the portable ones, on random data of awkward sizes; and the portable ones
 * against sums written out here in 128 bits. Buffers end where the data do, so that a sanitised build sees a kernel
 * that reads too far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/word/passes.h"
#include "tests/support/random_netlist.h"

static void *random_values(struct random_source *random, enum cf_storage storage, size_t count, int bits)
{
    void *values = malloc(count * cf_storage_size(storage) + !count);
    assert_non_null(values);
    int64_t high = (INT64_C(1) << (bits - 1)) - 1;
    for (size_t i = 0; i < count; i++)
        cf_storage_put(values, storage, i,
                       random_next(random) % 8   ? random_between(random, -high - 1, high)
                       : random_next(random) % 2 ? high
                                                 : -high - 1);
    return values;
}

static const int bits_of[] = {8, 16, 32, 62};

/* ---- rows ---- */

static int64_t wrap(__int128 sum, enum cf_storage lane)
{
    return lane == CF_STORE16 ? (int16_t)sum : lane == CF_STORE32 ? (int32_t)sum : (int64_t)sum;
}

enum { SOURCES = 40 };

/* A row of random gates, of which the caller frees the sources' values and the lanes' biases; `out` is not set. */
static struct cf_row_job random_row(struct random_source *random, struct cf_row_source *sources)
{
    struct cf_row_job job = {.bias = random_between(random, -100000, 100000),
                             .lanes = (uint32_t)random_between(random, 1, 600),
                             .compute = (enum cf_storage)random_between(random, CF_STORE16, CF_STORE64),
                             .step = random_next(random) % 3 == 0};
    if (random_next(random) % 3 == 0) /* whole vectors */
        job.lanes = (job.lanes + 63) / 64 * 64;
    job.first = random_next(random) % 4 ? 0 : (uint32_t)random_between(random, 0, job.lanes - 1);
    job.out_storage = job.step ? CF_STORE8 : (enum cf_storage)random_between(random, CF_STORE8, job.compute);
    job.lane_bias = random_next(random) % 2 ? random_values(random, CF_STORE32, job.lanes, 20) : NULL;
    uint32_t count = (uint32_t)random_between(random, 0, random_next(random) % 3 ? 6 : SOURCES);
    bool plain = random_next(random) % 2, narrow = random_next(random) % 4;
    enum cf_storage widest = narrow && job.compute < CF_STORE64 ? job.compute : CF_STORE64;
    for (uint32_t s = 0; s < count; s++) {
        enum cf_storage lane =
            plain && s > 0 ? sources[0].storage : (enum cf_storage)random_between(random, CF_STORE8, widest);
        static const int64_t factors[] = {1, -1, 4, -9, 64, 1000003};
        sources[s] = (struct cf_row_source){random_values(random, lane, job.lanes, bits_of[lane]),
                                            plain ? 1 : factors[random_next(random) % 6], lane};
    }
    cf_row_job_read(&job, sources, count);
    return job;
}

static void free_row(struct cf_row_job *job)
{
    for (uint32_t s = 0; s < job->source_count; s++)
        free((void *)(uintptr_t)job->sources[s].values);
    free((void *)(uintptr_t)job->lane_bias);
}

/* Lanes, from the first that the job names, that are not the sum of their sources. */
static uint32_t wrong_lanes(const struct cf_row_job *job)
{
    uint32_t wrong = 0;
    for (uint32_t l = job->first; l < job->lanes; l++) {
        __int128 sum = (__int128)job->bias + (job->lane_bias ? job->lane_bias[l] : 0);
        for (uint32_t s = 0; s < job->source_count; s++)
            sum +=
                (__int128)job->sources[s].factor * cf_storage_get(job->sources[s].values, job->sources[s].storage, l);
        int64_t wanted, value = wrap(sum, job->compute);
        cf_storage_put(&wanted, job->out_storage, 0, job->step ? value >= 0 : value);
        wrong += cf_storage_get(job->out, job->out_storage, l) != cf_storage_get(&wanted, job->out_storage, 0);
    }
    return wrong;
}

/* Runs the row with all kernels, and frees it. */
static void check_job(struct cf_row_job *job)
{
    for (int k = 0; cf_kernels_at(k); k++) {
        job->out = malloc(job->lanes * cf_storage_size(job->out_storage));
        assert_non_null(job->out);
        cf_kernels_at(k)->row(job);
        assert_int_equal(wrong_lanes(job), 0);
        free(job->out);
    }
    free_row(job);
}

static void check_row(struct random_source *random)
{
    struct cf_row_source sources[SOURCES];
    struct cf_row_job job = random_row(random, sources);
    check_job(&job);
}

static void rows_are_the_sum_of_their_sources(void **state)
{
    (void)state;
    struct random_source random = {1};
    for (int i = 0; i < 600; i++)
        check_row(&random);
}

/* A row of `count` sources of storage `rest`, the first `bytes` of which are bytes. */
static struct cf_row_job few_sources(struct random_source *random, struct cf_row_source *sources, uint32_t count,
                                     uint32_t bytes, enum cf_storage rest)
{
    static const int64_t factors[] = {1, -1, 64, -9, INT16_MAX, INT16_MIN, INT16_MAX + 1, INT16_MIN - 1, 1000003};
    struct cf_row_job job = {.bias = random_between(random, -100000, 100000),
                             .lanes = (uint32_t)random_between(random, 1, 200),
                             .compute = rest <= CF_STORE16 && random_next(random) % 2 ? CF_STORE16 : CF_STORE32,
                             .step = random_next(random) % 3 == 0};
    job.out_storage = job.step ? CF_STORE8 : job.compute;
    job.first = random_next(random) % 4 ? 0 : (uint32_t)random_between(random, 0, job.lanes - 1);
    job.lane_bias = random_next(random) % 3 == 0 ? random_values(random, CF_STORE32, job.lanes, 20) : NULL;
    uint32_t kinds = random_next(random) % 2 ? 6 : sizeof factors / sizeof *factors; /* the first fit 16 bits */
    for (uint32_t s = 0; s < count; s++) {
        enum cf_storage storage = s < bytes ? CF_STORE8 : rest;
        void *values = random_values(random, storage, job.lanes, bits_of[storage]);
        sources[s] = (struct cf_row_source){values, factors[random_next(random) % kinds], storage};
    }
    cf_row_job_read(&job, sources, count);
    return job;
}

/* Every loop for few sources, and what is just beside it. */
static void rows_of_few_sources_are_their_sum(void **state)
{
    (void)state;
    struct random_source random = {3};
    struct cf_row_source sources[SOURCES];
    for (int i = 0; i < 20; i++)
        for (uint32_t count = 0; count <= 6; count++)
            for (uint32_t bytes = 0; bytes <= count; bytes++)
                for (enum cf_storage rest = CF_STORE8; rest <= CF_STORE32; rest++) {
                    struct cf_row_job job = few_sources(&random, sources, count, bytes, rest);
                    check_job(&job);
                }
}

/* ---- dense ---- */

static void run_dense(const struct cf_kernels *kernels, const struct cf_dense *packed, const void *const *rows,
                      uint32_t count, const void *start, void *sums)
{
    if (packed->storage == CF_STORE8)
        kernels->dense8(packed, (const int8_t *const *)rows, count, start, sums);
    else if (packed->storage == CF_STORE16)
        kernels->dense16(packed, (const int16_t *const *)rows, count, start, sums);
    else
        kernels->dense32(packed, (const int32_t *const *)rows, count, start, sums);
}

/* Returns how many sums a kernel got other than by the formula. `wrong`: one weight is changed after packing. */
static uint32_t check_dense(struct random_source *random, bool wrong)
{
    struct cf_arena arena = {0};
    struct cf_dense packed = {.lanes =
                                  (uint32_t)random_between(random, 1, random_next(random) % 3 ? 200 : CF_FEW_LANES),
                              .inputs = (uint32_t)random_between(random, 1, 90),
                              .storage = (enum cf_storage)random_between(random, CF_STORE8, CF_STORE32)};
    bool wide = packed.storage == CF_STORE32;
    int bits = bits_of[packed.storage];
    uint32_t count = (uint32_t)random_between(random, 1, CF_DENSE_ROWS), differences = 0;
    int32_t *matrix = calloc((size_t)packed.lanes * packed.inputs, sizeof *matrix);
    for (uint32_t i = 0; i < packed.lanes * packed.inputs; i++)
        matrix[i] = (int32_t)random_between(random, -(INT64_C(1) << (bits - 1)) + 1, (INT64_C(1) << (bits - 1)) - 1);
    assert_true(cf_dense_pack(&arena, &packed, matrix));
    if (wrong) /* the first weight of lane 0, the first input */
        cf_storage_put(packed.weights, packed.storage, 0, matrix[0] ^ 1);
    if (wrong && packed.by_lane)
        cf_storage_put(packed.by_lane, packed.storage, 0, matrix[0] ^ 1);
    const void *rows[CF_DENSE_ROWS];
    for (uint32_t r = 0; r < count; r++) {
        void *row = random_values(random, packed.storage, packed.padded_inputs, bits);
        rows[r] = row;
        for (uint32_t k = packed.inputs; k < packed.padded_inputs; k++)
            cf_storage_put(row, packed.storage, k, 0);
        if (wrong)
            cf_storage_put(row, packed.storage, 0, 3);
    }
    enum cf_storage sum_lane = wide ? CF_STORE64 : CF_STORE32;
    size_t sum_count = (size_t)count * packed.padded_lanes;
    void *values = random_values(random, sum_lane, packed.padded_lanes, 30),
         *start = random_next(random) % 4 ? values : NULL;
    for (int kernel = 0; cf_kernels_at(kernel); kernel++) {
        void *sums = malloc(sum_count * cf_storage_size(sum_lane));
        run_dense(cf_kernels_at(kernel), &packed, rows, count, start, sums);
        for (uint32_t r = 0; r < count; r++)
            for (uint32_t l = 0; l < packed.lanes; l++) {
                size_t at = (size_t)r * packed.padded_lanes + l;
                __int128 sum = start ? cf_storage_get(start, sum_lane, l) : 0;
                for (uint32_t k = 0; k < packed.inputs; k++)
                    sum += (__int128)matrix[l * packed.inputs + k] * cf_storage_get(rows[r], packed.storage, k);
                int64_t wanted = wide ? (int64_t)sum : (int32_t)(uint32_t)sum;
                differences += cf_storage_get(sums, sum_lane, at) != wanted;
            }
        free(sums);
    }
    free(values);
    for (uint32_t r = 0; r < count; r++)
        free((void *)(uintptr_t)rows[r]);
    free(matrix);
    cf_arena_free(&arena);
    return differences;
}

static void dense_products_are_matrix_products(void **state)
{
    (void)state;
    struct random_source random = {2};
    for (int i = 0; i < 300; i++)
        assert_int_equal(check_dense(&random, false), 0);
}

static void a_wrong_weight_makes_every_kernel_differ(void **state)
{
    (void)state;
    struct random_source random = {3};
    uint32_t kernels = 0;
    while (cf_kernels_at((int)kernels))
        kernels++;
    for (int i = 0; i < 30; i++)
        assert_true(check_dense(&random, true) >= kernels);
}

/* Byte products at the corners where 16-bit sums of pairs come closest to saturating: operands of one value or two in
 * turn, times weights of one size, in all combinations of signs. */
static void byte_products_are_exact_at_the_corners(void **state)
{
    (void)state;
    enum { INPUTS = 1096, LANES = 32, ROWS = 13 };
    static const int8_t values[] = {-128, -127, -1, 0, 1, 3, 7, 8, 126, 127};
    enum { VALUES = sizeof values };
    for (int pair = 0; pair < VALUES * VALUES; pair++) {
        struct cf_arena arena = {0};
        struct cf_dense packed = {.lanes = LANES, .inputs = INPUTS, .storage = CF_STORE8};
        static int32_t matrix[LANES * INPUTS];
        int32_t wanted[LANES] = {0};
        int8_t operands[INPUTS];
        const int8_t *rows[ROWS];
        for (int k = 0; k < INPUTS; k++)
            operands[k] = k % 2 ? values[pair % VALUES] : values[pair / VALUES];
        for (int l = 0; l < LANES; l++)
            for (int k = 0; k < INPUTS; k++) {
                matrix[l * INPUTS + k] = (l >> (k % 4) & 1 ? -1 : 1) * (l & 16 ? 126 : 127);
                wanted[l] += matrix[l * INPUTS + k] * operands[k];
            }
        for (int r = 0; r < ROWS; r++)
            rows[r] = operands;
        assert_true(cf_dense_pack(&arena, &packed, matrix));
        for (int k = 0; cf_kernels_at(k); k++) {
            int32_t sums[ROWS * LANES];
            cf_kernels_at(k)->dense8(&packed, rows, ROWS, NULL, sums);
            for (int i = 0; i < ROWS * LANES; i++)
                assert_int_equal(sums[i], wanted[i % LANES]);
        }
        cf_arena_free(&arena);
    }
}

/* ---- the small ones ---- */

static void thresholds_and_digits(void **state)
{
    (void)state;
    struct random_source random = {4};
    for (int i = 0; i < 300; i++) {
        uint32_t count = (uint32_t)random_between(&random, 1, 300);
        int32_t *sums = random_values(&random, CF_STORE32, count, 31);
        int16_t *low = malloc(count * sizeof *low), *high = malloc(count * sizeof *high);
        int64_t *out = malloc(count * sizeof *out);
        int8_t *bytes = malloc(count * sizeof *bytes);
        int32_t *narrow = malloc(count * sizeof *narrow);
        sums[0] = i % 3 - 1; /* the edge of a step */
        for (int k = 0; cf_kernels_at(k); k++) {
            const struct cf_kernels *kernels = cf_kernels_at(k);
            enum cf_storage lane = (enum cf_storage)random_between(&random, CF_STORE8, CF_STORE64);
            kernels->finish(sums, count, true, CF_STORE8, out);
            for (uint32_t l = 0; l < count; l++)
                assert_int_equal(((int8_t *)out)[l], sums[l] >= 0);
            kernels->finish(sums, count, false, lane, out);
            for (uint32_t l = 0; l < count; l++) {
                int64_t wanted;
                cf_storage_put(&wanted, lane, 0, sums[l]);
                assert_int_equal(cf_storage_get(out, lane, l), cf_storage_get(&wanted, lane, 0));
            }
            for (uint32_t l = 0; l < count; l++)
                sums[l] /= 2; /* within 30 bits */
            kernels->digits(sums, count, low, high);
            for (uint32_t l = 0; l < count; l++)
                assert_int_equal(high[l] * 65536 + low[l], sums[l]);
            int bits = (int)random_between(&random, 1, 7);
            for (uint32_t l = 0; l < count; l++)
                narrow[l] = sums[l] >> (31 - 16 - bits);
            kernels->byte_digits(narrow, count, bits, bytes, high);
            for (uint32_t l = 0; l < count; l++) {
                assert_int_equal(high[l] * (1 << bits) + bytes[l], narrow[l]);
                assert_true(bytes[l] >= 0 && bytes[l] < 1 << bits);
            }
        }
        free(sums);
        free(low);
        free(high);
        free(out);
        free(bytes);
        free(narrow);
    }
}

/* Results of random sums and extras: with factors that fit 32 bits or pass them, and with totals of 0 and -1. */
static void check_extras(struct random_source *random)
{
    uint32_t lanes = (uint32_t)random_between(random, 1, 120);
    int bits = random_next(random) % 2 ? 31 : 40;
    int32_t *sums = random_values(random, CF_STORE32, lanes, 32);
    int64_t *bias = random_values(random, CF_STORE64, lanes, 50), *out = malloc(lanes * sizeof *out);
    struct cf_extras extras = {.bias = bias,
                               .factor = random_between(random, -(INT64_C(1) << 20), INT64_C(1) << (bits - 1)),
                               .count = (uint32_t)random_between(random, 0, CF_MAX_EXTRAS),
                               .narrow = bits == 31};
    assert_non_null(out);
    for (uint32_t e = 0; e < extras.count; e++) {
        extras.weight[e] = random_values(random, CF_STORE64, lanes, bits);
        extras.value[e] = random_between(random, -(INT64_C(1) << (bits - 1)), INT64_C(1) << (bits - 1));
    }
    for (uint32_t l = 0; l < lanes; l += 3) /* the edge of a step */
        bias[l] = (int64_t)((uint64_t)bias[l] - (uint64_t)cf_extras_total(&extras, l, sums[l]) - l % 2);
    for (int k = 0; cf_kernels_at(k); k++)
        for (int step = 0; step < 2; step++) {
            enum cf_storage storage = step ? CF_STORE8 : (enum cf_storage)random_between(random, CF_STORE8, CF_STORE64);
            cf_kernels_at(k)->finish_extras(sums, lanes, &extras, step, storage, out);
            for (uint32_t l = 0; l < lanes; l++) {
                uint64_t total = (uint64_t)bias[l] + (uint64_t)extras.factor * (uint64_t)sums[l];
                for (uint32_t e = 0; e < extras.count; e++)
                    total += (uint64_t)extras.weight[e][l] * (uint64_t)extras.value[e];
                int64_t wanted;
                cf_storage_put(&wanted, storage, 0, step ? (int64_t)total >= 0 : (int64_t)total);
                assert_int_equal(cf_storage_get(out, storage, l), cf_storage_get(&wanted, storage, 0));
            }
        }
    for (uint32_t e = 0; e < extras.count; e++)
        free((void *)(uintptr_t)extras.weight[e]);
    free(sums);
    free(bias);
    free(out);
}

static void extras_are_added_before_the_step(void **state)
{
    (void)state;
    struct random_source random = {7};
    for (int i = 0; i < 300; i++)
        check_extras(&random);
}

/* One value that does not fit, at any place, is seen. */
static void narrowing_tells_what_does_not_fit(void **state)
{
    (void)state;
    static const int32_t edges[] = {INT16_MAX, INT16_MIN, INT16_MAX + 1, INT16_MIN - 1, 0x10000, INT32_MIN};
    struct random_source random = {5};
    for (int i = 0; i < 600; i++) {
        uint32_t count = (uint32_t)random_between(&random, 1, 100);
        int32_t *values = random_values(&random, CF_STORE32, count, 16);
        int16_t *out = malloc(count * sizeof *out);
        assert_non_null(out);
        values[random_next(&random) % count] = edges[i % 6];
        for (int k = 0; cf_kernels_at(k); k++) {
            assert_int_equal(cf_kernels_at(k)->narrow(values, count, out), i % 6 < 2);
            for (uint32_t l = 0; l < count; l++)
                assert_int_equal(out[l], (int16_t)values[l]);
        }
        free(values);
        free(out);
    }
}

/* The largest squares side by side, and random ones. */
static void squares_add_up(void **state)
{
    (void)state;
    struct random_source random = {6};
    for (uint32_t count = 0; count < 200; count++) {
        int16_t *values = random_values(&random, CF_STORE16, count, 16);
        int64_t wanted = 0;
        for (uint32_t i = 0; i < count; i++) {
            values[i] = count % 3 ? values[i] : INT16_MIN;
            wanted += (int64_t)values[i] * values[i];
        }
        for (int k = 0; cf_kernels_at(k); k++)
            assert_int_equal(cf_kernels_at(k)->squares(values, count), wanted);
        free(values);
    }
}

static void kernels_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(cf_kernels_find("portable"), &cf_kernels_portable);
    assert_null(cf_kernels_find("sse"));
    assert_non_null(cf_kernels_find(NULL));
    assert_ptr_equal(cf_kernels_find("auto"), cf_kernels_find(NULL));
    for (int k = 0; cf_kernels_at(k); k++)
        assert_ptr_equal(cf_kernels_find(cf_kernels_at(k)->name), cf_kernels_at(k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_sum_of_their_sources),
        cmocka_unit_test(rows_of_few_sources_are_their_sum),
        cmocka_unit_test(narrowing_tells_what_does_not_fit),
        cmocka_unit_test(squares_add_up),
        cmocka_unit_test(dense_products_are_matrix_products),
        cmocka_unit_test(a_wrong_weight_makes_every_kernel_differ),
        cmocka_unit_test(byte_products_are_exact_at_the_corners),
        cmocka_unit_test(thresholds_and_digits),
        cmocka_unit_test(extras_are_added_before_the_step),
        cmocka_unit_test(kernels_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
