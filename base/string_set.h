/* string_set.h - a set of strings: for names that must not come twice, and for numbers in the place of names. */
#ifndef COFIBER_BASE_STRING_SET_H
#define COFIBER_BASE_STRING_SET_H

#include <stdbool.h>
#include <stddef.h>

/* A string, NULL in an empty slot, and how many strings were added before it. */
struct cf_string_slot {
    const char *text;
    size_t number;
};

/* Holds the pointers it is given: the strings must outlive it. Zero-initialise. */
struct cf_string_set {
    struct cf_string_slot *slots; /* open addressing; a power of two, at least half of them empty */
    size_t count, capacity;
};
void cf_string_set_free(struct cf_string_set *set);

bool cf_string_set_has(const struct cf_string_set *set, const char *text);

/* The number of a string of the set: 0 for the one that was added first, and so on. False when it is not there. */
bool cf_string_set_number(const struct cf_string_set *set, const char *text, size_t *number);

/* Adds a string; `*fresh` tells whether it was not there yet. False when memory is out. */
bool cf_string_set_add(struct cf_string_set *set, const char *text, bool *fresh);

#endif
