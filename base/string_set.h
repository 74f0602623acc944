/* string_set.h - a set of strings, for names that must not come twice. */
#ifndef COFIBER_BASE_STRING_SET_H
#define COFIBER_BASE_STRING_SET_H

#include <stdbool.h>
#include <stddef.h>

/* Holds the pointers it is given: the strings must outlive it. Zero-initialise. */
struct cf_string_set {
    const char **slots; /* open addressing; a power of two, at least half of them NULL */
    size_t count, capacity;
};
void cf_string_set_free(struct cf_string_set *set);

bool cf_string_set_has(const struct cf_string_set *set, const char *text);

/* Adds a string; `*fresh` tells whether it was not there yet. False when memory is out. */
bool cf_string_set_add(struct cf_string_set *set, const char *text, bool *fresh);

#endif
