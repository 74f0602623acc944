/* array.c - makes room in growing arrays. */
#include "base/array.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 8 };

bool cf_array_reserve(void *array, size_t *capacity, size_t count, size_t size)
{
    assert(array && size > 0);
    if (count <= *capacity)
        return true;
    size_t wanted = *capacity > SIZE_MAX / 2 ? count : 2 * *capacity;
    if (wanted < FIRST)
        wanted = FIRST;
    if (wanted < count)
        wanted = count;
    if (wanted > SIZE_MAX / size)
        return false;
    void *items; /* a pointer of any type is read and written as bytes: its own type is not known here */
    memcpy(&items, array, sizeof items);
    assert((items != NULL) == (*capacity > 0));
    void *moved = realloc(items, wanted * size);
    if (!moved)
        return false;
    memcpy(array, &moved, sizeof moved);
    *capacity = wanted;
    return true;
}
