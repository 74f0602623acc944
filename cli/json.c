/* json.c - holds the JSON that a command builds, and prints it.
 *
 * A report is built by dozens of calls, each of which adds an item, and silently leaves it out when memory is out. So
 * while a command with --json runs, cJSON takes its memory from one arena, which remembers whether an allocation has
 * ever failed: an incomplete document is then not printed. The arena frees everything in the end. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_strict.h"
#include "cli/parse.h"

/* cJSON's allocator takes no context, so what it needs is here. */
static struct {
    struct cf_arena arena;
    bool failed;
} memory;

static void *allocate(size_t size)
{
    void *bytes = cf_arena_alloc(&memory.arena, size, 1);
    memory.failed = memory.failed || !bytes;
    return bytes;
}

static void leave(void *bytes)
{
    (void)bytes; /* it goes with the arena */
}

void cli_json_start(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = leave});
}

void cli_json_finish(void)
{
    cJSON_InitHooks(NULL);
    cf_arena_free(&memory.arena);
    memory.failed = false;
}

bool cli_json_complete(void)
{
    return !memory.failed;
}

int cli_print_json(cJSON *document)
{
    char *text = memory.failed ? NULL : cJSON_Print(document);
    cJSON_Delete(document);
    if (!text)
        return cli_complain("out of memory");
    puts(text); /* main reports what could not be written */
    cJSON_free(text);
    return CLI_OK;
}

/* A copy with '?' for each byte that is not UTF-8; NULL when memory is out, which cli_print_json then knows. */
static char *as_utf8(const char *text)
{
    size_t size = strlen(text) + 1, at;
    char *copy = cJSON_malloc(size);
    if (!copy)
        return NULL;
    memcpy(copy, text, size);
    while (!cf_utf8_check((const uint8_t *)copy, size - 1, &at))
        copy[at] = '?';
    return copy;
}

void cli_json_text(cJSON *object, const char *key, const char *text)
{
    char *copy = as_utf8(text);
    if (copy)
        cJSON_AddStringToObject(object, key, copy);
    cJSON_free(copy);
}

void cli_json_add_text(cJSON *array, const char *text)
{
    char *copy = as_utf8(text);
    if (copy)
        cJSON_AddItemToArray(array, cJSON_CreateString(copy));
    cJSON_free(copy);
}
