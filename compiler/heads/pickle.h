/* pickle.h - the data in a Python pickle, and nothing that could run.
 *
 * A pickle is a program for a small stack machine that rebuilds Python objects; the machine of Python itself may call
 * any function. This one builds values of the kinds below and calls nothing: a function that is applied to arguments
 * stays a value (CF_PICKLE_CALL), and only names that the caller allows may stand in the pickle at all.
 */
#ifndef COFIBER_COMPILER_HEADS_PICKLE_H
#define COFIBER_COMPILER_HEADS_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum cf_pickle_kind {
    CF_PICKLE_NONE,
    CF_PICKLE_BOOL,
    CF_PICKLE_INT,
    CF_PICKLE_FLOAT,
    CF_PICKLE_TEXT,   /* a str or bytes object */
    CF_PICKLE_TUPLE,  /* `items` */
    CF_PICKLE_LIST,   /* `items`; a set is a list, too */
    CF_PICKLE_DICT,   /* `items`: key, value, key, value, ... in the order of insertion */
    CF_PICKLE_NAME,   /* "module.name" in `text` */
    CF_PICKLE_CALL,   /* the function "module.name" in `text`, applied to `items` */
    CF_PICKLE_OUTSIDE /* a persistent id: data that stand outside the pickle; items[0] says which */
};

struct cf_pickle_value {
    enum cf_pickle_kind kind;
    union {
        int64_t integer; /* also of a BOOL: 0 or 1 */
        double real;
        const char *text; /* ends with a NUL, which may also stand inside */
    };
    size_t count, capacity; /* of items; of a TEXT: its length in bytes */
    struct cf_pickle_value **items;
};

struct cf_pickle {
    struct cf_pickle_value *root;
    const struct cf_pickle_value
        *outside;  /* a LIST of every OUTSIDE value, in the order in which the pickle makes them */
    size_t length; /* of the pickle in bytes */
};

/* Reads the pickle that begins at `data`. Values live in the arena; the data are not needed afterwards. A name for
 * which `allowed` returns false is an error that gives the name. Values may be shared and, in a hostile pickle, contain
 * themselves: whoever walks them bounds the walk. Errors, beginning with `label`: a damaged or cut pickle, one with
 * more than 4 million values, integers beyond 64 bits, an opcode that no checkpoint needs, memory. */
bool cf_pickle_read(const uint8_t *data, size_t size, struct cf_arena *arena, bool (*allowed)(const char *name),
                    const char *label, struct cf_pickle *pickle, struct cf_error *err);

/* The value of a text key of a DICT, or NULL. */
const struct cf_pickle_value *cf_pickle_find(const struct cf_pickle_value *dict, const char *key);

#endif
