/* pickle_machine.h - the stack machine inside pickle.c: values, the stack with its marks, and containers. */
#ifndef COFIBER_COMPILER_HEADS_PICKLE_MACHINE_H
#define COFIBER_COMPILER_HEADS_PICKLE_MACHINE_H

#include "compiler/heads/pickle.h"

enum { CF_PICKLE_MAX_VALUES = 4000000 };

struct cf_pickle_machine {
    const uint8_t *data;
    size_t size, at;
    struct cf_arena *arena;
    struct cf_pickle_value *slab; /* values that are not yet handed out */
    size_t slab_left, value_count;
    struct cf_pickle_value *outside;
    struct cf_pickle_value **stack;
    size_t depth, stack_capacity;
    size_t *marks; /* depths of the stack */
    size_t mark_count, mark_capacity;
    struct cf_pickle_value **memo;
    size_t memo_count, memo_capacity;
    bool (*allowed)(const char *name);
    const char *label;
    struct cf_error *err;
};

/* Both fill the error and return false; the first names the place in the pickle. */
static inline bool cf_pickle_wrong(struct cf_pickle_machine *m, const char *why)
{
    cf_fail(m->err, "%s: byte %zu of its pickle: %s", m->label, m->at, why);
    return false;
}

static inline bool cf_pickle_out_of_memory(struct cf_pickle_machine *m)
{
    cf_fail(m->err, "%s: out of memory", m->label);
    return false;
}

/* A value without content; NULL (with the error filled) when memory or the number of values is out. */
struct cf_pickle_value *cf_pickle_new_value(struct cf_pickle_machine *m, enum cf_pickle_kind kind);

/* Pushes a value; false also where it is NULL, so that a new value can be passed on unlooked at. */
bool cf_pickle_push(struct cf_pickle_machine *m, struct cf_pickle_value *value);
bool cf_pickle_push_integer(struct cf_pickle_machine *m, int64_t integer);
bool cf_pickle_push_bool(struct cf_pickle_machine *m, bool truth);
bool cf_pickle_push_float(struct cf_pickle_machine *m, double real);
bool cf_pickle_push_text(struct cf_pickle_machine *m, const void *bytes, size_t length);
bool cf_pickle_push_container(struct cf_pickle_machine *m, enum cf_pickle_kind kind); /* an empty one, or None */

/* The bottom of what may be popped: nothing below the last mark. */
size_t cf_pickle_floor_of(const struct cf_pickle_machine *m);
/* NULL (with the error filled) where the stack is empty. */
struct cf_pickle_value *cf_pickle_pop(struct cf_pickle_machine *m);

/* Appends to a container. */
bool cf_pickle_append(struct cf_pickle_machine *m, struct cf_pickle_value *container, struct cf_pickle_value *item);
/* Moves everything above the last mark into the container, in order, and drops the mark. */
bool cf_pickle_append_marked(struct cf_pickle_machine *m, struct cf_pickle_value *container);
/* Pushes a container of everything above the last mark, or a tuple of the topmost `count` values. */
bool cf_pickle_push_marked(struct cf_pickle_machine *m, enum cf_pickle_kind kind);
bool cf_pickle_push_tuple(struct cf_pickle_machine *m, size_t count);

#endif
