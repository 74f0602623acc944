/* arena.h - one owner for the memory of one unit of work: allocate many times, free once. */
#ifndef COFIBER_BASE_ARENA_H
#define COFIBER_BASE_ARENA_H

#include <stddef.h>

struct cf_arena_chunk;
struct cf_arena {
    struct cf_arena_chunk *chunks; /* zero-initialise the arena: struct cf_arena a = {0}; */
    size_t bytes;                  /* total handed out */
};

/* Returns `count` zeroed elements of `size` bytes, aligned to 64 bytes; NULL when the product overflows or memory is
 * out. A count or size of zero gives a valid pointer to no elements. */
void *cf_arena_alloc(struct cf_arena *arena, size_t count, size_t size);

/* A copy of the string, owned by the arena; NULL when memory is out. */
char *cf_arena_strdup(struct cf_arena *arena, const char *text);

/* Frees everything at once; the arena may be used again. */
void cf_arena_free(struct cf_arena *arena);

#endif
