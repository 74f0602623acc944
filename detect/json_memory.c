/* json_memory.c - an allocator that never returns NULL: it keeps its chunks in a list, and jumps when memory is out. */
#include "detect/json_memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct cf_json_chunk {
    struct cf_json_chunk *before, *after;
    max_align_t data[];
};

static struct cf_json_chunk *chunk_of(void *data)
{
    return (struct cf_json_chunk *)(void *)((char *)data - offsetof(struct cf_json_chunk, data));
}

/* Points the neighbours of a chunk at it, also after it moved. */
static void link_chunk(struct cf_json_memory *memory, struct cf_json_chunk *chunk)
{
    if (chunk->before)
        chunk->before->after = chunk;
    else
        memory->chunks = chunk;
    if (chunk->after)
        chunk->after->before = chunk;
}

/* The size of a chunk's allocation; jumps when that does not fit. */
static size_t chunk_size(struct cf_json_memory *memory, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct cf_json_chunk))
        longjmp(memory->out_of_memory, 1);
    return sizeof(struct cf_json_chunk) + size;
}

static void *take(void *context, size_t size)
{
    struct cf_json_memory *memory = context;
    struct cf_json_chunk *chunk = malloc(chunk_size(memory, size));
    if (!chunk)
        longjmp(memory->out_of_memory, 1);
    chunk->before = NULL;
    chunk->after = memory->chunks;
    link_chunk(memory, chunk);
    return chunk->data;
}

static void *resize(void *context, void *data, size_t size)
{
    if (!data)
        return take(context, size);
    struct cf_json_memory *memory = context;
    struct cf_json_chunk *chunk = realloc(chunk_of(data), chunk_size(memory, size));
    if (!chunk)
        longjmp(memory->out_of_memory, 1);
    link_chunk(memory, chunk);
    return chunk->data;
}

static void give_back(void *context, void *data)
{
    if (!data)
        return;
    struct cf_json_memory *memory = context;
    struct cf_json_chunk *chunk = chunk_of(data);
    if (chunk->before)
        chunk->before->after = chunk->after;
    else
        memory->chunks = chunk->after;
    if (chunk->after)
        chunk->after->before = chunk->before;
    free(chunk);
}

void cf_json_memory_new(struct cf_json_memory *memory)
{
    memory->chunks = NULL;
    memory->functions = (yajl_alloc_funcs){.malloc = take, .realloc = resize, .free = give_back, .ctx = memory};
}

void cf_json_memory_free(struct cf_json_memory *memory)
{
    while (memory->chunks) {
        struct cf_json_chunk *chunk = memory->chunks;
        memory->chunks = chunk->after;
        free(chunk);
    }
}
