/* cofiber_stream_example.c - one frame through the accelerator on a machine with a DMA engine; the three functions of the
 * board are declared, and are to be written for it. */
#include "cofiber_stream_driver.h"

#define BASE ((volatile uint32_t *)0x40000000) /* where the registers are mapped */

void board_send(const uint8_t *frame, uint32_t bytes);           /* to s_axis, TLAST with the last beat */
uint32_t board_receive(uint8_t *records, uint32_t most);         /* from m_axis until TLAST; gives the bytes */
void board_report(uint32_t scale, uint32_t row, uint32_t column, uint32_t class_index);

static uint8_t records[COFIBER_STREAM_RECORDS * COFIBER_STREAM_OUTPUT_BYTES];

/* Gives the number of detections, or a negative number. `frame` holds positions in raster order, channels innermost. */
int run_frame(const uint8_t *frame)
{
    struct cofiber_stream core = {.base = BASE};
    int status = cofiber_stream_open(&core), found = 0;
    if (status != COFIBER_STREAM_OK)
        return status;
    board_send(frame, COFIBER_STREAM_ROWS * COFIBER_STREAM_COLUMNS * COFIBER_STREAM_WORDS * COFIBER_STREAM_INPUT_BYTES);
    uint32_t bytes = board_receive(records, sizeof records);
    for (uint32_t at = 0; at < bytes; at += COFIBER_STREAM_OUTPUT_BYTES) {
        struct cofiber_stream_record record;
        cofiber_stream_decode(&record, records + at);
        if (record.given_up)
            return -1;
        for (uint32_t c = 0; record.fired && c < COFIBER_STREAM_CLASSES; c++)
            if (record.fired[c / 8] >> c % 8 & 1) {
                board_report(record.scale, record.row, record.column, c);
                found++;
            }
        if (!record.fired && !record.end) {
            board_report(record.scale, record.row, record.column, record.class_index);
            found++;
        }
    }
    return found;
}
