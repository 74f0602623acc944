/* registers.h - the accelerator's registers, described once: tables and headers for people and tools are made of this.
 */
#ifndef COFIBER_RTL_STREAM_REGISTERS_H
#define COFIBER_RTL_STREAM_REGISTERS_H

#include <stdint.h>

enum { CF_STREAM_FIELDS = 5 };

struct cf_stream_field {
    const char *name; /* NULL: no more fields */
    uint8_t low, width;
    const char *about;
};

struct cf_stream_register {
    const char *name;
    uint8_t offset;     /* in bytes */
    const char *access; /* "ro", "rw", "wo" */
    const char *about;
    struct cf_stream_field fields[CF_STREAM_FIELDS];
};

extern const struct cf_stream_register cf_stream_registers[]; /* in order of offset; ends with a NULL name */

#endif
