/* pickle.c - runs the opcodes of a pickle, protocols 0 to 5, as far as data need them. Opcodes are those of Python's
 * pickletools. */
#include "compiler/heads/pickle.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compiler/heads/pickle_machine.h"

enum { MAX_LINE = 64 };

/* ---- reading operands ---- */

static bool take(struct cf_pickle_machine *m, size_t count, const uint8_t **bytes)
{
    if (m->size - m->at < count)
        return cf_pickle_wrong(m, "it ends in the middle of an instruction");
    *bytes = m->data + m->at;
    m->at += count;
    return true;
}

/* A little-endian number of up to 8 bytes. */
static bool take_number(struct cf_pickle_machine *m, size_t bytes, uint64_t *number)
{
    const uint8_t *at;
    if (!take(m, bytes, &at))
        return false;
    *number = 0;
    for (size_t i = bytes; i-- > 0;)
        *number = *number << 8 | at[i];
    return true;
}

/* A counted run of bytes whose length is a number of `width` bytes. */
static bool take_counted(struct cf_pickle_machine *m, size_t width, const uint8_t **bytes, size_t *length)
{
    uint64_t count;
    if (!take_number(m, width, &count))
        return false;
    if (count > m->size - m->at)
        return cf_pickle_wrong(m, "a text is longer than the pickle");
    *length = (size_t)count;
    return take(m, *length, bytes);
}

/* A line without its newline, as the opcodes of protocol 0 have them. */
static bool take_line(struct cf_pickle_machine *m, const char **line, size_t *length)
{
    const uint8_t *end = memchr(m->data + m->at, '\n', m->size - m->at);
    if (!end)
        return cf_pickle_wrong(m, "a line without an end");
    *line = (const char *)m->data + m->at;
    *length = (size_t)(end - (m->data + m->at));
    m->at += *length + 1;
    return true;
}

/* ---- opcodes ---- */

/* INT and LONG of protocol 0: decimal digits; "00" and "01" are the booleans, and an L may follow. */
static bool decimal(struct cf_pickle_machine *m, bool may_be_bool)
{
    const char *line;
    size_t length;
    char text[MAX_LINE], *end;
    if (!take_line(m, &line, &length))
        return false;
    if (may_be_bool && length == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return cf_pickle_push_bool(m, line[1] == '1');
    if (length > 0 && line[length - 1] == 'L')
        length--;
    if (length == 0 || length >= sizeof text)
        return cf_pickle_wrong(m, "an integer that is none, or beyond 64 bits");
    memcpy(text, line, length);
    text[length] = '\0';
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || *end ? cf_pickle_wrong(m, "an integer that is none, or beyond 64 bits")
                         : cf_pickle_push_integer(m, value);
}

static bool decimal_float(struct cf_pickle_machine *m)
{
    const char *line;
    size_t length;
    char text[MAX_LINE], *end;
    if (!take_line(m, &line, &length))
        return false;
    if (length == 0 || length >= sizeof text)
        return cf_pickle_wrong(m, "a number that is none");
    memcpy(text, line, length);
    text[length] = '\0';
    double value = strtod(text, &end);
    return *end ? cf_pickle_wrong(m, "a number that is none") : cf_pickle_push_float(m, value);
}

/* A two's-complement integer of `length` bytes. Longer ones (the old format's magic number) become a text: their bytes.
 */
static bool long_integer(struct cf_pickle_machine *m, size_t width)
{
    const uint8_t *bytes;
    size_t length;
    if (!take_counted(m, width, &bytes, &length))
        return false;
    if (length > 8)
        return cf_pickle_push_text(m, bytes, length);
    uint64_t number = length > 0 && bytes[length - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = length; i-- > 0;)
        number = number << 8 | bytes[i];
    return cf_pickle_push_integer(m, (int64_t)number);
}

static bool big_endian_double(struct cf_pickle_machine *m)
{
    const uint8_t *bytes;
    uint64_t bits = 0;
    if (!take(m, 8, &bytes))
        return false;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    double value;
    memcpy(&value, &bits, sizeof value);
    return cf_pickle_push_float(m, value);
}

static bool fixed_integer(struct cf_pickle_machine *m, size_t bytes, bool is_signed)
{
    uint64_t number;
    if (!take_number(m, bytes, &number))
        return false;
    return cf_pickle_push_integer(m, is_signed ? (int32_t)(uint32_t)number : (int64_t)number);
}

static bool text(struct cf_pickle_machine *m, size_t width)
{
    const uint8_t *bytes;
    size_t length;
    return take_counted(m, width, &bytes, &length) && cf_pickle_push_text(m, bytes, length);
}

/* STRING and UNICODE of protocol 0: a line; quotes around it are dropped, escapes stay as they are. */
static bool text_line(struct cf_pickle_machine *m, bool quoted)
{
    const char *line;
    size_t length;
    if (!take_line(m, &line, &length))
        return false;
    if (quoted && length >= 2 && (line[0] == '\'' || line[0] == '"') && line[length - 1] == line[0])
        return cf_pickle_push_text(m, line + 1, length - 2);
    return cf_pickle_push_text(m, line, length);
}

/* "module.name", if the caller allows it. */
static bool push_name(struct cf_pickle_machine *m, const char *module, size_t module_length, const char *name,
                      size_t name_length)
{
    struct cf_pickle_value *value = cf_pickle_new_value(m, CF_PICKLE_NAME);
    char *joined = value ? cf_arena_alloc(m->arena, module_length + name_length + 2, 1) : NULL;
    if (!joined)
        return value ? cf_pickle_out_of_memory(m) : false;
    memcpy(joined, module, module_length);
    joined[module_length] = '.';
    memcpy(joined + module_length + 1, name, name_length);
    value->text = joined;
    value->count = module_length + name_length + 1;
    if (strlen(joined) != value->count || !m->allowed(joined))
        return cf_fail(m->err,
                       "%s: its pickle names %.120s, which is neither a tensor nor a container nor a number: a "
                       "checkpoint that could run code is not read (save the model's state_dict() instead)",
                       m->label, joined);
    return cf_pickle_push(m, value);
}

static bool global(struct cf_pickle_machine *m)
{
    const char *module, *name;
    size_t module_length, name_length;
    return take_line(m, &module, &module_length) && take_line(m, &name, &name_length) &&
           push_name(m, module, module_length, name, name_length);
}

static bool stack_global(struct cf_pickle_machine *m)
{
    struct cf_pickle_value *name = cf_pickle_pop(m), *module = name ? cf_pickle_pop(m) : NULL;
    if (!module)
        return false;
    if (name->kind != CF_PICKLE_TEXT || module->kind != CF_PICKLE_TEXT)
        return cf_pickle_wrong(m, "a name that is no text");
    return push_name(m, module->text, module->count, name->text, name->count);
}

/* REDUCE and NEWOBJ: an ordered dictionary is a dictionary, a set a list, and any other call stays one. */
static bool reduce(struct cf_pickle_machine *m)
{
    struct cf_pickle_value *arguments = cf_pickle_pop(m), *function = arguments ? cf_pickle_pop(m) : NULL;
    if (!function)
        return false;
    if (function->kind != CF_PICKLE_NAME || arguments->kind != CF_PICKLE_TUPLE)
        return cf_pickle_wrong(m, "a call of something that is no function");
    bool dict = strcmp(function->text, "collections.OrderedDict") == 0;
    bool set = strcmp(function->text, "builtins.set") == 0 || strcmp(function->text, "__builtin__.set") == 0;
    struct cf_pickle_value *value = cf_pickle_new_value(m, dict  ? CF_PICKLE_DICT
                                                           : set ? CF_PICKLE_LIST
                                                                 : CF_PICKLE_CALL);
    if (!value)
        return false;
    if (!dict && !set) {
        value->text = function->text;
        value->items = arguments->items;
        value->count = arguments->count;
        value->capacity = 0; /* the array belongs to the tuple: nothing may be appended here */
        return cf_pickle_push(m, value);
    }
    const struct cf_pickle_value *from = arguments->count ? arguments->items[0] : NULL;
    if (from && from->kind != CF_PICKLE_LIST)
        return cf_pickle_wrong(m, "a container made from something that is no list");
    for (size_t i = 0; from && i < from->count; i++) {
        struct cf_pickle_value *item = from->items[i];
        if (!dict) {
            if (!cf_pickle_append(m, value, item))
                return false;
            continue;
        }
        if (item->count != 2 || (item->kind != CF_PICKLE_TUPLE && item->kind != CF_PICKLE_LIST))
            return cf_pickle_wrong(m, "a dictionary made from something that is no pair");
        if (!cf_pickle_append(m, value, item->items[0]) || !cf_pickle_append(m, value, item->items[1]))
            return false;
    }
    return cf_pickle_push(m, value);
}

/* BUILD gives an object attributes (an OrderedDict has `_metadata`): they are no part of the data. */
static bool build(struct cf_pickle_machine *m)
{
    return cf_pickle_pop(m) && (m->depth > cf_pickle_floor_of(m) || cf_pickle_wrong(m, "its stack is empty"));
}

static struct cf_pickle_value *container_below(struct cf_pickle_machine *m, enum cf_pickle_kind kind)
{
    struct cf_pickle_value *container = m->depth > cf_pickle_floor_of(m) ? m->stack[m->depth - 1] : NULL;
    if (!container || container->kind != kind) {
        cf_pickle_wrong(m, kind == CF_PICKLE_DICT ? "an entry for something that is no dictionary"
                                                  : "an item for something that is no list");
        return NULL;
    }
    return container;
}

static bool set_item(struct cf_pickle_machine *m)
{
    struct cf_pickle_value *value = cf_pickle_pop(m), *key = value ? cf_pickle_pop(m) : NULL;
    struct cf_pickle_value *dict = key ? container_below(m, CF_PICKLE_DICT) : NULL;
    return dict && cf_pickle_append(m, dict, key) && cf_pickle_append(m, dict, value);
}

static bool append_item(struct cf_pickle_machine *m)
{
    struct cf_pickle_value *item = cf_pickle_pop(m), *list = item ? container_below(m, CF_PICKLE_LIST) : NULL;
    return list && cf_pickle_append(m, list, item);
}

/* SETITEMS, APPENDS and ADDITEMS: everything above the mark goes into the container below it. */
static bool append_all(struct cf_pickle_machine *m, enum cf_pickle_kind kind)
{
    if (m->mark_count == 0)
        return cf_pickle_wrong(m, "its stack has no mark");
    size_t first = cf_pickle_floor_of(m), below = m->mark_count > 1 ? m->marks[m->mark_count - 2] : 0;
    if (first == below || m->stack[first - 1]->kind != kind)
        return cf_pickle_wrong(m, "items for something that is no container of that kind");
    if (kind == CF_PICKLE_DICT && (m->depth - first) % 2)
        return cf_pickle_wrong(m, "a key without a value");
    return cf_pickle_append_marked(m, m->stack[first - 1]);
}

static bool persistent(struct cf_pickle_machine *m)
{
    struct cf_pickle_value *id = cf_pickle_pop(m), *value = id ? cf_pickle_new_value(m, CF_PICKLE_OUTSIDE) : NULL;
    return value && cf_pickle_append(m, value, id) && cf_pickle_append(m, m->outside, value) &&
           cf_pickle_push(m, value);
}

static bool memo_put(struct cf_pickle_machine *m, uint64_t index)
{
    if (m->depth <= cf_pickle_floor_of(m))
        return cf_pickle_wrong(m, "its stack is empty");
    if (index >= CF_PICKLE_MAX_VALUES)
        return cf_pickle_wrong(m, "a memo of more than 4 million values");
    if (!cf_array_reserve(&m->memo, &m->memo_capacity, index + 1, sizeof *m->memo))
        return cf_pickle_out_of_memory(m);
    for (; m->memo_count <= index; m->memo_count++)
        m->memo[m->memo_count] = NULL;
    m->memo[index] = m->stack[m->depth - 1];
    return true;
}

static bool memo_get(struct cf_pickle_machine *m, uint64_t index)
{
    if (index >= m->memo_count || !m->memo[index])
        return cf_pickle_wrong(m, "a memo that was never stored");
    return cf_pickle_push(m, m->memo[index]);
}

static bool memo_line(struct cf_pickle_machine *m, bool put)
{
    const char *line;
    size_t length;
    if (!take_line(m, &line, &length))
        return false;
    uint64_t index = 0;
    for (size_t i = 0; i < length; i++) {
        if (line[i] < '0' || line[i] > '9' || index > CF_PICKLE_MAX_VALUES)
            return cf_pickle_wrong(m, "a memo that was never stored");
        index = 10 * index + (uint64_t)(line[i] - '0');
    }
    return put ? memo_put(m, index) : memo_get(m, index);
}

static bool memo_number(struct cf_pickle_machine *m, size_t bytes, bool put)
{
    uint64_t index;
    return take_number(m, bytes, &index) && (put ? memo_put(m, index) : memo_get(m, index));
}

static bool mark(struct cf_pickle_machine *m)
{
    if (!cf_array_reserve(&m->marks, &m->mark_capacity, m->mark_count + 1, sizeof *m->marks))
        return cf_pickle_out_of_memory(m);
    m->marks[m->mark_count++] = m->depth;
    return true;
}

static bool pop_mark(struct cf_pickle_machine *m)
{
    if (m->mark_count == 0)
        return cf_pickle_wrong(m, "its stack has no mark");
    m->depth = m->marks[--m->mark_count];
    return true;
}

static bool duplicate(struct cf_pickle_machine *m)
{
    return m->depth > cf_pickle_floor_of(m) ? cf_pickle_push(m, m->stack[m->depth - 1])
                                            : cf_pickle_wrong(m, "its stack is empty");
}

static bool skip(struct cf_pickle_machine *m, size_t bytes)
{
    const uint8_t *skipped;
    return take(m, bytes, &skipped);
}

/* POP takes a value, or a mark where that is on top. */
static bool drop(struct cf_pickle_machine *m)
{
    return m->mark_count && m->depth == cf_pickle_floor_of(m) ? pop_mark(m) : cf_pickle_pop(m) != NULL;
}

static bool step(struct cf_pickle_machine *m, uint8_t opcode)
{
    switch (opcode) {
    case 0x80: /* PROTO: the protocol's number */
        return skip(m, 1);
    case 0x95: /* FRAME: its length */
        return skip(m, 8);
    case 'N':
        return cf_pickle_push_container(m, CF_PICKLE_NONE);
    case 0x88:
        return cf_pickle_push_bool(m, true);
    case 0x89:
        return cf_pickle_push_bool(m, false);
    case 'I':
        return decimal(m, true);
    case 'L':
        return decimal(m, false);
    case 'F':
        return decimal_float(m);
    case 'J':
        return fixed_integer(m, 4, true);
    case 'K':
        return fixed_integer(m, 1, false);
    case 'M':
        return fixed_integer(m, 2, false);
    case 0x8a:
        return long_integer(m, 1);
    case 0x8b:
        return long_integer(m, 4);
    case 'G':
        return big_endian_double(m);
    case 'S':
        return text_line(m, true);
    case 'V':
        return text_line(m, false);
    case 'T': /* BINSTRING, BINUNICODE, BINBYTES */
    case 'X':
    case 'B':
        return text(m, 4);
    case 'U': /* the short forms */
    case 0x8c:
    case 'C':
        return text(m, 1);
    case 0x8d: /* the long forms */
    case 0x8e:
        return text(m, 8);
    case '(':
        return mark(m);
    case '1':
        return pop_mark(m);
    case '0':
        return drop(m);
    case '2':
        return duplicate(m);
    case ')':
        return cf_pickle_push_container(m, CF_PICKLE_TUPLE);
    case ']':
    case 0x8f: /* EMPTY_SET */
        return cf_pickle_push_container(m, CF_PICKLE_LIST);
    case '}':
        return cf_pickle_push_container(m, CF_PICKLE_DICT);
    case 't':
        return cf_pickle_push_marked(m, CF_PICKLE_TUPLE);
    case 'l':
    case 0x91: /* FROZENSET */
        return cf_pickle_push_marked(m, CF_PICKLE_LIST);
    case 'd':
        return cf_pickle_push_marked(m, CF_PICKLE_DICT);
    case 0x85: /* TUPLE1 to TUPLE3 */
    case 0x86:
    case 0x87:
        return cf_pickle_push_tuple(m, opcode - 0x84u);
    case 's':
        return set_item(m);
    case 'a':
        return append_item(m);
    case 'u':
        return append_all(m, CF_PICKLE_DICT);
    case 'e':
    case 0x90: /* ADDITEMS */
        return append_all(m, CF_PICKLE_LIST);
    case 'c':
        return global(m);
    case 0x93:
        return stack_global(m);
    case 'R':
    case 0x81: /* NEWOBJ */
        return reduce(m);
    case 'b':
        return build(m);
    case 'Q':
        return persistent(m);
    case 'q':
        return memo_number(m, 1, true);
    case 'r':
        return memo_number(m, 4, true);
    case 'p':
        return memo_line(m, true);
    case 0x94: /* MEMOIZE */
        return memo_put(m, m->memo_count);
    case 'h':
        return memo_number(m, 1, false);
    case 'j':
        return memo_number(m, 4, false);
    case 'g':
        return memo_line(m, false);
    default:
        return cf_fail(m->err, "%s: byte %zu of its pickle: instruction 0x%02x, which no checkpoint needs", m->label,
                       m->at - 1, opcode);
    }
}

bool cf_pickle_read(const uint8_t *data, size_t size, struct cf_arena *arena, bool (*allowed)(const char *name),
                    const char *label, struct cf_pickle *pickle, struct cf_error *err)
{
    assert(data || size == 0);
    struct cf_pickle_machine m = {
        .data = data, .size = size, .arena = arena, .allowed = allowed, .label = label, .err = err};
    m.outside = cf_pickle_new_value(&m, CF_PICKLE_LIST);
    bool running = true, good = m.outside != NULL;
    while (good && running) {
        const uint8_t *opcode;
        good = take(&m, 1, &opcode);
        running = good && *opcode != '.';
        good = good && (!running || step(&m, *opcode));
    }
    if (good)
        good = (m.depth == 1 && m.mark_count == 0) || cf_pickle_wrong(&m, "it does not end with one value");
    if (good)
        *pickle = (struct cf_pickle){.root = m.stack[0], .outside = m.outside, .length = m.at};
    free(m.stack);
    free(m.marks);
    free(m.memo);
    return good;
}

const struct cf_pickle_value *cf_pickle_find(const struct cf_pickle_value *dict, const char *key)
{
    assert(dict->kind == CF_PICKLE_DICT);
    for (size_t i = 0; i < dict->count; i += 2)
        if (dict->items[i]->kind == CF_PICKLE_TEXT && strcmp(dict->items[i]->text, key) == 0)
            return dict->items[i + 1];
    return NULL;
}
