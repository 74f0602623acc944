/* arena.c - takes memory in chunks, hands it out piece by piece, and frees all of it at once. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum { ALIGNMENT = 64, CHUNK = 256 * 1024 };

/* AddressSanitizer watches the ends of memory from malloc, but not of memory that is mapped from the kernel; under it
 * all chunks come from malloc. gcc and clang say in different ways that it is on. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define PAGES_FROM SIZE_MAX
#else
#define PAGES_FROM (CF_HUGE_PAGE / 2)
#endif

struct cf_arena_chunk {
    struct cf_arena_chunk *next;
    size_t size;     /* bytes of the whole allocation, this header included */
    size_t capacity; /* bytes at `memory` */
    size_t used;
    unsigned char *memory; /* aligned to ALIGNMENT, inside this very allocation */
};

/* calloc rather than aligned_alloc: large chunks come from the kernel already zero and are not touched here. */
static struct cf_arena_chunk *new_chunk(size_t capacity)
{
    size_t extra = sizeof(struct cf_arena_chunk) + ALIGNMENT;
    if (capacity > SIZE_MAX / 2 - extra)
        return NULL;
    size_t size = capacity + extra;
    struct cf_arena_chunk *chunk = size >= PAGES_FROM ? cf_pages_alloc(size) : calloc(1, size);
    if (!chunk)
        return NULL;
    unsigned char *start = (unsigned char *)(chunk + 1);
    size_t misfit = (uintptr_t)start % ALIGNMENT;
    chunk->memory = start + (misfit ? ALIGNMENT - misfit : 0);
    chunk->capacity = capacity;
    chunk->size = size;
    return chunk;
}

static void free_chunk(struct cf_arena_chunk *chunk)
{
    if (chunk->size >= PAGES_FROM)
        cf_pages_free(chunk, chunk->size);
    else
        free(chunk);
}

/* Chunks grow with the arena, so that a large arena stands in few chunks, on huge pages. Of the new chunk and the
 * first, the one with more room left stands first, where small requests look for it. */
static struct cf_arena_chunk *add_chunk(struct cf_arena *arena, size_t bytes)
{
    size_t capacity = arena->bytes > CHUNK ? arena->bytes : CHUNK;
    struct cf_arena_chunk *first = arena->chunks, *chunk = new_chunk(bytes > capacity ? bytes : capacity);
    if (!chunk)
        return NULL;
    if (first && first->capacity - first->used > chunk->capacity - bytes) {
        chunk->next = first->next;
        first->next = chunk;
    } else {
        chunk->next = first;
        arena->chunks = chunk;
    }
    return chunk;
}

static void *take(struct cf_arena *arena, size_t bytes, size_t alignment)
{
    struct cf_arena_chunk *chunk = arena->chunks;
    size_t at = chunk ? (chunk->used + alignment - 1) / alignment * alignment : 0;
    if (!chunk || at > chunk->capacity || bytes > chunk->capacity - at) {
        chunk = add_chunk(arena, bytes);
        if (!chunk)
            return NULL;
        at = 0;
    }
    chunk->used = at + bytes;
    arena->bytes += bytes;
    return chunk->memory + at;
}

void *cf_arena_alloc(struct cf_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return take(arena, bytes, ALIGNMENT);
}

char *cf_arena_strdup(struct cf_arena *arena, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = take(arena, bytes, 1);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

void cf_arena_free(struct cf_arena *arena)
{
    struct cf_arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct cf_arena_chunk *next = chunk->next;
        free_chunk(chunk);
        chunk = next;
    }
    *arena = (struct cf_arena){0};
}
