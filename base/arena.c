#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, CHUNK = 256 * 1024 };

struct cf_arena_block {
    struct cf_arena_block *next;
    size_t capacity; /* bytes at `memory` */
    size_t used;
    unsigned char *memory; /* aligned to ALIGNMENT, inside this very allocation */
};

/* calloc rather than aligned_alloc: large blocks come from the kernel already zero and are not touched here. */
static struct cf_arena_block *new_block(size_t capacity)
{
    size_t extra = sizeof(struct cf_arena_block) + ALIGNMENT;
    if (capacity > SIZE_MAX / 2 - extra)
        return NULL;
    struct cf_arena_block *block = calloc(1, capacity + extra);
    if (!block)
        return NULL;
    unsigned char *start = (unsigned char *)(block + 1);
    size_t misfit = (uintptr_t)start % ALIGNMENT;
    block->memory = start + (misfit ? ALIGNMENT - misfit : 0);
    block->capacity = capacity;
    return block;
}

/* A large request gets a block of its own behind the first, which stays the one that small requests fill. */
static struct cf_arena_block *add_block(struct cf_arena *arena, size_t bytes)
{
    struct cf_arena_block *block = new_block(bytes > CHUNK / 4 ? bytes : CHUNK);
    if (!block)
        return NULL;
    if (bytes > CHUNK / 4 && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

static void *take(struct cf_arena *arena, size_t bytes, size_t alignment)
{
    struct cf_arena_block *block = arena->blocks;
    size_t at = block ? (block->used + alignment - 1) / alignment * alignment : 0;
    if (!block || at > block->capacity || bytes > block->capacity - at) {
        block = add_block(arena, bytes);
        if (!block)
            return NULL;
        at = 0;
    }
    block->used = at + bytes;
    arena->bytes += bytes;
    return block->memory + at;
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
    struct cf_arena_block *block = arena->blocks;
    while (block) {
        struct cf_arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct cf_arena){0};
}
