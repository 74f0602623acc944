/* array.h - arrays that grow: the one place where memory is reallocated.
 *
 * An array is a malloc'd pointer beside the number of elements that there is room for:
 *
 *     struct cf_term *terms = NULL;
 *     size_t capacity = 0;
 *     if (!cf_array_reserve(&terms, &capacity, count + 1, sizeof *terms))
 *         return cf_fail(err, "%s: out of memory", label);
 *     terms[count++] = term;
 *     free(terms);
 */
#ifndef COFIBER_BASE_ARRAY_H
#define COFIBER_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* Makes room for at least `count` elements of `size` bytes. `array` is the address of the pointer to the first
 * element, which is NULL while `*capacity` is 0. The capacity at least doubles when it grows, so that appending costs
 * constant time on average; elements beyond the old capacity are not set. False when the size overflows or memory is
 * out; the array is then as it was. */
bool cf_array_reserve(void *array, size_t *capacity, size_t count, size_t size);

#endif
