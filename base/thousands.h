/* thousands.h - numbers as people read them. */
#ifndef COFIBER_BASE_THOUSANDS_H
#define COFIBER_BASE_THOUSANDS_H

#include <stdint.h>

enum { CF_THOUSANDS = 32 }; /* bytes that the longest number takes, and more */

/* "1,234,567", written into the buffer. */
const char *cf_thousands(uint64_t value, char buffer[CF_THOUSANDS]);

#endif
