/* cofiber_stream_driver.h - drives the accelerator from bare-metal C. Nothing is allocated, and nothing but memory-mapped
 * reads and writes is asked of the machine.
 *
 *     struct cofiber_stream core;
 *     if (cofiber_stream_open(&core, BASE) != 0) ...          is it there, and of this geometry?
 *     cofiber_stream_load_weights(&core, words, count);       where the weights are loadable
 *     send a frame to s_axis, for instance by DMA
 *     while (!cofiber_stream_frame_done(&core)) ;             or enable the interrupt
 *     cofiber_stream_decode(&detection, record, ...)          each record that came from m_axis
 */
#ifndef COFIBER_STREAM_DRIVER_H
#define COFIBER_STREAM_DRIVER_H

#include <stdint.h>

#include "cofiber_stream_registers.h"

struct cofiber_stream {
    /* By default the registers are in memory at `base`; a simulation or a bus behind other code sets its own access. */
    volatile uint32_t *base;
    uint32_t (*read)(void *user, uint32_t offset);
    void (*write)(void *user, uint32_t offset, uint32_t value);
    void *user;
};

enum {
    COFIBER_STREAM_OK = 0,
    COFIBER_STREAM_ABSENT = -1,   /* no core of this kind answers */
    COFIBER_STREAM_OTHER = -2,    /* its geometry is not that of cofiber_stream_registers.h */
    COFIBER_STREAM_NOT_LOADABLE = -3, /* its weights are a ROM, or are of another number of words */
};

/* Checks identification and geometry, clears events. `core->base`, or `read` and `write`, are set by the caller. */
int cofiber_stream_open(struct cofiber_stream *core);

/* Resets the core, and drops the frame that is under way. */
void cofiber_stream_reset(struct cofiber_stream *core);

/* Loads all weights: `count` words, those of cofiber_stream_weights.hex cut into 32 bits, the low ones of a line first.
 * No frame may be in the core. */
int cofiber_stream_load_weights(struct cofiber_stream *core, const uint32_t *words, uint32_t count);

/* Sets the threshold of a class at a scale: it fires where its sum and this are not negative. No frame may be in the
 * core. */
void cofiber_stream_set_threshold(struct cofiber_stream *core, uint32_t scale, uint32_t class_index, int64_t threshold);

void cofiber_stream_enable_interrupt(struct cofiber_stream *core, int on);

/* The events since the last call, as bits of STATUS, and clears them. */
uint32_t cofiber_stream_take_events(struct cofiber_stream *core);

/* Has a frame left since the last call of this or of cofiber_stream_take_events? */
int cofiber_stream_frame_done(struct cofiber_stream *core);

/* A record of m_axis. */
struct cofiber_stream_record {
    uint32_t scale, row, column;
    int given_up;         /* the frame has no decisions; throw away those that came before */
    int end;              /* sparse records: the frame's end, no detection */
    const uint8_t *fired; /* class c: bit c % 8 of byte c / 8 */
    uint32_t class_index; /* sparse records */
};

/* Reads a record of COFIBER_STREAM_OUTPUT_BYTES bytes, the low bits of TDATA first; `fired` points into it. */
void cofiber_stream_decode(struct cofiber_stream_record *record, const uint8_t *bytes);

#endif
