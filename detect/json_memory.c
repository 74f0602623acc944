/* json_memory.c - an allocator that never returns NULL: it keeps its blocks in a list, and jumps when memory is out. */
#include "detect/json_memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct cf_json_block {
    struct cf_json_block *before, *after;
    max_align_t data[];
};

static struct cf_json_block *block_of(void *data)
{
    return (struct cf_json_block *)(void *)((char *)data - offsetof(struct cf_json_block, data));
}

/* Points the neighbours of a block at it, also after it moved. */
static void link_block(struct cf_json_memory *memory, struct cf_json_block *block)
{
    if (block->before)
        block->before->after = block;
    else
        memory->blocks = block;
    if (block->after)
        block->after->before = block;
}

/* The size of a block's allocation; jumps when that does not fit. */
static size_t block_size(struct cf_json_memory *memory, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct cf_json_block))
        longjmp(memory->out_of_memory, 1);
    return sizeof(struct cf_json_block) + size;
}

static void *take(void *context, size_t size)
{
    struct cf_json_memory *memory = context;
    struct cf_json_block *block = malloc(block_size(memory, size));
    if (!block)
        longjmp(memory->out_of_memory, 1);
    block->before = NULL;
    block->after = memory->blocks;
    link_block(memory, block);
    return block->data;
}

static void *resize(void *context, void *data, size_t size)
{
    if (!data)
        return take(context, size);
    struct cf_json_memory *memory = context;
    struct cf_json_block *block = realloc(block_of(data), block_size(memory, size));
    if (!block)
        longjmp(memory->out_of_memory, 1);
    link_block(memory, block);
    return block->data;
}

static void give_back(void *context, void *data)
{
    if (!data)
        return;
    struct cf_json_memory *memory = context;
    struct cf_json_block *block = block_of(data);
    if (block->before)
        block->before->after = block->after;
    else
        memory->blocks = block->after;
    if (block->after)
        block->after->before = block->before;
    free(block);
}

void cf_json_memory_new(struct cf_json_memory *memory)
{
    memory->blocks = NULL;
    memory->functions = (yajl_alloc_funcs){.malloc = take, .realloc = resize, .free = give_back, .ctx = memory};
}

void cf_json_memory_free(struct cf_json_memory *memory)
{
    while (memory->blocks) {
        struct cf_json_block *block = memory->blocks;
        memory->blocks = block->after;
        free(block);
    }
}
