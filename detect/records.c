/* records.c - turns YAJL's events into records: keeps track of the place in the file, checks each field, and hands each
 * record on.
 */
#include "detect/records.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/array.h"
#include "base/file.h"
#include "detect/json_memory.h"

enum { MAX_DEPTH = 100, MAX_NUMBER = 127, PORTION = 1 << 20 };

/* Where the next value stands. */
enum place { AT_FILE, IN_OBJECT, IN_LIST, IN_RECORD, IN_BOX, AT_END };

struct reader {
    const char *label;
    const struct cf_record_list *lists;
    int list_count;
    void *context;
    struct cf_error *err;
    enum place place;
    int skipped;     /* lists and objects that are open within a value that nobody reads */
    int list, field; /* of the value that comes next; -1: nobody reads it */
    bool seen[CF_RECORD_LISTS];
    size_t index;  /* of the record in its list */
    int box_count; /* numbers of the open box */
    struct cf_record_value values[CF_RECORD_FIELDS];
    bool failed; /* the error is filled */
};

const char *cf_record_place(const char *list, size_t index, char buffer[CF_RECORD_PLACE])
{
    snprintf(buffer, CF_RECORD_PLACE, "%.30s[%zu]", list, index);
    return buffer;
}

/* ---- errors ---------------------------------------------------------------------------------------------------- */

static const char *list_name(const struct reader *r)
{
    const char *key = r->lists[r->list].key;
    return key ? key : "";
}

static const struct cf_record_field *field_of(const struct reader *r)
{
    return &r->lists[r->list].fields[r->field];
}

/* The way to the value: "annotations[17].bbox[2]: ", or as much of it as has a name here. */
static void write_place(const struct reader *r, char *text, size_t size)
{
    char record[CF_RECORD_PLACE];
    if (r->place == IN_OBJECT && r->list >= 0)
        snprintf(text, size, "%s: ", list_name(r));
    else if (r->place == IN_LIST || (r->place == IN_RECORD && r->field < 0))
        snprintf(text, size, "%s: ", cf_record_place(list_name(r), r->index, record));
    else if (r->place == IN_RECORD)
        snprintf(text, size, "%s.%s: ", cf_record_place(list_name(r), r->index, record), field_of(r)->name);
    else if (r->place == IN_BOX)
        snprintf(text, size, "%s.%s[%d]: ", cf_record_place(list_name(r), r->index, record), field_of(r)->name,
                 r->box_count);
}

/* Says what is wrong at the place of the value; ends the parsing. */
static int refuse(struct reader *r, const char *what)
{
    char where[2 * CF_RECORD_PLACE] = "";
    write_place(r, where, sizeof where);
    cf_fail(r->err, "%s: %s%s", r->label, where, what);
    r->failed = true;
    return 0;
}

/* The kind of value that is expected next. */
static const char *expected(const struct reader *r)
{
    switch (r->place) {
    case AT_FILE:
        return r->lists[0].key ? "an object that holds lists is expected" : "a list is expected";
    case IN_OBJECT:
        return "a list is expected";
    case IN_LIST:
        return "an object is expected";
    case IN_BOX:
        return "a number is expected";
    default:
        break;
    }
    switch (field_of(r)->type) {
    case CF_RECORD_ID:
        return "a whole number of at most 2^53 is expected";
    case CF_RECORD_NUMBER:
        return "a finite number is expected";
    case CF_RECORD_SIZE:
        return "a finite number that is not negative is expected";
    case CF_RECORD_FLAG:
        return "0 or 1 is expected";
    case CF_RECORD_TEXT:
        return "a string without NUL characters is expected";
    default:
        return "a list of four numbers is expected: x, y, width, height";
    }
}

static int unexpected(struct reader *r)
{
    return refuse(r, expected(r));
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* True when the next value is part of what nobody reads. */
static bool is_skipped(const struct reader *r)
{
    return r->skipped > 0 || (r->place == IN_OBJECT && r->list < 0) || (r->place == IN_RECORD && r->field < 0);
}

static bool is_field(const struct reader *r, enum cf_record_type type)
{
    return r->place == IN_RECORD && field_of(r)->type == type;
}

static struct cf_record_value *value_of(struct reader *r)
{
    r->values[r->field].given = true;
    return &r->values[r->field];
}

static int take_box_number(struct reader *r, double number)
{
    if (r->box_count >= 4)
        return refuse(r, "a box has four numbers: x, y, width, height");
    if (r->box_count >= 2 && number < 0)
        return refuse(r, r->box_count == 2 ? "the width is negative" : "the height is negative");
    value_of(r)->number[r->box_count++] = number;
    return 1;
}

static int take_flag(struct reader *r, double number)
{
    if (number != 0 && number != 1)
        return unexpected(r);
    value_of(r)->id = number != 0;
    return 1;
}

static int take_number(struct reader *r, double number)
{
    switch (field_of(r)->type) {
    case CF_RECORD_ID:
        if (number != floor(number) || fabs(number) > 9007199254740992.0)
            return unexpected(r);
        value_of(r)->id = (int64_t)number;
        return 1;
    case CF_RECORD_SIZE:
        if (number < 0)
            return unexpected(r);
        break;
    case CF_RECORD_FLAG:
        return take_flag(r, number);
    case CF_RECORD_NUMBER:
        break;
    default:
        return unexpected(r);
    }
    value_of(r)->number[0] = number;
    return 1;
}

static int on_number(void *context, const char *text, size_t size)
{
    struct reader *r = context;
    if (is_skipped(r))
        return 1;
    if (r->place != IN_RECORD && r->place != IN_BOX)
        return unexpected(r);
    char digits[MAX_NUMBER + 1];
    if (size > MAX_NUMBER)
        return refuse(r, "a number of more than 127 characters");
    memcpy(digits, text, size);
    digits[size] = '\0';
    double number = strtod(digits, NULL);
    if (!isfinite(number))
        return refuse(r, "a number that is too large");
    return r->place == IN_BOX ? take_box_number(r, number) : take_number(r, number);
}

static int on_null(void *context)
{
    struct reader *r = context;
    return is_skipped(r) ? 1 : unexpected(r);
}

static int on_boolean(void *context, int truth)
{
    struct reader *r = context;
    if (is_skipped(r))
        return 1;
    return is_field(r, CF_RECORD_FLAG) ? take_flag(r, truth) : unexpected(r);
}

static int on_string(void *context, const unsigned char *text, size_t size)
{
    struct reader *r = context;
    if (is_skipped(r))
        return 1;
    if (!is_field(r, CF_RECORD_TEXT) || memchr(text, '\0', size))
        return unexpected(r);
    struct cf_record_value *value = value_of(r);
    if (!cf_array_reserve(&value->text, &value->text_capacity, size + 1, 1))
        return refuse(r, "out of memory");
    memcpy(value->text, text, size);
    value->text[size] = '\0';
    return 1;
}

/* ---- structure ------------------------------------------------------------------------------------------------- */

static int open_skipped(struct reader *r)
{
    return ++r->skipped <= MAX_DEPTH || refuse(r, "lists and objects within each other, more than 100 levels deep");
}

static void start_record(struct reader *r)
{
    for (int f = 0; f < r->lists[r->list].field_count; f++)
        r->values[f].given = false;
    r->place = IN_RECORD;
    r->field = -1;
}

static int on_start_map(void *context)
{
    struct reader *r = context;
    if (is_skipped(r))
        return open_skipped(r);
    if (r->place == AT_FILE && r->lists[0].key)
        r->place = IN_OBJECT;
    else if (r->place == IN_LIST)
        start_record(r);
    else
        return unexpected(r);
    return 1;
}

static int on_start_array(void *context)
{
    struct reader *r = context;
    if (is_skipped(r))
        return open_skipped(r);
    if ((r->place == AT_FILE && !r->lists[0].key) || r->place == IN_OBJECT) {
        r->place = IN_LIST;
        r->index = 0;
    } else if (is_field(r, CF_RECORD_BOX)) {
        r->place = IN_BOX;
        r->box_count = 0;
    } else {
        return unexpected(r);
    }
    return 1;
}

static bool is_text(const char *name, const unsigned char *text, size_t size)
{
    return strlen(name) == size && memcmp(name, text, size) == 0;
}

static int find_list(const struct reader *r, const unsigned char *text, size_t size)
{
    for (int i = 0; i < r->list_count; i++)
        if (is_text(r->lists[i].key, text, size))
            return i;
    return -1;
}

static int find_field(const struct reader *r, const unsigned char *text, size_t size)
{
    for (int i = 0; i < r->lists[r->list].field_count; i++)
        if (is_text(r->lists[r->list].fields[i].name, text, size))
            return i;
    return -1;
}

static int on_map_key(void *context, const unsigned char *text, size_t size)
{
    struct reader *r = context;
    if (r->skipped > 0)
        return 1;
    if (r->place == IN_OBJECT) {
        r->list = find_list(r, text, size);
        if (r->list >= 0 && r->seen[r->list])
            return refuse(r, "comes twice");
        if (r->list >= 0)
            r->seen[r->list] = true;
    } else {
        r->field = find_field(r, text, size);
        if (r->field >= 0 && r->values[r->field].given)
            return refuse(r, "comes twice");
    }
    return 1;
}

static int finish_record(struct reader *r)
{
    const struct cf_record_list *list = &r->lists[r->list];
    struct cf_record record = {r->label, list_name(r), r->index, r->values};
    r->place = IN_LIST;
    for (int f = 0; f < list->field_count; f++)
        if (list->fields[f].required && !r->values[f].given) {
            char text[64];
            snprintf(text, sizeof text, "has no '%s'", list->fields[f].name);
            return refuse(r, text);
        }
    r->failed = !list->take(r->context, &record, r->err);
    r->index++;
    return !r->failed;
}

static int on_end_map(void *context)
{
    struct reader *r = context;
    if (r->skipped > 0)
        r->skipped--;
    else if (r->place == IN_RECORD)
        return finish_record(r);
    else
        r->place = AT_END;
    return 1;
}

static int on_end_array(void *context)
{
    struct reader *r = context;
    if (r->skipped > 0) {
        r->skipped--;
    } else if (r->place == IN_BOX) {
        if (r->box_count != 4)
            return refuse(r, "a box has four numbers: x, y, width, height");
        r->place = IN_RECORD;
    } else {
        r->place = r->lists[0].key ? IN_OBJECT : AT_END;
    }
    return 1;
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_map_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* YAJL's words, "parse error: premature EOF\n", without the kind and the line's end. */
static bool refuse_text(struct reader *r, yajl_handle parser, size_t at)
{
    unsigned char *text = yajl_get_error(parser, 0, NULL, 0);
    const char *words = text ? (const char *)text : "malformed";
    const char *colon = strstr(words, ": ");
    words = colon ? colon + 2 : words;
    cf_fail(r->err, "%s: not JSON at byte %zu: %.*s", r->label, at, (int)strcspn(words, "\n"), words);
    if (text)
        yajl_free_error(parser, text);
    return false;
}

static bool parse(struct reader *r, yajl_handle parser, const struct cf_map *map)
{
    yajl_status status = yajl_status_ok;
    size_t at = 0, size = 0;
    for (; at < map->size && status == yajl_status_ok; at += size) {
        size = map->size - at < PORTION ? map->size - at : PORTION;
        status = yajl_parse(parser, map->data + at, size);
        if (status != yajl_status_ok)
            break;
        cf_map_forget(map, at, size);
    }
    if (status == yajl_status_ok) {
        status = yajl_complete_parse(parser);
        return status == yajl_status_ok ? true : r->failed ? false : refuse_text(r, parser, map->size);
    }
    size_t read = yajl_get_bytes_consumed(parser); /* with the byte that is wrong */
    return r->failed ? false : refuse_text(r, parser, at + (read ? read - 1 : 0));
}

static bool has_all_lists(const struct reader *r)
{
    for (int i = 0; i < r->list_count; i++)
        if (r->lists[i].key && !r->seen[i])
            return cf_fail(r->err, "%s: has no list '%s'", r->label, r->lists[i].key);
    return true;
}

/* Parses the file with a parser in `memory`, whose owner gives the parser back. */
static bool read_all(struct reader *r, struct cf_json_memory *memory, const struct cf_map *map)
{
    if (setjmp(memory->out_of_memory))
        return cf_fail(r->err, "%s: out of memory", r->label);
    yajl_handle parser = yajl_alloc(&callbacks, &memory->functions, r);
    return parse(r, parser, map) && has_all_lists(r);
}

bool cf_records_read(const char *path, const struct cf_record_list *lists, int list_count, void *context,
                     struct cf_error *err)
{
    assert(list_count >= 1 && list_count <= CF_RECORD_LISTS && (lists[0].key || list_count == 1));
    for (int i = 0; i < list_count; i++)
        assert(lists[i].field_count <= CF_RECORD_FIELDS);
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    struct reader r = {.label = path, .lists = lists, .list_count = list_count, .context = context, .err = err};
    r.list = lists[0].key ? -1 : 0;
    struct cf_json_memory memory;
    cf_json_memory_new(&memory);
    bool done = read_all(&r, &memory, &map);
    cf_json_memory_free(&memory);
    for (int f = 0; f < CF_RECORD_FIELDS; f++)
        free(r.values[f].text);
    cf_map_close(&map);
    return done;
}
