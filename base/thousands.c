/* thousands.c - writes a number with a comma after every three digits. */
#include "base/thousands.h"

#include <inttypes.h>
#include <stdio.h>

const char *cf_thousands(uint64_t value, char buffer[CF_THOUSANDS])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, value), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            buffer[at++] = ',';
        buffer[at++] = digits[i];
    }
    buffer[at] = '\0';
    return buffer;
}
