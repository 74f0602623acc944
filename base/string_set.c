/* string_set.c - keeps a hash table of strings that others own. */
#include "base/string_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void cf_string_set_free(struct cf_string_set *set)
{
    free(set->slots);
    *set = (struct cf_string_set){0};
}

/* FNV-1a, with its high bits folded into the low ones, which choose the slot. */
static size_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds the string, or the empty one where it belongs. */
static struct cf_string_slot *find(const struct cf_string_set *set, const char *text)
{
    size_t at = hash_of(text) & (set->capacity - 1);
    while (set->slots[at].text && strcmp(set->slots[at].text, text) != 0)
        at = (at + 1) & (set->capacity - 1);
    return &set->slots[at];
}

static bool grow(struct cf_string_set *set)
{
    struct cf_string_set bigger = {.count = set->count, .capacity = set->capacity ? 2 * set->capacity : 16};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i].text)
            *find(&bigger, set->slots[i].text) = set->slots[i];
    free(set->slots);
    *set = bigger;
    return true;
}

bool cf_string_set_has(const struct cf_string_set *set, const char *text)
{
    return set->capacity && find(set, text)->text;
}

bool cf_string_set_number(const struct cf_string_set *set, const char *text, size_t *number)
{
    if (!cf_string_set_has(set, text))
        return false;
    *number = find(set, text)->number;
    return true;
}

bool cf_string_set_add(struct cf_string_set *set, const char *text, bool *fresh)
{
    if (2 * (set->count + 1) > set->capacity && !grow(set))
        return false;
    struct cf_string_slot *slot = find(set, text);
    *fresh = slot->text == NULL;
    if (*fresh)
        *slot = (struct cf_string_slot){text, set->count++};
    return true;
}
