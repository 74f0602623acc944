/* pickle_machine.c - keeps the values of a pickle, the stack on which they are built, and containers. */
#include "compiler/heads/pickle_machine.h"

#include <assert.h>
#include <string.h>

#include "base/array.h"

enum { SLAB = 256 };

struct cf_pickle_value *cf_pickle_new_value(struct cf_pickle_machine *m, enum cf_pickle_kind kind)
{
    if (m->value_count == CF_PICKLE_MAX_VALUES) {
        cf_pickle_wrong(m, "more than 4 million values");
        return NULL;
    }
    if (m->slab_left == 0) {
        m->slab = cf_arena_alloc(m->arena, SLAB, sizeof *m->slab);
        if (!m->slab) {
            cf_pickle_out_of_memory(m);
            return NULL;
        }
        m->slab_left = SLAB;
    }
    struct cf_pickle_value *value = &m->slab[--m->slab_left];
    value->kind = kind;
    m->value_count++;
    return value;
}

bool cf_pickle_push(struct cf_pickle_machine *m, struct cf_pickle_value *value)
{
    if (!value)
        return false; /* the reason is in the error already */
    if (!cf_array_reserve(&m->stack, &m->stack_capacity, m->depth + 1, sizeof *m->stack))
        return cf_pickle_out_of_memory(m);
    m->stack[m->depth++] = value;
    return true;
}

size_t cf_pickle_floor_of(const struct cf_pickle_machine *m)
{
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

struct cf_pickle_value *cf_pickle_pop(struct cf_pickle_machine *m)
{
    if (m->depth <= cf_pickle_floor_of(m)) {
        cf_pickle_wrong(m, "its stack is empty");
        return NULL;
    }
    return m->stack[--m->depth];
}

bool cf_pickle_push_integer(struct cf_pickle_machine *m, int64_t integer)
{
    struct cf_pickle_value *value = cf_pickle_new_value(m, CF_PICKLE_INT);
    if (value)
        value->integer = integer;
    return cf_pickle_push(m, value);
}

bool cf_pickle_push_bool(struct cf_pickle_machine *m, bool truth)
{
    struct cf_pickle_value *value = cf_pickle_new_value(m, CF_PICKLE_BOOL);
    if (value)
        value->integer = truth;
    return cf_pickle_push(m, value);
}

bool cf_pickle_push_float(struct cf_pickle_machine *m, double real)
{
    struct cf_pickle_value *value = cf_pickle_new_value(m, CF_PICKLE_FLOAT);
    if (value)
        value->real = real;
    return cf_pickle_push(m, value);
}

static const char *copy_text(struct cf_pickle_machine *m, const void *bytes, size_t length)
{
    char *copy = cf_arena_alloc(m->arena, length + 1, 1);
    if (!copy)
        cf_pickle_out_of_memory(m);
    else if (length)
        memcpy(copy, bytes, length);
    return copy;
}

bool cf_pickle_push_text(struct cf_pickle_machine *m, const void *bytes, size_t length)
{
    struct cf_pickle_value *value = cf_pickle_new_value(m, CF_PICKLE_TEXT);
    if (!value || !(value->text = copy_text(m, bytes, length)))
        return false;
    value->count = length;
    return cf_pickle_push(m, value);
}

/* Appends to a container. Its array comes from the arena; the arrays that it outgrows stay there until the end. */
bool cf_pickle_append(struct cf_pickle_machine *m, struct cf_pickle_value *container, struct cf_pickle_value *item)
{
    if (container->count == container->capacity) {
        size_t capacity = container->capacity ? 2 * container->capacity : 4;
        struct cf_pickle_value **items = cf_arena_alloc(m->arena, capacity, sizeof *items);
        if (!items)
            return cf_pickle_out_of_memory(m);
        if (container->count)
            memcpy(items, container->items, container->count * sizeof *items);
        container->items = items;
        container->capacity = capacity;
    }
    container->items[container->count++] = item;
    return true;
}

/* Moves everything above the last mark into the container, in order, and drops the mark. */
bool cf_pickle_append_marked(struct cf_pickle_machine *m, struct cf_pickle_value *container)
{
    size_t first = cf_pickle_floor_of(m);
    for (size_t i = first; i < m->depth; i++)
        if (!cf_pickle_append(m, container, m->stack[i]))
            return false;
    m->depth = first;
    m->mark_count--;
    return true;
}

bool cf_pickle_push_container(struct cf_pickle_machine *m, enum cf_pickle_kind kind)
{
    return cf_pickle_push(m, cf_pickle_new_value(m, kind));
}

/* A container of everything above the last mark. */
bool cf_pickle_push_marked(struct cf_pickle_machine *m, enum cf_pickle_kind kind)
{
    if (m->mark_count == 0)
        return cf_pickle_wrong(m, "its stack has no mark");
    struct cf_pickle_value *container = cf_pickle_new_value(m, kind);
    if (!container || !cf_pickle_append_marked(m, container))
        return false;
    if (kind == CF_PICKLE_DICT && container->count % 2)
        return cf_pickle_wrong(m, "a key without a value");
    return cf_pickle_push(m, container);
}

/* A tuple of the topmost `count` values. */
bool cf_pickle_push_tuple(struct cf_pickle_machine *m, size_t count)
{
    struct cf_pickle_value *tuple = cf_pickle_new_value(m, CF_PICKLE_TUPLE);
    if (!tuple)
        return false;
    if (m->depth - cf_pickle_floor_of(m) < count)
        return cf_pickle_wrong(m, "its stack is empty");
    for (size_t i = m->depth - count; i < m->depth; i++)
        if (!cf_pickle_append(m, tuple, m->stack[i]))
            return false;
    m->depth -= count;
    return cf_pickle_push(m, tuple);
}
