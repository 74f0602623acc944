/* cofiber_stream_driver.c - drives the accelerator from bare-metal C. */
#include "cofiber_stream_driver.h"

#include <stddef.h>

static uint32_t get(struct cofiber_stream *core, uint32_t offset)
{
    return core->read ? core->read(core->user, offset) : core->base[offset / 4];
}

static void put(struct cofiber_stream *core, uint32_t offset, uint32_t value)
{
    if (core->write)
        core->write(core->user, offset, value);
    else
        core->base[offset / 4] = value;
}

int cofiber_stream_open(struct cofiber_stream *core)
{
    if (get(core, COFIBER_STREAM_REG_ID) != 0x43464231u || get(core, COFIBER_STREAM_REG_VERSION) >> 16 != 1)
        return COFIBER_STREAM_ABSENT;
    if (get(core, COFIBER_STREAM_REG_GRID) != (COFIBER_STREAM_COLUMNS << 16 | COFIBER_STREAM_ROWS) ||
        get(core, COFIBER_STREAM_REG_FEATURES) != (COFIBER_STREAM_CLASSES << 16 | COFIBER_STREAM_CHANNELS))
        return COFIBER_STREAM_OTHER;
    cofiber_stream_take_events(core);
    return COFIBER_STREAM_OK;
}

void cofiber_stream_reset(struct cofiber_stream *core)
{
    put(core, COFIBER_STREAM_REG_CONTROL, get(core, COFIBER_STREAM_REG_CONTROL) | COFIBER_STREAM_CONTROL_RESET_MASK);
}

int cofiber_stream_load_weights(struct cofiber_stream *core, const uint32_t *words, uint32_t count)
{
    if (count == 0 || get(core, COFIBER_STREAM_REG_WEIGHT_WORDS) != count)
        return COFIBER_STREAM_NOT_LOADABLE;
    put(core, COFIBER_STREAM_REG_WEIGHT_ADDRESS, 0);
    for (uint32_t i = 0; i < count; i++)
        put(core, COFIBER_STREAM_REG_WEIGHT_DATA, words[i]);
    return COFIBER_STREAM_OK;
}

void cofiber_stream_set_threshold(struct cofiber_stream *core, uint32_t scale, uint32_t class_index, int64_t threshold)
{
    uint32_t parallel = get(core, COFIBER_STREAM_REG_PARALLEL) >> 16, layout = get(core, COFIBER_STREAM_REG_LAYOUT);
    uint32_t fold = layout & 0xffffu, beats = layout >> 16, place = class_index % parallel;
    uint32_t beat = class_index / parallel * beats + place / fold;
    put(core, COFIBER_STREAM_REG_THRESHOLD_INDEX, scale << 24 | place % fold << 12 | beat);
    put(core, COFIBER_STREAM_REG_THRESHOLD_LOW, (uint32_t)(uint64_t)threshold);
    put(core, COFIBER_STREAM_REG_THRESHOLD_HIGH, (uint32_t)((uint64_t)threshold >> 32));
}

void cofiber_stream_enable_interrupt(struct cofiber_stream *core, int on)
{
    put(core, COFIBER_STREAM_REG_CONTROL, on ? COFIBER_STREAM_CONTROL_IRQ_ENABLE_MASK : 0);
}

uint32_t cofiber_stream_take_events(struct cofiber_stream *core)
{
    uint32_t events = get(core, COFIBER_STREAM_REG_STATUS) & ~COFIBER_STREAM_STATUS_BUSY_MASK;
    if (events)
        put(core, COFIBER_STREAM_REG_STATUS, events);
    return events;
}

int cofiber_stream_frame_done(struct cofiber_stream *core)
{
    uint32_t done = get(core, COFIBER_STREAM_REG_STATUS) & COFIBER_STREAM_STATUS_FRAME_MASK;
    if (done)
        put(core, COFIBER_STREAM_REG_STATUS, done);
    return done != 0;
}

void cofiber_stream_decode(struct cofiber_stream_record *record, const uint8_t *bytes)
{
    record->column = bytes[0] | (uint32_t)bytes[1] << 8;
    record->row = bytes[2] | (uint32_t)bytes[3] << 8;
    record->scale = bytes[4];
    record->given_up = bytes[5] & 1;
    record->end = bytes[5] >> 1 & 1;
    record->fired = COFIBER_STREAM_SPARSE ? NULL : bytes + 6;
    record->class_index = COFIBER_STREAM_SPARSE ? bytes[6] | (uint32_t)bytes[7] << 8 : 0;
}
