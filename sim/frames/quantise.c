/* quantise.c - makes integers of whole frames: shares a frame out to threads, and hands each part to a kernel. */
#include "sim/frames/quantise.h"

#include <omp.h>
#include <stdlib.h>

#include "netlists/quantise.h"
#include "sim/frames/quantise_kernels.h"

enum { CHANNELS_A_PART = 64, BUFFER = 256 };

struct cf_quantiser {
    const struct cf_quantise_kernel *kernel;
    double scale;
    int64_t low, high;
    enum cf_storage storage;
    uint32_t channels;
    size_t positions;
    int16_t half_table[65536]; /* where the input has at most 16 bits */
};

static int64_t quantise_value(const struct cf_quantiser *q, double feature)
{
    return (int64_t)cf_quantised(feature, q->scale, (double)q->low, (double)q->high);
}

/* Quantises each of the 65,536 halves by the formula itself. */
static void fill_half_table(struct cf_quantiser *q)
{
    for (uint32_t first = 0; first < 65536; first += BUFFER) {
        uint16_t codes[BUFFER];
        double values[BUFFER];
        for (uint32_t i = 0; i < BUFFER; i++)
            codes[i] = (uint16_t)(first + i);
        struct cf_tensor tensor = {.dtype = CF_F16,
                                   .rank = 1,
                                   .shape = {BUFFER},
                                   .count = BUFFER,
                                   .size = sizeof codes,
                                   .data = (const uint8_t *)codes};
        cf_tensor_to_f64(&tensor, 0, BUFFER, values);
        for (uint32_t i = 0; i < BUFFER; i++)
            q->half_table[first + i] = (int16_t)quantise_value(q, values[i]);
    }
}

bool cf_quantiser_fits(const struct cf_netlist *netlist, struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    if (input->rank != 3 && input->rank != 1)
        return cf_fail(err, "%s: its input has rank %d; features feed an input of shape [H, W, D] or [D]",
                       netlist->label, input->rank);
    if (cf_signed_bits(input->type) > 32)
        return cf_fail(err, "%s: its input is %u bits wide; features feed up to 32 (31 unsigned)", netlist->label,
                       input->type.width);
    return true;
}

struct cf_quantiser *cf_quantiser_new(const struct cf_netlist *netlist, const char *isa, struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    if (!cf_quantiser_fits(netlist, err))
        return NULL;
    struct cf_quantiser *q = malloc(sizeof *q);
    if (!q) {
        cf_fail(err, "%s: out of memory", netlist->label);
        return NULL;
    }
    q->kernel = cf_quantise_kernel_find(isa);
    q->scale = netlist->input_scale;
    q->low = cf_type_min(input->type);
    q->high = cf_type_max(input->type);
    q->storage = cf_storage_of(input->type);
    q->channels = cf_group_lanes(input);
    q->positions = input->count / q->channels;
    if (q->storage <= CF_STORE16)
        fill_half_table(q);
    return q;
}

void cf_quantiser_free(struct cf_quantiser *quantiser)
{
    free(quantiser);
}

enum cf_storage cf_quantiser_storage(const struct cf_quantiser *quantiser)
{
    return quantiser->storage;
}

/* Channels [first, first + count) by the kernel; false when one feature is not finite. */
static bool quantise_part(const struct cf_quantiser *q, const struct cf_tensor *features, void *input, uint32_t first,
                          uint32_t count)
{
    size_t size = cf_dtype_size(features->dtype);
    struct cf_quantise_job job = {.features = features->data + (size_t)first * q->positions * size,
                                  .out = (char *)input + first * cf_storage_size(q->storage),
                                  .half_table = q->half_table,
                                  .plane = q->positions,
                                  .stride = q->channels,
                                  .channels = count,
                                  .positions = (uint32_t)q->positions,
                                  .half = features->dtype == CF_F16,
                                  .out_storage = q->storage,
                                  .scale = q->scale,
                                  .low = (int32_t)q->low,
                                  .high = (int32_t)q->high};
    return q->kernel->run(&job);
}

/* Any dtype and width, a few features at a time. */
static void quantise_slowly(const struct cf_quantiser *q, const struct cf_tensor *features, void *input,
                            uint32_t channel)
{
    double values[BUFFER];
    for (size_t p = 0; p < q->positions; p += BUFFER) {
        size_t count = q->positions - p < BUFFER ? q->positions - p : BUFFER;
        cf_tensor_to_f64(features, channel * q->positions + p, count, values);
        for (size_t i = 0; i < count; i++)
            cf_storage_put(input, q->storage, (p + i) * q->channels + channel, quantise_value(q, values[i]));
    }
}

uint64_t cf_quantise(const struct cf_quantiser *q, const struct cf_tensor *features, void *input, int threads)
{
    bool fast = (features->dtype == CF_F16 || features->dtype == CF_F32) && q->storage <= CF_STORE16;
    bool finite = true;
    if (!fast && cf_tensor_find_nonfinite(features, 0, features->count) != UINT64_MAX)
        return cf_tensor_find_nonfinite(features, 0, features->count);
    uint32_t parts = q->channels / CHANNELS_A_PART + 1, sharers = threads < 1 ? 1 : (uint32_t)threads;
    uint32_t part = (parts + sharers - 1) / sharers * CHANNELS_A_PART;
#pragma omp parallel for num_threads(sharers) reduction(&& : finite) if (sharers > 1)
    for (uint32_t first = 0; first < q->channels; first += part) {
        uint32_t left = q->channels - first, count = left < part ? left : part;
        if (fast)
            finite = quantise_part(q, features, input, first, count) && finite;
        for (uint32_t d = first; !fast && d < first + count; d++)
            quantise_slowly(q, features, input, d);
    }
    return finite ? UINT64_MAX : cf_tensor_find_nonfinite(features, 0, features->count);
}
